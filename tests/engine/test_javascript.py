"""Models in JavaScript, by V8 without a page around it, against the reference interpreter and the kernel.

V8 adds and multiplies as IEEE 754 says, and its exp, log and pow are within a unit in the last place, as numpy's are;
so a small model agrees to 1e-12 of a variable's largest value, and the Dutch one, over 2,016 steps, to 1e-9.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from py_mini_racer import MiniRacer, mini_racer

from sd_covid.engine import interpret
from sd_covid.engine import javascript as emitter
from sd_covid.engine.graph import Graph, LookupTable
from sd_covid.engine.javascript import Pieces, javascript, literal, runtime
from sd_covid.engine.kernel import Members
from sd_covid.engine.lower import CONTROL
from sd_covid.engine.operations import OPERATIONS
from sd_covid.engine.simulation import Simulation, load
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parents[1] / "models"
MODELS = sorted([*FOLDER.glob("*.mdl"), *FOLDER.glob("*.xmile")])
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 3.7, 1e-310, 1e300, -1e300, np.inf, -np.inf, np.nan]
ULP = 2.3e-16 * 4  # as for the other back ends, in test_operations.py
EXACT = {"add", "sub", "mul", "div", "neg", "sqrt", "abs", "trunc", "min", "max", "fma"}

# Runs the rows of parameters, numbered from `first`; numbers that JSON does not have go as text.
DRIVER = """
function runAll(name, rows, first, seed, cut) {
  const runner = new sdEngine.Runner(models[name]);
  const spelled = (x) => (Number.isFinite(x) ? x : String(x));
  return JSON.stringify(rows.map((row, k) => {
    const begun = runner.begin(Float64Array.from(row), first + k, seed);
    const saved = Math.floor(begun.grid.steps / begun.grid.every) + 1;
    const out = new Float64Array(models[name].outputs * saved);
    if (cut === null) return Array.from(runner.run(begun, out), spelled);
    let state = null;
    runner.run(begun, out, { kept: (n) => n === cut, keep: (_, found) => { state = found; } });
    out.subarray(0, out.length).forEach((_, i) => { if ((i % saved) * begun.grid.every >= cut) out[i] = NaN; });
    return Array.from(runner.run(begun, out, { from: state }), spelled);
  }));
}
globalThis.models = {};
"""


@pytest.fixture(scope="module")
def v8() -> Iterator[MiniRacer]:
    with mini_racer() as context:
        context.eval(runtime() + DRIVER)
        yield context


Run = Callable[..., NDArray[np.float64]]


@pytest.fixture(scope="module")
def run(v8) -> Run:
    """Give a function that runs a model: rows of parameters to values, shape (row, output, time)."""
    numbers = itertools.count()

    def go(model: Simulation, nodes: list[int], rows, first=0, seed=0, cut=None) -> NDArray[np.float64]:
        name = f"m{next(numbers)}"
        v8.eval(f"models[{json.dumps(name)}] = sdEngine.build({javascript(model.program, nodes)}); 0")
        halves = [seed & 0xFFFFFFFF, seed >> 32]
        asked = ", ".join(json.dumps(item) for item in (name, np.asarray(rows).tolist(), first, halves, cut))
        text = str(v8.eval(f"runAll({asked})"))
        v8.eval(f"delete models[{json.dumps(name)}]; 0")
        return numbers_of(json.loads(text)).reshape(len(rows), len(nodes), -1)

    return go


def numbers_of(values: list) -> NDArray[np.float64]:
    return np.array(values, dtype=object).astype(str).astype(np.float64)


def agree(found, expected, tolerance=1e-12) -> None:
    """Relative to each output's largest value over members and time."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    scale = np.where(finite, np.abs(expected), 0).max(axis=(0, 2), keepdims=True)
    error = np.abs(np.where(finite, found, 0) - np.where(finite, expected, 0)) / np.maximum(scale, 1e-12)
    assert error.max(initial=0) <= tolerance


