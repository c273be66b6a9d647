"""The quantity of a soft fact in a run, and its exact derivative.

In: saved outputs and parameter values. Out: the log density of the fact's distribution at the quantity; its slope
becomes a seed on the outputs and a gradient on the parameters. A maximum has the slope of the saved point it lies at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.facts.setting import SoftFact, Term
from sd_covid.calibration.formula import Formula
from sd_covid.calibration.observation import aggregation
from sd_covid.calibration.types import Array

_LINEAR = {"value": "end", "mean": "mean", "sum": "sum", "change": "change"}


class _Slopes:
    """A formula, and its derivative by every name that it uses."""

    def __init__(self, formula: Formula) -> None:
        self.names = [name for name in dict.fromkeys(formulas.symbols(formula)) if name != "time"]
        self.value = formulas.compiled(formula)
        self.partials = {name: formulas.compiled(formulas.derivative(formula, name)) for name in self.names}


class _View:
    """One term on the saved times of a run: its formula there, and the weights that make one number of it."""

    def __init__(self, term: Term, grid: Array) -> None:
        self.formula = _Slopes(term.formula)
        self.take = term.take
        length = term.end - term.start
        kind = _LINEAR.get(term.take, "sum")  # of an extreme only where the window lies
        self.weights = aggregation(kind, np.array([term.end]), length, grid)[0]
        self.inside = np.flatnonzero((grid >= term.start - 1e-6) & (grid <= term.end + 1e-6))

    def taken(self, known: Mapping[str, Array | float], points: int) -> tuple[float, Array]:
        """The number, and the weight of each saved point in it."""
        values = np.broadcast_to(np.asarray(self.formula.value(known), dtype=np.float64), (points,))
        if self.take in _LINEAR:
            used = self.weights != 0.0  # what lies outside the window may be undefined
            return float(self.weights[used] @ values[used]), self.weights
        place = np.argmax if self.take == "maximum" else np.argmin
        chosen = int(self.inside[int(place(values[self.inside]))])
        weights = np.zeros(points)
        weights[chosen] = 1.0
        return float(values[chosen]), weights


class Quantity:
    """One soft fact in one experiment.

    Parameters
    ----------
    fact : SoftFact
    outputs : dict of str to int
        Row of each output among the saved outputs, by the name used in the formulas.
    grid : ndarray, shape (time,)
        Saved times.

    Raises
    ------
    ProblemError
        A window begins or ends where nothing is saved.
    """

    def __init__(self, fact: SoftFact, outputs: Mapping[str, int], grid: Array) -> None:
        self.fact = fact
        self._grid = grid
        self._outputs = {name: outputs[name] for name in fact.inside if name in outputs}
        self._views = {name: _View(term, grid) for name, term in fact.terms.items()}
        self._formula = _Slopes(fact.formula)

    def value(self, outputs: Array, parameters: Mapping[str, float]) -> float:
        """The quantity in a run; outputs of shape (output, time)."""
        with np.errstate(all="ignore"):
            return self._evaluate(outputs, parameters)[0]

    def _evaluate(
        self, outputs: Array, parameters: Mapping[str, float]
    ) -> tuple[float, dict[str, Array | float], dict[str, float], dict[str, Array]]:
        known: dict[str, Array | float] = {**parameters, "time": self._grid}
        known.update({name: outputs[row] for name, row in self._outputs.items()})
        numbers: dict[str, float] = {}
        weights: dict[str, Array] = {}
        for name, view in self._views.items():
            numbers[name], weights[name] = view.taken(known, len(self._grid))
        value = float(self._formula.value({**parameters, **numbers}))
        return value, known, numbers, weights

    def log_density(
        self, outputs: Array, parameters: Mapping[str, float], seed: Array, gradient: dict[str, float]
    ) -> float:
        """Log density at the quantity; its derivatives are added to seed and gradient in place. NaN where undefined."""
        with np.errstate(all="ignore"):
            value, known, numbers, weights = self._evaluate(outputs, parameters)
            if not math.isfinite(value):
                return math.nan
            density, slope = self.fact.distribution.log_density(value)
            inner = {**parameters, **numbers}
            for name in self._formula.names:
                part = slope * float(self._formula.partials[name](inner))
                if name in numbers:
                    self._spread(name, part * weights[name], known, seed, gradient)
                elif name in gradient:
                    gradient[name] += part
        return density

    def _spread(
        self,
        term: str,
        by_point: Array,
        known: Mapping[str, Array | float],
        seed: Array,
        gradient: dict[str, float],
    ) -> None:
        """Derivatives by a term's saved points, passed on to the outputs and parameters in its formula."""
        formula = self._views[term].formula
        used = by_point != 0.0
        for name in formula.names:
            slope = np.broadcast_to(formula.partials[name](known), by_point.shape)
            passed = by_point[used] * slope[used]
            if name in self._outputs:
                seed[self._outputs[name], used] += passed
            elif name in gradient:
                gradient[name] += float(passed.sum())
