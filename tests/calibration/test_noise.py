"""Likelihoods against scipy; a remembering noise against the multivariate normal with its covariance written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sd_covid.calibration.noise import Noise, Predicted
from sd_covid.calibration.noise.binomial import Binomial
from sd_covid.calibration.noise.counts import Counts
from sd_covid.calibration.noise.laplace import Laplace
from sd_covid.calibration.noise.normal import Normal
from sd_covid.calibration.noise.student import Student
from sd_covid.calibration.noise.survey import Asked, Survey

TIMES = np.array([1.0, 2.0, 5.0, 6.0, 12.0, 13.0])
GAPS = np.diff(TIMES)
FIGURES = np.array([3.1, 2.9, 3.6, 3.5, 2.2, 2.4])
MEDIAN = np.array(
    [3.0, 3.1, 3.2, 3.3, 2.5, 2.45]
)  # nowhere a figure itself, where the Laplace density has a kink
SD = np.array([0.3, 0.3, 0.4, 0.4, 0.2, 0.2])
SIZE = np.array([800.0, 800.0, 900.0, 1000.0, 700.0, 500.0])
DISTANCE = np.abs(TIMES[:, None] - TIMES)
PLAIN = Predicted(MEDIAN, SD)


def with_memory(rho: float, freedom: float | None = None) -> Predicted:
    return Predicted(MEDIAN, SD, np.asarray(rho), None if freedom is None else np.asarray(freedom), SIZE)


def correlation(rho: float) -> np.ndarray:
    return np.where(DISTANCE == 0, 1.0, rho**DISTANCE)


T4 = Predicted(MEDIAN, SD, freedom=np.asarray(4.0))
ASKED = Predicted(MEDIAN, SD, size=SIZE)


def beta(median: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parameters of the beta distribution of that mean and standard deviation."""
    weight = median * (1 - median) / sd**2 - 1
    return median * weight, (1 - median) * weight


YES = np.round(FIGURES * SIZE / 100)
COUNT = np.array([31.0, 29.0, 36.0, 35.0, 22.0, 24.0])
SURVEY_SD = np.sqrt(MEDIAN * (100 - MEDIAN) / SIZE)

# noise, figures, what the model says, scipy's log density
INDEPENDENT = [
    ("normal", Normal(), FIGURES, PLAIN, lambda: stats.norm(MEDIAN, SD).logpdf(FIGURES)),
    ("log-normal", Normal(logarithmic=True), FIGURES, PLAIN, lambda: stats.lognorm(SD, scale=MEDIAN).logpdf(FIGURES)),
    ("laplace", Laplace(), FIGURES, PLAIN, lambda: stats.laplace(MEDIAN, SD).logpdf(FIGURES)),
    ("log-laplace", Laplace(logarithmic=True), FIGURES, PLAIN,
     lambda: stats.loglaplace(1 / SD, scale=MEDIAN).logpdf(FIGURES)),
    ("student-t", Student(), FIGURES, T4, lambda: stats.t(4, MEDIAN, SD).logpdf(FIGURES)),
    ("log student-t", Student(logarithmic=True), FIGURES, T4,
     lambda: stats.t(4, np.log(MEDIAN), SD).logpdf(np.log(FIGURES)) - np.log(FIGURES)),
    ("binomial", Binomial(), YES / SIZE * 100, ASKED, lambda: stats.binom(SIZE, MEDIAN / 100).logpmf(YES)),
    ("beta-binomial", Binomial(model_error=True), YES / SIZE * 100, ASKED,
     lambda: stats.betabinom(SIZE, *beta(MEDIAN / 100, SD / 100)).logpmf(YES)),
    ("poisson", Counts(10.0), FIGURES, PLAIN, lambda: stats.poisson(10 * MEDIAN).logpmf(COUNT)),
    ("negative-binomial", Counts(10.0, model_error=True), FIGURES, PLAIN,
     lambda: stats.nbinom(SD**-2.0, 1 / (1 + 10 * MEDIAN * SD**2)).logpmf(COUNT)),
    ("survey of shares", Survey(Asked()), FIGURES, ASKED,
     lambda: stats.norm(MEDIAN, np.hypot(SD, SURVEY_SD)).logpdf(FIGURES)),
    ("survey of means", Survey(Asked(spread=2.0), logarithmic=True), FIGURES, ASKED,
     lambda: stats.lognorm(np.hypot(SD, 2 / np.sqrt(SIZE) / MEDIAN), scale=MEDIAN).logpdf(FIGURES)),
]  # fmt: skip
IDS = [case[0] for case in INDEPENDENT]
REMEMBERING = [
    ("normal", Normal(remembers=True), with_memory(0.6)),
    ("log-normal", Normal(logarithmic=True, remembers=True), with_memory(0.6)),
    ("student-t", Student(remembers=True), with_memory(0.6, 3.0)),
    ("survey", Survey(Asked(), remembers=True), with_memory(0.6)),
    ("log survey", Survey(Asked(), logarithmic=True, remembers=True), with_memory(0.6)),
]


