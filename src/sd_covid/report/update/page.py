"""What new figures moved, as a page: one HTML file that needs nothing else, in Dutch or English.

In goes an `Update`; out comes the page. What is counted is decided in `sd_covid.calibration.newest.update`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.calibration.newest.updated import Arrival, Interval, ParameterShift, Update
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.rows import intervals_chart
from sd_covid.report.drawing.svg import inline_svg
from sd_covid.report.markup import write_page
from sd_covid.report.validity.names import Names
from sd_covid.report.validity.tables import Cell, Line, Table
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.data import Registry

DRAWN = 12  # parameters that moved most are drawn
LISTED = 40  # and so many are in the table
CLEAR = 0.2  # of a standard deviation: a shift below it does not matter to anybody


def write_update(
    found: Update,
    path: str | Path,
    language: str,
    *,
    glossary: Glossary | None = None,
    registry: Registry | None = None,
    command: str = "",
) -> Path:
    """Write what moved as one HTML file.

    Parameters
    ----------
    found : Update
    path : path
    language : {'nl', 'en'}
    glossary : Glossary, optional
        What parameters are called.
    registry : Registry, optional
        Titles and units of the series.
    command : str
        How to make it again.

    Returns
    -------
    Path

    Raises
    ------
    UnknownNameError
        Another language.
    """
    names = Names(Texts(language), glossary or Glossary(), registry)
    content = _content(found, names, command)
    return write_page(path, "update/page.html.j2", ("report.css", "series.css"), names.texts, content)


def _content(found: Update, names: Names, command: str) -> dict[str, Any]:
    texts = names.texts
    with chart_style():
        alt = texts("update.chart_text", count=min(DRAWN, len(found.parameters)))
        chart = inline_svg(shifts_chart(found, names), "u0", texts("update.chart"), alt)
    return {
        "language": texts.language,
        "problem": found.problem.path.parent.name + "/" + found.problem.path.name,
        "summary": _summary(found, names),
        "arrivals": _arrivals(found, names),
        "chart": chart,
        "parameters": _parameters(_most_moved(found)[:LISTED], names),
        "stages": _stages(found, names),
        "command": command,
    }


def _most_moved(found: Update) -> list[ParameterShift]:
    """The parameters, the one whose median moved most first."""
    return sorted(found.parameters, key=lambda item: -abs(item.shift))


def shifts_chart(found: Update, names: Names) -> Figure:
    """Intervals of the parameters that moved most, before and now.

    Parameters
    ----------
    found : Update
    names : Names
    """
    moved = _most_moved(found)[:DRAWN]
    before = np.array([_apart(item.before, item) for item in moved])
    after = np.array([_apart(item.after, item) for item in moved])
    labels = [names.parameter(item.id) for item in moved]
    return intervals_chart(before, after, labels, 0.0, names.texts("update.axis"), names.texts)


def _apart(interval: Interval, item: ParameterShift) -> list[float]:
    """An interval in standard deviations before, from the median before."""
    ends = (interval.low, interval.median, interval.high)
    return [(end - item.before.median) / item.sd for end in ends]


def _summary(found: Update, names: Names) -> list[tuple[str, bool]]:
    """What a reader should know first: sentences, and whether each is a warning."""
    texts, spent = names.texts, found.spent
    inside = sum(item.inside for item in found.arrivals)
    clear = sum(abs(item.shift) >= CLEAR for item in found.parameters)
    said = [
        (texts("update.counts", figures=len(found.arrivals), inside=inside), False),
        (
            texts(
                "update.moved", moved=clear, all=len(found.parameters), clear=names.numbers.exact(CLEAR, 1)
            ),
            False,
        ),
    ]
    if found.removed:
        gone = [f"{_title(name, found, names)[0]} {period}" for name, period in found.removed]
        said.append((texts("update.removed", figures=texts.listed(gone)), False))
    said += [(texts(f"update.fault.{fault}"), True) for fault in found.faults]
    verdict = "update.due" if found.faults else "update.good"
    share = names.share(spent.families / spent.draws)
    said.append(
        (texts(verdict, draws=spent.draws, families=share, stages=len(spent.stages)), bool(found.faults))
    )
    return said


def _title(observable: str, found: Update, names: Names) -> tuple[str, str]:
    """Title and unit of an observable's series."""
    item = found.problem.observables[observable]
    if names.registry is None or item.series not in names.registry:
        return names.texts.of(names.glossary.title(observable, item.name)), names.texts.unit(item.unit)
    known = names.registry.series(item.series)
    return names.texts.of(known.title), names.texts.of(names.registry.units[known.unit])


def _arrivals(found: Update, names: Names) -> Table:
    """Every new figure beside what was said of it."""
    number = names.numbers

    def cells(item: Arrival) -> tuple[Cell, ...]:
        told = f"{number.plain(item.predicted.median, 4)} ({_span(item.predicted, names, 4)})"
        return (
            Cell(item.period),
            Cell(number.plain(item.earlier) if item.earlier == item.earlier else "–"),
            Cell(number.plain(item.figure), "" if item.inside else "bold"),
            Cell(told),
            Cell(names.share(item.percentile)),
            Cell(number.significant(item.crps)),
        )

    rows = []
    for item in found.arrivals:
        title, unit = _title(item.observable, found, names)
        rows.append(Line(title + (f" ({item.experiment})" if item.experiment else ""), unit, cells(item)))
    return _table(
        "arrivals_caption",
        ("series", "period", "earlier", "figure", "predicted", "percentile", "crps"),
        rows,
        names,
    )


def _parameters(moved: list[ParameterShift], names: Names) -> Table:
    """The parameters that moved most, before and after."""
    number = names.numbers
    rows = [
        Line(
            names.parameter(item.id),
            names.texts.unit(item.unit),
            (
                Cell(f"{number.plain(item.before.median, 3)} ({_span(item.before, names)})"),
                Cell(f"{number.plain(item.after.median, 3)} ({_span(item.after, names)})"),
                Cell(number.exact(item.shift, 2), "bold" if abs(item.shift) >= CLEAR else ""),
                Cell(number.exact(item.spread, 2)),
            ),
        )
        for item in moved
    ]
    return _table("parameters_caption", ("parameter", "was", "is", "shift", "spread_ratio"), rows, names)


def _stages(found: Update, names: Names) -> Table:
    """How the draws got there."""
    number = names.numbers
    rows = [
        Line(
            str(place),
            "",
            (
                Cell(names.share(stage.temperature)),
                Cell(names.share(stage.ess)),
                Cell(number.exact(stage.k, 2)),
                Cell(str(stage.moves)),
                Cell(str(stage.steps)),
                Cell(names.share(stage.acceptance)),
                Cell(number.exact(stage.correlation, 2)),
            ),
        )
        for place, stage in enumerate(found.spent.stages, start=1)
    ]
    columns = ("stage", "way", "size", "k", "moves_made", "steps", "acceptance", "remembered")
    return _table("stages_caption", columns, rows, names)


def _span(interval: Interval, names: Names, digits: int = 3) -> str:
    low, high = (names.numbers.plain(end, digits) for end in (interval.low, interval.high))
    return names.texts("update.span", low=low, high=high)


def _table(caption: str, columns: tuple[str, ...], rows: list[Line], names: Names) -> Table:
    heads = tuple(names.texts(f"heading.{column}") for column in columns)
    return Table(names.texts(f"update.{caption}"), heads, tuple(rows))
