"""Paths through published figures: against the conditional normal distribution written out with matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sd_covid.calibration.markov import leave_one_out, sample_paths
from sd_covid.calibration.process import simulate
from sd_covid.calibration.settings import ProcessSetting
from sd_covid.errors import DataError

TIMES = np.array([1.0, 2.0, 3.0, 5.0, 6.0, 9.0])
FIGURES = np.array([0.8, np.nan, 1.5, np.nan, -0.4, np.nan])
DRAWS = 20_000


def conditional(
    covariance: np.ndarray, unknown: list[int], known: list[int], z: np.ndarray
) -> tuple[np.ndarray, ...]:
    gain = covariance[np.ix_(unknown, known)] @ np.linalg.inv(covariance[np.ix_(known, known)])
    spread = covariance[np.ix_(unknown, unknown)] - gain @ covariance[np.ix_(known, unknown)]
    return gain @ z, spread


@pytest.mark.parametrize("rho", [0.0, 0.7, None])
def test_paths_have_the_conditional_mean_and_covariance(rho: float | None) -> None:
    distant = 1e5 + np.minimum.outer(
        TIMES, TIMES
    )  # a random walk from a start so uncertain that it hardly counts
    covariance = distant if rho is None else rho ** np.abs(TIMES[:, None] - TIMES)
    mean, spread = conditional(covariance, [1, 3, 5], [0, 2, 4], FIGURES[[0, 2, 4]])
    residuals = np.tile(FIGURES, (DRAWS, 1))
    rhos = None if rho is None else np.full(DRAWS, rho)
    paths = sample_paths(TIMES, residuals, rhos, np.random.default_rng(1))
    np.testing.assert_array_equal(paths[:, [0, 2, 4]], residuals[:, [0, 2, 4]])
    found = paths[:, [1, 3, 5]]
    scale = np.sqrt(np.diag(spread))
    # five standard errors of a mean and of a covariance of normals; the uncertain start counts for 1e-5
    np.testing.assert_allclose(
        found.mean(axis=0), mean, rtol=0, atol=5 * scale.max() / math.sqrt(DRAWS) + 1e-6
    )
    tolerance = 5 * math.sqrt(2 / DRAWS) * np.outer(scale, scale).max() + 1e-4
    np.testing.assert_allclose(np.cov(found.T), spread, rtol=0, atol=tolerance)


def test_each_figure_is_predicted_from_the_others_alone() -> None:
    rho = 0.7
    covariance = rho ** np.abs(TIMES[:, None] - TIMES)
    residuals = np.tile(FIGURES, (DRAWS, 1))
    found = leave_one_out(TIMES, residuals, np.full(DRAWS, rho), np.random.default_rng(2))
    assert np.all(np.isnan(found[:, [1, 3, 5]]))
    for index, others in ((0, [2, 4]), (2, [0, 4]), (4, [0, 2])):
        mean, spread = conditional(covariance, [index], others, FIGURES[others])
        error = 5 * math.sqrt(spread[0, 0] / DRAWS)
        assert found[:, index].mean() == pytest.approx(mean[0], abs=error)
        assert found[:, index].var() == pytest.approx(spread[0, 0], rel=5 * math.sqrt(2 / DRAWS))


def test_a_random_walk_fans_out_with_the_root_of_time_and_the_spread_of_student() -> None:
    rng = np.random.default_rng(3)
    times = np.arange(1.0, 61.0)
    figures = np.cumsum(0.3 * rng.standard_normal(60))
    figures[48:] = np.nan
    setting = ProcessSetting("x")
    paths = simulate("x", setting, times, figures, None, DRAWS, rng)
    steps = np.diff(figures[:48])
    # posterior predictive of known mean 0 and unknown variance: Student t with 47 degrees of freedom
    expected = math.sqrt(12 * float(steps @ steps) / 47 * 47 / 45)
    assert paths.path[:, 59].std() == pytest.approx(expected, rel=5 / math.sqrt(2 * DRAWS) * 1.2)
    assert paths.path[:, 59].mean() == pytest.approx(figures[47], abs=5 * expected / math.sqrt(DRAWS))
    np.testing.assert_array_equal(paths.path[:, :48], np.tile(figures[:48], (DRAWS, 1)))


def test_an_autoregression_learns_its_level_seasons_and_correlation() -> None:
    rng = np.random.default_rng(4)
    times = np.arange(1.0, 481.0)
    noise = np.zeros(480)
    for index in range(1, 480):
        noise[index] = 0.6 * noise[index - 1] + 0.8 * rng.standard_normal()
    figures = 50.0 + 3.0 * (times % 12 == 6) + noise
    figures[-24:] = np.nan
    paths = simulate("x", ProcessSetting("x", kind="ar1", seasonal=True), times, figures, None, 4000, rng)
    far = paths.path[:, -12:]
    june = far[:, (times[-12:] % 12) == 6].mean()
    others = far[:, (times[-12:] % 12) != 6].mean()
    # the mean of 456 figures with correlation .6 has standard error 1*sqrt(4/456) = .09; 38 Junes: 1/sqrt(38) = .16
    assert others == pytest.approx(50.0, abs=0.3)
    assert june - others == pytest.approx(3.0, abs=0.5)
    assert far.std(axis=0).mean() == pytest.approx(1.0, abs=0.15)


def test_a_follower_moves_with_its_leader() -> None:
    rng = np.random.default_rng(5)
    times = np.arange(1.0, 41.0)
    leader = np.tile(np.exp(np.linspace(0, 1, 40)), (500, 1))
    figures = 1000.0 * leader[0] * np.exp(0.01 * rng.standard_normal(40))
    figures[20:] = np.nan
    setting = ProcessSetting("x", kind="ar1", scale="log", leader="y")
    paths = simulate("x", setting, times, figures, leader, 500, rng)
    # the difference of logarithms has sd .01, its mean over twenty figures .01/sqrt(20): four of the two together
    np.testing.assert_allclose(paths.path[:, -1].mean(), 1000 * math.e, rtol=4 * 0.011)


def test_every_figure_lies_where_the_others_expect_it_about_as_often_as_stated() -> None:
    rng = np.random.default_rng(6)
    times = np.arange(1.0, 201.0)
    figures = np.cumsum(rng.standard_normal(200))
    paths = simulate("x", ProcessSetting("x"), times, figures, None, 2000, rng)
    low, high = np.quantile(paths.marginal, [0.05, 0.95], axis=0)
    inside = np.mean((figures >= low) & (figures <= high))
    assert inside == pytest.approx(0.9, abs=4 * math.sqrt(0.9 * 0.1 / 200))


def test_too_few_figures_need_a_stated_spread() -> None:
    times, figures = np.arange(1.0, 13.0), np.full(12, np.nan)
    figures[:2] = [4.0, 5.0]
    with pytest.raises(DataError, match="too few figures") as caught:
        simulate("rare", ProcessSetting("x"), times, figures, None, 10, np.random.default_rng(0))
    assert "processes.rare" in (caught.value.advice or "")
    stated = simulate("rare", ProcessSetting("x", sd=0.2), times, figures, None, 10, np.random.default_rng(0))
    assert np.all(np.isfinite(stated.path))


def test_a_scale_that_cannot_hold_a_figure_is_refused() -> None:
    figures = np.array([1.0, 0.0, 2.0, 3.0, 2.0, 1.0])
    setting = ProcessSetting("x", scale="log")
    with pytest.raises(DataError, match="has no log"):
        simulate("zero", setting, np.arange(1.0, 7.0), figures, None, 10, np.random.default_rng(0))
