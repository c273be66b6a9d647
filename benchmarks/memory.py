"""What a run takes in memory, each in a process of its own: the peak of the run, less what was held before it.

Linux tells both in ``/proc/self/status``, and forgets an earlier peak when 5 is written to ``clear_refs``.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

from cases import Case

from sd_covid.engine.simulation import load

#: Each reads a model, says how much memory it holds by then, runs, and says its peak. The numbers are KiB.
BEGIN = """
import gc, json, sys, warnings
warnings.simplefilter("ignore")
path, constants, outputs, members = json.loads(sys.argv[1])
def told(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))
def held():
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return told("VmRSS")
"""
ENGINE = """
import numpy, pandas, xarray
from throughput import SUMS, draws
from sd_covid.engine.simulation import load
simulation = load(path)
simulation.run(draws(simulation, constants, 16), outputs, {settings})
frame = draws(simulation, constants, members)
before = held()
kept = simulation.run(frame, outputs, {settings})
"""
PYSD = """
import pysd
model = pysd.read_vensim(path)
before = held()
kept = model.run(return_columns=outputs, progress=False)
"""
SIMLIN = """
import pandas, simlin
model = simlin.load(path)
before = held()
kept = model.run(analyze_loops=False).results
"""
END = "\nprint(told('VmHWM') - before)\n"


def measure(case: Case, path: Path, members: int, rounds: int) -> dict[str, str]:
    """One row of the table, in MiB."""
    found = load(path).run(outputs=case.outputs)
    values = members * sum(math.prod(found[name].shape) for name in case.outputs)

    def extra(program: str) -> str:
        asked = json.dumps([str(path), case.constants, case.outputs, members])
        return _median(program, asked, rounds)

    return {
        "model": case.name,
        f"results of {members:,} members, MiB": f"{8 * values / 2**20:,.0f}",
        "engine, all of them": extra(ENGINE.format(settings="")),
        "engine, summed up": extra(ENGINE.format(settings="over_time=SUMS")),
        "pysimlin, one run": extra(SIMLIN),
        "PySD, one run": extra(PYSD) if case.pysd_members else "not run",
    }


def _median(program: str, asked: str, rounds: int) -> str:
    """The median over processes; that it is not run, where one cannot."""
    found = []
    for _ in range(rounds):
        command = [sys.executable, "-c", BEGIN + program + END, asked]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False)
        if done.returncode != 0:
            return "not run"
        found.append(int(done.stdout.split()[-1]) / 2**10)
    return f"{statistics.median(found):,.0f}"
