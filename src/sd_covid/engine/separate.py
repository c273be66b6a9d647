"""A model as separate equations: what each reads, and what it computes from any values of what it reads.

A `Program` is one graph, in which an equation disappears in those that use it. Here every cell of a variable, and every
state, keeps an equation of its own that reads others through leaves. Put in place of the leaves, the equations are the
model again; so a run gives the values of all, and any equation can be computed once more with one input changed. What
depends on constants alone is no quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sd_covid.engine.context import Context
from sd_covid.engine.free import Free
from sd_covid.engine.graph import Graph
from sd_covid.engine.lower import Lowering, deep_recursion
from sd_covid.engine.program import Program, Update
from sd_covid.engine.subscripts import Cell
from sd_covid.engine.trim import copy_nodes
from sd_covid.errors import RunError
from sd_covid.model.layout_parts import is_stock
from sd_covid.model.structure import Model

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

Leaf = tuple[str, int]
_NEVER = frozenset({"number", "constant", "parameter"})  # leaves that do not change in a run


@dataclass(frozen=True, slots=True)
class Quantity:
    """A cell of a variable, or a state that is none, such as a stage of a delay.

    Attributes
    ----------
    cell : Cell
        Of the variable in whose equation it stands.
    state : int or None
        Number of its state; its equation is then that of the net flow, or of the next value.
    hidden : bool
        Whether it is a stage within an equation: no variable has its value.
    stock : bool
        Whether it is an INTEG of the model.
    node : int
        Of its equation, in the graph of the separate equations.
    inputs : tuple of int
        Numbers of the quantities that its equation reads, in the order of first use.
    others : tuple of (str, int)
        Further leaves that it reads: constants, time, data.
    """

    cell: Cell
    state: int | None
    hidden: bool
    stock: bool
    node: int
    inputs: tuple[int, ...] = ()
    others: tuple[Leaf, ...] = ()


@dataclass(frozen=True)
class Equations:
    """The separate equations of a model.

    Attributes
    ----------
    graph : Graph
        Leaf ``quantity k`` reads the k-th; others are those of a step graph.
    quantities : list of Quantity
    program : Program
        The same model as one program.
    values : list of int
        Node of the program for the value of each quantity: of a state, what it holds.
    draws : dict
        Node of the program for each number drawn at random, by its number.
    """

    graph: Graph
    quantities: list[Quantity]
    program: Program
    values: list[int]
    draws: dict[int, int] = field(default_factory=dict)

    @cached_property
    def effects(self) -> list[tuple[int, ...]]:
        """For each quantity the quantities that read it."""
        found: list[list[int]] = [[] for _ in self.quantities]
        for number, item in enumerate(self.quantities):
            for cause in item.inputs:
                found[cause].append(number)
        return [tuple(item) for item in found]

    @cached_property
    def holding(self) -> dict[int, int]:
        """The quantity of each state."""
        return {item.state: k for k, item in enumerate(self.quantities) if item.state is not None}

    def order(self, number: int) -> list[int]:
        """The nodes of an equation, each after what it reads."""
        return self.graph.order([self.quantities[number].node])


def separate(simulation: Simulation) -> Equations:
    """The separate equations of a model.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    Equations

    Raises
    ------
    RunError
        For a model with loops that are solved at every instant, or whose time bounds move.
    """
    with deep_recursion():
        return _Separating(simulation.model, simulation.opened, simulation.program).equations()


class _Separating(Lowering):
    """A lowering in which a cell that changes is a leaf to all that read it."""

    def __init__(self, model: Model, free: Free, whole: Program) -> None:
        super().__init__(model, free)
        if whole.clock is not None:
            raise RunError(
                "the TIME STEP of this model changes as it runs",
                advice="give it fixed time bounds",
                file=model.path,
            )
        self._owners: list[Cell] = []  # of the states
        self._changing = [
            cell for cell, node in whole.cells.items() if whole.step.nodes[node][0] not in _NEVER
        ]

    def equations(self) -> Equations:
        """Lower each equation by itself."""
        self._declare()
        if self._solved_for():
            cell, place = self._solved_for()[0]
            name = self.model.variables[cell.variable].name
            raise RunError(
                f"'{name}' is solved for at every instant, so its equations cannot be told apart",
                advice="put a stock or a delay in that loop",
                file=place.file,
                variable=name,
            )
        graph = self.out.step
        leaf = {cell: graph.leaf("quantity", k) for k, cell in enumerate(self._changing)}
        self.found.update({(cell, True): node for cell, node in leaf.items()})
        own = {cell: self._own(cell, leaf[cell]) for cell in self._changing}
        while self._pending:
            self._pending.pop(0)()
        return self._gathered(own)

    def _own(self, cell: Cell, leaf: int) -> int:
        """The equation of a cell, over the leaves of others."""
        variable = self.model.variables[cell.variable]
        definition = self.subscripts.definitions(variable)[cell.elements]
        self._open[cell, True] = None
        node = self._define(variable, cell, definition, True, None)
        del self._open[cell, True]
        self.found[cell, True] = leaf  # a stock has put its state there
        if self.out.step.is_truth(node):
            node = self.add(True, "select", node, self.out.step.number(1.0), self.out.step.number(0.0))
        return node

    def _gathered(self, own: dict[Cell, int]) -> Equations:
        """Quantities with what they read, and the program that they are together."""
        graph, states = self.out.step, self.out.states
        held = {
            graph.nodes[node][1]: k for k, node in enumerate(own.values()) if graph.nodes[node][0] == "state"
        }
        number = {("quantity", k): k for k in range(len(own))}
        quantities = []
        for cell, node in own.items():
            kind, payload = graph.nodes[node][:2]
            if kind == "state" and held[payload] == len(quantities):
                stock = is_stock(self.model.variables[cell.variable])
                quantities.append(Quantity(cell, payload, False, stock, states[payload].next))
                number["state", payload] = len(quantities) - 1
            else:
                quantities.append(Quantity(cell, None, False, False, node))
        for k, state in enumerate(states):
            if ("state", k) not in number:
                number["state", k] = len(quantities)
                quantities.append(Quantity(self._owners[k], k, True, False, state.next))
        quantities = [self._with_inputs(item, number) for item in quantities]
        program, values, draws = self._together(own, quantities)
        return Equations(graph, quantities, program, values, draws)

    def remember(
        self,
        context: Context,
        update: Update,
        initial: int,
        following: Callable[[Context, int], int],
        steps: int,
        name: str,
    ) -> int:
        """A new state, and in whose equation it stands."""
        bound = {name: element for name, element in context.binding.items() if not name.endswith("!")}
        cells = self.subscripts.definitions(context.variable).items()
        elements = next((elements for elements, found in cells if found.binding == bound), ())
        self._owners.append(Cell(context.variable.key, elements))
        return super().remember(context, update, initial, following, steps, name)

    def _with_inputs(self, item: Quantity, number: dict[Leaf, int]) -> Quantity:
        graph = self.out.step
        leaves = [graph.nodes[n][:2] for n in graph.order([item.node]) if not graph.arguments(n)]
        inputs = dict.fromkeys(number[leaf] for leaf in leaves if leaf in number)
        others = tuple(leaf for leaf in leaves if leaf not in number and leaf[0] != "number")
        return replace(item, inputs=tuple(inputs), others=others)

    def _together(
        self, own: dict[Cell, int], quantities: Sequence[Quantity]
    ) -> tuple[Program, list[int], dict[int, int]]:
        """The equations put in place of the leaves that stand for them."""
        source, target = self.out.step, Graph(tables=self.out.step.tables)
        at: dict[int, int] = {}
        leaf = {k: source.leaf("quantity", k) for k in range(len(own))}
        nodes = list(own.values())
        todo = list(range(len(own)))[::-1]
        waiting: set[int] = set()
        while todo:
            k = todo[-1]
            if leaf[k] in at:
                todo.pop()
                continue
            order = source.order([nodes[k]])
            missing = [
                int(source.nodes[n][1]) for n in order if source.nodes[n][0] == "quantity" and n not in at
            ]
            if missing:
                if k in waiting:
                    raise self._simultaneous(
                        (list(own)[k], True), self.model.variables[list(own)[k].variable].place
                    )
                waiting.add(k)
                todo += missing
                continue
            copy_nodes(source, [n for n in order if n not in at], target, at=at)
            at[leaf[k]] = at[nodes[k]]
            todo.pop()
        rest = source.order([state.next for state in self.out.states])
        copy_nodes(source, [n for n in rest if n not in at], target, at=at)
        values = [
            at[leaf[k]] if k < len(own) else target.leaf("state", item.state or 0)
            for k, item in enumerate(quantities)
        ]
        draws = {
            int(source.nodes[n][1]): copied for n, copied in at.items() if source.nodes[n][0] == "uniform"
        }
        states = [replace(state, next=at[state.next]) for state in self.out.states]
        cells = {cell: at[leaf[k]] for k, cell in enumerate(own)}
        self.out = replace(self.out, step=target, states=states, cells=cells)
        self._without_data()
        return self.out, values, draws
