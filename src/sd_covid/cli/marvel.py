"""``sd-covid marvel``: run an enriched causal-loop diagram, score its interventions, and say why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.compare import Language
from sd_covid.cli.console import note
from sd_covid.cli.finding import show
from sd_covid.cli.progress import progress

if TYPE_CHECKING:
    from sd_covid.marvel.run import Runs
    from sd_covid.report.finding import Finding
    from sd_covid.report.texts import Texts


def command(
    diagram: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A .xlsx or a folder of CSV files: variables, links, interventions."
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
    years: Annotated[float, typer.Option("--years", min=1, max=100, help="How long to run.")] = 10.0,
    sketch: Annotated[
        Path | None,
        typer.Option("--sketch", metavar="OUT.mdl", help="Write a stock-and-flow skeleton to fill in."),
    ] = None,
) -> None:
    """Run an enriched causal-loop diagram: what interventions do, which score best, how surely, and why."""
    from sd_covid.marvel.read import read_diagram
    from sd_covid.marvel.run import Runs
    from sd_covid.marvel.scores import score_all
    from sd_covid.report.finding import refuse_format
    from sd_covid.report.marvel import findings
    from sd_covid.report.texts import Texts

    if output is not None:
        refuse_format(output)
    read = read_diagram(diagram, language.value)
    if sketch is not None:
        from sd_covid.marvel.sketch import write_sketch

        write_sketch(read, sketch)
        note(f"wrote {sketch}")
    texts = Texts(language.value)
    runs = Runs(read, clip, years)
    with progress("running samples") as bar:
        scores = score_all(runs, samples, seed, bar, language.value)
    found = findings(runs, scores, texts)
    for finding in found:
        show(finding)
    if output is not None:
        _write(found, output, texts, runs, samples, seed)


def _write(found: list[Finding], output: Path, texts: Texts, runs: Runs, samples: int, seed: int) -> None:
    """Write findings, with what made them."""
    from sd_covid.report.finding import write_findings

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
        provenance={texts(f"marvel.made.{name}"): value for name, value in told.items()},
    )
    for path in written:
        note(f"wrote {path}")
