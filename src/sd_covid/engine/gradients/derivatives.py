"""Derivatives of a model that is lowered: of outputs, of all saved values, and of a misfit, by some constants."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.gradients.objective import Misfit, value_and_gradient, values_and_gradients
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.lower.free import Free
from sd_covid.engine.lower.model import CONTROL
from sd_covid.engine.lowered import Lowered, numbers_of
from sd_covid.engine.results import attributes, dataset
from sd_covid.engine.run.ensemble import memory_limit, refuse_too_large
from sd_covid.engine.run.kernel import TRAJECTORY, Members, thread_count
from sd_covid.engine.time.timegrid import TimeGrid, positions, steps_of, time_grid
from sd_covid.errors import RunError
from sd_covid.model.structure import Method, Model

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sd_covid.engine.gradients.gradient import Differentiable
    from sd_covid.engine.gradients.jacobian import JacobianCode
    from sd_covid.engine.gradients.sweep import GradientCode


class Derivatives(Lowered):
    """A model that is lowered, and its exact derivatives."""

    def __init__(self, model: Model, free: Free) -> None:
        super().__init__(model, free)
        self._gradients: dict[tuple[int, ...], GradientCode] = {}
        self._jacobians: dict[tuple[tuple[int, ...], tuple[tuple[int, ...], ...]], JacobianCode] = {}

    def differentiable(
        self,
        outputs: Sequence[str],
        parameters: Sequence[str],
        constants: Mapping[str, float] | None = None,
        save_every: float | None = None,
        memory: int = TRAJECTORY,
        seed: int = 0,
    ) -> Differentiable:
        """Some outputs as a differentiable function of some constants.

        Parameters
        ----------
        outputs : sequence of str
            Each one number: a scalar, or ``name[Element]``.
        parameters : sequence of str
            Constants; an array's name stands for all its elements, set alike.
        constants : mapping, optional
            Other constants that differ from the file.
        save_every : float, optional
            Interval at which outputs are read; by default SAVEPER. A multiple of TIME STEP.
        memory : int
            Bytes that the states of a run may take; beyond, parts of it are run twice instead of being kept.
        seed : int
            Of the random numbers.

        Returns
        -------
        Differentiable

        Raises
        ------
        UnknownNameError
            For a constant or output that the model does not have.
        RunError
            For an output that is an array.
        """
        uniform, _, _ = self._settings(constants)
        grid = self._grid(Members(uniform, {}, 1, 1), 1e8)
        if save_every is not None:
            if grid.instants:
                raise RunError(
                    "this model's TIME STEP moves, so an interval is no number of steps",
                    advice="leave out save_every, and set SAVEPER",
                )
            grid = time_grid(grid.start, grid.start + grid.steps * grid.step, grid.step, save_every)
        return self._function(outputs, parameters, uniform, grid, memory, seed)

    def _function(
        self,
        outputs: Sequence[str],
        parameters: Sequence[str],
        uniform: NDArray[np.float64],
        grid: TimeGrid,
        memory: int = TRAJECTORY,
        seed: int = 0,
    ) -> Differentiable:
        from sd_covid.engine.gradients.gradient import Differentiable
        from sd_covid.engine.gradients.sweep import GradientCode

        nodes = tuple(self.program.cells[self._one_cell(name)] for name in outputs)
        numbers = [[self._number[c] for c in self.names.constants(name)] for name in parameters]
        self._refuse_control(parameters, numbers)
        _refuse_overlap(parameters, numbers)
        if nodes not in self._gradients:
            self._gradients[nodes] = GradientCode(self.program, list(nodes))
        return Differentiable(self._gradients[nodes], uniform, numbers, grid, memory, seed)

    def jacobian(
        self,
        outputs: Sequence[str],
        parameters: Mapping[str, float] | pd.Series[float] | pd.DataFrame,
        constants: Mapping[str, float] | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> xr.Dataset:
        """Exact derivatives of outputs at all saved times with respect to some constants.

        Parameters
        ----------
        outputs : sequence of str
        parameters : mapping, Series or DataFrame
            The constants to differentiate with respect to, and the values at which; a DataFrame has one in each row.
        constants : mapping, optional
            Other constants that differ from the file.
        threads : int, optional
        seed : int
            Of the random numbers.

        Returns
        -------
        Dataset
            Dimensions (member,) time, parameter, subscripts. Derivatives through switch times are zero.

        Raises
        ------
        UnknownNameError
            For a constant or output that the model does not have.
        RunError
            For the time bounds among the parameters, parameters that set the same constant, or a result that is too
            large.
        """
        import pandas as pd

        batch = isinstance(parameters, pd.DataFrame)
        point = parameters if isinstance(parameters, pd.DataFrame) else dict(parameters)
        names = [str(name) for name in point]
        numbers = [[self._number[c] for c in self.names.constants(name)] for name in names]
        self._refuse_control(names, numbers)
        _refuse_overlap(names, numbers)
        columns = self._columns(outputs)
        nodes = [self.program.cells[cell] for cells in columns.values() for cell in cells]
        members = self._members(_beside(point, constants or {}), seed, 0)
        wanted = (tuple(nodes), tuple(map(tuple, numbers)))
        from sd_covid.engine.gradients.jacobian import JacobianCode

        if wanted not in self._jacobians:
            self._jacobians[wanted] = JacobianCode(self.program, nodes, numbers)
        grid = self._grid(members, 1e8)
        entries = len(nodes) * members.count * len(grid.saved) * len(names)
        refuse_too_large(2 * 8 * entries, memory_limit(None))  # as the kernel leaves them, and in order
        _, found = self._jacobians[wanted].run(members, grid, threads or thread_count())
        found = found[:, :, grid.kept]
        leading: dict[str, Any] = {
            "time": grid.saved[grid.kept],
            "parameter": pd.Index(names, dtype=object),
        }
        if batch:
            leading = {"member": np.arange(members.count), **leading}
        else:
            found = found[:, 0]
        attrs = attributes(
            self.model, self.program, self.fingerprint, derivative="of each variable by parameter"
        )
        return dataset(self.model, self.subscripts, columns, found, leading, attrs)

    @overload
    def value_and_gradient(
        self,
        misfit: Misfit,
        parameters: Mapping[str, float] | pd.Series[float],
        threads: int | None = None,
        seed: int = 0,
    ) -> tuple[float, pd.Series[float]]: ...

    @overload
    def value_and_gradient(
        self, misfit: Misfit, parameters: pd.DataFrame, threads: int | None = None, seed: int = 0
    ) -> tuple[pd.Series[float], pd.DataFrame]: ...

    def value_and_gradient(
        self,
        misfit: Misfit,
        parameters: Mapping[str, float] | pd.Series[float] | pd.DataFrame,
        threads: int | None = None,
        seed: int = 0,
    ) -> tuple[float, pd.Series[float]] | tuple[pd.Series[float], pd.DataFrame]:
        """A misfit and its exact derivatives.

        Parameters
        ----------
        misfit : Misfit
            Such as `LeastSquares`.
        parameters : mapping, Series or DataFrame
            The constants to differentiate with respect to, and the values at which; a DataFrame has one member in each
            row.
        threads : int, optional
            For a DataFrame; by default all processors this process may use.
        seed : int
            Of the random numbers.

        Returns
        -------
        value : float, or Series over the rows
        gradient : Series over ``parameters``, or DataFrame of the shape of ``parameters``
            Derivatives through switch times are zero. NaN where a member fails.

        Raises
        ------
        UnknownNameError
            For a constant or output that the model does not have.
        RunError
            When the misfit reads a time that is not on the model's grid of steps; for the time bounds among the
            parameters, parameters that set the same constant, or values that are not finite numbers.
        """
        import pandas as pd

        uniform = self.program.defaults
        base = self._grid(Members(uniform, {}, 1, 1), 1e8)
        if base.instants:
            position, every = _rows(misfit.times, base), base.every
        else:
            position, every = positions(misfit.times, base)
        point = parameters if isinstance(parameters, pd.DataFrame) else dict(parameters)
        theta = np.array([numbers_of(str(name), point[name]) for name in point]).T
        names = [str(name) for name in point]
        grid = replace(base, every=every)
        function = self._function(misfit.outputs, names, uniform, grid, seed=seed)
        if isinstance(parameters, pd.DataFrame):
            value, gradient = values_and_gradients(
                function.batch(threads), theta.reshape(len(parameters), len(names)), misfit, position
            )
            frame = pd.DataFrame(gradient, index=parameters.index, columns=parameters.columns)
            return pd.Series(value, index=parameters.index, name="misfit"), frame
        found, slope = value_and_gradient(function, theta, misfit, position)
        index = parameters.index if isinstance(parameters, pd.Series) else names
        return found, pd.Series(slope, index=index)

    def _refuse_control(self, names: Sequence[str], numbers: list[list[int]]) -> None:
        if self.program.method is Method.ADAPTIVE:
            raise RunError("no derivatives with adaptive steps", advice="choose euler, rk2 or rk4")
        moving = self._in_instants
        for name, found in zip(names, numbers, strict=True):
            if any(self._cells[k].variable in CONTROL or k in moving for k in found):
                raise RunError(
                    f"no derivative with respect to {name}", advice="pass it in `constants`", variable=name
                )

    @functools.cached_property
    def _in_instants(self) -> set[int]:
        """The constants that decide when the steps of a run are: no derivative knows of that."""
        program = self.program
        nodes = [program.control[name] for name in ("initial time", "time step")]
        if program.clock is not None:
            part, _ = trim(program, list(program.clock.bounds.values()))
            nodes += [*part.constants, *(state.initial for state in part.states)]
        order = program.init.order(nodes)
        return {int(program.init.nodes[n][1]) for n in order if program.init.nodes[n][0] == "parameter"}


def _rows(times: NDArray[np.float64], grid: TimeGrid) -> NDArray[np.int64]:
    """Where some times stand among those that a model with moving bounds saves."""
    saved = np.flatnonzero(np.isin(np.arange(grid.steps + 1), grid.saves))
    steps = steps_of(times, grid)
    lost = ~np.isin(steps, saved)
    if lost.any():
        raise RunError(f"time {times[lost][0]:g} is not saved", advice="choose times that SAVEPER saves")
    return np.searchsorted(saved, steps)


def _beside(
    point: dict[str, float] | pd.DataFrame, constants: Mapping[str, float]
) -> dict[str, float] | pd.DataFrame:
    """Parameters and the constants that are set beside them; of two values for one constant the parameter's holds."""
    others = {name: value for name, value in constants.items() if name not in point}
    return {**others, **point} if isinstance(point, dict) else point.assign(**others)[[*others, *point]]


def _refuse_overlap(names: Sequence[str], numbers: list[list[int]]) -> None:
    """An element may follow one parameter only."""
    owner: dict[int, str] = {}
    for name, found in zip(names, numbers, strict=True):
        for number in found:
            if number in owner:
                raise RunError(
                    f"'{name}' and '{owner[number]}' set the same constant",
                    advice="leave one of them out",
                    variable=name,
                )
            owner[number] = name
