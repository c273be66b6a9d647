"""Time until a first result, in processes of their own: read, lower, compile and run, once everything is imported.

Then the whole process again, imports included, with model and code in the cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import in_turns, ratio

from models import WORLD_OUTPUTS, world

STAGES = """
import json, sys, time
import numpy, pandas, xarray
import llvmlite.binding
from sd_covid.model import read
from sd_covid.model.vensim import reader as vensim
from sd_covid.engine.simulation import Simulation
clock = time.perf_counter
marks = [clock()]
model = read(sys.argv[1])
marks.append(clock())
simulation = Simulation(model)
simulation.run(outputs=json.loads(sys.argv[2]))
marks.append(clock())
simulation.run()
marks.append(clock())
print(json.dumps([after - before for before, after in zip(marks, marks[1:])]))
"""
WARM = "import sys, sd_covid; sd_covid.load(sys.argv[1]).run()"
IMPORTS = "import numpy, pandas, xarray"


def measure(equations: int, rounds: int) -> dict[str, str]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.mdl"
        path.write_text(world(equations), encoding="utf-8")
        fresh = [_stages(path, Path(folder) / f"cache{k}") for k in range(max(3, rounds // 2))]
        read, first, everything = (sorted(column)[len(column) // 2] for column in zip(*fresh, strict=True))
        environment = os.environ | {"XDG_CACHE_HOME": str(Path(folder) / "cache")}
        warm = in_turns(
            {
                "warm": lambda: _python(WARM, environment, str(path)),
                "imports": lambda: _python(IMPORTS, environment),
            },
            rounds,
        )
    return {
        "equations": f"{equations:,}",
        "read, s": f"{read:.2f}",
        "from model to first result, s": f"{first:.2f}",
        "all variables, s more": f"{everything:.2f}",
        "whole process from the cache / importing numpy, pandas and xarray": ratio(
            warm["warm"], warm["imports"]
        ),
    }


def _stages(path: Path, cache: Path) -> list[float]:
    """Seconds of each stage with an empty cache."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    return list(map(float, json.loads(_python(STAGES, environment, str(path), json.dumps(WORLD_OUTPUTS)))))


def _python(code: str, environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
