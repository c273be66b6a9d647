"""Scenario files: what they come to, and each thing that can be wrong in one. Expected values: read off the files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sd_covid.errors import ScenarioError
from sd_covid.model.structure import Model
from sd_covid.policy import read_scenario
from sd_covid.policy.catalogue.levers import LeverSetting

HEAD = "title: {nl: Proef, en: Trial}\nrationale: {nl: Waarom, en: Why}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_the_actual_package_sets_every_lever_as_it_was(study_folder: Path, toy: Any) -> None:
    actual = read_scenario(study_folder / "actual.yaml", toy)
    assert LeverSetting(1.0, date(2020, 3, 1), date(2021, 3, 1)) == actual.levers["subsidy"]
    expected = {
        "subsidy level": 1.0,
        "subsidy start": 62.0,
        "subsidy end": 74.0,
        "help level": 0.0,
        "help start": 72.0,
    }
    assert expected.items() <= actual.settings.items()
    assert {} == actual.assumptions


def test_a_scenario_sets_levers_assumptions_and_constants_on_top_of_what_it_extends(
    study_folder: Path, toy: Any
) -> None:
    write(
        study_folder,
        "base.yaml",
        "extends: actual\nlevers: {subsidy: {end: 2020-10-01}}\nassumptions: {slope: 2.5}\n",
    )
    path = write(
        study_folder,
        "top.yaml",
        "extends: base.yaml\nlevers: {subsidy: {level: 0.5}}\nconstants: {RISE: 9}\n",
    )
    top = read_scenario(path, toy)
    assert ("top", "Proef", "Why") == (top.id, top.title.nl, top.rationale.en)
    assert LeverSetting(0.5, date(2020, 3, 1), date(2020, 10, 1)) == top.levers["subsidy"]
    assert {"slope": 2.5} == top.assumptions
    assert {"rise": 9.0} == top.constants
    assert {
        "subsidy level": 0.5,
        "subsidy end": 69.0,
        "slope": 2.5,
        "rise": 9.0,
    }.items() <= top.settings.items()


def test_a_scenario_sets_the_budget_and_who_delivers(study_folder: Path, toy: Any) -> None:
    actual = read_scenario(study_folder / "actual.yaml", toy)
    assert LeverSetting(0.0, date(2021, 1, 1), date(2023, 1, 1), 48.0, "municipal") == actual.levers["help"]
    assert {"help budget": 48.0, "help municipal": 1.0}.items() <= actual.settings.items()
    text = "levers: {help: {level: 1, budget: 12, delivery: national}}\n"
    scenario = read_scenario(write(study_folder, "top.yaml", text), toy)
    assert (12.0, "national") == (scenario.levers["help"].budget, scenario.levers["help"].delivery)
    assert {"help budget": 12.0, "help municipal": 0.0}.items() <= scenario.settings.items()


def test_a_model_without_the_budget_of_a_lever_works_by_its_level(study_folder: Path, toy: Any) -> None:
    path = write(study_folder, "top.yaml", "levers: {help: {level: 1}}\n")
    assert "help budget" not in read_scenario(path, without(toy, "help budget")).settings
    path = write(study_folder, "top.yaml", "levers: {help: {budget: 1}}\n")
    with pytest.raises(ScenarioError, match="no constant 'help budget'"):
        read_scenario(path, toy)


def test_a_month_is_its_first_day_and_names_match_as_in_vensim(study_folder: Path, toy: Any) -> None:
    text = "levers: {subsidy: {end: 2020-10}}\nconstants: {'Weight[ Young ]': 3, fragility: 1}\n"
    scenario = read_scenario(write(study_folder, "month.yaml", text), toy)
    assert 69.0 == scenario.settings["subsidy end"]
    assert {"weight[young]": 3.0, "fragility": 1.0} == scenario.constants


def without(toy: Any, start: str) -> Any:
    toy.constants = {name: value for name, value in toy.constants.items() if not name.startswith(start)}
    return toy


def test_a_sector_alone_is_given_only_what_it_has(study_folder: Path, toy: Any) -> None:
    text = "levers: {subsidy: {level: 0}, pause: {level: 0}}\nassumptions: {slope: 3}\n"
    path = write(study_folder, "none.yaml", text)
    scenario = read_scenario(path, without(without(toy, "subsidy"), "slope"))
    assert {"help", "pause"} == set(scenario.levers)
    assert 0.0 == scenario.settings["pause level"]
    assert {} == scenario.assumptions


def test_a_scenario_of_which_the_model_has_no_lever_is_refused(study_folder: Path, toy: Any) -> None:
    path = write(study_folder, "none.yaml", "levers: {subsidy: {level: 0}}\n")
    with pytest.raises(ScenarioError, match="none of these levers is in the model") as caught:
        read_scenario(path, without(toy, "subsidy"))
    assert (3, "levers") == (caught.value.line, caught.value.variable)


def test_a_lever_of_which_the_model_has_only_a_part_is_refused(study_folder: Path, toy: Any) -> None:
    path = write(study_folder, "none.yaml", "levers: {subsidy: {level: 0}}\n")
    with pytest.raises(ScenarioError, match="no constant 'subsidy end'"):
        read_scenario(path, without(toy, "subsidy end"))


def test_a_sector_without_calendar_takes_that_of_the_catalogue(study_folder: Path, toy: Any) -> None:
    toy.model = Model("sector")
    with pytest.raises(ScenarioError, match="no calendar"):
        read_scenario(study_folder / "actual.yaml", toy)
    levers = study_folder / "levers.yaml"
    levers.write_text(
        "calendar: {origin: 2015-02, unit: month}\n" + levers.read_text(encoding="utf-8"), encoding="utf-8"
    )
    assert 61.0 == read_scenario(study_folder / "actual.yaml", toy).settings["subsidy start"]
    toy.model = Model("whole", calendar=("2015-01", "month"))
    with pytest.raises(ScenarioError, match="not that of the model") as caught:
        read_scenario(study_folder / "actual.yaml", toy)
    assert (str(levers), "calendar") == (caught.value.file, caught.value.variable)


def test_a_study_without_catalogues_still_sets_constants(tmp_path: Path, toy: Any) -> None:
    scenario = read_scenario(write(tmp_path, "plain.yaml", "constants: {slope: 1}\n"), toy)
    assert {"slope": 1.0} == scenario.settings


@pytest.mark.parametrize(
    ("text", "line", "variable", "reason", "advice"),
    [
        ("leverz: {}", 3, "leverz", "not a key", "did you mean 'levers'?"),
        ("levers:\n  subsidie: {level: 0}", 4, "levers.subsidie", "no lever 'subsidie'", "'subsidy'"),
        ("levers:\n  subsidy: {levle: 0}", 4, "levers.subsidy.levle", "not a key", "'level'"),
        (
            "levers:\n  subsidy: {level: zero}",
            4,
            "levers.subsidy.level",
            "not a number",
            "a point for decimals",
        ),
        (
            "levers:\n  subsidy: {level: .nan}",
            4,
            "levers.subsidy.level",
            "not a number",
            "a point for decimals",
        ),
        ("levers:\n  subsidy: {level: 0_1}", 4, "levers.subsidy.level", "'0_1' is not a number", "a point"),
        ('levers:\n  subsidy: {level: "\u0661"}', 4, "levers.subsidy.level", "not a number", "a point"),
        (
            "levers:\n  subsidy: {level: 1.5}",
            4,
            "levers.subsidy.level",
            "not between 0 and 1",
            "in that range",
        ),
        ("levers:\n  subsidy: {end: soon}", 4, "levers.subsidy.end", "not a date", "2020-10-01"),
        ("levers:\n  subsidy: {end: 2020-13-01}", 4, "levers.subsidy.end", "not a date", "2020-10-01"),
        ("levers:\n  subsidy: {end: 2020-02-30}", 4, "levers.subsidy.end", "not a date", "2020-10-01"),
        (
            "levers:\n  subsidy:\n    end: 2040-01-01",
            5,
            "levers.subsidy.end",
            "from 2015-01-01 to 2025-01-01",
            "within",
        ),
        (
            "levers:\n  subsidy:\n    start: 2014-12-31",
            5,
            "levers.subsidy.start",
            "outside the run",
            "within",
        ),
        (
            "levers:\n  subsidy:\n    end: 2020-02-01",
            5,
            "levers.subsidy.end",
            "not after the start, 2020-03-01",
            "mend",
        ),
        (
            "levers:\n  subsidy:\n    start: 2022-02-01",
            5,
            "levers.subsidy.start",
            "2021-03-01, is not after",
            "mend",
        ),
        ("levers:\n  help: {budget: -1}", 4, "levers.help.budget", "not 0 or more", "in that range"),
        ("levers:\n  help: {budget: x}", 4, "levers.help.budget", "not a number", "point for decimals"),
        ("levers:\n  help: {delivery: local}", 4, "levers.help.delivery", "not known", "national, municipal"),
        ("levers:\n  subsidy: {budget: 1}", 4, "levers.subsidy.budget", "cannot be set", "one: help"),
        (
            "levers:\n  subsidy: {delivery: national}",
            4,
            "levers.subsidy.delivery",
            "cannot be set",
            "one: help",
        ),
        ("path: storm", 3, "path", "no path 'storm'", "make"),
        ("levers:\n  subsidy: {}", 4, "levers.subsidy", "nothing is set", "leave the lever out"),
        ("levers:\n  subsidy: 0", 4, "levers.subsidy", "a mapping is expected", "key: value"),
        ("levers: [subsidy]", 3, "levers", "a mapping is expected", "key: value"),
        ("assumptions:\n  slop: 1", 4, "assumptions.slop", "no assumption 'slop'", "'slope'"),
        ("assumptions:\n  slope: [1]", 4, "assumptions.slope", "single value", "one value"),
        ("constants:\n  rize: 1", 4, "constants.rize", "no constant 'rize'", "'rise'"),
        ("constants:\n  rise: x", 4, "constants.rise", "'x' is not a number", "a point for decimals"),
        (
            "constants:\n  subsidy level: 0",
            4,
            "constants.subsidy level",
            "not set here",
            "levers: {subsidy: {level",
        ),
        ("constants:\n  slope: 0", 4, "constants.slope", "not set here", "assumptions: {slope"),
        ("extends: actuel", 3, "extends", "no scenario 'actuel'", "'actual'"),
        ("extends: ../actual", 3, "extends", "not in this folder", "beside this one"),
        ("extends: trial", 3, "extends", "in a circle: trial → trial", "take one 'extends' out"),
        ("extends: [a", 4, None, "not YAML", "indents"),
        ("title: {nl: a, en: b}", 3, "title", "written twice", "keep one"),
    ],
)
def test_a_fault_names_file_line_and_key_and_what_to_do(
    study_folder: Path, toy: Any, text: str, line: int, variable: str | None, reason: str, advice: str
) -> None:
    path = write(study_folder, "trial.yaml", text + "\n")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path, toy)
    fault = caught.value
    assert (str(path), line, variable) == (fault.file, fault.line, fault.variable)
    assert reason in fault.reason
    assert advice in str(fault.advice)


def test_a_circle_of_scenarios_is_refused_where_it_closes(study_folder: Path, toy: Any) -> None:
    write(study_folder, "a.yaml", "extends: b\n")
    path = write(study_folder, "b.yaml", "extends: a\n")
    with pytest.raises(ScenarioError, match="a → b → a") as caught:
        read_scenario(study_folder / "a.yaml", toy)
    assert (str(path), 3, "extends") == (caught.value.file, caught.value.line, caught.value.variable)


def test_a_missing_file_is_named(study_folder: Path, toy: Any) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(study_folder / "absent.yaml", toy)
    assert (str(study_folder / "absent.yaml"), None) == (caught.value.file, caught.value.line)


def test_a_scenario_must_say_why_in_both_languages(study_folder: Path, toy: Any) -> None:
    path = study_folder / "terse.yaml"
    path.write_text("title: {nl: Kort}\nrationale: {nl: a, en: b}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path, toy)
    assert (1, "title") == (caught.value.line, caught.value.variable)
    assert "'en' is missing" in caught.value.reason


@pytest.mark.parametrize(
    ("file", "old", "new", "variable", "reason"),
    [
        ("levers.yaml", "range: [0, 1]", "range: [0]", "levers.subsidy.range", "a lowest and a highest"),
        (
            "levers.yaml",
            "end: 2021-03-01}\n    range",
            "end: 2019-03-01}\n    range",
            "levers.subsidy.actual.end",
            "not after",
        ),
        ("levers.yaml", "rule: budget", "rule: budge", "levers.subsidy.cost.rule", "'budge' is not known"),
        (
            "levers.yaml",
            "rule: budget",
            "rule: budget\n      references: [someone-2009]",
            "levers.subsidy.cost.references[0]",
            "'someone-2009' is not in references.csv",
        ),
        ("levers.yaml", "weight: 2", "weight: 0", "levers.subsidy.cost.tranches", "no weight"),
        (
            "levers.yaml",
            "2021-03-01, weight",
            "2020-03-01, weight",
            "levers.subsidy.cost.tranches[0].end",
            "not after",
        ),
        ("levers.yaml", "base_year: 2020", "base_year: 20", "prices.base_year", "not a year"),
        ("levers.yaml", "      spending: help spending\n", "", "levers.help.cost", "'spending' is missing"),
        ("levers.yaml", ", budget: 48}", "}", "levers.help.actual", "'budget' is missing"),
        ("levers.yaml", "budget: 48}", "budget: -1}", "levers.help.actual.budget", "not 0 or more"),
        ("levers.yaml", "{2015: 95.0", "{y: 95.0", "prices.index.y", "not a year"),
        ("levers.yaml", "      total: 365\n", "", "levers.subsidy.cost", "'total' is missing"),
        ("assumptions.yaml", "default: 2", "default: 4", "slope.default", "not between 1 and 3"),
        ("assumptions.yaml", "low: 1", "low: 3", "slope.default", "not below"),
        (
            "assumptions.yaml",
            "low: 1\n  high: 3\n  distribution: uniform",
            "low: 0\n  high: 3\n  distribution: log-uniform",
            "slope.default",
            "above 0",
        ),
        ("assumptions.yaml", "uniform", "unifrom", "slope.distribution", "'unifrom' is not known"),
    ],
)
def test_a_fault_in_a_catalogue_is_named_likewise(
    study_folder: Path, toy: Any, file: str, old: str, new: str, variable: str, reason: str
) -> None:
    path = study_folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(study_folder / "actual.yaml", toy)
    assert (str(path), variable) == (caught.value.file, caught.value.variable)
    assert reason in caught.value.reason
    assert caught.value.line is not None


def test_a_run_without_a_fixed_end_has_no_dates(study_folder: Path, toy: Any) -> None:
    with pytest.raises(ScenarioError, match="FINAL TIME is computed"):
        read_scenario(study_folder / "actual.yaml", without(toy, "FINAL"))
