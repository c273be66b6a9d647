"""Partial pooling, against closed forms and municipalities whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sd_covid.analysis.local.indicators import mean_range
from sd_covid.analysis.local.pooling import Measured, Pool


def _pool(size: int, regions: int, *, slope_sd: float = 0.0) -> Pool:
    """Municipalities without any slope, unless it is given a spread."""
    return Pool(
        fixed=np.zeros((size, 1)) if slope_sd == 0 else np.linspace(-1, 1, size)[:, None],
        slope_mean=np.zeros(1),
        slope_sd=np.array([slope_sd]),
        region=np.arange(size) % regions,
        region_sd=0.2,
        own_sd=0.3,
    )


def _measured(values: list[float], parts: np.ndarray, noise: float, *, chosen: bool = False) -> Measured:
    size = len(values)
    return Measured(np.array(values), parts, np.full(size, noise), np.full(size, chosen))


def test_one_figure_shrinks_as_two_normals_do():
    # One municipality in a region of its own: prior variance a, noise b; mean y a/(a+b), variance ab/(a+b).
    pool, sd = _pool(3, 3), np.array([0.2, 0.3])
    figures = _measured([0.5], np.array([[1.0, 0, 0]]), 0.4)
    mean, variance = pool.moments(figures, sd, np.array([1.0, 0, 0]))
    prior, noise = 0.2**2 + 0.3**2, 0.4**2
    assert mean == pytest.approx(0.5 * prior / (prior + noise), rel=1e-12)
    assert variance == pytest.approx(prior * noise / (prior + noise), rel=1e-12)
    # Another region learns nothing.
    assert pool.moments(figures, sd, np.array([0, 1.0, 0])) == pytest.approx((0.0, prior))


def test_a_municipality_learns_from_its_region_as_far_as_they_share():
    pool, sd = _pool(4, 2), np.array([0.2, 0.3])
    figures = _measured([0.5], np.array([[1.0, 0, 0, 0]]), 0.4)
    mean, _ = pool.moments(figures, sd, np.array([0, 0, 1.0, 0]))  # the other one of the first region
    assert mean == pytest.approx(0.5 * 0.2**2 / (0.2**2 + 0.3**2 + 0.4**2), rel=1e-12)


def test_draws_have_the_moments_of_the_conditional_distribution():
    pool = replace(_pool(6, 2, slope_sd=0.5), region_sd=1e-6, own_sd=1e-6)
    parts = np.eye(6)[[0, 5]]
    figures = _measured([0.3, -0.1], parts, 0.1)
    size = 20_000
    drawn = pool.draw(figures, size, np.random.default_rng(1)).all
    at = np.array([0, 1.0, 0, 0, 0, 0])
    mean, variance = pool.moments(figures, np.array([1e-6, 1e-6]), at)
    # Five standard errors of the mean and of the standard deviation of a normal sample.
    assert abs(drawn[:, 1].mean() - mean) < 5 * np.sqrt(variance / size)
    assert drawn[:, 1].std() == pytest.approx(np.sqrt(variance), rel=5 / np.sqrt(2 * size))


def test_figures_chosen_for_being_extreme_move_their_own_municipality_only():
    pool = _pool(4, 2, slope_sd=0.5)
    chosen = _measured([2.0], np.array([[1.0, 0, 0, 0]]), 0.01, chosen=True)
    with_it = pool.draw(chosen, 50, np.random.default_rng(3)).all
    without = pool.draw(chosen.where(np.array([False])), 50, np.random.default_rng(3)).all
    np.testing.assert_array_equal(with_it[:, 1:], without[:, 1:])
    assert with_it[:, 0].mean() > without[:, 0].mean() + 1


def test_municipalities_of_known_truth_are_recovered():
    rng = np.random.default_rng(7)
    size, regions = 300, 12
    region = np.arange(size) % regions
    covariate = rng.standard_normal(size)
    truth = (
        -0.25 * covariate + (0.15 * rng.standard_normal(regions))[region] + 0.12 * rng.standard_normal(size)
    )
    pool = Pool(
        np.stack([np.zeros(size), covariate], axis=1),
        np.zeros(2),
        np.array([0.5, 0.5]),
        region,
        0.2,
        0.2,
    )
    parts = (region == np.arange(regions)[:, None]) / (region == 0).sum()
    single = np.eye(size)[:40]
    parts = np.vstack([parts, single])
    noise = 0.05
    figures = Measured(
        parts @ truth + noise * rng.standard_normal(len(parts)),
        parts,
        np.full(len(parts), noise),
        np.zeros(len(parts), dtype=bool),
    )
    drawn = pool.draw(figures, 400, rng)
    rest = slice(40, None)  # those without a figure of their own
    error = drawn.all.mean(axis=0)[rest] - truth[rest]
    assert np.sqrt(np.mean(error**2)) < 0.55 * np.sqrt(np.mean(truth[rest] ** 2))
    low, high = np.quantile(drawn.all[:, rest], (0.05, 0.95), axis=0)
    covered = np.mean((low <= truth[rest]) & (truth[rest] <= high))
    # 260 municipalities: the standard error of a coverage of 0.9 is 0.02, more as they share slopes and regions.
    assert 0.8 < covered < 0.98
    assert drawn.slopes[:, 1].mean() == pytest.approx(-0.25, abs=0.06)
    assert drawn.sd.mean(axis=0) == pytest.approx([0.15, 0.12], abs=0.07)


def test_deviations_forget_at_their_rate_and_keep_their_spread():
    pool = replace(_pool(200, 5), region_sd=0.2, own_sd=0.3)
    none = Measured(np.empty(0), np.empty((0, 200)), np.empty(0), np.empty(0, dtype=bool))
    drawn = pool.draw(none, 300, np.random.default_rng(5))
    paths = drawn.over_years(range(2015, 2036), 2022, 0.9, seed=2)
    np.testing.assert_array_equal(paths[:, 7], drawn.all)
    spread = paths.std(axis=(0, 2))
    np.testing.assert_allclose(spread, spread[7], rtol=0.1)  # 300 draws of five regions: one in twenty, twice
    own = paths - drawn.fixed[:, None]
    for years in (1, 5):
        pair = own[:, 7].ravel(), own[:, 7 + years].ravel()
        assert np.corrcoef(*pair)[0, 1] == pytest.approx(0.9**years, abs=0.05)


@pytest.mark.parametrize(("count", "published"), [(2, 1.128), (10, 3.078), (25, 3.931), (100, 5.015)])
def test_the_mean_range_is_that_of_the_tables(count: int, published: float):
    # Factor d2 of control charts (Tippett 1925), printed to three decimals.
    assert mean_range(count) == pytest.approx(published, abs=6e-4)
