"""Whether partial pooling tells a region better than the national average does, for regions that have a figure.

Each region is left out with everything that lies within it, and told from the others. In comes a `Local` projection;
out come a row for each figure, and errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.local.project import Local
from sd_covid.data.local.figures import Figure

Floats = NDArray[np.float64]

_NINETY = 1.6448536269514722  # standard deviations on either side of a normal mean with 90 % between


@dataclass(frozen=True)
class HeldOut:
    """Figures that were left out, and what was said of them.

    Attributes
    ----------
    figures : tuple of Figure
        One a region and level: its latest.
    value : ndarray, shape (figure,)
        Deviation from the country on the log odds.
    pooled, sd : ndarray, shape (figure,)
        Told from the others, and its standard deviation, noise included.
    composition : ndarray, shape (figure,)
        By composition alone.
    """

    figures: tuple[Figure, ...]
    value: Floats
    pooled: Floats
    sd: Floats
    composition: Floats

    @property
    def errors(self) -> dict[str, float]:
        """Root mean square errors of the national average, of composition alone and of partial pooling, log odds."""
        found = {"average": self.value, "composition": self.value - self.composition}
        found["pooled"] = self.value - self.pooled
        return {name: float(np.sqrt(np.mean(gap**2))) for name, gap in found.items()}

    @property
    def coverage(self) -> float:
        """Share of the figures within the 90 % interval of partial pooling."""
        return float(np.mean(np.abs(self.value - self.pooled) <= _NINETY * self.sd))

    def at(self, level: str) -> HeldOut:
        """Those of a level."""
        kept = np.array([item.region.level == level for item in self.figures], dtype=np.bool_)
        figures = tuple(item for item in self.figures if item.region.level == level)
        return HeldOut(figures, self.value[kept], self.pooled[kept], self.sd[kept], self.composition[kept])


def hold_out(local: Local) -> HeldOut:
    """Leave out each region that has figures, with all within it, and tell it from the others.

    Figures that were published for being extreme tell nothing of others: they are compared with what is known without
    any of them, and the errors are then those of a sample of extremes.
    """
    regions, measured = local.profiles.regions, local.measured
    spans = [frozenset(regions.within(item.region)) for item in local.figures]
    latest: dict[tuple[str, str], int] = {}
    for row, item in enumerate(local.figures):
        place = (item.region.level, item.region.code)
        if place not in latest or item.when >= local.figures[latest[place]].when:
            latest[place] = row
    rows = list(latest.values())
    told = []
    for row in rows:
        others = np.array([not span <= spans[row] for span in spans], dtype=np.bool_)
        mean, sd = local.pool.predicted(measured.where(others), measured.parts[row])
        told.append((mean, np.hypot(sd, measured.noise[row]), measured.parts[row] @ local.pool.fixed[:, 0]))
    found = np.array(told).reshape(-1, 3)
    return HeldOut(
        tuple(local.figures[row] for row in rows), measured.value[rows], found[:, 0], found[:, 1], found[:, 2]
    )
