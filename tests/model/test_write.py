"""Writing: what was written is read back as the same model, for every model there is and for any that can be drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.errors import ModelError
from sd_covid.model import Equation, Kind, Method, Model, Variable, read, write_mdl
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Reference,
    Subscript,
    Table,
    Unary,
)
from sd_covid.model.source import Source
from sd_covid.model.spelling import Spelling
from sd_covid.model.vensim.parse import parse_expression
from sd_covid.model.vensim.reader import model_of
from sd_covid.model.write.mdl import mdl_text
from tests.model.conftest import CONTROL, Reader

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "tests/models").glob("*.mdl")) + sorted((ROOT / "models").glob("*.mdl"))
PLAIN = Spelling(Model("plain"), for_pysd=False)
FOR_PYSD = Spelling(Model("plain"), for_pysd=True)


def content(model: Model) -> tuple[object, ...]:
    return list(model.variables), model.variables, model.dimensions, model.settings


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_is_read_back_as_it_was_written(path: Path, tmp_path: Path):
    for file in path.parent.glob("*.csv"):
        shutil.copy(file, tmp_path)
    shutil.copy(path, tmp_path)
    model = read(tmp_path / path.name)
    write_mdl(model, tmp_path / "written.mdl")
    assert content(model) == content(read(tmp_path / "written.mdl"))
    assert [] == list(tmp_path.glob(".*"))


numbers = st.floats(min_value=0, max_value=1e300, allow_nan=False).map(Number)
letters = st.characters(categories=["Ll", "Lo"])
words = st.text(letters, min_size=1, max_size=5).filter(lambda word: word.casefold() != "time")
quotable = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    min_size=1,
)
names = st.one_of(
    words, quotable.map(lambda name: " ".join(name.split())).filter(lambda name: name.strip("_ "))
)
points = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
tables = st.lists(points, min_size=1, max_size=4).map(
    lambda pairs: Table(tuple(sorted(pairs, key=lambda point: point[0])))
)
subscripts = st.lists(st.builds(Subscript, names, st.booleans()), max_size=2).map(tuple)


def larger(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    signs = st.sampled_from(["+", "-", "*", "/", "^", "=", "<>", "<", "<=", ">", ">=", ":AND:", ":OR:"])
    return st.one_of(
        st.builds(Binary, signs, parts, parts),
        st.builds(Unary, st.sampled_from(["+", "-", ":NOT:"]), parts),
        st.builds(Call, st.just("MAX"), st.tuples(parts, parts)),
        st.builds(Call, st.just("WITH LOOKUP"), st.tuples(parts, tables)),
        st.builds(Call, names.filter(lambda name: name != "MAX"), st.tuples(parts), subscripts),
    )


expressions = st.recursive(
    st.one_of(numbers, st.builds(Reference, names, subscripts), st.just(NotAvailable())),
    larger,
    max_leaves=12,
)


@given(expressions)
@settings(max_examples=300, deadline=None)
def test_any_expression_is_read_back_as_it_was_written(expression: Expression):
    assert expression == parse_expression(PLAIN.expression(expression))


@given(st.recursive(st.one_of(numbers, st.builds(Reference, words)), larger, max_leaves=8))
@settings(max_examples=150, deadline=None)
def test_what_is_written_for_pysd_is_in_our_language_too(expression: Expression):
    assert parse_expression(FOR_PYSD.expression(expression))


def test_the_date_of_time_0_is_kept(read_text: Reader, tmp_path: Path):
    codes = ":L<%^E!@\n15:0,0,0,0,0,0\n37:2020\n38:3\n39:15\n40:4\n"
    sketch = "\\\\\\---/// Sketch information - do not modify anything except names\n///---\\\\\\\n"
    model = read_text("", control=CONTROL + sketch + codes)
    assert ("2020-03-15", "day") == model.settings.dates
    write_mdl(model, tmp_path / "written.mdl")
    assert model.settings == read(tmp_path / "written.mdl").settings


def test_the_calendar_of_a_study_is_kept_as_the_date_of_time_0(tmp_path: Path):
    write_mdl(read(ROOT / "models/netherlands.yaml"), tmp_path / "written.mdl")
    assert {"37:2015", "38:1", "39:1", "40:2"} <= set((tmp_path / "written.mdl").read_text().splitlines())


texts = st.text(
    st.characters(codec="ascii", categories=["L", "N", "P"], exclude_characters="~|{}[]\\"), max_size=20
)


@given(
    st.dictionaries(
        words.map(lambda word: word + " x"),
        st.tuples(expressions, texts, texts, texts, st.booleans()),
        max_size=4,
    ),
    st.sampled_from([Method.EULER, Method.RK2, Method.RK4]),
)
@settings(max_examples=60, deadline=None)
def test_any_model_is_read_back_as_it_was_written(
    drawn: dict[str, tuple[Expression, str, str, str, bool]], method: Method
):
    model = Model("drawn")
    model.settings.method = method
    for name, (expression, units, documentation, group, supplementary) in drawn.items():
        equation = Equation(Kind.EQUATION, expression=expression)
        group = group.lstrip(".*").replace("*", "")
        variable = Variable(name, [equation], units, (None, 2.5, None), documentation, group, supplementary)
        model.variables[variable.key] = variable
    found = model_of(Source(mdl_text(model)), "drawn")
    assert content(model) == content(found)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (Binary("^", Unary("-", Number(3)), Number(2)), "(-1.0*3.0)^2.0"),
        (Unary("-", Binary("^", Number(3), Number(2))), "-(3.0^2.0)"),
        (NotAvailable(), "-6.490371073168535e+32"),
        (
            Binary(":OR:", Binary(":AND:", Reference("a"), Reference("b")), Reference("c")),
            "(a :AND: b) :OR: c",
        ),
        (
            Call("smooth n", (Reference("a"), Number(2), Number(1), Number(3))),
            "SMOOTH N(a, 2.0, 1.0, 3)",
        ),
    ],
)
def test_forms_that_pysd_reads_as_vensim_does(expression: Expression, expected: str):
    assert expected == FOR_PYSD.expression(expression)


def test_names_are_written_for_pysd_as_they_were_defined(read_text: Reader):
    model = read_text('My Var = 1~~|\ny = MY_VAR * "my var"~~|\n')
    assert "My Var * My Var" in mdl_text(model, for_pysd=True)


def test_pysd_is_not_given_a_mapping_that_it_misreads():
    model = read(ROOT / "tests/models/mapping_to_part.mdl")
    with pytest.raises(ModelError, match="PySD misreads the mapping of 'zone'"):
        mdl_text(model, for_pysd=True)


def test_data_files_are_named_from_where_the_text_stands(read_text: Reader, tmp_path: Path):
    model = read_text("x := GET DIRECT DATA('f.csv', ',', 'A', 'B2')~~|\n", name="model.mdl")
    (tmp_path / "sub").mkdir()
    write_mdl(model, tmp_path / "sub" / "written.mdl")
    assert "'../f.csv'" in (tmp_path / "sub" / "written.mdl").read_text()


@pytest.mark.parametrize("text", ["a | b", "a ~ b"])
def test_what_an_mdl_cannot_hold_is_refused(text: str):
    model = Model("x", variables={"x": Variable("x", [Equation(Kind.EQUATION, expression=Number(1))])})
    model.variables["x"].documentation = text
    with pytest.raises(ModelError, match="cannot hold"):
        mdl_text(model)


def test_nothing_is_written_where_it_cannot_be(read_text: Reader, tmp_path: Path):
    (tmp_path / "no folder").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        write_mdl(read_text(""), tmp_path / "no folder" / "x.mdl")
