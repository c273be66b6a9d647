"""What lies beside a model and tells of it: evidence, sources of drivers, links, reference modes, loops and notes.

In goes the folder of a model; out come rows. A file that is not there gives none; one that cannot be read is refused
with file and line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest
from sd_covid.model.names import key

_EVIDENCE = (
    "id",
    "constant",
    "model",
    "value",
    "low",
    "high",
    "distribution",
    "unit",
    "source",
    "grade",
    "note",
)
_DRIVERS = ("column", "variable", "unit", "series", "transformation", "source", "last_observed", "quality")
_LINKS = ("id", "from", "to", "sign", "constants", "delay", "sector", "status", "note")
_MODES = (
    "mode", "sector", "variable", "aggregation", "period", "value", "unit", "tolerance", "reason", "source",
)  # fmt: skip
_AGGREGATIONS = ("mean", "end", "start", "change")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, and its line in the file."""

    cells: dict[str, str]
    file: Path
    line: int

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def number(self, column: str) -> float:
        """A cell as a number.

        Raises
        ------
        DataError
            When it is none.
        """
        try:
            return float(self[column])
        except ValueError:
            raise self.error(f"'{self[column]}' is not a number", "write one, such as 0.25", column) from None

    def error(self, reason: str, advice: str, column: str) -> DataError:
        """A fault in a cell."""
        return DataError(reason, advice=advice, file=self.file, line=self.line, variable=column)


@dataclass(frozen=True, slots=True)
class Loop:
    """A named loop: whether it is reinforcing or balancing, and names that it runs through, in order."""

    id: str
    title: Text
    polarity: str
    through: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """An assumption and its opposite, and where to look.

    Attributes
    ----------
    title : Text
    constants : dict of str to float
        What is set otherwise.
    variables : tuple of str
    years : tuple of int
    less : tuple of str
        Drivers: what is shown is the difference from a run in which they are zero. Empty: the outputs themselves.
    node : Node or None
        Where it stands.
    """

    title: Text
    constants: dict[str, float]
    variables: tuple[str, ...]
    years: tuple[int, ...]
    less: tuple[str, ...] = ()
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """What a sector is for, in words: each a list of sentences, in both languages."""

    title: Text = field(default_factory=Text)
    purpose: tuple[Text, ...] = ()
    leaves_out: tuple[Text, ...] = ()
    can_say: tuple[Text, ...] = ()
    cannot_say: tuple[Text, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Companions:
    """The tables beside a model, in the order of the files.

    Attributes
    ----------
    evidence, drivers, links, modes : tuple of Row
    loops : tuple of Loop
    notes : dict of str to Notes
        By the stem of a model.
    """

    evidence: tuple[Row, ...] = ()
    drivers: tuple[Row, ...] = ()
    links: tuple[Row, ...] = ()
    modes: tuple[Row, ...] = ()
    loops: tuple[Loop, ...] = ()
    notes: dict[str, Notes] = field(default_factory=dict)

    def evidence_of(self, name: str) -> list[Row]:
        """The rows of a constant, or of its elements."""
        wanted = key(name)
        return [row for row in self.evidence if key(row["constant"].partition("[")[0]) == wanted]


def read_companions(folder: Path, stems: Sequence[str]) -> Companions:
    """Read what lies beside a model.

    Parameters
    ----------
    folder : Path
    stems : sequence of str
        Names of the model files, without their suffix, whose notes are wanted.

    Raises
    ------
    DataError
        A table without the columns that it should have, a row with too many or too few cells, or a value that a column
        cannot hold; names file and line.
    """
    notes = {stem: folder / "notes" / f"{stem}.yaml" for stem in stems}
    found = Companions(
        evidence=_table(folder / "evidence.csv", _EVIDENCE),
        drivers=_table(folder / "drivers_sources.csv", _DRIVERS),
        links=_table(folder / "links.csv", _LINKS),
        modes=_table(folder / "reference_modes.csv", _MODES),
        loops=_loops(folder / "loops.yaml"),
        notes={stem: _notes(file) for stem, file in notes.items() if file.is_file()},
    )
    for row in found.modes:
        row.number("value")
        row.number("tolerance")
        if row["aggregation"] not in _AGGREGATIONS:
            advice = suggest(row["aggregation"], _AGGREGATIONS) or f"use {', '.join(_AGGREGATIONS)}"
            raise row.error(f"'{row['aggregation']}' is no aggregation", advice, "aggregation")
    return found


def _table(file: Path, columns: Sequence[str]) -> tuple[Row, ...]:
    """A CSV file as rows; none when there is no file."""
    if not file.is_file():
        return ()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the file cannot be read as UTF-8 text", advice="save it as UTF-8", file=file
        ) from error
    reader = csv.reader(io.StringIO(text), strict=True)
    rows: list[Row] = []
    try:
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            near = suggest(missing[0], header) or f"the columns are {', '.join(columns)}"
            raise DataError(f"the column '{missing[0]}' is missing", advice=near, file=file, line=1)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                reason = f"{len(header)} cells are expected, {len(cells)} are there"
                advice = "put a text with commas in double quotes"
                raise DataError(reason, advice=advice, file=file, line=reader.line_num)
            rows.append(Row(dict(zip(header, map(str.strip, cells), strict=True)), file, reader.line_num))
    except csv.Error as error:
        raise DataError(
            f"no CSV: {error}", advice="mind the quotes", file=file, line=reader.line_num
        ) from error
    return tuple(rows)


