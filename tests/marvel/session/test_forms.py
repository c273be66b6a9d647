"""Forms: what is written can be filled in and read back, and every fault is told where it stands, in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from sd_covid.cli.app import execute
from sd_covid.data.text import Text
from sd_covid.errors import DiagramError
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.session.answers import Judgement, SeedQuestion
from sd_covid.marvel.session.form import blank_form, write_form
from sd_covid.marvel.session.read import FormsError, form_files, read_session
from sd_covid.report.session.form import printable

from .mock import one_table, write_forms

TOWN = Path(__file__).parents[1] / "town"
DIAGRAM = read_diagram(TOWN)
QUESTIONS = (
    SeedQuestion("share", Text("Welk deel?", "What share?"), Text("%", "%"), 12.0, source="own example"),
    SeedQuestion(
        "count", Text("Hoeveel?", "How many?"), Text("personen", "persons"), 900.0, True, "own example"
    ),
)
LINK = {"participant": "a", "src": "jobs", "dst": "unemployment"}
FULL = {**LINK, "sign": "less", "strength": "strong", "speed": "fast", "confidence": "high"}
SEED = {"participant": "a", "seed": "share", "q05": "5", "q50": "10", "q95": "20"}


def read(*rows: dict[str, str], folder: Path, language: str = "en"):
    return read_session(DIAGRAM, QUESTIONS, [one_table(folder / "f.csv", rows, language)], language)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_workbook_offers_answers_in_lists_and_hides_what_is_for_a_program(tmp_path, language):
    path = tmp_path / "form.xlsx"
    write_form(blank_form(DIAGRAM, QUESTIONS, language), path)
    book = load_workbook(path)
    links = book["schakels" if language == "nl" else "links"]
    lists = {
        str(item.sqref).split(":")[0][0]: item.formula1 for item in links.data_validations.dataValidation
    }
    assert lists["B"] == (
        '"meer,minder,geen verschil,weet ik niet"'
        if language == "nl"
        else '"more,less,no difference,don\'t know"'
    )
    assert lists["C"].count(",") == 3
    assert len(lists) == 4
    assert links.max_row == len(DIAGRAM.links) + 1
    assert links.column_dimensions["G"].hidden
    assert links.column_dimensions["H"].hidden
    text = str([[cell.value for cell in row] for sheet in book for row in sheet])
    assert "12.0" not in text  # answers of seed questions stay with the leader
    assert "900" not in text


def test_form_on_paper_has_every_question_once_and_in_the_order_of_the_workbook(tmp_path):
    blank = blank_form(DIAGRAM, QUESTIONS, "nl")
    page = printable(blank)
    places = [page.index(blank.asked(link)) for link in blank.links]
    assert places == sorted(places)
    assert page.count('class="box"') == len(DIAGRAM.links) * (4 + 4 + 4 + 3)
    assert "Hoeveel?" in page
    assert "http" not in page.split("</style>")[1]


def test_themes_choose_links_by_their_effect():
    chosen = blank_form(DIAGRAM, (), "nl", ["debt"]).links
    assert {link.dst for link in chosen} == {"arrears", "problem_debt"}
    with pytest.raises(DiagramError, match=r"er is geen thema 'Detb'") as caught:
        blank_form(DIAGRAM, (), "nl", ["Detb"])
    assert caught.value.advice == "bedoelt u 'Debt'?"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_filled_in_workbooks_read_back_as_they_were_filled_in(tmp_path, language):
    truth = {("jobs", "unemployment"): (-1, "strong", "high"), ("stress", "distress"): (1, "weak", "low")}
    write_forms(tmp_path / "forms", DIAGRAM, QUESTIONS, truth, language=language)
    shutil.copy(tmp_path / "forms" / "d01.xlsx", tmp_path / "forms" / "~lock.xlsx")  # of an open spreadsheet
    session = read_session(DIAGRAM, QUESTIONS, [tmp_path / "forms"], "nl")
    assert [form.participant for form in session.forms] == [f"d{k:02d}" for k in range(1, 12)] + ["rogue"]
    assert {(link.src, link.dst) for link in session.links} == set(truth)
    signs = [form.judgements["jobs", "unemployment"].sign for form in session.forms]
    assert signs == [-1] * 11 + [1]
    assert session.forms[0].judgements["stress", "distress"].sure == 1.0
    assert session.forms[-1].judgements["stress", "distress"].sure == 0.5
    assert session.seeds.quantiles.shape == (12, 2, 3)
    assert session.seeds.logarithmic.tolist() == [False, True]
    assert session.seeds.complete.all()


def test_one_table_holds_many_participants_and_dutch_numbers(tmp_path):
    rows = [
        {**LINK, "participant": "b", "sign": "weet ik niet"},
        {**LINK, "sign": "minder", "strength": "sterk", "speed": "snel"},
        {
            "participant": "a",
            "src": "stress",
            "dst": "distress",
            "sign": "geen verschil",
            "comment": "vreemd",
        },
        {**SEED, "q05": "2,5", "q50": "10", "q95": "20"},
    ]
    session = read(*rows, folder=tmp_path, language="nl")
    first, second = session.forms
    assert (first.participant, first.judgements, first.unknown) == ("b", {}, {("jobs", "unemployment")})
    strong, high = DIAGRAM.classes.strength["strong"], DIAGRAM.classes.speed["high"]
    assert second.judgements["jobs", "unemployment"] == Judgement(-1, strong, high)
    assert second.judgements["stress", "distress"] == Judgement(0, comment="vreemd")
    assert second.seeds == {"share": (2.5, 10.0, 20.0)}


FAULTS = [
    (
        [{**FULL, "src": "jobz"}],
        "er is geen variabele 'jobz'; bedoelt u 'jobs'?",
        "there is no variable 'jobz'",
    ),
    (
        [{**FULL, "dst": "trust"}],
        "het diagram heeft geen schakel van 'jobs' naar 'trust'",
        "the diagram has no link",
    ),
    (
        [{**FULL, "strength": ""}],
        "heeft geen sterkte; kies een van zwak, gemiddeld",
        "has no strength; choose one of weak, average",
    ),
    ([{**FULL, "speed": ""}], "heeft geen snelheid", "has no speed"),
    ([{**FULL, "sign": ""}], "heeft geen richting", "has no direction"),
    (
        [{**FULL, "strength": "strnog"}],
        "'strnog' kan hier niet; gebruik zwak, gemiddeld",
        "'strnog' cannot stand here",
    ),
    ([{**FULL, "sign": "moer"}], "'moer' kan hier niet", "did you mean 'more'"),
    (
        [FULL, {**FULL, "sign": "more"}],
        "andere richting dan op regel 2",
        "another direction here than on line 2",
    ),
    ([FULL, FULL], "staat ook op regel 2", "stands on line 2 too"),
    ([{**FULL, "sign": "no difference"}], "en hier toch een antwoord", "and yet there is an answer here"),
    ([{**SEED, "q50": "30"}], "lopen niet op: 5, 30, 20", "do not rise: 5, 30, 20"),
    ([{**SEED, "q95": ""}], "dit getal", "is missing"),
    ([{**SEED, "q95": "veel"}], "'veel' is geen getal", "'veel' is no number"),
    ([{**SEED, "seed": "count", "q05": "0"}], "niet groter dan nul", "is not above zero"),
    (
        [{**SEED, "seed": "cuont"}],
        "er is geen ijkvraag 'cuont'; bedoelt u 'count'?",
        "no seed question 'cuont'",
    ),
    ([{**FULL, "participant": ""}], "staat niet wie", "does not say who"),
]


@pytest.mark.parametrize(("rows", "dutch", "english"), FAULTS)
def test_faults_are_told_in_both_languages_at_their_row(tmp_path, rows, dutch, english):
    path = one_table(tmp_path / "f.csv", rows)
    for language, expected in (("nl", dutch), ("en", english)):
        with pytest.raises(FormsError) as caught:
            read_session(DIAGRAM, QUESTIONS, [path], language)
        (fault,) = caught.value.faults
        assert expected in str(fault)
        assert str(fault).startswith(f"{path}:{len(rows) + 1}: ")


def test_all_faults_of_all_forms_are_told_at_once(tmp_path):
    one_table(tmp_path / "one.csv", [{**FULL, "strength": ""}, {**SEED, "q50": "30"}])
    one_table(tmp_path / "two.csv", [{**FULL, "participant": "b"}])
    one_table(tmp_path / "three.csv", [{**FULL, "participant": "B"}])
    with pytest.raises(FormsError, match="faults in the forms: 3, in 2 of 3") as caught:
        read_session(DIAGRAM, QUESTIONS, [tmp_path], "en")
    assert "participant 'b' has filled in a form already (three.csv)" in str(caught.value.faults[-1])


def test_what_is_no_form_is_refused_in_the_language(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DiagramError, match="hier zijn geen formulieren"):
        form_files([tmp_path / "empty"], "nl")
    (tmp_path / "broken.xlsx").write_text("no workbook")
    with pytest.raises(FormsError) as caught:
        read_session(DIAGRAM, (), [tmp_path / "broken.xlsx"], "nl")
    assert "is geen werkboek; geef een .xlsx" in str(caught.value.faults[0])
    write_form(blank_form(DIAGRAM, (), "nl"), tmp_path / "blank.xlsx")
    with pytest.raises(FormsError) as caught:
        read_session(DIAGRAM, (), [tmp_path / "blank.xlsx"], "nl")
    assert "er staat niet wie dit heeft ingevuld" in str(caught.value.faults[0])


def test_commands_write_forms_read_them_and_refuse_what_is_wrong(tmp_path, capsys):
    town = str(TOWN)
    for name in ("form.xlsx", "form.csv", "form.html"):
        assert execute(["session", "form", town, "-o", str(tmp_path / name), "-l", "en"]) == 0
        assert (tmp_path / name).is_file()
    assert execute(["session", "form", town, "-o", str(tmp_path / "form.pdf")]) == 2
    forms = tmp_path / "forms"
    forms.mkdir()
    one_table(forms / "a.csv", [FULL, {**FULL, "participant": "b", "sign": "more"}])
    capsys.readouterr()
    assert execute(["session", "read", town, str(forms), "-l", "en", "-o", str(tmp_path / "read.html")]) == 0
    assert (
        "On 1 of the 1 links at least one participant chooses the opposite direction"
        in capsys.readouterr().out
    )
    page = (tmp_path / "read.html").read_text()
    assert "Jobs → Unemployment" in page
    assert execute(["session", "pool", town, str(forms), "--pool", "performance"]) == 2
    one_table(forms / "b.csv", [{**FULL, "participant": "c", "speed": ""}])
    capsys.readouterr()
    out = tmp_path / "none.html"
    assert execute(["session", "read", town, str(forms), "-o", str(out)]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert f"{forms / 'b.csv'}:2: " in told[0]
    assert "heeft geen snelheid" in told[0]
    assert told[-1].startswith("error: fouten in de formulieren: 1, in 1 van de 2")
    assert not out.exists()
