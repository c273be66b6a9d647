"""``sd-covid session signals``: local observations beside the published series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.console import note
from sd_covid.cli.finding import show
from sd_covid.cli.language import Language
from sd_covid.cli.session import DiagramFile, Lang, Out, read_one


def command(
    diagram: DiagramFile,
    notes: Annotated[
        Path,
        typer.Argument(metavar="SIGNALS.csv", help="Dated notes: date, place, variable, text and so on."),
    ],
    output: Out = None,
    language: Lang = Language.NL,
    series: Annotated[
        Path, typer.Option("--series", metavar="FOLDER", help="The registry of published series.")
    ] = Path("calibration/series"),
) -> None:
    """Show local signals beside the published series of their variables; they never count as figures."""
    from sd_covid.data import read_registry
    from sd_covid.marvel.signals import read_signals, series_of
    from sd_covid.report.finding.files import refuse_format, write_findings
    from sd_covid.report.session.signals import signal_findings
    from sd_covid.report.words.texts import Texts

    if output is not None:
        refuse_format(output)
    read, texts = read_one(diagram, language), Texts(language.value)
    found, registry = read_signals(notes, read, language.value), read_registry(series)
    told = signal_findings(found, series_of(diagram, read, registry, language.value), registry, texts)
    for finding in told:
        show(finding, texts)
    if output is None:
        return
    made = {texts("signals.made.signals"): str(len(found)), texts("signals.made.diagram"): read.name}
    title, subtitle = texts("signals.title"), texts("signals.subtitle")
    for path in write_findings(told, output, texts, title=title, subtitle=subtitle, provenance=made):
        note(f"wrote {path}")
