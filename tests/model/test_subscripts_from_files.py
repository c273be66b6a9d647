"""Elements of a range that stand in another file: as PySD reads them, and refused where the manual gives no reading."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from openpyxl import Workbook

import sd_covid
from sd_covid.errors import DataError, ModelError
from tests.model.conftest import Reader

CELLS = [["names", "north", "south", "east"], ["young", 1, 2, 3], ["old", 4, 5, 6], ["2020", None, 8, 9]]
TEXT = """D: GET DIRECT SUBSCRIPT({file}, {arguments})~~|
x[D] = 3~~|
total = SUM(x[D!])~~|
"""
CONTROL = "\nINITIAL TIME = 0~~|\nFINAL TIME = 1~~|\nTIME STEP = 1~~|\nSAVEPER = 1~~|\n"
READINGS = {
    "down a column": ("'A2', 'A', ''", ["young", "old", "2020"]),
    "along a row": ("'B1', '1', ''", ["north", "south", "east"]),
    "to a cell": ("'B1', 'C1', ''", ["north", "south"]),
    "with a prefix": ("'A2', 'A3', 'the '", ["the young", "the old"]),
    "numbers": ("'B2', 'B3', 'n'", ["n1", "n4"]),
}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The same cells as text and as a sheet."""
    rows = [",".join("" if cell is None else str(cell) for cell in row) for row in CELLS]
    (tmp_path / "f.csv").write_text("\n".join(rows) + "\n")
    book = Workbook()
    sheet = book.create_sheet("Names")
    for row in CELLS:
        sheet.append(row)
    book.save(tmp_path / "f.xlsx")
    return tmp_path


@pytest.mark.parametrize("file", ["'f.csv', ','", "'f.xlsx', 'Names'"])
@pytest.mark.parametrize("case", READINGS)
def test_elements_are_read_as_pysd_reads_them(read_text: Reader, tables: Path, file: str, case: str):
    arguments, expected = READINGS[case]
    read_text(TEXT.format(file=file, arguments=arguments), control=CONTROL)
    run = sd_covid.load(tables / "model.mdl").run(outputs=["x", "total"])
    assert list(run["D"].to_numpy()) == expected
    assert (run["total"] == 3 * len(expected)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        theirs = pysd.read_vensim(str(tables / "model.mdl"))
        columns = theirs.run(return_columns=["x"], flatten_output=True).columns
        assert list(columns) == [f"x[{name}]" for name in expected]


def test_the_older_name_reads_the_same(read_text: Reader, tables: Path):
    text = TEXT.replace("DIRECT", "XLS").format(file="'f.xlsx', 'Names'", arguments="'A2', 'A3', ''")
    read_text(text)
    assert list(sd_covid.load(tables / "model.mdl").run(outputs=["x"])["D"].to_numpy()) == ["young", "old"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("'A4', 'B4', ''", "is empty, where an element should stand"),
        ("'Z9', 'Z', ''", "has no elements from cell Z9 on"),
        ("'A0', 'A', ''", "'A0' is no cell"),
        ("'A2', 'nowhere', ''", "is no cell"),
        ("'A2'", "takes 5 arguments, not 3"),
    ],
)
def test_what_is_no_list_of_elements_is_refused_with_its_place(
    read_text: Reader, tables: Path, arguments: str, reason: str
):
    with pytest.raises((ModelError, DataError)) as caught:
        read_text(TEXT.format(file="'f.csv', ','", arguments=arguments))
    assert reason in str(caught.value)
