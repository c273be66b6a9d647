"""A search among packages as a file of the study: what may be decided, what is to become better, within what.

In comes ``scenarios/optimise.yaml``; out comes an `OptimisationPlan`. Every fault of the file is a `ScenarioError` with
file, line and key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from sd_covid.analysis.optimisation.decisions import Space
from sd_covid.analysis.optimisation.decisions_file import read_decision
from sd_covid.analysis.optimisation.objectives_file import read_objectives
from sd_covid.analysis.optimisation.outcomes import Limits, Objective
from sd_covid.analysis.optimisation.search import Effort
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.policy.catalogue.outputs import Output, read_outputs
from sd_covid.policy.comparison.draws import choose_draws, read_posterior, sample_assumptions
from sd_covid.policy.paths import AssumptionPath, folder_near, named_path, read_path
from sd_covid.policy.reading import (
    named_file,
    named_scenario,
    read_date,
    read_number,
    read_text,
    scenario_faults,
)
from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

_REQUIRED = ("model", "base", "outputs", "levers", "objectives", "search")
_OPTIONAL = ("title", "draws", "paths", "limits", "scenarios")


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws for the search, and others on which what it found is looked at again."""

    search: pd.DataFrame
    fresh: pd.DataFrame


@dataclass(frozen=True, slots=True)
class OptimisationPlan:
    """What is to be searched.

    Attributes
    ----------
    file : Path
    title : Text
    simulation : Simulator
    study : Study
    base : Scenario
        From which every difference is taken, and on top of which every package lies.
    space : Space
    objectives : tuple of Objective
    outputs : tuple of Output
        Of the study.
    limits : Limits
    draws : Draws
    paths : tuple of AssumptionPath or None
    effort : Effort
    own : int
        Generations of the search for a package that beats a scenario within that scenario's own cost.
    shown : int
        How many packages of the front are told.
    scenarios : tuple of Scenario
        That packages are set against.
    """

    file: Path
    title: Text
    simulation: Simulator
    study: Study
    base: Scenario
    space: Space
    objectives: tuple[Objective, ...]
    outputs: tuple[Output, ...]
    limits: Limits
    draws: Draws
    paths: tuple[AssumptionPath | None, ...]
    effort: Effort
    own: int
    shown: int
    scenarios: tuple[Scenario, ...]


def read_plan(path: str | Path, simulation: Simulator) -> OptimisationPlan:
    """Read a file of a search and check it against study and model.

    Parameters
    ----------
    path : path
    simulation : Simulator
        The model that `sd_covid.policy.reading.named_model` names, loaded.

    Raises
    ------
    ScenarioError, DataError
        With file, line and key: an unknown lever, outcome, scenario or path (naming the nearest), bounds without
        values, a budget that no package can keep.
    """
    path = Path(path)
    with scenario_faults():
        found = read_yaml(path).fields(_REQUIRED, _OPTIONAL)
        study = Study.beside(path, simulation)
        base = read_scenario(named_scenario(found["base"]), simulation, study=study)
        outputs = read_outputs(named_file(found["outputs"]))
        objectives = tuple(read_objectives(found["objectives"], outputs, study))
        limits, earliest = _limits(found.get("limits"), study)
        space = _space(found["levers"], base, study, earliest)
        _refuse_impossible(found.get("limits"), limits, space)
        search = found["search"].fields(("population", "generations"), ("seed", "own_budget", "shown"))
        seed = _whole(search.get("seed"), 0, 0)
        effort = Effort(
            _whole(search["population"], 8), _whole(search["generations"], 1), len(objectives), seed
        )
        paths = [_path(node, study) for node in _different(found["paths"])] if "paths" in found else [None]
        return OptimisationPlan(
            file=path,
            title=read_text(found["title"]) if "title" in found else base.title,
            simulation=simulation,
            study=study,
            base=base,
            space=space,
            objectives=objectives,
            outputs=outputs,
            limits=limits,
            draws=_draws(found.get("draws"), simulation, study, seed),
            paths=tuple(paths),
            effort=effort,
            own=_whole(search.get("own_budget"), 0, 0),
            shown=_whole(search.get("shown"), 2, 12),
            scenarios=tuple(
                read_scenario(named_scenario(node), simulation, study=study)
                for node in _different(found["scenarios"])
            )
            if "scenarios" in found
            else (),
        )


