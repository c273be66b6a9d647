"""Models in WebAssembly, by a browser without a page, against the reference interpreter and the kernel.

The browser adds and multiplies as IEEE 754 says, without fused multiply-add, and exp, log and pow are within a few
units in the last place; so a small model agrees to 1e-12 of a variable's largest value, and the Dutch one, over 2,016
steps, to 1e-9.
"""

import base64
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from sd_covid.engine import interpret
from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import OPERATIONS
from sd_covid.engine.graph.program import Parameter, Program
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.model import CONTROL
from sd_covid.engine.run import webassembly
from sd_covid.engine.run.kernel import Members
from sd_covid.engine.run.webassembly import assemble, runtime
from sd_covid.engine.simulation import Simulation, load
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parents[1] / "models"
MODELS = sorted([*FOLDER.glob("*.mdl"), *FOLDER.glob("*.xmile")])
#: With the ends of what has an exponential, and what is beyond them.
SPECIAL = [
    *(709.7, 709.8, -706.9, -707.1),
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 3.7, 1e-310, 1e300, -1e300, np.inf, -np.inf, np.nan),
]
ULP = 2.3e-16 * 4  # as for the other back ends, in test_operations.py
EXACT = {"add", "sub", "mul", "div", "neg", "sqrt", "abs", "trunc", "min", "max", "fma"}

