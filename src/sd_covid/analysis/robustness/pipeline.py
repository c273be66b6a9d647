"""A study of robustness: run packages in every world, and judge them.

In comes a `RobustPlan`, or a comparison that was run before; out comes a `Robust`: scores, reversals, value for money,
boxes of failure and value of information. Reading the file is `plan_file`, telling is the report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sd_covid.analysis.discovery.find import FEWEST, Discovery, discover
from sd_covid.analysis.information.figures import Told, told_by, value_of_figures
from sd_covid.analysis.information.value import Information, Value, information
from sd_covid.analysis.robustness.metrics import presets
from sd_covid.analysis.robustness.outcomes import Outcomes
from sd_covid.analysis.robustness.plan import Buying, Learning, RobustPlan, Search
from sd_covid.analysis.robustness.reversals import Reversals, reversals
from sd_covid.analysis.robustness.runs import Progress, Ran, ran_before, run_worlds
from sd_covid.analysis.robustness.scores import Scores, meeting, score
from sd_covid.analysis.robustness.worth import Worth, worth
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.appraisal.benefits import Benefits
from sd_covid.policy.comparison.scenarios import Comparison, Provenance
from sd_covid.policy.types import Floats

#: Says of outcomes where failures are looked for.
Seek = Callable[[Outcomes], Sequence[Search]]
#: The column of cases that says under which path a run was made.
PATH = "path"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for failures came to.

    Attributes
    ----------
    search : Search
    cases, failures : int
    found : Discovery or None
        None where there are too few failures, or too few cases without, to tell of a region.
    """

    search: Search
    cases: int
    failures: int
    found: Discovery | None


@dataclass(frozen=True, slots=True)
class Learnt:
    """What it would be worth to know more.

    Attributes
    ----------
    learning : Learning
    value : Information
    figures : dict
        Output name -> value of awaiting its coming figures.
    tellers : dict
        Constant -> what each awaited series would say of it, the most telling first; of the most valuable constants.
    """

    learning: Learning
    value: Information
    figures: dict[str, Value]
    tellers: dict[str, tuple[Told, ...]]


@dataclass(frozen=True, slots=True)
class Robust:
    """A study of robustness, done.

    Attributes
    ----------
    plan : RobustPlan
    outcomes : Outcomes
    scores : tuple of Scores
        One an objective.
    together : ndarray, shape (package,)
        Share of states that meet every target; 1 where there is none.
    reversals : tuple of Reversals
    worth : dict
        Objective -> its value for money, among the packages that the plan names.
    boxes : tuple of Found
    learnt : Learnt or None
    runs : int
    provenance : Provenance
        Of the first world.
    """

    plan: RobustPlan
    outcomes: Outcomes
    scores: tuple[Scores, ...]
    together: Floats
    reversals: tuple[Reversals, ...]
    worth: dict[str, Worth]
    boxes: tuple[Found, ...]
    learnt: Learnt | None
    runs: int
    provenance: Provenance


def judge(plan: RobustPlan, benefits: Benefits | None = None, progress: Progress | None = None) -> Robust:
    """Run the packages in every world and judge them.

    Parameters
    ----------
    plan : RobustPlan
    benefits : Benefits, optional
        Effects of the study; needed where an objective is the balance.
    progress : callable, optional
        Called with a stage (``runs``, ``boxes``), what is done and all.

    Returns
    -------
    Robust

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        A scenario or output that cannot be used; a year outside the run; no draw in which every package ran.
    """
    tell = progress or _silent
    return _judged(plan, run_worlds(plan, benefits, tell), tell)


def judge_comparison(
    plan: RobustPlan,
    comparison: Comparison,
    draws: pd.DataFrame,
    progress: Progress | None = None,
    *,
    benefits: Benefits | None = None,
    among: Sequence[str] = (),
    seek: Seek | None = None,
) -> Robust:
    """Judge packages that were run before, such as those of a sweep: one world, with the draws of the comparison.

    Parameters
    ----------
    plan : RobustPlan
        Its draws and worlds are not used.
    comparison : Comparison
    draws : DataFrame, shape (member, constant)
        What varied, in the order of the members.
    progress : callable, optional
    benefits : Benefits, optional
        Effects of the study; needed where an objective is the balance.
    among : sequence of str
        Packages that are judged, the null alternative first; all where it is empty.
    seek : callable, optional
        Of the outcomes: where failures are looked for, beside what the plan says.

    Raises
    ------
    RunError
        An objective of money, or value for money, of a comparison without costs, such as that of a store.
    """
    ran = ran_before(plan, comparison, draws, benefits)
    if among:
        ran = ran.among(among)
    if seek is not None:
        plan = replace(plan, searches=(*plan.searches, *seek(ran.outcomes)))
    return _judged(plan, ran, progress or _silent)


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def _judged(plan: RobustPlan, ran: Ran, tell: Progress) -> Robust:
    """Everything that is told of the runs."""
    outcomes = ran.outcomes
    metrics = presets(plan.pessimism, plan.spread)
    return Robust(
        plan=plan,
        outcomes=outcomes,
        scores=tuple(score(outcomes, item, metrics) for item in plan.objectives),
        together=meeting(outcomes, plan.objectives),
        reversals=tuple(reversals(outcomes, item) for item in plan.objectives),
        worth={item.objective: _bought(ran, item) for item in plan.worth},
        boxes=tuple(_search(plan, ran, item, tell) for item in plan.searches),
        learnt=None if plan.learning is None else _learnt(plan, plan.learning, ran),
        runs=ran.runs,
        provenance=ran.provenance,
    )


