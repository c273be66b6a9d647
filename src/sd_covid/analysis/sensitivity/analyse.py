"""Global sensitivity of the differences between scenarios to what nobody knows.

In comes a `SensitivityPlan` of scenarios, factors and the outcomes of interest; out come Sobol indices with intervals,
and how far they have converged. Every row of the design runs in every scenario, so that an outcome is a paired
difference. Reading the file is `sd_covid.analysis.sensitivity_file`, drawing is the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.attribution import rank_shares
from sd_covid.analysis.factors import Factor, parameters
from sd_covid.analysis.sobol import Indices, design, indices, sound_blocks
from sd_covid.data.text import Text
from sd_covid.policy.comparison import Comparison, Failure, Measure, Provenance
from sd_covid.policy.outputs import Output
from sd_covid.policy.run import run_scenarios
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.spread import Spread
from sd_covid.policy.study import Study
from sd_covid.policy.types import Floats, Simulator


@dataclass(frozen=True, slots=True)
class Outcome:
    """A paired difference whose variance is taken apart.

    Attributes
    ----------
    id : str
    title : Text
    scenario : str
        Set against the reference.
    output : str
    measure : {'year', 'peak', 'total', 'discounted total'}
    years : tuple of int
        First and last.
    """

    id: str
    title: Text
    scenario: str
    output: str
    measure: Measure
    years: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SensitivityPlan:
    """What is to be analysed.

    Attributes
    ----------
    simulation : Simulator
    study : Study
    scenarios : tuple of Scenario
        The first is the reference.
    factors : tuple of Factor
        What varies; at least two.
    outcomes : tuple of Outcome
    outputs : tuple of Output
        Those that the outcomes read.
    samples : int
        Blocks of the design, a power of two; ``samples * (factors + 2)`` runs in each scenario.
    resamples : int
        Of the bootstrap.
    seed : int
        Of design, bootstrap and the model's random numbers.
    """

    simulation: Simulator
    study: Study
    scenarios: tuple[Scenario, ...]
    factors: tuple[Factor, ...]
    outcomes: tuple[Outcome, ...]
    outputs: tuple[Output, ...]
    samples: int
    resamples: int
    seed: int

    @property
    def drawn_from(self) -> str:
        """Where the draws come from, for the provenance."""
        return f"Saltelli design over {', '.join(sorted({factor.kind for factor in self.factors}))}"


@dataclass(frozen=True, slots=True)
class OutcomeSensitivity:
    """What one outcome depends on.

    Attributes
    ----------
    outcome : Outcome
    output : Output
        With its unit.
    spread : Spread
        Of the outcome over the base points of the design.
    indices : Indices
        Arrays are in the order of `Sensitivity.factors`.
    half : Indices or None
        The same from the first half of the blocks; None when that half is too small.
    within : tuple of (str, float)
        Of the constants that the posterior moves, the squared rank correlation with the outcome, the largest first
        (`sd_covid.analysis.attribution`).
    """

    outcome: Outcome
    output: Output
    spread: Spread
    indices: Indices
    half: Indices | None
    within: tuple[tuple[str, float], ...] = ()

    @property
    def drift(self) -> float:
        """Largest change of a total-order index when the blocks double: how far from converged; NaN when unknown."""
        if self.half is None or np.isnan(self.indices.total).any() or np.isnan(self.half.total).any():
            return float("nan")
        return float(np.abs(self.indices.total - self.half.total).max())


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A global sensitivity analysis.

    Attributes
    ----------
    reference : str
        Id of the null alternative.
    scenarios : tuple of Scenario
    factors : tuple of Factor
        The calibrated parameters count as one factor (`sd_covid.analysis.factors`).
    outcomes : tuple of OutcomeSensitivity
    samples, kept : int
        Blocks of the design, and those without a failed run.
    runs : int
        Model runs made.
    failures : tuple of Failure
        Members (rows of the design) that failed, by scenario.
    provenance : Provenance
    """

    reference: str
    scenarios: tuple[Scenario, ...]
    factors: tuple[Factor, ...]
    outcomes: tuple[OutcomeSensitivity, ...]
    samples: int
    kept: int
    runs: int
    failures: tuple[Failure, ...]
    provenance: Provenance

    def ranked(self, outcome: str) -> list[tuple[Factor, float, float]]:
        """Factors with total-order index and half width for an outcome, the largest first; those without come last."""
        found = next(item for item in self.outcomes if item.outcome.id == outcome)
        rows = zip(
            self.factors, found.indices.total.tolist(), found.indices.total_half_width.tolist(), strict=True
        )
        return sorted(rows, key=lambda row: -np.inf if np.isnan(row[1]) else row[1], reverse=True)


def analyse(plan: SensitivityPlan, progress: Callable[[int, int], None] | None = None) -> Sensitivity:
    """Take apart the variance of differences between scenarios.

    Parameters
    ----------
    plan : SensitivityPlan
    progress : callable, optional
        Called with runs done and runs in all.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        As `run_scenarios`; also a design that failed nearly everywhere.
    """
    frame = parameters(plan.factors, design(len(plan.factors), plan.samples, plan.seed))
    comparison = run_scenarios(
        plan.simulation,
        plan.scenarios,
        frame,
        plan.outputs,
        study=plan.study,
        drawn_from=plan.drawn_from,
        seed=plan.seed,
        progress=progress,
    )
    sound = comparison.sound(*(scenario.id for scenario in plan.scenarios))
    blocks = sound_blocks(sound, len(plan.factors))
    return Sensitivity(
        reference=comparison.reference,
        scenarios=comparison.scenarios,
        factors=plan.factors,
        outcomes=tuple(_outcome(plan, outcome, comparison, blocks, frame) for outcome in plan.outcomes),
        samples=plan.samples,
        kept=int(blocks.sum()),
        runs=len(frame) * len(plan.scenarios),
        failures=comparison.failures,
        provenance=comparison.provenance,
    )


def _outcome(
    plan: SensitivityPlan,
    outcome: Outcome,
    comparison: Comparison,
    blocks: NDArray[np.bool_],
    frame: pd.DataFrame,
) -> OutcomeSensitivity:
    """Indices of one outcome, from all sound blocks and from the first half of them."""
    mine, theirs = comparison.pairs(outcome.output, outcome.scenario, outcome.measure, outcome.years)
    values: Floats = np.full(len(comparison.member), np.nan)
    values[comparison.sound(outcome.scenario, comparison.reference)] = mine - theirs
    factors = len(plan.factors)
    taken = partial(indices, values, factors, seed=plan.seed, resamples=plan.resamples)
    first_half = blocks & (np.cumsum(blocks) <= blocks.sum() // 2)
    enough = first_half.sum() >= 2
    # The two base points of each block are draws of every factor.
    rows = np.arange(len(values)).reshape(-1, factors + 2)[blocks][:, [0, -1]].ravel()
    base = values[rows]
    calibrated = [name for factor in plan.factors if factor.kind == "posterior" for name in factor.constants]
    return OutcomeSensitivity(
        outcome=outcome,
        output=comparison.output(outcome.output),
        spread=Spread.of(base),
        indices=taken(blocks),
        half=taken(first_half) if enough else None,
        within=rank_shares(base, frame[calibrated].iloc[rows].reset_index(drop=True)),
    )
