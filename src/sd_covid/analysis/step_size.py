"""Whether a model's TIME STEP is small enough: a run at half the step, and one by RK4 where the model asks for Euler.

In goes a loaded model; out comes a `StepSize`: how far every variable moves, which of them are judged, and by what.
The outputs that a study's ``scenarios/outputs.yaml`` calls headlines must stand still; other stocks may move more,
since no conclusion rests on them.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.differences import largest_difference
from sd_covid.engine.table import as_table
from sd_covid.errors import ModelError
from sd_covid.model.expression import Binary, Call, Number, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Method, Model
from sd_covid.study_folder import is_there, study_folder

if TYPE_CHECKING:
    import xarray as xr

    from sd_covid.engine.simulation import Simulation

#: A headline may move by half a percent of its largest value at half the step: the model's figures are rounded coarser.
HEADLINE_TOLERANCE = 5e-3
#: Any stock fails beyond 5 %: Euler's error is then about 10 %, more than a model is usually trusted for.
STOCK_TOLERANCE = 5e-2
#: Beyond this, a stock is named though it does not fail.
WARNING_TOLERANCE = 5e-3
#: What moves less is rounding, whose size says nothing of the step.
_MOVED = 1e-9
_STEP = "time step"
_STOCKS = frozenset({"integ", "integ non negative"})


@dataclass(frozen=True, slots=True)
class StepSize:
    """What came of runs at another step and by another method.

    Attributes
    ----------
    step : float
        The model's own TIME STEP.
    method : Method
        The model's own method.
    half : DataFrame
        Index: variable. Columns ``difference`` (from the run at half the step, largest over time, as a share of the
        variable's largest absolute value), ``time`` (where that is), ``stock`` and ``headline``.
    runge_kutta : DataFrame or None
        The same against RK4 at the model's own step; None where the model does not use Euler, or can use nothing else.
    order : float or None
        Observed order of convergence: by how many powers of two the step the median stock comes nearer to what it comes
        to, from runs at the step, half of it and a quarter. None where no stock moves.
    """

    step: float
    method: Method
    half: pd.DataFrame
    runge_kutta: pd.DataFrame | None
    order: float | None = None

    @property
    def failed(self) -> list[str]:
        """Headlines and stocks that move more than they may."""
        far, half = self.half["difference"], self.half
        beyond = (half["headline"] & (far > HEADLINE_TOLERANCE)) | (half["stock"] & (far > STOCK_TOLERANCE))
        return list(half.index[beyond])

    @property
    def warned(self) -> list[str]:
        """Other stocks that move noticeably."""
        half, failed = self.half, set(self.failed)
        moved = half.index[half["stock"] & (half["difference"] > WARNING_TOLERANCE)]
        return [name for name in moved if name not in failed]

    def largest(self, table: pd.DataFrame) -> tuple[str, float, float] | None:
        """The stock that moves most in `half` or `runge_kutta`: name, share, time; None in a model without stocks."""
        stocks = table[table["stock"]]
        if stocks.empty:
            return None
        row = int(stocks["difference"].to_numpy().argmax())
        return str(stocks.index[row]), float(stocks["difference"].iloc[row]), float(stocks["time"].iloc[row])


def not_comparable(model: Model) -> str:
    """Why runs of a model at two steps tell nothing about its step; empty where they do."""
    if model.settings.method is Method.ADAPTIVE:
        return "the method chooses its steps itself"
    return "its random numbers are others at another step" if draws_random_numbers(model) else ""


def draws_random_numbers(model: Model) -> bool:
    """Whether an equation of a model draws random numbers."""
    return any(
        isinstance(node, Call) and key(node.function).startswith("random ")
        for variable in model.variables.values()
        for equation in variable.equations
        if equation.expression is not None
        for node in walk(equation.expression)
    )


def check_step(simulation: Simulation, own: pd.DataFrame) -> StepSize | None:
    """Run a model at half its step, and by RK4 where it uses Euler.

    Parameters
    ----------
    simulation : Simulation
    own : DataFrame
        Its own run.

    Returns
    -------
    StepSize or None
        None where `not_comparable` says why.

    Raises
    ------
    ScenarioError
        When the study's outputs.yaml cannot be used.
    """
    if not_comparable(simulation.model):
        return None
    method = simulation.model.settings.method
    step = next(float(own[name].iloc[0]) for name in own if key(str(name)) == _STEP)
    headlines = frozenset(map(key, headline_outputs(simulation.model)))
    half = as_table(_with_smaller_step(simulation, step, 2))
    quarter = as_table(_with_smaller_step(simulation, step, 4))
    other = None
    if method is Method.EULER:
        with suppress(ModelError):  # conveyors, queues and shifts move by whole steps: there is no such run
            smooth = simulation.integrated(Method.RK4)
            other = _judged(simulation, headlines, own, as_table(smooth.run()))
    judged = _judged(simulation, headlines, own, half)
    return StepSize(step, method, judged, other, _order(judged, largest_difference(half, quarter)))


def _order(half: pd.DataFrame, quarter: pd.DataFrame) -> float | None:
    """How much less a second halving of the step moves the median stock than the first, in powers of two."""
    stocks = half.index[half["stock"] & (half["difference"] > _MOVED)]
    first = half.loc[stocks, "difference"].to_numpy()
    second = quarter["difference"].reindex(stocks).to_numpy()
    sound = np.isfinite(first) & np.isfinite(second) & (second > 0)
    return float(np.median(np.log2(first[sound] / second[sound]))) if sound.any() else None


def _with_smaller_step(simulation: Simulation, step: float, parts: int) -> xr.Dataset:
    """A run at a part of the step, also where the file works it out, as ``TIME STEP = 1/8``, or lets it change."""
    from sd_covid.engine.simulation import Simulation

    if _STEP in map(key, simulation.constants):
        return simulation.run({_STEP: step / parts})
    model = copy.deepcopy(simulation.model)
    variable = model.variables[_STEP]
    expression = variable.equations[0].expression
    assert expression is not None, "a TIME STEP that is no constant is worked out"
    variable.equations = [
        replace(variable.equations[0], expression=Binary("/", expression, Number(float(parts))))
    ]
    return Simulation(model).run()


def headline_outputs(model: Model) -> list[str]:
    """The outputs of a model that its study calls headlines; none for a model outside a study.

    Raises
    ------
    ScenarioError
        When the study's outputs.yaml cannot be used.
    """
    from sd_covid.policy.catalogue.outputs import read_outputs

    path = None if model.path is None else study_folder(model.path) / "scenarios" / "outputs.yaml"
    if path is None or not is_there(path):
        return []
    named = [output.name for output in read_outputs(path) if output.headline]
    return [name for name in named if key(name.partition("[")[0]) in model.variables]


def _judged(
    simulation: Simulation, headlines: frozenset[str], own: pd.DataFrame, other: pd.DataFrame
) -> pd.DataFrame:
    """Differences from another run, with what each variable is."""
    found = largest_difference(own, other)
    found = found.drop(index=[name for name in found.index if key(name) in (_STEP, "saveper")])
    found["stock"] = [_is_stock(simulation.model, name) for name in found.index]
    found["headline"] = [
        key(name) in headlines or key(str(name).partition("[")[0]) in headlines for name in found.index
    ]
    return found


def _is_stock(model: Model, column: object) -> bool:
    """Whether a variable is integrated."""
    return any(
        equation.kind is Kind.EQUATION
        and isinstance(equation.expression, Call)
        and key(equation.expression.function) in _STOCKS
        for equation in model.variable(str(column).partition("[")[0]).equations
    )
