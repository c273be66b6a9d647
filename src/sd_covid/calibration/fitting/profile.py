"""Profiles: how far a parameter can move before the rest can no longer make up for it.

In: an `Objective`, its best fit and a parameter. Out: for values of it to either side of the best one, the highest log
density that the other parameters reach, and the interval in which it drops by less than half the 95 % quantile of
chi-square with one degree of freedom. The density is the posterior's, the same without the parameter's own prior, or
that of the figures alone: where the second is flat and the first is not, it is the prior that speaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import minimize
from scipy.stats import chi2

from sd_covid.calibration.density.coordinates import PriorScale
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.runs import PORTION
from sd_covid.calibration.fitting.fit import WORST
from sd_covid.calibration.problem.priors import JointPrior
from sd_covid.calibration.types import Array, Mask
from sd_covid.errors import UnknownNameError, suggest

Kind = Literal["posterior", "others", "likelihood"]
"""What counts beside the figures: all priors, those of the other parameters only, or none."""

BY: dict[Kind, str] = {
    "posterior": "the figures and the priors",
    "others": "the figures and the priors of the others",
    "likelihood": "the figures",
}
Tell = Callable[[float], None]
"""Called with the share of the work that is done, as far as can be seen."""

DROP = float(chi2.ppf(0.95, 1)) / 2  # 1.92
WISHED = 0.4  # drop between two points: five or so to either side
FIRST = 0.1  # first step, in standard deviations of the prior
FURTHEST = 8.0  # standard deviations of the prior within which an end is looked for
MOST = 40  # points on one side
AGAIN = 5  # times at most
NEAR = 1e-4  # of an unconstrained coordinate, to either side, for a curvature
FLAT = 1e-2  # curvature below which a direction counts as no flatter
NOTICED = 1e-3  # a drop below minus this is another, better fit; less is where the optimiser stops


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile.

    Attributes
    ----------
    parameter : str
    kind : {'posterior', 'others', 'likelihood'}
    values : ndarray, shape (point,)
        Of the parameter, rising.
    drops : ndarray, shape (point,)
        How far the highest log density lies below that of the best fit found.
    best : float
        Where the drop is zero.
    low, high : float or None
        Ends of the 95 % interval; None where the density does not drop far enough before ``reach`` is met.
    reach : tuple of float
        The values between which ends were looked for: the bounds, or `FURTHEST` prior standard deviations.
    better : float
        By how much a point of the profile beat the fit it started from; 0 if none did.
    failed : tuple of float
        Values at which the model failed.
    """

    parameter: str
    kind: Kind
    values: Array
    drops: Array
    best: float
    low: float | None
    high: float | None
    reach: tuple[float, float]
    better: float
    failed: tuple[float, ...]

    @property
    def verdict(self) -> str:
        """Whether the density bounds the parameter, in words."""
        by = BY[self.kind]
        if self.low is None and self.high is None:
            return f"not bounded by {by}"
        if self.low is None:
            return f"bounded above only by {by}"
        if self.high is None:
            return f"bounded below only by {by}"
        return f"bounded by {by}"


def profile(
    objective: Objective, best: Array, parameter: str, *, kind: Kind = "posterior", tell: Tell | None = None
) -> Profile:
    """The profile of one parameter.

    The steps follow the drop: half as long where it is steep, twice where it is flat. Every point starts from the last
    one, continued in a straight line.

    Parameters
    ----------
    objective : Objective
    best : ndarray, shape (parameter,)
        Natural values of the best fit; it is climbed from first.
    parameter : str
        Its id.
    kind : {'posterior', 'others', 'likelihood'}
        Where priors hold many directions, the likelihood alone has no top that an optimiser would find soon.
    tell : callable, optional

    Raises
    ------
    UnknownNameError
        No estimated parameter has that id.
    """
    check_estimated(objective, parameter)
    walk = _Walk(objective, parameter, kind, tell)
    top, value = walk.begin(best)
    sides = [walk.side(top, value, -1.0), walk.side(top, value, 1.0)]
    points = [*reversed(sides[0].points), (float(top[walk.place]), value), *sides[1].points]
    values, heights = np.array(points).T
    highest = float(np.max(heights))
    drops = highest - heights
    at = int(np.argmin(drops))
    lower, upper = (walk.natural(end) for end in walk.reach)
    return Profile(
        parameter,
        kind,
        values,
        drops,
        float(values[at]),
        _end(walk, values[at::-1], drops[at::-1]),
        _end(walk, values[at:], drops[at:]),
        (lower, upper),
        better=highest - value if highest - value > NOTICED else 0.0,
        failed=tuple(sides[0].failed + sides[1].failed),
    )


