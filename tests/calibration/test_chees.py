"""Many chains in one batch: on densities whose moments are known, on one with an edge, and on a model of the engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import arviz
import numpy as np
import pytest
from scipy import stats

import sd_covid
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import laplace
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.samplers.chees import Density, LaneSamples, sample_lanes
from sd_covid.calibration.samplers.posterior import sample
from sd_covid.calibration.samplers.tuning import DualAverage, halton, widened
from sd_covid.errors import RunError

from .conftest import Write


def normal(mean: np.ndarray, covariance: np.ndarray) -> Density:
    precision = np.linalg.inv(covariance)

    def density(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gradient = (mean - x) @ precision
        return 0.5 * np.sum((x - mean) * gradient, axis=1), gradient

    return density


def banana(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A unit normal coordinate, and a second one around its square less one, with a standard deviation of half."""
    first, second = x.T
    off = second - (first**2 - 1.0)
    value = -0.5 * first**2 - 2.0 * off**2
    return value, np.column_stack([-first + 8.0 * first * off, -4.0 * off])


def run(density: Density, dimension: int, *, seed: int = 1, **options: int) -> LaneSamples:
    start = 0.5 * np.random.default_rng(seed).standard_normal((16, dimension))
    return sample_lanes(density, start, **{"draws": 400, "tune": 200, "seed": seed, **options})


def check_mean(values: np.ndarray, of: Callable[[np.ndarray], np.ndarray], expected: float) -> None:
    """The mean of a function of the draws, within five of its Monte Carlo standard errors."""
    numbers = np.ascontiguousarray(of(values))
    error = numbers.std() / math.sqrt(float(arviz.ess(numbers, method="mean")))
    assert numbers.mean() == pytest.approx(expected, abs=5 * error)


def test_moments_of_a_correlated_normal_whose_scale_is_far_off() -> None:
    """Standard deviations from 0.5 to 12 around a mean five away, where the chains start with a scale of one."""
    rng = np.random.default_rng(4)
    turn = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    covariance = turn @ np.diag([0.25, 1, 1, 1, 1, 1, 2, 4, 25, 144]) @ turn.T
    mean = np.full(10, 5.0)
    found = run(normal(mean, covariance), 10, draws=600)
    assert found.divergences == 0
    assert float(max(arviz.rhat(np.ascontiguousarray(found.values[:, :, k])) for k in range(10))) < 1.01
    for k in range(10):
        check_mean(found.values, lambda x, k=k: x[:, :, k], mean[k])
        check_mean(found.values, lambda x, k=k: (x[:, :, k] - mean[k]) ** 2, covariance[k, k])
    check_mean(found.values, lambda x: (x[:, :, 0] - 5) * (x[:, :, 1] - 5), covariance[0, 1])
    expected = stats.multivariate_normal(mean, covariance).entropy() - 5 * math.log(2 * math.pi)
    constant = 0.5 * float(np.linalg.slogdet(covariance)[1])
    assert -found.log_density.mean() + constant == pytest.approx(
        expected, abs=0.2
    )  # sd sqrt(5) over some 1,000


def test_moments_of_a_banana() -> None:
    """The second coordinate has mean 0 and variance Var(z^2) + 1/4 = 9/4."""
    found = run(banana, 2, draws=600)
    check_mean(found.values, lambda x: x[:, :, 0], 0.0)
    check_mean(found.values, lambda x: x[:, :, 0] ** 2, 1.0)
    check_mean(found.values, lambda x: x[:, :, 1], 0.0)
    check_mean(found.values, lambda x: x[:, :, 1] ** 2, 9 / 4)
    check_mean(found.values, lambda x: x[:, :, 0] ** 2 * x[:, :, 1], 2.0)  # E z^4 - E z^2


