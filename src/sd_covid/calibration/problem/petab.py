"""A calibration problem as data: the PEtab v2 tables, read.

In: ``problem.yaml`` and the tables it names. Out: a `Problem` of typed entities that keep the place they came from, and
the raw tables, so that what is written is what was read, extra columns included. Whether the tables agree with one
another and with the model is checked by `lint`, which `read_problem` runs on what needs no model.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.formula import Formula
from sd_covid.calibration.problem.extension import read_extension
from sd_covid.calibration.problem.priors import FAMILIES, Prior
from sd_covid.calibration.problem.variants import resolve
from sd_covid.calibration.settings import Extension
from sd_covid.calibration.tables import Row, Table, read_table
from sd_covid.calibration.yamlfile import YamlFile, read_yaml

NOISE_DISTRIBUTIONS = ("normal", "log-normal", "laplace", "log-laplace")
TABLES = {
    "parameter": ("parameterId", "estimate"),
    "observable": ("observableId", "observableFormula", "noiseFormula"),
    "measurement": ("observableId", "experimentId", "measurement", "time"),
    "condition": ("conditionId", "targetId", "targetValue"),
    "experiment": ("experimentId", "time", "conditionId"),
    "mapping": ("petabEntityId", "modelEntityId"),
}
MUST_HAVE = ("parameter", "observable", "measurement")
CONFIGURATION = {"format_version", "id", "model_files", "extensions", *(f"{kind}_files" for kind in TABLES)}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A row of the parameter table. Bounds are those of the natural scale; ``prior`` is None when not estimated."""

    id: str
    estimate: bool
    lower: float
    upper: float
    nominal: float | None
    prior: Prior | None
    row: Row


@dataclass(frozen=True, slots=True)
class Observable:
    """A row of the observable table. The formula gives the median of the noise."""

    id: str
    name: str
    formula: Formula
    noise: Formula
    distribution: str
    placeholders: tuple[str, ...]
    noise_placeholders: tuple[str, ...]
    series: str
    unit: str
    row: Row