def by_reference(model: Simulation, nodes, varying, count, first=0, seed=0) -> NDArray[np.float64]:
    members = Members(model.program.defaults, varying, count, 1, seed, first)
    grid = model._grid(members, 1e8)
    return interpret.run(model.program, members, nodes, grid)[:, :, grid.kept].transpose(1, 0, 2)


def rows_of(model: Simulation, varying, count) -> NDArray[np.float64]:
    rows = np.repeat(model.program.defaults[None], count, axis=0)
    for parameter, values in varying.items():
        rows[:, parameter] = values
    return rows


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_every_small_model_agrees_with_the_reference(path, run):
    model = load(path)
    varying = {
        k: p.default * np.array([1.0, 1.01, 0.99])
        for k, p in enumerate(model.program.parameters)
        if p.cell.variable not in CONTROL
    }
    nodes = list(model.program.cells.values())
    agree(run(model, nodes, rows_of(model, varying, 3)), by_reference(model, nodes, varying, 3))


def test_time_bounds_are_settings_as_any_other(simulate, run):
    """Sampling of data, SAVEPER and the last step follow; against the kernel."""
    model = simulate("x = INTEG(-x / 3 + PULSE(2, 1), 9) ~~|", final=10, step=0.25)
    other = {"INITIAL TIME": 1.0, "FINAL TIME": 7.3, "TIME STEP": 0.5, "SAVEPER": 1.5}
    names = list(model.constants)
    row = [other.get(name, value) for name, value in model.constants.items()]
    assert set(other) - set(names) == {"SAVEPER"}  # it follows TIME STEP here
    expected = model.run({k: v for k, v in other.items() if k in names}, ["x"])["x"].to_numpy()
    agree(run(model, [model.program.cells[model.names.cells("x")[0]]], [row]), expected[None, None])


RANDOM = """
density((0,0),(1,1),(4,0)) ~~|
walk = INTEG(RANDOM NORMAL(-1e9, 1e9, 0, 1, 3), RANDOM UNIFORM(0, 5, 2)) ~~|
size = RANDOM GAMMA(0, 1e9, 2.5, 0, 2, 0) + RANDOM POISSON(0, 1e9, 3.5, 0, 1, 0) ~~|
chosen = RANDOM LOOKUP(density, 0, 9, 0, 1, -7.6) ~~|
"""


@pytest.mark.parametrize(("seed", "rk4"), [(7, True), (2**63 + 2**31 + 5, False)])
def test_random_numbers_are_those_of_every_other_engine(simulate, run, seed, rk4):
    model = simulate(RANDOM, rk4=rk4)
    nodes = [model.program.cells[c] for n in ("walk", "size", "chosen") for c in model.names.cells(n)]
    found = run(model, nodes, rows_of(model, {}, 3), first=2**31, seed=seed)
    agree(found, by_reference(model, nodes, {}, 3, first=2**31, seed=seed))
    assert np.unique(found[:, 1]).size == found[:, 1].size


REMEMBERS = """
rate = 0.3 ~~|
delay = 1.5 ~~|
late = DELAY FIXED(size, delay, 7) ~~|
kept = SAMPLE IF TRUE(MODULO(Time, 2) < 0.3, size, 1) ~~|
slow = SMOOTH3(size + RANDOM 0 1(), 2) ~~|
size = INTEG(rate * (late - size) + SIN(Time), 4) ~~|
"""


@pytest.mark.parametrize("rk4", [False, True])
@pytest.mark.parametrize("cut", [0, 3, 17, 40])
def test_carrying_on_from_a_state_gives_the_same_bits(simulate, run, cut, rk4):
    model = simulate(REMEMBERS, rk4=rk4)
    nodes = list(model.program.cells.values())
    names = [model.names.spell(p.cell) for p in model.program.parameters]
    rows = rows_of(model, {names.index("delay"): np.array([0.5, 1.5, 3.0])}, 3)
    np.testing.assert_array_equal(run(model, nodes, rows, cut=cut), run(model, nodes, rows))


