"""Draws under a session's priors: one that figures inform is moved, one that none informs is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.problem.priors import Prior
from sd_covid.calibration.stored.store import INDEX, Posterior, read_posterior, write_posterior
from sd_covid.calibration.workflow import posterior_file
from sd_covid.cli.compare_run import read_inputs
from sd_covid.errors import DataError
from sd_covid.marvel.session.draws import judged_draws
from sd_covid.marvel.session.priors import Before, ExpertPrior
from tests.calibration.analytic import line
from tests.calibration.test_posterior import TIMES, line_problem
from tests.calibration.test_update import figures, store

STUDY = Path(__file__).parents[3]


def test_figures_count_where_they_inform_and_only_there(tmp_path):
    path = line_problem(tmp_path, figures())
    store(path, TIMES, figures())
    problem = read_problem(path)
    stored = read_posterior(posterior_file(problem))
    slope = problem.parameters["slope"]
    middle, spread = stored.frame["slope"].mean(), stored.frame["slope"].std()
    informed = Before(slope, (0, 0, 0), (slope.lower, slope.upper), False, None)  # type: ignore[arg-type]
    assumed = Before(None, (1.0, 2.0, 3.0), (0.0, 9.0), False, None)  # type: ignore[arg-type]
    new = Prior("normal", (middle + 2 * spread, spread), slope.lower, slope.upper)
    given = Prior("normal", (5.0, 0.5), 0.0, 9.0)
    priors = [
        ExpertPrior(None, None, "slope", informed, new, 0.0),  # type: ignore[arg-type]
        ExpertPrior(None, None, "assumed", assumed, given, 0.0),  # type: ignore[arg-type]
    ]
    found = judged_draws(problem, line(), stored, priors, 1)
    assert found.frame.columns.tolist() == [*INDEX, "start", "slope", "assumed"]
    # Its own prior was wide, so figures and judgement weigh alike: the middle moves half of the way, a spread.
    assert found.after["slope"][1] == pytest.approx(middle + spread, abs=0.25 * spread)
    assert found.before["assumed"] == (1.0, 2.0, 3.0)
    # Quantiles of 1,000 draws: three standard errors of the median are 0.06 of 0.5.
    assert found.after["assumed"] == pytest.approx((5 - 0.822, 5, 5 + 0.822), abs=0.12)
    # A draw that figures inform knows nothing of one that is drawn beside it.
    assert abs(np.corrcoef(found.frame["slope"], found.frame["assumed"])[0, 1]) < 4 / np.sqrt(
        len(found.frame)
    )
    assert found.due == bool(found.moved.faults)


def test_draws_of_another_model_are_refused(tmp_path):
    stored = read_posterior(STUDY / "calibration" / "posterior.parquet")
    file = tmp_path / "other.parquet"
    write_posterior(Posterior(stored.frame, {**stored.provenance, "model_hash": "another"}), file)
    with pytest.raises(DataError, match="draws are of another model") as caught:
        read_inputs(STUDY, file)
    assert caught.value.file == str(file)
