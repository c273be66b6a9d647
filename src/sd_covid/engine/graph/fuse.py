"""Finds what can run as one loop: classes of equal trees, and groups of classes over the same instances.

Trees of one form are a class; it is split by the classes of what its trees read and of what reads them, so that the
elements of one equation come together and those of another apart. A class then joins the classes that read it, element
by element: what one computes another uses from a register.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sd_covid.engine.graph.operations import OPERATIONS

FEWEST = 6  # instances that make a loop
SHORTEST = 48  # operations of all instances that make a loop
PART = 16  # instances of a part that a class is split into
ROUNDS = 12  # of splitting
BODY = 320  # operations of a loop's body


@dataclass(frozen=True, slots=True)
class Tree:
    """A node with what only it uses: instructions on operands."""

    node: int
    form: tuple[object, ...]
    operands: tuple[int, ...]
    inner: tuple[int, ...]


Trees = Mapping[int, Tree]
Users = Mapping[int, list[int]]


@dataclass(eq=False, slots=True)
class Group:
    """Classes that run in one loop: lists of trees, the k-th of each in turn k.

    Attributes
    ----------
    count : int
        Number of instances.
    classes : list of list of int
    instance : dict
        Turn of each tree.
    size : int
        Operations of the body.
    """

    count: int
    classes: list[list[int]] = field(default_factory=list)
    instance: dict[int, int] = field(default_factory=dict)
    size: int = 0

    def add(self, nodes: list[int], size: int) -> None:
        """Take in a class, in the order of its turns."""
        self.classes.append(nodes)
        self.instance.update((node, k) for k, node in enumerate(nodes))
        self.size += size

    def ordered(self, trees: Trees) -> list[list[int]]:
        """The classes, each after those that it reads."""
        first = {nodes[0]: nodes for nodes in self.classes}
        done: dict[int, list[int]] = {}

        def visit(node: int) -> None:
            if node not in done:
                for operand in trees[node].operands:
                    if operand in first:
                        visit(operand)
                done[node] = first[node]

        for node in first:
            visit(node)
        return list(done.values())


def classes(trees: Trees, users: Users) -> list[list[int]]:
    """Trees that can run as instances of one body; what is not repeated often enough is in none of the classes.

    Parameters
    ----------
    trees : mapping
        By root, each after those that it reads.
    users : mapping
        The trees that read a tree.
    """
    if not trees:
        return []
    number: dict[tuple[object, ...], int] = {}
    kind = {n: number.setdefault(tree.form, len(number)) for n, tree in trees.items()}
    loops = [_has_loop(form) for form in number]
    _refine(trees, users, kind)
    _unwind(trees, kind)
    members = _members(trees, kind)
    return [
        nodes
        for nodes in members.values()
        if len(nodes) >= FEWEST
        and len(nodes) * len(trees[nodes[0]].inner) >= SHORTEST
        and loops[number[trees[nodes[0]].form]]
    ]


def _members(trees: Trees, kind: dict[int, int]) -> dict[int, list[int]]:
    """The trees of each class, in order."""
    members: dict[int, list[int]] = defaultdict(list)
    for node in trees:
        members[kind[node]].append(node)
    return members


def _refine(trees: Trees, users: Users, kind: dict[int, int]) -> None:
    """Split classes by the classes around them, until nothing is split. Small parts stay with the largest.

    After the first round only classes that stand beside a tree of a new class can come apart.
    """
    members = _members(trees, kind)
    following, doubtful = len(members), set(members)
    for _ in range(ROUNDS):
        moved: dict[int, int] = {}
        for number in doubtful:
            for part in _parts(trees, users, kind, members[number]):
                members[following] = part
                moved.update(dict.fromkeys(part, following))
                following += 1
        if not moved:
            return
        for number in {kind[node] for node in moved}:
            members[number] = [node for node in members[number] if node not in moved]
        kind.update(moved)
        doubtful = {kind[user] for node in moved for user in users[node]}
        doubtful.update(kind[a] for node in moved for a in trees[node].operands if a in kind)


def _parts(trees: Trees, users: Users, kind: dict[int, int], nodes: list[int]) -> list[list[int]]:
    """What comes apart from a class: trees that read, or are read by, other classes than the most of it."""
    if len(nodes) < 2 * PART:
        return []
    parts: dict[object, list[int]] = defaultdict(list)
    for node in nodes:
        below = tuple([kind.get(a, -1) for a in trees[node].operands])
        parts[below, frozenset([kind[u] for u in users[node]])].append(node)
    return [part for part in sorted(parts.values(), key=len)[:-1] if len(part) >= PART]


def _unwind(trees: Trees, kind: dict[int, int]) -> None:
    """Split classes that read themselves, directly or through others, by the depth of their trees."""
    below: dict[int, set[int]] = defaultdict(set)
    above: dict[int, set[int]] = defaultdict(set)
    depth: dict[int, int] = {}
    for node, tree in trees.items():
        inside = [a for a in tree.operands if a in trees]
        depth[node] = 1 + max((depth[a] for a in inside), default=0)
        for a in inside:
            below[kind[node]].add(kind[a])
            above[kind[a]].add(kind[node])
    left = set(kind.values())
    for first, second in ((below, above), (above, below)):
        waits = {k: len(first[k] & left) for k in left}
        free = [k for k, count in waits.items() if not count]
        while free:
            k = free.pop()
            left.discard(k)
            for other in second[k] & left:
                waits[other] -= 1
                if not waits[other]:
                    free.append(other)
    pairs: dict[tuple[int, int], int] = {}
    start = max(kind.values(), default=0) + 1
    for node in trees:
        if kind[node] in left:
            kind[node] = pairs.setdefault((kind[node], depth[node]), start + len(pairs))


def fuse(trees: Trees, users: Users, found: list[list[int]]) -> Iterator[Group | int]:
    """Groups of classes, and trees that are in none, in an order in which they can run."""
    return _Fusion(trees, users, found).run()


class _Fusion:
    """Groups being formed; `unit` says in which group, or by itself, a tree is."""

    def __init__(self, trees: Trees, users: Users, found: list[list[int]]) -> None:
        self.trees, self.users = trees, users
        self.unit: dict[int, Group | int] = {node: node for node in trees}
        for nodes in found:
            group = Group(len(nodes))
            group.add(nodes, len(trees[nodes[0]].inner))
            self.unit.update((node, group) for node in nodes)

    def run(self) -> Iterator[Group | int]:
        for unit in reversed(list(self._order())):
            if isinstance(unit, Group):
                self._join(unit)
        return self._order()

    def _order(self) -> Iterator[Group | int]:
        """Units, each after those that it reads; single trees as early as they can."""
        waits: dict[Group | int, int] = defaultdict(int)
        readers: dict[Group | int, set[Group | int]] = defaultdict(set)
        for node, tree in self.trees.items():
            unit = self.unit[node]
            waits[unit] += 0
            for a in tree.operands:
                if a in self.unit and self.unit[a] is not unit and unit not in readers[self.unit[a]]:
                    readers[self.unit[a]].add(unit)
                    waits[unit] += 1
        ready: list[tuple[bool, int, Group | int]] = []

        def push(unit: Group | int) -> None:
            if isinstance(unit, Group):
                heapq.heappush(ready, (True, min(unit.instance), unit))
            else:
                heapq.heappush(ready, (False, unit, unit))

        for unit, count in waits.items():
            if not count:
                push(unit)
        while ready:
            unit = heapq.heappop(ready)[2]
            yield unit
            for reader in readers[unit]:
                waits[reader] -= 1
                if not waits[reader]:
                    push(reader)

    def _join(self, group: Group) -> None:
        """Join a group with those that read it, instance by instance."""
        readers = dict.fromkeys(self.unit[u] for node in group.classes[0] for u in self.users[node])
        current = group
        for reader in readers:
            if isinstance(reader, Group) and reader is not current:
                current = self._merge(current, reader) or current

    def _merge(self, group: Group, reader: Group) -> Group | None:
        """Both as one group, where the instances agree and nothing must run between them."""
        if group.count != reader.count or group.size + reader.size > BODY:
            return None
        turn: list[int] = [-1] * group.count  # of the reader's instances, in the group's
        for node, k in group.instance.items():
            for user in self.users[node]:
                if self.unit[user] is reader:
                    other = reader.instance[user]
                    if turn[other] not in (-1, k):
                        return None
                    turn[other] = k
        if sorted(turn) != list(range(group.count)):
            return None
        place = {**group.instance, **{node: turn[k] for node, k in reader.instance.items()}}
        if (
            not self._agrees(group, reader, place)
            or self._between(group, reader)
            or self._between(reader, group)
        ):
            return None
        for nodes in reader.classes:
            moved = [0] * len(nodes)
            for node in nodes:
                moved[place[node]] = node
            group.add(moved, 0)
        group.size += reader.size
        self.unit.update((node, group) for node in reader.instance)
        return group

    def _agrees(self, group: Group, reader: Group, place: dict[int, int]) -> bool:
        """Whether all that the two read of each other is of the same instance, and the same tree in every instance."""
        home = {node: k for k, nodes in enumerate([*group.classes, *reader.classes]) for node in nodes}
        for nodes in [*group.classes, *reader.classes]:
            turns = [place[node] for node in nodes]
            for column in zip(*(self.trees[node].operands for node in nodes), strict=True):
                if any(a in place for a in column) and (
                    len({home.get(a, -1) for a in column}) > 1
                    or any(place[a] != k for a, k in zip(column, turns, strict=True))
                ):
                    return False
        return True

    def _between(self, first: Group, last: Group) -> bool:
        """Whether something else reads the first and is read, directly or not, by the last."""
        seen: set[Group | int] = {first, last}
        stack: list[Group | int] = [first]
        while stack:
            unit = stack.pop()
            for node in unit.instance if isinstance(unit, Group) else (unit,):
                for user in self.users[node]:
                    other = self.unit[user]
                    if other is last and unit is not first:
                        return True
                    if other not in seen:
                        seen.add(other)
                        stack.append(other)
        return False


def _has_loop(form: tuple[object, ...]) -> bool:
    """Whether a form can be written as a loop: a table or a random number is its own piece of code."""
    heads = [part[0] for part in form if isinstance(part, tuple)]
    return all(head in OPERATIONS for head in heads)
