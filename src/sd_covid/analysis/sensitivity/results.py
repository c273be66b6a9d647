"""What a sensitivity analysis found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.convergence import Convergence
from sd_covid.analysis.sensitivity.factors import Factor
from sd_covid.analysis.sensitivity.indices import Indices, Method
from sd_covid.analysis.sensitivity.plan import Outcome
from sd_covid.analysis.sensitivity.screening import Screened
from sd_covid.analysis.sensitivity.shapley import Within
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Failure, Provenance
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.scenario import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OutcomeSensitivity:
    """What one outcome depends on.

    Attributes
    ----------
    outcome : Outcome
    output : Output
        With its unit.
    spread : Spread
        Of the outcome over the rows of the design that are draws of every factor.
    indices : Indices
        Arrays are in the order of `Sensitivity.factors`.
    convergence : Convergence
    within : Within or None
        The calibrated parameters one by one (`sd_covid.analysis.sensitivity.shapley`); None without a posterior among
        the factors, and where there are too few draws.
    """

    outcome: Outcome
    output: Output
    spread: Spread
    indices: Indices
    convergence: Convergence
    within: Within | None = None

    @property
    def drift(self) -> float:
        """Largest change of an index when the blocks double: how far from converged; NaN when unknown."""
        return float(self.convergence.drift)


@dataclass(frozen=True, slots=True)
class PathSensitivity:
    """What an output depends on at every moment.

    Attributes
    ----------
    output : Output
        With its unit.
    scenario : str
        Whose difference from the reference it is; of the reference itself, the level.
    time : ndarray, shape (time,)
    date : ndarray of datetime64[D], shape (time,)
    bands : ndarray, shape (3, time)
        5th, 50th and 95th percentile over the rows of the design that are draws of every factor.
    indices : Indices
        Arrays of shape (factor, time).
    convergence : Convergence
    within : Within or None
        As of an outcome, at the moment `widest`.
    """

    output: Output
    scenario: str
    time: Floats
    date: NDArray[np.datetime64]
    bands: Floats
    indices: Indices
    convergence: Convergence
    within: Within | None = None

    @property
    def widest(self) -> int:
        """The moment at which the spread that the indices divide is largest."""
        known = np.isfinite(self.indices.leading).any(axis=0)
        return int(np.argmax(np.where(known, self.indices.variance, -np.inf)))


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A global sensitivity analysis.

    Attributes
    ----------
    method : Method
    reference : str
        Id of the null alternative.
    scenarios : tuple of Scenario
    factors : tuple of Factor
        What the indices are of. The calibrated parameters count as one factor (`factors`).
    outcomes : tuple of OutcomeSensitivity
    paths : tuple of PathSensitivity
    screened : Screened or None
        What a screening set aside.
    samples, kept : int
        Blocks of the design, and those without a failed run.
    runs : int
        Model runs made.
    failures : tuple of Failure
        Members (rows of the design) that failed, by scenario.
    provenance : Provenance
    """

    method: Method
    reference: str
    scenarios: tuple[Scenario, ...]
    factors: tuple[Factor, ...]
    outcomes: tuple[OutcomeSensitivity, ...]
    paths: tuple[PathSensitivity, ...]
    screened: Screened | None
    samples: int
    kept: int
    runs: int
    failures: tuple[Failure, ...]
    provenance: Provenance

    def ranked(self, outcome: str) -> list[tuple[Factor, float, float]]:
        """Factors with leading index and half width for an outcome, the largest first; those without come last."""
        found = next(item for item in self.outcomes if item.outcome.id == outcome).indices
        rows = zip(self.factors, found.leading.tolist(), found.leading_half_width.tolist(), strict=True)
        return sorted(rows, key=lambda row: -np.inf if np.isnan(row[1]) else row[1], reverse=True)
