"""New figures for stored series: fetched at their sources, compared, and written only when that is asked.

In go the folder of series and which of them to refresh; out comes, for each, what was added and revised at its source.
A source that fails is a finding about its series and leaves the others alone. How rows get into the files is for
`sd_covid.data.rewrite`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pandas as pd

from sd_covid.data.connectors.client import Client, Limits, is_address
from sd_covid.data.connectors.http import refuse_unsafe
from sd_covid.data.connectors.observe import at, observe
from sd_covid.data.connectors.rows import BREAK, ESTIMATED, Observation
from sd_covid.data.connectors.settings import Refresh
from sd_covid.data.periods import format_period, parse_period
from sd_covid.data.registry import Registry, Series, read_registry
from sd_covid.data.rewrite import NewRow, locked, rewrite
from sd_covid.errors import DataError, SourceError
from sd_covid.study_folder import study_folder

State = Literal["as stored", "changed", "held", "failed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that differs from what is stored.

    Attributes
    ----------
    period : str
        Spelled as in the series files.
    new : decimal.Decimal
        In the unit of the series.
    old : float or None
        None for a period that has no figure yet.
    old_vintage : str
        Vintage of the stored figure, where it has one.
    marks : tuple of str
        What the source remarks: ``provisional``, ``estimated``, ``break in time series``.
    """

    period: str
    new: Decimal
    old: float | None = None
    old_vintage: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of one series.

    Attributes
    ----------
    series : str
    state : {'as stored', 'changed', 'held', 'failed'}
        ``held``: the source is read, but a person has to look before anything is written.
    address : str
        Where the figures come from.
    additions, revisions : tuple of Change
        In order of time.
    withdrawn : tuple of str
        Periods that are stored and have no figure at the source (any more); the stored ones stay.
    reason : str
        Why it is held or failed.
    """

    series: str
    state: State
    address: str = ""
    additions: tuple[Change, ...] = ()
    revisions: tuple[Change, ...] = ()
    withdrawn: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What to do with what is found.

    Attributes
    ----------
    apply : bool
        Write additions and revisions; else only show them.
    accept_revisions : bool
        Write revisions of any size.
    place : str or None
        Address or folder of copies, in place of the sources; see `sd_covid.data.connectors.observe.at`.
    limits : Limits
        Of each answer.
    """

    apply: bool = False
    accept_revisions: bool = False
    place: str | None = None
    limits: Limits = field(default_factory=Limits)


def refresh(
    folder: str | Path,
    today: date,
    names: Sequence[str] = (),
    request: Request | None = None,
    progress: Callable[[Refreshed], None] | None = None,
) -> list[Refreshed]:
    """Compare series with their sources, and write what is new when that is asked.

    Parameters
    ----------
    folder : path
        Holds ``registry.yaml`` and its CSV files.
    today : date
        Vintage of new figures, and the day on which replaced ones ended.
    names : sequence of str
        Ids; every series with ``refresh:`` by default.
    request : Request, optional
        Only shows, by default.
    progress : callable, optional
        Called with each series when it is done.

    Returns
    -------
    list of Refreshed

    Raises
    ------
    DataError, UnknownNameError
        A folder that cannot be read, an unknown id, a series without ``refresh:``.
    SourceError
        When the place of copies is not an https address or a folder.
    RunError
        When another refresh is writing in the folder.
    """
    folder, request = Path(folder), request or Request()
    place = None if request.place is None else _place(request.place)
    with locked(folder) if request.apply else nullcontext():
        registry = read_registry(folder)
        root = study_folder(folder / "registry.yaml") if place is None or is_address(place) else Path(place)
        client = Client(folder.resolve(), root, request.limits)
        done = []
        for series, settings in _chosen(registry, names):
            found = _compared(series, settings if place is None else at(settings, place), client, request)
            if request.apply and found.state == "changed":
                rewrite(registry, series, _rows(series, settings, found, today), today)
            done.append(found)
            if progress is not None:
                progress(found)
    return done


