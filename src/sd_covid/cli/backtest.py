"""``sd-covid backtest``: every series forecast from earlier months, beside forecasts from its own past."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.calibrate import STAGES, Problem, Seed
from sd_covid.cli.console import note, table
from sd_covid.cli.progress import stages
from sd_covid.cli.results import NUMBER, refuse_suffix
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing, write_whole

if TYPE_CHECKING:
    import pandas as pd

_HEADS = ("series", "beat both", "error ratio", "in 50 %", "in 90 %", "CRPS ratio")


def command(
    problem: Problem,
    origins: Annotated[
        list[str] | None,
        typer.Option(
            "--origin", metavar="MONTH", help="Last month known; may be repeated.  [default: the problem's]"
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all-methods", help="Also ETS and ARIMA: a second or more for each series.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.csv", help="Write every forecast.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the scores of every series.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Forecast every series from earlier months; set errors and coverage beside last value and seasonal naive."""
    refuse_suffix(output, ".csv")
    from sd_covid.calibration.forecasts.benchmarks import METHODS
    from sd_covid.calibration.validity.backtest import SIMPLE, backtest, by_series, summary
    from sd_covid.calibration.workflow import load_predictor

    months = [_month(text) for text in origins or ()]
    with stages(STAGES | {"backtest": "forecasting from earlier months"}) as step:
        predictor = load_predictor(problem, seed=seed, progress=step)
        found = backtest(
            predictor,
            months or [_month(text) for text in predictor.problem.extension.origins],
            methods=tuple(METHODS) if every else SIMPLE,
            progress=lambda done, total: step("backtest", done, total),
        )
    scores = by_series(found)
    _show("By origin", summary(scores, ["by", "origin"]))
    _show("By frequency", summary(scores, ["by", "frequency"]))
    near = found["ahead"] <= 12
    for title, part in (("Up to a year ahead", found[near]), ("Further ahead", found[~near])):
        if len(part):
            _show(title, summary(by_series(part), ["by"]))
    if output is not None:
        with replacing(output) as temporary:
            found.to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
        note(f"wrote {output}")
    if out is not None:
        rows = json.loads(scores.reset_index().to_json(orient="records", double_precision=15))
        write_whole(out, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        note(f"wrote {out}")


def _month(text: str) -> str:
    """A month as written, once it is one."""
    import re

    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) is None:
        raise RunError(f"'{text}' is not a month", advice="write --origin 2020-12")
    return text


def _show(title: str, found: pd.DataFrame) -> None:
    """Print a table of groups."""
    names = [str(name) for name in found.index.names]
    rows = []
    for key, row in zip(found.index, found.to_numpy().tolist(), strict=True):
        count, beats, ratio, half, most, spread = row
        labels = key if isinstance(key, tuple) else (key,)
        shares = (f"{beats:.0%}", f"{ratio:.2f}", f"{half:.0%}", f"{most:.0%}", f"{spread:.2f}")
        rows.append((*labels, f"{count:.0f}", *shares))
    table(title, (*names, *_HEADS), rows, numbers=range(len(names), len(names) + len(_HEADS)))
