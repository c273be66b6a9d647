"""Joint distributions: closed forms, margins, independence, order, and national ratios from ratios within groups."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.analysis.stacking import association as joint
from sd_covid.errors import RunError
from tests.analysis.stacking.conftest import pair_ratio

share = st.floats(0.001, 0.999)
log_ratio = st.floats(-2.5, 2.5)
quick = settings(max_examples=60, deadline=None)  # compiling and first imports count for the first example


@st.composite
def problems(draw: st.DrawFn, count: tuple[int, int] = (2, 4)) -> tuple[np.ndarray, np.ndarray]:
    """Shares of some problems, and log odds ratios of their pairs."""
    number = draw(st.integers(*count))
    pairs = number * (number - 1) // 2
    return (
        np.array(draw(st.lists(share, min_size=number, max_size=number))),
        np.array(draw(st.lists(log_ratio, min_size=pairs, max_size=pairs))),
    )


@quick
@given(problems())
def test_margins_are_exact_and_nothing_is_negative(case: tuple[np.ndarray, np.ndarray]):
    shares, logs = case
    table = joint.tables(shares, logs)
    assert (table >= 0).all()
    assert abs(table.sum() - 1) < 1e-12
    for at, expected in enumerate(shares):
        inside = [cell for cell in range(len(table)) if cell >> at & 1]
        assert abs(table[inside].sum() - expected) < 1e-10


@quick
@given(problems())
def test_ratios_given_the_other_problems_are_what_was_asked_for(case: tuple[np.ndarray, np.ndarray]):
    """In every stratum of the other problems, as there is no interaction of three."""
    shares, logs = case
    table = joint.tables(shares, logs)
    for at, (i, j) in enumerate(joint.pairs(len(shares))):
        others = [k for k in range(len(shares)) if k not in (i, j)]
        for chosen in itertools.product((0, 1), repeat=len(others)):
            base = sum(bit << k for bit, k in zip(chosen, others, strict=True))
            a, b, c, d = (table[base | x << i | y << j] for x, y in itertools.product((0, 1), repeat=2))
            assert np.log(a * d / (b * c)) == pytest.approx(logs[at], abs=1e-8)


@quick
@given(problems())
def test_odds_ratios_of_one_are_independence(case: tuple[np.ndarray, np.ndarray]):
    shares, logs = case
    table = joint.tables(shares, np.zeros_like(logs))
    np.testing.assert_allclose(table, joint.independent(shares), rtol=1e-10, atol=1e-15)
    for cell, value in enumerate(joint.independent(shares)):
        parts = [p if cell >> at & 1 else 1 - p for at, p in enumerate(shares)]
        assert value == pytest.approx(np.prod(parts), rel=1e-12)


@quick
@given(share, share, log_ratio)
def test_two_problems_follow_the_closed_form(first: float, second: float, log: float):
    """The share with both solves (both)(neither) = ratio (first alone)(second alone); Plackett's closed form."""
    ratio = np.exp(log)
    two = float(joint.both(first, second, ratio))
    table = joint.tables(np.array([first, second]), np.array([log]))
    assert table[3] == pytest.approx(two, abs=1e-11)
    middle = 1 + (first + second) * (ratio - 1)
    if abs(ratio - 1) > 1e-3:  # the textbook form divides by ratio - 1
        root = np.sqrt(middle**2 - 4 * ratio * (ratio - 1) * first * second)
        assert two == pytest.approx((middle - root) / (2 * (ratio - 1)), rel=1e-7, abs=1e-12)
    assert max(0, first + second - 1) - 1e-12 <= two <= min(first, second) + 1e-12


