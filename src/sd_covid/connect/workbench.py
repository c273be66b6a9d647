"""A model in the EMA workbench, whose experiments the kernel runs as one batch.

In go a model and what of it is uncertain, set and looked at; out come the workbench's own experiments and outcomes, for
its PRIM, feature scoring and many-objective search. `KernelEvaluator` stands where its evaluators stand.

References
----------
Kwakkel (2017), The Exploratory Modeling Workbench, Environmental Modelling & Software 96, 239-250.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.connect import library
from sd_covid.connect.spans import Spans, spans
from sd_covid.engine.simulation import Simulation, load
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.catalogue.ranges import Z95, Range

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that its evaluators for clusters are not installed
    _workbench = library("ema_workbench", "sd-covid[ecosystem]")
    _evaluators = library("ema_workbench.em_framework.evaluators", "sd-covid[ecosystem]")
    _model = library("ema_workbench.em_framework.model", "sd-covid[ecosystem]")
    _points = library("ema_workbench.em_framework.points", "sd-covid[ecosystem]")
_log = library("ema_workbench.util", "sd-covid[ecosystem]").get_module_logger("ema_workbench.sd_covid")

#: Experiments of a batch: enough to fill the engine's lanes and threads, few enough for their courses to fit.
_BATCH = 1024
_TIME = "TIME"  # as the workbench's connectors call it


class KernelModel(_model.SingleReplication):  # type: ignore[misc,name-defined]  # the workbench has no types
    """A model of this engine as the workbench knows one.

    Parameters
    ----------
    model : Simulation or path
    uncertainties, levers : mapping or iterable of str
        Constants with their low and high or their `Range`, or names of constants whose range the model file declares
        (`sd_covid.connect.spans`). The workbench's own parameters may be set instead, whose ``variable_name`` is the
        constant.
    outcomes : sequence of str or of the workbench's outcomes
        A name is a `TimeSeriesOutcome`; ``TIME`` is the model time of its columns. A `ScalarOutcome` needs a function,
        as everywhere in the workbench.
    name : str, optional
        Letters and digits; by default those of the model's name.
    seed : int
        Of the model's own random numbers.

    Raises
    ------
    UnknownNameError
        For a constant or outcome that the model does not have.
    RunError
        For a range that is not declared, or that scipy has no distribution for.
    """

    def __init__(
        self,
        model: Simulation | str | Path,
        *,
        uncertainties: Spans = (),
        levers: Spans = (),
        outcomes: Sequence[Any] = (),
        name: str = "",
        seed: int = 0,
    ) -> None:
        self.simulation = model if isinstance(model, Simulation) else load(model)
        super().__init__(name or "".join(filter(str.isalnum, self.simulation.model.name)) or "model")
        self.seed = seed
        self.uncertainties = _parameters(self.simulation, uncertainties)
        self.levers = _parameters(self.simulation, levers)
        self.outcomes = [
            _workbench.TimeSeriesOutcome(item) if isinstance(item, str) else item for item in outcomes
        ]
        for variable in self.output_variables:
            if key(variable) != key(_TIME):
                self.simulation.names.cells(variable)  # refuses what is no variable

    def constants_of(self, experiment: Any) -> dict[str, float]:
        """What an experiment sets, by the model's constants.

        Parameters
        ----------
        experiment : ema_workbench Experiment
        """
        scenario, policy = experiment.scenario.copy(), experiment.policy.copy()
        self._transform(scenario, self.uncertainties)
        self._transform(policy, self.levers)
        return {**scenario, **policy, **{item.name: item.value for item in self.constants}}

    def run_experiment(self, experiment: Mapping[str, float]) -> dict[str, NDArray[np.float64]]:
        """A single experiment, for the workbench's own evaluators."""
        return next(self.run_batch([experiment], 0))

    def run_batch(
        self, settings: Sequence[Mapping[str, float]], first: int
    ) -> Iterator[dict[str, NDArray[np.float64]]]:
        """Courses of every output, of experiments that are run together.

        Parameters
        ----------
        settings : sequence of mapping
            Constants of each.
        first : int
            Number of the first, so that random numbers do not hang on the size of a batch.

        Raises
        ------
        UnknownNameError, RunError
            As `Simulation.run`.
        """
        names = [name for name in dict.fromkeys(self.output_variables) if key(name) != key(_TIME)]
        if not names:
            raise RunError("the model has no outcomes", advice="set model.outcomes")
        frame = self._frame(settings)
        found = self.simulation.run(frame, names, seed=self.seed, first_member=first)
        columns = {name: found[name].to_numpy() for name in names}
        time = found["time"].to_numpy()
        for member in range(len(frame)):
            yield {name: column[member] for name, column in columns.items()} | {
                name: time for name in self.output_variables if key(name) == key(_TIME)
            }

    def _frame(self, settings: Sequence[Mapping[str, float]]) -> pd.DataFrame:
        """Constants by row; one that some policies set and others do not has its own value there."""
        names = list(dict.fromkeys(name for item in settings for name in item))
        own = {key(name): value for name, value in self.simulation.constants.items()}
        rows = [[item.get(name, own.get(key(name))) for name in names] for item in settings]
        return pd.DataFrame(rows, columns=names, index=range(len(settings)))


