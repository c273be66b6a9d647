"""A policy laboratory for the long-term social effects of the corona crisis in the Netherlands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sd_covid.connect.accessor import on_import

if TYPE_CHECKING:
    from sd_covid import figures
    from sd_covid.engine.gradients.objective import LeastSquares
    from sd_covid.engine.results import failed
    from sd_covid.engine.simulation import Simulation, load
    from sd_covid.policy.sweep.export import to_table, write_table
    from sd_covid.policy.sweep.iamc import to_iamc
    from sd_covid.policy.sweep.opened import open_sweep as open

__all__ = [
    "LeastSquares",
    "Simulation",
    "failed",
    "figures",
    "load",
    "open",
    "to_iamc",
    "to_table",
    "write_table",
]

_HOME = {
    "LeastSquares": "sd_covid.engine.gradients.objective.LeastSquares",
    "Simulation": "sd_covid.engine.simulation.Simulation",
    "failed": "sd_covid.engine.results.failed",
    "load": "sd_covid.engine.simulation.load",
    "open": "sd_covid.policy.sweep.opened.open_sweep",
    "to_iamc": "sd_covid.policy.sweep.iamc.to_iamc",
    "to_table": "sd_covid.policy.sweep.export.to_table",
    "write_table": "sd_covid.policy.sweep.export.write_table",
}

on_import()


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: the command line starts without numpy."""
    from importlib import import_module

    if name == "figures":
        return import_module("sd_covid.figures")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, there = _HOME[name].rpartition(".")
    return getattr(import_module(module), there)
