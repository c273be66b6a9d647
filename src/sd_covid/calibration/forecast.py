"""Published figures as the posterior predicts them, for the observables of the model.

In: draws of the parameters, the model, and the figures there are. Out: `Paths` of every observable over all periods
of its series: parameters, latent paths and assumption constants from the draws, observation noise with AR(1) continued
from the last observed residual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sd_covid.calibration.fit import Progress
from sd_covid.calibration.markov import leave_one_out, sample_paths
from sd_covid.calibration.noise import residuals
from sd_covid.calibration.objective import differentiable, formula_outputs, model_names
from sd_covid.calibration.observation import Observation
from sd_covid.calibration.petab import Measurement, Observable, Problem
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
        item = self.problem.observables[observable]
        setting = self.problem.extension.observation(observable)
        observation = Observation(item, setting, ends, self._overrides(item, ends), self._rows, self.grid)
        found = [observation.figures(self._runs[index], self._draws[index]) for index in self._kept]
        median = np.repeat([row.median for row in found], REPEATS, axis=0)
        sd = np.repeat([row.sd for row in found], REPEATS, axis=0)
        rho = np.repeat([0.0 if row.rho is None else row.rho for row in found], REPEATS)
        known = ~np.isnan(figures)
        z = np.full_like(median, np.nan)
        z[:, known] = residuals(item.distribution, figures[known], median[:, known]) / sd[:, known]
        if item.distribution.endswith("laplace"):
            path = np.where(known, z, rng.laplace(size=z.shape))
            alone = np.where(known, rng.laplace(size=z.shape), np.nan)
        else:
            path = sample_paths(ends, z, rho, rng)
            alone = leave_one_out(ends, z, rho, rng)
        noisy = _add(item, median, sd * path)
        return Paths(
            np.where(known, np.where(known, figures, 0.0), noisy),
            _add(item, median, sd * np.where(known, alone, path)),
        )

    def medians(self, observable: str, ends: Array) -> Array:
        """The model's own figures, without noise. Shape (draw, period)."""
        item = self.problem.observables[observable]
        setting = self.problem.extension.observation(observable)
        observation = Observation(item, setting, ends, self._overrides(item, ends), self._rows, self.grid)
        return np.array([observation.figures(self._runs[i], self._draws[i]).median for i in self._kept])

    def _overrides(self, item: Observable, ends: Array) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """For each period the overrides of the figure nearest to it; placeholders are never left open."""
        mine: list[Measurement] = [m for m in self.problem.measurements if m.observable == item.id]
        if not mine:
            return [((), ())] * len(ends)
        times = np.array([m.time for m in mine])
        nearest = [mine[int(np.argmin(np.abs(times - end)))] for end in ends.tolist()]
        return [(m.overrides, m.noise_overrides) for m in nearest]


def _add(item: Observable, median: Array, noise: Array) -> Array:
    if item.distribution.startswith("log-"):
        logarithmic: Array = median * np.exp(noise)
        return logarithmic
    return median + noise
