"""``sd-covid robust``: how packages hold when the world turns out otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import as_typed, note, say, table, warn
from sd_covid.cli.language import Language, asked, by_language
from sd_covid.cli.progress import stages
from sd_covid.study_folder import is_there, study_folder

if TYPE_CHECKING:
    from sd_covid.analysis.robustness.pipeline import Robust
    from sd_covid.analysis.robustness.plan import RobustPlan
    from sd_covid.cli.progress import Step
    from sd_covid.report.words.glossary import Glossary
    from sd_covid.report.words.texts import Texts

_STAGES = {"runs": "running the packages in every world", "boxes": "resampling the boxes of failure"}


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Such as scenarios/robust.yaml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="All findings: .html, .xlsx, .json or .csv."),
    ] = None,
    language: Annotated[
        list[Language] | None,
        typer.Option("--language", "-l", help="Given twice: both, the second as OUT-en.  [default: nl]"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="SWEEP.zarr", help="Judge the runs of a sweep in place of new ones."),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option("--draws", min=10, help="Runs of each package in each world, for a quick look."),
    ] = None,
) -> None:
    """Judge packages over draws, paths and structures: regret, robustness, where they fail, what to know first."""
    from dataclasses import replace

    import sd_covid
    from sd_covid.analysis.robustness.plan_file import read_plan
    from sd_covid.policy.reading import named_model
    from sd_covid.report.finding.files import refuse_format
    from sd_covid.report.words.texts import Texts

    if output is not None:
        refuse_format(output)
    plan = read_plan(file, sd_covid.load(named_model(file)))
    if draws is not None:
        plan = replace(plan, size=draws)
    with stages(_STAGES) as step:
        found = _judged(plan, store, step)
    if found.outcomes.failed:
        warn(f"{found.outcomes.failed} draws count nowhere: a run in them did not stay finite")
    languages = asked(language)
    _show(found, Texts(languages[0].value))
    for asked_for, one in () if output is None else by_language(output, languages):
        for path in _write(found, asked_for, Texts(one.value)):
            say(str(path))


def _judged(plan: RobustPlan, store: Path | None, step: Step) -> Robust:
    """Run the packages, or take them from a store, and judge them."""
    from sd_covid.analysis.robustness.pipeline import judge, judge_comparison
    from sd_covid.policy.appraisal.assessment import Catalogues

    if store is None:
        benefits = Catalogues.beside(study_folder(plan.file), plan.simulation.model.variables).benefits
        return judge(plan, benefits if plan.needs_balance else None, step)
    from sd_covid.policy.scenario import read_scenario
    from sd_covid.policy.sweep.compared import comparison_of
    from sd_covid.policy.sweep.opened import open_sweep

    scenarios = [read_scenario(item, plan.simulation, study=plan.study) for item in plan.scenarios]
    comparison, varied = comparison_of(open_sweep(store), scenarios, plan.outputs, plan.study)
    return judge_comparison(plan, comparison, varied, step)


def _show(found: Robust, texts: Texts) -> None:
    """Print regret, chance of being best and targets met, a table an objective."""
    from sd_covid.report.robust.names import RobustNames
    from sd_covid.report.words.wording import Numbers

    names, numbers = RobustNames(found, _glossary(found.plan), texts), Numbers(texts.language)
    for item in found.scores:
        ids = [metric.id for metric in item.metrics]
        starr = item.shown[ids.index("starr")] if "starr" in ids else None
        rows = [
            (
                name,
                *(numbers.significant(value, 3) for value in item.regret[:, place].tolist()),
                numbers.exact(100 * item.best[place], 0),
                "–" if starr is None else numbers.exact(100 * starr[place], 0),
                numbers.plain(item.ranks[ids.index("laplace"), place]),
                numbers.plain(item.ranks[ids.index("minimax-regret"), place]),
            )
            for place, name in enumerate(names.packages)
        ]
        heads = [texts("robust.package"), *(texts(f"robust.{name}") for name in ("mean", "p90", "largest"))]
        heads += [texts("regret.best_column"), texts("regret.met_column"), "Laplace", "minimax"]
        title = f"{texts('regret.title', objective=names.objective(item.objective))} ({names.unit(item.objective)})"
        table(title, heads, rows, numbers=range(1, len(heads)))
    failed = found.outcomes.failed
    note(f"{found.runs} runs; {failed} draws of {found.outcomes.values.shape[-1]} left out")


def _write(found: Robust, output: Path, texts: Texts) -> list[Path]:
    """Write all findings."""
    from sd_covid.report.finding.files import write_findings
    from sd_covid.report.finding.made import made_with
    from sd_covid.report.robust.findings import findings
    from sd_covid.report.words.wording import Numbers

    outcomes, numbers = found.outcomes, Numbers(texts.language)
    known = {
        "packages": len(outcomes.packages),
        "draws": outcomes.values.shape[-1],
        "paths": len(outcomes.of_kind("path")),
        "structures": len(outcomes.of_kind("structure")),
        "runs": found.runs,
    }
    return write_findings(
        findings(found, _glossary(found.plan), texts, _contraction(found.plan)),
        output,
        texts,
        title=texts("robust.title"),
        subtitle=texts("robust.subtitle", **{name: numbers.exact(count, 0) for name, count in known.items()}),
        provenance=made_with(found.provenance, as_typed(), texts),
    )


def _glossary(plan: RobustPlan) -> Glossary:
    """Titles and grades of what varies; of parameters, where the study has a problem with stored draws."""
    from sd_covid.calibration.stored.store import read_posterior
    from sd_covid.report.words.glossary import read_glossary

    folder = study_folder(plan.file)
    posterior = folder / "calibration" / "posterior.parquet"
    constants = read_posterior(posterior).provenance["constants"] if is_there(posterior) else {}
    return read_glossary(
        folder / "calibration" / "titles.yaml", folder / "models" / "evidence.csv", constants
    )


def _contraction(plan: RobustPlan) -> dict[str, float]:
    """What the figures so far have told of each parameter, where the last full fit says so."""
    from sd_covid.calibration.results import read_report

    file = study_folder(plan.file) / "calibration" / "fit.json"
    found = read_report(file).identifiability if is_there(file) else None
    return {} if found is None else {row.id: row.contraction for row in found.parameters}
