"""Figures from other files, in the layouts of Vensim's manual (GET DIRECT DATA, GET DIRECT CONSTANTS)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from openpyxl import Workbook

import sd_covid
from sd_covid.errors import DataError, ModelError, SdCovidError
from sd_covid.model import Model
from sd_covid.model.external.figures import read_series
from tests.model.conftest import CONTROL, Reader

DOWN = "Time,one,two\n0,1,\n1,,5\n3,2.5,-6\n,7,7\n2,9,9\n"  # behind a blank times that do not go on are another table's
ACROSS = "Time,0,1,3,Notes,2\none,1,,2.5,,7\ntwo,,5,-6,,7\n"  # and behind a word


def series(model: Model, name: str = "x", rank: int = 0) -> tuple[list[float], list[float]]:
    variable = model.variable(name)
    times, values = read_series(model, variable, variable.equations[0], rank=rank)
    return times.tolist(), values.tolist()


def test_times_run_down_a_column_and_blanks_are_no_points(read_text: Reader, tmp_path: Path):
    (tmp_path / "f.csv").write_text(DOWN)
    model = read_text("x := GET DIRECT DATA('f.csv', ',', 'A', 'B2')~~|\n")
    assert ([0.0, 3.0], [1.0, 2.5]) == series(model)


def test_times_run_along_a_row(read_text: Reader, tmp_path: Path):
    (tmp_path / "f.csv").write_text(ACROSS.replace(",", ";"))
    model = read_text("x := GET DIRECT DATA('f.csv', ';', '1', 'B3')~~|\n")
    assert ([1.0, 3.0], [5.0, -6.0]) == series(model)


@pytest.mark.parametrize(("text", "axis"), [(DOWN, "a"), (ACROSS, "1")])
def test_elements_lie_side_by_side(read_text: Reader, tmp_path: Path, text: str, axis: str):
    (tmp_path / "f.csv").write_text(text)
    model = read_text(f"D: d1, d2~~|\nx[D] := GET DIRECT DATA('f.csv', ',', '{axis}', 'b2')~~|\n")
    assert ([1.0, 3.0], [5.0, -6.0]) == series(model, rank=1)


@pytest.mark.parametrize("function", ["GET DIRECT DATA", "GET XLS DATA"])
def test_an_excel_sheet_is_read_as_csv_is(read_text: Reader, tmp_path: Path, function: str):
    book = Workbook()
    sheet = book.create_sheet("Figures")
    for row in [["Time", "one"], [0, 1.5], [1, None], [2, -3]]:
        sheet.append(row)
    book.save(tmp_path / "f.xlsx")
    model = read_text(f"x := {function}('f.xlsx', 'figures', 'A', 'B2')~~|\n")
    assert ([0.0, 2.0], [1.5, -3.0]) == series(model)


def test_a_quoted_cell_may_hold_a_delimiter_and_a_line_end(read_text: Reader, tmp_path: Path):
    (tmp_path / "f.csv").write_text('Time,"a, b\nc"\n0,1\n')
    assert ([0.0], [1.0]) == series(read_text("x := GET DIRECT DATA('f.csv', ',', 'A', 'B2')~~|\n"))


def test_a_changed_file_is_read_again(read_text: Reader, tmp_path: Path):
    model = read_text("x := GET DIRECT DATA('f.csv', ',', 'A', 'B2')~~|\n")
    for value in (1.0, 22.0):
        (tmp_path / "f.csv").write_text(f"Time,x\n0,{value}\n")
        assert [value] == series(model)[1]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("'missing.csv', ',', 'A', 'B2'", "there is no file 'missing.csv'"),
        ("'../outside.csv', ',', 'A', 'B2'", "not below the study folder"),
        ("'/etc/hostname', ',', 'A', 'B2'", "not below the study folder"),
        ("'link.csv', ',', 'A', 'B2'", "not below the study folder"),
        ("'sub', ',', 'A', 'B2'", "there is no file"),
        ("'a\0b', ',', 'A', 'B2'", "no path"),
        ("'f.csv', ',', 'A', 'B0'", "'B0' is no cell"),
        ("'f.csv', ',', 'A', 'range name'", "is no cell"),
        ("'f.csv', ',', 'A', 'B2*'", "has no '*'"),
        ("'f.csv', ',', '', 'B2'", "neither a column nor a row"),
        ("'f.csv', ',', '0', 'B2'", "neither a column nor a row"),
        ("'f.csv', ',', 'A', 'Z90'", "no figures from cell Z90"),
        ("'back.csv', ',', 'A', 'B2'", "times do not increase"),
    ],
)
def test_a_series_that_cannot_be_found_is_an_error_of_the_model(
    read_text: Reader, tmp_path: Path, call: str, reason: str
):
    study = tmp_path / "study"
    (study / "models").mkdir(parents=True)
    (study / "sub").mkdir()
    (tmp_path / "outside.csv").write_text(DOWN)
    (study / "link.csv").symlink_to(tmp_path / "outside.csv")
    (study / "f.csv").write_text(DOWN)
    (study / "back.csv").write_text("Time,x\n1,1\n0,2\n")
    with pytest.raises(ModelError) as caught:
        series(read_text(f"y = 1~~|\nx := GET DIRECT DATA({call})~~|\n", name="study/model.mdl"))
    assert reason in caught.value.reason
    assert (3, "x") == (caught.value.line, caught.value.variable)


@pytest.mark.parametrize("name", ["Data/F.Csv", "DATA\\\\F.CSV", "data/F.csv"])
def test_names_of_files_have_no_case_as_on_the_computers_models_come_from(
    read_text: Reader, tmp_path: Path, name: str
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f.csv").write_text(DOWN)
    model = read_text(f"x := GET DIRECT DATA('{name}', ',', 'A', 'B2')~~|\n")
    assert ([0.0, 3.0], [1.0, 2.5]) == series(model)
    (tmp_path / "data" / "F.csv").write_text("Time,one\n0,4\n")
    if name == "data/F.csv":  # the very name comes first
        assert ([0.0], [4.0]) == series(model)
    else:
        with pytest.raises(ModelError, match="there is no file"):  # which of the two is meant cannot be told
            series(model)


def test_all_files_that_are_not_there_are_told_at_once(read_text: Reader, tmp_path: Path):
    (tmp_path / "here.csv").write_text("2\n")
    with pytest.raises(ModelError, match=r"there is no file 'b\.csv'") as caught:
        read_text(
            "a = GET DIRECT CONSTANTS('here.csv', ',', 'A1')~~|\nb = GET DIRECT CONSTANTS('b.csv', ',', 'A1')~~|\n"
            "c := GET XLS DATA('c.xlsx', 's', 'A', 'B2')~~|\nd = GET DIRECT CONSTANTS('b.csv', ',', 'A2')~~|\n"
        )
    assert (caught.value.advice or "").endswith("2 files that it reads are not there: 'b.csv', 'c.xlsx'")


def test_a_path_on_another_computer_is_told_with_the_file_that_is_meant(read_text: Reader, tmp_path: Path):
    (tmp_path / "models").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "Figures.xlsx").write_bytes(b"")
    text = "x := GET DIRECT DATA('?in', 'a', 'A', 'B2')~~|\n"
    settings = CONTROL + "///---\\\\\\\n30:?in=Z:\\home\\figures.xlsx\n"
    model = read_text(text, name="models/model.mdl", control=settings)
    with pytest.raises(ModelError, match=r"there is no file 'Z:\\home\\figures.xlsx'") as caught:
        series(model)
    assert "'../data/Figures.xlsx', in the line 30:?in" in (caught.value.advice or "")


@pytest.mark.parametrize("settings", ["30:?../data/f.csv=Z:\\home\\data\\f.csv\n", ""])
def test_a_tag_that_is_a_path_from_the_model_on_is_the_file(read_text: Reader, tmp_path: Path, settings: str):
    """As Vensim names its tags; what they stand for is a path on the computer of whoever wrote the model."""
    (tmp_path / "models").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f.csv").write_text(DOWN)
    text = "x := GET DIRECT DATA('?../data/f.csv', ',', 'A', 'B2')~~|\n"
    control = CONTROL + "///---\\\\\\\n" + settings
    model = read_text(text, name="models/model.mdl", control=control)
    assert ([0.0, 3.0], [1.0, 2.5]) == series(model)


def test_a_study_may_read_all_that_is_in_it(read_text: Reader, tmp_path: Path):
    (tmp_path / "models").mkdir()
    (tmp_path / "f.csv").write_text(DOWN)
    model = read_text("x := GET DIRECT DATA('../f.csv', ',', 'A', 'B2')~~|\n", name="models/model.mdl")
    assert ([0.0, 3.0], [1.0, 2.5]) == series(model)


@pytest.mark.parametrize(
    ("name", "content", "tab", "reason", "line"),
    [
        ("f.csv", b"Time,x\n0,1.5.2\n", ",", "cell B2 holds '1.5.2'", 2),
        ("f.csv", b"Time,x\n0,1\n2012-Q1,2\n", ",", "cell A3 holds '2012-Q1'", 3),
        ("f.csv", b'Time,x\n0,"1,180"\n', ",", "cell B2 holds '1,180'", 2),
        ("f.csv", b"Time,x\n0,\xff\n", ",", "byte 0xff", None),
        ("f.csv", b'Time,x\n0,"1\n', ",", "is no table", None),
        ("f.csv", b"Time,x\n0,1\n", "Sheet1", "no delimiter", None),
        ("f.xlsx", b"not a zip file", "Sheet1", "no Excel file", None),
        ("f.xls", b"old", "Sheet1", "no Excel file", None),
        ("f.ods", b"open", "Sheet1", "not supported", None),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_of_the_file(
    read_text: Reader, tmp_path: Path, name: str, content: bytes, tab: str, reason: str, line: int | None
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        series(read_text(f"x := GET DIRECT DATA('{name}', '{tab}', 'A', 'B2')~~|\n"))
    assert reason in caught.value.reason
    assert str(tmp_path / name) == caught.value.file
    if line is not None:
        assert (line, "x") == (caught.value.line, caught.value.variable)


def test_a_sheet_that_is_not_there_is_an_error_that_names_those_that_are(read_text: Reader, tmp_path: Path):
    book = Workbook()
    book.save(tmp_path / "f.xlsx")
    with pytest.raises(DataError, match="no sheet 'Data'") as caught:
        series(read_text("x := GET DIRECT DATA('f.xlsx', 'Data', 'A', 'B2')~~|\n"))
    assert "'Sheet'" in (caught.value.advice or "")


TABLE = "region,young,old,older\nnorth,1.5,2.5,3.5\nsouth,-3,4,5\n"
RANGES = "R: north, south~~|\nA: young, old, older~~|\n"


@pytest.mark.parametrize(
    ("left", "cell", "expected"),
    [
        ("x[R]", "B2", [1.5, 2.5]),
        ("x[R]", "B2*", [1.5, -3]),
        ("x[R,A]", "B2", [1.5, 2.5, 3.5, -3, 4, 5]),
        ("x[A,R]", "B2*", [1.5, -3, 2.5, 4, 3.5, 5]),
        ("x[south,A]", "B3", [-3, 4, 5]),
    ],
)
def test_constants_fill_their_dimensions(
    read_text: Reader, tmp_path: Path, left: str, cell: str, expected: list[float]
):
    (tmp_path / "f.csv").write_text(TABLE)
    model = read_text(RANGES + f"{left} = GET DIRECT CONSTANTS('f.csv', ',', '{cell}')~~|\n")
    assert_array_equal(expected, np.array(model.variable("x").equations[0].values))


@pytest.mark.parametrize(
    ("left", "cell", "reason"),
    [("x[R,A]", "C2", "is empty"), ("x", "A2", "holds 'north'"), ("x[R]", "B9", "is empty")],
)
def test_constants_that_are_not_there_are_errors(
    read_text: Reader, tmp_path: Path, left: str, cell: str, reason: str
):
    (tmp_path / "f.csv").write_text(TABLE)
    with pytest.raises(SdCovidError, match=reason):
        read_text(RANGES + f"{left} = GET DIRECT CONSTANTS('f.csv', ',', '{cell}')~~|\n")


NAMED = "seen = GET XLS DATA('not there.xlsx', 'a', 'A', 'B2')~~|\nerror = IF THEN ELSE(seen = :NA:, 0, s - seen)~~|\n"


def test_a_named_file_that_is_not_there_is_an_error_where_most_of_the_model_depends_on_it(tmp_path: Path):
    """Figures to compare with may be missing, with a warning, and are :NA:; what drives the model may not."""
    path = tmp_path / "model.mdl"
    path.write_text("{UTF-8}\n" + NAMED + "s = INTEG(-s / 4, 8)~~|\n" + CONTROL)
    with pytest.warns(UserWarning, match="no data for seen"):
        run = sd_covid.load(path).run()
    assert (run["error"] == 0).all()
    path.write_text(
        "{UTF-8}\n" + NAMED + "s = INTEG(-s / 4, 8)~~|\nsum = INTEG(error - seen, 0)~~|\n" + CONTROL
    )
    with pytest.warns(UserWarning, match="no data for seen"):
        run = sd_covid.load(path).run()
    assert np.isfinite(run["s"]).all()
    assert np.isnan(run["sum"][1:]).all()
    path.write_text("{UTF-8}\n" + NAMED + "s = INTEG(seen, 8)~~|\nt = INTEG(s, 0)~~|\n" + CONTROL)
    with pytest.raises(ModelError, match=r"there is no file 'not there.xlsx'"):
        sd_covid.load(path)


@pytest.mark.parametrize("gap", ["", "none"])
def test_times_go_on_behind_a_gap(read_text: Reader, tmp_path: Path, gap: str):
    """As in Vensim's own output for a row of times with a blank, or a word, in it."""
    (tmp_path / "f.csv").write_text(f"Time,one\n0,4\n{gap},9\n2,6\n")
    assert series(read_text("x := GET DIRECT DATA('f.csv', ',', 'A', 'B2')~~|\n")) == ([0.0, 2.0], [4.0, 6.0])


def test_a_table_written_from_its_last_point_to_its_first_is_turned_round(read_text: Reader, tmp_path: Path):
    """As in the energy models of MEDEAS; a series of times is in order."""
    (tmp_path / "f.csv").write_text("x,one\n800,1\n,\n500,4\n0,9\n")
    model = read_text("x = GET DIRECT LOOKUPS('f.csv', ',', 'A', 'B2')~~|\n")
    table = model.variables["x"].equations[0].table
    assert table is not None
    assert table.points == ((0.0, 9.0), (500.0, 4.0), (800.0, 1.0))
    with pytest.raises(ModelError, match="times do not increase"):
        series(read_text("x := GET DIRECT DATA('f.csv', ',', 'A', 'B4')~~|\n"))
