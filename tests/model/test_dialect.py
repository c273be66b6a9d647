"""Ways of writing a model that other readers stumble over; each line of text has one meaning in Vensim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ModelError, SdCovidError
from sd_covid.model import Kind, read
from tests.model.conftest import CONTROL, Reader

NA = -(2.0**109)


@pytest.fixture(autouse=True)
def _without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")


def value(read_text: Reader, entries: str, name: str = "y") -> float:
    """A variable at the initial time."""
    run = Simulation(read_text(entries)).run(outputs=[name])
    return float(run[name].to_numpy()[0])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("10 - 2 - 3", 5),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("(-3) ^ 2", 9),
        ("-3 ^ 2", -9),
        ("2 ^ -1", 0.5),
        ("2 * -3", -6),
        ("- - 3", 3),
        ("6 / 3 * 2", 4),
        ("0 = 1 :AND: 0 = 1 :OR: 1 = 1", 1),
        ("1 = 1 :or: 0 = 1 :And: 0 = 1", 1),
        (":NOT: 1 = 2", 1),
        (":not:(1=1) :OR: 2>=2", 1),
        ("1 + 2 > 2 * 1", 1),
        ("(1 < 2) + (3 <> 3)", 1),
        ("1e-3 + .5 + 2. + 1E+2", 102.501),
        ("IF THEN ELSE(5 - 5 = 0, 1, 2)", 1),
        ("if_then_else( 1 , 7 , 8 )", 7),
        ("IF THEN ELSE(:NA: = :NA:, 1, 2)", 1),
        (":NA:", NA),
        ("IF THEN ELSE(:NA: + 1 = :NA:, 1, 0)", 1),  # 1 is lost in so large a number
        ("MODULO(-5, 3) + 10 * INTEGER(-1.5)", -12),
        ("1 / 0", np.inf),
        ("-1 / 0", -np.inf),
    ],
)
def test_operators(read_text: Reader, expression: str, expected: float):
    assert value(read_text, f"y = {expression}~~|\n") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("defined", "used"),
    [
        ("1st wave", "1ST  Wave"),
        ("\N{EURO SIGN} cost", "\N{EURO SIGN}_cost"),
        ("a.b", "A.B"),
        ('"My Var-2"', '"my_var-2"'),
        ('"x"', "X"),
        ('"a \\"b\\" & c"', '"A \\"b\\" & c"'),
        ("people's will", "People's Will"),
        ("cost k$", "COST_K$"),
        ("x_1", "x 1"),
        ("naïve Größe", "NAÏVE grösse"),
        ("_hidden", "_hidden"),
        ("INTEGER part", "integer part"),
        ("end of it", "END OF IT"),
    ],
)
def test_names(read_text: Reader, defined: str, used: str):
    assert value(read_text, f"{defined} = 3~~|\ny = {used} * 2~~|\n") == 6


@pytest.mark.parametrize(
    "entries",
    [
        "y = 1 {one} + 2~~|\n",
        "y {the sum} = 3~~|\n",
        "y = {a comment with ~ and | and = in it} 3~~|\n",
        "y = 1 + {a comment {in a comment} and on} 2~~|\n",
        "{all of\n this}\ny = 3~~|\n",
        "y =\\\n 1 \\\n\t+ 2~~|\n",
        "long \\\n  name = 3~~|\ny = long name~~|\n",
        "y = 3~~ a comment with ' and \" and {|\n",
        "y = 3 ~ m |\n",
        "y=3~~~:SUPPLEMENTARY|\n",
        "y=3~~~:SUPPLEMENTARY:|\n",
        "y = 3 ~ person {head} [0,?] ~|\n",
        "****\n.One~\n|\ny = 3~~|\n********\n\t.Two\n********~\n\t\tText | \n",
        "y\n=\n3\n~\n~\n|\n",
    ],
)
def test_comments_and_layout(read_text: Reader, entries: str):
    assert value(read_text, entries) == 3


def test_a_third_part_that_is_no_flag_is_documentation(read_text: Reader):
    variable = read_text("y = 1 ~ ~ first ~ second |\n").variable("y")
    assert (variable.documentation, variable.supplementary) == ("first\nsecond", False)


def test_an_equation_counts_where_the_diagram_shows_other_causes(read_text: Reader):
    """Vensim then writes the variable twice, first as a function of what the diagram shows."""
    model = read_text("y=A FUNCTION OF(x,z) ~~|\ny=\n\tx + 1\n\t~ m ~ doc |\nx = 2~~|\n")
    assert float(Simulation(model).run(outputs=["y"])["y"][0]) == 3
    assert [note.text for note in model.notes] == ["'y': the diagram shows other causes than its equation"]
    with pytest.raises(ModelError, match="A FUNCTION OF"):
        read_text("y=A FUNCTION OF(x) ~~|\nx = 2~~|\n")
    with pytest.raises(ModelError, match="defined twice"):
        read_text("y=A FUNCTION OF(x) ~~|\ny = x ~~|\ny = 2 ~~|\nx = 2~~|\n")


def test_a_text_with_a_name_stands_for_it(read_text: Reader, tmp_path: Path):
    """Vensim's string variables; https://www.vensim.com/documentation/keywords.html."""
    (tmp_path / "a.csv").write_text("7,8\n")
    text = "Input File :IS: 'a.csv'~~|\nfirst_cell:is:\n\t'B1'~~|\n"
    model = read_text(text + "y = GET DIRECT CONSTANTS( input_file , ',', first cell)~~|\n")
    assert float(Simulation(model).run(outputs=["y"])["y"][0]) == 8
    assert "'a.csv' stands where the model says 'Input File'" in [note.text for note in model.notes]


