"""The chart of profiles: for each parameter how far the density drops, with the interval that it bounds.

In go profiles by parameter; out comes a matplotlib figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sd_covid.calibration.fitting.profile import DROP, Kind, Profile
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import SOFT, line_style
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_KINDS: tuple[Kind, ...] = ("posterior", "others", "likelihood")
_HEIGHT = 2.2  # drops shown, in units of the one that ends the interval


@chart_style()
def profiles_chart(profiles: Sequence[Profile], units: Mapping[str, str], texts: Texts) -> Figure:
    """The profiles, one small chart a parameter.

    Parameters
    ----------
    profiles : sequence of Profile
    units : mapping of str to str
        Unit by parameter.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    names = list(dict.fromkeys(item.parameter for item in profiles))
    columns = min(_COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(3.5 * columns, 2.9 * rows))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(grid, names, strict=False):
        mine = [item for item in profiles if item.parameter == name]
        _chart(axes, mine, units.get(name, ""), texts)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    return figure


def _chart(axes: Axes, profiles: Sequence[Profile], unit: str, texts: Texts) -> None:
    """One parameter: a line for each kind, the drop that ends an interval, and the ends."""
    axes.set_title(profiles[0].parameter + (f" ({unit})" if unit else ""))
    axes.axhline(DROP, color=SOFT, lw=0.8, ls="dashed")
    for item in profiles:
        colour, dashes = line_style(_KINDS.index(item.kind))
        label = texts(f"fig.profile.{item.kind}")
        axes.plot(item.values, item.drops, color=colour, ls=dashes, lw=1.4, marker="o", ms=2.5, label=label)
        for end in (item.low, item.high):
            if end is not None:
                axes.plot([end], [DROP], color=colour, marker="|", ms=9)
    axes.set_ylim(_HEIGHT * DROP, -0.1 * DROP)
    axes.set_ylabel(texts("fig.profile.drop"))
    for axis in (axes.xaxis, axes.yaxis):
        number_axis(axis, texts)
    axes.legend(loc="lower center", fontsize=7)