def _whole(node: Node | None, least: int, otherwise: int = 0) -> int:
    """A whole number, `least` or more."""
    if node is None:
        return otherwise
    value = node.whole()
    if value is None or value < least:
        raise node.error(f"'{node.text()}' is too few", f"write {least} or more")
    return value


def _different(node: Node) -> list[Node]:
    """The items of a list of names, one at least and none twice."""
    items = list(node.items())
    if not items:
        raise node.error("the list is empty", "name one, or leave the key out")
    names = [item.text() for item in items]
    twice = next((item for item in items if names.count(item.text()) > 1), None)
    if twice is not None:
        raise twice.error(f"'{twice.text()}' is listed twice", "keep one of the two")
    return items


def _path(node: Node, study: Study) -> AssumptionPath | None:
    """A path of assumptions by name; ``base`` is none."""
    if node.text() == "base":
        return None
    return read_path(named_path(node.text(), folder_near(node.file), node.error), study)


def _limits(node: Node | None, study: Study) -> tuple[Limits, date]:
    """What a package may not exceed, and the first day on which anything may start."""
    if node is None:
        return Limits(), study.first
    found = node.fields((), ("earliest", "spent", "yearly", "set_aside", "monthly"))
    monthly = {}
    for name, entry in found["monthly"].entries() if "monthly" in found else ():
        if name not in study.catalogue.levers:
            near = suggest(name, study.catalogue.levers)
            raise entry.error(f"there is no lever '{name}'", near or "name a lever")
        monthly[name] = read_number(entry, low=0.0)
    spent, yearly, set_aside = (
        read_number(found[name]) if name in found else None for name in ("spent", "yearly", "set_aside")
    )
    earliest = read_date(found["earliest"]) if "earliest" in found else study.first
    return Limits(spent, yearly, set_aside, monthly), earliest


def _space(node: Node, base: Scenario, study: Study, earliest: date) -> Space:
    decisions = [read_decision(name, entry, base, study, earliest) for name, entry in node.entries()]
    space = Space(base, tuple(decisions), study.last)
    if not space.open:
        raise node.error("nothing is left to decide", "give two values of at least one part of a lever")
    return space


def _refuse_impossible(node: Node | None, limits: Limits, space: Space) -> None:
    """A sum that is set aside of which even the cheapest of every lever takes more."""
    if node is None:
        return
    cheapest = space.package([_cheapest(space, *open_) for open_ in space.open])
    excess = limits.before(cheapest, space.base.levers)
    if (excess > 0).any():
        raise node.error(
            "no package keeps these limits: the smallest budgets together are more",
            "raise the limit, or let levers be left out with level 0",
        )


def _cheapest(space: Space, lever: str, part: str) -> int:
    """Position of the value with which a lever is left out, or takes least money over the longest time."""
    item = next(decision for decision in space.decisions if decision.lever == lever)
    values = item.parts[part]
    numbers = [
        float(value.toordinal()) if isinstance(value, date) else value if isinstance(value, float) else 0.0
        for value in values
    ]
    if part == "level":
        off = 0.0 if item.further else space.base.levers[lever].level
        return int(np.argmin([abs(number - off) for number in numbers]))
    return int(np.argmax(numbers)) if part in ("months", "lasts") else int(np.argmin(numbers))


def _draws(node: Node | None, simulation: Simulator, study: Study, seed: int) -> Draws:
    """Draws of posterior and assumptions: some for the search, others to look again."""
    found = {} if node is None else node.fields((), ("posterior", "search", "fresh"))
    sizes = _whole(found.get("search"), 2, 32), _whole(found.get("fresh"), 2, 256)
    if "posterior" not in found:
        fitted = pd.DataFrame(index=range(sum(sizes)))
    else:
        fitted = choose_draws(read_posterior(named_file(found["posterior"]), simulation), sum(sizes), seed)
    parts = []
    for part, size, first in (("search", sizes[0], 0), ("fresh", sizes[1], sizes[0])):
        rows = fitted.iloc[first : first + size].reset_index(drop=True)
        # A sample of its own for each, so that both cover every assumption evenly.
        own = 2 * seed + (part == "fresh")
        assumed = sample_assumptions(study.assumptions, study.names, map(str, fitted), size, own)
        parts.append(pd.concat([rows, assumed], axis=1))
    return Draws(*parts)
