"""Priors against scipy.stats, truncated as PEtab v2 says: renormalised between the bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.problem.priors import FAMILIES, JointPrior, Prior

CASES = {
    "normal": ((0.5, 2.0), stats.norm(0.5, 2.0)),
    "log-normal": ((0.3, 0.6), stats.lognorm(0.6, scale=math.exp(0.3))),
    "uniform": ((-1.0, 4.0), stats.uniform(-1.0, 5.0)),
    "log-uniform": ((0.1, 9.0), stats.loguniform(0.1, 9.0)),
    "laplace": ((1.0, 0.7), stats.laplace(1.0, 0.7)),
    "log-laplace": ((0.2, 0.5), stats.loglaplace(2.0, scale=math.exp(0.2))),
    "cauchy": ((1.0, 0.5), stats.cauchy(1.0, 0.5)),
    "chisquare": ((3.0,), stats.chi2(3.0)),
    "exponential": ((2.0,), stats.expon(scale=2.0)),
    "gamma": ((2.5, 0.8), stats.gamma(2.5, scale=0.8)),
    "rayleigh": ((1.2,), stats.rayleigh(scale=1.2)),
}
LOW, HIGH = 0.4, 3.0
POINTS = [0.5, 0.9, 1.7, 2.8]


def test_every_distribution_of_petab_is_tested() -> None:
    assert set(CASES) == set(FAMILIES)


@pytest.mark.parametrize("name", CASES)
def test_truncated_log_density_is_that_of_scipy_over_the_mass_between_the_bounds(name: str) -> None:
    parameters, reference = CASES[name]
    prior = Prior(name, parameters, LOW, HIGH)
    mass = reference.cdf(HIGH) - reference.cdf(LOW)
    expected = [reference.logpdf(x) - math.log(mass) for x in POINTS]
    # both are short sums of logarithms: a few roundings of 1e-16 each
    np.testing.assert_allclose([prior.log_density(x)[0] for x in POINTS], expected, rtol=0, atol=1e-12)
    assert prior.log_density(LOW - 0.01)[0] == -math.inf
    assert prior.log_density(HIGH + 0.01)[0] == -math.inf


@pytest.mark.parametrize("name", CASES)
def test_slope_agrees_with_central_differences(name: str) -> None:
    prior = Prior(name, CASES[name][0], LOW, HIGH)
    step = 1e-6
    expected = [
        (prior.log_density(x + step)[0] - prior.log_density(x - step)[0]) / (2 * step) for x in POINTS
    ]
    # rounding 1e-16 over the step 1e-6, and curvature of order 1 times its square
    np.testing.assert_allclose([prior.log_density(x)[1] for x in POINTS], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_quantiles_invert_the_truncated_distribution(name: str) -> None:
    parameters, reference = CASES[name]
    prior = Prior(name, parameters, LOW, HIGH)
    probability = np.array([0.05, 0.5, 0.95])
    mass = reference.cdf(HIGH) - reference.cdf(LOW)
    found = (reference.cdf(prior.quantile(probability)) - reference.cdf(LOW)) / mass
    np.testing.assert_allclose(
        found, probability, rtol=0, atol=1e-9
    )  # scipy's ppf and cdf invert to about 1e-12


def test_the_standard_deviation_of_an_untruncated_normal_is_its_own() -> None:
    # 4,001 quantiles leave out the outer 1/8002 on each side, which hold 0.2 % of the variance
    assert Prior("normal", (1.0, 2.0)).sd == pytest.approx(2.0, rel=2e-3)


def test_nan_has_a_nan_density() -> None:
    assert math.isnan(Prior("normal", (0.0, 1.0)).log_density(math.nan)[0])


def test_the_joint_prior_is_the_sum_of_its_parts() -> None:
    priors = [Prior(name, parameters, LOW, HIGH) for name, (parameters, _) in CASES.items()]
    x = np.linspace(0.5, 2.5, len(priors))
    value, gradient = JointPrior(priors).log_density(x)
    parts = [prior.log_density(point) for prior, point in zip(priors, x.tolist(), strict=True)]
    assert value == pytest.approx(sum(part[0] for part in parts), abs=1e-12)
    np.testing.assert_allclose(gradient, [part[1] for part in parts], rtol=1e-13)
    x[0] = HIGH + 1
    assert JointPrior(priors).log_density(x)[0] == -math.inf
