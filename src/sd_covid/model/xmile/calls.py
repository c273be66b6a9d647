"""XMILE's built-in functions as functions of the engine: a row for each of the standard's section 3.5, and of Stella's.

In goes a call as written; out comes an expression with the same value. What a function computes is for the engine; a
function of Vensim's that XMILE does not have is handed on, since other programs write those.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference
from sd_covid.model.functions import FUNCTIONS, Function, Role
from sd_covid.model.names import key
from sd_covid.model.xmile.constant import constant
from sd_covid.model.xmile.graphs import graph_at, inverse_graph, named_graph
from sd_covid.model.xmile.randoms import LAWS
from sd_covid.model.xmile.reductions import extreme, mean, rank, reduced, size, spread
from sd_covid.model.xmile.site import Site

Rewrite = Callable[[Site, Call], Expression]
_NAMESPACES = ("std.", "isee.")
_VENSIM = "vensim."  # Vensim's function, whatever XMILE has under the name


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of XMILE: how many arguments it takes, and what it becomes."""

    least: int
    most: int
    form: str
    rewrite: Rewrite


def translate(site: Site, call: Call) -> Expression:
    """What a call becomes.

    Raises
    ------
    ModelError
        For a wrong number of arguments, or an argument that the function cannot take.
    """
    from sd_covid.model.xmile.macros import expand

    definition = site.world.definitions.get(key(call.function))
    if definition is not None and (definition.graph is not None or _element_graphs(definition.elements)):
        if len(call.arguments) != 1:
            reason = f"graphical function '{definition.name}' takes 1 argument, not {len(call.arguments)}"
            raise site.error(call.place, reason)
        return graph_at(site, Reference(definition.name, place=call.place), call.arguments[0])
    name = key(call.function)
    for namespace in _NAMESPACES:
        name = name.removeprefix(namespace)
    if name in site.world.macros:
        return expand(site, call, site.world.macros[name])
    builtin = None if name.startswith(_VENSIM) else BUILTINS.get(name)
    name = name.removeprefix(_VENSIM)
    if builtin is not None:
        if not builtin.least <= len(call.arguments) <= builtin.most:
            reason = f"{call.function} does not take {len(call.arguments)} arguments"
            raise site.error(call.place, reason, f"write {builtin.form}")
        return builtin.rewrite(site, call)
    function = FUNCTIONS.get(name)
    if function is None:
        return replace(call, arguments=tuple(site.value(argument) for argument in call.arguments))
    return replace(call, function=function.name, arguments=_of_vensim(site, call, function))


def _of_vensim(site: Site, call: Call, function: Function) -> tuple[Expression, ...]:
    """The arguments of a function of Vensim's: arrays whole where it reduces, graphs by their names."""
    here = site.over_all() if function.reduces else site
    roles = function.roles + [Role.VALUE] * len(call.arguments)
    return tuple(
        named_graph(site, argument) if role is Role.LOOKUP else here.value(argument)
        for role, argument in zip(roles, call.arguments, strict=False)
    )


def _element_graphs(elements: tuple[object, ...]) -> bool:
    return any(getattr(item, "graph", None) is not None for item in elements)


# --- what most rows are made of --------------------


def call_of(name: str, place: Place, *arguments: Expression) -> Call:
    """A call of a function of the engine."""
    return Call(name, arguments, place=place)


def _values(site: Site, call: Call) -> list[Expression]:
    return [site.value(argument) for argument in call.arguments]


def _as(name: str) -> Rewrite:
    """The same arguments, to a function of the engine."""
    return lambda site, call: call_of(name, call.place, *_values(site, call))


def _defaults(name: str, *defaults: str | float) -> Rewrite:
    """As `_as`, with the last arguments where they are left out: a number, ``first`` argument, or a name."""

    def rewrite(site: Site, call: Call) -> Expression:
        given = _values(site, call)
        total = len(defaults)
        for missing in defaults[len(given) - total :] if len(given) < total else ():
            given.append(_default(missing, given, call.place))
        return call_of(name, call.place, *given)

    return rewrite


def _default(missing: str | float, given: list[Expression], place: Place) -> Expression:
    if missing == "first":
        return given[0]
    if isinstance(missing, str):
        return Reference(missing, place=place)
    return Number(float(missing), place)


def _with_order(name: str) -> Rewrite:
    """DELAYN and SMTHN(x, time, order, initial): the engine takes the order last."""

    def rewrite(site: Site, call: Call) -> Expression:
        x, time, order, *initial = _values(site, call)
        found = constant(order)
        if found is not None:
            order = Number(found, order.place)
        return call_of(name, call.place, x, time, initial[0] if initial else x, order)

    return rewrite


def _folded(*names: str) -> Callable[[Site, Call], Expression]:
    """Another spelling of a function: the arguments are the same."""
    return lambda site, call: BUILTINS[names[0]].rewrite(site, call)