def _place(text: str) -> str:
    """The place of copies: an address as it is, a folder by its full path."""
    if is_address(text):
        refuse_unsafe(text)
        return text
    if not Path(text).is_dir():
        raise SourceError(f"'{text}' is not an https address or a folder", advice="correct --from")
    return str(Path(text).resolve())


def _chosen(registry: Registry, names: Sequence[str]) -> list[tuple[Series, Refresh]]:
    """Series to refresh, in the order of the registry."""
    wanted = [registry.series(name) for name in names]
    for series in wanted:
        if series.refresh is None:
            raise DataError(
                f"'{series.id}' has no 'refresh:' in the registry",
                advice="describe its source there, or add its figures by hand",
                file=registry.folder / "registry.yaml",
                variable=series.id,
            )
    return [
        (series, series.refresh)
        for series in registry
        if series.refresh is not None and (not names or series in wanted)
    ]


def _compared(series: Series, settings: Refresh, client: Client, request: Request) -> Refreshed:
    """What the source has beside what is stored."""
    try:
        figures, address = observe(settings, series.frequency, client)
    except SourceError as error:
        return Refreshed(series.id, "failed", reason=str(error))
    additions, revisions = _changes(series, figures)
    withdrawn = _withdrawn(series, figures, settings)
    reason = _held(series, settings, additions, revisions, request)
    state: State = "held" if reason else "changed" if additions or revisions else "as stored"
    return Refreshed(series.id, state, address, additions, revisions, withdrawn, reason)


def _changes(series: Series, figures: Sequence[Observation]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Additions and revisions."""
    additions, revisions = [], []
    stored = dict(
        zip(series.rows.index, zip(series.values, series.rows["vintage"], strict=True), strict=True)
    )
    for figure in figures:
        if figure.value is None:
            continue
        change = Change(
            format_period(figure.period, series.frequency), figure.value, marks=tuple(sorted(figure.marks))
        )
        if figure.period not in stored:
            additions.append(change)
        elif float(figure.value) != stored[figure.period][0]:
            old, vintage = stored[figure.period]
            revisions.append(replace(change, old=old, old_vintage=vintage))
    return tuple(additions), tuple(revisions)


def _withdrawn(series: Series, figures: Sequence[Observation], settings: Refresh) -> tuple[str, ...]:
    """Stored periods, from the first one asked for, without a figure at the source."""
    present = {figure.period for figure in figures if figure.value is not None}
    first = min(present) if settings.since is None else settings.since
    gone = [period for period in series.rows.index if period >= first and period not in present]
    return tuple(format_period(period, series.frequency) for period in gone)


def _held(
    series: Series,
    settings: Refresh,
    additions: Sequence[Change],
    revisions: Sequence[Change],
    request: Request,
) -> str:
    """Why a person has to look first; nothing when nobody has to."""
    stated = {format_period(change.period, series.frequency) for change in series.breaks}
    for change in (*additions, *revisions):
        if BREAK in change.marks and change.period not in stated:
            return f"the source marks a break in {change.period}: state it under 'breaks' in registry.yaml"
    sizes = [(abs(change.new - _decimal(change.old)), change.period) for change in revisions]
    largest, period = max(sizes, default=(Decimal(0), ""))
    if largest > settings.largest_revision and not request.accept_revisions:
        bound = f"{settings.largest_revision} ({series.unit})"
        return f"{period} is revised by {largest}, more than {bound}: look, then add --accept-revisions"
    return ""


def _decimal(value: float | None) -> Decimal:
    return Decimal(str(value))


def _rows(series: Series, settings: Refresh, found: Refreshed, today: date) -> dict[pd.Period, NewRow]:
    """Rows to write, by period."""
    rows = {}
    for change in sorted((*found.additions, *found.revisions), key=lambda change: change.period):
        period = parse_period(change.period, series.frequency)
        quality = "measured" if change.old is None else "revised"
        rows[period] = NewRow(
            series=series.id,
            period=change.period,
            value=f"{change.new:f}",
            unit=series.unit,
            quality="estimated" if ESTIMATED in change.marks else quality,
            definition=series.definition_at(period),
            vintage=today.isoformat(),
            source_title=settings.title,
            source=found.address,
            note="; ".join(change.marks),
        )
    return rows
