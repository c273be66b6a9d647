"""The quantity of a soft fact in a run, and its exact derivative.

In: saved outputs and parameter values, of one point or many members. Out: the log density of the fact's distribution at
the quantity; its slope becomes a seed on the outputs and a gradient on the parameters. A maximum has the slope of the
saved point it lies at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.density.observation import aggregation
from sd_covid.calibration.facts.setting import SoftFact, Term
from sd_covid.calibration.formula import Formula
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

    def taken(self, known: Mapping[str, Array], shape: tuple[int, ...]) -> tuple[Array, Array]:
        """The number (a last axis of one), and the weight of each saved point in it, of ``shape``."""
        values = np.broadcast_to(self.formula.value(known), shape)
        if self.take in _LINEAR:
            used = self.weights != 0.0  # what lies outside the window may be undefined
            number = values[..., used] @ self.weights[used]
            return number[..., None], np.broadcast_to(self.weights, shape)
        place = np.argmax if self.take == "maximum" else np.argmin
        chosen = self.inside[place(values[..., self.inside], axis=-1)][..., None]
        weights = np.zeros(shape)
        np.put_along_axis(weights, chosen, 1.0, axis=-1)
        return np.take_along_axis(values, chosen, axis=-1), weights


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """The quantity, what was known inside its terms, their numbers and the weights of the saved points in these."""

    value: Array
    known: Mapping[str, Array]
    numbers: Mapping[str, Array]
    weights: Mapping[str, Array]


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

    def value(self, outputs: Array, parameters: Mapping[str, Array]) -> Array:
        """The quantity in runs.

        Parameters
        ----------
        outputs : ndarray, shape (output, time) or (output, member, time)
        parameters : mapping of str to ndarray, shape (1,) or (member, 1)

        Returns
        -------
        ndarray, shape () or (member,)
        """
        with np.errstate(all="ignore"):
            return self._evaluate(outputs, parameters).value[..., 0]

    def likelihood(self, outputs: Array, parameters: Mapping[str, Array]) -> Array:
        """Log density at the quantity alone; arguments and result as for `value`."""
        return self.fact.distribution.log_density(self.value(outputs, parameters))[0]

    def _evaluate(self, outputs: Array, parameters: Mapping[str, Array]) -> _Evaluated:
        known = {**parameters, "time": self._grid}
        known.update({name: outputs[row] for name, row in self._outputs.items()})
        taken = {name: view.taken(known, outputs.shape[1:]) for name, view in self._views.items()}
        numbers = {name: number for name, (number, _) in taken.items()}
        value = np.broadcast_to(self._formula.value({**parameters, **numbers}), (*outputs.shape[1:-1], 1))
        return _Evaluated(value, known, numbers, {name: weights for name, (_, weights) in taken.items()})

    def log_density(
        self,
        outputs: Array,
        parameters: Mapping[str, Array],
        seed: Array,
        gradient: Mapping[str, Array],
    ) -> Array:
        """Log density at the quantity; its derivatives are added to seed and gradient in place. NaN where undefined.

        Parameters
        ----------
        outputs, parameters
            As for `value`.
        seed : ndarray, as ``outputs``
        gradient : mapping of str to ndarray, shape () or (member,)

        Returns
        -------
        ndarray, shape () or (member,)
        """
        with np.errstate(all="ignore"):
            found = self._evaluate(outputs, parameters)
            density, slope = self.fact.distribution.log_density(found.value)
            inner = {**parameters, **found.numbers}
            for name in self._formula.names:
                part = slope * self._formula.partials[name](inner)
                if name in found.numbers:
                    self._spread(name, part * found.weights[name], found.known, seed, gradient)
                elif name in gradient:
                    row = gradient[name]
                    row += part[..., 0]
        return np.where(np.isfinite(found.value), density, math.nan)[..., 0]

    def _spread(
        self,
        term: str,
        by_point: Array,
        known: Mapping[str, Array],
        seed: Array,
        gradient: Mapping[str, Array],
    ) -> None:
        """Derivatives by a term's saved points, passed on to the outputs and parameters in its formula."""
        formula = self._views[term].formula
        used = by_point != 0.0  # what lies outside the window may have no slope
        for name in formula.names:
            passed = np.where(used, by_point * formula.partials[name](known), 0.0)
            if name in self._outputs:
                seed[self._outputs[name]] += passed
            elif name in gradient:
                row = gradient[name]
                row += np.sum(passed, axis=-1)
