"""The charts of a search among packages: parallel axes with better at the top, and cost against effect.

In comes an `Optimised`; out come matplotlib figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.optimisation.optimise import Optimised, Shown
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis, row_axes
from sd_covid.report.drawing.theme import INK, REFERENCE, SOFT, line_style, package_colour
from sd_covid.report.drawing.tinted import tinted_table
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL = 18  # signs in a line of an axis's name
_TITLE = 40
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of scenarios
_APART = 0.05  # between names, as a share of an axis


@chart_style()
def parallel_chart(found: Optimised, names: Sequence[str], texts: Texts) -> Figure:
    """An axis for each objective, better at the top; a line for each package.

    Parameters
    ----------
    found : Optimised
    names : sequence of str
        Of the packages shown.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    objectives = found.plan.objectives
    signs = np.array([item.as_loss(np.array(1.0)) for item in objectives])
    front = found.found.objectives[found.found.front] * signs
    scenarios = [rival.scenario for rival in found.rivals if _comparable(rival.scenario, found)]
    shown = np.array([item.fresh for item in found.shown])
    others = np.array([item.fresh for item in scenarios]).reshape(-1, len(objectives))
    everything = np.concatenate([front, shown, others])
    low, high = everything.min(axis=0), everything.max(axis=0)
    figure = Figure(figsize=(10.4, 4.6))
    axes = figure.subplots()
    place = np.arange(len(objectives))

    def heights(rows: Floats) -> Floats:
        share = (rows - low) / np.where(high > low, high - low, 1.0)
        return np.asarray(np.where(signs > 0, 1 - share, share), dtype=np.float64)

    for row in heights(front):
        axes.plot(place, row, color=SOFT, linewidth=0.4, alpha=0.25, zorder=1)
    for number, row in enumerate(heights(shown)):
        bold = number == found.knee
        colour, dashes = (INK, "solid") if bold else line_style(number + 1)
        axes.plot(
            place, row, color=colour, ls=dashes, linewidth=2.6 if bold else 1.3, zorder=4 if bold else 3
        )
    for row in heights(others):
        axes.plot(place, row, color=REFERENCE, linewidth=1.0, linestyle=(0, (4, 2)), zorder=2)
    colours = [INK if k == found.knee else package_colour(k) for k in range(len(names))]
    numbers = [name.split()[-1] for name in names]
    _beside(axes, place[-1] + 0.04, heights(shown)[:, -1], numbers, colours)
    _beside(axes, -0.08, heights(others)[:, 0], _LETTERS, [REFERENCE] * len(others))
    _parallel_axes(axes, [texts.of(item.title) for item in objectives], low, high, signs, texts)
    _legend(axes, names[found.knee], [texts.of(item.scenario.title) for item in scenarios], texts)
    return figure


def _parallel_axes(
    axes: Axes, titles: Sequence[str], low: Floats, high: Floats, signs: Floats, texts: Texts
) -> None:
    """Names of the axes, and what stands at their ends."""
    numbers = Numbers(texts.language)
    axes.set_xticks(range(len(titles)), ["\n".join(textwrap.wrap(item, _LABEL)) for item in titles])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlim(-0.35, len(titles) - 0.6)
    axes.set_ylim(-0.09, 1.1)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(texts("optimised.axis.good"))
    for place, (first, last, sign) in enumerate(zip(low, high, signs, strict=True)):
        axes.axvline(place, 0.07, 0.92, color=SOFT, linewidth=0.8)
        top, bottom = (first, last) if sign > 0 else (last, first)
        for value, height, side in ((top, 1.02, "bottom"), (bottom, -0.02, "top")):
            axes.annotate(
                numbers.plain(float(value), 2), (place, height), ha="center", va=side, fontsize=8, color=SOFT
            )


def _beside(axes: Axes, at: float, heights: Floats, names: Sequence[str], colours: Sequence[str]) -> None:
    """Names at the end of lines, apart from one another and within their axis while there is room."""
    order = np.argsort(heights, kind="stable")
    placed = np.array(heights, dtype=np.float64)
    highest, lowest = 1.0 + _APART, -_APART
    for place in order[::-1]:
        placed[place] = highest = min(placed[place], highest - _APART)
    for place in order:
        placed[place] = lowest = max(placed[place], lowest + _APART)
        axes.annotate(names[place], (at, placed[place]), color=colours[place], va="center", fontsize=8)


def _legend(axes: Axes, knee: str, scenarios: Sequence[str], texts: Texts) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=INK, linewidth=2.6, label=texts("optimised.legend.knee", package=knee)),
        Line2D([], [], color=package_colour(0), linewidth=1.2, label=texts("optimised.legend.shown")),
        Line2D([], [], color=SOFT, linewidth=0.8, alpha=0.5, label=texts("optimised.legend.front")),
    ]
    for letter, name in zip(_LETTERS, scenarios, strict=False):
        dashes = (0, (4, 2))
        lines.append(
            Line2D([], [], color=REFERENCE, linewidth=1.0, linestyle=dashes, label=f"{letter}  {name}")
        )
    axes.figure.legend(handles=lines, loc="outside lower center", ncols=3)


