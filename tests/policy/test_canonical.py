"""The canonical set S0–S11 in the Dutch model. Expected: the definitions of the domain design, section 6; by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sd_covid
from sd_covid.policy import Scenario, Study, read_scenario
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.comparison.draws import read_posterior
from sd_covid.policy.comparison.run import overruled, stepping
from sd_covid.policy.files.dates import Shift

STUDY = Path(__file__).parents[2]
FOLDER = STUDY / "scenarios"
CANONICAL = (
    *(
        "no-corona",
        "actual",
        "no-support",
        "early-withdrawal",
        "catch-up",
        "debt-relief",
        "youth-mental-health",
    ),
    *("integrated", "targeted", "delayed", "austerity", "new-wave"),
)
PACKAGES = ("tutoring", "debt-relief", "youth-mental-health", "activation")
NEW = date(2021, 9, 1)  # from here on measures are new: what started before is the actual package

#: Programmes with a budget, at a high level and with nothing to spend.
NIL = """\
title: {nl: Niets, en: Nil}
rationale: {nl: Zonder geld, en: Without money}
extends: actual
with: [tutoring, activation]
levers:
  debt-assistance: {level: 2, start: 2021-09-01, end: 2024-09-01, budget: 860}
  debt-relief-credit: {level: 1, start: 2021-09-01, end: 2024-09-01, budget: 270}
  early-signalling: {level: 0.5, start: 2021-09-01, end: 2024-09-01, budget: 250}
  care-capacity: {level: 1, start: 2021-09-01, end: 2026-09-01, budget: 375}
  care-awareness: {level: 1, start: 2021-09-01, end: 2026-09-01, budget: 100}
  violence-at-home-shelter: {level: 1, start: 2021-09-01, end: 2026-09-01, budget: 100}
