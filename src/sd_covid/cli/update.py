"""``sd-covid update``: the stored posterior of a problem with figures that came later, and what they moved."""

from __future__ import annotations

import dataclasses
import json
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sd_covid.cli.calibrate import Problem, Seed
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.language import Language, PageLanguages, asked, by_language
from sd_covid.cli.progress import stages
from sd_covid.cli.results import refuse_suffix
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing, write_whole

if TYPE_CHECKING:
    from sd_covid.calibration.newest.updated import Update

STAGES = {
    "temper": "taking in the new figures",
    "best": "climbing to the best fit",
    "account": "telling what moved",
}
FAULTS = {
    "far": "a parameter lies where no draw had been",
    "stages": "the figures needed so many stages that the draws had hardly seen where the posterior is now",
    "weights": "a few draws carry the rest",
    "families": "too few of the draws before have descendants",
    "stuck": "moves did not bring the draws away from where they were",
    "apart": "the chains disagree",
}
SHOWN = 15  # parameters that moved most; --json has all


def command(
    problem: Problem,
    from_registry: Annotated[
        bool,
        typer.Option(
            "--from-registry",
            help="Also take figures that the series files have beyond the measurement table.",
        ),
    ] = False,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Store the new draws, and rows of --from-registry; the old draws are kept."
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.html", help="Write what moved as a page.")
    ] = None,
    language: PageLanguages = None,
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything found to this file.")
    ] = None,
    seed: Seed = 0,
) -> int:
    """Let new figures move the stored draws, without a new fit. Exit code 1 when a full fit is due.

    Nothing is stored without --write.
    """
    refuse_suffix(output, ".html")
    from sd_covid.calibration.newest.update import update

    with stages(STAGES) as step:
        found = update(problem, registry=from_registry, seed=seed, progress=step)
    if found is None:
        say("the stored draws have seen all figures")
        return 0
    _show(found)
    if out is not None:
        told = json.dumps(_plain(found), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(out, told + "\n")
        note(f"wrote {out}")
    if output is not None:
        _write_pages(found, output, asked(language))
    if write:
        _store(found)
    else:
        note("nothing is stored; add --write to store the draws")
    return _conclude(found)


def _show(found: Update) -> None:
    """Print the new figures beside what was said of them, the parameters that moved most, and the stages."""
    rows = [
        (
            item.observable + (f" ({item.experiment})" if item.experiment else ""),
            item.period,
            item.unit,
            _number(item.earlier),
            f"{item.figure:.4g}",
            *(f"{value:.4g}" for value in (item.predicted.median, item.predicted.low, item.predicted.high)),
            f"{item.percentile:.0%}",
            f"{item.crps:.3g}",
        )
        for item in found.arrivals
    ]
    headers = (
        "observable",
        "period",
        "unit",
        "was",
        "figure",
        "said: median",
        "5 %",
        "95 %",
        "percentile",
        "CRPS",
    )
    table("New figures beside what the draws said of them before", headers, rows, numbers=range(3, 10))
    for observable, period in found.removed:
        note(f"{observable} of {period} is not in the tables any more")
    moved = sorted(found.parameters, key=lambda item: -abs(item.shift))[:SHOWN]
    cells = [
        (
            item.id,
            item.unit,
            *(f"{v:.4g}" for v in (item.before.median, item.before.low, item.before.high)),
            *(f"{v:.4g}" for v in (item.after.median, item.after.low, item.after.high)),
            f"{item.shift:+.2f}",
            f"{item.spread:.2f}",
        )
        for item in moved
    ]
    heads = (
        "parameter",
        "unit",
        "median",
        "5 %",
        "95 %",
        "median",
        "5 %",
        "95 %",
        "shift / sd",
        "sd / sd before",
    )
    table("Parameters that moved most: before, then now", heads, cells, numbers=range(2, 10))
    for stage in found.spent.stages:
        note(
            f"to {stage.temperature:.2f}: ESS {stage.ess:.0%}, Pareto k {_number(stage.k) or '-'}, {stage.moves} moves "
            f"of {stage.steps} steps, acceptance {stage.acceptance:.2f}, correlation left {stage.correlation:.2f}"
        )


def _number(value: float) -> str:
    """A number, or nothing where there is none."""
    return "" if value != value else f"{value:.4g}"


def _plain(found: Update) -> dict[str, Any]:
    """Everything but the draws, in types that JSON knows."""
    from sd_covid.calibration.results import plain

    told: dict[str, Any] = plain(
        {
            "parameters": [dataclasses.asdict(item) for item in found.parameters],
            "arrivals": [dataclasses.asdict(item) for item in found.arrivals],
            "removed": found.removed,
            "spent": dataclasses.asdict(found.spent),
            "faults": found.faults,
        }
    )
    return told


def _write_pages(found: Update, page: Path, languages: list[Language]) -> None:
    """Write the page in one language, or in two."""
    from sd_covid.data import read_registry
    from sd_covid.report import read_glossary
    from sd_covid.report.update.page import write_update

    problem = found.problem
    evidence = problem.model_path.parent / "evidence.csv"
    glossary = read_glossary(
        problem.folder / "titles.yaml", evidence, found.posterior.provenance["constants"]
    )
    series = problem.folder / "series"
    registry = read_registry(series) if series.is_dir() else None
    again = shlex.join(["sd-covid", "update", str(problem.path), "-o", page.name])
    for path, language in by_language(page, languages):
        line = f"{again} --language {language.value}"
        write_update(found, path, language.value, glossary=glossary, registry=registry, command=line)
        note(f"wrote {path}")


def _store(found: Update) -> None:
    """Write tables that got rows, and the draws if they can be trusted; the draws before go to ``vintages``."""
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.stored.store import write_posterior
    from sd_covid.calibration.tables import write_table
    from sd_covid.calibration.workflow import posterior_file

    before = read_problem(found.problem.path).tables["measurement"]
    for old, new in zip(before, found.problem.tables["measurement"], strict=True):
        if [row.cells for row in old.rows] != [row.cells for row in new.rows]:
            write_table(new, new.file)
            note(f"wrote {new.file}: {len(new.rows) - len(old.rows)} rows more")
    if found.faults:
        note("the draws are not stored")
        return
    file = posterior_file(found.problem)
    kept = _keep(file, found.posterior.provenance["updates"][-1]["from"])
    write_posterior(found.posterior, file)
    note(f"wrote {file}; the draws before are {kept}; the report beside them is that of the last full fit")


def _keep(file: Path, tables: str) -> Path:
    """Copy stored draws to ``vintages``, under the hash of the tables that they have seen."""
    kept = file.parent / "vintages" / f"{file.stem}-{tables[:8]}{file.suffix}"
    if kept.exists() and kept.read_bytes() != file.read_bytes():
        reason = "other draws of the same tables are kept there already"
        raise RunError(reason, advice="move or remove that file", file=kept)
    with replacing(kept) as temporary:
        shutil.copyfile(file, temporary)
    return kept


def _conclude(found: Update) -> int:
    """Say whether the draws can be trusted; the exit code."""
    spent = found.spent
    counts = f"{len(found.arrivals)} new figures, {len(spent.stages)} stages, {spent.gradients} gradients"
    families = f"{spent.families} of {spent.draws} draws have descendants, R-hat {spent.r_hat:.3f} at most"
    if found.faults:
        for fault in found.faults:
            warn(FAULTS[fault])
        say(f"a full fit is due: {counts}; {families}; run sd-covid calibrate {found.problem.path}")
        return 1
    say(f"updated: {counts}; {families}")
    return 0
