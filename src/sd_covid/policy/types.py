"""What the policy stage asks of a model, and the shape of its numbers.

The engine's `Simulation` satisfies `Simulator`; tests put a few lines of arithmetic in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = NDArray[np.float64]


class Simulator(Protocol):
    """A loaded model."""

    @property
    def constants(self) -> Mapping[str, float]:
        """Every settable constant, in the model's spelling, with its default."""
        ...

    @property
    def model(self) -> Any:
        """The model as data; its name, its calendar and its units are looked at."""
        ...

    def run(
        self,
        parameters: Mapping[str, float] | pd.DataFrame | None = None,
        outputs: Sequence[str] | None = None,
        *,
        seed: int = 0,
        first_member: int = 0,
        threads: int | None = None,
    ) -> xr.Dataset:
        """One run, or one a row of a table of constants, with dimension ``member``."""
        ...

    def on(self, model: Any) -> Simulator:
        """Another model, with the same constants opened."""
        ...

    def stepping(self, names: Iterable[str]) -> Simulator:
        """The same model, in which constants can change on given times as some names say."""
        ...
