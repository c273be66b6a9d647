"""A sweep as a file: scenarios, draws and sets of assumptions, and what is kept of every run.

In goes a YAML file such as ``scenarios/sweeps/canonical.yaml``; out comes a `SweepPlan`. Every fault is a
`ScenarioError` with file, line and key.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import pandas as pd

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.engine.run.over_members import check_statistics
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.files import text_of
from sd_covid.model.names import key
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.catalogue.outputs import Output, outputs_in, read_outputs
from sd_covid.policy.comparison.adaptive import adaptive
from sd_covid.policy.comparison.draws import choose_rows, read_posterior, sample_assumptions
from sd_covid.policy.reading import named_file, read_number, read_whole, scenario_faults
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.policy.sweep.chosen import chosen_scenarios
from sd_covid.policy.sweep.design import Assumable, Sets, read_sets, refuse_too_many
from sd_covid.policy.sweep.keep import Kept, read_keep
from sd_covid.study_folder import is_there, study_folder

_KEYS = ("scenarios", "draws", "assumptions", "every", "keep", "statistics", "dtype", "block", "seed")
BLOCK = 1024  # runs of a block, where the file does not say
Dtype = Literal["float32", "float64"]
Over = Literal["draws", "runs"]


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws that every scenario shares.

    Attributes
    ----------
    table : DataFrame, shape (draw, constant)
        Without columns, and with one row, where nothing is drawn.
    rows : tuple of int
        Of each draw its row among the stored ones.
    source : str
        Where they come from; empty where nothing is drawn.
    """

    table: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(index=[0]))
    rows: tuple[int, ...] = (0,)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is kept over runs, in place of each run.

    Attributes
    ----------
    names : tuple of float or str
        Shares for quantiles, and ``mean``, ``sd``, ``min``, ``max``.
    over : {'draws', 'runs'}
        Over the draws, for each set of assumptions; or over both.
    differences_from : str
        Id of the scenario from which paired differences are kept beside levels; empty where none are.
    """

    names: tuple[float | str, ...]
    over: Over
    differences_from: str = ""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What a sweep runs and keeps.

    Attributes
    ----------
    file : Path
    text : str
        What the file says.
    simulation : Simulation
        In which all that scenarios set can be set, dated sequences included.
    scenarios : tuple of Scenario
        One without settings, ``model``, where the file names none.
    draws : Draws
    sets : Sets
        Of assumptions.
    outputs : tuple of Output
    keep : tuple of Kept
    statistics : Statistics or None
    every : float or None
        Model time between the points of a course; None: SAVEPER.
    dtype : {'float32', 'float64'}
    block : int
        Runs of a block, at most.
    seed : int
        Of the model's random numbers.
    calendar : Calendar or None
    """

    file: Path
    text: str
    simulation: Simulation
    scenarios: tuple[Scenario, ...]
    draws: Draws
    sets: Sets
    outputs: tuple[Output, ...]
    keep: tuple[Kept, ...]
    statistics: Statistics | None
    every: float | None
    dtype: Dtype
    block: int
    seed: int
    calendar: Calendar | None


def read_sweep(path: str | Path, simulation: Simulation) -> SweepPlan:
    """Read a sweep and check it against its model.

    Parameters
    ----------
    path : path
    simulation : Simulation
        The model that `sd_covid.policy.reading.named_model` names, loaded.

    Returns
    -------
    SweepPlan

    Raises
    ------
    ScenarioError, DataError
        With file, line and key.
    """
    path = Path(path)
    with scenario_faults():
        top = read_yaml(path)
        found = top.fields(("model", "outputs"), _KEYS)
        study = _study(path, simulation, needed="scenarios" in found)
        names = ConstantNames(simulation.constants)
        scenarios = chosen_scenarios(found.get("scenarios"), simulation, study)
        draws = _draws(found.get("draws"), simulation, study)
        sets = read_sets(found.get("assumptions"), Assumable(names, study), list(map(str, draws.table)))
        _refuse_both(found.get("assumptions"), sets, scenarios, study)
        calendar = None if study is None else study.calendar
        times = _times(simulation, scenarios[0])
        return SweepPlan(
            file=path,
            text=text_of(path),
            simulation=_ready(simulation, scenarios, study),
            scenarios=scenarios,
            draws=draws,
            sets=sets,
            outputs=_outputs(found["outputs"], simulation),
            keep=read_keep(found.get("keep"), calendar, (times["initial time"], times["final time"])),
            statistics=_statistics(found.get("statistics"), [item.id for item in scenarios]),
            every=_every(found["every"], times) if "every" in found else None,
            dtype=cast(Dtype, found["dtype"].choice(("float32", "float64")))
            if "dtype" in found
            else "float32",
            block=read_whole(found["block"], 1) if "block" in found else BLOCK,
            seed=read_whole(found["seed"], 0) if "seed" in found else 0,
            calendar=calendar,
        )


def _ready(simulation: Simulation, scenarios: Sequence[Scenario], study: Study | None) -> Simulation:
    """The model with the triggers and the dated sequences of the scenarios."""
    if study is not None:
        simulation = adaptive(simulation, scenarios, study.catalogue.levers)
    return simulation.stepping(name for scenario in scenarios for name in scenario.settings)