class KernelEvaluator(_evaluators.BaseEvaluator):  # type: ignore[misc,name-defined]
    """Runs the experiments of `KernelModel` as batches, on all processors, in this process.

    It stands where the workbench's `SequentialEvaluator` or `MultiprocessingEvaluator` stands: in ``with`` or as the
    argument ``evaluator``, for experiments, optimisation and robust optimisation. Experiments whose outputs do not stay
    finite count as failed: the workbench returns masked arrays, as it does for its other connectors.
    """

    def initialize(self) -> None:
        """There is nothing to start."""

    def finalize(self) -> None:
        """There is nothing to end."""

    def evaluate_experiments(
        self,
        scenarios: Iterable[Any],
        policies: Iterable[Any],
        callback: Callable[[Any, Mapping[str, Any]], None],
        combine: str = "factorial",
        **_: Any,
    ) -> None:
        """Run every combination, by model; the workbench calls this.

        Raises
        ------
        RunError
            For a model that is not a `KernelModel`.
        """
        models = {model.name: model for model in self._msis}
        for name, model in models.items():
            if not isinstance(model, KernelModel):
                advice = "evaluate it by the workbench's own SequentialEvaluator"
                raise RunError(f"'{name}' is not a KernelModel", advice=advice)
        done = dict.fromkeys(models, 0)
        experiments = _points.experiment_generator(scenarios, self._msis, policies, combine=combine)
        # all of a model together: `combine` may alternate between models
        for name, items in itertools.groupby(
            sorted(experiments, key=lambda item: list(models).index(item.model_name)), lambda e: e.model_name
        ):
            while part := list(itertools.islice(items, _BATCH)):
                self._run(models[name], part, done[name], callback)
                done[name] += len(part)

    def _run(
        self, model: KernelModel, experiments: Sequence[Any], first: int, callback: Callable[..., None]
    ) -> None:
        settings = [model.constants_of(item) for item in experiments]
        failed = 0
        for experiment, outputs in zip(experiments, model.run_batch(settings, first), strict=True):
            sound = all(np.isfinite(values).all() for values in outputs.values())
            failed += not sound
            if sound:
                model.outcomes_output = outputs
            callback(experiment, dict(model.outcomes_output) if sound else {})
        if failed:
            _log.warning(f"{failed} of {len(experiments)} experiments of {model.name} did not stay finite")


def _parameters(simulation: Simulation, given: Spans) -> list[Any]:
    """The workbench's parameters of some constants."""
    if not given:
        return []
    found = []
    for name, span in spans(simulation, given).items():
        default = simulation.constants[name]
        if span.shape == "uniform":
            made = _workbench.RealParameter(name, span.low, span.high, default=default)
        else:
            made = _workbench.RealParameter.from_dist(name, _frozen(name, span), default=default)
        found.append(made)
    return found


def _frozen(name: str, span: Range) -> Any:
    """A range as one of scipy's distributions."""
    from scipy import stats

    low, high = span.low, span.high
    if span.shape == "log-uniform":
        return stats.loguniform(low, high)
    if span.shape == "triangular":
        return stats.triang((span.central - low) / (high - low), low, high - low)
    if span.shape == "normal":
        middle, deviation = (low + high) / 2, (high - low) / (2 * Z95)
        if span.cut is None:
            return stats.norm(middle, deviation)
        ends = [(end - middle) / deviation for end in span.cut]
        return stats.truncnorm(*ends, middle, deviation)
    if span.shape == "log-normal" and span.cut is None:
        middle, half = np.log(low * high) / 2, np.log(high / low) / 2
        return stats.lognorm(half / Z95, scale=np.exp(middle))
    kind = span.shape if span.cut is None else f"{span.shape} and cut off at both ends"
    raise RunError(
        f"scipy has no distribution that is {kind}",
        advice=f"give its low and high, {{'{name}': {span.bounds}}}",
        variable=name,
    )
