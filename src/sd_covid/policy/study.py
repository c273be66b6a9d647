"""The study against which a scenario is read: its catalogues of levers and assumptions, and the model's constants.

In come ``levers.yaml``, ``assumptions.yaml`` and a loaded model; out comes a `Study`, and what a scenario or path sets
of assumptions and constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from sd_covid.data.keyed_yaml import Node
from sd_covid.data.references import Reference, references_beside
from sd_covid.errors import ScenarioError, suggest
from sd_covid.model.names import key
from sd_covid.model.structure import Kind
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.catalogue.assumptions import Assumption, read_assumptions
from sd_covid.policy.catalogue.levers import WORKS_BY, Catalogue, read_levers
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.reading import read_number, scenario_faults
from sd_covid.policy.saved_points import years_of
from sd_covid.policy.types import Simulator
from sd_covid.study_folder import followed, is_there, study_folder


@dataclass(frozen=True, slots=True)
class Study:
    """Against what a scenario is read: the study's catalogues and the model's constants.

    Attributes
    ----------
    catalogue : Catalogue
    assumptions : dict
        Assumption id -> `Assumption`.
    names : ConstantNames
    calendar : Calendar
    first, last : date
        The days on which the model's run starts and ends.
    series : tuple of str
        Data variables of the model.
    variables : tuple of str
        All variables of the model.
    references : mapping of str to Reference
        The publications that files of the study name, by their keys.
    """

    catalogue: Catalogue
    assumptions: dict[str, Assumption]
    names: ConstantNames
    calendar: Calendar
    first: date
    last: date
    series: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    references: Mapping[str, Reference] = field(default_factory=dict)

    @property
    def years(self) -> tuple[int, ...]:
        """Every year that a run covers to its last day."""
        return years_of(np.array([self.first, self.last], dtype="datetime64[D]"))

    @classmethod
    def beside(cls, path: str | Path, simulation: Simulator, calendar: Calendar | None = None) -> Study:
        """The study to which a scenario file belongs.

        Parameters
        ----------
        path : path
            A scenario file. ``levers.yaml`` and ``assumptions.yaml`` are read beside it, or from the ``scenarios`` of
            its study, and ``models/evidence.csv`` from the study; one without them has no levers, or no assumptions.
        simulation : Simulator
        calendar : Calendar, optional
            That of the model, by default; of the catalogue of levers, where the model is a sector without one.

        Raises
        ------
        ScenarioError
            A catalogue that cannot be used, or a model without calendar.
        """
        catalogue, assumptions = catalogues_beside(path)
        if calendar is None and simulation.model.calendar is None:
            calendar = catalogue.calendar
        calendar = calendar or Calendar.of(simulation.model)
        if catalogue.calendar not in (None, calendar):
            reason = "the calendar is not that of the model"
            raise ScenarioError(
                reason,
                file=beside(path, "levers.yaml"),
                variable="calendar",
                advice=f"its origin is {calendar.origin}",
            )
        first, last = (calendar.date(_bound(simulation, name)) for name in ("INITIAL TIME", "FINAL TIME"))
        return cls(
            catalogue=catalogue,
            assumptions={name: _of_model(item, simulation.constants) for name, item in assumptions.items()},
            names=ConstantNames(simulation.constants),
            calendar=calendar,
            first=first,
            last=last,
            series=tuple(
                item.name
                for item in simulation.model.variables.values()
                if item.equations[0].kind is Kind.DATA
            ),
            variables=tuple(item.name for item in simulation.model.variables.values()),
            references=_references(path),
        )

    def has(self, lever: str) -> bool:
        """Whether the model has a lever."""
        return all(self.catalogue.levers[lever].constants[part] in self.names for part in WORKS_BY)

    def variable(self, node: Node) -> str:
        """A variable of the model that a file names, with its element; the element is left to the model.

        Raises
        ------
        DataError
            When the model does not have it, with the nearest name.
        """
        name = node.text().strip()
        if _base(name) not in map(key, self.variables):
            advice = suggest(name, self.variables) or "name a variable of the model"
            raise node.error(f"the model has no variable '{name}'", advice)
        return name

    def owner(self, name: str) -> str | None:
        """Where a scenario sets a constant that belongs to a lever or an assumption; None for any other."""
        return (
            self.of_lever(name) or self._of_assumption.get(key(name)) or self._of_assumption.get(_base(name))
        )

    def of_lever(self, name: str) -> str | None:
        """Where a scenario sets a constant that belongs to a lever; None for any other."""
        for lever in self.catalogue.levers.values():
            for part, constant in lever.constants.items():
                if key(constant) in (key(name), _base(name)):
                    return f"levers: {{{lever.id}: {{{part}: …}}}}"
        return None

    @property
    def _of_assumption(self) -> dict[str, str]:
        """Canonical name of each constant that belongs to an assumption -> where a scenario sets it."""
        return {key(item.constant): f"assumptions: {{{item.id}: …}}" for item in self.assumptions.values()}


def catalogues_beside(path: str | Path) -> tuple[Catalogue, dict[str, Assumption]]:
    """The levers and the assumptions of the study to which a scenario file belongs.

    Parameters
    ----------
    path : path
        A scenario file; see `Study.beside`.

    Returns
    -------
    catalogue : Catalogue
        Empty where the study has none.
    assumptions : dict
        Assumption id -> `Assumption`; a constant of a lever is none.

    Raises
    ------
    ScenarioError
        A catalogue that cannot be used.
    """
    levers, assumptions = beside(path, "levers.yaml"), beside(path, "assumptions.yaml")
    evidence = study_folder(path) / "models" / "evidence.csv"
    catalogue = Catalogue() if levers is None else read_levers(levers)
    pulled = {key(name) for lever in catalogue.levers.values() for name in lever.constants.values()}
    found = read_assumptions(assumptions, evidence if is_there(evidence) else None)
    return catalogue, {name: item for name, item in found.items() if key(item.constant) not in pulled}


def _references(path: str | Path) -> dict[str, Reference]:
    """The publications of the study to which a scenario file belongs."""
    with scenario_faults():
        return references_beside(study_folder(path) / "models" / "evidence.csv")


def read_assumed(node: Node | None, study: Study) -> dict[str, float]:
    """The assumptions that a scenario or path sets, of those in the model; beyond their range is allowed: it is no law.

    Raises
    ------
    DataError
        An assumption that the study does not have, or a value that is no number.
    """
    values = {}
    for name, entry in () if node is None else node.entries():
        known = study.assumptions
        if name not in known:
            raise entry.error(
                f"there is no assumption '{name}'", suggest(name, known) or f"use {_some(known)}"
            )
        if known[name].constant in study.names:
            values[name] = read_number(entry)
    return values


def read_constants(node: Node | None, study: Study) -> dict[str, float]:
    """Constants that a scenario or path sets directly.

    Raises
    ------
    DataError
        A constant that the model does not have, or that belongs to a lever or an assumption.
    """
    values = {}
    for name, entry in () if node is None else node.entries():
        values[settable(name, entry, study)] = read_number(entry)
    return values


def settable(name: str, entry: Node, study: Study) -> str:
    """The model's spelling of a constant that a scenario or path sets directly.

    Raises
    ------
    DataError
        As `read_constants`.
    """
    if name not in study.names:
        raise entry.error(f"the model has no constant '{name}'", study.names.advice(name))
    owner = study.owner(name)
    if owner is not None:
        raise entry.error(
            f"'{name}' is not set here", f"write it as '{owner}', so that its cost and source follow"
        )
    return study.names.spelling(name)


def _base(name: str) -> str:
    """Canonical name of the array of an element."""
    return key(name.partition("[")[0])


def _some(names: Iterable[str]) -> str:
    """The first few of many names."""
    known = list(names)
    return ", ".join(known[:10]) + (f", … ({len(known)} in all)" if len(known) > 10 else "")


def _bound(simulation: Simulator, name: str) -> float:
    """The model's first or last moment."""
    for constant, value in simulation.constants.items():
        if key(constant) == key(name):
            return value
    raise ScenarioError(
        f"{name} is computed, so the run has no fixed end", advice="make it a number", variable=name
    )


def _of_model(item: Assumption, constants: Mapping[str, float]) -> Assumption:
    """An assumption out of evidence as it is in a model: not swept where the model itself lies beyond its range.

    A variant with one group says that a share with the other is 0; evidence of that share says nothing of it.
    """
    value = constants.get(item.constant)
    if item.listed or value is None or item.range.low <= value <= item.range.high:
        return item
    return replace(item, swept=False)


def beside(path: str | Path, name: str) -> Path | None:
    """A file of the study beside a scenario, or in the study's folder of scenarios; None when there is none."""
    for folder in (followed(Path(path)).parent, study_folder(path) / "scenarios"):
        if is_there(folder / name):
            return folder / name
    return None
