"""What ranks of known truths say: whether they are uniform, and how often intervals hold the truth.

In: a `Study`. Out: a `Verdict`. A central interval of the ranked draws holds the truth when its rank lies in the
middle, so that coverage needs nothing but ranks. Replicates whose chains did not converge count with their ranks, since
leaving them out would choose among truths; those without ranks cannot, and are counted beside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.sbc.study import Study
from sd_covid.calibration.sbc.uniformity import RANKS, central, uniformity
from sd_covid.calibration.types import Mask

LEVEL = 0.01  # a correct sampler is refused once in a hundred studies, over all parameters together
MOST_LOST = 0.1  # of the replicates may lack ranks or convergence before ranks say too little
RECOVERED = (0.85, 0.95)  # pooled coverage of 90 % intervals within which truths count as recovered


@dataclass(frozen=True, slots=True)
class RankRow:
    """Ranks of one parameter.

    Attributes
    ----------
    id : str
    probability : float
        That uniform ranks stray as far; see `sd_covid.calibration.sbc.uniformity`.
    uniform : bool
        Whether that is above `LEVEL` divided by the number of parameters (Bonferroni).
    mean : float
        Of the ranks, from 0 to 1: below a half the draws lie above the truth.
    coverage_50, coverage_90 : float
        Share of replicates whose central interval holds the truth.
    """

    id: str
    probability: float
    uniform: bool
    mean: float
    coverage_50: float
    coverage_90: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a study says.

    Attributes
    ----------
    replicates, ranked, converged : int
        In all, those with ranks, and those whose chains agree.
    faults : dict of str to int
        Why the others have no ranks, and how many.
    failed_draws : int
        Draws of the prior at which the model failed, before a truth was found.
    rows : tuple of RankRow
    coverage_50, coverage_90 : float
        Over all parameters that a figure depends on, and all ranked replicates.
    error_90 : float
        Standard error of the latter, from the spread over replicates; NaN for one.
    level : float
        Of the verdict over all parameters together.
    """

    replicates: int
    ranked: int
    converged: int
    faults: dict[str, int]
    failed_draws: int
    rows: tuple[RankRow, ...]
    coverage_50: float
    coverage_90: float
    error_90: float
    level: float = LEVEL

    @property
    def uniform(self) -> bool:
        """Whether the ranks of all parameters are uniform."""
        return all(row.uniform for row in self.rows)

    @property
    def sound(self) -> bool:
        """Whether so few replicates lack ranks or convergence that the ranks of the others can be trusted."""
        return self.ranked > 0 and self.replicates - self.converged <= MOST_LOST * self.replicates

    @property
    def recovered(self) -> bool:
        """Whether all chains converged and the pooled coverage of 90 % intervals is within `RECOVERED`."""
        low, high = RECOVERED
        return self.converged == self.replicates > 0 and low <= self.coverage_90 <= high


def verdict(study: Study) -> Verdict:
    """What the ranks of a study say."""
    ranked = [item for item in study.replicates if item.ranks]
    ranks = np.array([item.ranks for item in ranked], dtype=np.intp).reshape(-1, len(study.parameters))
    half, most = central(ranks, 0.5), central(ranks, 0.9)
    informed = np.ones(ranks.shape, dtype=bool)
    for place, item in enumerate(ranked):
        informed[place, list(item.uninformed)] = False
    bar = LEVEL / max(1, len(study.parameters))
    rows = []
    for name, column, *inside in zip(study.parameters, ranks.T, half.T, most.T, strict=True):
        if ranked:
            chance, coverage = uniformity(column), [float(np.mean(item)) for item in inside]
            rows.append(RankRow(name, chance, chance > bar, float(np.mean(column)) / RANKS, *coverage))
    reasons = [item.fault for item in study.replicates if not item.ranks]
    return Verdict(
        replicates=len(study.replicates),
        ranked=len(ranked),
        converged=sum(study.converged(item) for item in study.replicates),
        faults={reason: reasons.count(reason) for reason in dict.fromkeys(reasons)},
        failed_draws=sum(item.failed for item in study.replicates),
        rows=tuple(rows),
        coverage_50=_pooled(half, informed)[0],
        coverage_90=_pooled(most, informed)[0],
        error_90=_pooled(most, informed)[1],
    )


def _pooled(inside: Mask, counted: Mask) -> tuple[float, float]:
    """Share of what is counted, and its standard error over rows."""
    if not np.any(counted):
        return math.nan, math.nan
    share = float(np.mean(inside[counted]))
    count = len(inside)
    if count < 2:
        return share, math.nan
    # a ratio of sums over rows: its error by the residuals of the rows
    residual = np.sum(np.where(counted, inside - share, 0.0), axis=1)
    return share, math.sqrt(count * float(np.var(residual, ddof=1))) / float(np.sum(counted))
