"""Rows into the files of a study's series: the other lines stay byte for byte, and replaced figures are kept.

In go new rows of one series; out come its file with them, and ``vintages/THEME.csv`` with the rows they replaced and
the day on which that was. Files are written beside their place, read back by the rules of every reader, and then
renamed.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sd_covid.data.checks import COLUMNS, read_theme
from sd_covid.data.periods import format_period
from sd_covid.data.registry import Registry, Series
from sd_covid.data.registry_file import read_entries
from sd_covid.errors import DataError, RunError
from sd_covid.files import bytes_of

VINTAGES = "vintages"
REPLACED = "replaced"
_LOCK = ".refresh.lock"


class NewRow(NamedTuple):
    """A line of a series file; the fields are `sd_covid.data.checks.COLUMNS`."""

    series: str
    period: str
    value: str
    unit: str
    quality: str
    definition: str
    vintage: str
    source_title: str
    source: str
    note: str


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others from writing in a folder of series while the block runs.

    Raises
    ------
    RunError
        When another holds the folder.
    """
    lock = folder / _LOCK
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError as error:
        owner = lock.read_text(encoding="utf-8", errors="replace").strip() or "unknown"
        reason = f"another process ({owner}) is writing in this folder"
        raise RunError(
            reason, advice="wait, or remove this file when it no longer runs", file=lock
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"{os.getpid()}\n")
        yield
    finally:
        lock.unlink(missing_ok=True)


def rewrite(registry: Registry, series: Series, rows: Mapping[pd.Period, NewRow], today: date) -> None:
    """Put rows into the file of a series, and keep those they replace.

    Parameters
    ----------
    registry : Registry
    series : Series
        As it was read; a file that has changed since is refused.
    rows : mapping
        Period -> its row.
    today : date
        Day on which the replaced rows ended.

    Raises
    ------
    DataError
        When the result would not be a sound file of series, or a file has changed in the meantime.
    """
    records = _records(series.file)
    kept, replaced = _merged(records, series, rows)
    if replaced:
        _append(registry.folder / VINTAGES / series.file.name, replaced, today)
    _replace(series.file, "".join(kept), check=registry.folder / "registry.yaml")


def _records(file: Path) -> list[tuple[list[str], str]]:
    """Fields and text of each record, the header first."""
    lines = iter(io.StringIO(bytes_of(file).decode("utf-8"), newline=""))
    taken: list[str] = []

    def tapped() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    records = []
    for fields in csv.reader(tapped(), strict=True):
        records.append((fields, "".join(taken)))
        taken.clear()
    return records


def _merged(
    records: list[tuple[list[str], str]], series: Series, rows: Mapping[pd.Period, NewRow]
) -> tuple[list[str], list[list[str]]]:
    """Text of each record with the new ones in place, and the fields of those replaced."""
    ending = "\r\n" if records[0][1].endswith("\r\n") else "\n"
    texts = [text if text.endswith(("\n", "\r")) else text + ending for _, text in records]
    known = _places(records, series)
    replaced = []
    after: dict[int, list[str]] = {}
    for period, row in rows.items():
        if period in known:
            replaced.append(records[known[period]][0])
            texts[known[period]] = _text(row, ending)
        else:
            earlier = [place for stored, place in known.items() if stored < period]
            place = max(earlier) if earlier else min(known.values()) - 1
            after.setdefault(place, []).append(_text(row, ending))
    kept = [piece for place, text in enumerate(texts) for piece in (text, *after.get(place, []))]
    return kept, replaced


def _places(records: list[tuple[list[str], str]], series: Series) -> dict[pd.Period, int]:
    """Stored periods and their records; series written before this one have moved the lines that the registry knows."""
    found = {
        fields[1]: (place, float(fields[2]))
        for place, (fields, _) in enumerate(records)
        if fields[:1] == [series.id]
    }
    spelled = {format_period(period, series.frequency): period for period in series.rows.index}
    stored = {text: float(series.values[period]) for text, period in spelled.items()}
    if {text: value for text, (_, value) in found.items()} != stored:
        reason = f"the figures of '{series.id}' have changed while its source was read"
        raise DataError(reason, advice="run the refresh again", file=series.file, variable=series.id)
    return {period: found[text][0] for text, period in spelled.items()}


def _text(fields: Iterator[str] | tuple[str, ...] | list[str], ending: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=ending).writerow(fields)
    return stream.getvalue()


def _append(file: Path, rows: list[list[str]], today: date) -> None:
    """Add replaced rows to the vintages, each with the day on which it was replaced."""
    header = [*COLUMNS, REPLACED]
    records = _records(file) if file.exists() else [(header, _text(header, "\n"))]
    if records[0][0] != header:
        raise DataError("its columns are others", advice=f"write {','.join(header)}", file=file, line=1)
    # A run that was broken off between this file and the next has left its rows here.
    present = [fields[: len(COLUMNS)] for fields, _ in records]
    new = [_text([*row, today.isoformat()], "\n") for row in rows if row not in present]
    file.parent.mkdir(exist_ok=True)
    _replace(file, "".join([text for _, text in records] + new))


def _replace(file: Path, text: str, check: Path | None = None) -> None:
    """Write a file beside its place, check it as a file of series where asked, and rename it."""
    # In a folder, since the check goes by the name of the file.
    aside = Path(tempfile.mkdtemp(prefix=".refresh-", dir=file.parent))
    try:
        new = aside / file.name
        with new.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if file.exists():
            shutil.copymode(file, new)
        if check is not None:
            read_theme(new, read_entries(check))
        new.replace(file)
    finally:
        shutil.rmtree(aside)
