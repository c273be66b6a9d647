"""Finds what repeats in a graph: equal operations on other operands become one loop over instances.

A graph is made element by element, so an equation of an array is there once for each element. Here the nodes to
compute are cut into trees; what `sd_covid.engine.graph.fuse` puts together becomes a loop, what does not repeat stays
straight-line code, and memory is given to what one piece of code has for another. Nothing about subscripts is needed,
so gradients are rolled like models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sd_covid.engine.graph.fuse import Group, Tree, classes, fuse
from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import NUMBERED_OPERATIONS, TRUTHS

PIECE = 150  # operations in one function: LLVM's passes take more than proportional time for longer ones
UNROLLED = 2000  # operations up to which straight code is quicker than loops
TREE = 160  # operations of a tree; a larger one is cut
_NONE, _SEVERAL = -2, -1  # instead of the tree that uses a node

# Kind and number: ("slot", vector of scratch memory), ("driver", k), ("time", 0) or ("number", node).
Operand = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Instruction:
    """An operation of a loop's body; arguments are places of earlier instructions, or ~p for operand p."""

    operation: str
    arguments: tuple[int, ...]


@dataclass(slots=True)
class Loop:
    """A body that runs once for each instance.

    Attributes
    ----------
    count : int
        Number of instances.
    body : list of Instruction
    truth : list of bool
        Whether each instruction gives a truth value.
    operands : list of list of Operand
        What each operand is for each instance.
    operand_truth : list of bool
        Whether each operand is a truth value that was stored.
    results : list of (int, list of int)
        Instructions whose results are stored, and where for each instance.
    parts : list of int
        Where each of the trees in the body ends.
    rising : set of int
        Results (by position) that are slopes: added to what stands there, times the step.
    """

    count: int
    body: list[Instruction] = field(default_factory=list)
    truth: list[bool] = field(default_factory=list)
    operands: list[list[Operand]] = field(default_factory=list)
    operand_truth: list[bool] = field(default_factory=list)
    results: list[tuple[int, list[int]]] = field(default_factory=list)
    rising: set[int] = field(default_factory=set)
    parts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Straight:
    """Operations once, in order: nodes of the graph, and where some of them are stored."""

    nodes: list[int] = field(default_factory=list)
    stores: list[tuple[int, int]] = field(default_factory=list)
    rises: list[tuple[int, int]] = field(default_factory=list)  # slopes, and the states that they change


