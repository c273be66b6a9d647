"""``sd-covid data``: the published series of a study."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli import data_add, refresh
from sd_covid.cli.console import say, table
from sd_covid.study_folder import is_there

if TYPE_CHECKING:
    from sd_covid.data import Coverage, StatusRow, Use

app = typer.Typer(name="data", help="The published series of a study.")

Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER", help="Folder of series; calibration/series of the study around you by default."
    ),
]


app.command("add")(data_add.command)


@app.callback()
def _group() -> None:
    """Published series of a study."""


app.command("refresh")(refresh.command)


@app.command("status")
def status(
    folder: Folder = None,
    theme: Annotated[
        str | None, typer.Option(help="Only this heading of the dashboard, or this file of figures.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Only the last line.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Exit code 1 when a series that is calibrated or drives the model is overdue."
        ),
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write every series here.")
    ] = None,
) -> int:
    """Show each series: how far it goes, what is missing in it, and when its next figure is due.

    Reading checks units, periods, duplicates and definitions; a fault ends the command with its file and line.
    """
    from datetime import UTC, datetime

    from sd_covid.data import coverage
    from sd_covid.data import status as series_status

    place = folder or study_series()
    rows = series_status(place, datetime.now(UTC).date(), _uses(place))
    kept = rows if theme is None else _of_theme(rows, theme)
    for name in () if summary else dict.fromkeys(row.theme for row in kept):
        _show(name, [row for row in kept if row.theme == name])
    if not summary:
        _show_coverage(coverage(kept))
    if json_file is not None:
        _write(json_file, kept)
    counts = f"{len(kept)} series, {sum(row.count for row in kept)} figures"
    say(
        f"{counts}; {sum(bool(row.gaps) for row in kept)} with gaps, {sum(row.overdue for row in kept)} overdue"
    )
    return 1 if check and any(row.overdue and row.use in ("calibrated", "driver") for row in kept) else 0


def study_series() -> Path:
    """Folder of the series of the study around the working folder."""
    from sd_covid.study_folder import study_folder

    # A file that need not exist: the study folder is sought from the working folder upwards.
    return study_folder(Path("study")) / "calibration" / "series"


def _of_theme(rows: list[StatusRow], theme: str) -> list[StatusRow]:
    """The rows of a heading or of a file of figures."""
    from sd_covid.errors import UnknownNameError, suggest

    known = list(dict.fromkeys(name for row in rows for name in (row.heading, row.theme) if name))
    if theme not in known:
        advice = suggest(theme, known) or f"there are {', '.join(known)}"
        raise UnknownNameError(f"no theme '{theme}'", advice=advice, variable=theme)
    return [row for row in rows if theme in (row.heading, row.theme)]


def _uses(folder: Path) -> dict[str, Use]:
    """What the study around a folder of series does with them: calibrate the model on them, or drive it."""
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.data.references import COLUMN
    from sd_covid.data.tables import read_lines
    from sd_covid.document.companions import DRIVER_COLUMNS

    uses: dict[str, Use] = {}
    drivers = folder.parent.parent / "models" / "drivers_sources.csv"
    for row in read_lines(drivers, DRIVER_COLUMNS, (COLUMN,)) if is_there(drivers) else ():
        uses.update(dict.fromkeys(re.findall(r"\w+", row["series"]), "driver"))
    problem = folder.parent / "problem.yaml"
    if is_there(problem):
        observables = read_problem(problem).observables.values()
        uses.update({item.series: "calibrated" for item in observables if item.series})
    return uses


def _write(file: Path, rows: list[StatusRow]) -> None:
    """Every row, and the sums by heading, for a program to read."""
    from sd_covid.data import coverage
    from sd_covid.whole_files import write_whole

    content = {
        "coverage": [asdict(item) for item in coverage(rows)],
        "series": [asdict(row) for row in rows],
    }
    text = json.dumps(content, indent=1, default=str, ensure_ascii=False)
    write_whole(file, text + "\n")


def _show_coverage(parts: list[Coverage]) -> None:
    """Print the sums by heading."""
    headers = (
        "heading",
        "series",
        "figures",
        "calibrated",
        "driver",
        "comparable",
        "only shown",
        "months since the last",
        "overdue",
    )
    cells = [
        (part.heading, *map(str, (part.series, part.figures, *part.uses.values(), part.age, part.overdue)))
        for part in parts
    ]
    table("coverage", headers, cells, numbers=tuple(range(1, len(headers))))


def _show(theme: str, rows: list[StatusRow]) -> None:
    """Print the table of one theme."""
    headers = (
        "series",
        "unit",
        "tier",
        "use",
        "frequency",
        "first",
        "last",
        "figures",
        "months old",
        "gaps",
        "breaks",
        "next figure",
    )
    cells = [
        (
            row.id,
            row.unit.en,
            row.tier,
            row.use,
            row.frequency,
            row.first,
            row.last,
            str(row.count),
            str(row.age),
            _few(row.gaps),
            _few(row.breaks),
            _expected(row),
        )
        for row in rows
    ]
    table(theme, headers, cells, numbers=(7, 8))


def _expected(row: StatusRow) -> str:
    """When the next figure comes; ``about`` when no publisher states the rhythm."""
    if row.next_release is None:
        return ""
    about = "about " if row.release_estimated else ""
    return f"{about}{row.next_release}{', overdue' if row.overdue else ''}"


def _few(periods: tuple[str, ...], most: int = 2) -> str:
    """The first of some periods, and how many more there are."""
    more = len(periods) - most
    return ", ".join(periods[:most]) + (f" and {more} more" if more > 0 else "")
