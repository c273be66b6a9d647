"""The log posterior of a problem, with its exact gradient.

In: a `Problem` and a loaded model. Out: prior plus likelihood at parameter values, in natural or in unconstrained
coordinates, of one point or of many members at once by the same code. The model runs once for each experiment; one
reverse sweep gives the gradient. A run that fails gives its member NaN, never an exception, so that samplers and
optimisers can turn away from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.density.observation import Figures, Observation
from sd_covid.calibration.density.quantity import Quantity
from sd_covid.calibration.density.runs import Runs
from sd_covid.calibration.density.transform import Transform
from sd_covid.calibration.formula import Constant, Formula, Symbol
from sd_covid.calibration.noise import Likelihood, Predicted
from sd_covid.calibration.problem.lint import ModelNames, check_model
from sd_covid.calibration.problem.petab import Measurement, Problem
from sd_covid.calibration.problem.priors import JointPrior
from sd_covid.calibration.types import Array, Mask, Progress, Simulator


@dataclass(slots=True)
class Series:
    """The figures of one observable in one experiment, and how the model sees them."""

    observation: Observation
    figures: Array
    holdout: Mask
    measurements: tuple[Measurement, ...]

    def likelihood(self, predicted: Predicted) -> Likelihood:
        """What the noise says of the figures; the value is NaN where it has no density."""
        noise = self.observation.noise
        with np.errstate(all="ignore"):
            found = noise.likelihood(self.figures, predicted, self.observation.gaps)
            return replace(found, value=np.where(noise.defined(predicted), found.value, math.nan))


@dataclass(slots=True)
class Experiment:
    """One run of the model: its inputs as formulas of the parameters, what is observed and said of it."""

    id: str
    runs: Runs
    series: list[Series]
    facts: list[Quantity]


AddSeries = Callable[[Series, Array, Mapping[str, Array], Array, Mapping[str, Array]], Array]
"""What a series adds for each member, from outputs and parameters; it adds its derivatives to seed and gradient."""

AddFact = Callable[[Quantity, Array, Mapping[str, Array], Array, Mapping[str, Array]], Array]
"""The same for a soft fact."""


def model_names(problem: Problem, simulator: Simulator) -> ModelNames:
    """Resolve the problem's names in the model.

    Raises
    ------
    ProblemError
        The first fault that shows beside the model.
    """
    for fault in check_model(problem, simulator):
        raise fault
    return ModelNames(problem, simulator)


def formula_outputs(problem: Problem, names: ModelNames) -> dict[str, str]:
    """Model outputs used by observables and soft facts: name in the formula -> name in the model."""
    found: dict[str, str] = {}
    for item in problem.observables.values():
        for name in formulas.symbols(item.formula):
            output = names.output(name)
            if (
                name not in problem.parameters
                and name not in (*item.placeholders, "time")
                and output is not None
            ):
                found[name] = output
    for fact in problem.extension.facts.values():
        for name in fact.inside:
            output = names.output(name)
            if name not in problem.parameters and name != "time" and output is not None:
                found[name] = output
    return found


def experiment_inputs(problem: Problem, names: ModelNames, experiment: str) -> dict[str, Formula]:
    """Model constants that the parameters and the experiment's conditions set, as formulas of the parameters."""
    inputs: dict[str, Formula] = {}
    for parameter in problem.parameters.values():
        constant = names.constant(parameter.id)
        if constant is not None:
            inputs[constant] = Symbol(parameter.id)
    conditions = {period.condition for period in problem.periods if period.experiment == experiment}
    for change in problem.changes:
        constant = names.constant(change.target)
        if change.condition in conditions and constant is not None:
            inputs[constant] = change.value
    return inputs


def fixed_parameters(problem: Problem) -> dict[str, Array]:
    """The parameters that are not estimated, by id. Shape (1,) each."""
    return {
        item.id: np.array([item.nominal])
        for item in problem.parameters.values()
        if not item.estimate and item.nominal is not None
    }


