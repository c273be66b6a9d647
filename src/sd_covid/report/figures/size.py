"""What a figure has outside a page: a title of its own, and the size that its reader asks for."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sd_covid.report.charts import chart_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Size = tuple[float, float]
_SIGNS = 11  # of a title, in an inch


@chart_style()
def sized(figure: Figure, size: Size | None, title: str = "") -> Figure:
    """A figure of that width and height in inches, of its own where None; below a title, where there is one."""
    if size is not None:
        figure.set_size_inches(*size)
    if title:
        wrapped = textwrap.fill(title, int(_SIGNS * figure.get_size_inches()[0]))
        if size is None:
            width, height = figure.get_size_inches()
            figure.set_size_inches(width, height + 0.2 * (1 + wrapped.count("\n")))
        figure.suptitle(wrapped, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure
