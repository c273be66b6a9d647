"""What calls of XMILE's functions become: one function for each that is more than another spelling.

In goes the call as written, with the place where it stands; out comes an expression of the engine's functions. Which
call becomes what is said by the table of `sd_covid.model.xmile.calls`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.xmile.constant import constant
from sd_covid.model.xmile.graphs import area_of_graph, graph_at, inverse_graph, mean_place_of_graph
from sd_covid.model.xmile.site import Site

Rewrite = Callable[[Site, Call], Expression]
_MAX_ORDER = 10  # of DERIVN


def call_of(name: str, place: Place, *arguments: Expression) -> Call:
    """A call of a function of the engine."""
    return Call(name, arguments, place=place)


def arguments_of(site: Site, call: Call) -> list[Expression]:
    """Every argument, translated."""
    return [site.value(argument) for argument in call.arguments]


def same_arguments(name: str) -> Rewrite:
    """The same arguments, to a function of the engine."""
    return lambda site, call: call_of(name, call.place, *arguments_of(site, call))


def with_defaults(name: str, *defaults: str | float) -> Rewrite:
    """As `same_arguments`, with the last arguments where they are left out: a number, ``first`` argument, or a name."""

    def rewrite(site: Site, call: Call) -> Expression:
        given = arguments_of(site, call)
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


def with_order(name: str) -> Rewrite:
    """DELAYN and SMTHN(x, time, order, initial): the engine takes the order last."""

    def rewrite(site: Site, call: Call) -> Expression:
        x, time, order, *initial = arguments_of(site, call)
        found = constant(order)
        if found is not None:
            order = Number(found, order.place)
        return call_of(name, call.place, x, time, initial[0] if initial else x, order)

    return rewrite


# --- rows --------------------


def log10(site: Site, call: Call) -> Expression:
    """LOG10(x)."""
    return call_of("LOG", call.place, site.value(call.arguments[0]), Number(10.0, call.place))


def forecast(site: Site, call: Call) -> Expression:
    """FORCST(x, averaging time, horizon, initial trend) = x (1 + trend horizon)."""
    x, time, horizon, *initial = arguments_of(site, call)
    place = call.place
    trend = call_of("TREND", place, x, time, initial[0] if initial else Number(0.0, place))
    growth = Binary("+", Number(1.0, place), Binary("*", trend, horizon, place), place)
    return Binary("*", x, growth, place)


def next_lower(site: Site, call: Call) -> Expression:
    """The next lower whole number; in a file that Vensim's model was turned into, Vensim's INTEGER."""
    name = "INTEGER" if site.world.vensim else "XMILE INT"
    return call_of(name, call.place, site.value(call.arguments[0]))


def modulo(site: Site, call: Call) -> Expression:
    """The floored modulus (Knuth); in a file that Vensim's model was turned into, Vensim's MODULO."""
    name = "MODULO" if site.world.vensim else "XMILE MODULO"
    return call_of(name, call.place, *arguments_of(site, call))


def safe_divide(site: Site, call: Call) -> Expression:
    """SAFEDIV(a, b, otherwise); in a file that Vensim's model was turned into, Vensim's ZIDZ or XIDZ."""
    a, b, *otherwise = arguments_of(site, call)
    if site.world.vensim:
        return call_of("XIDZ" if otherwise else "ZIDZ", call.place, a, b, *otherwise)
    return call_of("XMILE SAFEDIV", call.place, a, b, otherwise[0] if otherwise else Number(0.0, call.place))


def previous(site: Site, call: Call) -> Expression:
    """PREVIOUS(x, initial)."""
    x, *initial = call.arguments
    start = site.value(initial[0]) if initial else call_of("INITIAL", call.place, site.value(x))
    return call_of("XMILE PREVIOUS", call.place, site.value(x), start)


def history(site: Site, call: Call) -> Expression:
    """HISTORY(x, time): x as it was; a fixed time ago is a delay. 0 before the start, and of times to come."""
    x, time = call.arguments
    place = call.place
    match time:
        case Binary(operator="-", left=Reference(name=name), right=lag) if key(name) == "time":
            return call_of("DELAY FIXED", place, site.value(x), site.value(lag), Number(0.0, place))
        case _ if constant(site.value(time)) is not None:
            at = site.value(time)
            now = Reference("Time", place=place)
            then = Binary("<=", now, at, place)
            kept = call_of("SAMPLE IF TRUE", place, then, site.value(x), Number(0.0, place))
            return call_of("IF THEN ELSE", place, Binary(">=", now, at), kept, Number(0.0, place))
        case _:
            return call_of("XMILE HISTORY", place, site.value(x), site.value(time))


def end_value(site: Site, call: Call) -> Expression:
    """Every run is the first of its session, for which Stella gives the initial value."""
    x, *initial = arguments_of(site, call)
    return initial[0] if initial else call_of("INITIAL", call.place, x)


def counter(site: Site, call: Call) -> Expression:
    """COUNTER(start, end): from start by DT, and again from start when end is reached."""
    start, end = arguments_of(site, call)
    place = call.place
    since = Binary("-", Reference("Time", place=place), Reference("INITIAL TIME", place=place), place)
    around = call_of("XMILE MODULO", place, since, Binary("-", end, start, place))
    return Binary("+", start, around, place)


def wave(function: str) -> Rewrite:
    """SINWAVE and COSWAVE(amplitude, period)."""

    def rewrite(site: Site, call: Call) -> Expression:
        amplitude, period = arguments_of(site, call)
        place = call.place
        turn = Binary("*", Number(2 * math.pi, place), Reference("Time", place=place), place)
        return Binary("*", amplitude, call_of(function, place, Binary("/", turn, period, place)), place)

    return rewrite


def switch(site: Site, call: Call) -> Expression:
    """SWITCH(a, b): 1 where a is larger."""
    a, b = arguments_of(site, call)
    place = call.place
    return call_of("IF THEN ELSE", place, Binary(">", a, b, place), Number(1.0, place), Number(0.0, place))


def compound_growth(site: Site, call: Call) -> Expression:
    """CGROWTH(percent) = ((1 + percent / 100)^DT - 1) / DT: the same growth in a unit of time for any DT."""
    place = call.place
    step, one = Reference("TIME STEP", place=place), Number(1.0, place)
    part = Binary("/", site.value(call.arguments[0]), Number(100.0, place), place)
    grown = Binary("^", Binary("+", one, part, place), step, place)
    return Binary("/", Binary("-", grown, one, place), step, place)


def derivative(site: Site, call: Call) -> Expression:
    """DERIVN(x, order): differences to the step before; 0 in the first."""
    value, order = arguments_of(site, call)
    number, place = constant(order), call.place
    if number is None or not 0 <= number <= _MAX_ORDER or number != int(number):
        raise site.error(place, f"the order of DERIVN is a whole number, written out, to {_MAX_ORDER}")
    for _ in range(int(number)):
        before = call_of("XMILE PREVIOUS", place, value, call_of("INITIAL", place, value))
        value = Binary("/", Binary("-", value, before, place), Reference("TIME STEP", place=place), place)
    return value


def root(site: Site, call: Call) -> Expression:
    """ROOTN(x, order)."""
    x, order = arguments_of(site, call)
    return Binary("^", x, Binary("/", Number(1.0, call.place), order, call.place), call.place)


def percent(site: Site, call: Call) -> Expression:
    """PERCENT(x): a fraction in percent."""
    return Binary("*", site.value(call.arguments[0]), Number(100.0, call.place), call.place)


def factorial_ratio(*signs: int) -> Rewrite:
    """The factorial of n over those of r and n - r, as far as they are asked for; whole, through the gamma function."""

    def rewrite(site: Site, call: Call) -> Expression:
        place = call.place
        n, *rest = arguments_of(site, call)
        terms = [n, *(Binary("-", n, r, place) for r in rest), *rest]
        total: Expression = Number(0.0, place)
        for sign, term in zip(signs, terms, strict=False):
            log = call_of("GAMMA LN", place, Binary("+", term, Number(1.0, place), place))
            total = Binary("+" if sign > 0 else "-", total, log, place)
        return call_of("XMILE ROUND", place, call_of("EXP", place, total))

    return rewrite


def if_then_else(site: Site, call: Call) -> Expression:
    """The branches are kept apart, so that one that cannot be taken is not looked at."""
    condition, yes, no = call.arguments
    test = site.value(condition)
    holds = constant(test)
    if holds is not None and site.elements is not None:
        return site.value(yes if holds else no)
    return call_of("IF THEN ELSE", call.place, test, site.value(yes), site.value(no))


def graph_function(site: Site, call: Call) -> Expression:
    """LOOKUP(graph, x); xmutil writes functions of Vensim's that it does not know so too, as LOOKUP(COSH, x)."""
    named = call.arguments[0]
    called = key(named.name) if isinstance(named, Reference) else ""
    if called in FUNCTIONS and called not in site.world.definitions:
        return site.value(call_of(f"vensim.{called}", call.place, call.arguments[1]))
    return graph_at(site, call.arguments[0], call.arguments[1])


