"""Global sensitivity of the differences between scenarios to what nobody knows.

In comes a `SensitivityPlan`; out come indices with intervals, by outcome and over time, and how far they have
converged. Every row of the design runs in every scenario, so that an outcome is a paired difference. Reading the file
is `plan_file`, drawing is the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.convergence import converged
from sd_covid.analysis.sensitivity.designs import Design, design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.factors import Factor, parameters
from sd_covid.analysis.sensitivity.plan import SensitivityPlan
from sd_covid.analysis.sensitivity.results import OutcomeSensitivity, PathSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.runs import Progress, Runs, run_rows
from sd_covid.analysis.sensitivity.screening import screen
from sd_covid.analysis.sensitivity.shapley import Within, shapley_effects
from sd_covid.analysis.sensitivity.time import over_time
from sd_covid.model.names import key
from sd_covid.policy.comparison.spread import Spread


def analyse(plan: SensitivityPlan, progress: Progress | None = None) -> Sensitivity:
    """Say what the outcomes and paths of a plan depend on.

    Parameters
    ----------
    plan : SensitivityPlan
    progress : callable, optional
        Called with runs done and runs in all, of the screening, of the design and of the posterior's draws in turn.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        As `run_scenarios`; also a design that failed nearly everywhere.
    """
    plan, screened = screen(plan, progress) if plan.screening else (plan, None)
    points = design(plan.method, plan.grouping, plan.samples, plan.seed, second_order=plan.second_order)
    runs = run_rows(plan, parameters(plan.factors, points.points, plan.held), progress)
    kept = points.sound(runs.sound)
    paths = over_time(plan, points, runs, kept)
    within, extra = _within(plan, paths, progress)
    stated = len(plan.outcomes)
    made = len(points.points) * len(plan.scenarios)
    return Sensitivity(
        method=plan.method,
        reference=plan.scenarios[0].id,
        scenarios=plan.scenarios,
        factors=plan.subjects,
        outcomes=_outcomes(plan, points, runs, kept, within[:stated]),
        paths=tuple(replace(path, within=found) for path, found in zip(paths, within[stated:], strict=True)),
        screened=screened,
        samples=points.blocks,
        kept=int(kept.sum()),
        runs=made + extra + (screened.runs if screened else 0),
        failures=runs.failures,
        provenance=runs.provenance,
    )


def _outcomes(
    plan: SensitivityPlan,
    points: Design,
    runs: Runs,
    kept: NDArray[np.bool_],
    within: tuple[Within | None, ...],
) -> tuple[OutcomeSensitivity, ...]:
    """Indices of the outcomes, and the same from parts of the design."""
    if not plan.outcomes:
        return ()
    found = estimate(points, runs.outcomes, kept, runs.noise, seed=plan.seed, resamples=plan.resamples)
    steps = converged(points, runs.outcomes, kept, runs.noise, found, seed=plan.seed)
    base = runs.outcomes[points.base(kept)]
    outputs = {key(output.name): output for output in runs.outputs}
    return tuple(
        OutcomeSensitivity(
            outcome=outcome,
            output=outputs[key(outcome.output)],
            spread=Spread.of(base[:, position]),
            indices=found.of(position),
            convergence=steps.of(position),
            within=within[position],
        )
        for position, outcome in enumerate(plan.outcomes)
    )


def _within(
    plan: SensitivityPlan, paths: Sequence[PathSensitivity], progress: Progress | None
) -> tuple[tuple[Within | None, ...], int]:
    """The calibrated parameters one by one, for each outcome, and for each path where its spread is largest.

    Every draw runs once, all else at its central value; the second answer is how many runs that took.
    """
    posterior = next((factor for factor in plan.factors if factor.draws is not None), None)
    if posterior is None or posterior.draws is None:
        return (None,) * (len(plan.outcomes) + len(paths)), 0
    draws = posterior.draws
    others: list[Factor] = [factor for factor in plan.factors if factor is not posterior]
    every = (np.arange(len(draws)) + 0.5)[:, None] / len(draws)
    runs = run_rows(plan, parameters([posterior], every, (*others, *plan.held)), progress)
    widest = [(position, path.widest) for position, path in enumerate(paths)]
    columns = [runs.paths[:, one, at, None].astype(np.float64) for one, at in widest]
    values = np.concatenate([runs.outcomes, *columns], axis=1)[runs.sound]
    noise = np.concatenate([runs.noise, [runs.path_noise[one, at] for one, at in widest]])
    sound = draws.loc[runs.sound].reset_index(drop=True)
    return shapley_effects(values, sound, noise, seed=plan.seed), len(draws) * len(plan.scenarios)