def test_a_text_is_no_number(read_text: Reader):
    with pytest.raises(ModelError, match="the text 'b' has no meaning here"):
        read_text("a :IS: 'b'~~|\ny = a + 1~~|\n")
    with pytest.raises(ModelError, match="'A' is defined twice, first on line 2"):
        read_text("a :IS: 'b'~~|\nA :IS: 'c'~~|\ny = 1~~|\n")


def test_braces_in_units_are_a_comment(read_text: Reader):
    variable = read_text("y = 1 ~ person {per head} / Month [0,10,?] ~ |\n").variable("y")
    assert (variable.units, variable.limits) == ("person / Month", (0, 10, None))


@pytest.mark.parametrize("limits", ["[0,inf]", "[0,?]", "[0]", "[0, nan]"])
def test_a_limit_may_be_none(read_text: Reader, limits: str):
    assert read_text(f"y = 1 ~ m {limits} ~ |\n").variable("y").limits == (0, None, None)


@pytest.mark.parametrize(
    ("table", "x", "expected"),
    [
        ("(0,0),(2,4)", 1, 2),
        ("[(0,0)-(10,10)],(0,0),(2,4)", 1, 2),
        ("[(0,0)-(10,10),(1,1),(5,5)],(0,0),(2,4)", 1, 2),  # points of reference are not points
        ("0,2, 0,4", 1, 2),
        ("0, 1, 2, 5, 6, 9", 0.5, 5.5),
        ("(2,4),(0,0)", 1, 2),  # out of order
        ("(0,0),(1,1),(1,3),(2,4)", 1.5, 3.5),  # a jump
        ("(0,0),(1,1),(1,3),(2,4)", 0.5, 0.5),
        ("(-1,-2) , ( 1 ,\n\t2 )", 0.25, 0.5),
        ("(- 1,1),(1e1,+1)", 5, 1),
        ("(0,5),(1,7)", 9, 7),
        ("(0,5),(1,7)", -9, 5),
    ],
)
def test_tables(read_text: Reader, table: str, x: float, expected: float):
    assert value(read_text, f"f({table})~~|\ny = f({x})~~|\n") == expected
    assert value(read_text, f"y = WITH LOOKUP({x}, ({table}))~~|\n") == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x[D]", "1, 2, 3"),
        ("x[D]", "TABBED ARRAY(1 2 3)"),
        ("x[D]", "TABBED_ARRAY(\n\t1\t2\t3\n)"),
        ("x[D]=", "1, 2, 3"),
        ("x[D]=", "TABBED ARRAY(1 2 3)"),
        ("x[D]", " 1 , 2 , \\\n 3"),
    ],
)
def test_arrays_of_numbers(read_text: Reader, left: str, right: str):
    model = read_text(f"D: a, b, c~~|\n{left}= {right}~~|\n")
    assert_allclose(Simulation(model).run(outputs=["x"])["x"].to_numpy()[0], [1, 2, 3])


def test_an_array_of_unchangeable_numbers_is_no_setting(read_text: Reader):
    model = read_text("D: a, b~~|\nx[D] == 1, 2~~|\nz[D] = 3, 4~~|\n")
    assert model.variable("x").equations[0].kind is Kind.UNCHANGEABLE
    assert {"z[a]", "z[b]"} == {name for name in Simulation(model).constants if "[" in name}


def test_tabbed_arrays_of_two_dimensions(read_text: Reader):
    text = "D: a, b~~|\nE: p, q, r~~|\nx[D,E] = TABBED ARRAY(\n1\t2\t3\n4\t-5\t6e1\n)~~|\n"
    assert read_text(text).variable("x").equations[0].values == (1, 2, 3, 4, -5, 60)


def test_reality_checks_are_noted_and_have_no_part(read_text: Reader):
    model = read_text(
        "none :THE CONDITION: x = 0 :IMPLIES: y <= RC STEP CHECK(0, y, 1)~~|\n"
        "drop :TEST INPUT: x = RC STEP(x, 0)~~|\nx = 1~~|\ny = x~~|\n"
    )
    assert [note.place.line for note in model.notes] == [2, 3]
    assert "'none'" in model.notes[0].text
    assert set(model.variables) == {"x", "y", "initial time", "final time", "time step", "saveper"}


