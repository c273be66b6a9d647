"""Run scenarios on the same draws.

In come scenarios, a table of draws and the outputs to keep; out comes a `Comparison`. Every scenario runs every member
with the same parameters and the same random numbers, so that a difference between two scenarios is theirs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.data.text import Text
from sd_covid.engine.lower.steps import steps_among
from sd_covid.engine.results import failed
from sd_covid.errors import RunError, ScenarioError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.adaptive import adaptive
from sd_covid.policy.comparison.draws import draws_hash
from sd_covid.policy.comparison.levels import Levels
from sd_covid.policy.comparison.reduction import ByYear, Run
from sd_covid.policy.comparison.scenarios import Comparison, Failure, Provenance
from sd_covid.policy.comparison.spending import cost_line
from sd_covid.policy.saved_points import dates_of
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

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
    levers = {name: study.catalogue.levers[name] for name in scenarios[0].levers}
    counted = levers if costs else {}
    keep = _variables(wanted, counted, study), _by_year(wanted, counted, study)
    levels, failures, paid = Levels(wanted, len(scenarios)), [], []
    # What a run kept is taken over before the next begins: all of them at once would be held twice.
    for position, scenario in enumerate(scenarios):
        tell = _told(progress, position * len(draws), len(scenarios) * len(draws))
        frame = overruled(draws, scenario.settings)
        run = _run(simulation, frame, keep, seed, tell, first_member)
        if position == 0:
            provenance = _provenance(run.kept, draws, drawn_from, seed)
        elif not np.array_equal(run.kept["time"], levels.time):
            reason = f"'{scenario.id}' is saved at other times than '{scenarios[0].id}'"
            raise ScenarioError(reason, file=scenario.file)
        levels.take(position, run.kept)
        failures += _failures(scenario, run)
        paid += [cost_line(lever, scenario, run.kept, study) for lever in counted.values()]
        del run
    return Comparison(
        scenarios=tuple(scenarios),
        reference=reference,
        outputs=tuple(levels.outputs),
        time=levels.time,
        date=dates_of(levels.time, study.calendar),
        member=levels.member,
        levels=levels.paths,
        failures=tuple(failures),
        costs=tuple(paid),
        prices=study.catalogue.prices,
        levers=levers,
        assumptions={name: item for name, item in study.assumptions.items() if item.constant in study.names},
        varied=tuple(str(name) for name in draws if draws[name].nunique() > 1),
        provenance=provenance,
        means=levels.means,
    )


def _told(progress: Progress | None, before: int, total: int) -> Callable[[int], None]:
    """What tells of the runs of one scenario, after those before it."""

    def report(done: int) -> None:
        if progress is not None:
            progress(before + done, total)

    return report


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


def _failures(scenario: Scenario, run: Run) -> list[Failure]:
    """Members that are not finite somewhere in what was kept: one for each member, at its first moment."""
    first = run.failed.sort_values(["member", "time"]).drop_duplicates("member")
    return [
        Failure(scenario.id, int(row["member"]), str(row["variable"]), float(row["time"]))
        for row in first.to_dict("records")
    ]


def _provenance(run: xr.Dataset, draws: pd.DataFrame, drawn_from: str, seed: int) -> Provenance:
    """With what the runs were made, as the engine says it."""
    return Provenance.of(run.attrs, drawn_from, draws_hash(draws), seed)


def _distinct(names: list[str]) -> list[str]:
    """Names without repetition, as the model compares them."""
    return list({key(name): name for name in reversed(names)}.values())[::-1]
