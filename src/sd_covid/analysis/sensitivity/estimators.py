"""Indices by every method: Sobol for all quantities at once, the others one quantity after another, most by SALib.

In go a design, what the model made of it, and which blocks are sound; out come `Indices`. What does not vary has none.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity.designs import HARMONICS, LEVELS, SPAN, Design
from sd_covid.analysis.sensitivity.distances import between_regions, half_widths, within_slices
from sd_covid.analysis.sensitivity.indices import COVERAGE, MEASURES, Indices, varying
from sd_covid.analysis.sensitivity.sobol import sobol_indices
from sd_covid.errors import RunError

Floats = NDArray[np.float64]
#: By measure: value and half width of each factor.
Found = dict[str, tuple[Floats, Floats]]

#: Factors that do nothing, beside the model's, whose 95th percentile is the floor (Khorashadi Zadeh et al. 2017,
#: doi 10.1016/j.envsoft.2017.02.001).
_IDLE = 40
#: Fifths of the outcome that the regional analysis sets against the rest.
_REGIONS = 5


def estimate(
    design: Design,
    values: NDArray[np.floating],
    kept: NDArray[np.bool_],
    noise: Floats,
    *,
    seed: int,
    resamples: int = 0,
) -> Indices:
    """Indices of quantities over the sound blocks of a design.

    Parameters
    ----------
    design : Design
    values : ndarray, shape (row, quantity)
        Rows of blocks that are not kept may be NaN.
    kept : ndarray of bool, shape (block,)
    noise : ndarray, shape (quantity,)
        A spread that is rounding only.
    seed, resamples : int
        Of the bootstrap; without resamples there are no intervals.

    Returns
    -------
    Indices
        Of FAST, a factor whose search curve is not kept has NaN.

    Raises
    ------
    RunError
        When too few blocks are kept.
    """
    if design.method == "sobol":
        return sobol_indices(design, values, kept, noise, seed=seed + 1, resamples=resamples)
    curves = design.method == "fast"
    if kept.sum() < (1 if curves else 2):
        raise RunError("fewer than two blocks of the design ran without failure", advice="narrow the ranges")
    rows = design.rows(kept)
    x, y = design.points[rows], np.asarray(values[rows], dtype=np.float64)
    vary = varying(np.ptp(y, axis=0), noise)
    shape = (int(kept.sum()) if curves else design.subjects, y.shape[1])
    names = MEASURES[design.method]
    found = {name: np.full(shape, np.nan) for name in names}
    halves = {name: np.full(shape, np.nan) for name in names}
    floor = np.full(y.shape[1], np.nan)
    for column in np.flatnonzero(vary):
        for name, (value, half) in _of_one(design, x, y[:, column], seed + 1, resamples).items():
            if name == "floor":
                floor[column] = value[0]
            else:
                found[name][:, column], halves[name][:, column] = value, half
    if curves:
        found, halves = (
            {name: _placed(part, kept) for name, part in all_.items()} for all_ in (found, halves)
        )
    return Indices(found, halves, y.var(axis=0), int(kept.sum()), floor)


def _placed(found: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Indices of the curves that ran, among all factors."""
    placed = np.full((len(kept), found.shape[1]), np.nan)
    placed[kept] = found
    return placed


