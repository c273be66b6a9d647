"""What each series teaches, and the posterior without one, on a line with normal noise: all in closed form.

With figures y = X b + e, e normal of covariance S, and a normal prior of covariance P, the posterior of b is normal
with precision P^-1 + X' S^-1 X and mean that inverse times X' S^-1 y (the prior's mean is zero).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.validity.information import DRAWN, Information, information
from sd_covid.calibration.validity.refit import refit_without
from sd_covid.calibration.validity.replay import replay
from sd_covid.calibration.validity.without import smoothed, weights_without
from sd_covid.errors import RunError

from .analytic import line

A, B, C = ("obs_a", ""), ("obs_b", ""), ("fact", "")
SD = {"obs_a": 0.5, "obs_b": 0.8}
RHO = 0.6
PRIOR = np.array([2.0, 0.3, 3.0])  # sds of start, slope and shift
WIDTH = norm.ppf(0.84)  # half of the central 68 % of a normal prior, in sds: the unit of the information
TIMES = {"obs_a": np.arange(1.0, 25.0), "obs_b": np.arange(6.0, 31.0, 3.0)}
PROBLEM = """\
format_version: 2.0.0
model_files: {line: {location: line.mdl, language: vensim}}
parameter_files: [parameters.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
mapping_files: [mapping.tsv]
extensions:
  sd_covid:
    version: "1.0"
    required: true
    observations:
      obs_a: {aggregation: end, period: 1, autocorrelation: rho}
      obs_b: {aggregation: end, period: 3}
    soft_facts:
      fact:
        terms: {then: {of: height, at: 2015-10}}
        distribution: {kind: normal, mean: 2.0, sd: 0.7}
        unit: m
"""


def design(name: str) -> np.ndarray:
    times = TIMES[name]
    return np.column_stack([np.ones_like(times), times, np.full_like(times, name == "obs_b")])


def covariance(name: str) -> np.ndarray:
    gaps = np.abs(TIMES[name][:, None] - TIMES[name])
    return SD[name] ** 2 * (RHO**gaps if name == "obs_a" else np.eye(len(gaps)))


def figures(name: str) -> np.ndarray:
    rng = np.random.default_rng(8 if name == "obs_a" else 9)
    noise = np.linalg.cholesky(covariance(name)) @ rng.standard_normal(len(TIMES[name]))
    return design(name) @ np.array([1.0, 0.1, -2.0]) + noise


def precision(name: str) -> np.ndarray:
    return design(name).T @ np.linalg.solve(covariance(name), design(name))


FACT = np.array([1.0, 10.0, 0.0])


def posterior(*names: str, fact: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance given some series."""
    total, weighted = np.diag(PRIOR**-2.0), np.zeros(3)
    for name in names:
        total = total + precision(name)
        weighted = weighted + design(name).T @ np.linalg.solve(covariance(name), figures(name))
    if fact:
        total = total + np.outer(FACT, FACT) / 0.7**2
        weighted = weighted + FACT * 2.0 / 0.7**2
    return np.linalg.solve(total, weighted), np.linalg.inv(total)


@pytest.fixture(scope="module")
def objective(tmp_path_factory: pytest.TempPathFactory) -> Objective:
    folder: Path = tmp_path_factory.mktemp("line")
    (folder / "line.mdl").write_text("")
    (folder / "problem.yaml").write_text(PROBLEM)
    rows = "".join(
        f"{name}\ttrue\t-inf\tinf\t0\tnormal\t0;{sd}\t1\n"
        for name, sd in zip(("start", "slope", "shift"), PRIOR.tolist(), strict=True)
    )
    (folder / "parameters.tsv").write_text(
        "parameterId\testimate\tlowerBound\tupperBound\tnominalValue\tpriorDistribution\tpriorParameters\tunit\n"
        + rows
        + f"rho\tfalse\t0\t0.99\t{RHO}\t\t\t1\n"
    )
    (folder / "observables.tsv").write_text(
        "observableId\tobservableFormula\tnoiseFormula\tunit\n"
        f"obs_a\theight\t{SD['obs_a']}\tm\nobs_b\theight + shift\t{SD['obs_b']}\tm\n"
    )
    lines = [
        f"{name}\t\t{y!r}\t{t:g}"
        for name in SD
        for t, y in zip(TIMES[name].tolist(), figures(name).tolist(), strict=True)
    ]
    (folder / "measurements.tsv").write_text(
        "observableId\texperimentId\tmeasurement\ttime\n" + "\n".join(lines) + "\n"
    )
    (folder / "mapping.tsv").write_text("petabEntityId\tmodelEntityId\nstart\tstart\n")
    return Objective(read_problem(folder / "problem.yaml"), line())


@pytest.fixture(scope="module")
def told(objective: Objective) -> Information:
    return information(objective, posterior("obs_a", "obs_b")[0], seed=2)


# Matrices of mean products of N normal scores: each element has an sd of at most sqrt(2 / N) of the diagonal's size.
NEAR = 5 * np.sqrt(2 / DRAWN)


@pytest.mark.parametrize("name", ["obs_a", "obs_b"])
def test_information_of_a_series_is_that_of_least_squares(told: Information, name: str) -> None:
    expected = np.diag(PRIOR) @ precision(name) @ np.diag(PRIOR)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.all(np.abs(told.matrices[name, ""] - WIDTH**2 * expected) <= NEAR * scale + 1e-12)


def test_information_of_a_soft_fact_is_its_curvature(told: Information) -> None:
    expected = np.outer(FACT * PRIOR, FACT * PRIOR) / 0.7**2
    # the slope of a normal log density is linear: its difference is exact but for rounding
    np.testing.assert_allclose(told.matrices[C], WIDTH**2 * expected, rtol=1e-4, atol=1e-9)


def test_shares_of_what_is_known_add_to_one_and_are_those_of_the_precisions(told: Information) -> None:
    prior, shares = told.shares()
    np.testing.assert_allclose(prior + sum(shares.values()), 1.0, rtol=1e-12)
    parts = [precision("obs_a"), precision("obs_b"), np.outer(FACT, FACT) / 0.7**2]
    total = np.diag(PRIOR**-2.0) + sum(parts)
    for key, part in zip((A, B, C), parts, strict=True):
        np.testing.assert_allclose(shares[key], np.diag(part) / np.diag(total), atol=NEAR / 2)
    assert shares[A][2] == 0.0
    assert told.only(B) == [2]
    assert told.only(A) == []


@pytest.mark.parametrize(("without", "kept"), [(None, ("obs_a", "obs_b")), (A, ("obs_b",)), (B, ("obs_a",))])
def test_spread_left_is_that_of_the_posterior_without_the_series(
    told: Information, without: tuple[str, str] | None, kept: tuple[str, ...]
) -> None:
    expected = np.sqrt(np.diag(posterior(*kept)[1])) / PRIOR
    # a spread goes with the root of the information
    np.testing.assert_allclose(told.spread(without), expected, rtol=NEAR)


def drawn(count: int) -> np.ndarray:
    mean, spread = posterior("obs_a", "obs_b")
    return np.random.default_rng(4).multivariate_normal(mean, spread, count)


@pytest.mark.parametrize(
    ("left_out", "kept", "fact"), [(B, ("obs_a",), True), (C, ("obs_a", "obs_b"), False)]
)
def test_weighted_draws_are_the_posterior_without_the_series(
    objective: Objective, told: Information, left_out: tuple[str, str], kept: tuple[str, ...], fact: bool
) -> None:
    draws = drawn(1000)
    weights = weights_without(objective, replay(objective, draws), left_out, told.only(left_out))
    assert weights.reliable
    assert weights.own == (("shift",) if left_out == B else ())
    expected, spread = posterior(*kept, fact=fact)
    shared = [0, 1] if left_out == B else [0, 1, 2]
    sd = np.sqrt(np.diag(spread))[shared]
    # five standard errors of a mean of so many draws; that of a spread is less
    error = 5 / np.sqrt(weights.effective)
    assert np.all(np.abs(weights.mean(draws)[shared] - expected[shared]) < error * sd)
    np.testing.assert_allclose(weights.sd(draws)[shared], sd, rtol=error)


@pytest.mark.parametrize(
    ("left_out", "kept", "fact"),
    [(A, ("obs_b",), True), (B, ("obs_a",), True), (C, ("obs_a", "obs_b"), False)],
)
def test_moved_draws_are_the_posterior_without_the_series(
    objective: Objective, told: Information, left_out: tuple[str, str], kept: tuple[str, ...], fact: bool
) -> None:
    draws = drawn(1000).reshape(4, 250, 3)
    own = told.only(left_out)
    found = refit_without(objective, draws, left_out, own, seed=1)
    assert found.faults == ()
    expected, spread = posterior(*kept, fact=fact)
    if left_out == A:  # most of what is known of the slope goes
        assert spread[1, 1] > 2.5 * posterior("obs_a", "obs_b")[1][1, 1]
    sd = np.sqrt(np.diag(spread))
    shared = [0, 1] if own else [0, 1, 2]
    # five standard errors of 250 independent draws, a quarter of all: the rest are their kin
    assert np.all(np.abs(found.values.mean(axis=0) - expected)[shared] < 5 * sd[shared] / np.sqrt(250))
    np.testing.assert_allclose(found.values.std(axis=0)[shared], sd[shared], rtol=5 / np.sqrt(500))
    if own:
        kept_spread = drawn(1000)[:, 2].std()
        assert found.own == ("shift",)
        assert found.values[:, 2].std() == pytest.approx(kept_spread, rel=5 / np.sqrt(500))


def test_log_likelihoods_of_the_series_add_up_to_that_of_the_objective(objective: Objective) -> None:
    x = posterior("obs_a")[0]
    found = replay(objective, x[None, :])
    total = sum(float(values[0]) for values in found.log_likelihoods.values())
    assert total == pytest.approx(objective.log_likelihood(x)[0], rel=1e-12)
    np.testing.assert_allclose(found.series[0].median, design("obs_a") @ x, rtol=1e-12)


def test_weights_are_pareto_smoothed_as_by_arviz() -> None:
    import arviz

    log_ratio = 1.2 * np.random.default_rng(6).standard_normal(500)
    share, k = smoothed(log_ratio)
    logs, expected = arviz.psislw(log_ratio)
    np.testing.assert_allclose(share, np.exp(logs), rtol=1e-9)
    assert k == pytest.approx(float(expected), rel=1e-9)


def test_weights_that_rest_on_a_few_draws_call_for_a_refit(objective: Objective) -> None:
    # a ratio exp(c z^2 / 2) of a unit normal z exceeds t with a probability that falls as t^(-1/c): k is c, here 3
    z = np.random.default_rng(7).standard_normal(2000)
    assert smoothed(1.5 * z**2)[1] > 0.7


def test_equal_weights_have_no_tail() -> None:
    share, k = smoothed(np.zeros(40))
    assert k == 0.0
    np.testing.assert_array_equal(share, np.full(40, 1 / 40))


def test_few_draws_cannot_tell(objective: Objective, told: Information) -> None:
    weights = weights_without(objective, replay(objective, drawn(8)), B, told.only(B))
    assert np.isnan(weights.k)
    assert not weights.reliable


def test_a_parameter_that_is_the_same_in_every_draw_cannot_be_weighted(
    objective: Objective, told: Information
) -> None:
    draws = drawn(50)
    draws[:, 2] = -2.0
    with pytest.raises(RunError, match="the draws of shift do not vary"):
        weights_without(objective, replay(objective, draws), B, told.only(B))


def test_a_draw_at_which_the_model_fails_is_counted_and_kept_out(objective: Objective) -> None:
    draws = np.array([[1.0, 0.1, -2.0], [np.inf, 0.1, -2.0]])
    found = replay(objective, draws)
    assert found.failed == 1
    np.testing.assert_array_equal(found.parameters, draws[:1])


def test_drawn_series_have_the_covariance_of_the_noise(objective: Objective) -> None:
    draws = np.tile(posterior("obs_a", "obs_b")[0], (3000, 1))
    item = replay(objective, draws).series[0]
    drawn = item.replicates(1)
    count = len(drawn)
    expected = covariance("obs_a")
    # elements of an empirical covariance of N draws: sd at most sqrt(2 / N) of the variance; five of them
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=5 * np.sqrt(2 / count) * SD["obs_a"] ** 2)