def inverse(site: Site, call: Call) -> Expression:
    """LOOKUPINV(graph, y)."""
    return inverse_graph(site, call.arguments[0], call.arguments[1])


def area(site: Site, call: Call) -> Expression:
    """LOOKUPAREA(graph, to, from)."""
    return area_of_graph(site, call.arguments[0], call.arguments[1:])


def mean_place(site: Site, call: Call) -> Expression:
    """LOOKUPMEAN(graph, to, from)."""
    return mean_place_of_graph(site, call.arguments[0], call.arguments[1:])


def pulse(site: Site, call: Call) -> Expression:
    """PULSE(magnitude, first time, interval); with a magnitude alone one in every DT, as Stella has it."""
    magnitude, *rest = arguments_of(site, call)
    place = call.place
    if not rest:
        return Binary("/", magnitude, Reference("TIME STEP", place=place), place)
    first, interval = rest[0], rest[1] if len(rest) > 1 else Number(0.0, place)
    return call_of("XMILE PULSE", place, magnitude, first, interval)


def normal_share(site: Site, call: Call) -> Expression:
    """NORMALCDF(left, right, mean, deviation): the chance of a normal number between two, by default standard."""
    law = [Number(0.0, call.place), Number(1.0, call.place)]
    given = arguments_of(site, call)
    return call_of("XMILE NORMAL SHARE", call.place, *given, *law[len(given) - 2 :])
