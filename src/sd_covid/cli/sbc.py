"""``sd-covid sbc`` and ``sd-covid recover``: fits to figures drawn from the model itself, whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.calibration.samplers.methods import DEFAULT, Method
from sd_covid.cli.calibrate import Problem, Seed
from sd_covid.cli.console import note, say, table, warn
from sd_covid.cli.progress import progress
from sd_covid.cli.results import refuse_figure, refuse_suffix
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    from sd_covid.calibration.sbc.study import Bench, Study
    from sd_covid.calibration.sbc.verdict import RankRow, Verdict


Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE.json", help="Keep truths and ranks, one by one."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the replicates that are in FILE.json.")]
Figure = Annotated[
    Path | None, typer.Option("--figure", metavar="OUT.svg", help="Also draw the ranks: .png, .svg or .pdf.")
]
Starts = Annotated[int, typer.Option("--starts", min=1, help="Starts of each fit.")]
Sampler = Annotated[
    Method,
    typer.Option("--method", help="Sampler: chains in one batch, one by one, or particles from the prior."),
]
Tune = Annotated[int | None, typer.Option("--tune", min=1, help="Warm-up draws a chain.")]
Draws = Annotated[int | None, typer.Option("--draws", min=4, help="Draws a chain.")]
Chains = Annotated[int | None, typer.Option("--chains", min=2, help="Chains.")]


def command(
    problem: Problem,
    replicates: Annotated[
        int, typer.Option("--replicates", "-n", min=1, help="Truths drawn from the prior.")
    ] = 200,
    output: Output = None,
    resume: Resume = False,
    figure: Figure = None,
    starts: Starts = 3,
    method: Sampler = DEFAULT,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
    seed: Seed = 0,
) -> int:
    """Rank truths drawn from the prior among draws fitted to their figures. Exit code 1 when ranks are not uniform."""
    _refuse(output, figure, resume=resume)
    from sd_covid.calibration.sbc.study import Bench
    from sd_covid.calibration.sbc.verdict import verdict

    sampler = partial(Bench, method=method, chains=chains, draws=draws, tune=tune)
    bench = sampler(problem, "prior", starts=starts, seed=seed)
    study = _made(bench, replicates, output, resume=resume, what="fitting known truths")
    found = verdict(study)
    _finish(study, found, output, figure)
    _show(found.rows)
    _tell(found)
    if not found.sound:
        lost = found.replicates - found.converged
        say(
            f"nothing can be concluded: {lost} of {found.replicates} replicates have no chains that converged"
        )
        return 1
    if not found.uniform:
        names = ", ".join(row.id for row in found.rows if not row.uniform)
        say(f"ranks are not uniform: {names}")
        return 1
    say(f"ranks are uniform, at a level of {found.level:.0%} over all {len(found.rows)} parameters together")
    return 0


def recover(
    problem: Problem,
    truths: Annotated[int, typer.Option("--truths", "-n", min=1, help="Truths, from the stored draws.")] = 5,
    output: Output = None,
    resume: Resume = False,
    figure: Figure = None,
    starts: Starts = 20,
    method: Sampler = DEFAULT,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
    seed: Seed = 0,
) -> int:
    """Fit figures drawn at stored draws, and count how often 90 % intervals hold the truth. Exit code 1 if not."""
    _refuse(output, figure, resume=resume)
    from sd_covid.calibration.sbc.study import Bench
    from sd_covid.calibration.sbc.verdict import RECOVERED, verdict

    sampler = partial(Bench, method=method, chains=chains, draws=draws, tune=tune)
    bench = sampler(problem, "posterior", starts=starts, seed=seed)
    study = _made(bench, truths, output, resume=resume, what="recovering known truths")
    found = verdict(study)
    _finish(study, found, output, figure)
    _show_truths(study)
    _tell(found)
    if found.converged < found.replicates:
        say(
            f"not converged: {found.replicates - found.converged} of {found.replicates} truths; try more --draws"
        )
        return 1
    low, high = RECOVERED
    said = "are recovered" if found.recovered else "are not recovered"
    say(f"known truths {said}: {found.coverage_90:.1%} in 90 % intervals, expected {low:.0%} to {high:.0%}")
    return 0 if found.recovered else 1


def _refuse(output: Path | None, figure: Path | None, *, resume: bool) -> None:
    """Refuse names and options that cannot be used, before the work starts."""
    refuse_suffix(output, ".json")
    refuse_figure(figure)
    if resume and output is None:
        raise RunError("--resume goes on with a file of ranks", advice="name it with -o FILE.json")


def _made(bench: Bench, count: int, output: Path | None, *, resume: bool, what: str) -> Study:
    """The study with so many replicates, each kept in the file as it is made."""
    from sd_covid.calibration.sbc.file import resumed, write_study
    from sd_covid.engine.run.kernel import thread_count

    study = bench.empty
    if resume and output is not None:
        study = resumed(study, output)
        note(f"{min(count, len(study.replicates))} of {count} replicates come from {output}")
    done = {item.number for item in study.replicates}
    try:
        with progress(what) as step:
            for item in bench.replicates(count, done=done, threads=thread_count(), progress=step):
                study = study.adding(item)
                if output is not None:
                    write_study(study, None, output)
    except KeyboardInterrupt:
        if output is not None:
            note(
                f"{len(study.replicates)} replicates are in {output}; the same command with --resume goes on"
            )
        raise
    return study


def _finish(study: Study, found: Verdict, output: Path | None, figure: Path | None) -> None:
    """Put what the ranks say into the file, and draw them."""
    from sd_covid.calibration.sbc.file import write_study

    if output is not None:
        write_study(study, found, output)
        note(f"wrote {output}")
    if figure is not None:
        from sd_covid.report.drawing.ranks import ranks_chart
        from sd_covid.report.words.texts import Texts

        with replacing(figure) as temporary:
            ranks_chart(study, found, Texts("en")).savefig(temporary, dpi=120)
        note(f"wrote {figure}")


def _show(rows: Sequence[RankRow]) -> None:
    """Print the ranks of every parameter."""
    heads = ("parameter", "probability", "mean rank", "in 50 %", "in 90 %")
    cells = [
        (
            row.id + ("" if row.uniform else " (not uniform)"),
            f"{row.probability:.3g}",
            *(f"{value:.2f}" for value in (row.mean, row.coverage_50, row.coverage_90)),
        )
        for row in rows
    ]
    table("Ranks: probability that uniform ones stray as far", heads, cells, numbers=range(1, 5))


def _show_truths(study: Study) -> None:
    """Print for every truth whether its chains converged and how many parameters their 90 % intervals hold."""
    heads = ("truth", "R-hat", "ESS", "diverged", "in 90 %", "of", "minutes")
    rows = []
    for item in study.replicates:
        inside, informed = study.held(item)
        worst = (f"{item.r_hat:.3f}", f"{item.ess:.0f}", str(item.divergences))
        rows.append((str(item.number + 1), *worst, str(inside), str(informed), f"{item.seconds / 60:.1f}"))
    table("Truths, and the parameters that a figure depends on", heads, rows, numbers=range(7))


def _tell(found: Verdict) -> None:
    """What else is to be known of the replicates."""
    for reason, count in found.faults.items():
        warn(f"{count} of {found.replicates} replicates have no draws: {reason}")
    short = found.ranked - found.converged
    if short:
        warn(f"chains of {short} of {found.replicates} replicates did not converge; their ranks count")
    if found.failed_draws:
        note(f"{found.failed_draws} draws of the prior were passed over, as the model fails there")
    if found.ranked:
        error = "" if found.error_90 != found.error_90 else f" (standard error {found.error_90:.1%})"
        say(
            f"coverage over all parameters that a figure depends on: {found.coverage_50:.1%} of 50 %, "
            f"{found.coverage_90:.1%} of 90 %{error}"
        )