budget: 0
"""


@dataclass(frozen=True)
class Ran:
    """All scenarios on the same draw of the posterior, in one kernel."""

    study: Study
    scenarios: dict[str, Scenario]
    runs: dict[str, xr.Dataset]

    def course(self, scenario: str, variable: str, first: str, last: str) -> xr.DataArray:
        """A variable of a scenario, month by month, shape (time,)."""
        ends = (self.study.calendar.time(date.fromisoformat(day)) for day in (first, last))
        return self.runs[scenario][variable].sel(time=slice(*ends))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
    study = Study.beside(FOLDER / "actual.yaml", simulation)
    folder = tmp_path_factory.mktemp("scenarios")
    for name in ("actual", "tutoring", "activation"):
        lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("references")]
        (folder / f"{name}.yaml").write_text("\n".join(kept), encoding="utf-8")
    (folder / "nil.yaml").write_text(NIL, encoding="utf-8")
    files = [FOLDER / f"{name}.yaml" for name in (*CANONICAL, "tutoring", "activation")] + [
        folder / "nil.yaml"
    ]
    scenarios = {file.stem: read_scenario(file, simulation, study=study) for file in files}
    model = stepping(simulation, [item.settings for item in scenarios.values()])
    counted = [item.cost.spending for item in study.catalogue.levers.values() if item.cost.spending]
    kept = ["unemployment rate", "households in problem debt", "distress prevalence", "early school leavers"]
    kept += ["trust in parliament", "strongly lonely", "waiting for care", "learning deficit of leavers"]
    kept += ["tutoring reached", *counted]
    draw = read_posterior(STUDY / "calibration" / "posterior.parquet", simulation).iloc[[0]]
    runs = {
        name: model.run(overruled(draw, item.settings).iloc[0].to_dict(), kept, seed=1)
        for name, item in scenarios.items()
    }
    return Ran(study, scenarios, runs)


@pytest.mark.parametrize("name", CANONICAL)
def test_every_scenario_says_what_it_is_in_both_languages_and_runs_to_2035(ran: Ran, name: str) -> None:
    scenario = ran.scenarios[name]
    assert "" not in (scenario.title.nl, scenario.title.en, scenario.rationale.nl, scenario.rationale.en)
    assert scenario.title.nl != scenario.title.en
    assert scenario.references
    run = ran.runs[name]
    assert run["time"].max() >= ran.study.calendar.time(date(2035, 12, 1))
    for variable in run:
        assert np.isfinite(run[variable]).all(), variable
    assert 0 == run.attrs["failed_members"]


def test_without_corona_there_is_no_hump(ran: Ran) -> None:
    before = ran.course("no-corona", "unemployment rate", "2020-02-01", "2020-02-01").squeeze("time")
    crisis = ran.course("no-corona", "unemployment rate", "2020-03-01", "2022-12-01").max("time")
    # 0.1 point: what the walk of matching efficiency may add in three years, a tenth of the hump that was.
    assert (crisis - before < 0.1).all()
    assert (
        ran.course("actual", "unemployment rate", "2020-03-01", "2022-12-01").max("time") - before > 1.0
    ).all()
    for variable in ("distress prevalence", "strongly lonely", "learning deficit of leavers"):
        # What is left of a crisis ten years on is more than without one.
        late = [
            ran.course(name, variable, "2030-01-01", "2030-12-01").mean("time")
            for name in ("actual", "no-corona")
        ]
        assert (late[0] > late[1]).all(), variable


def test_scenarios_are_the_same_until_they_differ(ran: Ran) -> None:
    for name in CANONICAL:
        for variable in ("unemployment rate", "households in problem debt", "distress prevalence"):
            expected = ran.course("actual", variable, "2015-01-01", "2020-02-01")
            np.testing.assert_array_equal(expected, ran.course(name, variable, "2015-01-01", "2020-02-01"))


def test_without_support_unemployment_and_debt_are_higher(ran: Ran) -> None:
    peak = {
        name: ran.course(name, "unemployment rate", "2020-03-01", "2021-12-01").max("time")
        for name in ("actual", "no-support")
    }
    assert (peak["no-support"] > peak["actual"] + 0.5).all()
    debt = [
        ran.course(name, "households in problem debt", "2022-01-01", "2024-12-01")
        for name in ("actual", "no-support")
    ]
    assert (debt[1] > debt[0]).all()


def total(scenario: Scenario) -> float:
    """Budgets of what differs from the actual package."""
    return sum(item.total or 0.0 for item in scenario.levers.values())


def test_budgets_add_up(ran: Ran) -> None:
    actual = total(ran.scenarios["actual"])
    extra = {name: total(item) - actual for name, item in ran.scenarios.items()}
    # Levers that are off have a budget in the catalogue too, so that what is extra is counted lever by lever.
    assert extra["integrated"] == pytest.approx(sum(extra[name] for name in PACKAGES), rel=1e-12)
    assert extra["integrated"] == extra["targeted"] == extra["delayed"]
    levers = ran.scenarios["catch-up"].levers
    assert 8500 == (levers["education-programme"].budget or 0) + (levers["tutoring"].budget or 0)
    youth = ran.scenarios["youth-mental-health"].levers
    assert (1927 + 613, 2 * 258.5) == (youth["youth-care-capacity"].total, youth["wellbeing-package"].total)


@pytest.mark.parametrize(
    "name", ["catch-up", "debt-relief", "youth-mental-health", "integrated", "targeted", "delayed"]
)
def test_no_lever_spends_more_than_its_budget(ran: Ran, name: str) -> None:
    for lever, setting in ran.scenarios[name].levers.items():
        spending = ran.study.catalogue.levers[lever].cost.spending
        if spending and setting.total is not None:
            spent = ran.runs[name][spending].isel(time=-1)
            assert (spent <= setting.total * (1 + 1e-6)).all(), lever  # rounding of some 10 000 steps


def test_a_package_with_nothing_to_spend_is_its_baseline_to_the_bit(ran: Ran) -> None:
    nil = ran.scenarios["nil"]
    assert {0.0} == {
        item.total for name, item in nil.levers.items() if item != ran.scenarios["actual"].levers[name]
    }
    assert 9 == sum(item != ran.scenarios["actual"].levers[name] for name, item in nil.levers.items())
    for variable in ran.runs["nil"]:
        np.testing.assert_array_equal(ran.runs["actual"][variable], ran.runs["nil"][variable])


def periods(setting: LeverSetting, months: int = 0) -> list[tuple[object, ...]]:
    """The periods of a lever, those that are new moved in time."""
    move = Shift(months, NEW)
    return [
        (
            item.level,
            move(item.start),
            Shift(months)(item.end) if item.start >= NEW else item.end,
            item.budget,
        )
        for item in setting.all_periods
    ]


def test_the_delayed_package_is_the_integrated_one_three_years_later(ran: Ran) -> None:
    actual = ran.scenarios["actual"].levers
    for lever, setting in ran.scenarios["integrated"].levers.items():
        delayed = ran.scenarios["delayed"].levers[lever]
        assert periods(setting, 0 if setting == actual[lever] else 36) == periods(delayed), lever
    moved = ran.scenarios["delayed"].levers["youth-care-capacity"].all_periods
    assert [date(2021, 1, 1), date(2026, 1, 1)] == [item.start for item in moved]


def test_what_is_targeted_reaches_the_vulnerable_alone(ran: Ran) -> None:
    reached = ran.runs["targeted"]["tutoring reached"]
    assert (reached.sel(group="regular") <= 1e-4 * reached.sel(group="vulnerable")).all()
    assert (reached.sel(group="vulnerable").max("time") > 0).all()
    assert (ran.runs["integrated"]["tutoring reached"].sel(group="regular").max("time") > 1).all()


def test_the_early_package_does_more_for_debt_in_the_first_years_than_the_delayed_one(ran: Ran) -> None:
    early, delayed = (
        ran.course(name, "households in problem debt", "2022-01-01", "2024-12-01").mean("time")
        for name in ("integrated", "delayed")
    )
    assert (early < delayed).all()


def test_austerity_lengthens_the_queue_for_mental_health_care(ran: Ran) -> None:
    queue = {
        name: ran.course(name, "waiting for care", "2026-01-01", "2034-12-01").mean("time")
        for name in ("actual", "austerity")
    }
    assert (queue["austerity"] > queue["actual"]).all()


def test_a_new_wave_comes_in_2027_and_not_before(ran: Ran) -> None:
    for variable in ("unemployment rate", "strongly lonely"):
        before = [ran.course(name, variable, "2015-01-01", "2027-01-01") for name in ("actual", "new-wave")]
        np.testing.assert_array_equal(*before)
        after = [
            ran.course(name, variable, "2027-02-01", "2027-12-01").max("time")
            for name in ("actual", "new-wave")
        ]
        assert (after[1] > after[0]).all()


def test_a_sequence_of_levels_lies_between_all_and_none(ran: Ran, tmp_path: Path) -> None:
    """NOW at half strength from October 2020: the same as full until then, and never outside the two."""
    simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
    steps = "[{from: 2020-03-01, level: 1}, {from: 2020-10-01, level: 0.5}]"
    head = "title: {nl: a, en: b}\nrationale: {nl: a, en: b}\nlevers:\n"
    bodies = {"half": f"  now: {{level: {steps}}}\n", "until": "  now: {end: 2020-10-01}\n"}
    runs = {}
    found = {}
    for name, body in bodies.items():
        (tmp_path / f"{name}.yaml").write_text(head + body, encoding="utf-8")
        found[name] = read_scenario(tmp_path / f"{name}.yaml", simulation, study=ran.study)
    model = stepping(simulation, [item.settings for item in found.values()])
    for name, item in {**found, "actual": ran.scenarios["actual"]}.items():
        runs[name] = model.run(item.settings, ["unemployment rate"])["unemployment rate"]
    change = ran.study.calendar.time(date(2020, 10, 1))
    for other in ("actual", "until"):
        np.testing.assert_array_equal(
            runs[other].sel(time=slice(0, change)), runs["half"].sel(time=slice(0, change))
        )
    winter = slice(change + 1, change + 6)
    assert (runs["actual"].sel(time=winter) < runs["half"].sel(time=winter)).all()
    assert (runs["half"].sel(time=winter) < runs["until"].sel(time=winter)).all()
