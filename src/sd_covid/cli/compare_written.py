"""How ``sd-covid compare`` writes: the page, its print, the workbook of its numbers, and tables for other programs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.cli.language import Language, by_language
from sd_covid.cli.results import refuse_suffix
from sd_covid.errors import RunError
from sd_covid.study_folder import is_there
from sd_covid.whole_files import folder_beside, replacing, write_whole

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.sensitivity import Sensitivity
    from sd_covid.cli.compare_run import Compared, Inputs
    from sd_covid.engine.run.helper import Helper
    from sd_covid.policy.appraisal.assessment import Assessment
    from sd_covid.report import Background
    from sd_covid.report.comparison.inputs import Later, Looked
    from sd_covid.report.comparison.sections import Level

#: Scenarios from which on another process draws: to start it takes as long as a few charts do.
_MANY = 4
#: Forms of the report.
FORMS = (".html", ".pdf", ".xlsx")


def refuse_forms(outputs: Sequence[Path]) -> None:
    """Refuse names that say no form of the report, or that say the same twice, before any work is done.

    Raises
    ------
    RunError
        Also where a PDF is asked and no browser is there to print it.
    """
    for path in outputs:
        if path.suffix.lower() not in FORMS:
            advice = f"use {', '.join(FORMS[:-1])} or {FORMS[-1]}"
            raise RunError(f"the report is no '{path.suffix}' file", file=path, advice=advice)
        refuse_suffix(path, path.suffix.lower())
    twice = next((path for path in outputs if outputs.count(path) > 1), None)
    if twice is not None:
        raise RunError("is written twice", file=twice, advice="give each name once")
    if any(path.suffix.lower() == ".pdf" for path in outputs):
        from sd_covid.report.printed import find_browser

        find_browser()


def write(
    inputs: Inputs,
    compared: Compared,
    found: Sensitivity | None,
    looked: Later[Looked],
    known: Background,
    outputs: Sequence[Path],
    languages: Sequence[Language],
    level: Level,
) -> list[Path]:
    """Write the report in each form and language; the first language has the names asked for.

    Parameters
    ----------
    inputs : Inputs
    compared : Compared
    found : Sensitivity or None
    looked : callable
        Looks further once the charts over time are begun.
    known : Background
    outputs : sequence of Path
        One a form.
    languages : sequence of Language
    level : Level

    Returns
    -------
    list of Path
        What was written, the first that was asked for before the rest.
    """
    from sd_covid.calibration.results import read_report
    from sd_covid.calibration.workflow import report_file
    from sd_covid.report import write_report
    from sd_covid.report.drawing.draw import publish

    fit = report_file(inputs.problem)
    fitted = read_report(fit) if is_there(fit) else None
    frames = raw_tables(compared) if any(path.suffix.lower() == ".xlsx" for path in outputs) else {}
    written: list[Path] = []
    with folder_beside(outputs[0]) as aside, _helper(compared) as helper:
        for forms in zip(*(by_language(path, languages) for path in outputs), strict=True):
            asked, language = [path for path, _ in forms], forms[0][1]
            pages = [path for path in asked if path.suffix.lower() == ".html"]
            first = pages[0] if pages else aside / f"{asked[0].stem}.html"
            for page in (first, *pages[1:]):
                write_report(
                    compared.comparison,
                    fitted,
                    found,
                    page,
                    language.value,
                    background=known,
                    long_run=compared.long_run,
                    assessment=compared.assessment,
                    looked=looked,
                    level=level,
                    helper=helper,
                )
            if not pages:
                publish(first.with_name(f"{first.stem}-figures"), asked[0].with_name(f"{first.stem}-figures"))
            for path in asked:
                _other_form(first, path, frames, language.value)
            written += asked
    return written


def _helper(compared: Compared) -> Helper | nullcontext[None]:
    """Who draws the charts while this process sets the tables; nobody where that would not pay."""
    from sd_covid.engine.run.helper import Helper
    from sd_covid.engine.run.kernel import thread_count

    many = len(compared.comparison.scenarios) >= _MANY
    return Helper() if many and thread_count() > 1 else nullcontext()


def _other_form(page: Path, path: Path, frames: dict[str, pd.DataFrame], language: str) -> None:
    """Make a print or a workbook of the page; a page is there already."""
    suffix = path.suffix.lower()
    if suffix == ".html":
        return
    with replacing(path) as aside:
        if suffix == ".pdf":
            from sd_covid.report.printed import print_page

            print_page(page, aside)
        else:
            from sd_covid.report.comparison.workbook import write_workbook
            from sd_covid.report.words.texts import Texts

            write_workbook(page, frames, aside, Texts(language))


def raw_tables(compared: Compared) -> dict[str, pd.DataFrame]:
    """The results behind the page: differences, courses by year, and what is counted from them."""
    from sd_covid.policy.appraisal.assessment_tables import frames
    from sd_covid.policy.comparison.tables import courses_frame, differences_frame
    from sd_covid.report.comparison.inputs import Background
    from sd_covid.report.comparison.page import told_peak, told_years

    comparison = compared.comparison
    years = comparison.covered(Background().years)
    tables = {
        "raw differences": differences_frame(
            comparison, years, told_peak(comparison), told_years(comparison)
        ),
        "raw courses": courses_frame(comparison),
    }
    counted = {} if compared.assessment is None else frames(compared.assessment)
    return tables | {f"raw {name}": frame for name, frame in counted.items()}


def write_tables(found: Assessment | None, folder: Path) -> None:
    """Write what is counted from a comparison, one CSV a table and all of it as JSON.

    Raises
    ------
    RunError
        When nothing is counted, or a file cannot be written.
    """
    from sd_covid.policy.appraisal.assessment_tables import as_json, frames

    if found is None:
        raise RunError("the study names no effects", advice="write scenarios/benefits.yaml")
    texts = {f"{name}.csv": frame.to_csv(index=False, na_rep="") for name, frame in frames(found).items()}
    for name, text in {**texts, "assessment.json": as_json(found)}.items():
        write_whole(folder / name, text)


def background(inputs: Inputs) -> Background:
    """What the report shows beside the runs: figures, their registry, and whether the fit still holds."""
    from sd_covid.calibration.workflow import check_stored
    from sd_covid.data import read_registry
    from sd_covid.report import Background, observed_series, read_glossary
    from sd_covid.report.passport.record import read_record, record_file

    folder, provenance = inputs.problem.folder, inputs.posterior.provenance
    passport = read_record(record_file(inputs.simulation))
    evidence = inputs.folder / "models" / "evidence.csv"
    return Background(
        observed=observed_series(inputs.problem, provenance["best"]),
        registry=read_registry(folder / "series"),
        passport=passport,
        passport_holds=passport is not None and passport.is_of(inputs.simulation),
        glossary=read_glossary(folder / "titles.yaml", evidence, provenance["constants"]),
        check=check_stored(inputs.problem.path, simulator=inputs.simulation),
        command=shlex.join(["sd-covid", *sys.argv[1:]]),
        judgement=provenance.get("judgement"),
    )
