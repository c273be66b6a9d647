"""The log posterior of a problem, with its exact gradient.

In: a `Problem` and a loaded model. Out: prior plus likelihood at parameter values, in natural or in unconstrained
coordinates. The model runs once for each experiment; one reverse sweep gives the gradient. A run that fails gives NaN,
never an exception, so that samplers and optimisers can turn away from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.facts.quantity import Quantity
from sd_covid.calibration.formula import Constant, Formula, Symbol
from sd_covid.calibration.lint import ModelNames, check_model
from sd_covid.calibration.observation import Figures, Observation
from sd_covid.calibration.petab import Measurement, Problem
from sd_covid.calibration.priors import JointPrior
from sd_covid.calibration.transform import Transform
from sd_covid.calibration.types import Array, Differentiable, Mask, Simulator


@dataclass(slots=True)
class Series:
    """The figures of one observable in one experiment, and how the model sees them."""

    observation: Observation
    figures: Array
    holdout: Mask
    measurements: tuple[Measurement, ...]


class Inputs:
    """The model's constants as functions of the parameters.

    Parameters
    ----------
    items : sequence of Formula
        One for each constant; most are a single parameter.
    """

    def __init__(self, items: Sequence[Formula]) -> None:
        self._functions = [formulas.compiled(item) for item in items]
        self._slopes = [
            {
                name: None if item == Symbol(name) else formulas.compiled(formulas.derivative(item, name))
                for name in formulas.symbols(item)
            }
            for item in items
        ]

    def values(self, parameters: Mapping[str, float]) -> Array:
        """Constants at parameter values. Shape (constant,)."""
        return np.array([function(parameters) for function in self._functions], dtype=np.float64)

    def pull_back(self, slopes: Array, parameters: Mapping[str, float], gradient: dict[str, float]) -> None:
        """Add derivatives by the constants to a gradient on the parameters, for the ids it has."""
        for slope, partials in zip(slopes.tolist(), self._slopes, strict=True):
            for name, partial in partials.items():
                if name in gradient:
                    gradient[name] += slope * (1.0 if partial is None else float(partial(parameters)))


@dataclass(slots=True)
class Experiment:
    """One run of the model: its inputs as formulas of the parameters, what is observed and said of it."""

    id: str
    model: Differentiable
    inputs: Inputs
    series: list[Series]
    facts: list[Quantity]


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


def differentiable(
    problem: Problem,
    simulator: Simulator,
    names: ModelNames,
    experiment: str,
    outputs: list[str],
    final: float,
) -> tuple[Differentiable, Inputs]:
    """The model of one experiment up to time ``final``, as a function of the constants that depend on estimates."""
    fixed_values = {item.id: item.nominal for item in problem.parameters.values() if not item.estimate}
    fixed = {name: Constant(value) for name, value in fixed_values.items() if value is not None}
    constants: dict[str, float] = {"FINAL TIME": final}
    free: dict[str, Formula] = {}
    for constant, formula in experiment_inputs(problem, names, experiment).items():
        formula = formulas.substitute(formula, fixed)
        if any(formulas.symbols(formula)):
            free[constant] = formula
        else:
            constants[constant] = float(formulas.evaluate(formula, {}))
    return simulator.differentiable(outputs, list(free), constants=constants), Inputs(list(free.values()))


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
        self.transform = Transform(self.parameters)
        self._prior = JointPrior([item.prior for item in self.parameters if item.prior is not None])
        self._fixed = {
            p.id: p.nominal for p in problem.parameters.values() if not p.estimate and p.nominal is not None
        }
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
            model, inputs = differentiable(problem, simulator, names, experiment, outputs, final)
            mine = [item for item in chosen if item.experiment == experiment]
            series = [
                _series(problem, key, mine, rows, model.time) for key in problem.observables if key in used
            ]
            said = [Quantity(item, rows, model.time) for item in facts if item.experiment == experiment]
            self.experiments.append(
                Experiment(experiment, model, inputs, [s for s in series if s is not None], said)
            )

    @property
    def dimension(self) -> int:
        """Number of estimated parameters."""
        return len(self.names)

    def copy(self) -> Objective:
        """An independent objective for another thread; tables and compiled code are shared."""
        twin = object.__new__(Objective)
        twin.__dict__.update(self.__dict__)
        twin.experiments = [
            Experiment(e.id, e.model.copy(), e.inputs, e.series, e.facts) for e in self.experiments
        ]
        return twin

    def values(self, x: Array) -> dict[str, float]:
        """Every parameter of the problem by id, estimated ones from ``x`` (shape (parameter,))."""
        return {**self._fixed, **dict(zip(self.names, x.tolist(), strict=True))}

    def log_prior(self, x: Array) -> tuple[float, Array]:
        """Log prior density at natural values and its gradient. Shape (parameter,)."""
        return self._prior.log_density(x)

    def log_likelihood(self, x: Array) -> tuple[float, Array]:
        """Log likelihood at natural values and its gradient. Shape (parameter,). NaN where the run fails."""
        parameters = self.values(x)
        gradient = dict.fromkeys(self.names, 0.0)
        total = 0.0
        for experiment in self.experiments:
            outputs = experiment.model.values(experiment.inputs.values(parameters))
            if not np.all(np.isfinite(outputs)):
                return math.nan, np.full(len(x), math.nan)
            seed = np.zeros_like(outputs)
            for series in experiment.series:
                total += _add_series(series, outputs, parameters, seed, gradient)
            for fact in experiment.facts:
                total += fact.log_density(outputs, parameters, seed, gradient)
            if not math.isfinite(total):
                return math.nan, np.full(len(x), math.nan)
            experiment.inputs.pull_back(experiment.model.gradient(seed), parameters, gradient)
        return total, np.array([gradient[name] for name in self.names])

    def log_posterior(self, x: Array) -> tuple[float, Array]:
        """Log posterior density (up to the evidence) at natural values and its gradient.

        Outside the bounds it is minus infinity with gradient 0; NaN where the run fails.
        """
        prior, prior_gradient = self.log_prior(x)
        if not math.isfinite(prior):
            return prior, prior_gradient
        value, gradient = self.log_likelihood(x)
        return prior + value, prior_gradient + gradient

    def unconstrained_log_posterior(self, u: Array) -> tuple[float, Array]:
        """Log posterior density of the unconstrained coordinates and its gradient; NaN where it has none."""
        x, slope, log_jacobian, bend = self.transform.density(u)
        value, gradient = self.log_posterior(x)
        if not math.isfinite(value + log_jacobian):
            return math.nan, np.full(len(u), math.nan)
        return value + log_jacobian, gradient * slope + bend

    def informed(self, points: list[Array]) -> Mask:
        """Which parameters the figures can speak of: those whose likelihood slope is not zero at every point given.

        A constant that acts only after the last figure (a later step of a random walk, a path assumed for a driver)
        has a slope of exactly zero: its posterior is its prior, independent of all others.

        Parameters
        ----------
        points : list of ndarray, shape (parameter,)
            Natural values; several, so that a slope that happens to be zero at one does not mislead.
        """
        slopes = np.array([self.log_likelihood(x)[1] for x in points])
        found: Mask = np.any(slopes != 0.0, axis=0)
        return found

    def predictions(self, x: Array) -> dict[tuple[str, str], Figures]:
        """What the model says about every figure, by (observable, experiment)."""
        parameters = self.values(x)
        found: dict[tuple[str, str], Figures] = {}
        for experiment in self.experiments:
            outputs = experiment.model.values(experiment.inputs.values(parameters))
            for series in experiment.series:
                key = (series.observation.observable.id, experiment.id)
                found[key] = series.observation.figures(outputs, parameters)
        return found


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


def _add_series(
    series: Series, outputs: Array, parameters: Mapping[str, float], seed: Array, gradient: dict[str, float]
) -> float:
    """Log likelihood of one series, its derivatives added to seed and gradient."""
    observation = series.observation
    figures = observation.figures(outputs, parameters)
    if not observation.noise.defined(figures.predicted):
        return math.nan
    found = observation.noise.likelihood(series.figures, figures.predicted, observation.gaps)
    observation.pull_back(figures, found, seed, gradient)
    return found.value
