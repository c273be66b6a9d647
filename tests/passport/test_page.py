"""The passport in words: the page, the data, the command."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import pytest
from lxml import html

import sd_covid
from sd_covid.analysis.passport.assemble import make_passport
from sd_covid.analysis.passport.light import Light, Passport, Row, Said, Table
from sd_covid.cli.app import execute
from sd_covid.data.text import Text
from sd_covid.report.passport.page import Words, passport_data, write_passport
from sd_covid.report.words.texts import Texts, all_texts
from tests.passport.conftest import CHECKS, EVIDENCE, LINKS, LOOPS, MODES, ROOMS, STUDY, TESTS, Study


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in which much is wrong, so that every table is there."""
    folder = tmp_path_factory.mktemp("wrong")
    wrong = ROOMS.replace("* (1 + drift) ~ person/Month", "* (1 + drift) * 1.01 ~ person")
    wrong += "pole = 1 / (Time - 3) ~ ~ |\nwarmth = INTEG(-start[north] / stay, 1) ~ person ~ |\n"
    wrong += "table((0,0),(1,2),(2,1)) ~ Dmnl ~ |\n"
    from tests.passport.conftest import CONTROL

    for name, text in {
        "rooms.mdl": wrong + CONTROL,
        "checks.yaml": CHECKS + "may be negative: {cumulative visits: a test}\nunused: {table: a test}\n",
        "evidence.csv": EVIDENCE.replace("A2,stay,rooms,10,5", "A2,stay,rooms,10,12").replace(
            "0,0,0.5,uniform", "0,0,1,fixed"
        ),
        "loops.yaml": LOOPS.replace("[home, leaving]", "[stay, leaving]"),
        "links.csv": LINKS.replace("leaving,away,+", "leaving,away,-"),
        "reference_modes.csv": MODES
        + "".join(f"1,rooms,home[north],mean,201{k},6{k},person,1,r,s\n" for k in ("5", "6")),
        "study.yaml": STUDY,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def passport(files: Path) -> Passport:
    return make_passport(sd_covid.load(files / "rooms.mdl"), second_engine=False)[1]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_light_sentence_and_table_has_words(passport: Passport, language: str, tmp_path: Path) -> None:
    page = html.fromstring(
        write_passport(passport, tmp_path / "p.html", language).read_text(encoding="utf-8")
    )
    assert language == page.get("lang")
    lights = page.xpath("//table[contains(@class, 'lights')]//span/@class")
    assert [f"light {row.light}" for row in passport.rows] == lights
    assert (
        {"light red", "light amber", "light green", "light grey"}
        >= set(lights)
        > {"light red", "light green"}
    )
    assert {row.test.replace(" ", "-") for row in passport.rows} < set(page.xpath("//section/@id"))
    text = " ".join(page.find("body").text_content().split())
    assert "{" not in text
    for row in passport.failed:
        assert row.failed[0] in text or all_texts()[f"cell.{row.failed[0]}"].in_language(language) in text


def test_every_test_and_light_has_its_name_and_explanation_in_both_languages() -> None:
    for test in TESTS:
        assert {f"test.{test}", f"about.{test}"} <= set(all_texts())
    assert {f"light.{light}" for light in Light} <= set(all_texts())


def test_a_light_is_never_told_by_its_colour_alone(passport: Passport, tmp_path: Path) -> None:
    page = html.fromstring(write_passport(passport, tmp_path / "p.html", "en").read_text(encoding="utf-8"))
    words = {span.get("class"): span.text for span in page.xpath("//span[starts-with(@class, 'light ')]")}
    assert "red" == words["light red"]
    style = page.xpath("//style")[0].text
    marks = {style.split(f".light.{light}::before")[1].split('"')[1] for light in Light}
    assert 4 == len(marks)


def test_names_cannot_bring_markup_into_the_page(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    table = Table("unused", ("variable",), ((hostile,),))
    row = Row("structure", Light.RED, (Said("structure.limits"),), (table,), (hostile,))
    path = write_passport(Passport(hostile, (row,), {}), tmp_path / "p.html", "nl", hostile)
    page = html.fromstring(path.read_text(encoding="utf-8"))
    assert not page.xpath("//script")
    assert hostile in page.text_content()


def test_the_data_have_every_row_in_types_of_json(passport: Passport) -> None:
    told = json.loads(json.dumps(passport_data(passport), allow_nan=False))
    assert list(TESTS) == [row["test"] for row in told["tests"]]
    assert sum(told["lights"].values()) == len(TESTS)
    assert all(row["said"]["nl"] and row["said"]["en"] for row in told["tests"])
    (loops,) = (row for row in told["tests"] if row["test"] == "loops")
    assert {"nl": "Leegloop", "en": "Draining"} == loops["tables"]["loops"][0]["title"]


def test_the_command_writes_pages_and_data_and_fails_where_a_light_is_red(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, data = tmp_path / "p.html", tmp_path / "p.json"
    arguments = [
        "check",
        files / "rooms.mdl",
        "--no-pysd",
        "--html",
        page,
        "-l",
        "en",
        "-l",
        "nl",
        "--json",
        data,
    ]
    assert 1 == execute([str(item) for item in arguments])
    told = json.loads(data.read_text())
    assert not told["passed"]
    assert {"units", "finite", "extremes", "parameters", "loops", "links", "behaviour"} <= set(told["failed"])
    said = capsys.readouterr()
    assert "failed: loops: B1" in said.out.splitlines()
    assert "rooms: not passed (not compared with PySD)" == said.out.splitlines()[-1]
    assert {"en", "nl"} == {html.parse(str(p)).getroot().get("lang") for p in (page, tmp_path / "p-nl.html")}


def test_one_loop_can_be_shown_by_its_name(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    path = study(loops_yaml=LOOPS).model.path
    assert 0 == execute(["check", str(path), "--loop", "b1"])
    said = capsys.readouterr().out
    assert "B1 Draining: balancing" == said.splitlines()[0]
    # leaving a tenth a month, over 12 months: 1 - exp(-1.2)
    assert "gain of north at Time 6, horizon 12: -0.699" in said.splitlines()
    assert "B1: as named" == said.splitlines()[-1]
    assert 2 == execute(["check", str(path), "--loop", "B2"])
    assert "error: rooms has no loop 'B2'; its loops are B1" == capsys.readouterr().err.splitlines()[-1]


def test_one_loop_is_written_for_programs(study: Study, tmp_path: Path) -> None:
    path, out = study(loops_yaml=LOOPS).model.path, tmp_path / "loop.json"
    assert 0 == execute(["check", str(path), "--loop", "B1", "--json", str(out)])
    told = json.loads(out.read_text())
    assert ("B1", "balancing", "found", 6, 12) == tuple(
        told[name] for name in ("loop", "polarity", "verdict", "moment", "horizon")
    )
    assert [("home", "leaving", 1), ("leaving", "home", -1)] == [
        (step["cause"], step["effect"], step["sign"]) for step in told["path"]
    ]
    # leaving a tenth a month, over 12 months
    assert told["gains"] == pytest.approx(dict.fromkeys(("north", "south"), math.expm1(-1.2)), rel=1e-7)


def test_a_loop_that_is_not_found_is_written_with_the_pair_between_which_there_is_no_way(
    files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "loop.json"
    assert 1 == execute(["check", str(files / "rooms.mdl"), "--loop", "B1", "--json", str(out)])
    told = json.loads(out.read_text())
    assert (["leaving", "stay"], None, []) == (told["missing"], told["gain"], told["path"])


def test_one_loop_has_no_page(study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = study(loops_yaml=LOOPS).model.path, tmp_path / "loop.html"
    assert 2 == execute(["check", str(path), "--loop", "B1", "--html", str(page)])
    assert "leave out --loop or --html" in capsys.readouterr().err.splitlines()[-1]
    assert not page.exists()


def test_a_loop_that_is_not_there_is_an_answer_and_not_a_mistake(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == execute(["check", str(files / "rooms.mdl"), "--loop", "B1"])
    assert "no path from 'leaving' to 'stay'" in capsys.readouterr().out


def test_a_passport_that_is_not_html_is_refused(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == execute(["check", str(study().model.path), "--html", "passport.pdf"])
    assert "passport.pdf" in capsys.readouterr().err


def test_a_fault_in_a_file_beside_the_model_is_one_line_and_exit_code_two(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study(checks_yaml=CHECKS.replace("{drift: 0}", "{drft: 0}")).model.path
    assert 2 == execute(["check", str(path), "--no-pysd"])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert "checks.yaml:2" in last
    assert "did you mean 'drift'" in last


@pytest.mark.parametrize(
    ("language", "stock", "when", "told"),
    [
        (
            "nl",
            Text("Werk", "Jobs"),
            date(2020, 5, 1),
            "verschuift ‘Werk’ het meest: 2 % van zijn grootste waarde, in mei 2020.",
        ),
        (
            "en",
            Text("Werk", "Jobs"),
            date(2020, 5, 1),
            "‘Jobs’ moves most: 2 % of its largest value, in May 2020.",
        ),
        ("nl", "level", 64.5, "verschuift ‘level’ het meest: 2 % van zijn grootste waarde, op tijd 64,5."),
        ("en", "level", 64.5, "‘level’ moves most: 2 % of its largest value, at time 64.5."),
    ],
)
def test_what_moves_most_goes_by_its_title_and_month(
    language: str, stock: Text | str, when: date | float, told: str
) -> None:
    said = Said("integration.half", {"stock": stock, "share": 0.02, "time": 64.5, "when": when})
    assert Words(Texts(language)).sentence(said).endswith(told)
