"""``sd-covid local``: what the national picture means for municipalities and regions."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.compare import DRAWN_FROM, Language, draw, outputs, read_inputs
from sd_covid.cli.console import note, say, table
from sd_covid.cli.finding import show
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.study import study_folder

if TYPE_CHECKING:
    from sd_covid.analysis.local.indicators import Indicator
    from sd_covid.analysis.local.profile import Profiles
    from sd_covid.analysis.local.project import Local
    from sd_covid.data.local.figures import Figures
    from sd_covid.data.local.regions import Region, Regions
    from sd_covid.policy.comparison import Comparison
    from sd_covid.report.finding import Finding
    from sd_covid.report.texts import Texts

app = typer.Typer(name="local", help="What the national picture means for municipalities and regions.")

_FORMS = (".html", ".xlsx", ".json", ".csv", ".zarr")
_STAGES = {"runs": "running the scenarios", "regions": "projecting municipalities"}

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


@app.callback()
def _group() -> None:
    """Local projections, monitors and sums."""


@dataclass(frozen=True)
class Inputs:
    """What is known of regions in a study."""

    folder: Path
    regions: Regions
    figures: Figures


def read_local(study: Path) -> Inputs:
    """Read the regions of a study and the figures of them."""
    from sd_covid.data.local.figures import read_figures
    from sd_covid.data.local.regions import local_folder, read_regions

    folder = local_folder(study)
    regions = read_regions(folder / "regions.csv")
    return Inputs(folder, regions, read_figures(folder, regions))


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
    draws: Draws = 200,
    seed: Seed = 1,
) -> None:
    """Project outcomes for a region, or rank municipalities with the uncertainty of their ranks."""
    if output is not None and output.suffix.lower() not in _FORMS:
        raise RunError(
            f"cannot write '{output.suffix}'", advice=f"use one of {', '.join(_FORMS)}", file=output
        )
    files = scenario or [study_folder(Path("study")) / "scenarios" / "actual.yaml"]
    inputs = read_local(study_folder(files[0]))
    chosen = None if region is None else inputs.regions.find(region)
    if chosen is not None and not inputs.regions.within(chosen):
        raise RunError(f"{chosen.name} was divided among others", advice="name a municipality that stands")
    comparison, found = _projected(inputs, files, indicator or [], draws, seed, chosen)
    if year not in found[0].years:
        first, last = found[0].years[0], found[0].years[-1]
        raise RunError(f"{year} is not a whole year of the run", advice=f"choose one of {first} to {last}")
    _tell(comparison, found, inputs, chosen, year, output, language.value)


def _projected(
    inputs: Inputs,
    files: list[Path],
    names: list[str],
    draws: int,
    seed: int,
    chosen: Region | None = None,
) -> tuple[Comparison, list[Local]]:
    """Run scenarios, and project every indicator."""
    from sd_covid.analysis.local.indicators import read_indicators
    from sd_covid.analysis.local.project import project as project_one
    from sd_covid.analysis.local.project import variables
    from sd_covid.policy import Study, read_scenario
    from sd_covid.policy.run import run_scenarios

    national = read_inputs(study_folder(files[0]))
    study = Study.beside(files[0], national.simulation)
    indicators = _chosen(
        read_indicators(
            inputs.folder / "indicators.yaml", outputs(national), inputs.figures, inputs.regions
        ),
        names,
    )
    scenarios = [read_scenario(file, national.simulation, study=study) for file in files]
    drawn = draw(national.posterior.constants, study, draws, seed)
    profiles = _profiles(inputs, national.simulation.constants)
    with stages(_STAGES) as step:
        comparison = run_scenarios(
            national.simulation,
            scenarios,
            drawn,
            variables(indicators),
            study=study,
            drawn_from=DRAWN_FROM,
            seed=seed,
            costs=False,
            progress=lambda done, total: step("runs", done, total),
        )
        found = []
        for place, item in enumerate(indicators):
            found.append(project_one(comparison, item, profiles, inputs.figures, seed))
            step("regions", place + 1, len(indicators))
    if comparison.failures:
        note(f"warning: {len(comparison.failures)} runs are not finite; their draws are left out")
    return comparison, found


def _profiles(inputs: Inputs, constants: dict[str, float]) -> Profiles:
    """Profiles with the vulnerable share of the model."""
    from sd_covid.analysis.local.profile import make_profiles
    from sd_covid.policy.names import ConstantNames

    share = constants[ConstantNames(constants).elements("vulnerable share")[0]]
    return make_profiles(inputs.figures, inputs.regions, share)


def _chosen(indicators: tuple[Indicator, ...], names: list[str]) -> tuple[Indicator, ...]:
    """Those that are named; all where none is."""
    known = [item.output.name for item in indicators]
    for name in names:
        if name not in known:
            near = suggest(name, known) or f"use one of {', '.join(known)}"
            raise UnknownNameError(f"'{name}' is not projected for regions", advice=near)
    return tuple(item for item in indicators if not names or item.output.name in names)


def _tell(
    comparison: Comparison,
    found: list[Local],
    inputs: Inputs,
    chosen: Region | None,
    year: int,
    output: Path | None,
    language: str,
) -> None:
    from sd_covid.report.local import region_findings
    from sd_covid.report.local_ranks import ranking_finding
    from sd_covid.report.texts import Texts

    if output is not None and output.suffix.lower() in (".csv", ".zarr"):
        _write_numbers(found, chosen, comparison, output)
        return
    texts = Texts(language)
    titles = [item.title for item in comparison.scenarios]
    told = (
        [ranking_finding(item, year, texts) for item in found]
        if chosen is None
        else region_findings(found, chosen, inputs.figures, titles, year, texts)
    )
    if output is None:
        for finding in told:
            show(finding, texts)
        return
    head = {"region": "" if chosen is None else chosen.name, "scenario": texts.of(titles[0]), "year": year}
    _write_page(told, output, texts, comparison, found, head, ranks=chosen is None)


def _write_page(
    told: list[Finding],
    output: Path,
    texts: Texts,
    comparison: Comparison,
    found: list[Local],
    head: dict[str, str | int],
    *,
    ranks: bool,
) -> None:
    """Write findings, with what made them."""
    from sd_covid.report.finding import write_findings
    from sd_covid.report.made import made_with

    made = made_with(comparison.provenance, shlex.join(["sd-covid", *sys.argv[1:]]), texts)
    made[texts("local.made.scenarios")] = ", ".join(found[0].scenarios)
    made[texts("local.made.draws")] = str(found[0].number.shape[1])
    made[texts("local.made.regions")] = str(found[0].number.shape[-1])
    made[texts("local.made.gap")] = f"{max(item.gap for item in found):.1e}"
    end = ".ranks" if ranks else ""
    written = write_findings(
        told,
        output,
        texts,
        title=texts(f"local.title{end}", **head),
        subtitle=texts(f"local.subtitle{end}", **head),
        provenance=made,
    )
    for path in written:
        say(str(path))


def _write_numbers(found: list[Local], chosen: Region | None, comparison: Comparison, output: Path) -> None:
    """Write quantiles of every region, or every draw of every municipality."""
    from sd_covid.analysis.local.tables import as_dataset, as_frame
    from sd_covid.cli.output import replacing
    from sd_covid.cli.results import NUMBER

    with replacing(output) as aside:
        if output.suffix.lower() == ".csv":
            as_frame(found, chosen).to_csv(aside, index=False, float_format=NUMBER)
        else:
            as_dataset(found, comparison.provenance).to_zarr(aside, zarr_format=3, consolidated=False)
    say(str(output))


@app.command("check")
def check(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder of the study; that around you by default.")
    ] = Path(),
) -> int:
    """Check that figures of regions add up to the country's; exit code 1 when they do not."""
    from sd_covid.data.local.sums import read_sums
    from sd_covid.data.registry import read_registry

    folder = study_folder(study / "study")
    inputs = read_local(folder)
    registry = read_registry(folder / "calibration" / "series")
    found = read_sums(
        inputs.folder / "sums.yaml",
        inputs.figures,
        inputs.regions,
        lambda name: {str(period): float(value) for period, value in registry.series(name).values.items()},
    )
    heads = ("series", "period", "parts", "there", "sum", "country", "in no region", "difference", "adds up")
    rows = [
        (
            item.what,
            item.period,
            item.level,
            f"{item.parts} of {item.expected}",
            f"{item.total:,.0f}",
            f"{item.country:,.0f}",
            f"{item.unassigned:,.0f}",
            f"{item.difference:,.0f}",
            ("yes" if item.holds else "NO") + (f"; {item.note.en}" if item.note.en else ""),
        )
        for item in found
    ]
    table("sums of regions", heads, rows, numbers=(4, 5, 6, 7))
    failed = [item for item in found if not item.holds]
    say(f"{len(found)} sums, {len(failed)} that do not add up")
    return 1 if failed else 0


