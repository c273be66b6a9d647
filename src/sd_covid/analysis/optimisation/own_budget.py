"""A scenario and the best package that costs no more: whether anything beats it at its own budget, and if not, why.

To beat is to be no worse by any objective, better by one, and no dearer. The search is for the largest smallest gain,
each gain in units of the range of that objective on the front, so that what is found has something to spare.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sd_covid.analysis.optimisation.decisions import Points
from sd_covid.analysis.optimisation.packages import Judge, Judged, Package
from sd_covid.analysis.optimisation.search import Effort, Evaluate, Found, Progress, search
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.types import Floats

#: Why no package beats a scenario: it costs less than any that the file allows; some package does better by one
#: objective and worse by another, and none by all; or a run of the scenario fails, so that nothing can
#: be set against it.
Reason = Literal["cheaper than any", "none better by all", "fails"]
_CHANGED = 3  # decisions of the scenario that a point of the first generation takes otherwise


@dataclass(frozen=True, slots=True)
class OwnBudget:
    """A scenario against the packages that cost no more.

    Attributes
    ----------
    scenario : Scenario
    told : ndarray, shape (objective,)
        Of the scenario, in the worlds of the search.
    spent : float
        Beyond the base, in those worlds.
    outside : tuple of str
        Levers that the scenario sets as the search cannot.
    other : bool
        Whether it sets anything but levers: constants, assumptions, a path.
    package : dict or None
        The package that comes nearest to beating it, or beats it by most; None where none costs as little.
    beaten : bool
    reason : Reason or None
        Why not.
    points : ndarray of int, shape (point, decision)
        What was looked at.
    interrupted : bool
        Whether the search was stopped before its last generation.
    """

    scenario: Scenario
    told: Floats
    spent: float
    outside: tuple[str, ...]
    other: bool
    package: Package | None
    beaten: bool
    reason: Reason | None
    points: Points
    interrupted: bool = False


def at_own_budget(
    judge: Judge,
    scenario: Scenario,
    own: Judged,
    found: Found,
    effort: Effort,
    unpriced: frozenset[str],
    progress: Progress | None = None,
) -> OwnBudget:
    """Look for a package that beats a scenario at its own budget.

    Parameters
    ----------
    judge : Judge
    scenario : Scenario
        On top of the base of the space, or of another.
    own : Judged
        Of the scenario, in the same worlds.
    found : Found
        The search so far: what it looked at counts, and begins this one.
    effort : Effort
        Without generations, nothing new is looked at.
    unpriced : frozenset of str
        Levers without a price. A package may pull those that the scenario pulls and no others: nothing is beaten by
        what only seems free.
    progress : callable, optional
    """
    space = judge.space
    package = _set_otherwise(scenario, space.base)
    other = bool(scenario.changes or scenario.path or _constants(scenario, space.base))
    common = (scenario, own.told, own.spent, space.outside(package), other)
    if own.failed:
        return OwnBudget(*common, None, False, "fails", found.points[:0])
    costs = [one.spent for one in judge.packages([space.package(point) for point in found.points])]
    if space.outside(package) and not np.nanmin(costs, initial=np.inf) <= own.spent:
        # What makes it so cheap is not decided here: a search would look for what it cannot find.
        return OwnBudget(*common, None, False, "cheaper than any", found.points)
    gains = _Gains(judge, own, _span(judge, found), unpriced - package.keys())
    start = _first(judge, space.nearest(package), found, gains, effort)
    looked = Found(start, *gains(start))
    if effort.generations:
        more = replace(effort, objectives=2)
        try:
            looked = search(
                space.sizes, gains, more, start=start, canonical=space.canonical, progress=progress
            )
        except KeyboardInterrupt:  # before its first generation: what it would have begun with is known
            looked = replace(looked, interrupted=True)
    places = np.flatnonzero(looked.feasible)
    if not len(places):
        return OwnBudget(
            *common, None, False, "cheaper than any", looked.points, interrupted=looked.interrupted
        )
    best = places[np.lexsort(looked.objectives[places].T[::-1])[0]]
    smallest, mean = -looked.objectives[best]
    beaten = bool(smallest >= 0 and mean > 0)
    reason: Reason | None = None if beaten else "none better by all"
    package = space.package(looked.points[best])
    return OwnBudget(*common, package, beaten, reason, looked.points, interrupted=looked.interrupted)


@dataclass(frozen=True, slots=True)
class _Gains:
    """How much better than a scenario points are: the smallest and the mean gain, made small with a minus.

    Attributes
    ----------
    judge : Judge
    own : Judged
    span : ndarray, shape (objective,)
        Units of gain.
    refused : frozenset of str
        Levers that may not be pulled.
    """

    judge: Judge
    own: Judged
    span: Floats
    refused: frozenset[str]

    def __call__(self, points: Points) -> tuple[Floats, Floats]:
        packages = [self.judge.space.package(point) for point in points]
        judged = self.judge.packages(packages)
        target = _losses(self.judge, self.own)
        gain = (target - np.stack([_losses(self.judge, one) for one in judged])) / self.span
        dearer = np.array([_dearer(one, self.own) for one in judged])
        pulled = np.array([len(self.refused & one.keys()) for one in packages], dtype=np.float64)
        excess = np.column_stack([np.stack([one.excess for one in judged]), dearer, pulled])
        return -np.column_stack([gain.min(axis=1), gain.mean(axis=1)]), excess


def _losses(judge: Judge, one: Judged) -> Floats:
    """Losses by every objective but cost."""
    pairs = zip(judge.evaluator.objectives, one.told, strict=True)
    return np.array([item.as_loss(value) for item, value in pairs if item.output is not None])


def _span(judge: Judge, found: Found) -> Floats:
    """The range of each loss but cost, over what keeps the limits; 1 where there is none."""
    aims = [place for place, item in enumerate(judge.evaluator.objectives) if item.output is not None]
    losses = found.objectives[found.feasible][:, aims]
    span = np.ptp(losses, axis=0) if len(losses) else np.zeros(len(aims))
    return np.asarray(np.where(span > 0, span, 1.0), dtype=np.float64)


def _first(judge: Judge, near: Points, found: Found, gains: Evaluate, effort: Effort) -> Points:
    """The scenario's own point, points beside it, and the best so far that cost no more."""
    sizes = judge.space.sizes
    rng = np.random.default_rng(effort.seed)
    beside = np.repeat(near[None], max(1, effort.population // 2), axis=0)
    for row in beside[1:]:
        places = rng.integers(0, sizes.size, size=_CHANGED)
        row[places] = rng.integers(0, sizes[places])
    known = found.points[found.feasible]
    objectives, excess = gains(known) if len(known) else (np.zeros((0, 2)), np.zeros((0, 1)))
    kept = np.flatnonzero((excess <= 0).all(axis=1) & np.isfinite(objectives).all(axis=1))
    best = kept[np.argsort(objectives[kept, 0], kind="stable")][: effort.population - len(beside)]
    return np.unique(judge.space.canonical(np.concatenate([beside, known[best]])), axis=0)


def _dearer(one: Judged, own: Judged) -> float:
    """By how much a package costs more than the scenario, relative; not known where it was not run."""
    if not np.isfinite(one.spent):
        return 1.0
    return (one.spent - own.spent) / max(1.0, abs(own.spent)) - 1e-9


def _set_otherwise(scenario: Scenario, base: Scenario) -> Package:
    """The levers that a scenario sets otherwise than the base."""
    return {name: item for name, item in scenario.levers.items() if item != base.levers.get(name)}


def _constants(scenario: Scenario, base: Scenario) -> bool:
    return scenario.constants != base.constants or scenario.assumptions != base.assumptions
