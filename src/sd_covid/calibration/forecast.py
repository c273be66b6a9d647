"""Published figures as the posterior predicts them, for the observables of the model.

In: draws of the parameters, the model, and the figures there are. Out: `Paths` of every observable over all periods
of its series: parameters, latent paths and assumption constants from the draws, observation noise with AR(1) continued
from the last observed residual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sd_covid.calibration.facts.quantity import Quantity
from sd_covid.calibration.fit import Progress
from sd_covid.calibration.noise import Predicted
from sd_covid.calibration.objective import differentiable, formula_outputs, model_names
from sd_covid.calibration.observation import Observation
from sd_covid.calibration.petab import Problem
from sd_covid.calibration.process import Paths
from sd_covid.calibration.types import Array, Simulator

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
        fixed = {
            p.id: p.nominal for p in problem.parameters.values() if not p.estimate and p.nominal is not None
        }
        self._draws = [{**fixed, **draw} for draw in draws]
        names = model_names(problem, simulator)
        aliases = formula_outputs(problem, names)
        outputs = list(dict.fromkeys(aliases.values()))
        self._rows = {alias: outputs.index(output) for alias, output in aliases.items()}
        model, inputs = differentiable(problem, simulator, names, experiment, outputs, final)
        self.grid = model.time
        runs = []
        for done, draw in enumerate(self._draws, start=1):
            runs.append(model.values(inputs.values(draw)).copy())
            if progress is not None:
                progress(done, len(self._draws))
        self._runs = runs
        finite = np.array([bool(np.all(np.isfinite(run))) for run in runs])
        self.failed = int(np.sum(~finite))
        self._kept = np.flatnonzero(finite)

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
        found = [observation.figures(self._runs[index], self._draws[index]).predicted for index in self._kept]
        return Paths(*observation.noise.paths(ends, figures, _stacked(found), rng))

    def medians(self, observable: str, ends: Array) -> Array:
        """The model's own figures, without noise. Shape (draw, period)."""
        observation = self._observation(observable, ends)
        return np.array(
            [observation.figures(self._runs[i], self._draws[i]).predicted.median for i in self._kept]
        )

    def quantities(self, fact: str) -> Array:
        """The quantity of a soft fact at every draw whose run did not fail. Shape (draw,)."""
        view = Quantity(self.problem.extension.facts[fact], self._rows, self.grid)
        return np.array([view.value(self._runs[i], self._draws[i]) for i in self._kept])

    def _observation(self, observable: str, ends: Array) -> Observation:
        """An observable at any periods: each takes the overrides and the sample size of the figure nearest to it."""
        mine = [m for m in self.problem.measurements if m.observable == observable]
        times = np.array([m.time for m in mine])
        like = [mine[int(np.argmin(np.abs(times - end)))] if mine else None for end in ends.tolist()]
        setting = self.problem.extension.observation(observable)
        item = self.problem.observables[observable]
        return Observation(item, setting, ends, like, self._rows, self.grid)


def _stacked(found: Sequence[Predicted]) -> Predicted:
    """One set of parameters after another, each `REPEATS` times; what one has, all have."""
    first = found[0]

    def several(name: str) -> Array | None:
        if getattr(first, name) is None:
            return None
        return np.repeat([getattr(item, name) for item in found], REPEATS, axis=0)

    return Predicted(
        np.repeat([item.median for item in found], REPEATS, axis=0),
        np.repeat([item.sd for item in found], REPEATS, axis=0),
        several("rho"),
        several("freedom"),
        first.size,
    )
