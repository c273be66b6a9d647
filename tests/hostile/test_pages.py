"""One study with markup, escapes and template code wherever it may hold a text: every page shows it as text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from lxml import html

from tests.analysis.robustness.conftest import made
from tests.cli.conftest import Call

#: Closes what it may stand in, and opens what would run. Its element has no other name in any page.
TAG = "x-hit"
HOSTILE = f"'></title></script></style><{TAG} onclick=alert(1)>{{{{7*7}}}}${{7*7}}<!--"
IN_YAML = '"\\"' + HOSTILE + '"'
BOTH = f"{{nl: {IN_YAML}, en: {IN_YAML}}}"
IN_A_MODEL = HOSTILE.replace("{", "(").replace("}", ")")  # braces are comments there
VARIABLE = f'"{IN_A_MODEL}" = INTEG(0.1 * "{IN_A_MODEL}", 1) ~ {IN_A_MODEL} ~ {IN_A_MODEL} |\n'
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
_TITLE = re.compile(r"\{nl: [^{}]*?, en: [^{}]*?\}")
_SOURCE = re.compile(r"(source|note): (invented[^\n,}]*|none[^\n,}]*|one million[^\n]*)")
_CELL = re.compile(r"own example|More [^,\n]*|Prob[^,\n]*")
_SIMULATOR = f"""model: ../models/town.yaml
title: {BOTH}
groups:
  - title: {BOTH}
    sliders:
      ease: {{title: {BOTH}, low: 0, high: 2, step: 0.1}}
outputs:
  rate: {{title: {BOTH}, unit: {BOTH}}}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town, its every title, source, unit and documentation hostile; in a folder whose name is markup too."""
    root = tmp_path_factory.mktemp("hostile")
    town = shutil.copytree(made(root / "town"), root / f"<{TAG} onclick=alert(1)>")
    for file in sorted((town / "scenarios").rglob("*.yaml")):
        text = _TITLE.sub(lambda _: BOTH, file.read_text(encoding="utf-8"))
        file.write_text(_SOURCE.sub(lambda found: f"{found[1]}: {IN_YAML}", text), encoding="utf-8")
    model = town / "models" / "town.mdl"
    text = model.read_text(encoding="utf-8").replace("rate =", f"{VARIABLE}rate =")
    model.write_text(text.replace("~ |", f"~ {IN_A_MODEL} |"), encoding="utf-8")
    titles = f"variables: {{total: {BOTH}}}\nelements: {{young: {BOTH}}}\n"
    (town / "models" / "titles.yaml").write_text(titles, encoding="utf-8")
    (town / "scenarios" / "simulator.yaml").write_text(_SIMULATOR, encoding="utf-8")
    diagram = shutil.copytree(Path(__file__).parents[1] / "marvel" / "town", town / "diagram")
    for file in diagram.glob("*.csv"):
        text = _CELL.sub(f'"{HOSTILE}"', file.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
    return town


#: A page command -> its words; OUT is the page.
PAGES: dict[str, Sequence[str]] = {
    "check": ["check", "models/town.yaml", "--no-pysd", "--html", "OUT", "-l", "en"],
    "loops": ["loops", "models/town.yaml", "-o", "OUT", "-l", "en"],
    "robust": ["robust", "scenarios/robust.yaml", "-o", "OUT", "-l", "en"],
    "simulator": ["simulator", "--file", "scenarios/simulator.yaml", "-o", "OUT", "--language", "en"],
    "marvel": ["marvel", "diagram", "--samples", "20", "-o", "OUT", "-l", "en"],
    "form": ["session", "form", "diagram", "-o", "OUT", "-l", "en"],
}


@pytest.mark.parametrize("kind", PAGES)
def test_no_text_of_a_study_becomes_markup(call: Call, hostile: Path, tmp_path: Path, kind: str) -> None:
    places = {"OUT": tmp_path / "page.html", "diagram": hostile / "diagram"}
    answer = call(*(places.get(word, hostile / word if "/" in word else word) for word in PAGES[kind]))
    assert answer.code in (0, 1), answer.err[-600:]
    pages = sorted(tmp_path.rglob("*.html"))
    assert pages
    for file in pages:
        text = file.read_text(encoding="utf-8")
        assert TAG in text, "the page shows nothing of what is tried"
        assert f"<{TAG}" not in text
        parsed = html.fromstring(text)
        assert not parsed.xpath(f"//{TAG}")
        assert not [name for element in parsed.iter() for name in element.attrib if name.startswith("on")]
        (policy,) = parsed.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert "default-src 'none'" in policy
    for file in tmp_path.rglob("*.svg"):
        assert f"<{TAG}" not in file.read_text(encoding="utf-8")


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