def experiment_runs(
    problem: Problem,
    simulator: Simulator,
    names: ModelNames,
    experiment: str,
    outputs: list[str],
    final: float,
) -> Runs:
    """The model of one experiment up to time ``final``, as a function of the estimated parameters."""
    fixed = {name: Constant(float(value[0])) for name, value in fixed_parameters(problem).items()}
    constants: dict[str, float] = {"FINAL TIME": final}
    free: dict[str, Formula] = {}
    for constant, formula in experiment_inputs(problem, names, experiment).items():
        formula = formulas.substitute(formula, fixed)
        if any(formulas.symbols(formula)):
            free[constant] = formula
        else:
            constants[constant] = float(formulas.evaluate(formula, {}))
    model = simulator.differentiable(outputs, list(free), constants=constants)
    return Runs(model, list(free.values()))


class Objective:
    """Log posterior of a problem.

    Parameters
    ----------
    problem : Problem
    simulator : Simulator
        The loaded model.
    holdout : bool
        Whether the figures marked ``holdout`` count.
    until : float, optional
        Only figures of periods that end at or before this time count.

    Raises
    ------
    ProblemError
        The tables contradict the model.
    """

    def __init__(
        self, problem: Problem, simulator: Simulator, *, holdout: bool = True, until: float | None = None
    ) -> None:
        self.problem = problem
        self.parameters = problem.estimated
        self.names = [item.id for item in self.parameters]
        self.transform = Transform(self.parameters, problem.extension.additive)
        self._prior = JointPrior([item.prior for item in self.parameters if item.prior is not None])
        self._fixed = fixed_parameters(problem)
        names = model_names(problem, simulator)
        chosen = [
            item
            for item in problem.measurements
            if (holdout or not item.holdout) and (until is None or item.time <= until)
        ]
        facts = [
            item
            for item in problem.extension.facts.values()
            if (holdout or not item.holdout) and (until is None or item.end <= until)
        ]
        used = {item.observable for item in chosen}
        everything = formula_outputs(problem, names)
        needed = {name for key in used for name in formulas.symbols(problem.observables[key].formula)}
        needed.update(name for item in facts for name in item.inside)
        aliases = {name: output for name, output in everything.items() if name in needed}
        outputs = list(dict.fromkeys(aliases.values()))
        rows = {alias: outputs.index(output) for alias, output in aliases.items()}
        last = max([item.time for item in chosen] + [item.end for item in facts], default=1.0)
        final = float(np.ceil(last))
        self.experiments: list[Experiment] = []
        named = [item.experiment for item in chosen] + [item.experiment for item in facts]
        for experiment in dict.fromkeys(named):
            runs = experiment_runs(problem, simulator, names, experiment, outputs, final)
            mine = [item for item in chosen if item.experiment == experiment]
            series = [
                _series(problem, key, mine, rows, runs.time) for key in problem.observables if key in used
            ]
            said = [Quantity(item, rows, runs.time) for item in facts if item.experiment == experiment]
            self.experiments.append(Experiment(experiment, runs, [s for s in series if s is not None], said))

    @property
    def dimension(self) -> int:
        """Number of estimated parameters."""
        return len(self.names)

    def runs(self, x: Array, progress: Progress | None = None) -> Iterator[tuple[Experiment, Array]]:
        """Every experiment with the outputs of its runs at many points, all NaN where a run fails.

        Parameters
        ----------
        x : ndarray, shape (member, parameter)
            Natural values.
        progress : callable, optional
            Called with (runs done, runs).

        Yields
        ------
        experiment : Experiment
        outputs : ndarray, shape (output, member, time)
        """
        parameters, total = self.values(x), len(x) * len(self.experiments)
        for place, experiment in enumerate(self.experiments):

            def tell(done: int, _members: int, before: int = place * len(x)) -> None:
                if progress is not None:
                    progress(before + done, total)

            with np.errstate(all="ignore"):
                outputs = experiment.runs.in_portions(parameters, len(x), tell)
            outputs[:, ~np.all(np.isfinite(outputs), axis=(0, 2))] = math.nan
            yield experiment, outputs

    def copy(self, threads: int | None = None) -> Objective:
        """An independent objective for another thread; tables and compiled code are shared.

        Parameters
        ----------
        threads : int, optional
            Of its own, among which it divides members; by default all processors this process may use.
        """
        twin = object.__new__(Objective)
        twin.__dict__.update(self.__dict__)
        twin.experiments = [
            Experiment(item.id, item.runs.copy(threads), item.series, item.facts) for item in self.experiments
        ]
        return twin

    def observing(self, figures: Mapping[tuple[str, str], Array]) -> Objective:
        """The same problem with other figures at the same times; it shares its runs with this one.

        Parameters
        ----------
        figures : mapping
            By observable and experiment, each of shape (figure,) in order of time, for every series.
        """
        twin = object.__new__(Objective)
        twin.__dict__.update(self.__dict__)
        twin.experiments = [
            replace(
                item,
                series=[
                    replace(series, figures=figures[series.observation.observable.id, item.id])
                    for series in item.series
                ],
            )
            for item in self.experiments
        ]
        return twin

    def values(self, x: Array) -> dict[str, Array]:
        """Every parameter of the problem by id, estimated ones from ``x``.

        Parameters
        ----------
        x : ndarray, shape (parameter,) or (member, parameter)

        Returns
        -------
        dict of str to ndarray
            Shapes (1,) and (member, 1), so that figures of a member lie along the last axis.
        """
        columns = {name: x[..., place, None] for place, name in enumerate(self.names)}
        return {**self._fixed, **columns}

    def log_prior(self, x: Array) -> tuple[Array, Array]:
        """Log prior density at natural values and its gradient; ``x`` as in `values`."""
        return self._prior.log_density(x)

    def log_likelihoods(self, x: Array, *, slopes: bool = True) -> tuple[Array, Array]:
        """Log likelihood of each member and its gradient, NaN where the run fails.

        Parameters
        ----------
        x : ndarray, shape (member, parameter)
            Natural values.
        slopes : bool
            Whether the gradient is asked for; without, it is NaN, and the model's way back is not compiled.

        Returns
        -------
        value : ndarray, shape (member,)
        gradient : ndarray, shape (member, parameter)
        """
        return self.gathered(x, add_series, slopes=slopes)

    def gathered(
        self, x: Array, add: AddSeries, add_fact: AddFact | None = None, *, slopes: bool = True
    ) -> tuple[Array, Array]:
        """`log_likelihoods` in which something else is added up for each series, or soft fact, as told.

        Without slopes, at a fifth of the cost, the gradient is NaN.
        """
        add_fact = add_fact or Quantity.log_density
        parameters = self.values(x)
        rows = np.zeros((self.dimension, len(x)))
        gradient = dict(zip(self.names, rows, strict=True))
        total = np.zeros(len(x))
        failed = np.zeros(len(x), dtype=bool)
        with np.errstate(all="ignore"):
            for experiment in self.experiments:
                outputs = experiment.runs.values(parameters, len(x))
                total[~np.all(np.isfinite(outputs), axis=(0, 2))] = math.nan
                seed = np.zeros_like(outputs)
                for series in experiment.series:
                    total += add(series, outputs, parameters, seed, gradient)
                for fact in experiment.facts:
                    total += add_fact(fact, outputs, parameters, seed, gradient)
                failed = ~np.isfinite(total)
                if np.all(failed):
                    break
                if slopes:
                    seed[:, failed] = 0.0
                    experiment.runs.pull_back(seed, parameters, gradient)
        total[failed] = math.nan
        rows[:, failed if slopes else slice(None)] = math.nan
        return total, rows.T

    def log_posteriors(self, x: Array, *, slopes: bool = True) -> tuple[Array, Array]:
        """Log posterior density of each member (up to the evidence) at natural values and its gradient.

        Outside the bounds it is minus infinity with gradient 0; NaN where the run fails. Shapes and ``slopes`` as in
        `log_likelihoods`.
        """
        prior, slope = self.log_prior(x)
        inside = np.isfinite(prior)
        if not np.any(inside):
            return prior, slope
        # the others repeat one that can be run: a batch of always the same size needs no new memory
        safe = np.where(inside[:, None], x, x[np.argmax(inside)])
        value, gradient = self.log_likelihoods(safe, slopes=slopes)
        return np.where(inside, prior + value, prior), np.where(inside[:, None], slope + gradient, slope)

    def unconstrained_log_posteriors(self, u: Array) -> tuple[Array, Array]:
        """Log posterior density of each member's unconstrained coordinates and its gradient; NaN where it has none.

        Shapes as in `log_likelihoods`.
        """
        x, slope, log_jacobian, bend = self.transform.density(u)
        value, gradient = self.log_posteriors(x)
        value = value + log_jacobian
        there = np.isfinite(value)
        return np.where(there, value, math.nan), np.where(there[:, None], gradient * slope + bend, math.nan)

    def log_likelihood(self, x: Array) -> tuple[float, Array]:
        """`log_likelihoods` of one member, of shape (parameter,)."""
        return _one(self.log_likelihoods(x[None]))

    def log_posterior(self, x: Array) -> tuple[float, Array]:
        """`log_posteriors` of one member, of shape (parameter,)."""
        return _one(self.log_posteriors(x[None]))

    def unconstrained_log_posterior(self, u: Array) -> tuple[float, Array]:
        """`unconstrained_log_posteriors` of one member, of shape (parameter,)."""
        return _one(self.unconstrained_log_posteriors(u[None]))

    def informed(self, points: list[Array]) -> Mask:
        """Which parameters the figures can speak of: those whose likelihood slope is not zero at every point given.

        A constant that acts only after the last figure (a later step of a random walk, a path assumed for a driver)
        has a slope of exactly zero: its posterior is its prior, independent of all others.

        Parameters
        ----------
        points : list of ndarray, shape (parameter,)
            Natural values; several, so that a slope that happens to be zero at one does not mislead.
        """
        slopes = self.log_likelihoods(np.array(points))[1]
        found: Mask = np.any(slopes != 0.0, axis=0)
        return found

    def predictions(self, x: Array) -> dict[tuple[str, str], Figures]:
        """What the model says about every figure, by (observable, experiment)."""
        found: dict[tuple[str, str], Figures] = {}
        for experiment in self.experiments:
            outputs = experiment.runs.values(self.values(x[None]), 1)[:, 0]
            for series in experiment.series:
                key = (series.observation.observable.id, experiment.id)
                found[key] = series.observation.figures(outputs, self.values(x))
        return found


def _one(found: tuple[Array, Array]) -> tuple[float, Array]:
    """Value and gradient of the only member."""
    return float(found[0][0]), found[1][0]


def _series(
    problem: Problem, observable: str, chosen: list[Measurement], rows: Mapping[str, int], grid: Array
) -> Series | None:
    """Figures of one observable in order of time; None when it has none, or only repeats another's."""
    setting = problem.extension.observation(observable)
    items = sorted((item for item in chosen if item.observable == observable), key=lambda item: item.time)
    if not items or setting.equivalent_to is not None:
        return None
    observation = Observation(
        problem.observables[observable],
        setting,
        np.array([item.time for item in items]),
        items,
        rows,
        grid,
    )
    figures = np.array([item.value for item in items])
    return Series(observation, figures, np.array([item.holdout for item in items], dtype=bool), tuple(items))


def add_series(
    series: Series,
    outputs: Array,
    parameters: Mapping[str, Array],
    seed: Array,
    gradient: Mapping[str, Array],
) -> Array:
    """Log likelihood of one series for each member, its derivatives added to seed and gradient."""
    observation = series.observation
    figures = observation.figures(outputs, parameters)
    found = series.likelihood(figures.predicted)
    observation.pull_back(figures, found, seed, gradient)
    return found.value
