"""``sd-covid check``: whether a model is computed as it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.run import Model

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.verification import Verification


def command(
    model: Model,
    show: Annotated[
        int, typer.Option("--show", min=0, help="How many variables to show of each check.")
    ] = 10,
    until: Annotated[
        float | None,
        typer.Option("--until", metavar="TIME", help="Run PySD, which is slow, up to this Time only."),
    ] = None,
) -> int:
    """Run a model in PySD beside ours and at half its step, and look for NaN. Exit code 1 when something differs."""
    import sd_covid
    from sd_covid.analysis.verification import ENGINE_TOLERANCE, STEP_TOLERANCE, verify

    simulation = sd_covid.load(model)
    note(f"running {simulation.model.name} in both engines and at half the step")
    found = verify(simulation, until=until)
    if found.second_engine is not None:
        _show(f"Beside PySD (at most {ENGINE_TOLERANCE:g})", found.second_engine, show)
    _show(f"At half the step (stocks at most {STEP_TOLERANCE:g})", found.half_step, show)
    if not found.not_finite.empty:
        rows = [(str(name), f"{time:g}") for name, time in found.not_finite["time"].head(show).items()]
        table("Not finite", ("variable", "from Time"), rows, numbers=(1,))
    return _conclude(found)


def _show(title: str, differences: pd.DataFrame, most: int) -> None:
    """Print the variables that differ most."""
    largest = differences.sort_values("difference", ascending=False, kind="stable").head(most)
    rows = [
        (str(name), f"{difference:.3g}", f"{time:g}")
        for name, difference, time in zip(largest.index, largest["difference"], largest["time"], strict=True)
    ]
    headers = ("variable", "largest difference, as a share of its largest value", "at Time")
    table(f"{title}: {len(differences)} variables", headers, rows, numbers=(1, 2))


def _conclude(found: Verification) -> int:
    """Print what failed; the exit code."""
    if found.left_out:
        warn(found.left_out)
    for check, variables in found.failed.items():
        more = f" and {len(variables) - 3} more" if len(variables) > 3 else ""
        say(f"failed: {check}: {', '.join(variables[:3])}{more}")
    say(f"{found.model}: {'passed' if found.passed else 'not passed'}")
    return 0 if found.passed else 1
