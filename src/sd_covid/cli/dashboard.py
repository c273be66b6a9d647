"""``sd-covid dashboard``: the newest figure of every series beside what the stored draws expect of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.console import note, say, table
from sd_covid.cli.language import Language, asked, by_language
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing, write_whole

if TYPE_CHECKING:
    from sd_covid.calibration.newest.outlook import Outlook
    from sd_covid.calibration.newest.outlook_changes import Changes

STAGES = {"runs": "running the draws", "predict": "predicting the series"}
FORMATS = (".html", ".xlsx", ".json", ".csv")


def command(
    problem: Annotated[
        Path | None,
        typer.Argument(
            metavar="PROBLEM",
            help="A problem.yaml; calibration/problem.yaml of the study around you by default.",
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A page (.html), a workbook (.xlsx), or all numbers (.json, .csv); may be repeated.",
        ),
    ] = None,
    language: Annotated[
        list[Language] | None,
        typer.Option(
            "--language",
            "-l",
            help="Of page and workbook; given twice: both, the second as OUT-en.  [default: nl]",
        ),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since", metavar="FILE.json", help="What an earlier -o FILE.json wrote: tell what changed."
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Show which newest figures lie above, on and below what was expected, what is new, and what comes next."""
    outputs = output or []
    for path in outputs:
        _refuse(path)
    from datetime import UTC, datetime

    from sd_covid.calibration.newest.outlook import outlook
    from sd_covid.calibration.newest.outlook_changes import changes_in_files, changes_since, read_look
    from sd_covid.study_folder import study_folder

    look = None if since is None else read_look(since)

    # A file that need not exist: the study folder is sought from the working folder upwards.
    chosen = problem or study_folder(Path("study")) / "calibration" / "problem.yaml"
    with stages(STAGES) as step:
        found = outlook(chosen, datetime.now(UTC).date(), seed=seed, progress=step)
    changes = changes_in_files(found) if look is None else changes_since(found, look)
    _show(found)
    languages = asked(language)
    for path in outputs:
        _write(found, changes, path, languages, chosen, since)
    _conclude(found)


def _refuse(path: Path) -> None:
    """Refuse a name that cannot be written, before any work is done."""
    if path.suffix.lower() not in FORMATS:
        reason = f"cannot write a dashboard as '{path.suffix}'"
        raise RunError(reason, advice=f"use one of {', '.join(FORMATS)}", file=path)
    if path.is_dir():
        raise RunError("is a folder", advice="choose a file name", file=path)


def _write(
    found: Outlook,
    changes: Changes | None,
    path: Path,
    languages: list[Language],
    problem: Path,
    since: Path | None,
) -> None:
    """Write one file; a page or workbook for each language."""
    from sd_covid.calibration.newest.outlook_changes import record
    from sd_covid.cli.results import NUMBER
    from sd_covid.report.dashboard.page import dashboard_page
    from sd_covid.report.dashboard.tables import dashboard_frame, write_dashboard_workbook
    from sd_covid.report.words.texts import Texts

    suffix = path.suffix.lower()
    if suffix == ".json":
        told = json.dumps(record(found), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(path, told + "\n")
        note(f"wrote {path}")
        return
    if suffix == ".csv":
        with replacing(path) as temporary:
            dashboard_frame(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
        note(f"wrote {path}")
        return
    for file, language in by_language(path, languages):
        options = ["--since", str(since)] if since is not None else []
        again = ["sd-covid", "dashboard", str(problem), *options, "-o", file.name, "-l", language.value]
        texts = Texts(language.value)
        if suffix == ".xlsx":
            write_dashboard_workbook(found, file, texts, command=shlex.join(again))
        else:
            page = dashboard_page(found, changes, texts, command=shlex.join(again))
            write_whole(file, page)
        note(f"wrote {file}")


def _show(found: Outlook) -> None:
    """Print the counts by theme, and every series outside its band."""
    outside = [item for item in found.series if item.counts and item.side != "on"]
    rows = [
        (
            item.series,
            item.basis,
            item.side,
            item.newest.period,
            *(f"{value:.6g}" for value in (item.newest.figure, item.newest.low_90, item.newest.high_90)),
            item.since,
            "" if item.next.due is None else f"{item.next.due}{', overdue' if item.next.overdue else ''}",
        )
        for item in outside
    ]
    headers = ("series", "expected by", "lies", "period", "figure", "5 %", "95 %", "since", "next figure")
    table("Newest figures outside the band of 90 %", headers, rows, numbers=(4, 5, 6))


def _conclude(found: Outlook) -> None:
    """Print a line for each kind of expectation, with what chance would bring."""
    from sd_covid.calibration.newest.outlook import expected_outside

    for basis, told in (("model", "the model"), ("history", "own history")):
        sides = [item.side for item in found.series if item.counts and item.basis == basis]
        counts = ", ".join(f"{sides.count(side)} {side}" for side in ("above", "on", "below"))
        say(f"{len(sides)} series by {told}: {counts}; {expected_outside(len(sides)):.3g} outside by chance")
