"""The newest figures beside what was expected of them as numbers: a table for programs, a workbook by theme.

In goes an `Outlook`; out comes a frame or a file, and what the page shares with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sd_covid.calibration.newest.outlook import Expected, Outlook
from sd_covid.report.dashboard.words import DashboardWords, counts_of
from sd_covid.report.finding.files import write_findings
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.period_words import day_words
from sd_covid.report.words.texts import Texts


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
    findings = [_finding(name, items, words) for name, items in by_theme(found)]
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
        (texts("dash.made.problem"), problem_name(found)),
        (texts("reproduce.model_hash"), found.model_hash),
        (texts("dash.made.posterior"), draws),
        (texts("reproduce.seed"), str(found.seed)),
        (texts("dash.made.command"), command),
    ]


def problem_name(found: Outlook) -> str:
    """The problem with its folder, as a reader types it."""
    return f"{found.problem.parent.name}/{found.problem.name}"


def by_theme(found: Outlook) -> list[tuple[str, list[Expected]]]:
    """Series by heading, in the order of the registry's headings; themes without one after them."""
    headings = [found.heading(item) for item in found.series]
    order = [name for name in found.registry.headings if name in headings]
    order += [name for name in dict.fromkeys(headings) if name not in order]
    return [
        (name, [item for item, own in zip(found.series, headings, strict=True) if own == name])
        for name in order
    ]


def is_sensitive(item: Expected, words: DashboardWords) -> bool:
    """Whether there are rules for reporting on a series."""
    return words.series(item).sensitive is not None


def _finding(name: str, items: Sequence[Expected], words: DashboardWords) -> Finding:
    """A theme as a sheet."""
    texts = words.texts
    ahead = [None if is_sensitive(item, words) else item.next.point for item in items]
    columns = {
        "series": [words.title(item.series) for item in items],
        "id": [item.series for item in items],
        "unit": [words.unit(item.series) for item in items],
        "basis": [texts(f"dash.basis.{item.basis}") for item in items],
        "counts": [texts("word.yes" if item.counts else "word.no") for item in items],
        "period": [item.newest.period for item in items],
        "side": [words.side(item.side) for item in items],
        "since": [item.since for item in items],
        "next": [item.next.period if item.next.due else "" for item in items],
        "due": [item.next.due.isoformat() if item.next.due else "" for item in items],
        "figure": [item.newest.figure for item in items],
        "median": [item.newest.median for item in items],
        "low": [item.newest.low_90 for item in items],
        "high": [item.newest.high_90 for item in items],
        "next_low": [math.nan if point is None else point.low_90 for point in ahead],
        "next_high": [math.nan if point is None else point.high_90 for point in ahead],
    }
    table = pd.DataFrame({texts(f"dash.column.{key}"): cells for key, cells in columns.items()})
    sentences = [words.counted("dash.theme", counts_of(items)), texts("dash.no_judgement")]
    if any(is_sensitive(item, words) for item in items):
        sentences += [texts("dash.suicide.note"), texts("dash.suicide.help")]
    return Finding(name, words.heading(name), tuple(sentences), texts("dash.band"), table)
