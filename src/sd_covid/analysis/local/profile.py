"""Profiles: who lives in each municipality, and how each field is known.

In come figures; out come arrays over the municipalities of the latest division. A figure of a municipality that was
merged since goes to the one in which it lies, weighted by population. A municipality without a figure has the national
average, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.data.local.figures import Figures
from sd_covid.data.local.regions import Regions
from sd_covid.errors import DataError

Floats = NDArray[np.float64]
Provenance = Literal["measured", "estimated", "national average"]

POPULATION = "population"
#: Counts, of which a municipality cannot do without: field -> series.
COUNTS = {
    POPULATION: "population",
    "pop_0_14": "pop_0_14",
    "pop_15_24": "pop_15_24",
    "pop_25_44": "pop_25_44",
    "pop_45_64": "pop_45_64",
    "pop_65plus": "pop_65plus",
    "households": "households",
}
#: Shares: field -> series in per cent.
SHARES = {
    "low_income": "income_low40_persons_pct",
    "high_income": "income_high20_persons_pct",
    "owner_occupied": "owner_occupied_pct",
    "participation": "net_participation_kwb_pct",
}
VULNERABLE = "vulnerable"
FIELDS = (*COUNTS, *SHARES, VULNERABLE)

#: Shares of the national distribution of income that the two figures of a municipality cut off.
_LOW, _HIGH = 0.4, 0.2


@dataclass(frozen=True)
class Profiles:
    """Profiles of all municipalities of the latest division.

    Attributes
    ----------
    regions : Regions
    values : mapping of str to ndarray, shape (municipality,)
        By field: counts in persons or households, shares from 0 to 1.
    provenance : mapping of str to tuple of str
        By field, one for each municipality: measured, estimated, or national average.
    periods : mapping of str to str
        By field: of what period the figures are.
    """

    regions: Regions
    values: Mapping[str, Floats]
    provenance: Mapping[str, tuple[Provenance, ...]]
    periods: Mapping[str, str]

    @property
    def weights(self) -> Floats:
        """Shares of the national population, shape (municipality,)."""
        population = self.values[POPULATION]
        return np.asarray(population / population.sum(), dtype=np.float64)


def make_profiles(figures: Figures, regions: Regions, vulnerable: float) -> Profiles:
    """Profiles from the latest figures of each field.

    Parameters
    ----------
    figures : Figures
    regions : Regions
    vulnerable : float
        Share of the country that is vulnerable, as the model has it; local shares are scaled to it.

    Raises
    ------
    DataError
        When the population or households of a municipality are not known.
    """
    values: dict[str, Floats] = {}
    provenance: dict[str, tuple[Provenance, ...]] = {}
    periods: dict[str, str] = {}
    for field, series in (COUNTS | SHARES).items():
        found, known, period = _latest(figures, regions, series, count=field in COUNTS)
        periods[field] = period
        if field in COUNTS and np.isnan(found).any():
            name = regions.municipalities[int(np.flatnonzero(np.isnan(found))[0])].name
            raise DataError(
                f"{name} has no '{series}' in {period}", advice="add it to figures.csv", variable=field
            )
        values[field] = found if field in COUNTS else found / 100
        provenance[field] = known
    population = values[POPULATION]
    for field in SHARES:
        values[field], provenance[field] = _filled(values[field], population, provenance[field])
    share = vulnerable_share(values["low_income"], values["high_income"], vulnerable)
    values[VULNERABLE] = scaled_to(share, population, vulnerable)
    unknown = [known == "national average" for known in provenance["low_income"]]
    provenance[VULNERABLE] = tuple("national average" if item else "estimated" for item in unknown)
    periods[VULNERABLE] = periods["low_income"]
    return Profiles(regions, values, provenance, periods)


def vulnerable_share(low: Floats, high: Floats, below: float) -> Floats:
    """Share of persons below a quantile of the national distribution of income, from two shares that are published.

    The rank of an income in the country is put on a normal scale, on which the incomes of a municipality are taken to
    be normal too: its mean and spread follow from the share in the lowest 40 and in the highest 20 per cent of the
    country, and from these the share below any other quantile (a probit interpolation).

    Parameters
    ----------
    low, high : ndarray
        Shares of persons among the lowest 40 and the highest 20 per cent of the country.
    below : float
        The quantile, 0.25 for the lowest quarter.

    Returns
    -------
    ndarray
        `below` itself where `low` is 0.4 and `high` 0.2.
    """
    from scipy.stats import norm

    at_low, at_high = norm.ppf(low), norm.ppf(1 - high)
    spread = (norm.ppf(1 - _HIGH) - norm.ppf(_LOW)) / (at_high - at_low)
    mean = norm.ppf(_LOW) - spread * at_low
    return np.asarray(norm.cdf((norm.ppf(below) - mean) / spread), dtype=np.float64)


def scaled_to(share: Floats, weights: Floats, mean: float) -> Floats:
    """Shares moved by one amount on the log odds, so that their weighted mean is what it should be."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    odds = logit(share)
    moved = brentq(lambda by: np.average(expit(odds + by), weights=weights) - mean, -5.0, 5.0, xtol=1e-14)
    return np.asarray(expit(odds + moved), dtype=np.float64)


def _latest(
    figures: Figures, regions: Regions, series: str, *, count: bool
) -> tuple[Floats, tuple[Provenance, ...], str]:
    """The latest figures of a series for each municipality, NaN where there is none, and how each is known."""
    found = figures.of(series, level="municipality")
    period = max(item.period for item in found)
    size = len(regions.municipalities)
    total, weight, parts = np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.int64)
    estimated = np.zeros(size, dtype=np.bool_)
    persons = {} if count else _population(figures, period)
    for item in found:
        places = regions.within(item.region) if item.period == period else ()
        for place in places:
            share = 1.0 if count else persons[item.region.code]
            total[place] += share * item.value
            weight[place] += share
            parts[place] += 1
            estimated[place] |= item.quality != "measured"
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(parts > 0, total if count else total / weight, np.nan)
    known: list[Provenance] = [
        "estimated" if rough or (several and not count) else "measured"
        for rough, several in zip(estimated, parts > 1, strict=True)
    ]
    return values, tuple(known), period


def _population(figures: Figures, period: str) -> dict[str, float]:
    """Population of each municipality of the division of a period."""
    found = figures.of("population", level="municipality")
    near = min({item.year for item in found}, key=lambda year: abs(year - int(period[:4])))
    return {item.region.code: item.value for item in found if item.year == near}


def _filled(
    values: Floats, population: Floats, known: tuple[Provenance, ...]
) -> tuple[Floats, tuple[Provenance, ...]]:
    """The population-weighted mean in the place of what is not known."""
    missing = np.isnan(values)
    mean = np.average(values[~missing], weights=population[~missing])
    told: list[Provenance] = [
        "national average" if gone else one for gone, one in zip(missing, known, strict=True)
    ]
    return np.where(missing, mean, values), tuple(told)
