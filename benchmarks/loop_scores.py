"""Loop scores of pysimlin, for `tests/loops` to compare ours with.

    python benchmarks/loop_scores.py

writes `tests/loops/simlin_scores.csv`: loop scores (not relative) of the models of `tests/models` that are named
below, at some instants. pysimlin is in `benchmarks/requirements.lock`. Variables that it makes itself, within a
smooth or between an expression and its stock, are left out of the path of a loop.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import simlin

ROOT = Path(__file__).parent.parent
MODELS = (
    "awkward_step",
    "exponential_growth",
    "initial_values",
    "loops_arms_race",
    "loops_bass",
    "loops_inventory",
    "loops_smooth",
    "loops_world",
    "loops_yeast",
    "sir",
    "stocks",
    "teacup",
)
INSTANTS = 6
LOOPS = 12  # of a model, those with the highest scores


def rows(name: str) -> list[list[object]]:
    """The loops of a model at some instants."""
    model = simlin.load(ROOT / "tests" / "models" / f"{name}.mdl")
    own = (ROOT / "tests" / "models" / f"{name}.mdl").read_text(encoding="utf-8").replace(" ", "_").casefold()
    with model.simulate(enable_ltm=True) as sim:
        sim.run_to_end()
        times = sim.get_series("time")
        loops = {loop.id: (loop, sim.get_loop_score(loop.id)) for loop in sim.get_loops_runtime()}
    highest = sorted(loops, key=lambda item: -np.abs(loops[item][1]).mean())[:LOOPS]
    at = np.linspace(3, len(times) - 1, INSTANTS + 1).round().astype(int)[:-1]
    return [
        [
            name,
            " > ".join(part for part in loops[item][0].variables if f"\n{part}_" in own),
            float(times[k]),
            float(loops[item][1][k]),
        ]
        for item in highest
        for k in at
    ]


def main() -> None:
    """Write the file."""
    path = ROOT / "tests" / "loops" / "simlin_scores.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", "loop", "time", "score"])
        for name in MODELS:
            writer.writerows(rows(name))


if __name__ == "__main__":
    main()
