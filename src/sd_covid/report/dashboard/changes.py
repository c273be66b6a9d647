"""What changed since an earlier look, as the page of newest figures tells it: sentences and tables.

In go `Changes` and words; out come what the template shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sd_covid.calibration.newest.outlook_changes import Changed, Changes
from sd_covid.report.dashboard.words import ARROWS, DashboardWords
from sd_covid.report.validity.tables import Cell, Line, Table
from sd_covid.report.words.period_words import day_words, period_words

_LISTED = 30  # lines of a table


def changes_view(changes: Changes | None, words: DashboardWords) -> dict[str, Any]:
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
