"""The code in the pages: every block and every command between backticks, with its place: their one owner."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
#: Pages that a model makes have no code; a test of their own compares them with the model.
PAGES = sorted(
    path
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "benchmarks" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    )
    if not path.is_relative_to(ROOT / "docs" / "model")
)
PROGRAM = "sd-covid"
#: A file that a block is to be saved as: the last name between backticks before it.
_NAMED = re.compile(r"`([\w./-]+\.(?:yaml|csv|tsv))`")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes
    ----------
    page : str
        From the root of the repository.
    line : int
        Where it begins.
    language : str
        Empty: commands.
    text : str
    file : str
        What the sentence before it says that it is to be saved as, by its ending; empty when it says nothing.
    """

    page: str
    line: int
    language: str
    text: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command of a block without language; lines that go on are joined, comments left out."""
        joined = self.text.replace("\\\n", " ")
        found = [shlex.split(line, comments=True) for line in joined.splitlines()]
        return [[word.removeprefix(".venv/bin/") for word in words] for words in found if words]


@cache
def blocks() -> tuple[Block, ...]:
    """Every block of every page, in order."""
    return tuple(block for page in PAGES for block in _blocks(page))


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def _blocks(page: Path) -> Iterator[Block]:
    name = page.relative_to(ROOT).as_posix()
    before = ""
    for token in _tokens(page):
        if token.type == "inline":
            before = token.content
        elif token.type in ("fence", "code_block") and token.map:
            language = token.info.strip()
            named = _NAMED.findall(before) if before.rstrip().endswith(":") else []
            file = named[-1] if named and named[-1].endswith(f".{language}") else ""
            yield Block(name, token.map[0] + 1, language, token.content, file)


@cache
def spans() -> tuple[Block, ...]:
    """Every text between backticks that calls the program, without its name.

    Of pages whose tables leave the name out, marked ``bare``, all that begin a cell: some are no command.
    """
    return tuple(span for page in PAGES for span in _spans(page))


def _spans(page: Path) -> Iterator[Block]:
    name = page.relative_to(ROOT).as_posix()
    #: Pages whose tables name the commands without the program.
    bare = name in ("docs/command-line.md", "docs/contract.md")
    line = 1
    for token in _tokens(page):
        line = token.map[0] + 1 if token.map else line
        for child in token.children or ():
            if child.type == "code_inline":
                words = child.content.replace("\n", " ")
                if words.startswith(f"{PROGRAM} "):
                    yield Block(name, line, "", words.removeprefix(f"{PROGRAM} "))
                elif bare and token.content.startswith(f"{child.markup}{child.content}") and " " in words:
                    yield Block(name, line, "bare", words)
