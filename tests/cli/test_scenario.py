"""``sd-covid scenario``: tables and schema by the command line, and runs of what comes of them."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from sd_covid.cli.app import execute
from tests.cli.conftest import Call

STUDY = Path(__file__).parents[2]
SCENARIOS = STUDY / "scenarios"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("tables") / "form.xlsx"
    assert 0 == execute(["scenario", "template", "-o", str(output), "-l", "en", "--study", str(SCENARIOS)])
    return output


def fill(tables: Path, target: Path, levers: dict[str, dict[str, Any]]) -> Path:
    """A form with a title and a rationale, and cells of some levers."""
    book = load_workbook(tables)
    for cell, value in {"B2": "Half", "C2": "Half", "B3": "Proef", "C3": "Trial"}.items():
        book["Scenario"][cell] = value
    page = book["Levers"]
    columns = {cell.value: cell.column for cell in page[1]}
    rows = {page.cell(line, 1).value: line for line in range(2, page.max_row + 1)}
    for name, cells in levers.items():
        for column, value in cells.items():
            page.cell(rows[name], columns[column]).value = value
    book.save(target)
    return target


def test_a_form_becomes_a_scenario_that_runs(call: Call, tables: Path, study: Path) -> None:
    cells = {"level": 0.5, "start": date(2020, 3, 1), "end": date(2021, 3, 1)}
    filled = fill(tables, study / "filled.xlsx", {"now": cells, "tozo": {"end": "2020-10-01"}})
    scenario = study / "scenarios" / "half.yaml"
    assert 0 == call("scenario", "read", filled, "-o", scenario, "--study", study / "scenarios").code
    output, model = study / "out.csv", study / "models" / "unemployment.mdl"
    names = "NOW level,NOW start,NOW end,Tozo end"
    answer = call("run", model, "-s", scenario, "--columns", names, "-o", output)
    assert 0 == answer.code, answer.err
    expected = {"NOW level": 0.5, "NOW start": 62, "NOW end": 74, "Tozo end": 69}
    with output.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert expected == {name: float(row[name]) for name in expected}


def test_a_sequence_runs_and_shows_in_the_result(call: Call, study: Path) -> None:
    head = "title: {nl: a, en: b}\nrationale: {nl: a, en: b}\nlevers:\n"
    body = "  now: {level: [{from: 2020-03-01, level: 1}, {from: 2020-10-01, level: 0.25}]}\n"
    scenario, output = study / "scenarios" / "steps.yaml", study / "out.csv"
    scenario.write_text(head + body, encoding="utf-8")
    model = study / "models" / "unemployment.mdl"
    last = ["-p", "Tozo level(step 1 from)=66", "-p", "Tozo level(step 1)=0.125"]
    answer = call("run", model, "-s", scenario, *last, "--columns", "NOW level,Tozo level", "-o", output)
    assert 0 == answer.code, answer.err
    with output.open(encoding="utf-8", newline="") as file:
        rows = {
            float(row["Time"]): (float(row["NOW level"]), float(row["Tozo level"]))
            for row in csv.DictReader(file)
        }
    assert [(1, 1), (1, 0.125), (0.25, 0.125)] == [rows[65.0], rows[68.0], rows[69.0]]


def test_a_fault_in_a_form_is_one_line_and_leaves_no_file(call: Call, tables: Path, tmp_path: Path) -> None:
    filled = fill(tables, tmp_path / "filled.xlsx", {"now": {"level": 1.5}})
    answer = call("scenario", "read", filled, "-o", tmp_path / "s.yaml", "--study", SCENARIOS)
    assert 2 == answer.code
    expected = f"error: {filled}:2: 'Levers, level': 1.5 is not between 0 and 1; choose a value in that range"
    assert [expected] == answer.err.splitlines()
    assert not (tmp_path / "s.yaml").exists()


def test_the_schema_is_written(call: Call, tmp_path: Path) -> None:
    output = tmp_path / "schema.json"
    assert 0 == call("scenario", "schema", "-o", str(output), "--study", str(SCENARIOS)).code
    assert output.read_text("utf-8") == (SCENARIOS / "scenario.schema.json").read_text("utf-8")
    assert "now" in json.loads(output.read_text("utf-8"))["$defs"]["levers"]["properties"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["template", "-o", "x.csv"], "'.csv' is not written"),
        (["template", "-o", "there"], "is there already"),
        (["template", "-o", "x.xlsx", "--study", "there"], "there is no levers.yaml"),
        (["read", "x.xlsx", "-o", "s.yml"], "the result is a .yaml file"),
        (["read", "absent.xlsx", "-o", "s.yaml"], "the file does not exist"),
        (["schema", "-o", "s.yaml"], "the result is a .json file"),
    ],
)
def test_misuse_is_refused(
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    study = [] if "--study" in arguments else ["--study", str(SCENARIOS)]
    answer = call("scenario", *arguments, *study)
    assert 2 == answer.code
    assert answer.last.startswith("error: ")
    assert reason in answer.last
    assert ["there"] == [item.name for item in tmp_path.iterdir()]
