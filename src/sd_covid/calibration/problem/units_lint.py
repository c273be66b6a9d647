"""Checks that the units of the tables are those of the model.

In: a `Problem` and its model. Out: one `ProblemError` for each parameter and each plain observable whose unit is not
that of the constant it sets, or of the output it is. Units are compared where the table speaks in words of the model
or of every model (Month, Person, percent): a figure in "% of households" says more than a model in percent, and is left
to the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sd_covid.calibration.formula import Symbol
from sd_covid.calibration.problem.lint import ModelNames
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.tables import Row
from sd_covid.calibration.types import Simulator
from sd_covid.errors import ModelError, ProblemError
from sd_covid.model.names import key
from sd_covid.model.units.text import DEFAULT_EQUIVALENCES
from sd_covid.model.units.words import StatedUnits

if TYPE_CHECKING:
    from pint.util import UnitsContainer


def check_units(problem: Problem, simulator: Simulator) -> Iterator[ProblemError]:
    """Faults in the unit columns of parameters and observables, beside the model."""
    names, units = ModelNames(problem, simulator), _Units(StatedUnits(simulator.model))
    for parameter in problem.parameters.values():
        constant = names.constant(parameter.id)
        if constant is not None:
            yield from units.compared(parameter.row, constant, f"the constant '{constant}'")
    for observable in problem.observables.values():
        formula = observable.formula
        if not isinstance(formula, Symbol) or formula.name in problem.parameters:
            continue
        output = names.output(formula.name)
        if output is not None:
            summed = problem.extension.observation(observable.id).of_output(formula.name) == "sum"
            what = f"the output '{output}'" + (" summed over time" if summed else "")
            yield from units.compared(observable.row, output, what, summed=summed)


class _Units:
    """The units of a model's variables, and the words they may be made of: its own, and those of every model."""

    def __init__(self, stated: StatedUnits) -> None:
        self._stated = stated
        common = [stated.words.parse(group[0], note=False) for group in DEFAULT_EQUIVALENCES]
        self._known = {word for units in (*stated.units.values(), *common) for word in units}

    def compared(self, row: Row, name: str, what: str, *, summed: bool = False) -> Iterator[ProblemError]:
        """A fault where the row states another unit than the model does for a variable, or for its sum over time."""
        own, text = self._stated.units.get(key(name.split("[")[0])), row.text("unit")
        if own is not None and summed:
            own = None if self._stated.time is None else own * self._stated.time
        given = self._read(text) if text and own is not None else None
        if own is not None and given is not None and given != own:
            reason = f"'{text}' is not the unit of {what} in the model"
            advice = f"that is '{self._stated.words.format(own)}'; convert the values, or the formula"
            yield row.error("unit", reason, advice)

    def _read(self, text: str) -> UnitsContainer | None:
        """The units a text means, if it is made of known words."""
        try:
            found = self._stated.words.parse(text, note=False)
        except ModelError:
            return None
        return found if set(found) <= self._known else None
