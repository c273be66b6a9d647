"""Published figures as the posterior predicts them, for the observables of the model.

In: draws of the parameters, the model, and the figures there are. Out: `Paths` of every observable over all periods
of its series: parameters, latent paths and assumption constants from the draws, observation noise with AR(1) continued
from the last observed residual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sd_covid.calibration.density.objective import (
    experiment_runs,
    fixed_parameters,
    formula_outputs,
    model_names,
)
from sd_covid.calibration.density.observation import Observation
from sd_covid.calibration.density.process import Paths
from sd_covid.calibration.density.quantity import Quantity
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.types import Array, Progress, Simulator

REPEATS = (
    4  # draws of the noise for each draw of the parameters: quantiles then vary less than the noise itself
)


class Forecaster:
    """The model at every draw, ready to be observed.

    Parameters
    ----------
    problem : Problem
    simulator : Simulator
    draws : sequence of dict
        Every estimated parameter by id, one dict a draw.
    final : float
        Model time up to which it runs.
    experiment : str
        The empty text is the model as it stands.
    progress : callable, optional
        Called with (runs done, runs).
    """

    def __init__(
        self,
        problem: Problem,
        simulator: Simulator,
        draws: Sequence[Mapping[str, float]],
        final: float,
        *,
        experiment: str = "",
        progress: Progress | None = None,
    ) -> None:
        self.problem = problem
        names = model_names(problem, simulator)
        aliases = formula_outputs(problem, names)
        outputs = list(dict.fromkeys(aliases.values()))
        self._rows = {alias: outputs.index(output) for alias, output in aliases.items()}
        runs = experiment_runs(problem, simulator, names, experiment, outputs, final)
        self.grid = runs.time
        drawn = {name: np.array([[draw[name]] for draw in draws]) for name in draws[0]}
        found = runs.in_portions(drawn, len(draws), progress)
        finite = np.all(np.isfinite(found), axis=(0, 2))
        self.failed = int(np.sum(~finite))
        self._outputs = found[:, finite]
        kept = {name: column[finite] for name, column in drawn.items()}
        self._parameters = {**fixed_parameters(problem), **kept}

    def paths(self, observable: str, ends: Array, figures: Array, rng: np.random.Generator) -> Paths:
        """Paths of one observable.

        Parameters
        ----------
        observable : str
        ends : ndarray, shape (period,)
            Ends of the periods, all within the run.
        figures : ndarray, shape (period,)
            Published figures; NaN where there is none.
        rng : Generator

        Returns
        -------
        Paths
            `REPEATS` rows for each draw whose run did not fail.
        """
        observation = self._observation(observable, ends)
        found = observation.figures(self._outputs, self._parameters).predicted
        return Paths(*observation.noise.paths(ends, figures, found.repeated(REPEATS), rng))

    def medians(self, observable: str, ends: Array) -> Array:
        """The model's own figures, without noise. Shape (draw, period)."""
        return self._observation(observable, ends).figures(self._outputs, self._parameters).predicted.median

    def quantities(self, fact: str) -> Array:
        """The quantity of a soft fact at every draw whose run did not fail. Shape (draw,)."""
        view = Quantity(self.problem.extension.facts[fact], self._rows, self.grid)
        return view.value(self._outputs, self._parameters)

    def _observation(self, observable: str, ends: Array) -> Observation:
        """An observable at any periods: each takes the overrides and the sample size of the figure nearest to it."""
        mine = [m for m in self.problem.measurements if m.observable == observable]
        times = np.array([m.time for m in mine])
        like = [mine[int(np.argmin(np.abs(times - end)))] if mine else None for end in ends.tolist()]
        setting = self.problem.extension.observation(observable)
        item = self.problem.observables[observable]
        return Observation(item, setting, ends, like, self._rows, self.grid)
