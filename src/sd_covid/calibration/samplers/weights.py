"""Weights of particles: how many they are worth, whether a few carry the rest, and resampling by them.

In: logarithms of weights, particles along the last axis.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import logsumexp

from sd_covid.calibration.types import Array, Index


def systematic(weights: Array, rng: np.random.Generator) -> Index:
    """Resample: places of as many particles as there are weights, each as often as its weight says, but for rounding.

    Systematic resampling (Carpenter, Clifford and Fearnhead, IEE Proceedings 146, 1999), in the order of the weights.

    Parameters
    ----------
    weights : ndarray, shape (particle,)
        They add to one.
    rng : Generator
    """
    count = len(weights)
    edges = np.cumsum(weights)
    found = np.searchsorted(edges / edges[-1], (np.arange(count) + rng.random()) / count, side="right")
    return np.minimum(found, count - 1)


def pareto_k(logs: Array) -> float:
    """Pareto shape of the upper tail of weights, given by their logarithms; NaN where they are all the same."""
    from sd_covid.calibration.samplers.quiet_arviz import arviz

    smoothed: Any = arviz.psislw  # arviz has no types
    flat = np.ravel(logs)
    flat = flat[np.isfinite(flat)]
    if len(flat) < 25 or np.ptp(flat) < 1e-9:
        return math.nan
    return float(smoothed(flat)[1])


def normalised(logs: Array) -> Array:
    """Weights of each island, adding to one, from their logarithms."""
    weights: Array = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return weights


def relative_size(logs: Array) -> Array:
    """Effective size of the weights of each island, over the number of particles (Kish). Shape (island,)."""
    size: Array = 1.0 / np.sum(normalised(logs) ** 2, axis=1) / logs.shape[1]
    return size
