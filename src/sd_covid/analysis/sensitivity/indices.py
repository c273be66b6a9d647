"""Indices of factors for one or many quantities, whatever the method, and what each method measures.

A quantity is a number that a run comes to: an outcome, or an output at one moment. Indices of many quantities have a
last axis for them; `Indices.of` takes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Literal["sobol", "morris", "pawn", "delta", "fast", "rbd-fast", "regional"]
METHODS: tuple[Method, ...] = get_args(Method)

#: What each method measures; on the first of these factors are ranked.
MEASURES: Mapping[Method, tuple[str, ...]] = {
    "sobol": ("total", "first"),
    "morris": ("mu_star", "mu", "sigma"),
    "pawn": ("median", "mean", "maximum"),
    "delta": ("delta",),
    "fast": ("total", "first"),
    "rbd-fast": ("first",),
    "regional": ("largest", "lowest", "highest"),
}
#: Methods whose indices are shares of the variance.
OF_VARIANCE: tuple[Method, ...] = ("sobol", "fast", "rbd-fast")

#: Central coverage of the intervals.
COVERAGE = 0.90


@dataclass(frozen=True, slots=True)
class Indices:
    """Indices of one quantity, or of many.

    Attributes
    ----------
    values : mapping of str to ndarray, shape (factor,) or (factor, quantity)
        By measure, as `MEASURES` names them. NaN where the quantity does not vary.
    half_widths : mapping of str to ndarray, of the same shapes
        Half width of the 90 % interval, by bootstrap; NaN where a method has none.
    variance : ndarray, shape () or (quantity,)
        Of the quantity over the design, in its unit squared.
    blocks : int
        Blocks of the design that the estimate rests on.
    floor : ndarray, shape () or (quantity,)
        What nineteen of twenty factors that do nothing stay below, on the leading measure; NaN where it was not sought.
    pairs : ndarray, shape (factor, factor) or (factor, factor, quantity), optional
        Second-order Sobol indices above the diagonal; NaN elsewhere.
    pair_half_widths : ndarray, of the same shape, optional
    """

    values: Mapping[str, Floats]
    half_widths: Mapping[str, Floats]
    variance: Floats
    blocks: int
    floor: Floats = field(default_factory=lambda: np.array(np.nan))
    pairs: Floats | None = None
    pair_half_widths: Floats | None = None

    @property
    def leading(self) -> Floats:
        """The measure on which factors are ranked."""
        return next(iter(self.values.values()))

    @property
    def leading_half_width(self) -> Floats:
        """Half width of its 90 % interval."""
        return next(iter(self.half_widths.values()))

    def of(self, quantity: int | slice) -> Indices:
        """The indices of one quantity, or of some that follow each other."""
        return Indices(
            {name: value[:, quantity] for name, value in self.values.items()},
            {name: value[:, quantity] for name, value in self.half_widths.items()},
            np.asarray(self.variance[quantity]),
            self.blocks,
            np.asarray(self.floor[quantity]) if self.floor.ndim else self.floor,
            None if self.pairs is None else self.pairs[..., quantity],
            None if self.pair_half_widths is None else self.pair_half_widths[..., quantity],
        )


def varying(spread: Floats, noise: Floats) -> NDArray[np.bool_]:
    """Whether quantities vary by more than rounding, which an estimator would divide by itself; shape (quantity,)."""
    return np.asarray(spread > noise)
