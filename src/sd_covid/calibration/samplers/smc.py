"""Sequential Monte Carlo: particles follow a density while it changes, from one that they were drawn from to another.

In: a path of densities between the two, and particles of the first. Out: particles of the last, and the ratio of the
two normalising constants. At each stage the path goes on as far as the weights of the particles bear; they are
resampled, and moved by Hamiltonian trajectories until they have left where they were (Del Moral, Doucet and Jasra,
Journal of the Royal Statistical Society B 68, 2006; trajectories: Buchholz, Chopin and Jacob, Bayesian Analysis 16,
2021). All particles take every step in one batch. Islands resample each for itself, so that their differences tell the
error. Nothing but the density is shared with the samplers of chains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import bisect
from scipy.special import logsumexp
from scipy.stats import rankdata

from sd_covid.calibration.samplers.annealed import Annealed, Effort, Stage
from sd_covid.calibration.samplers.weights import normalised, pareto_k, relative_size, systematic
from sd_covid.calibration.types import Array, Index, Mask
from sd_covid.errors import RunError


class Path(Protocol):
    """Densities between the first and the last."""

    def __call__(
        self, points: Array, temperature: float, /, *, slopes: bool = True
    ) -> tuple[Array, Array, Array]:
        """Log densities, their gradients, and by how much the log density grows from temperature 0 to 1.

        The log density is linear in the temperature. What is not finite is no density.

        Parameters
        ----------
        points : ndarray, shape (particle, dimension)
        temperature : float
            0 is the first density, 1 the last.
        slopes : bool
            Without them, which may be quicker, the gradients are of no use.

        Returns
        -------
        value : ndarray, shape (particle,)
        slope : ndarray, shape (particle, dimension)
        gain : ndarray, shape (particle,)
        """
        ...


TARGET = 0.8  # acceptance that the step size aims at
TOO_FAR = 1000.0  # an error of energy above it is a divergence, as in Stan
SHRINKAGE = (
    0.02  # towards the scale of the stage before, which holds where particles are fewer than parameters
)
PILOTS = 32  # particles on which the first step size is tried
TRIALS = 8  # of it at most
MAX_STEPS = 64  # of one trajectory
MAX_STAGES = 400
SMALLEST = 1e-12  # step of temperature below which no particle bears any


@dataclass(slots=True)
class _Particles:
    """Where they are, with log density and gradient at the temperature, and by how much the last density gains."""

    x: Array
    value: Array
    slope: Array
    gain: Array

    def of(self, places: Index) -> _Particles:
        """Some of them, or some several times."""
        return _Particles(self.x[places], self.value[places], self.slope[places], self.gain[places])


def anneal(
    path: Path,
    start: Array,
    *,
    effort: Effort | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Annealed:
    """Carry particles from the first density of a path to the last.

    Parameters
    ----------
    path : callable
    start : ndarray, shape (island, particle, dimension)
        Draws of the first density.
    effort : Effort, optional
    seed : int
    progress : callable, optional
        Called with the temperature reached.

    Raises
    ------
    RunError
        No particle of an island has a density, or none bears any step of temperature.
    """
    flight = _Flight(path, start, effort or Effort(), np.random.default_rng([seed, 2]))
    most = (effort or Effort()).stages
    while flight.temperature < 1.0 and len(flight.stages) != most:
        flight.stage()
        if progress is not None:
            progress(flight.temperature)
        if len(flight.stages) == MAX_STAGES and flight.temperature < 1.0:
            reason = f"{MAX_STAGES} stages came no further than {flight.temperature:.3g} of the way"
            raise RunError(reason, advice="take more particles, or a first density that is nearer")
    return flight.result()


class _Flight:
    """The particles of all islands under way."""

    def __init__(self, path: Path, start: Array, effort: Effort, rng: np.random.Generator) -> None:
        self._path, self._effort, self._rng = path, effort, rng
        self._shape = start.shape
        self.temperature = 0.0
        self.stages: list[Stage] = []
        self._root = np.eye(start.shape[2])
        self._step = 0.8 * start.shape[2] ** -0.25  # of the size that a unit normal of that dimension bears
        self._log_ratios = np.zeros(start.shape[0])
        self._ancestors = np.tile(np.arange(start.shape[1]), (start.shape[0], 1))
        self._diverged = self._gradients = 0
        self._now = self._at(start.reshape(-1, start.shape[2]), slopes=False)
        self._gains = self._now.gain.reshape(start.shape[:2])
        if not np.all(np.any(np.isfinite(self._gains), axis=1)):
            reason = f"none of {self._shape[1]} particles has a density"
            raise RunError(reason, advice="take more particles, or narrower priors")

    def _at(self, x: Array, *, slopes: bool = True) -> _Particles:
        with np.errstate(all="ignore"):
            value, slope, gain = self._path(x, self.temperature, slopes=slopes)
        self._gradients += len(x) * slopes
        there = np.isfinite(value) & np.isfinite(gain)
        if slopes:
            there &= np.all(np.isfinite(slope), axis=1)
        return _Particles(x, np.where(there, value, -math.inf), slope, np.where(there, gain, -math.inf))

    def stage(self) -> None:
        """Raise the temperature, weigh, resample and move."""
        gains = self._now.gain.reshape(self._shape[:2])
        rise = _rise(gains, 1.0 - self.temperature, self._effort.keep)
        logs = rise * gains
        self._log_ratios += logsumexp(logs, axis=1) - math.log(self._shape[1])
        chosen = np.array([systematic(row, self._rng) for row in normalised(logs)])
        self._ancestors = np.take_along_axis(self._ancestors, chosen, axis=1)
        offsets = self._shape[1] * np.arange(self._shape[0])[:, None]
        last = self.temperature + rise >= 1.0
        self.temperature = 1.0 if last else self.temperature + rise
        kept, copies, counts = np.unique((chosen + offsets).ravel(), return_inverse=True, return_counts=True)
        alive = self._at(self._now.x[kept])
        self._scale(alive, counts)
        self._now = alive.of(copies)
        told = self._moved(self._effort.last if last else self._effort.apart)
        self.stages.append(
            Stage(self.temperature, float(np.mean(relative_size(logs))), pareto_k(logs), *told)
        )

    def _scale(self, of: _Particles, counts: Index) -> None:
        """Coordinates in which particles spread as widely as their slopes, starting from those of the stage before.

        Between the covariance of the particles and the inverse of that of their slopes lies the scale of which either
        tells half. Of a normal density, whose slopes are linear in the place, it is exact once there are more particles
        than parameters, whereas the covariance alone would need many times as many.
        """
        there = np.isfinite(of.value)
        places, slopes = of.x[there] @ np.linalg.inv(self._root).T, of.slope[there] @ self._root
        wide, steep = (_shrunk(np.cov(part.T, fweights=counts[there], ddof=0)) for part in (places, slopes))
        self._root = self._root @ _root_of(_between(wide, steep))

    def _moved(self, apart: float) -> tuple[int, int, float, float]:
        """Move until no coordinate remembers; moves, steps, acceptance, and the correlation that is left."""
        inverse = np.asarray(np.linalg.inv(self._root), dtype=np.float64)
        before = self._remembered(inverse)
        # the largest of so many correlations that particles without any memory show by chance
        apart = max(apart, math.sqrt(2.0 * math.log(2 * before.shape[1]) / len(before)))
        steps, accepted, moves, left = 0, 0.0, 0, 1.0
        if not self.stages:
            self._tune()
        self._diverged = 0
        while moves < self._effort.moves and left > apart:
            taken, acceptance = self._trajectory()
            moves, steps, accepted = moves + 1, steps + taken, accepted + acceptance
            self._step *= math.exp(acceptance - TARGET)
            left = _likeness(before, self._remembered(inverse))
        return moves, steps, accepted / max(moves, 1), left

    def _remembered(self, inverse: Array) -> Array:
        """By what a particle is known again: ranks of its coordinates, of their distance from the middle, of its gain.

        Coordinates alone would not do: where trajectories come out on the other side, those that were refused hide
        behind them. Not the squares themselves: of a heavy tail a single particle would speak for all.
        """
        white = (self._now.x - np.median(self._now.x, axis=0)) @ inverse.T
        return np.asarray(rankdata(np.column_stack([white, np.abs(white), self._now.gain]), axis=0))

    def _tune(self) -> None:
        """Halve the first step size, or raise it, until some particles bear it: all of them need not find that out."""
        some = self._rng.choice(len(self._now.x), min(PILOTS, len(self._now.x)), replace=False)
        pilots = self._now.of(some)
        for _ in range(TRIALS):
            acceptance = float(np.mean(self._flown(pilots)[1]))
            if 0.5 <= acceptance <= 0.95:
                break
            self._step *= 0.5 if acceptance < 0.5 else 1.5

    def _trajectory(self) -> tuple[int, float]:
        """One trajectory of every particle; its steps, and how many were accepted on average."""
        now = self._now
        there, probability, count = self._flown(now)
        taken = self._rng.random(len(probability)) < probability
        self._now = _Particles(
            np.where(taken[:, None], there.x, now.x),
            np.where(taken, there.value, now.value),
            np.where(taken[:, None], there.slope, now.slope),
            np.where(taken, there.gain, now.gain),
        )
        return count, float(np.mean(probability))

    def _flown(self, now: _Particles) -> tuple[_Particles, Array, int]:
        """Where trajectories lead, with which probability each is accepted, and their steps.

        Step sizes differ between particles and lengths between trajectories, so that none keeps returning to where it
        began.
        """
        rng, root = self._rng, self._root
        step = self._step * rng.uniform(0.8, 1.2, (len(now.x), 1))
        count = min(max(1, math.ceil(self._effort.length * rng.uniform(0.6, 1.4) / self._step)), MAX_STEPS)
        velocity = rng.standard_normal(now.x.shape)
        energy = now.value - 0.5 * np.sum(velocity**2, axis=1)
        there = now
        with np.errstate(all="ignore"):  # a particle that leaves for infinity is a divergence, counted below
            for _ in range(count):
                velocity = velocity + 0.5 * step * (there.slope @ root)
                there = self._at(there.x + step * (velocity @ root.T))
                velocity = velocity + 0.5 * step * (there.slope @ root)
            gain = there.value - 0.5 * np.sum(velocity**2, axis=1) - energy
        diverged: Mask = ~(gain >= -TOO_FAR)
        self._diverged += int(np.sum(diverged))
        return there, np.where(diverged, 0.0, np.exp(np.minimum(np.where(diverged, 0.0, gain), 0.0))), count

    def result(self) -> Annealed:
        """What came of it."""
        return Annealed(
            self._now.x.reshape(self._shape),
            self._now.value.reshape(self._shape[:2]),
            self._ancestors,
            self._gains,
            self._log_ratios,
            tuple(self.stages),
            self._diverged,
            self._gradients,
        )


def _shrunk(covariance: Array) -> Array:
    found = np.atleast_2d(covariance)
    return (1.0 - SHRINKAGE) * found + SHRINKAGE * np.eye(len(found))


def _between(wide: Array, steep: Array) -> Array:
    """Geometric mean of one covariance and the inverse of another: the X for which X steep X is wide."""
    root = _root_of(steep)
    inverse = np.linalg.inv(root)
    return np.asarray(inverse @ _root_of(root @ wide @ root) @ inverse, dtype=np.float64)


def _root_of(covariance: Array) -> Array:
    """Symmetric root of a positive matrix."""
    values, vectors = eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 1e-24))) @ vectors.T, dtype=np.float64)


def _rise(gains: Array, most: float, keep: float) -> float:
    """How far the temperature can rise before the effective size of the weights falls to its share of the living."""
    alive = np.mean(np.isfinite(gains), axis=1)

    def spare(rise: float) -> float:
        return float(np.mean(relative_size(rise * gains) / alive)) - keep

    if spare(most) >= 0:
        return most
    if spare(SMALLEST) < 0:
        reason = "the particles bear no step of temperature: their densities differ without measure"
        raise RunError(reason, advice="take more particles, or narrower priors")
    # on the scale of logarithms: the first steps from a wide prior are of a millionth
    return math.exp(bisect(lambda log: spare(math.exp(log)), math.log(SMALLEST), math.log(most), rtol=1e-3))


def _likeness(before: Array, after: Array) -> float:
    """Largest rank correlation, in size, of a coordinate with what it was, over all particles."""
    one, two = before - before.mean(axis=0), after - after.mean(axis=0)
    norm = np.sqrt(np.sum(one**2, axis=0) * np.sum(two**2, axis=0))
    return float(np.max(np.abs(np.sum(one * two, axis=0)) / np.maximum(norm, 1e-300)))
