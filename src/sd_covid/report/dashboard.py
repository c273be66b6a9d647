"""The newest figure of every series beside what was expected of it, as a page, a workbook or a table.

In go an `Outlook` and what changed since an earlier one; out comes one HTML file that needs nothing else, or a
workbook, in Dutch or English, or a table of numbers. What is counted is decided in `sd_covid.calibration.outlook`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sd_covid.calibration.outlook import Expected, Outlook
from sd_covid.calibration.outlook_changes import Changed, Changes
from sd_covid.report.charts import chart_style
from sd_covid.report.dashboard_words import ARROWS, Counts, DashboardWords, counts_of
from sd_covid.report.finding import Finding, write_findings
from sd_covid.report.markup import render
from sd_covid.report.period_words import day_words, period_words
from sd_covid.report.spark import sparkline
from sd_covid.report.svg import inline_svg
from sd_covid.report.texts import Texts
from sd_covid.report.validity_charts import points_chart
from sd_covid.report.validity_tables import Cell, Line, Table

_LISTED = 30  # lines of a table of changes


def dashboard_page(found: Outlook, changes: Changes | None, texts: Texts, *, command: str = "") -> str:
    """The page.

    Parameters
    ----------
    found : Outlook
    changes : Changes or None
        None when neither an earlier look nor the files tell of any.
    texts : Texts
    command : str
        How to make it again.
    """
    words = DashboardWords(found, texts)
    with chart_style():
        themes = [_theme(name, items, words, place) for place, (name, items) in enumerate(_themes(found))]
    content = {
        "language": texts.language,
        "day": day_words(found.made, texts),
        "summary": _summary(words),
        "counts": _counts_table(words),
        "changes": _changes(changes, words),
        "outside": [_row(item, words) for item in _outside(found)],
        "themes": themes,
        "problem": _problem(found),
        "made": made_with(words, command),
    }
    return render("dashboard.html.j2", ("report.css", "validity.css", "dashboard.css"), texts, content)


def dashboard_frame(found: Outlook) -> pd.DataFrame:
    """Every series as a row of numbers, in words for programs.

    Returns
    -------
    pandas.DataFrame
        Columns heading, series, observable, basis, counts, unit, period, figure, median, low_90, high_90, side, since,
        next_period, next_due, next_overdue, next_median, next_low_90, next_high_90.
    """
    rows = []
    for item in found.series:
        series, point, coming = found.registry.series(item.series), item.newest, item.next
        ahead = coming.point
        rows.append(
            {
                "heading": found.heading(item),
                "series": item.series,
                "observable": item.observable,
                "basis": item.basis,
                "counts": int(item.counts),
                "unit": series.unit,
                "period": point.period,
                "figure": point.figure,
                "median": point.median,
                "low_90": point.low_90,
                "high_90": point.high_90,
                "side": item.side,
                "since": item.since,
                "next_period": coming.period if coming.due else "",
                "next_due": coming.due.isoformat() if coming.due else "",
                "next_overdue": int(coming.overdue),
                "next_median": float("nan") if ahead is None else ahead.median,
                "next_low_90": float("nan") if ahead is None else ahead.low_90,
                "next_high_90": float("nan") if ahead is None else ahead.high_90,
            }
        )
    return pd.DataFrame(rows)


def write_dashboard_workbook(found: Outlook, path: Path, texts: Texts, *, command: str = "") -> None:
    """Write a sheet for each theme, with the sentences of the page above its numbers."""
    words = DashboardWords(found, texts)
    findings = [_finding(name, items, words) for name, items in _themes(found)]
    write_findings(
        findings,
        path,
        texts,
        title=texts("dash.title"),
        subtitle=texts("dash.subtitle", day=day_words(found.made, texts)),
        provenance=dict(made_with(words, command)),
    )


def made_with(words: DashboardWords, command: str) -> list[tuple[str, str]]:
    """What made a page or workbook: pairs of a name and a value."""
    found, texts = words.found, words.texts
    draws = texts("dash.made.posterior_value", draws=found.draws, hash=found.posterior)
    return [
        (texts("dash.made.problem"), _problem(found)),
        (texts("reproduce.model_hash"), found.model_hash),
        (texts("dash.made.posterior"), draws),
        (texts("reproduce.seed"), str(found.seed)),
        (texts("dash.made.command"), command),
    ]


def _problem(found: Outlook) -> str:
    return f"{found.problem.parent.name}/{found.problem.name}"


def _themes(found: Outlook) -> list[tuple[str, list[Expected]]]:
    """Series by heading, in the order of the registry's headings; themes without one after them."""
    headings = [found.heading(item) for item in found.series]
    order = [name for name in found.registry.headings if name in headings]
    order += [name for name in dict.fromkeys(headings) if name not in order]
    return [
        (name, [item for item, own in zip(found.series, headings, strict=True) if own == name])
        for name in order
    ]


