"""Distributions, as graph algebra on numbers drawn evenly between 0 and 1.

Everything with an inverse in closed form is drawn by it, and truncated exactly: the even number is moved into the part
of 0 to 1 that the bounds leave. The others are drawn by rejection in a fixed number of rounds, of which the first that
is accepted and lies within the bounds counts; without bounds all rounds fail with a chance below 1e-12, after which, as
with bounds that leave next to nothing, the last candidate is put at the nearer bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from sd_covid.engine.functions.special import normal_cdf, normal_quantile, stirling
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call

ROUNDS = 14  # with a chance of at least 0.87 to be accepted in each: (1 - 0.87)^14 < 1e-12
SEARCHED = 10.0  # a Poisson or binomial mean up to this is inverted term by term
TERMS = 60  # the chance of more, at such a mean, is below 1e-16

Inverse = Callable[[int], int]


@dataclass(slots=True)
class Source:
    """The even numbers of one call, each drawn once."""

    here: Context
    call: Call
    seed: int
    drawn: Iterator[int] = field(default_factory=count)

    def even(self) -> int:
        """The next number between 0 and 1."""
        return self.here.uniform(self.call, next(self.drawn), self.seed)

    def normal(self) -> int:
        """A standard normal number."""
        return normal_quantile(self.here, self.even())


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the largest that may come out, before it is stretched and shifted."""

    here: Context
    low: int
    high: int

    @classmethod
    def of(cls, here: Context, low: int, high: int, shift: int, stretch: int) -> Bounds:
        """The bounds of x, where those of ``shift + stretch x`` are given; a negative stretch turns them round."""
        a, b = (here.add("div", here.add("sub", bound, shift), stretch) for bound in (low, high))
        return cls(here, here.add("min", a, b), here.add("max", a, b))

    def hold(self, x: int) -> int:
        """The nearest value within."""
        return self.here.add("max", self.low, self.here.add("min", self.high, x))

    def inside(self, x: int) -> int:
        """Whether a value is within."""
        return self.here.add("and", self.here.add("ge", x, self.low), self.here.add("le", x, self.high))


def truncated(source: Source, bounds: Bounds, cdf: Inverse, inverse: Inverse) -> int:
    """By the inverse of the distribution function."""
    here = source.here
    below, above = cdf(bounds.low), cdf(bounds.high)
    p = here.add("add", below, here.add("mul", source.even(), here.add("sub", above, below)))
    return bounds.hold(inverse(p))


def normal(source: Source, bounds: Bounds) -> int:
    """Standard normal. Where the bounds lie mostly above 0 it is drawn on the other side, so that tails keep digits."""
    here = source.here
    flip = here.add("gt", here.add("add", bounds.low, bounds.high), here.number(0.0))
    low = here.add("select", flip, here.add("neg", bounds.high), bounds.low)
    high = here.add("select", flip, here.add("neg", bounds.low), bounds.high)
    drawn = truncated(
        source, Bounds(here, low, high), lambda x: normal_cdf(here, x), lambda p: _safe_quantile(here, p)
    )
    return here.add("select", flip, here.add("neg", drawn), drawn)


def _safe_quantile(here: Context, p: int) -> int:
    """The quantile, with p kept off 0 and 1, which bounds beyond 38 standard deviations would make of it."""
    tiny = here.number(1e-300)
    return normal_quantile(here, here.add("max", tiny, here.add("min", p, here.number(1 - 2.0**-53))))


def exponential(source: Source, bounds: Bounds) -> int:
    """Exponential of mean 1."""
    return weibull(source, bounds, source.here.number(1.0), source.here.number(1.0))


def weibull(source: Source, bounds: Bounds, shape: int, scale: int) -> int:
    """Weibull: P(X > x) = exp(-(x / scale)^shape)."""
    here = source.here
    zero, one = here.number(0.0), here.number(1.0)

    def cdf(x: int) -> int:
        reduced = here.add("div", here.add("max", zero, x), scale)
        return here.add("sub", one, here.add("exp", here.add("neg", here.add("pow", reduced, shape))))

    def inverse(p: int) -> int:
        most = here.add("min", p, here.number(1 - 2.0**-53))
        depth = here.add("neg", here.add("ln", here.add("sub", one, most)))
        return here.add("mul", scale, here.add("pow", depth, here.add("div", one, shape)))

    return truncated(source, bounds, cdf, inverse)


