"""Packages judged by every metric: scores, ranks, regret, chance of being best, and targets met together.

In come `Outcomes`; out come `Scores` of each objective. The states of the world are all draws under all paths of the
drivers, each counted alike: that is a choice of states to look at, not a probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from sd_covid.analysis.robustness.metrics import Metric
from sd_covid.analysis.robustness.outcomes import Objective, Outcomes
from sd_covid.policy.comparison.ranking import ROUNDING
from sd_covid.policy.types import Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """How packages do by one objective.

    Attributes
    ----------
    objective : Objective
    metrics : tuple of Metric
        Those that can be had: Starr's needs a target.
    shown : ndarray, shape (metric, package)
        As they are read: levels and distances in the objective's unit, shares and ratios without one.
    ranks : ndarray, shape (metric, package)
        1 is the most robust; equal ones share a mean rank.
    regret : ndarray, shape (quantity, package)
        Mean, 90th percentile and largest regret, in the objective's unit; rows as `REGRET`.
    worst_world : tuple of str
        Of each package, the world in which its largest regret occurs; empty where it has none.
    best : ndarray, shape (package,)
        Share of states in which it is the best; equal ones share the state.
    best_by_world : ndarray, shape (world, package)
        The same in each path of the drivers.
    """

    objective: Objective
    metrics: tuple[Metric, ...]
    shown: Floats
    ranks: Floats
    regret: Floats
    worst_world: tuple[str, ...]
    best: Floats
    best_by_world: Floats

    @property
    def leaders(self) -> dict[str, tuple[int, ...]]:
        """Metric -> places of the packages that it ranks first."""
        return {
            metric.id: tuple(np.flatnonzero(row == row.min()).tolist())
            for metric, row in zip(self.metrics, self.ranks, strict=True)
        }


#: Rows of `Scores.regret`.
REGRET = ("mean", "p90", "largest")


def score(outcomes: Outcomes, objective: Objective, metrics: Sequence[Metric]) -> Scores:
    """Judge the packages by one objective.

    Parameters
    ----------
    outcomes : Outcomes
    objective : Objective
        One of theirs.
    metrics : sequence of Metric
        Those that need a target are left out where the objective has none.

    Returns
    -------
    Scores

    Raises
    ------
    RunError
        When no state is left in which every package ran.
    """
    chosen = tuple(item for item in metrics if objective.target is not None or not item.needs_target)
    gains = outcomes.states(objective.id)
    target = None if objective.target is None else objective.sign * objective.target
    scores = np.array([item.score(gains, target) for item in chosen])
    shown = [item.shown(row, objective.better) for item, row in zip(chosen, scores, strict=True)]
    regret = gains.max(axis=0) - gains
    by_world = outcomes.gains(objective.id)
    return Scores(
        objective=objective,
        metrics=chosen,
        shown=np.array(shown),
        ranks=ranks(scores),
        regret=np.array([regret.mean(axis=1), np.quantile(regret, 0.9, axis=1), regret.max(axis=1)]),
        worst_world=_worst_world(outcomes, by_world),
        best=share_best(gains),
        best_by_world=np.array([share_best(world) for world in by_world]),
    )


def ranks(scores: Floats) -> Floats:
    """Ranks along the last axis, 1 for the largest score; equal ones share a mean rank.

    Scores count as equal when they differ by less than `ROUNDING` of the largest in size.
    """
    grain = ROUNDING * np.where(np.isfinite(scores), np.abs(scores), 0.0).max(axis=-1, keepdims=True)
    rounded = np.where(grain > 0, np.round(scores / np.where(grain > 0, grain, 1.0)), scores)
    return np.asarray(rankdata(-rounded, axis=-1), dtype=np.float64)


def share_best(gains: Floats) -> Floats:
    """Share of states in which each package is the best, shape (package,); equal ones, but for rounding, share a state.

    Parameters
    ----------
    gains : ndarray, shape (package, state)
    """
    grain = ROUNDING * np.abs(gains).max(axis=0)
    first = (gains >= gains.max(axis=0) - grain).astype(np.float64)
    return np.asarray((first / first.sum(axis=0)).mean(axis=1), dtype=np.float64)


def meeting(outcomes: Outcomes, objectives: Sequence[Objective]) -> Floats:
    """Starr's criterion for several targets together: the share of states that meet all of them.

    Parameters
    ----------
    outcomes : Outcomes
    objectives : sequence of Objective
        Those without a target ask for nothing.

    Returns
    -------
    ndarray, shape (package,)
        1 where no objective has a target.
    """
    met = np.ones(outcomes.states(outcomes.objectives[0].id).shape, dtype=np.bool_)
    for item in objectives:
        if item.target is not None:
            met &= outcomes.states(item.id) >= item.sign * item.target
    return np.asarray(met.mean(axis=1), dtype=np.float64)


def _worst_world(outcomes: Outcomes, gains: Floats) -> tuple[str, ...]:
    """Of each package the world of its largest regret; gains of shape (world, package, draw)."""
    most = (gains.max(axis=1, keepdims=True) - gains).max(axis=2)
    ids = [outcomes.worlds[place].id for place in outcomes.of_kind("path")]
    return tuple(
        ids[place] if column[place] > 0 else "" for column in most.T for place in [int(column.argmax())]
    )
