"""Two layers side by side: verdicts and rankings by hand, and tables between them that are refused where they stand."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

import sd_covid
from sd_covid import figures
from sd_covid.cli.app import execute
from sd_covid.errors import RunError, SdCovidError
from sd_covid.marvel.beside.compare import compare, rankings
from sd_covid.marvel.beside.counterparts import Counterparts, Measure, read_counterparts
from sd_covid.marvel.beside.effects import Effect, diagram_effects
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.run import Runs
from sd_covid.policy.study import Study
from sd_covid.report.beside.findings import beside_findings
from sd_covid.report.words.texts import Texts

STUDY = Path(__file__).parents[2]
STARTER = STUDY / "models" / "marvel" / "corona"
TOWN = read_diagram(Path(__file__).parent / "town")
UP, DOWN = np.linspace(0.1, 0.2, 40), -np.linspace(0.1, 0.2, 40)
UNSURE, NONE = np.linspace(-0.1, 0.2, 40), np.zeros(40)


def effects(values: dict[tuple[int, int], np.ndarray], rest: np.ndarray | None = NONE) -> dict:
    """Effects by intervention and performance of the town, by their places."""
    found = {}
    for i, item in enumerate(TOWN.interventions):
        for p, goal in enumerate(TOWN.performances):
            chosen = values.get((i, p), rest)
            if chosen is not None:
                found[item.id, goal.id] = Effect(chosen, 0.02)
    return found


@pytest.fixture(scope="module")
def found():
    measures = {
        item.id: Measure(item.id, {}, {"lever": None}, "own example") for item in TOWN.interventions[:3]
    }  # type: ignore[dict-item]
    in_diagram = effects({(0, 0): UP, (0, 1): DOWN, (0, 2): UNSURE, (0, 3): UP, (1, 0): UP})
    in_model = effects({(0, 0): UP * 3, (0, 1): UP, (0, 2): DOWN, (1, 0): NONE, (1, 1): DOWN})
    in_model = {pair: item for pair, item in in_model.items() if pair[0] != TOWN.interventions[3].id}
    del in_model[TOWN.interventions[0].id, TOWN.performances[3].id]
    return compare(TOWN, Counterparts(measures, {}), in_diagram, in_model)


def test_verdicts_are_those_of_the_intervals(found):
    names = [item.id for item in TOWN.interventions], [item.id for item in TOWN.performances]
    told = {
        (names[0].index(item.intervention.id), names[1].index(item.performance.id)): (item.verdict, item.why)
        for item in found
    }
    assert told[0, 0] == ("agree", "same")
    assert told[0, 1] == ("disagree", "opposite")
    assert told[0, 2] == ("cannot tell", "unsure")
    assert told[0, 3] == ("cannot tell", "no output")
    assert told[1, 0] == ("cannot tell", "diagram only")
    assert told[1, 1] == ("cannot tell", "model only")
    assert told[2, 2] == ("agree", "neither")
    assert told[3, 0] == ("cannot tell", "no lever")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_differences_become_questions_and_those_that_agree_do_not(found, language):
    texts = Texts(language)
    verdicts, *_, asked = beside_findings(TOWN, found, (), 10, texts)
    assert len(verdicts.table) == len(found)
    # Of those that agree one is of 0.15 and 0.45, from 0.02; all others are nothing.
    assert ("Bij 1 van de paren" if language == "nl" else "For 1 of the pairs") in verdicts.sentences[1]
    # One opposite, one uncertain whose medians part, one path in either layer, an intervention and a performance.
    assert len(asked.table) == 6
    first = asked.table.iloc[0, 1]
    assert texts.of(TOWN.interventions[0].label) in first
    assert ("rekenmodel tot meer" if language == "nl" else "the model to more") in first
    assert all("{" not in str(cell) for cell in asked.table.to_numpy().ravel())
    drawn = figures.layers(found, language=language)
    assert drawn.get_suptitle() == verdicts.title
    fields = [item.get_text() for item in drawn.axes[0].texts]
    assert len(fields) == len(found)
    assert "\N{MINUS SIGN} / +" in fields  # the one that is opposite


def test_a_path_too_long_to_name_is_said_to_be_long(found, monkeypatch):
    monkeypatch.setattr(
        "sd_covid.report.beside.findings._LONGEST", 1
    )  # no performance of the town is so near
    told = "\n".join(beside_findings(TOWN, found, (), 10, Texts("nl"))[-1].table.iloc[:, 1])
    assert "langs een weg van meer dan 1 schakels" in told
    assert "…" not in told


def test_rank_correlation_is_spearmans():
    first = {(i, 0): np.full(40, value) for i, value in enumerate([0.1, 0.4, 0.2, 0.3])}
    second = {(i, 0): np.full(40, value) for i, value in enumerate([3.0, 1.0, 4.0, 2.0])}
    measures = {item.id: Measure(item.id, {}, {"lever": None}, "x") for item in TOWN.interventions}  # type: ignore[dict-item]
    compared = compare(TOWN, Counterparts(measures, {}), effects(first), effects(second, rest=None))
    (ranked,) = rankings(compared)
    expected = spearmanr([0.1, 0.4, 0.2, 0.3], [3.0, 1.0, 4.0, 2.0]).statistic
    assert ranked.correlation == pytest.approx(expected, abs=1e-12)
    assert (ranked.low, ranked.high) == pytest.approx((expected, expected), abs=1e-12)
    assert figures.layer_ranks([ranked]).axes[0].lines[0].get_xdata() == pytest.approx([expected])
    with pytest.raises(RunError, match="no outcome has four interventions"):
        figures.layer_ranks([replace(ranked, correlation=math.nan)])
    with pytest.raises(RunError, match="nothing was compared"):
        figures.layers([])


def test_diagram_effects_are_means_over_the_horizon_of_the_run_itself():
    runs = Runs(TOWN, horizon=4.0)
    alone = runs.paths(np.eye(4, dtype=bool))[0]
    start = np.array([item.start for item in TOWN.performances])
    mean = np.trapezoid(alone, runs.times, axis=-1) / 4 - start
    still = Runs(exact(TOWN), horizon=4.0)
    found = diagram_effects(still, 3, 0, 0.02)
    for i, item in enumerate(TOWN.interventions):
        for p, goal in enumerate(TOWN.performances):
            expected = mean[i, p] if abs(mean[i, p]) > 1e-9 else 0.0
            np.testing.assert_allclose(found[item.id, goal.id].values, expected, rtol=0, atol=1e-12)


def exact(diagram):
    """A diagram whose classes have no width."""
    links = tuple(
        replace(
            link,
            strength=replace(link.strength, low=link.strength.value, high=link.strength.value),
            delay=replace(link.delay, low=link.delay.value, high=link.delay.value),
        )
        for link in diagram.links
    )
    return replace(diagram, links=links)


@pytest.fixture(scope="module")
def study() -> Study:
    simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
    return Study.beside(STUDY / "scenarios" / "actual.yaml", simulation)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("levers", "more_tutoring,tutoring", "more_tutoring,tutorin", "no lever 'tutorin'"),
        ("levers", "more_tutoring,", "more_tutorin,", "did you mean 'more_tutoring'"),
        ("levers", "tutoring,0,1,", "tutoring,0,7,", "7 is not between"),
        ("levers", ",0.1,2025-01-01,2035-01-01", ",0.1,2025-01-01,2024-01-01", "not after its start"),
        ("outputs", "homelessness,homeless,", "homelessness,homelss,", "no variable 'homelss'"),
        ("outputs", "trust,trust in parliament,+", "trust,trust in parliament,x", "'x' cannot stand here"),
        ("outputs", "The model holds residents constant and counts no deaths", "", "nothing stands here"),
    ],
)
def test_tables_between_the_layers_are_refused_where_they_stand(tmp_path, study, file, old, new, expected):
    folder = Path(shutil.copytree(STARTER, tmp_path / "corona"))
    path = folder / f"{file}.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SdCovidError) as caught:
        read_counterparts(folder, read_diagram(folder), study, ())
    assert expected in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


def test_every_intervention_and_performance_has_a_counterpart_or_a_reason(study):
    diagram = read_diagram(STARTER)
    found = read_counterparts(STARTER, diagram, study, ())
    assert set(found.measures) == {item.id for item in diagram.interventions}
    assert {item.id for item in diagram.performances} <= set(found.variables)
    assert all(item.reason for item in (*found.measures.values(), *found.variables.values()))
    # What the report does not show has a relevance of its own; a table that says none gives none.
    own = found.variables["learning_deficit"].output
    assert own is not None
    assert own.relevance == 0.002


def test_an_effect_matters_where_something_says_from_which_size():
    assert Effect(UP, 0.1).matters
    assert not Effect(UP, 0.3).matters
    assert not Effect(UP, math.inf).matters


def test_a_model_that_is_not_there_is_refused_before_anything_runs(tmp_path, capsys):
    made = ["--export", str(tmp_path / "town.xlsx")]  # with it alone nothing would be run
    assert execute(["marvel", str(STARTER), "--beside", str(tmp_path / "no.yaml"), *made]) == 2
    told = capsys.readouterr().err
    assert "no.yaml" in told.splitlines()[-1]
    assert "samples" not in told


def test_command_refuses_what_has_no_counterparts(tmp_path, capsys):
    model = str(STUDY / "models" / "netherlands.yaml")
    town = str(Path(__file__).parent / "town")
    assert execute(["marvel", town, "--beside", model, "-l", "nl", "--samples", "2"]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert "levers.csv" in last
