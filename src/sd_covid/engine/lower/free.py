"""Parts of a model that are otherwise fixed, made settable constants: initial values, points of tables, data.

A freed part is a constant like any other: it can differ between members, and be differentiated by.

========================  ================================================================
name                      means
========================  ================================================================
``INITIAL(stock)``        initial value of a stock; NaN, its default, leaves it to the equation
``table(2.5)``            value of a lookup at its point x = 2.5
``series(24)``            value of a data series at its point of time 24
========================  ================================================================

The steps of a constant or of a data series are `sd_covid.engine.lower.steps`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.graph.program import Driver, Parameter
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.expression import Call, Expression, Number, Unary, walk
from sd_covid.model.names import key
from sd_covid.model.structure import DataMode, Equation, Kind, Model

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering


@dataclass(frozen=True, slots=True)
class Free:
    """What is to be settable, by keys of variables."""

    initials: frozenset[str] = frozenset()
    lookups: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    steps: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: Model,
        initials: Iterable[str] = (),
        lookups: Iterable[str] = (),
        data: Iterable[str] = (),
        steps: Mapping[str, int] | None = None,
    ) -> Free:
        """Resolve names; `steps` says how many each constant or series may take.

        Raises
        ------
        UnknownNameError
            For a name that is no stock, table or series, or of steps no constant; with the nearest one that is.
        """
        _found(model, steps or {}, _can_step, "a constant or data series")
        counts: dict[str, int] = {}
        for name, count in (steps or {}).items():
            counts[key(name)] = max(count, counts.get(key(name), 0))
        return cls(
            _found(model, initials, _is_stock, "a stock"),
            _found(model, lookups, _has_table, "a lookup"),
            _found(model, data, _is_data, "a data series"),
            counts,
        )


def _found(model: Model, names: Iterable[str], fits: Callable[[Equation], bool], kind: str) -> frozenset[str]:
    known = [v.name for v in model.variables.values() if all(fits(e) for e in v.equations)]
    keys = {key(name) for name in known}
    for name in names:
        if key(name) not in keys:
            raise UnknownNameError(
                f"'{name}' is not {kind} of {model.name}", advice=suggest(name, known), variable=name
            )
    return frozenset(key(name) for name in names)


def _is_stock(equation: Equation) -> bool:
    return isinstance(equation.expression, Call) and key(equation.expression.function) == "integ"


def _has_table(equation: Equation) -> bool:
    return equation.kind is Kind.LOOKUP or _with_lookup(equation.expression)


def _with_lookup(expression: Expression | None) -> bool:
    if expression is None:
        return False
    calls = [n for n in walk(expression) if isinstance(n, Call) and key(n.function) == "with lookup"]
    return len(calls) == 1


def _is_data(equation: Equation) -> bool:
    return equation.kind is Kind.DATA


def _can_step(equation: Equation) -> bool:
    """A number or data that the run reads as it goes; the bounds of time are read before it."""
    expression = equation.expression
    number = expression.operand if isinstance(expression, Unary) else expression
    plain = equation.kind is Kind.EQUATION and isinstance(number, Number)
    return plain or equation.kind in (Kind.ARRAY, Kind.DATA)


def initial_value(lowering: Lowering, cell: Cell, formula: int) -> int:
    """The initial value of a freed stock: what it is set to, or the equation's where that is NaN."""
    graph = lowering.out.init
    name = f"INITIAL({lowering.model.variables[cell.variable].name})"
    given = settable(lowering, name, cell.elements, math.nan)
    return graph.add("select", graph.add("eq", given, given), given, formula)


def table_value(lowering: Lowering, step: bool, owner: Cell, table: LookupTable, x: int) -> int:
    """A freed table at x: the first value, and of each segment the rise that x has passed."""

    def add(operation: str, *arguments: int) -> int:
        return lowering.add(step, operation, *arguments)

    def number(value: float) -> int:
        return lowering.graph(step).number(value)

    name = lowering.model.variables[owner.variable].name
    values = []
    for place, (point, default) in enumerate(zip(table.x, table.y, strict=True)):
        again = sum(other == point for other in table.x[:place])  # a jump has two values at one x
        spelled = f"{name}({point:.12g}{',' * again})"
        leaf = settable(lowering, spelled, owner.elements, default)
        values.append(lowering.held(leaf) if step else leaf)
    total = values[0]
    for k in range(len(values) - 1):
        rise = add("sub", values[k + 1], values[k])
        width = table.x[k + 1] - table.x[k]
        if width > 0:
            passed = add("max", number(0.0), add("min", add("sub", x, number(table.x[k])), number(width)))
            share = add("mul", add("div", rise, number(width)), passed)
        else:
            share = add("select", add("ge", x, number(table.x[k])), rise, number(0.0))
        total = add("add", total, share)
    return total


def series_value(lowering: Lowering, step: bool, source: Cell, driver: Driver) -> int:
    """A freed series now."""
    times, name = driver.times, lowering.model.variables[source.variable].name
    near = 1e-6 * max(1.0, *map(abs, times))  # as `Driver.sample`
    match driver.mode:
        case DataMode.INTERPOLATE:
            table = LookupTable(times, driver.values)
            return table_value(lowering, step, source, table, lowering.time(step))
        case DataMode.HOLD_BACKWARD:
            edges = [time - near for time in times[1:]]
        case DataMode.LOOK_FORWARD:
            edges = [time + near for time in times[:-1]]
        case DataMode.RAW:
            raise RunError(
                f"'{name}' is :RAW: data, which cannot be set point by point",
                advice="read it with :INTERPOLATE:",
                variable=name,
            )
    values = []
    for time, default in zip(times, driver.values, strict=True):
        leaf = settable(lowering, f"{name}({time:.12g})", source.elements, default)
        values.append(lowering.held(leaf) if step else leaf)
    now, graph = lowering.time(step), lowering.graph(step)
    total = values[0]
    for edge, value in zip(edges, values[1:], strict=True):
        total = lowering.add(step, "select", lowering.add(step, "ge", now, graph.number(edge)), value, total)
    return total


def settable(lowering: Lowering, name: str, elements: tuple[str, ...], default: float) -> int:
    """The init leaf of a constant that is no variable of the model, but a part of one."""
    cell = Cell(key(name), elements)
    number = lowering.parameters.get(cell)
    if number is None:
        number = lowering.parameters[cell] = len(lowering.out.parameters)
        lowering.out.parameters.append(Parameter(cell, default, name))
    return lowering.out.init.leaf("parameter", number)
