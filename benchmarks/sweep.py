"""What sweeps cost: a million runs of a small model, the Dutch study here and on workers, kills that change nothing.

``python benchmarks/sweep.py million`` sets a sweep with statistics beside the bare kernel; ``dutch`` times every
scenario on the draws of ``scenarios/sweeps/canonical.yaml`` and says what a run costs in seconds of a core and bytes;
``workers`` sets the same on worker processes beside one process, and ``limit`` says what a run costs the process that
takes in what workers send; ``killed`` kills it ten times at random and compares every byte. Each works in a temporary
folder, or in the one that ``--folder`` names.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import models
import sd_covid
from sd_covid.engine.run.kernel import Kernel, thread_count
from sd_covid.engine.simulation import Simulation
from sd_covid.engine.time.timegrid import at_times
from sd_covid.policy.reading import named_model
from sd_covid.policy.sweep import SweepPlan, read_sweep, run_sweep
from sd_covid.policy.sweep.blocks import Block, Blocks
from sd_covid.policy.sweep.keep import sums_of, times_of
from sd_covid.policy.sweep.work import Done, Work

STUDY = Path(__file__).parents[1]
CANONICAL = STUDY / "scenarios" / "sweeps" / "canonical.yaml"
MILLION = """\
model: sir.mdl
outputs: [susceptible, infectious, recovered]
keep: [final, max, mean: [10, 50]]
statistics: {of: [0.05, 0.5, 0.95, mean, sd], over: runs}
block: 16384
assumptions:
  design: lhs
  size: 1000000
  seed: 1
  ranges:
    contact infectivity: {low: 0.2, high: 0.4, distribution: uniform}
    duration: {low: 4, high: 8, distribution: uniform}
