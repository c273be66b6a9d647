"""Does anything grow, or change, when the engine works for hours? ``python benchmarks/soak.py --minutes 60``.

Again and again, in one process: models are read, compiled with an empty cache, run as ensembles, differentiated and
thrown away; a sweep is written to a store and read back; the Dutch model runs draws; a passport and charts are written.
Every cycle must give the same bytes as the first. Memory, open files and threads are sampled after each cycle; after a
warm-up memory must stay flat within 5 %, and files and threads must not grow at all. Exit code 1 when not.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import hashlib
import io
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import models
import sd_covid
from sd_covid.cli.app import execute
from sd_covid.policy.comparison.draws import read_posterior
from sd_covid.policy.reading import named_model
from sd_covid.policy.sweep import read_sweep, run_sweep
from sd_covid.report.drawing.draw import Draw

STUDY = Path(__file__).parents[1]
FLAT = 0.05  # growth of memory that is taken for noise of the allocator
WARM = 0.2  # of the time, in which caches fill and memory is fragmented for the first time
FEWEST = 6  # cycles, of which the first are the warm-up
MEMBERS = 512
SWEEP = """\
model: sir.mdl
outputs: [susceptible, infectious, recovered]
keep: [course, max]
block: 64
seed: 5
assumptions:
  design: sobol
  size: 256
  seed: 1
  ranges:
    contact infectivity: {low: 0.2, high: 0.4, distribution: uniform}
    duration: {low: 4, high: 8, distribution: uniform}
"""
DUTCH = ("unemployment rate", "households in problem debt")


@dataclass(frozen=True)
class Sample:
    """What the process holds after a cycle.

    Attributes
    ----------
    minutes : float
    memory : float
        Resident, MiB.
    files, threads : int
    """

    minutes: float
    memory: float
    files: int
    threads: int

    @classmethod
    def now(cls, began: float) -> Sample:
        """Of this process, without what is free and only not yet given back to the operating system."""
        gc.collect()
        with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
            ctypes.CDLL(None).malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        threads = len(list(Path("/proc/self/task").iterdir()))
        return cls(
            (time.monotonic() - began) / 60, memory, len(list(Path("/proc/self/fd").iterdir())), threads
        )


class Digest:
    """Everything a cycle came to, as one number for each part."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}

    def add(self, name: str, *contents: bytes) -> None:
        """Keep what a part came to."""
        self.parts[name] = hashlib.sha256(b"\0".join(contents)).hexdigest()


