"""Other libraries' own objects, made of this engine's models and results.

A model becomes one of the EMA workbench or a problem of SALib, a posterior an InferenceData of ArviZ, results an
IamDataFrame of pyam, a calibration problem one that PEtab's library checks; and every Dataset has ``.sd``. Each library
has one module, which is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sd_covid.errors import RunError

if TYPE_CHECKING:
    from types import ModuleType

    from sd_covid.connect.inference import inference_data, inference_tree
    from sd_covid.connect.interchange import petab_problem, simulation_table, write_petab
    from sd_covid.connect.scenarios import to_pyam
    from sd_covid.connect.specification import problem_spec
    from sd_covid.connect.workbench import KernelEvaluator, KernelModel

__all__ = [
    "KernelEvaluator",
    "KernelModel",
    "inference_data",
    "inference_tree",
    "petab_problem",
    "problem_spec",
    "simulation_table",
    "to_pyam",
    "write_petab",
]

_HOME = {
    "KernelEvaluator": "workbench",
    "KernelModel": "workbench",
    "inference_data": "inference",
    "inference_tree": "inference",
    "petab_problem": "interchange",
    "problem_spec": "specification",
    "simulation_table": "interchange",
    "to_pyam": "scenarios",
    "write_petab": "interchange",
}


def __getattr__(name: str) -> Any:
    """Load a connection when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def library(name: str, install: str) -> ModuleType:
    """A library that not everybody has.

    Parameters
    ----------
    name : str
        As it is imported.
    install : str
        What to install.

    Raises
    ------
    RunError
        When it cannot be imported; with what to install.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise RunError(f"{name} cannot be loaded ({error})", advice=f"pip install '{install}'") from error