@chart_style()
def frontier_chart(found: Optimised, titles: Sequence[str], texts: Texts) -> Figure:
    """Cost against each other objective, better upwards.

    Parameters
    ----------
    found : Optimised
    titles : sequence of str
        Of the objectives.
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    objectives = found.plan.objectives
    effects = [place for place, item in enumerate(objectives) if item.output is not None]
    columns = min(3, len(effects))
    rows = -(-len(effects) // columns)
    figure = Figure(figsize=(3.5 * columns, 3.0 * rows + 0.3))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, place in zip(grid, effects, strict=False):
        _frontier(axes, found, place, texts)
        axes.set_title("\n".join(textwrap.wrap(titles[place], _TITLE)))
    for axes in grid[len(effects) :]:
        axes.set_visible(False)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _frontier(axes: Axes, found: Optimised, place: int, texts: Texts) -> None:
    """One chart: the front in the search, packages and scenarios on fresh draws."""
    objective = found.plan.objectives[place]
    sign = float(objective.as_loss(np.array(1.0)))
    at = next((k for k, item in enumerate(found.plan.objectives) if item.output is None), None)
    if at is not None:
        front = found.found.objectives[found.found.front]
        cost, effect = front[:, at], sign * front[:, place]
        axes.scatter(
            cost, effect, s=8, color=SOFT, alpha=0.35, linewidths=0, label=texts("optimised.legend.front")
        )
        order = np.argsort(cost, kind="stable")
        best = np.minimum.accumulate(sign * effect[order]) * sign
        axes.step(
            cost[order],
            best,
            where="post",
            color=SOFT,
            linewidth=0.9,
            label=texts("optimised.legend.frontier"),
        )
    items = [(item.cost.mean(), item.fresh[place]) for item in found.shown]
    axes.scatter(
        [cost for cost, _ in items],
        [effect for _, effect in items],
        s=22,
        color=package_colour(0),
        zorder=3,
        label=texts("optimised.legend.shown"),
    )
    cost_at, effect_at = items[found.knee]
    axes.scatter(cost_at, effect_at, s=60, facecolor="none", edgecolor=INK, zorder=4)
    near = [rival.scenario for rival in found.rivals if _comparable(rival.scenario, found)]
    for letter, item in zip(_LETTERS, near, strict=False):
        label = f"{letter}  {texts.of(item.scenario.title)}"
        axes.scatter(
            item.cost.mean(), item.fresh[place], s=22, marker="D", color=REFERENCE, zorder=3, label=label
        )
        axes.annotate(
            letter,
            (float(item.cost.mean()), float(item.fresh[place])),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=8,
            color=REFERENCE,
        )
    if sign > 0:
        axes.invert_yaxis()
    for axis in (axes.xaxis, axes.yaxis):
        number_axis(axis, texts)
    axes.set_xlabel(texts("optimised.column.cost"), fontsize=7.5)
    axes.set_ylabel(texts("optimised.axis.good"))


def _comparable(item: Shown, found: Optimised) -> bool:
    """Whether a scenario costs about what packages may cost: one that saves thousands of millions would hide them."""
    costs = [shown.cost.mean() for shown in found.shown]
    span = max(costs) - min(costs)
    return bool(min(costs) - 0.5 * span <= item.cost.mean() <= max(costs) + 0.5 * span)


def contents_chart(packages: Sequence[str], levers: Sequence[str], used: NDArray[np.bool_]) -> Figure:
    """Which measure is in which package.

    Parameters
    ----------
    packages, levers : sequence of str
    used : ndarray of bool, shape (lever, package)
    """
    cells = [["●" if item else "" for item in row] for row in used.tolist()]
    return tinted_table(levers, packages, np.where(used, 0.45, np.nan), cells)


def rivals_chart(
    scenarios: Sequence[str],
    objectives: Sequence[str],
    shade: Floats,
    cells: Sequence[Sequence[str]],
    note: str,
) -> Figure:
    """How much better or worse a package does than the scenario that costs as much.

    Parameters
    ----------
    scenarios, objectives : sequence of str
    shade : ndarray, shape (scenario, objective)
        The darker the better the package does.
    cells : sequence of sequence of str
        The differences as they are read.
    note : str
    """
    return tinted_table(scenarios, objectives, shade, cells, note)


@chart_style()
def left_chart(titles: Sequence[str], shares: Floats, axis: str, texts: Texts) -> Figure:
    """How far an effect on fresh draws lies from that in the search, by objective.

    Parameters
    ----------
    titles : sequence of str
    shares : ndarray, shape (objective,)
        Per cent of the effect.
    axis : str
    texts : Texts
    """
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(7.4, 0.8 + 0.42 * len(titles)))
    axes = figure.add_subplot()
    axes.barh(range(len(titles)), shares, 0.6, color=REFERENCE)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(titles)), ["\n".join(textwrap.wrap(item, 2 * _LABEL)) for item in titles])
    axes.invert_yaxis()
    row_axes(axes, texts)
    axes.set_xlabel(axis)
    return figure
