"""Whether every constant of a model has its evidence: ``evidence.csv`` beside it, and what of it is missing or amiss.

In go a model's constants and the table; out come its rows, the constants without one, and those whose row does not
fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.data import references
from sd_covid.data.references import Reference
from sd_covid.data.tables import Line, read_lines
from sd_covid.model.expression import Number
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Variable

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

FILE = "evidence.csv"
COLUMNS = (
    "id",
    "constant",
    "model",
    "value",
    "low",
    "high",
    "distribution",
    "unit",
    "source",
    references.COLUMN,
    "grade",
    "note",
)
GRADES = ("A", "B", "C", "D")
_NAMED = re.compile(r"Evidence: (\w+)\.")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a constant, or of one element of it."""

    id: str
    constant: str
    value: float
    low: float
    high: float
    distribution: str
    unit: str
    source: str
    grade: str
    line: Line
    references: tuple[Reference, ...] = ()

    @property
    def swept(self) -> bool:
        """Whether a study of uncertainty varies it."""
        return self.distribution not in ("fixed", "lever") and self.low < self.high


@dataclass(frozen=True, slots=True)
class Coverage:
    """Constants of a model and their evidence.

    Attributes
    ----------
    constants : int
        Settable constants, elements counted one by one.
    rows : tuple of Evidence
        Of this model.
    grades : dict of str to int
        Rows by grade.
    missing : tuple of str
        Constants without a row.
    amiss : tuple of (str, str, str)
        Constant, what does not fit (``value``, ``unit``, ``range``, ``source``, ``id``), and how.
    not_swept : tuple of str
        Constants of grade D that no study of uncertainty varies, though their range is wider than a point.
    on_bound : tuple of str
        Constants that lie on an end of their range.
    references : dict of str to list of str
        Constants that rest on a publication, by its full reference.
    """

    constants: int
    rows: tuple[Evidence, ...]
    grades: dict[str, int]
    missing: tuple[str, ...]
    amiss: tuple[tuple[str, str, str], ...]
    not_swept: tuple[str, ...]
    on_bound: tuple[str, ...]
    references: dict[str, list[str]]


def read_evidence(path: Path) -> list[Evidence]:
    """The rows of a table of evidence.

    Raises
    ------
    DataError
        When the table, a number or a grade cannot be read, or a reference is not known, with file and line.
    """
    found, known = [], references.references_beside(path)
    for line in read_lines(path, COLUMNS, (references.COLUMN,)):
        value, low, high = (line.number_in(column) for column in ("value", "low", "high"))
        grade = line.choice("grade", GRADES)
        texts = (line["distribution"], line["unit"], line["source"], grade)
        named = references.named_in(line, known)
        found.append(Evidence(line["id"], line["constant"], value, low, high, *texts, line, named))
    return found


def coverage(simulation: Simulation, path: Path) -> Coverage:
    """Compare a model's constants with its table of evidence.

    Raises
    ------
    DataError
        As `read_evidence`.
    """
    rows = read_evidence(path)
    by_name = {_folded(row.constant): row for row in rows}
    used: dict[str, Evidence] = {}
    missing, amiss = [], []
    for name, value in simulation.constants.items():
        variable = simulation.model.variable(name.partition("[")[0])
        if not _stated(variable):
            continue
        row = by_name.get(_folded(name)) or by_name.get(_folded(variable.name))
        if row is None:
            missing.append(name)
            continue
        used[row.id] = row
        amiss += [(name, what, how) for what, how in _faults(row, variable, value)]
    own = tuple(used.values())
    return Coverage(
        constants=sum(_stated(simulation.model.variable(n.partition("[")[0])) for n in simulation.constants),
        rows=own,
        grades={grade: Counter(row.grade for row in own)[grade] for grade in GRADES},
        missing=tuple(missing),
        amiss=tuple(dict.fromkeys(amiss)),
        not_swept=tuple(r.constant for r in own if r.grade == "D" and not r.swept and _could_be_swept(r)),
        on_bound=tuple(r.constant for r in own if r.low < r.high and r.value in (r.low, r.high)),
        references=_by_reference(own),
    )


def _by_reference(rows: Sequence[Evidence]) -> dict[str, list[str]]:
    """Constants by the full reference that they rest on, in the order of the alphabet."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for item in row.references:
            found.setdefault(item.full, []).append(row.constant)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def _stated(variable: Variable) -> bool:
    """Whether the number stands in the model as it is, so that it needs a source; not one that a reader made."""
    return all(
        equation.kind is Kind.ARRAY
        or isinstance(equation.expression, Number)
        or equation.kind is Kind.UNCHANGEABLE
        for equation in variable.equations
    )


def _could_be_swept(row: Evidence) -> bool:
    """Dates and definitions have no range; a lever is set by who plays it."""
    return row.low < row.high and row.distribution != "lever"


def _faults(row: Evidence, variable: Variable, value: float) -> list[tuple[str, str]]:
    found = []
    if row.value != value:
        found.append(("value", f"{row.value:g} ≠ {value:g}"))
    if key(row.unit) != key(variable.units):
        found.append(("unit", f"{row.unit} ≠ {variable.units}"))
    if not row.low <= row.value <= row.high:
        found.append(("range", f"{row.value:g} ∉ [{row.low:g}, {row.high:g}]"))
    if len(row.source) < 6:
        found.append(("source", row.source or "–"))
    named = _NAMED.search(variable.documentation)
    if named is not None and named[1] != row.id.partition("[")[0]:
        found.append(("id", f"{row.id} ≠ {named[1]}"))
    return found


def _folded(name: str) -> str:
    base, bracket, elements = name.partition("[")
    return key(base) + bracket + ",".join(key(item) for item in elements.rstrip("]").split(",") if bracket)