class Roller:
    """Cuts the computation of some nodes into loops and straight pieces.

    Parameters
    ----------
    graph : Graph
    order : list of int
        The operations to compute, each after what it reads.
    kept : set of int
        Nodes among them whose values are wanted afterwards.
    home : mapping
        Slots of scratch memory where nodes that were computed before stand.
    leaf : mapping
        First slot of each kind of leaf that stands in scratch memory.
    wanted : list of (int, int)
        ``(node, slot)``: values to be put somewhere; also leaves, literals and what was computed before.
    area : callable
        Reserves slots: ``area(count) -> first``.
    states : mapping
        The slot of the state that a wanted slot is the slope of, for those that may change at once.
    """

    def __init__(
        self,
        graph: Graph,
        order: list[int],
        kept: set[int],
        home: Mapping[int, int],
        leaf: Mapping[str, int],
        wanted: list[tuple[int, int]],
        area: Callable[[int], int],
        states: Mapping[int, int],
    ) -> None:
        self.graph, self.order, self.leaf, self.area = graph, order, leaf, area
        self.slot = dict(home)
        self._inside = set(order)
        self.states, self.risen = states, set[int]()  # slots of slopes that went into their states
        self._place: dict[int, int] = {}
        self._copies: list[tuple[int, int]] = []
        for node, slot in wanted:
            if node in self._inside and node not in self._place:
                self._place[node] = slot
            else:
                self._copies.append((node, slot))
        self._needed = kept | {node for node, _ in self._copies if node in self._inside}
        self.kept = self._needed | set(self._place)
        self.pieces: list[Loop | Straight] = []
        self._made: dict[int, int] = {}  # node -> position of the piece that computes it
        self._users: dict[int, list[int]] = defaultdict(list)

    def roll(self) -> list[Loop | Straight]:
        """The pieces, in an order in which they can run."""
        trees = self._trees()
        self._schedule(trees)
        self._copy()
        self._finish(trees)
        self._rise()
        return self.pieces

    # --- trees --------------------

    def _trees(self) -> dict[int, Tree]:
        roots = self._roots(self.kept)
        tall = self._too_large(roots)
        if tall:
            roots = self._roots(roots | tall)
        return {node: self._tree(node, roots) for node in self.order if node in roots}

    def _roots(self, roots: set[int]) -> set[int]:
        """Nodes to be known by themselves: asked for, used by several trees, or of a kind that has no loop."""
        nodes, operands, inside = self.graph.nodes, self.graph.operands, self._inside
        found, owner = set(roots), [_NONE] * len(nodes)
        for node in reversed(self.order):
            mine = owner[node]
            if mine < 0 or node in found or nodes[node][0] in NUMBERED_OPERATIONS:
                found.add(node)
                mine = node
            for argument in operands[node]:
                if argument in inside:
                    before = owner[argument]
                    if before == _NONE:
                        owner[argument] = mine
                    elif before != mine:
                        owner[argument] = _SEVERAL
        return found

    def _too_large(self, roots: set[int]) -> set[int]:
        """Where trees are cut so that none exceeds `TREE` operations."""
        operands = self.graph.operands
        size, cut = [0] * len(operands), set[int]()
        for node in self.order:
            if node in roots:
                continue
            total = 1
            for argument in dict.fromkeys(operands[node]):
                total += size[argument]
            if total > TREE:
                cut.add(node)
            else:
                size[node] = total
        return cut

    def _tree(self, root: int, roots: set[int]) -> Tree:
        """The tree of a root, with its form: equal forms are equal computations on other operands."""
        nodes, arguments, inside, form = self.graph.nodes, self.graph.operands, self._inside, list[object]()
        place: dict[int, int] = {}
        operands: list[int] = []
        inner: list[int] = []

        def visit(node: int) -> int:
            kind, first = nodes[node][:2]
            row: list[object] = [kind, first] if kind in NUMBERED_OPERATIONS else [kind]
            for argument in arguments[node]:
                at = place.get(argument)
                if at is None and (argument in roots or argument not in inside):
                    at = place[argument] = ~len(operands)
                    operands.append(argument)
                    form.append(self._operand_form(argument))
                row.append(visit(argument) if at is None else at)
            form.append(tuple(row))
            place[node] = len(inner)
            inner.append(node)
            return place[node]

        visit(root)
        return Tree(root, tuple(form), tuple(operands), tuple(inner))

    def _operand_form(self, node: int) -> str:
        kind = str(self.graph.nodes[node][0])
        if node in self._inside or node in self.slot:
            return "truth" if kind in TRUTHS else "slot"
        return "slot" if kind in self.leaf else kind

    # --- order --------------------

    def _schedule(self, trees: dict[int, Tree]) -> None:
        """Fuse classes of equal trees into loops, and put loops and single trees in an order in which they can run."""
        for tree in trees.values():
            for operand in tree.operands:
                if operand in trees:
                    self._users[operand].append(tree.node)
        repeated = classes(trees, self._users) if len(self.order) > UNROLLED else []
        for unit in fuse(trees, self._users, repeated):
            if isinstance(unit, Group):
                self._loop(unit, trees)
            else:
                self._straight(trees[unit])

    def _straight(self, tree: Tree) -> None:
        """Add a tree to the straight piece at the end, or begin a new one."""
        piece = self.pieces[-1] if self.pieces else None
        if not isinstance(piece, Straight) or len(piece.nodes) + len(tree.inner) > PIECE:
            piece = Straight()
            self.pieces.append(piece)
        piece.nodes.extend(tree.inner)
        self.slot[tree.node] = self._place[tree.node] if tree.node in self._place else self.area(1)
        self._made[tree.node] = len(self.pieces) - 1

    def _loop(self, group: Group, trees: dict[int, Tree]) -> None:
        """Write a group as a loop."""
        loop = Loop(group.count)
        known: dict[tuple[Operand, ...], int] = {}
        result: dict[int, int] = {}  # root of the first instance -> instruction
        for nodes in group.ordered(trees):
            outside: dict[int, int] = {}
            for column in zip(*(trees[node].operands for node in nodes), strict=True):
                if column[0] in result:
                    outside[column[0]] = result[column[0]]
                    continue
                operands = tuple(self._operand(node) for node in column)
                if operands not in known:
                    known[operands] = len(loop.operands)
                    loop.operands.append(list(operands))
                    loop.operand_truth.append(self._operand_form(column[0]) == "truth")
                outside[column[0]] = ~known[operands]
            for node in trees[nodes[0]].inner:
                arguments = tuple(outside[a] for a in self.graph.arguments(node))
                outside[node] = len(loop.body)
                loop.body.append(Instruction(str(self.graph.nodes[node][0]), arguments))
                loop.truth.append(self.graph.is_truth(node))
            result[nodes[0]] = len(loop.body) - 1
            loop.parts.append(len(loop.body))
            self._made.update((node, len(self.pieces)) for node in nodes)
        self.pieces.append(loop)
        self._store(loop, [(result[nodes[0]], nodes) for nodes in group.classes])

    def _store(self, loop: Loop, results: list[tuple[int, list[int]]]) -> None:
        """Say where a loop's results go: what has no place yet side by side for each instance."""
        position = len(self.pieces) - 1
        wanted = [(k, nodes) for k, nodes in results if any(self._wanted(node, position) for node in nodes)]
        new = sum(any(node not in self._place for node in nodes) for _, nodes in wanted)
        free = self.area(new * loop.count)
        for place, nodes in wanted:
            for k, node in enumerate(nodes):
                self.slot[node] = self._place.get(node, free + k * new)
            free += any(node not in self._place for node in nodes)
            loop.results.append((place, [self.slot[node] for node in nodes]))

    def _operand(self, node: int) -> Operand:
        if node in self.slot:
            return "slot", self.slot[node]
        kind, payload = self.graph.nodes[node]
        if kind == "number":
            return "number", node
        return ("slot", self.leaf[kind] + int(payload)) if kind in self.leaf else (str(kind), int(payload))

    # --- what is stored --------------------

    def _copy(self) -> None:
        """Values that are wanted in a second place, or were there before."""
        by_kind: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for node, slot in self._copies:
            by_kind[self._operand_form(node)].append((node, slot))
        for form, pairs in by_kind.items():
            loop = Loop(len(pairs))
            loop.operands.append([self._operand(node) for node, _ in pairs])
            loop.operand_truth.append(form == "truth")
            loop.results.append((~0, [slot for _, slot in pairs]))
            self.pieces.append(loop)

    def _finish(self, trees: dict[int, Tree]) -> None:
        """Store what another piece reads of straight code, or what was asked for."""
        for position, piece in enumerate(self.pieces):
            if isinstance(piece, Straight):
                piece.stores = [
                    (node, self.slot[node])
                    for node in piece.nodes
                    if node in trees and self._wanted(node, position)
                ]

    def _wanted(self, node: int, position: int) -> bool:
        return node in self.kept or any(self._made.get(user) != position for user in self._users[node])

    # --- states that change at once --------------------

    def _rise(self) -> None:
        """Let slopes change their states where they are computed, unless something reads the old state later."""
        last = self._last_read()
        owner = {slot: node for node, slot in self._place.items()}

        def can_rise(slot: int, position: int, instance: int) -> bool:
            state, node = self.states.get(slot), owner.get(slot)
            if state is None or node is None or last.get(state, (-1, 0)) > (position, instance):
                return False
            return node not in self._needed and all(self._made[u] == position for u in self._users[node])

        for position, piece in enumerate(self.pieces):
            if isinstance(piece, Loop):
                for k, (place, slots) in enumerate(piece.results):
                    if all(can_rise(slot, position, i) for i, slot in enumerate(slots)):
                        piece.results[k] = (place, [self.states[slot] for slot in slots])
                        piece.rising.add(k)
                        self.risen.update(slots)
            else:
                free = {slot for _, slot in piece.stores if can_rise(slot, position, 0)}
                piece.rises = [(node, self.states[slot]) for node, slot in piece.stores if slot in free]
                piece.stores = [(node, slot) for node, slot in piece.stores if slot not in free]
                self.risen |= free

    def _last_read(self) -> dict[int, tuple[int, int]]:
        """The piece and the instance that last reads each slot."""
        last: dict[int, tuple[int, int]] = {}
        for position, piece in enumerate(self.pieces):
            if isinstance(piece, Loop):
                for column in piece.operands:
                    if column[0][0] == "slot":
                        for instance, (_, slot) in enumerate(column):
                            last[slot] = max(last.get(slot, (-1, 0)), (position, instance))
            else:
                read = {a for node in piece.nodes for a in self.graph.arguments(node)}
                for kind, slot in [self._operand(node) for node in read if node not in self._inside]:
                    if kind == "slot":
                        last[slot] = (position, 0)
        return last
