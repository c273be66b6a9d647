"""How far results lie from those of others, and from what is known: largest differences, not times.

Every output of a model, at every saved time, beside vector C, pysimlin and PySD, as a share of the output's largest
value. Then two problems whose answer is known: the recurrences of a SIR in decimal arithmetic of fifty digits, which
any engine should give to rounding, and a logistic, whose solution in closed form tells what a method of integration
leaves.
"""

from __future__ import annotations

import decimal
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cases import Case
from throughput import draws, peer_of

from models import CONTROL, SIR, SIR_OUTPUTS
from sd_covid.analysis.differences import largest_difference
from sd_covid.analysis.second_engine import run_in_pysd
from sd_covid.engine.run.kernel import thread_count
from sd_covid.engine.simulation import Simulation, load
from sd_covid.engine.table import as_table
from sd_covid.errors import RunError

ANOTHER = 0.01  # of a variable's largest value: what differs by more is no matter of rounding or method
MEMBERS = 64  # of the batch that is compared with C
RATE, ROOM, FIRST, UNTIL, STEP = 0.1, 100.0, 10.0, 100, 0.25
LOGISTIC = (
    f"{{UTF-8}}\nsize = INTEG({RATE} * size * (1 - size / {ROOM:g}), {FIRST:g}) ~ ~ |\n"
) + CONTROL.format(final=UNTIL, step=STEP)


def measure(case: Case, path: Path) -> dict[str, str]:
    """One row of the table of differences from others."""
    simulation = load(path)
    ours = as_table(simulation.run(outputs=case.outputs))
    return {
        "model": case.name,
        "values compared": f"{ours.size:,}",
        f"C, {MEMBERS} members": _from_c(case, simulation),
        "pysimlin": _shown(ours, lambda: _in_pysimlin(path)),
        "PySD": _shown(ours.loc[: case.until], lambda: run_in_pysd(simulation.model, case.until))
        + ("" if case.until is None else f", up to time {case.until:g}"),
    }


def _shown(ours: pd.DataFrame, other: Callable[[], pd.DataFrame | None]) -> str:
    """The largest difference from another engine; why there is none."""
    try:
        theirs = other()
    except RunError:
        return "cannot run it"
    if theirs is None:
        return "not run"
    found = largest_difference(ours, theirs)["difference"]
    if len(found) < ours.shape[1]:
        return "lacks outputs"
    return f"{found.max():.0e}" if found.max() < ANOTHER else "another answer"


def _in_pysimlin(path: Path) -> pd.DataFrame | None:
    """All results of pysimlin; None where it is not installed or does not run the model."""
    with suppress(ImportError):
        import simlin

        with suppress(simlin.SimlinError):
            found: pd.DataFrame = simlin.load(str(path)).run(analyze_loops=False).results
            return found
    return None


def _from_c(case: Case, simulation: Simulation) -> str:
    """The largest difference from C over a batch."""
    if not case.peer or not shutil.which("g++"):
        return "not run"
    frame = draws(simulation, case.constants, MEMBERS)
    peer, of_all, grid = peer_of(case, simulation, frame)
    cube = peer.run(of_all(), grid, thread_count())
    run = simulation.run(frame, case.outputs)
    pairs = zip(_planes(case, run), cube, strict=True)
    return f"{max(np.abs(plane - other).max() / (np.abs(other).max() or 1.0) for plane, other in pairs):.0e}"


def _planes(case: Case, run: Any) -> Iterator[Any]:
    """Every element of every output, shape (member, time)."""
    for name in case.outputs:
        found = run[name]
        elements = [d for d in found.dims if d not in ("member", "time")]
        planes = found.transpose(*elements, "member", "time").to_numpy()
        yield from planes.reshape(-1, *planes.shape[-2:])


def known(folder: Path) -> list[dict[str, str]]:
    """Rows of the table of differences from what is known."""
    sir, logistic = folder / "known-sir.mdl", folder / "logistic.mdl"
    sir.write_text(SIR, encoding="utf-8")
    logistic.write_text(LOGISTIC, encoding="utf-8")
    recurrences, solution = _decimal_sir(), _solution()
    euler = load(logistic)
    rows = [
        ("SIR by Euler, in fifty digits: rounding", load(sir).run(outputs=SIR_OUTPUTS), recurrences, sir),
        ("logistic in closed form: Euler", euler.run(), solution, logistic),
        ("logistic in closed form: Runge-Kutta 4", euler.integrated("rk4").run(), solution, None),
        ("logistic in closed form: adaptive, 1e-9", euler.integrated("adaptive", 1e-9).run(), solution, None),
    ]
    return [
        {
            "known answer": what,
            "engine": f"{largest_difference(truth, as_table(run))['difference'].max():.0e}",
            "pysimlin": _shown(truth, lambda path=path: _in_pysimlin(path)) if path else "not asked",
            "PySD": _shown(truth, lambda path=path: run_in_pysd(load(path).model)) if path else "Euler only",
        }
        for what, run, truth, path in rows
    ]


def _decimal_sir() -> pd.DataFrame:
    """The recurrences of the SIR model, in decimal arithmetic of fifty digits from the doubles of its constants."""
    with decimal.localcontext(prec=50):
        number = decimal.Decimal
        step, infectivity, duration, people = number(0.03125), number(0.3), number(5), number(1000)
        susceptible, infectious, recovered = people - 5, number(5), number(0)
        rows = [(susceptible, infectious, recovered)]
        for _ in range(3200):
            succumbing = susceptible * infectious / people * infectivity
            recovering = infectious / duration
            susceptible -= step * succumbing
            infectious += step * (succumbing - recovering)
            recovered += step * recovering
            rows.append((susceptible, infectious, recovered))
    index = pd.Index(np.arange(len(rows)) * 0.03125, name="Time")
    return pd.DataFrame([list(map(float, row)) for row in rows], index=index, columns=SIR_OUTPUTS)


def _solution() -> pd.DataFrame:
    """Verhulst's solution of the logistic equation."""
    time = np.arange(round(UNTIL / STEP) + 1) * STEP
    size = ROOM / (1 + (ROOM / FIRST - 1) * np.array([math.exp(-RATE * t) for t in time]))
    return pd.DataFrame({"size": size}, index=pd.Index(time, name="Time"))
