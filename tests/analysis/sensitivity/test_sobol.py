"""Sobol indices against closed forms: Ishigami & Homma 1990, and an additive function.

Ishigami, sin x1 + a sin² x2 + b x3⁴ sin x1 on [-π, π]³ with a = 7, b = 0.1. Variances (Saltelli et al. 2000, eq. 18):
V1 = (1 + b π⁴/5)²/2, V2 = a²/8, V13 = b² π⁸ (1/18 - 1/50), V = V1 + V2 + V13.
"""

from __future__ import annotations

import numpy as np
import pytest

from sd_covid.analysis.sobol import design, indices, sound_blocks
from sd_covid.errors import RunError

A, B = 7.0, 0.1
V1 = 0.5 * (1 + B * np.pi**4 / 5) ** 2
V2 = A**2 / 8
V13 = B**2 * np.pi**8 * (1 / 18 - 1 / 50)
FIRST = np.array([V1, V2, 0.0]) / (V1 + V2 + V13)
TOTAL = np.array([V1 + V13, V2, V13]) / (V1 + V2 + V13)


def ishigami(points: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * points - 1)
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami_has_its_exact_indices() -> None:
    points = design(3, 4096, seed=1)
    found = indices(ishigami(points), 3, np.ones(4096, bool), seed=1)
    # 0.02: about two bootstrap half widths of the largest index at 4,096 blocks.
    np.testing.assert_allclose(FIRST, found.first, atol=0.02)
    np.testing.assert_allclose(TOTAL, found.total, atol=0.02)
    np.testing.assert_allclose(V1 + V2 + V13, found.variance, rtol=0.02)
    assert (found.total_half_width < 0.05).all()


def test_the_interval_holds_the_exact_index_and_narrows_with_the_root_of_the_blocks() -> None:
    few, many = (
        indices(ishigami(design(3, size, seed=2)), 3, np.ones(size, bool), seed=2) for size in (256, 4096)
    )
    # A Sobol design beats a random one, so a 90 % interval for random blocks holds the truth with room to spare.
    assert (np.abs(few.total - TOTAL) < few.total_half_width + 1e-3).all()
    # 16 times the blocks is a quarter of the width; 30 % for the bootstrap of 200 resamples at 256 blocks.
    np.testing.assert_allclose(few.total_half_width / 4, many.total_half_width, rtol=0.3)


def test_every_block_differs_from_its_base_point_in_one_factor_at_a_time() -> None:
    blocks = design(3, 8, seed=0).reshape(8, 5, 3)
    for factor in range(3):
        changed = blocks[:, 1 + factor] != blocks[:, 0]
        np.testing.assert_array_equal(np.eye(3, dtype=bool)[[factor] * 8], changed)
        np.testing.assert_array_equal(blocks[:, -1, factor], blocks[:, 1 + factor, factor])


def test_one_failed_run_takes_its_block_out_and_leaves_the_other_indices_right() -> None:
    points = design(3, 4096, seed=3)
    outcome = ishigami(points)
    outcome[[7, 5 * 100 + 2, 5 * 100 + 3]] = np.nan
    blocks = sound_blocks(np.isfinite(outcome), 3)
    assert [1, 100] == np.flatnonzero(~blocks).tolist()
    found = indices(outcome, 3, blocks, seed=3)
    assert 4094 == found.blocks
    np.testing.assert_allclose(TOTAL, found.total, atol=0.02)
    without = np.delete(outcome.reshape(-1, 5), [1, 100], axis=0).ravel()
    np.testing.assert_array_equal(indices(without, 3, np.ones(4094, bool), seed=3).total, found.total)


def test_seed_zero_is_a_seed() -> None:
    points = design(2, 64, seed=0)
    np.testing.assert_array_equal(points, design(2, 64, seed=0))
    blocks = np.ones(64, bool)
    one, two = (indices(points @ [1.0, 2.0], 2, blocks, seed=0) for _ in range(2))
    np.testing.assert_array_equal(one.total_half_width, two.total_half_width)


def test_an_outcome_that_does_not_vary_has_no_indices() -> None:
    found = indices(np.full(4 * 64, 3.0), 2, np.ones(64, bool), seed=1)
    assert np.isnan([*found.first, *found.total, *found.total_half_width]).all()
    assert 0.0 == found.variance


def test_too_little_to_estimate_from_is_refused() -> None:
    with pytest.raises(RunError, match="power of two") as caught:
        design(2, 500, seed=1)
    assert "samples" == caught.value.variable
    with pytest.raises(RunError, match="fewer than two blocks"):
        indices(np.zeros(8), 2, np.array([True, False]), seed=1)