def _of_one(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """Indices of one quantity."""
    work: dict[str, Callable[[Design, Floats, Floats, int, int], Found]] = {
        "morris": _morris,
        "pawn": _pawn,
        "delta": _delta,
        "fast": _fast,
        "rbd-fast": _rbd_fast,
        "regional": _regional,
    }
    with _quiet():
        return work[design.method](design, x, y, seed, resamples)


@contextmanager
def _quiet() -> Iterator[None]:
    """SALib's warnings and its seeding of numpy's global generator, kept within."""
    state, spelled = np.random.get_state(), warnings.formatwarning  # noqa: NPY002 - SALib's, put back below
    try:
        # Recorded too, because delta sets a filter of its own.
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
        warnings.formatwarning = spelled


def _array(found: Any) -> Floats:
    return np.asarray(np.ma.filled(found, np.nan), dtype=np.float64)


def _without(values: Floats) -> Floats:
    """No half widths, of as many values."""
    return np.full(len(values), np.nan)


def _morris(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """Elementary effects (Morris 1991; Campolongo et al. 2007), in the unit of the outcome over the whole range."""
    from SALib.analyze import morris

    told = morris.analyze(
        design.problem,
        x,
        y,
        num_resamples=max(resamples, 2),
        conf_level=COVERAGE,
        num_levels=LEVELS,
        seed=seed,
    )
    # SALib takes the levels to span the whole probability.
    values = {name: _array(told[name]) / SPAN for name in MEASURES["morris"]}
    half = _array(told["mu_star_conf"]) / SPAN if resamples else _without(values["mu_star"])
    return {name: (value, half if name == "mu_star" else _without(value)) for name, value in values.items()}


def _pawn(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """Kolmogorov-Smirnov distances between the outcome and the outcome within a tenth of a factor (Pianosi 2018)."""
    return _given_data(_sliced, "median", x, y, seed, resamples)


def _regional(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """Cramér-von Mises distances between a factor within a fifth of the outcome and outside it (Hornberger 1981)."""
    return _given_data(_parted, "largest", x, y, seed, resamples)


def _sliced(x: Floats, y: Floats) -> dict[str, Floats]:
    """Median, mean and largest distance over the slices of each factor."""
    found = within_slices(x, y)
    return {
        "median": np.nanmedian(found, axis=0),
        "mean": np.nanmean(found, axis=0),
        "maximum": np.nanmax(found, axis=0),
    }


def _parted(x: Floats, y: Floats) -> dict[str, Floats]:
    """The largest distance over the regions of the outcome, and those of the lowest and the highest."""
    found = between_regions(x, y, _REGIONS)
    return {"largest": np.nanmax(found, axis=0), "lowest": found[0], "highest": found[-1]}


def _given_data(
    measured: Callable[[Floats, Floats], dict[str, Floats]],
    leading: str,
    x: Floats,
    y: Floats,
    seed: int,
    resamples: int,
) -> Found:
    """Distances of each factor, with an interval by bootstrap, and what nineteen of twenty idle columns stay below."""
    values = measured(x, y)
    halves = (
        half_widths(measured, x, y, resamples=max(resamples, 2), coverage=COVERAGE, seed=seed)
        if resamples
        else {name: _without(value) for name, value in values.items()}
    )
    idle = np.random.default_rng(seed).random((len(x), _IDLE))
    floor = np.quantile(measured(idle, y)[leading], [0.95])
    found = {name: (value, halves[name]) for name, value in values.items()}
    return found | {"floor": (floor, _without(floor))}


def _columns(x: Floats) -> dict[str, Any]:
    """SALib's description of some columns."""
    names = [f"x{number}" for number in range(x.shape[1])]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _delta(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """Borgonovo's delta, its bias taken off by bootstrap (Plischke et al. 2013)."""
    from SALib.analyze import delta

    asked = {"num_resamples": max(resamples, 2), "conf_level": COVERAGE, "seed": seed, "method": "delta"}
    told = delta.analyze(design.problem, x, y, **asked)
    value, half = _array(told["delta_raw"]), _array(told["delta_raw_conf"])
    if np.isnan(value).any():
        reason = next((note for note in told["notes"] if note), "an index is not finite")
        raise RunError(f"delta cannot be estimated: {reason}", advice="take more samples", variable="samples")
    return {"delta": (value, half if resamples else _without(value))}


def _fast(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """Extended FAST (Saltelli, Tarantola & Chan 1999).

    Without intervals: SALib's are of halves of a curve, at another frequency than the curve was laid out with.
    """
    from SALib.analyze import fast

    curves = _columns(y.reshape(-1, design.block).T)
    told = fast.analyze(curves, y, M=HARMONICS, num_resamples=2, seed=seed)
    return {
        name: (_array(told[key]), _without(_array(told[key])))
        for name, key in (("total", "ST"), ("first", "S1"))
    }


def _rbd_fast(design: Design, x: Floats, y: Floats, seed: int, resamples: int) -> Found:
    """First-order indices by the spectrum over a factor's order (Plischke 2010; Tissot & Prieur 2012)."""
    from SALib.analyze import rbd_fast

    # A spread of fewer than two is none; without any, SALib's own is not a number.
    drawn = max(resamples, 2) if resamples else 0
    told = rbd_fast.analyze(design.problem, x, y, num_resamples=drawn, conf_level=COVERAGE, seed=seed)
    first = _array(told["S1"])
    return {"first": (first, _array(told["S1_conf"]) if resamples else _without(first))}
