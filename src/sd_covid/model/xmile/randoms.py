"""XMILE's random numbers, and Stella's, as distributions of the engine.

Each takes its own arguments, then Stella's optional ones: seed, smallest and largest value. Without a seed the number
of the run's stream is 0. A distribution that the engine does not have is the inverse of its distribution function at
a number drawn evenly from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sd_covid.model.expression import Binary, Call, Expression, Number, Place, Reference, Unary
from sd_covid.model.xmile.site import Site

_FAR = 1e30  # beyond what any distribution gives

Drawn = Callable[["Draw"], Expression]


@dataclass(frozen=True, slots=True)
class Draw:
    """A call of a distribution: its own arguments, and what Stella lets follow."""

    own: list[Expression]
    seed: Expression
    least: Expression
    most: Expression
    place: Place

    def number(self, value: float) -> Expression:
        """A literal."""
        size = Number(abs(value), self.place)
        return Unary("-", size, self.place) if value < 0 else size

    def binary(self, left: Expression, operator: str, right: Expression) -> Expression:
        """Two operands and what joins them."""
        return Binary(operator, left, right, self.place)

    def call(self, name: str, *arguments: Expression) -> Expression:
        """A function of the engine."""
        return Call(name, arguments, place=self.place)

    def drawn(self, name: str, *own: Expression) -> Expression:
        """A distribution of the engine, within the limits."""
        return self.call(f"RANDOM {name}", self.least, self.most, *own, self.seed)

    def even(self) -> Expression:
        """A number from 0 to 1."""
        return self.call("RANDOM UNIFORM", self.number(0), self.number(1), self.seed)

    def limited(self, value: Expression) -> Expression:
        """A value that an inverse gives, held within the limits."""
        return self.call("MAX", self.least, self.call("MIN", self.most, value))


@dataclass(frozen=True, slots=True)
class Law:
    """A distribution: the names of its own arguments, and what it becomes."""

    name: str
    arguments: str
    drawn: Drawn
    limits: bool = True

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return len(self.arguments.split(", "))

    @property
    def most(self) -> int:
        """The largest number of arguments."""
        return self.least + (3 if self.limits else 1)

    @property
    def form(self) -> str:
        """A call as it is to be written."""
        return f"{self.name}({self.arguments}, seed)"

    def rewrite(self, site: Site, call: Call) -> Expression:
        """What a call becomes."""
        given = [site.value(argument) for argument in call.arguments]
        place = call.place
        rest = given[self.least :]
        seed = rest[0] if rest else Number(0.0, place)
        if isinstance(seed, Number) and math.isnan(seed.value):  # how Stella writes none before the limits
            seed = Number(0.0, place)
        least = rest[1] if len(rest) > 1 else Unary("-", Number(_FAR, place), place)
        most = rest[2] if len(rest) > 2 else Number(_FAR, place)
        return self.drawn(Draw(given[: self.least], seed, least, most, place))


def _uniform(draw: Draw) -> Expression:
    return draw.call("RANDOM UNIFORM", *draw.own, draw.seed)


def _lognormal(draw: Draw) -> Expression:
    """Mean and standard deviation are those of the number itself, not of its logarithm."""
    average, deviation = draw.own
    ratio = draw.binary(deviation, "/", average)
    variance = draw.call("LN", draw.binary(draw.number(1), "+", draw.binary(ratio, "*", ratio)))
    half = draw.binary(draw.number(0.5), "*", variance)
    middle = draw.binary(draw.call("LN", average), "-", half)
    far = draw.number(_FAR)
    normal = draw.call(
        "RANDOM NORMAL", draw.number(-_FAR), far, middle, draw.call("SQRT", variance), draw.seed
    )
    return draw.limited(draw.call("EXP", normal))


def _poisson(draw: Draw) -> Expression:
    """Arrivals in one DT: of the mean, which is by unit of time, DT come; Stella gives their number."""
    arrivals = draw.binary(draw.own[0], "*", Reference("TIME STEP", place=draw.place))
    return draw.drawn("POISSON", arrivals, draw.number(0), draw.number(1))


def _chance(draw: Draw) -> Expression:
    """1 with a chance, in percent by unit of time; else 0."""
    chance = draw.binary(draw.own[0], "*", Reference("TIME STEP", place=draw.place))
    drawn = draw.binary(draw.number(100), "*", draw.even())
    return draw.call("IF THEN ELSE", draw.binary(drawn, "<", chance), draw.number(1), draw.number(0))


def _weibull(draw: Draw) -> Expression:
    """Scale (-ln u)^(1 / shape)."""
    shape, scale = draw.own
    power = draw.binary(
        Unary("-", draw.call("LN", draw.even()), draw.place), "^", draw.binary(draw.number(1), "/", shape)
    )
    return draw.limited(draw.binary(scale, "*", power))


def _logistic(draw: Draw) -> Expression:
    """Mean - scale ln(1/u - 1)."""
    average, scale = draw.own
    odds = draw.binary(draw.binary(draw.number(1), "/", draw.even()), "-", draw.number(1))
    return draw.limited(draw.binary(average, "-", draw.binary(scale, "*", draw.call("LN", odds))))


def _pareto(draw: Draw) -> Expression:
    """Scale u^(-1 / shape)."""
    shape, scale = draw.own
    power = draw.binary(draw.even(), "^", draw.binary(draw.number(-1), "/", shape))
    return draw.limited(draw.binary(scale, "*", power))


def _geometric(draw: Draw) -> Expression:
    """Trials up to the first success: the whole number next above ln u / ln(1 - p)."""
    failing = draw.call("LN", draw.binary(draw.number(1), "-", draw.own[0]))
    ratio = draw.binary(draw.call("LN", draw.even()), "/", failing)
    return draw.limited(draw.binary(draw.number(1), "+", draw.call("XMILE INT", ratio)))


def _negative_binomial(draw: Draw) -> Expression:
    """Failures before so many successes."""
    successes, probability = draw.own
    least, most = (draw.binary(end, "+", successes) for end in (draw.least, draw.most))
    trials = Draw([probability, successes], draw.seed, least, most, draw.place).drawn(
        "NEGATIVE BINOMIAL", probability, successes, draw.number(0), draw.number(1)
    )
    return draw.binary(trials, "-", successes)


_LAWS = (
    Law("UNIFORM", "low, high", _uniform, limits=False),
    Law("RANDOM", "low, high", _uniform, limits=False),
    Law("NORMAL", "mean, deviation", lambda draw: draw.drawn("NORMAL", *draw.own)),
    Law("LOGNORMAL", "mean, deviation", _lognormal),
    Law("EXPRND", "mean", lambda draw: draw.drawn("EXPONENTIAL", draw.number(0), draw.own[0])),
    Law("POISSON", "mean", _poisson),
    Law("GAMMA", "shape, scale", lambda draw: draw.drawn("GAMMA", draw.own[0], draw.number(0), draw.own[1])),
    Law("BETA", "alpha, beta", lambda draw: draw.drawn("BETA", *draw.own, draw.number(0), draw.number(1))),
    Law("TRIANGULAR", "low, peak, high", lambda draw: draw.drawn("TRIANGULAR", *draw.own)),
    Law(
        "BINOMIAL",
        "trials, probability",
        lambda draw: draw.drawn("BINOMIAL", draw.own[1], draw.own[0], draw.number(0), draw.number(1)),
    ),
    Law("GEOMETRIC", "probability", _geometric),
    Law("NEGBINOMIAL", "successes, probability", _negative_binomial),
    Law("WEIBULL", "shape, scale", _weibull),
    Law("LOGISTIC", "mean, scale", _logistic),
    Law("PARETO", "shape, scale", _pareto),
    Law("MONTECARLO", "percent", _chance, limits=False),
)

#: By key.
LAWS = {law.name.lower(): law for law in _LAWS}
