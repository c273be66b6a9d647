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

from sd_covid.model.expression import Number
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Variable
from sd_covid.policy.catalogue.evidence import GRADES, EvidenceRow, read_evidence

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

_NAMED = re.compile(r"Evidence: (\w+)\.")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Constants of a model and their evidence.

    Attributes
    ----------
    constants : int
        Settable constants, elements counted one by one.
    rows : tuple of EvidenceRow
        Of this model.
    grades : dict of str to int
        Rows by grade; those without evidence, definitions and settings of levers, are in none.
    defined, chosen : int
        Rows without evidence: definitions, and settings of levers.
    missing : tuple of str
        Constants without a row.
    amiss : tuple of (str, str, str)
        Constant, what does not fit (``value``, ``unit``, ``range``, ``source``, ``id``), and how.
    not_swept : tuple of str
        Constants of grade D that no study of uncertainty varies, though their range is wider than a point.
    on_bound : tuple of str
        Constants of a grade that lie on an end of their range, but for levers, which are set.
    references : dict of str to list of str
        Constants that rest on a publication, by its full reference.
    """

    constants: int
    rows: tuple[EvidenceRow, ...]
    grades: dict[str, int]
    defined: int
    chosen: int
    missing: tuple[str, ...]
    amiss: tuple[tuple[str, str, str], ...]
    not_swept: tuple[str, ...]
    on_bound: tuple[str, ...]
    references: dict[str, list[str]]


def coverage(simulation: Simulation, path: Path) -> Coverage:
    """Compare a model's constants with its table of evidence.

    Raises
    ------
    DataError
        As `read_evidence`.
    """
    rows = read_evidence(path)
    by_name = {_folded(row.constant): row for row in rows}
    used: dict[str, EvidenceRow] = {}
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
    chosen = sum(not row.graded and row.distribution == "lever" for row in own)
    return Coverage(
        constants=sum(_stated(simulation.model.variable(n.partition("[")[0])) for n in simulation.constants),
        rows=own,
        grades={grade: Counter(row.grade for row in own)[grade] for grade in GRADES},
        defined=sum(not row.graded for row in own) - chosen,
        chosen=chosen,
        missing=tuple(missing),
        amiss=tuple(dict.fromkeys(amiss)),
        not_swept=tuple(r.constant for r in own if r.grade == "D" and not r.varies and _has_range(r)),
        on_bound=tuple(r.constant for r in own if r.graded and _has_range(r) and r.value in (r.low, r.high)),
        references=_by_reference(own),
    )


def _by_reference(rows: Sequence[EvidenceRow]) -> dict[str, list[str]]:
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


def _has_range(row: EvidenceRow) -> bool:
    """Dates and definitions have no range; a lever is set by who plays it."""
    return row.low < row.high and row.distribution != "lever"


def _faults(row: EvidenceRow, variable: Variable, value: float) -> list[tuple[str, str]]:
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
