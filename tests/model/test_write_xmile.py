"""Writing XMILE: what is read back gives the same numbers, bit by bit, and says the same about itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ModelError
from sd_covid.model import DataMode, Equation, Kind, Model, Variable, read
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Table, Unary
from sd_covid.model.source import Source
from sd_covid.model.write.xmile import write_xmile, xmile_text
from sd_covid.model.xmile.document import document_of
from sd_covid.model.xmile.reader import model_of
from tests.model.conftest import Reader

ROOT = Path(__file__).parents[2]
BELTS = {"xmile_conveyor", "xmile_queue"}
MODELS = [
    path
    for path in sorted((ROOT / "tests/models").iterdir())
    if path.suffix in (".mdl", ".xmile") and path.stem not in BELTS
]
TIMES = {
    "INITIAL TIME": Number(0.0),
    "FINAL TIME": Number(3.0),
    "TIME STEP": Number(0.5),
    "SAVEPER": Number(0.5),
}
XMILE = "{http://docs.oasis-open.org/xmile/ns/XMILE/v1.0}"


def results(
    model: Model, names: list[str], constants: dict[str, float] | None = None
) -> dict[str, np.ndarray]:
    run = Simulation(model).run(constants, outputs=names)
    return {str(name): array.to_numpy() for name, array in run.data_vars.items()}


def check_same_bits(model: Model, written: Model, constants: dict[str, float] | None = None) -> None:
    names = [item.name for item in model.variables.values() if item.equations[0].kind is not Kind.LOOKUP]
    ours, theirs = results(model, names, constants), results(written, names, constants)
    assert [] == [name for name in names if not np.array_equal(ours[name], theirs[name], equal_nan=True)]


@pytest.fixture(autouse=True)
def _interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models: compiling them takes longer than running them."""
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_gives_the_same_bits_when_read_back(path: Path, tmp_path: Path):
    for file in path.parent.glob("*.csv"):
        shutil.copy(file, tmp_path)
    shutil.copy(path, tmp_path)
    model = read(tmp_path / path.name)
    write_xmile(model, tmp_path / "written.xmile")
    check_same_bits(model, read(tmp_path / "written.xmile"))


def test_the_composed_model_gives_the_same_bits_when_read_back(tmp_path: Path):
    """With all its data; a few steps tell."""
    model = read(ROOT / "models/netherlands.yaml")
    write_xmile(model, tmp_path / "written.xmile")
    check_same_bits(model, read(tmp_path / "written.xmile"), {"FINAL TIME": 1.0})


def test_what_is_said_about_variables_is_kept(read_text: Reader, tmp_path: Path):
    model = read_text(
        "****\n\t.people\n****~~|\nage: young, old ~~|\n"
        "stock[age] = INTEG(-loss[age], 10) ~ person [0,50] ~ How many.\n\t\tIn all. |\n"
        'loss[age] = stock[age] / "time, to leave" ~ person/Month ~ |\n'
        '"time, to leave" = 4 ~ Month [1,?] ~ "Quotes" & <brackets> |\n'
    )
    model.settings.unit_equivalences.append(("Month", "Months"))
    write_xmile(model, tmp_path / "written.xmile")
    found = read(tmp_path / "written.xmile")
    for variable in list(model.variables.values())[:3]:
        other = found.variables[variable.key]
        assert (
            variable.name,
            variable.units,
            variable.documentation,
            variable.group,
            variable.limits[:2],
        ) == (
            other.name,
            other.units,
            other.documentation,
            other.group,
            other.limits[:2],
        )
    assert model.dimensions["age"].elements == found.dimensions["age"].elements
    assert [("Month", "Months")] == found.settings.unit_equivalences


def test_data_keep_their_points_and_modes_or_that_there_are_none(tmp_path: Path):
    (tmp_path / "f.csv").write_text("Time,a,b\n0,1,5\n4,3,9\n")
    mode = ":HOLD BACKWARD:"
    (tmp_path / "model.mdl").write_text(
        f"D: a, b ~~|\nx[D] {mode} := GET DIRECT DATA('f.csv', ',', 'A', 'B2') ~~|\nz := x[b] * 2 ~~|\n"
        "INITIAL TIME = 0~~|\nFINAL TIME = 4~~|\nTIME STEP = 1~~|\nSAVEPER = 1~~|\n"
    )
    model = read(tmp_path / "model.mdl")
    write_xmile(model, tmp_path / "written.xmile")
    found = read(tmp_path / "written.xmile")
    assert {("x", "a"): ((0, 4), (1, 3)), ("x", "b"): ((0, 4), (5, 9))} == found.series
    assert {DataMode.HOLD_BACKWARD} == {equation.mode for equation in found.variables["x"].equations}
    assert [5, 5, 5, 5, 9] == results(found, ["x[b]"])["x[b]"].tolist()
    check_same_bits(model, found)


