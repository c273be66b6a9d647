"""Models beside the results that another program computed with them, as in a checkout of SDXorg/test-models.

In goes a folder; out come, for each model in it, whether ours gives the reference output, and if not, why. A model that
crashes or does not end is one failure among the others. Showing it is for ``sd_covid.cli.conformance``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.isolated import run_isolated
from sd_covid.analysis.reference_output import Column, ReferenceOutput, find_reference, read_reference
from sd_covid.errors import DataError, ModelError, SdCovidError
from sd_covid.model.names import key

if TYPE_CHECKING:
    from sd_covid.engine.graph.subscripts import Cell
    from sd_covid.engine.simulation import Simulation
    from sd_covid.model import Model

FORMATS = ("mdl", "xmile", "stmx")
#: The largest difference, as a share of the reference value.
TOLERANCE = 1e-3
#: The same where the reference has more digits than single precision, in which other programs may compute, can hold.
FINE_TOLERANCE = 1e-6
_FINE_DIGITS = 9
#: What a difference may be in any case: this share of the tolerance, of the largest value of the column, and at least
#: the last figure. A reference of six digits, or in single precision, writes 0 or 1e-7 where the exact result is 1e-17.
_ABSOLUTE_SHARE = 1e-3
_ABSOLUTE = 1e-9
_TIME_TOLERANCE = 1e-5
_TABLES = frozenset({".tab", ".csv", ".dat"})
#: Columns that another program adds; models of its format need not have them as variables.
_CONTROL = frozenset({"time", "initial time", "final time", "time step", "saveper", "dt"})


class Status(StrEnum):
    """What became of a model."""

    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"
    NO_REFERENCE = "no reference"


@dataclass(frozen=True, slots=True)
class Case:
    """A model, its format, what it is compared with, and how closely."""

    model: Path
    format: str
    reference: Path | None
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Difference:
    """Where ours and the reference differ most, of what differs too much."""

    column: str
    time: float
    ours: float
    reference: float


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case.

    Attributes
    ----------
    case : Case
    status : Status
    reason : str
        In one line: the error, the first difference, or columns that could not be compared.
    compared : int
        How many columns were compared.
    not_in_model : tuple of str
        Columns of the reference that are no variables of the model.
    largest : float
        The largest difference, as a share of the reference value, beyond what the absolute tolerance allows.
    differences : tuple of Difference
        For each column that differs, the first time at which it does.
    seconds : float
    """

    case: Case
    status: Status
    reason: str = ""
    compared: int = 0
    not_in_model: tuple[str, ...] = ()
    largest: float = 0.0
    differences: tuple[Difference, ...] = field(default=())
    seconds: float = 0.0


def find_cases(folder: Path, formats: Sequence[str] = FORMATS) -> list[Case]:
    """The models below a folder, in order of their paths.

    Parameters
    ----------
    folder : Path
        A checkout, the folder of one model, or a model itself.
    formats : sequence of str
        Of `FORMATS`; the case of a file's suffix does not count.

    Raises
    ------
    ModelError
        When there is no such folder, or no model in it.
    """
    if not folder.exists():
        raise ModelError("there is no such folder", advice="give a checkout of test-models", file=folder)
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    wider = _wider_tolerances()
    cases = [
        Case(path, suffix, find_reference(path), wider.get(path.resolve().parent.name.casefold(), TOLERANCE))
        for path in paths
        if (suffix := path.suffix.lower().removeprefix(".")) in formats
    ]
    if not cases:
        wanted = ", ".join(f".{suffix}" for suffix in formats)
        raise ModelError(f"holds no {wanted} file", advice="give a checkout of test-models", file=folder)
    return cases


def _wider_tolerances() -> dict[str, float]:
    import yaml

    table = yaml.safe_load(files("sd_covid.analysis").joinpath("conformance.yaml").read_text("utf-8"))
    return {row["folder"].casefold(): float(row["relative"]) for row in table}


def compare_all(cases: Sequence[Case], *, processes: int, limit: float) -> Iterator[Result]:
    """Run the cases in processes of their own, and compare.

    Parameters
    ----------
    cases : sequence of Case
    processes : int
    limit : float
        Seconds for one model.

    Yields
    ------
    Result
        In the order in which they are done.
    """
    with_reference = [case for case in cases if case.reference is not None]
    yield from (Result(case, Status.NO_REFERENCE) for case in cases if case.reference is None)
    for outcome in run_isolated(compare_case, with_reference, processes=processes, limit=limit):
        if outcome.result is not None:
            yield outcome.result
        else:
            yield Result(outcome.item, Status.FAILED, outcome.crashed, seconds=outcome.seconds)


