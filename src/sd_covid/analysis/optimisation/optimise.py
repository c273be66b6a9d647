"""A search among packages from plan to result: the front, what is told of it, and each scenario at its own budget.

In comes an `OptimisationPlan`; out comes an `Optimised`. What is told of a package is from draws that the search did
not see: the best of many looks better than it is on the draws by which it was chosen (winner's curse; Smith and
Winkler 2006, doi 10.1287/mnsc.1050.0451), and the difference is told too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sd_covid.analysis.optimisation.evaluate import Evaluator, Scored, Worlds, ready
from sd_covid.analysis.optimisation.front import knee, spread
from sd_covid.analysis.optimisation.journal import Journal
from sd_covid.analysis.optimisation.own_budget import OwnBudget, at_own_budget
from sd_covid.analysis.optimisation.packages import Judge, Judged, Package
from sd_covid.analysis.optimisation.plan_file import OptimisationPlan
from sd_covid.analysis.optimisation.search import Found, search
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.comparison.draws import draws_hash
from sd_covid.policy.scenario import Scenario, with_levers
from sd_covid.policy.types import Floats

#: Called with the stage, how much of it is done and of how much.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A package or scenario on draws that the search did not see.

    Attributes
    ----------
    scenario : Scenario
        Its id is that under which it is told and written.
    levers : Package
        What it sets otherwise than the base.
    searched : ndarray, shape (objective,)
        As told on the draws of the search; NaN where it was not run on them.
    fresh : ndarray, shape (objective,)
        As told on fresh draws.
    differences : ndarray, shape (objective, world)
        From the base, on fresh draws.
    cost : ndarray, shape (world,)
        Beyond the base, on fresh draws: million euro, present value.
    failed : int
        Fresh worlds in which a run failed, and which are left out.
    """

    scenario: Scenario
    levers: Package
    searched: Floats
    fresh: Floats
    differences: Floats
    cost: Floats
    failed: int


@dataclass(frozen=True, slots=True)
class Rival:
    """A scenario at its own budget, with what is set against it, both on fresh draws.

    Attributes
    ----------
    own : OwnBudget
    scenario : Shown
    package : Shown or None
    """

    own: OwnBudget
    scenario: Shown
    package: Shown | None

    def holds(self, losses: Callable[[Shown], Floats]) -> bool:
        """Whether the package beats the scenario on fresh draws too, by mean cost and every loss."""
        if self.package is None:
            return False
        gain = losses(self.scenario) - losses(self.package)
        cheap = self.package.cost.mean() <= self.scenario.cost.mean()
        return bool(cheap and (gain >= 0).all() and (gain > 0).any())


@dataclass(frozen=True, slots=True)
class Optimised:
    """What a search found.

    Attributes
    ----------
    plan : OptimisationPlan
    found : Found
    shown : tuple of Shown
        Packages of the front, in the order of the first objective.
    knee : int
        Position of the knee among them.
    rivals : tuple of Rival
    unseen : tuple of Scenario
        Scenarios that were not set against anything, because the search was stopped before.
    runs : int
        Of the model.
    failed : int
        Packages of which a run failed, and which were therefore left out.
    worlds : tuple of int
        In which the base is sound: for the search, and fresh.
    """

    plan: OptimisationPlan
    found: Found
    shown: tuple[Shown, ...]
    knee: int
    rivals: tuple[Rival, ...]
    unseen: tuple[Scenario, ...]
    runs: int
    failed: int
    worlds: tuple[int, int]

    @property
    def interrupted(self) -> bool:
        """Whether any search was stopped before its last generation."""
        stopped = any(item.own.interrupted for item in self.rivals)
        return self.found.interrupted or stopped or bool(self.unseen)

    def losses(self, item: Shown) -> Floats:
        """Losses by every objective but cost, on fresh draws."""
        return np.array(
            [
                objective.as_loss(value)
                for objective, value in zip(self.plan.objectives, item.fresh, strict=True)
                if objective.output is not None
            ]
        )


