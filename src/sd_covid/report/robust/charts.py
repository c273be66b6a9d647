"""Charts of a study of robustness: tables of tints, regret, trade-offs of boxes, value for money and of information.

In go numbers and names ready to be read; out come matplotlib figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis, row_axes
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, SOFT, line_style, tint
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.discovery.box import Box


@chart_style()
def regret_chart(packages: Sequence[str], regret: Floats, best: Floats, unit: str, texts: Texts) -> Figure:
    """Regret of each package from its mean to its largest, and beside it how often the package is the best.

    Parameters
    ----------
    packages : sequence of str
    regret : ndarray, shape (quantity, package)
        Mean, 90th percentile and largest.
    best : ndarray, shape (package,)
        Share of states.
    unit : str
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(8.6, 1.15 + 0.34 * len(packages)))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2.2, 1))
    place = -np.arange(len(packages))
    left.hlines(place, regret[0], regret[2], color=tint(REFERENCE, 0.45), lw=3)
    for row, mark, face, label in (
        (0, "o", REFERENCE, "robust.mean"),
        (1, "|", REFERENCE, "robust.p90"),
        (2, "o", "white", "robust.largest"),
    ):
        left.plot(
            regret[row], place, mark, color=REFERENCE, mfc=face, ms=10 if mark == "|" else 6, mew=1.6,
            label=texts(label), ls="none",
        )  # fmt: skip
    left.set_yticks(place, [textwrap.fill(name, 30) for name in packages])
    left.set_title(texts("robust.regret_axis", unit=unit))
    left.set_xlim(left=0)
    right.barh(place, 100 * best, color=tint(PACKAGES[0], 0.75), height=0.6)
    for at, share in zip(place, best, strict=True):
        label = Numbers(texts.language).exact(100 * share, 0)
        right.text(100 * share + 2, at, label, va="center", fontsize=8)
    right.set_title(textwrap.fill(texts("robust.best_axis"), 24))
    right.set_xlim(0, 112)
    for axes in (left, right):
        row_axes(axes, texts)
    figure.legend(loc="outside lower left", ncols=3, handlelength=1.2)
    return figure