@pytest.mark.parametrize(("name", "noise", "figures", "predicted", "expected"), INDEPENDENT, ids=IDS)
def test_a_density_is_that_of_scipy(name, noise, figures, predicted, expected) -> None:
    assert noise.defined(predicted)
    # differences of log gammas of some thousands, of ten digits and more
    assert noise.likelihood(figures, predicted, GAPS).value == pytest.approx(
        float(expected().sum()), abs=1e-9
    )


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.97])
@pytest.mark.parametrize("survey", [False, True])
def test_a_memory_with_gaps_is_the_multivariate_normal(rho: float, survey: bool) -> None:
    covariance = np.outer(SD, SD) * correlation(rho) + survey * np.diag(SURVEY_SD**2)
    expected = stats.multivariate_normal(MEDIAN, covariance).logpdf(FIGURES)
    noise = Survey(Asked(), remembers=True) if survey else Normal(remembers=True)
    found = noise.likelihood(FIGURES, with_memory(rho), GAPS).value
    assert found == pytest.approx(expected, abs=1e-9)  # the covariance's condition at rho = 0.97 is about 1e3


def test_student_t_innovations_are_independent_given_the_residual_before() -> None:
    z = (FIGURES - MEDIAN) / SD
    phi = 0.6**GAPS
    expected = stats.t(3).logpdf(z[0]) + stats.t(3, phi * z[:-1], np.sqrt(1 - phi**2)).logpdf(z[1:]).sum()
    found = Student(remembers=True).likelihood(FIGURES, with_memory(0.6, 3.0), GAPS).value
    assert found == pytest.approx(expected - np.log(SD).sum(), abs=1e-12)


def test_student_t_of_many_degrees_of_freedom_is_normal() -> None:
    normal = Normal(remembers=True).likelihood(FIGURES, with_memory(0.6), GAPS)
    found = Student(remembers=True).likelihood(FIGURES, with_memory(0.6, 1e7), GAPS)
    # the density differs by z^4 / (4 freedom), and log gammas of 1e7 keep nine digits
    assert found.value == pytest.approx(normal.value, abs=1e-5)
    np.testing.assert_allclose(found.median, normal.median, rtol=1e-5)


ALL = [(name, noise, figures, predicted) for name, noise, figures, predicted, _ in INDEPENDENT]
ALL += [(f"{name} with a memory", noise, FIGURES, predicted) for name, noise, predicted in REMEMBERING]


@pytest.mark.parametrize(("name", "noise", "figures", "predicted"), ALL, ids=[case[0] for case in ALL])
def test_derivatives_agree_with_central_differences(name, noise: Noise, figures, predicted) -> None:
    step = 1e-5
    found = noise.likelihood(figures, predicted, GAPS)

    def slope(what: str, bump: np.ndarray | float) -> float:
        values = [
            noise.likelihood(
                figures, replace(predicted, **{what: getattr(predicted, what) + side * bump}), GAPS
            ).value
            for side in (1, -1)
        ]
        return (values[0] - values[1]) / (2 * step)

    # log gammas of some thousands are of order 1e4: roundings of 1e-10 in all, over the step
    for index in range(len(figures)):
        bump = np.zeros_like(MEDIAN)
        bump[index] = step
        assert found.median[index] == pytest.approx(slope("median", bump), rel=1e-6, abs=5e-6)
        assert found.sd[index] == pytest.approx(slope("sd", bump), rel=1e-6, abs=5e-6)
    if noise.remembers:
        assert found.rho == pytest.approx(slope("rho", step), rel=1e-6, abs=5e-6)
    if predicted.freedom is not None:
        assert found.freedom == pytest.approx(slope("freedom", step), rel=1e-6, abs=5e-6)


@settings(max_examples=40, deadline=None)
@given(
    median=st.floats(0.5, 99.5),
    sd=st.floats(0.05, 5.0),
    rho=st.floats(0.0, 0.99),
    freedom=st.floats(1.0, 50.0),
    logarithmic=st.booleans(),
)
def test_a_shift_of_all_medians_has_the_sum_of_the_slopes(median, sd, rho, freedom, logarithmic) -> None:
    """A directional derivative at random places, of every noise that can remember."""
    middle, scale = median * np.linspace(0.98, 1.0, 6), np.full(6, sd / (median if logarithmic else 1.0))
    figures = middle * np.array([1.01, 0.99, 1.02, 1.0, 0.97, 1.015])
    options = {"logarithmic": logarithmic, "remembers": True}
    for noise in (Normal(**options), Student(**options), Survey(Asked(), **options)):
        predicted = Predicted(middle, scale, np.asarray(rho), np.asarray(freedom), SIZE)
        found = noise.likelihood(figures, predicted, GAPS)
        step = 1e-5 * median
        ahead, behind = (
            noise.likelihood(figures, replace(predicted, median=middle + side * step), GAPS).value
            for side in (1, -1)
        )
        size = float(np.abs(found.median).sum()) + 1.0
        # central difference: third derivative times step^2, relative to slopes of the order of their sum
        assert found.median.sum() == pytest.approx((ahead - behind) / (2 * step), abs=1e-5 * size)