def optimise(plan: OptimisationPlan, *, journal: Path | None = None, tell: Tell | None = None) -> Optimised:
    """Search for packages that none beats, and look at them again on fresh draws.

    Parameters
    ----------
    plan : OptimisationPlan
    journal : path, optional
        Where to keep what was evaluated; an earlier one of the same search is gone on with.
    tell : callable, optional

    Returns
    -------
    Optimised
        Without packages where none keeps the limits. Ctrl-C ends the searches: what was found until then is looked at
        on fresh draws all the same, which takes seconds, unless Ctrl-C is pressed again meanwhile.

    Raises
    ------
    RunError
        A journal of another search; a base that fails in every draw.
    """
    say = tell or (lambda *_: None)
    patterns = [plan.base, _widest(plan), *plan.scenarios]
    simulation = ready(plan.simulation, patterns, plan.study)
    worlds = Worlds(plan.draws.search, plan.paths, plan.effort.seed)
    evaluator = Evaluator(simulation, plan.study, plan.base, plan.objectives, worlds)
    kept = None if journal is None else Journal(journal, _inputs(plan))
    judge = Judge(plan.space, plan.limits, evaluator, kept)
    seeds = [plan.space.nearest(_levers(item, plan.base)) for item in plan.scenarios]
    found = search(
        plan.space.sizes,
        judge.points,
        plan.effort,
        start=np.stack(seeds) if seeds else None,
        canonical=plan.space.canonical,
        progress=lambda done, total: say("search", done, total),
    )
    own = _own_budgets(plan, judge, found, say)
    found = _everything(judge, found, own)
    try:
        return _on_new_draws(plan, judge, found, own, say)
    except KeyboardInterrupt:
        if found.interrupted or len(own) < len(plan.scenarios) or any(item.interrupted for item in own):
            raise  # for the second time
        return _on_new_draws(plan, judge, found, own, say)


def _on_new_draws(
    plan: OptimisationPlan, judge: Judge, found: Found, own: Sequence[OwnBudget], say: Tell
) -> Optimised:
    """What was found, looked at on fresh draws."""
    searched = judge.evaluator
    worlds = Worlds(plan.draws.fresh, plan.paths, plan.effort.seed + 1)
    say("fresh", 0, 1)
    fresh = Evaluator(searched.simulation, plan.study, plan.base, plan.objectives, worlds)
    front = found.objectives[found.front]
    # In the order of the front: that of the first objective.
    places = spread(front, plan.shown).tolist() if len(front) else []
    packages = [plan.space.package(found.points[found.front[place]]) for place in places]
    shown = _look_again(judge, fresh, [(f"package-{k + 1}", item) for k, item in enumerate(packages)])
    rivals = _rivals(own, judge, fresh)
    say("fresh", 1, 1)
    return Optimised(
        plan=plan,
        found=found,
        shown=shown,
        knee=places.index(knee(front)) if places else 0,
        rivals=rivals,
        unseen=tuple(plan.scenarios[len(own) :]),
        runs=searched.runs + fresh.runs,
        failed=judge.failed,
        worlds=(int(searched.sound.sum()), int(fresh.sound.sum())),
    )


def _own_budgets(plan: OptimisationPlan, judge: Judge, found: Found, say: Tell) -> list[OwnBudget]:
    """Each scenario against packages that cost no more; after Ctrl-C by what is known, or those that were reached."""
    results: list[OwnBudget] = []
    try:
        for item in _each_own_budget(plan, judge, found, say):
            results.append(item)  # noqa: PERF402  # one by one: Ctrl-C may come between two
    except KeyboardInterrupt:
        pass
    return results


def _each_own_budget(plan: OptimisationPlan, judge: Judge, found: Found, say: Tell) -> Iterator[OwnBudget]:
    """The scenarios one by one; once a search was stopped, nothing new is looked at."""
    stopped = found.interrupted
    levers = plan.study.catalogue.levers
    unpriced = frozenset(name for name, item in levers.items() if item.cost.rule == "unpriced")
    for place, (scenario, own) in enumerate(zip(plan.scenarios, _judged(plan, judge), strict=True)):

        def report(done: int, total: int, before: int = place) -> None:
            say("own budgets", before * total + done, len(plan.scenarios) * total)

        generations = 0 if stopped else plan.own
        effort = replace(plan.effort, generations=generations, seed=plan.effort.seed + 1 + place)
        item = at_own_budget(judge, scenario, own, found, effort, unpriced, report)
        stopped = stopped or item.interrupted
        yield item


