"""A study of robustness: run packages in every world, and judge them.

In comes a `RobustPlan`, or a comparison that was run before; out comes a `Robust`: scores, reversals, value for money,
boxes of failure and value of information. Reading the file is `sd_covid.analysis.robust_file`, telling is the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sd_covid.analysis.discovery.find import FEWEST, Discovery, discover
from sd_covid.analysis.information.figures import Told, told_by, value_of_figures
from sd_covid.analysis.information.value import Information, Value, information
from sd_covid.analysis.robust_file import Buying, Learning, RobustPlan, Search, WorldPlan
from sd_covid.analysis.robustness.metrics import presets
from sd_covid.analysis.robustness.outcomes import Objective, Outcomes, World, measured
from sd_covid.analysis.robustness.reversals import Reversals, reversals
from sd_covid.analysis.robustness.scores import Scores, meeting, score
from sd_covid.analysis.robustness.worth import Worth, worth
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.benefits import Benefits
from sd_covid.policy.comparison import Comparison, Provenance
from sd_covid.policy.draws import joint_draws
from sd_covid.policy.run import run_scenarios
from sd_covid.policy.scenario import read_scenario
from sd_covid.policy.types import Floats

Progress = Callable[[str, int, int], None]
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


@dataclass(frozen=True, slots=True)
class _Ran:
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
    """

    outcomes: Outcomes
    draws: pd.DataFrame
    cost: Floats | None
    discounted: dict[str, Floats]
    figures: dict[str, Floats]
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
    tell = progress or (lambda _stage, _done, _all: None)
    kept: list[Floats] = []
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
        unpriced |= dict.fromkeys(without)
        if first is None:
            first = found, draws
    assert first is not None  # a plan has a world
    worlds = tuple(item.world for item in plan.worlds)
    return _judged(
        plan, _gathered(plan, *first, worlds, np.stack(kept, axis=1), tuple(unpriced), total), tell
    )


def judge_comparison(
    plan: RobustPlan, comparison: Comparison, draws: pd.DataFrame, progress: Progress | None = None
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

    Raises
    ------
    RunError
        An objective of money, or value for money: a store has no costs.
    """
    money = [item.id for item in plan.objectives if item.amount is not None]
    if (money or plan.worth) and not comparison.costs:
        names = ", ".join(dict.fromkeys([*money, *(item.objective for item in plan.worth)]))
        raise RunError(
            f"the store has no costs, which {names} need", advice="leave them out, or run without --store"
        )
    values, unpriced = measured(comparison, plan.objectives)
    world = plan.worlds[0].world
    runs = values.shape[1] * values.shape[2]
    gathered = _gathered(plan, comparison, draws, (world,), values[:, None], unpriced, runs)
    return _judged(plan, gathered, progress or (lambda _stage, _done, _all: None))


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
    unpriced: tuple[str, ...],
    runs: int,
) -> _Ran:
    """What is kept; the comparison is that of the first world."""
    ids = tuple(entry.id for entry in comparison.scenarios)
    titles = {entry.id: entry.title for entry in comparison.scenarios}
    outcomes = Outcomes(ids, titles, plan.objectives, worlds, values, unpriced)
    bought = {item.objective for item in plan.worth}
    asked = [item for item in plan.objectives if item.id in bought]
    money = Objective("cost", titles[ids[0]], titles[ids[0]], "lower", amount="cost")
    cost = measured(comparison, [money])[0][0] if asked else None
    return _Ran(
        outcomes,
        draws,
        cost,
        {item.id: _discounted(comparison, item) for item in asked},
        {} if plan.learning is None else _figures(comparison, plan.learning),
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


def _judged(plan: RobustPlan, ran: _Ran, tell: Progress) -> Robust:
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


def _bought(ran: _Ran, buying: Buying) -> Worth:
    """Value for money of an objective among some packages."""
    assert ran.cost is not None  # asked for together with what is bought
    chosen = [ran.outcomes.packages.index(name) for name in buying.scenarios]
    sound = ran.outcomes.sound
    return worth(ran.discounted[buying.objective][chosen][:, sound], ran.cost[chosen][:, sound])


def _search(plan: RobustPlan, ran: _Ran, search: Search, tell: Progress) -> Found:
    """Look for failures of a package over draws and paths of the drivers."""
    outcomes = ran.outcomes
    objective = outcomes.objective(search.objective)
    gains = outcomes.gains(search.objective)[:, outcomes.packages.index(search.scenario)]
    assert objective.target is not None  # the reader of the file sees to it
    failed = (gains < objective.sign * objective.target).ravel()
    few = min(int(failed.sum()), int((~failed).sum())) < FEWEST
    if few:
        return Found(search, failed.size, int(failed.sum()), None)
    draws = ran.draws[outcomes.sound].reset_index(drop=True)
    cases = cases_of(draws, [outcomes.worlds[place].id for place in outcomes.of_kind("path")], search.over)
    found = discover(
        cases,
        failed,
        groups=np.tile(np.arange(len(draws)), len(gains)).tolist(),
        rule=search.rule,
        resamples=search.resamples,
        seed=plan.seed,
        progress=lambda done, total: tell("boxes", done, total),
    )
    return Found(search, failed.size, int(failed.sum()), found)


def cases_of(draws: pd.DataFrame, paths: Sequence[str], over: Sequence[str] = ()) -> pd.DataFrame:
    """Cases of a search: every draw under every path, world by world.

    Parameters
    ----------
    draws : DataFrame, shape (draw, constant)
    paths : sequence of str
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
    varied = {key(str(name)): str(name) for name in draws if draws[name].nunique() > 1}
    for name in over:
        if key(name) not in varied:
            raise RunError(
                f"'{name}' does not vary over the draws", advice="leave it out of 'over'", variable=name
            )
    chosen = [varied[key(name)] for name in over] or list(varied.values())
    cases = pd.concat([draws[chosen]] * len(paths), ignore_index=True)
    return cases.assign(**{PATH: np.repeat(list(paths), len(draws))}) if len(paths) > 1 else cases


#: Of how many of the most valuable constants it is told which series would say most.
_TOLD = 12


def _learnt(plan: RobustPlan, learning: Learning, ran: _Ran) -> Learnt:
    """Value of information on the draws of the first world."""
    outcomes, sound = ran.outcomes, ran.outcomes.sound
    chosen = [outcomes.packages.index(name) for name in learning.scenarios]
    benefit = outcomes.gains(learning.objective, [0])[0][chosen].T
    draws = ran.draws[sound].reset_index(drop=True)
    groups = {name: columns for name, (_, columns) in learning.groups.items()}
    for columns in groups.values():
        cases_of(draws, [""], columns)  # refuses what does not vary
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
