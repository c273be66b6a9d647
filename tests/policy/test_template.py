"""Scenarios as tables and back. Expected: the scenario that was written; faults at the cell where they stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from sd_covid.errors import ScenarioError
from sd_covid.policy import Scenario, Study, read_scenario
from sd_covid.policy.catalogue.levers import Catalogue
from sd_covid.policy.files.filled_in import read_template
from sd_covid.policy.files.sheets import write_folder, write_workbook
from sd_covid.policy.template import template

HEAD = "title: {nl: Proef, en: '=Trial'}\nrationale: {nl: 'Waarom: é', en: 'Why?'}\n"
FULL = (
    HEAD
    + """\
levers:
  subsidy: {level: [{from: 2020-03-01, level: 1}, {from: 2020-10-15, level: 0.1}], end: 2021-03-01}
  help:
    - {start: 2021-01-01, end: 2021-06-01, level: 1, budget: 3, target: vulnerable}
    - {start: 2022-01-01, end: 2022-06-01, level: 0.3, budget: 4.1, delivery: national}
assumptions: {slope: 2.5}
constants:
  rise: 7
  weight[old]: [{from: 2015-03-01, factor: 0.3}, {from: 2016-03-01, value: 3}]
"""
)


def written(folder: Path, text: str, toy: Any, form: str) -> tuple[Study, Scenario, Path]:
    """A scenario, and the same as filled-in tables."""
    file = folder / "trial.yaml"
    file.write_text(text, encoding="utf-8")
    study = Study.beside(file, toy)
    scenario = read_scenario(file, toy, study=study)
    sheets = template(study.catalogue, study.assumptions, "en", scenario)
    tables = folder / ("tables.xlsx" if form == "workbook" else f"tables{len(list(folder.iterdir()))}")
    (write_workbook if form == "workbook" else write_folder)(sheets, tables)
    return study, scenario, tables


def as_read(study: Study, toy: Any, tables: Path) -> Scenario:
    file = tables.parent / "trial.yaml"
    file.write_text(read_template(tables, study.catalogue, study.assumptions), encoding="utf-8")
    return read_scenario(file, toy, study=study)


@pytest.mark.parametrize("form", ["workbook", "folder"])
def test_a_scenario_comes_back_as_it_was(study_folder: Path, toy: Any, form: str) -> None:
    text = FULL.replace("weight[old]", "weight[young]")
    study, scenario, tables = written(study_folder, text, toy, form)
    assert scenario == as_read(study, toy, tables)


@pytest.mark.parametrize("separator", [",", ";"])
def test_tables_may_be_separated_as_spreadsheets_in_dutch_do(
    tmp_path: Path, toy: Any, separator: str
) -> None:
    (tmp_path / "scenario.csv").write_text(
        "\ufeffkey,nl,en,value\ntitle,a,b,\nrationale,c,d,\n".replace(",", separator), encoding="utf-8"
    )
    (tmp_path / "constants.csv").write_text(
        "constant,value\nrise,0.5\n".replace(",", separator), encoding="utf-8"
    )
    text = read_template(tmp_path, Catalogue(), {})
    assert "title:\n  nl: a\n  en: b\nrationale:\n  nl: c\n  en: d\nconstants:\n  rise: 0.5\n" == text


#: A workbook keeps 15 digits, as spreadsheets do; people write three or four.
decimals = st.integers(0, 1000)
days = st.dates(date(2020, 3, 1), date(2024, 12, 31))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A scenario that sets levers in each of the ways that there are."""
    a, b, c, d = sorted(draw(st.lists(days, min_size=4, max_size=4, unique=True)))
    level, share = draw(decimals) / 1000, draw(decimals) / 500
    one = f"subsidy: {{level: {level!r}, start: {a}, end: {d}}}"
    steps = f"subsidy: {{level: [{{from: {a}, level: {level!r}}}, {{from: {b}, level: 0.25}}], end: {c}}}"
    more = (
        f"help: [{{start: {a}, end: {b}, level: {share!r}, budget: {level!r}}}, "
        f"{{start: {c}, end: {d}, level: 1, budget: 9, delivery: national}}]"
    )
    levers = draw(st.lists(st.sampled_from([one, steps]), max_size=1)) + draw(
        st.lists(st.just(more), max_size=1)
    )
    changes = draw(st.dictionaries(days, decimals, max_size=3))
    inside = ", ".join(f"{{from: {day}, value: {changes[day]!r}}}" for day in sorted(changes))
    rise = f"constants: {{rise: [{inside}]}}\n" if inside else f"constants: {{rise: {share!r}}}\n"
    return HEAD + ("levers:\n" + "".join(f"  {item}\n" for item in levers) if levers else "") + rise


@pytest.mark.hypothesis
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(text=texts())
def test_any_scenario_comes_back_as_it_was(study_folder: Path, toy: Any, text: str) -> None:
    study, scenario, tables = written(study_folder, text, toy, "folder")
    assert scenario == as_read(study, toy, tables)


