"""Throughput of an ensemble: the engine, vector C as by hand, pysimlin, PySD.

The engine and C run the same members on all cores and deliver [output][member][time] in fresh memory, the engine as
an xarray Dataset. Beside that both run bare: the engine sums up over time, C keeps the ends only. pysimlin and PySD run
one member at a time: runs per second of one thread.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from c_kernel import CCode, CKernel
from cases import Case
from paired import in_turns, ratio

from sd_covid.engine.run.kernel import Kernel, Members, thread_count
from sd_covid.engine.simulation import Simulation, load

SUMS = ["final", "mean", "min", "max"]


def draws(simulation: Simulation, names: list[str], members: int) -> pd.DataFrame:
    """Each constant within 10 % of its value."""
    rng = np.random.default_rng(1)
    return pd.DataFrame({n: simulation.constants[n] * rng.uniform(0.9, 1.1, members) for n in names})


def measure(case: Case, path: Path, members: int, rounds: int) -> dict[str, str]:
    """One row of the table."""
    simulation = load(path)
    frame = draws(simulation, case.constants, members)
    actions: dict[str, Callable[[], object]] = {
        "engine": lambda: simulation.run(frame, case.outputs),
        "engine, summed up": lambda: simulation.run(frame, case.outputs, over_time=SUMS),
    }
    if case.peer and shutil.which("g++"):
        peer, of_all, grid = peer_of(case, simulation, frame)
        actions["C"] = lambda: peer.run(of_all(), grid, thread_count())
        actions["C, bare"] = lambda: peer.run(of_all(), replace(grid, every=grid.steps), thread_count())
    one = _pysimlin(path)
    if one is not None:
        actions["pysimlin"] = one
    for action in (actions["engine"], actions["engine, summed up"]):
        action()
    for kernel in simulation._kernels.values():
        if isinstance(kernel, Kernel):
            kernel.wait()
    found = in_turns(actions, rounds)
    rate = _pysd(path, frame, case) if case.pysd_members else None
    engine = found["engine"]

    def compared(name: str, scale: float = 1.0) -> str:
        return ratio(found[name], engine, scale) if name in found else "not run"

    return {
        "model": case.name,
        "engine, members/s": f"{members / statistics.median(engine):,.0f}",
        "engine / C": compared("C"),
        "summed up: engine / bare C": ratio(found["C, bare"], found["engine, summed up"])
        if "C" in found
        else "not run",
        "engine / pysimlin": compared("pysimlin", members),
        "engine / PySD": f"{members / statistics.median(engine) / rate:,.0f}" if rate else "not timed",
    }


def peer_of(
    case: Case, simulation: Simulation, frame: pd.DataFrame
) -> tuple[CCode, Callable[[], Members], Any]:
    """C for the same outputs, the members as it reads them, and the grid of time."""
    nodes = [simulation.program.cells[c] for n in case.outputs for c in simulation.names.cells(n)]
    peer = CKernel(simulation.program, nodes) if case.by_hand is None else case.by_hand(simulation)
    uniform, varying, count = simulation._settings(frame)
    grid = simulation._grid(Members(uniform, varying, count, 1), 1e8)
    return peer, lambda: Members(uniform, varying, count, peer.width), grid


def _pysimlin(path: Path) -> Callable[[], None] | None:
    """One run of pysimlin, without its results; None where it is not installed or does not run the model."""
    with suppress(ImportError):
        import simlin

        with suppress(simlin.SimlinError):
            simulation = simlin.load(str(path)).simulate()

            def run() -> None:
                simulation.reset()
                simulation.run_to_end()

            run()
            return run
    return None


def _pysd(path: Path, frame: pd.DataFrame, case: Case) -> float:
    """Members per second of PySD, translation left out."""
    import pysd

    model = pysd.read_vensim(path)
    model.run(return_columns=case.outputs, progress=False)
    start = time.perf_counter()
    for k in range(case.pysd_members):
        model.run(params=dict(frame.iloc[k]), return_columns=case.outputs, progress=False)
    return case.pysd_members / (time.perf_counter() - start)