def test_a_sum_of_thousands_of_terms(read_text: Reader):
    terms = " + ".join(f"x{n}" for n in range(3000))
    entries = "".join(f"x{n} = {n}~~|\n" for n in range(3000))
    assert value(read_text, f"{entries}y = {terms}~~|\n") == sum(range(3000))
    assert value(read_text, f"y = 1 {'- Time' * 5000} + 1~~|\n") == 2


def test_deep_nesting_is_refused(read_text: Reader):
    assert value(read_text, f"y = {'ABS(' * 200}1{')' * 200}~~|\n") == 1
    with pytest.raises(ModelError, match="nested more than 250 deep"):
        read_text(f"y = {'ABS(' * 300}1{')' * 300}~~|\n")
    with pytest.raises(ModelError, match="nested more than 250 deep"):
        read_text(f"y = {'2^' * 3000}1~~|\n")


@pytest.mark.parametrize(
    "marker",
    ["\\\\\\---/// Sketch information", "\\\\---/// Sketch", "///---\\\\\\\n:L\x7f<%^E!@\n9:Current"],
)
def test_what_follows_the_equations_is_no_equation(read_text: Reader, marker: str):
    assert (
        "y" in read_text("y = 1~~|\n", control=CONTROL + f"{marker}\nV300 x = = 1 ~ |\n*View 1\n").variables
    )


def test_file_tags_and_synonyms_stand_in_the_settings(read_text: Reader, tmp_path: Path):
    (tmp_path / "some data.csv").write_text("Time,x\n0,5\n1,6\n")
    settings = (
        "///---\\\\\\\n:L<%^E!@\n30:?Figures=some data.csv\n22:Person,Persons\n22:$,Euro\n15:0,0,0,4,0,0\n"
    )
    text = "x := GET XLS DATA('?figures', ',', 'A', 'B2')~~|\n"
    model = read_text(text, control=CONTROL + settings)
    assert model.settings.unit_equivalences == [("Person", "Persons"), ("$", "Euro")]
    assert float(Simulation(model).run(outputs=["x"])["x"][0]) == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = a = b~~|\n", "did not expect '='"),
        ("x & y~~|\n", "'&' has no meaning here"),
        ("x = MIN(1 2)~~|\n", "an operator or a comma is missing before '2'"),
        ("x = MAX(3,4,)~~|\n", "an argument is missing before ')'"),
        ("x = 1~~|\nX = 2~~|\n", "defined twice"),
        ("x = ~~|\n", "ends where something should follow"),
        ("x = 3 y~~|\n", "missing before 'y'"),
        ("x = (1~~|\n", "'(' is not closed"),
        ("x = 1,~~|\n", "a number is missing"),
        ("x = 1, 2, y~~|\n", "no number of the row: x = 1, 2, y"),
        ("D: a, b~~|\nx[D] =\n1,2;\n3,0.40..5;~~|\n", "no number of the row: 3,0"),
        ("x[a~~|\n", "'[' is not closed"),
        ('"(" = a)~~|\n', "')' closes nothing"),
        ("x(1,2,3)~~|\n", "x and y are not as many"),
        ("x(y)~~|\n", "is no lookup"),
        ("x((0,0),(1,y))~~|\n", "did not expect '(' where a table holds points: x((0,0),("),
        ("x([f()],(0,0),(1,1))~~|\n", "did not expect 'f' where a table holds points"),
        ("x = WITH LOOKUP(Time, ([__import__('os')],(0,0)))~~|\n", "did not expect"),
        ("x = ???~~|\n", "'?' has no meaning here"),
        ("x = nowhere~~|\n", "'nowhere' is used but not defined"),
        ("near = 1~~|\nx = naer~~|\n", "'naer' is used but not defined"),
        ("x = NO MACRO(1)~~|\n", "no known function"),
        ("x = y~~|\ny = z~~|\nz = x~~|\n", "simultaneous equations: x -> y -> z -> x"),
    ],
)
def test_what_means_nothing_is_refused(read_text: Reader, text: str, reason: str):
    with pytest.raises(SdCovidError) as caught:
        Simulation(read_text(text))
    assert reason in caught.value.reason
    assert caught.value.line is not None


def test_a_misspelt_name_is_told_the_nearest(read_text: Reader):
    with pytest.raises(ModelError) as caught:
        read_text("Birth Rate = 1~~|\nx = birth_rat * 2~~|\n")
    assert caught.value.advice == "did you mean 'Birth Rate'?"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("{UTF-8}\nx = 1 {\xe9}~~|\n".encode("latin-1"), "0xe9 is not UTF-8"),
        ("x = 1~~|\n".encode("utf-16"), "UTF-16"),
        (b"x = 1 {\x81}~~|\n", "0x81 is not CP1252"),
        (b"\x7f\xf7\x17H(Thu Sep 8 2022)\0\0", "binary format"),
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, raw: bytes, reason: str):
    path = tmp_path / "model.mdl"
    path.write_bytes(raw)
    with pytest.raises(ModelError) as caught:
        read(path)
    assert reason in caught.value.reason
