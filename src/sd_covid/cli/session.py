"""``sd-covid session``: forms for experts, what a group of them says, and what that does to the model."""

from __future__ import annotations

from datetime import date as day
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note
from sd_covid.cli.finding import show
from sd_covid.cli.language import Language
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    from sd_covid.marvel.diagram import Diagram
    from sd_covid.marvel.session.answers import SeedQuestion
    from sd_covid.marvel.session.pool import Pooled
    from sd_covid.report.finding.statement import Finding
    from sd_covid.report.words.texts import Texts

app = typer.Typer(
    name="session", help="Expert sessions about a causal diagram: forms, agreement, pooling, priors."
)


class Pooling(StrEnum):
    """How judgements are pooled."""

    LINEAR = "linear"
    LOG = "log"
    PERFORMANCE = "performance"


DiagramFile = Annotated[
    Path, typer.Argument(metavar="DIAGRAM", help="As for sd-covid marvel: a .xlsx or a folder of CSV files.")
]
Forms = Annotated[
    list[Path], typer.Argument(metavar="FORM…", help="Filled-in .xlsx or .csv, or folders that hold them.")
]
Seeds = Annotated[
    Path | None,
    typer.Option(
        "--seeds", metavar="FILE", help="Seed questions with their answers.  [default: DIAGRAM/seeds.csv]"
    ),
]
Lang = Annotated[Language, typer.Option("--language", "-l", help="Of the texts.")]
Out = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="OUT", help="A .html, .xlsx, .json or .csv.")
]
Pool = Annotated[
    Pooling, typer.Option("--pool", help="Everybody alike, mixed or by logarithms, or by seed questions.")
]
Cutoff = Annotated[
    float, typer.Option("--cutoff", min=0.0, max=1.0, help="Calibration from which somebody counts.")
]
Best = Annotated[
    bool,
    typer.Option("--best-cutoff", help="The cutoff with which the group does best; it may leave one person."),
]
Name = Annotated[str, typer.Option("--name", help="What the session is called.")]
Date = Annotated[str, typer.Option("--date", metavar="DAY", help="When it was held, as 2026-11-30.")]


@app.command("form")
def form(
    diagram: DiagramFile,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A .xlsx with lists, one .csv, or .html to print."
        ),
    ],
    language: Lang = Language.NL,
    seeds: Seeds = None,
    theme: Annotated[
        list[str] | None, typer.Option("--theme", help="Only links into variables of this theme; repeat.")
    ] = None,
) -> None:
    """Write a form that asks for the direction, strength, speed and confidence of every link."""
    from sd_covid.marvel.faults import fault
    from sd_covid.marvel.session.form import blank_form, write_form
    from sd_covid.report.session.form import printable

    if output.suffix.lower() not in (".xlsx", ".csv", ".html"):
        raise fault("session.form", language, {"suffix": output.suffix}, file=output)
    read = read_one(diagram, language)
    blank = blank_form(read, _questions(diagram, seeds, language), language.value, theme or ())
    with replacing(output) as aside:
        if output.suffix.lower() == ".html":
            aside.write_text(printable(blank), encoding="utf-8")
        else:
            write_form(blank, aside)
    note(f"wrote {output}: {len(blank.links)} links, {len(blank.questions)} seed questions")


@app.command("read")
def read(
    diagram: DiagramFile,
    forms: Forms,
    output: Out = None,
    language: Lang = Language.NL,
    seeds: Seeds = None,
) -> None:
    """Read filled-in forms and show who answered what, where the group agrees, and who differs."""
    from sd_covid.report.session.answers import answer_findings
    from sd_covid.report.words.texts import Texts

    texts = Texts(language.value)
    pooled = pooled_session(diagram, forms, seeds, language, Pooling.LINEAR, 0.05, output)
    tell(answer_findings(pooled, texts), output, texts, pooled, "")


