"""The models' table of evidence: one row a constant, with its value, range, source and grade.

In comes ``models/evidence.csv``; out come `EvidenceRow` objects, each with the line on which it stands. Comparisons,
the passport, the pages of the model and reports all read it here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data import references
from sd_covid.data.references import Reference
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest
from sd_covid.files import text_of
from sd_covid.policy.catalogue.ranges import Range, Shape

#: Name of the file, beside the models.
FILE = "evidence.csv"
#: From a figure of that very thing to an assumption.
GRADES = ("A", "B", "C", "D")
#: In place of a grade: what is set or defined is not known by evidence.
NO_EVIDENCE = "-"
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
    value, low, high : float
    distribution : str
        As the table calls it; ``fixed`` or ``lever`` where it does not vary.
    unit : str
    source : str
    grade : str
        A–D, or ``-`` for what is no evidence: a definition, or a setting that somebody chooses.
    note : str
    file : Path
    line : int
        In the file.
    references : tuple of Reference
        What it rests on.
    """

    id: str
    constant: str
    value: float
    low: float
    high: float
    distribution: str
    unit: str
    source: str
    grade: str
    note: str
    file: Path
    line: int
    references: tuple[Reference, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether it has a distribution."""
        return self.distribution not in _STILL

    @property
    def graded(self) -> bool:
        """Whether it rests on evidence, be it an assumption; else it is defined or chosen."""
        return self.grade != NO_EVIDENCE

    @property
    def assumed(self) -> bool:
        """Whether its source is but an assumption, spelled out in English."""
        return self.source.startswith(_ASSUMED)

    @property
    def range(self) -> Range:
        """Its distribution; uniform over low and high where the row is fixed or a lever.

        Raises
        ------
        DataError
            When its numbers make no distribution.
        """
        shape = _SHAPES.get(self.distribution, "uniform")
        spread = Range(self.low, self.high, self.value, shape)
        reason = spread.fault() if self.varies else None
        if reason is not None:
            raise _fault(self.file, self.line, self.constant, reason, "mend low, value, high or distribution")
        return spread if shape == "uniform" else Range.of_deviation(self.low, self.high, self.value, shape)

    @property
    def told(self) -> Text:
        """The source in both languages: a reference is the same in both, an assumption is spelled out in English."""
        dutch = "Aanname, uitgelegd in models/evidence.csv" if self.assumed else self.source
        told = [references.cited(source, self.references) for source in (dutch, _plain(self.source))]
        return Text(f"{told[0]} Bewijs {self.id}", f"{told[1]} Evidence {self.id}")


def read_evidence(path: str | Path) -> tuple[EvidenceRow, ...]:
    """Read a table of evidence.

    Parameters
    ----------
    path : path
        A CSV with the columns ``id``, ``constant``, ``value``, ``low``, ``high``, ``distribution``, ``unit``,
        ``source`` and ``grade``; ``note`` is read where it is there, and ``references`` names keys of
        ``references.csv`` in the same folder. ``low`` and ``high`` are all of a uniform range, and a standard deviation
        to each side of the middle of a normal, lognormal or logitnormal one.

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
        text = text_of(path, "utf-8-sig")
    except FileNotFoundError:
        raise DataError(
            "the file does not exist", advice="give the model's table of evidence", file=path
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("not a table in UTF-8", file=path, advice="save it as UTF-8") from error
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        columns = reader.fieldnames or ()
        missing = [name for name in _COLUMNS if name not in columns]
        if missing:
            advice = suggest(missing[0], columns) or "add it"
            raise DataError(f"the column '{missing[0]}' is missing", file=path, line=1, advice=advice)
        known = references.references_beside(path)
        return tuple(_row(row, path, reader.line_num, known) for row in reader)
    except csv.Error as error:
        # before a first line is read whole there is no reader of lines
        line = max(reader.reader.line_num, 1)
        raise DataError(f"not a table: {error}", file=path, line=line, advice="mind quotes") from error


def _row(
    row: dict[str, str | None], path: Path, line: int, known_references: Mapping[str, Reference]
) -> EvidenceRow:
    """One row."""
    if None in row or None in row.values():
        advice = "put a cell with a comma in double quotes"
        raise DataError("the row has not as many cells as the first", advice=advice, file=path, line=line)
    cells = {name: (row.get(name) or "").strip() for name in (*_COLUMNS, "note")}
    distribution, grade = cells["distribution"], cells["grade"]

    def fault(reason: str, advice: str) -> DataError:
        return _fault(path, line, cells["constant"], reason, advice)

    known = (*_STILL, *_SHAPES)
    if distribution not in known:
        advice = suggest(distribution, known) or f"use one of {', '.join(known)}"
        raise fault(f"the distribution '{distribution}' is not known", advice)
    if grade not in (*GRADES, NO_EVIDENCE):
        raise fault(f"the grade '{grade}' is not known", "use A, B, C or D, or - for what is no evidence")
    value, low, high = (_number(cells[part], fault) for part in ("value", "low", "high"))
    return EvidenceRow(
        id=cells["id"],
        constant=cells["constant"],
        value=value,
        low=low,
        high=high,
        distribution=distribution,
        unit=cells["unit"],
        source=cells["source"],
        grade=grade,
        note=cells["note"],
        file=path,
        line=line,
        references=references.named(row.get(references.COLUMN) or "", known_references, fault),
    )


def _number(text: str, fault: Callable[[str, str], DataError]) -> float:
    """A cell as a number."""
    try:
        return float(text)
    except ValueError as error:
        raise fault(f"'{text}' is not a number", "write numbers, with a point for decimals") from error


def _fault(path: Path, line: int, constant: str, reason: str, advice: str) -> DataError:
    """What is wrong with a row."""
    return DataError(reason, advice=advice, file=path, line=line, variable=constant)


def _plain(source: str) -> str:
    """A source without the mark that it is an assumption in capitals: ``Assumption: …``."""
    return source.replace(_ASSUMED, _ASSUMED.capitalize(), 1) if source.startswith(_ASSUMED) else source
