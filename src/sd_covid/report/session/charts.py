"""Charts of an expert session: answers by link, weights of participants, and pooled strengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.rows import labelled_rows
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, SOFT, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_FAINT, _DEEP = 0.35, 1.0  # share of the colour of the weakest and of the strongest class


@chart_style()
def answers_chart(
    counts: Sequence[Sequence[int]], labels: Sequence[str], classes: Sequence[str], texts: Texts
) -> Figure:
    """Answers by link, from the strongest "less" on the left to the strongest "more" on the right.

    Parameters
    ----------
    counts : sequence of sequence of int
        By link: how many chose each place, "no difference" in the middle.
    labels : sequence of str
    classes : sequence of str
        Names of the classes of strength, from weak to strong.
    texts : Texts
    """
    plot, figure = labelled_rows(labels, texts)
    shares = np.linspace(_FAINT, _DEEP, len(classes))
    places = np.arange(len(labels))
    table = np.array(counts, dtype=np.float64)
    middle = len(classes)
    none = table[:, middle]
    plot.barh(places, none, left=-none / 2, color="#d5dbe1", height=0.66, label=texts("session.legend.none"))
    for side, colour in ((1, REFERENCE), (-1, PACKAGES[0])):
        at = side * none / 2
        for number, share in enumerate(shares, start=1):
            width = table[:, middle + side * number]
            plot.barh(places, side * width, left=at, color=tint(colour, float(share)), height=0.66)
            at = at + side * width
    for share, name in zip(shares, classes, strict=True):
        plot.barh([0], [0], color=tint(INK, float(share)), label=name)
    plot.axvline(0, color=SOFT, linewidth=0.8)
    limit = 1.05 * float(table.sum(axis=1).max())
    plot.set_xlim(-limit, limit)
    plot.set_xlabel(texts("session.agreement.axis"))
    ticks = [tick for tick in plot.get_xticks() if abs(tick) <= limit and float(tick).is_integer()]
    plot.set_xticks(ticks, [f"{abs(tick):.0f}" for tick in ticks])
    figure.legend(loc="outside lower center", ncols=len(classes) + 1, fontsize=8)
    return figure


@chart_style()
def weights_chart(weights: Floats, labels: Sequence[str], texts: Texts) -> Figure:
    """Bars of weights, in per cent, the largest on top."""
    order = np.argsort(-weights, kind="stable")
    plot, figure = labelled_rows([labels[k] for k in order], texts)
    plot.barh(np.arange(len(order)), weights[order], color=REFERENCE, height=0.62)
    plot.set_xlabel(texts("session.performance.axis"))
    return figure


@chart_style()
def strengths_chart(strengths: Floats, known: Floats, labels: Sequence[str], texts: Texts) -> Figure:
    """Median and 90 % of signed strengths, beside those of the diagram.

    Parameters
    ----------
    strengths : ndarray, shape (link, 3)
    known : ndarray, shape (link,)
    labels : sequence of str
    texts : Texts
    """
    plot, figure = labelled_rows(labels, texts)
    places = np.arange(len(labels))
    plot.hlines(places, strengths[:, 0], strengths[:, 2], color=tint(REFERENCE, 0.5), linewidth=5)
    label = texts("session.pooled.legend")
    plot.plot(strengths[:, 1], places, "o", color=REFERENCE, markersize=6, label=label)
    plot.plot(
        known,
        places,
        "D",
        color=PACKAGES[0],
        markersize=4.5,
        markerfacecolor="white",
        label=texts("session.column.diagram"),
    )
    plot.axvline(0, color=SOFT, linewidth=0.8)
    plot.set_xlabel(texts("session.pooled.axis"))
    figure.legend(loc="outside lower right", ncols=2, fontsize=8)
    return figure
