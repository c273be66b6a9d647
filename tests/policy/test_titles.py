"""What readers call variables and constants: the study's own titles against its models, and how a file is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.analysis.loops.paths import explain, outcome_of
from sd_covid.data.text import Text
from sd_covid.engine.separate.course import record
from sd_covid.engine.separate.equations import separate
from sd_covid.errors import ScenarioError
from sd_covid.model.names import key
from sd_covid.policy.scenario import read_scenario
from sd_covid.policy.titles import Titles, read_titles

STUDY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def titles() -> Titles:
    return read_titles(STUDY)


@pytest.fixture(scope="module")
def simulation() -> sd_covid.Simulation:
    return sd_covid.load(STUDY / "models" / "netherlands.yaml")


def test_every_title_is_of_something_in_the_model(titles: Titles, simulation: sd_covid.Simulation) -> None:
    model = simulation.model
    for name in titles.names:
        assert key(name.partition("[")[0]) in model.variables, name
    elements = {key(item) for dimension in model.dimensions.values() for item in dimension.elements}
    assert set(titles.elements) <= elements


def test_no_two_things_have_the_same_title(titles: Titles) -> None:
    """On a path or a loop they could not be told apart."""
    for language in ("nl", "en"):
        told = [getattr(title, language).casefold() for title in titles.names.values()]
        assert not {title for title in told if told.count(title) > 1}


def test_titles_are_in_both_languages(titles: Titles) -> None:
    for name, text in [*titles.names.items(), *titles.elements.items()]:
        assert text.nl.strip(), name
        assert text.en.strip(), name
        assert text.nl[0] == text.nl[0].upper() or name in titles.elements, name


def test_every_step_from_the_wage_subsidy_to_unemployment_has_a_title(
    titles: Titles, simulation: sd_covid.Simulation
) -> None:
    """The strongest paths by which the package of 2020 acts are told to a minister."""
    settings = [
        read_scenario(STUDY / "scenarios" / f"{name}.yaml", simulation).settings
        for name in ("actual", "no-support")
    ]
    stepping = simulation.stepping(constant for item in settings for constant in item)
    equations = separate(stepping)
    first, second = (record(stepping, equations, item) for item in settings)
    outcome = outcome_of(stepping, equations, "unemployment rate")
    found = explain(first, second, outcome, follow=0.05)  # of the difference: the paths that a page shows
    assert found.paths
    assert np.abs(found.difference).max() > 0.5  # per cent of the labour force
    for item in found.paths:
        for name in item.path:
            assert titles.of(name) is not None, name


def test_an_element_is_called_by_its_variable_and_its_own_title(titles: Titles) -> None:
    told = titles.of("Hidden Unemployed[youth, vulnerable]")
    assert (
        Text("Werklozen die niet zoeken (15 tot 25 jaar, kwetsbare groep)", told.en if told else "") == told
    )
    assert "Werkloosheid, kwetsbare groep" == getattr(
        titles.of("unemployment rate by group[vulnerable]"), "nl", ""
    )
    assert "NOW (wage subsidy): end" == getattr(titles.of("NOW end"), "en", "")
    part = titles.of("unemployed by age and group[adult,regular]")
    whole = Text("Werklozen naar leeftijd en groep", "Unemployed by age and group")
    assert whole == titles.of("unemployed by age and group")
    assert "Werklozen (25 jaar en ouder, reguliere groep)" == getattr(part, "nl", "")
    assert titles.of("no such variable") is None


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("variables: {jobs: {nl: Werk}}", "'en' is missing"),
        ("variables: {a b: {nl: A, en: A}, A_B: {nl: A, en: A}}", "'A_B' is titled twice"),
        ("variables: {rate: {nl: A, en: A}}", "'rate' has a title as an output"),
        ("variabels: {}", "'variabels' is not a key here"),
        ("", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, written: str, reason: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "outputs.yaml").write_text(
        "rate: {title: {nl: R, en: R}, unit: {nl: u, en: u}, reading: mean, better: lower, relevance: 0,"
        " headline: true}"
    )
    (tmp_path / "models" / "titles.yaml").write_text(written)
    with pytest.raises(ScenarioError, match=reason) as fault:
        read_titles(tmp_path)
    assert "titles.yaml" in str(fault.value)


def test_a_study_without_files_has_no_titles(tmp_path: Path) -> None:
    assert Titles() == read_titles(tmp_path)
