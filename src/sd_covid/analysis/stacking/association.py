"""Joint distributions of yes-or-no problems from their shares and the odds ratios of their pairs.

In go shares of persons with each of k problems and a log odds ratio for each pair; out come tables of 2^k cells. Cell c
is the combination in which problem i is present when bit i of c is one. The tables are log-linear without interactions
of three: of all tables with these shares and pair ratios, the ones that add nothing else. They are found by iterative
proportional fitting, which keeps the interactions of the table it starts from and makes its margins exact.

Within a group the ratio of a pair is that *given the other problems*. `within_ratios` finds those ratios, alike in all
groups, for which the groups together have given national ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError

Floats = NDArray[np.float64]

_ROUNDS = 2_000  # some dozens are usual; what needs thousands is at the edge of what is possible
_CHUNK = 8192  # tables fitted together: their cells stay in the processor's cache
_EXACT = 1e-13  # of margins, which are shares
_NEAR = 1e-11  # of national margins, summed over groups and cells


def pairs(count: int) -> list[tuple[int, int]]:
    """The pairs of so many problems, in the order in which ratios are given: (0, 1), (0, 2), … (1, 2), …."""
    return list(combinations(range(count), 2))


def has(count: int) -> NDArray[np.bool_]:
    """Which problem is present in which cell, shape (problem, cell)."""
    return (np.arange(2**count) >> np.arange(count)[:, None] & 1).astype(bool)


def both(first: Floats | float, second: Floats | float, ratio: Floats | float) -> Floats:
    """The share with both of two problems, from the share of each and their odds ratio.

    Parameters
    ----------
    first, second : ndarray or float
        Shares, between 0 and 1.
    ratio : ndarray or float
        Odds ratio, above 0.

    Returns
    -------
    ndarray
        Plackett's closed form, the root of the quadratic equation that the odds ratio is, written so that it also holds
        near a ratio of one.
    """
    p, q, r = (np.asarray(item, dtype=np.float64) for item in (first, second, ratio))
    middle = 1 + (p + q) * (r - 1)
    root = np.sqrt(np.maximum(middle**2 - 4 * r * (r - 1) * p * q, 0.0))
    found: Floats = 2 * r * p * q / (middle + root)
    return found


def tables(shares: Floats, log_ratios: Floats) -> Floats:
    """Tables with exact shares and, of each pair, the odds ratio given the other problems.

    Parameters
    ----------
    shares : ndarray, shape (..., problem)
        Between 0 and 1.
    log_ratios : ndarray, shape (..., pair)
        In the order of `pairs`.

    Returns
    -------
    ndarray, shape (..., cell)

    Raises
    ------
    RunError
        When shares are no shares, or cannot be met in a reasonable number of rounds.
    """
    count = shares.shape[-1]
    if not ((shares >= 0) & (shares <= 1)).all():
        raise RunError("a share of persons is not between 0 and 1", advice="check the model's run")
    present = has(count)
    interaction = np.stack([present[i] & present[j] for i, j in pairs(count)]).astype(np.float64)
    exponent = log_ratios @ interaction
    start = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    outer = np.broadcast_shapes(shares.shape[:-1], start.shape[:-1])
    goals = np.broadcast_to(shares, (*outer, count)).reshape(-1, count).T
    made = np.broadcast_to(start, (*outer, 2**count)).reshape(-1, 2**count).T.copy()
    for first in range(0, made.shape[1], _CHUNK):
        here = slice(first, first + _CHUNK)
        made[:, here] = _fitted(made[:, here], goals[:, here], present)
    return made.T.reshape(*outer, 2**count)


def _fitted(table: Floats, goals: Floats, present: NDArray[np.bool_]) -> Floats:
    """Tables, shape (cell, table), scaled until their margins are the goals, shape (problem, table)."""
    table = table / table.sum(axis=0)
    for _ in range(_ROUNDS):
        worst = 0.0
        for inside, goal in zip(present, goals, strict=True):
            now = table[inside].sum(axis=0)
            worst = max(worst, float(np.abs(now - goal).max(initial=0.0)))
            table *= np.where(inside[:, None], _per(goal, now), _per(1 - goal, 1 - now))
        if worst < _EXACT:
            return table
    raise RunError("shares and odds ratios cannot be brought together", advice="use smaller odds ratios")


def within_ratios(weights: Floats, shares: Floats, ratios: Floats) -> Floats:
    """The log odds ratios within groups for which all groups together have given ones.

    Parameters
    ----------
    weights : ndarray, shape (group,)
        Share of each group; they add up to one.
    shares : ndarray, shape (..., group, problem)
        Between 0 and 1, both excluded.
    ratios : ndarray, shape (..., pair)
        Odds ratios of the pairs in all groups together, whatever other problems there are.

    Returns
    -------
    ndarray, shape (..., pair)
        Within a group and given the other problems, alike in all groups. They are the interactions of the one table of
        groups and problems that has each group's shares, the national share of each pair, and nothing else.

    Raises
    ------
    RunError
        When a share is 0 or 1, or no table has all these ratios.
    """
    count = shares.shape[-1]
    if not ((shares > 0) & (shares < 1)).all():
        reason = "a problem that nobody or everybody has leaves odds ratios undetermined"
        raise RunError(reason, advice="leave that problem out")
    present, which = has(count), pairs(count)
    national = np.einsum("g,...gp->...p", weights, shares)
    wanted = [_square(national[..., i], national[..., j], ratios[..., at]) for at, (i, j) in enumerate(which)]
    squares = [_cells_of(present, i, j) for i, j in which]
    wide = (*np.broadcast_shapes(shares.shape[:-2], ratios.shape[:-1]), shares.shape[-2], 2**count)
    table = np.broadcast_to(weights[:, None] / 2**count, wide).copy()
    for _ in range(_ROUNDS):
        worst = 0.0
        for at in range(count):
            goal = weights * shares[..., at]
            now = table[..., present[at]].sum(axis=-1)
            worst = max(worst, float(np.abs(now - goal).max()))
            table[..., present[at]] *= _per(goal, now)[..., None]
            rest = table[..., ~present[at]].sum(axis=-1)
            table[..., ~present[at]] *= _per(weights - goal, rest)[..., None]
        for square, cells in zip(wanted, squares, strict=True):
            for goal, inside in zip(square, cells, strict=True):
                now = table[..., inside].sum(axis=(-1, -2))
                worst = max(worst, float(np.abs(now - goal).max()))
                table[..., inside] *= _per(goal, now)[..., None, None]
        if worst < _NEAR:
            return _interactions(table[..., 0, :], count)
    raise RunError(
        "no distribution has all these odds ratios at once", advice="bring them nearer to one another"
    )


def by_number(table: Floats, most: int | None = None) -> Floats:
    """Shares with none, one, two … problems; those with `most` or more together. Shape (..., number)."""
    count = int(np.log2(table.shape[-1]))
    last = count if most is None else min(most, count)
    number = np.minimum(has(count).sum(axis=0), last)
    return np.stack([table[..., number == n].sum(axis=-1) for n in range(last + 1)], axis=-1)


def independent(shares: Floats) -> Floats:
    """The tables in which no problem goes with another. Shape (..., cell)."""
    present = has(shares.shape[-1])
    each = np.where(present, shares[..., :, None], 1 - shares[..., :, None])
    found: Floats = each.prod(axis=-2)
    return found


def _per(goal: Floats, now: Floats) -> Floats:
    """Goal over what there is; zero where there is nothing."""
    found: Floats = np.divide(goal, now, out=np.zeros_like(now), where=now > 0)
    return found


def _square(first: Floats, second: Floats, ratio: Floats) -> Sequence[Floats]:
    """The four shares of a pair: neither, the first alone, the second alone, both."""
    two = both(first, second, ratio)
    return 1 - first - second + two, first - two, second - two, two


def _cells_of(present: NDArray[np.bool_], first: int, second: int) -> Sequence[NDArray[np.bool_]]:
    """The cells that belong to each of the four."""
    a, b = present[first], present[second]
    return ~a & ~b, a & ~b, ~a & b, a & b


def _interactions(table: Floats, count: int) -> Floats:
    """Log odds ratio of each pair with all other problems absent, in a table of one group."""
    logs = np.log(table)
    found = [
        logs[..., (1 << i) | (1 << j)] + logs[..., 0] - logs[..., 1 << i] - logs[..., 1 << j]
        for i, j in pairs(count)
    ]
    return np.stack(found, axis=-1)
