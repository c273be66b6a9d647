"""Findings about loops: what their sentences and tables say of runs whose differences are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sd_covid import figures
from sd_covid.analysis.loops.knockout import knock_out, link_between
from sd_covid.analysis.loops.paths import explain, outcome_of
from sd_covid.analysis.loops.study import study_loops
from sd_covid.data.text import Text
from sd_covid.engine.course import record
from sd_covid.engine.separate import separate
from sd_covid.errors import RunError
from sd_covid.report.finding import Finding, cells_as_read
from sd_covid.report.loops_between import cut_finding, paths_finding
from sd_covid.report.loops_words import Times, Told
from sd_covid.report.texts import Texts
from tests.loops.conftest import model

WORDS = {
    "nl": ("in low ten opzichte van high", "contact rate → adopter contacts", "Verschil", "Andere wegen"),
    "en": ("in low relative to high", "contact rate → adopter contacts", "Difference", "Other paths"),
}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_difference_is_told_by_path(language: str) -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    first, second = record(simulation, equations), record(simulation, equations, {"contact rate": 80.0})
    found = explain(first, second, outcome_of(simulation, equations, "adopters"))
    finding = paths_finding(
        found, simulation, "adopters", ("high", "low"), Told(simulation.model, Texts(language))
    )
    relative, path, difference, other = WORDS[language]
    assert relative in finding.sentences[0]
    assert path in finding.sentences[1]
    (column,) = [name for name in finding.table if "→" in str(name)]
    table = finding.table
    np.testing.assert_allclose(table[difference], table[column] + table[other])
    expected = simulation.run({"contact rate": 80.0})["adopters"] - simulation.run()["adopters"]
    np.testing.assert_allclose(table[difference], expected, atol=1e-6)  # of a million
    assert finding.figure is not None
    assert 1 == len(finding.figure().axes)


def test_runs_that_do_not_differ_say_so() -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    course = record(simulation, equations)
    found = explain(course, course, outcome_of(simulation, equations, "adopters"))
    finding = paths_finding(found, simulation, "adopters", ("a", "b"), Told(simulation.model, Texts("en")))
    assert ("Adopters does not differ between a and b.",) == finding.sentences


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_cut_link_tells_its_interval_over_draws(language: str) -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    links = link_between(simulation, equations, "adopters", "adopter contacts")
    draws = pd.DataFrame({"contact rate": [80.0, 100.0, 90.0]})
    found = knock_out(simulation, equations, links, "adopters", draws)
    finding = cut_finding(
        found,
        "adopters",
        ("adopters", "adopter contacts"),
        None,
        Told(simulation.model, Texts(language), {"adopters": Text("Gebruikers", "Users")}),
    )
    assert ("Gebruikers zonder" if language == "nl" else "Users without") in finding.title
    assert ("Over 3 trekkingen" if language == "nl" else "Over 3 draws") in finding.sentences[1]
    low, median, high = (finding.table[name] for name in finding.table.columns[-3:])
    assert (low <= median).all()
    assert (median <= high).all()


@pytest.mark.parametrize(
    ("language", "cells"), [("nl", ["2015,1", "1.234,5"]), ("en", ["2015.1", "1,234.5"])]
)
def test_years_have_no_thousands(language: str, cells: list[str]) -> None:
    table = pd.DataFrame({"Jaar": [2015.08], "Aantal": [1234.5]})
    decimals = {"Jaar": 1, "Aantal": 1}
    finding = Finding("a", "A", ("A.",), "A.", table, decimals, times=frozenset({"Jaar"}))
    assert [cells] == cells_as_read(finding, Texts(language))


def test_times_are_years_where_the_model_has_a_calendar() -> None:
    dated = replace(model("loops_bass").model, calendar=("2015-01", "month"))
    assert [2015.0, 2020.5] == Times(dated).values(np.array([0.0, 66.0])).tolist()
    assert ("2020,5", "2020.5") == (
        Times(dated).spelled(66.0, Texts("nl")),
        Times(dated).spelled(66.0, Texts("en")),
    )


def test_the_public_figures_draw_gains_and_shares() -> None:
    simulation = model("loops_bass")
    study = study_loops(simulation)
    gains = figures.loop_gains(study, simulation.model, language="nl").axes[0]
    assert sorted(label.get_text() for label in gains.get_yticklabels()) == sorted(
        loop.id for loop in study.loops
    )
    shares = figures.loop_shares(study, simulation.model).axes[0]
    heights = [layer.get_paths()[0].vertices[:, 1] for layer in shares.collections]
    assert max(item.max() for item in heights) - min(item.min() for item in heights) <= 200 + 1e-9
    with pytest.raises(RunError, match="1 partitions"):
        figures.loop_shares(study, simulation.model, partition=1)