def _everything(judge: Judge, found: Found, own: Sequence[OwnBudget]) -> Found:
    """All that any search looked at, so that the front is that of everything."""
    points = np.concatenate([found.points, *(item.points for item in own)])
    _, first = np.unique(points, axis=0, return_index=True)
    points = points[np.sort(first)]
    return Found(points, *judge.points(points), interrupted=found.interrupted)


def _judged(plan: OptimisationPlan, judge: Judge) -> list[Judged]:
    """The scenarios in the worlds of the search."""
    if not plan.scenarios:
        return []
    scored = judge.evaluator.score(plan.scenarios)
    return [
        Judged(
            _told(plan, scored, place),
            float(scored.cost[place].mean()),
            np.zeros(0),
            int(scored.failed[place]),
        )
        for place in range(len(plan.scenarios))
    ]


def _told(plan: OptimisationPlan, scored: Scored, place: int) -> Floats:
    pairs = zip(plan.objectives, scored.differences[place], strict=True)
    return np.array([item.told(row) for item, row in pairs], dtype=np.float64)


def _look_again(judge: Judge, fresh: Evaluator, packages: Sequence[tuple[str, Package]]) -> tuple[Shown, ...]:
    """Packages on fresh draws, beside what they were on those of the search."""
    if not packages:
        return ()
    before = judge.packages([item for _, item in packages])
    named = [(replace(judge.scenario(item), id=name), item) for name, item in packages]
    return _on_fresh(fresh, named, [item.told for item in before])


def _on_fresh(
    fresh: Evaluator, named: Sequence[tuple[Scenario, Package]], searched: Sequence[Floats]
) -> tuple[Shown, ...]:
    scored = fresh.score([scenario for scenario, _ in named])
    found = []
    for place, ((scenario, levers), before) in enumerate(zip(named, searched, strict=True)):
        sound = np.isfinite(scored.differences[place]).all(axis=0) & np.isfinite(scored.cost[place])
        differences = scored.differences[place][:, sound]
        told = [item.told(row) for item, row in zip(fresh.objectives, differences, strict=True)]
        cost, failed = scored.cost[place][sound], int(scored.failed[place])
        found.append(Shown(scenario, levers, before, np.array(told), differences, cost, failed))
    return tuple(found)


def _rivals(own: Sequence[OwnBudget], judge: Judge, fresh: Evaluator) -> tuple[Rival, ...]:
    """Scenarios and what is set against them, on fresh draws."""
    if not own:
        return ()
    scenarios = _on_fresh(
        fresh,
        [(item.scenario, _levers(item.scenario, judge.space.base)) for item in own],
        [item.told for item in own],
    )
    with_package = [item for item in own if item.package is not None]
    named = [(f"instead-of-{item.scenario.id}", item.package or {}) for item in with_package]
    packages = iter(_look_again(judge, fresh, named))
    return tuple(
        Rival(item, scenario, None if item.package is None else next(packages))
        for item, scenario in zip(own, scenarios, strict=True)
    )


def _levers(scenario: Scenario, base: Scenario) -> dict[str, LeverSetting]:
    """What a scenario sets of levers otherwise than the base."""
    return {name: item for name, item in scenario.levers.items() if item != base.levers.get(name)}


def _widest(plan: OptimisationPlan) -> Scenario:
    """A package that sets every constant that one of them may set: every lever, for a group where it can be."""
    found: dict[str, LeverSetting] = {}
    for item in plan.space.decisions:
        point = []
        for lever, part in plan.space.open:
            values = next(entry.parts[part] for entry in plan.space.decisions if entry.lever == lever)
            off = 0.0 if item.further else plan.base.levers[lever].level
            wanted = [value not in (None, 0.0) and (part != "level" or value != off) for value in values]
            point.append(wanted.index(True) if True in wanted else 0)
        found |= {name: one for name, one in plan.space.package(point).items() if name == item.lever}
    return with_levers(plan.base, found, plan.study)


def _inputs(plan: OptimisationPlan) -> str:
    """Everything on which an evaluation depends, as text."""
    model = getattr(plan.simulation, "fingerprint", plan.simulation.model.name)
    parts = (plan.space, plan.objectives, plan.limits, plan.paths, plan.effort.seed, plan.base.settings)
    return repr((model, draws_hash(plan.draws.search), *parts, plan.study.catalogue))
