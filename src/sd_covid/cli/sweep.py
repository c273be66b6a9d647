"""``sd-covid sweep``: scenarios × draws × sets of assumptions, into a Zarr store."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, say, warn
from sd_covid.cli.progress import progress
from sd_covid.cli.results import refuse_suffix
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sd_covid.policy.sweep.crew import Runner


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A sweep, such as scenarios/sweeps/canonical.yaml.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.zarr", help="The store.")],
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Of a Dask scheduler, such as tcp://host:8786: run on its workers."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Run on so many processes of this machine, as on a cluster."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Carry on an interrupted sweep: only what is missing is run.")
    ] = False,
) -> None:
    """Run scenarios × draws × sets of assumptions into a Zarr store, block by block."""
    refuse_suffix(output, ".zarr")
    if scheduler is not None and workers is not None:
        raise RunError("--scheduler and --workers are two ways to do it", advice="give one of the two")
    import sd_covid
    from sd_covid.policy.reading import named_model
    from sd_covid.policy.sweep import read_sweep, run_sweep

    plan = read_sweep(file, sd_covid.load(named_model(file)))
    if resume and not output.exists():
        note(f"{output} is not there yet: the sweep begins")
    try:
        with _runner(scheduler, workers) as runner, progress("running the sweep") as bar:
            outcome = run_sweep(plan, output, resume=resume, runner=runner, progress=bar)
    except KeyboardInterrupt:
        note(f"the blocks that are done are kept in {output}: --resume goes on from there")
        raise
    if outcome.failed:
        warn(
            f"{outcome.failed} of {outcome.runs} runs did not stay finite: see failed_time and failed_output"
        )
    note(f"{outcome.runs} runs in the store, {outcome.calculated} of them new")
    say(str(output))


def _runner(scheduler: str | None, workers: int | None) -> AbstractContextManager[Runner]:
    """What runs the blocks, for as long as it is needed."""
    if scheduler is None and workers is None:
        from sd_covid.policy.sweep.crew import here

        return nullcontext(here)
    if sys.modules.get("dask", sys) is None:  # barred by `sd_covid.cli.main`
        del sys.modules["dask"]
    from sd_covid.policy.sweep.cluster import cluster

    return cluster(scheduler, workers)
