"""A sweep that is killed, or finds a full disk or another's store: carried on, it gives the bytes of one in one go."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import sd_covid
from sd_covid.errors import DataError, RunError
from sd_covid.policy.sweep import SweepPlan, run_sweep
from sd_covid.policy.sweep.lock import locked
from sd_covid.policy.sweep.store import read_journal
from tests.policy.sweep.conftest import Swept, contents

SWEEP = (
    "scenarios: [actual, none]\noutputs: [rate, total, noise]\nblock: 8\nseed: 5\nkeep: [course, max]\n"
    "assumptions: {design: sobol, size: 64, seed: 1, ranges: {slope: {low: 1, high: 8, distribution: uniform}}}\n"
)
STATISTICS = SWEEP + "statistics: {of: [0.1, 0.5, mean, sd], over: runs}\n"
DIFFERENCES = STATISTICS.replace("over: runs", "over: runs, differences_from: actual")

# Slow enough that a kill falls somewhere within: each block waits a little before it is run.
SLOWLY = """
import sys, time
import sd_covid
from sd_covid.policy.reading import named_model
from sd_covid.policy.sweep import read_sweep, run_sweep
from sd_covid.policy.sweep.crew import here

def slowly(simulation, work, blocks):
    for done in here(simulation, work, blocks):
        time.sleep(0.05)
        yield done

file, out = sys.argv[1:]
plan = read_sweep(file, sd_covid.load(named_model(file)))
print("begins", flush=True)
run_sweep(plan, out, resume=True, runner=slowly)
print("done", flush=True)
"""


class StopAfter:
    """Progress that interrupts after some calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self, done: int, total: int) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def interrupted(plan: SweepPlan, path: Path, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, path, resume=True, progress=StopAfter(after))


@pytest.mark.parametrize("text", [SWEEP, STATISTICS, DIFFERENCES], ids=["runs", "statistics", "differences"])
def test_an_interrupted_sweep_carried_on_gives_the_same_bytes(
    swept: Swept, tmp_path: Path, text: str
) -> None:
    plan = swept(text)
    run_sweep(plan, tmp_path / "whole.zarr")
    for after in (3, 1, 9):
        interrupted(plan, tmp_path / "parts.zarr", after)
    outcome = run_sweep(plan, tmp_path / "parts.zarr", resume=True)
    assert 128 == outcome.runs
    assert 0 < outcome.calculated < (128 if text == SWEEP else 256)  # statistics may take a second round
    assert contents(tmp_path / "whole.zarr") == contents(tmp_path / "parts.zarr")
    assert 0 == run_sweep(plan, tmp_path / "parts.zarr", resume=True).calculated


@pytest.mark.parametrize(("text", "kills"), [(SWEEP, 3), (STATISTICS, 2)], ids=["runs", "statistics"])
def test_a_sweep_killed_at_any_moment_gives_the_same_bytes(
    swept: Swept, tmp_path: Path, text: str, kills: int
) -> None:
    plan, out, pick = swept(text), tmp_path / "parts.zarr", random.Random(2020)
    run_sweep(plan, tmp_path / "whole.zarr")
    words = [sys.executable, "-c", SLOWLY, str(plan.file), str(out)]
    for _ in range(kills):
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert "begins\n" == child.stdout.readline()
            time.sleep(pick.uniform(0.0, 0.5))
            child.send_signal(signal.SIGKILL)
            assert "" == child.stdout.read(), "the sweep was over before it was killed"
    run_sweep(plan, out, resume=True)
    assert contents(tmp_path / "whole.zarr") == contents(out)


def test_a_line_of_the_journal_without_end_does_not_count(swept: Swept, tmp_path: Path) -> None:
    plan, out = swept(SWEEP), tmp_path / "out.zarr"
    interrupted(plan, out, 5)
    journal = out / ".sweep/blocks"
    done = read_journal(out)
    with journal.open("a") as stream:
        stream.write("1 1")
    assert done == read_journal(out)
    run_sweep(plan, out, resume=True)
    assert 16 == len(read_journal(out)) == len(journal.read_text().splitlines())


@pytest.mark.parametrize(
    ("old", "new", "called"),
    [
        ("seed: 5", "seed: 6", "not the same seed as when this store was begun: '5' then, '6' now"),
        ("high: 8", "high: 9", "not the same sets of assumptions as when"),
        ("[actual, none]", "[actual]", "not the same scenarios as when"),
        ("[rate, total, noise]", "[rate, total]", "not the same outputs as when"),
        ("[course, max]", "[course]", "not the same keep as when"),
        ("block: 8", "block: 4", "not the same block as when"),
    ],
)
def test_the_store_of_another_sweep_is_left_alone(
    swept: Swept, tmp_path: Path, old: str, new: str, called: str
) -> None:
    out = tmp_path / "out.zarr"
    interrupted(swept(SWEEP), out, 3)
    before = contents(out)
    with pytest.raises(RunError, match=called):
        run_sweep(swept(SWEEP.replace(old, new)), out, resume=True)
    assert before == contents(out)


