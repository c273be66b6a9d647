"""The reverse of a graph by itself: every rule in closed form, at corners and edges too."""

import itertools
import math

import numpy as np
import pytest

from sd_covid.engine.graph.derivative import _SINGULAR, STEEP, active_nodes, pull_back, risky_nodes
from sd_covid.engine.graph.graph import Graph, LookupTable
from sd_covid.engine.graph.operations import OPERATIONS
from sd_covid.engine.interpret import evaluate

INF = math.inf


def slopes(graph: Graph, node: int, *point: float, guarded: bool = False, bar: float = 1.0) -> list[float]:
    """The derivative by each state; 0 where nothing comes to it."""
    pulled = pull_back(graph, {node: (("output bar", 0),)}, frozenset({"state"}), guarded)
    order = pulled.graph.order(pulled.bars.values())
    with np.errstate(all="ignore"):
        found = evaluate(
            pulled.graph, order, lambda kind, k: np.float64(bar if kind == "output bar" else point[k])
        )
    assert {kind for kind, _ in pulled.bars} <= {"state"}
    return [
        float(found[pulled.bars["state", k]]) if ("state", k) in pulled.bars else 0.0
        for k in range(len(point))
    ]


# Closed forms, at points that no central difference reaches: signs, corners (the branch taken), edges.
RULES = {
    "pow": [
        ((2.0, 3.0), (12.0, 8 * math.log(2))),
        ((0.5, -2.0), (-16.0, 4 * math.log(0.5))),
        ((-1.5, 2.0), (-3.0, 0.0)),
        ((0.0, 3.0), (0.0, 0.0)),
        ((0.0, 1.5), (0.0, 0.0)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((0.0, 0.5), (INF, 0.0)),
        ((1.0, 7.0), (7.0, 0.0)),
    ],
    "abs": [((-2.0,), (-1.0,)), ((2.0,), (1.0,)), ((0.0,), (1.0,))],
    "min": [((1.0, 2.0), (1.0, 0.0)), ((2.0, 1.0), (0.0, 1.0)), ((2.0, 2.0), (0.0, 1.0))],
    "max": [((1.0, 2.0), (0.0, 1.0)), ((2.0, 1.0), (1.0, 0.0)), ((2.0, 2.0), (0.0, 1.0))],
    "add": [((3.0, 4.0), (1.0, 1.0))],
    "sub": [((3.0, 4.0), (1.0, -1.0))],
    "mul": [((3.0, -4.0), (-4.0, 3.0))],
    "fma": [((3.0, -4.0, 9.0), (-4.0, 3.0, 1.0))],
    "div": [((3.0, -4.0), (-0.25, -3 / 16))],
    "neg": [((3.0,), (-1.0,))],
    "exp": [((-0.5,), (math.exp(-0.5),))],
    "ln": [((4.0,), (0.25,))],
    "sqrt": [((16.0,), (0.125,)), ((0.0,), (INF,))],
    "sin": [((2.0,), (math.cos(2),))],
    "cos": [((2.0,), (-math.sin(2),))],
    "tan": [((2.0,), (1 / math.cos(2) ** 2,))],
    "asin": [((-0.6,), (1.25,)), ((1.0,), (INF,))],
    "acos": [((-0.6,), (-1.25,))],
    "atan": [((-3.0,), (0.1,))],
    "sinh": [((-1.0,), (math.cosh(1),))],
    "cosh": [((-1.0,), (-math.sinh(1),))],
    "tanh": [((-1.0,), (1 / math.cosh(1) ** 2,))],
    "trunc": [((2.5,), (0.0,))],
}


@pytest.mark.parametrize("operation", sorted(RULES))
def test_a_rule_is_its_closed_form(operation):
    """A few units in the last place: one rounding for each operation of the rule."""
    for point, expected in RULES[operation]:
        graph = Graph()
        node = graph.add(operation, *(graph.leaf("state", k) for k in range(len(point))))
        np.testing.assert_allclose(slopes(graph, node, *point), expected, rtol=2e-15, atol=1e-300)
        np.testing.assert_allclose(
            slopes(graph, node, *point, bar=-3.0), -3 * np.array(expected), rtol=2e-15, atol=1e-300
        )


def test_what_is_steep_and_what_is_singular_is_what_the_rules_give():
    """At 0, 1/2 and 1: no finite slope, be it where the value is finite; a factor may come to be infinite itself."""
    steep, singular = set(), {"mul", "fma"}
    for operation, cases in RULES.items():
        for point in itertools.product([0.0, 0.5, 1.0], repeat=len(cases[0][0])):
            graph = Graph()
            node = graph.add(operation, *(graph.leaf("state", k) for k in range(len(point))))
            if not np.isfinite(slopes(graph, node, *point)).all():
                singular.add(operation)
                with np.errstate(all="ignore"):
                    steep |= {operation} if np.isfinite(OPERATIONS[operation].meaning(*point)) else set()
    assert (steep, singular) == (STEEP, _SINGULAR)


@pytest.mark.parametrize(
    "edge",
    [
        lambda g, x: g.add("div", g.number(1.0), x),
        lambda g, x: g.add("ln", x),
        lambda g, x: g.add("sqrt", x),
        lambda g, x: g.add("pow", x, g.number(0.5)),
        lambda g, x: g.add("asin", g.add("sub", g.number(1.0), x)),
        lambda g, x: g.add("acos", g.add("sub", g.number(1.0), x)),
        lambda g, x: g.add("sin", g.add("div", g.number(1.0), x)),  # what is singular is below
        lambda g, x: g.add("fma", g.leaf("state", 1), g.add("div", g.number(1.0), x), x),
        lambda g, x: g.add("mul", g.leaf("state", 1), g.add("ln", x)),
    ],
    ids=["div", "ln", "sqrt", "pow", "asin", "acos", "below", "fma", "mul"],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_branch_that_is_not_taken_gives_nothing(edge, swapped):
    """At x = 0 its slope is infinite, and zero times that would be NaN; so it does not, deep in a branch either."""
    graph = Graph()
    x, y = graph.leaf("state", 0), graph.leaf("state", 1)
    positive = graph.add("gt", x, graph.number(0.0))
    risky = graph.add("add", graph.add("mul", edge(graph, x), y), x)
    if swapped:
        node = graph.add("select", graph.add("le", x, graph.number(0.0)), graph.add("mul", x, y), risky)
    else:
        node = graph.add("select", positive, risky, graph.add("mul", x, y))
    assert slopes(graph, node, 0.0, 5.0) == [5.0, 0.0]


def test_guarded_everything_counts_as_a_branch():
    """A zero bar stays zero; without the guard it is 0 * inf."""
    graph = Graph()
    node = graph.add("div", graph.leaf("state", 1), graph.leaf("state", 0))
    assert slopes(graph, node, 0.0, 1.0, guarded=True, bar=0.0) == [0.0, 0.0]
    assert np.isnan(slopes(graph, node, 0.0, 1.0, bar=0.0)).all()
    assert slopes(graph, node, 2.0, 3.0, guarded=True) == [-0.75, 0.5]
    steep = graph.add("sqrt", graph.leaf("state", 0))  # guarded everywhere
    assert slopes(graph, steep, 0.0, bar=0.0) == [0.0]


def test_what_is_risky_is_within_a_branch_and_singular_or_above_what_is():
    graph = Graph()
    x, y = graph.leaf("state", 0), graph.leaf("state", 1)
    outside = graph.add("ln", y)
    below = graph.add("ln", graph.add("add", x, y))
    above = graph.add("sin", below)
    harmless = graph.add("sin", x)
    node = graph.add("select", graph.add("lt", x, y), above, harmless)
    whole = graph.add("add", node, outside)
    order = graph.order([whole])
    assert risky_nodes(graph, order) == {below, above}
    assert risky_nodes(graph, order, True) == {below, above, node, outside, whole}


def test_only_what_leads_to_what_is_wanted_is_active():
    """Through doubles: not through truth values, nor through a random number's seed."""
    graph = Graph()
    x, p, t = graph.leaf("state", 0), graph.leaf("parameter", 1), graph.leaf("time")
    truth = graph.add("lt", x, graph.number(1.0))
    chosen = graph.add("select", truth, p, t)
    drawn = graph.uniform(3, x)
    summed = graph.add("add", x, drawn)
    late = graph.add("add", chosen, summed)
    order = list(range(len(graph.nodes)))

    def active(wanted):
        return {node for node, marked in enumerate(active_nodes(graph, order, wanted)) if marked}

    assert active(lambda kind, k: kind == "state") == {x, summed, late}
    assert active(lambda kind, k: (kind, k) == ("parameter", 1)) == {p, chosen, late}
    assert active(lambda kind, k: (kind, k) == ("parameter", 0)) == set()
    assert active(lambda kind, k: True) == {x, p, t, chosen, summed, late}


def test_bars_of_several_sinks_are_added():
    """By hand: a (x y) + b (x + y) + c (x y), with bars a, b, c; only what is wanted and led to has one."""
    graph = Graph()
    x, y, z = graph.leaf("state", 0), graph.leaf("state", 1), graph.leaf("state", 2)
    product, total = graph.add("mul", x, y), graph.add("add", graph.add("add", x, y), graph.leaf("parameter"))
    pulled = pull_back(
        graph,
        {
            product: (("output bar", 0), ("output bar", 2)),
            total: (("output bar", 1),),
            z: (("state bar", 0),),
        },
        frozenset({"state"}),
    )
    assert set(pulled.bars) == {("state", 0), ("state", 1), ("state", 2)}
    given = {
        "output bar": [2.0, 3.0, 5.0],
        "state bar": [11.0],
        "state": [1.5, -4.0, 0.0],
        "parameter": [0.0],
    }
    found = evaluate(
        pulled.graph, pulled.graph.order(pulled.bars.values()), lambda kind, k: np.float64(given[kind][k])
    )
    expected = {0: 7 * -4.0 + 3, 1: 7 * 1.5 + 3, 2: 11.0}
    assert {k: float(found[pulled.bars["state", k]]) for k in range(3)} == expected
    assert set(pull_back(graph, {z: (("output bar", 0),)}, frozenset({"state"})).bars) == {("state", 2)}


def test_a_product_that_is_added_to_a_bar_is_one_operation_with_it():
    graph = Graph()
    x, y, z = (graph.leaf("state", k) for k in range(3))
    node = graph.add("add", graph.add("mul", x, y), graph.add("mul", x, z))
    pulled = pull_back(graph, {node: (("output bar", 0),)}, frozenset({"state"}))
    assert pulled.graph.nodes[pulled.bars["state", 0]][0] == "fma"
    assert slopes(graph, node, 2.0, 3.0, 5.0) == [8.0, 2.0, 2.0]


def test_a_lookup_passes_its_slope():
    graph = Graph()
    number = graph.table(LookupTable((0.0, 2.0, 3.0), (1.0, 5.0, 4.0)))
    other = graph.table(LookupTable((0.0, 1.0), (0.0, 9.0)))
    x = graph.leaf("state", 0)
    node = graph.add("add", graph.lookup("lookup", number, x), graph.lookup("lookup", other, x))
    assert slopes(graph, node, 0.5) == [2.0 + 9.0]
    assert slopes(graph, node, 2.5) == [-1.0]
    assert slopes(graph, node, 4.0) == [0.0]


def test_a_random_number_has_no_slope():
    graph = Graph()
    x = graph.leaf("state", 0)
    node = graph.add("add", graph.uniform(1, x), x)
    pulled = pull_back(graph, {node: (("output bar", 0),)}, frozenset({"state"}))
    assert pulled.graph.nodes[pulled.bars["state", 0]] == ("output bar", 0)
