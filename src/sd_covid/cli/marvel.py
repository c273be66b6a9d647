"""``sd-covid marvel``: run an enriched causal-loop diagram, score its interventions, and say why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note
from sd_covid.cli.finding import show
from sd_covid.cli.language import Language
from sd_covid.cli.progress import progress
from sd_covid.errors import DiagramError

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation
    from sd_covid.marvel.run import Runs
    from sd_covid.report.finding.statement import Finding
    from sd_covid.report.words.texts import Texts


def command(
    diagram: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A .xlsx or a folder of CSV files; a .graphml, Kumu's .json, a .mdl or .xmile.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="A .html, .xlsx, .json or .csv.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", "-l", help="Of the texts.")] = Language.NL,
    clip: Annotated[bool, typer.Option("--clip", help="Keep every variable within its bounds.")] = False,
    samples: Annotated[
        int, typer.Option("--samples", min=0, help="Of strengths and delays within their classes.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the samples.")] = 0,
    years: Annotated[int, typer.Option("--years", min=1, max=100, help="How long to run.")] = 10,
    beside: Annotated[
        Path | None,
        typer.Option(
            "--beside", metavar="MODEL", help="Also run the quantified model and say where the two agree."
        ),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=20, help="Of the model, with --beside.")] = 200,
    sketch: Annotated[
        Path | None,
        typer.Option("--sketch", metavar="OUT.mdl", help="A stock-and-flow skeleton to fill in."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="OUT", help="Convert: to a .xlsx, a folder, .graphml or Kumu's .json."
        ),
    ] = None,
) -> None:
    """Run an enriched causal-loop diagram: what interventions do, which score best, how surely, and why."""
    from sd_covid.marvel.read import read_diagram
    from sd_covid.marvel.run import Runs
    from sd_covid.marvel.scores import score_all
    from sd_covid.report.finding.files import refuse_format
    from sd_covid.report.marvel.findings import findings
    from sd_covid.report.words.texts import Texts

    if output is not None:
        refuse_format(output)
    if export is not None:
        _convert(diagram, export)
    if sketch is not None:
        _sketch(diagram, sketch, language.value)
    if output is None and beside is None and (export is not None or sketch is not None):
        return
    read = read_diagram(diagram, language.value)
    simulation = None if beside is None else _quantified(diagram, beside)
    texts = Texts(language.value)
    runs = Runs(read, clip, years)
    with progress("running samples") as bar:
        scores = score_all(runs, samples, seed, bar, language.value)
    found = findings(runs, scores, texts)
    if simulation is not None:
        found += _beside(runs, diagram, simulation, samples, draws, seed, texts)
    for finding in found:
        show(finding, texts)
    if output is not None:
        more = {} if beside is None else {"model": str(beside), "reference": "actual", "draws": str(draws)}
        _write(
            found, output, texts, runs, samples, seed, {f"beside.made.{name}": x for name, x in more.items()}
        )


def _quantified(diagram: Path, model: Path) -> Simulation:
    """The model to set beside a diagram; refused before anything runs where it cannot be."""
    import sd_covid

    if not diagram.is_dir():
        advice = "give a folder with levers.csv and outputs.csv"
        raise DiagramError(
            "only a diagram in a folder says what its counterparts are", advice=advice, file=diagram
        )
    return sd_covid.load(model)


def _beside(
    runs: Runs, diagram: Path, simulation: Simulation, samples: int, draws: int, seed: int, texts: Texts
) -> list[Finding]:
    """What the quantified model says of the same interventions and performances."""
    from sd_covid.marvel.beside.layers import two_layers
    from sd_covid.report.beside.findings import beside_findings

    with progress("running the model") as bar:
        found, ranked = two_layers(
            runs,
            diagram,
            simulation,
            samples=samples,
            draws=draws,
            seed=seed,
            language=texts.language,
            progress=bar,
        )
    return beside_findings(runs.diagram, found, ranked, runs.horizon, texts)


def _sketch(diagram: Path, path: Path, language: str) -> None:
    """Write a stock-and-flow skeleton."""
    from sd_covid.marvel.read import read_diagram
    from sd_covid.marvel.sketch import write_sketch
    from sd_covid.whole_files import replacing

    read = read_diagram(diagram, language)
    with replacing(path) as aside:
        write_sketch(read, aside)
    note(f"wrote {path}")


def _convert(diagram: Path, export: Path) -> None:
    """Write the tables of a diagram in another form, what is missing left empty."""
    from sd_covid.marvel.exchange import refuse_export, sheets_in, tables_of, write_exchange
    from sd_covid.policy.files.sheets import write_folder, write_workbook
    from sd_covid.whole_files import replacing

    refuse_export(export)
    tables = tables_of(diagram)
    with replacing(export) as aside:
        if export.suffix.lower() == ".xlsx":
            write_workbook(sheets_in(tables), aside)
        elif not export.suffix:
            write_folder(sheets_in(tables), aside)
        else:
            write_exchange(tables, aside)
    note(f"wrote {export}")


def _write(
    found: list[Finding],
    output: Path,
    texts: Texts,
    runs: Runs,
    samples: int,
    seed: int,
    more: Mapping[str, str],
) -> None:
    """Write findings, with what made them."""
    from sd_covid.report.finding.files import write_findings

    diagram = runs.diagram
    size = texts(
        "marvel.made.size.value",
        variables=len(diagram.variables),
        links=len(diagram.links),
        interventions=len(diagram.interventions),
    )
    told = {
        "diagram": f"{diagram.name} ({runs.simulation.fingerprint[:12]})",
        "size": size,
        "samples": str(samples),
        "seed": str(seed),
        "clipping": texts("marvel.yes" if runs.clipping else "marvel.no"),
        "horizon": f"{runs.horizon:g}",
    }
    written = write_findings(
        found,
        output,
        texts,
        title=texts("marvel.title", name=diagram.name),
        subtitle=texts("marvel.subtitle"),
        provenance={texts(f"marvel.made.{name}"): value for name, value in told.items()}
        | {texts(name): value for name, value in more.items()},
    )
    for path in written:
        note(f"wrote {path}")
