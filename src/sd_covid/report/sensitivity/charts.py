"""Charts of a sensitivity analysis beyond its bars: indices over time, and how far they have converged.

In go arrays and titles; out come matplotlib figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import (
    HATCHES,
    INK,
    REFERENCE,
    RULE,
    SOFT,
    line_style,
    package_colour,
    tint,
)
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_LABEL = 40  # signs in a line of a legend


@dataclass(frozen=True, slots=True)
class Layers:
    """Indices over time for a chart.

    Attributes
    ----------
    years : ndarray, shape (time,)
        With their fractions.
    names : tuple of str
        The last is the rest together where `rest`.
    indices : ndarray, shape (name, time)
        NaN where the quantity does not vary.
    bands : ndarray, shape (3, time)
        5th, 50th and 95th percentile of the quantity.
    unit : str
    rest : bool
    """

    years: Floats
    names: tuple[str, ...]
    indices: Floats
    bands: Floats
    unit: str
    rest: bool


@chart_style()
def over_time_chart(layers: Layers, measure: str, texts: Texts, *, stacked: bool) -> Figure:
    """Indices over time, on top of each other where they are shares of the variance, and the spread itself below.

    Parameters
    ----------
    layers : Layers
    measure : str
        What the index is called.
    texts : Texts
    stacked : bool
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(6.4, 4.6 + 0.12 * len(layers.names)))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    upper.set_title(texts("sens.chart.stacked" if stacked else "sens.chart.lines", measure=measure))
    labels = [textwrap.fill(name, _LABEL) for name in layers.names]
    colours = _colours(layers)
    known = np.isfinite(layers.indices).all(axis=0)
    if stacked:
        # An estimate may lie a little below zero; a layer cannot.
        heights = np.where(known, np.maximum(layers.indices, 0.0), 0.0)
        drawn = upper.stackplot(
            layers.years, heights, labels=labels, colors=colours, edgecolor="white", linewidth=0.4
        )
        for position, layer in enumerate(drawn):
            layer.set_hatch(HATCHES[position % len(HATCHES)])
        upper.axhline(1.0, color=INK, lw=0.8)
        upper.set_ylim(0.0, max(1.05, float(heights.sum(axis=0).max()) * 1.03))
    else:
        for position, name in enumerate(labels):
            dashes = line_style(position)[1]
            upper.plot(layers.years, layers.indices[position], color=colours[position], ls=dashes, label=name)
        upper.set_ylim(bottom=0.0)
    lower.set_title(texts("sens.chart.spread", unit=layers.unit))
    low, middle, high = layers.bands
    lower.fill_between(layers.years, low, high, color=tint(REFERENCE, 0.2), lw=0)
    lower.plot(layers.years, middle, color=REFERENCE, lw=1.8)
    lower.axhline(0.0, color=SOFT, lw=0.6)
    first = layers.years[np.flatnonzero(known)[0]] if known.any() else layers.years[0]
    _finish(figure, (upper, lower), (float(first), float(layers.years[-1])), texts)
    return figure


def _colours(layers: Layers) -> list[str]:
    """A colour for each name: strong hues first, then tints of them, grey for the rest."""
    hues = [REFERENCE, *(package_colour(position) for position in range(5))]
    found = [tint(hue, share) for share in (0.85, 0.45) for hue in hues][: len(layers.names)]
    return [*found[:-1], RULE] if layers.rest else found


@chart_style()
def convergence_chart(
    blocks: Sequence[int], leading: Floats, names: Sequence[str], measure: str, texts: Texts
) -> Figure:
    """Indices from growing parts of the design, one line a factor.

    Parameters
    ----------
    blocks : sequence of int
    leading : ndarray, shape (part, name)
    names : sequence of str
    measure : str
    texts : Texts
    """
    from matplotlib.ticker import FixedLocator, NullLocator

    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(5.6, 3.4 + 0.1 * len(names)))
    axes = figure.add_subplot()
    axes.set_title(texts("sens.chart.convergence", measure=measure))
    for position, name in enumerate(names):
        colour, dashes = line_style(position)
        label = textwrap.fill(name, _LABEL)
        axes.plot(
            blocks, leading[:, position], color=colour, ls=dashes, marker="o", ms=3.2, lw=1.5, label=label
        )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(list(blocks)))
    axes.xaxis.set_minor_locator(NullLocator())
    numbers = Numbers(texts.language)
    axes.set_xticks(list(blocks), [numbers.exact(count, 0) for count in blocks])
    axes.set_xlabel(texts("sens.chart.blocks"))
    number_axis(axes.yaxis, texts)
    figure.legend(loc="outside lower left", ncols=1, handlelength=2.4)
    return figure


def _finish(figure: Figure, both: tuple[Axes, Axes], span: tuple[float, float], texts: Texts) -> None:
    from matplotlib.ticker import MaxNLocator

    for axes in both:
        axes.set_xlim(*span)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.xaxis.set_major_formatter("{x:.0f}")
        number_axis(axes.yaxis, texts)
    figure.legend(loc="outside lower left", ncols=2, handlelength=1.6, columnspacing=1.2)
