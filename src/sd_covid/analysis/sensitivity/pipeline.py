"""Global sensitivity of the differences between scenarios to what nobody knows.

In comes a `SensitivityPlan`; out come indices with intervals, by outcome and over time, and how far they have
converged. Every row of the design runs in every scenario, so that an outcome is a paired difference. Reading the file
is `plan_file`, drawing is the report.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.convergence import converged
from sd_covid.analysis.sensitivity.designs import Design, design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.factors import Factor, parameters
from sd_covid.analysis.sensitivity.plan import SensitivityPlan
from sd_covid.analysis.sensitivity.results import OutcomeSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.runs import Progress, Runs, run_rows
from sd_covid.analysis.sensitivity.screening import screen
from sd_covid.analysis.sensitivity.shapley import Within, shapley_effects
from sd_covid.analysis.sensitivity.time import over_time
from sd_covid.model.names import key
from sd_covid.policy.spread import Spread


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
    within, extra = _within(plan, progress)
    made = len(points.points) * len(plan.scenarios)
    return Sensitivity(
        method=plan.method,
        reference=plan.scenarios[0].id,
        scenarios=plan.scenarios,
        factors=plan.subjects,
        outcomes=_outcomes(plan, points, runs, kept, within),
        paths=over_time(plan, points, runs, kept),
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


def _within(plan: SensitivityPlan, progress: Progress | None) -> tuple[tuple[Within | None, ...], int]:
    """The calibrated parameters one by one: every draw once, all else at its central value; and the runs that took."""
    posterior = next((factor for factor in plan.factors if factor.draws is not None), None)
    if posterior is None or posterior.draws is None or not plan.outcomes:
        return (None,) * len(plan.outcomes), 0
    draws = posterior.draws
    others: list[Factor] = [factor for factor in plan.factors if factor is not posterior]
    every = (np.arange(len(draws)) + 0.5)[:, None] / len(draws)
    frame = parameters([posterior], every, (*others, *plan.held))
    runs = run_rows(replace(plan, over_time=None), frame, progress)
    values, sound = runs.outcomes[runs.sound], draws.loc[runs.sound].reset_index(drop=True)
    return shapley_effects(values, sound, runs.noise, seed=plan.seed), len(draws) * len(plan.scenarios)
