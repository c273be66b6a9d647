"""A scenario: which levers are set how, under which assumptions.

In comes a YAML file beside the study's catalogues ``levers.yaml`` and ``assumptions.yaml``; out comes a `Scenario`
whose `settings` are constants of the model. Every fault is a `ScenarioError` with file, line and key. Costs and runs
are for others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, cast

from sd_covid.data.references import Reference
from sd_covid.data.text import Text
from sd_covid.engine.lower.steps import step_names
from sd_covid.errors import ScenarioError
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.catalogue.levers import Lever, LeverSetting, Step
from sd_covid.policy.files.parts import on_top
from sd_covid.policy.files.scenario_file import Written, check_in_model, read_file
from sd_covid.policy.paths import AssumptionPath
from sd_covid.policy.reading import scenario_faults
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario.

    Attributes
    ----------
    id : str
        The stem of its file.
    title, rationale : Text
    file : str
        Its file, as it was given.
    levers : dict
        Lever id -> `LeverSetting`, for every lever that the model has: what the government sets.
    assumptions : dict
        Assumption id -> value, for those that the scenario sets and the model has: what nobody knows.
    constants : dict
        Other constants that it sets directly, in the model's spelling.
    changes : dict
        Constants and data series that change on given days -> their steps.
    path : AssumptionPath or None
        The named path of assumptions under which it runs; what it sets of that path stands in `assumptions` and
        `constants` too.
    references : tuple of Reference
        What its rationale rests on.
    settings : dict
        Model constant -> value: all of the above, dates as model time. A dated sequence is constants of each step
        (`sd_covid.engine.lower.steps`), which a model has after ``simulation.stepping(settings)``; a trigger is
        constants that a model has after `sd_covid.policy.comparison.adaptive.adaptive`.
    """

    id: str
    title: Text
    rationale: Text
    file: str = ""
    levers: dict[str, LeverSetting] = field(default_factory=dict)
    assumptions: dict[str, float] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    changes: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    path: AssumptionPath | None = None
    references: tuple[Reference, ...] = ()
    settings: dict[str, float] = field(default_factory=dict)


def read_scenario(
    path: str | Path,
    simulation: Simulator,
    calendar: Calendar | None = None,
    *,
    study: Study | None = None,
    assume: AssumptionPath | None = None,
) -> Scenario:
    """Read a scenario and check it against the study's levers and the model.

    Parameters
    ----------
    path : path
        A YAML file with the keys of `sd_covid.policy.files.keys`. What it sets itself comes on top of its path, and its
        path in place of that of the scenario that it extends.
    simulation : Simulator
        The model that it is to be run in.
    calendar : Calendar, optional
        That of the model.
    study : Study, optional
        Read once for many scenarios; without it, what stands beside the file.
    assume : AssumptionPath, optional
        A path to put on top of the scenario, in place of its own.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        With file, line and key: a missing file, an unknown key, lever, assumption or constant (naming the nearest), a
        value of the wrong type or outside the lever's range, a date that is none or lies outside the run, an end
        before its start, scenarios that extend or take in one another in a circle, packages that contradict one
        another, a path of assumptions in place of a scenario.
    """
    path = Path(path)
    with scenario_faults():
        study = study or Study.beside(path, simulation, calendar)
        read = _stack(read_file(path, study), study)
    own = read.path if assume is None else None
    if own is not None:
        below = (own.assumptions | read.assumptions, own.constants | read.constants)
        read = replace(read, assumptions=below[0], constants=below[1])
    done = replace(read, settings=_settings(read, study))
    return done if assume is None else under(done, assume, study)


def under(scenario: Scenario, path: AssumptionPath, study: Study) -> Scenario:
    """A scenario with a path of assumptions on top of what it sets.

    Parameters
    ----------
    scenario : Scenario
        As `read_scenario` gives it.
    path : AssumptionPath
    study : Study

    Returns
    -------
    Scenario
    """
    added = {
        study.names.spelling(study.assumptions[name].constant): value
        for name, value in path.assumptions.items()
    }
    added |= path.constants
    # A day from which a constant has another value lies under the path too; a factor is one of the path's own value.
    stepped = {
        name: steps
        for name, steps in scenario.changes.items()
        if not _without({name: steps}, added) and any(step.value is not None for step in steps)
    }
    gone = [item for name, steps in stepped.items() for item in _stepped(name, steps, study)]
    return replace(
        scenario,
        assumptions=scenario.assumptions | path.assumptions,
        constants=_without(scenario.constants, path.constants) | path.constants,
        changes={name: steps for name, steps in scenario.changes.items() if name not in stepped},
        path=path,
        settings=_without(scenario.settings, [*added, *gone]) | added,
    )


def with_levers(scenario: Scenario, levers: Mapping[str, LeverSetting], study: Study) -> Scenario:
    """A scenario with other settings of some levers.

    Parameters
    ----------
    scenario : Scenario
        As `read_scenario` or `under` gives it.
    levers : mapping of str to LeverSetting
        Levers that the model has.
    study : Study

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        Where the constants by which a lever is kept for a group are set already, or not in the model.
    """
    changed = replace(scenario, levers=scenario.levers | dict(levers))
    return replace(changed, settings=_settings(changed, study))


