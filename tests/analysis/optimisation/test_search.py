"""The search for a front, through its own driver.

Expected: ZDT1 (Zitzler, Deb and Thiele 2000, doi 10.1162/106365600568202), whose front is f2 = 1 - sqrt(f1); DTLZ2
(Deb and others 2005, doi 10.1007/1-84628-137-7_6), whose front is the positive part of a sphere; grids small enough to
enumerate.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from moocore import hypervolume
from numpy.typing import NDArray

from sd_covid.analysis.optimisation.front import apart, knee, spread
from sd_covid.analysis.optimisation.search import Effort, Found, search, undominated
from sd_covid.errors import RunError

Floats = NDArray[np.float64]
_GRID = 101
_FREE = np.full((1, 1), -1.0)


def zdt1(points: NDArray[np.int64]) -> tuple[Floats, Floats]:
    x = points / (_GRID - 1)
    g = 1 + 9 * x[:, 1:].mean(axis=1)
    return np.column_stack([x[:, 0], g * (1 - np.sqrt(x[:, 0] / g))]), np.repeat(_FREE, len(x), axis=0)


def dtlz2(points: NDArray[np.int64], objectives: int) -> tuple[Floats, Floats]:
    x = points / (_GRID - 1)
    far = 1 + ((x[:, objectives - 1 :] - 0.5) ** 2).sum(axis=1)
    angles = x[:, : objectives - 1] * math.pi / 2
    found = []
    for place in range(objectives):
        row = far * np.cos(angles[:, : objectives - 1 - place]).prod(axis=1)
        found.append(row if place == 0 else row * np.sin(angles[:, objectives - 1 - place]))
    return np.column_stack(found), np.repeat(_FREE, len(x), axis=0)


def volume(found: Found, objectives: int) -> float:
    return float(hypervolume(found.objectives[found.front], ref=np.full(objectives, 1.1)))


def test_the_front_of_zdt1_is_found() -> None:
    found = search([_GRID] * 8, zdt1, Effort(40, 60, 2, seed=1))
    best = np.column_stack([np.linspace(0, 1, _GRID), 1 - np.sqrt(np.linspace(0, 1, _GRID))])
    most = float(hypervolume(best, ref=np.full(2, 1.1)))
    # On the whole line it is 1.1² - 1/3; a grid of a hundred steps loses less than a step times the height.
    np.testing.assert_allclose(1.21 - 1 / 3, most, atol=1.1 / (_GRID - 1))
    # 2,400 of 101⁸ points: a hundredth may be missing.
    assert 0.99 * most <= volume(found, 2) <= most


@pytest.mark.parametrize(("objectives", "share"), [(3, 0.92), (4, 0.85)])
def test_the_front_of_dtlz2_is_found_by_either_algorithm(objectives: int, share: float) -> None:
    found = search(
        [_GRID] * (objectives + 3), lambda x: dtlz2(x, objectives), Effort(48, 40, objectives, seed=1)
    )
    ball = math.pi ** (objectives / 2) / math.gamma(objectives / 2 + 1) / 2**objectives
    # Some hundred points do not fill a curved surface; the more objectives, the more is left between them.
    assert share * (1.1**objectives - ball) <= volume(found, objectives) <= 1.1**objectives - ball


def constrained(points: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Two sums to be made small, which together must be 9 at least: the front is the line on which they are 9."""
    x = points.astype(np.float64)
    return x[:, :2], (9 - x.sum(axis=1))[:, None]


def test_a_constraint_is_kept_and_its_front_is_the_enumerated_one() -> None:
    found = search([8, 8], constrained, Effort(16, 30, 2, seed=2))
    assert {(k, 9 - k) for k in range(2, 8)} == set(map(tuple, found.points[found.front].tolist()))
    assert not found.feasible.all()  # it looked beyond the constraint and left that out


def test_points_that_fail_are_left_out() -> None:
    def failing(points: NDArray[np.int64]) -> tuple[Floats, Floats]:
        objectives, excess = zdt1(points)
        objectives[points[:, 0] < 50] = np.nan
        return objectives, excess

    found = search([_GRID] * 3, failing, Effort(20, 20, 2))
    assert (found.points[found.front][:, 0] >= 50).all()
    assert np.isnan(found.objectives).any()


def test_every_point_is_evaluated_once_and_the_same_seed_goes_the_same_way() -> None:
    first, second = (search([5, 5, 5], zdt1, Effort(10, 15, 2, seed=7)) for _ in range(2))
    assert len(first.points) == len(np.unique(first.points, axis=0))
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(first.objectives, second.objectives)


def test_a_search_that_is_stopped_keeps_what_it_found() -> None:
    whole = search([_GRID] * 4, zdt1, Effort(10, 12, 2, seed=5))
    calls = 0

    def stopped(points: NDArray[np.int64]) -> tuple[Floats, Floats]:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return zdt1(points)

    part = search([_GRID] * 4, stopped, Effort(10, 12, 2, seed=5))
    assert part.interrupted
    assert len(part.front)
    np.testing.assert_array_equal(whole.points[: len(part.points)], part.points)


def test_nothing_to_decide_is_refused() -> None:
    with pytest.raises(RunError, match="nothing to search"):
        search([], zdt1, Effort(10, 10, 2))


def test_undominated_rows_are_those_of_a_comparison_of_all_pairs() -> None:
    rows = np.random.default_rng(1).integers(0, 4, size=(60, 3)).astype(np.float64)
    beaten = [
        any((other <= row).all() and (other < row).any() for other in rows)
        or any((other == row).all() for other in rows[:place])
        for place, row in enumerate(rows)
    ]
    np.testing.assert_array_equal(np.logical_not(beaten), undominated(rows))


def test_a_front_that_is_rounded_to_what_matters_keeps_one_point_a_box() -> None:
    # Cost and effect; effects matter by 1. The second does as much as the first for less; the third next to nothing.
    front = np.array([[9.0, -2.4], [8.0, -2.1], [1.0, -0.4], [0.0, 0.0], [20.0, -5.0]])
    assert [1, 3, 4] == apart(front, np.array([0.0, 1.0])).tolist()
    assert [0, 1, 2, 3, 4] == apart(front, np.zeros(2)).tolist()


def test_the_knee_is_the_corner_and_the_spread_holds_it_and_the_ends() -> None:
    front = np.array([[0.0, 10.0], [1.0, 9.0], [2.0, 1.0], [6.0, 0.5], [10.0, 0.0]])
    assert 2 == knee(front)
    assert [0, 2, 4] == spread(front, 3).tolist()
    assert [0, 1, 2, 3, 4] == spread(front, 9).tolist()
