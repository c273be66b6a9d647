"""A study of robustness made of a comparison that was run for its report: no run is added.

In come a `Comparison`, its draws and what counts benefits; out comes a `Robust` of the packages that can be chosen, by
the headline outcomes and the balance of costs and benefits. What it cannot tell is what other paths and other
structures would do: for that there is a study of its own (`plan_file`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from sd_covid.analysis.discovery.find import FEWEST
from sd_covid.analysis.robustness.outcomes import Objective, Outcomes, World
from sd_covid.analysis.robustness.pipeline import Robust, judge_comparison
from sd_covid.analysis.robustness.plan import RobustPlan, Search, WorldPlan
from sd_covid.analysis.robustness.runs import Progress
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.policy.appraisal.benefits import Benefits
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

#: Fewer draws tell of no tail and of no region.
FEWEST_DRAWS = 100
#: Of a balance less than this is about nil, million euro: that of the studies of robustness of the Dutch study.
BALANCE_MATTERS = 50.0
_BALANCE = Text("Saldo van kosten en baten, PM niet meegeteld", "Balance of costs and benefits, excluding PM")
_WORLD = Text("zoals doorgerekend", "as run")
#: Id of the objective that is the balance.
BALANCE = "balance"
RESAMPLES = 20


def choices(comparison: Comparison, drivers: Collection[str]) -> tuple[str, ...]:
    """Ids of the packages that can be chosen, the null alternative first.

    What runs under another path or another assumption, or changes a series that drives the model, is a course of events
    and no choice.

    Parameters
    ----------
    comparison : Comparison
    drivers : collection of str
        Data variables of the model.
    """
    theirs = comparison.scenario(comparison.reference)
    driving = {key(name) for name in drivers}

    def driven(entry: Scenario) -> dict[str, object]:
        """What it sets of the drivers, at once or on given days."""
        told = {**entry.constants, **entry.changes}
        return {key(name): value for name, value in told.items() if key(name.partition("[")[0]) in driving}

    chosen = [
        entry.id
        for entry in comparison.alternatives
        if entry.path == theirs.path
        and entry.assumptions == theirs.assumptions
        and driven(entry) == driven(theirs)
    ]
    return (comparison.reference, *chosen)


def judge_choices(
    comparison: Comparison,
    draws: pd.DataFrame,
    *,
    simulation: Simulator,
    study: Study,
    years: tuple[int, int],
    benefits: Benefits | None = None,
    first: str = "",
    searched: int = 4,
    progress: Progress | None = None,
) -> Robust | None:
    """Judge the packages of a comparison that can be chosen.

    Parameters
    ----------
    comparison : Comparison
        With what benefits are counted from, where they are given.
    draws : DataFrame, shape (member, constant)
    simulation : Simulator
    study : Study
    years : tuple of int
        Over which the mean of an outcome is taken, first and last.
    benefits : Benefits, optional
        Effects of the study: then the balance is an objective too.
    first : str
        The package that is told of before others; the first by default.
    searched : int
        Packages of which it is told when they miss a target, at most.
    progress : callable, optional

    Returns
    -------
    Robust or None
        None where nothing can be chosen beside the null alternative, or fewer than `FEWEST_DRAWS` draws are sound.
    """
    packages = choices(comparison, study.series)
    headline = [item for item in comparison.told().outputs if item.headline and item.better != "neutral"]
    if len(packages) < 2 or not headline or comparison.sound(*packages).sum() < FEWEST_DRAWS:
        return None
    objectives = [objective_of(item, years) for item in headline]
    if benefits is not None and benefits.effects:
        objectives.insert(0, balance())
    plan = RobustPlan(
        file=Path(comparison.scenario(comparison.reference).file),
        simulation=simulation,
        study=study,
        scenarios=tuple(Path(entry.file) for entry in comparison.scenarios),
        posterior=draws,
        size=len(draws),
        seed=comparison.provenance.seed,
        worlds=(WorldPlan(World("drawn", _WORLD)),),
        objectives=tuple(objectives),
        outputs=tuple(headline),
    )
    return judge_comparison(
        plan,
        comparison,
        draws,
        progress,
        benefits=benefits,
        among=packages,
        seek=partial(_undecided, first=first or packages[1], most=searched),
    )


def objective_of(output: Output, years: tuple[int, int]) -> Objective:
    """The mean of an outcome over years, as the difference from the null alternative; the target is what matters."""
    lower = output.better == "lower"
    span = f"{years[0]}–{years[1]}"
    return Objective(
        id=output.name,
        title=Text(f"{output.title.nl}, gemiddeld {span}", f"{output.title.en}, mean of {span}"),
        unit=output.unit_title,
        better="lower" if lower else "higher",
        output=output.name,
        measure="mean",
        years=years,
        difference=True,
        relevance=output.relevance,
        target=-output.relevance if lower else output.relevance,
    )


def balance() -> Objective:
    """The balance of costs and benefits; the target is that it is not negative."""
    million = Text("miljoen euro", "million euro")
    return Objective(
        BALANCE, _BALANCE, million, "higher", amount="balance", relevance=BALANCE_MATTERS, target=0.0
    )


def _undecided(outcomes: Outcomes, first: str, most: int) -> Sequence[Search]:
    """For each package the objective by which it is least decided whether its target is met; not what is decided.

    The balance goes before the outcomes. Of more packages than `most` it is `first` and those that are least decided.
    """
    asked: list[tuple[int, Search]] = []
    for place, package in enumerate(outcomes.packages[1:], start=1):
        open_ = {item.id: _open(outcomes, item, place) for item in outcomes.objectives}
        known = {name: count for name, count in open_.items() if count >= FEWEST}
        if known:
            name = BALANCE if BALANCE in known else max(known, key=known.__getitem__)
            asked.append((known[name], Search(package, name, resamples=RESAMPLES)))
    leading = sorted(asked, key=lambda item: (item[1].scenario != first, -item[0]))[:most]
    return [search for item, search in asked if (item, search) in leading]


def _open(outcomes: Outcomes, objective: Objective, place: int) -> int:
    """How many draws would have to fall otherwise for it to be decided whether a package meets its target."""
    if objective.target is None:
        return 0
    failed = outcomes.states(objective.id)[place] < objective.sign * objective.target
    return min(int(failed.sum()), int((~failed).sum()))
