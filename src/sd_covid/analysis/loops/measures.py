"""What a loop is like along a run: its polarity, its gain, and how long it takes.

The gain is the product of the partial derivatives once round (Kampmann 1996/2012, System Dynamics Review 28(4)); of a
loop through n stocks its unit is 1/time^n. A stock takes as long as it stays: one over the rate at which its own net
flow falls with it, all ways within an instant taken together; one that does not drain itself takes for ever, and
counts as unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from sd_covid.analysis.loops.inventory import Loop
from sd_covid.analysis.loops.links import Floats, Links

Polarity = Literal["reinforcing", "balancing", "changing", "idle"]


@dataclass(frozen=True)
class Measures:
    """Measures of the loops of a run.

    Parameters
    ----------
    links : Links
    """

    links: Links

    def gain(self, loop: Loop) -> Floats:
        """The gain at each instant, shape (instant,)."""
        return np.asarray(self.links.slopes[self.links.of(loop)].prod(axis=0))

    def polarity(self, loops: Sequence[Loop]) -> Polarity:
        """What some loops do while their gain is a number: one that turns, or two that differ, change."""
        gains = [self.gain(loop) for loop in loops]
        signs = {float(sign) for gain in gains for sign in np.unique(np.sign(gain[~np.isnan(gain)]))} - {0.0}
        if not signs:
            return "idle"
        if len(signs) > 1:
            return "changing"
        return "reinforcing" if signs == {1.0} else "balancing"

    def delay(self, loop: Loop) -> float:
        """The time once round: the mean stays in its stocks together, medians over the run.

        Returns
        -------
        float
            In the model's unit of time; NaN when a stock of it does not drain itself.
        """
        quantities = self.links.equations.quantities
        return sum((self._stay(k) for k in loop if quantities[k].state is not None), 0.0)

    def _stay(self, stock: int) -> float:
        if stock not in self._stays:
            rate = -self._own_slope(stock)
            draining = rate[rate > 0]
            self._stays[stock] = (
                float(1 / np.median(draining)) if 2 * len(draining) > len(rate) else float("nan")
            )
        return self._stays[stock]

    @cached_property
    def _stays(self) -> dict[int, float]:
        return {}

    @cached_property
    def _order(self) -> list[int]:
        """The quantities that are no state, each after those that it reads within an instant."""
        ranks = self.links.equations.ranks
        return sorted((k for k, rank in enumerate(ranks) if rank > 0), key=ranks.__getitem__)

    def _own_slope(self, stock: int) -> Floats:
        """The derivative of a stock's net flow by the stock, through everything that answers at once."""
        links, quantities = self.links, self.links.equations.quantities
        moved: dict[int, Floats] = {stock: np.ones(len(links.times))}

        def along(k: int) -> Floats | None:
            parts = [
                links.slopes[links.number[cause, k]] * moved[cause]
                for cause in quantities[k].inputs
                if cause in moved
            ]
            return np.asarray(sum(parts)) if parts else None

        for k in self._order:
            found = along(k)
            if found is not None:
                moved[k] = found
        own = along(stock)
        return np.zeros(len(links.times)) if own is None else own
