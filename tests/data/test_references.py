"""References: what a table of them says in full, which cells it refuses, and which keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.data.references import (
    COLUMN,
    COLUMNS,
    Reference,
    named,
    named_in,
    read_references,
    references_beside,
)
from sd_covid.data.tables import read_lines
from sd_covid.errors import DataError

TABLE = """\
key,author,year,title,container,address_or_doi,kind,read,note
someone-2009,"Someone, A., Other, B.",2009,Work and mind: a review,Journal 74,doi 10.1/x,article,abstract,
office,Office,,How many?,,,statistics table,table,
copied-2001,Author,2001,Title,,,report,copy at copies.example,
bare,Paper,,,,paper.example 12,news item,search extract,title not read
"""


def table(folder: Path, text: str = TABLE) -> Path:
    path = folder / "references.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_reference_in_full_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    found = read_references(table(tmp_path))
    assert [
        "Someone, A., Other, B. (2009). Work and mind: a review. Journal 74. doi 10.1/x.",
        "Office. How many?",
        "Author (2001). Title.",
        "Paper. paper.example 12.",
    ] == [item.full for item in found.values()]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("article,abstract", "artikel,abstract", "references.csv:2: 'kind': 'artikel' is not known here"),
        ("article,abstract", "article,abstracts", "did you mean 'abstract'"),
        ("office,Office", "someone-2009,Office", "references.csv:3: 'key': 'someone-2009' is there twice"),
        ("bare,Paper", ",Paper", "references.csv:5: 'key': the cell is empty"),
        ("Paper,,,,paper.example 12", ",,,,", "references.csv:5: 'title': nothing says what this is"),
        ("author,year", "author,yaer", "references.csv:1: the column 'year' is missing; did you mean 'yaer'"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TABLE
    with pytest.raises(DataError) as caught:
        read_references(table(tmp_path, TABLE.replace(old, new, 1)))
    assert says in str(caught.value)


def test_a_cell_names_references_in_its_order(tmp_path: Path) -> None:
    table(tmp_path)
    (tmp_path / "rows.csv").write_text(
        "id,references\n1,office; someone-2009\n2,\n3,ofice\n", encoding="utf-8"
    )
    known = references_beside(tmp_path / "rows.csv")
    first, second, third = read_lines(tmp_path / "rows.csv", ("id", COLUMN))
    assert ["office", "someone-2009"] == [item.key for item in named_in(first, known)]
    assert () == named_in(second, known)
    with pytest.raises(DataError, match=r"'ofice' is not in references\.csv; did you mean 'office'"):
        named_in(third, known)


def test_a_key_without_a_table_of_references_is_refused(tmp_path: Path) -> None:
    assert references_beside(tmp_path / "rows.csv") == {}
    with pytest.raises(DataError, match=r"add it to references\.csv"):
        named("office", {}, lambda reason, advice: DataError(reason, advice=advice))


def test_a_table_may_lack_the_column_of_references(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,note\n1,seen\n", encoding="utf-8")
    (line,) = read_lines(path, ("id", COLUMN, "note"), (COLUMN,))
    assert {"id": "1", COLUMN: "", "note": "seen"} == line.values
    assert () == named_in(line, {"office": Reference(*([""] * len(COLUMNS)))})
    path.write_text("id,note,references\n1,seen,\n", encoding="utf-8")
    with pytest.raises(DataError, match="the header is 'id,note,references'"):
        read_lines(path, ("id", COLUMN, "note"), (COLUMN,))
