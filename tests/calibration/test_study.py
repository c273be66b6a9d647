"""The calibration that the study ships: its tables, its gradient, its stored draws and what they forecast."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.calibration.measurements import measurement_table
from sd_covid.calibration.objective import Objective
from sd_covid.calibration.petab import Problem, read_problem
from sd_covid.calibration.predict import COLUMNS, QUANTILES, Predictor, predict
from sd_covid.calibration.results import FitReport, read_report
from sd_covid.calibration.store import Posterior, read_posterior
from sd_covid.calibration.workflow import check_stored, load_problem
from sd_covid.data import Registry, read_registry
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ProblemError

FOLDER = Path(__file__).parents[2] / "calibration"


@pytest.fixture(scope="module")
def problem() -> Problem:
    return read_problem(FOLDER / "problem.yaml")


@pytest.fixture(scope="module")
def model(problem: Problem) -> Simulation:
    return sd_covid.load(problem.model_path)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return read_registry(FOLDER / "series")


@pytest.fixture(scope="module")
def report() -> FitReport:
    return read_report(FOLDER / "fit.json")


@pytest.fixture(scope="module")
def draws() -> Posterior:
    return read_posterior(FOLDER / "posterior.parquet")


def test_measurements_are_the_published_figures(problem: Problem, registry: Registry) -> None:
    file = FOLDER / "measurements.tsv"
    made = measurement_table(problem, registry, file)
    kept = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), delimiter="\t"))
    expected = [{column: row.cells.get(column, "") for column in made.columns} for row in made.rows]
    assert kept == expected


def test_gradient_of_the_coupled_model_agrees_with_central_differences(
    problem: Problem, model: Simulation
) -> None:
    objective = Objective(problem, model)
    x = np.array([p.nominal if p.nominal is not None else 0.0 for p in problem.estimated])
    _, gradient = objective.log_posterior(x)
    for index in range(0, len(x), 4):  # every fourth of some 160 parameters, of all kinds
        step = 1e-5 * max(abs(x[index]), 1e-2)
        bump = np.zeros_like(x)
        bump[index] = step
        expected = (objective.log_posterior(x + bump)[0] - objective.log_posterior(x - bump)[0]) / (2 * step)
        # values of some 1e3 are rounded to 1e-13, over steps of 1e-7 and more
        assert gradient[index] == pytest.approx(expected, rel=1e-6, abs=3e-6 / max(abs(x[index]), 1e-2))


def test_the_stored_draws_belong_to_these_tables_and_this_model(problem: Problem, model: Simulation) -> None:
    found = check_stored(problem.path, simulator=model, draws=5)
    assert found.matches, found.reason


def test_the_stored_draws_have_converged_or_name_what_did_not(report: FitReport) -> None:
    bad = {row.id for row in report.parameters if not (row.r_hat <= 1.01 and row.ess_bulk >= 400)}
    assert bad == set(report.not_converged)
    assert report.converged == (not bad)
    assert {row.id for row in report.parameters if row.shrinkage >= 0.9} == set(report.not_identified)
    assert report.divergences < 0.01 * report.draws


def test_unemployment_forecasts_from_rolling_origins_beat_the_last_value(report: FitReport) -> None:
    (scored,) = report.rolling
    assert [row.origin for row in scored.origins] == [
        "2019-12",
        "2020-03",
        "2020-06",
        "2020-12",
        "2021-06",
        "2022-06",
    ]
    assert scored.pooled_rmse < scored.pooled_naive_rmse
    last = scored.origins[-1]
    assert last.rmse <= 1.5 * last.naive_rmse
    (held,) = [row for row in report.series if row.observable == "obs_unemployment_rate"]
    assert held.holdout_points == round(0.2 * held.points)
    assert held.holdout_rmse <= 1.5 * held.holdout_naive
    assert scored.observed_drivers


def test_predictions_cover_every_period_and_go_through_what_is_known(
    problem: Problem, model: Simulation, registry: Registry, draws: Posterior
) -> None:
    few = Posterior(draws.frame.iloc[:: max(1, len(draws.frame) // 50)], draws.provenance)
    table = predict(Predictor(problem, model, registry, few))
    assert tuple(table.columns) == COLUMNS
    quantiles = table[sorted(QUANTILES, key=QUANTILES.__getitem__)].to_numpy()
    assert np.all(np.isfinite(quantiles))
    assert np.all(np.diff(quantiles, axis=1) >= 0)
    assert not table.duplicated(["observableId", "period"]).any()
    last = table.groupby("series")["period"].last()
    assert last["unemp_rate_eurostat_m"] == "2026-06"
    assert last["bijstand_persons_q"] == "2026-Q2"
    assert last["nvvk_applications_a"] == "2025"
    assert last["pop_total_jan1"] == "2026"
    first = table.groupby("series")["period"].first()
    assert first["ww_benefits_cbs_nsa_m"] == "2013-01"


# The problem is of work and debt: series of other themes have no part in it, nor do these of its own themes.
OTHER_THEMES = {"youth", "mental", "cohesion", "behaviour", "income", "firms", "support", "drivers"}
NOT_PREDICTED = {
    *("disability_benefits_cbs_m", "wajong_benefits_cbs_m", "wga_benefits_cbs_m"),
    *("employed_fulltime_cbs_new_q", "employed_parttime_cbs_new_q", "net_participation_men_15_25_q"),
    *("unemp_25_45_number_cbs_old_m", "unemp_25_45_rate_cbs_old_m"),
    *("nvvk_avg_debt_private_a", "nvvk_avg_debt_entrepreneurs_a"),
    *("bkr_payment_problem_persons_E", "bkr_payment_problem_18_25_E"),
    *("housing_stock_end_a", "housing_newbuild_a"),
    *("births_a", "deaths_a", "immigration_a", "emigration_a", "households_1person_jan1"),
}


def test_every_repeated_series_of_work_and_debt_is_predicted(problem: Problem, registry: Registry) -> None:
    """Left out: single figures, forecasts of others, and what the problem says nothing of."""
    named = {item.series for item in problem.observables.values()}
    named |= {item.series for item in problem.extension.processes.values()}
    left = {s.id for s in registry if s.id not in named and len(s.rows) > 1 and s.theme not in OTHER_THEMES}
    forecasts = {name for name in left if "forecast" in name or "unwpp" in name}
    assert left - forecasts == NOT_PREDICTED


@pytest.mark.parametrize(
    ("table", "old", "new", "says"),
    [
        ("measurements", "\t% of labour force\t", "\tpromille\t", "'promille' is not the unit of"),
        ("measurements", "\tunemp_rate_eurostat_m\t", "\tunemp_rate\t", "is not the series of"),
        (
            "observables",
            "\tunemp_rate_eurostat_m\n",
            "\tunemp_rate_eurostat_q\n",
            "did you mean 'unemp_rate_eurostat_m'",
        ),
        ("observables", "\t% of households\t", "\tpromille\t", "is not the unit of"),
    ],
)
def test_a_wrong_unit_or_series_of_a_table_is_named_with_its_line(
    tmp_path: Path, table, old, new, says
) -> None:
    shutil.copytree(FOLDER, tmp_path / "calibration")
    shutil.copytree(FOLDER.parent / "models", tmp_path / "models")
    path = tmp_path / "calibration" / f"{table}.tsv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProblemError, match=says) as found:
        load_problem(tmp_path / "calibration" / "problem.yaml")
    assert found.value.line is not None


@pytest.mark.parametrize("path", sorted((FOLDER / "variants").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_variant_has_a_likelihood_and_parameters_of_the_problem(path: Path, problem: Problem) -> None:
    variant, model = load_problem(path)
    objective = Objective(variant, model)
    assert set(objective.names) <= {item.id for item in problem.estimated}
    medians = np.array([item.prior.median for item in objective.parameters if item.prior is not None])
    value, gradient = objective.log_posterior(medians)
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


def test_the_two_sectors_alone_share_out_the_figures_of_the_problem(problem: Problem) -> None:
    parts = [load_problem(FOLDER / "variants" / f"{name}.yaml")[0] for name in ("labour", "debt")]
    assert sum(len(part.measurements) for part in parts) == len(problem.measurements)
    assert set(parts[0].observables) | set(parts[1].observables) == set(problem.observables)
