"""``sd-covid local``: what the national picture means for municipalities and regions."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli import local_data
from sd_covid.cli.calibrate import Seed
from sd_covid.cli.console import say
from sd_covid.cli.finding import show
from sd_covid.cli.language import Language
from sd_covid.cli.local_runs import projected, read_local
from sd_covid.errors import RunError
from sd_covid.study_folder import study_folder

if TYPE_CHECKING:
    from sd_covid.cli.local_runs import Inputs, Made
    from sd_covid.data.local.regions import Region
    from sd_covid.report.finding.statement import Finding
    from sd_covid.report.words.texts import Texts

app = typer.Typer(name="local", help="What the national picture means for municipalities and regions.")

_FORMS = (".html", ".xlsx", ".json", ".csv", ".zarr")

Scenarios = Annotated[
    list[Path] | None,
    typer.Option(
        "--scenario",
        "-s",
        metavar="SCENARIO",
        help="A scenario file; several times, the null alternative first.  [default: scenarios/actual.yaml]",
    ),
]
Draws = Annotated[int, typer.Option("--draws", min=20, help="Runs of each scenario.")]


app.command("check")(local_data.check)
app.command("add")(local_data.add)


@app.callback()
def _group() -> None:
    """Local projections, monitors and sums."""


@app.command("project")
def project(
    scenario: Scenarios = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region", "-r", metavar="REGION", help="Code or name; without it municipalities are ranked."
        ),
    ] = None,
    indicator: Annotated[
        list[str] | None,
        typer.Option("--indicator", metavar="NAME", help="Only this outcome; may be repeated."),
    ] = None,
    year: Annotated[int, typer.Option("--year", help="Of which sentences and ranks tell.")] = 2025,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A page (.html, .xlsx, .json), every region (.csv), or every draw (.zarr).",
        ),
    ] = None,
    language: Annotated[Language, typer.Option("--language", "-l", help="Of the texts.")] = Language.NL,
    own_run: Annotated[
        bool,
        typer.Option(
            "--own-run", help="Also run the model with the initial values of the region, as a check."
        ),
    ] = False,
    draws: Draws = 400,
    seed: Seed = 1,
) -> None:
    """Project outcomes for a region, or rank municipalities with the uncertainty of their ranks."""
    from sd_covid.data.local.faults import said

    if output is not None and output.suffix.lower() not in _FORMS:
        reason, advice = said("form", language, suffix=output.suffix, known=", ".join(_FORMS))
        raise RunError(reason, advice=advice, file=output)
    inputs, files = _beside(scenario)
    chosen = None if region is None else inputs.regions.standing(region, language)
    if own_run and (chosen is None or indicator):
        reason, advice = said("own run", language)
        raise RunError(reason, advice=advice)
    made = projected(inputs, files, indicator or [], draws, seed, year=year, language=language)
    _tell(made, inputs, chosen, year, output, language.value, own_run=own_run)


def _beside(scenarios: list[Path] | None) -> tuple[Inputs, list[Path]]:
    """The local figures of the study of the scenarios, or of that around; and the scenarios, the actual one if none."""
    study = study_folder(scenarios[0] if scenarios else Path("study"))
    return read_local(study), scenarios or [study / "scenarios" / "actual.yaml"]


def _tell(
    made: Made,
    inputs: Inputs,
    chosen: Region | None,
    year: int,
    output: Path | None,
    language: str,
    *,
    own_run: bool,
) -> None:
    """Write or show what was asked for."""
    from sd_covid.report.local.elections import covers_elections, elections_finding
    from sd_covid.report.local.findings import region_findings
    from sd_covid.report.local.ranks import ranking_finding
    from sd_covid.report.words.texts import Texts

    if output is not None and output.suffix.lower() in (".csv", ".zarr"):
        _write_numbers(made, chosen, output)
        return
    texts = Texts(language)
    titles = [item.title for item in made.comparison.scenarios]
    if chosen is None:
        told = [ranking_finding(item, year, texts) for item in made.found]
    else:
        told = region_findings(made.found, chosen, inputs.figures, titles, year, texts)
        if covers_elections(made.comparison):
            told.append(elections_finding(made.comparison, texts))
        told += [_own_run(made, chosen, year, texts)] if own_run else []
    if output is None:
        for finding in told:
            show(finding, texts)
        return
    name = "" if chosen is None else chosen.name
    head: dict[str, str | int] = {"region": name, "scenario": texts.of(titles[0]), "year": year}
    _write_page(told, output, texts, made, head, ranks=chosen is None)


def _own_run(made: Made, region: Region, year: int, texts: Texts) -> Finding:
    """The check by a run of the whole model."""
    from sd_covid.analysis.local.own_run import own_run
    from sd_covid.report.local.facts import own_run_finding

    found = own_run(made.found, made.comparison, region, made.drawn, made.constants, made.rerun)
    return own_run_finding(found, region, year, texts)


def _write_page(
    told: list[Finding],
    output: Path,
    texts: Texts,
    made: Made,
    head: dict[str, str | int],
    *,
    ranks: bool,
) -> None:
    """Write findings, with what made them."""
    from sd_covid.report.finding.files import write_findings
    from sd_covid.report.finding.made import made_with

    command = shlex.join(["sd-covid", *sys.argv[1:]])
    first = made.found[0]
    facts = {
        "scenarios": ", ".join(first.scenarios),
        "draws": str(first.number.shape[1]),
        "regions": str(first.number.shape[-1]),
        "gap": f"{max(item.gap for item in made.found):.1e}",
    }
    more = {texts(f"local.made.{name}"): value for name, value in facts.items()}
    with_what = made_with(made.comparison.provenance, command, texts, more=more)
    end = ".ranks" if ranks else ""
    written = write_findings(
        told,
        output,
        texts,
        title=texts(f"local.title{end}", **head),
        subtitle=texts(f"local.subtitle{end}", **head),
        provenance=with_what,
    )
    for path in written:
        say(str(path))


def _write_numbers(made: Made, chosen: Region | None, output: Path) -> None:
    """Write quantiles of every region, or every draw of every municipality."""
    from sd_covid.analysis.local.tables import as_dataset, as_frame
    from sd_covid.cli.results import NUMBER
    from sd_covid.whole_files import replacing

    with replacing(output) as aside:
        if output.suffix.lower() == ".csv":
            as_frame(made.found, chosen).to_csv(aside, index=False, float_format=NUMBER)
        else:
            as_dataset(made.found, made.comparison.provenance).to_zarr(
                aside, zarr_format=3, consolidated=False
            )
    say(str(output))


@app.command("test")
def held_out(
    scenario: Scenarios = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="A .html, .xlsx, .json or .csv.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", "-l", help="Of the texts.")] = Language.NL,
    draws: Draws = 100,
    seed: Seed = 1,
) -> None:
    """Leave out each region that has a figure, and say how well it is told from the others."""
    from sd_covid.analysis.local.held_out import hold_out
    from sd_covid.report.finding.files import refuse_format
    from sd_covid.report.local.ranks import held_out_finding
    from sd_covid.report.words.texts import Texts

    if output is not None:
        refuse_format(output)
    inputs, files = _beside(scenario)
    made = projected(inputs, files, [], draws, seed)
    texts = Texts(language.value)
    finding = held_out_finding([(item, hold_out(item)) for item in made.found if item.figures], texts)
    show(finding, texts)
    if output is not None:
        head: dict[str, str | int] = {
            "region": "",
            "scenario": texts.of(made.comparison.scenarios[0].title),
            "year": made.found[0].years[-1],
        }
        _write_page([finding], output, texts, made, head, ranks=True)
