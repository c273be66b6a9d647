"""Whether a model is computed as it is written: the same run in a second engine, at half the step, a look for NaN.

In goes a loaded model; out comes a `Verification`: for every variable the largest difference, and whether that passes.
What the model says about the world is for calibration and its passport.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from sd_covid.analysis.second_engine import run_in_pysd
from sd_covid.engine.table import as_table
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.model.structure import Method

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

Check = Literal["second engine", "half step", "finite"]

#: Both engines do the same Euler steps in doubles; they differ in the order of sums, which rounds at 1e-16 a step.
ENGINE_TOLERANCE = 1e-9
#: A step is small enough when halving it moves no stock by more than half a percent of its largest value.
STEP_TOLERANCE = 5e-3


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of the checks.

    Attributes
    ----------
    model : str
    second_engine : DataFrame or None
        Index: variable. Columns ``difference`` (largest over time, as a share of the variable's largest absolute value)
        and ``time`` (where that is). None when PySD could not run the model.
    half_step : DataFrame
        The same against a run with half the TIME STEP, with a column ``stock``: flows that jump differ by nature.
    not_finite : DataFrame
        Index: variable. Column ``time``: the first at which it is NaN or infinite.
    left_out : str
        Why a check was not made; empty when all were.
    """

    model: str
    second_engine: pd.DataFrame | None
    half_step: pd.DataFrame
    not_finite: pd.DataFrame
    left_out: str = ""

    @property
    def failed(self) -> dict[Check, list[str]]:
        """Variables that failed, by check; a check that passed is not there."""
        engine, step = self.second_engine, self.half_step
        found: dict[Check, list[str]] = {
            "second engine": []
            if engine is None
            else list(engine.index[engine["difference"] > ENGINE_TOLERANCE]),
            "half step": list(step.index[step["stock"] & (step["difference"] > STEP_TOLERANCE)]),
            "finite": list(self.not_finite.index),
        }
        return {check: variables for check, variables in found.items() if variables}

    @property
    def passed(self) -> bool:
        """Whether every check was made and passed."""
        return not self.failed and not self.left_out


def verify(simulation: Simulation, *, until: float | None = None) -> Verification:
    """Check a model at its default constants.

    Parameters
    ----------
    simulation : Simulation
    until : float, optional
        Run the second engine up to this model time only.

    Returns
    -------
    Verification
    """
    from sd_covid.engine.simulation import Simulation

    own = as_table(simulation.run())
    euler = own
    if simulation.model.settings.method is not Method.EULER:
        plain = copy.deepcopy(simulation.model)
        plain.settings.method = Method.EULER
        euler = as_table(Simulation(plain).run())
    left_out = ""
    try:
        second: pd.DataFrame | None = largest_difference(
            euler.loc[:until], run_in_pysd(simulation.model, until)
        )
    except RunError as error:
        second, left_out = None, str(error)
    return Verification(
        model=simulation.model.name,
        second_engine=second,
        half_step=_half_step(simulation, own),
        not_finite=_not_finite(own),
        left_out=left_out,
    )


def largest_difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Largest difference of every column that both tables have, at the times of the first.

    Parameters
    ----------
    ours, theirs : DataFrame
        Index: time. Columns are matched as names in a model are.

    Returns
    -------
    DataFrame
        Index: column of `ours`. ``difference``: as a share of its largest finite absolute value there (1 where that is
        0); infinite where one is NaN or infinite and the other is not the same. ``time``: where it is largest.

    Raises
    ------
    RunError
        When `theirs` lacks a time of `ours`.
    """
    times = ours.index.to_numpy(dtype=np.float64)
    rows = _rows(times, theirs.index.to_numpy(dtype=np.float64))
    names = {_plain(column): column for column in theirs}
    found = {}
    for column in ours:
        other = names.get(_plain(column))
        if other is None:
            continue
        mine, yours = ours[column].to_numpy(), theirs[other].to_numpy(dtype=np.float64)[rows]
        size = np.abs(mine[np.isfinite(mine)]).max(initial=0.0) or 1.0
        same = (mine == yours) | (np.isnan(mine) & np.isnan(yours))
        with np.errstate(invalid="ignore"):
            gap = np.where(same, 0.0, np.abs(mine - yours) / size)
        gap = np.where(np.isnan(gap), np.inf, gap)
        found[column] = (float(gap.max()), float(times[gap.argmax()]))
    return pd.DataFrame.from_dict(found, orient="index", columns=["difference", "time"])


def _rows(times: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Positions of times among others, equal but for rounding."""
    rows = np.clip(np.searchsorted(among, times), 0, len(among) - 1)
    before = np.maximum(rows - 1, 0)
    rows = np.where(np.abs(among[before] - times) < np.abs(among[rows] - times), before, rows)
    if not np.allclose(among[rows], times, rtol=1e-9, atol=1e-9):
        raise RunError(
            "the two runs were not saved at the same times", advice="make SAVEPER a multiple of TIME STEP"
        )
    return rows


def _plain(column: object) -> str:
    """Canonical form of ``name[Element A, Element B]``."""
    name, _, elements = str(column).partition("[")
    return "\0".join([key(name), *(key(item) for item in elements.rstrip("]").split(",") if item)])


def _half_step(simulation: Simulation, own: pd.DataFrame) -> pd.DataFrame:
    """Differences from a run with half the step, saved at the same times at least."""
    step = {key(name): value for name, value in simulation.constants.items()}["time step"]
    found = largest_difference(own, as_table(simulation.run({"TIME STEP": step / 2})))
    found = found.drop(index=[name for name in found.index if key(name) in ("time step", "saveper")])
    found["stock"] = [_is_stock(simulation, name) for name in found.index]
    return found


def _is_stock(simulation: Simulation, column: str) -> bool:
    """Whether a variable is integrated."""
    from sd_covid.model.expression import Call

    variable = simulation.model.variable(column.partition("[")[0])
    return any(
        isinstance(equation.expression, Call) and key(equation.expression.function) == "integ"
        for equation in variable.equations
    )


def _not_finite(own: pd.DataFrame) -> pd.DataFrame:
    """First time at which a variable is NaN or infinite."""
    bad = ~np.isfinite(own.to_numpy())
    times = own.index.to_numpy(dtype=np.float64)
    first = {name: float(times[row.argmax()]) for name, row in zip(own, bad.T, strict=True) if row.any()}
    return pd.DataFrame.from_dict(first, orient="index", columns=["time"])
