"""``sd-covid session``: forms for experts, what a group of them says, and what that does to the model."""

from __future__ import annotations

from datetime import date as day
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.compare import Language
from sd_covid.cli.console import note, warn
from sd_covid.cli.finding import show
from sd_covid.cli.output import replacing
from sd_covid.cli.progress import progress
from sd_covid.errors import DiagramError, RunError

if TYPE_CHECKING:
    from sd_covid.calibration.petab import Problem
    from sd_covid.engine.simulation import Simulation
    from sd_covid.marvel.diagram import Diagram
    from sd_covid.marvel.session.answers import SeedQuestion
    from sd_covid.marvel.session.pool import Pooled
    from sd_covid.marvel.session.priors import ExpertPrior, Kept
    from sd_covid.report.finding import Finding
    from sd_covid.report.texts import Texts

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
    from sd_covid.marvel.session.form import blank_form, write_form
    from sd_covid.report.session_form import printable

    if output.suffix.lower() not in (".xlsx", ".csv", ".html"):
        reason = f"cannot write a form as '{output.suffix}'"
        raise RunError(reason, advice="use .xlsx, .csv or .html", file=output)
    read = _diagram(diagram, language)
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
    from sd_covid.report.session import answer_findings
    from sd_covid.report.texts import Texts

    texts = Texts(language.value)
    pooled = _pooled(diagram, forms, seeds, language, Pooling.LINEAR, 0.05, output)
    _tell(answer_findings(pooled, texts), output, texts, pooled, "")


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
    from sd_covid.report.session import answer_findings, pooled_finding
    from sd_covid.report.texts import Texts

    if export is not None and export.suffix.lower() not in (".xlsx", ""):
        raise RunError(
            f"cannot write a diagram as '{export.suffix}'", advice="use .xlsx or a folder", file=export
        )
    told, texts = _named(name, date), Texts(language.value)
    pooled = _pooled(diagram, forms, seeds, language, pooling, None if best else cutoff, output)
    found = answer_findings(pooled, texts)
    _tell([pooled_finding(pooled, texts), *found[1:]], output, texts, pooled, told)
    if export is not None:
        from sd_covid.marvel.session.pooled_diagram import pooled_diagram
        from sd_covid.marvel.write import write_diagram

        with replacing(export) as aside:
            write_diagram(pooled_diagram(pooled, told), aside)
        note(f"wrote {export}")


@app.command("priors")
def priors(
    diagram: DiagramFile,
    forms: Forms,
    variant: Annotated[
        Path,
        typer.Option(
            "--variant", metavar="NAME.yaml", help="The variant to write, as calibration/variants/NAME.yaml."
        ),
    ],
    name: Name,
    date: Date,
    output: Out = None,
    language: Lang = Language.NL,
    seeds: Seeds = None,
    pooling: Pool = Pooling.PERFORMANCE,
    cutoff: Cutoff = 0.05,
    best: Best = False,
    constants: Annotated[
        Path | None,
        typer.Option(
            "--constants", metavar="FILE", help="Links and constants.  [default: DIAGRAM/constants.csv]"
        ),
    ] = None,
    problem: Annotated[
        Path, typer.Option("--problem", metavar="PROBLEM", help="The calibration problem of the study.")
    ] = Path("calibration/problem.yaml"),
    seed: Seed = 0,
) -> int:
    """Turn judgements into priors of the model, move its draws to them, and write both as a variant.

    Exits with 1 when the draws cannot be moved well and a full fit is due.
    """
    import sd_covid
    from sd_covid.calibration.petab import read_problem
    from sd_covid.calibration.store import read_posterior
    from sd_covid.calibration.workflow import posterior_file
    from sd_covid.marvel.session import ties as tied
    from sd_covid.marvel.session.draws import judged_draws
    from sd_covid.marvel.session.variant import Told, write_variant
    from sd_covid.report.session_priors import kept_finding, priors_finding
    from sd_covid.report.texts import Texts

    if variant.suffix.lower() not in (".yaml", ".yml"):
        raise RunError("a variant is a .yaml", advice="as calibration/variants/session.yaml", file=variant)
    told, texts = Told(name, _day(date)), Texts(language.value)
    pooled = _pooled(diagram, forms, seeds, language, pooling, None if best else cutoff, output)
    study = read_problem(problem)
    ties = constants or diagram / tied.FILE
    simulation = sd_covid.load(study.model_path)
    found, kept, count = _expert_priors(pooled, ties, study, simulation, language)
    if not found:
        show(kept_finding(pooled, kept, count, texts), texts)
        raise DiagramError("the session changes no prior", advice="see why above", file=ties)
    stored = read_posterior(posterior_file(study))
    with progress("moving the draws to the new priors") as bar:
        judged = judged_draws(
            study, simulation, stored, found, seed, lambda share: bar(round(100 * share), 100)
        )
    findings = [priors_finding(pooled, found, judged, told.label, variant, texts)]
    if kept:
        findings.append(kept_finding(pooled, kept, count, texts))
    files = write_variant(variant, study, stored, pooled, found, judged, told)
    _tell(findings, output, texts, pooled, told.label)
    for file in files:
        note(f"wrote {file}")
    if judged.due:
        warn(f"the draws are not to be trusted: run sd-covid calibrate {variant}")
        return 1
    return 0


