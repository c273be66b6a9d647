"""Local projections: the national runs by composition, moved by local deviations, and made to add up again.

For every draw, scenario and year: what the model says of a cell of age and group goes to municipalities by their part
of it; the share in each is moved on the log odds by the municipality's deviation; then all are moved by one amount, so
that the municipalities add up to the national run (benchmarking). In come a comparison, profiles and figures; out come
`Local` projections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.local.composition import allotment
from sd_covid.analysis.local.indicators import COMPOSITION, Indicator
from sd_covid.analysis.local.pooling import Deviations, Measured, Pool
from sd_covid.analysis.local.profile import VULNERABLE, Profiles
from sd_covid.data.local.figures import Figure, Figures
from sd_covid.data.local.regions import Region, groups_of
from sd_covid.errors import DataError, RunError
from sd_covid.policy.comparison import Comparison
from sd_covid.policy.outputs import Output
from sd_covid.policy.saved_points import index_of, mean_between, new_year

Floats = NDArray[np.float64]

#: Relative to the national number; the sums are asked to agree to 1e-9.
CLOSE = 1e-12
_STEPS = 60
_LEAST = 0.05
_GROUPS = ("regular", "vulnerable")


@dataclass(frozen=True)
class Cells:
    """The national run by cell and year.

    Attributes
    ----------
    names : tuple of str
        Elements, joined by commas, as ``youth,vulnerable``.
    number, of : ndarray, shape (scenario, draw, year, cell)
        Yearly means of numerator and denominator.
    """

    names: tuple[str, ...]
    number: Floats
    of: Floats


@dataclass(frozen=True)
class Local:
    """Projections of an indicator for all municipalities.

    Attributes
    ----------
    indicator : Indicator
    profiles : Profiles
    scenarios : tuple of str
    years : tuple of int
    number, of : ndarray, shape (scenario, draw, year, municipality)
        Yearly means, in the units of the model.
    national : ndarray, shape (scenario, draw, year)
        Of the national run, to which `number` adds up.
    pool : Pool
    measured : Measured
    figures : tuple of Figure
        Those of `measured`, in its order.
    deviations : Deviations
    """

    indicator: Indicator
    profiles: Profiles
    scenarios: tuple[str, ...]
    years: tuple[int, ...]
    number: Floats
    of: Floats
    national: Floats
    pool: Pool
    measured: Measured
    figures: tuple[Figure, ...]
    deviations: Deviations

    def rate(self, region: Region) -> Floats:
        """Per cent in a region, shape (scenario, draw, year)."""
        places = list(self.profiles.regions.within(region))
        number, of = (array[..., places].sum(axis=-1) for array in (self.number, self.of))
        return np.asarray(100 * number / of)

    def rates(self, level: str) -> Floats:
        """Per cent in each region of a level, shape (scenario, draw, year, region)."""
        if level == "municipality":
            return np.asarray(100 * self.number / self.of)
        regions = self.profiles.regions.at(level)
        return np.stack([self.rate(region) for region in regions], axis=-1)

    @property
    def gap(self) -> float:
        """The largest difference between the sum of the municipalities and the national run, relative to the run."""
        return float(np.max(np.abs(self.number.sum(axis=-1) / self.national - 1)))

    def basis(self, region: Region) -> str:
        """What the projection of a region rests on: ``national``, ``own``, ``region`` or ``composition``.

        The national run itself; a figure of its own; one of the region in which it lies; or neither, when its place among others is that of its
        population and of what figures elsewhere say of such.
        """
        if region.level == "country":
            return "national"
        inside = set(self.profiles.regions.within(region))
        spans = [set(self.profiles.regions.within(item.region)) for item in self.figures]
        if any(span <= inside for span in spans):
            return "own"
        return "region" if any(inside <= span for span in spans) else "composition"


def variables(indicators: Sequence[Indicator]) -> list[Output]:
    """What a comparison must keep for these indicators."""
    from sd_covid.data.text import Text

    names = dict.fromkeys(name for item in indicators for name in (item.numerator, item.denominator))
    return [Output(name, Text(name, name)) for name in names]


def project(
    comparison: Comparison, indicator: Indicator, profiles: Profiles, figures: Figures, seed: int
) -> Local:
    """Project an indicator for all municipalities.

    Parameters
    ----------
    comparison : Comparison
        With the outputs of `variables`. Draws that failed in any scenario are left out.
    indicator : Indicator
    profiles : Profiles
    figures : Figures
    seed : int
        Of deviations; scenarios share them, so that differences are paired.

    Raises
    ------
    UnknownNameError
        A variable that the run does not have.
    DataError, RunError
        Figures without that of the country; profiles or numbers that cannot be made to add up.
    """
    years = comparison.years
    cells = cells_of(comparison, indicator)
    share = shares(indicator, profiles, cells)
    synthetic = [np.einsum("sdyc,mc->sdym", part, share) for part in (cells.number, cells.of)]
    pool, measured, used = deviations_of(indicator, profiles, figures, cells, share, years)
    drawn = pool.draw(measured, cells.number.shape[1], np.random.default_rng(seed))
    moved = drawn.over_years(years, measured_year(used, profiles), indicator.persistence, seed + 1)
    moved -= pool.fixed[:, 0]
    give = give_of(moved)
    number, of = synthetic
    national = cells.number.sum(axis=-1)
    for place in range(len(number)):
        odds = _logit(number[place] / of[place]) + moved
        number[place] = reconciled(odds, of[place], national[place], give)
    return Local(
        indicator,
        profiles,
        tuple(item.id for item in comparison.scenarios),
        years,
        number,
        of,
        national,
        pool,
        measured,
        tuple(used),
        drawn,
    )


def cells_of(comparison: Comparison, indicator: Indicator) -> Cells:
    """Yearly means of the cells of an indicator."""
    found = [_elements(comparison, name) for name in (indicator.numerator, indicator.denominator)]
    names = [name for name in found[1] if name in found[0] and _kept(name, indicator)]
    if not names:
        raise RunError(
            f"'{indicator.numerator}' and '{indicator.denominator}' have no cells in common",
            advice="see 'ages' in calibration/local/indicators.yaml",
        )
    ids = [item.id for item in comparison.scenarios]
    sound = comparison.sound(*ids)
    number, of = (
        np.stack([comparison.levels[table[name]][:, sound] for name in names], axis=-1) for table in found
    )
    number = number * indicator.times * (of if indicator.is_share else 1.0)
    edges = [
        (index_of(comparison.date, new_year(year)), index_of(comparison.date, new_year(year + 1)))
        for year in comparison.years
    ]

    def yearly(paths: Floats) -> Floats:
        last = np.moveaxis(paths, 2, -1)
        return np.stack([mean_between(comparison.time, last, *edge) for edge in edges], axis=2)

    return Cells(tuple(names), yearly(number), yearly(of))


def _elements(comparison: Comparison, name: str) -> dict[str, str]:
    """Elements of a variable -> its output in the comparison."""
    found = {}
    for output in comparison.outputs:
        base, _, element = output.name.partition("[")
        if base == name:
            found[element.rstrip("]")] = output.name
    return found


def _kept(name: str, indicator: Indicator) -> bool:
    """Whether a cell is one of the ages that are counted."""
    return not indicator.ages or any(part in indicator.ages for part in name.split(","))


def shares(indicator: Indicator, profiles: Profiles, cells: Cells) -> Floats:
    """Which part of each cell each municipality has, shape (municipality, cell); sums over municipalities are 1."""
    vulnerable = profiles.values[VULNERABLE]
    scale = profiles.values[indicator.scale] if indicator.scale else np.ones_like(vulnerable)
    by_group = dict(zip(_GROUPS, (1 - vulnerable, vulnerable), strict=True))
    columns, persons = [], {}
    for name in cells.names:
        parts = name.split(",")
        age = next((part for part in parts if part in indicator.ages), "")
        fields = indicator.ages[age] if age else (indicator.by,)
        persons[age] = sum(profiles.values[field] for field in fields) * scale
        groups = [by_group[part] for part in parts if part in by_group]
        columns.append(persons[age] * (groups[0] if groups else 1.0))
    national = cells.of[0].mean(axis=(0, 1))
    # What a municipality has of each age follows the country's cells, so that age groups of other widths fit.
    totals = np.zeros(len(vulnerable))
    for age, people in persons.items():
        of_age = [place for place, name in enumerate(cells.names) if not age or age in name.split(",")]
        totals += national[of_age].sum() * people / people.sum()
    return allotment(np.stack(columns, axis=1), totals, national)


def deviations_of(
    indicator: Indicator,
    profiles: Profiles,
    figures: Figures,
    cells: Cells,
    share: Floats,
    years: Sequence[int],
) -> tuple[Pool, Measured, list[Figure]]:
    """The model of deviations, and the figures that tell of it.

    Raises
    ------
    DataError
        When a figure has none of the country beside it, from the same period and method.
    """
    used = _used(indicator, figures, profiles)
    at = min(max(measured_year(used, profiles), years[0]), years[-1]) - years[0]
    number, of = (part[0, :, at] for part in (cells.number, cells.of))
    contrast = _logit((number @ share.T) / (of @ share.T)).mean(axis=0)
    contrast -= _logit(number.sum(axis=-1) / of.sum(axis=-1)).mean()
    covariates = [contrast] + [_standard(profiles, name) for name in indicator.slopes if name != COMPOSITION]
    slopes = np.array(list(indicator.slopes.values()))
    pool = Pool(
        np.stack(covariates, axis=1),
        slopes[:, 0],
        slopes[:, 1],
        np.array(groups_of(profiles.regions, indicator.level)),
        indicator.region_sd,
        indicator.own_sd,
    )
    return pool, _measured(indicator, used, figures, profiles, of.mean(axis=0) @ share.T), used


def _used(indicator: Indicator, figures: Figures, profiles: Profiles) -> list[Figure]:
    estimated = indicator.estimated
    if estimated is None:
        return []
    found = figures.of(estimated.series, method=estimated.method)
    return [
        item for item in found if item.region.level != "country" and profiles.regions.within(item.region)
    ]


def measured_year(used: Sequence[Figure], profiles: Profiles) -> int:
    """The middle year of the figures; that of the profiles' incomes where there are none."""
    return median_low([item.year for item in used] or [int(profiles.periods[VULNERABLE][:4])])


