"""The other methods against exact values, with a run that failed taken out first.

Ishigami's first- and total-order indices are exact; elementary effects of lines and squares and the delta of normal
variables are worked out below.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import norm

from sd_covid.analysis.sensitivity.convergence import Convergence
from sd_covid.analysis.sensitivity.designs import SPAN, design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.indices import MEASURES, Indices, Method
from sd_covid.errors import RunError
from tests.analysis.sensitivity.conftest import FIRST, TOTAL, ishigami


def found(method: Method, samples: int, failed: int | None = None, resamples: int = 0) -> Indices:
    points = design(method, ["a", "b", "c"], samples, seed=2)
    values = ishigami(points.points)
    if failed is not None:
        values[failed] = np.nan
    kept = points.sound(np.isfinite(values))
    indices = estimate(points, values[:, None], kept, np.zeros(1), seed=1, resamples=resamples).of(0)
    assert tuple(indices.values) == MEASURES[method]
    return indices


def test_fast_finds_the_shares_of_variance() -> None:
    indices = found("fast", 1025)
    # Four harmonics leave out what lies beyond them, and frequencies of the other factors interfere.
    np.testing.assert_allclose(indices.values["first"], FIRST, atol=0.03)
    np.testing.assert_allclose(indices.values["total"], TOTAL, atol=0.06)
    assert np.isnan(indices.leading_half_width).all()


def test_fast_loses_only_the_factor_whose_curve_has_a_failed_run() -> None:
    indices = found("fast", 1025, failed=1025 + 3)
    assert [False, True, False] == np.isnan(indices.leading).tolist()
    assert 2 == indices.blocks
    np.testing.assert_allclose(indices.leading[[0, 2]], TOTAL[[0, 2]], atol=0.04)


def test_rbd_fast_finds_the_first_order_without_the_failed_rows() -> None:
    indices = found("rbd-fast", 4000, failed=17, resamples=20)
    assert 3999 == indices.blocks
    assert (np.abs(indices.leading - FIRST) < indices.leading_half_width + 0.01).all()


def test_delta_is_the_shift_of_the_density() -> None:
    # Of a normal x1 and twice another the densities are known, given x1 too: half of the area between them, by
    # quadrature, averaged over x1.
    points = design("delta", ["a", "b"], 1500, seed=2)
    rows = np.arange(1500) != 5
    values = norm.ppf(points.points) @ [1.0, 2.0]
    values[5] = np.nan
    indices = estimate(points, values[:, None], rows, np.zeros(1), seed=1, resamples=10).of(0)
    y, given = np.linspace(-15, 15, 1201), norm.ppf((np.arange(200) + 0.5) / 200)[:, None]
    whole = norm.pdf(y, 0, np.sqrt(5))
    exact = [
        np.trapezoid(np.abs(whole - norm.pdf(y, weight * given, rest)), y, axis=1).mean() / 2
        for weight, rest in ((1.0, 2.0), (2.0, 1.0))
    ]
    # Kernels on some hundred points in each class smooth the density, and the estimate rests on one resample.
    np.testing.assert_allclose(indices.leading, exact, atol=0.08)


def test_pawn_and_regional_analysis_stand_above_what_does_nothing() -> None:
    for method in ("pawn", "regional"):
        points = design(method, ["a", "b", "idle"], 1000, seed=2)
        values = points.points[:, 0] + 0.5 * points.points[:, 1]
        indices = estimate(points, values[:, None], np.ones(1000, bool), np.zeros(1), seed=1).of(0)
        first, second, idle = indices.leading
        assert first > second > indices.floor
        # An idle factor is one of those of which one in twenty is above the floor; twice it is far beyond.
        assert idle < 2 * indices.floor


def test_elementary_effects_of_a_line_are_its_slopes() -> None:
    points = design("morris", ["a", "b", "idle"], 10, seed=2)
    values = points.points @ [3.0, -2.0, 0.0]
    indices = estimate(points, values[:, None], np.ones(10, bool), np.zeros(1), seed=1, resamples=20).of(0)
    np.testing.assert_allclose(indices.values["mu_star"], [3.0, 2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(indices.values["mu"], [3.0, -2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(indices.values["sigma"], 0.0, atol=1e-9)
    np.testing.assert_allclose(indices.leading_half_width, 0.0, atol=1e-9)


def test_elementary_effects_of_a_square_are_its_mean_slopes() -> None:
    # Of x² over a step from u to u + d the slope is 2 u + d; u is the lower of its two places, even on both.
    points = design("morris", ["a", "b"], 4000, seed=2)
    values = points.points[:, 0] ** 2
    indices = estimate(points, values[:, None], np.ones(4000, bool), np.zeros(1), seed=1).of(0)
    step, edge = SPAN * 2 / 3, (1 - SPAN) / 2
    lower = np.array([edge, edge + SPAN / 3])
    # Three standard errors of 4,000 slopes with a deviation of 0.3.
    np.testing.assert_allclose(indices.values["mu_star"][0], (2 * lower + step).mean(), atol=0.015)


def test_a_failed_run_takes_its_trajectory_out() -> None:
    indices = found("morris", 50, failed=9)
    assert 49 == indices.blocks
    assert np.isfinite(indices.leading).all()


@pytest.mark.parametrize("method", ["morris", "pawn", "delta", "fast", "rbd-fast", "regional"])
def test_what_does_not_vary_has_no_indices_and_nothing_is_said(method: Method) -> None:
    points = design(method, ["a", "b"], 128, seed=2)
    values = np.stack([np.full(len(points.points), 2.0), points.points[:, 0]], axis=1)
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - SALib seeds it
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        indices = estimate(points, values, np.ones(points.blocks, bool), np.full(2, 1e-12), seed=1)
    assert not said
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert np.isnan(indices.leading[:, 0]).all()
    assert indices.leading[0, 1] > indices.leading[1, 1]


def test_too_few_rows_are_refused() -> None:
    points = design("pawn", ["a", "b"], 128, seed=2)
    kept = np.zeros(128, bool)
    with pytest.raises(RunError, match="fewer than two blocks"):
        estimate(points, points.points[:, :1], kept, np.zeros(1), seed=1)


def test_drift_of_effects_is_told_as_a_part_of_the_largest() -> None:
    # Two quantities, one in thousands: the same change in proportion.
    leading = np.array([[[1.0, 1000.0], [0.5, 500.0]], [[1.2, 1200.0], [0.5, 500.0]]])
    found = Convergence((4, 8), leading)
    np.testing.assert_allclose(found.drift, [0.2, 200.0])
    np.testing.assert_allclose(found.relative_drift, [1 / 6, 1 / 6])
    assert np.isnan(Convergence((8,), leading[:1]).relative_drift).all()
