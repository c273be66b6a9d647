"""Run scenarios on the same draws.

In come scenarios, a table of draws and the outputs to keep; out comes a `Comparison`. Every scenario runs every member
with the same parameters and the same random numbers, so that a difference between two scenarios is theirs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.data.text import Text
from sd_covid.engine.results import failed
from sd_covid.engine.steps import steps_among
from sd_covid.errors import RunError, ScenarioError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.policy.comparison import Comparison, Failure, Provenance
from sd_covid.policy.draws import draws_hash
from sd_covid.policy.outputs import Output
from sd_covid.policy.reduction import ByYear, Run
from sd_covid.policy.saved_points import dates_of
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.spending import cost_line
from sd_covid.policy.study import Study
from sd_covid.policy.triggers import adaptive
from sd_covid.policy.types import Floats, Simulator

if TYPE_CHECKING:
    import xarray as xr

Progress = Callable[[int, int], None]

#: Members of one call of the engine: enough to fill its lanes and threads, few enough to report progress.
_CHUNK = 1024


def run_scenarios(
    simulation: Simulator,
    scenarios: Sequence[Scenario],
    draws: pd.DataFrame,
    outputs: Sequence[Output | str],
    *,
    study: Study,
    reference: str | None = None,
    drawn_from: str = "posterior",
    seed: int = 0,
    progress: Progress | None = None,
    first_member: int = 0,
    costs: bool = True,
) -> Comparison:
    """Run scenarios on the same draws and set them beside each other.

    Parameters
    ----------
    simulation : Simulator
    scenarios : sequence of Scenario
        Read against the same `study`, with different ids.
    draws : DataFrame
        One row a member, columns are constants of the model. What a scenario sets itself overrules them.
    outputs : sequence of Output or str
        What to keep. An array without elements is kept element by element.
    study : Study
    reference : str, optional
        Id of the null alternative; the first scenario by default.
    drawn_from : str
        What the draws are, for the provenance.
    seed : int
        Of the model's random numbers.
    progress : callable, optional
        Called with the number of runs done and the number of all.
    first_member : int
        Number of the first row, so that parts of a table of draws give the same bits as the whole.
    costs : bool
        Whether to count what the scenarios cost; what the costs are counted from is otherwise not kept.

    Returns
    -------
    Comparison

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        Two scenarios of one id; an unknown reference, column or output; no draws, scenarios or outputs.
    """
    if not scenarios or draws.empty or not outputs:
        raise RunError("a comparison needs scenarios, draws and outputs", advice="give at least one of each")
    reference = _reference(scenarios, reference)
    simulation = adaptive(simulation, scenarios, study.catalogue.levers)
    simulation = stepping(simulation, [scenario.settings for scenario in scenarios])
    wanted = [Output(item, Text(item, item)) if isinstance(item, str) else item for item in outputs]
    counted = scenarios[0].levers if costs else ()
    keep = _variables(wanted, counted, study), _by_year(wanted, counted, study)
    runs = _runs(simulation, scenarios, draws, keep, seed, progress, first_member)
    provenance = _provenance(runs[0].kept, draws, drawn_from, seed)
    return _compared(runs, scenarios, wanted, study, reference, draws, provenance, costs)


def stepping(simulation: Simulator, settings: Iterable[Mapping[str, float]]) -> Simulator:
    """A model in which all these settings can be made, dated sequences included: one kernel for all of them."""
    names = [name for item in settings for name in item]
    return simulation.stepping(names) if steps_among(names) else simulation


def _reference(scenarios: Sequence[Scenario], asked: str | None) -> str:
    """The id of the null alternative, in scenarios of which each has an id of its own."""
    ids = [scenario.id for scenario in scenarios]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ScenarioError(
            f"two scenarios are called '{twice}'", advice="name it once, or rename one of the files"
        )
    if asked is not None and asked not in ids:
        raise ScenarioError(f"the reference '{asked}' is not among them", advice=suggest(asked, ids))
    return ids[0] if asked is None else asked


def _variables(wanted: list[Output], levers: Iterable[str], study: Study) -> list[str]:
    """What the runs keep: the outputs, whole where one is an element, and what levers' costs are counted from."""
    costs = [study.catalogue.levers[name].cost for name in levers]
    counted = [name for cost in costs for name in cost.variables]
    return _distinct([output.name.partition("[")[0].strip() for output in wanted] + counted)


