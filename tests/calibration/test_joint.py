"""The calibration of all five sectors: its tables, its gradient, and what it predicts."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.calibration.lint import check_series, unused
from sd_covid.calibration.measurements import measurement_table
from sd_covid.calibration.objective import Objective
from sd_covid.calibration.petab import Problem, read_problem
from sd_covid.data import Registry, read_registry

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "calibration" / "joint"


@pytest.fixture(scope="module")
def problem() -> Problem:
    return read_problem(FOLDER / "problem.yaml")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return read_registry(ROOT / "calibration" / "series")


def test_measurements_are_the_published_figures(problem: Problem, registry: Registry) -> None:
    file = FOLDER / "measurements.tsv"
    made = measurement_table(problem, registry, file)
    kept = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), delimiter="\t"))
    assert kept == [{column: row.cells.get(column, "") for column in made.columns} for row in made.rows]
    assert not list(check_series(problem, registry))
    assert not list(unused(problem))


def test_years_that_quarters_tell_already_do_not_count_twice(problem: Problem, registry: Registry) -> None:
    """Quarters of distress are known from 2014 to mid-2021, of trust in parliament from 2018 to mid-2022."""
    made = measurement_table(problem, registry, FOLDER / "measurements.tsv")

    def years(observable: str) -> list[str]:
        return [row.cells["period"] for row in made.rows if row.cells["observableId"] == observable]

    assert years("obs_distress_annual") == ["2021", "2023"]
    assert years("obs_trust_annual") == ["2015", "2016", "2017", "2022"]
    settings = problem.extension.observations
    every = {**settings, "obs_distress_annual": replace(settings["obs_distress_annual"], independent=False)}
    problem = replace(problem, extension=replace(problem.extension, observations=every))
    made = measurement_table(problem, registry, FOLDER / "measurements.tsv")
    assert years("obs_distress_annual") == ["2017", "2018", "2019", "2020", "2021", "2023"]


def test_gradient_of_the_five_sectors_agrees_with_central_differences(problem: Problem) -> None:
    objective = Objective(problem, sd_covid.load(problem.model_path))
    x = np.array([p.nominal if p.nominal is not None else 0.0 for p in problem.estimated])
    _, gradient = objective.log_posterior(x)
    for index in range(0, len(x), 4):  # every fourth of some 240 parameters, of all kinds
        step = 1e-5 * max(abs(x[index]), 1e-2)
        bump = np.zeros_like(x)
        bump[index] = step
        expected = (objective.log_posterior(x + bump)[0] - objective.log_posterior(x - bump)[0]) / (2 * step)
        # values of some 2e3 are rounded to 2e-13, over steps of 1e-7 and more
        assert gradient[index] == pytest.approx(expected, rel=1e-6, abs=6e-6 / max(abs(x[index]), 1e-2))


def test_every_series_but_causes_and_forecasts_of_others_is_predicted(
    problem: Problem, registry: Registry
) -> None:
    named = {item.series for item in problem.observables.values()}
    named |= {item.series for item in problem.extension.processes.values()}
    left = {
        item.id
        for item in registry
        if item.id not in named and "forecast" not in item.id and "unwpp" not in item.id
    }
    # what governments set and how the virus went are causes: they are given, and not foretold from their past
    assert {registry.series(name).theme for name in left} == {"drivers", "support"}
