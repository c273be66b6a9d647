"""Shared shapes of the calibration stage: what an array is, and what it asks of a simulator.

The engine's `Simulation` satisfies `Simulator`; tests put a few lines of closed-form mathematics in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int], None]
"""Called with (done, total)."""


class Differentiable(Protocol):
    """A model as a differentiable function of some of its constants."""

    @property
    def time(self) -> Array:
        """Saved times, in model time. Shape (time,)."""
        ...

    def values(self, theta: Array, /) -> Array:
        """Outputs at the constants ``theta`` (shape (constant,)). Shape (output, time)."""
        ...

    def gradient(self, seed: Array, /) -> Array:
        """Vector-Jacobian product at the last `values`: ``seed`` (output, time) -> shape (constant,)."""
        ...

    def copy(self) -> Self:
        """An independent object for another thread."""
        ...

    def batch(self, threads: int | None = None, /) -> DifferentiableBatch:
        """The same function of many points at once."""
        ...


class DifferentiableBatch(Protocol):
    """A model as a differentiable function of some of its constants, at many points at once."""

    def values(self, theta: Array, /) -> Array:
        """Outputs at ``theta`` (shape (member, constant)). Shape (output, member, time)."""
        ...

    def gradient(self, seed: Array, /) -> Array:
        """Vector-Jacobian products at the last `values`: ``seed`` (output, member, time) -> (member, constant)."""
        ...


class Simulator(Protocol):
    """A loaded model."""

    @property
    def constants(self) -> Mapping[str, float]:
        """Every settable constant, in the model's spelling, with its default."""
        ...

    @property
    def model(self) -> Any:
        """The model as data; only its names and its hash are looked at."""
        ...

    @property
    def program(self) -> Any:
        """The model as lowered; only its hash is looked at."""
        ...

    def differentiable(
        self,
        outputs: Sequence[str],
        parameters: Sequence[str],
        constants: Mapping[str, float] | None = None,
        save_every: float | None = None,
    ) -> Differentiable:
        """The model as a function of ``parameters``, other constants fixed."""
        ...
