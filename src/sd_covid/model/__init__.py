"""A model as data: read, compose, write and inspect it. What it means numerically is the engine's business.

`read` gives a `Model` from a file, `write_mdl` writes one. The parser is only loaded when something is read, and the
classes when one of them is asked for: every command takes the spelling of names from `sd_covid.model.names`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.errors import ModelError

if TYPE_CHECKING:
    from sd_covid.model.structure import (
        DataMode,
        Dimension,
        Equation,
        Kind,
        Method,
        Model,
        Settings,
        Variable,
    )

__all__ = [
    "DataMode",
    "Dimension",
    "Equation",
    "Kind",
    "Method",
    "Model",
    "Settings",
    "Variable",
    "read",
    "write_mdl",
]


def __getattr__(name: str) -> Any:
    """A class of `sd_covid.model.structure`, loaded when it is used first."""
    if name not in __all__:
        raise AttributeError(f"module 'sd_covid.model' has no attribute '{name}'")
    from sd_covid.model import structure

    return getattr(structure, name)


def read(path: str | Path, data: Iterable[str | Path] = ()) -> Model:
    """Read a model and resolve its names.

    Parameters
    ----------
    path : path
        A Vensim ``.mdl``, an XMILE ``.xmile``, ``.stmx``, ``.itmx`` or ``.xml``, or the ``.yaml`` that couples several.
    data : iterable of path
        Files with series for its data variables that name no file; see `sd_covid.model.external.data_files`.

    Returns
    -------
    Model
        Every name in it is defined and every function supported; SAVEPER is there, if only as TIME STEP.

    Raises
    ------
    ModelError
        When the file cannot be read or means nothing; names file, line and variable, and what to do.
    DataError
        When a file of data cannot be read, or is not needed.
    """
    from sd_covid.model.cache import cached

    model = cached(Path(path), _read)
    if data:
        from sd_covid.model.external.data_files import give_data

        give_data(model, data)
    return model


def _read(path: Path) -> Model:
    match path.suffix.lower():
        case ".mdl":
            from sd_covid.model.check import check
            from sd_covid.model.external.figures import resolve_constants
            from sd_covid.model.vensim.reader import read_mdl

            model = read_mdl(path)
            check(model)
            resolve_constants(model)
            return model
        case ".yaml" | ".yml":
            from sd_covid.model.compose import compose

            return compose(path)
        case ".xmile" | ".xml" | ".stmx" | ".itmx":
            from sd_covid.model.check import check
            from sd_covid.model.xmile import read_xmile

            model = read_xmile(path)
            check(model, elements_apart=True)
            return model
        case suffix:
            kind = f"'{suffix}' is no kind of model file" if suffix else "has no suffix to tell what it is"
            raise ModelError(kind, advice="give a .mdl, a .xmile, or a .yaml that couples several", file=path)


def write_mdl(model: Model, path: str | Path, *, for_pysd: bool = False) -> None:
    """Write a model as Vensim text; see `sd_covid.model.write.mdl.write_mdl`."""
    from sd_covid.model.write.mdl import write_mdl as write

    write(model, path, for_pysd=for_pysd)
