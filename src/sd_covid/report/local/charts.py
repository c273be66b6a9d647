"""Charts of local projections: a fan beside the country, and intervals of ranks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.local.ranking import Ranking
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis, row_axes
from sd_covid.report.drawing.theme import INK, REFERENCE, SOFT, TINTS, package_colour, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_MARKS = {
    "own": ("o", INK),
    "region": ("s", SOFT),
    "other": ("^", "white"),
    "other_region": ("v", SOFT),
}
#: Marks of monitors, another for each method of each.
_MONITORS = ("D", "P", "X", "*")
#: Regions written by name at either end of an order.
_ENDS = 12
_DASHES = ((4.0, 1.4), (1.2, 1.2), (6.0, 1.5, 1.2, 1.5))


@dataclass(frozen=True, slots=True)
class Dots:
    """Figures of one definition: kind (a key of `_MARKS`, or monitor), label, places in years, values in per cent."""

    kind: str
    label: str
    when: tuple[float, ...]
    value: tuple[float, ...]


@chart_style()
def fan_chart(
    years: Sequence[int],
    bands: Floats,
    country: Floats,
    others: Sequence[tuple[str, Floats]],
    dots: Sequence[Dots],
    title: str,
    texts: Texts,
) -> Figure:
    """A region as a fan, the country and other scenarios as lines, figures as dots.

    Parameters
    ----------
    years : sequence of int
    bands : ndarray, shape (quantile, year)
        Seven, as those of the report.
    country : ndarray, shape (year,)
    others : sequence of (label, ndarray of shape (year,))
        Medians of the region in other scenarios.
    dots : sequence of Dots
    title : str
        Label of the fan.
    texts : Texts
    """
    from matplotlib.ticker import MultipleLocator

    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(7.2, 4.2))
    axes = figure.subplots()
    middle = np.array(years) + 0.5
    for outer, share in enumerate(TINTS):
        axes.fill_between(middle, bands[outer], bands[-1 - outer], color=tint(REFERENCE, share), lw=0)
    axes.plot(middle, bands[len(bands) // 2], color=REFERENCE, lw=2.1, label=title)
    for place, (label, path) in enumerate(others):
        (line,) = axes.plot(middle, path, color=package_colour(place), lw=1.6, label=label)
        line.set_dashes(_DASHES[place % len(_DASHES)])
    (line,) = axes.plot(middle, country, color=INK, lw=1.3, label=texts("local.chart.country"))
    line.set_dashes((2.0, 2.0))
    monitors = cycle(_MONITORS)
    for item in dots:
        mark, face = (next(monitors), "white") if item.kind == "monitor" else _MARKS[item.kind]
        label = textwrap.fill(item.label, 52)
        axes.plot(item.when, item.value, mark, mfc=face, mec=INK, mew=0.8, ms=5, label=label, zorder=4)
    axes.set_xlim(years[0], years[-1] + 1)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    number_axis(axes.yaxis, texts)
    figure.legend(loc="outside lower left", ncols=2, handlelength=2.2, columnspacing=1.2)
    return figure


@chart_style()
def ranks_chart(ranking: Ranking, names: Sequence[str], texts: Texts) -> Figure:
    """Intervals of ranks: of all regions side by side, and of those at either end by name.

    Parameters
    ----------
    ranking : Ranking
    names : sequence of str
        Of the regions, in the order of the ranking's arrays.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    order, count = ranking.order, len(ranking.order)
    figure = Figure(figsize=(7.4, 5.0))
    whole, ends = figure.subplots(1, 2, width_ratios=(1.15, 1))
    places = np.arange(1, count + 1)
    shades = np.array([tint(REFERENCE, 0.75 if ranking.group[at] % 2 else 0.4) for at in order])
    whole.vlines(places, ranking.low[order], ranking.high[order], color=shades, lw=0.9)
    whole.plot(places, ranking.median[order], ".", color=INK, ms=2)
    whole.set_ylim(count + 2, 0)
    whole.set_title(texts("local.ranks.whole"))
    whole.set_xlabel(texts("local.ranks.place"))
    whole.set_ylabel(texts("local.ranks.axis"))
    chosen = np.r_[0:_ENDS, count - _ENDS : count] if count > 2 * _ENDS else np.arange(count)
    rows = np.arange(len(chosen)) + (chosen >= count - _ENDS)  # a gap between the two ends
    at = order[chosen]
    ends.hlines(rows, ranking.low[at], ranking.high[at], color=shades[chosen], lw=4)
    ends.plot(ranking.median[at], rows, ".", color=INK, ms=5)
    ends.set_yticks(rows, [textwrap.shorten(names[item], 24, placeholder="…") for item in at], fontsize=7.5)
    ends.invert_yaxis()
    ends.set_xlim(0, count + 1)
    row_axes(ends, texts)
    ends.set_title(texts("local.ranks.ends"))
    ends.set_xlabel(texts("local.ranks.axis"))
    for axis in (whole.xaxis, whole.yaxis, ends.xaxis):
        number_axis(axis, texts)
    return figure
