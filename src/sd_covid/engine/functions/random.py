"""The RANDOM functions: Vensim's arguments, around the distributions of `sd_covid.engine.functions.distributions`.

Vensim's own stream of numbers is not public. What a run gives depends on its seed, the member, the step, the call, and
the stream that the call names; stream 0 is that of the model's NOISE SEED, where it has one.
"""

from __future__ import annotations

from collections.abc import Callable

from sd_covid.engine.functions import distributions
from sd_covid.engine.functions.distributions import Bounds, Source
from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.functions.lookups import named_table
from sd_covid.engine.functions.special import log_gamma
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.graph.program import Update
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression

Draw = Callable[[Context, Source, Bounds, list[int]], int]
NOISE_SEED = "noise seed"


def _source(here: Context, call: Call, seed: Expression | None) -> Source:
    stream = here.value(seed) if seed is not None else here.number(0.0)
    if NOISE_SEED in here.lowering.model.variables:
        noise = here.held(here.lowering.cell(Cell(NOISE_SEED), False))
        stream = here.add("select", here.add("eq", stream, here.number(0.0)), noise, stream)
    return Source(here, call, stream)


def _spread(draw: Draw, parameters: int) -> Lower:
    """(lowest, highest, parameters..., shift, stretch, seed): what is drawn is stretched, shifted, and truncated."""

    def lower(here: Context, call: Call) -> int:
        low, high, *rest = (here.value(a) for a in call.arguments[:-1])
        shift, stretch = rest[parameters:]
        bounds = Bounds.of(here, low, high, shift, stretch)
        drawn = draw(here, _source(here, call, call.arguments[-1]), bounds, rest[:parameters])
        return here.add("add", shift, here.add("mul", stretch, drawn))

    return lower


def _uniform(here: Context, call: Call) -> int:
    low, high = (here.value(a) for a in call.arguments[:2])
    even = _source(here, call, call.arguments[2]).even()
    return here.add("add", low, here.add("mul", even, here.add("sub", high, low)))


def _weibull(here: Context, source: Source, bounds: Bounds, parameters: list[int]) -> int:
    """Of mean 1: its scale is 1 / gamma(1 + 1 / shape)."""
    inverse = here.add("div", here.number(1.0), parameters[0])
    scale = here.add("exp", here.add("neg", log_gamma(here, here.add("add", here.number(1.0), inverse))))
    return distributions.weibull(source, bounds, parameters[0], scale)


def _lognormal(here: Context, call: Call) -> int:
    """RANDOM LOGNORMAL(lowest, highest, mean, standard deviation, seed): both of the number itself, not of its log."""
    low, high, mean, deviation = (here.value(a) for a in call.arguments[:4])
    ratio = here.add("div", deviation, mean)
    variance = here.add("ln", here.add("add", here.number(1.0), here.add("mul", ratio, ratio)))
    middle = here.add("sub", here.add("ln", mean), here.add("mul", here.number(0.5), variance))
    width = here.add("sqrt", variance)
    tiny = here.number(1e-300)
    logs = [here.add("ln", here.add("max", tiny, bound)) for bound in (low, high)]
    bounds = Bounds.of(here, logs[0], logs[1], middle, width)
    drawn = distributions.normal(_source(here, call, call.arguments[4]), bounds)
    return here.add("exp", here.add("add", middle, here.add("mul", width, drawn)))


def _triangular(here: Context, call: Call) -> int:
    low, high, start, peak, stop = (here.value(a) for a in call.arguments[:5])
    source = _source(here, call, call.arguments[5])
    return distributions.triangular(source, Bounds(here, low, high), start, peak, stop)


def _lookup(here: Context, call: Call) -> int:
    """RANDOM LOOKUP(table, lowest, highest, shift, stretch, seed)."""
    low, high, shift, stretch = (here.value(a) for a in call.arguments[1:5])
    bounds = Bounds.of(here, low, high, shift, stretch)
    drawn = distributions.by_table(_source(here, call, call.arguments[5]), bounds, named_table(here, call))
    return here.add("add", shift, here.add("mul", stretch, drawn))


def _pink_noise(here: Context, call: Call) -> int:
    """RANDOM PINK NOISE(mean, standard deviation, correlation time, seed).

    White noise through a first-order smooth, as J. D. Sterman, Business Dynamics (2000), appendix B, with the white
    noise's variance such that the smoothed one has the deviation asked for at any TIME STEP. It begins at random.
    """
    mean, deviation, time, seed = call.arguments

    def drawn(place: Context) -> int:
        return _source(place, call, seed).normal()

    def first(place: Context) -> int:
        return place.add("add", place.value(mean), place.add("mul", place.value(deviation), drawn(place)))

    if not here.step:
        return first(here)

    def following(later: Context, me: int) -> int:
        share = later.add("div", time_step(later), later.value(time))
        spread = later.add("div", later.add("sub", later.number(2.0), share), share)
        scale = later.add("mul", later.value(deviation), later.add("sqrt", spread))
        white = later.add("add", later.value(mean), later.add("mul", scale, drawn(later)))
        return later.add("add", me, later.add("mul", share, later.add("sub", white, me)))

    return here.remember(Update.ASSIGN, first(here.at_start()), following)


FUNCTIONS: dict[str, Lower] = {
    "random 0 1": lambda here, call: _source(here, call, None).even(),
    "random uniform": _uniform,
    "random normal": _spread(lambda here, source, bounds, _: distributions.normal(source, bounds), 0),
    "random exponential": _spread(
        lambda here, source, bounds, _: distributions.exponential(source, bounds), 0
    ),
    "random lognormal": _lognormal,
    "random triangular": _triangular,
    "random weibull": _spread(_weibull, 1),
    "random gamma": _spread(lambda here, source, bounds, p: distributions.gamma(source, bounds, p[0]), 1),
    "random beta": _spread(lambda here, source, bounds, p: distributions.beta(source, bounds, p[0], p[1]), 2),
    "random poisson": _spread(lambda here, source, bounds, p: distributions.poisson(source, bounds, p[0]), 1),
    "random binomial": _spread(
        lambda here, source, bounds, p: distributions.binomial(source, bounds, p[0], p[1]), 2
    ),
    "random negative binomial": _spread(
        lambda here, source, bounds, p: distributions.negative_binomial(source, bounds, p[0], p[1]), 2
    ),
    "random lookup": _lookup,
    "random pink noise": _pink_noise,
}
