"""Charts of interventions in a diagram: a field of effects, and bars of scores."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, row_axes
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, SOFT, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_WIDTH = 7.4
_WRAP = 34
_UPRIGHT = 6  # headings that fit side by side


@chart_style()
def effects_chart(
    changes: Floats, symbols: Sequence[Sequence[str]], rows: Sequence[str], columns: Sequence[str]
) -> Figure:
    """Changes in the desired direction as colours, with their symbols.

    Parameters
    ----------
    changes : ndarray, shape (intervention, performance)
    symbols : sequence of sequence of str
        The same shape.
    rows, columns : sequence of str
        Labels.

    Returns
    -------
    Figure
    """
    from matplotlib.colors import LinearSegmentedColormap

    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(_WIDTH, 2.0 + 0.34 * len(rows)))
    plot = figure.subplots()
    colours = LinearSegmentedColormap.from_list("worse to better", [PACKAGES[0], "#ffffff", REFERENCE])
    limit = max(float(np.abs(changes).max()), 1e-12)
    edges = [np.arange(length + 1) - 0.5 for length in changes.T.shape]
    plot.pcolormesh(*edges, changes, cmap=colours, vmin=-limit, vmax=limit, edgecolors="#ffffff", linewidth=2)
    plot.invert_yaxis()
    for row, texts in enumerate(symbols):
        for column, text in enumerate(texts):
            dark = abs(changes[row, column]) > 0.6 * limit
            colour = "#ffffff" if dark else INK
            shown = text.replace("-", "\N{MINUS SIGN}")
            plot.text(column, row, shown, ha="center", va="center", color=colour, fontsize=11)
    slanted = len(columns) > _UPRIGHT
    names = [_wrapped(item, _WRAP if slanted else 18) for item in columns]
    plot.xaxis.tick_top()  # before the headings are turned: it makes new ones
    plot.set_xticks(range(len(columns)), names, fontsize=8)
    if slanted:
        for label in plot.get_xticklabels():
            label.set(rotation=40, ha="left", rotation_mode="anchor")
    plot.set_yticks(range(len(rows)), [_wrapped(item, _WRAP) for item in rows], fontsize=8)
    plot.tick_params(length=0)
    plot.grid(visible=False)
    for spine in plot.spines.values():
        spine.set_visible(False)
    return figure


@chart_style()
def scores_chart(
    differences: Floats, low: Floats, high: Floats, labels: Sequence[str], alone: int, texts: Texts
) -> Figure:
    """Differences in score from doing nothing, the first of them of interventions alone.

    Parameters
    ----------
    differences, low, high : ndarray, shape (row,)
        NaN for bounds that there are not.
    labels : sequence of str
    alone : int
        How many rows are of one intervention.
    texts : Texts

    Returns
    -------
    Figure
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(_WIDTH, 1.0 + 0.34 * len(labels)))
    plot = figure.subplots()
    places = np.arange(len(labels))
    colours = [tint(REFERENCE, 0.55) if k < alone else REFERENCE for k in places]
    plot.barh(places, differences, color=colours, height=0.62)
    plot.hlines(places, low, high, color=INK, linewidth=1.4)
    plot.axvline(0, color=SOFT, linewidth=0.8)
    plot.set_yticks(places, [_wrapped(item, 46) for item in labels], fontsize=8)
    plot.invert_yaxis()
    row_axes(plot, texts)
    plot.set_xlabel(texts("marvel.scores.axis"))
    return figure


def _wrapped(label: str, width: int) -> str:
    return "\n".join(textwrap.wrap(textwrap.shorten(label, 2 * width, placeholder=" …"), width))