def triangular(source: Source, bounds: Bounds, start: int, peak: int, stop: int) -> int:
    """Triangular between start and stop."""
    add, number = source.here.add, source.here.number
    rise, fall = add("sub", peak, start), add("sub", stop, peak)
    whole = add("sub", stop, start)

    def cdf(x: int) -> int:
        held = add("max", start, add("min", stop, x))
        up, down = add("sub", held, start), add("sub", stop, held)
        left = add("div", add("mul", up, up), add("mul", whole, _positive(source.here, rise)))
        right = add("div", add("mul", down, down), add("mul", whole, _positive(source.here, fall)))
        return add("select", add("lt", held, peak), left, add("sub", number(1.0), right))

    def inverse(p: int) -> int:
        low = add("add", start, add("sqrt", add("mul", p, add("mul", whole, rise))))
        rest = add("max", number(0.0), add("sub", number(1.0), p))
        high = add("sub", stop, add("sqrt", add("mul", rest, add("mul", whole, fall))))
        return add("select", add("lt", add("mul", p, whole), rise), low, high)

    return truncated(source, bounds, cdf, inverse)


def _positive(here: Context, x: int) -> int:
    return here.add("select", here.add("gt", x, here.number(0.0)), x, here.number(1.0))


def by_table(source: Source, bounds: Bounds, table: LookupTable) -> int:
    """With a table as density: within a segment the distribution function is a quadratic, which is solved."""
    from sd_covid.engine.functions.lookups import Curve, area_to

    add, number = source.here.add, source.here.number
    curve = Curve.of(table)
    total = sum(
        (b - a) * (f + g) / 2
        for a, b, f, g in zip(table.x[:-1], table.x[1:], table.y[:-1], table.y[1:], strict=True)
    )
    first, last = number(table.x[0]), number(table.x[-1])

    def cdf(x: int) -> int:
        held = add("max", first, add("min", last, x))
        return add("mul", area_to(source.here, table, held), number(1.0 / total))

    def inverse(p: int) -> int:
        area = add("mul", p, number(total))
        found = last
        for k in reversed(range(len(curve.start))):
            more = add("max", number(0.0), add("sub", area, number(curve.area[k])))
            value = curve.value[k]
            inner = add("add", number(value * value), add("mul", number(2 * curve.slope[k]), more))
            below = add("add", number(value), add("sqrt", add("max", number(0.0), inner)))
            safe = add("select", add("gt", below, number(0.0)), below, number(1.0))
            at = add("add", number(curve.start[k]), add("div", add("mul", number(2.0), more), safe))
            end = curve.area[k + 1] if k + 1 < len(curve.area) else math.inf
            found = add("select", add("lt", area, number(end)), at, found)
        return found

    return truncated(source, bounds, cdf, inverse)


# --- by rejection --------------------


def _first(here: Context, bounds: Bounds, rounds: Sequence[tuple[int, int]]) -> int:
    """The first candidate that is accepted and within bounds; else the last one, at the nearer bound."""
    found = bounds.hold(rounds[-1][1])
    for accepted, candidate in reversed(rounds):
        good = here.add("and", accepted, bounds.inside(candidate))
        found = here.add("select", good, candidate, found)
    return found


def _gamma_round(source: Source, order: int) -> tuple[int, int]:
    """One round of G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", 2000; order >= 1."""
    add, number = source.here.add, source.here.number
    d = add("sub", order, number(1 / 3))
    c = add("div", number(1 / 3), add("sqrt", d))
    x = source.normal()
    root = add("add", number(1.0), add("mul", c, x))
    positive = add("gt", root, number(0.0))
    v = add("select", positive, add("mul", root, add("mul", root, root)), number(1.0))
    least = add("mul", number(0.5), add("mul", x, x))
    limit = add("add", least, add("mul", d, add("add", add("sub", number(1.0), v), add("ln", v))))
    accepted = add("lt", add("ln", source.even()), limit)
    return add("and", positive, accepted), add("mul", d, v)


def gamma(source: Source, bounds: Bounds, order: int) -> int:
    """Gamma of scale 1; an order below 1 counts as 1, as in Vensim."""
    at_least_one = source.here.add("max", source.here.number(1.0), order)
    return _first(source.here, bounds, [_gamma_round(source, at_least_one) for _ in range(ROUNDS)])


