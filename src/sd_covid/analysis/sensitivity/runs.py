"""The runs of a design: every row in every scenario, kept as the numbers that are taken apart.

In go a plan and the constants of its rows; out come outcomes and paths by row, and which rows failed. Rows run in
batches, and of a batch nothing stays but these numbers: a design of fifty thousand rows fits in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.plan import SensitivityPlan
from sd_covid.engine.run.ensemble import memory_limit, refuse_too_large
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.draws import draws_hash
from sd_covid.policy.comparison.run import run_scenarios, stepping
from sd_covid.policy.comparison.scenarios import Comparison, Failure, Provenance
from sd_covid.policy.types import Floats

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]

#: Rows of a batch: enough to fill the engine's lanes and threads.
_BATCH = 1024
#: A spread below this part of the level is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Runs:
    """What the rows of a design came to.

    Attributes
    ----------
    outcomes : ndarray, shape (row, outcome)
        NaN in rows that failed.
    paths : ndarray of float32, shape (row, path, time)
        Differences or levels over time, counted from `origin`, so that single precision is as fine as the spread needs.
    origin : ndarray, shape (path, time)
        Those of the first sound row.
    noise, path_noise : ndarray, shape (outcome,), (path, time)
        The spread that rounding alone can make.
    sound : ndarray of bool, shape (row,)
    outputs : tuple of Output
        With their units.
    time : ndarray, shape (time,)
        Model time of the moments of `paths`.
    date : ndarray of datetime64[D], shape (time,)
    failures : tuple of Failure
        Members are rows.
    provenance : Provenance
    """

    outcomes: Floats
    paths: NDArray[np.float32]
    origin: Floats
    noise: Floats
    path_noise: Floats
    sound: NDArray[np.bool_]
    outputs: tuple[Output, ...]
    time: Floats
    date: NDArray[np.datetime64]
    failures: tuple[Failure, ...]
    provenance: Provenance


def run_rows(plan: SensitivityPlan, frame: pd.DataFrame, progress: Progress | None = None) -> Runs:
    """Run rows in every scenario of a plan.

    Parameters
    ----------
    plan : SensitivityPlan
    frame : DataFrame, shape (row, constant)
    progress : callable, optional
        Called with runs done and runs in all.

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        As `run_scenarios`.
    """
    simulation = stepping(plan.simulation, [scenario.settings for scenario in plan.scenarios])
    ids = [scenario.id for scenario in plan.scenarios]
    total = len(frame) * len(ids)
    sound = np.zeros(len(frame), dtype=np.bool_)
    outcomes = np.full((len(frame), len(plan.outcomes)), np.nan)
    noise = np.full(len(plan.outcomes), _ROUNDING)
    paths = _Paths(plan, len(frame))
    failures: list[Failure] = []
    for first in range(0, len(frame), _BATCH):
        rows = slice(first, min(first + _BATCH, len(frame)))

        def report(done: int, all_: int, before: int = first * len(ids)) -> None:
            if progress is not None:
                progress(before + done, total)

        compared = run_scenarios(
            simulation,
            plan.scenarios,
            frame.iloc[rows],
            plan.outputs,
            study=plan.study,
            drawn_from=plan.drawn_from,
            seed=plan.seed,
            progress=report,
            first_member=first,
            costs=False,
        )
        failures += compared.failures
        sound[rows] = good = compared.sound(*ids)
        for position, outcome in enumerate(plan.outcomes):
            asked = outcome.measure, outcome.years, good
            mine = compared.of_members(outcome.output, outcome.scenario, *asked)
            theirs = compared.of_members(outcome.output, compared.reference, *asked)
            outcomes[rows, position][good] = mine - theirs
            noise[position] = max(noise[position], _rounding([mine, theirs]))
        paths.take(compared, rows, good)
    return Runs(
        outcomes=outcomes,
        paths=paths.kept,
        origin=paths.origin,
        noise=noise,
        path_noise=paths.noise,
        sound=sound,
        outputs=compared.outputs,
        time=compared.time[paths.moments],
        date=compared.date[paths.moments],
        failures=tuple(failures),
        provenance=replace(compared.provenance, draws_hash=draws_hash(frame)),
    )


def _rounding(levels: Sequence[Floats]) -> float:
    """The spread that rounding can make in a difference of levels."""
    return _ROUNDING * max(float(np.abs(level).max(initial=0.0)) for level in levels)


class _Paths:
    """Paths of a plan, filled batch by batch."""

    def __init__(self, plan: SensitivityPlan, rows: int) -> None:
        self._over = plan.over_time
        self._rows = rows
        self.moments = slice(0, 0)
        self.kept = np.zeros((rows, 0, 0), dtype=np.float32)
        self.origin = self.noise = np.zeros((0, 0))
        self._placed = False

    def take(self, compared: Comparison, rows: slice, good: NDArray[np.bool_]) -> None:
        """Keep the paths of a batch; `good` says which of its members are sound."""
        if self._over is None:
            return
        if not self.kept.shape[2]:
            self.moments = slice(0, None, self._over.every)
            shape = len(self._over.outputs), len(compared.time[self.moments])
            refuse_too_large(4.0 * self._rows * shape[0] * shape[1], memory_limit(None))
            self.kept = np.full((self._rows, *shape), np.nan, dtype=np.float32)
            self.origin, self.noise = np.zeros(shape), np.full(shape, _ROUNDING)
        where = {scenario.id: position for position, scenario in enumerate(compared.scenarios)}
        mine, theirs = where[self._over.scenario], where[compared.reference]
        for position, name in enumerate(self._over.outputs):
            levels = compared.levels[compared.output(name).name]
            path = levels[mine][good, self.moments]
            highest = np.abs(path).max(axis=0, initial=0.0)
            if mine != theirs:
                other = levels[theirs][good, self.moments]
                highest = np.maximum(highest, np.abs(other).max(axis=0, initial=0.0))
                path = path - other
            if not self._placed and len(path):
                self.origin[position] = path[0]
            self.noise[position] = np.maximum(self.noise[position], _ROUNDING * highest)
            self.kept[rows, position][good] = path - self.origin[position]
        self._placed = self._placed or bool(good.any())
