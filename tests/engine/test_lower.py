"""The way from a model to its program: what is computed once for each member, what can be set, what data are."""

import math
import sys

import numpy as np
import pytest

from sd_covid.engine.graph.operations import LEAVES, NOT_AVAILABLE
from sd_covid.engine.graph.program import Driver, Program
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.interpret import evaluate
from sd_covid.engine.lower import model as lowering
from sd_covid.engine.lower.model import deep_recursion, lower
from sd_covid.errors import ModelError
from sd_covid.model import read
from sd_covid.model.structure import DataMode
from sd_covid.model.vensim.reader import read_mdl

CONTROL = "INITIAL TIME = {start} ~~|\nFINAL TIME = 9 ~~|\nTIME STEP = 0.5 ~~|\nSAVEPER = 1 ~~|\n"


@pytest.fixture
def lowered(tmp_path):
    """Gives the program of equations, which begin on line 2."""

    def make(equations: str, start: float = 0) -> Program:
        path = tmp_path / "model.mdl"
        path.write_text("{UTF-8}\n" + equations + CONTROL.format(start=start), encoding="utf-8")
        return lower(read(path))

    return make


def initial(program: Program, name: str) -> float:
    """The initial value of a stock, from the constants as they stand in the file."""
    order = program.init.order([state.initial for state in program.states])
    found = evaluate(program.init, order, lambda _, k: np.float64(program.parameters[k].default))
    return next(float(found[state.initial]) for state in program.states if state.name == name)


def computed(program: Program, *names: str) -> set[str]:
    """The operations of the step graph that some variables need."""
    order = program.step.order([program.cells[Cell(name)] for name in names])
    return {str(program.step.nodes[node][0]) for node in order} - LEAVES


# --- what depends on constants alone --------------------


def test_what_depends_on_constants_alone_is_computed_once(lowered):
    program = lowered(
        "k = 2 ~~|\nf((0,0),(1,3)) ~~|\na = EXP(k) * 3 + f(k / 4) ~~|\nb = IF THEN ELSE(k > 1, a, 0) ~~|\n"
        "y = INTEG(a * y - b, 1) ~~|\nmixed = a + y ~~|\n"
    )
    assert computed(program, "a", "b") == set()
    assert computed(program, "mixed") == {"add"}
    assert computed(program, "y") == set()
    order = program.init.order(program.constants)
    found = evaluate(program.init, order, lambda _, k: np.float64(program.parameters[k].default))
    a = math.exp(2) * 3 + 1.5
    values = [float(found[node]) for node in program.constants]
    for name in ("a", "b"):
        kind, slot = program.step.nodes[program.cells[Cell(name)]]
        assert kind == "constant"
        assert values[slot] == pytest.approx(a, rel=1e-15)
    assert len(set(program.constants)) == len(program.constants)


def test_a_truth_of_constants_is_held_as_a_number(lowered):
    program = lowered(
        "k = 2 ~~|\ny = IF THEN ELSE(k > 1 :AND: Time > 3, Time, 7) ~~|\nz = (k > 1) + Time ~~|\n"
    )
    assert computed(program, "y") == {"ne", "gt", "and", "select"}
    assert computed(program, "z") == {"add"}
    (compared,) = (node for node in program.step.nodes if node[0] == "ne")
    assert program.step.nodes[compared[2]] == ("number", 0.0)
    order = program.init.order(program.constants)
    for default, expected in ((2.0, 1.0), (0.5, 0.0)):
        found = evaluate(program.init, order, lambda _, k, at=default: np.float64(at))
        held = [
            found[program.constants[program.step.nodes[a][1]]]
            for node in program.step.order([program.cells[Cell("y")]])
            if program.step.nodes[node][0] == "ne"
            for a in program.step.arguments(node)
            if program.step.nodes[a][0] == "constant"
        ]
        assert held == [expected]


def test_a_truth_that_is_an_equation_is_one_or_zero(lowered):
    program = lowered("y = Time > 3 ~~|\n")
    kind, _, yes, no = program.step.nodes[program.cells[Cell("y")]]
    assert (kind, program.step.nodes[yes], program.step.nodes[no]) == (
        "select",
        ("number", 1.0),
        ("number", 0.0),
    )


def test_what_is_read_twice_is_lowered_once(lowered):
    program = lowered("late = SMOOTH(Time, 3) ~~|\na = late + 1 ~~|\nb = late * 2 ~~|\nc = late ~~|\n")
    assert len(program.states) == 1
    assert program.cells[Cell("c")] == program.cells[Cell("late")] == program.step.leaf("state", 0)


def test_tables_of_both_graphs_are_in_one_list(lowered):
    """What is looked up once, at a constant, and what is at every instant."""
    program = lowered(
        "f((0,0),(1,3)) ~~|\ng((0,1),(1,5)) ~~|\nk = 0.5 ~~|\na = f(k) ~~|\nb = g(Time) + f(Time) ~~|\n"
    )
    assert program.init.tables is program.step.tables
    assert [table.y for table in program.step.tables] == [(0, 3), (1, 5)]


