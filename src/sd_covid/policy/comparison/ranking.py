"""Whether scenarios keep their order when the world turns out otherwise.

In go comparisons of the same scenarios on the same draws, each under another path of assumptions; out comes, for each
outcome, the order of the scenarios under every path and how often two of them change places, draw by draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sd_covid.errors import RunError
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison, Measure
from sd_covid.policy.types import Floats

#: Part of the largest gain below which a difference is what rounding leaves of two sums that should be the same.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class RankStability:
    """The order of scenarios by one outcome, under several paths of assumptions.

    Attributes
    ----------
    output : Output
    years : tuple of int
        The first and last; over several the outcome is its integral, in units times years.
    paths, scenarios : tuple of str
        Ids; the null alternative, from which differences are counted, is a scenario like the others.
    mean : ndarray, shape (path, scenario)
        Mean difference from the null alternative, in the output's unit.
    ranks : ndarray, shape (path, scenario)
        1 is the best for welfare; equal ones share a mean rank.
    concordance : float
        Kendall's W of the ranks over paths: 1 where all agree, 0 where they say nothing of one another (Kendall and
        Babington Smith, Annals of Mathematical Statistics 10, 1939).
    reversed : ndarray, shape (path,)
        Of the pairs of scenarios that differ by the outcome's relevance or more under the first path and under this
        one, in the same draw: the share whose order is not the same. NaN where no pair differs by so much.
    """

    output: Output
    years: tuple[int, int]
    paths: tuple[str, ...]
    scenarios: tuple[str, ...]
    mean: Floats
    ranks: Floats
    concordance: float
    reversed: Floats


def rank_stability(
    comparisons: Mapping[str, Comparison], output: str, first_year: int, last_year: int | None = None
) -> RankStability:
    """The order of scenarios by one outcome under each path.

    Parameters
    ----------
    comparisons : mapping
        Path -> comparison; the first path is the one that others are held against. A draw that failed under one of
        them in one scenario counts nowhere.
    output : str
        One that is better higher or better lower.
    first_year, last_year : int
        One year, or the outcome added up from the first to the last.

    Raises
    ------
    RunError
        Other scenarios or draws under another path, an outcome that is neither better nor worse, a year outside the
        run.
    """
    first = next(iter(comparisons.values()))
    item, ids = first.output(output), tuple(entry.id for entry in first.scenarios)
    if item.better == "neutral":
        raise RunError(f"'{output}' is neither better nor worse", advice="rank by another outcome")
    for path, other in comparisons.items():
        same = [entry.id for entry in other.scenarios] == list(ids)
        if not same or other.provenance.draws_hash != first.provenance.draws_hash:
            raise RunError(f"'{path}' was run with other scenarios or draws", advice="run all alike")
    sound = np.all([other.sound(*ids) for other in comparisons.values()], axis=0)
    if not sound.any():
        raise RunError("no draw is finite in every scenario under every path", advice="see where they fail")
    years = (first_year, first_year if last_year is None else last_year)
    if years[1] < years[0]:
        raise RunError(f"{years[1]} comes before {years[0]}", advice="give the first year, then the last")
    measure: Measure = "year" if years[0] == years[1] else "total"
    relevance = item.relevance * (years[1] - years[0] + 1)  # of each year
    levels = np.array(
        [
            [other.of_members(output, name, measure, years, sound) for name in ids]
            for other in comparisons.values()
        ]
    )
    differences = levels - levels[:, [ids.index(first.reference)]]
    mean = differences.mean(axis=2)
    gain = -differences if item.better == "lower" else differences
    ranks = _ranks(gain.mean(axis=2))
    return RankStability(
        item,
        years,
        tuple(comparisons),
        ids,
        mean,
        ranks,
        concordance(ranks),
        np.array([reversed_share(gain[0], other, relevance) for other in gain]),
    )


def _ranks(gain: Floats) -> Floats:
    """Ranks along the last axis, 1 for the largest gain; equal ones share a mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-gain, axis=-1), dtype=np.float64)


def concordance(ranks: Floats) -> float:
    """Kendall's W of ranks (rater, item), with the correction for ties; NaN where nothing is ranked."""
    raters, items = ranks.shape
    sums = ranks.sum(axis=0)
    ties = sum(float(np.sum(counts**3 - counts)) for counts in map(_counts, ranks))
    most = raters**2 * (items**3 - items) - raters * ties
    return float(12 * np.sum((sums - sums.mean()) ** 2) / most) if most > 0 else float("nan")


def _counts(ranks: Floats) -> Floats:
    """How many share each rank."""
    return np.unique(ranks, return_counts=True)[1].astype(np.float64)


def rounding(*gains: Floats) -> float:
    """The largest difference between gains that may be what rounding leaves of none."""
    return max(
        float(np.finfo(float).tiny), *(ROUNDING * float(np.abs(item).max(initial=0.0)) for item in gains)
    )


def reversed_share(first: Floats, other: Floats, relevance: float) -> float:
    """Share of pairs in the same draw whose order changes.

    Parameters
    ----------
    first, other : ndarray, shape (scenario, member)
        Gains.
    relevance : float
        Only pairs that differ by so much or more in both count.

    Returns
    -------
    float
        NaN where no pair does.
    """
    pairs = list(combinations(range(len(first)), 2))
    here = np.array([first[a] - first[b] for a, b in pairs])
    there = np.array([other[a] - other[b] for a, b in pairs])
    counted = np.minimum(np.abs(here), np.abs(there)) >= max(relevance, rounding(first, other))
    return float(np.mean((here * there < 0)[counted])) if counted.any() else float("nan")
