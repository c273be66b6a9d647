"""Sweeps: scenarios × draws × sets of assumptions, run in blocks and kept in a Zarr store.

`read_sweep` reads a plan against a model, `run_sweep` runs it, `open_sweep` opens what came
of it.
"""

from sd_covid.policy.sweep.opened import open_sweep
from sd_covid.policy.sweep.plan import SweepPlan, read_sweep
from sd_covid.policy.sweep.run import Outcome, run_sweep

__all__ = ["Outcome", "SweepPlan", "open_sweep", "read_sweep", "run_sweep"]
