"""Predictions of several variants as one, by stated weights.

In: predictors of variants and their weights. Out: paths of every predicted series in which each variant has its share
of the members, the same members for every series, so that what hangs together within a variant stays together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sd_covid.calibration.density.process import Paths
from sd_covid.calibration.forecasts.predict import Predictor, Target
from sd_covid.calibration.types import Index
from sd_covid.errors import ProblemError

TOLERANCE = 1e-6  # weights are written with six digits or more


class Mixture:
    """Several predictors as one.

    Parameters
    ----------
    predictors : sequence of Predictor
    weights : sequence of float
        Of each; they add up to 1.
    seed : int
        Of which members of each are taken.

    Raises
    ------
    ProblemError
        Weights that are no weights, or variants that do not predict the same series.
    """

    def __init__(self, predictors: Sequence[Predictor], weights: Sequence[float], *, seed: int = 0) -> None:
        if len(weights) != len(predictors):
            reason = f"{len(weights)} weights for {len(predictors)} variants"
            raise ProblemError(reason, advice="give one for each, in their order")
        if any(not 0 <= weight <= 1 for weight in weights) or abs(sum(weights) - 1) > TOLERANCE:
            given = ", ".join(f"{weight:g}" for weight in weights)
            raise ProblemError(f"the weights {given} do not add up to 1", advice="write them as 0.6,0.4")
        first = set(predictors[0].targets)
        for other in predictors[1:]:
            if set(other.targets) != first:
                one = min(first ^ set(other.targets))
                reason = f"the variants do not predict the same series: '{one}' is in one of them only"
                raise ProblemError(reason, advice="mix variants of the whole problem")
        self._predictors = predictors
        self._members = _members([item.draws for item in predictors], weights, seed)

    @property
    def targets(self) -> Mapping[str, Target]:
        """What is predicted."""
        return self._predictors[0].targets

    @property
    def shares(self) -> list[int]:
        """How many members come from each variant."""
        return [len(rows) for rows in self._members]

    def paths(self, name: str) -> Paths:
        """Paths of one target, variant after variant."""
        parts = [item.paths(name) for item in self._predictors]
        rows = self._members
        return Paths(
            np.vstack([part.path[own] for part, own in zip(parts, rows, strict=True)]),
            np.vstack([part.marginal[own] for part, own in zip(parts, rows, strict=True)]),
        )


def _members(sizes: Sequence[int], weights: Sequence[float], seed: int) -> list[Index]:
    """Which members of each variant are taken: as many in all as the smallest variant with weight can give."""
    total = min(size / weight for size, weight in zip(sizes, weights, strict=True) if weight > 0)
    rng = np.random.default_rng(seed)
    return [
        np.sort(rng.permutation(size)[: min(size, round(total * weight))])
        for size, weight in zip(sizes, weights, strict=True)
    ]
