"""Packages in the same worlds: a whole generation, every draw and every path, as one batch of the kernel.

In come scenarios; out come, for each of them and each world, the paired differences from the base and what it costs. A
world in which the base fails is left out for all; one in which a package fails makes that package unusable, and is
counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.optimisation.outcomes import Objective
from sd_covid.errors import RunError
from sd_covid.policy.comparison.adaptive import adaptive
from sd_covid.policy.comparison.levels import element
from sd_covid.policy.comparison.measures import Points
from sd_covid.policy.comparison.run import overruled, stepping
from sd_covid.policy.comparison.spending import cost_years, nominal_cost
from sd_covid.policy.paths import AssumptionPath
from sd_covid.policy.saved_points import dates_of
from sd_covid.policy.scenario import Scenario, under
from sd_covid.policy.study import Study
from sd_covid.policy.types import Floats, Simulator

if TYPE_CHECKING:
    import xarray as xr

#: Members of one call of the engine: enough to fill its lanes, few enough to keep their paths in memory.
_CHUNK = 4096
#: Constants that some packages set and others do not: of later periods, of targets, of triggers.
_OPTIONAL = re.compile(r".*\(step \d+( from| factor)?\)(\[.*\])?|.* trigger (on|threshold|side|wait|lasts)")


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds in which packages are compared.

    Attributes
    ----------
    draws : DataFrame, shape (draw, constant)
    paths : tuple of AssumptionPath or None
        Each holds in every draw; None is the base path.
    seed : int
        Of the model's random numbers.
    """

    draws: pd.DataFrame
    paths: tuple[AssumptionPath | None, ...] = (None,)
    seed: int = 0

    @property
    def count(self) -> int:
        """Draws times paths."""
        return len(self.draws) * len(self.paths)


@dataclass(frozen=True, slots=True)
class Scored:
    """Packages in the same worlds, path after path.

    Attributes
    ----------
    differences : ndarray, shape (package, objective, world)
        From the base, in the objective's unit; NaN where a run failed.
    cost : ndarray, shape (package, world)
        Beyond the base: present value, million euro; without what has no price.
    by_year : ndarray, shape (package, year)
        Beyond the base: million euro, nominal, mean over worlds.
    failed : ndarray of int, shape (package,)
        Worlds in which a run of the package failed.
    """

    differences: Floats
    cost: Floats
    by_year: Floats
    failed: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Levels:
    """What was read off the runs of some scenarios: (scenario, objective, world) and (scenario, world, year)."""

    outcomes: Floats
    spending: Floats


