"""Predictions of every kind of noise from the same draw: through figures, ahead of them, and of soft facts."""

from __future__ import annotations

import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.forecasts.forecast import REPEATS, Forecaster
from sd_covid.calibration.forecasts.validation import continued, fact_rows
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.results import FitReport, read_report, write_report

from .analytic import decay
from .conftest import Write

Y, B = "problem.yaml", "observables.tsv"
DRAW = {"start": 10.5, "rate": 0.045, "sd": 0.3, "rho": 0.4, "offset": -0.2, "wave": 0.0}
X = np.array(list(DRAW.values()))
OLD = "obs_level: {aggregation: end, period: 1, autocorrelation: rho}"
KEPT = (
    "obs_mean: {aggregation: mean, period: 3}",
    "obs_mean: {aggregation: mean, period: 3, autocorrelation: rho}",
)
ENDS = np.arange(1.0, 10.0)
FIGURES = np.array([9.7, 9.1, np.nan, 8.4, np.nan, np.nan, 7.2, np.nan, np.nan])
MEDIAN = 10.5 * np.exp(-0.045 * ENDS)
COPIES = 1500  # of the one draw

# setting of the observable, noise formula, distribution of the last figure given all
KINDS = {
    "normal": (", autocorrelation: rho", "sd",
               lambda m: stats.norm(m + 0.16 * (7.2 - MEDIAN[6]), 0.3 * math.sqrt(1 - 0.4**4))),
    "student-t": (", noise: student-t, freedom: 4", "sd", lambda m: stats.t(4, m, 0.3)),
    "survey": (", survey: {size: 200, design_effect: 2, per: 20}", "sd",
               lambda m: stats.norm(m, math.hypot(0.3, math.sqrt(m * (20 - m) / 100)))),
    "binomial": (", noise: binomial, survey: {size: 200, per: 20}", "0", lambda m: stats.binom(200, m / 20)),
    "poisson": (", noise: poisson, each: 100", "0", lambda m: stats.poisson(100 * m)),
}  # fmt: skip
UNIT = {"binomial": 0.1, "poisson": 0.01}  # what one person or event adds to the figure


@pytest.mark.parametrize("kind", KINDS)
def test_a_period_ahead_has_the_distribution_of_its_noise(write: Write, kind: str) -> None:
    block, formula, last = KINDS[kind]
    changes = [
        (Y, OLD, "obs_level: {aggregation: end, period: 1" + block + "}"),
        (B, "\tsd\tnormal", f"\t{formula}\tnormal"),
    ]
    if kind != "normal":
        changes.append((Y, *KEPT))
    forecaster = Forecaster(read_problem(write(*changes)), decay(), [DRAW] * COPIES, 24.0)
    found = forecaster.paths("obs_level", ENDS, FIGURES, np.random.default_rng(3))
    known = ~np.isnan(FIGURES)
    assert found.path.shape == found.marginal.shape == (COPIES * REPEATS, len(ENDS))
    np.testing.assert_array_equal(found.path[0, known], FIGURES[known])
    expected, unit = last(MEDIAN[-1]), UNIT.get(kind, 1.0)
    for drawn in (found.path[:, -1], found.marginal[:, -1]):
        for place in np.quantile(drawn, [0.2, 0.5, 0.8]):
            share = np.mean(drawn <= place + 1e-9)
            # five standard errors of a share
            assert share == pytest.approx(
                expected.cdf(place / unit + 1e-6), abs=5 * 0.5 / math.sqrt(len(drawn))
            )


def test_a_held_out_figure_is_forecast_by_the_memory_of_its_noise(write: Write) -> None:
    objective = Objective(read_problem(write()), decay())
    figures = objective.predictions(X)["obs_level", ""]
    series = next(s for s in objective.experiments[0].series if s.observation.observable.id == "obs_level")
    found = continued(series, figures, np.array([0, 1, 2]), np.array([3]))
    assert found[0] == pytest.approx(MEDIAN[6] + (8.4 - MEDIAN[3]) * 0.4**3, rel=1e-12)


def test_the_report_sets_the_quantity_of_a_fact_beside_what_is_said(write: Write, tmp_path) -> None:
    place = "      obs_lost: {aggregation: change, period: 12}\n"
    fact = """\
    soft_facts:
      half:
        terms: {then: {of: level, at: 2016-06}}
        distribution: {kind: normal, mean: 5, sd: 0.5}
        unit: persons
"""
    problem = read_problem(write((Y, place, place + fact)))
    draws = [{**DRAW, "start": start} for start in np.linspace(9.0, 11.0, 201).tolist()]
    forecaster = Forecaster(problem, decay(), draws, 24.0)
    (row,) = fact_rows(problem, SimpleNamespace(forecaster=forecaster))
    left = math.exp(-0.045 * 18)
    assert (row.found_low, row.found_median, row.found_high) == pytest.approx(
        (9.1 * left, 10 * left, 10.9 * left)
    )
    assert (row.said_median, row.said_high) == pytest.approx((5.0, 5.0 + 0.5 * stats.norm.ppf(0.95)))
    report = FitReport(True, (), (), (), (), (), (), 0, 0, 0, facts=(row,))
    write_report(report, tmp_path / "fit.json")
    assert read_report(tmp_path / "fit.json") == report
    older = json.loads((tmp_path / "fit.json").read_text())
    del older["facts"]  # as written before there were soft facts
    (tmp_path / "older.json").write_text(json.dumps(older))
    assert read_report(tmp_path / "older.json") == dataclasses.replace(report, facts=())