def test_an_empty_template_tells_meaning_range_and_the_actual_setting_with_dates_as_dates(
    study_folder: Path, toy: Any
) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    write_workbook(template(study.catalogue, study.assumptions, "nl"), study_folder / "empty.xlsx")
    book = load_workbook(study_folder / "empty.xlsx")
    assert ["Scenario", "Levers", "Assumptions", "Constants"] == book.sheetnames
    header, first, *_ = book["Levers"].iter_rows(values_only=True)
    row = dict(zip(header, first, strict=True))
    assert ("subsidy", "Subsidie", "1 is vol", 0, 1, 1) == tuple(first[:6])
    assert date(2020, 3, 1) == row["actual start"].date()
    assert {None} == {row[column] for column in ("level", "start", "end", "budget", "delivery", "target")}
    header, first = book["Assumptions"].iter_rows(values_only=True)
    assert ("slope", "Helling", "percent", 1, 2, 3, None) == first


def test_a_form_filled_in_by_hand_is_read(study_folder: Path, toy: Any) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    tables = study_folder / "by-hand.xlsx"
    write_workbook(template(study.catalogue, study.assumptions, "nl"), tables)
    book = load_workbook(tables)
    for cell, value in {"B2": "Titel", "C2": "Title", "B3": "Reden", "C3": "Reason", "D4": "actual"}.items():
        book["Scenario"][cell] = value
    book["Levers"]["J3"], book["Levers"]["L3"], book["Levers"]["M3"] = 2, date(2022, 5, 1), "12.5"
    book["Assumptions"]["G2"] = 1.5
    book.save(tables)
    found = as_read(study, toy, tables)
    setting = found.levers["help"]
    assert (2.0, date(2022, 5, 1), 12.5, 1.5) == (
        setting.level,
        setting.end,
        setting.budget,
        found.assumptions["slope"],
    )
    assert "Reason" == found.rationale.en


@pytest.mark.parametrize(
    ("sheet", "cells", "row", "column", "reason", "advice"),
    [
        ("Levers", {"J2": 2}, 2, "level", "2 is not between 0 and 1", "in that range"),
        ("Levers", {"J2": "half"}, 2, "level", "'half' is not a number", "a point"),
        ("Levers", {"K3": "soon"}, 3, "start", "'soon' is not a date", "2020-10-01"),
        ("Levers", {"M2": 5}, 2, "budget", "'subsidy' has no budget", "empty"),
        ("Levers", {"N3": "natoinal"}, 3, "delivery", "no delivery 'natoinal'", "'national'"),
        ("Levers", {"O2": "vulnerable"}, 2, "target", "cannot be kept for a group", "empty"),
        ("Levers", {"A3": "halp", "J3": 1}, 3, "lever", "no lever 'halp'", "'help'"),
        (
            "Levers",
            {"J2": 1, "K2": date(2020, 3, 1), "A5": "subsidy", "K5": date(2021, 1, 1)},
            5,
            "level",
            "a later level needs a level",
            "fill",
        ),
        (
            "Levers",
            {"J3": 1, "A5": "help", "J5": 1, "K5": date(2022, 1, 1), "L5": date(2022, 2, 1)},
            3,
            "start",
            "a period needs a start",
            "fill",
        ),
        ("Assumptions", {"G2": "much"}, 2, "value", "'much' is not a number", "a point"),
        ("Constants", {"A2": "rise"}, 2, "value", "a value or a factor", "one of the two"),
        ("Constants", {"A2": "rise", "C2": 1, "A3": "rise", "C3": 2}, 3, "from", "needs a day", "a date"),
        ("Scenario", {"A4": "extend", "D4": "actual"}, 4, "key", "no key 'extend'", "'extends'"),
        ("Scenario", {"C2": None}, 2, "en", "the title is missing", "in Dutch and in English"),
    ],
)
def test_a_fault_names_file_row_sheet_and_column(
    study_folder: Path,
    toy: Any,
    sheet: str,
    cells: dict[str, Any],
    row: int,
    column: str,
    reason: str,
    advice: str,
) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    tables = study_folder / "faulty.xlsx"
    write_workbook(template(study.catalogue, study.assumptions, "nl"), tables)
    book = load_workbook(tables)
    for cell, value in {"B2": "a", "C2": "b", "B3": "c", "C3": "d"}.items():
        book["Scenario"][cell] = value
    for cell, value in cells.items():
        book[sheet][cell] = value
    book.save(tables)
    with pytest.raises(ScenarioError) as caught:
        read_template(tables, study.catalogue, study.assumptions)
    fault = caught.value
    assert (str(tables), row, f"{sheet}, {column}") == (fault.file, fault.line, fault.variable)
    assert reason in fault.reason
    assert advice in str(fault.advice)


def test_what_is_no_workbook_or_has_other_columns_is_refused(study_folder: Path, toy: Any) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    (study_folder / "text.xlsx").write_text("no workbook", encoding="utf-8")
    book = Workbook()
    book.active.title = "Scenario"
    book.active.append(["key", "nl", "en", "valeu"])
    book.save(study_folder / "columns.xlsx")
    for name, reason in (
        ("text.xlsx", "is no workbook"),
        ("none.xlsx", "does not exist"),
        ("columns.xlsx", "'valeu'"),
    ):
        with pytest.raises(ScenarioError, match=reason) as caught:
            read_template(study_folder / name, study.catalogue, study.assumptions)
        assert str(study_folder / name) == caught.value.file
