"""A table of which cells are the darker the larger what they stand for.

In go names, shades and what is written; out comes a matplotlib figure.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.theme import INK, REFERENCE, SOFT, tint

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    labels = [textwrap.fill(name, 34) for name in rows]
    heads = [textwrap.fill(name, max(26, len(name) // 2 + 6)) for name in columns]  # two lines at most
    tall = 0.34 + 0.14 * max(label.count("\n") for label in labels)
    head = 0.35 + 0.05 * max(len(line) for name in heads for line in name.splitlines())
    size = (3.0 + 0.62 * len(columns), tall * len(rows) + head + (0.3 if note else 0.1))
    figure = Figure(figsize=size, layout="constrained")
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
    axes.set_xticks(np.arange(len(columns)) + 0.5, heads, rotation=38, ha="left", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(rows)) + 0.5, labels)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if note:
        figure.supxlabel(note, fontsize=8, color=SOFT)
    return figure
