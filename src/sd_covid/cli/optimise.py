"""``sd-covid optimise``: packages that no other package beats, within budgets and over draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import INTERRUPTED, as_typed, note, say, table, warn
from sd_covid.cli.language import Language, asked, by_language
from sd_covid.cli.progress import stages
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    from sd_covid.analysis.optimisation.optimise import Optimised, Shown
    from sd_covid.report.finding.statement import Finding
    from sd_covid.report.words.texts import Texts

_STAGES = {
    "search": "searching packages",
    "own budgets": "each scenario at its own cost",
    "fresh": "looking again on fresh draws",
}
_NOTHING = 1  # exit code: the search ran, and no package keeps the limits


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Such as scenarios/optimise.yaml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="The findings: .html, .xlsx, .json or .csv."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FOLDER", help="Also write each package shown as a scenario file."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", metavar="FILE", help="Keep what was evaluated; a search that was stopped goes on."
        ),
    ] = None,
    language: Annotated[
        list[Language] | None,
        typer.Option("--language", "-l", help="Given twice: both, the second as OUT-en.  [default: nl]"),
    ] = None,
) -> None:
    """Search for the packages within a budget that no other package beats; Ctrl-C ends it with the front so far."""
    import sd_covid
    from sd_covid.analysis.optimisation.export import refuse_folder
    from sd_covid.analysis.optimisation.optimise import optimise
    from sd_covid.analysis.optimisation.plan_file import read_plan
    from sd_covid.policy.reading import named_model
    from sd_covid.report.finding.files import refuse_format, write_findings
    from sd_covid.report.optimised.findings import findings, provenance
    from sd_covid.report.words.texts import Texts

    if output is not None:
        refuse_format(output)
    plan = read_plan(file, sd_covid.load(named_model(file)))
    if write is not None:
        refuse_folder(write, plan.base)
    with stages(_STAGES) as step:
        found = optimise(plan, journal=journal, tell=step)
    languages = asked(language)
    first = Texts(languages[0].value)
    _tell(found, findings(found, first), first)
    if write is not None:
        _write(found, write)
    for path, one in () if output is None else by_language(output, languages):
        texts = Texts(one.value)
        written = write_findings(
            findings(found, texts),
            path,
            texts,
            title=texts.of(plan.title),
            subtitle=texts("optimised.subtitle", base=texts.of(plan.base.title)),
            provenance=provenance(found, as_typed(), texts),
        )
        for item in written:
            say(str(item))
    if found.interrupted:
        on = "the same command goes on" if journal is not None else "with --journal it could be gone on with"
        note(f"the search was stopped: this is what was found until then; {on}")
        raise typer.Exit(INTERRUPTED)
    if not found.shown:
        raise typer.Exit(_NOTHING)


def _tell(found: Optimised, made: list[Finding], texts: Texts) -> None:
    """Print the packages and the scenarios at their own cost, and how the search went."""
    from sd_covid.report.optimised.words import package_name
    from sd_covid.report.words.wording import Numbers

    numbers = Numbers(texts.language)
    heads = [texts("optimised.column.package"), *(texts.of(item.title) for item in found.plan.objectives)]
    rows = [
        (package_name(item, texts), *(numbers.plain(float(value), 3) for value in item.fresh))
        for item in [*found.shown, *(rival.scenario for rival in found.rivals)]
    ]
    table(texts("optimised.front.title"), heads, rows, numbers=range(1, len(heads)))
    rivals = next((item for item in made if item.id == "own-cost"), None)
    if rivals is not None:
        head, verdict, *_ = rivals.table.columns
        told = [
            (str(name), str(why)) for name, why in zip(rivals.table[head], rivals.table[verdict], strict=True)
        ]
        table(rivals.title, (str(head), str(verdict)), told)
    for words in made[0].sentences:
        say(words)
    if found.failed:
        warn(f"{found.failed} packages had a run that failed, and are left out")
    lost = sum(item.failed for item in found.shown)
    if lost:
        warn(f"{lost} runs of the packages shown failed on fresh draws, and are left out")
    note(f"{found.runs} runs; {len(found.found.points)} packages, {len(found.found.front)} on the front")


def _write(found: Optimised, folder: Path) -> None:
    """Write each package as a scenario file."""
    written: list[Shown] = [
        *found.shown,
        *(item.package for item in found.rivals if item.package is not None),
    ]
    for item in written:
        path = folder / f"{item.scenario.id}.yaml"
        write_whole(path, _text(found, item))
        note(f"wrote {path}")


def _text(found: Optimised, item: Shown) -> str:
    """A package as a scenario file, with a title and what it is in both languages."""
    from sd_covid.analysis.optimisation.export import scenario_text
    from sd_covid.data.text import Text
    from sd_covid.report.optimised.words import found_title
    from sd_covid.report.words.texts import Texts

    both = [Texts(language) for language in ("nl", "en")]
    base = found.plan.base
    rationale = [
        texts("optimised.written.rationale", file=found.plan.file.name, base=texts.of(base.title))
        for texts in both
    ]
    titles = [found_title(item, found, texts) for texts in both]
    return scenario_text(dict(item.levers), base, Text(*titles), Text(*rationale))
