"""Indices over time: what an output depends on at every moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.convergence import Convergence, converged
from sd_covid.analysis.sensitivity.designs import Design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.plan import SensitivityPlan
from sd_covid.analysis.sensitivity.results import PathSensitivity
from sd_covid.analysis.sensitivity.runs import Runs
from sd_covid.model.names import key


def over_time(
    plan: SensitivityPlan, design: Design, runs: Runs, kept: NDArray[np.bool_]
) -> tuple[PathSensitivity, ...]:
    """Indices of the paths of a plan at every moment; none where it asks for none."""
    if plan.over_time is None:
        return ()
    moments = len(runs.time)
    values = runs.paths.reshape(len(runs.paths), -1)
    noise = runs.path_noise.ravel()
    found = estimate(design, values, kept, noise, seed=plan.seed, resamples=plan.resamples)
    if design.method == "sobol":
        steps = converged(design, values, kept, noise, found, seed=plan.seed)
    else:
        # One quantity after another takes too long to do it five times over.
        steps = Convergence((found.blocks,), found.leading[None])
    base = runs.paths[design.base(kept)]
    bands = np.quantile(base, (0.05, 0.5, 0.95), axis=0) + runs.origin
    outputs = {key(output.name): output for output in runs.outputs}
    paths = []
    for position, name in enumerate(plan.over_time.outputs):
        here = slice(position * moments, (position + 1) * moments)
        paths.append(
            PathSensitivity(
                output=outputs[key(name)],
                scenario=plan.over_time.scenario,
                time=runs.time,
                date=runs.date,
                bands=np.asarray(bands[:, position], dtype=np.float64),
                indices=found.of(here),
                convergence=steps.of(here),
            )
        )
    return tuple(paths)
