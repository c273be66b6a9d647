"""How a sampler of many chains tunes itself while it warms up: step size, length of the trajectories, scale.

In: what all chains did in a move, or where they have been. Out: the next step size and length, and a scale in which
what they have seen has unit spread.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigh

from sd_covid.calibration.types import Array

LEARNING_RATE = 0.025  # of the log of the length
QUARTER_TURN = math.pi / 2  # in a unit normal the end is then independent of the start
DEPENDENCE = (
    3.0  # draws of a chain that count for one independent draw, when the noise of a covariance is judged
)


class DualAverage:
    """Step size that brings acceptance to its target (Nesterov 2009; Hoffman and Gelman 2014, section 3.2)."""

    def __init__(self, first: float, target: float) -> None:
        self._target, self._centre = target, math.log(10 * first)
        self._sum, self._mean, self._count = 0.0, math.log(first), 0
        self.now = first

    def learn(self, acceptance: float) -> None:
        """Take in the acceptance of a move."""
        self._count += 1
        count = self._count
        self._sum += (self._target - acceptance - self._sum) / (count + 10)
        log = self._centre - math.sqrt(count) / 0.05 * self._sum
        weight = count**-0.75
        self._mean = weight * log + (1 - weight) * self._mean
        self.now = math.exp(log)

    @property
    def settled(self) -> float:
        """The average to be used once warm."""
        return math.exp(self._mean)


class Length:
    """The length of a trajectory, its logarithm climbed by noisy slopes (Adam: Kingma and Ba 2015)."""

    def __init__(self) -> None:
        self._log = self._mean = math.log(QUARTER_TURN)
        self._first = self._second = 0.0
        self._count = 0

    def learn(self, slope: float) -> None:
        """Take in the slope of the criterion by the length."""
        self._count += 1
        self._first += 0.1 * (slope - self._first)
        self._second += 0.05 * (slope * slope - self._second)
        first, second = self._first / (1 - 0.9**self._count), self._second / (1 - 0.95**self._count)
        self._log += LEARNING_RATE * first / (math.sqrt(second) + 1e-8)
        self._log = min(max(self._log, math.log(QUARTER_TURN / 2)), math.log(2 * QUARTER_TURN))
        weight = self._count**-0.5
        self._mean = weight * self._log + (1 - weight) * self._mean

    @property
    def now(self) -> float:
        """Of the next move of the warm-up."""
        return math.exp(self._log)

    @property
    def settled(self) -> float:
        """The average to be used once warm."""
        return math.exp(self._mean)


def halton(index: int) -> float:
    """The ``index``-th number of the Halton sequence of base 2, in (0, 1).

    Examples
    --------
    >>> [halton(1), halton(2), halton(3)]
    [0.5, 0.25, 0.75]
    """
    value, weight = 0.0, 0.5
    while index:
        value += weight * (index & 1)
        index >>= 1
        weight /= 2
    return value


def widened(draws: Array) -> Array:
    """The scale in which draws have unit spread, as far as they are enough to tell it from a unit normal's.

    In as many dimensions as chains visit, a covariance of few draws is mostly noise: of a unit normal, seen in n
    independent draws of p dimensions, the eigenvalues lie within (1 - sqrt(p/n))^2 and (1 + sqrt(p/n))^2. Eigenvalues
    within those bounds are taken to be 1, those outside to be the true ones that are seen there (Donoho, Gavish and
    Johnstone, Annals of Statistics 46, 2018: the spiked covariance model).

    Parameters
    ----------
    draws : ndarray, shape (draw, chain, dimension)
        In a scale that is thought to be about right.

    Returns
    -------
    ndarray, shape (dimension, dimension)
        A symmetric square root of the covariance.
    """
    flat = draws.reshape(-1, draws.shape[-1])
    ratio = flat.shape[1] / (len(flat) / DEPENDENCE)
    values, vectors = eigh(np.cov(flat.T).reshape(flat.shape[1], flat.shape[1]))
    spread = values + 1.0 - ratio
    inner = np.sqrt(np.maximum(spread * spread - 4.0 * values, 0.0))
    above, below = values > (1.0 + math.sqrt(ratio)) ** 2, values < max(0.0, 1.0 - math.sqrt(ratio)) ** 2
    true = np.where(above, (spread + inner) / 2.0, np.where(below, (spread - inner) / 2.0, 1.0))
    root: Array = (vectors * np.sqrt(np.maximum(true, 1e-12))) @ vectors.T
    return root