@dataclass(frozen=True, slots=True)
class Measurement:
    """A row of the measurement table: one published figure. ``time`` is the end of its period, in model time."""

    observable: str
    experiment: str
    value: float
    time: float
    overrides: tuple[str, ...]
    noise_overrides: tuple[str, ...]
    holdout: bool
    period: str
    row: Row


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the condition table: a target set to a value."""

    condition: str
    target: str
    value: Formula
    row: Row


@dataclass(frozen=True, slots=True)
class Period:
    """A row of the experiment table: a condition applied at a time."""

    experiment: str
    time: float
    condition: str
    row: Row


@dataclass(frozen=True, slots=True)
class Alias:
    """A row of the mapping table: a PEtab name for a name of the model."""

    entity: str
    model_name: str
    row: Row


@dataclass(slots=True)
class Problem:
    """A calibration problem.

    Attributes
    ----------
    path : Path
        ``problem.yaml``.
    model_id, model_path, language : str, Path, str
    parameters, observables : dict
        By id, in the order of the table.
    measurements, changes, periods, aliases : list
    extension : Extension
        Aggregation, autocorrelation and driver processes: our extension block.
    tables : dict of str to list of Table
        The raw tables by kind.
    config : dict
        ``problem.yaml`` as read.
    base : Path or None
        The problem that this one extends.
    partial : bool
        Whether it is another model or fewer observables than the problem that it extends has.
    """

    path: Path
    model_id: str
    model_path: Path
    language: str
    extension: Extension
    parameters: dict[str, Parameter] = field(default_factory=dict)
    observables: dict[str, Observable] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    tables: dict[str, list[Table]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    base: Path | None = None
    partial: bool = False

    @property
    def estimated(self) -> list[Parameter]:
        """The estimated parameters, in the order of the table."""
        return [item for item in self.parameters.values() if item.estimate]

    @property
    def folder(self) -> Path:
        """The folder of tables and series: that of ``problem.yaml``, or of the problem that it extends."""
        return self.settings.parent

    @property
    def settings(self) -> Path:
        """The file with the extension block."""
        return self.path if self.base is None else self.base


def read_problem(path: Path | str) -> Problem:
    """Read a PEtab v2 problem and check it against itself.

    Parameters
    ----------
    path : path
        ``problem.yaml``, or a file that extends one.

    Returns
    -------
    Problem

    Raises
    ------
    ProblemError
        The first fault found, with file, line and column or key.
    """
    from sd_covid.calibration.problem.lint import check_tables, unused  # lint needs the classes above

    document = own = read_yaml(Path(path))
    found = resolve(own, _tables, TABLES) if "extends" in own.data else None
    if found is not None:
        document = found.document
    model_id, model_path, language = _configuration(document)
    extension = read_extension(document)
    problem = Problem(own.path, model_id, model_path, language, extension, config=document.data)
    if found is not None:
        problem.base, problem.partial = document.path, found.partial
    problem.tables = _tables(document) if found is None else found.tables
    for kind, tables in problem.tables.items():
        for table in tables:
            for row in table.rows:
                _READERS[kind](problem, row)
    for fault in check_tables(problem):
        raise fault
    for remark in unused(problem):
        warnings.warn(str(remark), stacklevel=2)
    return problem


def with_measurements(problem: Problem, tables: list[Table]) -> Problem:
    """The problem with other tables of measurements, checked as when it is read.

    Raises
    ------
    ProblemError
        The first fault found.
    """
    from sd_covid.calibration.problem.lint import check_tables

    changed = replace(problem, measurements=[], tables={**problem.tables, "measurement": tables})
    for table in tables:
        for row in table.rows:
            _read_measurement(changed, row)
    for fault in check_tables(changed):
        raise fault
    return changed


def _tables(document: YamlFile) -> dict[str, list[Table]]:
    """The tables that a file names, by kind."""
    return {
        kind: [read_table(file, required) for file in _files(document, kind)]
        for kind, required in TABLES.items()
    }


def _configuration(document: YamlFile) -> tuple[str, Path, str]:
    document.check_keys((), CONFIGURATION)
    version = document.data.get("format_version")
    if str(version) != "2.0.0":
        raise document.error(
            ("format_version",), f"'{version}' is not supported", "write format_version: 2.0.0"
        )
    models = document.data.get("model_files")
    if not isinstance(models, dict) or len(models) != 1:
        raise document.error(
            ("model_files",), "exactly one model is expected", "write {id: {location, language}}"
        )
    model_id, entry = next(iter(models.items()))
    where = ("model_files", str(model_id))
    if not isinstance(entry, dict) or not {"location", "language"} <= set(entry):
        raise document.error(
            where, "a model needs location and language", "write {location: FILE, language: vensim}"
        )
    if entry["language"] not in ("vensim", "xmile"):
        found = entry["language"]
        raise document.error((*where, "language"), f"'{found}' cannot be read", "use vensim or xmile")
    model_path = document.below_study((*where, "location"), str(entry["location"]))
    return str(model_id), model_path, str(entry["language"])


def _files(document: YamlFile, kind: str) -> list[Path]:
    key = f"{kind}_files"
    names = document.data.get(key, [])
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise document.error((key,), "a list of file names is expected", f"write {key}: [{kind}s.tsv]")
    if kind in MUST_HAVE and not names and "extends" not in document.data:
        raise document.error((key,), "at least one file is expected", f"write {key}: [{kind}s.tsv]")
    return [document.below_study((key,), name) for name in names]


def _formula(row: Row, column: str) -> Formula:
    try:
        return formulas.parse(row.required(column))
    except formulas.FormulaSyntaxError as error:
        raise row.error(column, str(error), "see docs/calibration.md for the functions there are") from error


def _unique(row: Row, column: str, identifier: str, known: dict[str, Any]) -> None:
    if identifier in known:
        first = known[identifier].row
        raise row.error(column, f"'{identifier}' is defined twice", f"the first is on line {first.line}")


def _read_parameter(problem: Problem, row: Row) -> None:
    identifier = row.identifier("parameterId")
    _unique(row, "parameterId", identifier, problem.parameters)
    estimate = row.choice("estimate", ("true", "false")) == "true"
    lower, upper, nominal = row.number("lowerBound"), row.number("upperBound"), row.number("nominalValue")
    if estimate:
        for column, bound in (("lowerBound", lower), ("upperBound", upper)):
            if bound is None:
                raise row.error(column, f"'{identifier}' is estimated and has no bound", "give both bounds")
    elif nominal is None:
        reason = f"'{identifier}' is not estimated and has no value"
        raise row.error("nominalValue", reason, "give its value, or estimate it")
    low, high = -math.inf if lower is None else lower, math.inf if upper is None else upper
    if low >= high:
        raise row.error(
            "lowerBound", f"{low:g} is not below the upper bound {high:g}", "swap or widen the bounds"
        )
    if nominal is not None and not low <= nominal <= high:
        raise row.error(
            "nominalValue", f"{nominal:g} lies outside [{low:g}, {high:g}]", "move it or the bounds"
        )
    prior = _prior(row, identifier, low, high) if estimate else None
    problem.parameters[identifier] = Parameter(identifier, estimate, low, high, nominal, prior, row)


def _prior(row: Row, identifier: str, lower: float, upper: float) -> Prior:
    if not row.text("priorDistribution"):
        if not (math.isfinite(lower) and math.isfinite(upper)):
            reason = f"'{identifier}' has no prior and an infinite bound, so its prior would not be proper"
            raise row.error("priorDistribution", reason, "give a prior, or finite bounds for a uniform one")
        return Prior("uniform", (lower, upper), lower, upper)
    name = row.choice("priorDistribution", tuple(FAMILIES))
    family = FAMILIES[name]
    texts = row.items("priorParameters")
    if len(texts) != family.arity:
        reason = f"{name} takes {family.arity} parameter(s), not {len(texts)}"
        raise row.error("priorParameters", reason, "separate them by ';'")
    try:
        values = tuple(float(text) for text in texts)
    except ValueError as error:
        raise row.error(
            "priorParameters", f"'{';'.join(texts)}' are not numbers", "write them as 0.1;0.5"
        ) from error
    if any(not math.isfinite(value) for value in values):
        raise row.error("priorParameters", "a parameter is not finite", "write finite numbers")
    if any(values[index] <= 0 for index in family.positive):
        raise row.error(
            "priorParameters", f"a scale or shape of {name} is not above zero", "make it positive"
        )
    if family.ordered and values[0] >= values[1]:
        raise row.error("priorParameters", f"{values[0]:g} is not below {values[1]:g}", "write low;high")
    prior = Prior(name, values, lower, upper)
    try:
        within = prior.mass > 0
    except OverflowError as error:  # the parameters of some are of the logarithm
        reason = f"{name} of {';'.join(texts)} reaches beyond the largest number"
        raise row.error("priorParameters", reason, "give the median's natural logarithm first") from error
    if not within:
        reason = f"the prior of '{identifier}' has no probability between its bounds"
        raise row.error("priorParameters", reason, "move the prior or the bounds")
    return prior


def _read_observable(problem: Problem, row: Row) -> None:
    identifier = row.identifier("observableId")
    _unique(row, "observableId", identifier, problem.observables)
    problem.observables[identifier] = Observable(
        identifier,
        row.text("observableName") or identifier,
        _formula(row, "observableFormula"),
        _formula(row, "noiseFormula"),
        row.choice("noiseDistribution", NOISE_DISTRIBUTIONS, "normal"),
        row.items("observablePlaceholders"),
        row.items("noisePlaceholders"),
        row.text("series"),
        row.text("unit"),
        row,
    )


def _read_measurement(problem: Problem, row: Row) -> None:
    value, time = row.number("measurement"), row.number("time")
    if value is None or not math.isfinite(value):
        raise row.error("measurement", "a finite number is expected", "leave out the row of a missing figure")
    if time is None or not math.isfinite(time):
        raise row.error(
            "time", "a finite time is expected", "steady states are not observed; give the period's end"
        )
    if row.text("modelId") not in ("", problem.model_id):
        reason = f"'{row.text('modelId')}' is not the model of this problem"
        raise row.error("modelId", reason, f"that is '{problem.model_id}'")
    problem.measurements.append(
        Measurement(
            row.identifier("observableId"),
            row.text("experimentId"),
            value,
            time,
            row.items("observableParameters"),
            row.items("noiseParameters"),
            row.choice("split", ("fit", "holdout"), "fit") == "holdout",
            row.text("period"),
            row,
        )
    )


def _read_condition(problem: Problem, row: Row) -> None:
    value = _formula(row, "targetValue")
    problem.changes.append(Change(row.identifier("conditionId"), row.identifier("targetId"), value, row))


def _read_experiment(problem: Problem, row: Row) -> None:
    time = row.number("time")
    if time is None:
        raise row.error("time", "the cell is empty", "give the time at which the condition applies")
    problem.periods.append(Period(row.identifier("experimentId"), time, row.text("conditionId"), row))


def _read_mapping(problem: Problem, row: Row) -> None:
    entity = row.identifier("petabEntityId")
    _unique(row, "petabEntityId", entity, {item.entity: item for item in problem.aliases})
    if row.text("modelEntityId"):  # a row without is a remark
        problem.aliases.append(Alias(entity, row.text("modelEntityId"), row))


_READERS = {
    "parameter": _read_parameter,
    "observable": _read_observable,
    "measurement": _read_measurement,
    "condition": _read_condition,
    "experiment": _read_experiment,
    "mapping": _read_mapping,
}