def test_data_that_were_not_given_stay_so(read_text: Reader, tmp_path: Path):
    write_xmile(read_text("y :RAW: ~~|\n"), tmp_path / "written.xmile")
    found = read(tmp_path / "written.xmile")
    (equation,) = found.variables["y"].equations
    assert (Kind.DATA, DataMode.RAW, None) == (equation.kind, equation.mode, equation.expression)
    assert {} == found.series


def test_a_stock_names_its_flows_and_the_diagram_joins_them(read_text: Reader):
    root = ElementTree.fromstring(xmile_text(read_text("s = INTEG(a - b, 1) ~~|\na = 1 ~~|\nb = s ~~|\n")))
    stock = root.find(f".//{XMILE}variables/{XMILE}stock")
    assert stock is not None
    assert [("inflow", "a"), ("outflow", "b")] == [
        (item.tag.removeprefix(XMILE), item.text) for item in stock if item.tag.endswith("flow")
    ]
    assert {"a", "b"} == {item.get("name") for item in root.iterfind(f".//{XMILE}variables/{XMILE}flow")}
    box = root.find(f".//{XMILE}view/{XMILE}stock")
    flow = root.find(f".//{XMILE}view/{XMILE}flow[@name='a']")
    assert box is not None
    assert flow is not None
    last = flow.findall(f"{XMILE}pts/{XMILE}pt")[-1]
    edge = float(box.get("x", "")) - float(box.get("width", "")) / 2
    assert (edge, box.get("y")) == (float(last.get("x", "")), last.get("y"))


@pytest.mark.parametrize(
    ("rate", "flows"),
    [
        ("a - b", ["a", "b"]),
        ("b - a", ["b", "a"]),
        ("-a", ["a"]),
        ("a - b + a", ["net_change_in_s"]),
        ("2 * a", ["net_change_in_s"]),
        ("a - s", ["net_change_in_s"]),
        ("0", []),
    ],
)
def test_what_is_no_sum_of_flows_is_written_as_a_net_change(read_text: Reader, rate: str, flows: list[str]):
    text = xmile_text(read_text(f"s = INTEG({rate}, 1) ~~|\na = 1 ~~|\nb = 2 ~~|\n"))
    stock = ElementTree.fromstring(text).find(f".//{XMILE}variables/{XMILE}stock")
    assert stock is not None
    assert flows == [item.text for item in stock if item.tag.endswith("flow")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("IF THEN ELSE(a > 1 :AND: a < 3, 1, 2)", "(IF a &gt; 1 AND a &lt; 3 THEN 1 ELSE 2)"),
        (":NOT: a = 1", "NOT (a = 1)"),
        ("-a^2 / (a / 3)", "(-(a ^ 2)) / (a / 3)"),
        ("SMOOTH(a, 2) + SMOOTHI(a, 2, 3)", "SMTH1(a, 2) + SMTH1(a, 2, 3)"),
        ("DELAY N(a, 2, 1, 3)", "DELAYN(a, 2, 3, 1)"),
        ("INTEGER(a) + MODULO(a, 2)", "INT(a) + (a MOD 2)"),
        ("ZIDZ(a, 2) + XIDZ(a, 2, 1)", "SAFEDIV(a, 2) + SAFEDIV(a, 2, 1)"),
        ("Time * TIME STEP", "TIME * DT"),
        ("PULSE(1, 2) + QUANTUM(a, 3)", "vensim.PULSE(1, 2) + vensim.QUANTUM(a, 3)"),
    ],
)
def test_functions_have_the_names_that_xmile_gives_them(read_text: Reader, written: str, expected: str):
    assert f"<eqn>{expected}</eqn>" in xmile_text(read_text(f"x = {written} ~~|\na = 2 ~~|\n"))


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (
            "x[age] = 1 ~~|\nage: a, b ~~|\ny[a,b] = 1 ~~|\ny[b,a] = 2 ~~|\n",
            "some combinations of its subscripts",
        ),
        ("age: a, b ~~|\nx[a] = INTEG(1, 0) ~~|\nx[b] = 2 ~~|\n", "a stock for some of its elements only"),
        ("x ~~|\ny :RAW: := x ~~|\n", "a mode of its own"),
        ("DT = TIME STEP ~~|\n", "'DT' has the name that XMILE gives the model's time step"),
    ],
)
def test_what_xmile_cannot_say_is_an_error_that_names_it(read_text: Reader, entries: str, reason: str):
    with pytest.raises(ModelError, match=reason):
        xmile_text(read_text(entries))


