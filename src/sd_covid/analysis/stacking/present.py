"""Stacking as tables: shares and numbers by number of problems and by combination, with bands, in Dutch and English.

In goes a `Stacking`; out come rows for a file or a screen. Bands hold the central 90 % over the drawn odds ratios and
conversions; the run itself is not varied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.stacking.association import by_number
from sd_covid.analysis.stacking.count import Stacking, UnitStacking
from sd_covid.data.text import Text
from sd_covid.policy.calendar import Calendar

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: Problems from which numbers are taken together.
MOST = 3
_QUANTILES = (0.05, 0.95)
_NUMBERS = {
    0: Text("geen probleem", "no problem"),
    1: Text("één probleem", "one problem"),
    2: Text("twee problemen", "two problems"),
    3: Text("drie of meer problemen", "three or more problems"),
}
_ASSUMED = Text("berust op aannames", "driven by assumption")
_SOURCED = Text("verbanden uit bronnen", "associations from sources")
ALL = Text("allen", "all")


@dataclass(frozen=True, slots=True)
class Band:
    """A value and the central 90 % of what is drawn; both ends NaN when nothing is drawn."""

    value: float
    low: float
    high: float


def years_of(unit: UnitStacking, calendar: Calendar) -> list[int]:
    """The years of a run that are saved as fully as any."""
    year = _years(unit.time, calendar)
    names, counts = np.unique(year, return_counts=True)
    return [int(name) for name, number in zip(names, counts, strict=True) if number == counts.max()]


def year_mean(
    value: Floats, drawn: Floats, time: Floats, calendar: Calendar, first: int, last: int | None = None
) -> Band | None:
    """The mean over a year, or several, of a series and of its draws; None when they are not in the run.

    `value` has shape (time,), `drawn` (draw, time).
    """
    year = _years(time, calendar)
    inside = (year >= first) & (year <= (first if last is None else last))
    if not inside.any():
        return None
    if not len(drawn):
        return Band(float(value[inside].mean()), np.nan, np.nan)
    low, high = np.quantile(drawn[:, inside].mean(axis=-1), _QUANTILES)
    return Band(float(value[inside].mean()), float(low), float(high))


def basis(unit: UnitStacking, language: str) -> str:
    """What the associations of a unit rest on, in one line."""
    if not unit.assumed:
        return _SOURCED.in_language(language)
    return (
        f"{_ASSUMED.in_language(language)}: {', '.join(item.in_language(language) for item in unit.assumed)}"
    )


def number_label(number: int) -> Text:
    """The label of a number of problems; `MOST` and more are one."""
    return _NUMBERS[min(number, MOST)]


def combination(stacking: Stacking, unit: UnitStacking, cell: int) -> tuple[str, Text]:
    """The name of a combination, ``none`` or ``a + b``, and its label."""
    present = [name for at, name in enumerate(unit.problems) if cell >> at & 1]
    if not present:
        return "none", _NUMBERS[0]
    titles = [stacking.definition.problems[name].title for name in present]
    return " + ".join(present), Text(
        " + ".join(title.nl for title in titles), " + ".join(title.en for title in titles)
    )


def frame(stacking: Stacking, calendar: Calendar) -> pd.DataFrame:
    """All shares and numbers as a table, means over each year.

    Returns
    -------
    DataFrame
        One row for each unit, group (``all`` included), year and number or combination of problems; shares in per cent
        of the group, numbers in thousands, both with a 90 % band.
    """
    import pandas as pd

    rows = []
    for unit in stacking.units.values():
        for group, label, weight, central, drawn in _tables(stacking, unit):
            for year in years_of(unit, calendar):
                for kind, name, title, value, draws in _lines(stacking, unit, central, drawn):
                    share = year_mean(100 * value, 100 * draws, unit.time, calendar, year)
                    number = year_mean(weight * value, weight * draws, unit.time, calendar, year)
                    assert share is not None, "the year is one of the run"
                    assert number is not None, "the year is one of the run"
                    rows.append(
                        {
                            "unit": unit.unit,
                            "group": group,
                            "year": year,
                            "kind": kind,
                            "problems": name,
                            "share": share.value,
                            "share_low": share.low,
                            "share_high": share.high,
                            "thousands": number.value,
                            "thousands_low": number.low,
                            "thousands_high": number.high,
                            "unit_nl": stacking.definition.units[unit.unit].title.nl,
                            "unit_en": stacking.definition.units[unit.unit].title.en,
                            "group_nl": label.nl,
                            "group_en": label.en,
                            "problems_nl": title.nl,
                            "problems_en": title.en,
                            "basis": basis(unit, "en"),
                        }
                    )
    return pd.DataFrame(rows)


def group_title(stacking: Stacking, name: str) -> Text:
    """The title of a group."""
    return stacking.definition.groups.get(name, Text(name, name))


def _tables(stacking: Stacking, unit: UnitStacking) -> Iterator[tuple[str, Text, Floats, Floats, Floats]]:
    """All together, then each group: name, title, thousands (time,), tables and drawn tables."""
    yield "all", ALL, unit.thousands.sum(axis=-1), unit.whole(unit.table), unit.whole(unit.drawn)
    if len(unit.groups) > 1:
        for at, group in enumerate(unit.groups):
            title = group_title(stacking, group)
            yield group, title, unit.thousands[:, at], unit.table[:, at], unit.drawn[:, :, at]


def _lines(
    stacking: Stacking, unit: UnitStacking, central: Floats, drawn: Floats
) -> Iterator[tuple[str, str, Text, Floats, Floats]]:
    """Each number of problems, then each combination: kind, name, label, share over time and its draws."""
    numbers, drawn_numbers = by_number(central, MOST), by_number(drawn, MOST)
    for number in range(numbers.shape[-1]):
        name = f"{number}+" if number == MOST < len(unit.problems) else str(number)
        yield "number", name, number_label(number), numbers[..., number], drawn_numbers[..., number]
    for cell in range(central.shape[-1]):
        name, title = combination(stacking, unit, cell)
        yield "combination", name, title, central[..., cell], drawn[..., cell]


def _years(time: Floats, calendar: Calendar) -> NDArray[np.int64]:
    return np.array([calendar.date(float(now)).year for now in time])
