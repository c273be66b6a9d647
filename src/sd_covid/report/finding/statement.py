"""Ready-made statements, each a table, a figure, two or three sentences and what these do not say.

Each analysis makes them of what it found, in one language. Here is how their cells are read; files of them are
`files`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.report.drawing.draw import Chart
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_DIGITS = 3  # significant, of a number whose column asks for nothing else


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement of an analysis, in one language.

    Attributes
    ----------
    id : str
        In a file it is spelled in letters, digits and hyphens, and numbered where another is spelled alike.
    title : str
    sentences : tuple of str
        Two or three, each with direction, size, interval, period and reference.
    caution : str
        What this does not say.
    table : DataFrame
        What the figure shows, in full precision; headings carry their unit. Columns of text are on the left. Days
        are ``datetime64``: a reader sees months where all are the first of one, a file has days.
    decimals : mapping of str to int
        By heading; other numbers get `digits`.
    figure : callable, optional
        Makes the figure; called once, within the style of the charts.
    described : str
        The figure for a reader who does not see it.
    times : frozenset of str
        Headings of years and other times, which have no thousands; whole ones are never rounded.
    group, short : str
        In the contents, findings of one group that follow one another stand behind its name, each by its short title.
    digits : int
        Significant digits of a number whose heading has no decimals.
    """

    id: str
    title: str
    sentences: tuple[str, ...]
    caution: str
    table: pd.DataFrame
    decimals: Mapping[str, int] = field(default_factory=dict)
    figure: Callable[[], Figure] | None = None
    described: str = ""
    times: frozenset[str] = frozenset()
    group: str = ""
    short: str = ""
    digits: int = _DIGITS

    def __post_init__(self) -> None:
        """Tell headings apart that a study spells alike: a second one is numbered."""
        if not self.table.columns.is_unique:
            object.__setattr__(
                self, "table", self.table.set_axis(_told_apart(self.table.columns), axis="columns")
            )


def _told_apart(names: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for name in map(str, names):
        number, distinct = 1, name
        while distinct in found:
            number += 1
            distinct = f"{name} ({number})"
        found.append(distinct)
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """A cell of a table as it is read, and the number it was made from; NaN where it is no number."""

    text: str
    number: float


def shown_finding(finding: Finding, chart: Chart | None, texts: Texts) -> dict[str, Any]:
    """A finding as the macro of that name sets it in a page, with its chart where it was drawn.

    The table has headings with whether they head text, and cells as they are read.
    """
    table = finding.table
    columns = [str(name) for name in table.columns]
    texty = [not _is_number(table[name]) for name in table.columns]
    rows = [
        [
            Told(text, math.nan if words else float(value))
            for text, value, words in zip(read, values, texty, strict=True)
        ]
        for read, values in zip(
            cells_as_read(finding, texts), table.itertuples(index=False, name=None), strict=True
        )
    ]
    shown = {"columns": list(zip(columns, texty, strict=True)), "rows": rows}
    return {"finding": finding, "chart": chart, "table": shown}


def cells_as_read(finding: Finding, texts: Texts) -> list[list[str]]:
    """The cells of a table as they are read: rounded, in the spelling of the language; times without thousands."""
    table, numbers = finding.table, Numbers(texts.language)
    columns = [str(name) for name in table.columns]
    texty = [not _is_number(table[name]) for name in table.columns]
    thousands = "." if texts.language == "nl" else ","
    months = {name: bool((table[name].dt.day == 1).all()) for name in columns if is_day(table[name])}

    def cell(value: Any, name: str, words: bool) -> str:
        if isinstance(value, date):
            return texts.month(value) if months[name] else texts.day(value)
        if words:
            return str(value)
        # Significant digits would make one year of ten.
        whole = name in finding.times and float(value).is_integer()
        told = _number(value, finding.decimals.get(name, 0 if whole else None), finding.digits, numbers)
        return told.replace(thousands, "") if name in finding.times else told

    return [
        [cell(*item) for item in zip(row, columns, texty, strict=True)]
        for row in table.itertuples(index=False, name=None)
    ]


def even_decimals(table: pd.DataFrame, columns: Sequence[str] | None = None) -> dict[str, int]:
    """Decimals by heading, with which the largest number of a column has three significant digits.

    Where the numbers of a column are to be compared, the smallest do not need digits of their own. By default of all
    columns of numbers.
    """
    found = {}
    for name, column in table.items():  # two columns may have one heading
        if (columns is None or name in columns) and _is_number(column):
            found[str(name)] = _enough(float(column.abs().max()))
    return found


def same_decimals(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, int]:
    """Decimals by heading of columns in one unit that are read beside each other: as their largest number needs."""
    return dict.fromkeys(
        columns, _enough(float(np.nanmax(np.abs(table[list(columns)].to_numpy(np.float64)))))
    )


def _enough(largest: float) -> int:
    """Decimals with which a number has three significant digits."""
    if not math.isfinite(largest) or largest <= 0:
        return 0
    return max(0, _DIGITS - 1 - math.floor(math.log10(largest)))


def _is_number(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "fiu"


def is_day(column: pd.Series[Any]) -> bool:
    """Whether a column holds days."""
    return column.dtype.kind == "M"


def _number(value: float, decimals: int | None, digits: int, numbers: Numbers) -> str:
    value = float(value)
    if decimals is not None or not math.isfinite(value):
        return numbers.exact(value, decimals or 0)
    return numbers.plain(value, digits)
