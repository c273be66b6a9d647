"""What interventions do in each layer: changes by draw, as means over the same span of years after their start."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.engine.simulation import Simulation
from sd_covid.marvel.beside.counterparts import Counterparts
from sd_covid.marvel.run import Runs
from sd_covid.marvel.sample import sample
from sd_covid.marvel.stability import unstable_samples
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.scenario import Scenario, with_levers
from sd_covid.policy.study import Study

Floats = NDArray[np.float64]
Pair = tuple[str, str]

_NOTHING = 1e-9  # of the level: below it a difference is rounding


@dataclass(frozen=True, slots=True)
class Effect:
    """What an intervention does to a variable, in one layer.

    Attributes
    ----------
    values : ndarray, shape (draw,)
        Mean change over the span; of a sample of classes, or of a draw of the model.
    large : float
        Size from which a change matters; infinite where nothing says from which.
    """

    values: Floats
    large: float

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """5, 50 and 95 %."""
        low, middle, high = np.quantile(self.values, [0.05, 0.5, 0.95]).tolist()
        return low, middle, high

    @property
    def none(self) -> bool:
        """Whether there is no effect at all."""
        return not self.values.any()

    @property
    def direction(self) -> int:
        """1 or -1 where nine in ten draws lie on one side of nothing; else 0."""
        low, _, high = self.quantiles
        return int(low > 0) - int(high < 0)

    @property
    def matters(self) -> bool:
        """Whether its median reaches the size that matters."""
        return abs(self.quantiles[1]) >= self.large and not self.none


def diagram_effects(runs: Runs, samples: int, seed: int, large: float) -> dict[Pair, Effect]:
    """What each intervention of a diagram does to each performance.

    Parameters
    ----------
    runs : Runs
        Its horizon is the span.
    samples, seed : int
    large : float
        Change on the scale of the diagram from which it has a symbol.

    Returns
    -------
    dict
        Intervention and performance -> `Effect`; samples that run away are kept out.
    """
    diagram = runs.diagram
    drawn = sample(diagram, samples, seed)
    if not runs.clipping:
        drawn = drawn.only(~unstable_samples(diagram, drawn.strength, drawn.delay))
    count = len(diagram.interventions)
    switches = np.vstack([np.zeros(count, dtype=bool), runs.singles()])
    paths = runs.paths(switches, drawn)
    paths = paths[np.isfinite(paths).all(axis=(1, 2, 3))]
    means = _mean_over(runs.times, paths[:, 1:] - paths[:, :1])
    means[np.abs(means) < _NOTHING] = 0.0
    return {
        (item.id, goal.id): Effect(means[:, i, p], large)
        for i, item in enumerate(diagram.interventions)
        for p, goal in enumerate(diagram.performances)
    }


def model_effects(
    simulation: Simulation,
    reference: Scenario,
    draws: pd.DataFrame,
    counterparts: Counterparts,
    study: Study,
    years: float,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Pair, Effect]:
    """What each lever of the model does to each output, by draw, on the same draws with it and without.

    Parameters
    ----------
    simulation : Simulation
    reference : Scenario
        On top of which levers are set.
    draws : DataFrame
        One row a draw, columns constants.
    counterparts : Counterparts
    study : Study
    years : float
        The span after the start of a lever; cut off where the run ends.
    progress : callable, optional

    Returns
    -------
    dict
        Intervention and variable -> `Effect`, of those that have a lever and an output; as the variable of the diagram
        moves. Draws that are not finite in one of two runs are kept out.
    """
    measures = {name: item for name, item in counterparts.measures.items() if item.done}
    found = {name: item for name, item in counterparts.variables.items() if item.output is not None}
    scenarios: dict[str, Scenario] = {}
    sides: dict[str, tuple[str, str]] = {}
    for name, measure in measures.items():
        sides[name] = (
            _added(scenarios, reference, measure.without, study),
            _added(scenarios, reference, measure.done, study),
        )
    outputs = list(
        {item.output.name: item.output for item in found.values() if item.output is not None}.values()
    )
    ran = run_scenarios(
        simulation, list(scenarios.values()), draws, outputs, study=study, costs=False, progress=progress
    )
    places = {item.id: place for place, item in enumerate(ran.scenarios)}
    effects = {}
    for name, (without, done) in sides.items():
        start = min(study.calendar.time(item.start) for item in measures[name].done.values())
        span = (ran.time >= start - 1e-9) & (ran.time <= start + 12 * years + 1e-9)
        for variable, counterpart in found.items():
            assert counterpart.output is not None
            levels = ran.levels[ran.output(counterpart.output.name).name]
            before, after = levels[places[without]][:, span], levels[places[done]][:, span]
            sound = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
            change = _mean_over(ran.time[span], (after - before)[sound])
            size = float(np.abs(before[sound]).max()) if sound.any() else 0.0
            change = np.where(np.abs(change) <= _NOTHING * size, 0.0, change)
            large = counterpart.output.relevance or math.inf
            effects[name, variable] = Effect(counterpart.direction * change, large)
    return effects


def _added(
    scenarios: dict[str, Scenario], reference: Scenario, levers: Mapping[str, LeverSetting], study: Study
) -> str:
    """The id of a scenario with these settings, which is run once however often it is asked for."""
    made = with_levers(reference, levers, study)
    for name, other in scenarios.items():
        if other.settings == made.settings:
            return name
    name = f"{reference.id}-{len(scenarios) + 1}"
    scenarios[name] = replace(made, id=name)
    return name


def _mean_over(times: Floats, values: Floats) -> Floats:
    """The mean over the last axis, by the trapezoidal rule."""
    return np.asarray(np.trapezoid(values, times, axis=-1) / (times[-1] - times[0]))
