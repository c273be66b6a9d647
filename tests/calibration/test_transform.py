"""Coordinates of the sampler: their prior, their way back, and their slope against central differences."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from sd_covid.calibration.density.transform import Transform
from sd_covid.calibration.problem.petab import Parameter, read_problem
from sd_covid.calibration.problem.priors import Prior
from sd_covid.calibration.tables import Row
from sd_covid.errors import ProblemError

from .conftest import Write

INF = math.inf
NORMAL = [
    ("normal", (0.3, 0.3), 0.0, 1.2),
    ("normal", (0.0, 1.0), -INF, INF),
    ("normal", (0.0, 1.0), -3.0, INF),
    ("normal", (1.0, 2.0), -INF, 4.0),
    ("normal", (0.0, 0.1), 0.25, 1.0),  # far out in a tail
    ("log-normal", (-3.4, 0.73), 0.0034, 0.28),
    ("log-normal", (-3.4, 0.73), 0.0, INF),
]
OTHERS = [
    ("uniform", (0.0, 2.0), 0.0, 2.0),
    ("log-uniform", (0.1, 2.0), 0.1, 2.0),
    ("exponential", (1.0,), 0.0, INF),
    ("laplace", (0.0, 1.0), -INF, 3.0),
    ("cauchy", (0.0, 1.0), -INF, INF),
]


def parameter(name: str, distribution: str, of: tuple[float, ...], lower: float, upper: float) -> Parameter:
    prior = Prior(distribution, of, lower, upper)
    return Parameter(name, True, lower, upper, None, prior, Row({}, Path("parameters.tsv"), 2))


def transform(
    items: list[tuple[str, tuple[float, ...], float, float]], *, additive: bool = False
) -> Transform:
    parameters = [parameter(f"p{place}", *item) for place, item in enumerate(items)]
    return Transform(parameters, [item.id for item in parameters] if additive else [])


@pytest.mark.parametrize("at", [-6.0, -2.5, -0.3, 0.0, 0.3, 2.5, 6.0])
def test_a_normal_prior_is_the_unit_normal_in_its_coordinate(at: float) -> None:
    u = np.full(len(NORMAL), at)
    x, slope, _, _ = transform(NORMAL).density(u)
    for place, (distribution, of, lower, upper) in enumerate(NORMAL):
        log_density = Prior(distribution, of, lower, upper).log_density(float(x[place]))[0]
        # near a bound x, and with it the density, is rounded to parts of 1e-16 of its distance to zero
        assert log_density + math.log(slope[place]) == pytest.approx(norm.logpdf(at), abs=1e-6)


@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("at", [-3.0, -0.7, 0.0, 0.7, 3.0])
def test_round_trip_slope_and_bend(at: float, additive: bool) -> None:
    of = transform(NORMAL + OTHERS, additive=additive)
    u = np.full(len(NORMAL + OTHERS), at)
    x, slope, log_jacobian, bend = of.density(u)
    np.testing.assert_allclose(of.unconstrained(x), u, atol=1e-6)
    step = 1e-5
    ahead, behind = (of.density(u + side * step) for side in (1, -1))
    # differences over 2e-5 of values rounded at 1e-16 of themselves, near bounds the larger part
    np.testing.assert_allclose(slope, (ahead[0] - behind[0]) / (2 * step), rtol=1e-4)
    assert log_jacobian == pytest.approx(float(np.sum(np.log(slope))), rel=1e-12)
    assert float(np.sum(bend)) == pytest.approx(float((ahead[2] - behind[2]) / (2 * step)), abs=1e-6)


def test_members_lie_along_the_first_axis() -> None:
    of = transform(NORMAL + OTHERS)
    u = np.random.default_rng(1).standard_normal((5, len(NORMAL + OTHERS)))
    np.testing.assert_array_equal(of.natural(u)[3], of.natural(u[3]))
    assert of.density(u)[2].shape == (5,)


def test_a_bound_is_moved_inside_and_infinity_has_no_density() -> None:
    bounded = [item for item in NORMAL + OTHERS if math.isfinite(item[2]) and math.isfinite(item[3])]
    of = transform(bounded)
    for place, side in ((2, 1.0), (3, -1.0)):
        bound = np.array([item[place] for item in bounded], dtype=np.float64)
        u = of.unconstrained(bound)
        assert np.all(np.isfinite(u))
        assert np.all(side * u < -5)
        assert np.all(side * (of.natural(u) - bound) >= 0)
    assert transform(NORMAL).density(np.full(len(NORMAL), 1e6))[2] == -INF


def test_effects_that_add_up_move_on_their_own_scale() -> None:
    """Between the quartiles of a log-normal prior the coordinate of an additive parameter is nearly straight."""
    prior = Prior("log-normal", (-3.4, 0.73), 0.0034, 0.28)
    x = prior.quantile(np.array([[0.25], [0.5], [0.75]]))
    item = [("log-normal", prior.parameters, prior.lower, prior.upper)]
    bends = []
    for additive in (False, True):
        u = transform(item, additive=additive).unconstrained(x)[:, 0]
        first, second = np.diff(u) / np.diff(x[:, 0])
        bends.append(second / first)
    assert bends[0] < 0.65  # on the logarithm the second half counts much less
    assert 0.8 < bends[1] < 1.0


def test_what_is_said_to_add_up_must_be_a_log_normal_parameter(write: Write) -> None:
    change = ("problem.yaml", "    observations:", "    additive: [start, offset]\n    observations:")
    reason = "'offset' is not an estimated parameter with a log-normal prior"
    with pytest.raises(ProblemError, match=reason):
        read_problem(write(change))