@chart_style()
def trade_off_chart(
    path: Floats, columns: Sequence[int], chosen: tuple[float, float], texts: Texts
) -> Figure:
    """Coverage and density of the boxes on PRIM's way, by the number of columns they restrict, and the chosen one.

    Parameters
    ----------
    path : ndarray, shape (box, 2)
        Coverage and density.
    columns : sequence of int
        Of each box.
    chosen : tuple of float
        Coverage and density.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(5.4, 4.0))
    axes = figure.add_subplot()
    most = max(max(columns), 1)
    for number in sorted(set(columns)):
        these = np.array(columns) == number
        colour = tint(REFERENCE, 0.25 + 0.75 * number / most)
        axes.plot(100 * path[these, 0], 100 * path[these, 1], "o", color=colour, ms=6, label=f"{number}")
    at = (100 * chosen[0], 100 * chosen[1])
    axes.plot(*at, "D", mfc="none", mec=PACKAGES[0], mew=2, ms=12, label=texts("box.chosen_mark"))
    axes.set_xlim(0, 104)
    axes.set_ylim(0, 104)
    axes.set_xlabel(texts("box.coverage_axis"))
    axes.set_ylabel(texts("box.density_axis"))
    axes.grid(axis="both")
    for axis in (axes.xaxis, axes.yaxis):
        number_axis(axis, texts)
    figure.legend(loc="outside right upper", title=texts("box.columns_mark"), title_fontsize=8)
    return figure


@chart_style()
def rates_chart(paths: Sequence[str], rates: Sequence[float], texts: Texts) -> Figure:
    """Per cent of cases that fail under each path, as bars."""
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(5.4, 0.7 + 0.32 * len(paths)))
    axes = figure.add_subplot()
    place = [-float(at) for at in range(len(paths))]
    axes.barh(place, rates, color=tint(PACKAGES[0], 0.75), height=0.6)
    for at, rate in zip(place, rates, strict=True):
        axes.text(rate + 1.5, at, Numbers(texts.language).exact(rate, 0), va="center", fontsize=8)
    axes.set_yticks(place, [textwrap.fill(name, 34) for name in paths])
    axes.set_xlim(0, 108)
    axes.set_xlabel(texts("box.rate"))
    row_axes(axes, texts)
    return figure


@chart_style()
def regions_chart(ways: Sequence[str], regions: Sequence[Box], rate: float, texts: Texts) -> Figure:
    """Regions of failure as pairs of bars: how often it fails there, and which part of all failures that is.

    Parameters
    ----------
    ways : sequence of str
        The regions in words.
    regions : sequence of Box
    rate : float
        Per cent of all cases that fail.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    labels = [textwrap.fill(way, 52) for way in ways]
    tall = 0.25 + 0.17 * max(2, *(label.count("\n") + 1 for label in labels))
    figure = Figure(figsize=(8.4, 0.95 + tall * len(ways)))
    axes = figure.add_subplot()
    rows = np.arange(len(ways))
    for shift, colour, name, values in (
        (-0.19, REFERENCE, "density", [100 * box.density for box in regions]),
        (0.19, tint(PACKAGES[0], 0.75), "coverage", [100 * box.coverage for box in regions]),
    ):
        axes.barh(rows + shift, values, 0.34, color=colour, label=texts(f"tree.{name}"))
    axes.axvline(rate, color=SOFT, lw=1.2, ls=(0, (4, 2)), label=texts("tree.all"))
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    row_axes(axes, texts)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@chart_style()
def worth_chart(
    packages: Sequence[str],
    values: Floats,
    acceptable: Floats,
    frontier: Floats,
    loss: Floats,
    axis: str,
    texts: Texts,
) -> Figure:
    """How surely each package is the best buy, and what choosing it is expected to forgo, over the value of a unit.

    Parameters
    ----------
    packages : sequence of str
    values : ndarray, shape (value,)
        As the axis says; the first is 0.
    acceptable, loss : ndarray, shape (value, package)
        Shares, and million euro.
    frontier : ndarray, shape (value,)
        Acceptability of the package with the highest expected benefit.
    axis : str
        What the values are.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(8.8, 4.1))
    left, right = figure.subplots(1, 2)
    left.plot(
        values, 100 * frontier, color=tint(SOFT, 0.4), lw=6, label=texts("worth.frontier_mark"), zorder=1
    )
    right.plot(
        values, loss.min(axis=1), color=tint(SOFT, 0.4), lw=6, label=texts("worth.envelope_mark"), zorder=1
    )
    for place, name in enumerate(packages):
        colour, style = line_style(place)
        left.plot(values, 100 * acceptable[:, place], color=colour, ls=style, lw=1.7, label=name)
        right.plot(values, loss[:, place], color=colour, ls=style, lw=1.7)
    left.set_title(texts("worth.acceptable_axis"))
    right.set_title(texts("worth.loss_axis"))
    left.set_ylim(0, 102)
    # Far from its range a package forgoes so much that the others could not be told apart.
    right.set_ylim(0, 1.1 * float(np.sort(loss, axis=1)[:, min(2, loss.shape[1] - 1)].max()) or None)
    numbers = Numbers(texts.language)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlim(float(values[1]), float(values[-1]))
        axes.xaxis.set_major_formatter(lambda value, _: numbers.plain(value))
        axes.set_xlabel(textwrap.fill(axis, 48))
        number_axis(axes.yaxis, texts)
    figure.legend(loc="outside lower left", ncols=3, handlelength=2.6)
    return figure


@dataclass(frozen=True, slots=True)
class Worthwhile:
    """A bar of a chart of information: what might be known, its value, half its interval, whether it is a figure."""

    name: str
    value: float
    error: float
    figure: bool = False


@chart_style()
def information_chart(bars: Sequence[Worthwhile], chance: float, unit: str, texts: Texts) -> Figure:
    """Value of knowing each, the first on top, with its 90 % interval and the level of chance."""
    from sd_covid.report.drawing.styled import Figure

    labels = [textwrap.fill(bar.name, 44) for bar in bars]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = Figure(figsize=(7.6, 1.3 + 0.12 * len(bars) + 0.17 * lines))
    axes = figure.add_subplot()
    heights = np.array([label.count("\n") + 1.6 for label in labels])
    place = -(np.cumsum(heights) - heights / 2)
    value, error = (np.array([getattr(bar, name) for bar in bars]) for name in ("value", "error"))
    for shown, colour, key in ((False, REFERENCE, "inform.parameter"), (True, PACKAGES[2], "inform.figure")):
        these = np.array([bar.figure == shown for bar in bars])
        if these.any():
            axes.barh(place[these], value[these], color=tint(colour, 0.75), height=1.0, label=texts(key))
    axes.hlines(place, np.maximum(value - error, 0), value + error, color=INK, lw=1.1)
    axes.axvline(chance, color=PACKAGES[0], ls="dashed", lw=1.3, label=texts("inform.chance_mark"))
    axes.set_yticks(place, labels)
    axes.set_xlim(left=0)
    axes.set_xlabel(unit)
    row_axes(axes, texts)
    figure.legend(loc="outside lower left", ncols=2)
    return figure
