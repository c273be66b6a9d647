"""Packages in the same worlds. Expected: what `run_scenarios` and `Comparison` say, scenario by scenario."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.analysis.optimisation.evaluate import Evaluator, Worlds, ready
from sd_covid.analysis.optimisation.outcomes import Limits, Objective, Statistic
from sd_covid.analysis.optimisation.packages import Judge
from sd_covid.analysis.optimisation.plan_file import OptimisationPlan, read_plan
from sd_covid.analysis.optimisation.search import Effort, search, undominated
from sd_covid.data.text import Text
from sd_covid.engine.simulation import load
from sd_covid.policy.catalogue.outputs import read_outputs
from sd_covid.policy.comparison.run import run_scenarios
from tests.analysis.optimisation.town import PLAN, laid_out

TRIGGERED = PLAN.replace(
    "     delivery: [national, municipal]}",
    "     trigger: {when: unemployment, above: [5, 6], for: [2, 4], lasts: 12}}",
)

#: The bad side of one outcome, and the share of worlds in which another reaches a target.
ROBUST = PLAN.replace("years: [2020, 2024]}", "years: [2020, 2024], statistic: {quantile: 0.75}}").replace(
    "measure: year}", "measure: year, statistic: {share: -3}}"
)


def planned(folder: Path, plan: str = PLAN) -> OptimisationPlan:
    file = laid_out(folder, plan)
    return read_plan(file, load(folder / "models" / "town.mdl"))


def judge_of(plan: OptimisationPlan) -> Judge:
    worlds = Worlds(plan.draws.search, plan.paths)
    scenarios = [plan.base, *plan.scenarios]
    widest = [plan.space.package(plan.space.sizes - 1)]
    judge = Judge(plan.space, plan.limits, None)  # type: ignore[arg-type]
    judge.evaluator = Evaluator(plan.simulation, plan.study, plan.base, plan.objectives, worlds)
    scenarios += [judge.scenario(item) for item in widest]
    simulation = ready(plan.simulation, scenarios, plan.study)
    judge.evaluator = Evaluator(simulation, plan.study, plan.base, plan.objectives, worlds)
    return judge


@pytest.mark.parametrize("text", [PLAN, TRIGGERED], ids=["dates", "trigger"])
def test_a_batch_says_of_each_package_what_a_comparison_says(tmp_path: Path, text: str) -> None:
    plan = planned(tmp_path, text)
    judge = judge_of(plan)
    packages = [plan.space.package(point) for point in plan.space.everything()[5::37]]
    scenarios = [judge.scenario(item) for item in packages]
    scored = judge.evaluator.score(scenarios)
    outputs = read_outputs(tmp_path / "scenarios" / "outputs.yaml")
    worst = 0.0
    for place, scenario in enumerate(scenarios):
        beside = run_scenarios(
            plan.simulation, [plan.base, scenario.__class__(**{**_fields(scenario), "id": "own"})],
            plan.draws.search, outputs, study=plan.study,
        )  # fmt: skip
        mine, theirs = beside.pairs("unemployment", "own", "total", (2020, 2024))
        np.testing.assert_array_equal((mine / 5) - (theirs / 5), scored.differences[place, 1])
        gap = [
            beside.pairs(f"debt[{group}]", "own", "year", (2024, 2024)) for group in ("vulnerable", "regular")
        ]
        expected = (gap[0][0] - gap[1][0]) - (gap[0][1] - gap[1][1])
        # A difference of means is the mean of a difference but for the order of the sum.
        np.testing.assert_allclose(expected, scored.differences[place, 2], rtol=1e-9, atol=1e-9)
        lines = [line.nominal for line in beside.costs if line.scenario == "own" and line.priced]
        base = [line.nominal for line in beside.costs if line.scenario == "actual" and line.priced]
        extra = np.sum(lines, axis=0) - np.sum(base, axis=0)
        value = plan.study.catalogue.prices.present_value(extra, beside.costs[0].years)
        np.testing.assert_allclose(value, scored.cost[place], rtol=1e-9, atol=1e-9)
        worst = max(worst, float(value.max()))
    assert worst > 50  # the batch was not all of packages that do nothing


def _fields(scenario: object) -> dict[str, object]:
    return {name: getattr(scenario, name) for name in scenario.__dataclass_fields__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "generations"), [(PLAN, 10), (TRIGGERED, 20), (ROBUST, 10)], ids=["dates", "trigger", "robust"]
)
def test_the_front_is_that_of_every_package_enumerated(tmp_path: Path, text: str, generations: int) -> None:
    wide = text.replace("months: [12, 36], budget: [20, 60]", "months: [12, 24, 36], budget: [20, 40, 60]")
    plan = planned(tmp_path, wide.replace("budget: [20, 40], target", "budget: [10, 20, 40], target"))
    everything = plan.space.everything()
    objectives, _ = judge_of(plan).points(everything)
    best = objectives[undominated(objectives)]
    judge = judge_of(plan)
    found = search(
        plan.space.sizes, judge.points, Effort(16, generations, 3, seed=4), canonical=plan.space.canonical
    )
    different = len(np.unique(plan.space.canonical(everything), axis=0))
    assert len(found.points) <= different * 2 / 3  # not by looking at everything
    got = found.objectives[found.front]
    order = np.lexsort(best.T[::-1])
    np.testing.assert_array_equal(best[order], got)


def test_a_package_is_the_same_alone_and_in_a_batch_and_under_each_path(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    judge = judge_of(plan)
    packages = [plan.space.package(point) for point in plan.space.everything()[1::61]]
    together = judge.packages(packages)
    for package, found in zip(packages, together, strict=True):
        (alone,) = judge_of(plan).packages([package])
        np.testing.assert_array_equal(alone.told, found.told)
        assert alone.spent == found.spent


def test_a_path_is_a_second_half_of_the_worlds(tmp_path: Path) -> None:
    laid_out(tmp_path)
    (tmp_path / "scenarios" / "paths").mkdir()
    wild = "title: {nl: A, en: A}\nrationale: {nl: A, en: A}\nassumptions: {swing: 3}\n"
    (tmp_path / "scenarios" / "paths" / "wild.yaml").write_text(wild, encoding="utf-8")
    plan = planned(tmp_path, PLAN + "paths: [base, wild]\n")
    judge = judge_of(plan)
    scenario = judge.scenario(plan.space.package(plan.space.sizes - 1))
    scored = judge.evaluator.score([scenario])
    assert (1, 3, 10) == scored.differences.shape
    draws = plan.draws.search.assign(swing=3.0)
    own = scenario.__class__(**{**_fields(scenario), "id": "own"})
    outputs = read_outputs(tmp_path / "scenarios" / "outputs.yaml")
    beside = run_scenarios(plan.simulation, [plan.base, own], draws, outputs, study=plan.study)
    mine, theirs = beside.pairs("unemployment", "own", "total", (2020, 2024))
    np.testing.assert_array_equal(mine / 5 - theirs / 5, scored.differences[0, 1, 5:])


def test_a_package_that_fails_is_counted_and_kept_out(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    judge = judge_of(plan)
    package = plan.space.package(plan.space.sizes - 1)
    scenario = judge.scenario(package)
    broken = scenario.__class__(**{**_fields(scenario), "settings": scenario.settings | {"relief end": 72.0}})
    scored = judge.evaluator.score([scenario, broken])  # relief over no time at all: divided by zero
    assert [0, 5] == scored.failed.tolist()


def objective(statistic: Statistic, *, lower: bool = True) -> Objective:
    return Objective("x", Text("x", "x"), Text("", ""), lower, statistic=statistic)


def test_statistics_are_those_by_hand() -> None:
    worlds = np.array([-4.0, -2.0, 0.0, 1.0, 5.0])
    assert 0.0 == objective(Statistic()).loss(worlds)
    # Less is better: the bad side is the high one, where 0.75 of the worlds are at most 1.
    assert 1.0 == objective(Statistic("quantile", 0.75)).told(worlds)
    # More is better: the bad side is the low one; 0.75 of the worlds are at least -2.
    assert -2.0 == objective(Statistic("quantile", 0.75), lower=False).told(worlds)
    assert 2.0 == objective(Statistic("quantile", 0.75), lower=False).loss(worlds)
    assert 0.4 == objective(Statistic("share", -2.0)).told(worlds)
    assert -0.4 == objective(Statistic("share", -2.0)).loss(worlds)
    assert 0.2 == objective(Statistic("share", 2.0), lower=False).told(worlds)


def test_limits_are_counted_before_a_run_and_after(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    base = plan.base.levers
    both = plan.space.package(plan.space.sizes - 1)  # 60 over 36 months and 40 over 36 months
    limits = Limits(spent=80, yearly=30, set_aside=100, monthly={"guide": 1.5})
    np.testing.assert_allclose([0.0, (60 / 36 - 1.5) / 1.5], limits.before(both, base), atol=2e-9)
    np.testing.assert_allclose([0.25, 0.1], limits.after(100.0, np.array([10.0, 33.0])), atol=2e-9)
    assert (Limits(set_aside=100, monthly={"guide": 2}).before(both, base) <= 0).all()


def test_no_package_over_a_limit_is_on_the_front(tmp_path: Path) -> None:
    plan = planned(tmp_path, PLAN + "limits: {spent: 40, set_aside: 60, yearly: 25, monthly: {guide: 1}}\n")
    judge = judge_of(plan)
    found = search(plan.space.sizes, judge.points, Effort(12, 10, 3, seed=4))
    assert len(found.front) > 1
    kept = [plan.space.package(found.points[place]) for place in found.front]
    scored = judge.evaluator.score([judge.scenario(item) for item in kept])
    assert (scored.cost.mean(axis=1) <= 40 * (1 + 1e-6)).all()
    assert (scored.by_year.max(axis=1) <= 25 * (1 + 1e-6)).all()
    assert not found.feasible.all()
    for item in kept:
        budgets = [setting.budget or 0.0 for setting in item.values()]
        assert sum(budgets) <= 60
        assert "guide" not in item or (item["guide"].budget or 0) / 36 <= 1 or item["guide"].budget == 20
