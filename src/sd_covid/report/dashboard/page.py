"""The newest figure of every series beside what was expected of it, as a page.

In go an `Outlook` and what changed since an earlier one; out comes one HTML file that needs nothing else, in Dutch or
English. What is counted is decided in `sd_covid.calibration.newest.outlook`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sd_covid.calibration.newest.outlook import Expected, Outlook
from sd_covid.calibration.newest.outlook_changes import Changes
from sd_covid.report.dashboard.changes import changes_view
from sd_covid.report.dashboard.tables import by_theme, is_sensitive, made_with, problem_name
from sd_covid.report.dashboard.words import ARROWS, Counts, DashboardWords, counts_of
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.spark import sparkline
from sd_covid.report.drawing.svg import inline_svg
from sd_covid.report.markup import render
from sd_covid.report.validity.charts import points_chart
from sd_covid.report.validity.tables import Cell, Line, Table
from sd_covid.report.words.period_words import day_words
from sd_covid.report.words.texts import Texts


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
        themes = [_theme(name, items, words, place) for place, (name, items) in enumerate(by_theme(found))]
    content = {
        "language": texts.language,
        "day": day_words(found.made, texts),
        "summary": _summary(words),
        "counts": _counts_table(words),
        "changes": changes_view(changes, words),
        "outside": [_row(item, words) for item in _outside(found)],
        "themes": themes,
        "problem": problem_name(found),
        "made": made_with(words, command),
    }
    return render(
        "dashboard/page.html.j2", ("report.css", "series.css", "dashboard/page.css"), texts, content
    )


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
    for name, items in by_theme(words.found):
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
    plain = [item for item in items if not is_sensitive(item, words)]
    cards = [item for item in plain if item.basis == "model" and item.counts]
    rest = [item for item in plain if item not in cards]
    return _Theme(
        id=f"theme-{place}",
        title=words.heading(name),
        said=words.counted("dash.theme", counts_of(items)),
        cards=tuple(_card(item, words, f"d{place}-{number}") for number, item in enumerate(cards)),
        rows=tuple(_row(item, words, sparkline(_shown(item))) for item in rest),
        sensitive=tuple(_row(item, words) for item in items if is_sensitive(item, words)),
    )


def _shown(item: Expected) -> list[Any]:
    return [*item.points, *([] if item.next.point is None else [item.next.point])]


def _card(item: Expected, words: DashboardWords, name: str) -> _Row:
    title, unit = words.title(item.series), words.unit(item.series)
    said = words.texts("dash.chart", series=title, unit=unit)
    svg = inline_svg(points_chart(_shown(item), words.texts), name, said, words.said(item))
    return _row(item, words, svg)
