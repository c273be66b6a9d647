"""The charts of the report: fans of levels, fans of paired differences, bars of sensitivity.

In goes a comparison; out come matplotlib figures. Bands hold the central 30, 60 and 90 % from dark to light with a bold
median, as CPB draws its fan charts (MEV 2016). Putting them into a page or on disk is for `draw`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.observed import ObservedSeries
from sd_covid.report.drawing.theme import CHART, INK, REFERENCE, SOFT, TINTS, line_style, package_colour, tint
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, difference_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


#: Width and height in inches; the chart of levels has room for its legend below.
_SMALL, _WITH_LEGEND = (3.5, 2.9), (5.2, 3.7)
#: Smallest share of a common scale on which a fan can still be read.
_READABLE = 0.25
#: Signs in a line of a bar's label, and of a title in a small chart.
_LABEL, _TITLE = 38, 44


@contextmanager
def chart_style() -> Iterator[None]:
    """The report's chart settings, for as long as charts are drawn and saved."""
    import matplotlib as mpl

    with mpl.rc_context(CHART):
        yield


@chart_style()
def levels_chart(
    comparison: Comparison, output: Output, observed: Sequence[ObservedSeries], texts: Texts
) -> Figure:
    """The null alternative as a fan, the median of each package, and published figures as dots.

    Parameters
    ----------
    comparison : Comparison
    output : Output
    observed : sequence of ObservedSeries
        Of this output.
    texts : Texts
    """
    figure, axes = new_axes(texts("chart.levels", unit=texts.of(output.unit_title)), _WITH_LEGEND)
    years = _years(comparison)
    title = texts.of(comparison.scenario(comparison.reference).title)
    draw_fan(axes, years, comparison.bands(output.name, comparison.reference), REFERENCE, title)
    for position, entry in enumerate(comparison.alternatives):
        median = comparison.bands(output.name, entry.id)[3]
        colour, dashes = line_style(position + 1)
        axes.plot(years, median, color=colour, ls=dashes, lw=1.6, zorder=3.5, label=texts.of(entry.title))
    _dots(axes, comparison, observed, texts)
    finish_years(figure, axes, texts, (years[0], years[-1]))
    return figure


@chart_style()
def difference_chart(comparison: Comparison, output: Output, scenario: str, texts: Texts) -> Figure:
    """The paired difference of a package as a fan with bands of its own.

    All packages of an output share one scale; a package too small to be read on it has its own, and the title says so.
    """
    position = [entry.id for entry in comparison.alternatives].index(scenario)
    spans = [_span(comparison, output, entry.id) for entry in comparison.alternatives]
    common = min(low for low, _ in spans), max(high for _, high in spans)
    own = spans[position]
    readable = own[1] - own[0] >= _READABLE * (common[1] - common[0])
    kind = "chart.difference" if readable else "chart.difference_own_scale"
    title = texts.of(comparison.scenario(scenario).title)
    figure, axes = new_axes(texts(kind, package=title, unit=difference_unit(output, texts)), _SMALL)
    years = _years(comparison)
    axes.axhline(0.0, color=INK, lw=0.8, zorder=2.5)
    draw_fan(axes, years, comparison.difference_bands(output.name, scenario), package_colour(position))
    low, high = common if readable else own
    room = 0.06 * (high - low)
    axes.set_ylim(low - room, high + room)
    finish_years(figure, axes, texts, (first_difference(comparison), years[-1]), legend=False)
    return figure


def _span(comparison: Comparison, output: Output, scenario: str) -> tuple[float, float]:
    """The range of the 90 % band, with zero, and at least as wide as a difference that matters."""
    band = comparison.difference_bands(output.name, scenario)
    low, high = min(0.0, float(np.nanmin(band))), max(0.0, float(np.nanmax(band)))
    least = output.relevance or 1e-9
    return (low, high) if high - low >= least else (-least / 2, least / 2)


