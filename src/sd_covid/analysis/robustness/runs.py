"""The runs of a study of robustness: every package in every world, and what is kept of them.

In comes a `RobustPlan`, or a comparison that was run before; out comes a `Ran`. A comparison is let go once its numbers
are taken, so that many worlds fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sd_covid.analysis.robustness.outcomes import Objective, Outcomes, World, measured
from sd_covid.analysis.robustness.plan import Learning, RobustPlan, WorldPlan
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.appraisal.benefits import Benefits
from sd_covid.policy.comparison.draws import joint_draws
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.comparison.scenarios import Comparison, Provenance
from sd_covid.policy.scenario import read_scenario
from sd_covid.policy.types import Floats

Progress = Callable[[str, int, int], None]
#: Scenario -> constant -> value.
Settings = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Ran:
    """What is kept of the runs: numbers of every world, and of the first one what else is asked of it.

    Attributes
    ----------
    outcomes : Outcomes
    draws : DataFrame
        Of the first world.
    cost : ndarray or None, shape (package, draw)
        Extra cost in the first world; None where it is not asked, or not known.
    discounted : dict
        Objective -> units gained against the null alternative, discounted as the cost is, shape (package, draw).
    figures : dict
        Output name -> yearly figures under the null alternative, shape (draw, year).
    settings : tuple of dict
        Of each world: scenario -> constants that it sets, itself or by its path, whatever was drawn.
    runs : int
    provenance : Provenance
        Of the first world.
    """

    outcomes: Outcomes
    draws: pd.DataFrame
    cost: Floats | None
    discounted: dict[str, Floats]
    figures: dict[str, Floats]
    settings: tuple[Settings, ...]
    runs: int
    provenance: Provenance

    def among(self, packages: Sequence[str]) -> Ran:
        """The same runs of some of the packages, in their order; the null alternative first."""
        at = [self.outcomes.packages.index(name) for name in packages]
        outcomes = replace(self.outcomes, packages=tuple(packages), values=self.outcomes.values[:, :, at])
        return replace(
            self,
            outcomes=outcomes,
            cost=None if self.cost is None else self.cost[at],
            discounted={name: units[at] for name, units in self.discounted.items()},
        )


def run_worlds(plan: RobustPlan, benefits: Benefits | None, tell: Progress) -> Ran:
    """Run the packages in every world.

    Parameters
    ----------
    plan : RobustPlan
    benefits : Benefits or None
        Effects of the study; needed where an objective is the balance.
    tell : callable
        Called with ``runs``, runs done and all.

    Returns
    -------
    Ran

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        A scenario or output that cannot be used; a year outside the run.
    """
    kept: list[Floats] = []
    settings: list[Settings] = []
    unpriced: dict[str, None] = {}
    first: tuple[Comparison, pd.DataFrame] | None = None
    total = len(plan.worlds) * len(plan.scenarios) * plan.size
    for place, world in enumerate(plan.worlds):

        def report(done: int, _all: int, before: int = place * len(plan.scenarios) * plan.size) -> None:
            tell("runs", before + done, total)

        draws = _draws(plan, world)
        found = _run(plan, world, draws, benefits, report)
        values, without = measured(found, plan.objectives, benefits)
        kept.append(values)
        settings.append(_settings(found))
        unpriced |= dict.fromkeys(without)
        if first is None:
            first = found, draws
    assert first is not None  # a plan has a world
    worlds = tuple(item.world for item in plan.worlds)
    values = np.stack(kept, axis=1)
    return _gathered(plan, *first, worlds, values, tuple(settings), tuple(unpriced), total)


def ran_before(
    plan: RobustPlan, comparison: Comparison, draws: pd.DataFrame, benefits: Benefits | None = None
) -> Ran:
    """Packages that were run before, such as those of a sweep: one world, with the draws of the comparison.

    Parameters
    ----------
    plan : RobustPlan
        Its draws and worlds are not used.
    comparison : Comparison
    draws : DataFrame, shape (member, constant)
        What varied, in the order of the members.
    benefits : Benefits, optional
        Effects of the study, of which the comparison kept what they are counted from; needed for the balance.

    Raises
    ------
    RunError
        An objective of money, or value for money, where the comparison has no costs.
    """
    money = [item.id for item in plan.objectives if item.amount is not None]
    if (money or plan.worth) and not comparison.costs:
        names = ", ".join(dict.fromkeys([*money, *(item.objective for item in plan.worth)]))
        raise RunError(
            f"the store has no costs, which {names} need", advice="leave them out, or run without --store"
        )
    values, unpriced = measured(comparison, plan.objectives, benefits)
    world = plan.worlds[0].world
    runs = values.shape[1] * values.shape[2]
    settings = (_settings(comparison),)
    return _gathered(plan, comparison, draws, (world,), values[:, None], settings, unpriced, runs)


def _settings(comparison: Comparison) -> Settings:
    """What each scenario sets."""
    return {entry.id: entry.settings for entry in comparison.scenarios}


def _draws(plan: RobustPlan, world: WorldPlan) -> pd.DataFrame:
    """The draws of a world: the study's, or those of its own fit, with what its structure sets."""
    fitted = plan.posterior if world.posterior is None else world.posterior
    taken = {key(name) for name in world.constants}
    draws = joint_draws(fitted, plan.study.assumptions, plan.study.names, plan.size, plan.seed)
    left = draws[[name for name in draws if key(str(name)) not in taken]]
    return left.assign(**world.constants)


