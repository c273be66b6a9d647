"""Vensim files: what an entry holds, as Vensim writes it and as its manual says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.errors import ModelError
from sd_covid.model import DataMode, Dimension, Kind, Method, read
from sd_covid.model.expression import Number, Place, Reference, Table
from tests.model.conftest import CONTROL


def test_an_entry_holds_equation_units_limits_and_documentation(read_text):
    model = read_text(
        "x = 1\n\t~\tperson/Month [0, ?, 0.5] {per head}\n\t~\tFirst line \\\n\t\tgoes on.\n\t\tSecond.\n"
        "\t~\t:SUPPLEMENTARY\n\t|\n"
    )
    x = model.variable("X")
    assert x.units == "person/Month"
    assert x.limits == (0.0, None, 0.5)
    assert x.documentation == "First line goes on.\nSecond."
    assert x.supplementary
    assert x.place.line == 2


def test_groups_are_remembered(read_text):
    stars = "*" * 56
    model = read_text(f"x = 1~~|\n{stars}\n\t.My sector\n{stars}~\n\t\tAbout it\n\t|\ny = 2~~|\n")
    assert model.variable("x").group == ""
    assert model.variable("y").group == "My sector"


def test_comments_and_continued_lines_leave_lines_as_they_are(read_text):
    model = read_text('x {a note\n over two lines} = 1 {=} ~~|\n"y \\\n\tz" = x + \\\n\t x~~|\n')
    equation = model.variable("y z").equations[0]
    assert equation.place == Place(model.path, 4, 1)
    assert equation.expression.right.place.line == 6


def test_names_match_in_any_case_with_blanks_or_underscores(read_text):
    model = read_text('My Var = 1~~|\ny = MY_VAR + "my   var"~~|\n')
    assert set(model.variables) >= {"my var", "y"}
    assert model.variable("my_VAR").name == "My Var"


def test_the_sketch_is_left_out_and_the_settings_are_read(read_text):
    end = (
        '\\\\\\---/// Sketch information\nV300 | ~ " { x\n*View 1\n///---\\\\\\\n:L<%^E!@\n'
        "22:$,Dollar,Dollars\n15:0,0,0,5,0,0\n"
    )
    settings = read_text("x = 1~~|\n", control=CONTROL + end).settings
    assert settings.method is Method.RK4
    assert settings.unit_equivalences == [("$", "Dollar", "Dollars")]


@pytest.mark.parametrize(
    ("code", "method"),
    [("0", "euler"), ("2", "euler"), ("1", "rk4"), ("5", "rk4"), ("3", "rk2"), ("4", "rk2")],
)
def test_methods_of_integration(read_text, code, method):
    model = read_text("", control=CONTROL + f"///---\\\\\\\n15:0,0,0,{code},0,0\n")
    assert model.settings.method == method


def test_other_methods_are_refused_by_name(read_text):
    with pytest.raises(ModelError, match="integration method 6 is not supported") as caught:
        read_text("x = 1~~|\n", control=CONTROL + "///---\\\\\\\n:L\n15:0,0,0,6,0,0\n")
    assert caught.value.line == 9


def test_saveper_is_the_time_step_unless_given(read_text):
    assert read_text("").variable("saveper").equations[0].expression == Reference("TIME STEP")
    assert read_text("SAVEPER = 2~~|\n").variable("saveper").equations[0].expression == Number(2)


@pytest.mark.parametrize(
    ("left", "mode"),
    [
        ("x", None),
        ("x :RAW:", DataMode.RAW),
        ("x:INTERPOLATE:", DataMode.INTERPOLATE),
        ("x :Hold  Backward:", DataMode.HOLD_BACKWARD),
        ("x :look forward:", DataMode.LOOK_FORWARD),
    ],
)
def test_data_variables(read_text, left, mode):
    bare = read_text(f"{left} ~~|\n").variable("x").equations[0]
    assert (bare.kind, bare.mode, bare.expression) == (Kind.DATA, mode, None)
    defined = read_text(f"{left} := Time * 2~~|\n").variable("x").equations[0]
    assert (defined.kind, defined.mode) == (Kind.DATA, mode)


def test_a_series_from_a_file_is_data_with_either_sign(read_text):
    for sign in ("=", ":="):
        model = read_text(f"x {sign} GET XLS DATA('f.xlsx', 'sheet', 'A', 'B2')~~|\n")
        assert model.variable("x").equations[0].kind is Kind.DATA


def test_lookups_in_both_forms(read_text):
    model = read_text("f([(0,0)-(2,2)],(0,1),(2,3))~~|\ng(0,2, 1,3)~~|\ny = f(1) + g(1)~~|\n")
    assert model.variable("f").equations[0].kind is Kind.LOOKUP
    assert model.variable("f").equations[0].table == Table(((0, 1), (2, 3)), ((0, 0), (2, 2)))
    assert model.variable("g").equations[0].table == Table(((0, 1), (2, 3)))


def test_arrays_are_read_by_row(read_text):
    model = read_text("D: a, b~~|\nE: p, q~~|\nx[D,E] = 1,-2; 3,4;~~|\ny[D] = 5,6~~|\n")
    assert model.variable("x").equations[0].values == (1.0, -2.0, 3.0, 4.0)
    assert model.variable("y").equations[0].kind is Kind.ARRAY


def test_an_unchangeable_constant(read_text):
    assert read_text("x == -4~~|\n").variable("x").equations[0].kind is Kind.UNCHANGEABLE


def test_ranges_are_written_out(read_text):
    model = read_text("all: first, rest~~|\nrest: (b2-b4), last~~|\n")
    assert model.dimensions["all"] == Dimension("all", ("first", "b2", "b3", "b4", "last"))


def test_mappings_are_read_whole(read_text):
    model = read_text("F: f1, f2 -> (D: d1, part), E~~|\nD: d1, d2, d3~~|\npart: d2, d3~~|\nE: e1, e2~~|\n")
    assert model.dimensions["f"].elements == ("f1", "f2")
    assert model.dimensions["f"].mappings == {"d": ("d1", "part"), "e": ("e1", "e2")}


def test_equivalent_ranges_stand_for_one_another(read_text):
    model = read_text("A: a1, a2~~|\nB <-> A~~|\nx[A] = 1,2~~|\ny[B] = x[B]~~|\nz[A] = y[B]~~|\n")
    assert model.dimensions["b"].elements == ("a1", "a2")


def test_exceptions_keep_every_clause(read_text):
    model = read_text("D: a, b, c~~|\nx[D] :EXCEPT: [a],[b] = 1~~|\nx[a] = 2~~|\nx[b] = 3~~|\n")
    assert model.variable("x").equations[0].excluded == (("a",), ("b",))


def test_units_and_documentation_stand_with_the_last_equation(read_text):
    model = read_text("D: a, b~~|\nx[a] = 1~~|\nx[b] = 2\n~ person\n~ Both.\n|\n")
    x = model.variable("x")
    assert (len(x.equations), x.units, x.documentation) == (2, "person", "Both.")


def test_line_ends_of_every_system_count(tmp_path):
    for end in ("\r\n", "\r", "\n"):
        path = tmp_path / "model.mdl"
        path.write_bytes(("{UTF-8}\nx = 1~~|\ny = 2~~|\n" + CONTROL).replace("\n", end).encode())
        assert read(path).variable("y").place.line == 3


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("{UTF-8}\nprijs_€ = 1~~|".encode(), "prijs_€"),
        ("prijs_€ = 1~~|".encode(), "prijs_€"),
        (b"\xef\xbb\xbf{UTF-8}\n" + "prijs_€ = 1~~|".encode(), "prijs_€"),
        ("prijs_€ = 1~~|".encode("cp1252"), "prijs_€"),
        ("{windows-1251}\nцена = 1~~|".encode("cp1251"), "цена"),
    ],
)
def test_encodings(tmp_path: Path, raw: bytes, name: str):
    path = tmp_path / "model.mdl"
    path.write_bytes(raw + CONTROL.encode())
    assert read(path).variable(name).name == name


def test_a_thousand_equations_come_back_in_order(read_text):
    text = "".join(f"v{i} = v{(i + 1) % 1000} * 2 + MAX(v{i // 2}, 3)~ u ~ doc |\n" for i in range(1000))
    assert list(read_text(text).variables)[:1000] == [f"v{i}" for i in range(1000)]
