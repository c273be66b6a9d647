"""What can be wrong with what is asked or added about regions, in Dutch and English: the texts of ``messages.yaml``."""

from __future__ import annotations

from sd_covid.data.tables import Line
from sd_covid.data.text import told
from sd_covid.errors import DataError


def word(name: str, language: str, /, **values: object) -> str:
    """A text, its braces filled."""
    return told("sd_covid.data.local", "messages.yaml", name, language, **values)


def said(kind: str, language: str, /, **values: object) -> tuple[str, str]:
    """What is wrong under its kind, and what to do about it under ``<kind>.advice``."""
    return word(kind, language, **values), word(f"{kind}.advice", language, **values)


def fault(line: Line, column: str, kind: str, /, **values: object) -> DataError:
    """A fault in a column of a table, in the language of its reader."""
    return line.error(column, *said(kind, line.language, **values))
