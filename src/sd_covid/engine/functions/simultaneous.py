"""SIMULTANEOUS and FIND ZERO: equations that are solved at every instant.

While such a loop is lowered, what is sought is a leaf of its own. When all that depends on it is known, Newton's method
is written out, from the value of the step before; its last round also carries the exact derivative. At the end of
lowering the solutions take the places of the leaves. Vensim goes round a SIMULTANEOUS loop until nothing changes: where
that ends, it ends at a solution as well. Where Newton's method finds none the result is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.functions.matrix import inverted
from sd_covid.engine.functions.slots import counted
from sd_covid.engine.graph.derivative import risky_nodes, shares_of
from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import LEAVES, TABLE_OPERATIONS
from sd_covid.engine.graph.program import Update
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import at_cell, from_element
from sd_covid.model.expression import Call, Expression
from sd_covid.model.names import key

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering

ROUNDS = 30  # a start where the slope is nearly 0 throws it far off; coming back takes some
NEAR = 1e-7  # of the value: what is left of an equation that counts as solved
MOST = 20  # unknowns of one FIND ZERO


class _Same(dict[int, int]):
    """The copies of nodes; one that is not copied is itself."""

    def __missing__(self, node: int) -> int:
        return node


def solve_for(here: Context, cell: Cell, call: Call) -> int:
    """Lower the equation of a cell that is solved for; gives the leaf that stands for it."""
    single = key(call.function) == "simultaneous"
    return _simultaneous(here, cell, call) if single else _find_zero(here, cell, call)


def _simultaneous(here: Context, cell: Cell, call: Call) -> int:
    """SIMULTANEOUS(expression, first guess): the variable itself stands in what the expression depends on."""
    expression, guess = call.arguments

    def left(leaves: list[int]) -> list[int]:
        return [here.add("sub", here.value(expression), leaves[0])]

    return _solved(here, [cell], call, lambda start: [start.value(guess)], left)[0]


def _find_zero(here: Context, cell: Cell, call: Call) -> int:
    """FIND ZERO(scale, z, scale of z, first values, size, skip, tolerance, rounds, method): z is 0 for all elements."""
    _, zero, _, guess, size, skip, *_ = call.arguments
    start, subscripts = here.at_start(), here.lowering.subscripts
    if not cell.elements:
        raise here.error("FIND ZERO gives an array", call.place, "give the left side a subscript")
    family = subscripts.elements[subscripts.dimensions(here.variable)[-1]]
    count = counted(here, call, start.value(size), MOST, "unknowns")
    skipped = start.value(skip)
    if count != len(family) or start.lowering.out.init.nodes[skipped] != ("number", 0.0):
        raise here.error(
            f"FIND ZERO is for all {len(family)} elements, none skipped", call.place, "solve for those alone"
        )
    axis = [name for name, element in here.binding.items() if element == cell.elements[-1]]
    if not axis:
        raise here.error("FIND ZERO needs a dimension as the last subscript of its left side", call.place)
    binding = {**here.binding, axis[-1]: family[0]}
    cells = [Cell(cell.variable, (*cell.elements[:-1], element)) for element in family]

    def values(context: Context, array: Expression) -> list[int]:
        bound = context.bound(binding)
        return [at_cell(bound, item, call) for item in from_element(bound, call, array, count)]

    leaves = _solved(here, cells, call, lambda begin: values(begin, guess), lambda _: values(here, zero))
    return leaves[cells.index(cell)]


def _solved(
    here: Context,
    cells: list[Cell],
    call: Call,
    guesses: Callable[[Context], list[int]],
    left: Callable[[list[int]], list[int]],
) -> list[int]:
    """Leaves for some cells, such that nothing is left of some equations; they begin where the step before ended."""
    lowering, graph = here.lowering, here.lowering.graph(here.step)
    if here.step:
        solutions: list[int] = []
        begins = []
        for k, cell in enumerate(cells):
            first = lowering.cell(cell, False)
            before = here.remember(Update.ASSIGN, first, _one_of(solutions, k))
            again = here.held(guesses(here.at_start())[k])  # where there was no solution
            begins.append(here.add("select", here.add("eq", before, before), before, again))
    else:
        begins = guesses(here)
    known = lowering.solved[here.step]
    leaves = [graph.leaf("unknown", len(known) + k) for k in range(len(cells))]
    known.update(dict.fromkeys(leaves, -1))
    for cell, leaf in zip(cells, leaves, strict=True):
        lowering.known(cell, here.step, leaf)
    found = _newton(here, call, leaves, left(leaves), begins)
    known.update(zip(leaves, found, strict=True))
    if here.step:
        solutions += found
    return leaves


def _one_of(nodes: list[int], k: int) -> Callable[[Context, int], int]:
    """A node that is known later."""
    return lambda later, me: nodes[k]


def _newton(here: Context, call: Call, leaves: list[int], left: list[int], begins: list[int]) -> list[int]:
    """The values of leaves at which some nodes are 0, from where the search begins."""
    graph, add, number = here.lowering.graph(here.step), here.add, here.number
    body = _body(here, call, leaves, left)
    risky = risky_nodes(graph, graph.order(left))
    values = begins
    for _ in range(ROUNDS):
        at = _at(here, body, leaves, values)
        rows = [_slopes(graph, body, at, risky, leaf, left) for leaf in leaves]
        inverse = inverted(here, [[row[i] for row in rows] for i in range(len(left))])
        size, moved = len(left), []
        for i in range(size):
            change = number(0.0)
            for j in range(size):
                change = add("add", change, add("mul", inverse[i * size + j], at[left[j]]))
            moved.append(add("sub", values[i], change))
        values = moved
    at, ends = _at(here, body, leaves, values), None
    for node, value in zip(left, values, strict=True):
        allowed = add("mul", number(NEAR), add("max", number(1.0), add("abs", value)))
        near = add("le", add("abs", at[node]), allowed)
        ends = near if ends is None else add("and", ends, near)
    assert ends is not None, "something is sought"
    return [add("select", ends, value, number(float("nan"))) for value in values]


def _body(here: Context, call: Call, leaves: list[int], left: list[int]) -> list[int]:
    """The nodes that depend on what is sought, in order."""
    graph, known = here.lowering.graph(here.step), here.lowering.solved[here.step]
    found: dict[int, None] = {}
    for node in graph.order(left):
        if graph.nodes[node][0] == "unknown" and node not in leaves and known[node] < 0:
            raise here.error(
                f"two loops that {call.function} solves depend on each other",
                call.place,
                "let one FIND ZERO solve for both",
            )
        if graph.nodes[node][0] == "unknown" or any(a in found for a in graph.arguments(node)):
            found[node] = None
    return [node for node in found if graph.nodes[node][0] != "unknown"]


def _at(here: Context, body: list[int], leaves: list[int], values: list[int]) -> _Same:
    """The copies of a body with values in place of leaves."""
    graph = here.lowering.graph(here.step)
    at = _Same({leaf: value for leaf, value in here.lowering.solved[here.step].items() if value >= 0})
    at.update(zip(leaves, values, strict=True))
    for node in body:
        at[node] = _copied(graph, graph, node, at)
    return at


def _copied(source: Graph, target: Graph, node: int, at: dict[int, int]) -> int:
    kind, *rest = source.nodes[node]
    if kind == "number":
        return target.number(float(rest[0]))
    if kind in LEAVES:
        return target.leaf(kind, int(rest[0]))
    if kind in TABLE_OPERATIONS:
        return target.lookup(kind, int(rest[0]), at[int(rest[1])])
    if kind == "uniform":
        return target.uniform(int(rest[0]), at[int(rest[1])])
    return target.add(kind, *(at[int(a)] for a in rest))


def _slopes(
    graph: Graph, body: list[int], at: _Same, risky: set[int], leaf: int, left: list[int]
) -> list[int]:
    """The derivatives of some nodes by a leaf: forward along the body, by the rules of the reverse mode."""
    zero, along = graph.number(0.0), {leaf: graph.number(1.0)}
    for node in body:
        for place, argument in enumerate(graph.arguments(node)):
            if argument not in along:
                continue
            shares = shares_of(graph, graph, at, node, along[argument])
            share = shares[place][1] if shares else None
            if share is None:
                continue
            if node in risky:
                share = graph.add("select", graph.add("eq", along[argument], zero), zero, share)
            along[node] = graph.add("add", along[node], share) if node in along else share
    return [along.get(node, zero) for node in left]


def substituted(graph: Graph, solved: dict[int, int]) -> tuple[Graph, dict[int, int]]:
    """A graph with solutions in place of leaves, and the node in it for each node."""
    depends = bytearray(len(graph.nodes))
    for node in range(len(graph.nodes)):
        depends[node] = node in solved or any(depends[a] for a in graph.arguments(node))
    target, at = Graph(tables=graph.tables), dict[int, int]()
    for node in [n for n in range(len(graph.nodes)) if not depends[n]]:
        at[node] = _copied(graph, target, node, at)
    for node in [n for n in range(len(graph.nodes)) if depends[n]]:
        at[node] = at[solved[node]] if node in solved else _copied(graph, target, node, at)
    return target, at


def substitute(lowering: Lowering) -> None:
    """Put the solutions where they are used, all over the program."""
    out = lowering.out
    if lowering.solved[True]:
        out.step, at = substituted(out.step, lowering.solved[True])
        for state in out.states:
            state.next = at[state.next]
        out.cells = {cell: at[node] for cell, node in out.cells.items()}
        if out.clock is not None:
            out.clock.bounds.update({name: at[node] for name, node in out.clock.bounds.items()})
    if lowering.solved[False]:
        out.init, at = substituted(out.init, lowering.solved[False])
        for state in out.states:
            state.initial, state.steps = at[state.initial], at.get(state.steps, -1)
        out.constants = [at[node] for node in out.constants]
        out.control = {name: at[node] for name, node in out.control.items()}


def _alone(here: Context, call: Call) -> int:
    raise here.error(f"{call.function} must be a whole equation", call.place)


FUNCTIONS: dict[str, Lower] = {"simultaneous": _alone, "find zero": _alone}
