"""Local projections: the national runs by composition, moved by local deviations, and made to add up again.

For every draw, scenario and year: what the model says of a cell of age and group goes to municipalities by their part
of it; the share in each is moved on the log odds by the municipality's deviation; then all are moved by one amount, so
that the municipalities add up to the national run (benchmarking). In come a comparison, profiles and figures; out come
`Local` projections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.local.cells import Cells, cells_of, shares
from sd_covid.analysis.local.indicators import COMPOSITION, Indicator
from sd_covid.analysis.local.pooling import Deviations, Measured, Pool
from sd_covid.analysis.local.profile import VULNERABLE, Profiles
from sd_covid.analysis.local.reconcile import give_of, reconciled
from sd_covid.data.local.faults import said
from sd_covid.data.local.figures import Figure, Figures
from sd_covid.data.local.regions import Region, groups_of
from sd_covid.errors import DataError, RunError
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Local:
    """Projections of an indicator for all municipalities.

    Attributes
    ----------
    indicator : Indicator
    profiles : Profiles
    scenarios : tuple of str
    years : tuple of int
    number : ndarray, shape (scenario, draw, year, municipality)
        Yearly means, in the units of the model.
    cells : Cells
        The national runs.
    share : ndarray, shape (municipality, cell)
        Which part of each cell a municipality has.
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
    cells: Cells
    share: Floats
    pool: Pool
    measured: Measured
    figures: tuple[Figure, ...]
    deviations: Deviations

    def rate(self, region: Region) -> Floats:
        """Per cent in a region, shape (scenario, draw, year)."""
        places = list(self.profiles.regions.within(region))
        of = self.cells.of @ self.share[places].sum(axis=0)
        return np.asarray(100 * self.number[..., places].sum(axis=-1) / of)

    def of(self, scenario: int) -> Floats:
        """The denominator in each municipality, shape (draw, year, municipality); of one scenario, as it is large."""
        return np.asarray(self.cells.of[scenario] @ self.share.T)

    def rates(self, scenario: int) -> Floats:
        """Per cent in each municipality in one scenario, shape (draw, year, municipality)."""
        return np.asarray(100 * self.number[scenario] / self.of(scenario))

    @property
    def gap(self) -> float:
        """The largest difference between the sum of the municipalities and the national run, relative to the run."""
        national = self.cells.number.sum(axis=-1)
        return float(np.max(np.abs(self.number.sum(axis=-1) / national - 1)))

    def basis(self, region: Region) -> str:
        """What the projection of a region rests on: ``national``, ``own``, ``region`` or ``composition``.

        The national run itself; a figure of its own; one of the region in which it lies; or neither, when its place
        among others is that of its population and of what figures elsewhere say of such.
        """
        if region.level == "country":
            return "national"
        inside = frozenset(self.profiles.regions.within(region))
        if any(span <= inside for span in self.spans):
            return "own"
        return "region" if any(inside <= span for span in self.spans) else "composition"

    @cached_property
    def spans(self) -> frozenset[frozenset[int]]:
        """The municipalities of which the figures are, as positions."""
        return frozenset(frozenset(self.profiles.regions.within(item.region)) for item in self.figures)


def refuse_year(year: int, years: Sequence[int], language: str = "en") -> None:
    """Raise a RunError unless a year is among those that the runs cover to their last day."""
    if year not in years:
        reason, advice = said("year", language, year=year, first=years[0], last=years[-1])
        raise RunError(reason, advice=advice)


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
    pool, measured, used = deviations_of(indicator, profiles, figures, cells, share, years)
    drawn = pool.draw(measured, cells.number.shape[1], np.random.default_rng(seed))
    moved = drawn.over_years(years, measured_year(used, profiles), indicator.persistence, seed + 1)
    moved -= pool.fixed[:, 0]
    give = give_of(moved)
    number = np.empty((*cells.number.shape[:-1], len(share)))
    for scenario, (inside, people) in enumerate(zip(cells.number, cells.of, strict=True)):
        of = people @ share.T
        odds = _logit((inside @ share.T) / of) + moved
        number[scenario] = reconciled(odds, of, inside.sum(axis=-1), give)
    return Local(
        indicator,
        profiles,
        tuple(item.id for item in comparison.scenarios),
        years,
        number,
        cells,
        share,
        pool,
        measured,
        tuple(used),
        drawn,
    )


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
    return [item for item in found if item.region.level != "country" and profiles.regions.within(item.region)]


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
        values[row] = float(_logit(item.value / 100) - _logit(beside / 100))
        places = list(profiles.regions.within(item.region))
        parts[row, places] = people[places] / people[places].sum()
    noise, chosen = (estimated.noise, estimated.chosen) if estimated else (1.0, False)
    return Measured(values, parts, np.full(len(used), noise), np.full(len(used), chosen))


def _standard(profiles: Profiles, field: str) -> Floats:
    """A field with mean 0 and standard deviation 1 over the population."""
    values, weights = profiles.values[field], profiles.weights
    away = values - weights @ values
    return np.asarray(away / np.sqrt(weights @ away**2))


def _logit(share: Floats | float) -> Floats:
    whole = np.asarray(share, dtype=np.float64)
    return np.asarray(np.log(whole / (1 - whole)), dtype=np.float64)