def test_trajectories_that_leave_the_density_diverge_and_are_taken_back() -> None:
    """A normal cut off at one: what is left has the moments of the truncated normal."""

    def cut(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out = np.any(x > 1.0, axis=1)
        return np.where(out, np.nan, -0.5 * np.sum(x * x, axis=1)), np.where(out[:, None], np.nan, -x)

    start = -np.abs(np.random.default_rng(0).standard_normal((16, 2)))
    found = sample_lanes(cut, start, draws=600, tune=200, seed=3)
    assert found.divergences > 0
    assert found.values.max() <= 1.0
    truth = stats.truncnorm(-np.inf, 1.0)
    check_mean(found.values, lambda x: x[:, :, 0], float(truth.mean()))
    check_mean(found.values, lambda x: x[:, :, 1] ** 2, float(truth.var() + truth.mean() ** 2))


def test_a_seed_gives_the_same_bits_and_another_one_others() -> None:
    density = normal(np.zeros(3), np.diag([1.0, 4.0, 9.0]))
    one, two, other = (run(density, 3, seed=seed, draws=30, tune=40) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.values, two.values)
    assert one.gradients == two.gradients
    assert np.all(one.values != other.values)


def test_chains_that_start_without_a_density_are_refused() -> None:
    def nowhere(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(x[:, 0] > 0, np.nan, 0.0), np.zeros_like(x)

    start = np.array([[1.0], [-1.0], [2.0]])
    with pytest.raises(RunError, match="2 of 3 chains start where there is no density") as caught:
        sample_lanes(nowhere, start, draws=1, tune=1)
    assert "starts" in (caught.value.advice or "")


MODEL = """\
{UTF-8}
level = INTEG(-loss, initial level)
	~	persons
	~	|
loss = decay rate*level
	~	persons/Month
	~	|
cumulative outflow = INTEG(loss, 0)
	~	persons
	~	|
initial level = 10
	~	persons
	~	|
decay rate = 0.05
	~	1/Month
	~	|
INITIAL TIME = 0
	~	Month
	~	|
FINAL TIME = 24
	~	Month
	~	|
TIME STEP = 0.125
	~	Month
	~	|
SAVEPER = 1
	~	Month
	~	|
"""


def test_a_model_of_the_engine_is_sampled_alike_on_any_number_of_threads(write: Write) -> None:
    path = write()
    Path(path.parent / "decay.mdl").write_text(MODEL, encoding="utf-8")
    objective = Objective(read_problem(path), sd_covid.load(path.parent / "decay.mdl"))
    start = laplace(objective, np.array([10.5, 0.045, 0.3, 0.4, -0.2, 0.3]))
    found = [
        sample(objective, start, method="lanes", draws=5, tune=10, chains=20, threads=threads, seed=1).values
        for threads in (1, 3)
    ]
    np.testing.assert_array_equal(*found)


def test_a_few_draws_of_a_unit_normal_do_not_change_the_scale() -> None:
    """What the covariance of 600 draws in 100 dimensions shows beside unit variances is noise."""
    draws = np.random.default_rng(0).standard_normal((40, 15, 100))
    np.testing.assert_allclose(widened(draws), np.eye(100), atol=1e-12)


def test_a_direction_of_another_spread_is_found_among_many() -> None:
    draws = np.random.default_rng(1).standard_normal((200, 15, 100))
    draws[..., 0] *= 10.0
    draws[..., 1] *= 0.2
    found = widened(draws)
    # a standard deviation of 3,000 draws is known to one in sqrt(6,000): four of these, and 1/ratio of the correction
    assert found[0, 0] == pytest.approx(10.0, rel=0.06)
    assert found[1, 1] == pytest.approx(0.2, rel=0.06)
    assert abs(found[2, 2] - 1.0) < 0.05


def test_the_step_size_finds_the_acceptance_it_aims_at() -> None:
    """Acceptance falls as exp(-step): the target of 0.75 is met at -log 0.75."""
    size = DualAverage(0.1, 0.75)
    for _ in range(2000):
        size.learn(math.exp(-size.now))
    assert size.settled == pytest.approx(-math.log(0.75), rel=1e-2)


def test_jitter_covers_the_unit_interval_evenly() -> None:
    found = np.sort([halton(index) for index in range(1, 64)])
    np.testing.assert_array_equal(found, np.arange(1, 64) / 64)
