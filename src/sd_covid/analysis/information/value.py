"""Expected value of perfect information, of everything and of some parameters, from draws of net benefit.

In come benefits of options on the same draws, and what might be learnt on those draws; out come values with standard
errors. For some parameters by regression, after Strong, Oakley and Brennan (Medical Decision Making 34, 2014): the
benefit expected once they are known is the regression of benefit on them. As draws are joint, knowing a parameter tells
of those that go with it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sd_covid.analysis.information.smooth import Basis, Smoother, bases, chosen, smoother
from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

#: Share of unrelated parameters from which the tail of what chance shows is drawn out.
_TAIL = 0.1


@dataclass(frozen=True, slots=True)
class Value:
    """A value of information, in the unit of the benefit.

    Attributes
    ----------
    raw : float
        As estimated, never below 0.
    bias : float
        By how much the estimate is too high, since the best of several fitted benefits is taken.
    error : float
        Standard error.
    effective : float
        Effective number of terms of the regression; 0 of perfect information.
    """

    raw: float
    bias: float
    error: float
    effective: float = 0.0

    @property
    def corrected(self) -> float:
        """Without the bias, not below 0."""
        return max(self.raw - self.bias, 0.0)


@dataclass(frozen=True, slots=True)
class Information:
    """What it would be worth to know more.

    Attributes
    ----------
    options : tuple of str
    chosen : int
        Place of the option with the largest expected benefit as things are.
    everything : Value
        Of knowing all that varies (EVPI).
    parts : dict
        Name of a parameter or group -> value of knowing it alone (EVPPI).
    chance : float
        The value that the most telling of as many unrelated parameters would seem to have in 95 of 100 cases.
    draws : int
    """

    options: tuple[str, ...]
    chosen: int
    everything: Value
    parts: dict[str, Value]
    chance: float
    draws: int


def perfect(benefit: Floats) -> Value:
    """Expected value of perfect information, with jackknife bias and standard error.

    Parameters
    ----------
    benefit : ndarray, shape (draw, option)
    """
    size = len(benefit)
    _refuse_few(size)
    best, total = benefit.max(axis=1), benefit.sum(axis=0)
    raw = float(best.mean() - benefit.mean(axis=0).max())
    # Leaving each draw out in turn needs only sums.
    left_out = (best.sum() - best) / (size - 1) - ((total - benefit) / (size - 1)).max(axis=1)
    bias = (size - 1) * (float(left_out.mean()) - raw)
    error = float(np.sqrt((size - 1) / size * np.sum((left_out - left_out.mean()) ** 2)))
    return Value(max(raw, 0.0), bias, error)


def partial(benefit: Floats, parameters: Floats, *, resamples: int = 200, seed: int = 0) -> Value:
    """Expected value of perfect information on some parameters together (EVPPI).

    Parameters
    ----------
    benefit : ndarray, shape (draw, option)
    parameters : ndarray, shape (draw, parameter)
        On the same draws.
    resamples : int
        Of the error of the regression, from which bias and standard error come.
    seed : int

    Returns
    -------
    Value

    Raises
    ------
    RunError
        Fewer than ten draws.

    Notes
    -----
    The bias is that of the maximum of fitted benefits: what the estimate rises by when the fit's own error is added to
    it once more. The standard error has that error and the sampling of draws.
    """
    _refuse_few(len(benefit))
    apart = _apart(benefit)
    found = smoother(parameters, apart)
    return _estimate(found, apart, np.random.default_rng(seed), resamples)


def information(
    benefit: Floats,
    options: tuple[str, ...],
    draws: pd.DataFrame,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    *,
    resamples: int = 200,
    unrelated: int = 1000,
    seed: int = 0,
) -> Information:
    """Value of knowing everything, each column of the draws, and each group of columns.

    Parameters
    ----------
    benefit : ndarray, shape (draw, option)
    options : tuple of str
    draws : DataFrame, shape (draw, parameter)
        Columns that do not vary are left out.
    groups : mapping, optional
        Name -> columns.
    resamples : int
        Of the error of each regression.
    unrelated : int
        Parameters drawn to see what chance shows.
    seed : int

    Returns
    -------
    Information
    """
    _refuse_few(len(benefit))
    varied = [str(name) for name in draws if draws[name].nunique() > 1]
    ordered, apart, parts = _ordered(len(benefit)), _apart(benefit), {}
    for place, name in enumerate(varied):
        values = draws[name].to_numpy(dtype=np.float64)
        if len(np.unique(values)) < len(values):
            parts[name] = partial(benefit, values[:, None], resamples=resamples, seed=seed + place)
        else:
            sorted_by_it = apart[np.argsort(values)]
            parts[name] = _of(ordered, sorted_by_it, np.random.default_rng(seed + place), resamples)
    for place, (name, columns) in enumerate((groups or {}).items(), start=len(varied)):
        together = draws[list(columns)].to_numpy(dtype=np.float64)
        parts[name] = partial(benefit, together, resamples=resamples, seed=seed + place)
    return Information(
        options,
        int(benefit.mean(axis=0).argmax()),
        perfect(benefit),
        parts,
        chance_level(benefit, len(varied), size=unrelated, seed=seed),
        len(benefit),
    )


def chance_level(benefit: Floats, parameters: int, *, size: int = 1000, seed: int = 0) -> float:
    """The corrected value that the best of so many unrelated parameters exceeds in 5 of 100 cases.

    Parameters
    ----------
    benefit : ndarray, shape (draw, option)
    parameters : int
        How many single parameters are looked at.
    size : int
        Unrelated parameters drawn.
    seed : int

    Notes
    -----
    What the best of many exceeds lies beyond the largest of some hundred draws. Beyond their 90th percentile the tail
    is taken to be exponential, as that of a sum of squares is.
    """
    rng, apart, ordered = np.random.default_rng(seed), _apart(benefit), _ordered(len(benefit))
    if parameters == 0:
        return 0.0
    found = [_of(ordered, apart[rng.permutation(len(apart))], rng, 50).corrected for _ in range(size)]
    beyond = 1.0 - 0.95 ** (1.0 / parameters)
    if beyond >= _TAIL:
        return float(np.quantile(found, 1.0 - beyond))
    start = float(np.quantile(found, 1.0 - _TAIL))
    excess = [value - start for value in found if value > start]
    return start + (float(np.mean(excess)) * np.log(_TAIL / beyond) if excess else 0.0)


def _ordered(draws: int) -> tuple[Basis, ...]:
    """The bases of any parameter without equal values, its draws in order."""
    return bases(np.arange(draws, dtype=np.float64)[:, None])


def _of(tried: tuple[Basis, ...], apart: Floats, rng: np.random.Generator, resamples: int) -> Value:
    """The value of a parameter, by its bases."""
    return _estimate(chosen(tried, apart), apart, rng, resamples)


def _apart(benefit: Floats) -> Floats:
    """Benefits less those of the option that is best on average: what all options share has no part in the choice."""
    return np.asarray(benefit - benefit[:, [int(benefit.mean(axis=0).argmax())]])


def _estimate(found: Smoother, apart: Floats, rng: np.random.Generator, resamples: int) -> Value:
    """Value, bias and standard error from a fitted smoother; the best option of `apart` is nil throughout."""
    fitted = found.fit(apart)
    best = fitted.max(axis=1)
    raw = float(best.mean() - fitted.mean(axis=0).max())
    again = fitted.T[:, None, :] + found.noise(found.residual(apart), resamples, rng)
    values = again.max(axis=0).mean(axis=1) - again.mean(axis=2).max(axis=0)
    sampling = float(best.std(ddof=1)) / np.sqrt(len(best))
    return Value(
        max(raw, 0.0),
        float(values.mean()) - raw,
        float(np.hypot(values.std(ddof=1), sampling)),
        found.effective,
    )


def _refuse_few(draws: int) -> None:
    if draws < 10:
        raise RunError(f"{draws} draws tell nothing of the value of information", advice="take some hundreds")