def first_difference(comparison: Comparison) -> float:
    """The calendar year, with its fraction, in which scenarios start to differ: the first lever date among them."""
    null = comparison.scenario(comparison.reference)
    starts = [
        min(setting.start, null.levers.get(lever, setting).start)
        for entry in comparison.alternatives
        for lever, setting in entry.levers.items()
        if setting.differs(null.levers.get(lever))
    ]
    years = _years(comparison)
    return max(float(years[0]), float(min(start.year for start in starts))) if starts else float(years[0])


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a sensitivity chart: label, length, half of its 90 % interval; inner ones are part of another."""

    name: str
    share: float
    half_width: float
    inner: bool = False


@chart_style()
def sensitivity_chart(bars: Sequence[Bar], measure: str, texts: Texts, *, shares: bool = True) -> Figure:
    """Indices as bars with their interval, the first on top; inner bars are light. Shares are drawn up to one.

    `measure` is what the index is called, below the axis.
    """
    from sd_covid.report.drawing.styled import Figure

    # A long name takes a second line rather than half of the chart.
    labels = [textwrap.fill(bar.name, _LABEL) for bar in bars]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = Figure(figsize=(5.2, 0.65 + 0.1 * len(bars) + 0.16 * lines))
    axes = figure.add_subplot()
    share, half = (np.array([getattr(bar, name) for bar in bars]) for name in ("share", "half_width"))
    # Each bar is as far below the last as their labels need.
    heights = np.array([label.count("\n") + 1.6 for label in labels])
    place = -(np.cumsum(heights) - heights / 2)
    colours = [tint(REFERENCE, 0.35 if bar.inner else 0.75) for bar in bars]
    axes.barh(place, share, color=colours, height=[0.6 if bar.inner else 0.95 for bar in bars])
    axes.hlines(place, np.maximum(share - half, 0.0), share + half, color=INK, lw=1.1)
    axes.set_yticks(place, labels)
    axes.set_xlim(0.0, max(1.0 if shares else 0.0, float(np.nanmax(share + np.nan_to_num(half)))))
    row_axes(axes, texts)
    axes.set_xlabel(measure)
    return figure


def new_axes(title: str, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, and a title broken into lines."""
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=size)
    axes = figure.add_subplot()
    # A place is given, or each drawing measures all ticks to look for one.
    axes.set_title(textwrap.fill(title, _TITLE), y=1.0)
    return figure, axes


def _years(comparison: Comparison) -> Floats:
    """The saved points as calendar years with fractions."""
    month = comparison.date.astype("datetime64[M]")
    whole = month.astype(np.int64) + (comparison.date - month.astype("datetime64[D]")).astype(np.int64) / 31.0
    return np.asarray(1970.0 + whole / 12.0, dtype=np.float64)


def draw_fan(axes: Axes, years: Floats, bands: Floats, colour: str, label: str | None = None) -> None:
    """Bands from light to dark, and a bold median."""
    for outer, share in enumerate(TINTS):
        axes.fill_between(
            years, bands[outer], bands[len(bands) - 1 - outer], color=tint(colour, share), lw=0, zorder=1.5
        )
    axes.plot(years, bands[len(bands) // 2], color=colour, lw=2.1, zorder=3, label=label)


def _dots(axes: Axes, comparison: Comparison, observed: Sequence[ObservedSeries], texts: Texts) -> None:
    """Published figures: filled when the model was estimated on them, open when held out."""
    years = _years(comparison)
    for held_out, label in ((False, "chart.observed"), (True, "chart.holdout")):
        shown = False
        for series in observed:
            chosen = series.holdout == held_out
            if not chosen.any():
                continue
            place = np.interp(series.time[chosen], comparison.time, years)
            face = "white" if held_out else INK
            axes.plot(
                place,
                series.value[chosen],
                marker="o",
                ls="none",
                ms=_dot(series.time.size, held_out),
                mfc=face,
                mec=INK,
                mew=0.7 if held_out else 0.0,
                zorder=4,
                label=None if shown else texts(label),
            )
            shown = True


def _dot(figures: int, held_out: bool) -> float:
    """Size of a dot: small where there are many, and larger when it is open."""
    return (3.4 if held_out else 2.4) if figures > 12 else 5.0


def finish_years(
    figure: Figure, axes: Axes, texts: Texts, span: tuple[float, float], *, legend: bool = True
) -> None:
    """Axis of years, numbers in the reader's language, and the legend below the chart."""
    from matplotlib.ticker import MultipleLocator

    axes.set_xlim(*span)
    axes.xaxis.set_major_locator(MultipleLocator(5.0))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.margins(y=0.06)
    axes.tick_params(which="both", color=SOFT)
    number_axis(axes.yaxis, texts)
    if legend:
        figure.legend(loc="outside lower left", ncols=2, handlelength=2.2, columnspacing=1.2)


def number_axis(axis: Axis, texts: Texts) -> None:
    """Tick labels in the spelling of the language, all with as many decimals as the step between them needs."""
    from matplotlib.ticker import MaxNLocator

    from sd_covid.report.words.spelled import Spelled

    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(Spelled(Numbers(texts.language)))


def row_axes(axes: Axes, texts: Texts) -> None:
    """Axes with a row for each name: lines at the numbers from left to right, which are spelled as in the language."""
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    number_axis(axes.xaxis, texts)
