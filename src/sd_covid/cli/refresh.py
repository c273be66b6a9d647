"""``sd-covid data refresh``: new figures from the sources of a study's series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, say, warn

if TYPE_CHECKING:
    from sd_covid.data.refresh import Change, Refreshed

_SHOWN = 12  # changes of a series; --json has all


def command(
    series: Annotated[
        list[str] | None,
        typer.Argument(metavar="SERIES", help="Only these series; all with 'refresh:' by default."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Folder of series; calibration/series of the study around you by default."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write what is new; else it is only shown.")] = False,
    accept_revisions: Annotated[
        bool, typer.Option("--accept-revisions", help="Write revisions of any size.")
    ] = False,
    place: Annotated[
        str | None,
        typer.Option("--from", metavar="ADDRESS|FOLDER", help="Copies to read in place of the sources."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every change, as JSON.")] = False,
) -> int:
    """Compare series with their sources: which figures are new there, and which were revised.

    A figure that is replaced is kept with its vintage in 'vintages' beside the series. Exit code 1 when a source
    failed or a series is held: its revision is larger than the registry allows, or its source marks a break.
    """
    from datetime import UTC, datetime

    from sd_covid.data.refresh import Request, refresh
    from sd_covid.study_folder import study_folder

    where = folder or study_folder(Path("study")) / "calibration" / "series"
    request = Request(apply, accept_revisions, place)
    found = refresh(where, datetime.now(UTC).date(), series or (), request, None if as_json else _show)
    if as_json:
        say(_json(found, apply))
    else:
        say(_summary(found, apply))
    return 1 if any(one.state in ("failed", "held") for one in found) else 0


def _show(one: Refreshed) -> None:
    """Print what became of one series."""
    if one.state == "failed":
        warn(f"{one.series}: {one.reason}")
        return
    counts = f"{len(one.additions)} new, {len(one.revisions)} revised, {len(one.withdrawn)} not at the source"
    say(f"{one.series}: {one.state}; {counts}")
    lines = [f"  + {_figure(change)}" for change in one.additions]
    lines += [f"  ~ {_figure(change)}" for change in one.revisions]
    lines += [f"  - {period} has no figure at the source; the stored one stays" for period in one.withdrawn]
    for line in lines[:_SHOWN]:
        say(line)
    if len(lines) > _SHOWN:
        say(f"  and {len(lines) - _SHOWN} more; --json has all")
    if one.reason:
        warn(f"{one.series}: {one.reason}")


def _figure(change: Change) -> str:
    old = "" if change.old is None else f"{change.old:.15g} -> "
    marks = f" ({', '.join(change.marks)})" if change.marks else ""
    return f"{change.period} {old}{change.new:f}{marks}"


def _summary(found: list[Refreshed], applied: bool) -> str:
    """The last line."""
    if not found:
        return "no series has 'refresh:' in the registry"
    states = [one.state for one in found]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    if not applied and "changed" in states:
        note("nothing is written; add --apply to write what changed")
    return f"{len(found)} series: {counts}"


def _json(found: list[Refreshed], applied: bool) -> str:
    """Everything, for a script; figures are texts with every digit that the source prints."""
    import json
    from dataclasses import asdict

    series = [asdict(one) for one in found]
    return json.dumps({"applied": applied, "series": series}, default=str, indent=2, ensure_ascii=False)
