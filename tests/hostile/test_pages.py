"""A study with markup, escapes, formulas and template code wherever it may hold a text: every page shows it as text.

A browser is the judge of pages, and openpyxl of workbooks; commonmark's reference rules, as markdown-it-py has them,
of Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from lxml import etree, html
from markdown_it import MarkdownIt
from openpyxl import load_workbook
from playwright.sync_api import Browser, Route

from tests.cli.conftest import Answer, Call
from tests.hostile.study import HOSTILE, TAG, hostile_study
from tests.report.conftest import browser as browser_of_pages

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
#: Counts what came of a name: elements, handlers, calls of what the name would run, links elsewhere.
FOUND = """() => {
  const all = [...document.querySelectorAll('*')];
  return {
    elements: document.querySelectorAll('TAG').length,
    handlers: all.filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length,
    calls: window.calls,
    links: all.flatMap((e) => ['href', 'src', 'xlink:href'].map((n) => e.getAttribute(n)).filter(
      (v) => v !== null && !v.startsWith('#') && !v.startsWith('data:'))),
    shown: document.body.textContent.includes('<TAG'),
  };
}""".replace("TAG", TAG)


browser = browser_of_pages  # the fixture, under a name of its own beside this folder's


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study; no test changes it."""
    return hostile_study(tmp_path_factory.mktemp("hostile"))


#: What is made -> the words of a command; OUT is where, and a word with a slash lies in the study.
COMPARED = ["compare", *(f"scenarios/{name}.yaml" for name in ("actual", "none", "half")), "--draws", "30"]
PROJECTED = ["local", "project", "-s", "scenarios/actual.yaml", "--draws", "20", "--year", "2021"]
PAGES: dict[str, Sequence[str]] = {
    "check": ["check", "models/town.yaml", "--no-pysd", "--html", "OUT"],
    "loops": ["loops", "models/town.yaml", "-o", "OUT"],
    "robust": ["robust", "scenarios/robust.yaml", "-o", "OUT"],
    "simulator": ["simulator", "--file", "scenarios/simulator.yaml", "-o", "OUT"],
    "compare": [*COMPARED, "--sensitivity", "scenarios/sensitivity.yaml", "--level", "modeller", "-o", "OUT"],
    "sensitivity": ["sensitivity", "scenarios/sensitivity.yaml", "-o", "OUT"],
    "optimise": ["optimise", "scenarios/optimise.yaml", "-o", "OUT"],
    "validate": ["validate", "calibration/problem.yaml", "-o", "OUT"],
    "update": ["update", "calibration/problem.yaml", "--from-registry", "-o", "OUT"],
    "dashboard": ["dashboard", "calibration/problem.yaml", "-o", "OUT"],
    "region": [*PROJECTED, "-r", "GM1", "-o", "OUT"],
    "regions": [*PROJECTED, "-o", "OUT"],
    "marvel": ["marvel", "diagram/", "--samples", "20", "-o", "OUT"],
    "form": ["session", "form", "diagram/", "-o", "OUT"],
    "read": ["session", "read", "diagram/", "forms/", "-o", "OUT"],
    "pool": ["session", "pool", "diagram/", "forms/", "--name", HOSTILE, "-o", "OUT"],
    "signals": ["session", "signals", "diagram/", "signals.csv/", "--series", "calibration/series", "-o", "OUT"],
}  # fmt: skip
#: The findings of other commands become workbooks as those of regions do.
WORKBOOKS: dict[str, Sequence[str]] = {
    "findings": PAGES["regions"],
    "dashboard": PAGES["dashboard"],
    "form": PAGES["form"],
    "compare": [*COMPARED, "-o", "OUT"],
    "template": ["scenario", "template", "--study", "scenarios/", "-o", "OUT"],
    "pooled diagram": ["session", "pool", "diagram/", "forms/", "--export", "OUT"],
}


def made(call: Call, study: Path, words: Sequence[str], out: Path) -> Answer:
    """Run a command, which may end with 1 as a verdict does."""
    places = {"OUT": out, HOSTILE: HOSTILE}
    given = [places.get(word, study / word if "/" in word else word) for word in words]
    answer = call(*given, "--language", "en")
    assert answer.code in (0, 1), answer.err[-600:]
    assert "Traceback" not in answer.err
    return answer


