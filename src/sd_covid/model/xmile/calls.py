"""XMILE's built-in functions as functions of the engine: a row for each of the standard's section 3.5, and of Stella's.

In goes a call as written; out comes an expression with the same value. What a function computes is for the engine; a
function of Vensim's that XMILE does not have is handed on, since other programs write those.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from sd_covid.model.expression import Call, Expression, Number, Reference
from sd_covid.model.functions import FUNCTIONS, Function, Role
from sd_covid.model.names import key
from sd_covid.model.xmile.finance import solved_for
from sd_covid.model.xmile.graphs import graph_at, named_graph
from sd_covid.model.xmile.randoms import LAWS
from sd_covid.model.xmile.reductions import extreme, interpolate, mean, rank, reduced, size, spread
from sd_covid.model.xmile.rewrites import (
    Rewrite,
    area,
    compound_growth,
    counter,
    derivative,
    end_value,
    factorial_ratio,
    forecast,
    graph_function,
    history,
    if_then_else,
    inverse,
    log10,
    mean_place,
    modulo,
    next_lower,
    normal_share,
    percent,
    previous,
    pulse,
    root,
    safe_divide,
    same_arguments,
    switch,
    wave,
    with_defaults,
    with_order,
)
from sd_covid.model.xmile.site import Site

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
    if definition is not None and definition.dimensions and len(call.arguments) == 1:
        return site.flat(definition, call.arguments[0], call.place)
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
    if name in REFUSED and (function is None or not function.least <= len(call.arguments) <= function.most):
        reason, advice = REFUSED[name]
        raise site.error(call.place, f"{call.function} {reason}", advice)
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


# --- the table --------------------

_SAME = (
    *("abs", "exp", "ln", "sqrt", "sin", "cos", "tan"),
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
)

BUILTINS: dict[str, Builtin] = {
    **{name: Builtin(1, 1, f"{name.upper()}(x)", same_arguments(name.upper())) for name in _SAME},
    "logn": Builtin(1, 1, "LOGN(x)", same_arguments("LN")),
    "log10": Builtin(1, 1, "LOG10(x)", log10),
    "int": Builtin(1, 1, "INT(x)", next_lower),
    "round": Builtin(1, 1, "ROUND(x)", same_arguments("XMILE ROUND")),
    "mod": Builtin(2, 2, "x MOD base", modulo),
    "safediv": Builtin(2, 3, "SAFEDIV(a, b, if b is 0)", safe_divide),
    "if then else": Builtin(3, 3, "IF condition THEN value ELSE value", if_then_else),
    "max": Builtin(1, 99, "MAX(a, b)", extreme("MAX", "VMAX")),
    "min": Builtin(1, 99, "MIN(a, b)", extreme("MIN", "VMIN")),
    "sum": Builtin(1, 1, "SUM(array[*])", reduced("SUM")),
    "prod": Builtin(1, 1, "PROD(array[*])", reduced("PROD")),
    "mean": Builtin(1, 99, "MEAN(array[*])", mean),
    "stddev": Builtin(1, 1, "STDDEV(array[*])", spread),
    "size": Builtin(1, 1, "SIZE(array)", size),
    "rank": Builtin(2, 3, "RANK(array[*], rank, second array[*])", rank),
    "interpolate": Builtin(2, 9, "INTERPOLATE(array, place from 0 to 1 along each dimension)", interpolate),
    "pulse": Builtin(1, 3, "PULSE(magnitude, first time, interval)", pulse),
    "step": Builtin(2, 2, "STEP(height, time)", same_arguments("STEP")),
    "ramp": Builtin(1, 3, "RAMP(slope, start, end)", with_defaults("RAMP", 0, "INITIAL TIME", "FINAL TIME")),
    "delay": Builtin(2, 3, "DELAY(x, time, initial)", with_defaults("DELAY FIXED", 0, 0, "first")),
    "delay1": Builtin(2, 3, "DELAY1(x, time, initial)", with_defaults("DELAY1I", 0, 0, "first")),
    "delay3": Builtin(2, 3, "DELAY3(x, time, initial)", with_defaults("DELAY3I", 0, 0, "first")),
    "delayn": Builtin(3, 4, "DELAYN(x, time, order, initial)", with_order("DELAY N")),
    "smth1": Builtin(2, 3, "SMTH1(x, time, initial)", with_defaults("SMOOTHI", 0, 0, "first")),
    "smth3": Builtin(2, 3, "SMTH3(x, time, initial)", with_defaults("SMOOTH3I", 0, 0, "first")),
    "smthn": Builtin(3, 4, "SMTHN(x, time, order, initial)", with_order("SMOOTH N")),
    "trend": Builtin(2, 3, "TREND(x, averaging time, initial)", with_defaults("TREND", 0, 0, 0)),
    "forcst": Builtin(3, 4, "FORCST(x, averaging time, horizon, initial trend)", forecast),
    "init": Builtin(1, 1, "INIT(x)", same_arguments("INITIAL")),
    "previous": Builtin(1, 2, "PREVIOUS(x, initial)", previous),
    "history": Builtin(2, 2, "HISTORY(x, time)", history),
    "endval": Builtin(1, 2, "ENDVAL(x, initial)", end_value),
    "counter": Builtin(2, 2, "COUNTER(start, end)", counter),
    "switch": Builtin(2, 2, "SWITCH(a, b)", switch),
    "cgrowth": Builtin(1, 1, "CGROWTH(percent)", compound_growth),
    "derivn": Builtin(2, 2, "DERIVN(x, order)", derivative),
    "rootn": Builtin(2, 2, "ROOTN(x, order)", root),
    "percent": Builtin(1, 1, "PERCENT(x)", percent),
    "gammaln": Builtin(1, 1, "GAMMALN(x)", same_arguments("GAMMA LN")),
    "factorial": Builtin(1, 1, "FACTORIAL(n)", factorial_ratio(1)),
    "permutations": Builtin(2, 2, "PERMUTATIONS(n, r)", factorial_ratio(1, -1)),
    "combinations": Builtin(2, 2, "COMBINATIONS(n, r)", factorial_ratio(1, -1, -1)),
    "sinwave": Builtin(2, 2, "SINWAVE(amplitude, period)", wave("SIN")),
    "coswave": Builtin(2, 2, "COSWAVE(amplitude, period)", wave("COS")),
    "lookup": Builtin(2, 2, "LOOKUP(graph, x)", graph_function),
    "lookupinv": Builtin(2, 2, "LOOKUPINV(graph, y)", inverse),
    "lookuparea": Builtin(1, 3, "LOOKUPAREA(graph, to, from)", area),
    "lookupmean": Builtin(1, 3, "LOOKUPMEAN(graph, to, from)", mean_place),
    "normalcdf": Builtin(2, 4, "NORMALCDF(left, right, mean, deviation)", normal_share),
    "invnorm": Builtin(1, 1, "INVNORM(probability)", same_arguments("XMILE NORMAL QUANTILE")),
    "pmt": Builtin(3, 4, "PMT(rate, periods, present value, future value)", solved_for("pmt")),
    "pv": Builtin(3, 4, "PV(rate, periods, payment, future value)", solved_for("pv")),
    "fv": Builtin(3, 4, "FV(rate, periods, payment, present value)", solved_for("fv")),
    **{name: Builtin(law.least, law.most, law.form, law.rewrite) for name, law in LAWS.items()},
}


#: Functions of Stella's that cannot be run, by key: why, and what to do.
REFUSED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("ctmean", "ctstddev", "ctmax", "ctmin", "ctflow", "cycletime", "throughput"),
        (
            "asks how long material was under way, which is not followed",
            "use the transit time of the conveyors",
        ),
    ),
    **dict.fromkeys(
        ("agecount", "attrcount", "attrmax", "attrmean", "attrmin", "attrstddev"),
        ("asks for marks of the material in a stock, which it does not have", "keep a stock for each mark"),
    ),
    "ostate": ("asks for the state of an oven, and there are none", "use a conveyor"),
    "clocktime": ("is the time of the day, which would make every run another", "write a constant"),
    "runcount": ("counts the runs of a session, of which a run knows nothing", "write a constant"),
    "npv": (
        "is left open by its description: whether the first step counts twice",
        "write a stock with the inflow stream / (1 + rate)^(TIME - STARTTIME)",
    ),
    "irr": ("is a search over a whole run", "find in a sweep the rate at which the present value is 0"),
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
    "nan": _number(math.nan),
    "self": _self,
}


def _alone(name: str) -> Rewrite:
    return lambda site, call: NULLARY[name](site, Reference(call.function, place=call.place))


BUILTINS.update({name: Builtin(0, 0, name.upper(), _alone(name)) for name in NULLARY})
#: Stella writes NAN(a, b) for an equation that depends on a and b and is still to be written.
BUILTINS["nan"] = Builtin(0, 99, "NAN", _alone("nan"))
