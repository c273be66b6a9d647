"""Regret, chance of being best, targets together and reversals, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sd_covid.analysis.robustness.metrics import presets
from sd_covid.analysis.robustness.reversals import reversals
from sd_covid.analysis.robustness.scores import meeting, ranks, score, share_best

from .worlds import objective, outcomes

# One objective of which less is better, two paths, three packages, three draws.
#   path 0: a 5 5 5   b 4 6 4   c 9 9 1        best: 4 5 1
#   path 1: a 5 5 5   b 8 8 8   c 5 2 5        best: 5 2 5
VALUES = [[[[5, 5, 5], [4, 6, 4], [9, 9, 1]], [[5, 5, 5], [8, 8, 8], [5, 2, 5]]]]


def test_regret_table_by_hand() -> None:
    item = objective(target=5.0)
    found = score(outcomes(VALUES, [item]), item, presets())
    # regrets by state: a 1 0 4 0 3 0, b 0 1 3 3 6 3, c 5 4 0 0 0 0
    np.testing.assert_allclose(found.regret[0], [8 / 6, 16 / 6, 9 / 6])
    np.testing.assert_allclose(found.regret[1], [3.5, 4.5, 4.5])  # midway between the two largest of six
    np.testing.assert_allclose(found.regret[2], [4, 6, 5])
    assert found.worst_world == ("w0", "w1", "w0")
    # best in states: b, a, c, then a and c share, c, a and c share
    np.testing.assert_allclose(found.best, [2 / 6, 1 / 6, 3 / 6])
    np.testing.assert_allclose(found.best_by_world, [[1 / 3, 1 / 3, 1 / 3], [1 / 3, 0, 2 / 3]])
    row = [metric.id for metric in found.metrics].index("starr")
    np.testing.assert_allclose(found.shown[row], [1, 2 / 6, 4 / 6])


def test_metrics_that_rank_differently_show() -> None:
    item = objective(target=5.0)
    found = score(outcomes(VALUES, [item]), item, presets())
    # means a 5, b 38/6, c 31/6; largest regret a 4, b 6, c 5; least outcome c
    assert found.leaders["laplace"] == (0,)
    assert found.leaders["minimax-regret"] == (0,)
    assert found.leaders["maximax"] == (2,)


def test_without_a_target_starr_is_left_out() -> None:
    item = objective()
    found = score(outcomes(VALUES, [item]), item, presets())
    assert "starr" not in [metric.id for metric in found.metrics]


def test_targets_together_are_met_in_the_same_state() -> None:
    one, two = objective("debt", target=5.0), objective("jobs", "higher", target=2.0)
    jobs = [[[1, 2, 3], [3, 3, 3], [2, 2, 2]], [[2, 2, 1], [9, 9, 9], [0, 2, 3]]]
    both = outcomes([VALUES[0], jobs], [one, two])
    # debt at most 5: a always; b in states 0 and 2; c in 2, 3, 4, 5. jobs at least 2: a 1 2 3 4, b all, c 0 1 2 4 5
    np.testing.assert_allclose(meeting(both, [one, two]), [4 / 6, 2 / 6, 3 / 6])
    assert meeting(both, [objective("debt")]).tolist() == [1, 1, 1]


def test_a_draw_that_fails_anywhere_counts_nowhere() -> None:
    values = np.array(VALUES, dtype=float)
    values[0, 1, 1, 2] = np.nan
    item = objective()
    found = outcomes(values, [item])
    assert found.failed == 1
    np.testing.assert_allclose(score(found, item, presets()).regret[2], [3, 6, 5])


def test_what_rounding_leaves_of_equal_sums_is_a_tie() -> None:
    np.testing.assert_allclose(ranks(np.array([[0.1 + 0.2, 0.3, 0.5]])), [[2.5, 2.5, 1]])
    np.testing.assert_allclose(ranks(np.array([[np.inf, 1.0, 2.0], [0.0, 0.0, 0.0]])), [[1, 3, 2], [2, 2, 2]])


def test_equal_packages_share_being_best() -> None:
    np.testing.assert_allclose(share_best(np.array([[1.0, 2.0], [1.0, 1.0], [0.0, 2.0]])), [0.5, 0.25, 0.25])


def test_reversals_are_told_apart_by_source() -> None:
    item = objective()
    structure = [[[5, 5, 5], [1, 1, 1], [2, 2, 2]]]
    found = reversals(outcomes([VALUES[0] + structure], [item], ["path", "path", "structure"]), item)
    draws, path, other = found.rows
    assert [row.source for row in found.rows] == ["draws", "path", "structure"]
    # means in w0: a 5, b 14/3, c 19/3: b, a, c. Pairs a-b: against it in draw 1; a-c and b-c: against it in draw 2.
    assert (draws.pairs, draws.turned, draws.leader) == (3, 0, 1)
    assert draws.share == pytest.approx(3 / 9)
    # means in w1: a 5, b 8, c 4: all three pairs turn.
    assert (path.pairs, path.turned, path.leader) == (3, 3, 2)
    # draw by draw, first in w0 then in w1: a-b is b a b, then a a a: two of three turn; a-c counts in draw 1 only,
    # where they differ in both, and turns; b-c is b b c, then c c c: two of three turn.
    assert path.share == pytest.approx((2 + 1 + 2) / (3 + 1 + 3))
    # means in w2: b 1, c 2, a 5: a-b as before, a-c turns, b-c as before
    assert (other.pairs, other.turned, other.leader) == (3, 1, 1)
    np.testing.assert_allclose(found.ranks, [[2, 1, 3], [2, 3, 1], [3, 1, 2]])


def test_a_structure_with_draws_of_its_own_is_compared_by_means_only() -> None:
    item = objective(relevance=2.0)
    structure = [[[5, 5, 5], [1, 1, 1], [2, 2, 2]]]
    both = outcomes([VALUES[0] + structure], [item], ["path", "path", "structure"], [True, True, False])
    found = reversals(both, item).rows[2]
    assert np.isnan(found.share)
    assert found.pairs == 0  # no pair differs by 2 in both worlds: in w0 they are within 5/3


def test_what_rounding_leaves_of_equal_packages_leads_and_turns_nothing() -> None:
    # The same sum in another order: 0.1 + 0.2 is not 0.3 to the last bit, and is the same outcome.
    equal = np.array([[0.1 + 0.2, 0.3, 0.3], [0.3, 0.1 + 0.2, 0.3]])
    np.testing.assert_allclose(share_best(equal), [0.5, 0.5])
    item = objective(relevance=0.0)
    found = reversals(outcomes([[equal, equal[::-1]]], [item]), item)
    assert [(row.pairs, row.turned) for row in found.rows] == [(0, 0), (0, 0)]
    assert all(np.isnan(row.share) for row in found.rows)
