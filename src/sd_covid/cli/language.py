"""The languages that a user may ask for, and the names of what is written in several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Language(StrEnum):
    """Languages of pages, reports and templates."""

    NL = "nl"
    EN = "en"


PageLanguages = Annotated[
    list[Language] | None,
    typer.Option(
        "--language", "-l", help="Of the page; given twice: both, the second as OUT-en.  [default: nl]"
    ),
]


def asked(languages: Iterable[Language] | None) -> list[Language]:
    """The languages that were asked for, each once; Dutch, when none was."""
    return list(dict.fromkeys(languages or [Language.NL]))


def by_language(path: Path, languages: Iterable[Language]) -> Iterator[tuple[Path, Language]]:
    """A file for each language: the path itself for the first, and ``NAME-en.html`` for a second.

    Parameters
    ----------
    path : Path
    languages : iterable of Language

    Yields
    ------
    tuple of Path and Language
    """
    for position, language in enumerate(languages):
        yield path.with_stem(f"{path.stem}-{language.value}") if position else path, language
