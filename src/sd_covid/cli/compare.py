"""``sd-covid compare``: scenarios on the same draws, and the report of them."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.compare_run import analyse, read_inputs, run
from sd_covid.cli.console import say, warn
from sd_covid.cli.language import Language, asked
from sd_covid.cli.progress import stages
from sd_covid.study_folder import study_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sd_covid.policy.comparison.scenarios import Failure

STAGES = {
    "scenarios": "running the scenarios",
    "sensitivity": "running the sensitivity design",
    "boxes": "looking for what must be true",
}

Scenarios = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCENARIO…",
        help="Scenario files, or filled-in .xlsx or folders of CSV files; differences are from the first.",
    ),
]


class Detail(StrEnum):
    """Levels of the report (`sd_covid.report.comparison.sections`)."""

    MINISTER = "minister"
    ADVISER = "adviser"
    MODELLER = "modeller"


def command(
    scenarios: Scenarios,
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            metavar="REPORT.html",
            help="Where the report goes: .html, .pdf, or .xlsx with all its numbers. Given again: each of them.",
        ),
    ],
    language: Annotated[
        list[Language] | None,
        typer.Option(
            "--language", "-l", help="Given twice: both, the second as REPORT-en.html.  [default: nl]"
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option(
            "--path",
            metavar="PATH",
            help="A path of assumptions: a file, or the name of one, as new-wave-2027.",
        ),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            metavar="FOLDER",
            help="Also write costs, benefits, groups and resilience as CSV and JSON.",
        ),
    ] = None,
    level: Annotated[
        Detail, typer.Option("--level", help="For whom: in brief, as an adviser needs it, or everything.")
    ] = Detail.ADVISER,
    main: Annotated[
        str,
        typer.Option(
            "--main",
            metavar="SCENARIO",
            help="The package that is told first.  [default: most often the best]",
        ),
    ] = "",
    explain: Annotated[
        list[str] | None,
        typer.Option(
            "--explain",
            metavar="OUTPUT",
            help="Also along which paths in the model this differs in the main package; may be given again.",
        ),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Runs of each scenario.")] = 1000,
    sensitivity: Annotated[
        Path | None,
        typer.Option("--sensitivity", metavar="FILE", help="Also tell what the differences depend on."),
    ] = None,
    posterior: Annotated[
        Path | None,
        typer.Option(
            "--posterior", metavar="FILE", help="Draws in place of the study's: of a variant or a session."
        ),
    ] = None,
    seed: Seed = 1,
) -> None:
    """Run scenarios on the same draws and write the report of their differences, costs and evidence."""
    from sd_covid.cli.compare_looked import look
    from sd_covid.cli.compare_written import background, refuse_forms, write, write_tables
    from sd_covid.engine.run.threads import Beside

    refuse_forms(output)
    if path is not None:
        from sd_covid.policy.paths import chosen_path

        path = chosen_path(path, scenarios[0])
    inputs = read_inputs(study_folder(scenarios[0]), posterior)
    for name in explain or []:
        inputs.simulation.names.cells(name)  # an unknown name is refused before anything takes time
    with ExitStack() as after, stages(STAGES) as step, Beside() as beside:
        compared = run(inputs, scenarios, draws, seed, partial(step, "scenarios"), beside, path, main)
        after.callback(warn_of, compared.comparison.failures)  # whatever comes of the writing
        found = None if sensitivity is None else analyse(inputs, sensitivity, partial(step, "sensitivity"))
        known = background(inputs)
        looking = partial(
            look,
            compared.comparison,
            compared.draws,
            compared.assessment,
            simulation=inputs.simulation,
            study=compared.study,
            calibrated=[str(name) for name in inputs.posterior.constants],
            glossary=known.glossary,
            level=level.value,
            main=main,
            explain=explain or [],
            tell=step,
        )
        if tables is not None:
            write_tables(compared.assessment, tables)
        languages = asked(language)
        written = write(inputs, compared, found, cache(looking), known, output, languages, level.value)
    for file in reversed(written):  # the first that was asked for comes last
        say(str(file))


def warn_of(failures: Sequence[Failure]) -> None:
    """Say how many runs are left out, and which is the first."""
    if failures:
        first = failures[0]
        where = f"draw {first.member} of '{first.scenario}': '{first.output}' at Time {first.time:g}"
        warn(f"{len(failures)} runs are not finite and left out; the first is {where}")
