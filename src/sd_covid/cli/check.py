"""``sd-covid check``: whether a model means and computes what is written in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.output import replacing
from sd_covid.cli.run import Model

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.step_size import StepSize
    from sd_covid.analysis.verification import Verification
    from sd_covid.model.units_report import UnitsReport


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
) -> int:
    """Check units and step size, run a model in PySD beside ours, look for NaN. Exit code 1 when a check fails."""
    import sd_covid
    from sd_covid.analysis.verification import ENGINE_TOLERANCE, verify

    simulation = sd_covid.load(model)
    engines = "in both engines" if pysd else "in our engine"
    note(f"checking {simulation.model.name}: units, a run {engines}, one at half the step")
    found = verify(simulation, until=until, second_engine=pysd)
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
    if out is not None:
        with replacing(out) as temporary:
            temporary.write_text(json.dumps(found.as_data(), indent=1, ensure_ascii=False), encoding="utf-8")
    return _conclude(found)


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


def _conclude(found: Verification) -> int:
    """Print what failed; the exit code."""
    if found.left_out:
        warn(found.left_out)
    for check, variables in found.failed.items():
        more = f" and {len(variables) - 3} more" if len(variables) > 3 else ""
        say(f"failed: {check}: {', '.join(variables[:3])}{more}")
    aside = " (not compared with PySD)" if found.second_engine is None else ""
    say(f"{found.model}: {'passed' if found.passed else 'not passed'}{aside}")
    return 0 if found.passed else 1
