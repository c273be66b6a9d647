"""Weights of variants where evidence and left-out densities have closed forms: straight lines, and AR(1) noise.

Figures of a line with normal priors are jointly normal. In a normal vector with covariance K and residual r, one
element given the others is normal with variance 1/P_ii and residual (P r)_i / P_ii, P the inverse of K.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.pointwise import figure_densities, figure_names
from sd_covid.calibration.density.process import Paths
from sd_covid.calibration.fitting.identify import identify
from sd_covid.calibration.forecasts.mixture import Mixture
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.results import FitReport
from sd_covid.calibration.stored.store import Posterior
from sd_covid.calibration.weigh import Loo, StoredFit, leave_one_out, same_figures, stacking, weigh
from sd_covid.errors import ProblemError

from .analytic import decay, line
from .conftest import Write
from .test_posterior import PRIOR_MEAN, PRIOR_SD, SD, TIMES, line_problem

DESIGN = np.column_stack([np.ones_like(TIMES), TIMES])


def left_out(residual: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    precision = np.linalg.inv(covariance)
    variance = 1 / np.diag(precision)
    found: np.ndarray = stats.norm(0, np.sqrt(variance)).logpdf((precision @ residual) * variance)
    return found


def stored(path: Path, design: np.ndarray, figures: np.ndarray, draws: int = 4000) -> StoredFit:
    """A fit of the line whose draws are exact."""
    problem = read_problem(path)
    objective = Objective(problem, line())
    count = design.shape[1]
    covariance = np.linalg.inv(np.diag(PRIOR_SD[:count] ** -2.0) + design.T @ design / SD**2)
    mean = covariance @ (PRIOR_MEAN[:count] / PRIOR_SD[:count] ** 2 + design.T @ figures / SD**2)
    values = np.random.default_rng(3).multivariate_normal(mean, covariance, draws)
    frame = pd.DataFrame(values, columns=objective.names)
    for place, name in enumerate(("chain", "draw", "log_posterior")):
        frame.insert(place, name, 0.0)
    report = FitReport(True, (), (), (), (), (), (), 0, 0, 0, identifiability=identify(objective, mean))
    return StoredFit(path.stem, problem, line(), Posterior(frame, {}), report)


@pytest.fixture
def figures() -> np.ndarray:
    return 0.7 + 0.03 * TIMES + SD * np.random.default_rng(1).standard_normal(len(TIMES))


@pytest.fixture
def pair(tmp_path: Path, figures: np.ndarray) -> tuple[StoredFit, StoredFit]:
    """The line, and a variant without slope."""
    path = line_problem(tmp_path, figures)
    flat = tmp_path / "flat.yaml"
    flat.write_text("extends: problem.yaml\nfixed: {slope: 0}\n")
    return stored(path, DESIGN, figures), stored(flat, DESIGN[:, :1], figures)


def marginal(design: np.ndarray) -> np.ndarray:
    count = design.shape[1]
    spread: np.ndarray = design @ np.diag(PRIOR_SD[:count] ** 2) @ design.T + SD**2 * np.eye(len(TIMES))
    return spread


def test_left_out_densities_and_weights_are_those_of_the_closed_form(
    pair: tuple[StoredFit, StoredFit], figures: np.ndarray
) -> None:
    found = [leave_one_out(fit) for fit in pair]
    evidence = []
    for fit, item, design in zip(pair, found, (DESIGN, DESIGN[:, :1]), strict=True):
        residual = figures - design @ PRIOR_MEAN[: design.shape[1]]
        expected = left_out(residual, marginal(design))
        # 400 draws of importance ratios whose log has an sd of 0.3 or so: 0.3/sqrt(400), four times that
        np.testing.assert_allclose(item.pointwise, expected, rtol=0, atol=0.06)
        assert item.bad == 0
        assert item.total == pytest.approx(expected.sum(), abs=0.2)
        evidence.append(stats.multivariate_normal(np.zeros(len(TIMES)), marginal(design)).logpdf(residual))
        assert fit.log_evidence == pytest.approx(evidence[-1], abs=1e-7)
    weights = weigh(pair, found)
    assert weights.evidence is not None
    assert weights.evidence[0] == pytest.approx(1 / (1 + math.exp(evidence[1] - evidence[0])), abs=1e-7)
    assert sum(weights.stacking) == pytest.approx(1.0)


def test_without_evidence_there_are_no_weights_by_it(pair: tuple[StoredFit, StoredFit]) -> None:
    one, other = pair
    old = dataclasses.replace(other, report=dataclasses.replace(other.report, identifiability=None))
    same = [Loo(np.zeros(len(TIMES)), 0)] * 2
    assert weigh((one, old), same).evidence is None


def test_a_part_is_not_weighed_against_the_whole(pair: tuple[StoredFit, StoredFit], tmp_path: Path) -> None:
    one, _ = pair
    table = tmp_path / "m.tsv"
    table.write_text("\n".join(table.read_text().splitlines()[:-3]) + "\n")
    fewer = dataclasses.replace(one, name="fewer", problem=read_problem(one.problem.path))
    assert "fewer lacks 3 figures" in same_figures((one, fewer))
    with pytest.raises(ProblemError, match="only parameters can be compared"):
        weigh((one, fewer), [Loo(np.zeros(3), 0)] * 2)


def test_a_figure_of_noise_that_remembers_is_told_from_both_its_neighbours(write: Write) -> None:
    problem = read_problem(write())
    objective = Objective(problem, decay())
    values = {"start": 10.5, "rate": 0.06, "sd": 0.4, "rho": 0.7, "offset": 0.1, "wave": 0.2}
    x = np.array([values[name] for name in objective.names])
    found = dict(zip(figure_names(objective), figure_densities(objective, x[None])[0], strict=True))
    times = np.array([1.0, 2.0, 4.0, 7.0])
    level = np.array([9.7, 9.1, 8.4, 7.2])
    model = 10.5 * np.exp(-0.06 * times) + 0.2 * np.cos(2 * np.pi * times / 12)
    covariance = 0.4**2 * 0.7 ** np.abs(times[:, None] - times)
    expected = left_out(level - model, covariance)
    got = [found["obs_level", "", time, figure] for time, figure in zip(times, level, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    # noise that does not remember: the figures' densities add up to the likelihood, less that of the other series
    rest = sum(value for name, value in found.items() if name[0] != "obs_level")
    whole = stats.multivariate_normal(np.zeros(4), covariance).logpdf(level - model)
    assert rest + whole == pytest.approx(objective.log_likelihood(x)[0], rel=1e-12)


def test_stacking_weights_have_the_closed_form_of_two_variants_that_each_explain_some_figures() -> None:
    # 7 figures with densities (1, e), 3 with (e, 1): the total is largest at (n1 - n2 e) / ((n1 + n2)(1 - e))
    e = 0.05
    pointwise = np.log(np.array([[1.0, e]] * 7 + [[e, 1.0]] * 3))
    expected = (7 - 3 * e) / (10 * (1 - e))
    np.testing.assert_allclose(stacking(pointwise), [expected, 1 - expected], atol=1e-9)
    np.testing.assert_allclose(stacking(np.log(np.array([[1.0, 0.5]] * 4))), [1.0, 0.0], atol=1e-9)


class Always:
    """A predictor of one series that is always the same number."""

    def __init__(self, value: float, draws: int, name: str = "obs") -> None:
        self.targets = {name: None}
        self.draws = draws
        self._value = value

    def paths(self, name: str) -> Paths:
        path = np.full((self.draws, 2), self._value) + np.arange(self.draws)[:, None] / 1e6
        return Paths(path, path)


def test_each_variant_has_its_share_of_the_members_and_the_same_ones_for_every_series() -> None:
    mixture = Mixture([Always(0.0, 400), Always(1.0, 100)], [0.75, 0.25])  # type: ignore[list-item]
    assert mixture.shares == [300, 100]
    found = mixture.paths("obs")
    assert np.mean(found.marginal > 0.5) == 0.25
    assert len(np.unique(found.path[:, 0])) == 400  # no member twice
    np.testing.assert_array_equal(found.path, mixture.paths("obs").path)


def test_variants_that_predict_other_series_are_not_mixed() -> None:
    one, other = Always(0.0, 4), Always(1.0, 4, "another")
    with pytest.raises(ProblemError, match="do not predict the same series: 'another'"):
        Mixture([one, other], [0.5, 0.5])  # type: ignore[list-item]