# --- operations ----------------------------------------------------------------------------------------------------


def evaluated(v8: MiniRacer, graph: Graph, nodes: list[int], columns: list[NDArray[np.float64]]) -> NDArray:
    """Nodes for columns of arguments, read as states; shape (row, node)."""
    pieces = Pieces(graph, "f", "S, T", {"state": "S[{}]"}, len(nodes))
    names = pieces.write(graph.order(nodes), [(node, k) for k, node in enumerate(nodes)])
    tables = [emitter._table(k, table) for k, table in enumerate(graph.tables)]
    calls = "; ".join(f"{name}(row, T)" for name in names)
    data = [f"[{', '.join(literal(float(x)) for x in row)}]" for row in zip(*columns, strict=True)]
    known = ", ".join(
        sorted({"abs", "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "trunc"})
    )
    given_back = f"Array.from(T.subarray(0, {len(nodes)}), spelled)"
    body = f"const T = new Float64Array({pieces.slots}); {calls}; return {given_back};"
    lines = [
        "(function () {",
        f"const {{ {known}, sinh, cosh, tanh }} = Math;",
        "const { pow, least, most, lookup, table } = sdEngine.help;",
        "const spelled = (x) => (Object.is(x, -0) ? '-0' : String(x));",
        *tables,
        *pieces.lines,
        f"return JSON.stringify([{', '.join(data)}].map((row) => {{ {body} }}));",
        "})()",
    ]
    text = str(v8.eval("\n".join(lines)))
    return numbers_of(json.loads(text)).reshape(-1, len(nodes))


def operands(operation: str) -> int:
    return OPERATIONS[operation].javascript.count("{")


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"and", "or", "not", "select"}))
def test_operation_means_the_same_as_numpy(operation, v8):
    count = operands(operation)
    combinations = np.array(list(itertools.product(SPECIAL, repeat=min(count, 2))))
    drawn = np.random.default_rng(5).normal(size=(100, combinations.shape[1])) * 3
    table = np.vstack([combinations, drawn])
    columns = [table[:, k % table.shape[1]] for k in range(count)]
    graph = Graph()
    node = graph.add(operation, *(graph.leaf("state", k) for k in range(count)))
    found = evaluated(v8, graph, [node], columns)[:, 0]
    with np.errstate(all="ignore"):
        expected = np.asarray(OPERATIONS[operation].meaning(*columns), dtype=float)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    if operation in EXACT or OPERATIONS[operation].truth:
        np.testing.assert_array_equal(found, expected)
        there = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found[there]), np.signbit(expected[there]))
    else:
        normal = np.abs(expected) > 1e-300
        np.testing.assert_allclose(found[normal], expected[normal], rtol=ULP)
        np.testing.assert_allclose(found[~normal], expected[~normal], atol=1e-307)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "add",
                    "mul",
                    "sub",
                    "div",
                    "neg",
                    "min",
                    "max",
                    "lt",
                    "eq",
                    "and",
                    "not",
                    "select",
                    "lookup",
                ]
            ),
            st.integers(0, 10**6),
            st.integers(0, 10**6),
            st.integers(0, 10**6),
        ),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 7),
)
def test_any_computation_is_the_same_cut_anywhere(v8, steps, size):
    """Truth values and numbers go from one function to the next through the array."""
    graph = Graph()
    graph.table(LookupTable((0.0, 1.0, 1.0, 3.0), (1.0, 2.0, 4.0, -1.0)))
    numbers = [graph.leaf("state", k) for k in range(3)] + [graph.number(-1.5)]
    truths = [graph.add("lt", numbers[0], numbers[1])]
    for operation, a, b, c in steps:
        x, y = numbers[a % len(numbers)], numbers[b % len(numbers)]
        p, q = truths[c % len(truths)], truths[a % len(truths)]
        if operation in ("lt", "eq"):
            truths.append(graph.add(operation, x, y))
        elif operation in ("and", "not"):
            truths.append(graph.add(operation, *((p, q) if operation == "and" else (p,))))
        elif operation == "lookup":
            numbers.append(graph.lookup("lookup", 0, x))
        else:
            taken = {"neg": (x,), "select": (p, x, y)}.get(operation, (x, y))
            numbers.append(graph.add(operation, *taken))
    columns = [
        np.array([0.3, np.nan, -2.0, 1.0]),
        np.array([1.0, 0.5, np.inf, 1.0]),
        np.array([2.0, -0.0, 1.0, 0.0]),
    ]
    sinks = [*numbers, *truths]
    with np.errstate(all="ignore"):
        values = interpret.evaluate(graph, graph.order(sinks), lambda _, k: columns[k])
    expected = np.array([np.broadcast_to(np.asarray(values[n], dtype=float), 4) for n in sinks]).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emitter, "PIECE", size)
        found = evaluated(v8, graph, sinks, columns)
    np.testing.assert_array_equal(found, expected)


