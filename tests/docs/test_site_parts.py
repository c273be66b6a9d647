"""What turns the pages into a site, part by part: the navigation from links, formulas, drawings."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "_site"))

from contents import contents  # noqa: E402
from formulas import mathml  # noqa: E402
from graphs import drawn  # noqa: E402

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def test_navigation_is_the_links_by_heading_each_page_once(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "part/index.md", "part/c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# A page\n", encoding="utf-8")
    text = (
        "[b](b.md)\n\n## First\n[a](a.md#place) [gone](gone.md) [far](https://x.nl/y.md)\n\n"
        "## Second\n[a](a.md) [c](part/index.md)\n"
    )
    assert contents(tmp_path, "index", text) == [("", ["b"]), ("First", ["a"]), ("Second", ["part/index"])]
    # an index within a folder has the pages of that folder only
    assert contents(tmp_path, "part/index", "[up](../a.md) [c](c.md)") == [("", ["part/c"])]


def test_a_formula_is_mathml_that_a_browser_draws() -> None:
    tree = ElementTree.fromstring(mathml(r"\frac{\partial f}{\partial x_n}", block=True))
    assert tree.attrib["display"] == "block"
    numerator, denominator = tree.find(f"{MATHML}mfrac") or ()
    assert "".join(numerator.itertext()).split() == ["∂", "f"]
    assert denominator.find(f".//{MATHML}msub") is not None


def test_a_formula_that_cannot_be_read_is_a_fault() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        mathml(r"\nonsense{x}", block=False)


def test_a_drawing_has_every_box_and_arrow_and_tells_them_in_words() -> None:
    tree = ElementTree.fromstring(drawn("graph LR\n  one --> two\n  one --> three\n  three --> four"))
    svg = "{http://www.w3.org/2000/svg}"
    assert {text.text for text in tree.iter(f"{svg}text")} == {"one", "two", "three", "four"}
    assert len([path for path in tree.iter(f"{svg}path") if path.get("class") == "edge"]) == 3
    assert tree.attrib["aria-label"] == "one → two; one → three; three → four"


@pytest.mark.parametrize("text", ["graph TD\n a --> b", "graph LR\n a --- b", "graph LR\n a --> b\n b --> a"])
def test_a_drawing_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="drawn"):
        drawn(text)
