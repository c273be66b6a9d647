"""How strongly one variable acts on another at one moment of a run, all other causes of it held.

In go a model, a moment of its run and pairs of cause and effect; out come matrices of partial derivatives between
their elements. They are central differences in a small model: each effect has its own equation, and everything that
the equation uses is a constant at its value of that moment. A stock stands for its net flow, a smooth or delay for
what goes into it (its effect in the long run), and what is read at the start of a run has its value of then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.engine.graph.subscripts import Cell, Subscripts
from sd_covid.engine.table import as_table
from sd_covid.model.expression import Call, Expression, Number, Reference, rebuilt, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Variable

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from sd_covid.engine.simulation import Simulation

_CONTROL = ("initial time", "final time", "time step", "saveper")
_FIRST_ARGUMENT = frozenset(
    {
        "integ",
        "integ non negative",
        "smooth",
        "smoothi",
        "smooth3",
        "smooth3i",
        "smooth n",
        "delay1",
        "delay1i",
        "delay3",
        "delay3i",
        "delay n",
        "delay fixed",
        "active initial",
    }
)
_AT_START = frozenset({"initial", "reinitial"})
#: Step of a difference, as a share of the cause: its square and the rounding of doubles over it are both about 1e-8.
_STEP = 1e-4
_SMALL = 1e-6


class Slopes:
    """Partial derivatives in a model at one moment of its run.

    Parameters
    ----------
    simulation : Simulation
    moment : float
        Model time, one that is saved.
    pairs : iterable of (str, str)
        Keys of cause and effect; the effect's equation uses the cause.
    settings : mapping, optional
        Constants that differ from the model.
    """

    def __init__(
        self,
        simulation: Simulation,
        moment: float,
        pairs: Iterable[tuple[str, str]],
        settings: Mapping[str, float] | None = None,
    ) -> None:
        self._simulation, self._pairs = simulation, list(dict.fromkeys(pairs))
        self._subscripts = Subscripts(simulation.model)
        run = as_table(simulation.run(dict(settings or {})))
        self._start, self._now, self._largest = (
            dict(zip(map(str, run), values.tolist(), strict=True))
            for values in (run.iloc[0].to_numpy(), run.loc[moment].to_numpy(), run.abs().max().to_numpy())
        )
        self._found = self._differences(moment)

    def cells(self, variable: str) -> list[tuple[str, ...]]:
        """The elements of a variable, by keys."""
        return list(self._subscripts.definitions(self._simulation.model.variables[variable]))

    def matrix(self, cause: str, effect: str) -> NDArray[np.float64]:
        """Derivatives of an effect with respect to a cause, shape (element of the effect, element of the cause)."""
        return self._found[cause, effect]

    def _differences(self, moment: float) -> dict[tuple[str, str], NDArray[np.float64]]:
        """All derivatives, from one batch: two members for each element of a cause."""
        from sd_covid.engine.simulation import Simulation

        if not self._pairs:
            return {}
        effects = list(dict.fromkeys(effect for _, effect in self._pairs))
        moving = list(dict.fromkeys(cause for cause, _ in self._pairs))
        small, values = self._small_model(effects, moment)
        simulation = Simulation(small)
        steps = {name: self._step(name) for cause in moving for name in self._spelled(cause)}
        rows = [values]
        for name, step in steps.items():
            rows += [{**values, name: values[name] + step}, {**values, name: values[name] - step}]
        outputs = {effect: _effect_of(self._name(effect)) for effect in effects}
        runs = simulation.run(pd.DataFrame(rows), outputs=list(outputs.values()))
        courses = {
            effect: _by_element(runs[output], self._elements(effect)) for effect, output in outputs.items()
        }
        number = {name: position for position, name in enumerate(steps)}
        found = {}
        for cause, effect in self._pairs:
            columns = []
            for name in self._spelled(cause):
                member = 1 + 2 * number[name]
                up, down = courses[effect][member : member + 2]
                columns.append((up - down) / (2 * steps[name]))
            found[cause, effect] = np.array(columns).T
        return found

    def _small_model(self, effects: list[str], moment: float) -> tuple[Model, dict[str, float]]:
        """A model with the equations of some variables, and the constants that stand for what they use."""
        model = self._simulation.model
        made = replace(model, variables={}, settings=replace(model.settings))
        step = self._now[self._name("time step")]
        for name, value in zip(_CONTROL, (moment, moment + step, step, step), strict=True):
            equation = Equation(Kind.EQUATION, expression=Number(value))
            made.variables[name] = replace(model.variables[name], equations=[equation])
        values: dict[str, float] = {}
        for name in effects:
            variable = model.variables[name]
            equations = []
            for equation in variable.equations:
                expression = self._still(equation.expression)
                equations.append(replace(equation, expression=expression))
                for node in walk(expression) if expression is not None else ():
                    self._use(made, node, values)
            own = _effect_of(variable.name)
            made.variables[key(own)] = replace(variable, name=own, equations=equations)
        return made, values

    def _still(self, expression: Expression | None) -> Expression | None:
        """An expression without memory; what it reads at the start has another name."""
        if expression is None:
            return None

        def change(node: Reference | Call) -> Expression:
            if isinstance(node, Call) and key(node.function) in _FIRST_ARGUMENT:
                return node.arguments[0]
            if isinstance(node, Call) and key(node.function) in _AT_START:
                return rebuilt(node.arguments[0], self._at_start)
            return node

        return rebuilt(expression, change)

    def _at_start(self, node: Reference | Call) -> Expression:
        known = isinstance(node, Reference) and key(node.name) in self._simulation.model.variables
        return replace(node, name=_at_start_of(node.name)) if known and isinstance(node, Reference) else node

    def _use(self, made: Model, node: Expression, values: dict[str, float]) -> None:
        """Give the small model what an expression uses."""
        model = self._simulation.model
        if isinstance(node, Call):
            name = key(node.function)
            if name in model.variables and name not in made.variables:
                made.variables[name] = model.variables[name]  # a lookup
            return
        if not isinstance(node, Reference):
            return
        name, then = key(node.name), key(_at_start_of(""))
        early = name.endswith(then) and name not in model.variables
        source = model.variables.get(name.removesuffix(then).strip() if early else name)
        if source is None or name in made.variables:
            return
        if source.equations[0].kind is Kind.LOOKUP:
            made.variables[name] = source
            return
        own = _at_start_of(source.name) if early else source.name
        made.variables[name] = self._constant(own, source)
        told = self._start if early else self._now
        for spelled in self._spelled(source.key):
            values[own + spelled.removeprefix(source.name)] = told[spelled]

    def _constant(self, name: str, source: Variable) -> Variable:
        """A constant with the dimensions of a variable."""
        if not source.equations[0].subscripts:
            return Variable(name, [Equation(Kind.EQUATION, expression=Number(0.0))])
        dimensions = self._subscripts.dimensions(source)
        model = self._simulation.model
        size = math.prod(len(model.dimensions[item].elements) for item in dimensions)
        names = tuple(model.dimensions[item].name for item in dimensions)
        return Variable(name, [Equation(Kind.ARRAY, names, values=(0.0,) * size)])

    def _step(self, name: str) -> float:
        """How far a cause is moved: a share of its value, or of the largest that it has in the run."""
        size = abs(self._now[name]) or self._largest[name]
        return _STEP * size if math.isfinite(size) and size > 0 else _SMALL

    def _name(self, variable: str) -> str:
        return self._simulation.model.variables[variable].name

    def _spelled(self, variable: str) -> list[str]:
        return [self._simulation.names.spell(Cell(variable, elements)) for elements in self.cells(variable)]

    def _elements(self, variable: str) -> list[tuple[str, ...]]:
        """The elements of a variable as results name them."""
        return [tuple(self._subscripts.spelling.get(e, e) for e in cell) for cell in self.cells(variable)]


def _effect_of(name: str) -> str:
    return f"effect on {name}"


def _at_start_of(name: str) -> str:
    return f"{name} as at the start"


def _by_element(course: xr.DataArray, elements: list[tuple[str, ...]]) -> NDArray[np.float64]:
    """Some elements of a variable at the first instant, shape (member, element)."""
    whole = course.isel(time=0) if "time" in course.dims else course
    dims = [dim for dim in whole.dims if dim != "member"]
    index: list[slice | NDArray[np.intp]] = [slice(None)]
    for dim, column in zip(dims, zip(*elements, strict=True), strict=True):
        order = {str(name): place for place, name in enumerate(whole.get_index(dim))}
        index.append(np.array([order[element] for element in column], dtype=np.intp))
    values = np.asarray(whole.transpose("member", *dims), dtype=np.float64)
    found: NDArray[np.float64] = values[tuple(index)].reshape(len(values), len(elements))
    return found
