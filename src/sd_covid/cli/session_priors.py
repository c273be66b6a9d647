"""``sd-covid session priors``: judgements as priors of the model, and its draws under them."""

from __future__ import annotations

from datetime import date as day
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.console import note, warn
from sd_covid.cli.finding import show
from sd_covid.cli.language import Language
from sd_covid.cli.progress import progress
from sd_covid.cli.session import (
    Best,
    Cutoff,
    Date,
    DiagramFile,
    Forms,
    Lang,
    Name,
    Out,
    Pool,
    Pooling,
    Seeds,
    as_day,
    pooled_session,
    tell,
)
from sd_covid.errors import DiagramError, RunError

if TYPE_CHECKING:
    from sd_covid.calibration.problem.petab import Problem
    from sd_covid.calibration.stored.store import Posterior
    from sd_covid.engine.simulation import Simulation
    from sd_covid.marvel.session.pool import Pooled
    from sd_covid.marvel.session.priors import ExpertPrior, Kept
    from sd_covid.report.words.glossary import Glossary


def command(
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
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.stored.store import read_posterior
    from sd_covid.calibration.workflow import posterior_file
    from sd_covid.marvel.session import ties as tied
    from sd_covid.marvel.session.draws import judged_draws
    from sd_covid.marvel.session.variant import Told, write_variant
    from sd_covid.report.session.priors import kept_finding, priors_finding
    from sd_covid.report.words.texts import Texts

    _refuse_place(variant, problem)
    told, texts = Told(name, as_day(date, language)), Texts(language.value)
    pooled = pooled_session(diagram, forms, seeds, language, pooling, None if best else cutoff, output)
    study = read_problem(problem)
    ties = constants or diagram / tied.FILE
    simulation = sd_covid.load(study.model_path)
    found, kept, count = _expert_priors(pooled, ties, study, simulation, language)
    stored = read_posterior(posterior_file(study))
    glossary = _glossary(study, stored)
    if not found:
        show(kept_finding(pooled, kept, count, glossary, texts), texts)
        raise DiagramError("the session changes no prior", advice="see why above", file=ties)
    with progress("moving the draws to the new priors") as bar:
        judged = judged_draws(
            study, simulation, stored, found, seed, lambda share: bar(round(100 * share), 100)
        )
    session = f"{name}, {texts.day(day.fromisoformat(told.date))}"
    findings = [priors_finding(pooled, found, judged, session, variant, glossary, texts)]
    if kept:
        findings.append(kept_finding(pooled, kept, count, glossary, texts))
    files = write_variant(variant, study, stored, pooled, found, judged, told)
    tell(findings, output, texts, pooled, told.label, seed)
    for file in files:
        note(f"wrote {file}")
    if judged.due:
        warn(f"the draws are not to be trusted: run sd-covid calibrate {variant}")
        return 1
    return 0


def _refuse_place(variant: Path, problem: Path) -> None:
    """Raise a RunError where a variant cannot stand, before anything is worked out."""
    from sd_covid.study_folder import study_folder

    advice = "as calibration/variants/session.yaml"
    if variant.suffix.lower() not in (".yaml", ".yml"):
        raise RunError("a variant is a .yaml", advice=advice, file=variant)
    if not variant.resolve().is_relative_to(study_folder(problem).resolve()):
        raise RunError("a variant stands in the study that it varies", advice=advice, file=variant)
    if variant.resolve().parent == problem.resolve().parent:
        reason = "beside the problem stands no other: its draws would be taken for the study's"
        raise RunError(reason, advice=advice, file=variant)


def _glossary(study: Problem, stored: Posterior) -> Glossary:
    """What the study calls its constants."""
    from sd_covid.policy.catalogue.evidence import FILE
    from sd_covid.report import read_glossary
    from sd_covid.study_folder import study_folder

    evidence = study_folder(study.path) / "models" / FILE
    return read_glossary(study.folder / "titles.yaml", evidence, stored.provenance["constants"])


def _expert_priors(
    pooled: Pooled, ties: Path, study: Problem, simulation: Simulation, language: Language
) -> tuple[tuple[ExpertPrior, ...], tuple[Kept, ...], int]:
    """Priors by judgement, what stays as it was, and how many constants are tied to links."""
    from sd_covid.marvel.session.priors import expert_priors
    from sd_covid.marvel.session.ties import read_ties
    from sd_covid.policy.catalogue.evidence import FILE, read_evidence
    from sd_covid.policy.catalogue.names import ConstantNames
    from sd_covid.policy.study import catalogues_beside
    from sd_covid.study_folder import study_folder

    known = read_ties(ties, pooled.session.diagram, ConstantNames(simulation.constants), language.value)
    folder = study_folder(study.path)
    _, assumptions = catalogues_beside(folder / "scenarios" / "any.yaml")
    evidence = read_evidence(folder / "models" / FILE)
    found, kept = expert_priors(pooled, known, study, assumptions, evidence)
    return found, kept, len(known)
