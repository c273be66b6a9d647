"""A validation from problem to report, of a small study with draws from the normal approximation of its posterior."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import laplace
from sd_covid.calibration.forecasts.benchmarks import METHODS
from sd_covid.calibration.results import FitReport, OriginRow, RollingForecast, SeriesRow, plain, write_report
from sd_covid.calibration.stored.store import Posterior, tables_hash, versions, write_posterior
from sd_covid.calibration.validity import ValidityReport, validate
from sd_covid.calibration.validity import without as without_module
from sd_covid.calibration.workflow import load_problem, model_hash, posterior_file, report_file
from sd_covid.errors import DataError

from .analytic import decay
from .test_workflow import MONTHS, RATE, RHO, SD, START, months, truth, write_study

DRAWS = 60
ROW = SeriesRow(
    "obs_level", "level_m", "", "persons", MONTHS, 9, 1.0, 0.1, 0.5, 0.9, 0.0, 0.0, 1.0, 0.5, 1.5, 3.0, 2.0
)


def write_draws(path: Path) -> None:
    problem, model = load_problem(path, decay())
    objective = Objective(problem, model)
    centre = np.array([START, RATE, SD, RHO])
    approximation = laplace(objective, centre)
    white = np.random.default_rng(2).standard_normal((DRAWS, 4))
    draws = np.array(
        [objective.transform.natural(approximation.mode + approximation.scale @ z) for z in white]
    )
    frame = pd.DataFrame(draws, columns=objective.names)
    frame.insert(0, "chain", np.repeat([0, 1], DRAWS // 2))
    frame.insert(1, "draw", np.tile(np.arange(DRAWS // 2), 2))
    frame.insert(2, "log_posterior", [objective.log_posterior(x)[0] for x in draws])
    best = objective.transform.natural(approximation.mode)
    about = {
        "constants": {"start": "initial level", "rate": "decay rate"},
        "best": dict(zip(objective.names, best.tolist(), strict=True)),
        "model_hash": model_hash(model),
        "data_hash": tables_hash(problem),
        "seed": 0,
        "versions": versions(),
    }
    write_posterior(Posterior(frame, about), posterior_file(problem))


def write_fit(path: Path, shift: float = 0.0) -> None:
    """Forecasts that are one too high, from June 2017."""
    figures = truth() + shift
    points = [
        (month, figure, figure + 1.0, float(figures[29]))
        for month, figure in zip(months(MONTHS)[30:42], figures[30:42].tolist(), strict=True)
    ]
    origin = OriginRow("obs_level", "2017-06", 1.0, 2.0, tuple(points))
    rolling = RollingForecast("obs_level", (origin,), 1.0, 2.0, ("none",))
    report = FitReport(True, (), (ROW,), (rolling,), (), (), (), 0, DRAWS, 2)
    write_report(report, report_file(load_problem(path, decay())[0]))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = write_study(tmp_path_factory.mktemp("study"))
    write_draws(found)
    write_fit(found)
    return found


@pytest.fixture(scope="module")
def report(path: Path) -> ValidityReport:
    return validate(path, simulator=decay(), seed=1)


def test_every_series_with_figures_of_its_own_is_scored(report: ValidityReport) -> None:
    (row,) = report.series  # its twin repeats the same figures
    assert (row.observable, len(row.points)) == ("obs_level", MONTHS)
    assert [point.figure for point in row.points] == truth().tolist()
    assert sum(point.holdout for point in row.points) == 9
    medians = np.array([point.median for point in row.points])
    expected = START * np.exp(-RATE * np.arange(1, MONTHS + 1))
    # the true path, within four times the stationary noise over the root of some dozen independent figures
    assert np.max(np.abs(medians - expected)) < 4 * SD / np.sqrt(12)
    assert row.theil_bias == pytest.approx((row.bias / row.rmse) ** 2)
    assert row.mae <= row.rmse
    assert row.theil_bias + row.theil_variance + row.theil_covariance == pytest.approx(1.0)


def test_figures_drawn_from_the_noise_that_made_them_are_not_strange(report: ValidityReport) -> None:
    (row,) = report.series
    assert row.lag_one > 0.3  # of a memory of 0.6 a month
    assert abs(row.lag_one_new) < 3 / np.sqrt(MONTHS)  # three sds of a correlation of white noise
    assert (row.lags, row.ljung_box > 0.01) == (9, True)
    assert not any(check.strange for check in row.checks)
    # of 48 figures at 0.9: three sds are 0.13
    assert row.left_out.central_90 == pytest.approx(0.9, abs=0.13)


def test_errors_of_all_methods_are_of_the_same_figures(report: ValidityReport) -> None:
    together, *by_horizon = report.rolling
    assert [row.horizon for row in by_horizon] == [float(k) for k in range(1, 13)]
    assert (together.points, by_horizon[0].points) == (12, 1)
    assert list(together.errors) == ["model", *METHODS]
    assert together.errors["model"] == pytest.approx(1.0)
    figures = truth()
    assert together.errors["last value"] == pytest.approx(
        np.sqrt(np.mean((figures[30:42] - figures[29]) ** 2))
    )
    assert by_horizon[2].errors["seasonal naive"] == pytest.approx(abs(figures[32] - figures[20]))
    (held,) = report.holdout
    assert (held.points, held.errors["model"]) == (9, 1.5)
    assert held.errors["last value"] == pytest.approx(np.sqrt(np.mean((figures[39:] - figures[38]) ** 2)))


def test_one_series_teaches_everything_and_without_it_only_the_prior_is_left(report: ValidityReport) -> None:
    for row in report.taught:
        assert row.prior + sum(row.shares.values()) == pytest.approx(1.0)
        assert list(row.shares) == ["obs_level"]
        assert row.without["obs_level"] == pytest.approx(1.0)
        assert row.expected < 1.0
    (without,) = report.without
    assert set(without.own) == {"start", "rate", "sd", "rho"}
    assert (without.parameters, without.figures) == ((), ())


def test_where_weights_would_not_do_draws_are_moved(
    path: Path, report: ValidityReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(without_module, "RELIABLE", -1.0)
    (due,) = validate(path, simulator=decay(), seed=1).without
    assert (due.refitted, due.reliable) == (False, False)
    told: list[tuple[str, int, int]] = []
    found = validate(path, simulator=decay(), refit=True, seed=1, progress=lambda *step: told.append(step))
    (moved,) = found.without
    assert moved.refitted  # two chains of thirty draws are too few to say that they agree
    assert ("refits", 1, 1) in told
    # all parameters are the series' own: they keep their distribution, and the model says of the figures what it said
    assert moved.rmse_without == pytest.approx(moved.rmse, rel=0.05)


def test_the_report_is_plain_data_and_the_same_seed_gives_the_same(
    path: Path, report: ValidityReport
) -> None:
    text = json.dumps(plain(dataclasses.asdict(report)), allow_nan=False)
    again = validate(path, simulator=decay(), seed=1)
    assert json.dumps(plain(dataclasses.asdict(again)), allow_nan=False) == text
    assert report.stale == ()


def test_draws_of_another_model_are_told(path: Path) -> None:
    other = decay()
    other.program.drivers = (1.0,)
    assert validate(path, simulator=other).stale == ("model",)


def test_stored_forecasts_of_other_figures_are_refused(path: Path) -> None:
    write_fit(path, shift=0.5)
    try:
        with pytest.raises(DataError, match="of other figures") as caught:
            validate(path, simulator=decay())
    finally:
        write_fit(path)
    assert caught.value.advice == "run sd-covid calibrate again"


def test_draws_of_other_parameters_are_refused(path: Path) -> None:
    table = path.parent / "parameters.tsv"
    original = table.read_text()
    table.write_text(original.replace("rho\ttrue", "rho\tfalse"))
    try:
        with pytest.raises(DataError, match="of other parameters"):
            validate(path, simulator=decay())
    finally:
        table.write_text(original)


def test_without_a_stored_fit_there_are_no_forecasts(path: Path) -> None:
    report_file(load_problem(path, decay())[0]).unlink()
    try:
        found = validate(path, simulator=decay())
    finally:
        write_fit(path)
    assert (found.holdout, found.rolling) == ((), ())
