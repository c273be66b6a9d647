"""``sd-covid profile``: how far parameters can move before the others can no longer make up for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import Problem
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.progress import stages
from sd_covid.cli.results import NUMBER, refuse_figure, refuse_suffix
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.calibration.fitting.profile import Kind, Profile


def command(
    problem: Problem,
    names: Annotated[list[str], typer.Argument(metavar="PARAMETER…", help="Ids of estimated parameters.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.csv", help="Also write every point.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="OUT.svg", help="Also draw it: .png, .svg or .pdf.")
    ] = None,
    alone: Annotated[
        bool,
        typer.Option(
            "--figures-alone", help="Also without any prior; slow where priors hold many directions."
        ),
    ] = False,
) -> None:
    """Profile parameters around the stored best fit: with the priors, and without their own."""
    refuse_suffix(output, ".csv")
    refuse_figure(figure)
    from sd_covid.calibration.questions import profiles

    descriptions = {name: f"profiling {name}" for name in names}
    with stages(descriptions) as step:
        kinds: tuple[Kind, ...] = ("posterior", "others", *(("likelihood",) if alone else ()))
        found, units = profiles(problem, list(dict.fromkeys(names)), kinds=kinds, progress=step)
    _show(found, units)
    if output is not None:
        with replacing(output) as temporary:
            _points(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
        note(f"wrote {output}")
    if figure is not None:
        from sd_covid.report.drawing.profiles import profiles_chart
        from sd_covid.report.words.texts import Texts

        with replacing(figure) as temporary:
            profiles_chart(found, units, Texts("en")).savefig(temporary, dpi=120)
        note(f"wrote {figure}")


_WORDS: dict[Kind, str] = {
    "posterior": "figures and priors",
    "others": "without its own prior",
    "likelihood": "figures alone",
}


def _show(found: list[Profile], units: dict[str, str]) -> None:
    """Print every profile's interval, and say what is not bounded."""
    rows = [
        (
            item.parameter,
            units[item.parameter],
            _WORDS[item.kind],
            *("" if value is None else f"{value:.4g}" for value in (item.low, item.best, item.high)),
            f"{item.reach[0]:.4g} to {item.reach[1]:.4g}",
            str(len(item.values)),
        )
        for item in found
    ]
    heads = ("parameter", "unit", "density", "95 % from", "best", "to", "looked between", "points")
    table("Profiles", heads, rows, numbers=(3, 4, 5, 7))
    for item in found:
        say(f"{item.parameter}: {item.verdict}")
        if item.better and item.kind == "posterior":
            warn(
                f"{item.parameter} = {item.best:.6g} fits better by {item.better:.3g} than the stored fit: "
                "calibrate again with more --starts"
            )
        if item.failed:
            values = ", ".join(f"{value:.4g}" for value in item.failed)
            warn(f"{item.parameter}: the model fails at {values}")


def _points(found: list[Profile]) -> pd.DataFrame:
    """Every point of every profile."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {"parameter": item.parameter, "density": item.kind, "value": item.values, "drop": item.drops}
        )
        for item in found
    ]
    return pd.concat(parts, ignore_index=True)
