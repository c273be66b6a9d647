"""Points of a front that are worth telling: its knee, its ends, and others spread between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.optimisation.search import undominated
from sd_covid.policy.types import Floats


def scaled(objectives: Floats) -> Floats:
    """Objectives from 0, the best on the front, to 1, the worst; 0 where all are the same. Shape (point, objective)."""
    best, worst = objectives.min(axis=0), objectives.max(axis=0)
    span = np.where(worst > best, worst - best, 1.0)
    return np.asarray((objectives - best) / span, dtype=np.float64)


def apart(objectives: Floats, tolerance: Floats) -> NDArray[np.int64]:
    """Positions of the points that none beats when objectives are rounded to what matters.

    Parameters
    ----------
    objectives : ndarray, shape (point, objective)
        Of a front; less is better.
    tolerance : ndarray, shape (objective,)
        The smallest difference that matters; 0 where every one does.

    Returns
    -------
    ndarray of int
        One point a box, in order (epsilon-dominance; Laumanns and others 2002, doi 10.1162/106365602760234108). Boxes
        lie about 0, so that an effect of less than half the tolerance is none.
    """
    steps = np.where(tolerance > 0, tolerance, 1.0)
    boxes = np.where(tolerance > 0, np.round(objectives / steps), objectives)
    return np.flatnonzero(undominated(boxes))


def knee(objectives: Floats) -> int:
    """Position of the point that bulges most towards the best.

    Parameters
    ----------
    objectives : ndarray, shape (point, objective)
        Of a front; less is better.

    Returns
    -------
    int
        The point farthest below the plane through the ends of the front, each objective scaled by its range (Das 1999,
        doi 10.1007/BF01195985). It weighs every objective by its range, which is a convention and no judgement.
    """
    return int(np.argmin(scaled(objectives).sum(axis=1)))


def spread(objectives: Floats, count: int) -> NDArray[np.int64]:
    """Positions of some points of a front: the knee, the best by each objective, then always the farthest of the rest.

    Parameters
    ----------
    objectives : ndarray, shape (point, objective)
    count : int

    Returns
    -------
    ndarray of int
        In the order of the points; `count` of them, or all where there are fewer.
    """
    units = scaled(objectives)
    first = [knee(objectives), *np.argmin(objectives, axis=0).tolist()]
    chosen = list(dict.fromkeys(first))[:count]
    while len(chosen) < min(count, len(units)):
        away = np.linalg.norm(units[:, None] - units[chosen][None], axis=2).min(axis=1)
        away[chosen] = -1.0
        chosen.append(int(np.argmax(away)))
    return np.array(sorted(chosen), dtype=np.int64)
