"""``sd-covid document``: pages about a model, made from the model itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.console import say
from sd_covid.cli.convert import Source
from sd_covid.errors import RunError
from sd_covid.whole_files import write_whole

Folder = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the pages go.")]
Language = Annotated[
    list[str] | None,
    typer.Option(
        "--language", metavar="nl|en", help="Language of the pages; may be given twice. Both by default."
    ),
]


def command(model: Source, output: Folder, language: Language = None) -> None:
    """Write pages about a model: diagrams, equations that a person can read, sources, and what it leaves out."""
    if output.exists() and not output.is_dir():
        raise RunError("is a file, and the pages need a folder", file=output, advice="choose another name")
    from sd_covid.document import LANGUAGES, document

    pages = document(model, language or LANGUAGES)
    for name, text in pages.items():
        file = output / name
        write_whole(file, text)
    for name in pages:
        if name.endswith(".md"):
            say(str(output / name))
