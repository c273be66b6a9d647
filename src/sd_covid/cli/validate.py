"""``sd-covid validate``: how far the stored posterior of a problem can be trusted, as tables, a page and data."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Problem, Seed
from sd_covid.cli.console import note, table, warn
from sd_covid.cli.language import Language, PageLanguages, asked, by_language
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    from sd_covid.calibration.validity import ValidityReport

STAGES = {
    "draws": "running the draws",
    "information": "finding what each series teaches",
    "benchmarks": "forecasting by simple methods",
    "refits": "leaving out series that weights cannot",
}


def command(
    problem: Problem,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.html", help="Write it as a page.")
    ] = None,
    language: PageLanguages = None,
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything found to this file.")
    ] = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit", help="Move the draws where a series is left out that they cannot be weighted without."
        ),
    ] = False,
    seed: Seed = 0,
) -> int:
    """Score the stored posterior: fit, forecasts, checks, what each series teaches. Exit code 1 when it is outdated."""
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise RunError(
            "a validation is written as HTML", advice="choose a name that ends in .html", file=output
        )
    from sd_covid.calibration.results import plain
    from sd_covid.calibration.validity import validate

    with stages(STAGES) as step:
        found = validate(problem, refit=refit, seed=seed, progress=step)
    _show(found)
    if out is not None:
        told = json.dumps(plain(dataclasses.asdict(found)), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(out, told + "\n")
        note(f"wrote {out}")
    if output is not None:
        _write_pages(found, problem, output, asked(language), refit)
    return _conclude(found, problem)


def _write_pages(
    found: ValidityReport, problem: Path, page: Path, languages: list[Language], refit: bool
) -> None:
    """Write the page in one language, or in two."""
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.stored.store import read_posterior
    from sd_covid.calibration.workflow import posterior_file
    from sd_covid.data import read_registry
    from sd_covid.report import read_glossary
    from sd_covid.report.validity.page import write_validity

    read = read_problem(problem)
    constants = read_posterior(posterior_file(read)).provenance["constants"]
    evidence = read.model_path.parent / "evidence.csv"
    glossary = read_glossary(read.folder / "titles.yaml", evidence, constants)
    registry = read_registry(read.folder / "series") if (read.folder / "series").is_dir() else None
    options = ["--refit"] if refit else []
    again = shlex.join(["sd-covid", "validate", str(problem), *options, "-o", page.name])
    for path, language in by_language(page, languages):
        line = f"{again} --language {language.value}"
        write_validity(found, path, language.value, glossary=glossary, registry=registry, command=line)
        note(f"wrote {path}")


def _show(found: ValidityReport) -> None:
    """Print a line for every series, and forecasts beside simple methods."""
    without = {item.left_out: item for item in found.without}
    rows = []
    for item in found.series:
        label = item.observable if not item.experiment else f"{item.observable} ({item.experiment})"
        weights = without.get(label)
        cells = (item.rmse, item.bias, item.theil_bias, item.lag_one_new, item.ljung_box)
        rows.append(
            (
                label,
                item.unit,
                str(len(item.points)),
                *(("given", *[""] * 4) if item.given else map(_number, cells)),
                f"{item.left_out.central_90:.0%}",
                "" if weights is None else _number(weights.k),
            )
        )
    headers = (
        "observable",
        "unit",
        "figures",
        "RMSE",
        "bias",
        "Theil bias",
        "lag 1",
        "Ljung-Box p",
        "in 90 %",
    )
    table("Series", (*headers, "k without"), rows, numbers=range(2, 10))
    errors = [*found.holdout, *(item for item in found.rolling if item.horizon != item.horizon)]
    if not errors:
        return
    kinds = ["held out"] * len(found.holdout) + ["from earlier months"] * (len(errors) - len(found.holdout))
    heads = ("observable", "forecast", "figures", *errors[0].errors)
    rows_of = [
        (item.observable, kind, str(item.points), *(_number(value) for value in item.errors.values()))
        for item, kind in zip(errors, kinds, strict=True)
    ]
    table("Forecasts: root mean square error", heads, rows_of, numbers=range(2, len(heads)))


def _number(value: float) -> str:
    """A number, or nothing where there is none."""
    return "" if value != value else f"{value:.3g}"


def _conclude(found: ValidityReport, problem: Path) -> int:
    """Warn of draws that do not belong to the problem any more; the exit code."""
    if found.failed:
        warn(f"the model fails at {found.failed} of {found.draws} draws; they count nowhere")
    if not found.stale:
        return 0
    changed = " and ".join(f"the {part}" for part in found.stale)
    verb = "have" if found.stale != ("model",) else "has"
    warn(f"{changed} {verb} changed since the draws were made; run sd-covid calibrate {problem}")
    return 1