def _measured(
    indicator: Indicator, used: Sequence[Figure], figures: Figures, profiles: Profiles, people: Floats
) -> Measured:
    estimated = indicator.estimated
    size = len(profiles.regions.municipalities)
    parts, values = np.zeros((len(used), size)), np.zeros(len(used))
    country = {
        (item.period, item.definition.method): item.value
        for item in (figures.of(estimated.series, level="country") if estimated else ())
    }
    for row, item in enumerate(used):
        beside = country.get((item.period, item.definition.method))
        if beside is None:
            raise DataError(
                f"'{item.definition.series}' of {item.region.name} in {item.period} has no figure of the country",
                advice="add that of the same period and method",
                variable=item.definition.series,
            )
        values[row] = _logit(np.float64(item.value / 100)) - _logit(np.float64(beside / 100))
        places = list(profiles.regions.within(item.region))
        parts[row, places] = people[places] / people[places].sum()
    noise, chosen = (estimated.noise, estimated.chosen) if estimated else (1.0, False)
    return Measured(values, parts, np.full(len(used), noise), np.full(len(used), chosen))


def _standard(profiles: Profiles, field: str) -> Floats:
    """A field with mean 0 and standard deviation 1 over the population."""
    values, weights = profiles.values[field], profiles.weights
    away = values - weights @ values
    return np.asarray(away / np.sqrt(weights @ away**2))


