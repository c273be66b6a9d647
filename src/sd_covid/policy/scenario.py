"""A scenario: which levers are set how, under which assumptions.

In comes a YAML file beside the study's catalogues ``levers.yaml`` and ``assumptions.yaml``; out comes a `Scenario`
whose `settings` are constants of the model. Every fault is a `ScenarioError` with file, line and key. Costs and runs
are for others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import cast, get_args

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import ScenarioError, suggest
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.levers import WORKS_BY, Delivery, Lever, LeverSetting
from sd_covid.policy.paths import FOLDER, AssumptionPath, named_path, read_path
from sd_covid.policy.reading import read_date, read_number, read_text, scenario_faults
from sd_covid.policy.study import Study, read_assumed, read_constants
from sd_covid.policy.types import Simulator

_KEYS = ("title", "rationale", "extends", "path", "levers", "assumptions", "constants")


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
    path : AssumptionPath or None
        The named path of assumptions under which it runs; what it sets of that path stands in `assumptions` and
        `constants` too.
    settings : dict
        Model constant -> value: all of the above, dates as model time.
    """

    id: str
    title: Text
    rationale: Text
    file: str = ""
    levers: dict[str, LeverSetting] = field(default_factory=dict)
    assumptions: dict[str, float] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    path: AssumptionPath | None = None
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
        A YAML file: ``title``, ``rationale``, ``extends``, ``path``, ``levers``, ``assumptions``, ``constants``. What
        it sets itself comes on top of its path, and its path in place of that of the scenario that it extends.
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
        value of the wrong type or outside the lever's range, a date that is none or lies outside the run, an end before
        its start, scenarios that extend one another in a circle, a path of assumptions in place of a scenario.
    """
    path = Path(path)
    with scenario_faults():
        study = study or Study.beside(path, simulation, calendar)
        read = _read(path, study, ())
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
    return replace(
        scenario,
        assumptions=scenario.assumptions | path.assumptions,
        constants=scenario.constants | path.constants,
        path=path,
        settings=scenario.settings | added | path.constants,
    )


def _read(path: Path, study: Study, below: tuple[Path, ...]) -> Scenario:
    """A scenario on top of the one that it extends; `below` are the files that led here."""
    top = read_yaml(path)
    found = top.fields(("title", "rationale"), _KEYS[2:])
    if path.resolve().parent.name == FOLDER:
        advice = f"put it on top of one: --path {path}"
        raise ScenarioError("is a path of assumptions, and no scenario", advice=advice, file=path)
    if "extends" in found:
        base = _read(_extended(path, found["extends"], below), study, (*below, path.resolve()))
    else:
        base = Scenario("", Text(), Text(), levers=_actual(study))
    return Scenario(
        id=path.stem,
        title=read_text(found["title"]),
        rationale=read_text(found["rationale"]),
        file=str(path),
        levers=base.levers | _levers(found.get("levers"), base.levers, study),
        assumptions=base.assumptions | read_assumed(found.get("assumptions"), study),
        constants=base.constants | read_constants(found.get("constants"), study),
        path=_path(path, found["path"], study) if "path" in found else base.path,
    )


def _path(path: Path, node: Node, study: Study) -> AssumptionPath:
    """The path of assumptions that a scenario names: a file in ``paths`` beside it."""
    return read_path(named_path(node.text(), path.parent, node.error), study)


def _extended(path: Path, node: Node, below: tuple[Path, ...]) -> Path:
    """The file that a scenario extends: its name with or without ``.yaml``, in the same folder."""
    name = node.text()
    if Path(name).name != name:
        raise node.error(f"'{name}' is not in this folder", "name a scenario beside this one")
    extended = path.parent / (name if name.endswith(".yaml") else f"{name}.yaml")
    if not extended.is_file():
        others = (item.stem for item in path.parent.glob("*.yaml"))
        raise node.error(f"there is no scenario '{name}'", suggest(name, others) or f"make {extended.name}")
    if extended.resolve() in (*below, path.resolve()):
        circle = " → ".join([*(item.stem for item in below), path.stem, extended.stem])
        raise node.error(f"scenarios extend one another in a circle: {circle}", "take one 'extends' out")
    return extended


def _actual(study: Study) -> dict[str, LeverSetting]:
    """The actual setting of every lever that the model has."""
    return {
        lever.id: lever.actual
        for lever in study.catalogue.levers.values()
        if all(lever.constants[part] in study.names for part in WORKS_BY)
    }


def _levers(node: Node | None, base: dict[str, LeverSetting], study: Study) -> dict[str, LeverSetting]:
    """The levers that a scenario sets, on top of what it extends.

    A lever of another sector than the one that is run alone changes nothing there; but one of all must be in the model.
    """
    if node is None:
        return {}
    known, settings = study.catalogue.levers, {}
    for name, entry in node.entries():
        if name not in known:
            raise entry.error(
                f"there is no lever '{name}'", suggest(name, known) or f"use {', '.join(known)}"
            )
        missing = [known[name].constants[part] for part in WORKS_BY]
        missing = [item for item in missing if item not in study.names]
        if name in base:
            settings[name] = _setting(entry, base[name], known[name], study)
        elif len(missing) < len(WORKS_BY):
            raise entry.error(f"the model has no constant '{missing[0]}' of this lever", "mend levers.yaml")
    if not settings:
        raise node.error("none of these levers is in the model", "run it in a model that has one of them")
    return settings


def _setting(node: Node, base: LeverSetting, lever: Lever, study: Study) -> LeverSetting:
    """One lever's setting; its dates are checked together."""
    found = node.fields((), (*WORKS_BY, "budget", "delivery"))
    if not found:
        raise node.error(
            "nothing is set", "give a level, a start, an end, a budget or a delivery, or leave the lever out"
        )
    level = read_number(found["level"], lever.low, lever.high) if "level" in found else base.level
    start = _day(found["start"], study) if "start" in found else base.start
    end = _day(found["end"], study) if "end" in found else base.end
    if end <= start:
        place = found.get("end", found.get("start", node))
        raise place.error(f"the end, {end}, is not after the start, {start}", "mend one of the two dates")
    budget, delivery = base.budget, base.delivery
    if "budget" in found:
        budget = read_number(_settable(found["budget"], "budget", lever, study), low=0.0)
    if "delivery" in found:
        chosen = _settable(found["delivery"], "municipal", lever, study).choice(get_args(Delivery))
        delivery = cast("Delivery", chosen)
    return LeverSetting(level, start, end, budget, delivery)


