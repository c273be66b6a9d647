"""Many members at once: each gets what it gets alone, and one that fails takes no other with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.noise import Noise, Predicted
from sd_covid.calibration.noise.survey import Asked, Survey
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.workflow import load_problem

from .analytic import decay
from .conftest import Write
from .test_facts import with_facts
from .test_noise import ALL, GAPS, MEDIAN, SD
from .test_noise import FIGURES as PUBLISHED

X = np.array([10.5, 0.045, 0.3, 0.4, -0.2, 0.3])  # start, rate, sd, rho, offset, wave
ROUNDING = 1e-10  # relative: sums in another order, over some hundred terms


def around(x: np.ndarray, members: int) -> np.ndarray:
    return x * (1 + 0.05 * np.random.default_rng(1).standard_normal((members, len(x))))


def alone(density, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = [density(point) for point in points]
    return np.array([value for value, _ in found]), np.array([gradient for _, gradient in found])


def same(found: tuple[np.ndarray, np.ndarray], expected: tuple[np.ndarray, np.ndarray]) -> None:
    np.testing.assert_allclose(found[0], expected[0], rtol=ROUNDING)
    scale = np.nanmax(np.abs(expected[1]))  # a slope is a sum of larger ones that nearly cancel
    np.testing.assert_allclose(found[1], expected[1], rtol=ROUNDING, atol=ROUNDING * scale)


@pytest.mark.parametrize(("name", "noise", "figures", "predicted"), ALL, ids=[case[0] for case in ALL])
def test_a_noise_gives_a_member_what_it_gives_it_alone(
    name: str, noise: Noise, figures: np.ndarray, predicted: Predicted
) -> None:
    factors = np.array([1.0, 0.95, -1.0, 1.02])  # the third has a median below zero
    rho = None if predicted.rho is None else predicted.rho * np.array([1.0, 0.5, 1.0, 0.9])
    freedom = None if predicted.freedom is None else predicted.freedom * np.array([1.0, 2.0, 1.0, 0.8])
    many = Predicted(factors[:, None] * MEDIAN, np.tile(SD, (4, 1)), rho, freedom, predicted.size)
    with np.errstate(all="ignore"):
        found, defined = noise.likelihood(figures, many, GAPS), noise.defined(many)
    for index, factor in enumerate(factors):
        one = Predicted(
            factor * MEDIAN,
            SD,
            None if rho is None else rho[index],
            None if freedom is None else freedom[index],
            predicted.size,
        )
        assert defined[index] == noise.defined(one)
        if not defined[index]:
            continue
        expected = noise.likelihood(figures, one, GAPS)
        for part in ("value", "median", "sd", "rho", "freedom"):
            if getattr(expected, part) is not None:
                np.testing.assert_allclose(
                    getattr(found, part)[index], getattr(expected, part), rtol=ROUNDING, atol=ROUNDING
                )


@pytest.mark.parametrize(("name", "noise", "figures", "predicted"), ALL, ids=[case[0] for case in ALL])
def test_members_may_have_figures_of_their_own(
    name: str, noise: Noise, figures: np.ndarray, predicted: Predicted
) -> None:
    """Two members of figures, one of everything else, as when figures are drawn from the noise."""
    one = predicted.figures(np.arange(len(figures)))
    only = Predicted(
        one.median[None],
        one.sd[None],
        None if one.rho is None else one.rho[None],
        None if one.freedom is None else one.freedom[None],
        one.size,
    )
    drawn = np.stack([figures, figures[::-1]])
    found = noise.likelihood(drawn, only, GAPS)
    for index, own in enumerate(drawn):
        expected = noise.likelihood(own, one, GAPS)
        for part in ("value", "median", "sd", "rho", "freedom"):
            if getattr(expected, part) is not None:
                values = getattr(found, part)
                values = values[index] if len(values) == 2 else values[0]  # the same for all figures
                np.testing.assert_allclose(values, getattr(expected, part), rtol=ROUNDING, atol=ROUNDING)


def test_a_member_without_a_covariance_spares_the_others() -> None:
    """A correlation of one, and no error of the survey: the matrix has no inverse, which numpy raises for all."""
    noise = Survey(Asked(spread=0.0), remembers=True)
    size = np.full(6, 800.0)
    many = Predicted(np.tile(MEDIAN, (2, 1)), np.ones((2, 6)), np.array([1.0, 0.6]), size=size)
    found = noise.likelihood(PUBLISHED, many, GAPS)
    expected = noise.likelihood(PUBLISHED, Predicted(MEDIAN, np.ones(6), np.asarray(0.6), size=size), GAPS)
    assert np.isnan(found.value[0])
    assert found.value[1] == pytest.approx(float(expected.value), rel=ROUNDING)


def test_members_have_the_posterior_that_they_have_alone(write: Write) -> None:
    """Several noises, overrides, two experiments and five soft facts."""
    objective = Objective(read_problem(write(with_facts())), decay())
    points = around(X, 5)
    same(objective.log_posteriors(points), alone(objective.log_posterior, points))
    u = objective.transform.unconstrained(points)
    same(objective.unconstrained_log_posteriors(u), alone(objective.unconstrained_log_posterior, u))


def test_gradients_of_members_agree_with_central_differences(write: Write) -> None:
    objective = Objective(read_problem(write(with_facts())), decay())
    u = objective.transform.unconstrained(around(X, 3))
    _, gradient = objective.unconstrained_log_posteriors(u)
    step = 1e-5
    for index in range(u.shape[1]):
        bump = np.zeros(u.shape[1])
        bump[index] = step
        values = [objective.unconstrained_log_posteriors(u + side * bump)[0] for side in (1, -1)]
        # values of a hundred times 1e-16 over the step, and third derivatives times its square
        np.testing.assert_allclose(
            gradient[:, index], (values[0] - values[1]) / (2 * step), rtol=1e-6, atol=1e-5
        )


def test_a_member_that_fails_gets_nan_and_the_others_what_is_theirs(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    points = around(X, 4)
    u = objective.transform.unconstrained(points)
    u[1, 0] = 1e6  # an initial level of exp(1e6) overflows
    value, gradient = objective.unconstrained_log_posteriors(u)
    assert np.isnan(value).tolist() == [False, True, False, False]
    assert np.all(np.isnan(gradient[1]))
    rest = [0, 2, 3]
    same((value[rest], gradient[rest]), alone(objective.unconstrained_log_posterior, u[rest]))


def test_a_member_outside_its_bounds_has_no_density_and_the_others_theirs(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    points = around(X, 3)
    points[0, 1] = 2.0
    value, gradient = objective.log_posteriors(points)
    assert value[0] == -np.inf
    assert not np.any(gradient[0])
    same((value[1:], gradient[1:]), alone(objective.log_posterior, points[1:]))
    everywhere = np.tile(points[0], (2, 1))
    assert np.all(objective.log_posteriors(everywhere)[0] == -np.inf)


def test_a_figure_below_zero_fails_its_member_alone(write: Write) -> None:
    """The run is finite; it is the logarithmic noise that has no density there."""
    objective = Objective(read_problem(write()), decay())
    points = around(X, 3)
    points[2, 4] = -30.0  # an offset that no mean level makes up for
    value, gradient = objective.log_posteriors(points)
    assert np.isnan(value).tolist() == [False, False, True]
    assert np.all(np.isnan(gradient[2]))
    same((value[:2], gradient[:2]), alone(objective.log_posterior, points[:2]))


def test_the_study_gives_a_member_what_it_gives_it_alone_on_any_number_of_threads() -> None:
    """The engine's code for many members against its code for one, with every noise formula of the study."""
    problem, model = load_problem(Path(__file__).parents[2] / "calibration" / "problem.yaml")
    objective = Objective(problem, model)
    start = np.array([item.nominal if item.nominal is not None else 0.0 for item in problem.estimated])
    u = objective.transform.unconstrained(start)
    points = u + 0.05 * np.random.default_rng(3).standard_normal((11, len(u)))
    points[4, 0] = 1e6
    many = objective.copy(threads=1).unconstrained_log_posteriors(points)
    expected = alone(objective.unconstrained_log_posterior, points)
    same(many, expected)
    for threads in (2, 3):
        other = objective.copy(threads).unconstrained_log_posteriors(points)
        np.testing.assert_array_equal(other[0], many[0])
        np.testing.assert_array_equal(other[1], many[1])
