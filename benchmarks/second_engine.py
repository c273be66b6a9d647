"""The coupled Dutch model beside PySD over its whole span: the largest difference, stock by stock.

    python benchmarks/second_engine.py [--step 1] [--model models/netherlands.yaml]

PySD takes most of a second a step of this model, so that the model's own step of 1/8 month (2,016 steps) takes half an
hour; a step of a month (252) shows the same equations over the same span.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import replace
from pathlib import Path

from sd_covid.analysis.differences import largest_difference
from sd_covid.analysis.second_engine import run_in_pysd
from sd_covid.engine.simulation import Simulation
from sd_covid.engine.table import as_table
from sd_covid.model import read
from sd_covid.model.expression import Number


def main() -> None:
    """Run both and print."""
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description="The coupled model beside PySD, over its whole span.")
    options.add_argument("--step", type=float, default=1.0, help="in months")
    options.add_argument("--model", type=Path, default=Path("models/netherlands.yaml"))
    chosen = options.parse_args()
    model = read(chosen.model)
    step = model.variables["time step"]
    step.equations = [replace(step.equations[0], expression=Number(chosen.step))]
    simulation = Simulation(model)
    ours = as_table(simulation.run())
    start = time.perf_counter()
    theirs = run_in_pysd(simulation.model)
    seconds = time.perf_counter() - start
    found = largest_difference(ours, theirs)
    worst = found["difference"].idxmax()
    print(
        f"{len(found)} variables, {len(ours)} months, steps of {chosen.step:g} month: largest difference "
        f"{found['difference'].max():.2g} of the largest value ({worst}, Time {found['time'][worst]:g}); "
        f"PySD took {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
