"""Sobol indices over time on the Dutch model: what forty factors, twenty outputs and every month cost.

    python benchmarks/sobol.py [--factors 40] [--outputs 20] [--samples 1024] [--resamples 100]

First- and total-order indices with a bootstrap, of the level of one scenario. One line: wall and processor seconds, and
the largest resident memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import yaml

import sd_covid
from sd_covid.analysis.sensitivity import analyse, read_plan
from sd_covid.policy import Study
from sd_covid.policy.catalogue.outputs import read_outputs

STUDY = Path(__file__).parent.parent


def main() -> None:
    """Write the plan, run it, and print what it cost."""
    options = argparse.ArgumentParser(description="Sobol indices over time on the Dutch model.")
    for name, usual in (("factors", 40), ("outputs", 20), ("samples", 1024), ("resamples", 100)):
        options.add_argument(f"--{name}", type=int, default=usual)
    chosen = options.parse_args()
    simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
    known = Study.beside(STUDY / "scenarios" / "actual.yaml", simulation).assumptions
    outputs = [item.name for item in read_outputs(STUDY / "scenarios" / "outputs.yaml") if item.told]
    plan = {
        "model": "../models/netherlands.yaml",
        "scenarios": ["actual"],
        "outputs": "outputs.yaml",
        "factors": {"assumptions": list(known)[: chosen.factors]},
        "over_time": {"scenario": "actual", "outputs": outputs[: chosen.outputs], "every": 1},
        "samples": chosen.samples,
        "resamples": chosen.resamples,
        "seed": 1,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=STUDY / "scenarios") as file:
        yaml.safe_dump(plan, file)
        file.flush()
        read = read_plan(file.name, simulation)
        wall, processor = time.perf_counter(), time.process_time()
        found = analyse(read)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    months = len(found.paths[0].time)
    print(
        f"{len(found.factors)} factors, {len(found.paths)} outputs, {months} times, {found.runs:,} runs: "
        f"{wall:.1f} s, {processor:.1f} s of a processor, {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
