"""A model to be documented, read and run: its sectors, how they are coupled, and what lies beside them.

In goes a model file; out comes a `Study` of everything that pages say. A single file is a study of one sector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import sd_covid
from sd_covid.analysis.passport.reference_modes import Figure, fits, months, value_in
from sd_covid.data.tables import Line
from sd_covid.document.companions import Alternative, Companions, read_companions
from sd_covid.document.structure import Anatomy, anatomy, is_driver
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import suggest
from sd_covid.model import read
from sd_covid.model.expression import Number
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model
from sd_covid.model.study_file import read_study_file
from sd_covid.policy.calendar import Calendar

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Given:
    """A coupling: an input, the sector and variable that give it, and the sectors that take it."""

    input: str
    giver: str
    source: str
    takers: tuple[str, ...]
    note: str = ""


@dataclass(slots=True)
class Sector:
    """A sector: its id in the study, its file, and what it is made of."""

    id: str
    path: Path
    model: Model
    anatomy: Anatomy

    @property
    def stem(self) -> str:
        """Name of its page."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of a reference mode, what the sector alone makes of it, and what the whole does."""

    figure: Figure
    start: float
    end: float
    alone: float
    coupled: float | None


@dataclass(frozen=True, slots=True)
class Under:
    """An output under an assumption and its opposite, in each year."""

    variable: str
    unit: str
    as_it_is: tuple[float, ...]
    otherwise: tuple[float, ...]


@dataclass
class Study:
    """What pages are made of."""

    path: Path
    name: str
    sectors: list[Sector]
    given: list[Given]
    beside: Companions
    origin: tuple[int, int] | None
    _alone: dict[str, Simulation] = field(default_factory=dict)
    _less: dict[tuple[str, ...], Simulation] = field(default_factory=dict)
    _under: dict[str, list[tuple[Alternative, list[Under]]]] = field(default_factory=dict)

    def of(self, sector: str) -> Sector:
        """The sector of an id."""
        return next(item for item in self.sectors if item.id == sector)

    @cached_property
    def whole(self) -> Simulation | None:
        """The coupled model; None for a study of one file."""
        return sd_covid.load(self.path) if self.given else None

    @cached_property
    def model(self) -> Model:
        """All of the model as one."""
        return read(self.path)

    def alone(self, sector: Sector) -> Simulation:
        """A sector as a model of its own."""
        if sector.id not in self._alone:
            self._alone[sector.id] = sd_covid.load(sector.path)
        return self._alone[sector.id]

    def home(self, name: str) -> list[Sector]:
        """The sector that a variable is of; none for one that is nowhere. An input is of the first that takes it."""
        having = [item for item in self.sectors if key(name) in item.anatomy.causes]
        own = [item for item in having if key(name) not in item.anatomy.inputs]
        return (own or having)[:1]

    def alternatives(self, stem: str) -> list[tuple[Alternative, list[Under]]]:
        """What the assumptions in the notes of a sector, or of the whole, make of outputs of the whole.

        Notes of a sector may name variables of sectors that another study lacks: those stay unsaid there.
        """
        if stem not in self._under:
            notes = self.beside.notes.get(stem)
            listed = notes.alternatives if notes is not None and self.origin is not None else ()
            if stem != self.path.stem:
                listed = tuple(item for item in listed if self._has(item))
            self._under[stem] = [(item, under(self, item)) for item in listed]
        return self._under[stem]

    def _has(self, item: Alternative) -> bool:
        """Whether the study has all that an alternative names."""
        names = (*item.constants, *item.variables, *item.less)
        return all(key(name.partition("[")[0]) in self.model.variables for name in names)

    def without(self, alternative: Alternative) -> Simulation:
        """The whole with some drivers at zero."""
        if alternative.less not in self._less:
            self._less[alternative.less] = Simulation(_without_drivers(self.model, alternative))
        return self._less[alternative.less]

    def modes(self, sector: Sector) -> list[Figure]:
        """Its figures of reference modes."""
        return [item for item in self.beside.modes if item.sector in (sector.id, sector.stem)]

    def links(self, sector: Sector) -> list[Line]:
        """Its rows of links."""
        return [row for row in self.beside.links if row["sector"] in (sector.id, sector.stem)]