def test_the_slope_at_zero_autocorrelation_is_one_sided_and_finite() -> None:
    step = 1e-7
    for noise in (Normal(remembers=True), Survey(Asked(), remembers=True)):
        at_zero = noise.likelihood(FIGURES, with_memory(0.0), GAPS)
        ahead = noise.likelihood(FIGURES, with_memory(step), GAPS).value
        # one-sided: curvature times the step
        assert at_zero.rho == pytest.approx((ahead - at_zero.value) / step, abs=1e-4)


QUANTILES = [
    (Normal(), PLAIN, lambda p: stats.norm(MEDIAN, SD).ppf(p)),
    (Laplace(logarithmic=True), PLAIN, lambda p: stats.loglaplace(1 / SD, scale=MEDIAN).ppf(p)),
    (Student(), T4, lambda p: stats.t(4, MEDIAN, SD).ppf(p)),
    (Survey(Asked()), ASKED, lambda p: stats.norm(MEDIAN, np.hypot(SD, SURVEY_SD)).ppf(p)),
    (Binomial(), ASKED, lambda p: stats.binom(SIZE, MEDIAN / 100).ppf(p) / SIZE * 100),
    (Counts(10.0, model_error=True), PLAIN,
     lambda p: stats.nbinom(SD**-2.0, 1 / (1 + 10 * MEDIAN * SD**2)).ppf(p) / 10),
]  # fmt: skip


@pytest.mark.parametrize(("noise", "predicted", "expected"), QUANTILES, ids=lambda item: type(item).__name__)
@pytest.mark.parametrize("probability", [0.03, 0.4, 0.95])
def test_quantiles_are_those_of_scipy(noise: Noise, predicted, expected, probability: float) -> None:
    found = noise.quantile(np.asarray(probability), predicted)
    np.testing.assert_allclose(found, expected(probability), rtol=1e-9)  # inverses by iteration


@pytest.mark.parametrize(
    ("noise", "predicted", "variance"),
    [
        (Binomial(), ASKED, SURVEY_SD**2),
        (Binomial(model_error=True), ASKED, SURVEY_SD**2 + SD**2 * (1 - 1 / SIZE)),
        (Counts(10.0), PLAIN, MEDIAN / 10),
        (Counts(10.0, model_error=True), PLAIN, MEDIAN / 10 + (SD * MEDIAN) ** 2),
    ],
    ids=["binomial", "beta-binomial", "poisson", "negative-binomial"],
)
def test_draws_of_shares_and_counts_have_their_mean_and_variance(noise: Noise, predicted, variance) -> None:
    """Means and variances of the four distributions in closed form, by the law of total variance."""
    draws = 40_000
    many = replace(predicted, median=np.tile(MEDIAN, (draws, 1)), sd=np.tile(SD, (draws, 1)))
    path, marginal = noise.paths(TIMES, np.full(6, np.nan), many, np.random.default_rng(5))
    for found in (path, marginal):
        # five standard errors; the fourth moment of the most skewed is below that of three normal ones
        np.testing.assert_allclose(found.mean(axis=0), MEDIAN, atol=5 * np.sqrt(variance.max() / draws))
        np.testing.assert_allclose(found.var(axis=0), variance, rtol=5 * np.sqrt(5 / draws))


@pytest.mark.parametrize(
    ("noise", "predicted"),
    [
        (Normal(), replace(PLAIN, sd=0 * SD)),
        (Normal(logarithmic=True), replace(PLAIN, median=-MEDIAN)),
        (Student(), replace(T4, freedom=np.asarray(0.0))),
        (Survey(Asked()), replace(ASKED, median=MEDIAN + 99)),
        (Binomial(), replace(ASKED, median=-MEDIAN)),
        (Binomial(model_error=True), replace(ASKED, sd=100 * SD)),
        (Counts(), replace(PLAIN, median=0 * MEDIAN)),
    ],
    ids=lambda item: type(item).__name__,
)
def test_where_there_is_no_density_the_noise_says_so(noise: Noise, predicted: Predicted) -> None:
    assert not noise.defined(predicted)
