"""Samplers side by side on one problem: what they cost, whether they converged, and how far apart their answers lie.

    python benchmarks/samplers.py calibration/variants/youth.yaml [--method lanes --method smc] [--seed 1]

Answers are compared parameter by parameter with those of the first method: means in units of its standard deviation,
5 and 95 % limits in parts of the width between them. Parameters of which the figures say nothing are drawn from their
prior by every method and left out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import get_args

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import fit, laplace
from sd_covid.calibration.samplers.methods import Method
from sd_covid.calibration.samplers.posterior import diagnostics, sample
from sd_covid.calibration.workflow import load_problem
from sd_covid.engine.run.kernel import thread_count

HEAD = (
    "| problem | sampler | draws | seconds | seconds of a processor | R-hat, most | ESS, least | diverged | "
    "means apart, sd | limits apart, widths |\n|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Run every method and print a table."""
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description="Samplers side by side on one problem.")
    options.add_argument("problem", type=Path)
    options.add_argument("--method", action="append", choices=get_args(Method))
    options.add_argument("--draws", type=int, help="of each chain, the default of a method unless given")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    problem, simulator = load_problem(chosen.problem)
    objective = Objective(problem, simulator)
    threads = thread_count()
    found = fit(objective, starts=4, seed=chosen.seed, threads=threads)
    approximation = laplace(objective, found.best)
    first: np.ndarray | None = None
    print(HEAD)
    for method in chosen.method or get_args(Method):
        wall, processor = time.perf_counter(), time.process_time()
        samples = sample(
            objective, approximation, method=method, draws=chosen.draws, threads=threads, seed=chosen.seed
        )
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        values = samples.values[:, :, approximation.informed]
        seen = diagnostics(values)
        flat = values.reshape(-1, values.shape[-1])
        first = flat if first is None else first
        low, high = np.quantile(first, [0.05, 0.95], axis=0)
        means = np.abs(flat.mean(axis=0) - first.mean(axis=0)) / first.std(axis=0)
        limits = np.abs(np.quantile(flat, [0.05, 0.95], axis=0) - [low, high]) / (high - low)
        print(
            f"| {chosen.problem.stem} | {method} | {len(flat):,} | {wall:.0f} | {processor:.0f} | "
            f"{np.nanmax(seen.r_hat):.4f} | {np.nanmin([seen.ess_bulk, seen.ess_tail]):,.0f} | "
            f"{samples.divergences} | {means.max():.3f} | {limits.max():.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
