"""``sd-covid predict``: the published figures, as the stored posterior predicts them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import STAGES, Problem, Seed
from sd_covid.cli.console import note, printable
from sd_covid.cli.progress import Step, stages
from sd_covid.cli.results import NUMBER, refuse_suffix
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.calibration.weigh import StoredFit


def command(
    problem: Problem,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.csv", help="Standard output by default.")
    ] = None,
    mix: Annotated[
        list[Path] | None,
        typer.Option(
            "--with", metavar="VARIANT", help="A variant to mix in; may be repeated. Needs --weights."
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="Of problem and variants: evidence, stacking, equal, or as 0.6,0.4."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Write median and quantiles of every series and period, observed or not, from the stored posterior."""
    refuse_suffix(output, ".csv")
    if (mix is None) != (weights is None):
        raise RunError("--with and --weights belong together", advice="give both, or neither")
    from sd_covid.calibration.forecasts.predict import predict
    from sd_covid.calibration.workflow import load_predictor

    with stages(STAGES | {"predict": "predicting the series"}) as step:
        if mix is None or weights is None:
            figures = predict(
                load_predictor(problem, seed=seed, progress=step),
                lambda done, total: step("predict", done, total),
            )
        else:
            figures = _mixed([problem, *mix], weights, seed, step)
    if output is None:
        sys.stdout.write(printable(figures.to_csv(index=False, float_format=NUMBER, na_rep="nan")))
        return
    with replacing(output) as temporary:
        figures.to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")


def _mixed(problems: list[Path], chosen: str, seed: int, step: Step) -> pd.DataFrame:
    """Predictions of several variants as one, and a line that says by which weights."""
    from sd_covid.calibration.forecasts.mixture import Mixture
    from sd_covid.calibration.forecasts.predict import predict
    from sd_covid.calibration.weigh import read_fit
    from sd_covid.calibration.workflow import load_predictor

    fits = [read_fit(path) for path in problems]
    weights = _weights(fits, chosen)
    predictors = [
        load_predictor(path, simulator=fit.simulator, seed=seed)
        for path, fit in zip(problems, fits, strict=True)
    ]
    mixture = Mixture(predictors, weights, seed=seed)
    told = (
        f"{fit.name} {weight:.3f} ({share} members)"
        for fit, weight, share in zip(fits, weights, mixture.shares, strict=True)
    )
    note(f"weights ({chosen}): {', '.join(told)}")
    return predict(mixture, lambda done, total: step("predict", done, total))


def _weights(fits: list[StoredFit], chosen: str) -> list[float]:
    """The weights that a word or a list of numbers means."""
    from sd_covid.calibration.weigh import leave_one_out, weigh

    if chosen == "equal":
        return [1.0 / len(fits)] * len(fits)
    if chosen in ("evidence", "stacking"):
        found = weigh(fits, [leave_one_out(fit) for fit in fits])
        if chosen == "stacking":
            return list(found.stacking)
        if found.evidence is None:
            advice = "run sd-covid calibrate PROBLEM --identify for each"
            raise RunError("a fit has no evidence to weigh it by", advice=advice)
        return list(found.evidence)
    try:
        return [float(text) for text in chosen.split(",")]
    except ValueError as error:
        reason = f"'{chosen}' are no weights"
        raise RunError(reason, advice="write evidence, stacking, equal, or numbers as 0.6,0.4") from error