@quick
@given(problems(), st.data())
def test_more_association_means_more_with_both(case: tuple[np.ndarray, np.ndarray], data: st.DataObject):
    shares, logs = case
    at = data.draw(st.integers(0, len(logs) - 1))
    more = logs.copy()
    more[at] += data.draw(st.floats(0.01, 2))
    i, j = joint.pairs(len(shares))[at]
    both = [
        sum(table[cell] for cell in range(len(table)) if cell >> i & 1 and cell >> j & 1)
        for table in (joint.tables(shares, logs), joint.tables(shares, more))
    ]
    assert both[1] > both[0]


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.1, 0.9),
    st.lists(st.tuples(st.floats(0.02, 0.3), st.floats(0.0, 0.3)), min_size=2, max_size=4),
    st.floats(1.0, 3.0),
)
def test_ratios_within_groups_give_the_national_ones(
    weight: float, groups: list[tuple[float, float]], more: float
):
    """One group has more of every problem, as the vulnerable have, and ratios are at least what that explains."""
    low, extra = np.array(groups).T
    shares, weights = np.array([low, low + extra]), np.array([1 - weight, weight])
    pairs = joint.pairs(len(groups))
    apart = weights @ joint.independent(shares)
    ratios = np.array([more * float(pair_ratio(apart, i, j)) for i, j in pairs])
    within = joint.within_ratios(weights, shares, ratios)
    whole = weights @ joint.tables(shares, within)
    for at, (i, j) in enumerate(pairs):
        assert float(pair_ratio(whole, i, j)) == pytest.approx(ratios[at], rel=1e-6)
    np.testing.assert_allclose(joint.has(len(groups)) @ whole, weights @ shares, rtol=1e-9)


def test_groups_alike_need_no_other_ratio_for_two_problems():
    shares = np.array([[0.2, 0.1], [0.2, 0.1]])
    within = joint.within_ratios(np.array([0.75, 0.25]), shares, np.array([3.0]))
    assert np.exp(within)[0] == pytest.approx(3, rel=1e-8)


def test_groups_explain_a_part_of_an_association():
    """One group with more of both: within groups less is left, here even nothing when the groups explain all."""
    shares = np.array([[0.05, 0.05], [0.3, 0.3]])
    weights = np.array([0.75, 0.25])
    apart = weights @ joint.independent(shares)
    explained = float(pair_ratio(apart, 0, 1))
    assert explained > 1.5
    within = np.exp(
        joint.within_ratios(
            weights,
            shares,
            np.array(
                [
                    explained,
                ]
            ),
        )
    )
    assert within[0] == pytest.approx(1, rel=1e-7)
    assert np.exp(joint.within_ratios(weights, shares, np.array([1.0])))[0] < 1


def test_numbers_of_problems_are_sums_of_cells():
    table = joint.tables(np.array([0.2, 0.3, 0.4]), np.log([2.0, 3.0, 1.5]))
    numbers = joint.by_number(table)
    assert numbers[1] == pytest.approx(table[[1, 2, 4]].sum())
    assert numbers[3] == pytest.approx(table[7])
    np.testing.assert_allclose(joint.by_number(table, 2), [numbers[0], numbers[1], numbers[2] + numbers[3]])
    assert numbers @ np.arange(4) == pytest.approx(0.9)  # the mean number is the sum of the shares


def test_nobody_and_everybody():
    table = joint.tables(np.array([0.0, 0.3, 1.0]), np.log([2.0, 3.0, 1.5]))
    np.testing.assert_allclose(table[[4, 6]], [0.7, 0.3])
    with pytest.raises(RunError, match="undetermined"):
        joint.within_ratios(np.array([1.0]), np.array([[0.0, 0.3]]), np.array([2.0]))


def test_many_tables_at_once_are_the_same_as_one_by_one():
    rng = np.random.default_rng(1)
    shares, logs = rng.uniform(0.01, 0.5, (3, 1, 5, 4)), rng.normal(0, 1, (2, 1, 6))
    table = joint.tables(shares, logs)
    assert table.shape == (3, 2, 5, 16)
    np.testing.assert_allclose(table[2, 1, 3], joint.tables(shares[2, 0, 3], logs[1, 0]), rtol=1e-9)


def test_shares_that_are_none_are_an_error():
    with pytest.raises(RunError, match="not between 0 and 1"):
        joint.tables(np.array([0.2, 1.3]), np.zeros(1))


def test_ratios_that_no_distribution_has_are_an_error():
    """Two problems that always go with a third go with one another."""
    shares = np.array([[0.5, 0.5, 0.5]])
    with pytest.raises(RunError, match="no distribution has all these odds ratios"):
        joint.within_ratios(np.array([1.0]), shares, np.array([1e4, 1e4, 1e-4]))
