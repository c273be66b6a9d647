"""Which element of a subscript range goes with which of another: mappings, copies and subranges.

In go the dimensions of a model; out comes, for an element of a range on the left side, the element of a range on the
right. A mapping ``F -> D`` lets ``F`` stand where ``D`` is on the left; it is followed backwards, on to a third range,
and from a range to one that it is a part of, where there is nothing nearer.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from sd_covid.model.names import key
from sd_covid.model.structure import Dimension

_ALONG, _BACK, _PART = 1, 2, 10  # what a step costs: a mapping is nearer than a part of a range


class Mappings:
    """The mappings among the dimensions of a model.

    Parameters
    ----------
    dimensions : mapping of str to Dimension
        By key.
    """

    def __init__(self, dimensions: Mapping[str, Dimension]) -> None:
        self.elements = {
            name: tuple(key(element) for element in dimension.elements)
            for name, dimension in dimensions.items()
        }
        self._sets = {name: frozenset(elements) for name, elements in self.elements.items()}
        self._repeats = {
            name for name, elements in self.elements.items() if len(self._sets[name]) < len(elements)
        }
        # (range, element) -> what it is mapped to, and what is mapped to it
        self._along: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._back: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for name, dimension in dimensions.items():
            for target, members in dimension.mappings.items():
                for element, member in zip(self.elements[name], members, strict=False):
                    self._join(name, element, target, self._targets(target, member))
        self._found: dict[tuple[str, str, str], str | None] = {}
        self._linked: dict[str, list[str]] = {}

    def _targets(self, target: str, member: str) -> tuple[str, ...]:
        """The elements that a name in a mapping stands for."""
        inside = self._sets.get(target, frozenset())
        return (key(member),) if key(member) in inside else self.elements.get(key(member), (key(member),))

    def _join(self, name: str, element: str, target: str, targets: tuple[str, ...]) -> None:
        for other in targets:
            # where `target` is on the left and `name` on the right, `other` there means `element` here
            self._along.setdefault((target, other), []).append((name, element))
        if len(targets) == 1 and name not in self._repeats:
            self._back.setdefault((name, element), []).append((target, targets[0]))

    def element(self, binding: Mapping[str, str], name: str) -> str | None:
        """The element that a range not on the left side stands for.

        Parameters
        ----------
        binding : mapping of str to str
            Element for each range on the left side, by key.
        name : str
            Key of the range on the right.

        Returns
        -------
        str or None
            None when no range on the left is mapped to it, and not exactly one of them shares its element with it.
        """
        for left, element in binding.items():
            if left in self.elements:
                found = self._route(left, element, name)
                if found is not None:
                    return found
        shared = {
            element
            for left, element in binding.items()
            if left in self.elements and element in self._sets[name] and self._nested(left, name)
        }
        return shared.pop() if len(shared) == 1 else None

    def _nested(self, first: str, second: str) -> bool:
        """Whether one of two ranges holds all elements of the other."""
        a, b = self._sets[first], self._sets[second]
        return a <= b or b <= a

    def _route(self, left: str, element: str, name: str) -> str | None:
        """The element of a range nearest to one of another, over at least one mapping."""
        asked = (left, element, name)
        if asked not in self._found:
            self._found[asked] = self._search(left, element, name)
        return self._found[asked]

    def _search(self, left: str, element: str, name: str) -> str | None:
        if not self._along and not self._back:
            return None
        queue = [(0, False, left, element)]
        seen: set[tuple[bool, str, str]] = set()
        while queue:
            cost, mapped, dimension, at = heapq.heappop(queue)
            if mapped and dimension == name:
                return at
            if (mapped, dimension, at) in seen:
                continue
            seen.add((mapped, dimension, at))
            for step, by_mapping, following, reached in self._steps(dimension, at):
                heapq.heappush(queue, (cost + step, mapped or by_mapping, following, reached))
        return None

    def _steps(self, dimension: str, element: str) -> Iterator[tuple[int, bool, str, str]]:
        for other, reached in self._along.get((dimension, element), ()):
            yield _ALONG, True, other, reached
        for other, reached in self._back.get((dimension, element), ()):
            yield _BACK, True, other, reached
        for other in self._related(dimension):
            if element in self._sets[other]:
                yield _PART, False, other, element

    def _related(self, dimension: str) -> list[str]:
        """Ranges that hold this one, or are part of it."""
        if dimension not in self._linked:
            self._linked[dimension] = [
                other for other in self.elements if other != dimension and self._nested(dimension, other)
            ]
        return self._linked[dimension]
