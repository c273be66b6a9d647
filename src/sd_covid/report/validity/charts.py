"""The chart of one series: its figures, and what the posterior would have published.

In go a `SeriesValidity`, or points; out comes a matplotlib figure.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.calibration.types import Array
from sd_covid.calibration.validity.report import Point, SeriesValidity
from sd_covid.data.periods import ORIGIN
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import INK, REFERENCE, RULE, SOFT, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (4.4, 2.5)
_YEARS = 6  # marked on the axis at most
_BANDS = (("low_90", "high_90", 0.16), ("low_50", "high_50", 0.4))


def series_chart(series: SeriesValidity, texts: Texts) -> Figure:
    """The chart of the points of a validated series; see `points_chart`."""
    return points_chart(series.points, texts)


@chart_style()
def points_chart(points: Sequence[Point], texts: Texts) -> Figure:
    """Figures as dots, the model's median as a line, bands of 50 and 90 %, the held-out part on grey.

    Parameters
    ----------
    points : sequence of Point
        In order of time; a figure that is NaN has a band and no dot.
    texts : Texts
    """
    from matplotlib.ticker import MultipleLocator

    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=_SIZE)
    axes = figure.add_subplot()
    years = ORIGIN.year + np.array([point.end for point in points]) / 12.0
    held = np.array([point.holdout for point in points])
    if held.any():
        axes.axvspan(years[held].min() - 0.04, years[held].max() + 0.04, color=RULE, alpha=0.45, lw=0)
    # A band of one period has no width: it is then a bar.
    for low, high, share in _BANDS:
        bottom, top = (np.array([getattr(point, name) for point in points]) for name in (low, high))
        colour = tint(REFERENCE, share)
        for stretch in _unbroken(years):
            if stretch.stop - stretch.start > 1:
                axes.fill_between(years[stretch], bottom[stretch], top[stretch], color=colour, lw=0)
            else:
                axes.vlines(years[stretch], bottom[stretch], top[stretch], color=colour, lw=6)
    for stretch in _unbroken(years):
        axes.plot(years[stretch], [point.median for point in points[stretch]], color=REFERENCE, lw=1.4)
    value = np.array([point.figure for point in points])
    for part, face in ((~held, INK), (held, "white")):
        size = (2.8 if face == "white" else 2.0) if len(points) > 24 else 3.6
        axes.plot(years[part], value[part], "o", ms=size, mfc=face, mec=INK, mew=0.6)
    # Room for a whole year at least, so that one is marked.
    room = max(0.15, (1.3 - float(np.ptp(years))) / 2) if len(points) > 1 else 1.0
    axes.set_xlim(years.min() - room, years.max() + room)
    axes.xaxis.set_major_locator(MultipleLocator(max(1.0, np.ceil((np.ptp(years) + 2 * room) / _YEARS))))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axes.tick_params(which="both", color=SOFT)
    number_axis(axes.yaxis, texts)
    return figure


def _unbroken(years: Array) -> list[slice]:
    """Stretches without a gap: two figures are joined when they are no further apart than most are, and a half."""
    steps = np.diff(years)
    if not len(steps):
        return [slice(0, len(years))]
    gaps = np.flatnonzero(steps > 1.5 * np.median(steps)) + 1
    edges = [0, *gaps.tolist(), len(years)]
    return [slice(first, last) for first, last in itertools.pairwise(edges)]