# --- what cannot be, and what must not -----------------------------------------------------------------------------


def test_what_a_page_cannot_run_is_refused_by_name(simulate):
    model = simulate("x = INTEG(-x, 1) ~~|")
    cells = list(model.program.cells.values())
    with pytest.raises(RunError, match="adaptive"):
        javascript(replace(model.program, method=Method.ADAPTIVE), cells)
    moving = simulate("x = INTEG(-x, 1) ~~|", step="IF THEN ELSE(Time < 2, 0.5, 0.25)")
    with pytest.raises(RunError, match="moves as it runs"):
        javascript(moving.program, list(moving.program.cells.values()))
    program = model.program
    program.states[0].next = program.step.leaf("state bar")
    with pytest.raises(RunError, match="'state bar' of 'x'") as caught:
        javascript(program, cells)
    assert caught.value.variable == "x"


def test_nothing_of_the_model_file_enters_the_text(simulate):
    model = simulate(
        '"</script><script>alert(1)" = INTEG("`${alert(2)}`", 1) ~ "units" ~ */ alert(3) // |\n"`${alert(2)}`" = 2 ~~|'
    )
    text = javascript(model.program, list(model.program.cells.values()))
    assert "alert" not in text
    assert "<" not in text.replace(" < ", "")


def test_the_dutch_model_agrees_with_the_kernel_for_fifty_settings(run):
    """Draws of every constant over a tenth of its value, and levers at random levels, starts and ends."""
    from sd_covid.policy import Study
    from sd_covid.policy.outputs import read_outputs

    model = load(ROOT / "models" / "netherlands.yaml")
    study = Study.beside(ROOT / "scenarios" / "actual.yaml", model)
    rng = np.random.default_rng(8)
    frame = {
        name: value * rng.uniform(0.95, 1.05, 50)
        for name, value in model.constants.items()
        if not name.endswith((" start", " end", " time")) and name.lower() not in CONTROL
    }
    for lever in study.catalogue.levers.values():
        start = rng.integers(60, 160, 50).astype(float)
        frame[lever.constants["level"]] = rng.uniform(lever.low, lever.high, 50)
        frame[lever.constants["start"]] = start
        frame[lever.constants["end"]] = start + rng.integers(6, 90, 50)
    names = [output.name for output in read_outputs(ROOT / "scenarios" / "outputs.yaml")]
    kept = model.run(pd.DataFrame(frame), names)
    cells = [cell for name in names for cell in model.names.cells(name)]
    numbers = {name: k for k, name in enumerate(model.constants)}
    rows = rows_of(model, {numbers[n]: v for n, v in frame.items() if n in numbers}, 50)
    assert set(frame) <= set(numbers)
    found = run(model, [model.program.cells[cell] for cell in cells], rows)
    expected = np.stack(
        [kept[n].transpose("member", "time", ...).to_numpy().reshape(50, -1) for n in names], 1
    )
    agree(found, expected, 1e-9)
