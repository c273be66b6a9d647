"""Differences of many packages in one figure: small fans side by side, on a common scale.

In go a comparison and an output; out comes a matplotlib figure. Two or three packages have charts of their own
(`charts`); of eleven a reader wants to see at once which of them moves anything.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, first_difference, number_axis
from sd_covid.report.drawing.theme import INK, REFERENCE, SOFT, TINTS, tint
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import difference_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Packages in a row, and signs in a line of a title.
_ACROSS, _TITLE = 4, 28
#: Inches: width, room for the heading, height of a row, and in it that of titles and of the labels of years.
_WIDTH, _HEAD, _ROW, _TITLES, _TICKS = 9.4, 0.3, 1.75, 0.4, 0.25
#: A package whose band is smaller than this part of the common scale has its own.
_READABLE = 0.08


@chart_style()
def differences_chart(
    comparison: Comparison, output: Output, scenarios: Sequence[str], texts: Texts
) -> Figure:
    """Paired differences of packages as small fans.

    Parameters
    ----------
    comparison : Comparison
    output : Output
    scenarios : sequence of str
        Ids of packages, at least one. One that cannot be read on the common scale has its own, and its title says so.
    texts : Texts
    """
    from matplotlib.ticker import MaxNLocator, MultipleLocator

    from sd_covid.report.drawing.styled import Figure

    bands = {name: comparison.difference_bands(output.name, name) for name in scenarios}
    low = min(0.0, *(float(np.nanmin(band)) for band in bands.values()))
    high = max(0.0, *(float(np.nanmax(band)) for band in bands.values()))
    rows = math.ceil(len(scenarios) / _ACROSS)
    tall = _HEAD + rows * _ROW
    # Places are set by hand: to look for them takes as long as to draw it all.
    figure = Figure(figsize=(_WIDTH, tall), layout=None)
    places = {
        "left": 0.055, "right": 0.99, "top": 1 - (_HEAD + _TITLES) / tall, "bottom": _TICKS / tall, "wspace": 0.3,
        "hspace": (_TITLES + _TICKS) / (_ROW - _TITLES - _TICKS),
    }  # fmt: skip
    grid = figure.subplots(rows, _ACROSS, squeeze=False, gridspec_kw=places).ravel()
    said = texts("chart.differences", unit=difference_unit(output, texts))
    figure.suptitle(said, x=0.012, y=1 - 0.08 / tall, ha="left", va="top", fontsize=9)
    years = _years(comparison)
    for axes, (name, band) in zip(grid, bands.items(), strict=False):
        title = texts.of(comparison.scenario(name).title)
        own = float(np.nanmax(band) - np.nanmin(band)) < _READABLE * (high - low)
        if own:
            title = texts("chart.own_scale", package=title)
        axes.set_title(textwrap.fill(title, _TITLE), fontsize=8, y=1.0)  # a place that need not be looked for
        axes.axhline(0.0, color=INK, lw=0.7, zorder=2.5)
        for outer, share in enumerate(TINTS):
            axes.fill_between(
                years,
                band[outer],
                band[len(band) - 1 - outer],
                color=tint(REFERENCE, share),
                lw=0,
                zorder=1.5,
            )
        axes.plot(years, band[len(band) // 2], color=REFERENCE, lw=1.5, zorder=3)
        room = 0.06 * (high - low)
        if not own:
            axes.set_ylim(low - room, high + room)
        axes.set_xlim(first_difference(comparison), years[-1])
        axes.xaxis.set_major_locator(MultipleLocator(10.0))
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.tick_params(which="both", color=SOFT, labelsize=7)
        number_axis(axes.yaxis, texts)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 2.5, 5, 10]))
    for axes in grid[len(bands) :]:
        axes.set_visible(False)
    return figure


def _years(comparison: Comparison) -> Floats:
    """The saved points as calendar years with fractions."""
    return np.asarray(1970.0 + comparison.date.astype("datetime64[M]").astype(np.float64) / 12.0)