def _gamma_any(source: Source, order: int) -> tuple[int, int]:
    """A round for any order above 0: one of order + 1, times an even number to the power 1 / order."""
    here = source.here
    small = here.add("lt", order, here.number(1.0))
    raised = here.add("select", small, here.add("add", order, here.number(1.0)), order)
    accepted, candidate = _gamma_round(source, raised)
    power = here.add("pow", source.even(), here.add("div", here.number(1.0), order))
    shrunk = here.add("mul", candidate, power)
    return accepted, here.add("select", small, shrunk, candidate)


def beta(source: Source, bounds: Bounds, alpha: int, other: int) -> int:
    """Beta, as a / (a + b) of two gammas."""
    here = source.here
    rounds = []
    for _ in range(ROUNDS):
        (first, a), (second, b) = _gamma_any(source, alpha), _gamma_any(source, other)
        both = here.add("and", first, second)
        rounds.append((both, here.add("div", a, here.add("add", a, b))))
    return _first(here, bounds, rounds)


def _log_factorial(here: Context, k: int) -> int:
    """Logarithm of k!, for whole k from 0."""
    known = [math.lgamma(n + 1.0) for n in range(12)]
    steps = LookupTable(
        tuple(float(n) for n in range(12) for _ in (0, 1))[1:],
        tuple(y for n in range(12) for y in (known[max(n - 1, 0)], known[n]))[1:],
    )
    low = here.add("lt", k, here.number(10.5))
    above = here.add("add", here.add("select", low, here.number(11.0), k), here.number(1.0))
    return here.add("select", low, here.look_up(steps, k), stirling(here, above))


def _floor(here: Context, x: int) -> int:
    cut = here.add("trunc", x)
    above = here.add("gt", cut, x)
    return here.add("sub", cut, here.add("select", above, here.number(1.0), here.number(0.0)))


def _searched(source: Source, bounds: Bounds, first: int, ratio: Callable[[int], int]) -> int:
    """By inversion, for whole numbers: ``first`` is the chance of 0, ``ratio(k)`` that of k over that of k - 1."""
    here, zero = source.here, source.here.number(0.0)
    sums, below, within, chance = [], zero, zero, first
    for k in range(TERMS):
        chance = here.add("mul", chance, ratio(k)) if k else first
        at = here.number(float(k))
        kept = here.add("select", bounds.inside(at), chance, zero)
        within = here.add("add", within, kept)
        sums.append(within)
        less = here.add("lt", at, bounds.low)
        below = here.add("add", below, here.add("select", less, here.number(1.0), zero))
    p = here.add("mul", source.even(), within)
    found = zero
    for total in sums:
        passed = here.add("ge", p, total)
        found = here.add("add", found, here.add("select", passed, here.number(1.0), zero))
    return bounds.hold(here.add("max", below, found))


def poisson(source: Source, bounds: Bounds, mean: int) -> int:
    """Poisson: by inversion up to a mean of 10, above it by W. Hörmann's transformed rejection (PTRS, 1993)."""
    add, number = source.here.add, source.here.number
    small = add("lt", mean, number(SEARCHED))
    little = add("select", small, mean, number(1.0))
    by_search = _searched(
        source, bounds, add("exp", add("neg", little)), lambda k: add("div", little, number(float(k)))
    )
    much = add("select", small, number(SEARCHED), mean)
    log_mean, root = add("ln", much), add("sqrt", much)

    def log_density(k: int) -> int:
        return add("sub", add("sub", add("mul", k, log_mean), much), _log_factorial(source.here, k))

    rounds = [_transformed(source, much, root, log_density) for _ in range(ROUNDS)]
    return add("select", small, by_search, _first(source.here, bounds, rounds))


