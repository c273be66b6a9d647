"""Hamiltonian Monte Carlo with many chains side by side, all taking the same number of steps.

In: a log density with gradient of many points at once, and a start for each chain. Out: draws, in which the chains have
tuned themselves together. The No-U-Turn sampler gives every chain a trajectory of its own length, so that chains cannot
share a batch; here all share one length, which is learned while warming up by the criterion ChEES (Hoffman, Radul and
Sountsov, AISTATS 2021): the rate at which squared distance from the mean changes along the trajectory. Lengths are
jittered by a Halton sequence, so that no trajectory keeps returning to where it began.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.types import Array, Mask

Density = Callable[[Array], tuple[Array, Array]]
"""Points (chain, dimension) -> log densities (chain,), not finite where there is none, and gradients."""

MAX_STEPS = 200  # of one trajectory
TOO_FAR = 1000.0  # an error of energy above it is a divergence, as in Stan
LEARNING_RATE = 0.05  # of the log of the trajectory's length, by Adam


@dataclass(frozen=True, slots=True)
class LaneSamples:
    """Draws after warm-up.

    Attributes
    ----------
    values : ndarray, shape (chain, draw, dimension)
    log_density : ndarray, shape (chain, draw)
    divergences : int
    step_size, length : float
        As tuned: of one leapfrog step, and of a trajectory before its jitter.
    acceptance : float
        Mean over all draws.
    gradients : int
        Evaluations of the density and its gradient, warm-up included, over all chains.
    """

    values: Array
    log_density: Array
    divergences: int
    step_size: float
    length: float
    acceptance: float
    gradients: int


class _DualAverage:
    """Step size that brings acceptance to its target (Nesterov 2009; Hoffman and Gelman 2014, section 3.2)."""

    def __init__(self, first: float, target: float) -> None:
        self._target, self._centre = target, math.log(10 * first)
        self._sum, self._mean, self._count = 0.0, math.log(first), 0
        self.now = first

    def learn(self, acceptance: float) -> None:
        self._count += 1
        count = self._count
        self._sum += (self._target - acceptance - self._sum) / (count + 10)
        log = self._centre - math.sqrt(count) / 0.05 * self._sum
        weight = count**-0.75
        self._mean = weight * log + (1 - weight) * self._mean
        self.now = math.exp(log)

    @property
    def settled(self) -> float:
        return math.exp(self._mean)


class _Adam:
    """The log of the trajectory's length, climbed by noisy slopes (Kingma and Ba 2015)."""

    def __init__(self, first: float) -> None:
        self.log, self._mean = math.log(first), math.log(first)
        self._first = self._second = 0.0
        self._count = 0

    def learn(self, slope: float, low: float, high: float) -> None:
        self._count += 1
        self._first += 0.1 * (slope - self._first)
        self._second += 0.05 * (slope * slope - self._second)
        first, second = self._first / (1 - 0.9**self._count), self._second / (1 - 0.95**self._count)
        self.log += LEARNING_RATE * first / (math.sqrt(second) + 1e-8)
        self.log = min(max(self.log, math.log(low)), math.log(high))
        weight = self._count**-0.5
        self._mean = weight * self.log + (1 - weight) * self._mean

    @property
    def settled(self) -> float:
        return math.exp(self._mean)


def halton(index: int) -> float:
    """The ``index``-th number of the Halton sequence of base 2, in (0, 1).

    Examples
    --------
    >>> [halton(1), halton(2), halton(3)]
    [0.5, 0.25, 0.75]
    """
    value, weight = 0.0, 0.5
    while index:
        value += weight * (index & 1)
        index >>= 1
        weight /= 2
    return value


@dataclass(slots=True)
class _State:
    x: Array
    value: Array
    slope: Array


@dataclass(frozen=True, slots=True)
class _Move:
    """A trajectory of all chains: where it led, with which probability it is accepted, and its last velocity."""

    proposal: _State
    probability: Array
    velocity: Array
    diverged: Mask