def test_a_loop_that_is_solved_may_be_entered_by_an_initial_value(lowered):
    """By hand: u = (2 u + 1) / 10 is 1/8, so that a is 5/4; `a` comes first, and a stock begins with it."""
    program = lowered("a = 2 * u + 1 ~~|\nu = SIMULTANEOUS(a / 10, 1) ~~|\ny = INTEG(a, a) ~~|\n")
    assert initial(program, "y") == pytest.approx(1.25, rel=1e-14)
    assert not [node for node in program.step.nodes if node[0] == "unknown"]


def test_a_table_has_no_value_by_itself(lowered, tmp_path):
    lowered("f((0,0),(1,3)) ~~|\n")
    model = lowering.Lowering(read(tmp_path / "model.mdl"), lowering.Free())
    with pytest.raises(ModelError, match="a table or text stands where a number") as caught:
        model.cell(Cell("f"), True)
    assert (caught.value.variable, caught.value.line) == ("f", 2)


# --- what can be set --------------------


def test_a_plain_number_can_be_set_and_nothing_else(lowered):
    program = lowered(
        "row: p, q ~~|\na = 3 ~~|\nb = -4 ~~|\nc = +5 ~~|\nd = 1 + 2 ~~|\ne[row] = 6, 7 ~~|\nf[row] = 8 ~~|\n"
        "g = -a ~~|\nh((0,0),(1,1)) ~~|\n"
    )
    bounds = {("initial time",): 0, ("final time",): 9, ("time step",): 0.5, ("saveper",): 1}
    expected = {("a",): 3, ("b",): -4, ("c",): 5, ("e", "p"): 6, ("e", "q"): 7, ("f", "p"): 8, ("f", "q"): 8}
    found = {(p.cell.variable, *p.cell.elements): p.default for p in program.parameters}
    assert found == {**expected, **bounds}
    assert [node for node in program.init.nodes if node[0] == "parameter"].count(("parameter", 0)) == 1


def test_saveper_is_the_time_step_where_there_is_none(tmp_path):
    path = tmp_path / "model.mdl"
    path.write_text(
        "{UTF-8}\n" + "".join(CONTROL.format(start=0).splitlines(keepends=True)[:3]), encoding="utf-8"
    )
    program = lower(read(path))
    assert program.control["saveper"] == program.control["time step"]
    assert len({program.control[name] for name in ("initial time", "final time", "time step")}) == 3


# --- data --------------------

TIMES, FIGURES = (1.0, 2.0, 4.0), (10.0, 30.0, 20.0)
MODES = {
    "": DataMode.INTERPOLATE,
    ":HOLD BACKWARD:": DataMode.HOLD_BACKWARD,
    ":LOOK FORWARD:": DataMode.LOOK_FORWARD,
    ":RAW:": DataMode.RAW,
}


@pytest.fixture
def figures(tmp_path):
    rows = "".join(f"{t},{v}\n" for t, v in zip(TIMES, FIGURES, strict=True))
    (tmp_path / "d.csv").write_text("Time,v\n" + rows, encoding="utf-8")


@pytest.mark.usefixtures("figures")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("start", [0, 1, 1.5, 2, 2.0000001, 1.9999999, 2 - 4e-6, 3, 4, 5])
def test_an_initial_value_reads_data_as_a_step_does(lowered, mode, start):
    """The sampling of a run is another piece of code; rounding of an intercept and a slope."""
    program = lowered(
        f"d {mode} := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\ny = INTEG(d, d + 1) ~~|\n", start
    )
    (driver,) = program.drivers
    assert driver == Driver("d", TIMES, FIGURES, MODES[mode])
    expected = float(driver.sample(np.array([float(start)]))[0])
    assert initial(program, "y") == pytest.approx(expected + 1, rel=1e-14)


@pytest.mark.usefixtures("figures")
def test_a_series_of_another_is_read_in_its_own_mode(lowered):
    """By name, through two others; a mode of the last counts. One that is worked out is an equation."""
    program = lowered(
        "d := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\na :HOLD BACKWARD: := d ~~|\nb :RAW: := a ~~|\n"
        "c := d * 2 ~~|\ne := d ~~|\nf :RAW: := e ~~|\ny = INTEG(a + b + c + d, 0) ~~|\n"
    )
    found = {name: program.step.nodes[program.cells[Cell(name)]] for name in ("a", "b", "c", "d", "e", "f")}
    assert found["c"][0] == "mul"
    modes = {name: program.drivers[found[name][1]].mode for name in ("a", "b", "d")}
    assert (found["e"], found["f"]) == (found["d"], found["b"])
    assert modes == {"a": DataMode.HOLD_BACKWARD, "b": DataMode.RAW, "d": DataMode.INTERPOLATE}
    assert all(driver.times == TIMES and driver.values == FIGURES for driver in program.drivers)
    assert len(program.drivers) == 3


