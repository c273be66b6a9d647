"""``sd-covid marvel``, and the starter diagram of the study."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.cli.app import execute
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.run import Runs
from sd_covid.marvel.scores import score_all
from sd_covid.marvel.stability import stability
from sd_covid.model.names import key
from sd_covid.report.marvel.costs import costs_finding
from sd_covid.report.marvel.findings import findings
from sd_covid.report.words.texts import Texts

TOWN = Path(__file__).parent / "town"
STARTER = Path(__file__).parents[2] / "models" / "marvel" / "corona"


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs(read_diagram(TOWN))


@pytest.fixture(scope="module")
def scores(runs):
    return score_all(runs, 50, 1)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_findings_tell_what_the_scores_hold(runs, scores, language):
    texts = Texts(language)
    found = {item.id: item for item in findings(runs, scores, texts)}
    assert list(found) == ["effects", "course", "scores", "ranks", "paths", "loops"]
    effects, course = found["effects"].table, found["course"].table
    assert len(effects) == len(course) == 4 * 5
    debt = effects.iloc[1]
    assert debt.iloc[1] == texts.of(runs.diagram.performances[1].label)
    assert debt.iloc[6] == "++"  # less problem debt is better
    assert debt.iloc[7] == scores.effects[0, 1, 40] < -0.1
    assert debt.iloc[8] < debt.iloc[7] < debt.iloc[9]
    table = found["scores"].table
    assert table.iloc[:, 1].tolist() == [1, 1, 1, 1, 2, 3, 4]
    assert table.iloc[-1, 2] == scores.scores.max()
    assert len(found["ranks"].table) == 6
    assert len(found["loops"].table) == 6
    for item in found.values():
        assert item.caution
        assert all("{" not in sentence for sentence in item.sentences)


def test_command_writes_a_page_and_says_so(tmp_path, capsys):
    out = tmp_path / "town.json"
    assert execute(["marvel", str(TOWN), "-o", str(out), "-l", "en", "--samples", "5"]) == 0
    told = capsys.readouterr()
    assert "What each intervention does" in told.out
    assert f"wrote {out}" in told.err
    written = json.loads(out.read_text())
    assert written["made_with"]["Samples within the classes"] == "5"
    assert next(item["id"] for item in written["findings"]) == "effects"


def test_command_refuses_in_the_language_and_writes_nothing(tmp_path, capsys):
    folder = Path(shutil.copytree(TOWN, tmp_path / "town"))
    links = folder / "links.csv"
    links.write_text(links.read_text().replace("jobs,unemployment,-,average", "jobs,unemployment,-,"))
    out = tmp_path / "out.html"
    assert execute(["marvel", str(folder), "-o", str(out), "-l", "nl"]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith(f"error: {links}:5: ")
    assert "de schakel van 'jobs' naar 'unemployment' heeft geen sterkte" in last
    assert not out.exists()


def test_command_converts_and_sketches(tmp_path, capsys):
    book, sketch = tmp_path / "town.xlsx", tmp_path / "town.mdl"
    assert execute(["marvel", str(TOWN), "--export", str(book), "--sketch", str(sketch)]) == 0
    assert "What each" not in capsys.readouterr().out
    assert read_diagram(book).links == read_diagram(TOWN).links
    assert "INTEG" in sketch.read_text(encoding="utf-8")
    assert execute(["marvel", str(TOWN), "--export", str(tmp_path / "town.foo")]) == 2
    assert sorted(item.name for item in tmp_path.iterdir()) == ["town.mdl", "town.xlsx"]


def test_starter_diagram_has_seven_themes_sources_and_comes_to_rest():
    diagram = read_diagram(STARTER)
    assert 45 <= len(diagram.variables) <= 60
    assert len({item.theme for item in diagram.variables}) == 7
    assert stability(diagram).stable
    evidence = set(pd.read_csv(STARTER.parents[1] / "links.csv")["id"])
    for link in diagram.links:
        first = link.source.split(":")[0].split(" (")[0]
        keys = {part.strip() for part in first.split(",")} - {"structural"}
        assert keys <= evidence, link.source  # keys of the evidence behind the models
    touched = {link.src for link in diagram.links} | {link.dst for link in diagram.links}
    assert touched == {item.id for item in diagram.variables}
    for item in diagram.interventions:
        variable = diagram.variables[diagram.position[key(item.variable)]]
        assert variable.role == "intervention point"


def test_costs_order_interventions_by_what_they_bring_for_each_unit(runs, scores):
    texts = Texts("en")
    assert costs_finding(runs.diagram, scores, texts) is None
    cost = [40.0, 5.0, None, 10.0]
    interventions = tuple(
        replace(item, cost=value) for item, value in zip(runs.diagram.interventions, cost, strict=True)
    )
    found = costs_finding(replace(runs.diagram, interventions=interventions), scores, texts)
    gain = scores.scores[[1, 2, 8]] - scores.scores[0]
    each = gain / np.array([40.0, 5.0, 10.0])
    order = np.argsort(-each)
    names = [interventions[k].label.en for k in (0, 1, 3)]
    assert found.table.iloc[:, 0].tolist() == [names[k] for k in order]
    np.testing.assert_allclose(found.table.iloc[:, 3], 1000 * each[order], rtol=1e-12)
    assert found.table.iloc[:, 6].sum() == pytest.approx(100)
    assert "Of 1 of 4 interventions no cost" in found.sentences[1]
