"""Special functions as graph algebra: the normal distribution and its inverse, the logarithm of the gamma function.

In go nodes, out come nodes, made of operations that every back end and the derivative know already. The accuracy of
each stands with it; the tests compare with `scipy.special`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sd_covid.engine.lower.context import Context

# erfc(x) = t exp(-x^2) P(2 t - 1) for x >= 0, with t = 3 / (3 + x): an interpolation of erfcx(x) / t in 400 Chebyshev
# points, cut at degree 22; its error is below 3e-15 of erfcx.
_ERFC = (
    0.35800230236277997,
    0.29446481772329486,
    0.19674278570141024,
    0.10348908730020817,
    0.03984258709429138,
    0.008942411540424156,
    -0.0004041388544123696,
    -0.0010113539815289673,
    -0.0001827700618527875,
    9.225912342458622e-05,
    3.585458143124981e-05,
    -1.0131969638308173e-05,
    -5.825690477806032e-06,
    1.5808998687056902e-06,
    9.258684864157997e-07,
    -3.2897452993846357e-07,
    -1.4101814204745397e-07,
    7.318744679223894e-08,
    1.9373556244216638e-08,
    -1.3514568074757882e-08,
    -2.296673971589735e-09,
    1.4076388858130631e-09,
    1.9756335239481593e-10,
)

# The quantile of the normal distribution: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal
# distribution", Applied Statistics 37 (1988), PPND16: numerator and denominator for the middle, and for two tails.
_MIDDLE = (
    (
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
_TAIL = (
    (
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
_FAR_TAIL = (
    (
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)

_SHIFT = 10  # below it the gamma function is stepped up by its recurrence, so that the series holds to 1e-15
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def polynomial(here: Context, x: int, coefficients: Sequence[float]) -> int:
    """Horner's rule; coefficients from the constant up."""
    total = here.number(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = here.add("add", here.add("mul", total, x), here.number(coefficient))
    return total


def normal_cdf(here: Context, x: int) -> int:
    """Probability that a standard normal variable is below x; relative error below 1e-13 for x > -30."""
    add, number = here.add, here.number
    size = add("mul", add("abs", x), number(math.sqrt(0.5)))
    t = add("div", number(3.0), add("add", number(3.0), size))
    middle = add("sub", add("add", t, t), number(1.0))
    tail = add("mul", t, polynomial(here, middle, _ERFC))
    tail = add("mul", add("mul", number(0.5), tail), add("exp", add("neg", add("mul", size, size))))
    return add("select", add("lt", x, number(0.0)), tail, add("sub", number(1.0), tail))


def normal_quantile(here: Context, p: int) -> int:
    """The x below which a standard normal variable lies with probability p, 0 < p < 1; relative error below 1e-14."""
    add, number = here.add, here.number

    def ratio(x: int, of: tuple[Sequence[float], Sequence[float]]) -> int:
        return add("div", polynomial(here, x, of[0]), polynomial(here, x, of[1]))

    q = add("sub", p, number(0.5))
    in_middle = add("le", add("abs", q), number(0.425))
    middle = add("mul", q, ratio(add("sub", number(0.180625), add("mul", q, q)), _MIDDLE))
    least = add("select", add("lt", q, number(0.0)), p, add("sub", number(1.0), p))
    safe = add("select", in_middle, number(0.05), least)
    r = add("sqrt", add("neg", add("ln", safe)))
    near = add("le", r, number(5.0))
    tail = add(
        "select", near, ratio(add("sub", r, number(1.6)), _TAIL), ratio(add("sub", r, number(5.0)), _FAR_TAIL)
    )
    signed = add("select", add("lt", q, number(0.0)), add("neg", tail), tail)
    return add("select", in_middle, middle, signed)


def log_gamma(here: Context, x: int) -> int:
    """Logarithm of the gamma function for x > 0, NaN elsewhere; error below 1e-14 of the larger of 1 and the result.

    Stirling's series, which for x < 10 is taken at x + 10 and stepped down.
    """
    add, number = here.add, here.number
    positive = add("gt", x, number(0.0))
    safe = add("select", positive, x, number(math.nan))
    low = add("lt", safe, number(float(_SHIFT)))
    product = safe
    for k in range(1, _SHIFT):
        product = add("mul", product, add("add", safe, number(float(k))))
    above = add("select", low, add("add", safe, number(float(_SHIFT))), safe)
    found = stirling(here, above)
    return add("sub", found, add("ln", add("select", low, product, number(1.0))))


def stirling(here: Context, x: int) -> int:
    """Logarithm of the gamma function for x >= 10."""
    add, number = here.add, here.number
    inverse = add("div", number(1.0), x)
    series = add("mul", inverse, polynomial(here, add("mul", inverse, inverse), _STIRLING))
    main = add("sub", add("mul", add("sub", x, number(0.5)), add("ln", x)), x)
    return add("add", main, add("add", number(0.5 * math.log(2 * math.pi)), series))
