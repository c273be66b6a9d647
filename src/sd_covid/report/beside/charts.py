"""Charts of the two layers: a field of verdicts, and rank correlations with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.marvel.beside.compare import Compared, Ranking
from sd_covid.marvel.beside.effects import Effect
from sd_covid.report.drawing.charts import chart_style, row_axes
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, SOFT, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 7.4
_WRAP = 34
_COLOURS = {"agree": tint(REFERENCE, 0.35), "disagree": PACKAGES[0], "cannot tell": "#eceff2"}


@chart_style()
def verdicts_chart(found: Sequence[Compared], texts: Texts) -> Figure:
    """A field for each intervention and performance, with the signs of both layers: diagram / model."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    from sd_covid.report.drawing.styled import Figure

    rows = list(dict.fromkeys(item.intervention for item in found))
    columns = list(dict.fromkeys(item.performance for item in found))
    figure = Figure(figsize=(_WIDTH, 3.0 + 0.34 * len(rows)))
    plot = figure.subplots()
    verdicts = np.zeros((len(rows), len(columns)))
    for item in found:
        row, column = rows.index(item.intervention), columns.index(item.performance)
        verdicts[row, column] = list(_COLOURS).index(item.verdict)
        colour = "#ffffff" if item.verdict == "disagree" else INK
        plot.text(column, row, _signs(item), ha="center", va="center", color=colour, fontsize=7)
    edges = [np.arange(length + 1) - 0.5 for length in verdicts.T.shape]
    colours = ListedColormap(list(_COLOURS.values()))
    plot.pcolormesh(
        *edges, verdicts, cmap=colours, vmin=-0.5, vmax=len(_COLOURS) - 0.5, edgecolors="#ffffff", linewidth=2
    )
    plot.invert_yaxis()
    plot.grid(visible=False)
    plot.xaxis.tick_top()
    names = [textwrap.shorten(texts.of(item.label), _WRAP, placeholder=" …") for item in columns]
    plot.set_xticks(range(len(columns)), names, fontsize=8)
    for label in plot.get_xticklabels():
        label.set(rotation=50, ha="left", rotation_mode="anchor")
    labels = ["\n".join(textwrap.wrap(texts.of(item.label), _WRAP)) for item in rows]
    plot.set_yticks(range(len(rows)), labels, fontsize=8)
    plot.tick_params(length=0)
    for spine in plot.spines.values():
        spine.set_visible(False)
    handles = [
        Patch(color=colour, label=texts(f"beside.verdict.{name}")) for name, colour in _COLOURS.items()
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, fontsize=8)
    return figure


def _signs(item: Compared) -> str:
    return f"{_sign(item.diagram)} / {'·' if item.model is None else _sign(item.model)}"


def _sign(effect: Effect) -> str:
    return {1: "+", -1: "\N{MINUS SIGN}"}.get(effect.direction, "0" if effect.none else "?")


@chart_style()
def correlations_chart(ranked: Sequence[Ranking], texts: Texts) -> Figure:
    """Rank correlations with their 90 %, the largest on top."""
    from sd_covid.report.drawing.styled import Figure

    known = sorted(
        (item for item in ranked if np.isfinite(item.correlation)), key=lambda item: -item.correlation
    )
    figure = Figure(figsize=(_WIDTH, 1.1 + 0.34 * len(known)))
    plot = figure.subplots()
    places = np.arange(len(known))
    plot.hlines(
        places,
        [item.low for item in known],
        [item.high for item in known],
        color=tint(REFERENCE, 0.5),
        linewidth=5,
    )
    plot.plot([item.correlation for item in known], places, "o", color=REFERENCE, markersize=6)
    plot.axvline(0, color=SOFT, linewidth=0.8)
    plot.set_xlim(-1.05, 1.05)
    plot.set_yticks(places, [texts.of(item.performance.label) for item in known], fontsize=8)
    plot.set_ylim(len(known) - 0.4, -0.6)
    row_axes(plot, texts)
    plot.set_xlabel(texts("beside.ranks.axis"))
    return figure
