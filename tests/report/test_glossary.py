"""Titles and grades of the study: every parameter has both languages, every constant the grade of its evidence."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sd_covid.calibration.problem.petab import read_problem
from sd_covid.data.text import Text
from sd_covid.errors import DataError
from sd_covid.report import Glossary, read_glossary
from sd_covid.report.words.texts import Texts

STUDY = Path(__file__).parents[2]


def constants() -> dict[str, str]:
    with (STUDY / "calibration" / "parameters.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["parameterId"]: row["parameterName"] for row in rows if row["estimate"] == "true"}


def test_every_estimated_parameter_has_a_title_in_both_languages() -> None:
    found = read_glossary(
        STUDY / "calibration" / "titles.yaml", STUDY / "models" / "evidence.csv", constants()
    )
    for name in constants():
        title = found.title(name, "")
        assert title.nl, name
        assert title.en, name
        assert title.nl != title.en, name


def test_every_title_is_that_of_a_parameter_or_an_observable() -> None:
    known = {*constants(), *read_problem(STUDY / "calibration" / "problem.yaml").observables}
    found = read_glossary(STUDY / "calibration" / "titles.yaml", STUDY / "none.csv", {})
    for name in found.titles:
        stem = name.rstrip("*")
        assert name in known or (stem != name and any(item.startswith(stem) for item in known)), name


def test_the_grade_of_a_constant_is_that_of_its_row_of_evidence(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.csv"
    head = "id,constant,value,low,high,distribution,unit,source,grade\n"
    rows = [("slope", "B"), ("weight[old]", "C"), ("step", "D"), ("all of it", "-")]
    lines = [f"A,{name},1,1,1,fixed,Dmnl,a table,{grade}\n" for name, grade in rows]
    evidence.write_text(head + "".join(lines), encoding="utf-8")
    titles = tmp_path / "titles.yaml"
    titles.write_text("w: {nl: gewicht, en: weight}\n", encoding="utf-8")
    found = read_glossary(titles, evidence, {"w": "weight[old]"})
    assert (Text("gewicht", "weight"), "C") == found.constant("Weight[Old]")
    assert (Text("slope", "slope"), "B") == found.constant("slope")
    assert "D" == found.constant("step[h12]")[1]
    assert "" == found.constant("unknown")[1] == found.constant("all of it")[1]


def test_a_table_of_evidence_without_grades_is_refused(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.csv"
    evidence.write_text("id,constant\nA,slope\n", encoding="utf-8")
    with pytest.raises(DataError, match="is missing"):
        read_glossary(tmp_path / "titles.yaml", evidence, {})


def test_a_numbered_row_has_the_number_in_its_title() -> None:
    found = Glossary(titles={"step_h*": Text("stap *", "step *")})
    assert Text("stap 12", "step 12") == found.title("step_h12", "")
    assert Text("other", "other") == found.title("stride_h12", "other")


def test_every_unit_of_a_parameter_has_words_in_both_languages() -> None:
    """Of one that has none the model's own spelling would stand in a Dutch text."""
    rows = (STUDY / "calibration" / "parameters.tsv").read_text().splitlines()
    column = rows[0].split("\t").index("unit")
    for unit in sorted({row.split("\t")[column] for row in rows[1:] if row}):
        dutch, english = Texts("nl").unit(unit), Texts("en").unit(unit)
        assert dutch != english or dutch in ("", "%"), unit
