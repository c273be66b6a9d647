"""A policy laboratory for the long-term social effects of the corona crisis in the Netherlands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sd_covid.engine.objective import LeastSquares
    from sd_covid.engine.results import failed
    from sd_covid.engine.simulation import Simulation, load

__all__ = ["LeastSquares", "Simulation", "failed", "load"]

_HOME = {
    "LeastSquares": "sd_covid.engine.objective",
    "Simulation": "sd_covid.engine.simulation",
    "failed": "sd_covid.engine.results",
    "load": "sd_covid.engine.simulation",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: the command line starts without numpy."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
