"""How near a simulator's steps come to the exact solution of its model, and other methods and steps beside them.

    python benchmarks/simulator_step.py [--file scenarios/simulator-lite.yaml]

runs the presets of the page and compares with RK4 at steps of 1/64 month, which stands for the exact solution. Told are
differences from the first preset: the mean of the year of the headline figures, as a share of the exact difference, and
courses, as the largest error over the largest difference. Differences below a millionth of an outcome count as none.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import sd_covid
from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study
from sd_covid.report.simulator import Declaration, read_declaration
from sd_covid.report.simulator.content import outputs_of

ROOT = Path(__file__).parents[1]
EXACT = ("rk4", 1 / 64)
STEPS = (
    ("euler", 0.125),
    ("euler", 0.25),
    ("midpoint", 0.125),
    ("midpoint", 0.25),
    ("midpoint", 0.5),
    ("midpoint", 1.0),
    ("rk2", 0.5),
    ("rk4", 0.5),
    ("rk4", 1.0),
)


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--file", type=Path, default=ROOT / "scenarios" / "simulator-lite.yaml")
    declared = read_declaration(parser.parse_args().file)
    simulation = sd_covid.load(declared.model)
    study = Study.beside(declared.file, simulation)
    presets = [read_scenario(path, simulation, study=study) for path in declared.presets]
    simulation = simulation.stepping([name for item in presets for name in item.settings])
    year = slice(12 * (declared.year - study.calendar.origin.year), None)
    exact = courses(declared, simulation, presets, *EXACT)
    print("| method | step | slopes a month | year: median | p90 | largest | course: median | p90 |")
    print("|---|---|---|---|---|---|---|---|")
    for method, step in STEPS:
        found = courses(declared, simulation, presets, method, step)
        shares = [*errors(found, exact, slice(year.start, year.start + 12))]
        slopes = {"euler": 1, "midpoint": 2, "rk2": 2, "rk4": 4}[method] / step
        print(f"| {method} | {step:g} | {slopes:g} | {' | '.join(f'{share:.2%}' for share in shares)} |")


def courses(
    declared: Declaration, simulation: sd_covid.Simulation, presets: list[Scenario], method: str, step: float
) -> np.ndarray:
    """All outputs of all presets, shape (preset, output, month)."""
    names = [item.name for item in outputs_of(declared, simulation)]
    stepped = simulation.integrated(method, step=step)
    runs = [stepped.run(item.settings, names) for item in presets]
    return np.array([[np.ravel(run[name].to_numpy()) for name in names] for run in runs])


def errors(found: np.ndarray, exact: np.ndarray, year: slice) -> list[float]:
    """Of the year the median, ninth tenth and largest error of differences; of courses the median and ninth tenth."""
    near, true = found[1:] - found[:1], exact[1:] - exact[:1]
    least = 1e-6 * np.abs(exact[0]).max(axis=-1)
    of_year, mean = true[:, :, year].mean(axis=-1), near[:, :, year].mean(axis=-1)
    there = np.abs(of_year) > least
    shares = (np.abs(mean - of_year)[there]) / np.abs(of_year)[there]
    largest = np.abs(true).max(axis=-1)
    moved = largest > least
    of_courses = np.abs(near - true).max(axis=-1)[moved] / largest[moved]
    return [*np.quantile(shares, [0.5, 0.9, 1.0]), *np.quantile(of_courses, [0.5, 0.9])]


if __name__ == "__main__":
    main()