def check_estimated(objective: Objective, parameter: str) -> None:
    """Refuse what is not the id of an estimated parameter.

    Raises
    ------
    UnknownNameError
    """
    if parameter not in objective.names:
        advice = suggest(parameter, objective.names) or "fit.json lists the estimated parameters"
        raise UnknownNameError(f"'{parameter}' is not estimated", advice=advice, variable=parameter)


@dataclass(slots=True)
class _Side:
    """Points on one side of the best fit, outwards: (value, highest log density)."""

    points: list[tuple[float, float]]
    failed: list[float]


class _Walk:
    """Walks from the best fit to one side, in standard deviations of the prior."""

    def __init__(self, objective: Objective, parameter: str, kind: Kind, tell: Tell | None) -> None:
        self._objective, self._tell = objective, tell
        self._scale = PriorScale(objective.parameters)
        self.place = objective.names.index(parameter)
        self._others = np.arange(objective.dimension) != self.place
        nobody = np.zeros(objective.dimension, dtype=bool)
        self._counts = {"posterior": ~nobody, "others": self._others, "likelihood": nobody}[kind]
        counted = [item for item, counts in zip(objective.parameters, self._counts, strict=True) if counts]
        self._prior = JointPrior([item.prior for item in counted if item.prior is not None])
        self._root = np.eye(objective.dimension)
        low, high = self._scale.bounds[self.place]
        self.reach = (max(low, -FURTHEST), min(high, FURTHEST))

    def _density(self, x: Array) -> tuple[Array, Array]:
        """The log density of some points, of shape (point, parameter), and its slopes."""
        parts = [
            self._objective.log_likelihoods(x[first : first + PORTION]) for first in range(0, len(x), PORTION)
        ]
        value, slope = (np.concatenate(part) for part in zip(*parts, strict=True))
        prior, turned = self._prior.log_density(x[:, self._counts])
        slope[:, self._counts] += turned
        return value + prior, slope

    def begin(self, best: Array) -> tuple[Array, float]:
        """The top, climbed to from the best fit; what the curvature there says of scales is kept for the walk."""
        everything = np.ones(self._objective.dimension, dtype=bool)
        self._root = self._curved(best, everything)
        top, height = self.climb(best, everything)
        self._root = self._curved(top, self._others)
        return top, height

    def _curved(self, x: Array, moving: Mask) -> Array:
        """Coordinates of some parameters in which the density at a point is round, or as flat as it is."""
        transform = self._objective.transform
        at = transform.unconstrained(x)
        bumps = NEAR * np.eye(len(at))[moving]
        points = np.concatenate([at - bumps, at + bumps])
        x, slope, _, _ = transform.density(points)
        slopes = np.nan_to_num(self._density(x)[1] * slope)[:, moving]
        curvature = (slopes[: len(bumps)] - slopes[len(bumps) :]) / (2 * NEAR)
        values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
        found: Array = vectors / np.sqrt(np.maximum(values, FLAT))
        return found

    def climb(self, start: Array, moving: Mask | None = None) -> tuple[Array, float]:
        """The highest point from a start with the parameter held, or with others moving.

        They move in coordinates in which the density at the top is round: a ridge that bends a little is climbed in
        some ten steps. The optimiser sets off again from where it ended until that gains nothing.
        """
        found, height = start, -math.inf
        for _ in range(AGAIN):
            before = height
            found, height = self._climbed(found, self._others if moving is None else moving)
            if not math.isfinite(height) or height - before < NOTICED:
                break
        return found, height

    def _climbed(self, start: Array, moving: Mask) -> tuple[Array, float]:
        transform, root = self._objective.transform, self._root
        begin = transform.unconstrained(start)

        def point(w: Array) -> tuple[Array, Array]:
            u = begin.copy()
            u[moving] += root @ w
            x, slope, _, _ = transform.density(u)
            # what does not move keeps its value to the last bit
            return np.where(moving, x, start), slope

        def cost(w: Array) -> tuple[float, Array]:
            x, slope = point(w)
            value, gradient = self._density(x[None])
            if not math.isfinite(value[0]) or not np.all(np.isfinite(gradient)):
                return WORST, np.zeros_like(w)
            return -float(value[0]), np.asarray(-((gradient[0] * slope)[moving] @ root), dtype=np.float64)

        found = minimize(
            cost,
            np.zeros(len(root)),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 500, "maxcor": 30, "ftol": 1e-9, "gtol": 1e-5},
        )
        height = -float(found.fun)
        return point(found.x)[0], height if height > -WORST else -math.inf

    def natural(self, coordinate: float) -> float:
        """The parameter's natural value at its coordinate."""
        s = np.zeros(self._objective.dimension)
        s[self.place] = coordinate
        return float(self._scale.natural(s)[0][self.place])

    def coordinate(self, value: float) -> float:
        """The parameter's coordinate at its natural value."""
        x = self._scale.natural(np.zeros(self._objective.dimension))[0]
        x[self.place] = value
        return float(self._scale.of(x)[self.place])

    def side(self, top: Array, highest: float, direction: float) -> _Side:
        """Walk until the density has dropped far enough, the reach is met, or the points are used up."""
        found = _Side([], [])
        here = before = self._scale.of(top)
        height, step = highest, FIRST
        while len(found.points) + len(found.failed) < MOST and highest - height < DROP:
            at = float(np.clip(here[self.place] + direction * step, *self.reach))
            if direction * (at - float(here[self.place])) <= 1e-9:
                break
            x, reached = self.climb(self._started(here, before, at))
            if not math.isfinite(reached):
                found.failed.append(self.natural(at))
                step /= 2
                continue
            change = height - reached
            if change > 2 * WISHED and step > FIRST / 64:
                step /= 2  # too long a step: the same again, shorter
                continue
            found.points.append((float(x[self.place]), reached))
            before, here, height = here, self._scale.of(x), reached
            highest = max(highest, reached)
            step *= 2.0 if change < WISHED / 2 else 1.0
            if self._tell is not None:
                self._tell(0.25 * (1.0 + direction) + 0.5 * min(1.0, max(0.0, (highest - height) / DROP)))
        return found

    def _started(self, here: Array, before: Array, at: float) -> Array:
        """Natural values from which a point is climbed: the last two, continued, within the bounds."""
        moved = here[self.place] - before[self.place]
        share = (at - here[self.place]) / moved if moved else 0.0
        low, high = np.array(self._scale.bounds).T
        s = np.clip(here + share * (here - before), low, high)
        s[self.place] = at
        return self._scale.natural(s)[0]


def _end(walk: _Walk, values: Array, drops: Array) -> float | None:
    """Where the drop passes `DROP`, outwards: the root of the drop is a straight line where the density is normal."""
    beyond = np.flatnonzero(drops >= DROP)
    if not len(beyond):
        return None
    after = int(beyond[0])
    roots = np.sqrt(np.maximum(drops[after - 1 : after + 1], 0.0))
    share = (math.sqrt(DROP) - roots[0]) / (roots[1] - roots[0])
    ends = [walk.coordinate(float(values[index])) for index in (after - 1, after)]
    return walk.natural(ends[0] + float(share) * (ends[1] - ends[0]))