# --- rows --------------------


def _log10(site: Site, call: Call) -> Expression:
    return call_of("LOG", call.place, site.value(call.arguments[0]), Number(10.0, call.place))


def _forecast(site: Site, call: Call) -> Expression:
    """FORCST(x, averaging time, horizon, initial trend) = x (1 + trend horizon)."""
    x, time, horizon, *initial = _values(site, call)
    place = call.place
    trend = call_of("TREND", place, x, time, initial[0] if initial else Number(0.0, place))
    growth = Binary("+", Number(1.0, place), Binary("*", trend, horizon, place), place)
    return Binary("*", x, growth, place)


def _int(site: Site, call: Call) -> Expression:
    """The next lower whole number; in a file that Vensim's model was turned into, Vensim's INTEGER."""
    name = "INTEGER" if site.world.vensim else "XMILE INT"
    return call_of(name, call.place, site.value(call.arguments[0]))


def _modulo(site: Site, call: Call) -> Expression:
    """The floored modulus (Knuth); in a file that Vensim's model was turned into, Vensim's MODULO."""
    name = "MODULO" if site.world.vensim else "XMILE MODULO"
    return call_of(name, call.place, *_values(site, call))


def _safe_divide(site: Site, call: Call) -> Expression:
    a, b, *otherwise = _values(site, call)
    if site.world.vensim:
        return call_of("XIDZ" if otherwise else "ZIDZ", call.place, a, b, *otherwise)
    return call_of("XMILE SAFEDIV", call.place, a, b, otherwise[0] if otherwise else Number(0.0, call.place))


def _previous(site: Site, call: Call) -> Expression:
    x, *initial = call.arguments
    start = site.value(initial[0]) if initial else call_of("INITIAL", call.place, site.value(x))
    return call_of("XMILE PREVIOUS", call.place, site.value(x), start)


def _history(site: Site, call: Call) -> Expression:
    """HISTORY(x, TIME - lag): a fixed lag; 0 before the start."""
    x, time = call.arguments
    match time:
        case Binary(operator="-", left=Reference(name=name), right=lag) if key(name) == "time":
            zero = Number(0.0, call.place)
            return call_of("DELAY FIXED", call.place, site.value(x), site.value(lag), zero)
        case _ if constant(site.value(time)) is not None:
            at = site.value(time)
            now = Reference("Time", place=call.place)
            then = Binary("<=", now, at, call.place)
            kept = call_of("SAMPLE IF TRUE", call.place, then, site.value(x), Number(0.0, call.place))
            return call_of("IF THEN ELSE", call.place, Binary(">=", now, at), kept, Number(0.0, call.place))
        case _:
            reason = "HISTORY at a time that moves is not supported, but for TIME minus a fixed lag"
            raise site.error(call.place, reason, "write HISTORY(x, TIME - lag)")


def _end_value(site: Site, call: Call) -> Expression:
    """Every run is the first of its session, for which Stella gives the initial value."""
    x, *initial = _values(site, call)
    return initial[0] if initial else call_of("INITIAL", call.place, x)


def _counter(site: Site, call: Call) -> Expression:
    """COUNTER(start, end): from start by DT, and again from start when end is reached."""
    start, end = _values(site, call)
    place = call.place
    since = Binary("-", Reference("Time", place=place), Reference("INITIAL TIME", place=place), place)
    around = call_of("XMILE MODULO", place, since, Binary("-", end, start, place))
    return Binary("+", start, around, place)


def _wave(function: str) -> Rewrite:
    """SINWAVE and COSWAVE(amplitude, period)."""

    def rewrite(site: Site, call: Call) -> Expression:
        amplitude, period = _values(site, call)
        place = call.place
        turn = Binary("*", Number(2 * math.pi, place), Reference("Time", place=place), place)
        return Binary("*", amplitude, call_of(function, place, Binary("/", turn, period, place)), place)

    return rewrite


def _if(site: Site, call: Call) -> Expression:
    """The branches are kept apart, so that one that cannot be taken is not looked at."""
    condition, yes, no = call.arguments
    test = site.value(condition)
    holds = constant(test)
    if holds is not None and site.elements is not None:
        return site.value(yes if holds else no)
    return call_of("IF THEN ELSE", call.place, test, site.value(yes), site.value(no))


def _graph_function(site: Site, call: Call) -> Expression:
    return graph_at(site, call.arguments[0], call.arguments[1])


def _inverse(site: Site, call: Call) -> Expression:
    return inverse_graph(site, call.arguments[0], call.arguments[1])


# --- the table --------------------

_SAME = (
    *("abs", "exp", "ln", "sqrt", "sin", "cos", "tan"),
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
)