def test_the_store_of_another_version_of_the_model_is_left_alone(
    swept: Swept, town: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zarr"
    interrupted(swept(SWEEP), out, 3)
    before = contents(out)
    model = town / "models/town.mdl"
    model.write_text(model.read_text().replace("rate = (4 +", "rate = (5 +"))
    with pytest.raises(RunError, match="not the same model as when this store was begun"):
        run_sweep(swept(SWEEP), out, resume=True)
    assert before == contents(out)


def test_a_store_that_is_there_is_not_written_over(swept: Swept, tmp_path: Path) -> None:
    plan, out = swept(SWEEP), tmp_path / "out.zarr"
    run_sweep(plan, out)
    before = contents(out)
    with pytest.raises(RunError, match=r"out\.zarr: is there already; add --resume, or choose another name"):
        run_sweep(plan, out)
    assert before == contents(out)


def test_two_writers_at_once_are_refused(swept: Swept, tmp_path: Path) -> None:
    plan, out = swept(SWEEP), tmp_path / "out.zarr"
    held, free = threading.Event(), threading.Event()

    def writer() -> None:
        with locked(out):
            held.set()
            free.wait()

    thread = threading.Thread(target=writer)
    thread.start()
    held.wait()
    try:
        with pytest.raises(RunError, match=rf"process {os.getpid()} on .* writes to it; wait for it"):
            run_sweep(plan, out)
    finally:
        free.set()
        thread.join()
    assert not out.exists()
    run_sweep(plan, out)
    assert not out.with_name("out.zarr.lock").exists()


def test_a_full_disk_is_told_and_the_blocks_that_are_done_are_kept(swept: Swept, tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: the operating system refuses the write."""
    plan, out = swept(SWEEP.replace("block: 8", "block: 32")), tmp_path / "out.zarr"
    run_sweep(plan, tmp_path / "whole.zarr")
    interrupted(plan, out, 2)
    kept = read_journal(out)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(
            RunError, match=r"cannot be written: .*; the blocks that are done are kept; make room"
        ):
            run_sweep(plan, out, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept == read_journal(out)
    run_sweep(plan, out, resume=True)
    assert contents(tmp_path / "whole.zarr") == contents(out)


def _lengthen(metadata: Path) -> None:
    """Say that every array is longer than any can be."""
    told = json.loads(metadata.read_text())
    for array in told["consolidated_metadata"]["metadata"].values():
        array["shape"] = [2**63 for _ in array["shape"]]
    metadata.write_text(json.dumps(told))


def _shorten_titles(metadata: Path) -> None:
    """Say that there is one title for the two scenarios."""
    told = json.loads(metadata.read_text())
    title = told["consolidated_metadata"]["metadata"]["title_en"]
    title["chunk_grid"]["configuration"]["chunk_shape"] = [1]
    metadata.write_text(json.dumps(told))


def _cut_missing_value(metadata: Path) -> None:
    """Say what stands for a missing number with too few bytes."""
    text = metadata.read_text()
    assert '"_FillValue": "AAAAAAAA+H8="' in text
    metadata.write_text(text.replace('"_FillValue": "AAAAAAAA+H8="', '"_FillValue": "AAAAAAAA"'))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda store: _cut_missing_value(store / "zarr.json"), "cannot be read: unpack"),
        (lambda store: _shorten_titles(store / "zarr.json"), "cannot be read: .*restore it from a copy"),
        (lambda store: (store / ".sweep/manifest.json").unlink(), "there is no sweep in it"),
        (lambda store: (store / ".sweep/manifest.json").write_text("{"), "cannot be read"),
        (lambda store: (store / ".sweep/manifest.json").write_text("[]"), "is no manifest of a sweep"),
        (lambda store: (store / ".sweep/manifest.json").write_text("{}"), "is no manifest of a sweep"),
        (lambda store: (store / ".sweep/blocks").write_text("one two\n"), "cannot be read"),
        (lambda store: (store / "zarr.json").write_text("{"), "cannot be read"),
        (lambda store: _lengthen(store / "zarr.json"), "cannot be read"),
    ],
)
def test_a_store_that_cannot_be_read_is_told(swept: Swept, tmp_path: Path, damage: object, told: str) -> None:
    plan, out = swept(SWEEP), tmp_path / "out.zarr"
    run_sweep(plan, out)
    assert callable(damage)
    damage(out)
    with pytest.raises(DataError, match=told):
        sd_covid.open(out)


def test_what_is_no_store_is_told(swept: Swept, tmp_path: Path) -> None:
    (tmp_path / "folder.zarr").mkdir()
    for name in ("folder.zarr", "none.zarr"):
        with pytest.raises(DataError, match=f"{name}: there is no sweep in it"):
            sd_covid.open(tmp_path / name)
    with pytest.raises(DataError, match="there is no sweep in it"):
        run_sweep(swept(SWEEP), tmp_path / "folder.zarr", resume=True)


def test_the_manifest_says_what_the_sweep_was_made_of(swept: Swept, tmp_path: Path) -> None:
    plan = swept(SWEEP)
    run_sweep(plan, tmp_path / "out.zarr")
    told = json.loads((tmp_path / "out.zarr/.sweep/manifest.json").read_text())
    assert plan.text == told["sweep"]
    assert plan.simulation.fingerprint == told["model_hash"]
    assert 5 == told["seed"]
    assert 0.0 == told["scenarios"]["none"]["subsidy level"]