@app.command("pool")
def pool(
    diagram: DiagramFile,
    forms: Forms,
    output: Out = None,
    language: Lang = Language.NL,
    seeds: Seeds = None,
    pooling: Pool = Pooling.LINEAR,
    cutoff: Cutoff = 0.05,
    best: Best = False,
    name: Name = "session",
    date: Date = "",
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="OUT",
            help="Also write the diagram with the group's judgement: .xlsx or a folder.",
        ),
    ] = None,
) -> None:
    """Pool the judgements of every link, and write the diagram that the group has in mind."""
    from sd_covid.marvel.faults import fault
    from sd_covid.report.session.answers import answer_findings
    from sd_covid.report.session.findings import pooled_finding
    from sd_covid.report.words.texts import Texts

    if export is not None and export.suffix.lower() not in (".xlsx", ""):
        raise fault("session.diagram", language, {"suffix": export.suffix}, file=export)
    told, texts = _named(name, date, language), Texts(language.value)
    pooled = pooled_session(diagram, forms, seeds, language, pooling, None if best else cutoff, output)
    found = answer_findings(pooled, texts)
    tell([pooled_finding(pooled, texts), *found[1:]], output, texts, pooled, told)
    if export is not None:
        from sd_covid.marvel.session.pooled_diagram import pooled_diagram
        from sd_covid.marvel.write import write_diagram

        with replacing(export) as aside:
            write_diagram(pooled_diagram(pooled, told), aside)
        note(f"wrote {export}")


def read_one(path: Path, language: Language) -> Diagram:
    """The diagram of a session."""
    from sd_covid.marvel.read import read_diagram

    return read_diagram(path, language.value)


def _questions(diagram: Path, seeds: Path | None, language: Language) -> tuple[SeedQuestion, ...]:
    from sd_covid.marvel.session.seeds import read_seeds, seeds_beside

    return read_seeds(seeds or seeds_beside(diagram), language.value)


def pooled_session(
    diagram: Path,
    forms: list[Path],
    seeds: Path | None,
    language: Language,
    pooling: Pooling,
    cutoff: float | None,
    output: Path | None,
) -> Pooled:
    """The judgements of a session, pooled; every fault of every form is told before the command gives up."""
    from sd_covid.marvel.session.pool import pool as pooled_by
    from sd_covid.marvel.session.read import FormsError, read_session
    from sd_covid.report.finding.files import refuse_format

    if output is not None:
        refuse_format(output)
    known = read_one(diagram, language)
    questions = _questions(diagram, seeds, language)
    try:
        session = read_session(known, questions, forms, language.value)
    except FormsError as error:
        for fault in error.faults:
            note(str(fault))
        raise
    return pooled_by(session, pooling.value, cutoff, language.value)


def _named(name: str, date: str, language: Language) -> str:
    return f"{name}, {as_day(date, language)}" if date else name


def as_day(text: str, language: Language) -> str:
    """A day as it is written, 2026-11-30.

    Raises
    ------
    DiagramError
        No day.
    """
    from sd_covid.marvel.faults import fault

    try:
        return day.fromisoformat(text).isoformat()
    except ValueError:
        raise fault("session.day", language, {"found": text}) from None


def tell(
    found: list[Finding],
    output: Path | None,
    texts: Texts,
    pooled: Pooled,
    told: str,
    seed: int | None = None,
) -> None:
    """Show findings, and write them with what made them."""
    for finding in found:
        show(finding, texts)
    if output is None:
        return
    from sd_covid.report.finding.files import write_findings

    diagram = pooled.session.diagram
    made = {
        **({"session": told} if told else {}),
        "diagram": diagram.name,
        "forms": str(len(pooled.session.forms)),
        "method": texts(f"session.method.{pooled.method}"),
        **({} if seed is None else {"seed": str(seed)}),
    }
    priors = any(finding.id == "priors" for finding in found)
    title = texts("session.priors.title") if priors else texts("session.title", name=diagram.name)
    written = write_findings(
        found,
        output,
        texts,
        title=title,
        subtitle=texts("session.subtitle"),
        provenance={texts(f"session.made.{name}"): value for name, value in made.items()},
    )
    for path in written:
        note(f"wrote {path}")
