"""A search for the points that no other point beats, on a grid.

In come the sizes of a grid and a function that evaluates many points at once; out comes every point that was evaluated,
and which of them none dominates. The moves are pymoo's: NSGA-II for two or three objectives (Deb and others 2002,
doi 10.1109/4235.996017), NSGA-III for more (Deb and Jain 2014, doi 10.1109/TEVC.2013.2281535), both with constraints
before objectives. What is kept is ours: no point is evaluated twice, a move to a known point goes to a new one near the
front, and the front is that of all points, not of the last generation, so that it never gets worse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

Points = NDArray[np.int64]
#: Points, shape (point, decision) -> objectives, shape (point, objective), less is better, and excess over each
#: constraint, shape (point, constraint), positive where it is broken.
Evaluate = Callable[[Points], tuple[Floats, Floats]]
#: Points evaluated so far, of at most so many.
Progress = Callable[[int, int], None]

_FEW = 3  # objectives that NSGA-II tells apart well
_TRIES = 20  # draws for each point that is to be replaced
_PATIENCE = 20  # generations in a row without a point that is new, after which there is nothing left to find


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search.

    Attributes
    ----------
    population : int
        Points of a generation.
    generations : int
    objectives : int
        How many there are.
    seed : int
    """

    population: int
    generations: int
    objectives: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Every point that was evaluated.

    Attributes
    ----------
    points : ndarray of int, shape (point, decision)
        Each once, in the order in which it was evaluated.
    objectives : ndarray, shape (point, objective)
        Less is better; NaN where the point could not be evaluated.
    excess : ndarray, shape (point, constraint)
        Positive where a constraint is broken.
    interrupted : bool
        Whether it was stopped before its last generation.
    """

    points: Points
    objectives: Floats
    excess: Floats
    interrupted: bool = False

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Which points keep every constraint and could be evaluated, shape (point,)."""
        return _finite(self.objectives) & np.asarray((self.excess <= 0).all(axis=1), dtype=np.bool_)

    @property
    def front(self) -> NDArray[np.int64]:
        """Positions of the feasible points that none dominates, in the order of the first objective."""
        kept = np.flatnonzero(self.feasible)
        kept = kept[undominated(self.objectives[kept])]
        return kept[np.lexsort(self.objectives[kept].T[::-1])]


def _finite(objectives: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(objectives).all(axis=1), dtype=np.bool_)


def undominated(objectives: Floats) -> NDArray[np.bool_]:
    """Which rows no other row dominates, of equal rows the first; shape (row,).

    Parameters
    ----------
    objectives : ndarray, shape (row, objective)
        Finite; less is better.
    """
    if not len(objectives):
        return np.zeros(0, dtype=np.bool_)
    from moocore import is_nondominated

    return np.asarray(is_nondominated(objectives, keep_weakly=False), dtype=np.bool_)


def search(
    sizes: Sequence[int] | Points,
    evaluate: Evaluate,
    effort: Effort,
    *,
    start: Points | None = None,
    canonical: Callable[[Points], Points] | None = None,
    progress: Progress | None = None,
) -> Found:
    """Search a grid for its front; Ctrl-C ends it with what was found so far.

    Parameters
    ----------
    sizes : sequence of int, shape (decision,)
        Values of each decision; points are positions from 0.
    evaluate : callable
    effort : Effort
    start : ndarray of int, shape (point, decision), optional
        Points of the first generation; the rest of it is drawn.
    canonical : callable, optional
        Gives points that mean the same, of all those that do the same one, so that none of them is looked at twice.
    progress : callable, optional

    Returns
    -------
    Found

    Raises
    ------
    RunError
        Without decisions, or with a population below 4.
    """
    from pymoo.core.population import Population

    sizes = np.asarray(sizes, dtype=np.int64)
    if not sizes.size or effort.population < 4:
        raise RunError("there is nothing to search", advice="leave two values of a lever, and 4 candidates")
    known = _Known(evaluate, canonical or (lambda points: points))
    rng = np.random.default_rng(effort.seed)
    algorithm = _algorithm(sizes, _first(sizes, effort, start), effort)
    limit = effort.population * effort.generations
    interrupted, idle = False, 0
    try:
        for _ in range(effort.generations):
            asked = algorithm.ask()
            if asked is None or not len(asked):
                break
            points = known.renewed(np.rint(asked.get("X")).astype(np.int64), sizes, rng)
            infills = Population.new("X", points)
            new = known.tell(points, infills)
            algorithm.tell(infills=infills)
            idle = 0 if new else idle + 1
            if progress is not None:
                progress(min(len(known.order), limit), limit)
            if idle == _PATIENCE:
                break
    except KeyboardInterrupt:
        interrupted = True
    return known.found(interrupted)


def _first(sizes: Points, effort: Effort, start: Points | None) -> Points:
    """The first generation: what was given, and the rest drawn evenly over the grid."""
    rng = np.random.default_rng(effort.seed)
    drawn = rng.integers(0, sizes, size=(effort.population, sizes.size))
    if start is None:
        return drawn
    kept = np.unique(start, axis=0)[: effort.population]
    return np.concatenate([kept, drawn])[: effort.population]


