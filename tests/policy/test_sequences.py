"""Dated sequences of levels, periods of a lever, constants that change. Expected: read off the files, and by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sd_covid.engine.simulation import load
from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.catalogue.levers import Held, LeverSetting, Step
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.comparison.spending import cost_line
from tests.policy.test_packages import write

SEQUENCE = """\
levers:
  subsidy:
    level:
      - {from: 2020-03-01, level: 1}
      - {from: 2020-10-01, level: 0.5}
      - {from: 2020-12-01, level: 0}
"""


def test_a_sequence_becomes_levels_on_days(study_folder: Path, toy: Any) -> None:
    found = read_scenario(write(study_folder, "top", SEQUENCE), toy)
    steps = (Step(date(2020, 10, 1), 0.5), Step(date(2020, 12, 1), 0.0))
    assert LeverSetting(1.0, date(2020, 3, 1), date(2021, 3, 1), then=steps) == found.levers["subsidy"]
    assert {
        "subsidy level": 1.0,
        "subsidy start": 62.0,
        "subsidy level(step 1 from)": 69.0,
        "subsidy level(step 1)": 0.5,
        "subsidy level(step 2 from)": 71.0,
        "subsidy level(step 2)": 0.0,
        "subsidy end": 74.0,
    }.items() <= found.settings.items()


def test_a_sequence_costs_what_its_levels_cost_while_they_hold(study_folder: Path, toy: Any) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    found = read_scenario(write(study_folder, "top", SEQUENCE), toy, study=study)
    line = cost_line(study.catalogue.levers["subsidy"], found, xr.Dataset(), study)
    # One million euro a day: 214 days from March through September, half of 61 in October and November, then none.
    np.testing.assert_allclose(214 + 61 / 2, line.nominal.sum(), rtol=1e-12)


def test_a_level_on_top_of_a_sequence_takes_its_place(study_folder: Path, toy: Any) -> None:
    write(study_folder, "base", SEQUENCE)
    top = read_scenario(write(study_folder, "top", "extends: base\nlevers: {subsidy: {level: 0.2}}\n"), toy)
    assert (Held(date(2020, 3, 1), date(2021, 3, 1), 0.2),) == top.levers["subsidy"].held


def test_constants_change_on_days_to_a_value_or_by_a_factor(study_folder: Path, toy: Any) -> None:
    text = "constants:\n  rise: [{from: 2020-03-01, value: 4}, {from: 2021-03-01, factor: 0.5}]\n"
    found = read_scenario(write(study_folder, "top", text), toy)
    expected = {
        "rise(step 1 from)": 62.0,
        "rise(step 1)": 4.0,
        "rise(step 2 from)": 74.0,
        "rise(step 2 factor)": 0.5,
    }
    assert expected.items() <= found.settings.items()
    assert {} == found.constants
    factor = "constants:\n  slope: [{from: 2020-03-01, factor: 0.9}]\n"  # what an assumption says, less from a day on
    assert 0.9 == read_scenario(write(study_folder, "top", factor), toy).settings["slope(step 1 factor)"]


@pytest.mark.parametrize(
    ("text", "line", "variable", "reason"),
    [
        ("levers:\n  help:\n    level: []", 5, "levers.help.level", "the sequence is empty"),
        (
            "levers:\n  help:\n    level: [{from: 2021-01-01}]",
            5,
            "levers.help.level[0]",
            "'level' is missing",
        ),
        (
            "levers:\n  help:\n    level:\n      - {from: 2021-01-01, level: 1}\n      - {from: 2021-01-01, level: 0}",
            7,
            "levers.help.level[1].from",
            "does not come after",
        ),
        (
            "levers:\n  help:\n    start: 2021-01-01\n    level: [{from: 2021-01-01, level: 1}]",
            5,
            "levers.help.start",
            "starts on its first day",
        ),
        (
            "levers:\n  help:\n    level: [{from: 2021-01-01, level: 1}, {from: 2023-02-01, level: 0.5}]",
            5,
            "levers.help.start",
            "",
        ),
        ("constants:\n  rise: [{from: 2021-01-01}]", 4, "constants.rise[0]", "a value or a factor"),
        ("constants:\n  rize: [{from: 2021-01-01, factor: 1}]", 4, "constants.rize", "or data series 'rize'"),
        ("constants:\n  slope: [{from: 2021-01-01, value: 1}]", 4, "constants.slope", "is an assumption"),
        (
            "constants:\n  help level: [{from: 2021-01-01, value: 1}]",
            4,
            "constants.help level",
            "not set here",
        ),
    ],
)
def test_faults_of_sequences(
    study_folder: Path, toy: Any, text: str, line: int, variable: str, reason: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(write(study_folder, "top", text + "\n"), toy)
    if not reason:
        assert "not in order between the start, 2021-01-01, and the end, 2023-01-01" in caught.value.reason
        return
    assert (line, variable) == (caught.value.line, caught.value.variable)
    assert reason in caught.value.reason


# --- several periods ---------------------------------------------------------------------------------------

PERIODS = """\
levers:
  help:
    - {start: 2021-01-01, end: 2022-01-01, level: 1, budget: 24}
    - {start: 2022-07-01, end: 2023-01-01, level: 0.5, budget: 12, delivery: national, target: vulnerable}