def _trajectory(density: Density, state: _State, step: float, steps: int, rng: np.random.Generator) -> _Move:
    velocity = rng.standard_normal(state.x.shape)
    energy = state.value - 0.5 * np.sum(velocity**2, axis=1)
    x, slope, value = state.x, state.slope, state.value
    with np.errstate(all="ignore"):  # a chain that leaves for infinity is a divergence, counted below
        for _ in range(steps):
            velocity = velocity + 0.5 * step * slope
            x = x + step * velocity
            value, slope = density(x)
            velocity = velocity + 0.5 * step * slope
        gain = value - 0.5 * np.sum(velocity**2, axis=1) - energy
        diverged = ~(gain >= -TOO_FAR)
        probability = np.where(np.isfinite(gain), np.exp(np.minimum(gain, 0.0)), 0.0)
    return _Move(_State(x, value, slope), probability, velocity, diverged)


def _chees_slope(before: Array, move: _Move, jitter: float) -> float:
    """Slope of the criterion by the length of the trajectory, weighted by acceptance."""
    weight = np.where(move.diverged, 0.0, move.probability)
    total = float(np.sum(weight))
    if total <= 0:
        return 0.0
    after = np.where(weight[:, None] > 0, move.proposal.x, before)
    centred = after - weight @ after / total
    speed = np.where(
        weight > 0, np.sum(centred * np.where(weight[:, None] > 0, move.velocity, 0.0), axis=1), 0.0
    )
    change = np.sum(centred**2, axis=1) - np.sum((before - before.mean(axis=0)) ** 2, axis=1)
    return jitter * float(np.sum(weight * change * speed)) / total


def _accept(state: _State, move: _Move, rng: np.random.Generator) -> _State:
    taken = rng.random(len(state.value)) < move.probability
    return _State(
        np.where(taken[:, None], move.proposal.x, state.x),
        np.where(taken, move.proposal.value, state.value),
        np.where(taken[:, None], move.proposal.slope, state.slope),
    )


def sample_lanes(
    density: Density,
    start: Array,
    *,
    draws: int,
    tune: int,
    seed: int = 0,
    target_accept: float = 0.75,
    progress: Callable[[int, int], None] | None = None,
) -> LaneSamples:
    """Draw from a density with all chains in one batch.

    Parameters
    ----------
    density : callable
        In coordinates in which the density has about unit spread.
    start : ndarray, shape (chain, dimension)
        Other for every chain, with a finite density. Ten chains or more: they are tuned by what they have in common.
    draws, tune : int
        Kept and warm-up draws of each chain.
    seed : int
    target_accept : float
        Mean acceptance that the step size aims at.
    progress : callable, optional
        Called with (draws done, draws in all) after every draw.

    Raises
    ------
    ValueError
        When a start has no density.
    """
    rng = np.random.default_rng(seed)
    value, slope = density(start)
    if not np.all(np.isfinite(value)):
        raise ValueError(f"{int(np.sum(~np.isfinite(value)))} of {len(value)} chains start without a density")
    state, gradients = _State(np.array(start), value, slope), len(start)
    size = _DualAverage(0.5 * start.shape[1] ** -0.25, target_accept)
    length = _Adam(1.0)
    values = np.empty((len(start), draws, start.shape[1]))
    logs = np.empty((len(start), draws))
    divergences, accepted = 0, 0.0
    for index in range(tune + draws):
        warming = index < tune
        step, span = (size.now, math.exp(length.log)) if warming else (size.settled, length.settled)
        jitter = 2 * halton(index + 1)  # of mean one
        steps = min(max(1, math.ceil(jitter * span / step)), MAX_STEPS)
        move = _trajectory(density, state, step, steps, rng)
        gradients += steps * len(start)
        if warming:
            size.learn(float(np.mean(move.probability)))
            length.learn(_chees_slope(state.x, move, jitter), step, MAX_STEPS * step / 2)
        state = _accept(state, move, rng)
        if not warming:
            values[:, index - tune], logs[:, index - tune] = state.x, state.value
            divergences += int(np.sum(move.diverged))
            accepted += float(np.mean(move.probability)) / draws
        if progress is not None:
            progress(index + 1, tune + draws)
    return LaneSamples(values, logs, divergences, size.settled, length.settled, accepted, gradients)