class _Known:
    """What is known of points, so that none is evaluated twice."""

    def __init__(self, evaluate: Evaluate, canonical: Callable[[Points], Points]) -> None:
        self._evaluate, self._canonical = evaluate, canonical
        self._rows: dict[bytes, tuple[Floats, Floats]] = {}
        self.order: list[Points] = []

    def renewed(self, points: Points, sizes: Points, rng: np.random.Generator) -> Points:
        """Points, those that are known or come twice replaced by new ones near the front.

        First those that are one step away from it, then those that differ from it in some decisions.
        """
        points = self._canonical(points)
        seen, stale = set(self._rows), []
        for place, point in enumerate(points):
            if point.tobytes() in seen:
                stale.append(place)
            seen.add(point.tobytes())
        if stale and self.order:
            count = _TRIES * len(stale)
            pools = (self._beside_the_front(sizes, rng, count), self._near_the_front(sizes, rng, count))
            tried = (point for pool in pools for point in self._canonical(pool))
            for place in stale:
                found = next((item for item in tried if item.tobytes() not in seen), None)
                if found is None:
                    break
                points[place] = found
                seen.add(found.tobytes())
        return points

    def _front(self) -> Points:
        found = self.found(interrupted=False)
        return found.points[found.front]

    def _beside_the_front(self, sizes: Points, rng: np.random.Generator, count: int) -> Points:
        """Points that differ from one of the front by a step of one decision, so many of them at most."""
        front = self._front()
        steps = np.concatenate([np.eye(sizes.size, dtype=np.int64), -np.eye(sizes.size, dtype=np.int64)])
        near = (front[:, None] + steps[None]).reshape(-1, sizes.size)
        inside: Points = near[((near >= 0) & (near < sizes)).all(axis=1)]
        return inside[rng.permutation(len(inside))[:count]]

    def _near_the_front(self, sizes: Points, rng: np.random.Generator, count: int) -> Points:
        """Points of the front with up to three decisions drawn anew; drawn altogether, where there is no front."""
        front, drawn = self._front(), rng.integers(0, sizes, size=(count, sizes.size))
        if not len(front):
            return drawn
        changed = rng.random((count, sizes.size)) < rng.integers(1, 4, size=(count, 1)) / sizes.size
        return np.where(changed, drawn, front[rng.integers(0, len(front), size=count)])

    def tell(self, points: Points, asked: Any) -> int:
        """Evaluate points as far as needed, tell pymoo, and return how many were new."""
        wanted = {point.tobytes(): point for point in points if point.tobytes() not in self._rows}
        new = list(wanted.values())
        if new:
            objectives, excess = self._evaluate(np.stack(new))
            for point, row, over in zip(new, objectives, excess, strict=True):
                self._rows[point.tobytes()] = (row, over)
                self.order.append(point)
        found = [self._rows[point.tobytes()] for point in points]
        objectives = np.stack([row for row, _ in found])
        excess = np.stack([over for _, over in found])
        failed = ~_finite(objectives)
        # A point that could not be evaluated is as bad as can be, and breaks a constraint of its own.
        asked.set("F", np.where(failed[:, None], _WORST, objectives))
        asked.set("G", np.column_stack([excess, np.where(failed, 1.0, -1.0)]))
        return len(new)

    def found(self, interrupted: bool) -> Found:
        """Everything, in order."""
        if not self.order:
            raise KeyboardInterrupt
        rows = [self._rows[point.tobytes()] for point in self.order]
        return Found(
            np.stack(self.order),
            np.stack([row for row, _ in rows]),
            np.stack([over for _, over in rows]),
            interrupted,
        )


#: In place of the objectives of a point that could not be evaluated; its constraint keeps it out.
_WORST = 1e30


def _algorithm(sizes: Points, first: Points, effort: Effort) -> Any:
    """Pymoo's algorithm for a grid, ready to be asked."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair

    grid = Problem(
        n_var=sizes.size, n_obj=effort.objectives, xl=np.zeros(sizes.size), xu=sizes - 1.0, vtype=int
    )
    moves = {
        "pop_size": effort.population,
        "sampling": first,
        "crossover": SBX(eta=10, prob=0.9, vtype=float, repair=RoundingRepair()),
        "mutation": PM(eta=15, vtype=float, repair=RoundingRepair()),
        "eliminate_duplicates": True,
    }
    if effort.objectives <= _FEW:
        chosen = NSGA2(**moves)
    else:
        chosen = NSGA3(_directions(effort.objectives, effort.population), **moves)
    chosen.setup(grid, termination=("n_gen", effort.generations + 1), seed=effort.seed)
    return chosen


@cache
def _directions(objectives: int, count: int) -> Floats:
    """Directions on a lattice of the simplex, as many as fit in a generation (Das and Dennis 1998)."""
    from math import comb

    from pymoo.util.ref_dirs import get_reference_directions

    parts = 1
    while comb(parts + objectives, objectives - 1) <= count:
        parts += 1
    found = get_reference_directions("das-dennis", objectives, n_partitions=parts)
    return np.asarray(found, dtype=np.float64)
