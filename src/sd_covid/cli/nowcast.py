"""``sd-covid nowcast``: the next figures, predicted and logged before they are published, and scored when they are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Problem, Seed
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.progress import stages
from sd_covid.cli.results import refuse_suffix
from sd_covid.whole_files import replacing, write_whole

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from sd_covid.calibration.newest.nowcast import Nowcast, Tally

STAGES = {"runs": "running the draws", "predict": "predicting the series"}


def command(
    problem: Problem,
    score: Annotated[
        bool,
        typer.Option("--score", help="Predict nothing: score earlier predictions whose figure has come."),
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", metavar="FILE.csv", help="The log; nowcasts.csv beside the problem by default."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write what is shown to this file.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Predict the next release of every series and keep it in a log, or score what the log has."""
    refuse_suffix(log, ".csv")
    from datetime import UTC, datetime

    from sd_covid.calibration.newest.nowcast import log_file
    from sd_covid.calibration.problem.petab import read_problem

    today = datetime.now(UTC).date()
    file = log or log_file(read_problem(problem))
    if score:
        _score(problem, file, today, out)
        return
    from sd_covid.calibration.newest.nowcast import nowcasts, read_log, with_new

    before = read_log(file)
    with stages(STAGES) as step:
        found = nowcasts(problem, today, seed=seed, progress=step)
    _show(found)
    after = with_new(before, found)
    _write(after, file)
    say(f"{len(found)} predictions, {len(after) - len(before)} of them new in {file}")
    if out is not None:
        _json(out, [dataclasses.asdict(item) for item in found])


def _score(problem: Path, file: Path, today: date, out: Path | None) -> None:
    """Score the log, and show what it comes to by theme."""
    from sd_covid.calibration.newest.nowcast import read_log, scored, tallies
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.data import read_registry

    registry = read_registry(read_problem(problem).folder / "series")
    before = read_log(file)
    after, late = scored(before, registry, today)
    if not after.equals(before):
        _write(after, file)
    new = int((after["scored"] != "").sum() - (before["scored"] != "").sum())
    found = tallies(after, registry)
    _show_tallies(found)
    if late:
        warn(f"{late} predictions were made when their figure might have been known; they are not scored")
    waiting = int((after["scored"] == "").sum()) - late
    say(f"{new} newly scored, {sum(item.scored for item in found)} in all; {waiting} wait for their figure")
    if out is not None:
        _json(out, [dataclasses.asdict(item) for item in found])


def _show(found: list[Nowcast]) -> None:
    """Print what is said of each figure to come."""
    headers = ("predicted", "series", "unit", "period", "expected", "median", "50 %", "90 %", "last figure")
    rows = [
        (
            item.observable,
            item.series,
            item.unit,
            item.period,
            item.expected.isoformat(),
            f"{item.median:.4g}",
            f"{item.q25:.4g} to {item.q75:.4g}",
            f"{item.q05:.4g} to {item.q95:.4g}",
            f"{item.last:.4g} ({item.last_period})",
        )
        for item in found
    ]
    table("The next release of each series", headers, rows, numbers=(5,))


def _show_tallies(found: list[Tally]) -> None:
    """Print coverage and scores by theme."""
    headers = ("theme", "scored", "in 50 %", "in 90 %", "CRPS / sd", "CRPS / error of last value")
    rows = [
        (
            item.theme,
            str(item.scored),
            f"{item.inside_50:.0%}",
            f"{item.inside_90:.0%}",
            f"{item.crps:.2f}",
            "" if item.against_last != item.against_last else f"{item.against_last:.2f}",
        )
        for item in found
    ]
    table("Predictions whose figure has come", headers, rows, numbers=range(1, 6))


def _write(log: pd.DataFrame, file: Path) -> None:
    with replacing(file) as temporary:
        log.to_csv(temporary, index=False, lineterminator="\n")
    note(f"wrote {file}")


def _json(out: Path, content: object) -> None:
    told = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    write_whole(out, told + "\n")
    note(f"wrote {out}")
