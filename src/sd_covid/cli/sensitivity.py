"""``sd-covid sensitivity``: which inputs the differences between scenarios hang on, or Vensim's batches of draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, table
from sd_covid.cli.output import replacing
from sd_covid.cli.progress import progress
from sd_covid.cli.results import NUMBER, refuse_suffix
from sd_covid.cli.run import Columns, choose_columns
from sd_covid.errors import RunError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sd_covid.analysis.sensitivity import OutcomeSensitivity, Sensitivity

#: Mean, and the bounds of the shares that Vensim's picture of sensitivity shows: 50, 75, 95 and 100 % of the runs.
SPREAD = ("mean", "min", 0.025, 0.125, 0.25, 0.5, 0.75, 0.875, 0.975, "max")


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Such as scenarios/sensitivity.yaml, or a .vsc of Vensim.")
    ],
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="With a .vsc: the model whose constants it draws.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT.csv", help="Also write all indices as a table."),
    ] = None,
    show: Annotated[int, typer.Option("--show", min=1, help="How many factors to show of each outcome.")] = 8,
    columns: Columns = None,
) -> None:
    """Take apart the variance of headline differences (Sobol indices), or run the draws of a .vsc."""
    refuse_suffix(output, ".csv")
    if file.suffix.lower() == ".vsc":
        _draws(file, model, output, columns)
        return
    if model is not None or columns:
        raise RunError("MODEL and --columns go with a .vsc", file=file, advice="the file names the model")
    import sd_covid
    from sd_covid.analysis.sensitivity import analyse, read_plan
    from sd_covid.policy.reading import named_model

    plan = read_plan(file, sd_covid.load(named_model(file)))
    with progress("running the design") as bar:
        found = analyse(plan, bar)
    for outcome in found.outcomes:
        _show(found, outcome, show)
    note(f"{found.runs} runs; {found.kept} of {found.samples} blocks kept, {len(found.failures)} runs failed")
    if output is not None:
        with replacing(output) as temporary:
            as_frame(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")


def _draws(file: Path, model: Path | None, output: Path | None, columns: list[str] | None) -> None:
    """Run what a .vsc draws, and write what the runs together come to at every time."""
    if model is None or output is None or not columns:
        reason = "a .vsc needs a model, --columns and -o"
        raise RunError(
            reason, file=file, advice="write sensitivity FILE.vsc MODEL --columns @FILE.lst -o OUT.csv"
        )
    import sd_covid
    from sd_covid.calibration.vensim_setup import draw, read_design

    simulation = sd_covid.load(model)
    design = read_design(file)
    outputs = choose_columns(simulation, columns, flat=True)
    rows = draw(design, simulation)
    found = simulation.run(rows, outputs, over_members=SPREAD)
    with replacing(output) as temporary:
        spread_frame(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
    note(f"{len(rows)} runs, {found.attrs['failed_members']} failed")


def spread_frame(found: xr.Dataset) -> pd.DataFrame:
    """Statistics over the members of a batch as a table: one row for each time and variable.

    Parameters
    ----------
    found : Dataset
        Variables with dimensions over_members and time.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    names = [str(name) for name in found["over_members"].values]
    frames = []
    for variable, values in found.data_vars.items():
        frame = pd.DataFrame(values.transpose("time", "over_members").values, columns=names)
        frame.insert(0, "variable", str(variable))
        frame.insert(0, "Time", found["time"].values)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def as_frame(found: Sensitivity) -> pd.DataFrame:
    """All indices as a table.

    Parameters
    ----------
    found : Sensitivity

    Returns
    -------
    DataFrame
        One row for each outcome and factor: indices with the half width of their 90 % interval.
    """
    import pandas as pd

    rows = []
    for item in found.outcomes:
        for position, factor in enumerate(found.factors):
            rows.append(
                {
                    "outcome": item.outcome.id,
                    "scenario": item.outcome.scenario,
                    "reference": found.reference,
                    "output": item.outcome.output,
                    "measure": item.outcome.measure,
                    "first_year": item.outcome.years[0],
                    "last_year": item.outcome.years[1],
                    "factor": factor.id,
                    "kind": factor.kind,
                    "first_order": item.indices.first[position],
                    "first_order_half_width": item.indices.first_half_width[position],
                    "total_order": item.indices.total[position],
                    "total_order_half_width": item.indices.total_half_width[position],
                    "blocks": item.indices.blocks,
                }
            )
    return pd.DataFrame(rows)


def _show(found: Sensitivity, item: OutcomeSensitivity, most: int) -> None:
    """Print the factors that matter most for one outcome."""
    low, high = item.spread.interval
    units = item.output.unit_title.en or item.output.units
    title = f"{item.outcome.title.en}: {item.spread.median:.3g} ({low:.3g} to {high:.3g}) {units}"
    rows = [
        (factor.title.en, factor.kind, f"{total:.2f}", f"± {half:.2f}")
        for factor, total, half in found.ranked(item.outcome.id)[:most]
    ]
    table(title, ("depends on", "kind", "total order", "90 %"), rows, numbers=(2, 3))
