"""What a scenario file sets, part by part, and how that lies side by side.

A layer holds what was written, with its place; it knows no base and no model. Layers that lie side by side may not
contradict one another, so that their order does not matter and groups of them may be formed at will: `join` is
associative, commutative and idempotent. How a layer is moved, scaled or targeted is `sd_covid.policy.files.reshape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sd_covid.data.keyed_yaml import Node
from sd_covid.errors import DataError
from sd_covid.policy.catalogue.levers import Step
from sd_covid.policy.catalogue.triggers import Trigger

#: What a part may be: a number, a name, a day, a level with those that follow it, steps of a constant, later periods.
Value = float | str | date | Trigger | tuple["float | Step | Later", ...]


@dataclass(frozen=True, slots=True)
class Later:
    """A later period of a lever, as it is written; None where the lever has no such part, or the base's holds."""

    start: date
    end: date
    level: float
    budget: float | None
    delivery: str | None
    target: str | None = None


class Part(NamedTuple):
    """A part of a lever, such as its end; or a constant, which has no parts.

    Attributes
    ----------
    kind : {'lever', 'constant'}
    name : str
        Id of the lever, or the constant in the model's spelling.
    part : str
        As the key under which a lever's is written; empty for a constant.
    """

    kind: str
    name: str
    part: str = ""

    def __str__(self) -> str:
        """``the end of 'now'``."""
        return f"the {self.part} of '{self.name}'" if self.part else f"'{self.name}'"


@dataclass(frozen=True, slots=True)
class Placed:
    """A value, and where it was written."""

    value: Value
    node: Node


Layer = Mapping[Part, Placed]


def join(layers: Iterable[Layer]) -> Layer:
    """Layers side by side.

    Raises
    ------
    DataError
        When two set one part differently, or one an array and the other an element of it; names both files and lines.
    """
    joined: dict[Part, Placed] = {}
    arrays: dict[str, tuple[Part, Placed]] = {}
    for layer in layers:
        for part, placed in layer.items():
            same = joined.setdefault(part, placed)
            if same.value != placed.value:
                raise _contradiction(part, placed, part, same)
            if part.kind == "constant":
                first, other = arrays.setdefault(part.name.partition("[")[0], (part, placed))
                if ("[" in first.name) != ("[" in part.name):
                    raise _contradiction(part, placed, first, other)
    return joined


def _contradiction(part: Part, placed: Placed, first: Part, other: Placed) -> DataError:
    """Two settings of one part, or of an array and of an element of it."""
    name = "" if first == part else f"{first} "
    there = f"{name}{_spelled(other.value)} at {other.node.file}:{other.node.line}"
    return placed.node.error(
        f"{part} is {_spelled(placed.value)} here and {there}",
        "let the two agree, leave one out, or put one in a scenario that extends the other",
    )


def levers_of(layer: Layer) -> list[str]:
    """The levers of which a layer sets something."""
    return list(dict.fromkeys(part.name for part in layer if part.kind == "lever"))


def _spelled(value: Value) -> str:
    """A value as a reader would write it."""
    if isinstance(value, tuple):
        return f"{value[0]:g}" if value and isinstance(value[0], float) and len(value) == 1 else "a sequence"
    if isinstance(value, Trigger):
        return f"by '{value.indicator}'"
    return f"{value:g}" if isinstance(value, float) else str(value)
