"""``sd-covid check``: whether a model means and computes what is written in it; its model passport."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sd_covid.cli.check_loop import show_loop
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.language import Language, asked, by_language
from sd_covid.cli.run import Model
from sd_covid.errors import RunError
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.passport.light import Passport
    from sd_covid.analysis.step_size import StepSize
    from sd_covid.analysis.verification import Verification
    from sd_covid.engine.simulation import Simulation
    from sd_covid.model.units.report import UnitsReport


def command(
    model: Model,
    show: Annotated[
        int, typer.Option("--show", min=0, help="How many variables or findings to show of each check.")
    ] = 10,
    until: Annotated[
        float | None,
        typer.Option("--until", metavar="TIME", help="Run PySD, which is slow, up to this Time only."),
    ] = None,
    pysd: Annotated[
        bool, typer.Option("--pysd/--no-pysd", help="Whether to run the model in PySD too.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything found to this file.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the model passport as a page.")
    ] = None,
    language: Annotated[
        list[Language] | None,
        typer.Option(
            "--language", "-l", help="Of the page; given twice: both, the second as FILE-en.  [default: nl]"
        ),
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the lights in calibration/, where reports take them from.")
    ] = False,
    loop: Annotated[
        str, typer.Option("--loop", metavar="ID", help="Only show one named loop: its path and its gain.")
    ] = "",
) -> int:
    """Test a model and show its passport: units, step, PySD, and what it declares. Exit code 1 when a test fails."""
    import sd_covid

    _refuse(page, loop, save=save)
    simulation = sd_covid.load(model)
    if loop:
        return show_loop(simulation, loop, out)
    kept = _record_file(simulation) if save else None
    found, passport = _make(simulation, until, pysd=pysd)
    _show_found(found, show)
    _show_passport(passport, show)
    if out is not None:
        _write_data(found, passport, out)
    if kept is not None:
        _keep(passport, simulation, kept)
    if page is not None:
        _write_pages(passport, page, asked(language), model)
    return _conclude(found, passport)


def _refuse(page: Path | None, loop: str, *, save: bool) -> None:
    """Refuse options that do not go together, before anything takes time."""
    if page is not None and page.suffix.lower() not in (".html", ".htm"):
        raise RunError("a passport is written as HTML", advice="choose a name that ends in .html", file=page)
    if loop and save:
        raise RunError("--loop shows one loop, which is no passport", advice="leave out --loop or --save")
    if loop and page is not None:
        raise RunError(
            "--loop shows one loop, which has no page", advice="leave out --loop or --html", file=page
        )


def _make(simulation: Simulation, until: float | None, *, pysd: bool) -> tuple[Verification, Passport]:
    """Say what is about to be done, and do it."""
    from sd_covid.analysis.passport.assemble import make_passport

    name, engines = simulation.model.name, "in both engines" if pysd else "in our engine"
    note(f"checking {name}: units, a run {engines}, at half the step and by RK4; what it declares")
    return make_passport(simulation, until=until, second_engine=pysd, progress=note)


def _record_file(simulation: Simulation) -> Path:
    """Where the lights are kept; refused before anything takes time."""
    from sd_covid.report.passport.record import record_file

    return record_file(simulation)


def _keep(passport: Passport, simulation: Simulation, kept: Path) -> None:
    """Keep the lights of a passport with the study."""
    from sd_covid.report.passport.record import record_of, record_text

    write_whole(kept, record_text(record_of(passport, simulation)))
    note(f"wrote {kept}")


def _write_data(found: Verification, passport: Passport, out: Path) -> None:
    """Write everything found, for programs."""
    told = json.dumps(_data(found, passport), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(out, told)


def _data(found: Verification, passport: Passport) -> dict[str, Any]:
    """Everything found, for programs."""
    from sd_covid.report.passport.page import passport_data

    told = found.as_data()
    further = {row.test: list(row.failed) for row in passport.failed if row.test not in _OLDER}
    told["passed"] = not passport.failed
    told["failed"] = {**told["failed"], **further}
    told["passport"] = passport_data(passport)
    return told


#: Tests of the passport that stand among the failures under the name of the check that they rest on.
_OLDER = ("units", "integration", "finite", "second engine")


def _write_pages(passport: Passport, page: Path, languages: list[Language], model: Path) -> None:
    """Write the passport in one language, or in two."""
    from sd_covid.report.passport.page import write_passport

    again = shlex.join(["sd-covid", "check", str(model), "--html", page.name])
    for path, language in by_language(page, languages):
        write_passport(passport, path, language.value, f"{again} --language {language.value}")
        note(f"wrote {path}")


def _show_passport(passport: Passport, most: int) -> None:
    """Print the lights, and the figures behind those that are red."""
    from sd_covid.report.passport.page import lines, table_texts

    table("Model passport", ("light", "test", "found"), lines(passport))
    for row in passport.failed:
        for shown in row.tables if row.test not in _OLDER else ():
            caption, headers, cells = table_texts(shown)
            table(caption, headers, cells[:most])


def _show_found(found: Verification, show: int) -> None:
    """Print what units, second engine, step and the look for NaN found."""
    from sd_covid.analysis.verification import ENGINE_TOLERANCE

    _show_units(found.units, show)
    if found.second_engine is not None:
        title = f"Beside PySD (fails above {ENGINE_TOLERANCE:g}): {len(found.second_engine)} variables"
        _show(title, found.second_engine, show)
    if found.step_size is None:
        say(f"step size: not checked, since {found.step_left_out}")
    else:
        _show_step(found.step_size, show)
    if not found.not_finite.empty:
        rows = [(str(name), f"{time:g}") for name, time in found.not_finite["time"].head(show).items()]
        table("Not finite", ("variable", "from Time"), rows, numbers=(1,))


def _show_units(found: UnitsReport, most: int) -> None:
    """Print what the check of units found."""
    if found.findings:
        rows = [
            (
                str(item.severity),
                "" if item.file is None else f"{item.file.name}:{item.line or ''}",
                f"'{item.variable}' {item.reason}" + (f"; {item.advice}" if item.advice else ""),
            )
            for item in found.findings[:most]
        ]
        title = f"Units: {len(found.errors)} errors, {len(found.warnings)} warnings"
        table(title, ("severity", "where", "finding"), rows)
    counts = f"{found.equations} equations, {found.stated} variables with units"
    more = [f"{len(found.inferred)} more from the equations"] if found.inferred else []
    more += [f"{len(found.unknown)} without"] if found.unknown else []
    more += [f"nothing known of {', '.join(found.unchecked)}"] if found.unchecked else []
    say(f"units: {', '.join([counts, *more])}; time in {found.time or 'no stated unit'}")


def _show_step(found: StepSize, most: int) -> None:
    """Print what half the step and another method change."""
    from sd_covid.analysis.step_size import HEADLINE_TOLERANCE, STOCK_TOLERANCE, WARNING_TOLERANCE
    from sd_covid.model.structure import Method

    rules = f"stocks fail above {STOCK_TOLERANCE:.0%} and are named above {WARNING_TOLERANCE:.1%}"
    if found.half["headline"].any():
        rules = f"headlines fail above {HEADLINE_TOLERANCE:.1%}, other {rules}"
    judged = found.half[found.half["stock"] | found.half["headline"]]
    _show(f"At half the step, {found.step / 2:g} ({rules})", judged, most, "headline")
    for name, other in (("half the step", found.half), ("RK4", found.runge_kutta)):
        largest = None if other is None else found.largest(other)
        if largest is not None:
            stock, share, time = largest
            say(f"step size: by {name}, '{stock}' moves most of all stocks: {share:.2%} at Time {time:g}")
    if found.method is Method.EULER and found.runge_kutta is None:
        say("step size: not compared with RK4, which this model cannot be run by")
    moved = found.half["difference"]
    for name in sorted(found.warned, key=lambda name: -float(moved[name]))[:most]:
        warn(f"stock '{name}' moves {float(moved[name]):.2%} at half the step")


def _show(title: str, differences: pd.DataFrame, most: int, marked: str = "") -> None:
    """Print the variables that differ most; first those of which a column says so, with its mark."""
    order = [*([marked] if marked else []), "difference"]
    largest = differences.sort_values(order, ascending=False, kind="stable").head(most)
    rows = [
        (str(name), f"{row['difference']:.3g}", f"{row['time']:g}")
        + ((marked if row[marked] else "",) if marked else ())
        for name, row in largest.iterrows()
    ]
    headers = ["variable", "largest difference, as a share of its largest value", "at Time"]
    table(title, headers + ([""] if marked else []), rows, numbers=(1, 2))


def _conclude(found: Verification, passport: Passport) -> int:
    """Print what failed; the exit code."""
    if found.left_out:
        warn(found.left_out)
    failed = dict(found.failed) | {
        row.test: list(row.failed) for row in passport.failed if row.test not in _OLDER
    }
    for check, names in failed.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        say(f"failed: {check}: {', '.join(names[:3])}{more}")
    aside = " (not compared with PySD)" if found.second_engine is None else ""
    say(f"{found.model}: {'not passed' if passport.failed else 'passed'}{aside}")
    return 1 if passport.failed else 0
