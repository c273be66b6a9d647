"""Exponential, logarithm and power in half as many operations, for where results need not be the same to the bit.

Exponential: as in `sd_covid.engine.llvm.elementary`, with a polynomial of degree 10 that is best for the relative error
(Remez 1934; error 3.0e-16), and 2^n as one factor: what is below e^-707 is 0. Logarithm: as fdlibm's e_log.c, in one
double. A power is off by some units in the last place of y ln x: by 1e-14 where x^y lies between e^-20 and e^20.
"""

from __future__ import annotations

import math

from sd_covid.engine.llvm.elementary import LN2_HIGH, LN2_LOW, SERIES, Writer, write_log, write_pow
from sd_covid.engine.llvm.text import Module

# (e^r - 1) / r for |r| <= ln 2 / 2
_EXPONENTIAL = (
    1.000000000000009,
    0.5000000000000083,
    0.1666666666652392,
    0.04166666666559243,
    0.008333333395903648,
    0.0013888889256493246,
    0.0001984115785008568,
    2.4801115757944444e-05,
    2.7645116171350595e-06,
    2.7779418137436694e-07,
)
_LOW, _HIGH = -707.0, 710.0  # 2^(n - 1) is a normal number between them; above, twice the result is infinite


def exponential(w: Writer, x: str) -> str:
    """e^x."""
    low, high = w.number(_LOW), w.number(_HIGH)
    held = w.choose(w.when("olt", high, x), high, x)
    held = w.choose(w.when("ogt", low, held), low, held)
    n, counted = w.whole(w.op("fmul", held, w.number(1 / math.log(2))))
    rest = w.op("fsub", held, w.op("fmul", n, w.number(LN2_HIGH)))
    rest = w.op("fsub", rest, w.op("fmul", n, w.number(LN2_LOW)))
    value = w.fma(rest, w.polynomial(rest, _EXPONENTIAL), w.number(1.0))
    half = w.op("fmul", value, w.two_to(w.integer("sub", w.bits(counted), 1)))
    return w.choose(w.when("olt", x, low), w.number(0.0), w.op("fadd", half, half))


def logarithm(w: Writer, x: str) -> str:
    """The logarithm of a positive finite number."""
    e, mantissa = w.reduced(x)
    f = w.op("fsub", mantissa, w.number(1.0))
    s = w.op("fdiv", f, w.op("fadd", mantissa, w.number(1.0)))
    z = w.op("fmul", s, s)
    series = w.op("fmul", z, w.polynomial(z, SERIES))
    half = w.op("fmul", w.op("fmul", f, f), w.number(0.5))
    small = w.fma(s, w.op("fadd", half, series), w.op("fmul", e, w.number(LN2_LOW)))
    small = w.op("fsub", w.op("fsub", half, small), f)
    return w.op("fsub", w.op("fmul", e, w.number(LN2_HIGH)), small)


def _write_exp(module: Module) -> None:
    w = Writer(module)
    w.finish("e_exp", 1, exponential(w, "%a0"))


def _write_log(module: Module) -> None:
    write_log(module, logarithm)


def _write_pow(module: Module) -> None:
    write_pow(module, lambda w, x, y: exponential(w, w.op("fmul", y, logarithm(w, x))))


WRITERS = {"exp": _write_exp, "log": _write_log, "pow": _write_pow}
