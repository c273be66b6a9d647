"""Finds what repeats in a graph: equal operations on other operands become one loop over instances.

A graph is made element by element, so an equation of an array is there once for each element. Here the nodes to
compute are cut into trees; trees of one form are gathered into a loop as soon as all that they read is known, and loops
over the same instances are joined, so that what one computes another can use from a register. What does not repeat
stays straight-line code. Nothing about subscripts is needed, so gradients are rolled like models.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sd_covid.engine.graph import Graph
from sd_covid.engine.operations import NUMBERED_OPERATIONS, OPERATIONS

FEWEST = 6  # instances that make a loop
SHORTEST = 48  # operations of all instances that make a loop
PIECE = 300  # operations in one function: LLVM's passes take more than proportional time for longer ones
TREE = 160  # operations of a tree; a larger one is cut
BODY = 320  # operations of a loop's body

Operand = tuple[
    str, int
]  # kind and number: ("slot", vector of scratch memory), ("driver", k), ("time", 0), ("number", node)


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
    """

    count: int
    body: list[Instruction] = field(default_factory=list)
    truth: list[bool] = field(default_factory=list)
    operands: list[list[Operand]] = field(default_factory=list)
    operand_truth: list[bool] = field(default_factory=list)
    results: list[tuple[int, list[int]]] = field(default_factory=list)


@dataclass(slots=True)
class Straight:
    """Operations once, in order: nodes of the graph, and where some of them are stored."""

    nodes: list[int] = field(default_factory=list)
    stores: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Tree:
    """A node with what only it uses: instructions on operands."""

    node: int
    form: tuple[object, ...]
    operands: tuple[int, ...]
    inner: tuple[int, ...]


