"""The words for a difference. Expected: the project's table of wording (90 % and central 60 % intervals, relevance)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sd_covid.policy.comparison.spread import QUANTILES, Spread, quantiles


def spread(low: float, high: float) -> Spread:
    """A uniform sample whose 5th and 95th percentiles are `low` and `high`."""
    margin = (high - low) / 18
    return Spread.of(np.linspace(low - margin, high + margin, 1001))


@pytest.mark.parametrize(
    ("low", "high", "relevance", "verdict"),
    [
        (1.0, 3.0, 0.0, "raises"),
        (-3.0, -1.0, 0.0, "lowers"),
        (-0.1, 3.0, 0.0, "probably raises"),  # its 20th percentile is 0.42
        (-3.0, 0.1, 0.0, "probably lowers"),
        (-1.0, 1.5, 0.0, "cannot tell"),
        (-1.0, 1.5, 2.0, "no difference that matters"),
        (0.5, 1.5, 2.0, "no difference that matters"),
        (0.5, 2.5, 2.0, "raises"),
        (0.0, 0.0, 0.0, "no difference that matters"),
    ],
)
def test_the_verdict_is_that_of_the_table(low: float, high: float, relevance: float, verdict: str) -> None:
    assert verdict == spread(low, high).verdict(relevance)


def test_a_spread_of_a_hundred_and_one_equal_steps_has_its_percentiles() -> None:
    found = Spread.of(np.arange(101.0))
    np.testing.assert_allclose([100 * level for level in QUANTILES], found.quantiles, rtol=1e-12)
    assert (50.0, 50.0, 101) == (found.mean, found.median, found.members)
    assert (5.0, 95.0) == pytest.approx(found.interval)


@given(
    arrays.arrays(
        np.float64,
        arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=12),
        elements=st.floats(-1e9, 1e9) | st.just(np.nan),
    ),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_quantiles_are_those_of_numpy_to_the_bit(sample: np.ndarray, levels: list[float]) -> None:
    for asked in (QUANTILES, levels):
        np.testing.assert_array_equal(np.quantile(sample, asked, axis=0), quantiles(sample, asked))
