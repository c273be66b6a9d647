"""A program: what a model means, as an ``init`` and a ``step`` graph that every back end can run.

``init`` runs once for each member, from its constants; ``step`` runs at every step, from the states. A value
that depends on constants alone is computed in ``init`` and read in ``step`` as a member constant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.model.structure import DataMode, Method


class Update(StrEnum):
    """How a state goes from one step to the next."""

    FLOW = "flow"  # integrated: `next` is its net flow per unit of time
    ASSIGN = "assign"  # becomes `next` at the end of the step
    RING = "ring"  # becomes what `next` was `delay` steps ago


@dataclass(slots=True)
class State:
    """One number that is remembered from step to step.

    ``initial`` and ``steps`` are nodes of the init graph, ``next`` of the step graph; ``steps`` only for a
    ring: its length.
    """

    update: Update
    initial: int = -1
    next: int = -1
    steps: int = -1
    name: str = ""


@dataclass(frozen=True, slots=True)
class Driver:
    """A data series: the same for all members, read at each step.

    ``times`` ascending; outside them the first or last value holds, except for ``RAW`` (``:NA:`` where there
    is no point).
    """

    name: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    mode: DataMode

    def sample(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """The value at each of the given times."""
        times, values = np.asarray(self.times), np.asarray(self.values)
        near = 1e-6 * max(1.0, float(np.abs(times).max()))  # rounding in a time built as start + n * step
        if self.mode is DataMode.INTERPOLATE:
            return np.asarray(np.interp(at, times, values))
        if self.mode is DataMode.HOLD_BACKWARD:
            before = np.searchsorted(times, at + near, side="right") - 1
            return np.asarray(values[np.clip(before, 0, len(times) - 1)])
        k = np.clip(np.searchsorted(times, at - near, side="left"), 0, len(times) - 1)
        if self.mode is DataMode.LOOK_FORWARD:
            return np.asarray(values[k])
        return np.where(np.abs(times[k] - at) <= near, values[k], NOT_AVAILABLE)


class Row(StrEnum):
    """What a run whose time bounds move tells at each instant."""

    TIME = "time"  # Time itself
    FOLLOWING = "following"  # the TIME STEP of the next step


@dataclass(frozen=True, slots=True)
class ClockDriver:
    """A series that comes from the instants of a run: the same for all members."""

    name: str
    row: Row


@dataclass(frozen=True, slots=True)
class Clock:
    """What a program with moving time bounds needs; see `sd_covid.engine.run.clock`.

    Attributes
    ----------
    state : int
        Number of the state that holds TIME STEP.
    bounds : dict
        Nodes of the step graph that give ``time step``, ``final time`` and ``saveper`` now.
    """

    state: int
    bounds: dict[str, int]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A settable constant: the cell it sets, its value in the file, and its name where it is no variable's."""

    cell: Cell
    default: float
    name: str = ""


@dataclass(slots=True)
class Program:
    """A model, lowered.

    Attributes
    ----------
    parameters : list of Parameter
        The settable constants; leaf ``parameter k`` of the init graph reads the k-th.
    init, step : Graph
    constants : list of int
        Nodes of the init graph; leaf ``constant k`` of the step graph reads the k-th.
    states : list of State
    drivers : list of Driver or ClockDriver
    cells : dict
        Step-graph node of every cell of every variable.
    control : dict
        Init-graph nodes of ``initial time``, ``final time``, ``time step``, ``saveper``.
    method : Method
    origin : list of int
        In a part of a program, the number of each state in the whole.
    clock : Clock or None
        Where time bounds move; not in a part of a program.
    given : int
        Series that a run is given, which leaves read as data series after ``drivers``; see
        `sd_covid.engine.graph.apart`.
    held : list of int
        Nodes of the step graph that are computed at the first step and where the last of the given series is not 0;
        leaf ``held k`` reads the k-th.
    """

    parameters: list[Parameter] = field(default_factory=list)
    init: Graph = field(default_factory=Graph)
    step: Graph = field(default_factory=Graph)
    constants: list[int] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    drivers: list[Driver | ClockDriver] = field(default_factory=list)
    cells: dict[Cell, int] = field(default_factory=dict)
    control: dict[str, int] = field(default_factory=dict)
    method: Method = Method.EULER
    origin: list[int] = field(default_factory=list)
    clock: Clock | None = None
    given: int = 0
    held: list[int] = field(default_factory=list)

    @property
    def flows(self) -> int:
        """Number of integrated states; in a trimmed program they come first."""
        return sum(state.update is Update.FLOW for state in self.states)

    @property
    def first_ring(self) -> int:
        """Number of the first ring; in a trimmed program rings come last."""
        return len(self.states) - sum(state.update is Update.RING for state in self.states)

    @property
    def random(self) -> bool:
        """Whether anything is drawn at random."""
        return any(node[0] == "uniform" for graph in (self.init, self.step) for node in graph.nodes)

    @property
    def defaults(self) -> NDArray[np.float64]:
        """Value of each parameter in the model file, shape (parameter,)."""
        return np.array([parameter.default for parameter in self.parameters])
