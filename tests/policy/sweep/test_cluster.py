"""A sweep on a Dask scheduler with two workers, all processes of their own: the bytes of the sweep in one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from distributed import Client

import sd_covid
from sd_covid.errors import RunError
from sd_covid.policy.sweep import run_sweep
from sd_covid.policy.sweep.cluster import cluster
from sd_covid.policy.sweep.store import read_journal
from tests.policy.sweep.conftest import Swept, contents

SWEEP = (
    "scenarios: [actual, none]\noutputs: [rate, noise]\nblock: 8\nseed: 5\nkeep: [course, max]\n"
    "assumptions: {design: lhs, size: 128, seed: 1, ranges: {slope: {low: 1, high: 8, distribution: uniform}}}\n"
)
#: A scheduler asks a worker that is gone for its results until a connection takes too long, by default half a minute.
QUICK = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}
QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical", "DASK_DISTRIBUTED__WORKER__LIFETIME__RESTART": "False"}


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the block."""
    environment = os.environ | QUIET | QUICK | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.Popen(
        [sys.executable, "-m", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Address of a scheduler with two workers that nobody starts again."""
    file = str(tmp_path / "scheduler.json")
    with ExitStack() as stack:
        told = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", file, "--no-dashboard")
        stack.enter_context(process("distributed.cli.dask_scheduler", *told))
        for _ in range(2):
            told = ("--scheduler-file", file, "--nthreads", "1", "--no-nanny", "--no-dashboard")
            stack.enter_context(process("distributed.cli.dask_worker", *told))
        with Client(scheduler_file=file, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            address = str(client.scheduler.address)
        yield address


@pytest.mark.parametrize(
    "statistics",
    ["", "statistics: {of: [0.1, mean], over: runs, differences_from: actual}\n"],
    ids=["runs", "statistics"],
)
def test_a_worker_that_is_killed_midway_changes_no_byte(
    swept: Swept, tmp_path: Path, scheduler: str, statistics: str
) -> None:
    plan, killed = swept(SWEEP + statistics), []
    run_sweep(plan, tmp_path / "here.zarr")
    with Client(scheduler, timeout=60) as client:
        workers = list(client.run(os.getpid).values())

    def kill_one(done: int, total: int) -> None:
        if not killed and done > total // 8:
            killed.append(workers[0])
            os.kill(workers[0], signal.SIGKILL)

    with cluster(scheduler, None) as runner:
        outcome = run_sweep(plan, tmp_path / "there.zarr", runner=runner, progress=kill_one)
    assert [workers[0]] == killed
    assert 256 == outcome.runs
    assert contents(tmp_path / "here.zarr") == contents(tmp_path / "there.zarr")
    with Client(scheduler, timeout=60) as client:
        assert 1 == len(client.nthreads())


def test_a_sweep_may_go_on_elsewhere_and_come_back_when_the_scheduler_is_gone(
    swept: Swept, tmp_path: Path, scheduler: str
) -> None:
    plan = swept(SWEEP)

    def stop(done: int, total: int) -> None:
        if done >= total // 2:
            raise KeyboardInterrupt

    def kill(done: int, total: int) -> None:
        if done >= 3 * total // 4:
            os.kill(process_of_scheduler, signal.SIGKILL)

    run_sweep(plan, tmp_path / "here.zarr")
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, tmp_path / "there.zarr", progress=stop)
    with Client(scheduler, timeout=60) as client:
        process_of_scheduler = client.run_on_scheduler(os.getpid)
    told = "the scheduler no longer answers; start it anew, or leave it out; then add --resume"
    with cluster(scheduler, None) as runner, pytest.raises(RunError, match=told):
        run_sweep(plan, tmp_path / "there.zarr", resume=True, runner=runner, progress=kill)
    begun = len(read_journal(tmp_path / "there.zarr"))
    outcome = run_sweep(plan, tmp_path / "there.zarr", resume=True)
    assert 16 <= begun < 32
    assert 256 - 8 * begun == outcome.calculated
    assert contents(tmp_path / "here.zarr") == contents(tmp_path / "there.zarr")


def test_a_fault_on_a_worker_is_told_as_it_is_here(swept: Swept, tmp_path: Path, scheduler: str) -> None:
    plan = swept("outputs: [rate]\nassumptions: {design: factorial, values: {ease: [1, 1e300]}}\n")
    with (
        cluster(scheduler, None) as runner,
        pytest.raises(RunError, match="'rate' has values beyond those of float32; write 'dtype: float64'"),
    ):
        run_sweep(plan, tmp_path / "out.zarr", runner=runner)
    assert 0 == sd_covid.open(tmp_path / "out.zarr", partial=True).attrs["blocks_done"]


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sd_covid.policy.sweep.cluster.PATIENCE", 0.5)
    with (
        pytest.raises(RunError, match=r"the scheduler tcp://127\.0\.0\.1:1 does not answer; start it with"),
        cluster("tcp://127.0.0.1:1", None),
    ):
        pass