def _by_year(wanted: list[Output], levers: Iterable[str], study: Study) -> ByYear:
    """The variables of which a comparison needs no more than yearly means."""
    needed = {key(name) for name in _variables([item for item in wanted if item.told], levers, study)}
    bases = {key(item.name.partition("[")[0]) for item in wanted if not item.told}
    return ByYear(frozenset(bases - needed), study.calendar)


def overruled(draws: pd.DataFrame, settings: dict[str, float]) -> pd.DataFrame:
    """The draws with what a scenario sets in place of theirs.

    Raises
    ------
    RunError
        When the draws set a whole array of which the scenario sets one element.
    """
    taken = {key(name) for name in settings}
    whole = {key(name) for name in settings if "[" not in name}
    for name in settings:
        base = name.partition("[")[0]
        if "[" in name and any(key(str(column)) == key(base) for column in draws):
            raise RunError(
                f"the draws set '{base}', the scenario '{name}'", advice="set all elements in the scenario"
            )
    kept = [
        name
        for name in draws
        if key(str(name)) not in taken and key(str(name).partition("[")[0]) not in whole
    ]
    fixed = pd.DataFrame(
        {name: np.full(len(draws), value) for name, value in settings.items()}, index=draws.index
    )
    return pd.concat([draws[kept], fixed], axis=1)


def _runs(
    simulation: Simulator,
    scenarios: Sequence[Scenario],
    draws: pd.DataFrame,
    keep: tuple[list[str], ByYear],
    seed: int,
    progress: Progress | None,
    first_member: int,
) -> list[Run]:
    """The runs of each scenario, all saved at the same times."""
    runs: list[Run] = []
    for position, scenario in enumerate(scenarios):

        def report(done: int, before: int = position * len(draws)) -> None:
            if progress is not None:
                progress(before + done, len(scenarios) * len(draws))

        frame = overruled(draws, scenario.settings)
        runs.append(_run(simulation, frame, keep, seed, report, first_member))
    for scenario, run in zip(scenarios, runs, strict=True):
        if not np.array_equal(run.kept["time"], runs[0].kept["time"]):
            raise ScenarioError(
                f"'{scenario.id}' is saved at other times than '{scenarios[0].id}'", file=scenario.file
            )
    return runs


def _run(
    simulation: Simulator,
    frame: pd.DataFrame,
    keep: tuple[list[str], ByYear],
    seed: int,
    report: Callable[[int], None],
    first_member: int,
) -> Run:
    """All members of one scenario, in chunks; the same bits as in one call."""
    import xarray as xr

    names, by_year = keep
    parts, faults = [], []
    for first in range(0, len(frame), _CHUNK):
        rows = frame.iloc[first : first + _CHUNK]
        part = simulation.run(rows, names, seed=seed, first_member=first_member + first)
        faults.append(failed(part))
        parts.append(by_year.reduced(part))
        report(min(first + _CHUNK, len(frame)))
    kept = xr.concat(parts, dim="member") if len(parts) > 1 else parts[0]
    return Run(kept, pd.concat(faults, ignore_index=True))


def _compared(
    runs: list[Run],
    scenarios: Sequence[Scenario],
    wanted: list[Output],
    study: Study,
    reference: str,
    draws: pd.DataFrame,
    provenance: Provenance,
    costs: bool,
) -> Comparison:
    """The runs as a comparison, with the costs by the study's catalogue."""
    kept = [run.kept for run in runs]
    outputs, levels, means = _levels(kept, wanted)
    time = kept[0]["time"].to_numpy().astype(np.float64)
    date = dates_of(time, study.calendar)
    levers = {name: study.catalogue.levers[name] for name in scenarios[0].levers}
    return Comparison(
        scenarios=tuple(scenarios),
        reference=reference,
        outputs=tuple(outputs),
        time=time,
        date=date,
        member=kept[0]["member"].to_numpy().astype(np.int64),
        levels=levels,
        failures=_failures(scenarios, runs),
        costs=tuple(
            cost_line(lever, scenario, run, study)
            for scenario, run in zip(scenarios, kept, strict=True)
            for lever in (levers.values() if costs else ())
        ),
        prices=study.catalogue.prices,
        levers=levers,
        assumptions={name: item for name, item in study.assumptions.items() if item.constant in study.names},
        varied=tuple(str(name) for name in draws if draws[name].nunique() > 1),
        provenance=provenance,
        means=means,
    )


