"""``sd-covid init``: a new study, copied out of the package."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sd_covid.cli.console import say
from sd_covid.errors import RunError
from sd_covid.whole_files import replacing


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the study goes; not there yet, or empty.")
    ],
) -> None:
    """Make a folder with the Dutch study in it, to work in and to change."""
    from sd_covid.model.starter import copy_study, occupied

    reason = occupied(folder)
    if reason is not None:
        raise RunError(reason, advice="choose another name for the study", file=folder)
    with replacing(folder) as aside:
        copy_study(aside)
    here = folder.resolve() == Path.cwd()
    say("read README.md" if here else f"cd {shlex.quote(str(folder))}, then read README.md")