def _times(simulation: Simulation, scenario: Scenario) -> dict[str, float]:
    """First and last moment of a run and its step; without bounds where the model works one out."""
    known = {"initial time": -math.inf, "final time": math.inf, "time step": 0.0}
    return known | {key(name): value for name, value in (simulation.constants | scenario.settings).items()}


def _every(node: Node, times: Mapping[str, float]) -> float:
    """Model time between the points of a course: a step at least, the whole run at most."""
    every, step, whole = read_number(node), times["time step"], times["final time"] - times["initial time"]
    if every < step or not every > 0:
        raise node.error(f"{every:g} is less than the step of the model, {step:g}", "save less often")
    if every > whole:
        raise node.error(f"{every:g} is more than the whole run, {whole:g}", "save more often")
    return every


def _study(path: Path, simulation: Simulation, *, needed: bool) -> Study | None:
    """The study of a sweep; None in a model without calendar, which has no scenarios."""
    if simulation.model.calendar is None and not needed:
        return None
    return Study.beside(path, simulation)


def _draws(node: Node | None, simulation: Simulation, study: Study | None) -> Draws:
    """Draws of the stored posterior; with ``assumptions: true`` beside draws of what it does not hold."""
    if node is None:
        return Draws()
    found = node.fields(("posterior", "size", "seed"), ("assumptions",))
    file = named_file(found["posterior"])
    size, seed = read_whole(found["size"], 1), read_whole(found["seed"], 0)
    stored = read_posterior(file, simulation)
    refuse_too_many(found["size"], size, stored.shape[1], "draws")
    rows = choose_rows(len(stored), size, seed)
    table, source = stored.iloc[rows].reset_index(drop=True), f"posterior {file.name}"
    if "assumptions" in found and found["assumptions"].flag():
        if study is None:
            raise found["assumptions"].error("the model has no calendar, so no study", "leave it out")
        assumed = sample_assumptions(study.assumptions, study.names, map(str, table), size, seed)
        table, source = pd.concat([table, assumed], axis=1), f"{source} and ranges of the assumptions"
    return Draws(table, tuple(rows.tolist()), source)


def _refuse_both(node: Node | None, sets: Sets, scenarios: Sequence[Scenario], study: Study | None) -> None:
    """Refuse an assumption that the sweep varies by name and a scenario sets."""
    if node is None or study is None or not sets.chosen:
        return
    for scenario in scenarios:
        stepped = (
            name for name, steps in scenario.changes.items() if any(s.value is not None for s in steps)
        )
        held = {key(name.partition("[")[0]) for name in (*scenario.constants, *stepped)}
        held |= {key(study.assumptions[name].constant.partition("[")[0]) for name in scenario.assumptions}
        for constant, label in sets.labels.items():
            if key(constant.partition("[")[0]) in held:
                reason = f"'{label}' is varied here and set by the scenario '{scenario.id}'"
                raise node.error(reason, "leave it out of one of the two")


def _outputs(node: Node, simulation: Simulation) -> tuple[Output, ...]:
    """A list of variables, or all that a file of outputs names and the model has."""
    if node.is_value:
        found = outputs_in(read_outputs(named_file(node)), simulation.model.variables)
    else:
        known = _listed_outputs(node)
        names = [item.text() for item in node.items()]
        found = tuple(known.get(key(name), Output(name, Text(name, name))) for name in names)
    if not found:
        raise node.error("nothing is kept", "name at least one variable of the model")
    for position, output in enumerate(found):
        place = node if node.is_value else list(node.items())[position]
        try:
            simulation.names.cells(output.name)
        except UnknownNameError as error:
            raise place.error(error.reason, error.advice or "name a variable of the model") from error
        if any(key(other.name) == key(output.name) for other in found[:position]):
            raise place.error(f"'{output.name}' is named twice", "leave one of the two out")
    return found


def _listed_outputs(node: Node) -> dict[str, Output]:
    """What the study says of outputs, by name: titles, and how a year is read."""
    file = study_folder(node.file) / "scenarios" / "outputs.yaml"
    return {key(output.name): output for output in read_outputs(file)} if is_there(file) else {}


def _statistics(node: Node | None, scenarios: Sequence[str]) -> Statistics | None:
    """Statistics in place of runs."""
    if node is None:
        return None
    found = node.fields(("of",), ("over", "differences_from"))
    names: list[float | str] = []
    for item in found["of"].items():
        text = item.text()
        try:
            names.append(float(text))
        except ValueError:
            names.append(text)
        try:
            check_statistics(names[-1:])
        except RunError as error:
            raise item.error(error.reason, error.advice or "") from error
    if not names or len(set(names)) < len(names):
        raise found["of"].error("statistics are expected, each once", "write [0.05, 0.5, 0.95, mean]")
    over = cast(Over, found["over"].choice(("draws", "runs"))) if "over" in found else "draws"
    return Statistics(tuple(names), over, _reference(found.get("differences_from"), scenarios))


def _reference(node: Node | None, scenarios: Sequence[str]) -> str:
    """The scenario from which differences are taken, one of those of the sweep."""
    if node is None:
        return ""
    if node.text() not in scenarios:
        advice = suggest(node.text(), scenarios) or f"use one of {', '.join(scenarios)}"
        raise node.error(f"'{node.text()}' is no scenario of this sweep", advice)
    if len(scenarios) == 1:
        raise node.error("there is no other scenario that differs from it", "name one in 'scenarios'")
    return node.text()