def _run(
    plan: RobustPlan,
    world: WorldPlan,
    draws: pd.DataFrame,
    benefits: Benefits | None,
    report: Callable[[int, int], None],
) -> Comparison:
    """The packages in one world."""
    scenarios = [
        read_scenario(item, plan.simulation, study=plan.study, assume=world.assume) for item in plan.scenarios
    ]
    counted = benefits.outputs() if benefits is not None and plan.needs_balance else ()
    return run_scenarios(
        plan.simulation,
        scenarios,
        draws,
        (*plan.outputs, *counted),
        study=plan.study,
        drawn_from="posterior and ranges of the assumptions",
        seed=plan.seed,
        progress=report,
    )


def _gathered(
    plan: RobustPlan,
    comparison: Comparison,
    draws: pd.DataFrame,
    worlds: tuple[World, ...],
    values: Floats,
    settings: tuple[Settings, ...],
    unpriced: tuple[str, ...],
    runs: int,
) -> Ran:
    """What is kept; the comparison is that of the first world."""
    ids = tuple(entry.id for entry in comparison.scenarios)
    titles = {entry.id: entry.title for entry in comparison.scenarios}
    outcomes = Outcomes(ids, titles, plan.objectives, worlds, values, unpriced)
    bought = {item.objective for item in plan.worth}
    asked = [item for item in plan.objectives if item.id in bought]
    money = Objective("cost", titles[ids[0]], titles[ids[0]], "lower", amount="cost")
    cost = measured(comparison, [money])[0][0] if asked else None
    return Ran(
        outcomes,
        draws,
        cost,
        {item.id: _discounted(comparison, item) for item in asked},
        {} if plan.learning is None else _figures(comparison, plan.learning),
        settings,
        runs,
        comparison.provenance,
    )


def _discounted(comparison: Comparison, objective: Objective) -> Floats:
    """Units gained against the null alternative, discounted, shape (package, draw); NaN for a run that failed."""
    gained = np.full((len(comparison.scenarios), comparison.member.size), np.nan)
    for row, entry in enumerate(comparison.scenarios):
        mine, theirs = comparison.pairs(objective.output, entry.id, "discounted total", objective.years)
        gained[row, comparison.sound(entry.id, comparison.reference)] = objective.sign * (mine - theirs)
    return gained


def _figures(comparison: Comparison, learning: Learning) -> dict[str, Floats]:
    """Of each awaited series its yearly figures under the null alternative, shape (draw, year)."""
    everyone = np.ones(comparison.member.size, dtype=np.bool_)
    return {
        output.name: np.stack(
            [
                comparison.of_members(output.name, comparison.reference, "year", (year, year), everyone)
                for year in range(learning.years[0], learning.years[1] + 1)
            ],
            axis=1,
        )
        for output in learning.figures
    }
