"""Figures drawn at known truths, held against identities that hold whatever the noise."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import sd_covid
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.facts.distribution import LogNormal, Normal, SoftTriangle, SoftUniform
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.sbc import synthetic
from sd_covid.calibration.sbc.synthetic import figures_at, highest, prior_truth
from sd_covid.errors import RunError

from .analytic import AnalyticModel, line
from .test_posterior import PRIOR_MEAN, PRIOR_SD, line_problem

NOISES = Path(__file__).parent / "noises"


@pytest.fixture(scope="module")
def noises(tmp_path_factory: pytest.TempPathFactory) -> Objective:
    """Every kind of noise at once, without the soft fact, whose slope is no slope of figures."""
    folder = tmp_path_factory.mktemp("study") / "calibration"
    shutil.copytree(NOISES, folder)
    alone = folder / "figures.yaml"
    alone.write_text("extends: problem.yaml\ndescription: figures alone\nwithout: [level_after_two_years]\n")
    problem = read_problem(alone)
    return Objective(problem, sd_covid.load(problem.model_path))


def test_the_mean_slope_of_the_likelihood_at_the_truth_is_zero(noises: Objective) -> None:
    """The first identity of Bartlett (Biometrika 40, 1953), for every parameter: of location, spread, memory and tails.

    Figures are drawn by one piece of code and weighed by another; where they disagree a slope has a mean.
    """
    rng = np.random.default_rng(5)
    truth = np.array([item.prior.median for item in noises.parameters if item.prior])
    slopes = []
    for _ in range(200):
        own = noises.observing(figures_at(noises, truth, rng))
        value, slope = own.log_likelihood(truth)
        assert math.isfinite(value)
        slopes.append(slope)
    z = np.mean(slopes, axis=0) / (np.std(slopes, axis=0, ddof=1) / math.sqrt(len(slopes)))
    # 19 means of 200: four standard errors leave one seed in a thousand
    assert dict(zip(noises.names, np.round(z, 1).tolist(), strict=True)) == {
        name: pytest.approx(0.0, abs=4.0) for name in noises.names
    }


def test_figures_of_one_stream_do_not_depend_on_those_observed(noises: Objective) -> None:
    truth = np.array([item.prior.median for item in noises.parameters if item.prior])
    first = figures_at(noises, truth, np.random.default_rng(1))
    again = figures_at(noises.observing(first), truth, np.random.default_rng(1))
    assert {key: values.tolist() for key, values in first.items()} == {
        key: values.tolist() for key, values in again.items()
    }
    assert ("obs_score", "fast") in first


FACT = (
    "extensions: {sd_covid: {version: '1.0', required: true, observations: {obs: {aggregation: end}}, soft_facts: "
    "{later: {terms: {height: {of: height, at: 2015-10}}, distribution: {kind: normal, mean: 2, sd: 0.5}}}}}"
)


def test_truths_come_from_the_prior_times_the_soft_facts(tmp_path: Path) -> None:
    """A normal fact on start + 10 slope makes the prior another normal one, in closed form."""
    path = line_problem(tmp_path, np.zeros(20))
    lines = path.read_text().splitlines()[:-1]
    path.write_text("\n".join([*lines, FACT]) + "\n")
    objective = Objective(read_problem(path), line())
    rng = np.random.default_rng(4)
    drawn = np.array([prior_truth(objective, rng).values for _ in range(400)])
    told = np.array([1.0, 10.0])
    covariance = np.linalg.inv(np.diag(PRIOR_SD**-2.0) + np.outer(told, told) / 0.5**2)
    mean = covariance @ (PRIOR_MEAN / PRIOR_SD**2 + told * 2.0 / 0.5**2)
    white = np.linalg.solve(np.linalg.cholesky(covariance), (drawn - mean).T)
    # one seed in a thousand would fail; the squares of both together are chi-square with two degrees of freedom
    assert min(stats.kstest(row, stats.norm.cdf).pvalue for row in white) > 5e-4
    assert stats.kstest(np.sum(white**2, axis=0), stats.chi2(2).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("distribution", "peak"),
    [
        (Normal(3.0, 0.2), 3.0),
        (LogNormal(2.0, 0.5), 2.0 * math.exp(-0.25)),
        (SoftUniform(1.0, 3.0, 0.1), 2.0),
        (SoftTriangle(0.0, 1.0, 2.0, 0.05), 1.0),
    ],
)
def test_the_highest_density_of_a_fact_is_that_at_its_peak(distribution: object, peak: float) -> None:
    expected = distribution.log_density(np.array([peak]))[0][0]  # type: ignore[attr-defined]
    # a parabola at its top: a place found to 1e-5 of the range is right to 1e-9
    assert highest(distribution) == pytest.approx(expected, abs=1e-8)  # type: ignore[arg-type]


def test_draws_at_which_the_model_fails_are_passed_over_and_counted(tmp_path: Path) -> None:
    def half(c: dict[str, float], t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        value = c["start"] + c["slope"] * t
        return np.full_like(t, np.nan) if c["start"] < 1.0 else value, {}

    model = AnalyticModel("line", {"start": 0.0, "slope": 0.0}, {"height": half})
    objective = Objective(read_problem(line_problem(tmp_path, np.zeros(20))), model)
    rng = np.random.default_rng(2)
    found = [prior_truth(objective, rng) for _ in range(100)]
    assert min(item.values[0] for item in found) >= 1.0
    failed, drawn = sum(item.failed for item in found), sum(item.drawn for item in found)
    assert drawn - failed == 100
    # it fails below the median of the prior: half of the draws, with five standard errors of a share
    assert abs(failed / drawn - 0.5) < 5 * 0.5 / math.sqrt(drawn)


def test_a_model_that_always_fails_has_no_truths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(c: object, t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        return np.full_like(t, np.nan), {}

    model = AnalyticModel("line", {"start": 0.0, "slope": 0.0}, {"height": broken})
    objective = Objective(read_problem(line_problem(tmp_path, np.zeros(20))), model)
    monkeypatch.setattr(synthetic, "MOST", 320)
    with pytest.raises(RunError, match=r"none of 320 draws .* fails at 320"):
        prior_truth(objective, np.random.default_rng(1))
    with pytest.raises(RunError, match="no figures at this truth"):
        figures_at(objective, PRIOR_MEAN, np.random.default_rng(1))
