"""``sd-covid data``: the published series of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli import refresh
from sd_covid.cli.console import say, table

if TYPE_CHECKING:
    from sd_covid.data import StatusRow

app = typer.Typer(name="data", help="The published series of a study.")

Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER", help="Folder of series; calibration/series of the study around you by default."
    ),
]


@app.callback()
def _group() -> None:
    """Published series of a study."""


app.command("refresh")(refresh.command)


@app.command("status")
def status(
    folder: Folder = None,
    theme: Annotated[str | None, typer.Option(help="Only the series of this theme.")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Only the last line.")] = False,
) -> None:
    """Show each series: how far it goes, what is missing in it, and when its next figure is due.

    Reading checks units, periods, duplicates and definitions; a fault ends the command with its file and line.
    """
    from datetime import UTC, datetime

    from sd_covid.data import status as series_status
    from sd_covid.errors import UnknownNameError, suggest
    from sd_covid.model.study import study_folder

    # A file that need not exist: the study folder is sought from the working folder upwards.
    place = folder or study_folder(Path("study")) / "calibration" / "series"
    rows = series_status(place, datetime.now(UTC).date())
    themes = list(dict.fromkeys(row.theme for row in rows))
    if theme is not None and theme not in themes:
        advice = suggest(theme, themes) or f"there are {', '.join(themes)}"
        raise UnknownNameError(f"no theme '{theme}'", advice=advice, variable=theme)
    shown = themes if theme is None else [theme]
    for name in () if summary else shown:
        _show(name, [row for row in rows if row.theme == name])
    kept = [row for row in rows if row.theme in shown]
    counts = f"{len(kept)} series, {sum(row.count for row in kept)} figures"
    say(
        f"{counts}; {sum(bool(row.gaps) for row in kept)} with gaps, {sum(row.overdue for row in kept)} overdue"
    )


def _show(theme: str, rows: list[StatusRow]) -> None:
    """Print the table of one theme."""
    headers = (
        "series",
        "unit",
        "tier",
        "frequency",
        "first",
        "last",
        "figures",
        "gaps",
        "breaks",
        "next figure",
    )
    cells = [
        (
            row.id,
            row.unit.en,
            row.tier,
            row.frequency,
            row.first,
            row.last,
            str(row.count),
            _few(row.gaps),
            _few(row.breaks),
            "" if row.next_release is None else f"{row.next_release}{' overdue' if row.overdue else ''}",
        )
        for row in rows
    ]
    table(theme, headers, cells, numbers=(6,))


def _few(periods: tuple[str, ...], most: int = 2) -> str:
    """The first of some periods, and how many more there are."""
    more = len(periods) - most
    return ", ".join(periods[:most]) + (f" and {more} more" if more > 0 else "")
