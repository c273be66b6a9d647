"""A diagram from tables and back, and what is said when one does not hang together."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.data.text import Text
from sd_covid.errors import DiagramError, ScenarioError
from sd_covid.marvel.checks import check
from sd_covid.marvel.diagram import KINDS, ROLES, Diagram, Intervention, Link, Range, Variable, spread
from sd_covid.marvel.read import default_classes, read_diagram
from sd_covid.marvel.write import write_diagram

TOWN = Path(__file__).parent / "town"


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TOWN, tmp_path / "town"))


def changed(folder: Path, sheet: str, line: int, column: str, value: str) -> Path:
    """The diagram with one cell changed."""
    file = folder / f"{sheet}.csv"
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    rows[line - 1][rows[0].index(column)] = value
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows(rows)
    return folder


def added(folder: Path, sheet: str, row: str) -> Path:
    """The diagram with one row more."""
    with (folder / f"{sheet}.csv").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    return folder


def refused(folder: Path, language: str = "en") -> DiagramError:
    with pytest.raises(DiagramError) as caught:
        read_diagram(folder, language)
    return caught.value


def test_town_is_read_with_its_classes():
    town = read_diagram(TOWN)
    assert (len(town.variables), len(town.links), len(town.interventions)) == (20, 28, 4)
    first = town.links[0]
    assert first.strength == Range(0.5, 0.2, 1.0, "average")  # neighbours: weak and strong
    assert first.delay == Range(0.25, 0.125, 0.5, "very high")
    assert [item.id for item in town.performances] == [
        *("unemployment", "problem_debt", "distress", "dropout", "trust"),
    ]
    assert town.performances[0].desired == -1


@pytest.mark.parametrize("name", ["copy.xlsx", "copy"])
def test_written_diagram_reads_the_same(tmp_path, name):
    town = read_diagram(TOWN)
    write_diagram(town, tmp_path / name)
    again = read_diagram(tmp_path / name)
    for part in ("variables", "links", "interventions", "classes"):
        assert getattr(again, part) == getattr(town, part)


numbers = st.floats(0.01, 1, allow_nan=False)
ranges = st.builds(
    lambda values: Range(sorted(values)[1], sorted(values)[0], sorted(values)[2]),
    st.lists(numbers, min_size=3, max_size=3),
)
words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    count = draw(st.integers(2, 5))
    names = [f"v {k}" for k in range(count)]
    variables = [
        Variable(
            name,
            Text(draw(words), draw(words)),
            draw(words),
            draw(numbers),
            role=draw(st.sampled_from(ROLES)),
            desired=draw(st.sampled_from([-1, 1])),
        )
        for name in names
    ]
    pairs = draw(st.sets(st.permutations(names).map(lambda p: (p[0], p[1])), min_size=1, max_size=6))
    links = [
        Link(*pair, draw(st.sampled_from([-1, 1])), draw(ranges), draw(ranges), draw(st.integers(1, 3)))
        for pair in sorted(pairs)
    ]
    kind = draw(st.sampled_from(KINDS))
    done = Intervention("do it", Text("doe het", "do it"), names[0], kind, draw(numbers), end=draw(numbers))
    return Diagram("any", tuple(variables), tuple(links), (done,), default_classes())


@given(diagram=diagrams())
@settings(max_examples=25, deadline=None)
def test_any_diagram_survives_a_folder_of_csv(tmp_path_factory, diagram):
    folder = tmp_path_factory.mktemp("any") / "diagram"
    write_diagram(diagram, folder)
    again = read_diagram(folder)
    for part in ("variables", "links", "interventions"):
        assert getattr(again, part) == getattr(diagram, part)


def test_contradictory_signs_name_both_rows(town):
    added(town, "links", "jobs,unemployment,+,weak,high,1,,")
    error = refused(town)
    assert error.line == 30
    assert error.reason == (
        "the link from 'jobs' to 'unemployment' has + here and - on line 5: the signs contradict each other"
    )
    dutch = refused(town, "nl")
    assert "heeft hier + en op regel 5 -" in dutch.reason
    assert "kies samen een teken" in str(dutch)


def test_same_link_twice_is_refused(town):
    added(town, "links", "jobs,unemployment,-,weak,high,1,,")
    assert "stands on line 5 too" in refused(town).reason


@pytest.mark.parametrize(
    ("language", "advice"), [("en", "did you mean 'arrears'?"), ("nl", "bedoelt u 'arrears'?")]
)
def test_unknown_variable_names_the_nearest(town, language, advice):
    changed(town, "links", 4, "dst", "arears")
    error = refused(town, language)
    assert (error.line, error.advice) == (4, advice)


@pytest.mark.parametrize("column", ["strength", "speed"])
@pytest.mark.parametrize(("language", "word"), [("en", "has no"), ("nl", "heeft geen")])
def test_missing_strength_names_link_and_classes(town, column, language, word):
    changed(town, "links", 3, column, "")
    error = refused(town, language)
    assert "'restrictions' " in error.reason
    assert word in error.reason
    assert error.line == 3
    assert "average" in (error.advice or "")


@pytest.mark.parametrize(
    ("sheet", "line", "column", "value", "part"),
    [
        ("links", 2, "strength", "averge", "'averge' cannot stand here; did you mean 'average'?"),
        ("links", 2, "sign", "?", "use +, -"),
        ("links", 2, "order", "0", "no number from 1 to 20"),
        ("links", 2, "dst", "restrictions", "acts on itself"),
        ("links", 2, "src", "", "nothing stands here"),
        ("variables", 3, "id", "restrictions", "'restrictions' stands there twice"),
        ("variables", 3, "id", "Time step", "cannot be a name"),
        ("variables", 3, "x0", "1.5", "1.5 does not lie between 0 and 1"),
        ("variables", 3, "role", "perfomance", "did you mean 'performance'?"),
        ("interventions", 2, "type", "add", "cannot stand here"),
        ("interventions", 2, "variable", "debt_halp", "did you mean 'debt_help'?"),
    ],
)  # fmt: skip
def test_slips_are_told_where_they_stand(town, sheet, line, column, value, part):
    changed(town, sheet, line, column, value)
    error = refused(town)
    assert part in str(error)
    assert error.line == line


def test_no_tables_at_all(tmp_path):
    with pytest.raises(ScenarioError, match="none of the files of a diagram"):
        read_diagram(tmp_path)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("runs away", "distress → waiting → distress", "gain 1.2")),
        ("nl", ("loopt uit de hand", "sterkste kring: distress → waiting → distress", "winst 1.2")),
    ],
)
def test_loop_gain_of_one_or_more_names_the_loop(town, language, words):
    for line in (15, 16):
        changed(town, "links", line, "strength", "very strong" if line == 15 else "strong")
    diagram = read_diagram(town)
    with pytest.raises(DiagramError) as caught:
        check(diagram, language=language)
    assert all(word in caught.value.reason for word in words)
    assert not check(diagram, clipping=True).stable  # let through, and said


def test_diagram_without_performances_or_with_too_many_interventions(town):
    for line in (4, 8, 11, 16, 20):
        changed(town, "variables", line, "role", "normal")
    with pytest.raises(DiagramError, match="no variable has the role 'performance'"):
        check(read_diagram(town))
    changed(town, "variables", 4, "role", "performance")
    for number in range(9):
        added(town, "interventions", f"more {number},,,jobs,additive,0.1,,,,,")
    with pytest.raises(DiagramError, match="13 interventions are too many"):
        check(read_diagram(town))


def test_own_classes_replace_the_standard_ones(town):
    (town / "classes.csv").write_text(
        "kind,class,value,low,high\nstrength,weak,0.1,,\nstrength,average,0.3,,\nstrength,strong,0.6,,0.9\n"
    )
    read = read_diagram(town)
    assert read.links[0].strength == Range(0.3, 0.1, 0.6, "average")
    assert read.classes.speed == default_classes().speed


def test_bounds_of_classes_are_their_neighbours():
    found = spread([("a", 1.0, None, None), ("b", 2.0, None, None), ("c", 4.0, 3.0, None)])
    assert found["b"] == Range(2.0, 1.0, 4.0, "b")
    assert (found["a"].low, found["c"].low, found["c"].high) == (1.0, 3.0, 4.0)


def test_faults_of_a_file_as_a_whole_are_told_in_both_languages(town, tmp_path):
    links = town / "links.csv"
    header, *rest = links.read_text().splitlines(keepends=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "other.csv").write_text("a,b\n")
    broken = tmp_path / "broken.xlsx"
    broken.write_text("no workbook")
    for text, dutch, english in (
        (
            header.replace("strength,", "strenght,", 1),
            "er is geen kolom 'strenght'; bedoelt u",
            "did you mean 'strength'",
        ),
        (
            header.replace("src,", "", 1),
            "de kolom 'src' ontbreekt; maak",
            "the column 'src' is missing; write",
        ),
        (header.replace("dst,", "dst,dst,", 1), "twee kolommen 'dst'", "two columns 'dst'"),
    ):
        links.write_text(text + "".join(rest))
        for language, expected in (("nl", dutch), ("en", english)):
            with pytest.raises(ScenarioError) as caught:
                read_diagram(town, language)
            assert expected in str(caught.value)
            assert str(caught.value).startswith(f"{links}:1: ")
    for path, dutch, english in (
        (broken, "is geen werkboek; geef een .xlsx", "is no workbook; give a .xlsx"),
        (tmp_path / "none.xlsx", "het bestand bestaat niet", "the file does not exist"),
        (
            empty,
            "heeft geen van de bestanden van een diagram; zij heten",
            "has none of the files of a diagram",
        ),
    ):
        for language, expected in (("nl", dutch), ("en", english)):
            with pytest.raises(ScenarioError) as caught:
                read_diagram(path, language)
            assert expected in str(caught.value)


def test_confidence_must_be_a_class(town):
    assert "'sure' cannot stand here" in str(refused(changed(town, "links", 2, "confidence", "sure")))
    own = "confidence,sure,0.1,,\nconfidence,guess,3,,\n"
    (town / "classes.csv").write_text("kind,class,value,low,high\n" + own)
    for line in range(2, 30):
        changed(town, "links", line, "confidence", "")
    first = read_diagram(changed(town, "links", 2, "confidence", "sure"))
    assert first.reach(first.links[0])[0] == Range(0.5, 0.47, 0.55, "average")