def _sensitive(item: Expected, words: DashboardWords) -> bool:
    return words.series(item).sensitive is not None


def _outside(found: Outlook) -> list[Expected]:
    """Series that count and lie outside their band, those of the model first; none whose reporting has rules."""
    outside = [
        item
        for item in found.series
        if item.counts and item.side != "on" and found.registry.series(item.series).sensitive is None
    ]
    return sorted(outside, key=lambda item: item.basis != "model")


def _summary(words: DashboardWords) -> list[str]:
    """What a reader should know first."""
    series, texts = words.found.series, words.texts
    said = []
    for basis in ("model", "history"):
        items = [item for item in series if item.basis == basis]
        if items:
            said.append(words.counted(f"dash.counted.{basis}", counts_of(items)))
    own = [item for item in series if item.basis == "model" and item.counts]
    seen = sum(item.seen for item in own)
    if own:
        said.append(texts("dash.seen" if seen else "dash.unseen", seen=seen, count=len(own)))
    return [*said, texts("dash.band"), texts("dash.no_judgement")]


def _counts_table(words: DashboardWords) -> Table:
    rows = []
    for name, items in _themes(words.found):
        for basis in ("model", "history"):
            counts = counts_of(item for item in items if item.basis == basis)
            if counts.count:
                rows.append(
                    Line(words.heading(name), words.texts(f"dash.basis.{basis}"), _cells(counts, words))
                )
    columns = ("theme", "count", "on", "above", "below", "chance")
    heads = tuple(words.texts(f"dash.column.{column}") for column in columns)
    return Table(words.texts("dash.theme_table"), heads, tuple(rows))


def _cells(counts: Counts, words: DashboardWords) -> tuple[Cell, ...]:
    numbers = (counts.count, counts.on, counts.above, counts.below)
    return (*(Cell(str(number)) for number in numbers), Cell(words.chance(counts)))


@dataclass(frozen=True, slots=True)
class _Row:
    """A series as the page shows it."""

    title: str
    unit: str
    basis: str
    side: str
    arrow: str
    word: str
    period: str
    figure: str
    band: str
    since: str
    said: str
    coming: str
    short: str
    note: str
    chart: str


def _row(item: Expected, words: DashboardWords, chart: str = "") -> _Row:
    low, high = words.band(item.newest)
    same = words.texts.listed([words.title(name) for name in item.same_as])
    return _Row(
        title=words.title(item.series),
        unit=words.unit(item.series),
        basis=words.texts(f"dash.basis.{item.basis}"),
        side=item.side,
        arrow=ARROWS[item.side],
        word=words.side(item.side),
        period=words.period(item, item.newest.period),
        figure=words.figure(item.newest.figure),
        band=words.texts("range.to", low=low, high=high),
        since=words.period(item, item.since) if item.since else "",
        said=words.said(item),
        coming=words.coming(item),
        short=words.coming(item, cell=True),
        note=words.texts("dash.same", series=f"‘{same}’") if same else "",
        chart=chart,
    )


@dataclass(frozen=True, slots=True)
class _Theme:
    """A theme as the page shows it: cards of what the model expects, rows of the rest, what has rules of its own."""

    id: str
    title: str
    said: str
    cards: tuple[_Row, ...]
    rows: tuple[_Row, ...]
    sensitive: tuple[_Row, ...]


def _theme(name: str, items: Sequence[Expected], words: DashboardWords, place: int) -> _Theme:
    plain = [item for item in items if not _sensitive(item, words)]
    cards = [item for item in plain if item.basis == "model" and item.counts]
    rest = [item for item in plain if item not in cards]
    return _Theme(
        id=f"theme-{place}",
        title=words.heading(name),
        said=words.counted("dash.theme", counts_of(items)),
        cards=tuple(_card(item, words, f"d{place}-{number}") for number, item in enumerate(cards)),
        rows=tuple(_row(item, words, sparkline(_shown(item))) for item in rest),
        sensitive=tuple(_row(item, words) for item in items if _sensitive(item, words)),
    )


def _shown(item: Expected) -> list[Any]:
    return [*item.points, *([] if item.next.point is None else [item.next.point])]


def _card(item: Expected, words: DashboardWords, name: str) -> _Row:
    title, unit = words.title(item.series), words.unit(item.series)
    said = words.texts("dash.chart", series=title, unit=unit)
    svg = inline_svg(points_chart(_shown(item), words.texts), name, said, words.said(item))
    return _row(item, words, svg)


