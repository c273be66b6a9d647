"""The chart of ranks: how far their distribution is from uniform, one line a parameter, and the envelope of chance.

In goes a study of known truths with its verdict; out comes a matplotlib figure, saved in the form its suffix names.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sd_covid.calibration.sbc import Study
from sd_covid.calibration.uniformity import RANKS, envelope
from sd_covid.calibration.verdict import Verdict
from sd_covid.report.charts import chart_style
from sd_covid.report.theme import REFERENCE, SOFT, TINTS, package_colour, tint


def save_ranks(study: Study, found: Verdict, path: Path) -> None:
    """Draw the differences between the distribution of ranks and a uniform one, and save them.

    Parameters
    ----------
    study : Study
    found : Verdict
        Of the study.
    path : Path
        Its suffix says the form: .png, .svg or .pdf.
    """
    from matplotlib.figure import Figure

    ranks = np.array([item.ranks for item in study.replicates if item.ranks])
    share = np.arange(1, RANKS + 1) / (RANKS + 1)
    with chart_style():
        figure = Figure(figsize=(7.0, 3.9), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0.0, color=SOFT, lw=0.8)
        if len(ranks):
            lower, upper = envelope(len(ranks), 1 - found.level / len(found.rows))
            label = f"all parameters together stay here with {1 - found.level:.0%}"
            axes.fill_between(
                share, lower - share, upper - share, color=tint(REFERENCE, TINTS[0]), label=label
            )
        marked = 0
        for row, column in zip(found.rows, ranks.T, strict=True):
            below = np.searchsorted(np.sort(column), np.arange(1, RANKS + 1)) / len(column)
            colour, width, name = REFERENCE, 0.6, None
            if not row.uniform:
                colour, width, name, marked = package_colour(marked), 1.8, row.id, marked + 1
            axes.plot(share, below - share, color=colour, lw=width, label=name)
        axes.set_title(f"Ranks of {len(ranks)} known truths, {len(found.rows)} parameters")
        axes.set_xlabel("rank of the truth among the draws, from 0 to 1")
        axes.set_ylabel("share of ranks below, less uniform")
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside lower center", ncols=3)
        figure.savefig(path, dpi=120)
