"""Assumptions from a table of evidence. Expected: every row of grade D that varies, and what the study's file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.catalogue.assumptions import Assumption, read_assumptions
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.comparison.draws import sample_assumptions

EVIDENCE = """\
id,constant,value,low,high,distribution,unit,source,grade
A,slope,2,1,3,uniform,percent,ASSUMPTION: nobody counted it,D
B,rise,6,4,9,lognormal,1/Year,a study,D
C,fragility,0,0,1,uniform,Dmnl,a study,C
D,"weight[young]",1,0.5,1.5,normal,Dmnl,"ASSUMPTION: a, or b.",D
E,help start,72,60,96,lever,Month,ASSUMPTION: a setting,D
F,SAVEPER,1,1,1,fixed,Month,a definition,A
G,left,0.3,0.2,0.4,uniform,Dmnl,ASSUMPTION: none,D
H,right,0.7,0.6,0.8,uniform,Dmnl,ASSUMPTION: none,D
I,help budget,48,0,90,uniform,million euro,ASSUMPTION: none,D
"""
ENTRY = "  title: {nl: N, en: E}\n  constant: "


def read(folder: Path, text: str = "") -> dict[str, Assumption]:
    (folder / "evidence.csv").write_text(EVIDENCE, encoding="utf-8")
    if not text:
        return read_assumptions(None, folder / "evidence.csv")
    (folder / "assumptions.yaml").write_text(text, encoding="utf-8")
    return read_assumptions(folder / "assumptions.yaml", folder / "evidence.csv")


def test_every_row_of_the_lowest_grade_that_varies_is_an_assumption_by_its_name(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert ["slope", "rise", "weight-young", "left", "right", "help-budget"] == list(found)
    assert not any(item.listed for item in found.values())
    assert ("weight[young]", "Dmnl", "D") == (
        found["weight-young"].constant,
        found["weight-young"].unit,
        found["weight-young"].grade,
    )
    assert "Assumption: a, or b. Evidence D" == found["weight-young"].source.en
    assert "a study. Bewijs B" == found["rise"].source.nl
    assert "nobody" not in found["slope"].source.nl


def test_a_source_is_told_with_its_references_in_full(tmp_path: Path) -> None:
    lines = EVIDENCE.replace("a study,D", "a tenth,D").splitlines()
    text = "\n".join(
        [f"{lines[0]},references", *(f"{line},{'one' if line[0] in 'BD' else ''}" for line in lines[1:])]
    )
    (tmp_path / "evidence.csv").write_text(text, encoding="utf-8")
    (tmp_path / "references.csv").write_text(
        "key,author,year,title,container,address_or_doi,kind,read,note\none,A,2001,Rise,,,article,abstract,\n",
        encoding="utf-8",
    )
    found = read_assumptions(None, tmp_path / "evidence.csv")
    assert "a tenth. A (2001). Rise. Evidence B" == found["rise"].source.en
    assert (
        "Aanname, uitgelegd in models/evidence.csv. A (2001). Rise. Bewijs D"
        == found["weight-young"].source.nl
    )
    (tmp_path / "evidence.csv").write_text(text.replace(",one", ",oen"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"evidence\.csv:3: 'rise': 'oen' is not in references\.csv"):
        read_assumptions(None, tmp_path / "evidence.csv")


def test_the_file_adds_a_title_and_keeps_what_the_evidence_says(tmp_path: Path) -> None:
    found = read(tmp_path, f"steep:\n{ENTRY}Slope\nbreak:\n{ENTRY}fragility\n")
    assert ["steep", "break", "rise", "weight-young", "left", "right", "help-budget"] == list(found)
    assert (1.0, 3.0, 2.0) == (
        found["steep"].range.low,
        found["steep"].range.high,
        found["steep"].range.central,
    )
    assert ("C", True, True) == (found["break"].grade, found["break"].swept, found["break"].listed)


def test_what_only_a_path_sets_is_not_varied_and_what_belongs_to_a_lever_is_no_assumption(
    study_folder: Path, toy: Any
) -> None:
    (study_folder.parent / "models" / "evidence.csv").write_text(EVIDENCE, encoding="utf-8")
    (study_folder / "assumptions.yaml").write_text(
        f"steep:\n{ENTRY}slope\n  swept: false\n", encoding="utf-8"
    )
    study = Study.beside(study_folder / "actual.yaml", toy)
    assert "help-budget" not in study.assumptions
    drawn = sample_assumptions(study.assumptions, study.names, [], 4, seed=1)
    assert ["rise", "weight[young]"] == list(drawn)
    path = study_folder / "top.yaml"
    path.write_text(
        "title: {nl: a, en: b}\nrationale: {nl: a, en: b}\nassumptions: {steep: 3, weight-young: 2}\n",
        encoding="utf-8",
    )
    settings = read_scenario(path, toy, study=study).settings
    assert {"slope": 3.0, "weight[young]": 2.0}.items() <= settings.items()
    path.write_text(
        "title: {nl: a, en: b}\nrationale: {nl: a, en: b}\nconstants: {'weight[young]': 2}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError, match=r"write it as 'assumptions: \{weight-young: …\}'"):
        read_scenario(path, toy, study=study)


def test_calibrated_constants_are_left_to_the_posterior_element_by_element(tmp_path: Path) -> None:
    names = ConstantNames(["rise", "Weight[young]", "Weight[old]"])
    found = read_assumptions(None, table(tmp_path, "A,weight,1,0,2,uniform,Dmnl,ASSUMPTION: none,D\n"))
    assert ["Weight"] == list(sample_assumptions(found, names, ["rise"], 3, seed=1))
    assert ["Weight[old]"] == list(sample_assumptions(found, names, ["weight[Young]"], 3, seed=1))
    assert [] == list(sample_assumptions(found, names, ["weight"], 3, seed=1))


def table(folder: Path, rows: str) -> Path:
    path = folder / "table.csv"
    path.write_text(EVIDENCE.splitlines()[0] + "\n" + rows, encoding="utf-8")
    return path


def test_shares_that_add_up_to_one_do_so_in_every_draw(tmp_path: Path) -> None:
    found = read(tmp_path, f"a:\n{ENTRY}left\nb:\n{ENTRY}right\n  rest_of: [a]\n")
    drawn = sample_assumptions(found, ConstantNames(["left", "right"]), [], 50, seed=1)
    np.testing.assert_allclose(np.ones(50), drawn["left"] + drawn["right"], rtol=1e-15)
    assert drawn["left"].nunique() == 50


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"a:\n{ENTRY}slop\n", 3, "'slop' has no row of evidence"),
        (f"a:\n{ENTRY}slope\nb:\n{ENTRY}Slope\n", 4, "'a' is about 'Slope' already"),
        (f"a:\n{ENTRY}SAVEPER\n", 1, "no distribution in the evidence"),
        (f"a:\n{ENTRY}slope\n  low: 1\n", 1, "'default' is missing"),
        (f"a:\n{ENTRY}slope\n  rest_of: [b]\n", 1, "the rest of 'b'"),
    ],
)
def test_a_fault_in_the_file_names_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    assert (str(tmp_path / "assumptions.yaml"), line) == (caught.value.file, caught.value.line)
    assert reason in caught.value.reason
