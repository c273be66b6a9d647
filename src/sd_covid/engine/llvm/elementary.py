"""Exponential, logarithm and power as vector code: all lanes at once, where a library call would take them one by one.

Exponential: x = n ln 2 + r, a Taylor polynomial in r (degree 13, |r| <= ln 2 / 2: remainder below 5e-18),
scaled by 2^n.
Logarithm: x = m 2^e with m in [sqrt(1/2), sqrt 2), s = (m - 1) / (m + 1), and the series ln m = 2 s + s^3
P(s^2), with P as in
fdlibm's e_log.c (Sun Microsystems, 1993). The power x^y keeps ln x in two doubles, of which the second holds some four
bits. Errors are below 1 unit in the last place, to which a power adds one for each 15 of y ln x. Where the processor
has no fused multiply-add they are 1.2 larger, and a product is kept in two doubles where its rounding would be lost
(Dekker 1971).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from sd_covid.engine.llvm.text import Body, Module

LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 21 trailing zero bits: n * LN2_HIGH is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
SERIES = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_FAR = 800.0  # from here on an exponential is nothing, or infinite
_WHOLE = 1.5 * 2.0**52  # what is added to it is rounded to a whole number
_SUBNORMAL = 2.2250738585072014e-308


class Writer:
    """Short names for the instructions of one function."""

    def __init__(self, module: Module) -> None:
        self.body, self.module = Body(module), module

    def number(self, value: float) -> str:
        """A literal in every lane."""
        return self.body.number(value)

    def op(self, name: str, *values: str) -> str:
        """An instruction on vectors of doubles."""
        return self.body.do(f"{name} {self.module.vector} {', '.join(values)}")

    def fma(self, a: str, b: str, c: str) -> str:
        """``a * b + c``, rounded once where the processor can."""
        return self.body.multiply_add(a, b, c)

    def remainder(self, a: str, b: str, c: str) -> str:
        """``a * b + c`` where c is nearly the product's opposite, so that rounding the product would leave nothing."""
        if self.module.fused:
            return self.fma(a, b, c)
        product = self.op("fmul", a, b)
        (a1, a2), (b1, b2) = self._halves(a), self._halves(b)
        error = self.op("fsub", self.op("fmul", a1, b1), product)
        for left, right in ((a1, b2), (a2, b1), (a2, b2)):
            error = self.op("fadd", error, self.op("fmul", left, right))
        return self.op("fadd", self.op("fadd", product, c), error)

    def _halves(self, x: str) -> tuple[str, str]:
        """A number below 1e290 as a sum of two of 26 bits, whose products are exact (Veltkamp's splitting)."""
        large = self.op("fmul", x, self.number(2.0**27 + 1))
        high = self.op("fsub", large, self.op("fsub", large, x))
        return high, self.op("fsub", x, high)

    def polynomial(self, x: str, coefficients: tuple[float, ...]) -> str:
        """Coefficients from the constant up: by Horner's rule, or in pairs (Estrin 1960) where a turn is two steps."""
        if not self.module.fused:
            terms, power = [self.number(c) for c in coefficients], x
            while len(terms) > 1:
                pairs = [
                    self.fma(high, power, low) for low, high in zip(terms[::2], terms[1::2], strict=False)
                ]
                terms = [*pairs, *terms[2 * len(pairs) :]]
                power = self.op("fmul", power, power)
            return terms[0]
        total = self.number(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.fma(total, x, self.number(c))
        return total

    def choose(self, condition: str, yes: str, no: str) -> str:
        """One of two numbers in each lane."""
        vector = self.module.vector
        return self.body.do(f"select {self.module.truth} {condition}, {vector} {yes}, {vector} {no}")

    def when(self, predicate: str, a: str, b: str) -> str:
        """A comparison, by LLVM's name of it."""
        return self.body.do(f"fcmp {predicate} {self.module.vector} {a}, {b}")

    def integer(self, name: str, a: str, b: int) -> str:
        """An instruction on a vector of whole numbers and a literal."""
        return self.body.do(f"{name} {self.module.integers} {a}, {self.module.many('i64', str(b))}")

    def bits(self, x: str) -> str:
        """The bits of doubles, as whole numbers."""
        return self.body.do(f"bitcast {self.module.vector} {x} to {self.module.integers}")

    def from_bits(self, x: str) -> str:
        """The doubles of some bits."""
        return self.body.do(f"bitcast {self.module.integers} {x} to {self.module.vector}")

    def whole(self, x: str) -> tuple[str, str]:
        """The whole number nearest to x, below 2^51, and the same number plus `_WHOLE`, whose last bits count it.

        Few processors turn vectors of numbers into whole ones of 64 bits, or shift those with their sign.
        """
        counted = self.op("fadd", x, self.number(_WHOLE))
        return self.op("fsub", counted, self.number(_WHOLE)), counted

    def two_to(self, counted: str) -> str:
        """2^n, a normal number, for the last bits of a vector of integers: others are shifted out."""
        return self.from_bits(self.integer("shl", self.integer("add", counted, 1023), 52))

    def exponential(self, x: str, more: str | None = None) -> str:
        """e^(x + more), where ``more`` is a correction far smaller than x."""
        high, low = self.number(_FAR), self.number(-_FAR)  # nothing and infinity come by rounding
        held = self.choose(self.when("olt", high, x), high, x)
        held = self.choose(self.when("ogt", low, held), low, held)
        n, counted = self.whole(self.op("fmul", held, self.number(1 / math.log(2))))
        minus = self.op("fneg", n)
        rest = self.fma(minus, self.number(LN2_LOW), self.fma(minus, self.number(LN2_HIGH), held))
        if more is not None:
            rest = self.op("fadd", rest, more)
        value = self.polynomial(rest, tuple(1 / math.factorial(k) for k in range(14)))
        half = self.bits(self.whole(self.op("fmul", n, self.number(0.5)))[1])
        other = self.body.do(f"sub {self.module.integers} {self.bits(counted)}, {half}")
        # in two factors: 2^n itself may be no normal number
        value = self.op("fmul", self.op("fmul", value, self.two_to(half)), self.two_to(other))
        if more is not None:  # it is not far smaller than what was held
            value = self.choose(self.when("olt", high, x), self.number(math.inf), value)
            value = self.choose(self.when("ogt", low, x), self.number(0.0), value)
        return value

    def reduced(self, x: str) -> tuple[str, str]:
        """A positive normal or subnormal number as m 2^e with m in [sqrt(1/2), sqrt 2): e and m."""
        tiny = self.when("olt", x, self.number(_SUBNORMAL))
        scaled = self.choose(tiny, self.op("fmul", x, self.number(2.0**54)), x)
        shift = self.choose(tiny, self.number(_WHOLE + 54.0 + 1024), self.number(_WHOLE + 1024))
        root = struct.unpack("<q", struct.pack("<d", math.sqrt(0.5)))[0]
        # 1024 more than the exponent, so that no sign is to be shifted
        exponent = self.integer("lshr", self.integer("sub", self.bits(scaled), root - (1024 << 52)), 52)
        mantissa = self.body.do(
            f"sub {self.module.integers} {self.bits(scaled)}, {self.integer('shl', exponent, 52)}"
        )
        mantissa = self.from_bits(self.integer("add", mantissa, 1024 << 52))
        whole = struct.unpack("<q", struct.pack("<d", _WHOLE))[0]
        return self.op("fsub", self.from_bits(self.integer("add", exponent, whole)), shift), mantissa

    def logarithm(self, x: str) -> tuple[str, str]:
        """The logarithm of a positive normal or subnormal number, and what its rounding lost."""
        e, mantissa = self.reduced(x)
        f = self.op("fsub", mantissa, self.number(1.0))
        below = self.op("fadd", mantissa, self.number(1.0))
        s = self.op("fdiv", f, below)
        # the error of s: `below` was rounded, and so was the quotient
        lost = self.op("fsub", f, self.op("fsub", below, self.number(2.0)))
        s_low = self.op(
            "fdiv", self.op("fadd", self.remainder(self.op("fneg", s), below, f), self._tail(s, lost)), below
        )
        z = self.op("fmul", s, s)
        series = self.op("fmul", self.op("fmul", s, z), self.polynomial(z, SERIES))
        twice = self.op("fmul", s, self.number(2.0))
        main = self.op("fmul", e, self.number(LN2_HIGH))
        high = self.op("fadd", main, twice)
        error = self.op(
            "fsub", twice, self.op("fsub", high, main)
        )  # exact where |main| >= |twice|, or main is 0
        low = self.fma(
            e, self.number(LN2_LOW), self.op("fadd", error, self.fma(s_low, self.number(2.0), series))
        )
        total = self.op("fadd", high, low)
        return total, self.op("fsub", low, self.op("fsub", total, high))

    def _tail(self, s: str, lost: str) -> str:
        """What the rounding of the denominator took from the remainder of the division."""
        return self.op("fneg", self.op("fmul", s, lost))

    def finish(self, name: str, arguments: int, result: str) -> None:
        """Return a result, and put the function in the module."""
        vector = self.module.vector
        self.body.act(f"ret {vector} {result}")
        formal = ", ".join(f"{vector} %a{i}" for i in range(arguments))
        self.module.functions.append(self.body.function(f"internal {vector} @{name}({formal})", "#2"))


def _write_exp(module: Module) -> None:
    w = Writer(module)
    w.finish("e_exp", 1, w.exponential("%a0"))


def _write_log(module: Module) -> None:
    def usual(w: Writer, x: str) -> str:
        return w.logarithm(x)[0]

    write_log(module, usual)


def _write_pow(module: Module) -> None:
    def usual(w: Writer, x: str, y: str) -> str:
        high, low = w.logarithm(x)
        product = w.op("fmul", y, high)
        rest = w.fma(y, low, w.remainder(y, high, w.op("fneg", product)))
        return w.exponential(product, rest)

    write_pow(module, usual)


def write_log(module: Module, logarithm: Callable[[Writer, str], str]) -> None:
    """The function of a logarithm, from what it is of a positive finite number."""
    w = Writer(module)
    x = "%a0"
    positive = w.when("ogt", x, w.number(0.0))
    usual = w.body.do(f"and {module.truth} {positive}, {w.when('olt', x, w.number(math.inf))}")
    value = logarithm(w, w.choose(usual, x, w.number(1.0)))
    special = w.choose(w.when("oeq", x, w.number(0.0)), w.number(-math.inf), w.number(math.nan))
    special = w.choose(w.when("oeq", x, w.number(math.inf)), x, special)
    w.finish("e_log", 1, w.choose(usual, value, special))


def write_pow(module: Module, power: Callable[[Writer, str, str], str]) -> None:
    """The function x^y, from what it is of positive finite x; all else as IEEE 754 says, by libm for each lane."""
    w = Writer(module)
    body, vector = w.body, module.vector
    x, y = "%a0", "%a1"
    size = f"@llvm.fabs.{module.suffix}"
    module.declare(f"declare {vector} {size}({vector})")
    large = body.do(f"call {vector} {size}({vector} {y})")
    usual = body.do(
        f"and {module.truth} {w.when('ogt', x, w.number(0.0))}, {w.when('olt', x, w.number(math.inf))}"
    )
    usual = body.do(f"and {module.truth} {usual}, {w.when('olt', large, w.number(1e15))}")
    if module.width == 1:
        all_usual = usual
    else:
        name = f"@llvm.vector.reduce.and.v{module.width}i1"
        module.declare(f"declare i1 {name}({module.truth})")
        all_usual = body.do(f"call i1 {name}({module.truth} {usual})")
    quick, slow = body.label(), body.label()
    body.act(f"br i1 {all_usual}, label %{quick}, label %{slow}")
    body.place(quick)
    body.act(f"ret {vector} {power(w, x, y)}")
    body.place(slow)
    module.declare(f"declare {vector} @llvm.pow.{module.suffix}({vector}, {vector})")
    w.finish("e_pow", 2, body.do(f"call {vector} @llvm.pow.{module.suffix}({vector} {x}, {vector} {y})"))


WRITERS = {"exp": _write_exp, "log": _write_log, "pow": _write_pow}
