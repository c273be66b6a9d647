"""``sd-covid fits``: stored fits of variants, or of parts and the whole, side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    from sd_covid.calibration.shared import Interval, Marginals, Shared
    from sd_covid.calibration.weigh import Loo, StoredFit, Weights

Problems = Annotated[
    list[Path], typer.Argument(metavar="PROBLEM…", help="A problem, and variants or parts of it.")
]


def command(
    problems: Problems,
    only_shared: Annotated[
        bool,
        typer.Option(
            "--shared", help="Only the parameters that they share; what has no stored draws is fitted here."
        ),
    ] = False,
    starts: Annotated[int, typer.Option("--starts", min=1, help="Starts of a fit that --shared makes.")] = 4,
    seed: Seed = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write everything found here.")
    ] = None,
) -> None:
    """Set fits side by side: evidence, left-out figures, weights, and the parameters that they share."""
    if len(problems) < 2:
        raise RunError("one fit is no comparison", advice="give a problem and a variant of it")
    found, weighed = (_marginals(problems, starts, seed), None) if only_shared else _stored(problems)
    pairs = [(found[0], other) for other in found[1:]]
    told = [_show_shared(one, other) for one, other in pairs]
    if json_file is not None:
        _write(json_file, weighed, list(zip(pairs, told, strict=True)))


def _marginals(problems: Sequence[Path], starts: int, seed: int) -> list[Marginals]:
    """What each problem says of its parameters, fitted where there are no draws."""
    from sd_covid.calibration.shared import marginals
    from sd_covid.engine.run.kernel import thread_count

    with stages({}) as step:

        def tell(name: str, done: int, total: int) -> None:
            step(f"fitting {name}, which has no stored draws", done, total)

        return [
            marginals(path, starts=starts, seed=seed, threads=thread_count(), progress=tell)
            for path in problems
        ]


def _stored(problems: Sequence[Path]) -> tuple[list[Marginals], list[dict[str, Any]] | None]:
    """What stored fits say of their parameters, after showing their weights where they rest on the same figures."""
    from sd_covid.calibration.shared import of_draws
    from sd_covid.calibration.weigh import leave_one_out, read_fit, same_figures, weigh

    fits = [read_fit(path) for path in problems]
    weighed = None
    reason = same_figures(fits)
    if reason:
        note(reason)
    else:
        with stages({fit.name: f"leaving out figures of {fit.name}" for fit in fits}) as step:
            left_out = [leave_one_out(fit, step) for fit in fits]
        weighed = weight_rows(fits, left_out, weigh(fits, left_out))
        show_weights(weighed)
    return [of_draws(fit) for fit in fits], weighed


def weight_rows(fits: Sequence[StoredFit], left_out: Sequence[Loo], weights: Weights) -> list[dict[str, Any]]:
    """Evidence, expected log density and weights of variants, a row each."""
    return [
        {
            "variant": fit.name,
            "converged": fit.report.converged,
            "log_posterior": fit.log_posterior,
            "log_evidence": fit.log_evidence,
            "evidence_weight": math.nan if weights.evidence is None else weights.evidence[index],
            "left_out": item.total,
            "left_out_error": item.error,
            "left_out_bad": item.bad,
            "stacking_weight": weights.stacking[index],
        }
        for index, (fit, item) in enumerate(zip(fits, left_out, strict=True))
    ]


def show_weights(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows of `weight_rows`, and what cannot be trusted in them."""
    heads = {
        "log_posterior": ("log posterior", ".2f"),
        "log_evidence": ("log evidence", ".2f"),
        "evidence_weight": ("weight", ".3f"),
        "left_out": ("left-out log density", ".2f"),
        "left_out_error": ("s.e.", ".2f"),
        "left_out_bad": ("k > 0.7", "d"),
        "stacking_weight": ("stacking weight", ".3f"),
    }

    def cell(value: float, form: str) -> str:
        return "" if math.isnan(value) else format(value, form)

    cells = [(row["variant"], *(cell(row[name], form) for name, (_, form) in heads.items())) for row in rows]
    titles = ("variant", *(title for title, _ in heads.values()))
    title = "Variants: best fit, evidence by Laplace, left-out figures by PSIS-LOO"
    table(title, titles, cells, numbers=range(1, len(titles)))
    for row in rows:
        if not row["converged"]:
            warn(f"the draws of {row['variant']} have not converged")
    if any(math.isnan(row["log_evidence"]) for row in rows):
        warn("a fit has no evidence; 'sd-covid calibrate PROBLEM --identify' looks for it")
    if any(row["left_out_bad"] for row in rows):
        warn("figures with k above 0.7 weigh so much that leaving them out is only roughly known")


def _show_shared(one: Marginals, other: Marginals) -> tuple[Shared, ...]:
    """Print the parameters of two fits, and say where they disagree."""
    from sd_covid.calibration.shared import shared

    def cells(found: Interval) -> tuple[str, ...]:
        return tuple(f"{value:.4g}" for value in (found.median, found.low, found.high))

    found = shared(one, other)
    rows = [
        (item.id, item.unit, *cells(item.one), *cells(item.other), f"{item.shift:+.2f}", item.verdict)
        for item in found
    ]
    heads = ("parameter", "unit", "median", "5 %", "95 %", "median", "5 %", "95 %", "shift", "")
    title = f"Shared parameters: {one.name} ({one.source}), then {other.name} ({other.source})"
    table(title, heads, rows, numbers=range(2, 9))
    agree = sum(item.verdict == "agree" for item in found)
    line = f"{agree} of {len(found)} shared parameters of {one.name} and {other.name} agree"
    for verdict, words in (("overlap", "intervals overlap, no median in them"), ("apart", "apart")):
        names = [item.id for item in found if item.verdict == verdict]
        line += f"; {words}: {', '.join(names)}" if names else ""
    say(line)
    return found


def _write(
    file: Path,
    weighed: list[dict[str, Any]] | None,
    pairs: list[tuple[tuple[Marginals, Marginals], tuple[Shared, ...]]],
) -> None:
    """Everything that was shown, for a program to read."""
    from sd_covid.calibration.results import plain

    content = {
        "variants": weighed,
        "shared": [
            {
                "one": {"name": one.name, "source": one.source},
                "other": {"name": other.name, "source": other.source},
                "parameters": [
                    asdict(item) | {"shift": item.shift, "verdict": item.verdict} for item in found
                ],
            }
            for (one, other), found in pairs
        ],
    }
    told = json.dumps(plain(content), indent=1, allow_nan=False, ensure_ascii=False)
    write_whole(file, told + "\n")
    note(f"wrote {file}")
