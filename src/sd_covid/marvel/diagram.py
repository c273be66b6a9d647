"""An enriched causal-loop diagram as data: variables, links, interventions, and what the classes mean.

Values are on a normalised scale, times in years. What the diagram does is for `sd_covid.marvel.lower`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from sd_covid.data.text import Text
from sd_covid.model.names import key

Role = Literal["driver", "normal", "intervention point", "performance"]
Kind = Literal["additive", "control", "imposed"]
ROLES: tuple[Role, ...] = get_args(Role)
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Bounds of a delay, years.
SHORTEST, LONGEST = 1 / 365, 100.0


@dataclass(frozen=True, slots=True)
class Range:
    """A number that is known by and by: a value within bounds, triangular between them.

    Attributes
    ----------
    value, low, high : float
        ``low <= value <= high``.
    label : str
        The class that was written; empty for a number.
    """

    value: float
    low: float
    high: float
    label: str = ""

    @property
    def median(self) -> float:
        """The median of the triangle: not its value, where it reaches further to one side."""
        span, left, right = self.high - self.low, self.value - self.low, self.high - self.value
        if left >= right:
            return self.low + math.sqrt(span * left / 2)
        return self.high - math.sqrt(span * right / 2)

    def wider(self, factor: float, least: float = -math.inf) -> Range:
        """The same value with its reach to either side multiplied, and nothing below a bound."""
        low, high = (self.value + factor * (end - self.value) for end in (self.low, self.high))
        return replace(self, low=min(self.value, max(low, least)), high=high)


@dataclass(frozen=True, slots=True)
class Classes:
    """What the classes of strength, of speed and of confidence stand for.

    Attributes
    ----------
    strength : dict of str to Range
        By class: the change of the effect per change of the cause, without sign.
    speed : dict of str to Range
        By class: the mean delay, in years.
    confidence : dict of str to Range
        By class: by what the reach of strength and delay to either side is multiplied.
    """

    strength: Mapping[str, Range]
    speed: Mapping[str, Range]
    confidence: Mapping[str, Range] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the diagram.

    Attributes
    ----------
    id : str
        By which links name it; compared as names of a model are.
    label : Text
    theme : str
    start : float
        Its value in equilibrium.
    low, high : float
        Bounds of its scale, for clipping and for the score.
    role : Role
    desired : int
        1 where more of a performance is better, -1 where less is.
    weight : float
        Of a performance in the score.
    """

    id: str
    label: Text
    theme: str = ""
    start: float = 0.5
    low: float = 0.0
    high: float = 1.0
    role: Role = "normal"
    desired: int = 1
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Link:
    """One variable acting on another.

    Attributes
    ----------
    src, dst : str
        Ids of cause and effect.
    sign : int
        1 or -1.
    strength : Range
    delay : Range
        Years.
    order : int
        Stages of the delay.
    confidence : str
        A class of confidence, by which samples reach further or less far; empty for the middle.
    source : str
        As written; it does not enter the run.
    """

    src: str
    dst: str
    sign: int
    strength: Range
    delay: Range
    order: int = 1
    confidence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Intervention:
    """Something that is done to a variable.

    Attributes
    ----------
    id : str
    label : Text
    variable : str
        Id of the variable.
    kind : Kind
        ``additive``: its size is added. ``control``: the variable is steered to a level, at the speed of the
        adjustment. ``imposed``: the variable has that level, and what acts on it does not while it lasts.
    level : float
        The size of an additive one, else the level aimed at.
    start, end : float
        Years; the end may be infinite. What a control has built up stays after its end.
    ramp : float
        Years in which an additive or imposed one comes in, evenly.
    adjustment : float
        Years; of a control.
    cost : float or None
        In one unit for all of a diagram; scores are told for each unit of it.
    """

    id: str
    label: Text
    variable: str
    kind: Kind
    level: float
    start: float = 0.0
    end: float = float("inf")
    ramp: float = 0.0
    adjustment: float = 1.0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole diagram; `sd_covid.marvel.read.read_diagram` checks that it hangs together.

    Attributes
    ----------
    name : str
    variables : tuple of Variable
    links : tuple of Link
    interventions : tuple of Intervention
    classes : Classes
    path : Path or None
        Where it was read.
    """

    name: str
    variables: tuple[Variable, ...]
    links: tuple[Link, ...]
    interventions: tuple[Intervention, ...]
    classes: Classes
    path: Path | None = field(default=None, compare=False)

    @property
    def performances(self) -> tuple[Variable, ...]:
        """The variables by which interventions are judged."""
        return tuple(item for item in self.variables if item.role == "performance")

    @property
    def position(self) -> dict[str, int]:
        """Key of a variable's id -> its place among the variables."""
        return {key(item.id): place for place, item in enumerate(self.variables)}

    def reach(self, link: Link) -> tuple[Range, Range]:
        """How far strength and delay of a link may lie from their classes, given how sure its makers are.

        Bounds that were written for the link itself stand as they are: who wrote them has said how sure they are.
        """
        sure = self.classes.confidence.get(key(link.confidence))
        factor = 1.0 if sure is None else sure.value
        found = []
        for item, known, least in (
            (link.strength, self.classes.strength, 0.0),
            (link.delay, self.classes.speed, SHORTEST),
        ):
            of_class = known.get(key(item.label)) == item
            found.append(item.wider(factor, least) if of_class else item)
        return found[0], found[1]

    def ends(self) -> list[tuple[int, int]]:
        """Places of cause and effect of each link."""
        at = self.position
        return [(at[key(link.src)], at[key(link.dst)]) for link in self.links]


def spread(values: Sequence[tuple[str, float, float | None, float | None]]) -> dict[str, Range]:
    """Classes with their bounds: where none is written it is the value of the neighbour, and at the end the value.

    Parameters
    ----------
    values : sequence of (str, float, float or None, float or None)
        Class, value, and bounds if written.
    """
    ranked = sorted(value for _, value, _, _ in values)
    found = {}
    for name, value, low, high in values:
        below = [other for other in ranked if other < value]
        above = [other for other in ranked if other > value]
        lowest = low if low is not None else below[-1] if below else value
        highest = high if high is not None else above[0] if above else value
        found[key(name)] = Range(value, lowest, highest, name)
    return found
