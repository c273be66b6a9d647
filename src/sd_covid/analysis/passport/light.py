"""What the passport consists of: rows with a light, what is said of each, and the tables behind it.

Nothing here is a text: what is said has a key and values, and `sd_covid.report.passport.page` has the words in Dutch
and English.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np

from sd_covid.data.text import Text

Value = str | int | float | bool | Text | date | None


class Light(StrEnum):
    """How a test ended."""

    GREEN = "green"  # made, and passed
    AMBER = "amber"  # passed, with something that a reader should know
    RED = "red"  # failed
    GREY = "grey"  # not made; the row says why


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: its key among the texts of the passport, and what fills its braces."""

    key: str
    values: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """Figures behind a row.

    Attributes
    ----------
    key : str
        Of its caption.
    columns : tuple of str
        Keys of the headers.
    rows : tuple of tuple
        A value for each column.
    """

    key: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A test of the passport.

    Attributes
    ----------
    test : str
        Key of the test.
    light : Light
    said : tuple of Said
        What was found; for a grey row why it was not made.
    tables : tuple of Table
    failed : tuple of str
        What failed, by name: variables, loops, links. Empty unless the light is red.
    """

    test: str
    light: Light
    said: tuple[Said, ...] = ()
    tables: tuple[Table, ...] = ()
    failed: tuple[str, ...] = ()


def grey(test: str, why: str, /, **values: Value) -> Row:
    """A test that was not made, and why."""
    return Row(test, Light.GREY, (Said(why, values),))


def judged(red: bool, amber: bool = False) -> Light:
    """The light of a test that was made."""
    return Light.RED if red else Light.AMBER if amber else Light.GREEN


@dataclass(frozen=True, slots=True)
class Passport:
    """All tests of a model.

    Attributes
    ----------
    model : str
    rows : tuple of Row
    provenance : dict
        What the reader needs to make it again: hash, versions, method, step.
    """

    model: str
    rows: tuple[Row, ...]
    provenance: dict[str, Value]

    @property
    def failed(self) -> tuple[Row, ...]:
        """Rows with a red light."""
        return tuple(row for row in self.rows if row.light is Light.RED)

    def row(self, test: str) -> Row:
        """The row of a test.

        Raises
        ------
        KeyError
            When there is none.
        """
        for row in self.rows:
            if row.test == test:
                return row
        raise KeyError(test)


def plain(value: Any) -> Any:
    """A value that JSON knows; a number that is not finite is null, a text has both languages, a day is ISO's."""
    if isinstance(value, Text):
        return {"nl": value.nl, "en": value.en}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