def _changes(changes: Changes | None, words: DashboardWords) -> dict[str, Any]:
    """What changed: sentences, and tables of what is new, revised and moved."""
    texts = words.texts
    if changes is None:
        return {"said": [texts("dash.changes.unknown")], "tables": []}
    if changes.looked and not (changes.added or changes.revised or changes.moved or changes.refitted):
        return {"said": [texts("dash.changes.none")], "tables": []}
    key = "dash.changes.looked" if changes.looked else "dash.changes.files"
    said = [
        texts(
            key,
            day=day_words(changes.since, texts),
            added=len(changes.added),
            revised=len(changes.revised),
            moved=len(changes.moved),
            series=len({change.series for change in changes.added}),
        )
    ]
    if changes.refitted:
        said.append(texts("dash.changes.refitted"))
    tables = [_added(changes.added, words), _revised(changes.revised, words), _moved(changes, words)]
    return {"said": said, "tables": [table for table in tables if table.rows]}


def _added(changed: Sequence[Changed], words: DashboardWords) -> Table:
    """How many figures are new in each series, and the newest."""
    by_series: dict[str, list[Changed]] = {}
    for change in changed:
        by_series.setdefault(change.series, []).append(change)
    rows = [
        Line(
            words.title(name),
            words.unit(name),
            (Cell(str(len(mine))), Cell(_when(mine[-1], words)), Cell(words.figure(mine[-1].figure))),
        )
        for name, mine in by_series.items()
    ]
    return _limited("added", ("series", "new", "newest", "figure"), rows, words)


def _revised(changed: Sequence[Changed], words: DashboardWords) -> Table:
    rows = [
        Line(
            words.title(change.series),
            words.unit(change.series),
            (
                Cell(_when(change, words)),
                Cell(words.figure(change.was)),
                Cell(words.figure(change.figure)),
            ),
        )
        for change in changed
    ]
    return _limited("revised", ("series", "period", "was", "figure"), rows, words)


def _moved(changes: Changes, words: DashboardWords) -> Table:
    rows = [
        Line(
            words.title(item.series),
            words.unit(item.series),
            (_side(item.was, words), _side(item.side, words)),
        )
        for item in changes.moved
        if words.found.registry.series(item.series).sensitive is None
    ]
    return _limited("moved", ("series", "was", "side"), rows, words)


def _side(side: str, words: DashboardWords) -> Cell:
    return Cell(f"{ARROWS[side]} {words.side(side)}")


def _when(change: Changed, words: DashboardWords) -> str:
    return period_words(change.period, words.found.registry.series(change.series).frequency, words.texts)


def _limited(kind: str, columns: Sequence[str], rows: list[Line], words: DashboardWords) -> Table:
    """A table of changes, cut off where it would hide the rest of the page."""
    heads = tuple(words.texts(f"dash.column.{column}") for column in columns)
    more = len(rows) - _LISTED
    if more > 0:
        empty = (Cell(""),) * (len(columns) - 1)
        rows = [*rows[:_LISTED], Line(words.texts("dash.changes.more", count=more), "", empty)]
    return Table(words.texts(f"dash.changes.{kind}_caption"), heads, tuple(rows))


def _finding(name: str, items: Sequence[Expected], words: DashboardWords) -> Finding:
    """A theme as a sheet."""
    texts = words.texts
    columns = {
        "series": [words.title(item.series) for item in items],
        "id": [item.series for item in items],
        "unit": [words.unit(item.series) for item in items],
        "basis": [texts(f"dash.basis.{item.basis}") for item in items],
        "counts": [texts("word.yes" if item.counts else "word.no") for item in items],
        "period": [item.newest.period for item in items],
        "side": [words.side(item.side) for item in items],
        "since": [item.since for item in items],
        "due": [item.next.due.isoformat() if item.next.due else "" for item in items],
        "figure": [item.newest.figure for item in items],
        "median": [item.newest.median for item in items],
        "low": [item.newest.low_90 for item in items],
        "high": [item.newest.high_90 for item in items],
    }
    table = pd.DataFrame({texts(f"dash.column.{key}"): cells for key, cells in columns.items()})
    sentences = [words.counted("dash.theme", counts_of(items)), texts("dash.no_judgement")]
    if any(_sensitive(item, words) for item in items):
        sentences += [texts("dash.suicide.note"), texts("dash.suicide.help")]
    return Finding(name, words.heading(name), tuple(sentences), texts("dash.band"), table)
