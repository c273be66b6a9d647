"""``sd-covid predict``: the published figures, as the stored posterior predicts them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.calibrate import STAGES, Problem, Seed
from sd_covid.cli.output import replacing
from sd_covid.cli.progress import stages
from sd_covid.cli.results import NUMBER, refuse_suffix


def command(
    problem: Problem,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.csv", help="Standard output by default.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Write median and quantiles of every series and period, observed or not, from the stored posterior."""
    refuse_suffix(output, ".csv")
    from sd_covid.calibration.predict import predict
    from sd_covid.calibration.workflow import load_predictor

    with stages(STAGES | {"predict": "predicting the series"}) as step:
        predictor = load_predictor(problem, seed=seed, progress=step)
        figures = predict(predictor, lambda done, total: step("predict", done, total))
    if output is None:
        figures.to_csv(sys.stdout, index=False, float_format=NUMBER, na_rep="nan")
        return
    with replacing(output) as temporary:
        figures.to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
