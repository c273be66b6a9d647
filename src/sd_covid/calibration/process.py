"""Series that no output of the model expresses: a stated process, fitted to their own history.

In: the figures of one series, the process stated for it, and for a follower the paths of its leader. Out: paths of the
published figure through all periods, and each figure as predicted by the others. The level, the seasons and the
variance have their conjugate posterior (normal and inverse gamma) given the correlation, which is drawn from a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.markov import leave_one_out, sample_paths
from sd_covid.calibration.settings import ProcessSetting
from sd_covid.calibration.types import Array, Mask
from sd_covid.errors import DataError

CORRELATIONS = np.linspace(0.0, 0.995, 200)
PRIOR_WEIGHT = 4.0  # figures that the stated monthly sd counts for


@dataclass(frozen=True, slots=True)
class Paths:
    """Predicted figures of one series in its own unit.

    Attributes
    ----------
    path : ndarray, shape (draw, period)
        Through the published figures, on through gaps and the future.
    marginal : ndarray, shape (draw, period)
        As ``path``, but each published period as predicted from all the others.
    """

    path: Array
    marginal: Array


def to_scale(scale: str, values: Array) -> Array:
    """Values on the scale on which a process moves; a percentage for ``logit``."""
    if scale == "log":
        return np.log(values)
    if scale == "logit":
        return np.log(values / (100.0 - values))
    return values


def from_scale(scale: str, values: Array) -> Array:
    """The inverse of `to_scale`."""
    if scale == "log":
        return np.exp(values)
    if scale == "logit":
        return 100.0 / (1.0 + np.exp(-values))
    return values


def simulate(
    name: str,
    setting: ProcessSetting,
    times: Array,
    figures: Array,
    leader: Array | None,
    draws: int,
    rng: np.random.Generator,
) -> Paths:
    """Paths of a series by its stated process.

    Parameters
    ----------
    name : str
        For messages.
    setting : ProcessSetting
    times : ndarray, shape (period,)
        Ends of all periods, in months.
    figures : ndarray, shape (period,)
        Published figures in the series' unit; NaN where there is none.
    leader : ndarray, shape (draw, period), or None
        Paths of the leader's figures over the same periods.
    draws : int
    rng : Generator

    Raises
    ------
    DataError
        Too few figures for what is to be learned from them, or figures that the scale cannot hold.
    """
    known = ~np.isnan(figures)
    with np.errstate(all="ignore"):
        own = to_scale(setting.scale, figures)
        base = np.zeros((draws, len(times))) if leader is None else to_scale(setting.scale, leader)
    if not np.all(np.isfinite(own[known])) or not np.all(np.isfinite(base)):
        advice = "state the process on the identity scale"
        raise DataError(f"a figure of '{name}' has no {setting.scale}", advice=advice, variable=name)
    design = _design(setting, times, known)
    target = own[known] - base[:, known].mean(axis=0)
    rho, sd, level = _learn(name, setting, times[known], target, design[known], draws, rng)
    centre = base + level @ design.T
    residuals = np.full((draws, len(times)), np.nan)
    residuals[:, known] = (own[known] - centre[:, known]) / sd[:, None]
    path = sample_paths(times, residuals, rho, rng)
    alone = leave_one_out(times, residuals, rho, rng)
    marginal = np.where(known, alone, path)
    return Paths(
        np.where(
            known, np.where(known, figures, 0.0), from_scale(setting.scale, centre + sd[:, None] * path)
        ),
        from_scale(setting.scale, centre + sd[:, None] * marginal),
    )


def _design(setting: ProcessSetting, times: Array, known: Mask) -> Array:
    """Columns of level, growth (per year) and seasons (against the first); a season without figures has none."""
    columns = [np.ones_like(times)]
    if setting.kind == "trend":
        columns.append((times - times[known].mean()) / 12.0)
    if setting.seasonal:
        season = np.round(times % 12.0)
        present = sorted(set(season[known].tolist()))
        columns.extend((season == item).astype(np.float64) for item in present[1:])
    return np.column_stack(columns)


def _whitened(setting: ProcessSetting, times: Array, rows: Array, rho: float) -> tuple[Array, float]:
    """Rows made independent with unit variance times sd^2, and half the log determinant of that step."""
    gaps = np.diff(times)
    if setting.kind != "ar1":
        root = np.sqrt(gaps)
        return (rows[1:] - rows[:-1]) / root[:, None], float(np.sum(np.log(root)))
    factor = rho**gaps
    root = np.sqrt(1.0 - factor**2)
    later = (rows[1:] - factor[:, None] * rows[:-1]) / root[:, None]
    return np.vstack([rows[:1], later]), float(np.sum(np.log(root)))


def _learn(
    name: str,
    setting: ProcessSetting,
    times: Array,
    target: Array,
    design: Array,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Array | None, Array, Array]:
    """Draws of correlation (draw,), sd (draw,) and coefficients (draw, column)."""
    walk = setting.kind != "ar1"
    keep = slice(1, None) if walk else slice(None)  # the level of a random walk is that of its figures
    rows = np.column_stack([target, design[:, keep]])
    prior = 0.0 if setting.sd is None else PRIOR_WEIGHT
    freedom = len(target) - walk - (rows.shape[1] - 1) + prior
    if freedom < 1 or (setting.sd is None and freedom < 3):
        advice = f"state its monthly sd in processes.{name}, or fewer seasons"
        raise DataError(
            f"'{name}' has too few figures ({len(target)}) for its process", advice=advice, variable=name
        )
    grid = np.array([0.0]) if walk else CORRELATIONS
    pieces = []
    for rho in grid.tolist():
        white, log_root = _whitened(setting, times, rows, rho)
        y, x = white[:, 0], white[:, 1:]
        inverse = np.linalg.pinv(x.T @ x)
        best = inverse @ x.T @ y
        scatter = float(np.sum((y - x @ best) ** 2))
        if setting.sd is not None:
            per_month = setting.sd**2 if walk else setting.sd**2 / (1.0 - rho**2)
            scatter += prior * per_month
        sign_det = np.linalg.slogdet(x.T @ x)[1] if x.shape[1] else 0.0
        weight = -log_root - 0.5 * sign_det - 0.5 * freedom * np.log(max(scatter, 1e-300))
        pieces.append((weight, best, inverse, scatter))
    weights = np.array([piece[0] for piece in pieces])
    share = np.exp(weights - weights.max())
    chosen = rng.choice(len(grid), size=draws, p=share / share.sum())
    sd, level = np.empty(draws), np.zeros((draws, design.shape[1]))
    for place in np.unique(chosen):
        mine = np.flatnonzero(chosen == place)
        _, best, inverse, scatter = pieces[place]
        sd[mine] = np.sqrt(scatter / rng.chisquare(freedom, len(mine)))
        root = np.linalg.cholesky(inverse + 1e-14 * np.eye(len(best))) if len(best) else inverse
        noise = rng.standard_normal((len(mine), len(best))) @ root.T
        level[mine, keep] = best + sd[mine, None] * noise
    return None if walk else grid[chosen], np.maximum(sd, 1e-12), level