def _transformed(source: Source, mean: int, root: int, log_density: Inverse) -> tuple[int, int]:
    """One round of the transformed rejection with squeeze left out: W. Hörmann, Insurance 12 (1993) 39-45."""
    add, number = source.here.add, source.here.number
    b = add("add", number(0.931), add("mul", number(2.53), root))
    a = add("sub", add("mul", number(0.02483), b), number(0.059))
    inverse_alpha = add("add", number(1.1239), add("div", number(1.1328), add("sub", b, number(3.4))))
    u = add("sub", source.even(), number(0.5))
    v = source.even()
    us = add("sub", number(0.5), add("abs", u))
    spread = add("add", add("div", add("mul", number(2.0), a), us), b)
    k = _floor(source.here, add("add", add("mul", spread, u), add("add", mean, number(0.43))))
    possible = add("ge", k, number(0.0))
    safe = add("max", number(0.0), k)
    hat = add("add", add("div", a, add("mul", us, us)), b)
    log_hat = add("ln", add("div", add("mul", v, inverse_alpha), hat))
    return add("and", possible, add("le", log_hat, log_density(safe))), safe


def binomial(source: Source, bounds: Bounds, probability: int, trials: int) -> int:
    """Binomial: by inversion up to a mean of 10 (of successes or failures), else as W. Hörmann's BTRS (1993)."""
    here, add, number = source.here, source.here.add, source.here.number
    one = number(1.0)
    many = add("gt", probability, number(0.5))
    p = add("select", many, add("sub", one, probability), probability)
    mean = add("mul", trials, p)
    low = add("select", many, add("sub", trials, bounds.high), bounds.low)
    high = add("select", many, add("sub", trials, bounds.low), bounds.high)
    turned = Bounds(here, low, high)
    small = add("lt", mean, number(SEARCHED))
    odds = add("div", p, add("sub", one, p))

    def ratio(k: int) -> int:
        left = add("max", number(0.0), add("sub", trials, number(k - 1.0)))
        return add("mul", odds, add("div", left, number(float(k))))

    searched = add("select", small, trials, one)
    first = add("pow", add("sub", one, p), searched)
    by_search = _searched(source, turned, first, ratio)
    rounds = [_btrs(source, trials, p, mean, small) for _ in range(ROUNDS)]
    found = add("select", small, by_search, _first(here, turned, rounds))
    return add("select", many, add("sub", trials, found), found)


def _btrs(source: Source, trials: int, p: int, mean: int, unused: int) -> tuple[int, int]:
    """One round of W. Hörmann, "The generation of binomial random variates", 1993, algorithm BTRS."""
    here, add, number = source.here, source.here.add, source.here.number
    one = number(1.0)
    n = add("select", unused, number(40.0), trials)
    q = add("select", unused, number(0.5), p)
    middle = add("select", unused, number(20.0), mean)
    root = add("sqrt", add("mul", middle, add("sub", one, q)))
    b = add("add", number(1.15), add("mul", number(2.53), root))
    a = add("add", number(-0.0873), add("add", add("mul", number(0.0248), b), add("mul", number(0.01), q)))
    alpha = add("mul", add("add", number(2.83), add("div", number(5.1), b)), root)
    u = add("sub", source.even(), number(0.5))
    v = source.even()
    us = add("sub", number(0.5), add("abs", u))
    spread = add("add", add("div", add("mul", number(2.0), a), us), b)
    k = _floor(here, add("add", add("mul", spread, u), add("add", middle, number(0.5))))
    possible = add("and", add("ge", k, number(0.0)), add("le", k, n))
    safe = add("max", number(0.0), add("min", n, k))
    mode = _floor(here, add("mul", add("add", n, one), q))
    top = add("add", _log_factorial(here, mode), _log_factorial(here, add("sub", n, mode)))
    there = add("add", _log_factorial(here, safe), _log_factorial(here, add("sub", n, safe)))
    log_odds = add("ln", add("div", q, add("sub", one, q)))
    density = add("add", add("sub", top, there), add("mul", add("sub", safe, mode), log_odds))
    hat = add("add", add("div", a, add("mul", us, us)), b)
    log_hat = add("ln", add("div", add("mul", v, alpha), hat))
    return add("and", possible, add("le", log_hat, density)), safe


def negative_binomial(source: Source, bounds: Bounds, probability: int, successes: int) -> int:
    """Trials until so many successes: these, and a Poisson number of failures whose mean is a gamma variable."""
    here, add = source.here, source.here.add
    wide = Bounds(here, here.number(0.0), here.number(math.inf))
    odds = add("div", add("sub", here.number(1.0), probability), probability)
    mean = add("mul", odds, gamma(source, wide, successes))
    failures = Bounds(here, add("sub", bounds.low, successes), add("sub", bounds.high, successes))
    return add("add", successes, poisson(source, failures, mean))
