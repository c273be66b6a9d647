"""Charts with a row for each label, the first on top: what they have in common, and intervals before and now.

In go numbers and labels; out come matplotlib figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, row_axes
from sd_covid.report.drawing.theme import REFERENCE, SOFT, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 7.4
_ROW, _PAIR = 0.34, 0.46  # inches of a row, and of one that holds two intervals
_WRAP = 44


@chart_style()
def intervals_chart(
    before: Floats, after: Floats, labels: Sequence[str], middle: float, axis: str, texts: Texts
) -> Figure:
    """Medians and 90 % intervals before and now, each row on a scale of its own.

    Parameters
    ----------
    before, after : ndarray, shape (row, 3)
        Low, median and high.
    labels : sequence of str
    middle : float
        Where every median before is.
    axis : str
        What the numbers are.
    texts : Texts
    """
    plot, figure = labelled_rows(labels, texts, _PAIR)
    places = np.arange(len(labels))
    for values, colour, share, shift, mark, face, name in (
        (before, SOFT, 0.35, -0.16, "D", "white", "fig.was"),
        (after, REFERENCE, 0.6, 0.16, "o", REFERENCE, "fig.now"),
    ):
        at = places + shift
        plot.hlines(at, values[:, 0], values[:, 2], color=tint(colour, share), linewidth=4)
        plot.plot(values[:, 1], at, mark, color=colour, markerfacecolor=face, markersize=5, label=texts(name))
    plot.axvline(middle, color=SOFT, linewidth=0.8)
    plot.set_xlabel(axis)
    figure.legend(loc="outside lower right", ncols=2, fontsize=8)
    return figure


def labelled_rows(labels: Sequence[str], texts: Texts, height: float = _ROW) -> tuple[Axes, Figure]:
    """An empty plot with a row for each label, and its figure."""
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(_WIDTH, 1.3 + height * len(labels)))
    plot = figure.subplots()
    wrapped = [
        "\n".join(textwrap.wrap(textwrap.shorten(item, 2 * _WRAP, placeholder=" …"), _WRAP))
        for item in labels
    ]
    plot.set_yticks(range(len(labels)), wrapped, fontsize=8)
    plot.set_ylim(len(labels) - 0.4, -0.6)
    row_axes(plot, texts)
    return plot, figure