def _stack(written: Written, study: Study) -> Scenario:
    """A scenario on top of the one that it extends."""
    check_in_model(written, study)
    base = _actual(study) if written.base is None else _stack(written.base, study)
    layer = written.layer
    levers = {name: on_top(setting, name, layer) for name, setting in base.levers.items()}
    own = {part.name: placed.value for part, placed in layer.items() if part.kind == "constant"}
    constants, changes = _without(base.constants, own), _without(base.changes, own)
    for name, value in own.items():
        if isinstance(value, float):
            constants[name] = value
        else:
            if name in base.constants:  # its own value until the first step
                constants[name] = base.constants[name]
            changes[name] = cast("tuple[Step, ...]", value)
    return Scenario(
        id=written.file.stem,
        title=written.title,
        rationale=written.rationale,
        file=str(written.file),
        levers=levers,
        assumptions=base.assumptions | written.assumptions,
        constants=constants,
        changes=changes,
        path=written.path or base.path,
        references=written.references,
    )


def _without(settings: Mapping[str, T], own: Collection[str]) -> dict[str, T]:
    """What a base sets of constants, without those that lie under others: a constant, or an element of an array."""
    return {
        name: value
        for name, value in settings.items()
        if name not in own and name.partition("[")[0] not in own
    }


def _actual(study: Study) -> Scenario:
    """The actual setting of every lever that the model has."""
    levers = {name: lever.actual for name, lever in study.catalogue.levers.items() if study.has(name)}
    return Scenario("", Text(), Text(), levers=levers)


def _settings(scenario: Scenario, study: Study) -> dict[str, float]:
    """All that a scenario sets, as constants of the model."""
    settings: dict[str, float] = {}
    for name, setting in scenario.levers.items():
        for part, constant in study.catalogue.levers[name].constants.items():
            if constant in study.names:
                spelled = study.names.spelling(constant)
                settings[spelled] = _value(setting, part, study)
                settings |= _stepped(spelled, _changes(setting, part, study), study)
        if setting.trigger is not None:
            settings |= setting.trigger.settings(name)
    for name, value in scenario.assumptions.items():
        settings[study.names.spelling(study.assumptions[name].constant)] = value
    for name, steps in scenario.changes.items():
        settings |= _stepped(name, steps, study)
    return settings | scenario.constants | _aimed(scenario, settings | scenario.constants, study)


def _value(setting: LeverSetting, part: str, study: Study) -> float:
    """One part of a lever's setting as the model's constant."""
    if part in ("start", "end"):
        return study.calendar.time(setting.start if part == "start" else setting.end)
    if part == "municipal":
        return float(setting.delivery == "municipal")
    return setting.level if part == "level" else setting.budget or 0.0


def _changes(setting: LeverSetting, part: str, study: Study) -> list[Step]:
    """How one part changes: with each later period, and the level within a period too."""
    steps = list(setting.then) if part == "level" else []
    for period in setting.later:
        steps.append(Step(period.start, _value(period, part, study)))
        steps += period.then if part == "level" else ()
    return steps


def _stepped(constant: str, steps: Sequence[Step], study: Study) -> dict[str, float]:
    """The steps of a constant or data series, as the engine's constants of each step."""
    settings = {}
    for number, step in enumerate(steps, start=1):
        names = step_names(constant, number)
        settings[names.since] = study.calendar.time(step.day)
        if step.value is not None:
            settings[names.value] = step.value
        if step.factor != 1.0:
            settings[names.factor] = step.factor
    return settings


def _aimed(scenario: Scenario, settings: dict[str, float], study: Study) -> dict[str, float]:
    """The constants by which levers reach one group alone: each from the start of a period that does.

    Raises
    ------
    ScenarioError
        Where the model does not have one of them; where two levers, or a lever and the scenario itself, set one
        otherwise.
    """
    aimed: dict[str, float] = {}
    for name, setting in scenario.levers.items():
        for constant, steps in _of_target(study.catalogue.levers[name], setting).items():
            if constant not in study.names:
                raise ScenarioError(
                    f"the model has no constant '{constant}', which keeps '{name}' for a group",
                    advice="leave the target out, or run it in a model that tells groups apart",
                    file=scenario.file,
                )
            spelled = study.names.spelling(constant)
            found = _stepped(spelled, steps, study)
            taken = settings | aimed
            if spelled in taken or any(taken.get(item, value) != value for item, value in found.items()):
                raise ScenarioError(
                    f"'{spelled}' is set, and the target of '{name}' sets it too",
                    advice="leave one of the two out",
                    file=scenario.file,
                )
            aimed |= found
    return aimed


def _of_target(lever: Lever, setting: LeverSetting) -> dict[str, list[Step]]:
    """How the constants that keep a lever for a group change with its periods: to that, or back to their own."""
    periods = setting.all_periods
    names = {name for item in periods for name in lever.targets.get(item.target or "", {})}
    return {
        name: [Step(item.start, lever.targets.get(item.target or "", {}).get(name)) for item in periods]
        for name in sorted(names)
    }