# Runs the rows of parameters, numbered from `first`, two by two; `cut` keeps a state there and carries on from it, with
# what was saved from there on rubbed out. Numbers go as the bytes that they are.
DRIVER = """
globalThis.runAll = ([code, common, layout, rows, first, seed, cut]) => {
  const runner = new sdEngine.Runner(sdEngine.compile(code, common), layout);
  const width = layout.outputs * runner.saves;
  const all = new Float64Array(rows.length * width);
  for (let k = 0; k < rows.length; k += 2) {
    const pair = [rows[k], rows[Math.min(k + 1, rows.length - 1)]].map((row) => sdEngine.unpack(row, Float64Array));
    const outs = pair.map(() => new Float64Array(width));
    let state = null;
    const keep = ({ step, memory }) => { if (step === cut) state = { step, memory: memory.slice() }; };
    runner.run(pair, first + k, seed, outs, cut === null ? {} : { stretch: runner.grain, keep });
    if (cut !== null) {
      outs.forEach((out) => out.forEach((_, i) => { if ((i % runner.saves) * layout.every >= cut) out[i] = NaN; }));
      runner.run(pair, first + k, seed, outs, { from: state });
    }
    outs.forEach((out, lane) => { if (k + lane < rows.length) all.set(out, (k + lane) * width); });
  }
  let text = '';
  new Uint8Array(all.buffer).forEach((byte) => { text += String.fromCharCode(byte); });
  return btoa(text);
};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = shutil.which("chromium") or (str(own) if own.is_file() else None)
        if found is None:
            pytest.skip("no Chromium: install Debian's chromium, or run playwright install chromium")
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = opened.new_page()
        page.add_script_tag(content=runtime() + "\nglobalThis.sdEngine = sdEngine;" + DRIVER)
        yield page
        opened.close()


def packed(values) -> str:
    return base64.b64encode(np.asarray(values, dtype="<f8").tobytes()).decode("ascii")


Run = Callable[..., NDArray[np.float64]]


@pytest.fixture(scope="module")
def run(browser) -> Run:
    """Give a function that runs a program: rows of parameters to values, shape (row, output, time)."""

    def go(
        program: Program, nodes: list[int], rows, first=0, seed=0, cut=None, varying=None
    ) -> NDArray[np.float64]:
        made = assemble(program, nodes, np.asarray(rows[0]), varying)
        halves = [seed & 0xFFFFFFFF, seed >> 32]
        codes = [
            None if code is None else base64.b64encode(code).decode("ascii")
            for code in (made.code, made.common)
        ]
        text = browser.evaluate(
            "runAll", [*codes, made.layout, [packed(row) for row in rows], first, halves, cut]
        )
        return np.frombuffer(base64.b64decode(text)).reshape(len(rows), len(nodes), -1)

    return go


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
    agree(run(model.program, nodes, rows_of(model, varying, 3)), by_reference(model, nodes, varying, 3))


def test_time_bounds_are_those_that_were_given(simulate, run):
    """Sampling of data, SAVEPER and the last step follow; against the kernel."""
    model = simulate("x = INTEG(-x / 3 + PULSE(2, 1), 9) ~~|", final=10, step=0.25)
    other = {"INITIAL TIME": 1.0, "FINAL TIME": 7.3, "TIME STEP": 0.5, "SAVEPER": 1.5}
    names = list(model.constants)
    row = [other.get(name, value) for name, value in model.constants.items()]
    assert set(other) - set(names) == {"SAVEPER"}  # it follows TIME STEP here
    expected = model.run({k: v for k, v in other.items() if k in names}, ["x"])["x"].to_numpy()
    node = model.program.cells[model.names.cells("x")[0]]
    agree(run(model.program, [node], [row]), expected[None, None])
    fixed = assemble(model.program, [node]).fixed
    assert {names[k] for k in fixed} == {"INITIAL TIME", "FINAL TIME", "TIME STEP"}


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
    found = run(model.program, nodes, rows_of(model, {}, 3), first=2**31, seed=seed)
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
@pytest.mark.parametrize("cut", [2, 16, 38])
def test_carrying_on_from_a_state_gives_the_same_bits(simulate, run, cut, rk4):
    model = simulate(REMEMBERS, rk4=rk4)
    nodes = list(model.program.cells.values())
    names = [model.names.spell(p.cell) for p in model.program.parameters]
    rows = rows_of(model, {names.index("delay"): np.array([0.5, 1.5, 3.0])}, 3)
    whole = run(model.program, nodes, rows)
    np.testing.assert_array_equal(run(model.program, nodes, rows, cut=cut), whole)


#: Switches and ramps of constants that are alike (level, from) and that differ (size).
SWITCHED = """
level = 3 ~~| from = 4 ~~| size = 2 ~~|
on = IF THEN ELSE(Time >= from :AND: Time < from + 3, level, 0) ~~|
ramp = MAX(0, Time - level) / from ~~|
package = on * size + IF THEN ELSE(on > 2, SQRT(size), EXP(-size)) ~~|
stock = INTEG(package + ramp * size - stock * (level + EXP(-ramp)) / 9, size) ~~|
"""


@pytest.mark.parametrize("method", ["euler", "midpoint", "rk2", "rk4"])
@pytest.mark.parametrize("cut", [None, 16])
def test_what_is_alike_computed_once_gives_the_same_bits(simulate, run, method, cut):
    model = simulate(SWITCHED).integrated(method)
    nodes, names = list(model.program.cells.values()), list(model.constants)
    size, level = names.index("size"), names.index("level")
    sizes = {
        size: np.array([0.5, 2.0, 3.5, 0.1]),
        level: np.array([3.0, 3.0, 1.5, 1.5]),
    }  # pairs of one level
    rows = rows_of(model, sizes, 4)
    apart = run(model.program, nodes, rows, cut=cut, varying=[size])
    together = run(model.program, nodes, rows)
    np.testing.assert_array_equal(apart, together)
    agree(apart, by_reference(model, nodes, sizes, 4))
    with pytest.raises(Exception, match="two members differ in parameter"):
        run(model.program, nodes, rows[1:], varying=[size])


def test_a_delay_that_is_no_number_is_refused(simulate, run):
    model = simulate("delay = 2 ~~| late = DELAY FIXED(Time, delay, 7) ~~|")
    rows = rows_of(model, {list(model.constants).index("delay"): np.array([np.nan])}, 1)
    with pytest.raises(Exception, match="DELAY FIXED of NaN steps"):
        run(model.program, list(model.program.cells.values()), rows)


# --- operations ----------------------------------------------------------------------------------------------------


def of_constants(operations: list[str], count: int) -> tuple[Program, list[int]]:
    """A program without steps whose outputs are operations on its constants."""
    init, step = Graph(), Graph()
    program = Program(parameters=[Parameter(Cell(f"a{k}"), 0.0) for k in range(count)], init=init, step=step)
    bounds = {"initial time": 0.0, "final time": 0.0, "time step": 1.0, "saveper": 1.0}
    program.control = {name: init.number(bounds[name]) for name in CONTROL}
    program.constants = [init.leaf("parameter", k) for k in range(count)]
    leaves = [step.leaf("constant", k) for k in range(count)]
    nodes = [step.add(operation, *leaves) for operation in operations]
    one, zero = step.number(1.0), step.number(0.0)
    return program, [step.add("select", n, one, zero) if step.is_truth(n) else n for n in nodes]


TWO = {"add", "sub", "mul", "div", "pow", "min", "max", "lt", "le", "gt", "ge", "eq", "ne"}
ONE = set(OPERATIONS) - TWO - {"fma", "and", "or", "not", "select"}


@pytest.mark.parametrize("operations", [sorted(ONE), sorted(TWO), ["fma"]], ids=["one", "two", "three"])
def test_operations_mean_the_same_as_numpy(operations, run):
    """And, or, not and select are in every model above."""
    count = {"fma": 3, "add": 2}.get(operations[0], 1)
    combinations = np.array(list(itertools.product(SPECIAL, repeat=min(count, 2))))
    drawn = np.random.default_rng(5).normal(size=(100, combinations.shape[1])) * 3
    table = np.vstack([combinations, drawn])
    columns = [table[:, k % table.shape[1]] for k in range(count)]
    program, nodes = of_constants(operations, count)
    results = run(program, nodes, np.array(columns).T)[:, :, 0].T
    for operation, found in zip(operations, results, strict=True):
        with np.errstate(all="ignore"):
            expected = np.asarray(OPERATIONS[operation].meaning(*columns), dtype=float)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=operation)
        if operation in EXACT or OPERATIONS[operation].truth:
            np.testing.assert_array_equal(found, expected, err_msg=operation)
            there = ~np.isnan(expected)
            np.testing.assert_array_equal(np.signbit(found[there]), np.signbit(expected[there]))
        else:
            normal = np.isfinite(expected) & (np.abs(expected) > 1e-300)
            np.testing.assert_array_equal(np.isinf(found), np.isinf(expected), err_msg=operation)
            near = np.full(len(expected), ULP)
            if operation == "pow":  # y ln x is rounded twice: its last places are shares of the result
                with np.errstate(all="ignore"):
                    exponent = np.abs(columns[1] * np.log(np.abs(columns[0])))
                near += np.nan_to_num(exponent, posinf=0.0) * 2.3e-16 * 2
            error = np.abs(found[normal] - expected[normal])
            assert (error <= (near * np.abs(expected))[normal]).all(), operation
            np.testing.assert_allclose(
                found[~normal], expected[~normal], atol=1e-307
            )  # infinities have their signs


# --- what cannot be, and what must not -----------------------------------------------------------------------------


def test_what_a_page_cannot_run_is_refused_by_name(simulate, monkeypatch):
    model = simulate("x = INTEG(-x, 1) ~~|")
    cells = list(model.program.cells.values())
    with pytest.raises(RunError, match="adaptive"):
        assemble(replace(model.program, method=Method.ADAPTIVE), cells)
    moving = simulate("x = INTEG(-x, 1) ~~|", step="IF THEN ELSE(Time < 2, 0.5, 0.25)")
    with pytest.raises(RunError, match="moves as it runs"):
        assemble(moving.program, list(moving.program.cells.values()))
    monkeypatch.setattr(webassembly, "_TRIPLE", "no-such-machine")
    webassembly._machine.cache_clear()
    with pytest.raises(RunError, match="makes no WebAssembly"):
        assemble(model.program, cells)


def test_nothing_of_the_model_file_enters_the_code(simulate):
    model = simulate(
        '"</script><script>alert(1)" = INTEG("`${alert(2)}`", 1) ~ "units" ~ */ alert(3) // |\n"`${alert(2)}`" = 2 ~~|'
    )
    made = assemble(model.program, list(model.program.cells.values()))
    assert b"alert" not in made.code
    assert "alert" not in json.dumps(made.layout)


def test_the_dutch_model_agrees_with_the_kernel_for_fifty_settings(run):
    """Draws of every constant over a tenth of its value, and levers at random levels, starts and ends."""
    from sd_covid.policy import Study
    from sd_covid.policy.catalogue.outputs import read_outputs

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
    found = run(model.program, [model.program.cells[cell] for cell in cells], rows)
    expected = np.stack(
        [kept[n].transpose("member", "time", ...).to_numpy().reshape(50, -1) for n in names], 1
    )
    agree(found, expected, 1e-9)
