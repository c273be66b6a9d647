"""The posterior without one series: draws moved there, where weights alone would rest on a few of them.

In: an `Objective`, its stored draws, and what to leave out. Out: draws of the posterior without it. Parameters that no
other series informs keep the distribution that they have in the draws, as in `sd_covid.calibration.validity.without`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.density.objective import Objective, Series, add_series
from sd_covid.calibration.density.quantity import Quantity
from sd_covid.calibration.problem.priors import JointPrior
from sd_covid.calibration.samplers.moved import Fault, move_draws
from sd_covid.calibration.samplers.paths import unconstrained_path
from sd_covid.calibration.samplers.smc import Path
from sd_covid.calibration.types import Array
from sd_covid.calibration.validity.replay import Key

Columns = Mapping[str, Array]
"""By parameter id, a row for each member."""


@dataclass(frozen=True, slots=True)
class Refit:
    """Draws of the posterior without one series or soft fact.

    Attributes
    ----------
    key : Key
    own : tuple of str
        Parameters that only it informs: they keep their fitted distribution.
    values : ndarray, shape (draw, parameter)
        Natural values.
    effective : float
        Least effective number of draws of the other parameters.
    faults : tuple of Fault
        Why they are not to be trusted; empty when they can be.
    """

    key: Key
    own: tuple[str, ...]
    values: Array
    effective: float
    faults: tuple[Fault, ...]


def refit_without(
    objective: Objective,
    draws: Array,
    key: Key,
    own: list[int],
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Refit:
    """Move stored draws to the posterior without one series or soft fact.

    Parameters
    ----------
    objective : Objective
        Of everything.
    draws : ndarray, shape (chain, draw, parameter)
        Natural values.
    key : Key
    own : list of int
        Places of the parameters that only it informs.
    seed : int
    progress : callable, optional
        Called with the share of the way.

    Raises
    ------
    RunError
        No draw has a density without it.
    """
    start = objective.transform.unconstrained(draws)
    places = np.arange(objective.dimension)
    path = unconstrained_path(objective, _Fading(objective, key), start[0, 0], places)
    if own:
        path = _keeping(path, objective, start.reshape(-1, objective.dimension), own)
    found = move_draws(path, start, seed=seed, progress=progress)
    values = objective.transform.natural(found.values.reshape(-1, objective.dimension))
    shared = np.setdiff1d(places, own)
    names = tuple(objective.names[place] for place in own)
    effective = float(np.min(found.ess[shared], initial=len(values)))
    return Refit(key, names, values, effective, found.faults)


class _Fading:
    """The likelihood of everything, less that of one series or fact as the temperature rises; see `Likelihoods`."""

    def __init__(self, objective: Objective, key: Key) -> None:
        self._objective = objective
        (experiment,) = (item for item in objective.experiments if item.id == key[1])
        left_out = [item for item in experiment.series if item.observation.observable.id == key[0]]
        facts = [item for item in experiment.facts if item.fact.id == key[0]]
        self._left_out = {id(item) for item in (*left_out, *facts)}

    def __call__(self, x: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        gain, keep = np.zeros(len(x)), 1.0 - temperature

        def faded(of: Callable[[Array, Columns], Array], seed: Array, slope: Columns) -> Array:
            """With derivatives of its own, so that they fade too."""
            inner, turned = np.zeros_like(seed), {name: np.zeros_like(row) for name, row in slope.items()}
            value = of(inner, turned)
            gain[:] -= value
            seed += keep * inner
            for name, row in slope.items():
                row += keep * turned[name]
            return keep * value

        def series(item: Series, outputs: Array, known: Columns, seed: Array, slope: Columns) -> Array:
            if id(item) not in self._left_out:
                return add_series(item, outputs, known, seed, slope)
            return faded(lambda inner, turned: add_series(item, outputs, known, inner, turned), seed, slope)

        def fact(item: Quantity, outputs: Array, known: Columns, seed: Array, slope: Columns) -> Array:
            if id(item) not in self._left_out:
                return item.log_density(outputs, known, seed, slope)
            return faded(lambda inner, turned: item.log_density(outputs, known, inner, turned), seed, slope)

        value, gradient = self._objective.gathered(x, series, fact, slopes=slopes)
        return value, gradient, gain


def _keeping(path: Path, objective: Objective, draws: Array, own: list[int]) -> Path:
    """A path on which some parameters end with the normal distribution of their draws in place of their prior."""
    middle = draws[:, own].mean(axis=0)
    precision = np.linalg.inv(np.atleast_2d(np.cov(draws[:, own].T)))
    volume = -0.5 * np.linalg.slogdet(precision)[1]
    prior = JointPrior(
        [item.prior for item in (objective.parameters[k] for k in own) if item.prior is not None]
    )

    def of(points: Array, temperature: float, /, *, slopes: bool = True) -> tuple[Array, Array, Array]:
        value, gradient, gain = path(points, temperature, slopes=slopes)
        x, slope, _, bend = objective.transform.density(points)
        before, turned = prior.log_density(x[:, own])
        before = before + np.sum(np.log(slope[:, own]), axis=1)
        pull = -(points[:, own] - middle) @ precision
        instead = 0.5 * np.sum((points[:, own] - middle) * pull, axis=1) - volume
        gradient = gradient.copy()
        gradient[:, own] += temperature * (pull - turned * slope[:, own] - bend[:, own])
        return value + temperature * (instead - before), gradient, gain + instead - before

    return of