@pytest.mark.parametrize("name", sorted(BELTS))
def test_conveyors_are_not_written_back(name: str):
    with pytest.raises(ModelError, match=r"a (conveyor|queue) is read from XMILE, and not written back"):
        xmile_text(read(ROOT / "tests/models" / f"{name}.xmile"))


def test_a_final_time_that_is_calculated_is_an_error(read_text: Reader):
    control = "INITIAL TIME = 0~~|\nTIME STEP = 1~~|\nFINAL TIME = IF THEN ELSE(Time > 5, 6, 10)~~|\n"
    with pytest.raises(ModelError, match="'FINAL TIME' is calculated"):
        xmile_text(read_text("x = 1 ~~|\n", control=control))


names = ["a", "b c", "Δ", "and", "x, y", "1st", "e.f"]
references = st.sampled_from(names).map(Reference)
values = st.floats(0, 100).map(Number)
whole = st.integers(-9, 9).map(float)  # the slope of a table between points a last bit apart overflows


def larger(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    signs = st.sampled_from(["+", "-", "*", "=", "<>", "<", "<=", ">", ">=", ":AND:", ":OR:"])
    points = st.lists(st.tuples(whole, whole), min_size=2, max_size=4)
    tables = points.map(lambda pairs: Table(tuple(sorted(pairs, key=lambda point: point[0]))))
    return st.one_of(
        st.builds(Binary, signs, parts, parts),
        st.builds(Unary, st.sampled_from(["+", "-", ":NOT:"]), parts),
        st.builds(Call, st.sampled_from(["MAX", "ZIDZ", "STEP", "PULSE"]), st.tuples(parts, parts)),
        st.builds(Call, st.just("IF THEN ELSE"), st.tuples(parts, parts, parts)),
        st.builds(Call, st.just("WITH LOOKUP"), st.tuples(parts, tables)),
        st.builds(Call, st.just("SMOOTH"), st.tuples(parts, st.just(Number(2.0)))),
    )


@given(
    st.lists(st.recursive(st.one_of(values, values), larger, max_leaves=8), min_size=7, max_size=7), st.data()
)
@settings(max_examples=25, deadline=None)
def test_any_model_gives_the_same_bits_when_read_back(drawn: list[Expression], data: st.DataObject):
    """Each variable uses those before it; half of them are stocks."""
    model = Model("drawn")
    for at, (name, expression) in enumerate(zip(names, drawn, strict=True)):
        if at:
            other = Reference(data.draw(st.sampled_from(names[:at])))
            expression = Binary(data.draw(st.sampled_from("+-*")), other, expression)
        if at % 2:
            expression = Call("INTEG", (expression, Number(1.0)))
        variable = Variable(name, [Equation(Kind.EQUATION, expression=expression)])
        model.variables[variable.key] = variable
    for name, value in TIMES.items():
        model.variables[name.lower()] = Variable(name, [Equation(Kind.EQUATION, expression=value)])
    check_same_bits(model, model_of(document_of(Source(xmile_text(model))), "drawn"))


def test_a_missing_value_among_arguments_is_the_same_when_read_back(read_text: Reader, tmp_path: Path):
    """A limit of SINTEG that is :NA: is none; XMILE has only its number."""
    model = read_text("x = SINTEG(1, 0, 0.5, 2.5, :NA:, :NA:, :NA:) ~~|\n")
    write_xmile(model, tmp_path / "written.xmile")
    check_same_bits(model, read(tmp_path / "written.xmile"))


def test_a_sum_of_thousands_is_written_and_read_back(tmp_path: Path):
    """Such sums are made by programs; they are deeper than a stack of calls."""
    total: Expression = Reference("a")
    for _ in range(3000):
        total = Binary("+", total, Reference("a"))
    model = Model("sum")
    for name, expression in {"a": Number(1.0), "b": total, **TIMES}.items():
        model.variables[name.lower()] = Variable(name, [Equation(Kind.EQUATION, expression=expression)])
    found = model_of(document_of(Source(xmile_text(model))), "sum")
    assert model.variables["b"].equations == found.variables["b"].equations
