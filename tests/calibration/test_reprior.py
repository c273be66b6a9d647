"""Stored draws under another prior, on a straight line: the posterior is normal, in closed form, under either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.problem.priors import Prior
from sd_covid.calibration.reprior import under_priors
from sd_covid.calibration.stored.store import Posterior, read_posterior
from sd_covid.calibration.workflow import posterior_file
from sd_covid.errors import DataError

from .analytic import line
from .test_posterior import PRIOR_MEAN, PRIOR_SD, SD, TIMES, line_problem
from .test_update import figures, store


def exact(mean: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the posterior of a line under a normal prior."""
    design = np.column_stack([np.ones_like(TIMES), TIMES])
    covariance = np.linalg.inv(np.diag(sd**-2.0) + design.T @ design / SD**2)
    return covariance @ (mean / sd**2 + design.T @ figures() / SD**2), covariance


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = line_problem(tmp_path_factory.mktemp("line"), figures())
    store(path, TIMES, figures())
    return path


def test_draws_move_to_the_posterior_under_the_new_prior_and_figures_still_count(stored):
    problem = read_problem(stored)
    draws = read_posterior(posterior_file(problem))
    before, covariance = exact(PRIOR_MEAN, PRIOR_SD)
    sd = np.sqrt(np.diag(covariance))
    mean, spread = PRIOR_MEAN.copy(), PRIOR_SD.copy()
    mean[1], spread[1] = before[1] + 3 * sd[1], sd[1]  # as much is said by the judgement as by the figures
    parameter = problem.parameters["slope"]
    priors = {"slope": Prior("normal", (mean[1], spread[1]), parameter.lower, parameter.upper)}
    frame, moved = under_priors(problem, line(), draws, priors, seed=3)
    expected, after = exact(mean, spread)
    assert abs(expected[1] - before[1]) > sd[1]  # it does move
    found = frame[["start", "slope"]].to_numpy()
    # Four standard errors of a mean of 1,000 draws of which a third are copies that came apart.
    error = 4 * np.sqrt(np.diag(after) / 333)
    assert (np.abs(found.mean(axis=0) - expected) < error).all()
    np.testing.assert_allclose(np.cov(found.T), after, rtol=0.25, atol=0.25 * abs(after[0, 1]))
    assert moved.faults == ()
    assert frame.columns.tolist() == draws.frame.columns.tolist()


def test_draws_of_other_parameters_are_refused(stored):
    problem = read_problem(stored)
    draws = read_posterior(posterior_file(problem))
    fewer = Posterior(draws.frame.drop(columns="slope"), draws.provenance)
    with pytest.raises(DataError, match="other parameters"):
        under_priors(problem, line(), fewer, {})