@app.command("signals")
def signals(
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
    from sd_covid.report.finding import refuse_format, write_findings
    from sd_covid.report.signals import signal_findings
    from sd_covid.report.texts import Texts

    if output is not None:
        refuse_format(output)
    read, texts = _diagram(diagram, language), Texts(language.value)
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


def _expert_priors(
    pooled: Pooled, ties: Path, study: Problem, simulation: Simulation, language: Language
) -> tuple[tuple[ExpertPrior, ...], tuple[Kept, ...], int]:
    """Priors by judgement, what stays as it was, and how many constants are tied to links."""
    from sd_covid.marvel.session.priors import expert_priors
    from sd_covid.marvel.session.ties import read_ties
    from sd_covid.model.study import study_folder
    from sd_covid.policy.evidence import FILE, read_evidence
    from sd_covid.policy.names import ConstantNames
    from sd_covid.policy.study import catalogues_beside

    known = read_ties(ties, pooled.session.diagram, ConstantNames(simulation.constants), language.value)
    folder = study_folder(study.path)
    _, assumptions = catalogues_beside(folder / "scenarios" / "any.yaml")
    evidence = read_evidence(folder / "models" / FILE)
    found, kept = expert_priors(pooled, known, study, assumptions, evidence)
    return found, kept, len(known)


def _diagram(path: Path, language: Language) -> Diagram:
    from sd_covid.marvel.read import read_diagram

    return read_diagram(path, language.value)


def _questions(diagram: Path, seeds: Path | None, language: Language) -> tuple[SeedQuestion, ...]:
    from sd_covid.marvel.session.seeds import read_seeds, seeds_beside

    return read_seeds(seeds or seeds_beside(diagram), language.value)


def _pooled(
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
    from sd_covid.report.finding import refuse_format

    if output is not None:
        refuse_format(output)
    known = _diagram(diagram, language)
    questions = _questions(diagram, seeds, language)
    try:
        session = read_session(known, questions, forms, language.value)
    except FormsError as error:
        for fault in error.faults:
            note(str(fault))
        raise
    return pooled_by(session, pooling.value, cutoff)


def _named(name: str, date: str) -> str:
    return f"{name}, {_day(date)}" if date else name


def _day(text: str) -> str:
    try:
        return day.fromisoformat(text).isoformat()
    except ValueError:
        raise RunError(
            f"'{text}' is not a day", advice="write --date 2026-11-30", variable="--date"
        ) from None


def _tell(found: list[Finding], output: Path | None, texts: Texts, pooled: Pooled, told: str) -> None:
    """Show findings, and write them with what made them."""
    for finding in found:
        show(finding, texts)
    if output is None:
        return
    from sd_covid.report.finding import write_findings

    diagram = pooled.session.diagram
    made = {
        **({"session": told} if told else {}),
        "diagram": diagram.name,
        "forms": str(len(pooled.session.forms)),
        "method": texts(f"session.method.{pooled.method}"),
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
