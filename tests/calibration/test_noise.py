"""Likelihoods against scipy: AR(1) against a multivariate normal with covariance sd_i sd_j rho^|t_i - t_j|."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.noise import likelihood

TIMES = np.array([1.0, 2.0, 5.0, 6.0, 12.0, 13.0])
FIGURES = np.array([3.1, 2.9, 3.6, 3.5, 2.2, 2.4])
MEDIAN = np.array([3.0, 3.1, 3.2, 3.3, 2.5, 2.4])
SD = np.array([0.3, 0.3, 0.4, 0.4, 0.2, 0.2])
GAPS = np.diff(TIMES)


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.97])
def test_autoregressive_noise_with_gaps_is_the_multivariate_normal(rho: float) -> None:
    distance = np.abs(TIMES[:, None] - TIMES)
    covariance = np.outer(SD, SD) * np.where(distance == 0, 1.0, rho**distance)
    expected = stats.multivariate_normal(MEDIAN, covariance).logpdf(FIGURES)
    found = likelihood("normal", FIGURES, MEDIAN, SD, rho, GAPS).value
    assert found == pytest.approx(
        expected, abs=1e-9
    )  # conditioning of the covariance at rho = 0.97 is about 1e3


def test_logarithmic_noise_is_normal_noise_of_the_logarithm() -> None:
    expected = stats.lognorm(SD, scale=MEDIAN).logpdf(FIGURES).sum()
    assert likelihood("log-normal", FIGURES, MEDIAN, SD, None, GAPS).value == pytest.approx(
        expected, abs=1e-12
    )


def test_laplace_noise_has_the_median_of_the_model() -> None:
    expected = stats.laplace(MEDIAN, SD).logpdf(FIGURES).sum()
    assert likelihood("laplace", FIGURES, MEDIAN, SD, None, GAPS).value == pytest.approx(expected, abs=1e-12)


def test_log_laplace_noise_is_that_of_scipy() -> None:
    expected = stats.loglaplace(1 / SD, scale=MEDIAN).logpdf(FIGURES).sum()
    assert likelihood("log-laplace", FIGURES, MEDIAN, SD, None, GAPS).value == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize(
    ("distribution", "rho"),
    [
        ("normal", None),
        ("normal", 0.6),
        ("normal", 0.0),
        ("log-normal", 0.6),
        ("laplace", None),
        ("log-laplace", None),
    ],
)
def test_derivatives_agree_with_central_differences(distribution: str, rho: float | None) -> None:
    step = 1e-6
    median = MEDIAN + 0.01  # away from the kink of the Laplace density, where a figure equals the median
    found = likelihood(distribution, FIGURES, median, SD, rho, GAPS)
    for index in range(len(FIGURES)):
        bump = np.zeros_like(median)
        bump[index] = step
        ahead = likelihood(distribution, FIGURES, median + bump, SD, rho, GAPS).value
        behind = likelihood(distribution, FIGURES, median - bump, SD, rho, GAPS).value
        # rounding: values of order 10 times 1e-16 over 1e-6; third derivative of order 1/sd^3 times 1e-12
        assert found.median[index] == pytest.approx((ahead - behind) / (2 * step), abs=1e-7)
        ahead = likelihood(distribution, FIGURES, median, SD + bump, rho, GAPS).value
        behind = likelihood(distribution, FIGURES, median, SD - bump, rho, GAPS).value
        assert found.sd[index] == pytest.approx((ahead - behind) / (2 * step), abs=1e-6)
    if rho:
        ahead = likelihood(distribution, FIGURES, median, SD, rho + step, GAPS).value
        behind = likelihood(distribution, FIGURES, median, SD, rho - step, GAPS).value
        assert found.rho == pytest.approx((ahead - behind) / (2 * step), abs=1e-6)


def test_the_slope_at_zero_autocorrelation_is_one_sided_and_finite() -> None:
    step = 1e-7
    at_zero = likelihood("normal", FIGURES, MEDIAN, SD, 0.0, GAPS)
    ahead = likelihood("normal", FIGURES, MEDIAN, SD, step, GAPS).value
    assert math.isfinite(at_zero.rho)
    assert at_zero.rho == pytest.approx(
        (ahead - at_zero.value) / step, abs=1e-4
    )  # one-sided: curvature times the step