def read_study(path: Path) -> Study:
    """Read a model and what lies beside it.

    Raises
    ------
    ModelError, DataError
        When one of the files cannot be used.
    """
    whole = read(path)
    file = read_study_file(path) if path.suffix.lower() in (".yaml", ".yml") else None
    if file is None or file.variants:  # a variant is another model than its sectors make
        beside = read_companions(path.parent, whole, [path.stem])
        sector = Sector(path.stem, path, whole, anatomy(whole))
        return Study(path, whole.name, [sector], [], beside, _origin(whole))
    files = {name: (item.place.file or path).parent / item.file for name, item in file.sectors.items()}
    models = {name: read(item) for name, item in files.items()}
    given = []
    for coupling in file.couplings:
        takers = tuple(name for name, model in models.items() if key(coupling.input) in model.variables)
        given.append(Given(coupling.input, coupling.sector, coupling.source, takers, coupling.note))
    sectors = [
        Sector(
            name, files[name], model, anatomy(model, [item.input for item in given if name in item.takers])
        )
        for name, model in models.items()
    ]
    beside = read_companions(path.parent, whole, [*(item.stem for item in files.values()), path.stem])
    return Study(path, file.name, sectors, given, beside, _origin(whole))


def _origin(model: Model) -> tuple[int, int] | None:
    """Year and month of model time 0, where time is in months and the study says so."""
    if model.calendar is None or model.calendar[1] != "month":
        return None
    year, month = [*map(int, model.calendar[0].split("-")), 1][:2]
    return year, month


@dataclass(frozen=True, slots=True)
class Courses:
    """Runs of a model as it stands: times, and the values of the variables that were asked for."""

    time: Floats
    values: dict[str, Floats]


def courses(simulation: Simulation, figures: Sequence[Figure]) -> Courses:
    """One run, of the variables that figures of reference modes name.

    Raises
    ------
    DataError
        When a figure does not fit the model.
    """
    for figure in figures:
        fits(simulation, figure)
    names = list(dict.fromkeys(figure.variable for figure in figures))
    run = simulation.run(outputs=names)
    values = {name: np.asarray(run[name], dtype=np.float64).reshape(-1) for name in names}
    return Courses(np.asarray(run["time"], dtype=np.float64), values)


def compared(study: Study, sector: Sector) -> tuple[list[Compared], list[Courses]]:
    """Every figure of a sector beside what models make of it, and the runs; none where model time has no date."""
    figures = study.modes(sector)
    if study.origin is None or not figures:
        return [], []
    calendar = Calendar(date(*study.origin, 1))
    runs = [courses(item, figures) for item in (study.alone(sector), study.whole) if item is not None]
    found = []
    for figure in figures:
        start, end = months(figure, calendar)
        time = runs[0].time
        if start < time[0] or end > time[-1]:
            raise figure.line.error("period", f"{figure.period} lies outside the run", "choose another")
        values = [
            value_in(figure.aggregation, run.time, run.values[figure.variable], start, end) for run in runs
        ]
        found.append(Compared(figure, start, end, values[0], values[1] if len(values) > 1 else None))
    return found, runs


def under(study: Study, alternative: Alternative) -> list[Under]:
    """What an assumption makes of outputs: means of the years, or their differences from a run without some drivers.

    Raises
    ------
    UnknownNameError
        For a constant or output that the model does not have.
    DataError
        For a driver that is none.
    """
    assert study.origin is not None
    simulation = study.whole or study.alone(study.sectors[0])
    names = list(alternative.variables)
    less = study.without(alternative) if alternative.less else None
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
    for constants in ({}, alternative.constants):
        run = simulation.run(constants, outputs=names)
        base = None if less is None else less.run(constants, outputs=names)
        time = np.asarray(run["time"], dtype=np.float64)
        for name in names:
            values = np.asarray(run[name], dtype=np.float64)
            if base is not None:
                values = values - np.asarray(base[name], dtype=np.float64)
            found[name].append(_means(time, values, alternative.years, study.origin))
    units = {name: study.model.variable(name.partition("[")[0]).units for name in names}
    return [Under(name, units[name], *found[name]) for name in names]


def _without_drivers(model: Model, alternative: Alternative) -> Model:
    """The model with some data variables at zero throughout."""
    variables = dict(model.variables)
    for name in alternative.less:
        variable = variables.get(key(name))
        if variable is None or not is_driver(variable):
            assert alternative.node is not None
            drivers = [item.name for item in variables.values() if is_driver(item)]
            raise alternative.node.error(
                f"'{name}' is no driver", suggest(name, drivers) or "name a data variable"
            )
        zero = Equation(Kind.EQUATION, expression=Number(0.0), place=variable.place)
        variables[key(name)] = replace(variable, equations=[zero])
    return replace(model, variables=variables)


def _means(time: Floats, values: Floats, years: Sequence[int], origin: tuple[int, int]) -> tuple[float, ...]:
    starts = [12.0 * (year - origin[0]) + 1 - origin[1] for year in years]
    return tuple(value_in("mean", time, values, start, start + 12) for start in starts)
