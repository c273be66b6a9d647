"""``sd-covid sensitivity``: which inputs the differences between scenarios hang on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, table
from sd_covid.cli.output import replacing
from sd_covid.cli.progress import progress
from sd_covid.cli.results import NUMBER, refuse_suffix

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.sensitivity import OutcomeSensitivity, Sensitivity


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Such as scenarios/sensitivity.yaml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT.csv", help="Also write all indices as a table."),
    ] = None,
    show: Annotated[int, typer.Option("--show", min=1, help="How many factors to show of each outcome.")] = 8,
) -> None:
    """Take apart the variance of the headline differences: Sobol indices of parameters and assumptions."""
    refuse_suffix(output, ".csv")
    import sd_covid
    from sd_covid.analysis.sensitivity_file import model_of, read_plan, run_plan

    plan = read_plan(file, sd_covid.load(model_of(file)))
    with progress("running the design") as bar:
        found = run_plan(plan, bar)
    for outcome in found.outcomes:
        _show(found, outcome, show)
    note(f"{found.runs} runs; {found.kept} of {found.samples} blocks kept, {len(found.failures)} runs failed")
    if output is not None:
        with replacing(output) as temporary:
            as_frame(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")


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