class _Open:
    """A loop being gathered."""

    def __init__(self, count: int, position: int) -> None:
        self.loop, self.position = Loop(count), position
        self.instance: dict[int, tuple[int, int]] = {}  # node -> (instance, instruction)
        self.stored: dict[int, tuple[int, ...]] = {}  # instruction -> nodes
        self.known: dict[tuple[Operand, ...], int] = {}


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
    ) -> None:
        self.graph, self.order, self.leaf, self.area = graph, order, leaf, area
        self.slot = dict(home)
        self._inside = set(order)
        self._place: dict[int, int] = {}
        self._copies: list[tuple[int, int]] = []
        for node, slot in wanted:
            if node in self._inside and node not in self._place:
                self._place[node] = slot
            else:
                self._copies.append((node, slot))
        self.kept = kept | set(self._place) | {node for node, _ in self._copies if node in self._inside}
        self.pieces: list[Loop | Straight] = []
        self._open: dict[int, _Open] = {}  # by position in `pieces`
        self._made: dict[int, int] = {}  # node -> position of the piece that computes it
        self._users: dict[int, list[int]] = defaultdict(list)

    def roll(self) -> list[Loop | Straight]:
        """The pieces, in an order in which they can run."""
        trees = self._trees()
        self._schedule(trees)
        self._copy()
        self._finish(trees)
        return self.pieces

    # --- trees --------------------

    def _trees(self) -> dict[int, _Tree]:
        roots = self._roots(self.kept)
        tall = self._too_large(roots)
        if tall:
            roots = self._roots(roots | tall)
        return {node: self._tree(node, roots) for node in self.order if node in roots}

    def _roots(self, roots: set[int]) -> set[int]:
        """Nodes to be known by themselves: asked for, used by several trees, or of a kind that has no loop."""
        found, owner = set(roots), dict[int, int]()
        graph = self.graph
        for node in reversed(self.order):
            if graph.nodes[node][0] in NUMBERED_OPERATIONS or owner.get(node, -1) == -1:
                found.add(node)
            mine = node if node in found else owner[node]
            for argument in graph.arguments(node):
                if argument in self._inside:
                    owner[argument] = mine if owner.get(argument, mine) == mine else -1
        return found

    def _too_large(self, roots: set[int]) -> set[int]:
        """Where trees are cut so that none exceeds `TREE` operations."""
        size, cut = dict[int, int](), set[int]()
        for node in self.order:
            total = 1 + sum(size.get(a, 0) for a in set(self.graph.arguments(node)))
            if total > TREE and node not in roots:
                cut.add(node)
            size[node] = 0 if node in roots or node in cut else total
        return cut

    def _tree(self, root: int, roots: set[int]) -> _Tree:
        """The tree of a root, with its form: equal forms are equal computations on other operands."""
        graph, form = self.graph, list[object]()
        place: dict[int, int] = {}
        operands: list[int] = []
        inner: list[int] = []
        stack = [(root, False)]
        while stack:
            node, done = stack.pop()
            if node in place:
                continue
            if node != root and (node in roots or node not in self._inside):
                place[node] = ~len(operands)
                operands.append(node)
                form.append(self._operand_form(node))
            elif done:
                place[node] = len(inner)
                inner.append(node)
                numbered = graph.nodes[node][0] in NUMBERED_OPERATIONS
                head = graph.nodes[node][:2] if numbered else graph.nodes[node][:1]
                form.append((*head, tuple(place[a] for a in graph.arguments(node))))
            else:
                stack.append((node, True))
                stack.extend((a, False) for a in reversed(graph.arguments(node)) if a not in place)
        return _Tree(root, tuple(form), tuple(operands), tuple(inner))

    def _operand_form(self, node: int) -> str:
        if node in self._inside or node in self.slot:
            return "truth" if self.graph.is_truth(node) else "slot"
        kind = str(self.graph.nodes[node][0])
        return "slot" if kind in self.leaf else kind

    # --- order --------------------

    def _schedule(self, trees: dict[int, _Tree]) -> None:
        """What does not repeat comes as early as it can; a form that repeats when all its instances are ready."""
        forms: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for tree in trees.values():
            forms[tree.form].append(tree.node)
        repeats = {
            form: nodes
            for form, nodes in forms.items()
            if len(nodes) >= FEWEST
            and len(nodes) * len(trees[nodes[0]].inner) >= SHORTEST
            and _has_loop(form)
        }
        waits = {}
        for node, tree in trees.items():
            needs = [a for a in tree.operands if a in trees]
            waits[node] = len(needs)
            for need in needs:
                self._users[need].append(node)
        left = {form: len(nodes) for form, nodes in repeats.items()}
        ready: dict[tuple[object, ...], list[int]] = {form: [] for form in repeats}
        complete: deque[tuple[object, ...]] = deque()
        single: list[int] = []

        def arrive(node: int) -> None:
            form = trees[node].form
            if form not in repeats:
                heapq.heappush(single, node)
                return
            ready[form].append(node)
            if len(ready[form]) == left[form]:
                complete.append(form)

        def leave(nodes: Iterable[int]) -> None:
            for node in nodes:
                for user in self._users[node]:
                    waits[user] -= 1
                    if not waits[user]:
                        arrive(user)

        for node, count in waits.items():
            if not count:
                arrive(node)
        done = 0
        while done < len(trees):
            if single:
                nodes = [heapq.heappop(single)]
                self._straight(trees[nodes[0]])
            else:
                form = complete.popleft() if complete else max(ready, key=lambda f: len(ready[f]))
                nodes, ready[form] = ready[form], []
                left[form] -= len(nodes)
                if len(nodes) >= FEWEST:
                    self._gather([trees[node] for node in nodes])
                else:
                    for node in nodes:
                        self._straight(trees[node])
            done += len(nodes)
            leave(nodes)

    def _straight(self, tree: _Tree) -> None:
        """Add a tree to the straight piece at the end, or begin a new one."""
        piece = self.pieces[-1] if self.pieces else None
        if not isinstance(piece, Straight) or len(piece.nodes) + len(tree.inner) > PIECE:
            piece = Straight()
            self.pieces.append(piece)
        piece.nodes.extend(tree.inner)
        self.slot[tree.node] = self._place[tree.node] if tree.node in self._place else self.area(1)
        self._made[tree.node] = len(self.pieces) - 1

    def _gather(self, trees: list[_Tree]) -> None:
        """Make trees of one form a loop, or part of one that runs over the same instances."""
        joined = self._joinable(trees)
        if joined is None:
            trees = sorted(trees, key=lambda tree: [self._operand(a)[1] for a in tree.operands])
            target = self._open[len(self.pieces)] = _Open(len(trees), len(self.pieces))
            self.pieces.append(target.loop)
        else:
            target, trees = joined
        self._append(target, trees)

    def _joinable(self, trees: list[_Tree]) -> tuple[_Open, list[_Tree]] | None:
        """The loop that trees can join, and their order in it: the last one that they read from, or a later one."""
        latest = max((self._made.get(a, -1) for tree in trees for a in tree.operands), default=-1)
        for position in range(len(self.pieces) - 1, max(latest, 0) - 1, -1):
            target = self._open.get(position)
            if (
                target is None
                or target.loop.count != len(trees)
                or len(target.loop.body) + len(trees[0].inner) > BODY
            ):
                continue
            if position > latest:
                ordered = sorted(trees, key=lambda tree: [self._operand(a)[1] for a in tree.operands])
                return target, ordered
            if any(self._mixed(target, column) for column in zip(*(t.operands for t in trees), strict=True)):
                return None
            order = {}
            for tree in trees:
                instances = {target.instance[a][0] for a in tree.operands if a in target.instance}
                if len(instances) != 1:
                    return None
                order[instances.pop()] = tree
            if len(order) == len(trees):
                return target, [order[k] for k in range(len(trees))]
        return None

    @staticmethod
    def _mixed(target: _Open, column: tuple[int, ...]) -> bool:
        """Whether an operand is a result of the loop for some instances, and something else for others."""
        return len({target.instance[a][1] if a in target.instance else None for a in column}) > 1

    def _append(self, target: _Open, trees: list[_Tree]) -> None:
        loop, first = target.loop, trees[0]
        reference: list[int] = []  # of each operand of the form: place of an instruction, or ~operand
        for column in zip(*(tree.operands for tree in trees), strict=True):
            if column[0] in target.instance:
                reference.append(target.instance[column[0]][1])
                continue
            operands = tuple(self._operand(node) for node in column)
            if operands not in target.known:
                target.known[operands] = len(loop.operands)
                loop.operands.append(list(operands))
                loop.operand_truth.append(self._operand_form(column[0]) == "truth")
            reference.append(~target.known[operands])
        base = len(loop.body)
        local = {node: k for k, node in enumerate(first.inner)}
        outside = {node: k for k, node in enumerate(first.operands)}
        for node in first.inner:
            arguments = tuple(
                base + local[a] if a in local else reference[outside[a]] for a in self.graph.arguments(node)
            )
            loop.body.append(Instruction(str(self.graph.nodes[node][0]), arguments))
            loop.truth.append(self.graph.is_truth(node))
        last = len(loop.body) - 1
        target.stored[last] = tuple(tree.node for tree in trees)
        free = self.area(sum(tree.node not in self._place for tree in trees))
        for instance, tree in enumerate(trees):
            target.instance[tree.node] = (instance, last)
            self._made[tree.node] = target.position
            if tree.node in self._place:
                self.slot[tree.node] = self._place[tree.node]
            else:
                self.slot[tree.node] = free
                free += 1

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

    def _finish(self, trees: dict[int, _Tree]) -> None:
        """Store what another piece reads, or what was asked for."""
        for position, piece in enumerate(self.pieces):
            opened = self._open.get(position)
            if isinstance(piece, Straight):
                piece.stores = [
                    (node, self.slot[node])
                    for node in piece.nodes
                    if node in trees and self._wanted(node, position)
                ]
            elif opened is not None:
                for place, nodes in opened.stored.items():
                    if any(self._wanted(node, position) for node in nodes):
                        piece.results.append((place, [self.slot[node] for node in nodes]))

    def _wanted(self, node: int, position: int) -> bool:
        return node in self.kept or any(self._made[user] != position for user in self._users[node])


def _has_loop(form: tuple[object, ...]) -> bool:
    """Whether a form can be written as a loop: a table or a random number is its own piece of code."""
    heads = [part[0] for part in form if isinstance(part, tuple)]
    return all(head in OPERATIONS for head in heads)
