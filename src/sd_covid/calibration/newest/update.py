"""The stored posterior of a problem, brought up to date with figures that came later, without a new fit.

In: stored draws, and tables in which figures were added, revised or removed. Out: draws of the posterior of the tables
as they are, and an account of what moved; where the draws could not be moved well, a full fit is due.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from sd_covid.calibration.algebra import one_thread_of_algebra
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import maximise
from sd_covid.calibration.forecasts.forecast import Forecaster
from sd_covid.calibration.newest.updated import Arrival, Interval, ParameterShift, Update
from sd_covid.calibration.problem.measurements import from_registry
from sd_covid.calibration.problem.petab import Measurement, Problem
from sd_covid.calibration.samplers.annealed import Effort
from sd_covid.calibration.samplers.moved import EFFORT, Moved, move_draws
from sd_covid.calibration.samplers.paths import Bridge, unconstrained_path
from sd_covid.calibration.stored.seen import (
    Differences,
    Figure,
    Place,
    differences,
    place_of,
    record,
    seen_figures,
)
from sd_covid.calibration.stored.store import Posterior, read_posterior, tables_hash, versions
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.validity.scores import crps
from sd_covid.calibration.workflow import Step, load_problem, model_hash, posterior_file
from sd_covid.data import read_registry
from sd_covid.errors import DataError


@one_thread_of_algebra
def update(
    path: Path | str,
    *,
    simulator: Simulator | None = None,
    registry: bool = False,
    effort: Effort = EFFORT,
    seed: int = 0,
    progress: Step | None = None,
) -> Update | None:
    """Bring the stored draws of a problem up to date with its figures; nothing is written.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    simulator : Simulator, optional
        The loaded model; by default the one the problem names.
    registry : bool
        Whether figures that the series have beyond the measurement table count too; see `from_registry`.
    effort : Effort
    seed : int
    progress : callable, optional
        Called with (stage, done, total); stages are temper, best and account.

    Returns
    -------
    Update or None
        None when the draws have seen all figures already.

    Raises
    ------
    ProblemError, ModelError, RunError
    DataError
        No draws, draws of another model, or more than figures has changed.
    """

    def tell(stage: str, done: float) -> None:
        if progress is not None:
            progress(stage, round(100 * done), 100)

    on_disk, simulator = load_problem(path, simulator)
    file = posterior_file(on_disk)
    stored = read_posterior(file)
    if stored.provenance["model_hash"] != model_hash(simulator):
        reason = "the model has changed since the draws were made"
        raise DataError(reason, advice=f"a full fit is due: run sd-covid calibrate {on_disk.path}", file=file)
    seen = seen_figures(on_disk, stored, file)
    problem = from_registry(on_disk, read_registry(on_disk.folder / "series")) if registry else on_disk
    changes = differences(problem, seen, file)
    if not changes:
        return None
    tell("temper", 0.0)
    bridge = Bridge(problem, simulator, changes.removed, set(seen))
    objective = bridge.objective
    start = objective.transform.unconstrained(stored.values)
    places = np.arange(objective.dimension)
    densities = unconstrained_path(objective, bridge, start[0, 0], places)
    found = move_draws(densities, start, effort=effort, seed=seed, progress=lambda done: tell("temper", done))
    tell("best", 0.0)
    posterior = _posterior(problem, Objective(problem, simulator), stored, changes, found, seed)
    tell("best", 1.0)
    tell("account", 0.0)
    arrivals = _arrivals(problem, simulator, stored, changes, seen, seed)
    tell("account", 1.0)
    return Update(
        problem,
        posterior,
        _shifts(problem, stored, posterior, found.r_hat),
        arrivals,
        tuple(
            (item.observable, item.period)
            for item in changes.removed
            if place_of(item) not in changes.replaced
        ),
        found.spent,
        found.faults,
    )


def _posterior(
    problem: Problem,
    objective: Objective,
    stored: Posterior,
    changes: Differences,
    found: Moved,
    seed: int,
) -> Posterior:
    """The draws to be stored, with their log posterior and the best fit, climbed to from the one before."""
    chains, count, dimension = found.values.shape
    u = found.values.reshape(-1, dimension)
    values = objective.transform.natural(u)
    frame = pd.DataFrame(values, columns=objective.names)
    frame.insert(0, "chain", np.repeat(np.arange(chains), count))
    frame.insert(1, "draw", np.tile(np.arange(count), chains))
    frame.insert(2, "log_posterior", found.log_density.ravel() - objective.transform.density(u)[2])
    before = stored.provenance["best"]
    best, _ = maximise(objective, np.array([before[name] for name in objective.names]))
    step = {
        "from": stored.provenance["data_hash"],
        "added": len(changes.added),
        "removed": len(changes.removed),
        "stages": len(found.spent.stages),
        "families": found.spent.families,
    }
    provenance = {
        **stored.provenance,
        "best": dict(zip(objective.names, best.tolist(), strict=True)),
        "data_hash": tables_hash(problem),
        **record(problem),
        "updates": [*stored.provenance.get("updates", []), step],
        "seed": seed,
        "versions": versions(),
    }
    return Posterior(frame, provenance)


def _arrivals(
    problem: Problem,
    simulator: Simulator,
    stored: Posterior,
    changes: Differences,
    seen: tuple[Figure, ...],
    seed: int,
) -> tuple[Arrival, ...]:
    """Every figure that is new, beside what the draws said of it when they had not seen it."""
    names = list(stored.parameters.columns)
    draws = [dict(zip(names, row, strict=True)) for row in stored.parameters.to_numpy().tolist()]
    final = float(np.ceil(max(item.time for item in problem.measurements)))
    rng = np.random.default_rng([seed, 3])
    added: dict[tuple[str, str], dict[float, float]] = {}
    for item in changes.added:
        added.setdefault((item.observable, item.experiment), {})[item.time] = item.value
    said: dict[Place, Array] = {}
    for experiment in dict.fromkeys(key[1] for key in added):
        forecaster = Forecaster(problem, simulator, draws, final, experiment=experiment)
        for (observable, own), figures in added.items():
            if own != experiment or problem.extension.observation(observable).equivalent_to is not None:
                continue
            known = {f[2]: f[3] for f in seen if f[:2] == (observable, experiment) and f[2] not in figures}
            ends = np.array(sorted({*known, *figures}))
            series = np.array([known.get(end, math.nan) for end in ends.tolist()])
            paths = forecaster.paths(observable, ends, series, rng).path
            said |= {
                (observable, experiment, end): column
                for end, column in zip(ends.tolist(), paths.T, strict=True)
                if end in figures
            }
    return tuple(
        _arrival(problem, item, said[place_of(item)], changes.replaced.get(place_of(item), math.nan))
        for item in changes.added
        if place_of(item) in said
    )


def _arrival(problem: Problem, item: Measurement, draws: Array, earlier: float) -> Arrival:
    observable = problem.observables[item.observable]
    return Arrival(
        observable=item.observable,
        experiment=item.experiment,
        series=observable.series,
        name=observable.name,
        period=item.period or f"{item.time:g}",
        unit=observable.unit,
        earlier=earlier,
        figure=item.value,
        predicted=_interval(draws),
        percentile=float(np.mean(draws < item.value)),
        crps=float(crps(np.array([item.value]), draws[:, None])[0]),
    )


def _shifts(
    problem: Problem, stored: Posterior, posterior: Posterior, r_hat: Array
) -> tuple[ParameterShift, ...]:
    """How each parameter moved."""
    found = []
    for place, item in enumerate(problem.estimated):
        before = stored.frame[item.id].to_numpy(dtype=np.float64)
        after = posterior.frame[item.id].to_numpy(dtype=np.float64)
        sd = float(np.std(before, ddof=1))
        found.append(
            ParameterShift(
                id=item.id,
                unit=item.row.text("unit"),
                before=_interval(before),
                after=_interval(after),
                sd=sd,
                shift=float(np.median(after) - np.median(before)) / sd,
                spread=float(np.std(after, ddof=1)) / sd,
                r_hat=float(r_hat[place]),
            )
        )
    return tuple(found)


def _interval(draws: Array) -> Interval:
    low, median, high = np.quantile(draws, [0.05, 0.5, 0.95]).tolist()
    return Interval(median, low, high)
