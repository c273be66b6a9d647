"""Samples of strengths and delays within their classes: each link by itself, triangular about the value of its class.

That classes reach to their neighbours, half as far where confidence is high and twice where it is low, and that links
err independently, are choices of our own. A strength never changes its sign by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.marvel.diagram import Diagram, Range

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Strengths and delays of all links.

    Attributes
    ----------
    strength : ndarray, shape (sample, link)
    delay : ndarray, shape (sample, link)
        Years.
    """

    strength: Floats
    delay: Floats

    @property
    def count(self) -> int:
        """How many."""
        return len(self.strength)

    def only(self, chosen: NDArray[np.bool_]) -> Samples:
        """Some of them."""
        return Samples(self.strength[chosen], self.delay[chosen])


def sample(diagram: Diagram, count: int, seed: int) -> Samples:
    """Draw strengths and delays.

    Parameters
    ----------
    diagram : Diagram
    count, seed : int

    Returns
    -------
    Samples
        A number without bounds stays as it is.
    """
    random = np.random.default_rng(seed)

    def drawn(ranges: Sequence[Range]) -> Floats:
        return np.stack(
            [
                random.triangular(item.low, item.value, item.high, count)
                if item.high > item.low
                else np.full(count, item.value)
                for item in ranges
            ],
            axis=1,
        )

    strengths, delays = zip(*map(diagram.reach, diagram.links), strict=True)
    return Samples(drawn(strengths), drawn(delays))