def test_figures_that_come_with_the_model_are_read(lowered, tmp_path):
    with pytest.warns(UserWarning, match="no data for seen"):
        lowered("seen ~~|\ny = INTEG(seen, 0) ~~|\n")
    model = read(tmp_path / "model.mdl")
    model.series["seen",] = (TIMES, FIGURES)
    assert lower(model).drivers == [Driver("seen", TIMES, FIGURES, DataMode.INTERPOLATE)]
    model.series["seen",] = ((), ())
    with pytest.warns(UserWarning, match="no data for seen"):
        lower(model)


def test_missing_figures_are_not_available_where_only_compared(lowered):
    """A series that a stock depends on is NaN, and so is one that an initial value does."""
    text = "D: p, q ~~|\nseen ~~|\ndrives ~~|\nbegins ~~|\nerror = seen - y ~~|\n"
    text += "y = INTEG(drives, 0) ~~|\nz = INTEG(1, begins) ~~|\n"
    with pytest.warns(UserWarning, match="no data for seen, drives, begins: "):
        program = lowered(text)
    found = {driver.name: driver.values[0] for driver in program.drivers}
    assert found["seen"] == NOT_AVAILABLE
    assert math.isnan(found["drives"])
    assert math.isnan(found["begins"])
    assert math.isnan(initial(program, "z"))
    assert initial(program, "y") == 0


@pytest.mark.parametrize(("others", "refused"), [(0, True), (1, False), (2, False)])
def test_a_file_that_most_stocks_depend_on_must_be_there(lowered, others, refused):
    """One stock of one is most; one of two is half."""
    text = "d := GET DIRECT DATA('none.csv', ',', 'A', 'B2') ~~|\ny = INTEG(d, 0) ~~|\n"
    text += "".join(f"z{k} = INTEG(1, 0) ~~|\n" for k in range(others))
    if refused:
        with pytest.raises(ModelError, match=r"none\.csv"):
            lowered(text)
    else:
        with pytest.warns(UserWarning, match="no data for d"):
            assert math.isnan(lowered(text).drivers[0].values[0])


# --- what is refused --------------------


def test_a_loop_without_a_stock_is_told_from_where_it_closes(lowered):
    with pytest.raises(ModelError) as caught:
        lowered("x = a ~~|\na = b ~~|\nb = 2 * c ~~|\nc = a ~~|\n")
    assert "simultaneous equations: a -> b -> c -> a" in str(caught.value)
    assert (caught.value.variable, caught.value.line) == ("a", 3)


@pytest.mark.parametrize(("most", "refused"), [(6, False), (5, True)])
def test_an_absurd_array_is_refused(lowered, monkeypatch, most, refused):
    """The product of its dimensions counts, an element as one."""
    monkeypatch.setattr(lowering, "MAX_CELLS", most)
    text = "D: a, b ~~|\nE: p, q, r ~~|\nsmall[a,E] = 1 ~~|\ny[D,E] = 1 ~~|\n"
    if refused:
        with pytest.raises(ModelError, match="has 6 elements, more than the 5"):
            lowered(text)
    else:
        assert sum(cell.variable == "y" for cell in lowered(text).cells) == 6


def test_a_long_chain_needs_no_more_than_its_own_recursion(lowered):
    """1500 equations, each of the next; the limit is then what it was."""
    before = 5000
    sys.setrecursionlimit(before)
    program = lowered("".join(f"x{k} = x{k + 1} + 1 ~~|\n" for k in range(1500)) + "x1500 = Time ~~|\n")
    assert len(program.cells) == 1501 + 4
    assert sys.getrecursionlimit() == before
    with deep_recursion():
        assert sys.getrecursionlimit() >= 200_000
    with pytest.raises(KeyError), deep_recursion():
        raise KeyError
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    ("equation", "reason", "advice"),
    [
        ("y = rte * 2", "'rte' is used but not defined", "did you mean 'rate'?"),
        ("y = GUESS(rate)", "function 'GUESS' is not supported", None),
        ("y = rate(2)", "'rate' is not a lookup, so it cannot be applied to an argument", None),
        ("y = only[B]", "'only' has no element for B", None),
        ("y = only", "'only' has no element for no subscripts", "it has 1 subscripts"),
    ],
)
def test_a_model_that_was_not_checked_is_refused_in_words(tmp_path, equation, reason, advice):
    """The check of a model that is read says these before; a model that is built in memory has not been checked."""
    path = tmp_path / "model.mdl"
    equations = f"Dim: A, B ~~|\nrate = 1 ~~|\nonly[A] = 3 ~~|\n{equation} ~~|\nSAVEPER = TIME STEP ~~|\n"
    control = CONTROL.format(start=0).replace("SAVEPER = 1 ~~|\n", "")
    path.write_text("{UTF-8}\n" + equations + control, encoding="utf-8")
    with pytest.raises(ModelError) as found:
        lower(read_mdl(path))
    assert found.value.reason == reason
    assert (found.value.advice or "") == (advice or "")
    assert (found.value.line, found.value.variable) == (5, "y")
