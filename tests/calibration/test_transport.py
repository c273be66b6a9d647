"""Draws carried along: exact on normal densities, weighed where the map misses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from sd_covid.calibration.samplers.annealed import Effort
from sd_covid.calibration.samplers.smc import anneal
from sd_covid.calibration.samplers.transport import Transport, carried, transport
from sd_covid.calibration.samplers.weights import normalised, relative_size

DIMENSION, FIGURES = 6, 3


@dataclass(frozen=True)
class Straight:
    """A normal density and figures that are sums of its coordinates; the curved one bends what the figures see."""

    bend: float = 0.0
    sd: float = 0.4

    @property
    def covariance(self) -> np.ndarray:
        root = np.eye(DIMENSION) + 0.6 * np.tril(np.random.default_rng(3).standard_normal((DIMENSION,) * 2))
        return root @ root.T

    @property
    def sums(self) -> np.ndarray:
        return np.random.default_rng(4).standard_normal((FIGURES, DIMENSION)) / 2

    @property
    def figures(self) -> np.ndarray:
        return np.array([1.5, -1.0, 0.5])

    def __call__(
        self, u: np.ndarray, temperature: float, /, *, slopes: bool = True
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pull = -u @ np.linalg.inv(self.covariance)
        seen = u @ self.sums.T
        away = (self.figures - seen - self.bend * seen**2) / self.sd
        gain = -0.5 * np.sum(away**2, axis=1)
        slope = (away * (1 + 2 * self.bend * seen) / self.sd) @ self.sums
        return 0.5 * np.sum(u * pull, axis=1) + temperature * gain, pull + temperature * slope, gain

    def draws(self, count: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).multivariate_normal(np.zeros(DIMENSION), self.covariance, count)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the last density, when nothing is bent."""
        precision = np.linalg.inv(self.covariance) + self.sums.T @ self.sums / self.sd**2
        covariance = np.linalg.inv(precision)
        return covariance @ self.sums.T @ self.figures / self.sd**2, covariance


def some_map(seed: int = 0) -> Transport:
    rng = np.random.default_rng(seed)
    matrix = np.eye(DIMENSION) + 0.2 * rng.standard_normal((DIMENSION, DIMENSION))
    return Transport(rng.standard_normal(DIMENSION), rng.standard_normal(DIMENSION), matrix, 1, 0)


def test_normal_draws_become_normal_draws() -> None:
    density, draws = Straight(), Straight().draws(2000, 1)
    by = transport(density, draws, np.random.default_rng(0))
    assert by.directions == FIGURES
    start = by.forth(draws)
    mean, covariance = density.moments()
    sd = np.sqrt(np.diag(covariance))
    # four standard errors of two thousand independent draws
    assert np.all(np.abs(start.mean(axis=0) - mean) < 4 * sd / math.sqrt(2000))
    assert np.all(np.abs(start.std(axis=0) / sd - 1) < 4 / math.sqrt(2 * 2000))
    # the map is fitted to the draws' own moments, each off by its standard error: weights differ by as little
    gain = carried(density, by)(start, 0.0)[2]
    assert relative_size(gain[None])[0] > 0.8
    plain = density(draws, 0.0)[2]
    assert relative_size(plain[None])[0] < 0.1


def test_there_and_back() -> None:
    by, u = some_map(), np.random.default_rng(1).standard_normal((7, DIMENSION))
    np.testing.assert_allclose(by.back(by.forth(u)), u, rtol=1e-10, atol=1e-12)
    assert by.log_volume == pytest.approx(math.log(abs(np.linalg.det(by.matrix))))


def test_the_carried_density_is_that_of_the_carried_draws() -> None:
    """Change of variables at the start, the last density at the end, and slopes as finite differences tell them."""
    density, by = Straight(0.2), some_map()
    u = np.random.default_rng(1).standard_normal((5, DIMENSION))
    path, there = carried(density, by), by.forth(u)
    np.testing.assert_allclose(path(there, 0.0)[0], density(u, 0.0)[0] - by.log_volume, rtol=1e-10)
    np.testing.assert_allclose(path(there, 1.0)[0], density(there, 1.0)[0], rtol=1e-12)
    np.testing.assert_allclose(
        path(there, 0.0)[2], density(there, 1.0)[0] - density(u, 0.0)[0] + by.log_volume, rtol=1e-10
    )
    for temperature in (0.0, 0.3, 1.0):
        slope = path(there, temperature)[1]
        for place in range(DIMENSION):
            step = np.zeros(DIMENSION)
            step[place] = 1e-5
            up, down = path(there + step, temperature)[0], path(there - step, temperature)[0]
            np.testing.assert_allclose(slope[:, place], (up - down) / 2e-5, rtol=1e-6, atol=1e-6)


def test_a_poor_map_costs_stages_and_no_truth() -> None:
    """Weights and moves lead to the last density wherever the map went."""
    density, draws = Straight(), Straight().draws(2000, 2)
    mean, covariance = density.moments()
    effort = Effort(apart=0.3, last=0.1)
    for by in (some_map(1), transport(Straight(0.5), draws, np.random.default_rng(0))):
        start = by.forth(draws).reshape(4, 500, DIMENSION)
        found = anneal(carried(density, by), start, effort=effort, seed=3)
        values, sd = found.values.reshape(-1, DIMENSION), np.sqrt(np.diag(covariance))
        assert len(found.stages) > 1
        # five standard errors of a quarter of the draws: the rest are their kin
        assert np.all(np.abs(values.mean(axis=0) - mean) < 5 * sd / math.sqrt(500))
        assert np.all(np.abs(values.std(axis=0) / sd - 1) < 5 / math.sqrt(2 * 500))


def test_where_figures_bend_a_map_is_better_than_none_or_there_is_none() -> None:
    draws = Straight().draws(1000, 5)
    for bend, times in ((0.03, 5.0), (0.15, 0.5), (1.0, 0.5)):  # a half: the pilots only estimate sizes
        density = Straight(bend)
        by = transport(density, draws, np.random.default_rng(0))
        size = relative_size(carried(density, by)(by.forth(draws), 0.0)[2][None])[0]
        assert size > times * relative_size(density(draws, 0.0)[2][None])[0]


def test_figures_taken_away_let_draws_widen() -> None:
    """From the posterior back to what there was before the figures."""
    density = Straight(sd=1.5)
    mean, covariance = density.moments()
    draws = np.random.default_rng(6).multivariate_normal(mean, covariance, 2000)

    def away(
        u: np.ndarray, temperature: float, /, *, slopes: bool = True
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value, slope, gain = density(u, 1.0 - temperature)
        return value, slope, -gain

    by = transport(away, draws, np.random.default_rng(0))
    start = by.forth(draws)
    gain = carried(away, by)(start, 0.0)[2]
    assert relative_size(gain[None])[0] > 0.3
    assert relative_size(away(draws, 0.0)[2][None])[0] < 0.05
    weights, sd = normalised(gain[None])[0], np.sqrt(np.diag(density.covariance))
    # the means are zero; five standard errors of a spread of six hundred draws
    assert np.all(np.abs(np.sqrt(weights @ start**2) / sd - 1) < 5 / math.sqrt(2 * 600))
