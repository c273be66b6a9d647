"""The calibration that the study ships: its tables, gradient, stored draws, what they forecast, and its variants."""

from __future__ import annotations

import csv
import functools
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.calibration.density.objective import Objective, add_series, model_names
from sd_covid.calibration.forecasts.predict import COLUMNS, QUANTILES, Predictor, predict
from sd_covid.calibration.problem.lint import check_series, unused
from sd_covid.calibration.problem.measurements import measurement_table
from sd_covid.calibration.problem.petab import Problem, read_problem
from sd_covid.calibration.results import FitReport, read_report
from sd_covid.calibration.stored.store import Posterior, read_posterior
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


def test_gradient_of_the_five_sectors_agrees_with_central_differences(
    problem: Problem, model: Simulation
) -> None:
    objective = Objective(problem, model)
    x = np.array([p.nominal if p.nominal is not None else 0.0 for p in problem.estimated])
    _, gradient = objective.log_posterior(x)
    chosen = np.arange(0, len(x), 4)  # every fourth of some 240 parameters, of all kinds
    steps = 1e-5 * np.maximum(np.abs(x[chosen]), 1e-2)
    bumps = np.zeros((len(chosen), len(x)))
    bumps[np.arange(len(chosen)), chosen] = steps
    points = np.concatenate([x + bumps, x - bumps])
    values = objective.log_prior(points)[0] + objective.gathered(points, add_series, slopes=False)[0]
    expected = (values[: len(chosen)] - values[len(chosen) :]) / (2 * steps)
    for index, slope in zip(chosen, expected, strict=True):
        # values of some 2e3 are rounded to 2e-13, over steps of 1e-7 and more
        assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=6e-6 / max(abs(x[index]), 1e-2))


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


@functools.cache
def variant_of(name: str) -> tuple[Problem, Objective]:
    """A variant of the problem as the study ships it, with its likelihood: made once for all tests."""
    problem, model = load_problem(FOLDER / "variants" / f"{name}.yaml")
    return problem, Objective(problem, model)


PARTS = ("labour", "debt", "youth", "mental_health", "cohesion")
WITHOUT_BREAK = FOLDER / "variants" / "mhi5_without_break.yaml"


@pytest.mark.parametrize("path", sorted((FOLDER / "variants").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_variant_has_a_likelihood_and_parameters_of_the_problem(path: Path, problem: Problem) -> None:
    _, objective = variant_of(path.stem)
    assert set(objective.names) <= {item.id for item in problem.estimated}
    medians = np.array([item.prior.median for item in objective.parameters if item.prior is not None])
    value, gradient = objective.log_posterior(medians)
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


def test_the_five_sectors_alone_share_out_figures_facts_and_parameters(problem: Problem) -> None:
    parts = [variant_of(name)[0] for name in PARTS]
    assert sorted(name for part in parts for name in part.observables) == sorted(problem.observables)
    assert sum(len(part.measurements) for part in parts) == len(problem.measurements)
    facts = [name for part in parts for name in part.extension.facts]
    assert facts == list(problem.extension.facts)
    estimated = [item.id for part in parts for item in part.estimated]
    assert sorted(estimated) == sorted(item.id for item in problem.estimated)


def test_a_sector_alone_says_nearly_what_it_says_in_the_whole(problem: Problem, model: Simulation) -> None:
    """At the same parameters: the sectors drive one another weakly, and published figures stand in for them."""
    whole = Objective(problem, model)
    x = np.array([item.prior.median for item in whole.parameters if item.prior is not None])
    expected = whole.predictions(x)
    for name in PARTS:
        _, part = variant_of(name)
        found = part.predictions(x[[whole.names.index(own) for own in part.names]])
        for key, figures in found.items():
            # a loop through other sectors has a gain well below 0.1; trust reacts to published unemployment by 4 %
            np.testing.assert_allclose(
                figures.predicted.median, expected[key].predicted.median, rtol=0.06, err_msg=str(key)
            )
            if key[0] in ("obs_youth_care_users", "obs_vacancy_rate"):  # no sector acts on these
                np.testing.assert_allclose(
                    figures.predicted.median, expected[key].predicted.median, rtol=1e-12
                )


def test_a_break_of_size_zero_is_the_variant_without_a_break(problem: Problem, model: Simulation) -> None:
    """Where the break is 0 it makes no difference which of the two constants the effect of restrictions sets."""
    variant, _ = load_problem(WITHOUT_BREAK, model)
    whole, without = Objective(problem, model), Objective(variant, model)
    place = whole.names.index("survey_break_of_2021")
    assert [name for name in whole.names if name != "survey_break_of_2021"] == without.names
    x = np.array([item.prior.median for item in whole.parameters if item.prior is not None])
    x[place] = 0.0
    expected = without.log_likelihood(np.delete(x, place))[0]
    # the same sums in the same order, but for 1 * e + 0 * e' in place of 0 * e + 1 * e'
    assert whole.log_likelihood(x)[0] == pytest.approx(expected, rel=1e-12)
    x[place] = 1.0
    assert abs(whole.log_likelihood(x)[0] - expected) > 1
    for age in ("young", "middle", "older"):
        name = f"restriction_effect_{age}"
        assert model_names(variant, model).constant(name) == f"restriction effect without break[{age}]"
        assert variant.parameters[name].prior == problem.parameters[name].prior
