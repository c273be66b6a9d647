"""Published figures about several problems at once, beside what the model has for them.

In goes ``models/stacking_figures.csv`` of a study and a `Stacking`; out come both, with how far they can be compared.
No published figure counts the problems that are counted here, so none is a test of the counts; some are near enough to
show whether an association is of the right order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.stacking.association import has
from sd_covid.analysis.stacking.count import Stacking, UnitStacking
from sd_covid.analysis.stacking.definition import Definition
from sd_covid.analysis.stacking.present import Band, year_mean
from sd_covid.analysis.stacking.rows import Row, read_rows
from sd_covid.data.references import COLUMN, Reference, references_beside
from sd_covid.data.text import Text
from sd_covid.policy.calendar import Calendar

Floats = NDArray[np.float64]

_MEASURES = ("share", "ratio")
_COMPARABLE = {
    "roughly": Text("ongeveer", "roughly"),
    "used": Text("gebruikt", "used"),
    "no": Text("nee", "no"),
}


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """A figure, or the range that its source gives.

    Attributes
    ----------
    id, unit : str
    years : tuple of int
        First and last.
    low, high : float
        In per cent, or a ratio.
    measure : {'share', 'ratio'}
    computed : str
        A problem; ``2+``, so many problems or more; or ``a | b``, how many times as often a is there with b as without.
    comparable : {'roughly', 'used', 'no'}
    reason : Text
        Why not quite, or not at all.
    source : Text
    """

    id: str
    unit: str
    years: tuple[int, int]
    low: float
    high: float
    measure: str
    computed: str
    comparable: str
    reason: Text
    source: Text

    @property
    def how_far(self) -> Text:
        """Whether it can be compared, in words."""
        return _COMPARABLE[self.comparable]


def read_figures(file: Path, definition: Definition) -> list[PublishedFigure]:
    """Read published figures.

    Raises
    ------
    DataError
        With file, line and column.
    """
    columns = (
        "id", "unit", "first_year", "last_year", "low", "high", "measure", "computed", "comparable",
        "reason_nl", "reason_en", "source_nl", "source_en",
    )  # fmt: skip
    known = references_beside(file)
    return [_figure(row, definition, known) for row in read_rows(file, columns, (COLUMN,))]


def computed(
    figures: Sequence[PublishedFigure], stacking: Stacking, calendar: Calendar
) -> list[tuple[PublishedFigure, Band | None]]:
    """Each figure with the computed value: per cent, or a ratio; None when the run or its problems do not hold it."""
    return [(item, _value(item, stacking.units[item.unit], calendar)) for item in figures]


def _value(item: PublishedFigure, unit: UnitStacking, calendar: Calendar) -> Band | None:
    first, _, second = (part.strip() for part in item.computed.partition("|"))
    present = has(len(unit.problems))
    if first.endswith("+"):
        cells = present.sum(axis=0) >= int(first[:-1])
    elif {first, second or first} <= set(unit.problems):
        cells = present[unit.problems.index(first)]
    else:
        return None
    series = []
    for table in (unit.whole(unit.table), unit.whole(unit.drawn)):
        if item.measure == "share":
            series.append(100 * table[..., cells].sum(axis=-1))
            continue
        given = present[unit.problems.index(second)]
        with_it = table[..., cells & given].sum(axis=-1) / table[..., given].sum(axis=-1)
        without = table[..., cells & ~given].sum(axis=-1) / table[..., ~given].sum(axis=-1)
        series.append(with_it / without)
    return year_mean(series[0], series[1], unit.time, calendar, *item.years)


def _figure(row: Row, definition: Definition, known: Mapping[str, Reference]) -> PublishedFigure:
    measure, spelled = row.choice("measure", _MEASURES), row.text("computed")
    parts = [part.strip() for part in spelled.split("|")]
    if len(parts) != (2 if measure == "ratio" else 1):
        raise row.error("computed", f"'{spelled}' is no {measure}", "write 'a | b' for a ratio")
    count = parts[0].removesuffix("+")
    number = measure == "share" and parts[0].endswith("+") and count.isdecimal()
    for name in () if number else parts:
        if name not in definition.problems:
            raise row.error("computed", f"'{name}' is not a problem", f"use {', '.join(definition.problems)}")
    low, high = row.number("low", least=0.0), row.number("high", least=0.0)
    first, last = (int(row.number(name, least=1900, most=2200)) for name in ("first_year", "last_year"))
    if low > high or first > last:
        raise row.error("high", "the first of a range is above the last", "mend the range")
    return PublishedFigure(
        id=row.text("id"),
        unit=row.choice("unit", definition.units),
        years=(first, last),
        low=low,
        high=high,
        measure=measure,
        computed=spelled,
        comparable=row.choice("comparable", _COMPARABLE),
        reason=row.both("reason"),
        source=row.source(known),
    )
