"""One run as a table of all variables, and its derivatives, beside a plain run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
from cases import Case
from paired import in_turns, ratio

from sd_covid.engine.gradients.objective import LeastSquares
from sd_covid.engine.simulation import Simulation, load


def measure(case: Case, path: Path, rounds: int) -> dict[str, str]:
    """One row of the table."""
    simulation = load(path)
    point = {name: simulation.constants[name] * 1.01 for name in case.constants}
    run = simulation.run(outputs=case.outputs)
    observed = pd.DataFrame({n: run[n].to_numpy() for n in case.outputs}, index=run["time"].to_numpy())
    misfit = LeastSquares(observed, sd=observed.abs().mean().mean())
    actions: dict[str, Callable[[], object]] = {
        "all": simulation.run,
        "some": lambda: simulation.run(point, case.outputs),
        "gradient": lambda: simulation.value_and_gradient(misfit, point),
        "jacobian": lambda: simulation.jacobian(case.outputs, point),
    }
    pysimlin = _pysimlin(path)
    if pysimlin is not None:
        actions["pysimlin"] = pysimlin
    found = in_turns(actions, rounds)
    return {
        "model": case.name,
        "constants": str(len(point)),
        "run as a Dataset, ms": f"{1e3 * float(np.median(found['all'])):.1f}",
        "of pysimlin's run and table": ratio(found["all"], found["pysimlin"])
        if "pysimlin" in found
        else "not run",
        "value and gradient / run": ratio(found["gradient"], found["some"]),
        "Jacobian / run": ratio(found["jacobian"], found["some"]),
        "gradient's distance from central differences": f"{_error(simulation, misfit, point):.0e}",
    }


def _error(simulation: Simulation, misfit: LeastSquares, point: dict[str, float]) -> float:
    """Largest difference, in units of the largest derivative per relative change of a constant."""
    _, gradient = simulation.value_and_gradient(misfit, point)
    exact = np.array([gradient[name] * value for name, value in point.items()])
    central = []
    for name, value in point.items():
        ends = [
            simulation.value_and_gradient(misfit, point | {name: value * (1 + sign * 1e-6)})[0]
            for sign in (1, -1)
        ]
        central.append((ends[0] - ends[1]) / 2e-6)
    return float(np.abs(exact - central).max() / np.abs(exact).max())


def _pysimlin(path: Path) -> Callable[[], object] | None:
    """One run of pysimlin with its table of results; None where it is not installed or does not read the model."""
    with suppress(ImportError):
        import simlin

        with suppress(simlin.SimlinError):
            model = simlin.load(str(path))
            return lambda: model.run(analyze_loops=False).results
    return None
