"""The publications that tables of a model refer to: author, year, title, where it appeared, and what of it was read.

In comes ``references.csv`` beside a table; out come `Reference` objects by their key, and those that a cell names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data.tables import Line, read_lines
from sd_covid.errors import DataError, suggest
from sd_covid.study_folder import is_there

FILE = "references.csv"
COLUMN = "references"
COLUMNS = ("key", "author", "year", "title", "container", "address_or_doi", "kind", "read", "note")
KINDS = (
    "article",
    "report",
    "letter to parliament",
    "statistics table",
    "news item",
    "web page",
    "copy of a document",
    "own calculation",
)
READ = ("full text", "abstract", "search extract", "table")
_COPY = "copy at "


@dataclass(frozen=True, slots=True)
class Reference:
    """A publication.

    Attributes
    ----------
    key : str
        What tables call it by, such as ``paul-moser-2009``.
    author, year, title, container, address : str
        Empty where it was not read; ``container`` is the journal, series or publisher.
    kind : str
        One of `KINDS`.
    read : str
        What of it was read: one of `READ`, or ``copy at`` a site that holds a copy.
    note : str
    """

    key: str
    author: str
    year: str
    title: str
    container: str
    address: str
    kind: str
    read: str
    note: str

    @property
    def full(self) -> str:
        """Author (year). Title. Container. Address; without what is not known."""
        dated = f"{self.author} ({self.year})" if self.author and self.year else self.author or self.year
        parts = dict.fromkeys((dated, self.title, self.container, self.address))
        return " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts if part)


def read_references(path: Path) -> dict[str, Reference]:
    """The references of a table, by key.

    Raises
    ------
    DataError
        When the table cannot be read, a key is there twice, or a kind or what was read is not known, with its line.
    """
    found: dict[str, Reference] = {}
    for line in read_lines(path, COLUMNS):
        if not line["key"] or line["key"] in found:
            reason = f"'{line['key']}' is there twice" if line["key"] else "the cell is empty"
            raise line.error("key", reason, "give each reference a key of its own")
        if not any(line[column] for column in ("author", "title", "container", "address_or_doi")):
            raise line.error("title", "nothing says what this is", "give author, title or address")
        line.choice("kind", KINDS)
        if not line["read"].startswith(_COPY):
            line.choice("read", READ)
        found[line["key"]] = Reference(*(line[column] for column in COLUMNS))
    return found


def references_beside(table: Path) -> dict[str, Reference]:
    """The references in the folder of a table; none when it has no ``references.csv``.

    Raises
    ------
    DataError
        As `read_references`.
    """
    path = table.parent / FILE
    return read_references(path) if is_there(path) else {}


def named(
    cell: str, known: Mapping[str, Reference], error: Callable[[str, str], DataError]
) -> tuple[Reference, ...]:
    """The references that a cell names by their keys, with ``;`` between them.

    Parameters
    ----------
    cell : str
    known : mapping of str to Reference
    error : callable
        From a reason and an advice to the fault in that cell.

    Raises
    ------
    DataError
        For a key that is not known; names the nearest.
    """
    keys = [key.strip() for key in cell.split(";") if key.strip()]
    for key in keys:
        if key not in known:
            raise error(f"'{key}' is not in {FILE}", suggest(key, list(known)) or f"add it to {FILE}")
    return tuple(known[key] for key in keys)


def cited(source: str, references: Iterable[Reference]) -> str:
    """A source as a sentence, and after it what it rests on in full."""
    return " ".join((f"{source.rstrip('. ')}.", *(item.full for item in references)))


def named_in(line: Line, known: Mapping[str, Reference]) -> tuple[Reference, ...]:
    """The references of a row.

    Raises
    ------
    DataError
        As `named`, with file, line and column.
    """
    return named(line[COLUMN], known, lambda reason, advice: line.error(COLUMN, reason, advice))
