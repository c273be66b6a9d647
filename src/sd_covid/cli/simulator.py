"""``sd-covid simulator``: one HTML file in which the model runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.console import note, say
from sd_covid.cli.language import Language
from sd_covid.cli.progress import progress
from sd_covid.cli.results import refuse_suffix
from sd_covid.whole_files import write_whole

FILE = Path("scenarios/simulator.yaml")


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT.html", help="The page; it needs nothing else.")
    ] = Path("simulator.html"),
    file: Annotated[
        Path,
        typer.Option("--file", metavar="FILE", help="What the page shows: model, levers, outputs, presets."),
    ] = FILE,
    language: Annotated[Language, typer.Option("--language", help="Of the page.")] = Language.NL,
    draws: Annotated[
        int | None, typer.Option("--draws", min=0, help="Draws behind the bands; 0 for none.")
    ] = None,
    find_paths: Annotated[
        bool,
        typer.Option(
            "--find-paths",
            help="First find along what measures reach outcomes (minutes), and keep it where FILE says.",
        ),
    ] = False,
) -> None:
    """Write a page in which the model runs, with sliders for measures and assumptions."""
    refuse_suffix(output, ".html")
    import sd_covid
    from sd_covid.report.simulator import (
        keep_paths,
        left_out,
        paths_are_old,
        read_declaration,
        read_known,
        simulator_page,
    )

    declared = read_declaration(file)
    simulation = sd_covid.load(declared.model)
    known = read_known(declared, simulation)
    if find_paths:
        with progress("looking for paths") as bar:
            note(f"wrote {keep_paths(declared, simulation, known, bar)}")
    elif paths_are_old(declared, simulation):
        note(f"{declared.paths} is of another version of the model, and left out: renew it with --find-paths")
    made_by = shlex.join(["sd-covid", *sys.argv[1:]])
    text = simulator_page(declared, simulation, known, language.value, draws, made_by)
    missing = [item.name for item in left_out(declared, simulation)]
    if missing:
        note(f"the model has none of these outputs, and the page says so: {', '.join(missing)}")
    write_whole(output, text)
    say(str(output))
