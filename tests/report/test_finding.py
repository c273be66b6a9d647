"""Findings written as page, workbook, JSON and tables, read back by what others read them with."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from lxml import html
from matplotlib.figure import Figure

from sd_covid.errors import RunError
from sd_covid.report.finding.files import write_findings
from sd_covid.report.finding.statement import Finding, even_decimals, same_decimals
from sd_covid.report.words.texts import Texts

HOSTILE = "<script>alert(1)</script> & {{ 7*7 }}"
TITLES = {"title": "Regret", "subtitle": "of packages", "provenance": {"command": HOSTILE, "seed": "1"}}


def _chart() -> Figure:
    figure = Figure(figsize=(4, 2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1])
    axes.set_title(HOSTILE)
    return figure


def _finding(identity: str = "regret", **changes: object) -> Finding:
    table = pd.DataFrame({"package": [HOSTILE, "=1+1"], "regret": [1234.5678, float("nan")], "rank": [1, 2]})
    parts = {"title": "Largest regret", "sentences": ("One.", HOSTILE), "caution": "Not a forecast."}
    parts |= {"table": table, "decimals": {"regret": 1}, "figure": _chart, "described": "a line"} | changes
    return Finding(identity, **parts)  # type: ignore[arg-type]


def test_a_page_needs_nothing_else_and_shows_names_as_text(tmp_path: Path) -> None:
    written = write_findings([_finding(), _finding("other")], tmp_path / "f.html", Texts("nl"), **TITLES)
    page = written[0].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    assert "1.234,6" in page  # Dutch, to one decimal
    assert len(re.findall("<svg", page)) == 2
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    identities = re.findall(r'\bid="([^"]+)"', page)
    assert len(identities) == len(set(identities))
    assert len(list((tmp_path / "f-figures").glob("*.png"))) == 2
    for chart in re.findall("<svg.*?</svg>", page, re.S):
        ElementTree.fromstring(chart)  # well-formed


def test_the_contents_name_a_group_once(tmp_path: Path) -> None:
    made = [
        _finding("a", group=HOSTILE, short="ranks"),
        _finding("b", group=HOSTILE, short="regret"),
        _finding("c", title="Together"),
    ]
    (page,) = write_findings(made, tmp_path / "f.html", Texts("en"), **TITLES)
    items = html.fromstring(page.read_text(encoding="utf-8")).xpath("//nav//li")
    assert [f"{HOSTILE}: ranks, regret", "Together"] == [
        " ".join(item.text_content().split()) for item in items
    ]
    assert [["#a", "#b"], ["#c"]] == [[link.get("href") for link in item.iter("a")] for item in items]


def test_numbers_to_be_compared_have_the_digits_of_the_largest() -> None:
    table = pd.DataFrame(
        {"name": ["a", "b"], "size": [460.4, 0.00669], "share": [0.0517, -0.0003], "none": [0.0, 0.0]}
    )
    assert {"size": 0, "share": 4, "none": 0} == even_decimals(table)


def test_a_workbook_holds_every_figure_and_no_formula(tmp_path: Path) -> None:
    write_findings([_finding()], tmp_path / "f.xlsx", Texts("en"), **TITLES)
    book = openpyxl.load_workbook(tmp_path / "f.xlsx")
    rows = [[cell.value for cell in row] for row in book["regret"].iter_rows()]
    assert rows[-3:] == [["package", "regret", "rank"], [HOSTILE, 1234.5678, 1], ["=1+1", None, 2]]
    assert rows[0][0] == "Largest regret"
    assert rows[3][0] == "Not a forecast."
    assert all(cell.data_type != "f" for row in book["regret"].iter_rows() for cell in row)


def test_json_and_csv_hold_the_table(tmp_path: Path) -> None:
    write_findings([_finding()], tmp_path / "f.json", Texts("en"), **TITLES)
    told = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert told["findings"][0]["table"][0] == {"package": HOSTILE, "regret": 1234.5678, "rank": 1}
    assert told["findings"][0]["table"][1]["regret"] is None
    files = write_findings([_finding(), _finding("b")], tmp_path / "f.csv", Texts("en"), **TITLES)
    assert [file.name for file in files] == ["f-regret.csv", "f-b.csv"]
    with files[0].open(encoding="utf-8", newline="") as lines:
        assert list(csv.reader(lines))[1] == [HOSTILE, "1234.5678", "1"]
    assert write_findings([_finding()], tmp_path / "g.csv", Texts("en"), **TITLES) == [tmp_path / "g.csv"]


def test_another_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"one of \.html"):
        write_findings([_finding()], tmp_path / "f.docx", Texts("en"), **TITLES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["html", "xlsx", "json", "csv"])
def test_any_name_of_a_study_becomes_a_file_a_sheet_and_a_place(tmp_path: Path, suffix: str) -> None:
    names = ["../up", "A: b/c?", "a-b c", "a b c", "made", "é", "q" * 70, "q" * 71]
    folder = tmp_path / "out"
    files = write_findings([_finding(name) for name in names], folder / f"f.{suffix}", Texts("en"), **TITLES)
    assert {file.parent for file in files} == {folder}
    assert list(tmp_path.iterdir()) == [folder]
    if suffix == "csv":
        expected = ["up", "a-b-c", "a-b-c-2", "a-b-c-3", "made-2", "finding", "q" * 60, "q" * 60 + "-2"]
        assert [file.name for file in files] == [f"f-{name}.csv" for name in expected]
    elif suffix == "xlsx":
        assert len(openpyxl.load_workbook(files[0]).sheetnames) == len(names) + 1
    elif suffix == "html":
        identities = re.findall(r'\bid="([^"]+)"', files[0].read_text(encoding="utf-8"))
        assert len(identities) == len(set(identities))
        assert not any(sign in name for name in identities for sign in " /:")


def test_columns_in_one_unit_have_the_decimals_of_their_largest_number() -> None:
    table = pd.DataFrame({"whole": [0.0, 8.16], "effect": [0.0, -0.868], "none": [0.0, 0.0]})
    assert same_decimals(table, list(table)) == {"whole": 2, "effect": 2, "none": 2}
    assert same_decimals(table, ["effect"]) == {"effect": 3}
