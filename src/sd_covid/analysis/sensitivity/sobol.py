"""Sobol indices of many quantities at once: every factor, output and moment in a few products of matrices.

In go the outcomes of a Sobol design; out come first- and total-order indices, and second-order ones where the design
holds their rows, with intervals. The estimators and the bootstrap are SALib's, number for number. SALib takes one
quantity at a time and gathers every resample; here a resample is a row of weights on the blocks, so that all of them
are one product of matrices.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.designs import Design
from sd_covid.analysis.sensitivity.indices import COVERAGE, Indices, varying
from sd_covid.engine.run.kernel import thread_count
from sd_covid.errors import RunError

Floats = NDArray[np.float64]

#: Numbers that one part of the work holds in each of its few large arrays: 8 MiB.
_PART = 2**20


def sobol_indices(
    design: Design,
    values: NDArray[np.floating],
    kept: NDArray[np.bool_],
    noise: Floats,
    *,
    seed: int,
    resamples: int,
) -> Indices:
    """Sobol indices of quantities over the sound blocks of a design.

    Parameters
    ----------
    design : Design
        Of the method ``sobol``.
    values : ndarray, shape (row, quantity)
        Single precision will do for what is counted from a value nearby. Rows of blocks that are not kept may be NaN.
    kept : ndarray of bool, shape (block,)
    noise : ndarray, shape (quantity,)
        A spread that is rounding only; what varies by no more has no indices.
    seed, resamples : int
        Of the bootstrap over blocks; without resamples there are no intervals.

    Returns
    -------
    Indices

    Raises
    ------
    RunError
        When fewer than two blocks are kept.

    Notes
    -----
    Saltelli et al. 2010 (doi 10.1016/j.cpc.2009.09.018), table 2, (b) for the first order and (f), Jansen's, for the
    total order; Saltelli 2002 (doi 10.1016/S0010-4655(02)00280-1) for the second; each over the variance of both base
    points, the outcomes centred on their mean. The half width is the standard deviation over resamples times the normal
    quantile. Taking out blocks leaves the rest a sample of the factors given that nothing fails.
    """
    blocks = int(kept.sum())
    if blocks < 2:
        raise RunError("fewer than two blocks of the design ran without failure", advice="narrow the ranges")
    weights = _weights(blocks, seed, resamples)
    by_block = values.reshape(design.blocks, design.block, -1)
    estimate = partial(_part, design, weights)
    count = values.shape[1]
    width = max(1, _PART // (max(blocks, len(weights)) * design.block))
    parts = [slice(first, min(first + width, count)) for first in range(0, count, width)]

    def work(part: slice) -> dict[str, Floats]:
        return estimate(by_block[:, :, part][kept].astype(np.float64), noise[part])

    with ThreadPoolExecutor(thread_count()) as pool:
        found = list(pool.map(work, parts))
    joined = {name: np.concatenate([item[name] for item in found], axis=-1) for name in found[0]}
    return Indices(
        values={name: joined[name] for name in ("total", "first")},
        half_widths={name: joined[f"{name} half"] for name in ("total", "first")},
        variance=joined["variance"],
        blocks=blocks,
        floor=np.full(count, np.nan),
        pairs=joined.get("pairs"),
        pair_half_widths=joined.get("pairs half"),
    )


def _weights(blocks: int, seed: int, resamples: int) -> Floats:
    """Weights of the blocks, shape (1 + resample, block): all alike, then how often each resample holds a block.

    The numbers that are drawn are those that SALib draws from the same seed.
    """
    weights = np.empty((1 + resamples, blocks))
    weights[0] = 1.0
    if resamples:
        drawn = np.random.default_rng(seed).integers(blocks, size=(blocks, resamples))
        for position, column in enumerate(drawn.T):
            weights[1 + position] = np.bincount(column, minlength=blocks)
    return weights / blocks


def _part(design: Design, weights: Floats, y: Floats, noise: Floats) -> dict[str, Floats]:
    """Indices of some quantities; y has shape (block, row of the block, quantity)."""
    subjects = design.subjects
    vary = varying(np.ptp(y.reshape(-1, y.shape[2]), axis=0), noise)
    y -= y.reshape(-1, y.shape[2]).mean(axis=0)
    a, b, ab = y[:, 0], y[:, -1], y[:, 1 : 1 + subjects]
    variance = weights @ (a**2 + b**2) / 2 - (weights @ (a + b) / 2) ** 2

    def over_variance(product: Floats) -> Floats:
        """Shares of the variance, shape (1 + resample, ..., quantity), of products by block."""
        mean = (weights @ product.reshape(len(product), -1)).reshape(-1, *product.shape[1:])
        below = variance.reshape(len(variance), *(1,) * (mean.ndim - 2), -1)
        # A resample that repeats one block does not vary; SALib calls its index zero.
        return np.divide(mean, below, out=np.zeros_like(mean), where=below > 0)

    first = over_variance(b[:, None] * (ab - a[:, None]))
    shares = {"first": first, "total": over_variance((ab - a[:, None]) ** 2) / 2}
    found = {"variance": variance[0]}
    for name, share in shares.items():
        found |= _summary(name, share, vary)
    if design.second_order:
        ba = y[:, 1 + subjects : 1 + 2 * subjects]
        pairs = np.full((subjects, subjects, y.shape[2]), np.nan)
        halves = pairs.copy()
        for j, k in combinations(range(subjects), 2):
            pair = over_variance(ba[:, j] * ab[:, k] - a * b) - first[:, j] - first[:, k]
            told = _summary("pair", pair, vary)
            pairs[j, k], halves[j, k] = told["pair"], told["pair half"]
        found |= {"pairs": pairs, "pairs half": halves}
    return found


def _summary(name: str, share: Floats, vary: NDArray[np.bool_]) -> dict[str, Floats]:
    """An index and half of its interval, from all blocks and from resamples on the first axis."""
    from scipy.special import ndtri

    half = np.full(share.shape[1:], np.nan)
    if len(share) > 2:
        half = ndtri(0.5 + COVERAGE / 2) * share[1:].std(axis=0, ddof=1)
    return {name: np.where(vary, share[0], np.nan), f"{name} half": np.where(vary, half, np.nan)}
