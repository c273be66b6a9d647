"""The commands on the Dutch study, with a handful of draws in the place of its posterior.

Running, comparing and predicting are done in two gibibytes of address space, as the public contract promises.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from sd_covid.calibration.stored.store import read_posterior
from sd_covid.data import read_registry
from tests.cli.conftest import Call, call_in_two_gibibytes


def test_a_run_is_written_to_a_store(fitted: Path, tmp_path: Path) -> None:
    store = tmp_path / "run.zarr"
    answer = call_in_two_gibibytes("run", fitted / "models" / "netherlands.yaml", "-o", store)
    assert (0, "") == (answer.code, answer.err)
    assert (store / "zarr.json").is_file()


def test_compare_writes_the_report_in_both_languages_and_ends_with_its_path(
    fitted: Path, tmp_path: Path
) -> None:
    scenarios = [fitted / "scenarios" / f"{name}.yaml" for name in ("actual", "no-support")]
    path = tmp_path / "out" / "report.html"
    wave = fitted / "scenarios" / "paths" / "new-wave-2027.yaml"
    options = ("--path", wave, "--language", "nl", "--language", "en", "--draws", "8")
    book = path.with_suffix(".xlsx")
    answer = call_in_two_gibibytes("compare", *scenarios, "-o", path, "-o", book, *options)
    assert "error" not in answer.err
    written = [path, book, path.with_name("report-en.html"), book.with_name("report-en.xlsx")]
    assert (0, sorted(map(str, written))) == (answer.code, sorted(answer.out.splitlines()[-4:]))
    # The first section says on what the long run rests, the second has both results of every outcome that rests on it.
    first, second = re.findall(r"<section.*?</section>", path.read_text(), re.DOTALL)[:2]
    assert 'id="answer"' in first
    assert "littekens" in first
    assert 'id="long-run"' in second
    assert "zonder littekens" in second
    assert second.count("data-median") >= 2
    languages = [
        re.search(r'<html lang="(..)"', file.read_text())[1]  # type: ignore[index]
        for file in (path, path.with_name("report-en.html"))
    ]
    assert ["nl", "en"] == languages


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--main", "no-suport"], "'no-suport' is not among the packages; did you mean 'no-support'"),
        (["--explain", "unemployment rat"], "did you mean 'unemployment rate'"),
    ],
)
def test_a_package_or_output_that_there_is_not_is_refused(
    call: Call, fitted: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    scenarios = [fitted / "scenarios" / f"{name}.yaml" for name in ("actual", "no-support")]
    answer = call("compare", *scenarios, "-o", tmp_path / "report.html", *options)
    assert 2 == answer.code
    assert said in answer.last
    assert [] == list(tmp_path.iterdir())


def test_one_scenario_is_no_comparison(call: Call, fitted: Path, tmp_path: Path) -> None:
    answer = call("compare", fitted / "scenarios" / "actual.yaml", "-o", tmp_path / "report.html")
    assert 2 == answer.code
    assert answer.last.startswith("error: one scenario is no comparison")
    assert [] == list(tmp_path.iterdir())


def test_predict_has_a_row_for_every_period_with_its_quantiles_in_order(fitted: Path, tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    answer = call_in_two_gibibytes("predict", fitted / "calibration" / "problem.yaml", "-o", path)
    assert 0 == answer.code, answer.err
    table = pd.read_csv(path)
    quantiles = ["q05", "q20", "q25", "q35", "median", "q65", "q75", "q80", "q95"]
    assert [
        "observableId",
        "series",
        "period",
        "median",
        *(name for name in quantiles if name != "median"),
    ] == list(table)
    assert (table[quantiles].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert not table.duplicated(["observableId", "period"]).any()
    monthly = table[table["series"] == "unemp_rate_eurostat_m"]["period"].tolist()
    first = read_registry(fitted / "calibration" / "series").series("unemp_rate_eurostat_m").first
    assert [str(month) for month in pd.period_range(first, "2026-06", freq="M")] == monthly


def test_stored_draws_that_belong_to_model_and_figures_pass(call: Call, fitted: Path) -> None:
    answer = call("calibrate", fitted / "calibration" / "problem.yaml", "--check")
    assert 0 == answer.code
    assert "the stored fit matches model and figures" in answer.out


def test_stored_draws_of_another_model_do_not_pass(call: Call, fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted, tmp_path / "study")
    model = tmp_path / "study" / "models" / "unemployment.mdl"
    text = model.read_text()
    changed = re.sub(r"(NOW level\s*=\s*)1", r"\g<1>0", text)
    assert text != changed
    model.write_text(changed)
    answer = call("calibrate", tmp_path / "study" / "calibration" / "problem.yaml", "--check")
    assert 1 == answer.code
    assert "the model has changed since the draws were made" in answer.out.splitlines()[-1]


def test_a_series_that_the_registry_does_not_have_is_named_with_its_place(
    call: Call, fitted: Path, tmp_path: Path
) -> None:
    shutil.copytree(fitted, tmp_path / "study")
    table = tmp_path / "study" / "calibration" / "observables.tsv"
    table.write_text(re.sub(r"\bunemp_rate_eurostat_m\b", "unemp_rate_eurostat_mm", table.read_text()))
    answer = call(
        "predict", tmp_path / "study" / "calibration" / "problem.yaml", "-o", tmp_path / "figures.csv"
    )
    assert 2 == answer.code
    assert re.match(
        r"error: .*observables\.tsv:\d+: .*'unemp_rate_eurostat_mm'.*did you mean 'unemp_rate_", answer.last
    )
    assert not (tmp_path / "figures.csv").exists()


def test_sensitivity_ranks_every_factor_for_every_outcome(call: Call, fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted, tmp_path / "study")
    plan = tmp_path / "study" / "scenarios" / "sensitivity.yaml"
    plan.write_text(re.sub(r"^samples: .*$", "samples: 8", plan.read_text(), flags=re.MULTILINE))
    path = tmp_path / "indices.csv"
    answer = call("sensitivity", plan, "-o", path, "--show", "2")
    assert 0 == answer.code
    table = pd.read_csv(path)
    assert table["factor"].nunique() * table["outcome"].nunique() == len(table)
    assert table["outcome"].nunique() == answer.out.count("depends on")
    # Then every draw of the posterior once, for the parameters within it, in each of the three scenarios.
    draws = len(read_posterior(tmp_path / "study" / "calibration" / "posterior.parquet").constants)
    runs = (8 * (table["factor"].nunique() + 2) + draws) * 3
    assert answer.last.startswith(f"{runs} runs; 8 of 8 blocks kept")


def test_sensitivity_over_time_is_a_page_in_the_language_asked_for(
    call: Call, fitted: Path, tmp_path: Path
) -> None:
    shutil.copytree(fitted, tmp_path / "study")
    plan = tmp_path / "study" / "scenarios" / "sensitivity-over-time.yaml"
    text = re.sub(r"^samples: .*$", "samples: 4", plan.read_text(), flags=re.MULTILINE)
    plan.write_text(re.sub(r"^  every: .*$", "  every: 12", text, flags=re.MULTILINE))
    path = tmp_path / "page.html"
    answer = call("sensitivity", plan, "-o", path, "--language", "en")
    assert 0 == answer.code
    page = path.read_text()
    assert '<html lang="en">' in page
    assert "Unemployment over time" in page
    assert "set aside by Morris" in answer.err
    assert 2 == call("sensitivity", plan, "-o", tmp_path / "page.pdf").code
    plan.write_text(plan.read_text().replace("unemployment rate", "unemployment rat", 1))
    answer = call("sensitivity", plan)
    assert 2 == answer.code
    assert "did you mean 'unemployment rate'" in answer.last
    assert re.match(r"error: .*sensitivity-over-time\.yaml:\d+: ", answer.last)


@pytest.mark.parametrize("command", ["compare", "sensitivity"])
def test_a_study_without_stored_draws_says_how_to_make_them(
    call: Call, fitted: Path, tmp_path: Path, command: str
) -> None:
    shutil.copytree(fitted, tmp_path / "study")
    (tmp_path / "study" / "calibration" / "posterior.parquet").unlink()
    scenarios = tmp_path / "study" / "scenarios"
    arguments = {
        "compare": [scenarios / "actual.yaml", scenarios / "no-support.yaml", "-o", tmp_path / "report.html"],
        "sensitivity": [scenarios / "sensitivity.yaml"],
    }
    answer = call(command, *arguments[command])
    assert 2 == answer.code
    assert "posterior.parquet" in answer.last


def test_backtest_shows_and_writes_forecasts_from_an_earlier_month(
    call: Call, fitted: Path, tmp_path: Path
) -> None:
    problem, path, data = fitted / "calibration" / "problem.yaml", tmp_path / "b.csv", tmp_path / "b.json"
    answer = call("backtest", problem, "--origin", "2022-06", "-o", path, "--json", data)
    assert 0 == answer.code
    assert "Up to a year ahead" in answer.out
    table, scores = pd.read_csv(path), json.loads(data.read_text())
    assert {"2022-06"} == set(table["origin"])
    assert (table["ahead"] > 0).all()
    assert table["observableId"].nunique() == len(scores)
    month = table[(table["series"] == "unemp_rate_eurostat_m") & (table["period"] == "2022-07")]
    figures = read_registry(fitted / "calibration" / "series").series("unemp_rate_eurostat_m").values
    assert figures[pd.Period("2022-07", "M")] == month["figure"].item()
    assert figures[pd.Period("2022-06", "M")] == month["last value"].item()


def test_backtest_refuses_what_is_no_month(call: Call, fitted: Path) -> None:
    answer = call("backtest", fitted / "calibration" / "problem.yaml", "--origin", "2022-13")
    assert (2, "error: '2022-13' is not a month; write --origin 2020-12") == (answer.code, answer.last)


def test_validate_writes_page_and_data_of_the_stored_draws(call: Call, fitted: Path, tmp_path: Path) -> None:
    page, data = tmp_path / "v.html", tmp_path / "v.json"
    problem = fitted / "calibration" / "problem.yaml"
    answer = call("validate", problem, "-o", page, "--json", data, "-l", "en")
    assert 0 == answer.code
    found = json.loads(data.read_text())
    assert (8, 0, []) == (found["draws"], found["failed"], found["stale"])
    assert {item["observable"] for item in found["series"]} <= set(answer.out.split())
    # Eight draws are too few to weigh: that is said, and nothing is made of it.
    assert {None} == {item["k"] for item in found["without"]}
    assert page.read_text().count("<svg") == len(found["series"])


def test_a_validation_is_a_page_of_html_and_rests_on_draws(call: Call, fitted: Path, tmp_path: Path) -> None:
    problem = fitted / "calibration" / "problem.yaml"
    answer = call("validate", problem, "-o", tmp_path / "v.pdf")
    assert (2, []) == (answer.code, list(tmp_path.iterdir()))
    assert answer.last.endswith("choose a name that ends in .html")
    shutil.copytree(fitted, tmp_path / "study")
    bare = tmp_path / "study" / "calibration" / "problem.yaml"
    (bare.parent / "posterior.parquet").unlink()
    answer = call("validate", bare)
    assert 2 == answer.code
    assert answer.last.endswith("there are no posterior draws; run sd-covid calibrate first")
