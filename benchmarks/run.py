"""Throughput of an ensemble, side by side in one process: the engine, vector C as by hand, PySD.

The engine and C run the same 10,240 members on all cores and deliver [output][member][time] in fresh memory, the
engine as an xarray Dataset, in interleaved rounds; the ratio of a round is C's time over the engine's. PySD runs one
member at a time, so it is timed for a few members and shown as members per second. Prints a Markdown table;
``--write`` puts it in benchmarks/README.md.

    python benchmarks/run.py [--rounds 7] [--members 10240] [--world3 FILE] [--write]
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import arrays
import numpy as np
import pandas as pd
from c_kernel import CCode, CKernel

from models import SIR, SIR_CONSTANTS, SIR_OUTPUTS, WORLD_CONSTANTS, WORLD_OUTPUTS, world
from sd_covid.engine.kernel import Members, thread_count
from sd_covid.engine.simulation import Simulation, load

HERE = Path(__file__).parent
CONTROL_NAMES = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")


@dataclass(slots=True)
class Case:
    """A model to time."""

    name: str
    text: str
    constants: list[str]
    outputs: list[str]
    pysd_members: int = 0  # none where PySD takes minutes or cannot read the model
    by_hand: Callable[[Simulation], CCode] | None = None  # by default C generated from the graph


CASES = [
    Case("SIR", SIR, SIR_CONSTANTS, SIR_OUTPUTS, 20),
    Case("world, 240 equations", world(), WORLD_CONSTANTS, WORLD_OUTPUTS, 1),
    Case(
        "epidemic, 16 ages x 8 regions; C by hand",
        arrays.text(),
        list(arrays.CONSTANTS),
        arrays.OUTPUTS,
        by_hand=arrays.by_hand,
    ),
]
WORLD3_OUTPUTS = [
    "population",
    "industrial output",
    "food per capita",
    "persistent pollution index",
    "Nonrenewable Resources",
]


def world3(path: Path) -> Case:
    """World3-03, from a file of the user's: the first 20 constants that are not zero vary, all steps are saved."""
    constants = load(path).constants
    names = [name for name, value in constants.items() if value and name not in CONTROL_NAMES][:20]
    return Case("World3-03", path.read_text(encoding="utf-8"), names, WORLD3_OUTPUTS)


def draws(simulation: Simulation, names: list[str], members: int) -> pd.DataFrame:
    """Each constant within 10 % of its value."""
    rng = np.random.default_rng(1)
    return pd.DataFrame({n: simulation.constants[n] * rng.uniform(0.9, 1.1, members) for n in names})


def timed(action) -> tuple[float, object]:  # type: ignore[no-untyped-def]
    """Seconds an action takes, and what it gives."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def pysd_rate(path: Path, frame: pd.DataFrame, outputs: list[str], members: int) -> float:
    """Members per second of PySD, translation left out."""
    import pysd

    model = pysd.read_vensim(path)
    model.run(return_columns=outputs, progress=False)
    start = time.perf_counter()
    for k in range(members):
        model.run(params=dict(frame.iloc[k]), return_columns=outputs, progress=False)
    return members / (time.perf_counter() - start)


def spread(ratios: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(ratios):.2f}; {min(ratios):.2f}–{max(ratios):.2f}" if ratios else ""


def measure(case: Case, members: int, rounds: int) -> dict[str, str]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.mdl"
        path.write_text(case.text, encoding="utf-8")
        simulation = load(path)
        frame = draws(simulation, case.constants, members)
        nodes = [simulation.program.cells[c] for n in case.outputs for c in simulation.names.cells(n)]
        compile_seconds, _ = timed(lambda: simulation.run(frame[:8], outputs=case.outputs))
        uniform, varying, count = simulation._settings(frame)
        threads = thread_count()
        grid = simulation._grid(Members(uniform, varying, count, 1), 1e8)
        peer = _peer(case, simulation, nodes) if shutil.which("g++") else None
        ours, theirs, ratios, worst = [], [], [], 0.0
        for _ in range(rounds):
            seconds, run = timed(lambda: simulation.run(frame, outputs=case.outputs))
            ours.append(seconds)
            if peer is not None:
                spent, cube = timed(
                    lambda: peer.run(Members(uniform, varying, count, peer.width), grid, threads)
                )
                theirs.append(spent)
                ratios.append(spent / seconds)
                worst = _difference(case, run, cube)
                del cube
            del run
        rate = pysd_rate(path, frame, case.outputs, case.pysd_members) if case.pysd_members else None
    return {
        "model": case.name,
        "engine, members/s": f"{members / statistics.median(ours):,.0f}",
        "C, members/s": f"{members / statistics.median(theirs):,.0f}" if theirs else "no compiler",
        "engine / C (median; range)": spread(ratios),
        "PySD, members/s": f"{rate:.3g}" if rate else "not timed",
        "engine / PySD": f"{members / statistics.median(ours) / rate:,.0f}" if rate else "",
        "largest relative difference from C": f"{worst:.0e}" if ratios else "",
        "first run with compilation, s": f"{compile_seconds:.2f}",
    }


def _peer(case: Case, simulation: Simulation, nodes: list[int]) -> CCode:
    return CKernel(simulation.program, nodes) if case.by_hand is None else case.by_hand(simulation)


def _difference(case: Case, run: Any, cube: Any) -> float:
    """The largest difference from C, relative to the value; two zeros are equal."""
    first, worst = 0, 0.0
    for name in case.outputs:
        found = run[name]
        elements = [d for d in found.dims if d not in ("member", "time")]
        planes = found.transpose(*elements, "member", "time").to_numpy()
        planes = planes.reshape(-1, *planes.shape[-2:])
        for plane in planes:
            scale = np.maximum(np.abs(cube[first]), np.finfo(float).tiny)
            worst = max(worst, float((np.abs(plane - cube[first]) / scale).max()))
            first += 1
    return worst


def table(rows: list[dict[str, str]]) -> str:
    """Rows as Markdown."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row.values()) + " |" for row in rows])


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description="Throughput of an ensemble beside C and PySD.")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--members", type=int, default=10_240)
    options.add_argument("--world3", type=Path, help="a World3-03 .mdl, timed beside the other models")
    options.add_argument("--write", action="store_true", help="put the table in benchmarks/README.md")
    chosen = options.parse_args()
    cases = CASES + ([world3(chosen.world3)] if chosen.world3 else [])
    rows = [measure(case, chosen.members, chosen.rounds) for case in cases]
    versions = ", ".join(f"{n} {version(n)}" for n in ("sd-covid", "llvmlite", "numpy", "pysd"))
    machine = (
        f"{platform.machine()}, {thread_count()} threads, Python {platform.python_version()}, {versions}"
    )
    text = f"{table(rows)}\n\n{chosen.members} members, medians of {chosen.rounds} rounds. {machine}.\n"
    print(text)
    if chosen.write:
        readme = HERE / "README.md"
        before = readme.read_text(encoding="utf-8").split("<!-- table -->")[0]
        readme.write_text(f"{before}<!-- table -->\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
