"""How far indices have converged: the same from a quarter and a half of the blocks as from all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.designs import Design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.indices import Indices

Floats = NDArray[np.float64]

#: The parts of the design, as powers of a half, that are set beside the whole.
_STEPS = (4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Convergence:
    """The leading measure from growing parts of the design.

    Attributes
    ----------
    blocks : tuple of int
        Sound blocks of each part, the whole last.
    leading : ndarray, shape (part, factor) or (part, factor, quantity)
    """

    blocks: tuple[int, ...]
    leading: Floats

    @property
    def drift(self) -> Floats:
        """Largest change of an index from half of the blocks to all, shape () or (quantity,); NaN when unknown."""
        if len(self.blocks) < 2:
            return np.full(self.leading.shape[2:], np.nan)
        return np.asarray(np.abs(self.leading[-1] - self.leading[-2]).max(axis=0))

    @property
    def relative_drift(self) -> Floats:
        """The drift as a part of the largest index, for a measure that has the unit of its quantity."""
        largest = np.abs(self.leading[-1]).max(axis=0)
        return np.asarray(
            np.divide(self.drift, largest, out=np.full_like(largest, np.nan), where=largest > 0)
        )

    def of(self, quantity: int | slice) -> Convergence:
        """The convergence of one quantity, or of some that follow each other."""
        return Convergence(self.blocks, self.leading[:, :, quantity])


def converged(
    design: Design,
    values: NDArray[np.floating],
    kept: NDArray[np.bool_],
    noise: Floats,
    whole: Indices,
    *,
    seed: int,
) -> Convergence:
    """Set the indices of the whole design beside those of its parts.

    A part is the first of the sound blocks: of a Sobol sequence those are a smaller one. FAST has no parts, as each
    curve is of one length.
    """
    parts: dict[int, Floats] = {}
    for count in () if design.method == "fast" else (whole.blocks // 2**step for step in _STEPS):
        # What needs a spectrum or a density needs a hundred points; an index of Sobol or Morris two blocks.
        if count >= (2 if design.block > 1 else 100):
            first = kept & (np.cumsum(kept) <= count)
            parts[count] = estimate(design, values, first, noise, seed=seed).leading
    return Convergence((*parts, whole.blocks), np.stack([*parts.values(), whole.leading]))
