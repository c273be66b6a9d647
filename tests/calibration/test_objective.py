"""The posterior of the decay problem: against a second computation by hand, and its gradient by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem

from .analytic import decay
from .conftest import Write

# start, rate, sd, rho, offset, wave
X = np.array([10.5, 0.045, 0.3, 0.4, -0.2, 0.3])


def test_log_likelihood_is_that_of_the_closed_form(write: Write) -> None:
    start, rate, sd, rho, offset, wave = X

    def level(t: float | np.ndarray, r: float = rate) -> float | np.ndarray:
        return start * np.exp(-r * t)

    def quarter(end: float, r: float = rate) -> float:  # trapezoid rule over months
        points = level(np.arange(end - 3, end + 1), r)
        return float((points[0] / 2 + points[1] + points[2] + points[3] / 2) / 3)

    times = np.array([1.0, 2.0, 4.0, 7.0])
    median = level(times) + wave * np.cos(2 * np.pi * times / 12)
    covariance = sd**2 * rho ** np.abs(times[:, None] - times)
    expected = stats.multivariate_normal(median, covariance).logpdf([9.7, 9.1, 8.4, 7.2])
    means = [quarter(3) + offset, quarter(6) + 0.2, quarter(6, 2 * rate) + offset]
    for mean, figure in zip(means, [9.6, 8.1, 5.5], strict=True):
        expected += stats.lognorm(sd * (1 + 0.1 * mean), scale=mean).logpdf(figure)
    lost = [level(0) - level(12) + 0.5, level(12) - level(24) + 0.5]
    expected += stats.laplace(lost[0], 0.4).logpdf(4.9) + stats.laplace(lost[1], sd).logpdf(2.6)
    found = Objective(read_problem(write()), decay()).log_likelihood(X)[0]
    assert found == pytest.approx(expected, abs=1e-10)  # about a hundred roundings


def test_gradient_agrees_with_central_differences_in_both_coordinates(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    u = objective.transform.unconstrained(X)
    for density, point in ((objective.log_posterior, X), (objective.unconstrained_log_posterior, u)):
        _, gradient = density(point)
        step = 1e-5 * np.maximum(1e-2, np.abs(point))
        for index in range(len(point)):
            bump = np.zeros_like(point)
            bump[index] = step[index]
            expected = (density(point + bump)[0] - density(point - bump)[0]) / (2 * step[index])
            assert gradient[index] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_held_out_and_later_figures_can_be_left_out(write: Write) -> None:
    problem, model = read_problem(write()), decay()
    count = [
        sum(len(series.figures) for experiment in objective.experiments for series in experiment.series)
        for objective in (
            Objective(problem, model),
            Objective(problem, model, holdout=False),
            Objective(problem, model, until=6.0),
        )
    ]
    assert count == [9, 8, 6]


def test_transform_round_trips_and_its_jacobian_is_its_slope(write: Write) -> None:
    transform = Objective(read_problem(write()), decay()).transform
    u = transform.unconstrained(X)
    np.testing.assert_allclose(transform.natural(u), X, rtol=1e-12)
    step = 1e-6
    slopes = (transform.natural(u + step) - transform.natural(u - step)) / (2 * step)
    _, slope, log_jacobian, bend = transform.density(u)
    np.testing.assert_allclose(slope, slopes, rtol=1e-7)
    assert log_jacobian == pytest.approx(float(np.sum(np.log(slopes))), abs=1e-6)
    ahead, behind = transform.density(u + step)[2], transform.density(u - step)[2]
    assert float(np.sum(bend)) == pytest.approx((ahead - behind) / (2 * step), abs=1e-6)


def test_a_run_that_fails_gives_nan_and_no_exception(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    u = objective.transform.unconstrained(X)
    u[0] = 1e6  # an initial level of exp(1e6) overflows
    value, gradient = objective.unconstrained_log_posterior(u)
    assert math.isnan(value)
    assert np.all(np.isnan(gradient))


def test_outside_the_bounds_the_density_is_zero(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    outside = X.copy()
    outside[1] = 2.0
    assert objective.log_posterior(outside)[0] == -math.inf


def test_copies_do_not_share_the_state_of_a_run(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    twin = objective.copy()
    expected = objective.log_likelihood(X)[1]
    twin.log_likelihood(X * 1.1)
    np.testing.assert_array_equal(expected, objective.log_likelihood(X)[1])
    assert twin.experiments[0].runs is not objective.experiments[0].runs


def test_without_slopes_the_value_is_the_same_and_the_gradient_is_none(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    points = np.array([X, X * 1.01, np.full_like(X, -100.0)])  # the last outside the bounds
    with_slopes, _ = objective.log_posteriors(points)
    value, gradient = objective.log_posteriors(points, slopes=False)
    np.testing.assert_array_equal(value, with_slopes)
    assert value[2] == -np.inf
    assert np.isnan(gradient[:2]).all()