def _loops(file: Path) -> tuple[Loop, ...]:
    """Named loops, in the order of the file; how they are measured is not for here."""
    if not file.is_file():
        return ()
    top = read_yaml(file)
    listed = dict(top.entries()).get("loops")
    if listed is None:
        raise top.error("the key 'loops' is missing", "add 'loops:'")
    found = []
    for name, item in listed.entries():
        parts = dict(item.entries())
        for needed in ("title", "polarity", "through"):
            if needed not in parts:
                raise item.error(f"the key '{needed}' is missing", f"add '{needed}:'")
        polarity = parts["polarity"].choice(("reinforcing", "balancing"))
        through = tuple(node.text() for node in parts["through"].items())
        found.append(Loop(name, _text(parts["title"]), polarity, through))
    return tuple(found)


def _text(node: Node) -> Text:
    parts = node.fields(("nl", "en"))
    return Text(parts["nl"].text(), parts["en"].text())


def _texts(node: Node | None) -> tuple[Text, ...]:
    return () if node is None else tuple(_text(item) for item in node.items())


def _notes(file: Path) -> Notes:
    """The notes of one sector."""
    parts = read_yaml(file).fields(
        ("title", "purpose", "leaves_out", "can_say", "cannot_say"), ("alternatives",)
    )
    lists = {name: _texts(parts[name]) for name in ("purpose", "leaves_out", "can_say", "cannot_say")}
    others = tuple(map(_alternative, parts["alternatives"].items())) if "alternatives" in parts else ()
    return Notes(title=_text(parts["title"]), alternatives=others, **lists)


def _alternative(node: Node) -> Alternative:
    parts = node.fields(("title", "constants", "variables", "years"), ("less",))
    constants = {}
    for name, value in parts["constants"].entries():
        try:
            constants[name] = float(value.text())
        except ValueError:
            raise value.error(f"'{value.text()}' is not a number", "write one, such as 0") from None
    years = []
    for item in parts["years"].items():
        year = item.whole()
        if year is None:
            raise item.error("a year is expected here", "write one, such as 2030")
        years.append(year)
    variables = tuple(item.text() for item in parts["variables"].items())
    less = tuple(item.text() for item in parts["less"].items()) if "less" in parts else ()
    return Alternative(_text(parts["title"]), constants, variables, tuple(years), less, node)
