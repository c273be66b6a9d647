"""Arrays become loops behind the graph: the loops are there, and change nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.engine import interpret
from sd_covid.engine.graph.graph import Graph, LookupTable
from sd_covid.engine.graph.program import Program, State, Update
from sd_covid.engine.graph.roll import Loop, Roller
from sd_covid.engine.run.kernel import Kernel, Members
from sd_covid.engine.time.timegrid import TimeGrid

AGES = ", ".join(f"a{k}" for k in range(12))
REGIONS = ", ".join(f"r{k}" for k in range(8))
ROWS = "; ".join(
    ",".join(str(round(0.1 + (7 * i + 3 * k) % 5 / 50, 3)) for k in range(12)) for i in range(12)
)
# Products over both dimensions, sums over one, a transposed array, a part of a range with other equations, a chain
# along a dimension, a table, a delay, a truth value for each element, a constant for each element.
EPIDEMIC = f"""
Age: {AGES} ~~|
Young: a0, a1, a2 ~~|
Old: a3, a4, a5, a6, a7, a8, a9, a10, a11 ~~|
Other: {AGES} -> Age ~~|
Region: {REGIONS} ~~|
weight[Region] = {", ".join(str(0.5 + 0.1 * k) for k in range(8))} ~~|
rate[Young] = 0.3 ~~|
rate[Old] = 0.2 ~~|
contact[Age,Other] = {ROWS}; ~~|
caution((0,1),(20,0.9),(60,0.4),(100,0.3)) ~~|
total[Region] = SUM(ill[Age!,Region]) ~~|
pressure[Region,Age] = SUM(contact[Age,Other!] * ill[Other!,Region]) * weight[Region] * caution(total[Region]) ~~|
infection[Age,Region] = IF THEN ELSE(pressure[Region,Age] > 1 :AND: well[Age,Region] > 1, 0.2, 0.1) *
  pressure[Region,Age] * well[Age,Region] / 100 ~~|
recovery[Age,Region] = DELAY1(ill[Age,Region] * rate[Age], 4) ~~|
well[Age,Region] = INTEG(recovery[Age,Region] - infection[Age,Region], 50 * weight[Region]) ~~|
ill[Age,Region] = INTEG(infection[Age,Region] - recovery[Age,Region], rate[Age]) ~~|
rank[a0] = weight[r0] ~~|
rank[a1] = rank[a0] * 0.9 + 1 ~~|
rank[a2] = rank[a1] * 0.9 + 1 ~~|
rank[Old] = rank[a2] * rate[Old] ~~|
everyone = SUM(well[Age!,Region!]) + SUM(ill[Age!,Region!]) ~~|
"""


def loops_of(monkeypatch, make) -> list[Loop]:
    """The loops that are found while something is compiled."""
    found = []
    original = Roller.roll

    def roll(self):
        pieces = original(self)
        found.extend(piece for piece in pieces if isinstance(piece, Loop))
        return pieces

    monkeypatch.setattr(Roller, "roll", roll)
    make()
    return found


def test_an_array_model_is_loops_and_means_the_same(simulate, monkeypatch):
    """To 1e-12 of each variable's largest value: what is fused may differ in the last bits."""
    model = simulate(EPIDEMIC, final=6)
    program, nodes = model.program, list(model.program.cells.values())
    grid = model._grid(Members(program.defaults, {}, 1, 1), 1e8)
    weights = {
        k: p.default * np.array([1.0, 1.1, 0.9, 1.05, 1.0]) for k, p in enumerate(program.parameters[:60])
    }
    expected = interpret.run(program, Members(program.defaults, weights, 5, 1), nodes, grid)
    scale = np.abs(expected).max(axis=(1, 2), keepdims=True)
    for width in (1, 2, 4, 8):
        kernels: list[Kernel] = []
        loops = loops_of(
            monkeypatch, lambda width=width, into=kernels: into.append(Kernel(program, nodes, width))
        )
        bodies = [loop for loop in loops if loop.body]
        assert sum(loop.count * len(loop.body) for loop in bodies) > 0.8 * len(program.step.nodes)
        assert sum(len(loop.body) for loop in bodies) < 0.1 * len(program.step.nodes)
        found, _ = kernels[0].run(Members(program.defaults, weights, 5, width), grid)
        assert (np.abs(found - expected) / np.maximum(scale, 1e-9)).max() < 1e-12


