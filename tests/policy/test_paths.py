"""Paths of assumptions: what they set, on top of what, what they refuse. Expected: the rules of docs/scenarios.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.paths import AssumptionPath, read_path

HEAD = "title: {nl: Proef, en: Trial}\nrationale: {nl: Waarom, en: Why}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def path_of(folder: Path, toy: Any, text: str) -> AssumptionPath:
    file = write(folder, "paths/storm.yaml", text)
    return read_path(file, Study.beside(folder / "actual.yaml", toy))


def test_a_path_lies_under_what_its_scenario_sets_and_replaces_that_of_the_base(
    study_folder: Path, toy: Any
) -> None:
    write(study_folder, "paths/calm.yaml", "assumptions: {slope: 1.5}\nconstants: {rise: 5}\n")
    write(study_folder, "paths/storm.yaml", "assumptions: {slope: 2.5}\nconstants: {rise: 8}\n")
    write(study_folder, "base.yaml", "path: calm\n")
    top = read_scenario(write(study_folder, "top.yaml", "extends: base\npath: storm.yaml\n"), toy)
    assert {"slope": 2.5, "rise": 8.0}.items() <= top.settings.items()
    own = "extends: base\npath: storm\nassumptions: {slope: 3}\n"
    mine = read_scenario(write(study_folder, "mine.yaml", own), toy)
    assert {"slope": 3.0, "rise": 8.0}.items() <= mine.settings.items()
    assert mine.path is not None
    assert ("storm", {"slope": 3.0}) == (mine.path.id, mine.assumptions)


def test_a_path_that_is_asked_for_lies_on_top_of_everything_in_place_of_the_scenarios_own(
    study_folder: Path, toy: Any
) -> None:
    write(study_folder, "paths/calm.yaml", "assumptions: {slope: 1.5}\nconstants: {rise: 5}\n")
    storm = path_of(study_folder, toy, "assumptions: {slope: 2.5}\n")
    file = write(
        study_folder, "top.yaml", "path: calm\nassumptions: {slope: 3}\nlevers: {subsidy: {level: 0}}\n"
    )
    scenario = read_scenario(file, toy, assume=storm)
    assert {"slope": 2.5, "subsidy level": 0.0}.items() <= scenario.settings.items()
    assert "rise" not in scenario.settings
    assert storm == scenario.path


def test_a_path_is_no_scenario(study_folder: Path, toy: Any) -> None:
    file = write(study_folder, "paths/storm.yaml", "assumptions: {slope: 2.5}\n")
    with pytest.raises(ScenarioError, match=r"paths/storm.yaml: is a path of assumptions, .*--path"):
        read_scenario(file, toy)


def test_a_path_sets_nothing_that_a_sector_lacks(study_folder: Path, toy: Any) -> None:
    toy.constants = {name: value for name, value in toy.constants.items() if name != "slope"}
    assert {} == path_of(study_folder, toy, "assumptions: {slope: 2.5}\n").assumptions


@pytest.mark.parametrize(
    ("text", "variable", "reason", "advice"),
    [
        (
            "levers:\n  subsidy: {level: 0}",
            "levers",
            "a path of assumptions has no 'levers'",
            "in a scenario",
        ),
        ("extends: actual", "extends", "has no 'extends'", "in a scenario"),
        ("assumption: {slope: 1}", "assumption", "not a key", "'assumptions'"),
        ("assumptions: {slop: 1}", "assumptions.slop", "no assumption 'slop'", "'slope'"),
        ("assumptions: {slope: steep}", "assumptions.slope", "not a number", "point for decimals"),
        ("constants: {subsidy level: 0}", "constants.subsidy level", "not set here", "levers: {subsidy"),
    ],
)
def test_a_fault_in_a_path_names_file_line_and_key(
    study_folder: Path, toy: Any, text: str, variable: str, reason: str, advice: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        path_of(study_folder, toy, text + "\n")
    fault = caught.value
    assert (str(study_folder / "paths" / "storm.yaml"), 3, variable) == (
        fault.file,
        fault.line,
        fault.variable,
    )
    assert reason in fault.reason
    assert advice in str(fault.advice)
