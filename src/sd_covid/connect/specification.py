"""SALib's `ProblemSpec` of a model: sampled and analysed by SALib, evaluated by the kernel as one batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from SALib import ProblemSpec

from sd_covid.connect.spans import Spans, spans
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.policy.catalogue.ranges import Z95, Range

Floats = NDArray[np.float64]


class KernelProblem(ProblemSpec):  # type: ignore[misc]  # SALib has no types
    """A `ProblemSpec` that runs its own model; made by `problem_spec`."""

    def __init__(
        self, told: dict[str, Any], model: Simulation, columns: list[str], over_time: str, seed: int
    ) -> None:
        super().__init__(told)
        self._model, self._columns, self._over_time, self._seed = model, columns, over_time, seed

    def evaluate(self, func: Any = None, *args: Any, **kwargs: Any) -> KernelProblem:
        """Run the model at every row of the sample, as members of one batch; another function as SALib does.

        Raises
        ------
        RunError
            When there is no sample yet, or a run does not stay finite: of one NaN among its numbers SALib makes zeros
            or NaN of all indices, without a word.
        """
        if func is None or func is self._model:
            if self.samples is None:
                raise RunError(
                    "there is no sample yet", advice="call .sample_sobol(512) or another before it"
                )
            self.results = self._outcomes(np.asarray(self.samples, dtype=np.float64))
        else:
            super().evaluate(func, *args, **kwargs)
        return self

    def _outcomes(self, rows: Floats) -> Floats:
        """Shape (row, output), or (row,) of a single output, as SALib has it."""
        frame = pd.DataFrame(rows, columns=self._columns)
        found = self._model.run(frame, self["outputs"], over_time=[self._over_time], seed=self._seed)
        values = np.column_stack([found[name].to_numpy()[:, 0] for name in self["outputs"]])
        failed = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(failed):
            at = ", ".join(f"{name} = {frame[name].iloc[failed[0]]:g}" for name in self._columns)
            raise RunError(
                f"{len(failed)} of {len(frame)} runs do not stay finite, the first with {at}",
                advice="narrow the ranges; sd-covid sensitivity leaves such runs out by blocks",
            )
        return values[:, 0] if values.shape[1] == 1 else values


def problem_spec(
    model: Simulation, ranges: Spans, outputs: Sequence[str], *, over_time: str = "final", seed: int = 0
) -> KernelProblem:
    """A problem of SALib that the kernel evaluates.

    Parameters
    ----------
    model : Simulation
    ranges : mapping or iterable of str
        Constants with their low and high or their `Range`, or names of constants whose range the model file declares.
    outputs : sequence of str
        Variables, of an array one element each.
    over_time : {'final', 'mean', 'integral', 'min', 'max'}
        What each run comes to.
    seed : int
        Of the model's own random numbers; rows are members of one batch.

    Returns
    -------
    KernelProblem
        A `ProblemSpec`: ``.sample_sobol(512).evaluate(model).analyze_sobol()``.

    Raises
    ------
    UnknownNameError
        For a constant or output that the model does not have.
    RunError
        For a range that is not declared or that SALib has no distribution for, or an output that is a whole array.
    """
    chosen = spans(model, ranges)
    told = {name: _distribution(name, span) for name, span in chosen.items()}
    for name in outputs:
        cells = model.names.cells(name)
        if len(cells) > 1:
            advice = f"name one element, such as '{model.names.spell(cells[0])}'"
            raise RunError(f"'{name}' has {len(cells)} elements", advice=advice, variable=name)
    described = {
        "names": list(told),
        "dists": [name for name, _ in told.values()],
        "bounds": [bounds for _, bounds in told.values()],
        "outputs": list(outputs),
    }
    return KernelProblem(described, model, list(chosen), over_time, seed)


def _distribution(name: str, span: Range) -> tuple[str, list[float]]:
    """SALib's name and parameters of a range.

    Its triangular distribution ends above zero and has its peak before its end.
    """
    low, high = span.low, span.high
    if span.shape == "uniform":
        return "unif", [low, high]
    if span.shape == "log-uniform":
        return "logunif", [low, high]
    if span.shape == "triangular" and high >= 0 and span.central < high:
        return "triang", [low, high, (span.central - low) / (high - low)]
    if span.shape == "normal":
        middle, deviation = (low + high) / 2, (high - low) / (2 * Z95)
        return (
            ("norm", [middle, deviation])
            if span.cut is None
            else ("truncnorm", [*span.cut, middle, deviation])
        )
    if span.shape == "log-normal" and span.cut is None:
        ends = math.log(low), math.log(high)
        return "lognorm", [sum(ends) / 2, (ends[1] - ends[0]) / (2 * Z95)]
    kind = span.shape if span.cut is None else f"{span.shape} and cut off at both ends"
    raise RunError(
        f"SALib has no distribution that is {kind} from {low:g} to {high:g}",
        advice=f"give its low and high, {{'{name}': {span.bounds}}}, or use sd-covid sensitivity",
        variable=name,
    )