"""


def read(file: Path) -> SweepPlan:
    return read_sweep(file, sd_covid.load(named_model(file)))


def say(text: str) -> None:
    print(text, flush=True)


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def load() -> str:
    """How busy the machine is with other work too."""
    return f"{thread_count()} threads, load {os.getloadavg()[0]:.1f}"


def million(folder: Path) -> None:
    """A sweep of a million runs, and after each of its blocks the kernel alone on as many members."""
    (folder / "sir.mdl").write_text(models.SIR)
    (folder / "million.yaml").write_text(MILLION)
    plan = read(folder / "million.yaml")
    blocks = Blocks(plan)
    bare, kernel = bare_kernel(plan, blocks), 0.0

    def in_turns(simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
        nonlocal kernel
        for block in blocks:
            yield work.run(simulation, block)
            kernel += timed(bare) * len(block.sets) / plan.block

    both = timed(lambda: run_sweep(plan, folder / "million.zarr", runner=in_turns))
    runs, sweep = blocks.grid.runs, both - kernel
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    say(
        f"kernel {runs / kernel:,.0f} runs/s, sweep {runs / sweep:,.0f} runs/s: {kernel / sweep:.2f} of it; {load()}"
    )
    say(f"{runs:,} runs in {sweep:.1f} s, most memory {memory:.2f} GiB")


def bare_kernel(plan: SweepPlan, blocks: Blocks) -> Callable[[], object]:
    """The compiled code alone, on the members of the first block, which are ready in memory."""
    simulation = plan.simulation
    names = [output.name for output in plan.outputs]
    saved = simulation.run({}, names)["time"].to_numpy()
    sums, at = sums_of(plan.keep), times_of(plan.keep, saved)
    frame = blocks[0, 0].frame()
    simulation.run(frame, names, over_time=sums, at=at.tolist())
    kernel = next(k for k in simulation._kernels.values() if isinstance(k, Kernel) and k.width > 1)
    kernel.wait()
    members = simulation._members(frame, plan.seed, 0)
    grid = at_times(at.tolist(), simulation._grid(members, 1e8))
    members = members.for_width(kernel.width)
    return lambda: kernel.run(members, grid, thread_count())


def dutch(folder: Path) -> None:
    """All scenarios on the draws of the canonical sweep, storage and reading of the model included."""
    plan = read(CANONICAL)
    blocks = Blocks(plan)
    out = folder / "dutch.zarr"
    command = [sys.executable, "-m", "sd_covid.cli", "sweep", str(CANONICAL), "-o", str(out)]
    spent = timed(lambda: subprocess.run(_program(command), check=True, stdout=subprocess.DEVNULL))
    runs = len(plan.scenarios) * blocks.grid.runs
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    found = sd_covid.open(out)
    series = sum(
        int(np.prod(item.shape[4:], dtype=int)) for item in found.data_vars.values() if "time" in item.dims
    )
    end = found["date"].values[-1].astype("datetime64[D]")
    say(f"{len(plan.scenarios)} scenarios x {blocks.grid.runs} runs to {end}, {series} series by month")
    say(f"{spent:.1f} s in all, {runs / spent:,.0f} runs/s; {load()}")
    say(
        f"a run takes {1e3 * core_seconds(plan, blocks):.2f} ms of a core and {size / runs / 1024:.1f} KiB of disk"
    )


SUMS = "keep: [final, mean: [2021, 2025]]\n"
FORMS = {
    "courses": ("", 1000),
    "two sums of each output": (SUMS, 5000),
    "statistics of two sums": (SUMS + "statistics: {of: [0.05, 0.5, 0.95, mean, sd], over: runs}\n", 5000),
}


def limit(folder: Path, draws: int) -> None:
    """What one more run costs the process that takes in what workers send: what bounds how many it can keep busy."""
    for name, (words, block) in FORMS.items():
        few, many = (taken_in(folder, longer(folder, n, words, block)) for n in (draws, 3 * draws))
        seconds, size = ((b - a) / (many[0] - few[0]) for a, b in zip(few[1:], many[1:], strict=True))
        say(f"{name}: {1e3 * seconds:.3f} ms of a core and {size / 1024:.2f} KiB of disk a run")


def taken_in(folder: Path, file: Path) -> tuple[int, float, int]:
    """Runs, seconds of a core, and bytes of a sweep of which one block stands for every other."""
    plan, out, idle = read(file), folder / "limit.zarr", 0.0

    def again(simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
        nonlocal idle
        begun = time.process_time()
        blocks = list(blocks)
        found = work.run(simulation, blocks[0])
        sent = pickle.dumps(found, 5)
        idle += time.process_time() - begun
        for item in blocks:
            came = pickle.loads(sent)  # noqa: S301 - made here
            yield replace(came, variant=item.variant, number=item.number)

    begun = time.process_time()
    outcome = run_sweep(plan, out, runner=again)
    spent = time.process_time() - begun - idle
    size = sum(
        item.stat().st_size for item in out.glob("*/c/**/*") if item.is_file() and "draw" not in str(item)
    )
    shutil.rmtree(out)
    return outcome.runs, spent, size


def core_seconds(plan: SweepPlan, blocks: Blocks) -> float:
    """Seconds of a processor that a run takes, once the code is there."""
    names = [output.name for output in plan.outputs]
    frame = blocks[0, 0].frame()
    plan.simulation.run(frame, names, threads=1)
    for kernel in plan.simulation._kernels.values():
        if isinstance(kernel, Kernel):
            kernel.wait()
    begun = time.process_time()
    plan.simulation.run(frame, names, threads=1)
    return (time.process_time() - begun) / len(frame)


def _program(command: list[str]) -> list[str]:
    """The command line of this installation."""
    program = shutil.which("sd-covid")
    return [program, *command[3:]] if program else command


def workers(folder: Path, draws: int, count: int) -> None:
    """One process with threads beside worker processes of one thread each, on a sweep of about a minute."""
    file = longer(folder, draws)
    for name, words in (("one process", []), (f"{count} workers", ["--workers", str(count)])):
        out = folder / f"{len(words)}.zarr"
        command = _program([sys.executable, "-m", "sd_covid.cli", "sweep", str(file), "-o", str(out), *words])
        spent = timed(lambda command=command: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
        say(f"{name}: {spent:.1f} s; {load()}")
    say("same bytes" if contents(folder / "0.zarr") == contents(folder / "2.zarr") else "DIFFERENT BYTES")


def longer(folder: Path, draws: int, words: str = "", block: int = 1000) -> Path:
    """The canonical sweep with another number of draws, in a file of the study that is taken away afterwards."""
    text = CANONICAL.read_text().replace("size: 1000", f"size: {draws}") + words
    text = text.replace("block: 1000", f"block: {block}")
    file = CANONICAL.with_name(f".benchmark-{folder.name}.yaml")
    file.write_text(text)
    return file


def killed(folder: Path, draws: int, kills: int, seed: int) -> None:
    """Kill a sweep at random moments and carry it on; then compare every byte with one that ran in one go."""
    file, pick = longer(folder, draws), random.Random(seed)
    whole, parts = folder / "whole.zarr", folder / "parts.zarr"
    command = _program([sys.executable, "-m", "sd_covid.cli", "sweep", str(file), "--resume", "-o"])
    spent = timed(lambda: subprocess.run([*command, str(whole)], check=True, stdout=subprocess.DEVNULL))
    idle = timed(lambda: subprocess.run([*command, str(whole)], check=True, stdout=subprocess.DEVNULL))
    say(f"in one go: {spent:.1f} s, of which {idle:.1f} s are no runs; {load()}")
    for turn in range(kills):
        child = subprocess.Popen([*command, str(parts)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pause = pick.uniform(0.5 * idle, idle + 2 * max(spent - idle, 1) / kills)
        try:
            code = child.wait(pause)
            say(f"kill {turn + 1}: over with code {code} before it came")
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            journal = parts / ".sweep" / "blocks"
            done = len(journal.read_text().splitlines()) if journal.exists() else 0
            say(f"kill {turn + 1} after {pause:.1f} s: {done} blocks are kept")
    subprocess.run([*command, str(parts)], check=True, stdout=subprocess.DEVNULL)
    say("bit-identical" if contents(whole) == contents(parts) else "DIFFERENT BYTES")


def contents(store: Path) -> dict[str, bytes]:
    """Every file of a store, but for the order in which blocks came."""
    found = {str(f.relative_to(store)): f.read_bytes() for f in store.rglob("*") if f.is_file()}
    found[".sweep/blocks"] = b"\n".join(sorted(found[".sweep/blocks"].splitlines()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["million", "dutch", "workers", "killed", "limit"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--draws", type=int, default=5000, help="of a sweep of about a minute")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if asked.what == "million":
                million(folder)
            elif asked.what == "dutch":
                dutch(folder)
            elif asked.what == "limit":
                limit(folder, asked.draws)
            elif asked.what == "workers":
                workers(folder, asked.draws, asked.workers)
            else:
                killed(folder, asked.draws, asked.kills, asked.seed)
        finally:
            for file in CANONICAL.parent.glob(f".benchmark-{folder.name}.yaml"):
                file.unlink()


if __name__ == "__main__":
    main()
