"""Findings about loops: what their sentences and tables say of runs whose differences are known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from openpyxl import load_workbook

from sd_covid import figures
from sd_covid.analysis.loops.knockout import knock_out, link_between
from sd_covid.analysis.loops.paths import explain, outcome_of
from sd_covid.analysis.loops.study import study_loops
from sd_covid.data.text import Text
from sd_covid.engine.separate.course import record
from sd_covid.engine.separate.equations import separate
from sd_covid.errors import RunError
from sd_covid.policy.titles import Titles
from sd_covid.report.finding.files import write_findings
from sd_covid.report.finding.statement import Finding, cells_as_read
from sd_covid.report.loops.between import cut_finding, paths_finding
from sd_covid.report.loops.words import Times, Told, legend
from sd_covid.report.words.texts import Texts
from tests.loops.conftest import model
from tests.report.drawing import check_public

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
    assert ("‘adopters’ does not differ between a and b.",) == finding.sentences


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
        Told(simulation.model, Texts(language), Titles({"adopters": Text("Gebruikers", "Users")})),
    )
    assert ("‘gebruikers’ zonder" if language == "nl" else "‘users’ without") in finding.title
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


def test_years_are_not_rounded() -> None:
    table = pd.DataFrame({"Jaar": [2015, 2024], "Aantal": [2015, 2024]})
    finding = Finding("a", "A", ("A.",), "A.", table, times=frozenset({"Jaar"}))
    assert [["2015", "2.020"], ["2024", "2.020"]] == cells_as_read(finding, Texts("nl"))


def test_times_are_months_where_the_model_has_a_calendar() -> None:
    bass = model("loops_bass").model
    dated = Times(replace(bass, calendar=("2015-01", "month")))
    assert [2015.0, 2020.5] == dated.axis(np.array([0.0, 66.0])).tolist()
    assert ["2015-01-01", "2020-07-01"] == dated.column(np.array([0.0, 66.0])).astype("M8[D]").astype(
        str
    ).tolist()
    assert ("in juli 2020", "in July 2020") == tuple(dated.when(66.0, Texts(name)) for name in ("nl", "en"))
    assert ("op tijd 2,5", "at time 2.5") == tuple(
        Times(bass).when(2.5, Texts(name)) for name in ("nl", "en")
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


def test_paths_and_a_cut_have_their_public_figures() -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    first, second = record(simulation, equations), record(simulation, equations, {"contact rate": 80.0})
    found = explain(first, second, outcome_of(simulation, equations, "adopters"))
    ends = ("adopters", "adopter contacts")
    cut = knock_out(simulation, equations, link_between(simulation, equations, *ends), "adopters")
    titles = Titles({"adopters": Text("Gebruikers", "Users")})

    def told(texts: Texts) -> list[Finding]:
        words = Told(simulation.model, texts, titles)
        return [
            paths_finding(found, simulation, "adopters", ("high", "low"), words),
            cut_finding(cut, "adopters", ends, None, words),
        ]

    def public(language: str) -> list[Figure]:
        return [
            figures.difference_paths(
                found, simulation, "adopters", ["high", "low"], titles=titles, language=language
            ),
            figures.link_cut(cut, simulation.model, "adopters", ends, titles=titles, language=language),
        ]

    check_public(told, public)
    with pytest.raises(RunError, match="3 names in place of two"):
        figures.difference_paths(found, simulation, "adopters", ["high", "low", "none"])


def test_the_table_of_a_dated_model_has_months_to_read_and_days_to_keep(tmp_path: Path) -> None:
    table = pd.DataFrame({"Maand": np.array(["2020-03-01", "2020-04-01"], "M8[s]"), "Aantal": [1.5, 2.0]})
    finding = Finding("a", "A", ("A.",), "A.", table)
    assert [["maart 2020", "1,5"], ["april 2020", "2"]] == cells_as_read(finding, Texts("nl"))
    within = replace(finding, table=table.assign(Maand=np.array(["2020-03-01", "2020-03-09"], "M8[s]")))
    assert "9 March 2020" == cells_as_read(within, Texts("en"))[1][0]
    for suffix in ("csv", "json", "xlsx"):
        path = tmp_path / f"a.{suffix}"
        write_findings([finding], path, Texts("nl"), title="A", subtitle="", provenance={})
    assert ["2020-03-01,1.5", "2020-04-01,2.0"] == (tmp_path / "a.csv").read_text().splitlines()[1:]
    (told,) = json.loads((tmp_path / "a.json").read_text())["findings"]
    assert "2020-04-01" == told["table"][1]["Maand"]
    sheet = load_workbook(tmp_path / "a.xlsx")["a"]
    assert datetime(2020, 4, 1) == sheet.cell(sheet.max_row, 1).value


def test_paths_that_begin_alike_are_told_apart_in_a_legend() -> None:
    found = legend(
        "123",
        [["tax", "a", "b", "c", "d", "x", "y", "out"], ["tax", "a", "b", "c", "e", "out"], ["aid", "out"]],
    )
    assert ["1: tax → … → d → x → y → …", "2: tax → … → e → out", "3: aid → out"] == found
