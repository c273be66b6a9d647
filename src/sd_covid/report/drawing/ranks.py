"""The chart of ranks: how far their distribution is from uniform, one line a parameter, and the envelope of chance.

In goes a study of known truths with its verdict; out comes a matplotlib figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sd_covid.calibration.sbc.study import Study
from sd_covid.calibration.sbc.uniformity import RANKS, envelope
from sd_covid.calibration.sbc.verdict import Verdict
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import REFERENCE, SOFT, TINTS, line_style, tint
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@chart_style()
def ranks_chart(study: Study, found: Verdict, texts: Texts) -> Figure:
    """The differences between the distribution of ranks and a uniform one.

    Parameters
    ----------
    study : Study
    found : Verdict
        Of the study.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    numbers = Numbers(texts.language)
    ranks = np.array([item.ranks for item in study.replicates if item.ranks])
    share = np.arange(1, RANKS + 1) / (RANKS + 1)
    figure = Figure(figsize=(7.0, 3.9))
    axes = figure.subplots()
    axes.axhline(0.0, color=SOFT, lw=0.8)
    if len(ranks):
        lower, upper = envelope(len(ranks), 1 - found.level / len(found.rows))
        label = texts("fig.ranks.envelope", share=numbers.exact(100 * (1 - found.level), 0))
        axes.fill_between(share, lower - share, upper - share, color=tint(REFERENCE, TINTS[0]), label=label)
    marked = 0
    for row, column in zip(found.rows, ranks.T, strict=True):
        below = np.searchsorted(np.sort(column), np.arange(1, RANKS + 1)) / len(column)
        if row.uniform:
            axes.plot(share, below - share, color=REFERENCE, lw=0.6)
            continue
        marked += 1
        colour, dashes = line_style(marked)
        axes.plot(share, below - share, color=colour, ls=dashes, lw=1.8, label=row.id)
    counts = {"truths": numbers.exact(len(ranks), 0), "parameters": numbers.exact(len(found.rows), 0)}
    axes.set_title(texts("fig.ranks.title", **counts))
    axes.set_xlabel(texts("fig.ranks.rank"))
    axes.set_ylabel(texts("fig.ranks.share"))
    for axis in (axes.xaxis, axes.yaxis):
        number_axis(axis, texts)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=3)
    return figure
