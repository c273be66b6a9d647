"""Composition and sums, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sd_covid.analysis.local.composition import allotment
from sd_covid.analysis.local.profile import scaled_to, vulnerable_share
from sd_covid.analysis.local.ranking import rank
from sd_covid.analysis.local.reconcile import reconciled
from sd_covid.errors import RunError


def test_two_municipalities_by_hand():
    # Two places of 100, a quarter vulnerable in the country: 10 of 100 in the first, so 40 of 100 in the second.
    share = allotment(
        np.array([[90.0, 10.0], [60.0, 40.0]]), np.array([100.0, 100.0]), np.array([150.0, 50.0])
    )
    np.testing.assert_allclose(share, [[0.6, 0.2], [0.4, 0.8]], rtol=1e-12)
    # At rates of 3 % and 9 % the first has 0.6 * 4.5 + 0.2 * 4.5 of 100, the second 0.4 * 4.5 + 0.8 * 4.5.
    np.testing.assert_allclose(share @ np.array([4.5, 4.5]), [3.6, 5.4], rtol=1e-12)


def test_margins_that_do_not_fit_are_met_both_ways():
    rng = np.random.default_rng(1)
    municipal, national = rng.uniform(1, 9, 30), rng.uniform(1, 9, 4)
    share = allotment(rng.uniform(0.5, 2, (30, 4)), municipal, national)
    np.testing.assert_allclose(share.sum(axis=0), 1.0, rtol=1e-14)
    rows = (share * national).sum(axis=1) / national.sum()
    np.testing.assert_allclose(rows, municipal / municipal.sum(), rtol=1e-11)  # the margin is met to 1e-12


@pytest.mark.parametrize("seed", [[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
def test_a_table_that_cannot_be_met_is_refused(seed: list[list[float]]):
    with pytest.raises(RunError, match="add up"):
        allotment(np.array(seed), np.array([1.0, 2.0]), np.array([2.0, 1.0]))


def test_numbers_add_up_and_keep_their_order():
    rng = np.random.default_rng(2)
    odds, of = rng.normal(-3, 0.5, (4, 3, 340)), rng.uniform(1, 50, (4, 3, 340))
    total = of.sum(axis=-1) * rng.uniform(0.02, 0.12, (4, 3))
    number = reconciled(odds, of, total, np.ones(340))
    np.testing.assert_allclose(number.sum(axis=-1), total, rtol=1e-12)
    moved = np.log(number / (of - number)) - odds
    assert np.ptp(moved, axis=-1).max() < 1e-9  # one amount for all where all give way alike


def test_one_that_gives_less_moves_less():
    number = reconciled(
        np.log([0.05, 0.05]) - np.log(0.95), np.array([100.0, 100.0]), np.array(12.0), np.array([1.0, 0.1])
    )
    away = np.log(number / (100 - number)) - np.log(0.05 / 0.95)
    assert away[1] == pytest.approx(0.1 * away[0], rel=1e-9)


def test_a_total_that_nobody_can_have_is_refused():
    with pytest.raises(RunError, match="add up"):
        reconciled(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array(3.0), np.ones(2))


def test_a_place_like_the_country_has_its_share_of_the_vulnerable():
    assert vulnerable_share(np.array(0.4), np.array(0.2), 0.25) == pytest.approx(0.25)
    # Incomes one standard deviation lower on the normal scale: 40 % becomes Phi(z40 + 1), and so on.
    from scipy.stats import norm

    low, high = norm.cdf(norm.ppf(0.4) + 1), 1 - norm.cdf(norm.ppf(0.8) + 1)
    assert vulnerable_share(low, high, 0.25) == pytest.approx(norm.cdf(norm.ppf(0.25) + 1))


def test_shares_are_scaled_on_the_log_odds():
    share, weights = np.array([0.1, 0.3, 0.5]), np.array([1.0, 2.0, 1.0])
    scaled = scaled_to(share, weights, 0.25)
    assert np.average(scaled, weights=weights) == pytest.approx(0.25, abs=1e-12)
    moved = np.log(scaled / (1 - scaled)) - np.log(share / (1 - share))
    assert np.ptp(moved) < 1e-12


def test_ranks_by_hand():
    # Three places, four draws: the first is highest in three of four, the other two tie.
    rates = np.array([[9.0, 1, 1], [9, 1, 1], [9, 1, 1], [0, 1, 1]])
    found = rank(rates)
    assert found.order[0] == 0
    assert found.median.tolist() == [1, 2.5, 2.5]
    assert found.top[0] == 0.75
    assert found.group.tolist() == [1, 1, 1]  # 75 of 100 draws do not tell them apart
    assert found.told_apart == 0
    sure = rank(np.tile([3.0, 2.0, 1.0], (20, 1)))
    assert sure.group.tolist() == [1, 2, 3]
    assert sure.told_apart == 1
