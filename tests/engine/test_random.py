"""Distributions against `scipy.stats`: moments and quantiles of one large sample each, with a fixed seed.

A mean is allowed 5 of its standard errors, a variance 6 (its error has heavier tails), and the largest distance
between the distribution functions (Kolmogorov) 1.95 / sqrt(n), which one honest sample in a thousand passes; a correct
one stays so, because the seed is fixed.
"""

import numpy as np
import pytest
from scipy import stats

SIZE = 20_000

LOGNORMAL = (np.log(3.0) - 0.5 * np.log(1 + 4 / 9), np.sqrt(np.log(1 + 4 / 9)))
CASES = {
    "RANDOM 0 1()": stats.uniform(),
    "RANDOM UNIFORM(-1, 3, 0)": stats.uniform(-1, 4),
    "RANDOM NORMAL(-1e9, 1e9, 2, 3, 1)": stats.norm(2, 3),
    "RANDOM NORMAL(0, 5, 2, 3, 1)": stats.truncnorm(-2 / 3, 1, 2, 3),
    "RANDOM NORMAL(8, 1e9, 0, 1, 1)": stats.truncnorm(8, np.inf),
    "RANDOM EXPONENTIAL(0, 1e9, 1, 2, 0)": stats.expon(1, 2),
    "RANDOM WEIBULL(0, 1e9, 2, 0, 1, 0)": stats.weibull_min(2, 0, 1 / 0.886226925452758),
    "RANDOM LOGNORMAL(0, 1e9, 3, 2, 0)": stats.lognorm(LOGNORMAL[1], 0, np.exp(LOGNORMAL[0])),
    "RANDOM TRIANGULAR(-9, 9, 1, 2, 5, 0)": stats.triang(0.25, 1, 4),
    "RANDOM LOOKUP(density, 0, 9, 0, 1, 0)": stats.triang(0.25, 0, 4),
    "RANDOM GAMMA(0, 1e9, 2.5, 0, 2, 0)": stats.gamma(2.5, 0, 2),
    "RANDOM BETA(0, 1, 0.6, 3, 0, 1, 0)": stats.beta(0.6, 3),
}
WHOLE = {
    "RANDOM POISSON(0, 1e9, 3.5, 0, 1, 0)": stats.poisson(3.5),
    "RANDOM POISSON(0, 1e9, 40, 0, 1, 0)": stats.poisson(40),
    "RANDOM BINOMIAL(0, 1e9, 0.3, 12, 0, 1, 0)": stats.binom(12, 0.3),
    "RANDOM BINOMIAL(0, 1e9, 0.8, 100, 0, 1, 0)": stats.binom(100, 0.8),
    "RANDOM NEGATIVE BINOMIAL(0, 1e9, 0.4, 5, 0, 1, 0)": stats.nbinom(5, 0.4, 5),
}


def sample(simulate, call: str) -> np.ndarray:
    """Numbers of one call, one a step."""
    model = simulate(f"density((0,0),(1,1),(4,0)) ~~|\nx = {call} ~~|", final=SIZE - 1, step=1)
    return model.run({}, ["x"], seed=5)["x"].to_numpy()


@pytest.mark.parametrize("call", [*CASES, *WHOLE], ids=lambda call: call[7:].replace(" ", "_"))
def test_distribution_agrees_with_scipy(simulate, call):
    found, expected = sample(simulate, call), {**CASES, **WHOLE}[call]
    mean, variance, excess = expected.stats(moments="mvk")
    assert found.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / SIZE))
    error = variance * np.sqrt((float(excess) + 2) / SIZE)
    assert found.var() == pytest.approx(variance, abs=6 * error)
    points = np.unique(found) if call in WHOLE else np.sort(found)
    below = np.searchsorted(np.sort(found), points, side="right") / SIZE
    assert np.abs(below - expected.cdf(points)).max() < 1.95 / np.sqrt(SIZE)
    if call in WHOLE:
        np.testing.assert_array_equal(found, np.round(found))
