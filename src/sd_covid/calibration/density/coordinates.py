"""Coordinates in which every prior has centre 0 and about unit spread, for the optimiser.

In: the estimated parameters. Out: natural values to coordinates and back, with the derivative, and the bounds there.
Parameters whose prior is one of the logarithm move on their logarithm.
"""

from __future__ import annotations

import numpy as np

from sd_covid.calibration.problem.petab import Parameter
from sd_covid.calibration.types import Array
from sd_covid.errors import RunError


class PriorScale:
    """Natural values in units of their priors' spread.

    Parameters
    ----------
    parameters : list of Parameter
        The estimated ones.

    Attributes
    ----------
    lower, upper : ndarray, shape (parameter,)
        Bounds in natural values.
    bounds : list of tuple of float
        The same in these coordinates.
    """

    def __init__(self, parameters: list[Parameter]) -> None:
        spans = np.array([quantiles(item) for item in parameters]).reshape(len(parameters), 3)
        self.lower = np.array([item.lower for item in parameters])
        self.upper = np.array([item.upper for item in parameters])
        self._log = np.array(
            [item.prior is not None and item.prior.logarithmic for item in parameters], dtype=bool
        )
        with np.errstate(all="ignore"):
            low, centre, high = self._map(spans.T)
            self._centre, self._spread = centre, (high - low) / 2
            self.bounds = list(zip(self.of(self.lower).tolist(), self.of(self.upper).tolist(), strict=True))

    def _map(self, x: Array) -> Array:
        mapped: Array = np.where(self._log, np.log(np.where(self._log, x, 1.0)), x)
        return mapped

    def of(self, x: Array) -> Array:
        """Coordinates of natural values."""
        with np.errstate(divide="ignore"):
            mapped: Array = (self._map(x) - self._centre) / self._spread
        return mapped

    def natural(self, s: Array) -> tuple[Array, Array]:
        """Natural values of coordinates, and their derivative."""
        y = self._centre + self._spread * s
        x = np.where(self._log, np.exp(np.where(self._log, y, 0.0)), y)
        slope = np.where(self._log, x, 1.0) * self._spread
        # exp(log(bound)) may miss the bound by rounding
        return np.clip(x, self.lower, self.upper), slope


def quantiles(parameter: Parameter) -> Array:
    """The prior's median, and what lies one standard deviation to either side of it in a normal one. Shape (3,)."""
    if parameter.prior is None:
        raise RunError(f"'{parameter.id}' has no prior", variable=parameter.id)
    return parameter.prior.quantile(np.array([0.16, 0.5, 0.84]))
