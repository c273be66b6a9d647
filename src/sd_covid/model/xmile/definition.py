"""What the elements of an XMILE file define, before they are put into one model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from sd_covid.model.expression import NOWHERE, Expression, Place, Table
from sd_covid.model.structure import DataMode


class Shape(StrEnum):
    """How a graphical function runs between and beyond its points."""

    CONTINUOUS = "continuous"
    EXTRAPOLATE = "extrapolate"
    DISCRETE = "discrete"


@dataclass(frozen=True, slots=True)
class Graph:
    """A graphical function."""

    table: Table
    shape: Shape = Shape.CONTINUOUS


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a data variable, and how it is read between them."""

    times: tuple[float, ...]
    values: tuple[float, ...]
    mode: DataMode | None = None


@dataclass(frozen=True, slots=True)
class ElementDefinition:
    """What ``<element subscript="...">`` defines: its elements, and an equation, a graph, a series, a transit time."""

    subscripts: tuple[str, ...]
    equation: Expression | None = None
    row: tuple[Expression, ...] = ()
    initial: tuple[Expression, ...] = ()
    graph: Graph | None = None
    place: Place = NOWHERE
    series: Series | None = None
    transit_time: Expression | None = None
    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conveyor:
    """The options of a conveyor: section 4.2.1 of the standard."""

    transit_time: Expression
    capacity: Expression | None = None
    inflow_limit: Expression | None = None
    sample: Expression | None = None
    arrest: Expression | None = None
    discrete: bool = False
    exponential: bool = False
    one_at_a_time: bool = True
    batch_integrity: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Leak:
    """A leakage of a conveyor: its fraction, its zone in parts of the length from the inflow, whole units or not."""

    fraction: Expression | None
    start: float = 0.0
    end: float = 1.0
    integers: bool = False


@dataclass(slots=True)
class Definition:
    """A variable as its element says it.

    Attributes
    ----------
    kind : str
        ``stock``, ``flow``, ``aux`` or ``gf``.
    name : str
        With its modules once the model is flat.
    equation : Expression or None
        Subscripts and functions as written. For a stock, its initial value.
    row : tuple of Expression
        All that ``<eqn>`` holds: the equation, or one for each element of an array, or what fills a conveyor.
    initial : tuple of Expression
        What ``<init_eqn>`` holds.
    elements : tuple of ElementDefinition
    dimensions : tuple of str
    graph : Graph or None
    graph_name : str
        The name of its graphical function, where it has one: its own, or that of another variable's.
    inflows, outflows : tuple of str
    non_negative : bool or None
        None when the element says nothing.
    access : str
        ``input``, ``output`` or empty.
    spread : str
        Where on a conveyor an inflow is laid; empty for its beginning.
    multiplier : Expression or None
        What a flow is multiplied by on its downstream side, where units change.
    profile : Expression or None
        The graphical function by which it is laid, when ``spread`` is ``dist``.
    local : bool
        Whether it was made by the reader.
    requested_of : str
        For a variable made by the reader: the flow that it says how much is asked of.
    """

    kind: str
    name: str
    place: Place
    equation: Expression | None = None
    row: tuple[Expression, ...] = ()
    initial: tuple[Expression, ...] = ()
    elements: tuple[ElementDefinition, ...] = ()
    dimensions: tuple[str, ...] = ()
    graph: Graph | None = None
    graph_name: str = ""
    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()
    non_negative: bool | None = None
    conveyor: Conveyor | None = None
    queue: bool = False
    leak: Leak | None = None
    overflow: bool = False
    spread: str = ""
    multiplier: Expression | None = None
    profile: Expression | None = None
    units: str = ""
    limits: tuple[float | None, float | None, float | None] = (None, None, None)
    documentation: str = ""
    group: str = ""
    access: str = ""
    local: bool = False
    series: Series | None = None
    requested_of: str = ""

    def copy(self) -> Definition:
        """The same, to be changed."""
        return replace(self)


@dataclass(frozen=True, slots=True)
class Connection:
    """``<connect to= from=>``: the names as written."""

    to: str
    source: str
    place: Place


@dataclass(slots=True)
class ModuleUse:
    """``<module>``: the name here, the model that it stands for, and what is connected."""

    name: str
    model: str
    resource: str | None
    connections: list[Connection]
    place: Place


@dataclass(slots=True)
class Submodel:
    """One ``<model>``."""

    name: str
    place: Place
    definitions: list[Definition] = field(default_factory=list)
    modules: list[ModuleUse] = field(default_factory=list)


@dataclass(slots=True)
class Macro:
    """One ``<macro>``: parameters with their defaults, what it gives, and its variables."""

    name: str
    parameters: list[tuple[str, Expression | None]]
    equation: Expression
    definitions: list[Definition]
    place: Place
