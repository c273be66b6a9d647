"""Filled-in tables in place of a scenario file. Expected: the same as the YAML that they are converted to."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

import sd_covid
from sd_covid.cli.app import execute
from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.files.filled_in import read_template
from sd_covid.policy.files.sheets import write_folder, write_workbook
from sd_covid.policy.files.workbook import MOST_ROWS
from sd_covid.policy.template import template
from sd_covid.workbooks import LARGEST
from tests.policy.test_template import FULL


def filled(folder: Path, toy: Any, text: str = FULL, name: str = "plan.xlsx") -> Path:
    """Tables that say what a scenario says."""
    file = folder / "source.yaml"
    file.write_text(text.replace("weight[old]", "weight[young]"), encoding="utf-8")
    study = Study.beside(file, toy)
    sheets = template(study.catalogue, study.assumptions, "nl", read_scenario(file, toy, study=study))
    (write_workbook if name.endswith(".xlsx") else write_folder)(sheets, folder / name)
    return folder / name


def changed(path: Path, cells: dict[tuple[str, str], object]) -> Path:
    """A workbook with other cells."""
    book = load_workbook(path)
    for (sheet, cell), value in cells.items():
        book[sheet][cell] = value
    book.save(path)
    return path


@pytest.mark.parametrize("name", ["plan.xlsx", "plan"])
def test_tables_are_the_scenario_that_they_are_converted_to(study_folder: Path, toy: Any, name: str) -> None:
    tables = filled(study_folder, toy, name=name)
    study = Study.beside(tables, toy)
    direct = read_scenario(tables, toy, study=study)
    (study_folder / "read.yaml").write_text(read_template(tables, study.catalogue, study.assumptions))
    converted = read_scenario(study_folder / "read.yaml", toy, study=study)
    assert ("plan", direct.settings) == (direct.id, converted.settings)
    assert (direct.levers, direct.changes, direct.title) == (
        converted.levers,
        converted.changes,
        converted.title,
    )


def test_a_workbook_runs_to_the_same_bits(town: Path, tmp_path: Path) -> None:
    """The command line takes it wherever it takes a scenario file."""
    simulation = sd_covid.load(town / "models" / "town.yaml")
    form = town / "scenarios" / "plan.xlsx"
    study = Study.beside(form, simulation)
    write_workbook(template(study.catalogue, study.assumptions, "en"), form)
    texts = {("Scenario", cell): "x" for cell in ("B2", "C2", "B3", "C3")}
    steps = {("Constants", "A2"): "ease", ("Constants", "B2"): date(2021, 1, 1), ("Constants", "D2"): 1.1}
    changed(form, {**texts, **steps, ("Levers", "J2"): 0.3, ("Assumptions", "G2"): 2.2})
    model, folder = str(town / "models" / "town.yaml"), str(town / "scenarios")
    converted = town / "scenarios" / "converted.yaml"
    assert 0 == execute(["scenario", "read", str(form), "-o", str(converted), "--study", folder])
    for source, out in ((form, "a.csv"), (converted, "b.csv")):
        assert 0 == execute(["run", model, "-s", str(source), "-o", str(tmp_path / out)])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    # 2021: ease 1.1; withheld 0.7 of the subsidy for ten months of 2020 and two of 2021, slope 2.2
    rate = pd.read_csv(tmp_path / "a.csv").set_index("Time")["rate"]
    np.testing.assert_allclose([4, 4 + 2.2 * 0.7, 1.1 * 4], rate.loc[[60, 63, 80]], rtol=1e-15)


@pytest.mark.parametrize(
    ("cells", "row", "place", "reason"),
    [
        ({("Levers", "L3"): date(2040, 1, 1)}, 3, "Levers, end", "lies outside the run"),
        (
            {("Levers", "K2"): date(2024, 3, 1), ("Levers", "L2"): date(2022, 3, 1)},
            2,
            "Levers, end",
            "not after",
        ),
        ({("Constants", "A2"): "rize", ("Constants", "C2"): 7}, 2, "Constants, value", "no constant 'rize'"),
        ({("Scenario", "D4"): "actuel"}, 4, "Scenario, value", "there is no scenario 'actuel'"),
        ({("Levers", "K2"): 43891}, 2, "Levers, start", "'43891' is not a date"),
        ({("Levers", "J2"): "0,5"}, 2, "Levers, level", "'0,5' is not a number"),
        ({("Levers", "J2"): "=1/0"}, 2, "Levers", "the formula in J2 has no stored value"),
    ],
)
def test_a_fault_that_the_model_finds_is_told_at_its_cell(
    study_folder: Path, toy: Any, cells: dict[tuple[str, str], object], row: int, place: str, reason: str
) -> None:
    empty = "title: {nl: a, en: a}\nrationale: {nl: a, en: a}\n"
    tables = changed(filled(study_folder, toy, empty), cells)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(tables, toy)
    fault = caught.value
    assert (str(tables), row, place) == (fault.file, fault.line, fault.variable)
    assert reason in fault.reason


def test_a_contradiction_between_tables_and_a_package_names_both(study_folder: Path, toy: Any) -> None:
    tables = filled(study_folder, toy)
    (study_folder / "other.yaml").write_text(
        "title: {nl: a, en: a}\nrationale: {nl: a, en: a}\nconstants: {rise: 8}\n"
    )
    changed(tables, {("Scenario", "D7"): "other"})
    with pytest.raises(ScenarioError, match=r"'rise' is 7 here and 8 at .*other\.yaml:3") as caught:
        read_scenario(tables, toy)
    assert "Constants, value" == caught.value.variable


# --- workbooks of strangers --------------------------------------------------------------------------------


def with_part(path: Path, name: str, content: bytes = b"<x/>") -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("part", "size", "reason"),
    [
        ("xl/externalLinks/externalLink1.xml", 1, "reads other files or runs something"),
        ("xl/vbaProject.bin", 1, "reads other files or runs something"),
        ("xl/Connections.xml", 1, "reads other files or runs something"),
        ("xl/media/zeros.bin", LARGEST + 1, "more than the limit of 64 MiB"),
    ],
)
def test_a_hostile_workbook_is_refused_before_it_is_opened(
    study_folder: Path, toy: Any, part: str, size: int, reason: str
) -> None:
    tables = with_part(filled(study_folder, toy), part, bytes(size))
    with pytest.raises(ScenarioError, match=reason) as caught:
        read_scenario(tables, toy)
    assert str(tables) == caught.value.file


def test_a_cell_far_below_is_refused_and_does_not_fill_the_memory(study_folder: Path, toy: Any) -> None:
    tables = changed(filled(study_folder, toy), {("Levers", "XFD1048576"): "x"})
    with pytest.raises(ScenarioError, match=f"'Levers' has more than {MOST_ROWS} rows"):
        read_scenario(tables, toy)


@pytest.mark.parametrize(
    "bomb",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"<!ENTITY b '&a;&a;'>" * 3 + b"]><worksheet>&b;",
        b"<worksheet><sheetData><row",
        b"\x00\x01",
    ],
)
def test_a_sheet_that_was_tampered_with_is_no_workbook(study_folder: Path, toy: Any, bomb: bytes) -> None:
    source, target = filled(study_folder, toy), study_folder / "bad.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.infolist():
            new.writestr(part, bomb if part.filename.endswith("sheet2.xml") else old.read(part))
    with pytest.raises(ScenarioError, match="is no workbook"):
        read_scenario(target, toy)


# --- spreadsheets in Dutch ---------------------------------------------------------------------------------


def dutch(folder: Path, levers: str) -> Path:
    """CSV files as a spreadsheet in Dutch saves them."""
    (folder / "form").mkdir()
    (folder / "form" / "Scenario.csv").write_text("key;nl;en\ntitle;a;a\nrationale;b, c;d\n")
    (folder / "form" / "LEVERS.csv").write_text(f"lever;level;start;end;budget\n{levers}\n")
    return folder / "form"


def test_decimal_commas_and_dutch_dates_are_read_where_semicolons_are(study_folder: Path, toy: Any) -> None:
    found = read_scenario(dutch(study_folder, "help;0,5;1-10-2020;01-02-2022;1,25"), toy).levers["help"]
    assert (0.5, date(2020, 10, 1), date(2022, 2, 1), 1.25) == (
        found.level,
        found.start,
        found.end,
        found.budget,
    )
    assert "b, c" == read_scenario(study_folder / "form", toy).rationale.nl


@pytest.mark.parametrize(
    ("levers", "column", "told"),
    [
        ("help;;;;1.500", "budget", "'1.500' may be 1500 or 1,500; write one of the two"),
        ("help;;;;1.500,5", "budget", "'1.500,5' is not a number"),
        ("help;;31-2-2021;;", "start", "'31-2-2021' is not a date"),
        ("help;;1/10/2020;;", "start", "'1/10/2020' is not a date; write for example 2020-10-01"),
    ],
)
def test_what_may_mean_two_things_is_refused(
    study_folder: Path, toy: Any, levers: str, column: str, told: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(dutch(study_folder, levers), toy)
    assert (2, f"Levers, {column}") == (caught.value.line, caught.value.variable)
    assert told in str(caught.value)


def test_a_slip_in_the_name_of_a_sheet_does_not_lose_it(study_folder: Path, toy: Any) -> None:
    tables = filled(study_folder, toy)
    book = load_workbook(tables)
    book["Levers"].title = "levers "
    book.create_sheet("My notes")
    book.save(tables)
    assert read_scenario(tables, toy).levers["help"].later
    book["levers "].title = "Lever"
    book.save(tables)
    with pytest.raises(ScenarioError, match="no sheet 'lever'; did you mean 'levers'"):
        read_scenario(tables, toy)


def test_other_tables_are_named_as_such(study_folder: Path, toy: Any) -> None:
    Workbook().save(study_folder / "empty.xlsx")
    (study_folder / "none").mkdir()
    for name, told in (
        ("empty.xlsx", "none of the sheets of a scenario; they are called Scenario, Levers"),
        ("none", "none of the files of a scenario; they are called scenario.csv"),
        ("levers.csv", "'.csv' is not read as a scenario; give the folder of its CSV files"),
        ("plan.ods", "'.ods' is not read as a scenario; save it as .xlsx"),
        ("gone.xlsx", "the file does not exist"),
    ):
        with pytest.raises(ScenarioError, match=told):
            read_scenario(study_folder / name, toy)
