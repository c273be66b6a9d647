"""The pages build as a site without a warning, and the site asks nothing of the network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What a browser fetches by itself: element and attribute. A link that a reader follows is none.
FETCHED = {
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("iframe", "src"),
    ("link", "href"),
    ("use", "href"),
    ("image", "href"),
    ("object", "data"),
}
#: Of a link element, what it is for, where nothing is fetched.
TOLD = {"canonical", "index", "search", "next", "prev", "author"}
ELSEWHERE = re.compile(r"""(?:url\(|@import|import\(|fetch\()\s*["']?(?:https?:)?//""")


class _Page(HTMLParser):
    """What a page fetches, the formulas in it, and what it is left with."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.formulas = 0
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.formulas += tag == "math"
        self.tags.add(tag)
        if tag == "link" and said.get("rel") in TOLD:
            return
        self.fetched += [value for name, value in attrs if (tag, name) in FETCHED and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    places = ["-d", str(folder / "doctrees"), str(ROOT / "docs"), str(folder / "html")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([*command, *places], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_the_site_asks_nothing_of_the_network(site: Path) -> None:
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    away = {
        f"{path.relative_to(site)}: {target}"
        for path, page in pages.items()
        for target in page.fetched
        if re.match(r"(?:https?:)?//", target)
    }
    files = [path for path in site.rglob("*") if path.suffix in (".css", ".js", ".svg")]
    away |= {path.name for path in files if ELSEWHERE.search(path.read_text(encoding="utf-8"))}
    assert away == set()
    assert len(pages) > 100


def test_what_a_page_fetches_is_there(site: Path) -> None:
    missing = [
        f"{path.relative_to(site)}: {target}"
        for path in site.rglob("*.html")
        for target in _Page(path.read_text(encoding="utf-8")).fetched
        if not target.startswith("data:") and not (path.parent / re.split("[?#]", target)[0]).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", ["running", "inference", "choice", "beyond"])
def test_formulas_are_mathml(site: Path, page: str) -> None:
    text = (site / "methods" / f"{page}.html").read_text(encoding="utf-8")
    source = (ROOT / "docs" / "methods" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"\$\$.*?\$\$", source, re.DOTALL)
    inline = re.findall(r"\$[^$]+\$", re.sub(r"\$\$.*?\$\$", "", source, flags=re.DOTALL))
    assert _Page(text).formulas == len(blocks) + len(inline) > 5


def test_the_public_names_are_described(site: Path) -> None:
    import sd_covid
    from sd_covid import connect, figures, pysd

    for page, module in (("models", sd_covid), ("figures", figures), ("pysd", pysd), ("connect", connect)):
        text = (site / "api" / f"{page}.html").read_text(encoding="utf-8")
        missing = [
            name
            for name in module.__all__
            if name != "figures" and f'id="{module.__name__}.{name}"' not in text
        ]
        assert missing == []