def give_of(moved: Floats) -> Floats:
    """How far each municipality gives way when all are made to add up, shape (year, municipality), at most 1.

    In proportion to the variance of its deviation over draws, so that one with a figure of its own stays near it
    (Pfeffermann & Barnard 1991), but never less than `_LEAST`.
    """
    spread = moved.var(axis=0)
    return np.maximum(spread / spread.max(axis=-1, keepdims=True), _LEAST)


def reconciled(odds: Floats, of: Floats, total: Floats, give: Floats) -> Floats:
    """Numbers whose shares have these log odds, moved by one amount times `give`, so that they add up to a total.

    Parameters
    ----------
    odds, of : ndarray, shape (..., municipality)
    total : ndarray, shape (...)
        Between 0 and the sum of `of`.
    give : ndarray, shape that goes with `odds`
        Above 0.

    Returns
    -------
    ndarray, shape (..., municipality)
        The amount is found by Newton's method to a relative 1e-12.

    Raises
    ------
    RunError
        When a total cannot be met.
    """
    from scipy.special import expit

    by = np.zeros(total.shape)
    for _ in range(_STEPS):
        share = expit(odds + by[..., None] * give)
        number = of * share
        gap = number.sum(axis=-1) - total
        if np.all(np.abs(gap) <= CLOSE * total):
            return np.asarray(number)
        by -= np.clip(gap / (give * number * (1 - share)).sum(axis=-1), -1.0, 1.0)
    raise RunError("local numbers cannot be made to add up to the national run", advice="check the figures")


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1 - share)), dtype=np.float64)