"""


def test_each_period_has_its_own_dates_level_budget_delivery_and_target(study_folder: Path, toy: Any) -> None:
    found = read_scenario(write(study_folder, "top", PERIODS), toy)
    second = LeverSetting(0.5, date(2022, 7, 1), date(2023, 1, 1), 12.0, "national", target="vulnerable")
    first = LeverSetting(1.0, date(2021, 1, 1), date(2022, 1, 1), 24.0, "municipal", later=(second,))
    assert first == found.levers["help"]
    assert 36.0 == found.levers["help"].total
    expected = {  # at the start of the second period everything that the model has of the lever is that of the second
        "help level": 1.0,
        "help start": 72.0,
        "help end": 84.0,
        "help budget": 24.0,
        "help municipal": 1.0,
        **{f"help {part}(step 1 from)": 90.0 for part in ("level", "start", "end", "budget", "municipal")},
        "help level(step 1)": 0.5,
        "help start(step 1)": 90.0,
        "help end(step 1)": 96.0,
        "help budget(step 1)": 12.0,
        "help municipal(step 1)": 0.0,
        "weight(step 1 from)[old]": 72.0,
        "weight(step 2 from)[old]": 90.0,
        "weight(step 2)[old]": 0.0,
    }
    settings = {name: value for name, value in found.settings.items() if name.startswith(("help", "weight"))}
    assert expected == settings


def test_a_model_spends_each_budget_in_its_own_period(tmp_path: Path) -> None:
    """Spending is budget over duration while in force, so that each period spends its own budget: 24, and 6 of 12."""
    (tmp_path / "m.mdl").write_text(
        "{UTF-8}\nlevel = 1 ~~|\nstart = 72 ~~|\nend = 84 ~~|\nbudget = 24 ~~|\n"
        "spent = INTEG(IF THEN ELSE(Time >= start :AND: Time < end, level * budget / (end - start), 0), 0) ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 120 ~~|\nTIME STEP = 0.25 ~~|\nSAVEPER = 1 ~~|\n"
    )
    second = {"level": 0.5, "start": 90.0, "end": 96.0, "budget": 12.0}
    settings = {f"{name}(step 1)": value for name, value in second.items()}
    settings |= {f"{name}(step 1 from)": 90.0 for name in second}
    spent = load(tmp_path / "m.mdl").stepping(settings).run(settings)["spent"]
    # Sums of fractions of 24/12 and 6/6 in quarters of a month: exact.
    np.testing.assert_array_equal([0, 24, 24, 27, 30, 30], spent.sel(time=[72, 84, 90, 93, 96, 120]))


def test_a_period_moves_as_a_whole_by_its_start(study_folder: Path, toy: Any) -> None:
    write(study_folder, "p", PERIODS)
    text = "with: [{package: p, shift: {by: 6 months, after: 2022-01-01}}]\n"
    found = read_scenario(write(study_folder, "top", text), toy).levers["help"].all_periods
    starts = [(date(2021, 1, 1), date(2022, 1, 1)), (date(2023, 1, 1), date(2023, 7, 1))]
    assert starts == [(item.start, item.end) for item in found]
    moved = read_scenario(write(study_folder, "all", "with: [{package: p, shift: 1 year}]\n"), toy)
    starts = [(date(2022, 1, 1), date(2023, 1, 1)), (date(2023, 7, 1), date(2024, 1, 1))]
    assert starts == [(item.start, item.end) for item in moved.levers["help"].all_periods]
    back = "with: [{package: p, shift: {by: -9 months, after: 2022-01-01}}]\n"
    with pytest.raises(ScenarioError, match="from 2021-10-01 starts before the last one ends, on 2022-01-01"):
        read_scenario(write(study_folder, "back", back), toy)


def test_budgets_of_periods_are_scaled_together(study_folder: Path, toy: Any) -> None:
    found = read_scenario(write(study_folder, "top", PERIODS + "budget: 18\n"), toy).levers["help"]
    assert [12.0, 6.0] == [item.budget for item in found.all_periods]


def test_later_periods_alone_are_kept_for_a_group(study_folder: Path, toy: Any) -> None:
    write(study_folder, "p", PERIODS.replace(", target: vulnerable", ""))
    text = "with: [{package: p, target: {group: vulnerable, after: 2022-01-01}}]\n"
    found = read_scenario(write(study_folder, "top", text), toy).levers["help"]
    assert [None, "vulnerable"] == [item.target for item in found.all_periods]


def test_one_setting_on_top_of_several_periods_is_refused(study_folder: Path, toy: Any) -> None:
    write(study_folder, "base", PERIODS)
    for part in ("level: 0", "budget: 1", "target: vulnerable"):
        path = write(study_folder, "top", f"extends: base\nlevers:\n  help: {{{part}}}\n")
        with pytest.raises(ScenarioError, match="'help' has 2 periods") as caught:
            read_scenario(path, toy)
        assert (str(path), 5) == (caught.value.file, caught.value.line)
    anew = "extends: base\nlevers: {help: [{start: 2021-01-01, end: 2022-01-01, level: 1, budget: 2}]}\n"
    assert () == read_scenario(write(study_folder, "top", anew), toy).levers["help"].later


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("[]", 4, "the list of periods is empty"),
        ("[{start: 2021-01-01, end: 2022-01-01, level: 1}]", 4, "'budget' is missing"),
        ("[{start: 2021-01-01, end: 2021-01-01, level: 1, budget: 1}]", 4, "is not after the start"),
        ("[{start: 2021-01-01, end: 2022-01-01, level: 3, budget: 1}]", 4, "not between 0 and 2"),
        (
            "\n    - {start: 2021-01-01, end: 2022-01-01, level: 1, budget: 1}\n"
            "    - {start: 2021-12-01, end: 2022-06-01, level: 1, budget: 1}",
            6,
            "starts before the last one ends, on 2022-01-01",
        ),
    ],
)
def test_faults_of_periods(study_folder: Path, toy: Any, text: str, line: int, reason: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(write(study_folder, "top", f"levers:\n  help: {text}\n"), toy)
    assert line == caught.value.line
    assert reason in caught.value.reason


def test_scenarios_with_and_without_sequences_are_compared_on_the_same_draws(study_folder: Path) -> None:
    """Months of subsidy times a share that is drawn: half of it is missing for 5 of 12 months, from October on."""
    (study_folder / "m.mdl").write_text(
        "{UTF-8}\nsubsidy level = 1 ~~|\nsubsidy start = 62 ~~|\nsubsidy end = 74 ~~|\nshare = 1 ~~|\n"
        "got = INTEG(share * IF THEN ELSE(Time >= subsidy start :AND: Time < subsidy end, subsidy level, 0), 0) ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 120 ~~|\nTIME STEP = 0.25 ~~|\nSAVEPER = 1 ~~|\n"
    )
    simulation = load(study_folder / "m.mdl")
    study = Study.beside(study_folder / "actual.yaml", simulation, Calendar(date(2015, 1, 1)))
    text = "levers:\n  subsidy: {level: [{from: 2020-03-01, level: 1}, {from: 2020-10-01, level: 0.5}]}\n"
    files = [study_folder / "actual.yaml", write(study_folder, "half", text)]
    scenarios = [read_scenario(file, simulation, study=study) for file in files]
    draws = pd.DataFrame({"share": [1.0, 0.5]})
    found = run_scenarios(simulation, scenarios, draws, ["got"], study=study)
    # Quarters of halves: exact.
    np.testing.assert_array_equal([[-2.5], [-1.25]], found.differences("got", "half")[:, -1:])
    np.testing.assert_array_equal(np.zeros((2, 70)), found.differences("got", "half")[:, :70])
    costs = {line.scenario: line.nominal.sum() for line in found.costs}
    # One million euro a day: 365 days, or 214 and half of the other 151.
    np.testing.assert_allclose([365, 289.5], [costs["actual"], costs["half"]], rtol=1e-12)


def test_a_list_of_periods_takes_the_place_of_the_target_below_too(study_folder: Path, toy: Any) -> None:
    write(study_folder, "base", "levers: {help: {level: 1, target: vulnerable, delivery: national}}\n")
    found = read_scenario(write(study_folder, "top", f"extends: base\n{PERIODS}"), toy)
    assert [None, "vulnerable"] == [item.target for item in found.levers["help"].all_periods]
