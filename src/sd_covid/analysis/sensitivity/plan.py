"""What a sensitivity analysis is to do: scenarios, factors, outcomes, paths over time, method and samples."""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.analysis.sensitivity.factors import Factor
from sd_covid.analysis.sensitivity.indices import Method
from sd_covid.data.text import Text
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Measure
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator


@dataclass(frozen=True, slots=True)
class Outcome:
    """A paired difference that is taken apart.

    Attributes
    ----------
    id : str
    title : Text
    scenario : str
        Set against the reference.
    output : str
    measure : {'year', 'mean', 'peak', 'total', 'discounted total'}
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
class OverTime:
    """Outputs that are taken apart at every saved moment.

    Attributes
    ----------
    scenario : str
        Its difference from the reference; of the reference itself, the level.
    outputs : tuple of str
    every : int
        Saved points from one moment to the next.
    """

    scenario: str
    outputs: tuple[str, ...]
    every: int = 1


@dataclass(frozen=True, slots=True)
class Screening:
    """A Morris analysis that first sets aside the factors that do little.

    Attributes
    ----------
    trajectories : int
    threshold : float
        A factor stays when its mean absolute elementary effect on some quantity is at least this part of the largest
        one on that quantity.
    """

    trajectories: int
    threshold: float


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
        Those that outcomes and paths read.
    samples : int
        As `sd_covid.analysis.sensitivity.designs.design` takes them.
    resamples : int
        Of the bootstrap.
    seed : int
        Of design, bootstrap and the model's random numbers.
    method : Method
    second_order : bool
        Whether Sobol tells pairs of factors apart.
    over_time : OverTime or None
    groups : tuple of Factor
        Groups of factors that have one index together.
    screening : Screening or None
    held : tuple of Factor
        What a screening has set at its central value.
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
    method: Method = "sobol"
    second_order: bool = False
    over_time: OverTime | None = None
    groups: tuple[Factor, ...] = ()
    screening: Screening | None = None
    held: tuple[Factor, ...] = ()

    @property
    def grouping(self) -> tuple[str, ...]:
        """For each factor the id of its group, or its own."""
        of = {member: group.id for group in self.groups for member in group.members}
        return tuple(of.get(factor.id, factor.id) for factor in self.factors)

    @property
    def subjects(self) -> tuple[Factor, ...]:
        """What the indices are of: groups, and factors that are in none, in the order in which they first occur."""
        known = {item.id: item for item in (*self.factors, *self.groups)}
        return tuple(known[name] for name in dict.fromkeys(self.grouping))

    @property
    def drawn_from(self) -> str:
        """Where the draws come from, for the provenance."""
        kind = {"sobol": "Saltelli", "morris": "Morris", "fast": "FAST"}.get(self.method, "Latin hypercube")
        return f"{kind} design over {', '.join(sorted({factor.kind for factor in self.factors}))}"
