"""Links of a causal diagram, tried in the model: whether the effect moves the way its sign says.

In go the links of ``links.csv`` and a model; out comes for each link which way its effect moved when its cause was
nudged. The nudge is added to the cause from a moment on (a stock is moved within one unit of time), all else being as
it was, and what counts is the largest change of the effect until the horizon. All links are members of one batch.

The constants of each link are raised by a tenth: they should move the effect the way of the link. Those that act on a
deviation from the start move it the other way while the deviation is negative, and a duration has no direction that a
sign could tell. Where a cause is at rest in its sector alone, so that no constant of the link can show, it is nudged
first.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from sd_covid.analysis.passport.handles import NUDGE_END, NUDGE_START, by_itself, nudge_of, with_nudges
from sd_covid.data.tables import Line, read_lines
from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.layout.parts import is_stock
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from sd_covid.engine.simulation import Simulation

FILE = "links.csv"
COLUMNS = ("id", "from", "to", "sign", "constants", "delay", "sector", "status", "note")
NUDGE, RAISE = 0.01, 0.1
#: Below this share of its size a variable did not move: sums of a run round at about 1e-13.
STILL = 1e-11
Verdict = Literal["as stated", "other way", "still"]
Reason = Literal["as stated", "nudged", "deviation", "duration", "zero", "still", "other way"]


@dataclass(frozen=True, slots=True)
class Link:
    """A causal link.

    Attributes
    ----------
    id : str
    cause, effect : str
        Variables, by name.
    sign : int
        1 or -1.
    constants : tuple of str
        Those that set its strength or its lag.
    sector : str
    modelled : bool
        Whether it is in the model; else `note` says why not.
    note : str
    line : Line
    """

    id: str
    cause: str
    effect: str
    sign: int
    constants: tuple[str, ...]
    sector: str
    modelled: bool
    note: str
    line: Line


@dataclass(frozen=True, slots=True)
class Tried:
    """A link as it was tried.

    Attributes
    ----------
    link : Link
    verdict : {'as stated', 'other way', 'still'}
    elasticity : float
        Largest relative change of the effect per relative nudge of the cause.
    time : float
        When that was.
    against : tuple of str
        Elements of the effect that moved the other way.
    """

    link: Link
    verdict: Verdict
    elasticity: float
    time: float
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Raised:
    """A constant of a link, raised by a tenth."""

    link: Link
    constant: str
    reason: Reason
    change: float


def read_links(path: Path, model: Model) -> list[Link]:
    """The links of a model.

    Parameters
    ----------
    path : Path
        A table with the columns `COLUMNS`. Links of other sectors are left out.
    model : Model
        One sector, by whose name its links are found.

    Raises
    ------
    DataError
        For a sign, status, variable or constant that there is not; with file and line.
    """
    lines = [line for line in read_lines(path, COLUMNS) if line["sector"] == model.name]
    seen: set[str] = set()
    links = []
    for line in lines:
        if line["id"] in seen:
            raise line.error("id", f"a second link '{line['id']}' in one sector", "give it another id")
        seen.add(line["id"])
        modelled = line.choice("status", ("modelled", "left out")) == "modelled"
        if not modelled and not line["note"]:
            raise line.error("note", "a link that is left out needs a reason", "write it in 'note'")
        sign = {"+": 1, "-": -1}[line.choice("sign", ("+", "-"))]
        constants = tuple(item.strip() for item in line["constants"].split(";") if item.strip())
        if modelled:
            for column, name in (("from", line["from"]), ("to", line["to"])):
                _known(line, column, name, model)
            for name in constants:
                _known(line, "constants", name, model)
        links.append(
            Link(
                line["id"],
                line["from"],
                line["to"],
                sign,
                constants,
                line["sector"],
                modelled,
                line["note"],
                line,
            )
        )
    return links


def _known(line: Line, column: str, name: str, model: Model) -> None:
    """Raise for a name that is no variable of the model."""
    if key(name) not in model.variables or model.variables[key(name)].equations[0].kind is Kind.LOOKUP:
        near = suggest(name, [item.name for item in model.variables.values()])
        raise line.error(column, f"'{name}' is not a variable of {model.name}", near or "name a variable")


def batch_of(simulation: Simulation, rows: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """A batch from what each member sets; what it does not set is as in the model."""
    frame = pd.DataFrame([dict(row) for row in rows], dtype=np.float64)
    defaults = {
        str(name): simulation.constants[simulation.names.spell(simulation.names.constants(str(name))[0])]
        for name in frame
    }
    return frame.fillna(defaults)


class Trial:
    """Links of one model, tried together.

    Parameters
    ----------
    simulation : Simulation
    links : sequence of Link
        Those that are not modelled are left out.
    moment, horizon : float
        When the causes are nudged, and how long the effects are looked at.
    """

    def __init__(self, simulation: Simulation, links: Sequence[Link], moment: float, horizon: float) -> None:
        from sd_covid.engine.simulation import Simulation

        self._plain, self._moment, self._horizon = simulation, moment, horizon
        self._links = [link for link in links if link.modelled]
        self._causes = {key(link.cause): simulation.model.variable(link.cause).name for link in self._links}
        self._model = Simulation(with_nudges(simulation.model, self._causes))
        self._rows: list[dict[str, float]] = []

    def run(self) -> tuple[list[Tried], list[Raised]]:
        """Nudge every cause, raise every constant."""
        if not self._links:
            return [], []
        names = {key(n): self._plain.model.variable(n).name for k in self._links for n in (k.cause, k.effect)}
        base = self._plain.run(outputs=list(names.values()), until=self._moment + self._horizon)
        tenth = [(link, name) for link in self._links for name in link.constants]
        rows = [{NUDGE_START: self._moment}]
        rows += [{NUDGE_START: self._moment, **self._nudge(link.cause, base)} for link in self._links]
        raises = [self._raise(link, name) for link, name in tenth]
        rows += [{NUDGE_START: self._moment, **setting} for setting in raises]
        rows += [
            {NUDGE_START: self._moment, **self._nudge(link.cause, base), **setting}
            for (link, _), setting in zip(tenth, raises, strict=True)
        ]
        runs = self._model.run(
            batch_of(self._model, rows), outputs=list(names.values()), until=self._moment + self._horizon
        )
        tried = [self._tried(link, runs, member) for member, link in enumerate(self._links, start=1)]
        start = 1 + len(self._links)
        place = {link.id: member for member, link in enumerate(self._links, start=1)}
        raised = [
            self._raised(link, name, runs, (place[link.id], member, member + len(tenth)))
            for member, (link, name) in enumerate(tenth, start=start)
        ]
        return tried, raised

    def _nudge(self, cause: str, base: xr.Dataset) -> dict[str, float]:
        """Constants that nudge a variable by a share of the size that each element has."""
        variable = self._plain.model.variable(cause)
        handle = nudge_of(variable.name)
        sizes = _by_cell(base[variable.name], self._moment)
        largest = max((float(np.abs(course).max()) for course in sizes.values()), default=0.0)
        # a stock gathers the nudge, and so gets it for one unit of time
        found = {NUDGE_END: self._moment + 1} if is_stock(variable) else {}
        for elements, course in sizes.items():
            size = float(np.abs(course).max()) or largest or 1.0
            name = f"{handle}[{','.join(elements)}]" if elements else handle
            found[name] = NUDGE * size
        return found

    def _raise(self, link: Link, constant: str) -> dict[str, float]:
        """Constants that raise one by a tenth, element by element."""
        variable = self._plain.model.variable(constant)
        name = by_itself(variable.name) if variable.key in self._causes else variable.name
        try:
            cells = self._model.names.constants(name)
        except UnknownNameError as error:
            raise link.line.error("constants", error.reason, error.advice or "name a constant") from error
        spelled = [self._model.names.spell(cell) for cell in cells]
        return {name: self._model.constants[name] * (1 + RAISE) for name in spelled}

    def _tried(self, link: Link, runs: xr.Dataset, member: int) -> Tried:
        change, time, against = _largest_change(
            runs[self._name(link.effect)], member, self._moment, link.sign
        )
        verdict: Verdict = "still" if change == 0 else "as stated" if change * link.sign > 0 else "other way"
        return Tried(link, verdict, change / NUDGE, time, against)

    def _raised(self, link: Link, constant: str, runs: xr.Dataset, members: tuple[int, int, int]) -> Raised:
        """What a constant does; members: of the nudge alone, of the constant alone, and of both."""
        nudged, alone, both = members
        effect = runs[self._name(link.effect)]
        change, time, _ = _largest_change(effect, alone, -np.inf, link.sign)
        unit = self._plain.model.variable(constant).units.strip().casefold()
        reason: Reason
        if not any(self._raise(link, constant).values()):
            reason = "zero"
        elif change * link.sign > 0:
            reason = "as stated"
        elif change and change * link.sign * _deviation(runs[self._name(link.cause)], time) > 0:
            reason = "deviation"
        else:
            reason = "nudged"
            if not change:
                change, _, _ = _largest_change(effect, both, -np.inf, link.sign, beside=nudged)
            if change * link.sign <= 0:
                reason = "still" if not change else "duration" if unit == self._time_unit else "other way"
        return Raised(link, self._plain.model.variable(constant).name, reason, change)

    @property
    def _time_unit(self) -> str:
        return self._plain.model.variables["time step"].units.strip().casefold()

    def _name(self, name: str) -> str:
        return self._plain.model.variable(name).name


def _by_cell(course: xr.DataArray, start: float = -np.inf) -> dict[tuple[str, ...], NDArray[np.float64]]:
    """The course of each element from a time on, by its subscripts; the last axis is time."""
    whole = course if "time" in course.dims else course.expand_dims(time=1)
    if "time" in course.dims:
        whole = whole.sel(time=slice(start, None))
    subscripts = [dim for dim in whole.dims if dim not in ("time", "member")]
    leading = ["member"] if "member" in whole.dims else []
    values = np.asarray(whole.transpose(*leading, *subscripts, "time"))
    values = values.reshape(*(whole.sizes[dim] for dim in leading), -1, whole.sizes["time"])
    cells = itertools.product(*(map(str, np.asarray(whole[dim])) for dim in subscripts))
    return {cell: values[..., position, :] for position, cell in enumerate(cells)}


def _largest_change(
    runs: xr.DataArray, member: int, start: float, sign: int, beside: int = 0
) -> tuple[float, float, tuple[str, ...]]:
    """Largest change of an effect from another member, elements counted by their size: size, time, who differs."""
    times = np.asarray(runs["time"].sel(time=slice(start, None)))
    total, against = np.zeros(len(times)), []
    cells = _by_cell(runs, start)
    for elements, course in cells.items():
        size = float(np.abs(course[0]).max()) or 1.0
        change = (course[member] - course[beside]) / size
        total += change / len(cells)
        largest = float(change[np.abs(change).argmax()])
        if abs(largest) > STILL and largest * sign < 0:
            against.append(",".join(elements))
    at = int(np.abs(total).argmax())
    largest = float(total[at])
    return (largest if abs(largest) > STILL else 0.0), float(times[at]), tuple(against)


def _deviation(runs: xr.DataArray, time: float) -> float:
    """Whether a cause lies below (-1) or above its value at the start at a time, its elements counted by their size."""
    total = 0.0
    for course in _by_cell(runs).values():
        size = float(np.abs(course[0]).max()) or 1.0
        at = int(np.searchsorted(np.asarray(runs["time"]), time)) if "time" in runs.dims else 0
        total += (course[0][at] - course[0][0]) / size
    return float(np.sign(total))