@pytest.mark.parametrize("outputs", [["well[a0,r0]"], ["ill[a11,r7]", "everyone", "rank[a2]"], ["pressure"]])
def test_outputs_read_states_before_they_change(simulate, outputs):
    """A state may change as soon as its slope is known, but not before an output has read it."""
    model = simulate(EPIDEMIC, final=6)
    whole = model.run()
    found = model.run(outputs=outputs)
    for name in outputs:
        variable, _, elements = name.rstrip("]").partition("[")
        expected = whole[variable]
        for number in elements.split(",") if elements else ():
            expected = expected.isel({expected.dims[1]: int(number[1:])})
        np.testing.assert_allclose(found[name], expected, rtol=1e-12)


@pytest.mark.parametrize("rk4", [False, True])
def test_gradients_of_an_array_model_are_exact(simulate, rk4):
    """To 1e-6 of central differences; with a step of 1e-4 their errors are below 1e-7 of sums of thousands."""
    model = simulate(EPIDEMIC, final=4, rk4=rk4)
    names = ["weight[r3]", "rate[a1]", "rate[a7]", "contact[a2,a5]"]
    function = model.differentiable(["everyone", "ill[a3,r2]", "infection[a11,r7]", "rank[a9]"], names)
    point = np.array([model.constants[n] for n in names])
    seed = np.random.default_rng(1).normal(size=function.values(point).shape)
    exact = function.gradient(seed)
    for k, value in enumerate(point):
        step = 1e-4 * value * np.eye(len(point))[k]
        change = ((function.values(point + step) - function.values(point - step)) * seed).sum()
        assert exact[k] == pytest.approx(change / (2e-4 * value), rel=1e-6, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_computation_is_the_same_in_pieces(data):
    """Random trees, repeated over random operands in random orders, some of them reading each other."""
    program, states = Program(), 40
    graph: Graph = program.step
    pool = [graph.leaf("state", k) for k in range(states)] + [graph.number(0.5 + 0.01 * k) for k in range(20)]
    pool.append(graph.leaf("time"))
    table = graph.table(LookupTable((0.0, 1.0, 3.0), (0.0, 2.0, 1.0)))
    made: list[int] = []
    for _ in range(data.draw(st.integers(3, 7))):
        shape = data.draw(
            st.lists(
                st.tuples(
                    st.sampled_from(["add", "mul", "sub", "min", "select", "lookup"]), st.integers(0, 9)
                ),
                min_size=1,
                max_size=6,
            )
        )
        random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
        start = int(random.integers(0, states))
        for instance in range(data.draw(st.sampled_from([1, 7, 24, 60]))):
            operands = [pool[(start + instance * (k + 1)) % len(pool)] for k in range(3)]
            if made and random.random() < 0.7:
                operands[0] = made[int(random.integers(0, len(made)))]
            value = operands[0]
            for operation, which in shape:
                other = operands[which % 3]
                if operation == "lookup":
                    value = graph.lookup("lookup", table, value)
                elif operation == "select":
                    value = graph.add("select", graph.add("lt", value, other), other, value)
                else:
                    value = graph.add(operation, value, other)
            made.append(graph.add("mul", value, graph.number(0.25)))
    outputs = made[:: max(1, len(made) // 70)]
    init = program.init
    program.states = [
        State(Update.FLOW, init.number(0.01 * k), made[(7 * k) % len(made)], name=f"s{k}")
        for k in range(states)
    ]
    grid = TimeGrid(0.0, 0.01, 3, 1)
    expected = interpret.run(program, Members(np.empty(0), {}, 2, 1), outputs, grid)
    for width in (1, 4):
        found, _ = Kernel(program, outputs, width).run(Members(np.empty(0), {}, 2, width), grid)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