def compare_case(case: Case) -> Result:
    """Run one case that has a reference, and compare."""
    from sd_covid.engine.simulation import load

    assert case.reference is not None, "a case without a reference cannot be compared"
    started = time.perf_counter()
    try:
        simulation = load(case.model, _data_files(case.model))
    except SdCovidError as error:
        return Result(case, Status.REFUSED, _line(error), seconds=time.perf_counter() - started)
    try:
        reference = read_reference(case.reference)
        result = _compare(case, simulation, reference)
        if result.status is Status.FAILED and (reason := _not_its_own(case, simulation, reference, result)):
            result = _with_another_table(case, simulation) or Result(case, Status.NO_REFERENCE, reason)
    except SdCovidError as error:
        result = Result(case, Status.FAILED, _line(error))
    return replace(result, seconds=time.perf_counter() - started)


def _data_files(path: Path) -> list[Path]:
    """The tables beside a model that has data variables without data, but for its reference."""
    from sd_covid.model import read

    return _tables_beside(path) if _needs_tables(read(path)) else []


def _needs_tables(model: Model) -> bool:
    from sd_covid.model import Kind

    return any(
        equation.kind is Kind.DATA and equation.expression is None
        for variable in model.variables.values()
        for equation in variable.equations
    )


def _tables_beside(path: Path) -> list[Path]:
    """The tables in a model's folder that are no reference by their name."""
    return [
        item
        for item in sorted(path.parent.iterdir())
        if item.suffix.lower() in _TABLES and not item.stem.lower().startswith("output")
    ]


def _with_another_table(case: Case, simulation: Simulation) -> Result | None:
    """The comparison with a table beside the model that has its results: a model may be there to make data for others.

    It fits when every column is a variable of the model. A model that needs tables as data has none that counts.
    """
    if _needs_tables(simulation.model):
        return None
    for path in _tables_beside(case.model):
        if path.suffix.lower() == ".dat":
            continue
        try:
            table = read_reference(path)
        except DataError:
            continue  # a table of something else
        if _fits(simulation, table):
            result = _compare(replace(case, reference=path), simulation, table)
            return replace(result, reason=result.reason or f"with {path.name}")
    return None


def _not_its_own(case: Case, simulation: Simulation, reference: ReferenceOutput, result: Result) -> str:
    """Why a reference says nothing about a model: another model of the folder fits."""
    from sd_covid.engine.simulation import load

    if result.compared and not result.not_in_model:
        return ""
    for path in sorted(case.model.parent.iterdir()):
        if path.suffix.lower() != f".{case.format}" or path == case.model:
            continue
        try:
            other = load(path, _data_files(path))
            fits = _fits(other, reference)
        except SdCovidError:
            continue  # it has a result of its own
        if fits:
            return f"{reference.path.name} is that of {path.name}"
    return ""


def _fits(simulation: Simulation, reference: ReferenceOutput) -> bool:
    """Whether a model has every column of a reference, and saves every time."""
    cells = [_cell(simulation, column.name) for column in reference.columns]
    known = [cell for cell in cells if cell is not None]
    if len(known) < len(cells):
        return False
    saved = simulation.run(outputs=[simulation.names.spell(known[0])])["time"].to_numpy()
    return bool((_rows(saved, reference.times) >= 0).all())


def _line(error: SdCovidError) -> str:
    return " ".join(str(error).split())


