"""Hamiltonian Monte Carlo with many chains side by side, all taking the same number of steps.

In: a log density with gradient of many points at once, and a start for each chain. Out: draws, in which the chains have
tuned themselves together. The No-U-Turn sampler gives every chain a trajectory of its own length, so that chains cannot
share a batch; here all share one length, which is learned while warming up by the criterion ChEES (Hoffman, Radul and
Sountsov, AISTATS 2021): the rate at which squared distance from the mean changes along the trajectory. Lengths are
jittered by a Halton sequence, so that no trajectory keeps returning to where it began. The scale in which the chains
move is learned too, from where all of them have been. One trajectory in three goes by steps a third as long: where the
density is narrower than elsewhere (the horns of a banana, the neck of a funnel) chains that only took ordinary steps
would hardly come, nor leave once there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.samplers.tuning import DualAverage, Length, halton, widened
from sd_covid.calibration.types import Array, Mask
from sd_covid.errors import RunError

Density = Callable[[Array], tuple[Array, Array]]
"""Points (chain, dimension) -> log densities (chain,), not finite where there is none, and gradients."""

MAX_STEPS = 200  # of one trajectory
CAREFUL_EVERY = 3  # one trajectory in so many ...
CAREFUL_PART = 3  # ... goes by steps a so-manieth part as long
TOO_FAR = 1000.0  # an error of energy above it is a divergence, as in Stan
WIDEN = (0.1, 0.25, 0.5, 0.8)  # parts of the warm-up after which the scale is learned anew


@dataclass(frozen=True, slots=True)
class LaneSamples:
    """Draws after warm-up.

    Attributes
    ----------
    values : ndarray, shape (chain, draw, dimension)
    log_density : ndarray, shape (chain, draw)
    divergences : int
    step_size, length : float
        As tuned: of one ordinary leapfrog step, and of a trajectory before its jitter.
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


@dataclass(slots=True)
class _State:
    x: Array
    value: Array
    slope: Array


class _Scale:
    """Coordinates ``root @ white`` in which the chains move."""

    def __init__(self, root: Array) -> None:
        self.root = root
        self._inverse = np.linalg.inv(root)

    def white(self, x: Array) -> Array:
        return x @ self._inverse.T


@dataclass(frozen=True, slots=True)
class _Move:
    """A trajectory of all chains: where it led, with which probability it is accepted, and its last velocity.

    The velocity is that of the white coordinates; a chain that diverged stays where it was.
    """

    proposal: _State
    probability: Array
    velocity: Array
    diverged: Mask


def _trajectory(
    density: Density, state: _State, scale: _Scale, step: float, steps: int, rng: np.random.Generator
) -> _Move:
    velocity = rng.standard_normal(state.x.shape)
    energy = state.value - 0.5 * np.sum(velocity**2, axis=1)
    x, slope, value = state.x, state.slope, state.value
    with np.errstate(all="ignore"):  # a chain that leaves for infinity is a divergence, counted below
        for _ in range(steps):
            velocity = velocity + 0.5 * step * slope @ scale.root
            x = x + step * velocity @ scale.root.T
            value, slope = density(x)
            velocity = velocity + 0.5 * step * slope @ scale.root
        gain = value - 0.5 * np.sum(velocity**2, axis=1) - energy
        diverged = ~(gain >= -TOO_FAR)
        probability = np.where(diverged, 0.0, np.exp(np.minimum(gain, 0.0)))
    there = ~diverged[:, None]
    ended = _State(np.where(there, x, state.x), value, slope)
    return _Move(ended, probability, np.where(there, velocity, 0.0), diverged)


def _chees_slope(before: Array, after: Array, move: _Move, jitter: float) -> float:
    """Slope of the criterion by the length of the trajectory, weighted by acceptance; all in white coordinates."""
    weight = move.probability
    total = float(np.sum(weight))
    if total <= 0:
        return 0.0
    centred = after - weight @ after / total
    speed = np.sum(centred * move.velocity, axis=1)
    change = np.sum(centred**2, axis=1) - np.sum((before - before.mean(axis=0)) ** 2, axis=1)
    return jitter * float(np.sum(weight * change * speed)) / total


