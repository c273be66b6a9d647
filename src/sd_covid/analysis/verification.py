"""Whether a model means and computes what it says: units, the same run in a second engine, step size, a look for NaN.

In goes a loaded model; out comes a `Verification`: what was found by each check, and whether that passes.
What the model says about the world is for calibration and its passport.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from sd_covid.analysis.differences import largest_difference
from sd_covid.analysis.second_engine import run_in_pysd
from sd_covid.analysis.step_size import (
    HEADLINE_TOLERANCE,
    STOCK_TOLERANCE,
    WARNING_TOLERANCE,
    StepSize,
    check_step,
    draws_random_numbers,
    not_comparable,
)
from sd_covid.engine.table import as_table
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.model.structure import Method
from sd_covid.model.units.check import check_units
from sd_covid.model.units.report import UnitsReport

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

Check = Literal["units", "second engine", "half step", "finite"]

#: Both engines do the same Euler steps in doubles; they differ in the order of sums, which rounds at 1e-16 a step.
ENGINE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of the checks.

    Attributes
    ----------
    model : str
    units : UnitsReport
    second_engine : DataFrame or None
        Index: variable. Columns ``difference`` (largest over time, as a share of the variable's largest absolute value)
        and ``time`` (where that is). None when PySD could not run the model.
    step_size : StepSize or None
        None where runs at two steps cannot be compared.
    not_finite : DataFrame
        Index: variable. Column ``time``: the first at which it is NaN or infinite.
    left_out : str
        Why the second engine did not answer; empty when it did, or was not asked.
    step_left_out : str
        Why the step size was not checked; empty when it was.
    """

    model: str
    units: UnitsReport
    second_engine: pd.DataFrame | None
    step_size: StepSize | None
    not_finite: pd.DataFrame
    left_out: str = ""
    step_left_out: str = ""

    @property
    def failed(self) -> dict[Check, list[str]]:
        """Variables that failed, by check; a check that passed is not there."""
        engine = self.second_engine
        found: dict[Check, list[str]] = {
            "units": list(dict.fromkeys(item.variable for item in self.units.errors)),
            "second engine": []
            if engine is None
            else list(engine.index[engine["difference"] > ENGINE_TOLERANCE]),
            "half step": [] if self.step_size is None else self.step_size.failed,
            "finite": list(self.not_finite.index),
        }
        return {check: variables for check, variables in found.items() if variables}

    @property
    def passed(self) -> bool:
        """Whether no check that was made failed. A model that only PySD cannot run may still pass."""
        return not self.failed

    def as_data(self) -> dict[str, Any]:
        """Everything, in types that JSON knows; numbers that are not finite are null."""
        step = self.step_size
        return {
            "model": self.model,
            "passed": self.passed,
            "failed": dict(self.failed),
            "left_out": {"second_engine": self.left_out, "step_size": self.step_left_out},
            "tolerances": {
                "second_engine": ENGINE_TOLERANCE,
                "headline": HEADLINE_TOLERANCE,
                "stock": STOCK_TOLERANCE,
                "warning": WARNING_TOLERANCE,
            },
            "units": self.units.as_data(),
            "second_engine": _rows(self.second_engine),
            "step_size": None
            if step is None
            else {
                "step": step.step,
                "method": str(step.method),
                "warned": step.warned,
                "half": _rows(step.half),
                "rk4": _rows(step.runge_kutta),
            },
            "not_finite": _rows(self.not_finite),
        }


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    """A table as a list of rows, with the variable's name in each."""
    if table is None:
        return None
    rows = [
        {"variable": str(name), **row}
        for name, row in zip(table.index, table.to_dict("records"), strict=True)
    ]
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """A value that JSON knows."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def verify(simulation: Simulation, *, until: float | None = None, second_engine: bool = True) -> Verification:
    """Check a model at its default constants.

    Parameters
    ----------
    simulation : Simulation
    until : float, optional
        Run the second engine up to this model time only.
    second_engine : bool
        Whether to run PySD at all.

    Returns
    -------
    Verification

    Raises
    ------
    ScenarioError
        When the study's outputs.yaml, which names the headlines, cannot be used.
    """
    own = as_table(simulation.run())
    left_out, second = "", None
    if second_engine and draws_random_numbers(simulation.model):
        left_out = "not compared with PySD, which draws other random numbers"
    elif second_engine:
        try:
            euler = simulation.integrated(Method.EULER)
            ours = own if euler is simulation else as_table(euler.run())
            second = largest_difference(ours.loc[:until], run_in_pysd(simulation.model, until))
            if until is not None:  # that run ends earlier by intent
                second = second.drop(index=[name for name in second.index if key(name) == "final time"])
        except RunError as error:
            left_out = str(error)
    return Verification(
        model=simulation.model.name,
        units=check_units(simulation.model),
        second_engine=second,
        step_size=check_step(simulation, own),
        not_finite=_not_finite(own),
        left_out=left_out,
        step_left_out=not_comparable(simulation.model),
    )


def _not_finite(own: pd.DataFrame) -> pd.DataFrame:
    """First time at which a variable is NaN or infinite."""
    bad = ~np.isfinite(own.to_numpy())
    times = own.index.to_numpy(dtype=np.float64)
    first = {name: float(times[row.argmax()]) for name, row in zip(own, bad.T, strict=True) if row.any()}
    return pd.DataFrame.from_dict(first, orient="index", columns=["time"])
