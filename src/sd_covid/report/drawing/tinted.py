"""A table of which cells are the darker the larger what they stand for.

In go names, shades and what is written; out comes a matplotlib figure.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.theme import INK, REFERENCE, SOFT, tint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TURNED = 38  # degrees, of the headings
_SIGN = 0.068  # width of a sign of a heading or cell, in inches


@chart_style()
def tinted_table(
    rows: Sequence[str],
    columns: Sequence[str],
    shade: Floats,
    cells: Sequence[Sequence[str]],
    note: str = "",
) -> Figure:
    """A table of which cells are the darker the larger their shade.

    Parameters
    ----------
    rows, columns : sequence of str
    shade : ndarray, shape (row, column)
        From 0 to 1; NaN is white.
    cells : sequence of sequence of str
        What stands in them, so that nothing is told by colour alone.
    note : str
        Below the table.
    """
    from matplotlib.patches import Rectangle

    from sd_covid.report.drawing.styled import Figure

    labels = [textwrap.fill(name, 34) for name in rows]
    heads = [textwrap.fill(name, max(26, len(name) // 2 + 6)) for name in columns]  # two lines at most
    tall = 0.34 + 0.14 * max(label.count("\n") for label in labels)
    wide = max(0.62, 0.12 + _SIGN * max(len(cell) for row in cells for cell in row))
    long = [_SIGN * max(map(len, name.splitlines())) for name in heads]
    head = 0.35 + max(long) * math.sin(math.radians(_TURNED))
    # How far the turned headings reach beyond the last column.
    beyond = max(
        length * math.cos(math.radians(_TURNED)) - wide * (len(long) - place - 0.5)
        for place, length in enumerate(long)
    )
    side = 0.3 + _SIGN * max(len(line) for label in labels for line in label.splitlines())
    width = side + wide * len(columns) + max(beyond, 0.0)
    told = textwrap.fill(note, max(30, int(width / _SIGN)))
    below = 0.1 + 0.17 * len(told.splitlines())
    figure = Figure(figsize=(width, tall * len(rows) + head + below))
    axes = figure.add_subplot()
    for row, column in np.ndindex(*shade.shape):
        level = float(shade[row, column])
        colour = "white" if np.isnan(level) else tint(REFERENCE, 0.06 + 0.84 * level)
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", lw=1.2))
        ink = "white" if level > 0.55 else INK
        axes.text(
            column + 0.5, row + 0.5, cells[row][column], ha="center", va="center", color=ink, fontsize=8
        )
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks(np.arange(len(columns)) + 0.5, heads, rotation=_TURNED, ha="left", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(rows)) + 0.5, labels)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if note:
        figure.supxlabel(told, fontsize=8, color=SOFT)
    return figure
