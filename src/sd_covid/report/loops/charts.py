"""Charts of feedback loops: shares over time, stacked about zero, and lines of what differs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis, row_axes
from sd_covid.report.drawing.theme import HATCHES, INK, SOFT, line_style, package_colour, tint
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_WIDE, _TALL = 7.4, 3.1
_LINE = 0.165  # of a legend
_WRAP = 52


@chart_style()
def shares_chart(
    times: Floats, series: Sequence[Floats], labels: Sequence[str], axis: str, texts: Texts, when: str = ""
) -> Figure:
    """Shares of loops, what reinforces stacked above zero and what balances below.

    Parameters
    ----------
    times : ndarray, shape (instant,)
    series : sequence of ndarray, shape (instant,)
        Per cent, with their sign.
    labels : sequence of str
    axis : str
        What the shares are of.
    texts : Texts
    when : str
        What the times are, where they are no years.

    Returns
    -------
    Figure
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=_size(labels))
    plot = figure.subplots()
    above, below = np.zeros(len(times)), np.zeros(len(times))
    for place, values in enumerate(series):
        colour = _colour(place, len(series), labels[place])
        up, down = np.clip(values, 0, None), np.clip(values, None, 0)
        look: dict[str, Any] = {
            "facecolor": colour,
            "edgecolor": "white",
            "linewidth": 0.4,
            "hatch": HATCHES[place % len(HATCHES)],
        }
        plot.fill_between(times, above, above + up, label=_wrapped(labels[place]), **look)
        plot.fill_between(times, below, below + down, **look)
        above, below = above + up, below + down
    plot.axhline(0, color=INK, linewidth=0.8)
    _whole_times(plot, times, when)
    plot.set_ylim(-100, 100)
    plot.set_ylabel(axis)
    number_axis(plot.yaxis, texts)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@chart_style()
def gains_chart(ids: Sequence[str], gains: Floats, axis: str, texts: Texts) -> Figure:
    """Gains of loops as bars, what reinforces to the right and what balances to the left.

    Parameters
    ----------
    ids : sequence of str
    gains : ndarray, shape (loop,)
    axis : str
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(_WIDE, 0.7 + 0.24 * len(ids)))
    plot = figure.subplots()
    colours = [package_colour(0) if gain > 0 else package_colour(2) for gain in gains.tolist()]
    plot.barh(range(len(ids)), gains, 0.7, color=colours)
    plot.axvline(0, color=INK, linewidth=0.8)
    plot.set_yticks(range(len(ids)), ids)
    plot.invert_yaxis()
    row_axes(plot, texts)
    plot.set_xlabel(axis)
    return figure


def _colour(place: int, count: int, label: str) -> str:
    """A colour for each loop, lighter in the second round; grey for what is left together."""
    if label.endswith("(%)"):
        return tint(SOFT, 0.35)
    return package_colour(place) if place < 5 else tint(package_colour(place), 0.5)


@chart_style()
def lines_chart(
    times: Floats, series: Sequence[Floats], labels: Sequence[str], axis: str, texts: Texts, when: str = ""
) -> Figure:
    """Lines over time, the first one thick.

    Parameters
    ----------
    times : ndarray, shape (instant,)
    series : sequence of ndarray, shape (instant,)
    labels : sequence of str
    axis : str
        The unit.
    texts : Texts
    when : str
        What the times are, where they are no years.

    Returns
    -------
    Figure
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=_size(labels))
    plot = figure.subplots()
    for place, values in enumerate(series):
        last = place == len(series) - 1 and place > 3
        colour, style = (SOFT, "dotted") if last else line_style(place)
        colour = INK if place == 0 else colour
        width = 2.2 if place == 0 else 1.3
        plot.plot(
            times, values, color=colour, linewidth=width, linestyle=style, label=_wrapped(labels[place])
        )
    plot.axhline(0, color=SOFT, linewidth=0.6)
    _whole_times(plot, times, when)
    plot.set_ylabel(axis)
    number_axis(plot.yaxis, texts)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _whole_times(plot: Axes, times: Floats, when: str) -> None:
    """An axis of times, marked at whole ones; said to be times where they are no years."""
    from matplotlib.ticker import MaxNLocator

    plot.set_xlim(times[0], times[-1])
    plot.set_xlabel(when)
    plot.xaxis.set_major_locator(MaxNLocator(integer=True))


def _size(labels: Sequence[str]) -> tuple[float, float]:
    """Of a figure, so that its legend of two columns leaves the plot its height."""
    lines = [1 + _wrapped(label).count("\n") for label in labels]
    half = -(-len(lines) // 2)
    return _WIDE, _TALL + _LINE * max(sum(lines[:half]), sum(lines[half:]))


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(label, _WRAP))
