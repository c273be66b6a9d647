"""``sd-covid stacking``: what it prints and writes, in both languages, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.analysis.stacking.conftest import study as study_of_stacking
from tests.cli.conftest import Call

stacked = study_of_stacking  # the fixture, under a name of its own beside this folder's


def test_what_it_rests_on_comes_first(call: Call, stacked: Path):
    answer = call("stacking", stacked, "--draws", 5)
    assert answer.code == 0, answer.err
    first = answer.out.splitlines()[0]
    assert first.startswith("personen van 12 jaar en ouder: berust op aannames: problematische schulden")
    assert "Gepubliceerde cijfers ernaast" in answer.out
    told = " ".join(answer.out.split())
    assert "een voorziening is geen probleem" in told
    assert "van de 1000 inwoners" in told
    assert "of 1000 inhabitants" not in told


def test_a_table_and_a_chart_are_written(call: Call, stacked: Path, tmp_path: Path):
    table, chart = tmp_path / "out.csv", tmp_path / "out.png"
    answer = call("stacking", stacked, "-l", "en", "--draws", 5, "-o", table, "--figure", chart)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("persons of 12 and over: driven by assumption")
    rows = pd.read_csv(table)
    numbers = rows[(rows["kind"] == "number") & (rows["group"] == "all")]
    assert set(numbers["problems"]) == {"0", "1", "2", "3+"}
    assert (numbers.groupby(["unit", "year"])["share"].sum() - 100).abs().max() < 1e-9
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_a_parameter_moves_what_is_counted(call: Call, stacked: Path, tmp_path: Path):
    found = []
    for number, value in enumerate((4, 8)):
        out = tmp_path / f"{number}.csv"
        answer = call("stacking", stacked, "--draws", 0, "-p", f"debt at start[regular]={value}", "-o", out)
        assert answer.code == 0, answer.err
        rows = pd.read_csv(out)
        found.append(rows.loc[rows["problems"] == "2", "share"].iloc[0])
    assert found[1] > found[0]


def test_a_published_table_stands_beside_it(call: Call, stacked: Path, tmp_path: Path):
    table = tmp_path / "cbs.csv"
    table.write_text(
        "unit,year,problems,share,source\n"
        "persons,2016,none,90,made up\npersons,2016,problem debt,5,made up\n"
        "persons,2016,distress,4,made up\npersons,2016,problem debt + distress,1,made up\n"
    )
    answer = call("stacking", stacked, "--draws", 5, "-l", "en", "--table", table, "--ratios-from-table")
    assert answer.code == 0, answer.err
    assert "Table beside it: cbs.csv" in answer.out
    line = next(
        line for line in answer.out.splitlines() if line.strip().startswith("problem debt – distress")
    )
    assert "4.50" in line  # 90 x 1 / (5 x 4)
    assert "--table" in line


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--ratios-from-table",), "needs a table"),
        (("--figure", "out.gif"), "is no .png, .svg or .pdf"),
        (("-o", "out.nc"), ".csv"),
        (("--year", 2040), "2040 is not a whole year of the run"),
        (("-p", "debt at strt=1"), "debt at start"),
        (("--table", "missing.csv"), "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_code_2(
    call: Call, stacked: Path, arguments: tuple[object, ...], reason: str
):
    answer = call("stacking", stacked, "--draws", 0, *arguments)
    assert answer.code == 2
    assert answer.last.startswith("error: ")
    assert reason in answer.last
    assert "Traceback" not in answer.err


def test_a_study_without_the_definition_is_refused(call: Call, drain: Path):
    answer = call("stacking", drain)
    assert answer.code == 2
    assert "stacking.yaml" in answer.last
