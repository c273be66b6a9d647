"""Both samplers, the fit and the Gaussian approximation on a straight line, whose posterior is normal in closed form.

With y = start + slope t + noise of known sd, and normal priors, the posterior precision is P = D + X'X/sd^2 and the
mean P^-1 (D m + X'y/sd^2) (Gelman et al., Bayesian Data Analysis, 3rd ed., section 14.8).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import fit, laplace
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.samplers.methods import Method
from sd_covid.calibration.samplers.posterior import diagnostics, sample
from sd_covid.errors import RunError

from .analytic import AnalyticModel, line

SD, PRIOR_MEAN, PRIOR_SD = 0.5, np.array([1.0, 0.0]), np.array([2.0, 0.3])
TIMES = np.arange(1.0, 21.0)


def line_problem(folder: Path, figures: np.ndarray) -> Path:
    (folder / "problem.yaml").write_text(
        "format_version: 2.0.0\nmodel_files: {line: {location: line.mdl, language: vensim}}\n"
        "parameter_files: [p.tsv]\nobservable_files: [o.tsv]\nmeasurement_files: [m.tsv]\n"
        "extensions: {sd_covid: {version: '1.0', required: true, observations: {obs: {aggregation: end}}}}\n"
    )
    (folder / "line.mdl").write_text("")
    head = "parameterId\testimate\tlowerBound\tupperBound\tpriorDistribution\tpriorParameters\n"
    rows = [
        f"{n}\ttrue\t-inf\tinf\tnormal\t{m};{s}"
        for n, m, s in zip(["start", "slope"], PRIOR_MEAN, PRIOR_SD, strict=True)
    ]
    (folder / "p.tsv").write_text(head + "\n".join(rows) + "\n")
    (folder / "o.tsv").write_text(f"observableId\tobservableFormula\tnoiseFormula\nobs\theight\t{SD}\n")
    rows = [f"obs\t\t{y!r}\t{t}" for y, t in zip(figures.tolist(), TIMES, strict=True)]
    (folder / "m.tsv").write_text("observableId\texperimentId\tmeasurement\ttime\n" + "\n".join(rows) + "\n")
    return folder / "problem.yaml"


def closed_form(figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    design = np.column_stack([np.ones_like(TIMES), TIMES])
    precision = np.diag(PRIOR_SD**-2.0) + design.T @ design / SD**2
    covariance = np.linalg.inv(precision)
    return covariance @ (PRIOR_MEAN / PRIOR_SD**2 + design.T @ figures / SD**2), covariance


@pytest.fixture
def figures() -> np.ndarray:
    return 0.7 + 0.12 * TIMES + SD * np.random.default_rng(1).standard_normal(len(TIMES))


@pytest.fixture
def objective(tmp_path: Path, figures: np.ndarray) -> Objective:
    return Objective(read_problem(line_problem(tmp_path, figures)), line())


def test_the_best_fit_is_the_closed_form_mean_from_every_start(
    objective: Objective, figures: np.ndarray
) -> None:
    expected, _ = closed_form(figures)
    seen: list[tuple[int, int]] = []
    found = fit(
        objective, starts=5, seed=3, threads=2, progress=lambda done, total: seen.append((done, total))
    )
    # L-BFGS-B stops at a relative change of 1e-11 in a cost of order 10: 1e-5 sd from the top of a parabola
    np.testing.assert_allclose(
        found.best, expected, rtol=0, atol=1e-4 * np.sqrt(np.diag(closed_form(figures)[1])).max()
    )
    assert np.ptp([row.log_posterior for row in found.starts]) < 1e-6
    assert all(row.converged for row in found.starts)
    assert seen == [(index, 5) for index in range(1, 6)]


def test_the_gaussian_approximation_of_a_normal_posterior_is_exact(
    objective: Objective, figures: np.ndarray
) -> None:
    expected, covariance = closed_form(figures)
    found = laplace(objective, expected)
    scale = PRIOR_SD[:, None] * found.scale  # coordinates are in units of the prior's standard deviation
    np.testing.assert_allclose(scale @ scale.T, covariance, rtol=1e-6)  # differences of a linear gradient
    np.testing.assert_allclose(PRIOR_SD * found.sd, np.sqrt(np.diag(covariance)), rtol=1e-6)


@pytest.mark.parametrize(("method", "draws", "chains"), [("nuts", 500, 4), ("lanes", 250, 16)])
def test_a_sampler_agrees_with_the_closed_form_within_its_monte_carlo_error(
    objective: Objective, figures: np.ndarray, method: Method, draws: int, chains: int
) -> None:
    expected, covariance = closed_form(figures)
    seen: list[tuple[int, int]] = []
    samples = sample(
        objective,
        laplace(objective, expected),
        method=method,
        draws=draws,
        tune=200,
        chains=chains,
        threads=2,
        seed=11,
        progress=lambda done, total: seen.append((done, total)),
    )
    total = chains * (draws + 200)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    found = diagnostics(samples.values)
    assert not found.unconverged()
    assert samples.divergences == 0
    draws = samples.values.reshape(-1, 2)
    sd = np.sqrt(np.diag(covariance))
    # four Monte Carlo standard errors: sd/sqrt(ESS) of a mean, sd/sqrt(2 ESS) of a standard deviation
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * sd / np.sqrt(found.ess_bulk))
    assert np.all(np.abs(draws.std(axis=0) - sd) < 4 * sd / np.sqrt(2 * found.ess_tail))
    correlation = np.corrcoef(draws.T)[0, 1]
    assert correlation == pytest.approx(
        covariance[0, 1] / sd[0] / sd[1], abs=4 / math.sqrt(found.ess_bulk.min())
    )


@pytest.mark.parametrize(("method", "chains"), [("nuts", 2), ("lanes", 8)])
def test_the_same_seed_gives_the_same_draws(
    objective: Objective, figures: np.ndarray, method: Method, chains: int
) -> None:
    start = laplace(objective, closed_form(figures)[0])
    one, two = (
        sample(objective, start, method=method, draws=20, tune=50, chains=chains, threads=t, seed=5)
        for t in (1, 2)
    )
    np.testing.assert_array_equal(one.values, two.values)


def test_chains_that_disagree_are_told(figures: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    stuck = rng.standard_normal((4, 500, 1)) + np.arange(4.0)[:, None, None]
    assert diagnostics(stuck).unconverged() == [0]
    assert diagnostics(rng.standard_normal((4, 500, 1))).unconverged() == []


def test_a_model_that_always_fails_is_an_error_and_not_a_fit(tmp_path: Path, figures: np.ndarray) -> None:
    def broken(c: object, t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        return np.full_like(t, np.nan), {}

    model = AnalyticModel("line", {"start": 0.0, "slope": 0.0}, {"height": broken})
    with pytest.raises(RunError, match="fails at all 2 starts"):
        fit(Objective(read_problem(line_problem(tmp_path, figures)), model), starts=2)


@pytest.mark.parametrize(("method", "said"), [("nuts", "cannot go on"), ("lanes", "no density")])
def test_chains_that_find_no_density_are_one_useful_line(
    tmp_path: Path, figures: np.ndarray, method: Method, said: str
) -> None:
    def broken(c: object, t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        return np.full_like(t, np.nan), {}

    problem = read_problem(line_problem(tmp_path, figures))
    start = laplace(Objective(problem, line()), closed_form(figures)[0])
    model = AnalyticModel("line", {"start": 0.0, "slope": 0.0}, {"height": broken})
    with pytest.raises(RunError, match=said) as caught:
        sample(Objective(problem, model), start, method=method, draws=10, tune=10)
    assert "narrow" in (caught.value.advice or "")
    assert len(str(caught.value).splitlines()) == 1


def test_too_few_chains_are_not_tuned_together(objective: Objective, figures: np.ndarray) -> None:
    with pytest.raises(RunError, match="7 chains are too few") as caught:
        sample(objective, laplace(objective, closed_form(figures)[0]), method="lanes", chains=7)
    assert "nuts" in (caught.value.advice or "")


# one chain of which every third draw counts, or one draw of each of 17 chains
@pytest.mark.parametrize(("method", "draws", "chains"), [("nuts", 51, 1), ("lanes", 1, 17)])
def test_ranks_of_the_truth_among_the_draws_are_uniform(
    tmp_path: Path, method: Method, draws: int, chains: int
) -> None:
    """Simulation-based calibration (Talts et al. 2018): truth from the prior, figures from it, rank among the draws."""
    rng = np.random.default_rng(7)
    ranks = []
    for _ in range(36):
        truth = PRIOR_MEAN + PRIOR_SD * rng.standard_normal(2)
        figures = truth[0] + truth[1] * TIMES + SD * rng.standard_normal(len(TIMES))
        own = Objective(read_problem(line_problem(tmp_path, figures)), line())
        approximation = laplace(own, closed_form(figures)[0])
        seed = int(rng.integers(2**31))
        drawn = sample(own, approximation, method=method, draws=draws, tune=40, chains=chains, seed=seed)
        kept = drawn.values[:, ::3].reshape(17, 2)
        ranks.append(np.sum(kept < truth, axis=0) // 3)  # 17 draws: ranks 0 to 17, in six bins
    counts = np.array([np.bincount(column, minlength=6) for column in np.array(ranks).T])
    statistic = np.sum((counts - 6.0) ** 2 / 6.0, axis=1)
    # chi-square with 5 degrees of freedom: 25.7 is its 99.99 % quantile
    assert np.all(statistic < 25.7)


def test_a_parameter_the_figures_say_nothing_of_is_drawn_from_its_prior(
    tmp_path: Path, figures: np.ndarray
) -> None:
    path = line_problem(tmp_path, figures)
    table = tmp_path / "p.tsv"
    table.write_text(table.read_text() + "later\ttrue\t0\t10\tlog-normal\t0.5;0.4\n")
    (tmp_path / "map.tsv").write_text("petabEntityId\tmodelEntityId\nlater\tlater step\n")
    problem = tmp_path / "problem.yaml"
    problem.write_text(problem.read_text() + "mapping_files: [map.tsv]\n")
    model = AnalyticModel("line", {"start": 0.0, "slope": 0.0, "later step": 1.0}, dict(line().outputs))
    objective = Objective(read_problem(path), model)
    start = laplace(objective, np.array([*closed_form(figures)[0], 1.0]))
    assert start.informed.tolist() == [True, True, False]
    draws = sample(objective, start, draws=100, tune=50, chains=10, seed=2).values[:, :, 2].ravel()
    # 1,000 independent draws: the largest gap between two distributions stays below 1.95/sqrt(n) with 99.9 %
    assert stats.kstest(draws, stats.lognorm(0.4, scale=math.exp(0.5)).cdf).statistic < 1.95 / math.sqrt(1000)
