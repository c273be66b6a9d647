"""A diagram as a model of the project's own model layer, so that the same kernel runs it.

State form: every link remembers its cause, τ·dz/dt = x_cause - z (a row of equal stages where its order is higher), and
a variable is where it started, plus what its links have passed on, plus what is done to it:
x = x0 + Σ sign · strength · (z - x0_cause) + push. It is equal to passing on changes (van Zijderveld 2007), needs no
derivatives of inputs, and has no loop within an instant, since every link has a state. Strengths, delays and switches
of interventions are constants, so one kernel serves every sample and combination.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

from sd_covid.marvel.diagram import Diagram, Intervention, Link, Variable
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Unary
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Method, Model, Settings
from sd_covid.model.structure import Variable as Quantity

_STEPS_A_DELAY = 4  # RK4 then follows an exponential to (1/4)^4/120, 3e-5 of its size
_LARGEST_STEP = 1 / 16
SAVED = 0.25  # years


def strength_name(link: Link) -> str:
    """The constant that holds the strength of a link."""
    return f"strength of {link.src} on {link.dst}"


def delay_name(link: Link) -> str:
    """The constant that holds the delay of a link, in years."""
    return f"delay of {link.src} on {link.dst}"


def switch_name(intervention: Intervention) -> str:
    """The constant that is 1 when an intervention is done, else 0."""
    return f"doing {intervention.id}"


def time_step(diagram: Diagram) -> float:
    """A step, in years, in which RK4 follows the quickest stage of a delay: a power of two."""
    stages = [link.delay.value / link.order for link in diagram.links]
    quickest = min([*stages, *(item.adjustment for item in diagram.interventions)], default=1.0)
    return min(_LARGEST_STEP, 2.0 ** math.floor(math.log2(quickest / _STEPS_A_DELAY)))


def model_of(
    diagram: Diagram, *, clipping: bool = False, horizon: float = 10.0, step: float | None = None
) -> Model:
    """Write a diagram as a model.

    Parameters
    ----------
    diagram : Diagram
    clipping : bool
        Keep every variable within its bounds. A choice of our own: nothing published says whether the method does.
    horizon : float
        Years.
    step : float, optional
        Years; by default `time_step`.

    Returns
    -------
    Model
        Without what is done: every switch is 0, and it stands still.
    """
    made = _Equations()
    step = time_step(diagram) if step is None else step
    times = {"INITIAL TIME": 0.0, "FINAL TIME": horizon, "TIME STEP": step, "SAVEPER": max(SAVED, step)}
    for name, value in times.items():
        made.add(name, Number(value), "Year")
    start = {key(item.id): item.start for item in diagram.variables}
    for link in diagram.links:
        _add_link(made, link, start[key(link.src)])
    into: dict[str, list[Link]] = {}
    for link in diagram.links:
        into.setdefault(key(link.dst), []).append(link)
    done: dict[str, list[Intervention]] = {}
    for item in diagram.interventions:
        done.setdefault(key(item.variable), []).append(item)
        made.add(switch_name(item), Number(0.0))
    for variable in diagram.variables:
        links, those = into.get(key(variable.id), []), done.get(key(variable.id), [])
        made.add(variable.id, _value(made, variable, links, those, start, clipping), group=variable.theme)
    return Model(diagram.name, diagram.path, made.variables, settings=Settings(method=Method.RK4))


class _Equations:
    """The variables of a model as they are made."""

    def __init__(self) -> None:
        self.variables: dict[str, Quantity] = {}

    def add(self, name: str, expression: Expression, units: str = "Dmnl", group: str = "") -> Reference:
        made = Quantity(name, [Equation(Kind.EQUATION, expression=expression)], units, group=group)
        assert made.key not in self.variables, name
        self.variables[made.key] = made
        return Reference(name)


def _add_link(made: _Equations, link: Link, start: float) -> None:
    """The constants of a link, and the stages of its delay; the last is what the effect reads."""
    made.add(strength_name(link), Number(link.strength.value))
    delay: Expression = made.add(delay_name(link), Number(link.delay.value), "Year")
    if link.order > 1:
        delay = Binary("/", delay, Number(float(link.order)))
    before: Expression = Reference(link.src)
    for stage in range(1, link.order + 1):
        name = _stage(link, stage)
        rate = Binary("/", Binary("-", before, Reference(name)), delay)
        before = made.add(name, Call("INTEG", (rate, _number(start))))


def _stage(link: Link, stage: int) -> str:
    return f"{link.src} as {link.dst} feels it" + (f" {stage}" if link.order > 1 else "")


def _value(
    made: _Equations,
    variable: Variable,
    links: Sequence[Link],
    those: Sequence[Intervention],
    start: dict[str, float],
    clipping: bool,
) -> Expression:
    whole = _number(variable.start)
    for link in links:
        moved = Binary("-", Reference(_stage(link, link.order)), _number(start[key(link.src)]))
        passed = Binary("*", Reference(strength_name(link)), moved)
        whole = Binary("+" if link.sign > 0 else "-", whole, passed)
    for item in those:
        if item.kind == "additive":
            whole = Binary("+", whole, _product(_number(item.level), _share(item), _switch(item)))
        elif item.kind == "control":
            whole = Binary("+", whole, _control(made, item, variable))
    for item in those:
        if item.kind == "imposed":
            whole = _imposed(item, variable, whole)
    if clipping:
        whole = Call("MAX", (_number(variable.low), Call("MIN", (_number(variable.high), whole))))
    return whole


def _control(made: _Equations, item: Intervention, variable: Variable) -> Reference:
    """What a control has built up: it goes on until the variable is where it should be."""
    gap = Binary("-", _number(item.level), Reference(variable.id))
    rate = Binary("/", _product(gap, _lasting(item), _switch(item)), Number(item.adjustment))
    return made.add(f"push of {item.id}", Call("INTEG", (rate, Number(0.0))))


def _imposed(item: Intervention, variable: Variable, whole: Expression) -> Expression:
    """The imposed path while it lasts, what acts on the variable else."""
    way = Binary("*", _number(item.level - variable.start), _share(item))
    on = Binary(">", _product(_switch(item), _lasting(item)), Number(0.5))
    return Call("IF THEN ELSE", (on, Binary("+", _number(variable.start), way), whole))


def _lasting(item: Intervention) -> Expression:
    """1 from start to end, else 0."""
    time = Reference("Time")
    begun: Expression = Binary(">=", time, Number(item.start))
    if math.isfinite(item.end):
        begun = Binary(":AND:", begun, Binary("<", time, Number(item.end)))
    elif item.start == 0:
        return Number(1.0)
    return Call("IF THEN ELSE", (begun, Number(1.0), Number(0.0)))


def _share(item: Intervention) -> Expression:
    """How much of it has come in: from 0 to 1 over the ramp."""
    if item.ramp == 0:
        return _lasting(item)
    way = Binary("/", Binary("-", Reference("Time"), Number(item.start)), Number(item.ramp))
    return _product(Call("MAX", (Number(0.0), Call("MIN", (Number(1.0), way)))), _lasting(item))


def _switch(item: Intervention) -> Expression:
    return Reference(switch_name(item))


def _product(*factors: Expression) -> Expression:
    kept = [item for item in factors if item != Number(1.0)] or [Number(1.0)]
    return reduce(lambda left, right: Binary("*", left, right), kept)


def _number(value: float) -> Expression:
    return Unary("-", Number(-value)) if value < 0 else Number(value)
