"""The models' table of evidence: one row a constant, with its value, range, source and grade.

In comes ``models/evidence.csv``; out come `EvidenceRow` objects, each with the line on which it stands.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data import references
from sd_covid.data.references import Reference
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest
from sd_covid.policy.ranges import Range, Shape

_COLUMNS = ("id", "constant", "value", "low", "high", "distribution", "unit", "source", "grade")
#: What the table calls a distribution -> its shape.
_SHAPES: dict[str, Shape] = {
    "uniform": "uniform",
    "normal": "normal",
    "lognormal": "log-normal",
    "logitnormal": "logit-normal",
}
#: Rows that do not vary: figures and definitions, and what a scenario sets.
_STILL = ("fixed", "lever")
_ASSUMED = "ASSUMPTION"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """What is known of a constant.

    Attributes
    ----------
    id : str
    constant : str
        Its name in the model, with its element where elements differ.
    range : Range
        Uniform over low and high where the row is fixed or a lever.
    varies : bool
        Whether it has a distribution.
    unit : str
    source : str
    grade : str
        A–D.
    line : int
        In the file.
    references : tuple of Reference
        What it rests on.
    """

    id: str
    constant: str
    range: Range
    varies: bool
    unit: str
    source: str
    grade: str
    line: int
    references: tuple[Reference, ...] = ()

    @property
    def told(self) -> Text:
        """The source in both languages: a reference is the same in both, an assumption is spelled out in English."""
        source = self.source.rstrip(". ")
        assumed = self.source.startswith(_ASSUMED)
        dutch = "Aanname, uitgelegd in models/evidence.csv" if assumed else source
        named = "".join(f" {item.full}" for item in self.references)
        return Text(f"{dutch}.{named} Bewijs {self.id}", f"{_plain(source)}.{named} Evidence {self.id}")


def read_evidence(path: str | Path) -> tuple[EvidenceRow, ...]:
    """Read a table of evidence.

    Parameters
    ----------
    path : path
        A CSV with the columns ``id``, ``constant``, ``value``, ``low``, ``high``, ``distribution``, ``unit``,
        ``source`` and ``grade``. ``low`` and ``high`` are all of a uniform range, and a standard deviation to each side
        of the middle of a normal, lognormal or logitnormal one. A column ``references`` names keys of
        ``references.csv`` in the same folder.

    Returns
    -------
    tuple of EvidenceRow

    Raises
    ------
    DataError
        When the file is missing, is no table, lacks a column, or a row says something it cannot.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(
            "the file does not exist", advice="give the model's table of evidence", file=path
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("not a table in UTF-8", file=path, advice="save it as UTF-8") from error
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        advice = suggest(missing[0], reader.fieldnames or ()) or "add it"
        raise DataError(f"the column '{missing[0]}' is missing", file=path, line=1, advice=advice)
    try:
        known = references.references_beside(path)
        return tuple(_row(row, path, reader.line_num, known) for row in reader)
    except csv.Error as error:
        raise DataError(
            f"not a table: {error}", file=path, line=reader.line_num, advice="mind quotes"
        ) from error


def _row(
    row: dict[str, str | None], path: Path, line: int, known_references: Mapping[str, Reference]
) -> EvidenceRow:
    """One row."""
    if None in row or None in row.values():
        advice = "put a cell with a comma in double quotes"
        raise DataError("the row has not as many cells as the first", advice=advice, file=path, line=line)
    cells = {name: (row[name] or "").strip() for name in _COLUMNS}
    name, distribution = cells["constant"], cells["distribution"]

    def fault(reason: str, advice: str) -> DataError:
        return DataError(reason, advice=advice, file=path, line=line, variable=name)

    known = (*_STILL, *_SHAPES)
    if distribution not in known:
        advice = suggest(distribution, known) or f"use one of {', '.join(known)}"
        raise fault(f"the distribution '{distribution}' is not known", advice)
    if cells["grade"] not in ("A", "B", "C", "D"):
        raise fault(f"the grade '{cells['grade']}' is not known", "use A, B, C or D")
    try:
        low, high, value = (float(cells[part]) for part in ("low", "high", "value"))
    except ValueError as error:
        raise fault(str(error), "write numbers, with a point for decimals") from error
    spread = Range(low, high, value, _SHAPES.get(distribution, "uniform"))
    reason = None if distribution in _STILL else spread.fault()
    if reason is not None:
        raise fault(reason, "mend low, value, high or distribution")
    if spread.shape != "uniform":
        spread = Range.of_deviation(low, high, value, spread.shape)
    return EvidenceRow(
        id=cells["id"],
        constant=name,
        range=spread,
        varies=distribution not in _STILL,
        unit=cells["unit"],
        source=cells["source"],
        grade=cells["grade"],
        line=line,
        references=references.named(row.get(references.COLUMN) or "", known_references, fault),
    )


def _plain(source: str) -> str:
    """A source without the mark that it is an assumption in capitals: ``Assumption: …``."""
    return source.replace(_ASSUMED, _ASSUMED.capitalize(), 1) if source.startswith(_ASSUMED) else source
