"""PySD's interface on this engine: a script that uses PySD runs on it after changing one import.

    from sd_covid import pysd            # was: import pysd

    model = pysd.read_vensim("teacup.mdl")
    model.run(params={"Room Temperature": 20}, return_columns=["Teacup Temperature"])

Names, arguments and the shape of results are PySD's; models are read, compiled and run as everywhere in this package.
What needs Python code inside a model (callables as parameters, pickles, translated ``.py`` files) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sd_covid.engine.simulation import load as _load
from sd_covid.errors import RunError
from sd_covid.pysd.model import Model

__all__ = ["Model", "load", "read_vensim", "read_xmile"]

#: How PySD spells the two ways of treating missing points of data. Others would repair data in silence.
_MISSING = ("warning", "ignore", "raise", "error", "keep")


def read_vensim(
    mdl_file: str | Path,
    data_files: str | Path | Iterable[str | Path] | None = None,
    data_files_encoding: object = None,
    initialize: bool = True,
    missing_values: str = "warning",
    split_views: bool = False,
    encoding: str | None = None,
    **_: Any,
) -> Model:
    """Read a Vensim model.

    Parameters
    ----------
    mdl_file : path
    data_files : path or iterable of path, optional
        Files with series for the model's data variables.
    initialize, missing_values, split_views, encoding
        Accepted and without effect: the encoding is the file's own, missing points are those of the file, and views
        make no difference to a run.
    data_files_encoding
        Must be left out: data files are UTF-8.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        When the file is no model; with file, line and variable.
    RunError
        For options that cannot be honoured.
    """
    if data_files_encoding is not None:
        raise RunError("data files are read as UTF-8", advice="leave out data_files_encoding")
    if missing_values not in _MISSING:
        raise RunError(f"'{missing_values}' is no way to treat missing values", advice=" or ".join(_MISSING))
    if isinstance(data_files, dict):
        raise RunError("data files with a choice of variables are not read", advice="give a list of files")
    files = [data_files] if isinstance(data_files, str | Path) else list(data_files or ())
    return Model(_load(mdl_file, files))


def read_xmile(
    xmile_file: str | Path,
    data_files: str | Path | Iterable[str | Path] | None = None,
    data_files_encoding: object = None,
    initialize: bool = True,
    missing_values: str = "warning",
) -> Model:
    """Read an XMILE model (Stella's ``.stmx`` and ``.xmile``); arguments and errors as of `read_vensim`."""
    return read_vensim(xmile_file, data_files, data_files_encoding, initialize, missing_values)


def load(py_model_file: str | Path, *arguments: Any, **options: Any) -> Model:
    """Read a model; of a translated ``.py`` file the model it was made from must be given.

    Raises
    ------
    RunError
        For a ``.py`` file: it is a program, and is not run.
    ModelError
        As for `read_vensim`.
    """
    if Path(py_model_file).suffix == ".py":
        raise RunError(
            "is a translated model, which is a program and is not run",
            advice="give the .mdl or .xmile it was made from",
            file=py_model_file,
        )
    return read_vensim(py_model_file, *arguments, **options)
