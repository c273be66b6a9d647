"""``sd-covid fits``: stored fits of variants, or of a part and the whole, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.calibration.weigh import Loo, StoredFit, Weights

Problems = Annotated[
    list[Path], typer.Argument(metavar="PROBLEM…", help="Problems and variants that have a stored fit.")
]


def command(problems: Problems) -> None:
    """Set stored fits side by side: evidence, left-out figures, weights, and the parameters that they share."""
    if len(problems) < 2:
        raise RunError("one fit is no comparison", advice="give a problem and a variant of it")
    from sd_covid.calibration.weigh import leave_one_out, read_fit, same_figures, weigh

    fits = [read_fit(path) for path in problems]
    reason = same_figures(fits)
    if reason:
        note(reason)
    else:
        with stages({fit.name: f"leaving out figures of {fit.name}" for fit in fits}) as step:
            left_out = [leave_one_out(fit, step) for fit in fits]
        show_weights(fits, left_out, weigh(fits, left_out))
    for other in fits[1:]:
        _show_shared(fits[0], other)


def show_weights(fits: Sequence[StoredFit], left_out: Sequence[Loo], weights: Weights) -> None:
    """Print evidence, expected log density and weights of variants, and what cannot be trusted in them."""
    rows = []
    for index, (fit, item) in enumerate(zip(fits, left_out, strict=True)):
        evidence = "" if math.isnan(fit.log_evidence) else f"{fit.log_evidence:.2f}"
        by_evidence = "" if weights.evidence is None else f"{weights.evidence[index]:.3f}"
        figures = (f"{item.total:.2f}", f"{item.error:.2f}", str(item.bad))
        rows.append((fit.name, evidence, by_evidence, *figures, f"{weights.stacking[index]:.3f}"))
    heads = (
        "variant",
        "log evidence",
        "weight",
        "left-out log density",
        "s.e.",
        "k > 0.7",
        "stacking weight",
    )
    table("Variants: evidence by Laplace, left-out figures by PSIS-LOO", heads, rows, numbers=range(1, 7))
    if weights.evidence is None:
        warn("a fit has no evidence; 'sd-covid calibrate PROBLEM --identify' looks for it")
    if any(item.bad for item in left_out):
        warn("figures with k above 0.7 weigh so much that leaving them out is only roughly known")


def _show_shared(one: StoredFit, other: StoredFit) -> None:
    """Print the parameters of two fits, and say where they disagree."""
    from sd_covid.calibration.weigh import shared

    found = shared(one, other)
    rows = [
        (
            item.id,
            item.unit,
            *(f"{value:.4g}" for value in (item.one.mean, item.one.low, item.one.high)),
            *(f"{value:.4g}" for value in (item.other.mean, item.other.low, item.other.high)),
            "" if item.agrees else "no",
        )
        for item in found
    ]
    heads = ("parameter", "unit", "mean", "5 %", "95 %", "mean", "5 %", "95 %", "agree")
    table(f"Shared parameters: {one.name}, then {other.name}", heads, rows, numbers=range(2, 8))
    apart = [item.id for item in found if not item.agrees]
    agreed = (
        f"{len(found) - len(apart)} of {len(found)} shared parameters of {one.name} and {other.name} agree"
    )
    say(agreed + (f"; not: {', '.join(apart)}" if apart else ""))
