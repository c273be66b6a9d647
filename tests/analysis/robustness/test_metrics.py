"""Robustness metrics against hand calculation; the definitions are those of McPhail and others (2018), section 2.

Two packages in five states of the world, gains (larger is better):
A: 1 2 3 4 10, B: 3 3 3 3 3.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sd_covid.analysis.robustness.metrics import Metric, presets
from sd_covid.errors import RunError

GAINS = np.array([[1.0, 2.0, 3.0, 4.0, 10.0], [3.0, 3.0, 3.0, 3.0, 3.0]])
TARGET = 3.0

# Regret of A by state: 2 1 0 0 0 (best is 3 3 3 4 10), of B: 0 0 0 1 7. Percentiles interpolate linearly: of A the
# 10th is 1 + 0.4 = 1.4, the 25th 2, the 50th 3, the 75th 4, the 90th 4 + 0.6 * 6 = 7.6. Standard deviation of A: mean
# 4, squares 9 4 1 0 36, variance 10. A falls short of its median 3 by 2 1 0 0 0; the worst half are its three worst
# states.
BY_HAND = {
    "maximin": (1.0, 3.0),
    "maximax": (10.0, 3.0),
    "hurwicz": (0.25 * 1 + 0.75 * 10, 3.0),
    "laplace": (4.0, 3.0),
    "minimax-regret": (2.0, 7.0),
    "p90-regret": (1 + 0.6 * 1, 1 + 0.6 * 6),
    "mean-variance": (4 - 2 * np.sqrt(10), 3.0),
    "undesirable-deviations": ((2 + 1 + 0) / 3, 0.0),
    "skewness": (((7.6 + 1.4) / 2 - 3) / ((7.6 - 1.4) / 2), 0.0),
    "peakedness": ((7.6 - 1.4) / (4 - 2), np.inf),
    "starr": (3 / 5, 1.0),
}
ALL = presets(pessimism=0.25, spread=2.0)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.id)
def test_each_preset_by_hand(metric: Metric) -> None:
    found = metric.shown(metric.score(GAINS, TARGET), "higher")
    np.testing.assert_allclose(found, BY_HAND[metric.id], rtol=1e-14)  # sums of a few numbers


def test_there_are_the_eleven_of_the_paper() -> None:
    assert [metric.id for metric in ALL] == list(BY_HAND)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.id)
def test_of_an_outcome_of_which_less_is_better_levels_are_read_in_its_own_direction(metric: Metric) -> None:
    costs = -GAINS
    found = metric.shown(metric.score(-costs, TARGET), "lower")
    sign = -1 if metric.kind == "level" else 1
    np.testing.assert_allclose(found, sign * np.array(BY_HAND[metric.id]), rtol=1e-14)


def test_starr_without_a_target_and_no_states_are_refused() -> None:
    starr = ALL[-1]
    with pytest.raises(RunError, match="needs a target"):
        starr.score(GAINS)
    with pytest.raises(RunError, match="no state of the world is left"):
        ALL[0].score(GAINS[:, :0])


@settings(deadline=None)
@given(
    arrays(np.float64, (3, 6), elements=st.floats(-100, 100, width=16)),
    st.integers(1, 8),
    st.integers(-50, 50),
)
def test_scale_and_zero_of_the_unit_change_no_score_but_by_scale_and_zero(
    gains: np.ndarray, times: int, shift: int
) -> None:
    # Exact in binary but for rounding of the sums: 1e-9 of the largest number.
    for metric in ALL:
        here, there = metric.score(gains, 5.0), metric.score(times * gains + shift, times * 5.0 + shift)
        moved = {"level": times * here + shift, "distance": times * here}.get(metric.kind, here)
        if metric.id == "mean-variance":
            moved = times * here + shift
        if metric.kind != "ratio":  # a ratio of two gaps that are nearly nil has no digits
            np.testing.assert_allclose(there, moved, atol=1e-6)