@dataclass(slots=True)
class Evaluator:
    """Runs scenarios in worlds.

    Attributes
    ----------
    simulation : Simulator
        With every trigger and dated sequence that a scenario may have; see `ready`.
    study : Study
    base : Scenario
    objectives : tuple of Objective
    worlds : Worlds
    runs : int
        How many were made.
    sound : ndarray of bool, shape (world,)
        In which the base did not fail.
    """

    simulation: Simulator
    study: Study
    base: Scenario
    objectives: tuple[Objective, ...]
    worlds: Worlds
    runs: int = 0
    sound: NDArray[np.bool_] = field(init=False)
    _reference: _Levels = field(init=False)

    def __post_init__(self) -> None:
        """Run the base.

        Raises
        ------
        RunError
            When it fails in every world.
        """
        levels = self._levels([self.base])
        self.sound = np.isfinite(levels.outcomes[0]).all(axis=0) & np.isfinite(levels.spending[0]).all(axis=1)
        if not self.sound.any():
            raise RunError("the base fails in every draw", advice="run it: sd-covid run, and see where")
        self._reference = _Levels(levels.outcomes[:, :, self.sound], levels.spending[:, self.sound])

    def score(self, scenarios: Sequence[Scenario]) -> Scored:
        """The differences of scenarios from the base, in the worlds in which it is sound.

        Raises
        ------
        UnknownNameError, RunError
            A constant that the model does not have, or an outcome outside the run.
        """
        levels = self._levels(scenarios)
        outcomes = levels.outcomes[:, :, self.sound] - self._reference.outcomes
        extra = levels.spending[:, self.sound] - self._reference.spending
        prices, years = self.study.catalogue.prices, cost_years(self.study)
        cost = np.stack([prices.present_value(item, years) for item in extra])
        for place, item in enumerate(self.objectives):
            if item.output is None:
                outcomes[:, place] = cost
        failed = ~(np.isfinite(outcomes).all(axis=1) & np.isfinite(cost))
        return Scored(outcomes, cost, extra.mean(axis=1), failed.sum(axis=1).astype(np.int64))

    def _levels(self, scenarios: Sequence[Scenario]) -> _Levels:
        """Outcomes and spending of each scenario in each world."""
        size, draws = len(scenarios), len(self.worlds.draws)
        outcomes = np.zeros((size, len(self.objectives), self.worlds.count))
        spending = np.zeros((size, self.worlds.count, len(cost_years(self.study))))
        for column, path in enumerate(self.worlds.paths):
            assumed = [item if path is None else under(item, path, self.study) for item in scenarios]
            here = slice(column * draws, (column + 1) * draws)
            for places in self._batches(assumed):
                run = self._run([assumed[place].settings for place in places])
                outcomes[places, :, here] = self._outcomes(run, len(places))
                spending[places, here] = self._spending(run, [assumed[place] for place in places])
        self.runs += size * self.worlds.count
        return _Levels(outcomes, spending)

    def _batches(self, scenarios: Sequence[Scenario]) -> Iterator[list[int]]:
        """Which scenarios go in one call: those that set the same constants; one by one where the model draws noise.

        Noise goes by the number of a member, so that only in a call of its own has a draw the same in every package.
        """
        alike: dict[frozenset[str], list[int]] = {}
        for place, item in enumerate(scenarios):
            alike.setdefault(frozenset(name for name in item.settings if not _optional(name)), []).append(
                place
            )
        noisy = bool(getattr(getattr(self.simulation, "program", None), "random", False))
        most = 1 if noisy else max(1, _CHUNK // len(self.worlds.draws))
        for places in alike.values():
            for first in range(0, len(places), most):
                yield places[first : first + most]

    def _run(self, settings: Sequence[dict[str, float]]) -> xr.Dataset:
        """The draws under each settings, one after another."""
        draws = self.worlds.draws
        names = list(dict.fromkeys(name for item in settings for name in item))
        filled = [
            {name: item[name] if name in item else self._idle(name) for name in names} for item in settings
        ]
        kept = overruled(draws, filled[0]).drop(columns=names)
        columns = {name: np.tile(kept[name].to_numpy(), len(filled)) for name in kept}
        columns |= {name: np.repeat([item[name] for item in filled], len(draws)) for name in names}
        return self.simulation.run(pd.DataFrame(columns), self._kept(), seed=self.worlds.seed)

    def _idle(self, name: str) -> float:
        """What a constant is where a package does not set it: a step that never comes, a trigger that is off."""
        value = self.simulation.constants[name]
        if np.isfinite(value):
            return value
        return (
            self.study.calendar.time(self.study.last) + 1200.0
            if name.partition("[")[0].endswith("from)")
            else 0.0
        )

    def _kept(self) -> list[str]:
        outputs = [
            output for item in self.objectives for output in (item.output, item.minus) if output is not None
        ]
        names = [output.name.partition("[")[0].strip() for output in outputs]
        levers = self.study.catalogue.levers
        counted = [name for lever in self.base.levers for name in levers[lever].cost.variables]
        return list(dict.fromkeys(names + counted))

    def _outcomes(self, run: xr.Dataset, size: int) -> Floats:
        """What objectives are read off, shape (scenario, objective, draw)."""
        time = run["time"].to_numpy().astype(np.float64)
        points = Points(time, dates_of(time, self.study.calendar), self.study.catalogue.prices)
        found = np.zeros((len(self.objectives), size * len(self.worlds.draws)))
        for row, item in zip(found, self.objectives, strict=True):
            if item.output is None:
                continue
            path = _path(run, item.output.name)
            if item.minus is not None:
                path = path - _path(run, item.minus.name)
            row[:] = points.measure(item.output, path, item.measure, item.years)
            if item.per_year and item.measure in ("total", "discounted total"):
                row /= item.years[1] - item.years[0] + 1
        return found.reshape(len(self.objectives), size, -1).swapaxes(0, 1)

    def _spending(self, run: xr.Dataset, scenarios: Sequence[Scenario]) -> Floats:
        """What the levers of each scenario cost, shape (scenario, draw, year); what has no price is left out."""
        draws, years = len(self.worlds.draws), cost_years(self.study)
        found = np.zeros((len(scenarios), draws, len(years)))
        for name in self.base.levers:
            lever = self.study.catalogue.levers[name]
            if lever.cost.rule == "spent":
                spent = nominal_cost(lever, self.base.levers[name], run, self.study)
                found += spent.reshape(len(scenarios), draws, -1)
            elif lever.cost.rule == "budget":
                for place, item in enumerate(scenarios):
                    found[place] += nominal_cost(lever, item.levers[name], run, self.study)
        return found


def ready(simulation: Simulator, scenarios: Sequence[Scenario], study: Study) -> Simulator:
    """A model in which all these scenarios, and those like them, can be run."""
    simulation = adaptive(simulation, scenarios, study.catalogue.levers)
    return stepping(simulation, [item.settings for item in scenarios])


def _optional(name: str) -> bool:
    return _OPTIONAL.fullmatch(name) is not None


def _path(run: xr.Dataset, name: str) -> Floats:
    """A variable, or an element of one, shape (member, time)."""
    base, _, wanted = name.partition("[")
    found: Any = run[base.strip()]
    return np.asarray(
        element(found, wanted.rstrip("] ")).transpose("member", "time").to_numpy(), dtype=np.float64
    )