def _compare(case: Case, simulation: Simulation, reference: ReferenceOutput) -> Result:
    from sd_covid.engine.graph.reach import random_cells

    found = {column.name: _cell(simulation, column.name) for column in reference.columns}
    columns = [column for column in reference.columns if found[column.name] is not None]
    absent = tuple(column.name for column in reference.columns if found[column.name] is None)
    drawn = random_cells(simulation.program)
    own = [column for column in columns if found[column.name] not in drawn]
    chance = len(columns) - len(own)
    columns, names = own, [simulation.names.spell(cell) for column in own if (cell := found[column.name])]
    if chance and all(key(name) in _CONTROL for name in names):
        return Result(
            case, Status.NO_REFERENCE, "all depends on random numbers, of which every program has its own"
        )
    if all(key(name) in _CONTROL for name in names):
        reason = "no column of the reference is a variable of the model"
        return Result(case, Status.FAILED, reason, not_in_model=absent)
    run = simulation.run(outputs=list(dict.fromkeys(names)))
    rows = _rows(run["time"].to_numpy(), reference.times)
    if (rows < 0).any():
        missing = float(reference.times[rows < 0][0])
        reason = f"the reference has time {missing:g}, which the run does not save"
        return Result(case, Status.FAILED, reason, not_in_model=absent)
    largest, differences = 0.0, []
    for column, name in zip(columns, names, strict=True):
        share, difference = _difference(column, run[name].to_numpy()[rows], reference.times, case.tolerance)
        largest = max(largest, share)
        differences += [] if difference is None else [difference]
    status = Status.FAILED if differences else Status.PASSED
    told = _told(differences) or _lacking(absent) or _left_to_chance(chance)
    return Result(case, status, told, len(columns), absent, largest, tuple(differences))


def _lacking(absent: Sequence[str]) -> str:
    """Which columns of the reference could not be compared, in a line."""
    needed = [name for name in absent if key(name) not in _CONTROL]
    more = f" and {len(needed) - 3} more" if len(needed) > 3 else ""
    return f"not in the model: {', '.join(needed[:3])}{more}" if needed else ""


def _left_to_chance(columns: int) -> str:
    """How many columns were not compared because they depend on random numbers, in a line."""
    return f"not compared, of random numbers: {columns} columns" if columns else ""


def _told(differences: Sequence[Difference]) -> str:
    """What differs, in a line: the column that is the first to do so."""
    if not differences:
        return ""
    first = min(differences, key=lambda difference: difference.time)
    others = f", and {len(differences) - 1} more columns" if len(differences) > 1 else ""
    return f"{first.column} at {first.time:g}: {first.ours:g}, reference {first.reference:g}{others}"


def _cell(simulation: Simulation, name: str) -> Cell | None:
    """The cell of a model that a column stands for."""
    from sd_covid.engine.graph.subscripts import Cell
    from sd_covid.model.structure import Kind

    base, elements = _parts(name)
    variable = simulation.model.variables.get(key(base))
    if variable is None or variable.equations[0].kind is Kind.LOOKUP:
        return None
    wanted = tuple(key(element) for element in elements)
    cell = Cell(variable.key, wanted)
    return cell if cell in simulation.names.cells(variable.name) else None


def _parts(name: str) -> tuple[str, list[str]]:
    """``name[a,b]`` or ``"a name"[a, b]`` into its parts."""
    if name.endswith("]") and "[" in name:
        base, _, inside = name[:-1].rpartition("[")
        return base, inside.split(",")
    return name, []


def _rows(saved: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each time wanted its row among those saved, or -1. Times of a reference may be rounded to six digits."""
    nearest = np.abs(saved[None, :] - wanted[:, None]).argmin(axis=1)
    allowed = _TIME_TOLERANCE * np.maximum(1.0, np.abs(wanted))
    return np.where(np.abs(saved[nearest] - wanted) <= allowed, nearest, -1)


def _difference(
    column: Column, ours: NDArray[np.float64], times: NDArray[np.float64], tolerance: float
) -> tuple[float, Difference | None]:
    """The largest relative difference of a column, and the first place where it is too large."""
    if tolerance == TOLERANCE and column.digits >= _FINE_DIGITS:
        tolerance = FINE_TOLERANCE
    given, theirs = column.given, column.values
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs)) | ~given
    scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond = np.abs(ours - theirs) - (_ABSOLUTE_SHARE * tolerance * scale + _ABSOLUTE)
        share = np.where(same, 0.0, np.where(beyond <= 0, 0.0, beyond / np.abs(theirs)))
    share = np.where(np.isnan(share), np.inf, share)
    bad = share > tolerance
    if not bad.any():
        return float(share.max(initial=0.0)), None
    at = int(bad.argmax())
    return float(share.max()), Difference(column.name, float(times[at]), float(ours[at]), float(theirs[at]))
