"""Whether ranks are uniform, judged by their whole distribution function at once.

In: ranks of truths among draws, each from 0 to `RANKS`. Out: the probability that uniform ranks stray as far, and the
envelope in which the distribution function of uniform ranks stays with a given probability. The test is that of
Säilynoja, Bürkner and Vehtari (Statistics and Computing 32, 2022): at every value the count of lower ranks has a
binomial distribution, and what counts is the most improbable of them all. Its own distribution is computed exactly,
since one count given the one before is binomial too (their section 2.2; here for discrete ranks).

arviz has the envelope, found to 1e-5 of a probability; at the levels that many parameters at once ask for that is the
size of what is looked for, and it gives no probability.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom

from sd_covid.calibration.types import Array, Index, Mask

RANKS = 99  # draws a truth is ranked among: a hundred ranks, so that each central 50 and 90 % is a whole number of them
ROUNDING = 1e-9  # relative, of a probability that is compared with itself


def uniformity(ranks: Index) -> float:
    """Probability that uniform ranks stray from uniformity at least as far as these.

    Parameters
    ----------
    ranks : ndarray of int, shape (replicate,)
        Each from 0 to `RANKS`.

    Raises
    ------
    ValueError
        No ranks, or one that is out of range.
    """
    if not len(ranks) or np.min(ranks) < 0 or np.max(ranks) > RANKS:
        raise ValueError(f"ranks from 0 to {RANKS} are expected")
    below = np.searchsorted(np.sort(ranks), np.arange(1, RANKS + 1))
    return 1.0 - _inside(len(ranks), float(np.min(_tails(below, len(ranks)))))


def central(ranks: Index, share: float) -> Mask:
    """Whether the central interval of that share of the draws holds the truth: its rank is a middle one.

    Parameters
    ----------
    ranks : ndarray of int
    share : float
        Of which as many whole ranks, of `RANKS` + 1, lie on either side: 0.5 or 0.9.
    """
    edge = round((RANKS + 1) * (1 - share) / 2)
    found: Mask = (ranks >= edge) & (ranks <= RANKS - edge)
    return found


def envelope(count: int, probability: float) -> tuple[Array, Array]:
    """Between which shares the distribution function of uniform ranks stays, at all ranks at once.

    Parameters
    ----------
    count : int
        Number of ranks.
    probability : float
        With which it stays there, at least: counts are whole numbers.

    Returns
    -------
    lower, upper : ndarray, shape (RANKS,)
        Share of ranks below 1, 2, …, `RANKS`.
    """
    # the tail left at each rank: by Bonferroni half of what is needed is too little, and 1 is too much
    left = brentq(
        lambda log: _inside(count, math.exp(log)) - probability,
        math.log((1 - probability) / RANKS / 2),
        0.0,
        xtol=1e-3,
    )
    tail = math.exp(left - 2e-3)  # on the safe side of a step
    lower, upper = _bounds(count, tail)
    return lower / count, upper / count


def _places() -> Array:
    """Probability of a rank below 1, 2, …, `RANKS`."""
    return np.arange(1, RANKS + 1) / (RANKS + 1)


def _tails(below: Index, count: int) -> Array:
    """Probability, at each rank, of a count at least as far out as the one there, both sides together."""
    places = _places()
    found: Array = 2.0 * np.minimum(binom.cdf(below, count, places), binom.sf(below - 1, count, places))
    return found


def _bounds(count: int, tail: float) -> tuple[Index, Index]:
    """Least and largest count at each rank whose two-sided tail probability is above ``tail``."""
    side, numbers = 0.5 * tail * (1 + ROUNDING), np.arange(count + 1)
    upwards, downwards = (
        binom.cdf(numbers, count, _places()[:, None]),
        binom.sf(numbers - 1, count, _places()[:, None]),
    )
    allowed = np.minimum(upwards, downwards) > side
    return np.argmax(allowed, axis=1), count - np.argmax(allowed[:, ::-1], axis=1)


def _inside(count: int, tail: float) -> float:
    """Probability that the counts of uniform ranks stay above a two-sided tail probability at every rank."""
    if tail >= 1.0:
        return 0.0
    lower, upper = _bounds(count, tail)
    reached, chance = np.array([0]), np.ones(1)
    for place in range(RANKS):
        now = np.arange(lower[place], upper[place] + 1)
        share = 1.0 / (RANKS + 1 - place)  # of those not yet below, how many are at this rank
        chance = chance @ binom.pmf(now - reached[:, None], count - reached[:, None], share)
        reached = now
    return min(1.0, float(np.sum(chance)))
