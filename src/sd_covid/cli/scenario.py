"""``sd-covid scenario``: scenario files as tables to fill in, tables as scenario files, and the schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.console import say
from sd_covid.cli.language import Language
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing, write_whole

app = typer.Typer(name="scenario", help="Scenario files: as tables, from tables, and their schema.")


Study = Annotated[
    Path,
    typer.Option("--study", metavar="FOLDER", help="Folder of scenarios.", show_default="scenarios"),
]
FOLDER = Path("scenarios")


@app.command("template")
def template(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="A .xlsx, or a new folder for CSV files."),
    ],
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", "-s", metavar="SCENARIO", help="A scenario that is filled in already."),
    ] = None,
    model: Annotated[
        Path, typer.Option("--model", metavar="MODEL", help="The model of that scenario.")
    ] = Path("models/netherlands.yaml"),
    language: Annotated[Language, typer.Option("--language", "-l", help="Of titles.")] = Language.NL,
    study: Study = FOLDER,
) -> None:
    """Write tables of all levers and assumptions, to be filled in."""
    from sd_covid.policy.files.sheets import write_folder, write_workbook
    from sd_covid.policy.study import catalogues_beside
    from sd_covid.policy.template import template as sheets_of

    _refuse_output(output)
    found = None
    if scenario is not None:
        import sd_covid
        from sd_covid.policy import read_scenario

        found = read_scenario(scenario, sd_covid.load(model))
    catalogue, assumptions = catalogues_beside(_beside(study))
    sheets = sheets_of(catalogue, assumptions, language.value, found)
    with replacing(output) as temporary:
        (write_workbook if output.suffix else write_folder)(sheets, temporary)
    say(f"{output}: {len(catalogue.levers)} levers, {len(assumptions)} assumptions")


@app.command("read")
def read(
    tables: Annotated[
        Path, typer.Argument(metavar="TABLES", help="A filled-in .xlsx, or folder of CSV files.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="SCENARIO.yaml", help="The scenario file.")
    ],
    study: Study = FOLDER,
) -> None:
    """Write a scenario file that says what filled-in tables say."""
    from sd_covid.cli.results import refuse_suffix
    from sd_covid.policy.files.filled_in import read_template
    from sd_covid.policy.study import catalogues_beside

    refuse_suffix(output, ".yaml")
    text = read_template(tables, *catalogues_beside(_beside(study)))
    write_whole(output, text)
    say(str(output))


@app.command("schema")
def schema(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="SCHEMA.json", help="Where the schema goes.")
    ] = FOLDER / "scenario.schema.json",
    study: Study = FOLDER,
) -> None:
    """Write the JSON Schema of the study's scenario files, by which an editor completes and checks them."""
    from sd_covid.cli.results import refuse_suffix
    from sd_covid.policy.files.schema import scenario_schema, schema_text
    from sd_covid.policy.study import catalogues_beside

    refuse_suffix(output, ".json")
    text = schema_text(scenario_schema(*catalogues_beside(_beside(study))))
    write_whole(output, text)
    say(str(output))


def _beside(study: Path) -> Path:
    """A file of a folder of scenarios, which must have a catalogue of levers."""
    file = study / "levers.yaml"
    if not file.is_file():
        raise RunError("there is no levers.yaml", advice="give the folder of scenarios: --study", file=study)
    return file


def _refuse_output(output: Path) -> None:
    """What is neither a workbook nor a new folder."""
    if output.suffix not in ("", ".xlsx"):
        advice = "give a .xlsx, or a folder without suffix for CSV files"
        raise RunError(f"'{output.suffix}' is not written", advice=advice, file=output)
    if not output.suffix and output.exists():
        raise RunError("is there already", advice="name a new folder", file=output)
