"""Everything that can be wrong with a model file: what the error says, and where."""

from __future__ import annotations

import pytest

from sd_covid.errors import ModelError, SdCovidError
from sd_covid.model import read
from tests.model.conftest import CONTROL

DIMENSIONS = "D: a, b~~|\nE: p, q, r~~|\nx[D] = 1,2~~|\n"  # lines 2 to 4

CASES = {
    "misspelt reference": ("inflow rates = 1~~|\ny =\n inflow rate * 2~~|\n", 4, "y", "not defined", "inflow rates"),
    "unknown function": ("y = SMOTH(1, 2)~~|\n", 2, "y", "no known function", "SMOOTH"),
    "unsupported function": ("y = 1 +\n MESSAGE(1, 2)~~|\n", 3, "y", "'MESSAGE' is not supported", "leave it out"),
    "equation still to be written": ("y = A FUNCTION OF(Time)~~|\n", 2, "y", "not supported", "write the equation"),
    "wrong arity": ("y = MODULO(1, 2, 3)~~|\n", 2, "y", "MODULO takes 2 arguments, not 3", "MODULO(x, base)"),
    "no arguments": ("y = ABS()~~|\n", 2, "y", "ABS takes 1 argument, not 0", "ABS(x)"),
    "broken equation": ("y = 1 +\n * 2~~|\n", 3, "y", "did not expect '*'", None),
    "unterminated double quote": ('y = "a + 1~~|\n', 2, None, "double quote is not closed", None),
    "unterminated single quote": ("y = GET DIRECT DATA('f, 1)~~|\n", 2, None, "single quote is not closed", None),
    "unterminated comment": ("y = 1~~|\nz = { 2~~|\n", 3, None, "comment is not closed", "}"),
    "entry without its end": ("y = 1\n~ person\n~ doc\nz = 2~~|\n", 2, "y", "'|' of this", "close every entry"),
    "entry without units": ("y = 1 |\n", 2, None, "before its units", "~ units ~"),
    "no equation": ("y + 1~~|\n", 2, None, "did not expect '+'", None),
    "duplicate definition": ("y = 1~~|\nz = 2~~|\nY = 3~~|\n", 4, "y", "first on line 2", "take one"),
    "variable and dimension": ("y = 1~~|\ny: a, b~~|\n", 3, "y", "first on line 2", None),
    "range defined twice": ("D: a~~|\nD: b~~|\n", 3, "D", "first on line 2", None),
    "element twice": ("D: a, A~~|\n", 2, "D", "there twice", None),
    "cyclic ranges": ("D: E, a~~|\nE: F~~|\nF: D~~|\n", 4, "F", "D -> E -> F -> D", "write its elements"),
    "element named as its range": ("D: a, d~~|\n", 2, "D", "by itself", None),
    "range of itself": ("D: D~~|\n", 2, "D", "by itself", None),
    "mapping to nothing": ("D: a, b -> F~~|\n", 2, "D", "'F'", None),
    "mapping of another length": ("D: a, b -> F~~|\nF: g~~|\n", 2, "D", "2 elements are mapped to 1", None),
    "mapping outside": ("D: a, b -> (F: g, x)~~|\nF: g, h~~|\n", 2, "D", "'x' is not in 'F'", None),
    "numeric range downwards": ("D: (a5-a1)~~|\n", 2, "D", "does not run upwards", None),
    "numeric range of two words": ("D: (a1-b5)~~|\n", 2, "D", "no numeric range", None),
    "numeric range without end": ("D: (a1-a999999999)~~|\n", 2, "D", "too long", None),
    "unknown subscript on the left": (DIMENSIONS + "y[DD] = 1~~|\n", 5, "y", "neither a dimension", None),
    "unknown subscript on the right": (DIMENSIONS + "y[D] = x[F]~~|\n", 5, "y", "'F' in 'x'", None),
    "wrong number of subscripts": (DIMENSIONS + "y = x~~|\n", 5, "y", "takes 1 subscripts, not 0", "x[D]"),
    "subscript of another dimension": (DIMENSIONS + "y[E] = x[E]~~|\n", 5, "y", "not defined for 'p'", "of 'x'"),
    "free subscript": (DIMENSIONS + "y = x[D]~~|\n", 5, "y", "not on the left side", "D!"),
    "reduction without mark": (DIMENSIONS + "y[D] = SUM(x[D])~~|\n", 5, "y", "no subscript to reduce", "x[D!]"),
    "mark without reduction": (DIMENSIONS + "y = x[D!]~~|\n", 5, "y", "outside a reduction", "SUM"),
    "mark on an element": (DIMENSIONS + "y = SUM(x[a!])~~|\n", 5, "y", "is an element", None),
    "mark on the left": (DIMENSIONS + "y[D!] = 1~~|\n", 5, "y", "left side", "leave out"),
    "dimension as a number": (DIMENSIONS + "y = D~~|\n", 5, "y", "used as a number", None),
    "overlapping equations": (DIMENSIONS + "y[D] = 1~~|\ny[b] = 2~~|\n", 6, "y", "[b]' is defined twice", "EXCEPT"),
    "overlap that is not all excepted": (
        DIMENSIONS + "y[D,E] :EXCEPT: [a,p] = 1~~|\ny[a,E] = 2~~|\n", 6, "y", "first on line 5", None,
    ),
    "subscripts that differ": (DIMENSIONS + "y[a] = 1~~|\ny[b,p] = 2~~|\n", 6, "y", "2 subscripts here and 1", None),
    "too few numbers": (DIMENSIONS + "y[E] = 1,2~~|\n", 5, "y", "2 numbers are given for 3", None),
    "ragged rows": (DIMENSIONS + "y[D,E] = 1,2,3;4,5~~|\n", 5, "y", "same length", None),
    "numbers without subscripts": ("y = 1,2~~|\n", 2, "y", "2 numbers", None),
    "call of a variable": ("y = 1~~|\nz = y(2)~~|\n", 3, "z", "'y' is not a lookup", "operator"),
    "lookup without argument": ("f((0,0),(1,1))~~|\nz = f~~|\n", 3, "z", "without an argument", "f(x)"),
    "lookup with two arguments": ("f((0,0),(1,1))~~|\nz = f(1, 2)~~|\n", 3, "z", "takes 1 argument", None),
    "lookup from nowhere": ("f(GET DIRECT LOOKUPS('a','b','c','d'))~~|\n", 2, "f", "no file 'a'", None),
    "lookup of no table": ("f(GET DIRECT DATA('a','b','c','d'))~~|\n", 2, "f", "gives no lookup", None),
    "table in no lookup": ("z = MAX(1, ((0,0),(1,1)))~~|\n", 2, "z", "a table has no meaning", "WITH LOOKUP"),
    "WITH LOOKUP without table": ("z = WITH LOOKUP(Time, 2)~~|\n", 2, "z", "takes a table", None),
    "text as a number": ("z = 1 + 'one'~~|\n", 2, "z", "'one' has no meaning", None),
    "file as an expression": ("z := GET DIRECT DATA(y, ',', 'A', 'B2')~~|\ny = 1~~|\n", 2, "z", "single quotes", None),
    "stock within an expression": ("z = 2 * INTEG(1, 0)~~|\n", 2, "z", "whole right side", "of its own"),
    "constant that is none": ("z == Time~~|\n", 2, "z", "a number follows", None),
    "Time defined": ("Time = 1~~|\n", 2, "Time", "cannot be defined", None),
    "subscripted time": ("z = Time[a]~~|\n", 2, "z", "takes no subscripts", None),
    "broken limits": ("y = 1 ~ m [0,a] ~ |\n", 2, "y", "no range of values", "[low,high]"),
    "unknown element import": ("D: GET DIRECT SUBSCRIPT('a','b')~~|\n", 2, "D", "takes 5 arguments, not 2", "'prefix'"),
    "lookup named as a function": ("step((0,0),(1,1))~~|\n", 2, "step", "name of a function", None),
    "two signs of definition": ("y = a = b = 1~~|\n", 2, "y", "did not expect '='", None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_with_its_place(read_text, case):
    text, line, variable, reason, advice = CASES[case]
    with pytest.raises(ModelError) as caught:
        read_text(text)
    error = caught.value
    assert reason in error.reason
    assert line == error.line
    assert error.file is not None
    assert error.file.endswith("model.mdl")
    if variable is not None:
        assert variable.casefold() == (error.variable or "").casefold()
    if advice is not None:
        assert advice in (error.advice or "")


def test_the_last_entry_may_not_be_left_open(read_text):
    with pytest.raises(ModelError, match="not closed") as caught:
        read_text("y = 1~~|\nz = 2 ~ person\n", control="")
    assert (caught.value.line, caught.value.variable) == (3, "z")


@pytest.mark.parametrize("name", ["INITIAL TIME", "FINAL TIME", "TIME STEP"])
def test_a_run_must_have_its_bounds(read_text, name):
    with pytest.raises(ModelError) as caught:
        read_text("", control=CONTROL.replace(name, name + "s"))
    assert caught.value.variable == name
    assert f"'{name}s'" in (caught.value.advice or "")


def test_an_undecodable_byte_is_named_with_its_line(tmp_path):
    path = tmp_path / "model.mdl"
    path.write_bytes(b"{UTF-8}\nx = 1~~|\ny\xff = 2~~|\n")
    with pytest.raises(ModelError) as caught:
        read(path)
    assert "0xff" in caught.value.reason
    assert caught.value.line == 3


def test_a_byte_that_no_code_page_knows_is_refused(tmp_path):
    path = tmp_path / "model.mdl"
    path.write_bytes(b"x = 1~~|\ny\x81 = 2~~|\n")
    with pytest.raises(ModelError, match="0x81") as caught:
        read(path)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.mdl", "cannot be opened"),
        ("model.txt", "no kind of model file"),
        ("model", "no suffix"),
        ("a\0b.mdl", "cannot be opened"),
    ],
)
def test_a_file_that_is_no_model(tmp_path, name, reason):
    with pytest.raises(SdCovidError, match=reason):
        read(tmp_path / name)


def test_a_folder_is_no_model(tmp_path):
    (tmp_path / "model.mdl").mkdir()
    with pytest.raises(ModelError, match="is a folder"):
        read(tmp_path / "model.mdl")
