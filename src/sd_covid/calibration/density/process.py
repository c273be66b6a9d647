"""Series that no output of the model expresses, predicted from their own history and that of a leader.

In: the figures of one series, its scale, and for a follower the paths of its leader. Out: paths of the published figure
through all periods, and each figure as predicted by the others. A series is a normal process with one of the
covariances of `sd_covid.calibration.density.movement`; the ways to move, and how closely it follows its leader, are
averaged by their marginal likelihood (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, sections
2.7 and 5.4). The level is unknown, and the variance has its conjugate posterior (inverse gamma).

A share moves on the scale of its log odds and a positive amount on that of its logarithm, unless the problem says
otherwise; so what is expected of it lies where it can be. A series with a figure at such a bound has no such scale: it
moves as it is, and is held at what its unit allows (a censored normal: Tobin, Econometrica 26, 24-36, 1958).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.density.movement import covariances, movements
from sd_covid.calibration.settings import ProcessSetting
from sd_covid.calibration.types import Array, Index, Mask
from sd_covid.data.description import Measure
from sd_covid.errors import DataError

FOLLOWS = {0.0: 0.1, 0.5: 0.3, 1.0: 0.6}  # how much of the leader's change a follower makes: prior weights
FIRST = {
    "log": 0.03,
    "logit": 0.05,
    "identity": 0.03,
}  # a first idea of the sd of a change over a year; see `_first`
SCALE_OF: Mapping[Measure, str] = {
    "share": "logit",
    "score": "logit",
    "count": "log",
    "rate": "log",
    "index": "log",
    "amount": "log",
}  # a balance or a change may have either sign; a fraction is not in per cent
FIRST_COUNTS = 2.0  # changes that the first idea counts for
MOST_COUNT = 4.0  # degrees of freedom at most: what comes is not as like the past as the past is long
UNKNOWN = 1e4  # variance of the level, over that of a change over a year: hardly more could be known less
LEAST = 0.002  # of the weight of the likeliest, for a way to move to be drawn from
ROUNDING = 1e-9  # added to the variances, which rounding makes negative where a figure tells another exactly


@dataclass(frozen=True, slots=True)
class Paths:
    """Predicted figures of one series in its own unit.

    Attributes
    ----------
    path : ndarray, shape (draw, period)
        Through the published figures, on through gaps and the future.
    marginal : ndarray, shape (draw, period)
        As ``path``, but each published period as predicted from all the others.
    """

    path: Array
    marginal: Array


def scale_of(measure: Measure | None, figures: Array, leader: Array | None = None) -> str:
    """The scale on which a series moves of which the problem says none.

    Parameters
    ----------
    measure : Measure or None
        What its unit measures.
    figures : ndarray
        NaN where there is none.
    leader : ndarray, optional
        Paths that it may follow, on the same scale.

    Returns
    -------
    str
        ``logit`` of a share or score, ``log`` of a count, rate, index or amount, where all figures have one; else
        ``identity``.

    Examples
    --------
    >>> scale_of("share", np.array([3.1, np.nan, 2.8])), scale_of("share", np.array([0.0, 2.8]))
    ('logit', 'identity')
    """
    scale = "identity" if measure is None else SCALE_OF.get(measure, "identity")
    values = figures[~np.isnan(figures)]
    with np.errstate(all="ignore"):
        suits = np.isfinite(to_scale(scale, values)).all()
        follows = leader is None or np.isfinite(to_scale(scale, leader)).all()
    return scale if suits and follows else "identity"


def to_scale(scale: str, values: Array) -> Array:
    """Values on the scale on which a process moves; a percentage for ``logit``. What has none is not finite there."""
    if scale == "log":
        return np.log(values)
    if scale == "logit":
        return np.log(values / (100.0 - values))
    return values


def from_scale(scale: str, values: Array) -> Array:
    """The inverse of `to_scale`, held where the figure can still be told from 0, infinity and 100."""
    if scale == "log":
        return np.exp(np.clip(values, -300.0, 300.0))
    if scale == "logit":
        return 100.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0)))
    return values


def simulate(
    name: str,
    setting: ProcessSetting,
    times: Array,
    figures: Array,
    leader: Array | None,
    draws: int,
    rng: np.random.Generator,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Paths:
    """Paths of a series from its own history.

    Parameters
    ----------
    name : str
        For messages.
    setting : ProcessSetting
        With a scale; the identity where it has none.
    times : ndarray, shape (period,)
        Ends of all periods, in months.
    figures : ndarray, shape (period,)
        Published figures in the series' unit; NaN where there is none.
    leader : ndarray, shape (draw, period), or None
        Paths of the leader's figures over the same periods.
    draws : int
        The second half mirrors the first, so that medians vary less than they would by chance.
    rng : Generator
    bounds : tuple of float
        Lowest and highest figure that can be; paths are held there.

    Raises
    ------
    DataError
        No figure at all, or figures that the scale cannot hold.
    """
    known = ~np.isnan(figures)
    if not np.any(known):
        advice = "add figures to the series, or leave the process out"
        raise DataError(f"'{name}' has no figure to start from", advice=advice, variable=name)
    scale = setting.scale or "identity"
    with np.errstate(all="ignore"):
        own = to_scale(scale, figures)
        led = np.zeros((1, len(times))) if leader is None else to_scale(scale, leader)
    if not np.all(np.isfinite(own[known])) or not np.all(np.isfinite(led)):
        advice = "state the process on the identity scale"
        raise DataError(f"a figure of '{name}' has no {scale}", advice=advice, variable=name)
    follows = {0.0: 1.0} if leader is None else FOLLOWS
    learned = _learn(scale, setting.returns, times, own, known, led[:, known].mean(axis=0), follows)
    marginal = np.empty((draws, len(times)))
    chosen, root, white = _randomness(learned, draws, len(times), rng)
    for place in np.unique(chosen):
        mine = np.flatnonzero(chosen == place)
        way, follow = np.unravel_index(place, learned.weights.shape)
        base = list(follows)[follow] * (led if leader is None else led[mine]) + learned.level[follow]
        spread = np.sqrt(learned.variance[way, follow]) * root[mine, None] * white[mine]
        marginal[mine] = base + _conditional(learned.covariance[way], own - base, known, spread)
    through = np.clip(from_scale(scale, marginal), *bounds)
    path = np.where(known, np.where(known, figures, 0.0), through)
    return Paths(path, path.copy() if known.sum() == 1 else through)


@dataclass(frozen=True, slots=True)
class _Learned:
    """What the figures say. ``weights`` and ``variance`` have shape (movement, follow), ``level`` (follow,)."""

    covariance: Array
    weights: Array
    variance: Array
    level: Array
    freedom: float


def _learn(
    scale: str,
    returns: bool,
    times: Array,
    own: Array,
    known: Mask,
    led: Array,
    follows: dict[float, float],
) -> _Learned:
    """Weights of the ways to move and to follow, and the variance under each."""
    ways = movements(times[known], returns)
    covariance = covariances(times, ways) + UNKNOWN
    root = np.linalg.cholesky(_steady(covariance[:, known][:, :, known]))
    rest = own[known][:, None] - led[:, None] * np.array(list(follows))
    level = rest.mean(axis=0)
    white = np.linalg.solve(root, np.broadcast_to(rest - level, (len(ways), *rest.shape)))
    freedom = len(rest) - 1 + FIRST_COUNTS  # one figure goes to the level
    scatter = np.sum(white**2, axis=1) + FIRST_COUNTS * _first(scale, own[known]) ** 2
    half_determinant = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    likelihood = -half_determinant[:, None] - 0.5 * freedom * np.log(scatter)
    prior = np.outer([way.weight for way in ways], list(follows.values()))
    weights = prior * np.exp(likelihood - likelihood.max())
    weights[weights < LEAST * weights.max()] = 0.0
    return _Learned(covariance, weights / weights.sum(), scatter / freedom, level, freedom)


def _first(scale: str, own: Array) -> float:
    """A first idea of the sd of a change over a year: absolute, on the identity scale against the size of figures."""
    size = float(np.sqrt(np.mean(own**2))) if scale == "identity" else 1.0
    return max(FIRST[scale] * size, 1e-12)  # figures that are all zero


def _randomness(
    learned: _Learned, draws: int, periods: int, rng: np.random.Generator
) -> tuple[Index, Array, Array]:
    """Way to move and follow (draw,), factor of the sd (draw,) and white noise (draw, period); halves are mirrored."""
    half = (draws + 1) // 2
    bounds = np.cumsum(learned.weights.ravel())
    even = (np.arange(half) + rng.random()) / half  # as often as its weight says, up to one draw
    chosen = rng.permutation(np.searchsorted(bounds / bounds[-1], even))
    freedom = min(learned.freedom, MOST_COUNT)
    factor = np.sqrt(freedom / rng.chisquare(freedom, half))
    white = rng.standard_normal((half, periods))
    twice = np.concatenate([chosen, chosen])[:draws], np.concatenate([factor, factor])[:draws]
    return *twice, np.concatenate([white, -white])[:draws]


def _conditional(covariance: Array, rest: Array, known: Mask, spread: Array) -> Array:
    """Draws given the known: of the others together, and of each known one from all but itself.

    Leave-one-out by formulas (5.12) of Rasmussen and Williams.
    """
    unknown = ~known
    inverse = np.linalg.inv(_steady(covariance[np.ix_(known, known)]))
    found = np.empty_like(spread)
    precision = np.diag(inverse)
    found[:, known] = rest[:, known] - rest[:, known] @ inverse / precision
    found[:, known] += spread[:, known] / np.sqrt(precision)
    if np.any(unknown):
        gain = covariance[np.ix_(unknown, known)] @ inverse
        left = covariance[np.ix_(unknown, unknown)] - gain @ covariance[np.ix_(known, unknown)]
        root = np.linalg.cholesky(_steady(left, 1e-7))  # differences of numbers of the size of `UNKNOWN`
        found[:, unknown] = rest[:, known] @ gain.T + spread[:, unknown] @ root.T
    return found


def _steady(covariance: Array, by: float = ROUNDING) -> Array:
    found: Array = covariance + by * np.eye(covariance.shape[-1])
    return found
