"""The files of stacking: what they may hold, and every fault with its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.analysis.stacking.association import both
from sd_covid.analysis.stacking.count import count
from sd_covid.analysis.stacking.definition import read_associations, read_definition
from sd_covid.analysis.stacking.figures import read_figures
from sd_covid.analysis.stacking.published import beside, ratios_of, read_published
from sd_covid.errors import DataError
from sd_covid.policy.calendar import Calendar

# Made up, to show the form: no published table is like it.
TABLE = """\
unit,year,problems,share,source
persons,2017,none,90,made up
persons,2017,problem debt,5,made up
persons,2017,distress,4,made up
persons,2017,problem debt + distress,1,made up
persons,2017,2+,1,made up
"""


def changed(file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("share: problem debt share by group", "shares: x", "'shares' is not a key here"),
        ("times: persons per household in debt", "times: persons per household in dept", "is not a conversion"),
        ("value: 0.904", "value: 2", "2 is not between 0.85 and 0.95"),
        ("value: 0.904", "value: many", "'many' is not a number"),
        ("grade: B", "grade: E", "'E' is not known here"),
        ("low: 1.2, high: 1.98", "low: 1.7, high: 1.7", "an assumption has a range"),
        ("of: 100", "of: 0", "nothing to divide by"),
        ("title: {nl: huishoudens, en: households}", "title: {nl: huishoudens}", "'en' is missing"),
    ],
)  # fmt: skip
def test_a_fault_in_the_definition_is_said_with_its_line(study: Path, old: str, new: str, reason: str):
    file = study.parents[1] / "scenarios" / "stacking.yaml"
    before, _, _ = file.read_text(encoding="utf-8").partition(old)
    changed(file, old, new)
    with pytest.raises(DataError, match=reason) as caught:
        read_definition(file)
    assert (caught.value.file, caught.value.line) == (str(file), before.count("\n") + 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("A02,problem debt,distress", "A02,problem dept,distress", 3, "'problem dept' is not known here"),
        ("A02,problem debt,distress", "A02,distress,distress", 3, "paired with itself"),
        ("A02,problem debt,distress", "A02,unemployment,problem debt", 3, "are there twice"),
        ("3.24,2.91", "3.24,3.5", 3, "3.24 is not between 3.5 and 3.6"),
        ("3.24,2.91", "0,0", 3, "0 is not above 0"),
        ("3.24,2.91", "x,2.91", 3, "'x' is not a number"),
        ("2,1,4", "2,2,2", 4, "an assumption has a range"),
        ("odds_ratio", "ratio", 1, "unknown column 'ratio'"),
        ("2013,A,unsecured", "2013,,unsecured", 3, "the cell is empty"),
        ("-2013,A", "-2031,A", 3, "did you mean 'richardson-elliott-roberts-2013'"),
        ("A02,", "A02,,", 3, "has 12 cells"),
        ('"Meta', "'Meta", 3, "has 1"),
    ],
)  # fmt: skip
def test_a_fault_in_associations_is_said_with_its_line(
    study: Path, old: str, new: str, line: int, reason: str
):
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    file = changed(study.parent / "associations.csv", old, new)
    with pytest.raises(DataError, match=reason) as caught:
        read_associations(file, definition.problems)
    assert (caught.value.file, caught.value.line) == (str(file), line)


def test_a_pair_without_a_row_is_an_error(study: Path):
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    file = study.parent / "associations.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(DataError, match="no row for distress and loneliness"):
        read_associations(file, definition.problems)


def test_every_association_of_the_project_has_a_source_and_assumptions_say_so(study: Path):
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    for item in read_associations(study.parent / "associations.csv", definition.problems):
        assert item.source.en.startswith("ASSUMPTION") == item.assumed, item.first
        assert item.source.nl.startswith("AANNAME") == item.assumed, item.first
    for conversion in definition.conversions.values():
        assert conversion.source.en.startswith("ASSUMPTION") == (conversion.grade == "D")
        assert conversion.source.nl.startswith("AANNAME") == (conversion.grade == "D")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("persons,2018,2018,3,3,ratio", "persons,2018,2018,3,3,rate", 3, "'rate' is not known"),
        ("7.5,7.5,share,problem debt", "7.5,7.5,share,debt", 4, "'debt' is not a problem"),
        ("persons,2018,2019", "persons,2019,2018", 2, "the first of a range is above"),
        ("19,23,share,distress", "19,23,ratio,distress", 5, "is no ratio"),
    ],
)
def test_a_fault_in_published_figures_is_said_with_its_line(
    study: Path, old: str, new: str, line: int, reason: str
):
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    file = changed(study.parent / "stacking_figures.csv", old, new)
    with pytest.raises(DataError, match=reason) as caught:
        read_figures(file, definition)
    assert (caught.value.file, caught.value.line) == (str(file), line)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("persons,2017,none", "person,2017,none", 2, "'person' is not known here"),
        ("2017,none", "soon,none", 2, "'soon' is not a number"),
        ("2017,none", "2017.5,none", 2, "is no year"),
        ("none,90", "none,190", 2, "190 is not between 0 and 100"),
        ("none,90", "none,", 2, "a row has a share or a number"),
        ("none,90", "none,80", 2, "add up to 90.0, not 100"),
        ("2017,distress", "2017,disstress", 4, "'disstress' is not a problem here"),
        ("2017,distress", "2017,problem debt", 4, "is there twice, first on line 3"),
        ("debt + distress", "debt + problem debt", 5, "names a problem twice"),
        ("2+,", "7+,", 6, "there are 4 problems"),
        ("unit,year", "unit,jaar", 1, "unknown column 'jaar'"),
    ],
)
def test_a_fault_in_a_published_table_is_said_with_its_line(
    study: Path, tmp_path: Path, old: str, new: str, line: int, reason: str
):
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    file = tmp_path / "table.csv"
    file.write_text(TABLE, encoding="utf-8")
    with pytest.raises(DataError, match=reason) as caught:
        read_published(changed(file, old, new), definition)
    assert (caught.value.file, caught.value.line) == (str(file), line)


def test_odds_ratios_come_from_a_table_and_are_met(study: Path, tmp_path: Path):
    """90 x 1 / (5 x 4) = 4.5; with it the model has that odds ratio in July 2017."""
    simulation = sd_covid.load(study)
    calendar = Calendar.of(simulation.model)
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    associations = read_associations(study.parent / "associations.csv", definition.problems)
    file = tmp_path / "table.csv"
    file.write_text(TABLE, encoding="utf-8")
    table = read_published(file, definition)
    given = ratios_of(table, definition, calendar)
    (only,) = given["persons"].associations
    assert only.ratio == pytest.approx(4.5)
    assert given["persons"].time == 30
    found = count(simulation.run(), definition, associations, draws=10, given=given)
    rows = {item.row.spelled: item for item in beside(table, found, calendar)}
    unit = found.units["persons"]
    debt, distress = (
        unit.shares(unit.whole(unit.table))[24:36, unit.problems.index(name)]
        for name in ("problem debt", "distress")
    )
    # over a year the ratio stays within a hundredth, so the closed form of two problems holds that nearly
    expected = both(debt, distress, 4.5).mean()
    assert rows["problem debt + distress"].computed.value == pytest.approx(expected, rel=0.01)
    assert rows["2+"].computed.value == rows["problem debt + distress"].computed.value
    assert rows["none"].published == pytest.approx(0.9)
    shares = [
        rows[name].computed.value for name in ("none", "problem debt", "distress", "problem debt + distress")
    ]
    assert np.sum(shares) == pytest.approx(1)


def test_numbers_are_set_beside_numbers(study: Path, tmp_path: Path):
    simulation = sd_covid.load(study)
    calendar = Calendar.of(simulation.model)
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    associations = read_associations(study.parent / "associations.csv", definition.problems)
    file = tmp_path / "table.csv"
    file.write_text("unit,year,problems,number,source\nhouseholds,2016,3+,100000,made up\n", encoding="utf-8")
    found = count(simulation.run(), definition, associations, draws=0)
    (row,) = beside(read_published(file, definition), found, calendar)
    unit = found.units["households"]
    cells = [cell for cell in range(16) if cell.bit_count() >= 3]
    expected = 7_695_000 * unit.whole(unit.table)[12:24][:, cells].sum(axis=1).mean()
    assert row.computed.value == pytest.approx(expected)
    assert np.isnan(row.computed.low)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("unit,year,problems,share,source\npersons,2017,2+,1,x\n", "no year has every combination"),
        (
            TABLE.replace("debt + distress,1", "debt + distress,0").replace("none,90", "none,91"),
            "no odds ratio",
        ),
    ],
)
def test_a_table_without_odds_ratios_gives_none(study: Path, tmp_path: Path, table: str, reason: str):
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    file = tmp_path / "table.csv"
    file.write_text(table, encoding="utf-8")
    calendar = Calendar.of(sd_covid.load(study).model)
    with pytest.raises(DataError, match=reason):
        ratios_of(read_published(file, definition), definition, calendar)


def test_a_year_outside_the_run_is_an_error(study: Path, tmp_path: Path):
    simulation = sd_covid.load(study)
    definition = read_definition(study.parents[1] / "scenarios" / "stacking.yaml")
    associations = read_associations(study.parent / "associations.csv", definition.problems)
    file = tmp_path / "table.csv"
    file.write_text("unit,year,problems,share,source\npersons,2040,2+,1,x\n", encoding="utf-8")
    found = count(simulation.run(), definition, associations, draws=0)
    with pytest.raises(DataError, match="2040 is not in the run") as caught:
        beside(read_published(file, definition), found, Calendar.of(simulation.model))
    assert caught.value.line == 2
