"""How far a group agrees on an ordered scale: van der Eijk's A, from -1 (two camps at the ends) to 1 (one opinion).

A distribution is taken apart into layers in which every place is full or empty; each has an agreement by the pattern of
its places, and A is their mean by weight (van der Eijk 2001, Quality and Quantity 35, 325-341, doi
10.1023/A:1010374114305).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations


def agreement(counts: Sequence[float]) -> float:
    """Van der Eijk's agreement A of an ordered scale.

    Parameters
    ----------
    counts : sequence of float
        How many chose each place of the scale, in its order; three places at least.

    Returns
    -------
    float
        1 when all chose the same, 0 when all places are chosen alike, -1 when half chose either end; NaN of nobody.

    Raises
    ------
    ValueError
        Fewer than three places.
    """
    if len(counts) < 3:
        raise ValueError("an ordered scale has three places at least")
    total = sum(counts)
    if total == 0:
        return float("nan")
    left, found = [float(count) for count in counts], 0.0
    while any(left):
        height = min(value for value in left if value > 0)
        pattern = [value > 0 for value in left]
        found += height * sum(pattern) / total * _of_layer(pattern)
        left = [value - height if value > 0 else 0.0 for value in left]
        left = [0.0 if value < 1e-12 * total else value for value in left]
    return found


def _of_layer(pattern: Sequence[bool]) -> float:
    """Agreement of a layer: whether its full places lie together, times how few they are."""
    places, full = len(pattern), sum(pattern)
    if full == places:
        return 0.0
    if full == 1:
        return 1.0
    together = apart = 0
    for first, second, third in combinations(pattern, 3):
        together += (first and second and not third) or (not first and second and third)
        apart += first and not second and third
    one_peak = ((places - 2) * together - (places - 1) * apart) / ((places - 2) * (together + apart))
    return one_peak * (1 - (full - 1) / (places - 1))