def _levels(
    runs: list[xr.Dataset], wanted: list[Output]
) -> tuple[list[Output], dict[str, Floats], dict[str, Floats]]:
    """Outputs, arrays taken apart, and by name their trajectories (scenario, member, time) or means by year."""
    outputs: list[Output] = []
    levels: dict[str, Floats] = {}
    means: dict[str, Floats] = {}
    for output in wanted:
        base, _, element = output.name.partition("[")
        for spelled, picked in elements(runs[0][base.strip()], element.rstrip("] ")).items():
            name = f"{base.strip()}[{spelled}]" if spelled else base.strip()
            units = str(runs[0][base.strip()].attrs.get("units", ""))
            outputs.append(replace(output, name=name, units=units))
            found = [run[base.strip()].isel(picked) for run in runs]
            last, where = ("year", means) if "year" in found[0].dims else ("time", levels)
            paths = [item.transpose("member", last).to_numpy() for item in found]
            where[name] = np.stack(paths).astype(np.float64, copy=False)
    return outputs, levels, means


def element(variable: xr.DataArray, wanted: str) -> xr.DataArray:
    """An element of an array by its name, ``young`` or ``young,vulnerable``; a scalar by an empty one.

    Raises
    ------
    UnknownNameError
        When the array has no such element, or has elements and none is named.
    """
    found = elements(variable, wanted)
    if len(found) > 1:
        raise UnknownNameError(
            f"'{variable.name}' has elements", advice=f"name one of {', '.join(found)}", variable=wanted
        )
    return variable.isel(next(iter(found.values())))


def elements(variable: xr.DataArray, wanted: str) -> dict[str, dict[str, int]]:
    """Elements ``A,B`` of an array -> their positions; the one asked for, or all; ``{'': {}}`` for a scalar.

    Raises
    ------
    UnknownNameError
        When the array has no such element.
    """
    dims = [str(dim) for dim in variable.dims if dim not in ("member", "time", "year")]
    found: dict[str, dict[str, int]] = {"": {}}
    for dim in dims:
        labels = [str(label) for label in variable[dim].to_numpy()]
        found = {
            f"{name},{label}".lstrip(","): {**at, dim: position}
            for name, at in found.items()
            for position, label in enumerate(labels)
        }
    if not wanted:
        return found
    spelled = {",".join(key(part) for part in name.split(",")): name for name in found}
    asked = ",".join(key(part) for part in wanted.split(","))
    if asked not in spelled:
        advice = suggest(wanted, found) or f"use one of {', '.join(found)}"
        raise UnknownNameError(f"'{variable.name}' has no element '{wanted}'", advice=advice, variable=wanted)
    return {spelled[asked]: found[spelled[asked]]}


def _failures(scenarios: Sequence[Scenario], runs: list[Run]) -> tuple[Failure, ...]:
    """Members that are not finite somewhere in what was kept: one for each scenario and member, at its first moment."""
    return tuple(
        Failure(scenario.id, int(row["member"]), str(row["variable"]), float(row["time"]))
        for scenario, run in zip(scenarios, runs, strict=True)
        for row in run.failed.sort_values(["member", "time"]).drop_duplicates("member").to_dict("records")
    )


def _provenance(run: xr.Dataset, draws: pd.DataFrame, drawn_from: str, seed: int) -> Provenance:
    """With what the runs were made, as the engine says it."""
    words = str(run.attrs.get("versions", "")).split()
    return Provenance(
        model=str(run.attrs.get("model", "")),
        model_hash=str(run.attrs.get("model_hash", "")),
        draws=drawn_from,
        draws_hash=draws_hash(draws),
        seed=seed,
        versions=dict(zip(words[::2], words[1::2], strict=True)),
    )


def _distinct(names: list[str]) -> list[str]:
    """Names without repetition, as the model compares them."""
    return list({key(name): name for name in reversed(names)}.values())[::-1]
