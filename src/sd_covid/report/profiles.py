"""The chart of profiles: for each parameter how far the density drops, with the interval that it bounds.

In go profiles by parameter; out comes a matplotlib figure, saved in the form that its suffix names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.calibration.profile import BY, DROP, Profile
from sd_covid.report.charts import chart_style
from sd_covid.report.theme import REFERENCE, SOFT, package_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 3
_HEIGHT = 2.2  # drops shown, in units of the one that ends the interval


def save_profiles(profiles: Sequence[Profile], units: dict[str, str], path: Path) -> None:
    """Draw the profiles, one small chart a parameter, and save them.

    Parameters
    ----------
    profiles : sequence of Profile
    units : dict of str to str
        Unit by parameter.
    path : Path
        Its suffix says the form: .png, .svg or .pdf.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(item.parameter for item in profiles))
    columns = min(_COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    with chart_style():
        figure = Figure(figsize=(3.5 * columns, 2.9 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, name in zip(grid, names, strict=False):
            _chart(axes, [item for item in profiles if item.parameter == name], units.get(name, ""))
        for axes in grid[len(names) :]:
            axes.set_axis_off()
        figure.savefig(path, dpi=120)


def _chart(axes: Axes, profiles: Sequence[Profile], unit: str) -> None:
    """One parameter: a line for each kind, the drop that ends an interval, and the ends."""
    axes.set_title(profiles[0].parameter + (f" ({unit})" if unit else ""))
    axes.axhline(DROP, color=SOFT, lw=0.8, ls="dashed")
    for item in profiles:
        colour = {"posterior": REFERENCE, "others": package_colour(0)}.get(item.kind, package_colour(1))
        axes.plot(item.values, item.drops, color=colour, lw=1.4, marker="o", ms=2.5, label=BY[item.kind])
        for end in (item.low, item.high):
            if end is not None:
                axes.plot([end], [DROP], color=colour, marker="|", ms=9)
    axes.set_ylim(_HEIGHT * DROP, -0.1 * DROP)
    axes.set_ylabel("drop of the log density")
    axes.legend(loc="lower center", fontsize=7)
