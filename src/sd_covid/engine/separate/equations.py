"""A model as separate equations: what each reads, and what it computes from any values of what it reads.

A `Program` is one graph, in which an equation disappears in those that use it. Here every cell of a variable, and every
state, keeps an equation of its own that reads others through leaves. Put in place of the leaves, the equations are the
model again; so a run gives the values of all, and any equation can be computed once more with one input changed. What
depends on constants alone is no quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.program import Program, Update
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.graph.trim import copy_nodes
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.free import Free
from sd_covid.engine.lower.model import Lowering, deep_recursion
from sd_covid.errors import RunError
from sd_covid.model.layout.parts import is_stock
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
    starts : list of int
        Node of the program's init graph for the first value of each quantity.
    draws : dict
        Node of the program for each number drawn at random, by its number.
    """

    graph: Graph
    quantities: list[Quantity]
    program: Program
    values: list[int]
    starts: list[int]
    draws: dict[int, int] = field(default_factory=dict)

    def put_together(
        self,
        target: Graph,
        *,
        states_from: int = 0,
        constants_from: int = 0,
        held: Mapping[tuple[int, int], int] | None = None,
    ) -> tuple[list[int], dict[int, int], dict[int, int]]:
        """Put the equations in each other's places, in another graph.

        Parameters
        ----------
        target : Graph
            With the same tables.
        states_from, constants_from : int
            Number of the first state and constant there.
        held : mapping, optional
            (cause, effect) -> the node that the effect reads instead of the cause.

        Returns
        -------
        values : list of int
            Node of each quantity.
        following : dict
            Node of the net flow or next value of each state, by its number here.
        draws : dict
            Node of each random number.
        """
        values = [-1] * len(self.quantities)
        following: dict[int, int] = {}
        draws: dict[int, int] = {}
        for k, state in self.holding.items():
            values[state] = target.leaf("state", states_from + k)

        def payload(kind: str, number: int) -> int:
            return number + constants_from if kind == "constant" else number

        # States are there already; what they become is worked out last.
        order = sorted(range(len(values)), key=lambda k: self.ranks[k] or len(values))
        for number in order:
            item, at = self.quantities[number], dict[int, int]()
            for node in self.order(number):
                kind = self.graph.nodes[node][0]
                if kind in ("quantity", "state"):
                    k = int(self.graph.nodes[node][1])
                    cause = self.holding[k] if kind == "state" else k
                    at[node] = (held or {}).get((cause, number), values[cause])
                    continue
                copy_nodes(self.graph, [node], target, payload, at=at)
                if kind == "uniform":
                    draws[int(self.graph.nodes[node][1])] = at[node]
            if item.state is None:
                values[number] = at[item.node]
            else:
                following[item.state] = at[item.node]
        return values, following, draws

    @cached_property
    def ranks(self) -> list[int]:
        """An order in which each quantity comes after those that its value is computed from; states come first."""
        rank = [0 if item.state is not None else -1 for item in self.quantities]
        for root in range(len(rank)):
            todo = [root]
            while todo:
                k = todo[-1]
                inputs = self.quantities[k].inputs if rank[k] < 0 else ()
                waiting = [cause for cause in inputs if rank[cause] < 0]
                if waiting:
                    todo += waiting
                    continue
                if rank[k] < 0:
                    rank[k] = 1 + max((rank[cause] for cause in inputs), default=0)
                todo.pop()
        return rank

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
        return self.graph.below(self.quantities[number].node)


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
            variable = self.model.variables[self._solved_for()[0].variable]
            raise RunError(
                f"'{variable.name}' is solved for at every instant, so its equations cannot be told apart",
                advice="put a stock or a delay in that loop",
                file=variable.place.file,
                variable=variable.name,
            )
        graph = self.out.step
        leaf = {cell: graph.leaf("quantity", k) for k, cell in enumerate(self._changing)}
        self.found.update({(cell, True): node for cell, node in leaf.items()})
        own = {cell: self._own(cell) for cell in self._changing}
        while self._pending:
            self._pending.pop(0)()
        return self._gathered(own)

    def _own(self, cell: Cell) -> int:
        """The equation of a cell, over the leaves of others."""
        variable = self.model.variables[cell.variable]
        definition = self.subscripts.definitions(variable)[cell.elements]
        self._open[cell, True] = None
        node = self._define(variable, cell, definition, True)
        del self._open[cell, True]
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
        quantities: list[Quantity] = []
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
        starts = [self._start(item) for item in quantities]
        return self._together(own, quantities, starts)

    def _start(self, item: Quantity) -> int:
        """The node of the init graph that a quantity has as its first value."""
        if item.state is not None:
            return self.out.states[item.state].initial
        return self.cell(item.cell, False)

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
        leaves = [graph.nodes[n][:2] for n in graph.below(item.node) if not graph.arguments(n)]
        inputs = dict.fromkeys(number[leaf] for leaf in leaves if leaf in number)
        others = tuple(leaf for leaf in leaves if leaf not in number and leaf[0] != "number")
        return replace(item, inputs=tuple(inputs), others=others)

    def _together(self, own: dict[Cell, int], quantities: list[Quantity], starts: list[int]) -> Equations:
        """The equations put in place of the leaves that stand for them."""
        found = Equations(self.out.step, quantities, self.out, [], starts)
        target = Graph(tables=self.out.step.tables)
        values, following, draws = found.put_together(target)
        states = [replace(state, next=following[k]) for k, state in enumerate(self.out.states)]
        cells = {cell: values[k] for k, cell in enumerate(own)}
        self.out = replace(self.out, step=target, states=states, cells=cells)
        self._without_data()
        return Equations(found.graph, quantities, self.out, values, starts, draws)
