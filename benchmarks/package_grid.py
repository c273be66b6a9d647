"""The search for packages against every package, on a small grid of the Dutch model.

    python benchmarks/package_grid.py

runs all packages of a grid of three measures on a few draws, takes the front of all of them, and lets the search look
for it. Prints how many packages there are, how many the search looked at, how much of the front it found, and the
hypervolume of what it found as a share of that of the front.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from moocore import hypervolume

import sd_covid
from sd_covid.analysis.optimisation.evaluate import Evaluator, Worlds, ready
from sd_covid.analysis.optimisation.packages import Judge
from sd_covid.analysis.optimisation.plan_file import OptimisationPlan, read_plan
from sd_covid.analysis.optimisation.search import search, undominated
from sd_covid.policy.scenario import Scenario

ROOT = Path(__file__).parent.parent
PLAN = """model: ../models/netherlands.yaml
base: actual
outputs: outputs.yaml
levers:
  debt-assistance: {level: [0, 1, 2], start: [2021-09-01, 2024-09-01], months: 36, budget: [200, 430, 860]}
  tutoring:
    {level: [0, 1], start: [2021-09-01, 2024-09-01], months: 24, budget: [150, 305, 610], target: [all, vulnerable]}
  care-capacity: {level: [0, 1], start: [2021-09-01, 2023-01-01], months: 36, budget: [190, 750]}
objectives:
  cost: cost
  problem-debt: {output: households in problem debt, years: [2021, 2034]}
  distress: {output: severe distress share, years: [2021, 2034]}
limits: {spent: 700}
draws: {posterior: ../calibration/posterior.parquet, search: 8, fresh: 2}
search: {population: 24, generations: 12, seed: 1}
"""


def main() -> None:
    """Enumerate, search, and print both."""
    begun = time.process_time()
    simulation = sd_covid.load(ROOT / "models" / "netherlands.yaml")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=ROOT / "scenarios") as file:
        file.write(PLAN)
        file.flush()
        plan = read_plan(file.name, simulation)
    everything = np.unique(plan.space.canonical(plan.space.everything()), axis=0)
    base = Judge(plan.space, plan.limits, evaluator(plan, []))
    widest = base.scenario(plan.space.package(plan.space.sizes - 1))
    judge = Judge(plan.space, plan.limits, evaluator(plan, [widest]))
    objectives, excess = judge.points(everything)
    kept = (excess <= 0).all(axis=1)
    best = objectives[kept][undominated(objectives[kept])]
    print(f"{len(everything)} packages, {kept.sum()} within the limit, {len(best)} on the front")
    print(f"enumerated after {time.process_time() - begun:.0f} s of processor time")
    worst, ideal = best.max(axis=0), best.min(axis=0)
    for seed in range(1, 6):
        effort = replace(plan.effort, seed=seed)
        found = search(plan.space.sizes, judge.points, effort, canonical=plan.space.canonical)
        front = found.objectives[found.front]
        same = len({tuple(row) for row in front.tolist()} & {tuple(row) for row in best.tolist()})
        volumes = [hypervolume((rows - ideal) / (worst - ideal), ref=[1.1] * 3) for rows in (front, best)]
        print(
            f"seed {seed}: looked at {len(found.points)}, found {same} of the front, "
            f"hypervolume {volumes[0] / volumes[1]:.4f} of it"
        )


def evaluator(plan: OptimisationPlan, scenarios: list[Scenario]) -> Evaluator:
    """Runs packages of a plan on the draws of its search."""
    simulation = ready(plan.simulation, [plan.base, *scenarios], plan.study)
    worlds = Worlds(plan.draws.search, plan.paths)
    return Evaluator(simulation, plan.study, plan.base, plan.objectives, worlds)


if __name__ == "__main__":
    main()
