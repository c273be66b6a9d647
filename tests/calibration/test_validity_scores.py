"""Scores, checks and simple forecasts against hand calculation, closed forms and statsmodels' own statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.forecasts.benchmarks import CRITICAL, arima, ets, kpss, last_value, seasonal_naive
from sd_covid.calibration.forecasts.validation import theil
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.validity.checks import check_rows
from sd_covid.calibration.validity.scores import covered, crps, ljung_box


def autoregression(count: int, rho: float, mean: float = 0.0, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.empty(count)
    values[0] = rng.standard_normal() / math.sqrt(1 - rho**2)
    for index in range(1, count):
        values[index] = rho * values[index - 1] + rng.standard_normal()
    return mean + values


def test_theil_shares_by_hand() -> None:
    # errors -1, 0, 3: mean square 10/3; means 2 and 4/3; sds sqrt(2/3) and sqrt(14/9)
    figures, model = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 0.0])
    square = 10 / 3
    bias, variance = (2 - 4 / 3) ** 2 / square, (math.sqrt(2 / 3) - math.sqrt(8 / 9)) ** 2 / square
    assert theil(figures, model) == pytest.approx((bias, variance, 1 - bias - variance), rel=1e-12)


def test_crps_of_two_draws_by_hand() -> None:
    # E|X - y| = (|0 - 3| + |1 - 3|) / 2 = 2.5; the one pair is 1 apart
    np.testing.assert_allclose(crps(np.array([3.0, 0.5]), np.array([[0.0, 1.0], [1.0, 0.0]])), [2.0, 0.0])


@pytest.mark.parametrize("z", [0.0, 0.8, -2.5])
def test_crps_of_a_normal_has_its_closed_form(z: float) -> None:
    # sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)): Gneiting and Raftery 2007
    sd, count = 2.0, 20_000
    draws = sd * stats.norm.ppf((np.arange(count) + 0.5) / count)
    expected = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
    # a sum over equally probable points misses the integral by about sd/count times the range of some four sds
    assert crps(np.array([sd * z]), draws[:, None])[0] == pytest.approx(expected, abs=8 * sd / count)


def test_coverage_counts_figures_inside_the_central_interval() -> None:
    draws = np.tile(np.linspace(0.0, 1.0, 1001)[:, None], (1, 4))
    assert covered(np.array([0.2, 0.3, 0.6, 0.76]), draws, 0.5) == 0.5


@pytest.mark.parametrize("count", [12, 30, 100])
def test_ljung_box_is_that_of_statsmodels(count: int) -> None:
    from statsmodels.stats.diagnostic import acorr_ljungbox

    values = autoregression(count, 0.4)
    lags, probability = ljung_box(values)
    assert lags == min(10, count // 5)
    assert probability == pytest.approx(float(acorr_ljungbox(values, [lags])["lb_pvalue"].iloc[0]), rel=1e-9)


def test_few_or_equal_residuals_are_not_tested_for_correlation() -> None:
    assert math.isnan(ljung_box(np.arange(9.0))[1])
    assert math.isnan(ljung_box(np.ones(20))[1])


def test_checks_of_a_series_by_hand() -> None:
    ends = np.array([12.0, 24.0, 36.0, 48.0])
    figures = np.array([1.0, 4.0, 2.0, 3.0])
    drawn = np.array([figures, figures + 1.0, [0.0, 0.0, 5.0, 1.0], [2.0, 2.0, 2.0, 6.0]])
    found = {row.quantity: row for row in check_rows(figures, drawn, ends)}
    assert found["mean"].figures == 2.5
    assert found["mean"].probability == pytest.approx((2 + 0.5) / 4)  # 2.5 counts half, 3.5 and 3 whole
    assert (found["largest rise"].figures, found["largest fall"].figures) == (3.0, -2.0)
    assert found["largest rise"].probability == pytest.approx((2 + 0.5 * 2) / 4)
    assert (found["highest"].figures, found["lowest"].figures) == (4.0, 1.0)
    # deviations -1.5, 1.5, -0.5, 0.5: products -2.25, -0.75, -0.25 over 5
    assert found["lag one"].figures == pytest.approx(-0.65)
    assert "strange" not in found
    assert not found["mean"].strange


def test_a_quantity_that_the_posterior_never_draws_is_strange() -> None:
    ends = np.arange(1.0, 21.0)
    rng = np.random.default_rng(5)
    found = {row.quantity: row for row in check_rows(np.arange(20.0), rng.standard_normal((500, 20)), ends)}
    assert found["mean"].strange
    assert found["lag one"].probability == 0.0
    assert found["largest rise"].probability == 0.0


def test_no_checks_of_three_figures() -> None:
    assert check_rows(np.ones(3), np.ones((5, 3)), np.arange(3.0)) == ()


def test_last_value_and_same_season_by_hand() -> None:
    ends, figures = np.arange(3.0, 27.0, 3.0), np.arange(8.0)
    ahead = np.array([27.0, 30.0, 42.0])
    np.testing.assert_array_equal(last_value(ends, figures, ahead, 3.0), [7.0, 7.0, 7.0])
    np.testing.assert_array_equal(seasonal_naive(ends, figures, ahead, 3.0), [4.0, 5.0, 5.0])
    assert np.all(np.isnan(seasonal_naive(ends, figures, ahead, 12.0)))


def test_arima_forecasts_a_known_autoregression() -> None:
    rho, mean, count = 0.8, 20.0, 400
    values = autoregression(count, rho, mean)
    ends = np.arange(1.0, count + 1)
    ahead = count + np.array([1.0, 3.0])
    expected = mean + (values[-1] - mean) * rho ** np.array([1.0, 3.0])
    # four sds of the estimated mean, 1 / ((1 - rho) sqrt(n)) = 0.25; rho itself adds less
    np.testing.assert_allclose(arima(ends, values, ahead, 1.0), expected, atol=1.0)


def test_exponential_smoothing_repeats_a_plain_season() -> None:
    season = np.tile([5.0, -1.0, -3.0, -1.0], 10) + 0.01 * np.random.default_rng(1).standard_normal(40)
    ends = np.arange(3.0, 123.0, 3.0)
    found = ets(ends, 50.0 + season, np.array([123.0, 126.0, 129.0, 132.0]), 3.0)
    np.testing.assert_allclose(found, [55.0, 49.0, 47.0, 49.0], atol=0.05)  # five sds of the noise


@pytest.mark.parametrize("method", [ets, arima])
def test_only_the_figures_since_the_last_gap_are_looked_at(method) -> None:
    ends, values = np.arange(1.0, 31.0), autoregression(30, 0.5)
    broken = np.where(ends <= 10, ends - 5.0, ends)
    ahead = np.array([31.0])
    np.testing.assert_array_equal(
        method(ends[10:], values[10:], ahead, 1.0), method(broken, values, ahead, 1.0)
    )
    assert np.isnan(method(ends[-11:], values[-11:], ahead, 1.0)[0])


@pytest.mark.filterwarnings(
    "ignore:The test statistic is outside"
)  # of the table of probabilities, not asked for
def test_kpss_is_that_of_statsmodels() -> None:
    from statsmodels.tsa.stattools import kpss as theirs

    for values in (autoregression(80, 0.5), np.cumsum(autoregression(80, 0.0))):
        lags = int(4 * (len(values) / 100) ** 0.25)
        assert kpss(values) == pytest.approx(theirs(values, nlags=lags, result_object=False)[0], rel=1e-9)
    assert kpss(np.cumsum(autoregression(200, 0.0))) > CRITICAL


def test_predicted_keeps_the_size_of_a_survey_when_repeated() -> None:
    one = Predicted(np.ones((3, 2)), np.ones((3, 2)), np.arange(3.0), None, np.array([7.0, 8.0]))
    found = one.repeated(2)
    assert found.median.shape == (6, 2)
    np.testing.assert_array_equal(found.rho, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0])
    np.testing.assert_array_equal(found.size, [7.0, 8.0])
