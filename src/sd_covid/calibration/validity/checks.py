"""Posterior predictive checks: whether figures look like those that the posterior would have published.

A few quantities of a series, each beside its distribution over series drawn from the posterior (Gelman, Meng and Stern,
Statistica Sinica 6, 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.types import Array

FEWEST = 4  # figures for which a spread or a correlation says anything


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One quantity of a series.

    Attributes
    ----------
    quantity : str
        A name of `QUANTITIES`.
    figures : float
        Of the published figures.
    low, median, high : float
        5 %, 50 % and 95 % quantile over drawn series.
    probability : float
        That a drawn series has a larger one, ties counted half: near 0 or 1 the posterior would hardly publish this.
    """

    quantity: str
    figures: float
    low: float
    median: float
    high: float
    probability: float

    @property
    def strange(self) -> bool:
        """Whether fewer than one drawn series in twenty is so far to that side."""
        return not 0.05 <= self.probability <= 0.95


def _lag_one(values: Array, ends: Array) -> Array:
    centred = values - values.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        found: Array = (centred[..., 1:] * centred[..., :-1]).sum(axis=-1) / (centred**2).sum(axis=-1)
    return found


def _over_a_year(values: Array, ends: Array) -> Array:
    """Changes over twelve months; none where no two figures are so far apart."""
    first, last = np.nonzero(np.abs(ends[None, :] - ends[:, None] - 12.0) < 1e-6)
    return values[..., last] - values[..., first]


def _rise(values: Array, ends: Array) -> Array:
    changes = _over_a_year(values, ends)
    return changes.max(axis=-1) if changes.shape[-1] else np.full(values.shape[:-1], np.nan)


def _fall(values: Array, ends: Array) -> Array:
    changes = _over_a_year(values, ends)
    return changes.min(axis=-1) if changes.shape[-1] else np.full(values.shape[:-1], np.nan)


QUANTITIES: dict[str, Callable[[Array, Array], Array]] = {
    "mean": lambda values, ends: np.asarray(values.mean(axis=-1)),
    "sd": lambda values, ends: np.asarray(values.std(axis=-1)),
    "lag one": _lag_one,
    "largest rise": _rise,
    "largest fall": _fall,
    "highest": lambda values, ends: np.asarray(values.max(axis=-1)),
    "lowest": lambda values, ends: np.asarray(values.min(axis=-1)),
}


def check_rows(figures: Array, drawn: Array, ends: Array) -> tuple[CheckRow, ...]:
    """Every quantity that a series has.

    Parameters
    ----------
    figures : ndarray, shape (figure,)
    drawn : ndarray, shape (draw, figure)
        Series drawn from the posterior.
    ends : ndarray, shape (figure,)
        Ends of the periods, in months.

    Returns
    -------
    tuple of CheckRow
        None for a series of fewer than four figures.
    """
    rows: list[CheckRow] = []
    if len(figures) < FEWEST:
        return ()
    for name, quantity in QUANTITIES.items():
        own, others = float(quantity(figures, ends)), quantity(drawn, ends)
        if not np.isfinite(own) or not np.all(np.isfinite(others)):
            continue
        low, median, high = np.quantile(others, [0.05, 0.5, 0.95]).tolist()
        larger = float(np.mean(others > own) + 0.5 * np.mean(others == own))
        rows.append(CheckRow(name, own, low, median, high, larger))
    return tuple(rows)
