"""The contents of the site are the links of its index pages: what a reader of the files follows, and nothing else.

An ``index.md`` or ``README.md`` lists pages under headings. Those links become the navigation, heading by heading, so
that the order of the pages is told once. A page that no index links is a warning, and so an error. Of a folder whose
``README.md`` links none of its pages all are listed there, and stay out of the navigation of every other page.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from sphinx.application import Sphinx

ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
INDEX = re.compile(r"(^|/)(index|README)$")
LINK = re.compile(r"\]\((?![a-z]+:)([^)#]+\.md)(?:#[^)]*)?\)")
HEADING = re.compile(r"^## +(.*)$", re.MULTILINE)


def contents(source: Path, page: str, text: str) -> list[tuple[str, list[str]]]:
    """The pages that an index links, by heading.

    Parameters
    ----------
    source : Path
        The folder of all pages.
    page : str
        The index, without suffix, from that folder.
    text : str
        What it says.

    Returns
    -------
    list of (str, list of str)
        A heading, empty above the first, and the pages below it, from the folder of all pages. A page counts once.
    """
    parts = HEADING.split("\n" + text)
    seen = {page}
    found = []
    for heading, body in zip(["", *parts[1::2]], parts[::2], strict=True):
        below = []
        for target in LINK.findall(body):
            path = (source / PurePosixPath(page).parent / target).resolve()
            if not path.is_relative_to(source) or not path.exists():
                continue  # told by the check of links, where it is wrong
            name = path.relative_to(source).with_suffix("").as_posix()
            if name not in seen and _belongs(page, name):
                seen.add(name)
                below.append(name)
        if below:
            found.append((heading.strip(), below))
    return found


def _loose(page: Path) -> bool:
    """Whether the index of a page's folder links none of its pages: then they are listed, outside the navigation."""
    index = page.parent / "README.md"
    return index.exists() and not LINK.search(index.read_text(encoding="utf-8"))


def _belongs(index: str, page: str) -> bool:
    """Whether a page is one of an index: not a page of another index, nor one above it."""
    folder = PurePosixPath(index).parent
    path = PurePosixPath(page)
    if folder != PurePosixPath() and folder not in path.parents:
        return False
    return index == "index" or path.parent == folder


def _add(app: Sphinx, page: str, source: list[str]) -> None:
    """Add the navigation to an index page as it is read, and let anchors be known in all."""
    source[0] = ANCHOR.sub(r"[]{#\1}", source[0])
    file = Path(app.srcdir, f"{page}.md")
    if not INDEX.search(page):
        if _loose(file):
            source[0] = f"---\norphan: true\n---\n\n{source[0]}"
        return
    if _loose(file):
        others = sorted(path.name for path in file.parent.glob("*.md") if path != file)
        source[0] += "\n\n" + "\n".join(f"* [](<{name}>)" for name in others)
        return
    trees = []
    for heading, below in contents(Path(app.srcdir), page, source[0]):
        caption = f":caption: {heading}\n" if heading and page == app.config.root_doc else ""
        trees.append(
            f"```{{toctree}}\n:hidden:\n{caption}\n" + "\n".join(f"/{name}" for name in below) + "\n```"
        )
    source[0] += "\n\n" + "\n\n".join(trees)


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx read it."""
    app.connect("source-read", _add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
