"""Stella's functions of money: payments at the end of each of n periods, at one rate.

Present value, payment and future value are bound by ``pv (1 + r)^n + pmt ((1 + r)^n - 1) / r + fv = 0``, with the signs
that spreadsheets use: what is paid is negative.
"""

from __future__ import annotations

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Unary
from sd_covid.model.xmile.rewrites import Rewrite, arguments_of
from sd_covid.model.xmile.site import Site


def _terms(rate: Expression, periods: Expression, place: Place) -> tuple[Expression, Expression]:
    """``(1 + r)^n``, and what payments of 1 have grown to: ``((1 + r)^n - 1) / r``, which is n at a rate of 0."""
    one = Number(1.0, place)
    growth = Binary("^", Binary("+", one, rate, place), periods, place)
    grown = Call("XMILE SAFEDIV", (Binary("-", growth, one, place), rate, periods), place=place)
    return growth, grown


def _solved(site: Site, call: Call, unknown: str) -> Expression:
    """The sum of the two terms that are known, over the factor of the third, negative."""
    place = call.place
    rate, periods, first, *second = arguments_of(site, call)
    other = second[0] if second else Number(0.0, place)
    growth, grown = _terms(rate, periods, place)
    left: Expression
    match unknown:
        case "pmt":  # first is the present value, the other the future one
            left = Binary("/", Binary("+", Binary("*", first, growth, place), other, place), grown, place)
        case "fv":  # first is the payment, the other the present value
            left = Binary("+", Binary("*", other, growth, place), Binary("*", first, grown, place), place)
        case _:  # first is the payment, the other the future value
            left = Binary("/", Binary("+", Binary("*", first, grown, place), other, place), growth, place)
    return Unary("-", left, place)


def solved_for(unknown: str) -> Rewrite:
    """PMT, PV or FV: the one that is ``unknown`` (``pmt``, ``pv``, ``fv``)."""
    return lambda site, call: _solved(site, call, unknown)
