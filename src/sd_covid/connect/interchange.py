"""Calibration problems as PEtab's own library has them, with a model of this engine behind the names.

The library reads models in SBML and PySB only; here it is given one in Vensim's language or XMILE, so that all its
checks apply, and figures as the model has them, so that it works out likelihoods of its own. The tables themselves are
read and written by `sd_covid.calibration.problem.petab`; what PEtab has no words for (aggregation over periods, noise
that remembers, soft facts) is our extension, which the library does not check.

References
----------
Schmiester et al. (2021), PEtab, PLoS Computational Biology 17(1), e1008646; PEtab 2.0, petab.readthedocs.io.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import MUST_HAVE, TABLES, Problem, read_problem
from sd_covid.calibration.problem.petab_write import write_problem
from sd_covid.calibration.tables import Row
from sd_covid.calibration.types import Simulator
from sd_covid.calibration.workflow import load_problem
from sd_covid.connect import library
from sd_covid.errors import ProblemError, UnknownNameError, suggest
from sd_covid.model.names import key

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own, about pandas and what it rests on
    _petab = library("petab.v2", "sd-covid[ecosystem]")
    _models = library("petab.v2.models", "sd-covid[ecosystem]")

_FORMULAS = ("observableFormula", "noiseFormula", "targetValue", "observableParameters", "noiseParameters")
_LANGUAGES = {".xmile": "xmile", ".stmx": "xmile", ".itmx": "xmile"}


class KernelPetabModel(_models.Model):  # type: ignore[misc,name-defined]  # petab's classes are not typed throughout
    """A model of this engine as PEtab's library asks after one: which names there are, and what they may stand for.

    Parameters
    ----------
    simulator : Simulator
    model_id : str
    aliases : mapping of str to str, optional
        Further names of variables.
    others : collection of str
        Parameters of our extension, such as those of noise that remembers.
    """

    type_id = "vensim"

    def __init__(
        self,
        simulator: Simulator,
        model_id: str,
        aliases: Mapping[str, str] | None = None,
        others: Collection[str] = (),
    ) -> None:
        self._simulator, self._id, self._others = simulator, model_id, set(others)
        self._aliases = dict(aliases or {})
        constants = {key(name): float(value) for name, value in simulator.constants.items()}
        named = {
            alias: constants[key(name)] for alias, name in self._aliases.items() if key(name) in constants
        }
        self._constants = constants | {key(alias): value for alias, value in named.items()}
        self._variables = {key(item.name) for item in simulator.model.variables.values()}
        self._variables |= {key(name) for name in self._aliases}
        self._states = {key(str(state.name).partition("[")[0]) for state in simulator.program.states}

    @staticmethod
    def from_file(
        filepath_or_buffer: Any, model_id: str, base_path: str | Path | None = None
    ) -> KernelPetabModel:
        """Read a model."""
        from sd_covid.engine.simulation import load

        return KernelPetabModel(load(Path(base_path or "", filepath_or_buffer)), model_id)

    def to_file(self, filename: str | Path | None = None) -> None:
        """Not this: the model has its own file."""
        raise ProblemError("a model is not written with its tables", advice="use sd-covid convert")

    @property
    def model_id(self) -> str:
        """Id of the model in the problem."""
        return self._id

    def get_parameter_value(self, id_: str) -> float:
        """Value of a constant in the model file."""
        if key(id_) not in self._constants:
            raise ValueError(
                f"'{id_}' is not a constant of the model; {suggest(id_, self._simulator.constants)}"
            )
        return self._constants[key(id_)]

    def get_free_parameter_ids_with_values(self) -> Iterator[tuple[str, float]]:
        """Every constant and its value."""
        return ((name, float(value)) for name, value in self._simulator.constants.items())

    def get_parameter_ids(self) -> Iterator[str]:
        """Every constant."""
        return iter(self._simulator.constants)

    def has_entity_with_id(self, entity_id: str) -> bool:
        """Whether there is a variable, or an element of one."""
        return key(str(entity_id).partition("[")[0]) in self._variables

    def get_valid_parameters_for_parameter_table(self) -> set[str]:
        """Constants, spelled as in the model and as identifiers, and parameters of our extension."""
        names = {part for name in self._simulator.constants for part in (name, name.partition("[")[0])}
        aliases = {name for name in self._aliases if key(name) in self._constants}
        return names | aliases | self._others | {"_".join(name.split()) for name in names}

    def get_valid_ids_for_condition_table(self) -> set[str]:
        """The same: a condition sets constants."""
        return self.get_valid_parameters_for_parameter_table() - self._others

    def symbol_allowed_in_observable_formula(self, id_: str) -> bool:
        """Whether a formula may hold a name: any variable, and the time."""
        return self.has_entity_with_id(id_) or id_ == "time"

    def is_valid(self) -> bool:
        """It was read and lowered, so it is."""
        return True

    def is_state_variable(self, id_: str) -> bool:
        """Whether a name is a stock."""
        return key(str(self._aliases.get(id_, id_)).partition("[")[0]) in self._states


def petab_problem(problem: Problem | str | Path, *, simulator: Simulator | None = None) -> Any:
    """A problem as PEtab's library has it.

    Parameters
    ----------
    problem : Problem or path
        A path is that of ``problem.yaml``, or of a file that extends one.
    simulator : Simulator, optional
        The loaded model; by default the one that the problem names.

    Returns
    -------
    petab.v2.Problem
        With the model behind it: ``.validate()`` runs every check of the library, and warns where there is an
        extension, which it does not check. Where the mapping table names what is an identifier already, which PEtab
        does not allow, the model knows that name instead.

    Raises
    ------
    ProblemError, ModelError
        When it cannot be read.
    """
    problem, simulator = _loaded(problem, simulator)
    aliases = {item.entity: item.model_name for item in problem.aliases if item.model_name.isidentifier()}
    extensions = problem.config.get("extensions") or {}
    theirs = set(re.findall(r"\w+", yaml.safe_dump(extensions))) & set(problem.parameters)
    made = _petab.Problem(models=[KernelPetabModel(simulator, problem.model_id, aliases, theirs)])
    made.config = _petab.ProblemConfig(id=problem.config.get("id"), extensions=extensions)
    with tempfile.TemporaryDirectory() as folder:  # the library reads its tables from files
        file = write_problem(_for_petab(problem, aliases), folder)
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        for kind in TABLES:
            table = getattr(_petab, f"{kind.capitalize()}Table")
            names = told.get(f"{kind}_files") or []
            getattr(made, f"{kind}_tables").extend(table.from_tsv(Path(folder, name)) for name in names)
    return made


def write_petab(problem: Any, model: str | Path, folder: str | Path) -> Problem:
    """Write a problem of PEtab's library as files that ``sd-covid calibrate`` reads, and read it.

    Parameters
    ----------
    problem : petab.v2.Problem
        Its tables count; what it holds for a model does not.
    model : path
        The model in Vensim's language or XMILE, below the study folder of `folder`.
    folder : path
        Made when missing.

    Returns
    -------
    Problem
        Of ``problem.yaml`` in `folder`; each figure is the end of a period of a month until ``extensions`` says
        otherwise.

    Raises
    ------
    ProblemError
        When a table that must be there is empty, or what is written contradicts itself.
    """
    folder, model = Path(folder), Path(model)
    folder.mkdir(parents=True, exist_ok=True)
    name = problem.id or folder.resolve().name
    language = _LANGUAGES.get(model.suffix.lower(), "vensim")
    location = Path(os.path.relpath(model.resolve(), folder.resolve())).as_posix()
    told: dict[str, Any] = {
        "format_version": "2.0.0",
        "id": name,
        "model_files": {name: {"location": location, "language": language}},
    }
    for kind in TABLES:
        frame = getattr(problem, f"{kind}_df")
        if frame is None or frame.empty:
            if kind in MUST_HAVE:
                raise ProblemError(f"the problem has no {kind}s", advice=f"add a {kind}")
            continue
        file = f"{kind}s.tsv" if kind != "mapping" else "mapping.tsv"
        _write(frame, folder / file)
        told[f"{kind}_files"] = [file]
    path = folder / "problem.yaml"
    path.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return read_problem(path)


def simulation_table(
    problem: Problem | str | Path,
    parameters: Mapping[str, float] | None = None,
    *,
    simulator: Simulator | None = None,
) -> pd.DataFrame:
    """What the model says about every figure, as PEtab's simulation table.

    Parameters
    ----------
    problem : Problem or path
    parameters : mapping, optional
        Values of estimated parameters by id; the others have their ``nominalValue``.
    simulator : Simulator, optional

    Returns
    -------
    DataFrame
        Columns observableId, experimentId, time, simulation: what ``petab.v2.calculate`` and PEtab's pictures take.

    Raises
    ------
    UnknownNameError
        For a parameter that the problem does not estimate.
    ProblemError
        For a parameter without a value.
    """
    problem, simulator = _loaded(problem, simulator)
    objective = Objective(problem, simulator)
    nominal = {item.id: item.nominal for item in problem.estimated}
    for name in parameters or {}:
        if name not in nominal:
            advice = suggest(name, nominal)
            raise UnknownNameError(f"'{name}' is not estimated", advice=advice, variable=name)
    values = nominal | dict(parameters or {})
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise ProblemError(
            f"'{missing[0]}' has no nominalValue", advice="give it one, or pass it in parameters"
        )
    found = objective.predictions(np.array([values[name] for name in objective.names], dtype=np.float64))
    rows = []
    for experiment in objective.experiments:
        for series in experiment.series:
            observable = series.observation.observable.id
            medians = np.ravel(found[observable, experiment.id].predicted.median)
            rows += [
                (observable, experiment.id or None, item.time, value)
                for item, value in zip(series.measurements, medians.tolist(), strict=True)
            ]
    return pd.DataFrame(rows, columns=["observableId", "experimentId", "time", "simulation"])


def _loaded(problem: Problem | str | Path, simulator: Simulator | None) -> tuple[Problem, Simulator]:
    if not isinstance(problem, Problem):
        return load_problem(problem, simulator)
    return (problem, simulator) if simulator is not None else load_problem(problem.path)


def _for_petab(problem: Problem, aliases: Mapping[str, str]) -> Problem:
    """The problem without some rows of its mapping and with numbers for pi, which PEtab does not know."""
    tables = {
        kind: [
            replace(
                table,
                rows=[_without_pi(row) for row in table.rows if row.text("petabEntityId") not in aliases],
            )
            for table in found
        ]
        for kind, found in problem.tables.items()
    }
    tables["mapping"] = [table for table in tables.get("mapping", []) if table.rows]
    config = {k: v for k, v in problem.config.items() if k != "mapping_files"}
    return replace(problem, tables=tables, config=config)


def _without_pi(row: Row) -> Row:
    cells = {
        name: re.sub(r"\bpi\b", repr(math.pi), text) if name in _FORMULAS else text
        for name, text in row.cells.items()
    }
    return replace(row, cells=cells)


def _write(frame: pd.DataFrame, file: Path) -> None:
    """A table of the library as a file: an index that names rows is their first column, empty cells are empty."""
    table = frame if frame.index.name is None else frame.reset_index()
    table.to_csv(file, sep="\t", index=False, lineterminator="\n")
