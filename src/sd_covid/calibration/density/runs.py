"""The model as a function of the parameters: their formulas give its constants, and it runs for many members at once.

In: a differentiable model, and for each of its constants a formula of the parameters. Out: saved outputs, and the way
back: derivatives by these become a gradient on the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.formula import Formula, Symbol
from sd_covid.calibration.types import Array, Differentiable, DifferentiableBatch, Progress

PORTION = 32  # members that are run at a time: enough to fill every lane, few enough for their states to stay in memory


class Runs:
    """Runs of a model whose constants are formulas of the parameters.

    One member is run by the code for one, which is quicker than a batch of which most is empty; the results agree to
    rounding. Not for use by several threads at once: give each its own `copy`.

    Parameters
    ----------
    model : Differentiable
    items : sequence of Formula
        One for each constant of ``model``; most are a single parameter.
    threads : int, optional
        Of a batch; by default all processors this process may use.
    """

    def __init__(self, model: Differentiable, items: Sequence[Formula], threads: int | None = None) -> None:
        self._model, self._items, self._threads = model, tuple(items), threads
        self._batch: DifferentiableBatch | None = None
        self._functions = [formulas.compiled(item) for item in items]
        self._slopes = [
            {
                name: None if item == Symbol(name) else formulas.compiled(formulas.derivative(item, name))
                for name in formulas.symbols(item)
            }
            for item in items
        ]

    @property
    def time(self) -> Array:
        """Saved times, in model time. Shape (time,)."""
        return self._model.time

    def copy(self, threads: int | None = None) -> Runs:
        """Independent runs for another thread, sharing the compiled code."""
        return Runs(self._model.copy(), self._items, threads)

    def values(self, parameters: Mapping[str, Array], members: int) -> Array:
        """Run the model.

        Parameters
        ----------
        parameters : mapping of str to ndarray, shape (member, 1)
            Those that the formulas use.
        members : int

        Returns
        -------
        ndarray, shape (output, member, time)
            Not finite where a run failed.
        """
        columns = [function(parameters) for function in self._functions]
        theta = np.concatenate([np.empty((members, 0)), *columns], axis=1)
        if members == 1:
            return self._model.values(theta[0])[:, None]
        if self._batch is None:
            self._batch = self._model.batch(self._threads)
        return self._batch.values(theta)

    def in_portions(
        self, parameters: Mapping[str, Array], members: int, progress: Progress | None = None
    ) -> Array:
        """`values` of many members, some at a time; their derivatives cannot be asked for.

        Parameters
        ----------
        parameters : mapping of str to ndarray, shape (1,) or (member, 1)
        members : int
        progress : callable, optional
            Called with (members done, members).

        Returns
        -------
        ndarray, shape (output, member, time)
        """
        found = []
        for first in range(0, members, PORTION):
            part = slice(first, min(first + PORTION, members))
            some = {name: column[part] if column.ndim == 2 else column for name, column in parameters.items()}
            found.append(self.values(some, part.stop - first))
            if progress is not None:
                progress(part.stop, members)
        return np.concatenate(found, axis=1)

    def pull_back(self, seed: Array, parameters: Mapping[str, Array], gradient: Mapping[str, Array]) -> None:
        """Add derivatives by the outputs of the last `values` to a gradient on the parameters.

        Parameters
        ----------
        seed : ndarray, shape (output, member, time)
        parameters : mapping of str to ndarray, shape (member, 1)
        gradient : mapping of str to ndarray, shape (member,)
            By parameter id; added to in place for the ids it has.
        """
        if seed.shape[1] == 1 or self._batch is None:
            slopes = self._model.gradient(seed[:, 0])[None]
        else:
            slopes = self._batch.gradient(seed)
        for slope, partials in zip(slopes.T, self._slopes, strict=True):
            for name, partial in partials.items():
                if name in gradient:
                    row = gradient[name]
                    row += slope if partial is None else slope * np.ravel(partial(parameters))
