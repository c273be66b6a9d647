"""Draws of one density carried towards another that knows other figures, by an affine map along what these speak of.

In: a path between the densities, and draws of the first. Out: the map, and the path from the carried draws on. Some
figures speak of a few combinations of parameters only. On these, both densities are taken as normal: the first by the
draws, the second by how the slope of what is gained changes from draw to draw; the other parameters follow as they went
along with these in the draws. Whatever the map, weights make up for it: a poor one leaves few draws, and shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import bisect

from sd_covid.calibration.samplers.smc import Path
from sd_covid.calibration.samplers.weights import normalised, relative_size
from sd_covid.calibration.types import Array

PILOTS = 160  # draws at which slopes are taken
TRIALS = 8  # no map, one fitted at the draws, and others fitted where the one before brings them
ENOUGH = 0.35  # effective size of the pilots' weights at which no better map is looked for
COUNTING = 0.4  # effective share of the pilots to which a map is fitted: those that lie best
FEWEST = 0.5  # of the pilots must have slopes where a map brings them
LEAST = 0.02  # mean squared slope, per standard deviation, of a direction worth carrying along
WIDEST = 0.02  # precision left of what the draws had, where figures are taken away
MOST = 0.1  # directions per pilot: what they say of the curvature must be overdetermined


@dataclass(frozen=True, slots=True)
class Transport:
    """The map u -> target + matrix (u - centre).

    Attributes
    ----------
    centre, target : ndarray, shape (dimension,)
    matrix : ndarray, shape (dimension, dimension)
    directions : int
        Along which draws were carried.
    gradients : int
        Evaluations it took.
    """

    centre: Array
    target: Array
    matrix: Array
    directions: int
    gradients: int

    @property
    def log_volume(self) -> float:
        """Log of the determinant."""
        return float(np.linalg.slogdet(self.matrix)[1])

    def forth(self, u: Array) -> Array:
        """Where points go. Shape (point, dimension)."""
        return self.target + (u - self.centre) @ self.matrix.T

    def back(self, u: Array) -> Array:
        """Where points come from. Shape (point, dimension)."""
        found: Array = self.centre + np.linalg.solve(self.matrix, (u - self.target).T).T
        return found


def transport(path: Path, draws: Array, rng: np.random.Generator) -> Transport:
    """Fit the map: of some, that by which the pilots' weights are worth most; none at all is one of them.

    Parameters
    ----------
    path : callable
    draws : ndarray, shape (draw, dimension)
        Of the first density.
    rng : Generator
        Chooses the pilots.
    """
    centre, sd = draws.mean(axis=0), draws.std(axis=0)
    pilots = rng.choice(len(draws), min(PILOTS, len(draws)), replace=False)
    z, gradients, share = (draws - centre) / sd, 0, 0.0
    tried = Transport(centre, centre, np.eye(len(centre)), 0, 0)
    best, furthest, first = tried, (0.0, 0.0), np.zeros(0)
    for trial in range(TRIALS):
        there = tried.forth(draws[pilots])
        last, slope, _ = path(there, 1.0)
        before, turned, _ = path(there, 0.0)
        gradients += 2 * len(pilots)
        first = before if trial == 0 else first  # of the pilots where they were drawn
        gain = last - first + tried.log_volume
        fine = np.isfinite(gain) & np.all(np.isfinite(slope - turned), axis=1)
        if np.sum(fine) < FEWEST * len(pilots):
            break
        gain, at = gain[fine], ((there - centre) / sd)[fine]
        power, size = _borne(gain), float(relative_size(gain[None])[0])
        if (power, size) > furthest:
            best, furthest = tried, (power, size)
        if size > ENOUGH:
            break
        share += power * (1.0 - share)
        slopes = ((slope - turned) * sd)[fine]
        try:
            tried = _fitted(z, at, slopes, normalised(power * gain[None])[0], share, centre, sd)
        except np.linalg.LinAlgError:  # the pilots flew so far that their slopes ask for no map at all
            break
    return replace(best, gradients=gradients)


def _borne(gain: Array) -> float:
    """How much of the way to the last density the pilots bear, `COUNTING` of them by weight."""

    def spare(power: float) -> float:
        return float(relative_size(power * gain[None])[0]) - COUNTING

    return 1.0 if spare(1.0) >= 0 else float(bisect(spare, 0.0, 1.0, xtol=1e-6))


def _fitted(
    z: Array, at: Array, slopes: Array, weights: Array, share: float, centre: Array, sd: Array
) -> Transport:
    """The map that a normal density asks for that has a share of the slopes at some places; in standard deviations."""
    directions = _directions(slopes, weights)
    covariance = np.cov((z @ directions).T).reshape(directions.shape[1], directions.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(values)) @ vectors.T  # directions' coordinates = root times unit normal ones
    inverse = np.linalg.inv(root)
    read = directions @ inverse
    shift, shrink = _normal(at @ read, share * slopes @ directions @ root, weights)
    along = (
        (z - z.mean(axis=0)).T @ (z @ read) / len(z)
    )  # how every coordinate goes with the unit normal ones
    matrix = np.eye(len(centre)) + along @ (shrink - np.eye(len(shrink))) @ read.T
    scaled = matrix * (sd[:, None] / sd)
    return Transport(centre, centre + sd * (along @ shift), scaled, directions.shape[1], 0)


def _directions(slopes: Array, weights: Array) -> Array:
    """Orthonormal directions, as columns, along which what is gained changes."""
    values, vectors = np.linalg.eigh((slopes.T * weights) @ slopes)
    most = max(1, min(int(MOST * len(slopes)), len(values)))
    count = max(1, min(int(np.sum(values > LEAST)), most))
    return np.asarray(vectors[:, -count:], dtype=np.float64)


def _normal(at: Array, slopes: Array, weights: Array) -> tuple[Array, Array]:
    """Mean, and root of the covariance, of a unit normal density times one of which slopes of the logarithm are given.

    The slopes are level - curvature times place. Where figures were taken away the curvature is negative.
    """
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([np.ones(len(at)), at])
    fitted = np.asarray(np.linalg.lstsq(root * design, root * slopes, rcond=None)[0], dtype=np.float64)
    curvature = -0.5 * (fitted[1:] + fitted[1:].T)
    found, vectors = np.linalg.eigh(curvature)
    values = np.maximum(found, WIDEST - 1.0)
    precision = (vectors * (1.0 + values)) @ vectors.T
    # the level is fitted again to the curvature that is used
    level = weights @ (slopes + at @ ((vectors * values) @ vectors.T))
    shrink: Array = (vectors / np.sqrt(1.0 + values)) @ vectors.T
    return np.asarray(np.linalg.solve(precision, level), dtype=np.float64), shrink


def carried(path: Path, by: Transport) -> Path:
    """The path from the carried first density to the last."""
    if not by.directions:
        return path
    volume = by.log_volume

    def of(points: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        value, slope, gain = path(points, 1.0, slopes=slopes)
        if temperature == 1.0:  # no look back is needed; the gain only has to tell particles apart
            return value, slope, gain
        first, turned, _ = path(by.back(points), 0.0, slopes=slopes)
        first = first - volume
        turned = np.asarray(np.linalg.solve(by.matrix.T, turned.T).T, dtype=np.float64)
        return (
            (1.0 - temperature) * first + temperature * value,
            (1.0 - temperature) * turned + temperature * slope,
            value - first,
        )

    return of
