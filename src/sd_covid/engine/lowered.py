"""A model that is lowered, and what a request means in it: names, constants, members, instants."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine import interpret
from sd_covid.engine.graph.subscripts import Cell, Subscripts
from sd_covid.engine.lower.free import Free
from sd_covid.engine.lower.model import CONTROL, lower
from sd_covid.engine.lower.naming import Names
from sd_covid.engine.results import model_hash
from sd_covid.engine.run.clock import moving_grid
from sd_covid.engine.run.kernel import Members
from sd_covid.engine.time.timegrid import TimeGrid, steps_of, time_grid
from sd_covid.errors import RunError
from sd_covid.model.structure import Kind, Method, Model

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.engine.run.snapshot import Snapshot


class Lowered:
    """A model as a program, with the names by which its constants and outputs are asked for.

    Parameters
    ----------
    model : Model
    free : Free
        What can be set beyond the constants of the file.

    Attributes
    ----------
    model : Model
    program : Program
    names : Names
    constants : dict of str to float
        Every settable constant in the model's spelling, ``name`` or ``name[Element A,Element B]``, with its
        value in the file.
    """

    def __init__(self, model: Model, free: Free) -> None:
        self.model = model
        self._free = free
        self.program = lower(model, free)
        self.subscripts = Subscripts(model)
        self._cells = [p.cell for p in self.program.parameters]
        self.names = Names(model, self.subscripts, self.program.parameters)
        self._number = {cell: k for k, cell in enumerate(self._cells)}
        self.constants: dict[str, float] = {
            self.names.spell(p.cell): p.default for p in self.program.parameters
        }

    @property
    def opened(self) -> Free:
        """What `free` has made settable: with the model it makes the same simulation in another process."""
        return self._free

    @functools.cached_property
    def fingerprint(self) -> str:
        """What the model means, as a hash; results carry it as ``model_hash``."""
        return model_hash(self.model, self.program)

    def grid(self, parameters: Mapping[str, float] | None = None) -> TimeGrid:
        """The instants of a run.

        Raises
        ------
        UnknownNameError, RunError
            As for `run`.
        """
        return self._grid(self._members(parameters, 0, 0), 1e8)

    @property
    def all_outputs(self) -> list[str]:
        """What a run keeps when nothing is asked for, in the order of the model."""
        return list(self._all)

    def moves(self, name: str) -> bool:
        """Whether a variable can differ between the instants of a run: not when it follows from constants alone."""
        kinds = {self.program.step.nodes[self.program.cells[cell]][0] for cell in self.names.cells(name)}
        return not kinds <= {"constant", "number"}

    def _columns(self, outputs: Sequence[str] | None) -> dict[str, list[Cell]]:
        return self._all if outputs is None else {name: self.names.cells(name) for name in outputs}

    @functools.cached_property
    def _all(self) -> dict[str, list[Cell]]:
        """What a run keeps when nothing is asked for."""
        return {
            v.name: self.names.cells(v.name)
            for v in self.model.variables.values()
            if v.equations[0].kind is not Kind.LOOKUP and not v.local
        }

    def _one_cell(self, name: str) -> Cell:
        cells = self.names.cells(name)
        if len(cells) > 1:
            raise RunError(
                f"'{name}' has {len(cells)} elements",
                advice=f"name one, such as '{self.names.spell(cells[0])}'",
                variable=name,
            )
        return cells[0]

    def _settings(
        self, parameters: Mapping[str, float] | pd.DataFrame | None
    ) -> tuple[NDArray[np.float64], dict[int, NDArray[np.float64]], int]:
        """The constants of all members: one value each, or a row for those that vary."""
        import pandas as pd

        uniform, varying = self.program.defaults, dict[int, NDArray[np.float64]]()
        frame = parameters if isinstance(parameters, pd.DataFrame) else None
        if frame is not None and not len(frame):
            raise RunError("a batch without rows", advice="give at least one member")
        names = list(frame.columns) if frame is not None else list(parameters or {})
        for name in names:
            values = np.atleast_1d(
                numbers_of(str(name), frame[name] if frame is not None else (parameters or {})[name])
            )
            for cell in self.names.constants(str(name)):
                number = self._number[cell]
                if frame is None or (values == values[0]).all():
                    uniform[number] = values[0]
                else:
                    varying[number] = values
        return uniform, varying, len(frame) if frame is not None else 1

    def _members(
        self, parameters: Mapping[str, float] | pd.DataFrame | None, seed: int, first_member: int
    ) -> Members:
        uniform, varying, count = self._settings(parameters)
        return Members(uniform, varying, count, 1, seed, first_member)

    def _grid(self, members: Members, max_steps: float) -> TimeGrid:
        if self.program.clock is not None:
            if self.program.method is Method.ADAPTIVE:
                raise RunError(
                    "time bounds that move need a method with fixed steps", advice="choose euler, rk2 or rk4"
                )
            return moving_grid(self.program, members, max_steps)
        nodes = [self.program.control[name] for name in CONTROL]
        values = interpret.at_start(self.program, members, nodes)
        for name, row in zip(CONTROL, values, strict=True):
            if (row != row[0]).any():
                raise RunError(
                    f"{name.upper()} differs between members", advice="run these members as separate batches"
                )
        initial, final, step, saveper = (float(row[0]) for row in values)
        return time_grid(initial, final, step, saveper, max_steps)

    def _window(self, grid: TimeGrid, until: float | None, start: Snapshot | None) -> TimeGrid:
        """The part of a run from a snapshot to an instant."""
        begin = 0 if start is None else start.step
        last = grid.steps if until is None else int(steps_of(np.array([until]), grid)[0])
        if not begin <= last:
            raise RunError(
                f"time {grid.times(np.array(last)):g} lies before the snapshot's {grid.times(np.array(begin)):g}",
                advice="stop later, or take an earlier snapshot",
            )
        return replace(grid, steps=last, begin=begin)


def numbers_of(name: str, values: Any) -> NDArray[np.float64]:
    """Values of a constant as finite doubles, or an error that names it."""
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise RunError(f"'{name}' is given a value that is not a number", variable=name) from error
    if not np.isfinite(found).all():
        raise RunError(f"'{name}' is given a value that is not finite", variable=name)
    return found
