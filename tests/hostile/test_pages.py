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
HOSTILE = f"'\\\"></title></script></style><{TAG} onclick=alert(1)>{{{{7*7}}}}${{7*7}}<!--"
IN_A_MODEL = HOSTILE.replace("\\", "").replace('"', "").replace("|", "").replace("~", "")
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
_TITLE = re.compile(r"\{nl: [^{}]*?, en: [^{}]*?\}")
_DOCUMENTED = re.compile(r"~ \|")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town, its every title, source, unit and documentation hostile; in a folder whose name is markup too."""
    root = tmp_path_factory.mktemp("hostile")
    town = shutil.copytree(made(root / "town"), root / f"<{TAG} onclick=alert(1)>")
    for file in sorted((town / "scenarios").rglob("*.yaml")):
        text = _TITLE.sub(f'{{nl: "{HOSTILE}", en: "{HOSTILE}"}}', file.read_text(encoding="utf-8"))
        text = re.sub(
            r"(source|note|references): (invented|none|one million[^\n]*)", rf'\1: "{HOSTILE}"', text
        )
        file.write_text(text, encoding="utf-8")
    model = town / "models" / "town.mdl"
    text = model.read_text(encoding="utf-8").replace(
        "rate =", f'"{IN_A_MODEL}" = 1 ~ {IN_A_MODEL} ~ {IN_A_MODEL} |\nrate ='
    )
    model.write_text(_DOCUMENTED.sub(f"~ {IN_A_MODEL} |", text), encoding="utf-8")
    (town / "models" / "titles.yaml").write_text(
        f'variables:\n  total: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}\nelements:\n  young: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}\n'
    )
    (town / "scenarios" / "simulator.yaml").write_text(
        f"""model: ../models/town.yaml
title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}
groups:
  - title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}
    sliders:
      ease: {{title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}, low: 0, high: 2, step: 0.1}}
outputs:
  rate: {{title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}, unit: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}}}
""",
        encoding="utf-8",
    )
    diagram = town / "diagram"
    shutil.copytree(Path(__file__).parents[1] / "marvel" / "town", diagram)
    links = diagram / "links.csv"
    cell = '"' + HOSTILE.replace("\\", "").replace('"', '""') + '"'
    links.write_text(links.read_text(encoding="utf-8").replace("own example", cell), encoding="utf-8")
    variables = diagram / "variables.csv"
    head, *rows = variables.read_text(encoding="utf-8").splitlines()
    at = head.split(",").index("label_en")
    rows = [",".join([*row.split(",")[:at], cell, *row.split(",")[at + 1 :]]) for row in rows[:1]] + rows[1:]
    variables.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return town


#: A page command -> its words; OUT is the page.
PAGES: dict[str, Sequence[str]] = {
    "check": ["check", "models/town.yaml", "--no-pysd", "--html", "OUT"],
    "loops": ["loops", "models/town.yaml", "-o", "OUT"],
    "robust": ["robust", "scenarios/robust.yaml", "-o", "OUT"],
    "simulator": ["simulator", "scenarios/simulator.yaml", "-o", "OUT"],
    "marvel": ["marvel", "diagram", "--samples", "20", "-o", "OUT"],
    "form": ["session", "form", "diagram", "-o", "OUT"],
}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("language", ["en"])
def test_no_text_of_a_study_becomes_markup(
    call: Call, hostile: Path, tmp_path: Path, kind: str, language: str
) -> None:
    page = tmp_path / "page.html"
    words = [
        page if word == "OUT" else hostile / word if "/" in word or word == "diagram" else word
        for word in PAGES[kind]
    ]
    answer = call(*words, "-l", language)
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
    name = f'"level{ESCAPES}"'
    model.write_text(
        f"{{UTF-8}}\n{name} = INTEG(1, 0) ~ {ESCAPES} ~ {ESCAPES} |\nINITIAL TIME = 0~~|\nFINAL TIME = 1~~|\nTIME STEP = 1~~|\n",
        encoding="utf-8",
    )
    for words in (
        ["run", model, "-o", tmp_path / f"out{ESCAPES}.csv"],
        ["run", model, "-p", f"{ESCAPES}=1"],
        ["run", tmp_path / f"none{ESCAPES}.mdl"],
        ["check", model, "--no-pysd"],
        ["loops", model],
        [f"{ESCAPES}"],
    ):
        answer = call(*words)
        said = answer.out + answer.err
        assert said
        assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said), words
