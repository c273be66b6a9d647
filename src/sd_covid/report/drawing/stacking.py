"""The chart of stacking: for each unit, numbers of problems over time, and two or more by group.

In goes a `Stacking`; out comes a matplotlib figure. Bands hold the central 90 % over the drawn odds ratios and
conversions.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.stacking.association import by_number
from sd_covid.analysis.stacking.count import Stacking, UnitStacking
from sd_covid.analysis.stacking.present import MOST, basis, group_title, number_label
from sd_covid.data.text import Text
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import SOFT, line_style
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_WIDE = 150  # signs in a line below the charts
_PERCENT = Text("% van de {unit}", "% of {unit}")
_BY_NUMBER = Text("Tegelijk: {unit}", "At once: {unit}")
_BY_GROUP = Text("Twee of meer problemen, naar groep", "Two or more problems, by group")
_BAND = Text(
    "Band: 90 % over de verbanden en omrekeningen; de modelrun zelf is niet gevarieerd.",
    "Band: 90 % over associations and conversions; the model's run itself is not varied.",
)


@chart_style()
def stacking_chart(stacking: Stacking, calendar: Calendar, texts: Texts) -> Figure:
    """Numbers of problems over time, a row of charts for each unit.

    Parameters
    ----------
    stacking : Stacking
    calendar : Calendar
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    language = texts.language
    units = list(stacking.units.values())
    several = any(len(unit.groups) > 1 for unit in units)
    figure = Figure(figsize=(10.4 if several else 5.4, 3.1 * len(units) + 0.7))
    grid = figure.subplots(len(units), 2 if several else 1, squeeze=False)
    for row, unit in zip(grid, units, strict=True):
        title = stacking.definition.units[unit.unit].title.in_language(language)
        _numbers(row[0], unit, calendar, title, texts)
        if several:
            _groups(row[1], stacking, unit, calendar, title, texts)
    lines = [_BAND.in_language(language)]
    lines += [
        f"{stacking.definition.units[unit.unit].title.in_language(language)}: {basis(unit, language)}"
        for unit in units
    ]
    wide = _WIDE if several else _WIDE // 2
    note = "\n".join(part for line in lines for part in textwrap.wrap(line, wide))
    figure.supxlabel(note, fontsize=7.5, color=SOFT, x=0.01, ha="left")
    return figure


def _numbers(axes: Axes, unit: UnitStacking, calendar: Calendar, title: str, texts: Texts) -> None:
    """One, two, three or more problems over time."""
    central, drawn = (by_number(unit.whole(table), MOST) for table in (unit.table, unit.drawn))
    for at, number in enumerate(range(1, central.shape[-1])):
        label = number_label(number).in_language(texts.language)
        _line(axes, unit, calendar, central[..., number], drawn[..., number], at, label)
    axes.set_title(_BY_NUMBER.in_language(texts.language).format(unit=title))
    _finish(axes, title, texts)


def _groups(
    axes: Axes, stacking: Stacking, unit: UnitStacking, calendar: Calendar, title: str, texts: Texts
) -> None:
    """Two or more problems in each group over time."""
    central, drawn = by_number(unit.table, 2)[..., 2], by_number(unit.drawn, 2)[..., 2]
    for at, group in enumerate(unit.groups):
        label = group_title(stacking, group).in_language(texts.language)
        _line(axes, unit, calendar, central[:, at], drawn[:, :, at], at, label)
    axes.set_title(_BY_GROUP.in_language(texts.language))
    _finish(axes, title, texts)


def _line(
    axes: Axes, unit: UnitStacking, calendar: Calendar, value: Floats, drawn: Floats, at: int, label: str
) -> None:
    years = calendar.origin.year + (calendar.origin.month - 1 + unit.time) / 12
    colour, dashes = line_style(at)
    if len(drawn):
        low, high = np.quantile(100 * drawn, (0.05, 0.95), axis=0)
        axes.fill_between(years, low, high, color=colour, alpha=0.18, lw=0)
    axes.plot(years, 100 * value, color=colour, lw=1.6, ls=dashes, label=label)


def _finish(axes: Axes, title: str, texts: Texts) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(bottom=0)
    axes.set_ylim(top=axes.get_ylim()[1] * 1.22)  # room for the legend
    axes.set_ylabel(_PERCENT.in_language(texts.language).format(unit=title), fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    axes.margins(x=0.01)
    number_axis(axes.yaxis, texts)
    axes.legend(
        loc="upper left", ncols=3, fontsize=7.5, handlelength=1.8, handletextpad=0.5, columnspacing=0.9
    )