def _bought(ran: Ran, buying: Buying) -> Worth:
    """Value for money of an objective among some packages."""
    assert ran.cost is not None  # asked for together with what is bought
    chosen = [ran.outcomes.packages.index(name) for name in buying.scenarios]
    sound = ran.outcomes.sound
    return worth(ran.discounted[buying.objective][chosen][:, sound], ran.cost[chosen][:, sound])


def _search(plan: RobustPlan, ran: Ran, search: Search, tell: Progress) -> Found:
    """Look for failures of a package over draws and paths of the drivers."""
    outcomes = ran.outcomes
    objective = outcomes.objective(search.objective)
    gains = outcomes.gains(search.objective)[:, outcomes.packages.index(search.scenario)]
    assert objective.target is not None  # the reader of the file sees to it
    failed = (gains < objective.sign * objective.target).ravel()
    few = min(int(failed.sum()), int((~failed).sum())) < FEWEST
    if few:
        return Found(search, failed.size, int(failed.sum()), None)
    cases = cases_of(ran, search.scenario, search.over)
    found = discover(
        cases,
        failed,
        groups=np.tile(np.arange(gains.shape[1]), len(gains)).tolist(),
        rule=search.rule,
        resamples=search.resamples,
        seed=plan.seed,
        progress=lambda done, total: tell("boxes", done, total),
    )
    return Found(search, failed.size, int(failed.sum()), found)


def cases_of(ran: Ran, scenario: str, over: Sequence[str] = ()) -> pd.DataFrame:
    """Cases of a search: every sound draw under every path, world by world, with what the path or package sets itself.

    Parameters
    ----------
    ran : Ran
    scenario : str
        The package that is looked at.
    over : sequence of str
        Constants that are looked at; all that vary where it is empty.

    Returns
    -------
    DataFrame
        The column `PATH` is there where there are several.

    Raises
    ------
    RunError
        A constant that is looked at and does not vary.
    """
    outcomes = ran.outcomes
    draws, paths = ran.draws[outcomes.sound], outcomes.of_kind("path")
    cases = pd.concat([_as_run(draws, ran.settings[place][scenario]) for place in paths], ignore_index=True)
    cases = cases[_varied(cases, over)]
    ids = [outcomes.worlds[place].id for place in paths]
    return cases.assign(**{PATH: np.repeat(ids, len(draws))}) if len(ids) > 1 else cases


def _as_run(draws: pd.DataFrame, settings: Mapping[str, float]) -> pd.DataFrame:
    """The draws with the values that a scenario sets, itself or by its path, in place of those that were drawn."""
    taken = {key(name): value for name, value in settings.items()}
    spelled = {str(name): (key(str(name)), key(str(name).partition("[")[0])) for name in draws}
    ruled = {name: one if one in taken else whole for name, (one, whole) in spelled.items()}
    return draws.assign(**{name: taken[found] for name, found in ruled.items() if found in taken})


def _varied(cases: pd.DataFrame, over: Sequence[str]) -> list[str]:
    """The columns that vary; of those that are named, which all must."""
    varied = {key(str(name)): str(name) for name in cases if cases[name].nunique() > 1}
    for name in over:
        if key(name) not in varied:
            raise RunError(
                f"'{name}' does not vary over the draws", advice="leave it out of 'over'", variable=name
            )
    return [varied[key(name)] for name in over] or list(varied.values())


#: Of how many of the most valuable constants it is told which series would say most.
_TOLD = 12


def _learnt(plan: RobustPlan, learning: Learning, ran: Ran) -> Learnt:
    """Value of information on the draws of the first world."""
    outcomes, sound = ran.outcomes, ran.outcomes.sound
    chosen = [outcomes.packages.index(name) for name in learning.scenarios]
    benefit = outcomes.gains(learning.objective, [0])[0][chosen].T
    draws = ran.draws[sound].reset_index(drop=True)
    groups = {name: columns for name, (_, columns) in learning.groups.items()}
    for columns in groups.values():
        _varied(draws, columns)  # refuses what does not vary
    value = information(
        benefit, learning.scenarios, draws, groups, resamples=learning.resamples, seed=plan.seed
    )
    figures = {name: values[sound] for name, values in ran.figures.items()}
    single = [name for name in value.parts if name not in groups]
    most = sorted(single, key=lambda name: -value.parts[name].corrected)[:_TOLD]
    return Learnt(
        learning,
        value,
        value_of_figures(benefit, figures, resamples=learning.resamples, seed=plan.seed),
        {name: told_by(draws[name].to_numpy(dtype=np.float64), figures) for name in most} if figures else {},
    )
