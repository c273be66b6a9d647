"""Misfits: numbers that say how far a run is from what was observed, with their derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.engine.gradients.gradient import Differentiable, DifferentiableBatch

VALUES = 2**25  # bytes of outputs of a batch that are looked at at a time


class Misfit(Protocol):
    """What `Simulation.value_and_gradient` needs to know."""

    @property
    def outputs(self) -> list[str]:
        """The variables it reads."""

    @property
    def times(self) -> NDArray[np.float64]:
        """The model times at which it reads them."""

    def value_and_seed(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The misfit of some values, shape (output, time), and its derivative with respect to each."""


class LeastSquares:
    """Half the sum of squared residuals, each divided by its standard deviation.

    Parameters
    ----------
    observed : DataFrame
        Index: model time; columns: names of variables (``name`` or ``name[Element]``), in the variable's unit;
        NaN where nothing was observed.
    sd : float or mapping, default 1.0
        Standard deviation, for all columns or by column, in the variable's unit.

    Raises
    ------
    DataError
        When nothing is observed, a time occurs twice, or a standard deviation is not positive.
    """

    def __init__(self, observed: pd.DataFrame, sd: float | dict[str, float] | pd.Series[float] = 1.0) -> None:
        frame = observed.sort_index()
        if frame.index.has_duplicates:
            raise DataError(
                f"time {frame.index[frame.index.duplicated()][0]} occurs twice among the observations"
            )
        self.observed = frame.to_numpy(dtype=float).T
        if not np.isfinite(self.observed).any():
            raise DataError("nothing is observed: every value is missing")
        self._outputs = [str(column) for column in frame.columns]
        self._times = frame.index.to_numpy(dtype=float)
        scale = [sd if isinstance(sd, float | int) else float(sd[column]) for column in frame.columns]
        if not all(s > 0 for s in scale):
            raise DataError(f"a standard deviation must be positive, not {min(scale):g}")
        self._sd = np.array(scale, dtype=float)[:, None]

    @property
    def outputs(self) -> list[str]:
        """The observed variables."""
        return self._outputs

    @property
    def times(self) -> NDArray[np.float64]:
        """The times of the observations, ascending."""
        return self._times

    def value_and_seed(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """See `Misfit.value_and_seed`."""
        residual = np.where(np.isfinite(self.observed), (values - self.observed) / self._sd, 0.0)
        return 0.5 * float((residual**2).sum()), residual / self._sd


def value_and_gradient(
    function: Differentiable, theta: NDArray[np.float64], misfit: Misfit, position: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """A misfit and its derivatives.

    Parameters
    ----------
    function : Differentiable
        Of the misfit's outputs.
    theta : ndarray, shape (parameter,)
    misfit : Misfit
    position : ndarray
        Where among the function's times those of the misfit stand.

    Returns
    -------
    value : float
    gradient : ndarray, shape (parameter,)
    """
    values = function.values(theta)
    value, part = misfit.value_and_seed(values[:, position])
    seed = np.zeros_like(values)
    seed[:, position] = part
    return value, function.gradient(seed)


def values_and_gradients(
    function: DifferentiableBatch, theta: NDArray[np.float64], misfit: Misfit, position: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The misfits of many points and their derivatives, some members at a time so that memory stays bounded.

    Parameters
    ----------
    function, misfit, position
        As for `value_and_gradient`.
    theta : ndarray, shape (member, parameter)

    Returns
    -------
    values : ndarray, shape (member,)
    gradients : ndarray, shape (member, parameter)
    """
    found, gradients = np.empty(len(theta)), np.empty(theta.shape)
    some = function.portion(VALUES // (8 * len(misfit.outputs) * len(function.time)))
    for first in range(0, len(theta), some):
        values = function.values(theta[first : first + some], first)
        seed = np.zeros_like(values)
        for k in range(values.shape[1]):
            found[first + k], seed[:, k, position] = misfit.value_and_seed(values[:, k, position])
        gradients[first : first + some] = function.gradient(seed)
    return found, gradients