@app.command("add")
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV: region,series,period,value,unit,method,quality,source,definition_note.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; write nothing.")] = False,
) -> None:
    """Add figures of a local monitor, to be shown beside the projections; they do not set them."""
    from sd_covid.cli.output import replacing
    from sd_covid.data.keyed_yaml import read_yaml
    from sd_covid.data.local.monitor import prepare

    inputs = read_local(study_folder(Path("study")))
    named = [name for name, _ in read_yaml(inputs.folder / "indicators.yaml").entries()]
    shown = list(dict.fromkeys([*named, *inputs.figures.series]))
    addition = prepare(file, inputs.folder, inputs.regions, inputs.figures, shown)
    for item in addition.figures:
        say(f"{item.region.name}: {item.definition.series} {item.period} {item.value:g} {item.definition.unit}")
    if dry_run:
        say("nothing written")
        return
    with replacing(addition.file) as aside:
        aside.write_text(addition.text, encoding="utf-8")
    say(f"{len(addition.figures)} figures added to {addition.file}")


@app.command("test")
def test(
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
    from sd_covid.report.finding import refuse_format
    from sd_covid.report.local_ranks import held_out_finding
    from sd_covid.report.texts import Texts

    if output is not None:
        refuse_format(output)
    files = scenario or [study_folder(Path("study")) / "scenarios" / "actual.yaml"]
    comparison, found = _projected(read_local(study_folder(files[0])), files, [], draws, seed)
    texts = Texts(language.value)
    finding = held_out_finding([(item, hold_out(item)) for item in found if item.figures], texts)
    show(finding, texts)
    if output is not None:
        head: dict[str, str | int] = {
            "region": "",
            "scenario": texts.of(comparison.scenarios[0].title),
            "year": found[0].years[-1],
        }
        _write_page([finding], output, texts, comparison, found, head, ranks=True)
