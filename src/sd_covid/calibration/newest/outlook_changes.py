"""What is new in the series since an earlier look at them, or at the last day on which the files took figures in.

In go an `Outlook` and, where there is one, the record that `record` made of an earlier one; out come figures that are
new, figures that were revised, and series whose newest figure went to another side of its band.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from sd_covid.calibration.newest.outlook import Outlook, Side
from sd_covid.calibration.results import plain
from sd_covid.data import Series, format_period, parse_period
from sd_covid.data.rewrite import REPLACED, VINTAGES
from sd_covid.errors import DataError
from sd_covid.files import json_of, stream_of


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure that is new, or that replaces ``was``; NaN where it is new."""

    series: str
    period: str
    figure: float
    was: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A series whose newest figure lies on another side of its band than the newest did before."""

    series: str
    was: Side
    side: Side


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed.

    Attributes
    ----------
    since : date
        Day of the earlier look, or the last day on which the files took figures in.
    looked : bool
        Whether it was an earlier look; else the files alone tell, which do not know the sides.
    added, revised : tuple of Changed
    moved : tuple of Moved
    refitted : bool
        Whether the draws are others than then.
    """

    since: date
    looked: bool
    added: tuple[Changed, ...]
    revised: tuple[Changed, ...]
    moved: tuple[Moved, ...] = ()
    refitted: bool = False


def record(found: Outlook) -> dict[str, Any]:
    """Everything of an outlook in types that JSON knows: what `read_look` reads of it later."""
    registry = found.registry
    series = []
    for item in found.series:
        one = registry.series(item.series)
        unit = registry.units[one.unit]
        series.append(
            {
                "series": item.series,
                "observable": item.observable,
                "heading": found.heading(item),
                "title": {"nl": one.title.nl, "en": one.title.en},
                "unit": {"nl": unit.nl, "en": unit.en},
                "basis": item.basis,
                "seen_by_the_draws": item.seen,
                "same_as": list(item.same_as),
                "side": item.side,
                "since": item.since or None,
                "figures": [_point(point) for point in item.points],
                "next": {
                    "period": item.next.period,
                    "due": None if item.next.due is None else item.next.due.isoformat(),
                    "overdue": item.next.overdue,
                    "expected": None if item.next.point is None else _point(item.next.point),
                },
            }
        )
    told: dict[str, Any] = plain(
        {
            "made": found.made.isoformat(),
            "problem": f"{found.problem.parent.name}/{found.problem.name}",
            "posterior": found.posterior,
            "model_hash": found.model_hash,
            "draws": found.draws,
            "seed": found.seed,
            "band": 0.9,
            "series": series,
        }
    )
    return told


def _point(point: Any) -> dict[str, Any]:
    names = ("period", "figure", "median", "low_90", "low_50", "high_50", "high_90")
    return {name: getattr(point, name) for name in names}


@dataclass(frozen=True, slots=True)
class Look:
    """An earlier look at the series.

    Attributes
    ----------
    made : date
    posterior : str
        First digits of the hash of the draws of then.
    series : dict
        Series -> (side of its newest figure, figures by period).
    """

    made: date
    posterior: str
    series: dict[str, tuple[Side, dict[str, float]]]


def read_look(file: Path) -> Look:
    """Read what `record` told of an earlier look.

    Parameters
    ----------
    file : Path
        As JSON.

    Raises
    ------
    DataError
        Another file, or none.
    """
    advice = "name a file that 'dashboard -o FILE.json' wrote"
    try:
        told = json_of(file, advice)
        series = {str(item["series"]): _looked(item) for item in told["series"]}
        return Look(date.fromisoformat(told["made"]), str(told["posterior"]), series)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("is no earlier look at the series", advice=advice, file=file) from error


def changes_since(found: Outlook, look: Look) -> Changes:
    """What changed since an earlier look."""
    before = look.series
    added: list[Changed] = []
    revised: list[Changed] = []
    moved: list[Moved] = []
    for item in found.series:
        if item.series not in before:
            continue
        side, figures = before[item.series]
        for change in _compared(found.registry.series(item.series), figures):
            (added if math.isnan(change.was) else revised).append(change)
        if side != item.side:
            moved.append(Moved(item.series, side, item.side))
    refitted = look.posterior != found.posterior
    return Changes(look.made, True, tuple(added), tuple(revised), tuple(moved), refitted)


def _looked(item: dict[str, Any]) -> tuple[Side, dict[str, float]]:
    """Side and figures of a series in the record."""
    side = item["side"]
    if side not in get_args(Side):
        raise ValueError(side)
    return side, {str(point["period"]): float(point["figure"]) for point in item["figures"]}


def _compared(series: Series, before: dict[str, float]) -> Iterator[Changed]:
    """Figures after the newest of then, and those of the same periods with another value."""
    if not before:
        return
    newest = max(parse_period(period, series.frequency) for period in before)
    for period, value in zip(list(series.values.index), series.values.tolist(), strict=True):
        spelled = format_period(period, series.frequency)
        if period > newest:
            yield Changed(series.id, spelled, value, math.nan)
        elif spelled in before and before[spelled] != value:
            yield Changed(series.id, spelled, value, before[spelled])


def changes_in_files(found: Outlook) -> Changes | None:
    """What the files themselves tell of the last day on which they took figures in; None when they name no day.

    That day is the youngest vintage of a figure, or the youngest day on which one was replaced
    (`sd_covid.data.rewrite`).
    """
    registry = found.registry
    listed = {item.series for item in found.series}
    taken = [item for name in sorted(listed) for item in _taken(registry.series(name), found.made)]
    replaced = {
        (str(row["series"]), str(row["period"])): (day, float(row["value"]))
        for _, row in _replaced(registry.folder / VINTAGES).iterrows()
        if row["series"] in listed and (day := _day(str(row[REPLACED]))) is not None
    }
    days = [day for day, _ in (*taken, *replaced.values())]
    if not days:
        return None
    last = max(days)
    added: list[Changed] = []
    revised: list[Changed] = []
    for day, change in taken:
        then, was = replaced.get((change.series, change.period), (None, math.nan))
        if day == last:
            (revised if then == last else added).append(
                replace(change, was=was if then == last else math.nan)
            )
    return Changes(last, False, tuple(added), tuple(revised))


def _taken(series: Series, until: date) -> Iterator[tuple[date, Changed]]:
    """Figures of a series with the day of their vintage, where that is a day."""
    periods, vintages = list(series.values.index), list(series.rows["vintage"])
    for period, value, vintage in zip(periods, series.values.tolist(), vintages, strict=True):
        day = _day(str(vintage))
        if day is not None and day <= until:
            yield day, Changed(series.id, format_period(period, series.frequency), value, math.nan)


def _replaced(folder: Path) -> pd.DataFrame:
    """Rows that were replaced, in the order in which they were."""
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    tables = [_rows(file) for file in files]
    empty = pd.DataFrame(columns=["series", "period", "value", REPLACED], dtype=str)
    return pd.concat([empty, *tables], ignore_index=True)


def _rows(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(stream_of(file), dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas's own errors are among the latter
        raise DataError(f"cannot be read: {error}", advice="restore it from a copy", file=file) from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:  # a vintage that is no day, or none
        return None