@contextlib.contextmanager
def cache_of(folder: Path) -> Iterator[None]:
    """A cache of compiled code and models in a folder."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = before


def compiled(folder: Path, digest: Digest) -> None:
    """Models that are compiled, run, differentiated and thrown away."""
    for name, text, constants, outputs in (
        ("sir", models.SIR, models.SIR_CONSTANTS, models.SIR_OUTPUTS),
        ("world", models.world(120), models.WORLD_CONSTANTS, models.WORLD_OUTPUTS),
    ):
        path = folder / f"{name}.mdl"
        path.write_text(text, encoding="utf-8")
        simulation = sd_covid.load(path)
        rng = np.random.default_rng(1)
        frame = pd.DataFrame({n: simulation.constants[n] * rng.uniform(0.9, 1.1, MEMBERS) for n in constants})
        run = simulation.run(frame, outputs)
        digest.add(f"{name}, ensemble", *(run[item].to_numpy().tobytes() for item in outputs))
        one = simulation.run(outputs=outputs)
        figures = pd.DataFrame({outputs[0]: one[outputs[0]].to_numpy() * 1.01}, index=one["time"].to_numpy())
        point = {item: simulation.constants[item] * 1.02 for item in constants}
        value, gradient = simulation.value_and_gradient(sd_covid.LeastSquares(figures, sd=1.0), point)
        digest.add(f"{name}, gradient", np.float64(value).tobytes(), gradient.to_numpy().tobytes())
        draw = Draw(folder)
        for output in outputs[:2]:
            chart = draw(sd_covid.figures.fan(run, output), output, output, "")
            digest.add(f"{name}, chart of {output}", chart.svg.encode(), (folder / chart.png).read_bytes())


def swept(folder: Path, digest: Digest) -> None:
    """A sweep written to a store in two goes, read back and written as a table."""
    (folder / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    plan = read_sweep(folder / "sweep.yaml", sd_covid.load(named_model(folder / "sweep.yaml")))
    store = folder / "sweep.zarr"
    with contextlib.suppress(KeyboardInterrupt):
        run_sweep(plan, store, progress=interrupts(2))
    run_sweep(plan, store, resume=True)
    with sd_covid.open(store) as results:
        digest.add("sweep", *(results[name].to_numpy().tobytes() for name in sorted(results.data_vars)))


def interrupts(after: int) -> Callable[[int, int], None]:
    """Progress that interrupts after some calls."""
    calls = iter(range(after))

    def step(done: int, total: int) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt

    return step


def commands(folder: Path, digest: Digest) -> None:
    """What is written by commands: a passport, a run, the same model in another form."""
    said = io.StringIO()
    for name, words in (
        ("check", ["check", "sir.mdl", "--no-pysd", "--html", "passport.html"]),
        ("run", ["run", "sir.mdl", "-o", "run.csv"]),
        ("convert", ["convert", "sir.mdl", "-o", "sir.xmile"]),
    ):
        paths = [str(folder / word) if "." in word else word for word in words]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = execute(paths)
        if code == 2:
            raise SystemExit(f"{name}: {said.getvalue()}")
        if name != "check":  # a passport names the folder, which is another one each time
            digest.add(name, (folder / words[-1]).read_bytes())


class Dutch:
    """The Dutch model, loaded once, as a session at work holds it."""

    def __init__(self) -> None:
        self.simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
        draws = read_posterior(STUDY / "calibration" / "posterior.parquet", self.simulation)
        self.frame = draws.head(64)

    def run(self, digest: Digest) -> None:
        """A few draws, over time and summed up."""
        run = self.simulation.run(self.frame, list(DUTCH))
        digest.add("Dutch model", *(run[name].to_numpy().tobytes() for name in DUTCH))


def cycle(dutch: Dutch, root: Path) -> Digest:
    """One round of work in a folder and cache of its own, which are gone afterwards."""
    digest = Digest()
    folder = root / "work"
    folder.mkdir()
    try:
        with cache_of(folder / "cache"):
            compiled(folder, digest)
            swept(folder, digest)
            commands(folder, digest)
        dutch.run(digest)
    finally:
        shutil.rmtree(folder)
    return digest


def soak(minutes: float) -> tuple[list[Sample], list[str]]:
    """Cycles for some time: a sample after each, and what was not as in the first."""
    began, samples, wrong = time.monotonic(), list[Sample](), list[str]()
    with tempfile.TemporaryDirectory() as root:
        dutch = Dutch()
        first = cycle(dutch, Path(root))
        samples.append(Sample.now(began))
        while time.monotonic() - began < 60 * minutes or len(samples) < FEWEST:
            parts = cycle(dutch, Path(root)).parts
            wrong += [
                f"cycle {len(samples) + 1}: {name}"
                for name in first.parts
                if parts[name] != first.parts[name]
            ]
            samples.append(Sample.now(began))
    return samples, wrong


def settled(samples: list[Sample]) -> list[Sample]:
    """The samples after the warm-up."""
    warm = max(FEWEST // 2, sum(item.minutes < WARM * samples[-1].minutes for item in samples))
    return samples[min(warm, len(samples) - 2) :]


def growth(samples: list[Sample]) -> float:
    """By how much the memory of the last tenth is above that of the first after the warm-up, as a share."""
    kept = settled(samples)
    tenth = max(1, len(kept) // 10)
    first, last = (statistics.median(item.memory for item in part) for part in (kept[:tenth], kept[-tenth:]))
    return last / first - 1


def main() -> int:
    """Soak, print a table and the verdict; the exit code."""
    parser = argparse.ArgumentParser(prog="python benchmarks/soak.py", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    samples, wrong = soak(parser.parse_args().minutes)
    print("| cycle | minutes | memory, MiB | open files | threads |\n|---|---|---|---|---|")
    for number in sorted({round(at) for at in np.linspace(0, len(samples) - 1, 25)}):
        item = samples[number]
        print(f"| {number + 1} | {item.minutes:.1f} | {item.memory:.1f} | {item.files} | {item.threads} |")
    kept = settled(samples)
    grown = growth(samples)
    if grown > FLAT:
        wrong.append(f"memory grew by {grown:.1%} after the warm-up")
    for name in ("files", "threads"):
        before, after = getattr(kept[0], name), getattr(kept[-1], name)
        if after > before:
            wrong.append(f"{name} grew from {before} to {after}")
    print(
        f"\n{len(samples)} cycles in {samples[-1].minutes:.1f} minutes; memory {grown:+.2%} after the warm-up"
    )
    print("\n".join(wrong) if wrong else "every cycle gave the bytes of the first; nothing grew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
