"""The graph by itself: what is folded, what is made simpler, what is stored once, and what sinks need."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest

from sd_covid.engine.graph.graph import Graph, LookupTable
from sd_covid.engine.graph.operations import LEAVES, NUMBERED_OPERATIONS, OPERATIONS, TABLE_OPERATIONS, TRUTHS
from sd_covid.engine.interpret import evaluate
from tests.engine.test_operations import SPECIAL, operands

#: What Python's own mathematics says of each operation, at points where all of it is defined.
MEANINGS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "fma": lambda a, b, c: a * b + c,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": math.pow,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "trunc": math.trunc,
    "min": min,
    "max": max,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "not": lambda a: not a,
    "select": lambda a, b, c: b if a else c,
}


def same_bits(found, expected) -> None:
    """The sign of zero included; one NaN is as good as another."""
    found, expected = np.broadcast_arrays(np.asarray(found, float), np.asarray(expected, float))
    np.testing.assert_array_equal(found, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(expected[number]))


def values(graph: Graph, node: int, *columns: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return evaluate(graph, graph.order([node]), lambda _, k: columns[k])[node]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_means_what_python_says(operation):
    """Two libraries of mathematics differ by 2 units in the last place at most."""
    assert set(MEANINGS) == set(OPERATIONS)
    count = 3 if operation == "select" else 2 if operation in ("and", "or") else operands(operation)
    count = 1 if operation == "not" else count
    points = [0.0, 1.0] if operation in ("and", "or", "not") else [0.25, 0.7, 0.7, 0.9]
    for point in itertools.product(points, repeat=count):
        found = OPERATIONS[operation].meaning(*map(np.float64, point))
        assert float(found) == pytest.approx(float(MEANINGS[operation](*point)), rel=4.5e-16)
    for wide in (-1.5, 1.5) if operation in ("trunc", "abs", "neg") else ():
        assert OPERATIONS[operation].meaning(wide) == MEANINGS[operation](wide)


def test_what_is_no_number_stays_so_in_the_smaller_and_the_larger():
    """As in IEEE 754: no comparison with NaN holds, so the second is taken, unless the first is NaN; so of 0 and -0."""
    for name in ("min", "max"):
        for a, b in itertools.product([np.nan, 1.0, -np.inf], repeat=2):
            expected = np.nan if math.isnan(a) or math.isnan(b) else (min if name == "min" else max)(a, b)
            same_bits(OPERATIONS[name].meaning(a, b), expected)
        same_bits(OPERATIONS[name].meaning(np.array([0.0, -0.0]), np.array([-0.0, 0.0])), [-0.0, 0.0])


def test_truth_values_and_jumps_are_marked():
    """A truth value jumps; so does a whole part. What only has a corner does not."""
    truths = {"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"}
    assert truths == TRUTHS
    assert {name for name, operation in OPERATIONS.items() if not operation.smooth} == {*truths, "trunc"}
    assert {name for name, o in OPERATIONS.items() if o.partial is None} == {*truths, "trunc"}
    assert TABLE_OPERATIONS == {"lookup", "lookup slope"}
    assert NUMBERED_OPERATIONS == {"lookup", "lookup slope", "uniform"}
    assert not LEAVES & (set(OPERATIONS) | NUMBERED_OPERATIONS)


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - TRUTHS - {"select"}))
def test_literals_are_folded_to_the_bit(operation):
    graph, count = Graph(), operands(operation)
    for point in itertools.product([0.0, -0.0, 0.3, -2.5, np.inf, np.nan], repeat=count):
        node = graph.add(operation, *map(graph.number, point))
        with np.errstate(all="ignore"):
            expected = OPERATIONS[operation].meaning(*map(np.float64, point))
        assert graph.nodes[node][0] == "number"
        same_bits(graph.nodes[node][1], expected)


def test_a_comparison_of_literals_is_no_number_but_decides_a_choice():
    graph = Graph()
    x, y = graph.leaf("state", 0), graph.leaf("state", 1)
    for operation in ("lt", "le", "gt", "ge", "eq", "ne"):
        for a, b in itertools.product([1.0, 2.0], repeat=2):
            holds = graph.add(operation, graph.number(a), graph.number(b))
            assert graph.is_truth(holds)
            assert graph.add("select", holds, x, y) == (x if MEANINGS[operation](a, b) else y)
    open_ = graph.add("lt", x, graph.number(1.0))
    assert graph.nodes[graph.add("select", open_, x, y)] == ("select", open_, x, y)
    assert graph.add("select", open_, y, y) == y
    assert not graph.is_truth(x)
    chosen = graph.add(
        "eq", graph.leaf("parameter", 1), graph.leaf("parameter", 1)
    )  # of leaves, not of numbers
    assert graph.nodes[graph.add("select", chosen, x, y)][0] == "select"


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div", "pow"])
def test_simpler_forms_are_exact_for_every_value(operation):
    """Beside each special literal on either side; only those of the list come to something else."""
    column = np.array(SPECIAL)
    x_is = {("mul", 1.0, "left"), ("mul", 1.0, "right"), ("div", 1.0, "right"), ("sub", 0.0, "right")}
    for literal, side in itertools.product([*SPECIAL, -0.0], ("left", "right")):
        graph = Graph()
        x, number = graph.leaf("state", 0), graph.number(literal)
        node = graph.add(operation, *((number, x) if side == "left" else (x, number)))
        arguments = (literal, column) if side == "left" else (column, literal)
        with np.errstate(all="ignore"):
            expected = OPERATIONS[operation].meaning(*arguments)
        if operation == "pow" and literal == 2 and side == "right":
            assert graph.nodes[node] == ("mul", x, x)
        elif (operation, literal, side) in x_is and math.copysign(1, literal) > 0:
            assert node == x
        else:
            assert graph.nodes[node][0] == operation
        same_bits(values(graph, node, column), expected)


def test_a_sign_changed_twice_is_none():
    graph = Graph()
    x = graph.leaf("state", 3)
    once = graph.add("neg", x)
    assert graph.nodes[once] == ("neg", x)
    assert graph.add("neg", once) == x


def test_an_equal_operation_is_stored_once():
    graph = Graph()
    x, y = graph.leaf("state", 0), graph.leaf("state", 1)
    assert x == graph.leaf("state", 0)
    assert x != graph.leaf("parameter", 0)
    table = graph.table(LookupTable((0.0, 1.0), (0.0, 2.0)))
    made = [
        lambda: graph.add("add", x, y),
        lambda: graph.add("sin", x),
        lambda: graph.lookup("lookup", table, x),
        lambda: graph.lookup("lookup slope", table, x),
        lambda: graph.uniform(7, y),
        lambda: graph.uniform(8, y),
        lambda: graph.number(0.5),
    ]
    first = [make() for make in made]
    size = len(graph.nodes)
    assert first == [make() for make in made]
    assert len(graph.nodes) == len(graph.operands) == size
    assert len(set(first)) == len(first)
    assert [graph.arguments(node) for node in first] == [(x, y), (x,), (x,), (x,), (y,), (y,), ()]


def test_zero_and_minus_zero_are_two_literals_and_nan_is_one():
    graph = Graph()
    kinds = [0.0, -0.0, math.nan, math.inf, -math.inf, 1.0]
    nodes = [graph.number(value) for value in kinds]
    assert len(set(nodes)) == 6
    assert nodes == [graph.number(float(str(value))) for value in kinds]  # another NaN is the same
    assert graph.number(1) == graph.number(1.0)
    same_bits([graph.nodes[node][1] for node in nodes], kinds)


def test_graphs_that_share_their_tables_number_them_alike():
    first = Graph()
    other = Graph(tables=first.tables)
    tables = [LookupTable((0.0, 1.0), (0.0, float(k))) for k in range(3)]
    assert [first.table(tables[0]), other.table(tables[1]), first.table(tables[2])] == [0, 1, 2]
    assert [[graph.table(table) for table in tables] for graph in (first, other)] == [[0, 1, 2]] * 2
    assert first.tables == tables


def test_a_lookup_of_a_literal_is_a_literal():
    graph = Graph()
    table = graph.table(LookupTable((0.0, 2.0, 3.0), (1.0, 5.0, 4.0)))
    for x, value, slope in [(-1.0, 1.0, 0.0), (0.5, 2.0, 2.0), (2.5, 4.5, -1.0), (9.0, 4.0, 0.0)]:
        assert graph.lookup("lookup", table, graph.number(x)) == graph.number(value)
        assert graph.lookup("lookup slope", table, graph.number(x)) == graph.number(slope)


@pytest.mark.parametrize(
    "x",
    [
        (0.0, 1.0, 2.5, 2.75, 7.0),
        (-3.0, 4.0),
        (0.0, 1.0, 1.0, 2.0),
        (0.0, 1.0, 2.0, 2.0),
        (0.0, 0.0, 1.0, 2.0),
        (-1.5, -1.5, -1.5, 0.0, 1.0, 1.0),
        (2.0, 2.0),
        (2.0,),
    ],
)
def test_a_table_is_linear_between_its_points(x):
    """Against `numpy.interp`, a jump as a steep rise just before; 4e-15 for an intercept and slope that cancel."""
    y = tuple(np.cos(3 * np.arange(len(x))))
    table = LookupTable(x, y)
    steep = np.array(x) + 1e-12 * np.array([a == b for a, b in itertools.pairwise((*x, math.nan))]) * -1
    at = np.linspace(min(x) - 1, max(x) + 1, 97)
    at = at[np.abs(np.subtract.outer(at, x)).min(axis=1) > 1e-9]
    np.testing.assert_allclose(table.value(at), np.interp(at, steep, y), atol=4e-15)
    change = (np.interp(at + 1e-10, steep, y) - np.interp(at - 1e-10, steep, y)) / 2e-10
    np.testing.assert_allclose(
        table.slope(at), change, atol=1e-5
    )  # rounding of the difference, 1e-16 / 1e-10
    # at the points too, of several with one x the last; numpy.interp does the same
    np.testing.assert_allclose(table.value(np.array(x)), np.interp(x, x, y), atol=4e-15)
    beyond = np.array([x[0] - 1e-9, x[-1] + 1e-9])
    np.testing.assert_allclose(table.value(beyond), np.interp(beyond, x, y), atol=4e-15)
    outside = [x[-1], np.nextafter(x[0], -np.inf), *([x[0]] if len(set(x[:2])) == len(x[:2]) else [])]
    np.testing.assert_array_equal(table.slope(np.array(outside)), 0.0)
    # each width is a segment, and what holds before a jump at the start and behind one at the end
    jumps = (x[:1] == x[1:2]) + (len(set(x)) > 1 and x[-1] == x[-2])
    widths = max(len(set(x)) - 1, 1) + jumps
    assert [len(part) for part in table.segments()] == [widths - 1, widths, widths]
    assert np.isnan(table.value(np.array(math.nan)))


@pytest.fixture(scope="module")
def tangle() -> tuple[Graph, nx.DiGraph]:
    """A graph of 60 sums of random earlier nodes, and the same for networkx."""
    graph, rng = Graph(), np.random.default_rng(8)
    for k in range(4):
        graph.leaf("state", k)
    while len(graph.nodes) < 60:
        graph.add("add", *map(int, rng.integers(0, len(graph.nodes), 2)))
    arrows = nx.DiGraph()
    arrows.add_nodes_from(range(60))
    arrows.add_edges_from((a, node) for node in range(60) for a in graph.arguments(node))
    return graph, arrows


@pytest.mark.parametrize("sinks", [[59], [0], [30, 12], [4, 58, 3]])
def test_what_sinks_need_is_what_leads_to_them(tangle, sinks):
    graph, arrows = tangle
    expected = sorted(set(sinks).union(*(nx.ancestors(arrows, sink) for sink in sinks)))
    assert graph.order(sinks) == expected
    assert graph.closure(sinks, lambda leaf: ()) == expected
    assert graph.below(sinks[0]) == sorted({sinks[0], *nx.ancestors(arrows, sinks[0])})


def test_a_leaf_may_need_more(tangle):
    """Each state needs a node of its own, as an integrated state needs its flow."""
    graph, arrows = tangle
    flows = {0: 40, 1: 10, 2: 25, 3: 3}
    arrows = arrows.copy()
    arrows.add_edges_from((flow, state) for state, flow in flows.items())
    for sink in (5, 20, 59):
        expected = sorted({sink, *nx.ancestors(arrows, sink)})
        assert graph.closure([sink], lambda leaf: (flows[leaf],)) == expected


def test_a_product_is_taken_into_a_sum_from_where_it_may_be():
    """By hand: from the right first, and from neither where neither may be."""
    graph = Graph()
    w, x, y, z = (graph.leaf("state", k) for k in range(4))
    left, right = graph.add("mul", w, x), graph.add("mul", y, z)
    minus_y, minus_right = graph.add("neg", y), graph.add("neg", right)

    def told(*arguments, **settings):
        node = graph.contracted(*arguments, **settings)
        return node if node is None else graph.nodes[node]

    assert told("add", left, right) == ("fma", y, z, left)
    assert told("sub", left, right) == ("fma", minus_y, z, left)
    assert told("add", left, right, from_b=False) == ("fma", w, x, right)
    assert told("sub", left, right, from_b=False) == ("fma", w, x, minus_right)
    assert told("add", left, right, from_a=False, from_b=False) is None
    assert told("add", w, right, from_b=False) is None
    assert told("sub", left, w, from_a=False) is None
    assert told("add", w, x) is None
    plain = graph.add("add", left, y)
    assert graph.nodes[plain] == ("add", left, y)  # nothing is contracted that is not asked for
