"""``sd-covid data add``: a monitor of one's own beside the published series."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.console import say, warn


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with the columns series, period, value and unit.")
    ],
    description: Annotated[
        Path | None,
        typer.Option(
            "--description",
            metavar="FILE",
            help="What the series are, in the words of registry.yaml; FILE with the suffix .yaml by default.",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder of series; calibration/series of the study around you by default."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; write nothing.")] = False,
) -> None:
    """Add series of your own to the study, once every figure of them can be trusted.

    A fault ends the command with its file, line and column, and nothing is written. Gaps, and figures far from their
    neighbours, are warnings.
    """
    from sd_covid.cli.data import study_series
    from sd_covid.data.rewrite import locked

    place = folder or study_series()
    # what is written are whole files, as they were when they were read: nobody may write in between
    with nullcontext() if dry_run or not place.is_dir() else locked(place):
        _add(file, place, description, dry_run=dry_run)


def _add(file: Path, folder: Path, description: Path | None, *, dry_run: bool) -> None:
    """Check, tell what was found, and write."""
    from sd_covid.data import format_period, prepare

    addition = prepare(file, folder, description)
    for line in addition.warnings:
        warn(line)
    for one in addition.series:
        span = [format_period(period, one.frequency) for period in (one.first, one.last)]
        gaps = [format_period(gap, one.frequency) for gap in one.gaps]
        if gaps:
            warn(f"'{one.id}' has no figure for {', '.join(gaps[:3])}{' and more' if len(gaps) > 3 else ''}")
        say(f"{one.id}: {len(one.rows)} figures, {span[0]} to {span[1]}")
    if dry_run:
        say("nothing written")
        return
    addition.write()
    say(f"added to {', '.join(path.name for path in addition.files)}")
