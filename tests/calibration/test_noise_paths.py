"""Draws through published figures, for noises that are not the plain normal one, and simulation-based calibration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.noise.normal import Normal
from sd_covid.calibration.noise.student import Student
from sd_covid.calibration.noise.survey import Asked, Survey

TIMES = np.array([1.0, 2.0, 3.0, 5.0, 6.0, 9.0])
MEDIAN = np.array([40.0, 41.0, 42.0, 44.0, 43.0, 41.0])
SD = np.array([1.0, 1.0, 1.2, 1.2, 1.0, 1.0])
SIZE = np.full(6, 2000.0)
FIGURES = np.array([41.5, np.nan, 43.0, np.nan, 42.0, np.nan])
KNOWN, UNKNOWN = [0, 2, 4], [1, 3, 5]
DRAWS = 10_000
RHO = 0.7


def many(freedom: float | None = None) -> Predicted:
    return Predicted(
        np.tile(MEDIAN, (DRAWS, 1)),
        np.tile(SD, (DRAWS, 1)),
        np.full(DRAWS, RHO),
        None if freedom is None else np.full(DRAWS, freedom),
        SIZE,
    )


ERROR = np.sqrt(MEDIAN * (100 - MEDIAN) / SIZE)
COVARIANCE = np.outer(SD, SD) * RHO ** np.abs(TIMES[:, None] - TIMES) + np.diag(ERROR**2)


def conditional(unknown: list[int], known: list[int]) -> tuple[np.ndarray, np.ndarray]:
    gain = COVARIANCE[np.ix_(unknown, known)] @ np.linalg.inv(COVARIANCE[np.ix_(known, known)])
    mean = MEDIAN[unknown] + gain @ (FIGURES - MEDIAN)[known]
    return mean, COVARIANCE[np.ix_(unknown, unknown)] - gain @ COVARIANCE[np.ix_(known, unknown)]


def test_survey_figures_are_drawn_from_the_conditional_normal() -> None:
    noise = Survey(Asked(), remembers=True)
    path, marginal = noise.paths(TIMES, FIGURES, many(), np.random.default_rng(1))
    np.testing.assert_array_equal(path[:, KNOWN], np.tile(FIGURES[KNOWN], (DRAWS, 1)))
    mean, spread = conditional(UNKNOWN, KNOWN)
    largest = spread.max()
    # five standard errors of a mean and of a covariance of normals
    np.testing.assert_allclose(path[:, UNKNOWN].mean(axis=0), mean, atol=5 * np.sqrt(largest / DRAWS))
    np.testing.assert_allclose(np.cov(path[:, UNKNOWN].T), spread, atol=5 * largest * np.sqrt(2 / DRAWS))
    for index in KNOWN:
        mean, spread = conditional([index], [other for other in KNOWN if other != index])
        assert marginal[:, index].mean() == pytest.approx(mean[0], abs=5 * np.sqrt(spread[0, 0] / DRAWS))
        assert marginal[:, index].var() == pytest.approx(spread[0, 0], rel=5 * np.sqrt(2 / DRAWS))


def test_a_survey_forecast_is_the_conditional_mean() -> None:
    one = Predicted(MEDIAN, SD, np.asarray(RHO), size=SIZE)
    figures = np.array([41.5, 42.0, 43.0, 43.5, 99.0, 99.0])  # the last two are not to be seen
    ahead = np.array([False] * 4 + [True] * 2)
    gain = COVARIANCE[4:, :4] @ np.linalg.inv(COVARIANCE[:4, :4])
    expected = MEDIAN[4:] + gain @ (figures - MEDIAN)[:4]
    found = Survey(Asked(), remembers=True).forecast(TIMES, figures, one, ahead)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_normal_forecast_fades_from_the_last_residual() -> None:
    one = Predicted(MEDIAN, SD, np.asarray(RHO))
    ahead = np.array([False] * 4 + [True] * 2)
    figures = np.where(ahead, 99.0, MEDIAN + 1.2)
    expected = MEDIAN[4:] + 1.2 * SD[4:] / SD[3] * RHO ** np.array([1.0, 4.0])
    for noise in (Normal(remembers=True), Student(remembers=True)):
        np.testing.assert_allclose(noise.forecast(TIMES, figures, one, ahead), expected, rtol=1e-12)
        apart = Predicted(MEDIAN, SD)
        np.testing.assert_array_equal(noise.forecast(TIMES, figures, apart, ahead), MEDIAN[4:])


@pytest.mark.parametrize("figure", [41.0, 52.0])
def test_student_t_draws_between_two_figures_have_the_density_of_their_product(figure: float) -> None:
    """Against the density integrated numerically; with the neighbours far apart it has two peaks."""
    freedom = 3.0
    figures = np.array([38.0, np.nan, figure, 44.0, 43.0, 41.0])
    path, _ = Student(remembers=True).paths(TIMES, figures, many(freedom), np.random.default_rng(3))
    root = np.sqrt(1 - RHO**2)
    before, after = (38.0 - MEDIAN[0]) / SD[0], (figure - MEDIAN[2]) / SD[2]
    grid = np.linspace(-60, 60, 60_001)
    density = stats.t(freedom, RHO * before, root).pdf(grid) * stats.t(freedom, 0, root).pdf(
        after - RHO * grid
    )
    below = integrate.cumulative_trapezoid(density, grid, initial=0)
    z = (path[:, 1] - MEDIAN[1]) / SD[1]
    expected = np.interp(np.quantile(z, [0.1, 0.3, 0.5, 0.7, 0.9]), grid, below / below[-1])
    # five standard errors of a share, and one in a hundred for the choice among a hundred candidates
    np.testing.assert_allclose(expected, [0.1, 0.3, 0.5, 0.7, 0.9], atol=5 * 0.5 / np.sqrt(DRAWS) + 0.01)


def test_student_t_figures_ahead_of_the_last_start_from_its_residual() -> None:
    freedom = 5.0
    path, _ = Student(remembers=True).paths(TIMES, FIGURES, many(freedom), np.random.default_rng(4))
    phi = RHO**3
    expected = stats.t(freedom, MEDIAN[5] + phi * (42.0 - 43.0), np.sqrt(1 - phi**2))
    assert stats.kstest(path[:, 5], expected.cdf).pvalue > 1e-4  # one seed in ten thousand would fail


def test_ranks_of_the_truth_among_posterior_draws_are_uniform() -> None:
    """Simulation-based calibration (Talts et al. 2018): Student t noise with a memory, its scale unknown.

    Draws and likelihood are two pieces of code; a slip in either tilts the ranks.
    """
    rng = np.random.default_rng(7)
    replications, freedom, times = 200, 4.0, np.array([1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 9.0, 12.0, 13.0, 14.0])
    grid = np.exp(np.linspace(-1.5, 1.5, 41))  # prior: uniform logarithm of the scale, on these points
    truth = rng.choice(grid, replications)
    shape = np.ones((replications, len(times)))
    noise = Student(remembers=True)
    said = Predicted(
        0 * shape, truth[:, None] * shape, np.full(replications, RHO), np.full(replications, freedom)
    )
    figures, _ = noise.paths(times, np.full(len(times), np.nan), said, rng)
    ranks = []
    for row, scale in zip(figures, truth, strict=True):
        one = [
            Predicted(0 * times, np.full(len(times), value), np.asarray(RHO), np.asarray(freedom))
            for value in grid
        ]
        logs = np.array([noise.likelihood(row, item, np.diff(times)).value for item in one])
        weight = np.exp(logs - logs.max())
        drawn = rng.choice(grid, 19, p=weight / weight.sum())
        ties = rng.random(19) < 0.5
        ranks.append(int(np.sum((drawn < scale) | ((drawn == scale) & ties))))
    counts = np.bincount(np.array(ranks) // 4, minlength=5)
    assert stats.chisquare(counts).pvalue > 1e-3  # one seed in a thousand would fail
