"""Findings about local signals: the notes of each variable beside its published series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.data.registry import Registry, Series
from sd_covid.marvel.signals import Signal
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMES = {1: "more", -1: "less", 0: "same", None: "unsaid"}
#: Where a figure is drawn, as a share of its period before its end.
_BACK = {"end": 0.0, "start": 1.0}
_MARKS = {"more": "^", "less": "v", "other": "o"}


def signal_findings(
    signals: Sequence[Signal], series: Mapping[str, Series], registry: Registry, texts: Texts
) -> list[Finding]:
    """A finding for each variable that has signals.

    Parameters
    ----------
    signals : sequence of Signal
    series : mapping
        Id of a variable -> its published series, where there is one.
    registry : Registry
    texts : Texts
    """
    variables = list(dict.fromkeys(item.variable for item in signals))
    return [
        _finding(
            [item for item in signals if item.variable is variable], series.get(variable.id), registry, texts
        )
        for variable in variables
    ]


def _finding(notes: Sequence[Signal], series: Series | None, registry: Registry, texts: Texts) -> Finding:
    title = texts.of(notes[0].variable.label)
    counts = {name: sum(item.direction == sign for item in notes) for sign, name in _NAMES.items()}
    counted = texts(
        "signals.counted" if notes[0].day < notes[-1].day else "signals.counted.day",
        signals=len(notes),
        places=len({item.place for item in notes}),
        first=texts.day(notes[0].day),
        last=texts.day(notes[-1].day),
        more=counts["more"],
        less=counts["less"],
        other=counts["same"] + counts["unsaid"],
    )
    beside = (
        texts("signals.none")
        if series is None
        else texts(
            "signals.series", series=texts.of(series.title), unit=texts.of(registry.units[series.unit])
        )
    )
    table = pd.DataFrame(
        {
            texts("signals.column.date"): [texts.day(item.day) for item in notes],
            texts("signals.column.place"): [item.place for item in notes],
            texts("signals.column.direction"): [texts(f"signals.{_NAMES[item.direction]}") for item in notes],
            texts("signals.column.text"): [item.text for item in notes],
            texts("signals.column.source"): [item.source for item in notes],
        }
    )
    return Finding(
        notes[0].variable.id,
        title,
        (counted, beside),
        texts("signals.caution"),
        table,
        {},
        None if series is None else lambda: signals_chart(notes, series, registry, texts),
        texts("signals.described"),
    )


@chart_style()
def signals_chart(notes: Sequence[Signal], series: Series, registry: Registry, texts: Texts) -> Figure:
    """The published series, a line for each method, and the signals above it on their days."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(7.4, 3.2))
    plot = figure.subplots()
    rows = series.rows
    starts, ends = (
        np.array([_year(day.date()) for day in pd.PeriodIndex(rows.index).to_timestamp(how=end)])
        for end in ("start", "end")
    )
    back = _BACK.get(series.kind, 0.5)
    days = ends - back * (ends - starts)
    for number, definition in enumerate(dict.fromkeys(rows["definition"])):
        chosen = (rows["definition"] == definition).to_numpy()
        label = texts("signals.legend.series") if number == 0 else None
        plot.plot(
            days[chosen],
            rows["value"][chosen],
            "o-",
            color=REFERENCE,
            markersize=3,
            linewidth=1.4,
            label=label,
        )
    top = float(rows["value"].max())
    bottom = float(rows["value"].min())
    height = top + 0.12 * (top - bottom or 1.0)
    for kind, mark in _MARKS.items():
        at = [_year(item.day) for item in notes if _kind(item) == kind]
        if not at:
            continue
        plot.plot(
            at,
            [height] * len(at),
            mark,
            color=PACKAGES[0],
            markeredgecolor=INK,
            markeredgewidth=0.4,
            markersize=8,
            linestyle="none",
            label=texts(f"signals.legend.{kind}"),
        )
        for day in at:
            plot.axvline(day, color=PACKAGES[0], linewidth=0.6, alpha=0.5)
    plot.xaxis.set_major_locator(MaxNLocator(integer=True))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    plot.set_ylabel(texts.of(registry.units[series.unit]))
    number_axis(plot.yaxis, texts)
    figure.legend(loc="outside lower right", ncols=2, fontsize=8)
    return figure


def _kind(note: Signal) -> str:
    """Which mark a signal has."""
    name = _NAMES[note.direction]
    return name if name in _MARKS else "other"


def _year(day: date) -> float:
    """A day as a decimal year."""
    first = date(day.year, 1, 1)
    return day.year + (day - first).days / (date(day.year + 1, 1, 1) - first).days