def _settable(node: Node, part: str, lever: Lever, study: Study) -> Node:
    """A part that not every lever has, where lever and model have it."""
    word = "budget" if part == "budget" else "delivery"
    if part not in lever.constants:
        others = [item.id for item in study.catalogue.levers.values() if part in item.constants]
        advice = f"leave it out; levers that have one: {', '.join(others) or 'none'}"
        raise node.error(f"the {word} of '{lever.id}' cannot be set", advice)
    if lever.constants[part] not in study.names:
        raise node.error(f"the model has no constant '{lever.constants[part]}'", "leave it out")
    return node


def _day(node: Node, study: Study) -> date:
    """A date within the model's run."""
    day = read_date(node)
    if not study.first <= day <= study.last:
        raise node.error(
            f"{day} lies outside the run, which goes from {study.first} to {study.last}",
            "choose a date within it",
        )
    return day


def _settings(scenario: Scenario, study: Study) -> dict[str, float]:
    """All that a scenario sets, as constants of the model."""
    settings: dict[str, float] = {}
    for name, setting in scenario.levers.items():
        for part, constant in study.catalogue.levers[name].constants.items():
            if constant in study.names:
                settings[study.names.spelling(constant)] = _value(setting, part, study)
    for name, value in scenario.assumptions.items():
        settings[study.names.spelling(study.assumptions[name].constant)] = value
    return settings | scenario.constants


def _value(setting: LeverSetting, part: str, study: Study) -> float:
    """One part of a lever's setting as the model's constant."""
    if part in ("start", "end"):
        return study.calendar.time(setting.start if part == "start" else setting.end)
    if part == "municipal":
        return float(setting.delivery == "municipal")
    return setting.level if part == "level" else setting.budget or 0.0
