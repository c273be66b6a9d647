"""What a study of robustness is made of: packages, worlds, objectives, and what is looked for.

`plan_file` reads it from a file, `runs` runs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sd_covid.analysis.discovery.find import Rule
from sd_covid.analysis.robustness.outcomes import Objective, World
from sd_covid.data.text import Text
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.paths import AssumptionPath
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """A world, and what makes it so.

    Attributes
    ----------
    world : World
    assume : AssumptionPath or None
        Put on top of every scenario.
    posterior : DataFrame or None
        Draws of a fit of its own, in place of the study's.
    constants : dict
        Constants that it sets in every draw.
    """

    world: World
    assume: AssumptionPath | None = None
    posterior: pd.DataFrame | None = None
    constants: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Search:
    """Where a package is looked at for failure.

    Attributes
    ----------
    scenario, objective : str
        It fails where the objective's target is not met.
    over : tuple of str
        Constants in which a box is looked for; empty for all that vary.
    rule : Rule
    resamples : int
    """

    scenario: str
    objective: str
    over: tuple[str, ...] = ()
    rule: Rule = field(default_factory=Rule)
    resamples: int = 50


@dataclass(frozen=True, slots=True)
class Buying:
    """Of which units value for money is told, and among which packages.

    Attributes
    ----------
    objective : str
    one : Text
        A single unit, as a reader calls it: ``household-year``.
    scenarios : tuple of str
        Ids, in the order of the plan.
    """

    objective: str
    one: Text
    scenarios: tuple[str, ...]

    def euro(self, objective: Objective) -> float:
        """Euro a single unit in a million euro a unit of the objective, which may count thousands."""
        return 1e6 / (1000.0 if objective.unit.en.casefold().startswith("thousand") else 1.0)


@dataclass(frozen=True, slots=True)
class Learning:
    """What is to be chosen, and what might be learnt first.

    Attributes
    ----------
    objective : str
        Of which more, or less, is worth having by itself.
    scenarios : tuple of str
        Among which is chosen: ids, in the order of the plan.
    groups : dict
        Name -> (title, constants).
    figures : tuple of Output
        Series of which the coming years might be awaited.
    years : tuple of int
        The first and last of these.
    resamples : int
    """

    objective: str
    scenarios: tuple[str, ...]
    groups: dict[str, tuple[Text, tuple[str, ...]]]
    figures: tuple[Output, ...]
    years: tuple[int, int]
    resamples: int = 100


@dataclass(frozen=True, slots=True)
class RobustPlan:
    """A study of robustness.

    Attributes
    ----------
    file : Path
    simulation : Simulator
    study : Study
    scenarios : tuple of Path
        The first is the null alternative.
    posterior : DataFrame
    size, seed : int
        Of the draws.
    worlds : tuple of WorldPlan
        The first is the one that others are held against.
    objectives : tuple of Objective
    outputs : tuple of Output
        Those of the objectives and of awaited figures.
    pessimism, spread : float
        Settings of Hurwicz's metric and of mean–variance.
    worth : tuple of Buying
    searches : tuple of Search
    learning : Learning or None
    """

    file: Path
    simulation: Simulator
    study: Study
    scenarios: tuple[Path, ...]
    posterior: pd.DataFrame
    size: int
    seed: int
    worlds: tuple[WorldPlan, ...]
    objectives: tuple[Objective, ...]
    outputs: tuple[Output, ...]
    pessimism: float = 0.5
    spread: float = 1.0
    worth: tuple[Buying, ...] = ()
    searches: tuple[Search, ...] = ()
    learning: Learning | None = None

    @property
    def needs_balance(self) -> bool:
        """Whether benefits have to be counted."""
        return any(item.amount == "balance" for item in self.objectives)
