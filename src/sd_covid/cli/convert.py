"""``sd-covid convert``: a model in another file format, with a diagram."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import say
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.model import Model as ModelData

Source = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A .mdl, .xmile or .stmx file, or a .yaml that couples several models."
    ),
]
Out = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The .mdl or .xmile file to write.")]

_XMILE = frozenset({".xmile", ".stmx", ".xml"})


def command(model: Source, output: Out) -> None:
    """Write a model as .mdl or .xmile, with units, documentation, subscripts and a diagram."""
    suffix = output.suffix.lower()
    if suffix != ".mdl" and suffix not in _XMILE:
        raise RunError(f"cannot write a '{output.suffix}' file", file=output, advice="use .mdl or .xmile")
    if output.resolve() == model.resolve():
        raise RunError("would write over the model itself", file=output, advice="choose another name")
    from sd_covid.model import read

    _write(read(model), output)
    say(str(output))


def _write(model: ModelData, output: Path) -> None:
    from sd_covid.model import write_mdl
    from sd_covid.model.write_xmile import write_xmile

    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix.lower() == ".mdl":
        write_mdl(model, output)
    else:
        write_xmile(model, output)
