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

#: Why no package beats a scenario: it costs less than any that the file allows; or some package does better by one
#: objective and worse by another, and none by all.
Reason = Literal["cheaper than any", "none better by all"]
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
    candidates : int
        How many packages were looked at.
    """

    scenario: Scenario
    told: Floats
    spent: float
    outside: tuple[str, ...]
    other: bool
    package: Package | None
    beaten: bool
    reason: Reason | None
    candidates: int


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
    space, objectives = judge.space, judge.evaluator.objectives
    aims = [place for place, item in enumerate(objectives) if item.output is not None]
    target = np.array([item.as_loss(value) for item, value in zip(objectives, own.told, strict=True)])[aims]
    losses = found.objectives[found.feasible][:, aims]
    span = np.ptp(losses, axis=0) if len(losses) else np.ones(len(aims))
    span = np.where(span > 0, span, 1.0)
    package = _set_otherwise(scenario, space.base)
    allowed = unpriced & package.keys()

    def gains(points: Points) -> tuple[Floats, Floats]:
        packages = [space.package(point) for point in points]
        judged = judge.packages(packages)
        loss = np.array(
            [
                [item.as_loss(value) for item, value in zip(objectives, one.told, strict=True)]
                for one in judged
            ]
        )[:, aims]
        gain = (target - loss) / span
        over = np.array([_dearer(one, own) for one in judged])
        free = np.array([len((unpriced & one.keys()) - allowed) for one in packages], dtype=np.float64)
        excess = np.column_stack([np.stack([one.excess for one in judged]), over, free])
        return -np.column_stack([gain.min(axis=1), gain.mean(axis=1)]), excess

    other = bool(scenario.changes or scenario.path or _constants(scenario, space.base))
    common = (scenario, own.told, own.spent, space.outside(package), other)
    costs = [one.spent for one in judge.packages([space.package(point) for point in found.points])]
    if space.outside(package) and not np.nanmin(costs, initial=np.inf) <= own.spent:
        # What makes it so cheap is not decided here: a search would look for what it cannot find.
        return OwnBudget(*common, None, False, "cheaper than any", len(found.points))
    start = _first(judge, space.nearest(package), found, gains, effort)
    looked = Found(start, *gains(start))
    if effort.generations:
        looked = search(space.sizes, gains, replace(effort, objectives=2), start=start, progress=progress)
    chosen = looked.feasible
    if not chosen.any():
        return OwnBudget(*common, None, False, "cheaper than any", len(looked.points))
    places = np.flatnonzero(chosen)
    best = places[np.lexsort(looked.objectives[places].T[::-1])[0]]
    smallest, mean = -looked.objectives[best]
    beaten = bool(smallest >= 0 and mean > 0)
    reason: Reason | None = None if beaten else "none better by all"
    return OwnBudget(*common, space.package(looked.points[best]), beaten, reason, len(looked.points))


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
    return np.unique(np.concatenate([beside, known[best]]), axis=0)


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