def _accept(state: _State, move: _Move, rng: np.random.Generator) -> _State:
    taken = rng.random(len(state.value)) < move.probability
    return _State(
        np.where(taken[:, None], move.proposal.x, state.x),
        np.where(taken, move.proposal.value, state.value),
        np.where(taken[:, None], move.proposal.slope, state.slope),
    )


class _Chains:
    """All chains: where they are, how they move, and what they have learned of it."""

    def __init__(self, density: Density, start: Array, target: float, seed: int) -> None:
        value, slope = density(start)
        bad = int(np.sum(~(np.isfinite(value) & np.all(np.isfinite(slope), axis=1))))
        if bad:
            raise RunError(
                f"{bad} of {len(value)} chains start where there is no density",
                advice="narrow the bounds or priors around the best fit, or fit again from more starts",
            )
        self._density, self._target = density, target
        self.state = _State(np.array(start), value, slope)
        self._rng = np.random.default_rng(seed)
        self._scale = _Scale(np.eye(start.shape[1]))
        self._first = 0.5 * start.shape[1] ** -0.25  # of the size that a unit normal of that dimension bears
        self.size, self.length = DualAverage(self._first, target), Length()
        self.gradients, self._moves = len(start), 0

    def move(self, *, warming: bool) -> _Move:
        """Let every chain take one trajectory, and learn from it while warming up."""
        self._moves += 1
        careful = self._moves % CAREFUL_EVERY == 0
        step = (self.size.now if warming else self.size.settled) / (CAREFUL_PART if careful else 1)
        jitter = 2 * halton(self._moves)  # of mean one
        span = jitter * (self.length.now if warming else self.length.settled)
        steps = min(max(1, math.ceil(span / step)), MAX_STEPS)
        before = self.state
        move = _trajectory(self._density, before, self._scale, step, steps, self._rng)
        self.gradients += steps * len(before.x)
        if warming:
            if not careful:
                self.size.learn(float(np.mean(move.probability)))
            places = self._scale.white(before.x), self._scale.white(move.proposal.x)
            self.length.learn(_chees_slope(*places, move, jitter))
        self.state = _accept(before, move, self._rng)
        return move

    def widen(self, seen: Array) -> None:
        """Move on in the scale of what has been seen (draw, chain, dimension); step size and length start anew."""
        self._scale = _Scale(self._scale.root @ widened(self._scale.white(seen)))
        self.size, self.length = DualAverage(self._first, self._target), Length()


def sample_lanes(
    density: Density,
    start: Array,
    *,
    draws: int,
    tune: int,
    seed: int = 0,
    target_accept: float = 0.8,
    progress: Callable[[int], None] | None = None,
) -> LaneSamples:
    """Draw from a density with all chains in one batch.

    Parameters
    ----------
    density : callable
        In coordinates in which the density has very roughly unit spread.
    start : ndarray, shape (chain, dimension)
        Other for every chain, with a finite density. Ten chains or more: they are tuned by what they have in common.
    draws, tune : int
        Kept and warm-up draws of each chain.
    seed : int
    target_accept : float
        Mean acceptance that the ordinary step aims at.
    progress : callable, optional
        Called with the moves done, warm-up included, after each.

    Raises
    ------
    RunError
        When a chain starts without a density.
    """
    chains = _Chains(density, start, target_accept, seed)
    _warm_up(chains, tune, progress)
    values = np.empty((len(start), draws, start.shape[1]))
    logs = np.empty((len(start), draws))
    divergences, accepted = 0, 0.0
    for index in range(draws):
        move = chains.move(warming=False)
        values[:, index], logs[:, index] = chains.state.x, chains.state.value
        divergences += int(np.sum(move.diverged))
        accepted += float(np.mean(move.probability)) / draws
        if progress is not None:
            progress(tune + index + 1)
    tuned = chains.size.settled, chains.length.settled
    return LaneSamples(values, logs, divergences, *tuned, accepted, chains.gradients)


def _warm_up(chains: _Chains, tune: int, progress: Callable[[int], None] | None) -> None:
    """Let the chains find their scale, step size and length."""
    seen: list[Array] = []
    ends = {round(part * tune) for part in WIDEN}
    for index in range(1, tune + 1):
        chains.move(warming=True)
        seen.append(chains.state.x)
        if index in ends and len(seen) > 1:
            chains.widen(np.array(seen))
            seen = []
        if progress is not None:
            progress(index)
