"""Designs: what a block is, and that a block compares what its method compares."""

from __future__ import annotations

import numpy as np
import pytest

from sd_covid.analysis.sensitivity.designs import SPAN, design
from sd_covid.analysis.sensitivity.indices import METHODS
from sd_covid.errors import RunError


def test_every_sobol_block_differs_from_its_base_point_in_one_factor_at_a_time() -> None:
    points = design("sobol", ["a", "b", "c"], 8, seed=0)
    blocks = points.points.reshape(8, 5, 3)
    for factor in range(3):
        changed = blocks[:, 1 + factor] != blocks[:, 0]
        np.testing.assert_array_equal(np.eye(3, dtype=bool)[[factor] * 8], changed)
        np.testing.assert_array_equal(blocks[:, -1, factor], blocks[:, 1 + factor, factor])
    base = points.base(np.arange(8) < 2)
    assert [0, 4, 5, 9] == base.tolist()


def test_a_group_moves_as_one() -> None:
    points = design("sobol", ["a", "b", "a"], 8, seed=0)
    assert (2, 4) == (points.subjects, points.block)
    blocks = points.points.reshape(8, 4, 3)
    assert (blocks[:, 1, [0, 2]] != blocks[:, 0, [0, 2]]).all()
    assert (blocks[:, 1, 1] == blocks[:, 0, 1]).all()


def test_a_trajectory_takes_one_equal_step_in_every_factor_from_anywhere() -> None:
    points = design("morris", ["a", "b", "c"], 200, seed=4)
    steps = np.diff(points.points.reshape(200, 4, 3), axis=1)
    moved = np.abs(steps) > 1e-9
    assert (moved.sum(axis=1) == 1).all()
    assert (moved.sum(axis=2) == 1).all()
    np.testing.assert_allclose(np.abs(steps[moved]), SPAN * 2 / 3, rtol=1e-9)
    assert 400 < len(np.unique(points.points.round(6)))


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_gives_the_same_points_within_the_open_cube(method) -> None:
    one, two, other = (design(method, ["a", "b", "c"], 128, seed).points for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert ((one > 0) & (one < 1)).all()


def test_samples_that_a_method_cannot_use_are_refused() -> None:
    for method, samples, reason in (
        ("sobol", 500, "not a power of two"),
        ("fast", 64, "too few for fast"),
        ("pawn", 50, "too few for pawn"),
    ):
        with pytest.raises(RunError, match=reason) as caught:
            design(method, ["a", "b"], samples, seed=1)
        assert "samples" == caught.value.variable
    with pytest.raises(RunError, match="two factors or groups"):
        design("sobol", ["a", "a"], 8, seed=1)
