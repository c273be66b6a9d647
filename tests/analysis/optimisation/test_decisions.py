"""What may be decided, read from a file and written as a scenario. Expected: written beside, or read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sd_covid.analysis.optimisation.evaluate import Evaluator, Scored
from sd_covid.analysis.optimisation.export import refuse_folder, scenario_text
from sd_covid.analysis.optimisation.journal import Journal
from sd_covid.analysis.optimisation.optimise import optimise
from sd_covid.analysis.optimisation.plan_file import read_plan
from sd_covid.data.text import Text
from sd_covid.engine.simulation import load
from sd_covid.errors import RunError, SdCovidError
from sd_covid.policy import read_scenario
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.scenario import Scenario
from sd_covid.report.optimised.findings import findings
from sd_covid.report.words.texts import Texts
from tests.analysis.optimisation.test_evaluate import TRIGGERED, planned
from tests.analysis.optimisation.town import PLAN, laid_out

FURTHER = PLAN.replace("relief: {level: [0, 1]", "relief: {period: further, level: [0, 1]").replace(
    "start: [2021-01-01], months: 36", "start: [2023-01-01, 2024-01-01], months: 12"
)
#: On a base that pulls the lever: its own level leaves it as it is, and no budget takes it away.
PULLED = (
    PLAN.replace("base: actual", "base: clumsy")
    .replace(
        "{level: [0, 1], start: [2020-01-01, 2021-01-01]", "{level: [0.5, 1], start: [2020-01-01, 2021-01-01]"
    )
    .replace("budget: [20, 60]", "budget: [0, 60]")
)

SHORT = PLAN.replace("generations: 12", "generations: 3")


def test_a_point_is_the_package_that_it_names(tmp_path: Path) -> None:
    space = planned(tmp_path).space
    names = ["level", "start", "months", "budget", "delivery"]
    assert [("guide", name) for name in names] == list(space.open[:5])
    assert [2, 2, 2, 2, 2, 2, 2, 2] == space.sizes.tolist()
    assert 256 == space.count == len(space.everything())
    chosen = space.package([1, 0, 1, 1, 0, 1, 0, 1])
    guide = LeverSetting(1.0, date(2020, 1, 1), date(2023, 1, 1), 60.0, "national")
    relief = LeverSetting(1.0, date(2021, 1, 1), date(2024, 1, 1), 20.0, target="vulnerable")
    assert {"guide": guide, "relief": relief} == chosen
    assert {} == space.package([0, 1, 1, 1, 1, 0, 1, 1])  # what is not done has no dates


@pytest.mark.parametrize("text", [PLAN, TRIGGERED, FURTHER], ids=["dates", "trigger", "further"])
def test_every_package_is_its_own_nearest_point_and_its_file_says_the_same(tmp_path: Path, text: str) -> None:
    plan = planned(tmp_path, text)
    for point in plan.space.everything()[::11]:
        package = plan.space.package(point)
        assert package == plan.space.package(plan.space.nearest(package))
        assert () == plan.space.outside(package)
        written = scenario_text(package, plan.base, Text("Zo", "So"), Text("Omdat", "Because"))
        path = tmp_path / "scenarios" / "written.yaml"
        path.write_text(written, encoding="utf-8")
        read = read_scenario(path, plan.simulation, study=plan.study)
        assert plan.base.levers | package == read.levers


@pytest.mark.parametrize(
    "text", [PLAN, TRIGGERED, FURTHER, PULLED], ids=["dates", "trigger", "further", "pulled"]
)
def test_points_that_mean_the_same_have_one_canonical_point(tmp_path: Path, text: str) -> None:
    space = planned(tmp_path, text).space
    points = space.everything()
    canonical = space.canonical(points)
    found = {frozenset(space.package(point).items()) for point in points}
    assert len(found) == len(np.unique(canonical, axis=0)) < len(points)
    for point, other in zip(points, canonical, strict=True):
        assert space.package(point) == space.package(other)


def test_a_package_outside_the_space_is_named(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    pause = replace(plan.base.levers["pause"], level=1.0)
    guide = LeverSetting(1.0, date(2020, 1, 1), date(2023, 1, 1), 60.0, "national")
    assert ("pause",) == plan.space.outside({"guide": guide, "pause": pause})
    assert ("guide",) == plan.space.outside({"guide": replace(guide, budget=50.0)})


def test_what_is_set_as_in_the_base_is_no_part_of_a_package_and_is_nearest_to_nothing(tmp_path: Path) -> None:
    own = PLAN.replace("base: actual", "base: clumsy").replace(
        "guide:\n    {level: [0, 1], ", "guide:\n    {"
    )
    space = planned(tmp_path, own).space
    point = space.nearest({})
    assert {} == space.package(point)
    # Its budget is the second of two, its dates and its delivery are the first.
    assert [0, 0, 1, 0] == point[:4].tolist()
    np.testing.assert_array_equal(point[:4], space.canonical(point[None])[0, :4])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  relief:", "  releif:", "'relief'"),
        ("level: [0, 1], start: [2021-01-01]", "level: [], start: [2021-01-01]", "list is empty"),
        ("budget: [20, 40]", "budget: {from: 40, to: 20, step: 5}", "no value from 40 to 20"),
        ("budget: [20, 40]", "budget: {from: 0, to: 20, step: 0}", "no value"),
        ("budget: [20, 40]", "budget: {from: 0, to: 20, step: 0.001}", "too many"),
        ("budget: [20, 40]", "budget: [20, 20]", "listed twice"),
        ("target: [all, vulnerable]", "target: [all, vulnerabel]", "'vulnerable'"),
        ("target: [all, vulnerable]", "delivery: [national]", "cannot be set"),
        ("target: [all, vulnerable]", "period: further", "after the first one ends"),
        ("target: [all, vulnerable]", "tarqet: [all]", "'target'"),
        ("cost: cost", "cost: costs", "'cost'"),
        ("output: unemployment,", "output: unemployed,", "'unemployment'"),
        ("measure: year", "measure: years", "'year'"),
        ("years: [2024], measure", "years: [2024, 2020], measure", "a first and a last year"),
        ("years: [2024], measure", "years: [2020, 2024], measure", "'year' is of one year"),
        ("scenarios: [clumsy]", "scenarios: [clumzy]", "'clumsy'"),
        ("scenarios: [clumsy]", "paths: [bases]", "no path"),
        ("scenarios: [clumsy]", "limits: {earliest: 2020-06-01}", "earliest"),
        ("scenarios: [clumsy]", "limits: {monthly: {guides: 3}}", "'guide'"),
        ("population: 12", "population: 2", "too few"),
        ("months: [12, 36]", "months: [1.5, 36]", "whole number of months"),
        ("months: [12, 36]", "months: {from: 12, to: 24, step: 0.5}", "whole number of months"),
        ("start: [2021-01-01]", "start: [2026-01-01]", "end of the run"),
        ("years: [2020, 2024]", "years: [2020, 2050]", "does not cover 2020 to 2050"),
        ("years: [2020, 2024]", "years: [2014, 2024]", "does not cover 2014 to 2024"),
        ("years: [2020, 2024]", "years: [2020.5, 2024]", "whole number"),
        (
            "  unemployment: {output: unemployment, years: [2020, 2024]}",
            "  again: cost",
            "cost is an objective twice",
        ),
        ("scenarios: [clumsy]", "scenarios: [clumsy, clumsy]", "listed twice"),
        ("scenarios: [clumsy]", "paths: [base, base]", "listed twice"),
        ("scenarios: [clumsy]", "paths: []", "list is empty"),
        ("start: [2021-01-01], months: 36, budget", "budget", "before 2022-01-01, the earliest start"),
        ("model: ../models/town.mdl\n", "model: ../models/town.mdl\nbudget: 4\n", "not a key"),
    ],
)
def test_a_wrong_file_is_refused_where_it_is_wrong(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = PLAN.replace(old, new, 1)
    if "2022" in told:
        text = text.replace("start: [2020-01-01, 2021-01-01]", "start: [2022-01-01]")
        text += "limits: {earliest: 2022-01-01}\n"
    file = laid_out(tmp_path, text)
    assert old in PLAN
    with pytest.raises(SdCovidError) as caught:
        read_plan(file, load(tmp_path / "models" / "town.mdl"))
    assert told in f"{caught.value.reason} {caught.value.advice}"
    assert caught.value.file is not None
    assert caught.value.line


def test_a_budget_that_no_package_keeps_is_refused_before_a_run(tmp_path: Path) -> None:
    always = PLAN.replace("guide: {level: [0, 1]", "guide: {level: 1").replace(
        "{level: [0, 1], start: [2020", "{level: 1, start: [2020"
    )
    file = laid_out(tmp_path, always + "limits: {set_aside: 15}\n")
    with pytest.raises(SdCovidError, match="no package keeps these limits"):
        read_plan(file, load(tmp_path / "models" / "town.mdl"))


def test_packages_are_written_where_they_can_be_read(tmp_path: Path) -> None:
    plan = planned(tmp_path / "study")
    with pytest.raises(RunError, match="outside the study"):
        refuse_folder(tmp_path, plan.base)
    refuse_folder(tmp_path / "study" / "out", plan.base)
    with pytest.raises(RunError, match="must lie beside it"):
        refuse_folder(tmp_path / "study" / "out", replace(plan.base, id="other"))


def test_a_scenario_that_wastes_is_beaten_at_its_own_cost_on_fresh_draws_too(tmp_path: Path) -> None:
    found = optimise(planned(tmp_path))
    (rival,) = found.rivals
    assert rival.own.beaten
    assert rival.holds(found.losses)
    assert rival.package is not None
    assert rival.package.cost.mean() <= rival.scenario.cost.mean()
    assert (found.losses(rival.package) <= found.losses(rival.scenario)).all()
    assert (5, 9) == found.worlds
    # The front is that of everything that any search looked at.
    looked = set(map(tuple, found.found.points.tolist()))
    assert set(map(tuple, rival.own.points.tolist())) <= looked
    assert len(looked) == len(found.found.points)


def test_ctrl_c_ends_with_what_was_found_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, score, calls = planned(tmp_path), Evaluator.score, 0

    def stopped(self: Evaluator, scenarios: Sequence[Scenario]) -> Scored:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return score(self, scenarios)

    monkeypatch.setattr(Evaluator, "score", stopped)
    found = optimise(plan)
    assert found.interrupted
    assert len(found.shown) > 1
    assert len(found.found.points) < 12 * 12
    assert 1 == len(found.rivals)


def test_ctrl_c_between_two_searches_keeps_the_front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, score = planned(tmp_path, SHORT), Evaluator.score

    def stopped(self: Evaluator, scenarios: Sequence[Scenario]) -> Scored:
        if list(scenarios) == list(plan.scenarios):  # after the first search, and before the next
            raise KeyboardInterrupt
        return score(self, scenarios)

    monkeypatch.setattr(Evaluator, "score", stopped)
    found = optimise(plan)
    assert found.interrupted
    assert not found.found.interrupted
    assert len(found.shown) > 1
    assert () == found.rivals
    assert plan.scenarios == found.unseen
    front = findings(found, Texts("en"))[0]
    assert (
        "The search was stopped early. Not set against a package of the same cost: ‘Clumsy’."
        in front.sentences
    )


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_on_fresh_draws_is_heard_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    plan, score, left = planned(tmp_path, SHORT), Evaluator.score, times

    def stopped(self: Evaluator, scenarios: Sequence[Scenario]) -> Scored:
        nonlocal left
        if left and self.worlds.draws is plan.draws.fresh:
            left -= 1
            raise KeyboardInterrupt
        return score(self, scenarios)

    monkeypatch.setattr(Evaluator, "score", stopped)
    if times == 2:
        with pytest.raises(KeyboardInterrupt):
            optimise(plan)
        return
    found = optimise(plan)
    assert not found.interrupted
    assert len(found.shown) > 1
    assert 1 == len(found.rivals)


def test_a_search_that_was_stopped_goes_on_from_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = optimise(planned(tmp_path / "whole"))
    journal, score, calls = tmp_path / "journal.jsonl", Evaluator.score, 0

    def stopped(self: Evaluator, scenarios: Sequence[Scenario]) -> Scored:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return score(self, scenarios)

    plan = planned(tmp_path / "study")
    with monkeypatch.context() as patched:
        patched.setattr(Evaluator, "score", stopped)
        part = optimise(plan, journal=journal)
    assert part.interrupted
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"package": [1, 2')  # the line during which it was stopped
    again = optimise(plan, journal=journal)
    np.testing.assert_array_equal(whole.found.points, again.found.points)
    np.testing.assert_array_equal(whole.found.objectives, again.found.objectives)
    third = optimise(plan, journal=journal)
    np.testing.assert_array_equal(whole.found.objectives, third.found.objectives)
    # Nothing that is written down is run again: what is left is the base, the scenario, and the second look.
    second_look = third.plan.draws.fresh.shape[0] * (2 + len(third.shown) + 1)
    assert second_look + 2 * third.plan.draws.search.shape[0] == third.runs
    assert third.runs < again.runs < whole.runs
    dearer = replace(plan.study.catalogue.prices, discount_rate=0.04)
    changed = replace(plan, study=replace(plan.study, catalogue=replace(plan.study.catalogue, prices=dearer)))
    with pytest.raises(RunError, match="another search"):
        optimise(changed, journal=journal)


@pytest.mark.parametrize("written", [b"no journal}\n", b"\xff\xfe}", b""])
def test_what_is_no_journal_is_left_as_it_is(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "text").write_bytes(written)
    with pytest.raises(RunError, match="no journal"):
        Journal(tmp_path / "text", "a")
    assert written == (tmp_path / "text").read_bytes()
    with pytest.raises(RunError, match="no journal"):
        Journal(tmp_path, "a")


def test_a_scenario_on_the_front_is_not_beaten_and_one_that_is_cheaper_is_told_to_be(tmp_path: Path) -> None:
    text = PLAN.replace("scenarios: [clumsy]", "scenarios: [best, saves]")
    text = text.replace("  guide:\n", "  guide:\n").replace(
        "level: [0, 1], start: [2020", "level: 1, start: [2020"
    )
    laid_out(tmp_path, text)
    head = "title: {nl: A, en: A}\nrationale: {nl: A, en: A}\n"
    # The least that may be spent on guidance, where it does most: dearer would be dearer, and nothing is cheaper.
    best = (
        "levers: {guide: {level: 1, start: 2020-01-01, end: 2023-01-01, budget: 20, delivery: municipal}}\n"
    )
    for name, levers in {"best": best, "saves": "levers: {pause: {level: 1}}\n"}.items():
        (tmp_path / "scenarios" / f"{name}.yaml").write_text(head + levers, encoding="utf-8")
    plan = read_plan(tmp_path / "scenarios" / "optimise.yaml", load(tmp_path / "models" / "town.mdl"))
    kept, cheap = optimise(plan).rivals
    assert (False, "none better by all") == (kept.own.beaten, kept.own.reason)
    assert (False, "cheaper than any") == (cheap.own.beaten, cheap.own.reason)
    assert ("pause",) == cheap.own.outside
