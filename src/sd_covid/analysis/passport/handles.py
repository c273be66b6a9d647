"""A model with handles: variables that a run may nudge, or hold at a value, without another model for each.

In goes a model; out comes one that computes the same until a handle is set. What a variable would be by its equation
moves to a variable of its own, ``NAME by itself``, and NAME becomes that or what the handles make of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sd_covid.engine.graph.subscripts import Subscripts
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Subscript
from sd_covid.model.layout.parts import is_stock
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Variable

NUDGE_START, NUDGE_END = "nudge start", "nudge end"
_TIME = Reference("Time")
_Change = Callable[[Expression, Equation], Expression]


def nudge_of(name: str) -> str:
    """The constant that is added to a variable from ``nudge start`` to ``nudge end``; of a stock to its net flow."""
    return f"nudge of {name}"


def by_itself(name: str) -> str:
    """What a variable with a handle is by its own equation."""
    return f"{name} by itself"


@dataclass(frozen=True, slots=True)
class Hold:
    """The constants that hold a variable: whether, at what, from when and until when."""

    on: str
    value: str
    start: str
    end: str

    @classmethod
    def of(cls, name: str) -> Hold:
        """Those of a variable."""
        return cls(
            f"hold {name}", f"held value of {name}", f"start of hold of {name}", f"end of hold of {name}"
        )


def with_nudges(model: Model, names: Iterable[str]) -> Model:
    """A model in which some variables can be nudged by a constant, for a time.

    A stock is nudged through its net flow, so that it moves by the constant times that time.

    Parameters
    ----------
    model : Model
    names : iterable of str
        Variables.

    Returns
    -------
    Model
        With the constants ``nudge start`` and ``nudge end``, and for each variable an array `nudge_of` of its
        dimensions, zero by default.
    """
    made = _copy(model)
    _add(made, model, NUDGE_START, (), math.inf)
    _add(made, model, NUDGE_END, (), math.inf)
    subscripts = Subscripts(model)
    for name in dict.fromkeys(key(name) for name in names):
        variable = model.variables[name]
        dimensions = _dimensions(model, subscripts, variable)
        handle = nudge_of(variable.name)
        _add(made, model, handle, dimensions, 0.0)

        def nudged(own: Expression, equation: Equation, handle: str = handle) -> Expression:
            given = Reference(handle, _as_on_the_left(equation))
            window = _within(Reference(NUDGE_START), Reference(NUDGE_END))
            return Binary("+", own, Call("IF THEN ELSE", (window, given, Number(0.0))))

        _handled(made, variable, nudged)
    return made


def with_holds(model: Model, names: Iterable[str]) -> Model:
    """A model in which some variables, none of them stocks, can be held at a value for a time.

    Parameters
    ----------
    model : Model
    names : iterable of str

    Returns
    -------
    Model
        With the constants `Hold.of` each variable: ``on`` and ``value`` are arrays of its dimensions.
    """
    made = _copy(model)
    subscripts = Subscripts(model)
    for name in dict.fromkeys(key(name) for name in names):
        variable = model.variables[name]
        hold = Hold.of(variable.name)
        dimensions = _dimensions(model, subscripts, variable)
        _add(made, model, hold.on, dimensions, 0.0)
        _add(made, model, hold.value, dimensions, 0.0)
        _add(made, model, hold.start, (), -1e9)
        _add(made, model, hold.end, (), 1e9)

        def held(own: Expression, equation: Equation, hold: Hold = hold) -> Expression:
            left = _as_on_the_left(equation)
            on = Binary(">", Reference(hold.on, left), Number(0.0))
            during = Binary(":AND:", on, _within(Reference(hold.start), Reference(hold.end)))
            return Call("IF THEN ELSE", (during, Reference(hold.value, left), own))

        _handled(made, variable, held)
    return made


def with_conditions(model: Model, conditions: Iterable[str], expressions: Iterable[Expression]) -> Model:
    """A model with further variables, each 1 where a condition holds and 0 where it does not.

    Parameters
    ----------
    model : Model
    conditions : iterable of str
        Names of the new variables.
    expressions : iterable of Expression
        Scalars.
    """
    made = _copy(model)
    for name, expression in zip(conditions, expressions, strict=True):
        truth = Call("IF THEN ELSE", (expression, Number(1.0), Number(0.0)))
        made.variables[key(name)] = Variable(name, [Equation(Kind.EQUATION, expression=truth)])
    return made


def _copy(model: Model) -> Model:
    return replace(model, variables=dict(model.variables))


def _dimensions(model: Model, subscripts: Subscripts, variable: Variable) -> tuple[str, ...]:
    """Names of the dimensions of a variable."""
    if not variable.equations[0].subscripts:
        return ()
    return tuple(model.dimensions[name].name for name in subscripts.dimensions(variable))


def _add(made: Model, model: Model, name: str, dimensions: tuple[str, ...], value: float) -> None:
    """A constant, or an array of equal ones."""
    size = math.prod(len(model.dimensions[key(item)].elements) for item in dimensions)
    value = 1e9 if value == math.inf else value
    if dimensions:
        equation = Equation(Kind.ARRAY, dimensions, values=(value,) * size)
    else:
        equation = Equation(Kind.EQUATION, expression=Number(value))
    made.variables[key(name)] = Variable(name, [equation])


def _as_on_the_left(equation: Equation) -> tuple[Subscript, ...]:
    return tuple(Subscript(name) for name in equation.subscripts)


def _within(start: Expression, end: Expression) -> Expression:
    return Binary(":AND:", Binary(">=", _TIME, start), Binary("<", _TIME, end))


def _handled(made: Model, variable: Variable, change: _Change) -> None:
    """Give a variable its handle: on the net flow of a stock, else on a copy of what it is by itself."""
    if is_stock(variable):
        equations = []
        for equation in variable.equations:
            call = equation.expression
            assert isinstance(call, Call), "a stock is an integral"
            flow = change(call.arguments[0], equation)
            changed = replace(call, arguments=(flow, *call.arguments[1:]))
            equations.append(replace(equation, expression=changed))
        made.variables[variable.key] = replace(variable, equations=equations)
        return
    own = by_itself(variable.name)
    made.variables[key(own)] = replace(variable, name=own)
    made.variables[variable.key] = replace(
        variable,
        equations=[
            Equation(
                Kind.EQUATION,
                equation.subscripts,
                equation.excluded,
                change(Reference(own, _as_on_the_left(equation)), equation),
                place=equation.place,
            )
            for equation in variable.equations
        ],
    )
