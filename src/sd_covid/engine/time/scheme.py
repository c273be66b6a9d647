"""Integration with a fixed step: where each method takes its slopes, and how it weighs them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sd_covid.model.structure import Method


@dataclass(frozen=True, slots=True)
class Scheme:
    """An explicit method whose every slope starts from the slope before it.

    Attributes
    ----------
    reaches : tuple of Fraction
        How far along the step each slope after the first is taken, along the slope before it.
    weights : tuple of int
        Weight of each slope; their sum is what the total is divided by.
    """

    reaches: tuple[Fraction, ...] = ()
    weights: tuple[int, ...] = (1,)

    @property
    def per_step(self) -> int:
        """Instants of a step at which data series are read."""
        return max((reach.denominator for reach in self.reaches), default=1)

    def instants(self) -> tuple[int, ...]:
        """The instant within the step at which each slope is taken."""
        return (0, *(int(reach * self.per_step) for reach in self.reaches))


_HALF, _WHOLE = Fraction(1, 2), Fraction(1)
SCHEMES = {
    Method.EULER: Scheme(),
    Method.MIDPOINT: Scheme((_HALF,), (0, 1)),  # what is switched at whole steps is never averaged
    Method.RK2: Scheme((_WHOLE,), (1, 1)),  # Heun's, as Stella documents it
    Method.RK4: Scheme((_HALF, _HALF, _WHOLE), (1, 2, 2, 1)),
}
