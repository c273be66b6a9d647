"""Charts of local projections: a fan beside the country, and intervals of ranks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.report.charts import number_axis
from sd_covid.report.texts import Texts
from sd_covid.report.theme import INK, REFERENCE, SOFT, TINTS, package_colour, tint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_MARKS = {"own": ("o", INK), "region": ("s", SOFT), "other": ("^", "white"), "monitor": ("D", "white")}
_DASHES = ((4.0, 1.4), (1.2, 1.2), (6.0, 1.5, 1.2, 1.5))


@dataclass(frozen=True, slots=True)
class Dots:
    """Figures of one definition: kind (own, region, other, monitor), label, places in years, values in per cent."""

    kind: str
    label: str
    when: tuple[float, ...]
    value: tuple[float, ...]


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
    from matplotlib.figure import Figure
    from matplotlib.ticker import MultipleLocator

    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
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
    for item in dots:
        mark, face = _MARKS[item.kind]
        label = textwrap.fill(item.label, 52)
        axes.plot(item.when, item.value, mark, mfc=face, mec=INK, mew=0.8, ms=5, label=label, zorder=4)
    axes.set_xlim(years[0], years[-1] + 1)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    number_axis(axes.yaxis, texts)
    figure.legend(loc="outside lower left", ncols=2, handlelength=2.2, columnspacing=1.2)
    return figure


def ranks_chart(
    order: NDArray[np.int64],
    median: Floats,
    low: Floats,
    high: Floats,
    group: NDArray[np.int64],
    named: Sequence[tuple[int, str]],
    texts: Texts,
) -> Figure:
    """Intervals of ranks, the regions side by side in order; groups that can be told apart by a change of shade.

    Parameters
    ----------
    order, median, low, high, group
        As in `sd_covid.analysis.local.ranking.Ranking`.
    named : sequence of (int, str)
        Position of a region, and the name to write at it.
    texts : Texts
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    places = np.arange(1, len(order) + 1)
    shades = [tint(REFERENCE, 0.75 if group[item] % 2 else 0.4) for item in order]
    axes.vlines(places, low[order], high[order], color=shades, lw=1.2, label=texts("local.ranks.bar"))
    axes.plot(places, median[order], ".", color=INK, ms=2.5)
    where = {int(item): place for place, item in zip(places, order, strict=True)}
    for item, name in named:
        left = where[item] < len(order) / 2
        axes.annotate(
            name,
            (where[item], high[item] if left else low[item]),
            xytext=(3 if left else -3, 0),
            textcoords="offset points",
            ha="left" if left else "right",
            va="center",
            fontsize=7.5,
        )
    axes.set_xlim(0, len(order) + 1)
    axes.set_ylim(len(order) + 2, 0)
    axes.set_xlabel(texts("local.ranks.place"))
    axes.set_ylabel(texts("local.ranks.axis"))
    number_axis(axes.yaxis, texts)
    return figure