BUILTINS: dict[str, Builtin] = {
    **{name: Builtin(1, 1, f"{name.upper()}(x)", _as(name.upper())) for name in _SAME},
    "logn": Builtin(1, 1, "LOGN(x)", _as("LN")),
    "log10": Builtin(1, 1, "LOG10(x)", _log10),
    "int": Builtin(1, 1, "INT(x)", _int),
    "round": Builtin(1, 1, "ROUND(x)", _as("XMILE ROUND")),
    "mod": Builtin(2, 2, "x MOD base", _modulo),
    "safediv": Builtin(2, 3, "SAFEDIV(a, b, if b is 0)", _safe_divide),
    "if then else": Builtin(3, 3, "IF condition THEN value ELSE value", _if),
    "max": Builtin(1, 99, "MAX(a, b)", extreme("MAX", "VMAX")),
    "min": Builtin(1, 99, "MIN(a, b)", extreme("MIN", "VMIN")),
    "sum": Builtin(1, 1, "SUM(array[*])", reduced("SUM")),
    "prod": Builtin(1, 1, "PROD(array[*])", reduced("PROD")),
    "mean": Builtin(1, 99, "MEAN(array[*])", mean),
    "stddev": Builtin(1, 1, "STDDEV(array[*])", spread),
    "size": Builtin(1, 1, "SIZE(array)", size),
    "rank": Builtin(2, 3, "RANK(array[*], rank, second array[*])", rank),
    "pulse": Builtin(2, 3, "PULSE(magnitude, first time, interval)", _defaults("XMILE PULSE", 0, 0, 0)),
    "step": Builtin(2, 2, "STEP(height, time)", _as("STEP")),
    "ramp": Builtin(2, 3, "RAMP(slope, start, end)", _defaults("RAMP", 0, 0, "FINAL TIME")),
    "delay": Builtin(2, 3, "DELAY(x, time, initial)", _defaults("DELAY FIXED", 0, 0, "first")),
    "delay1": Builtin(2, 3, "DELAY1(x, time, initial)", _defaults("DELAY1I", 0, 0, "first")),
    "delay3": Builtin(2, 3, "DELAY3(x, time, initial)", _defaults("DELAY3I", 0, 0, "first")),
    "delayn": Builtin(3, 4, "DELAYN(x, time, order, initial)", _with_order("DELAY N")),
    "smth1": Builtin(2, 3, "SMTH1(x, time, initial)", _defaults("SMOOTHI", 0, 0, "first")),
    "smth3": Builtin(2, 3, "SMTH3(x, time, initial)", _defaults("SMOOTH3I", 0, 0, "first")),
    "smthn": Builtin(3, 4, "SMTHN(x, time, order, initial)", _with_order("SMOOTH N")),
    "trend": Builtin(2, 3, "TREND(x, averaging time, initial)", _defaults("TREND", 0, 0, 0)),
    "forcst": Builtin(3, 4, "FORCST(x, averaging time, horizon, initial trend)", _forecast),
    "init": Builtin(1, 1, "INIT(x)", _as("INITIAL")),
    "previous": Builtin(1, 2, "PREVIOUS(x, initial)", _previous),
    "history": Builtin(2, 2, "HISTORY(x, time)", _history),
    "endval": Builtin(1, 2, "ENDVAL(x, initial)", _end_value),
    "counter": Builtin(2, 2, "COUNTER(start, end)", _counter),
    "sinwave": Builtin(2, 2, "SINWAVE(amplitude, period)", _wave("SIN")),
    "coswave": Builtin(2, 2, "COSWAVE(amplitude, period)", _wave("COS")),
    "lookup": Builtin(2, 2, "LOOKUP(graph, x)", _graph_function),
    "lookupinv": Builtin(2, 2, "LOOKUPINV(graph, y)", _inverse),
    **{name: Builtin(law.least, law.most, law.form, law.rewrite) for name, law in LAWS.items()},
}


def _number(value: float) -> Callable[[Site, Reference], Expression]:
    return lambda site, node: Number(value, node.place)


def _name(name: str) -> Callable[[Site, Reference], Expression]:
    return lambda site, node: Reference(name, place=node.place)


def _self(site: Site, node: Reference) -> Expression:
    return site.reference(Reference(site.definition.name, place=node.place))


#: What stands alone, without arguments.
NULLARY: dict[str, Callable[[Site, Reference], Expression]] = {
    "time": _name("Time"),
    "dt": _name("TIME STEP"),
    "starttime": _name("INITIAL TIME"),
    "stoptime": _name("FINAL TIME"),
    "pi": _number(math.pi),
    "inf": _number(math.inf),
    "self": _self,
}


def _alone(name: str) -> Rewrite:
    return lambda site, call: NULLARY[name](site, Reference(call.function, place=call.place))


BUILTINS.update({name: Builtin(0, 0, name.upper(), _alone(name)) for name in NULLARY})