@pytest.mark.parametrize("kind", PAGES)
def test_no_text_of_a_study_becomes_markup(
    call: Call,
    study: Path,
    tmp_path: Path,
    browser: Browser,
    kind: str,
) -> None:
    made(call, study, PAGES[kind], tmp_path / "page.html")
    pages = sorted(tmp_path.rglob("*.html"))
    assert pages
    for file in pages:
        (policy,) = html.fromstring(file.read_text(encoding="utf-8")).xpath(
            "//meta[@http-equiv='Content-Security-Policy']/@content"
        )
        assert "default-src 'none'" in policy
        assert opened(browser, file) == {
            "elements": 0, "handlers": 0, "calls": 0, "links": [], "shown": True, "asked": []
        }  # fmt: skip
    for file in tmp_path.rglob("*.svg"):
        assert not etree.parse(file).xpath(f"//*[local-name()='{TAG}'] | //@*[starts-with(name(), 'on')]")


def opened(browser: Browser, file: Path) -> dict[str, object]:
    """What a browser finds in a page that may ask for nothing and is not held back by its own policy."""
    asked: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.url != file.as_uri():
            asked.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    context = browser.new_context(bypass_csp=True)
    context.route("**/*", refuse)
    context.add_init_script("window.calls = 0; window.alert = () => { window.calls += 1; };")
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    found: dict[str, object] = page.evaluate(FOUND)
    context.close()
    return found | {"asked": [url for url in asked if not url.startswith(("data:", "blob:"))]}


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_no_text_of_a_study_becomes_a_formula(call: Call, study: Path, tmp_path: Path, kind: str) -> None:
    made(call, study, WORKBOOKS[kind], tmp_path / "book.xlsx")
    cells = [cell for sheet in load_workbook(tmp_path / "book.xlsx") for row in sheet for cell in row]
    assert [] == [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert any(TAG in str(cell.value) for cell in cells), "the workbook shows nothing of what is tried"


def test_no_text_of_a_study_becomes_markup_of_its_pictures_and_tables(
    call: Call, study: Path, tmp_path: Path
) -> None:
    words = ["stacking", "models/town.yaml", "--draws", "5", "--figure", "OUT"]
    answer = made(call, study, words, tmp_path / "figure.svg")
    assert TAG in answer.out
    picture = etree.parse(tmp_path / "figure.svg")
    assert not picture.xpath(f"//*[local-name()='{TAG}'] | //@*[starts-with(name(), 'on')]")


def test_no_text_of_a_study_becomes_markup_in_its_documentation(
    call: Call, study: Path, tmp_path: Path
) -> None:
    call("document", study / "models" / "town.yaml", "-o", tmp_path / "pages")
    pages = sorted((tmp_path / "pages").rglob("*.md"))
    assert any(TAG in file.read_text(encoding="utf-8") for file in pages)
    for file in pages:
        page = html.fromstring(
            MarkdownIt("commonmark").enable("table").render(file.read_text(encoding="utf-8"))
        )
        assert not page.xpath(f"//{TAG} | //@*[starts-with(name(), 'on')]"), file
    for file in (tmp_path / "pages").rglob("*.svg"):
        assert not etree.parse(file).xpath(f"//*[local-name()='{TAG}'] | //@*[starts-with(name(), 'on')]")


def test_no_text_of_a_model_moves_the_cursor(call: Call, tmp_path: Path) -> None:
    """Names, titles, notes and file names reach the terminal with their control characters spelled out."""
    model = tmp_path / f"m{ESCAPES}.mdl"
    model.write_text(
        f'{{UTF-8}}\n"level{ESCAPES}" = INTEG(1, 0) ~ {ESCAPES} ~ {ESCAPES} |\n'
        "INITIAL TIME = 0~~|\nFINAL TIME = 1~~|\nTIME STEP = 1~~|\n",
        encoding="utf-8",
    )
    said = ""
    for words in (
        ["run", model],
        ["run", model, "-o", tmp_path / f"out{ESCAPES}.csv"],
        ["run", model, "-p", f"{ESCAPES}=1"],
        ["run", tmp_path / f"none{ESCAPES}.mdl"],
        ["check", model, "--no-pysd"],
        ["loops", model],
        [f"{ESCAPES}"],
    ):
        answer = call(*words)
        said += answer.out + answer.err
    assert "Time,level\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202e," in said, (
        "results on a terminal are no exception"
    )
    assert ESCAPES in (tmp_path / f"out{ESCAPES}.csv").read_text(encoding="utf-8"), "a file is data as it is"
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said)
