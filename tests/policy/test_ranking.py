"""The order of scenarios under several paths, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sd_covid.errors import RunError
from sd_covid.policy.comparison.ranking import rank_stability
from sd_covid.policy.comparison.scenarios import Comparison, Failure

from .test_comparison import compared


def holding(comparison: Comparison, rates: list[list[float]], relevance: float = 0.0) -> Comparison:
    """The same comparison with constant rates, by scenario (actual, none, more) and draw."""
    shape = comparison.levels["rate"].shape
    levels = np.broadcast_to(np.array(rates)[:, :, None], shape)
    outputs = tuple(
        replace(item, relevance=relevance) if item.name == "rate" else item for item in comparison.outputs
    )
    return replace(comparison, levels=comparison.levels | {"rate": levels}, outputs=outputs)


@pytest.fixture
def plain(study_folder: Path, toy: Any) -> Comparison:
    return compared(study_folder, toy)


def test_ranks_concordance_and_reversals_by_hand(plain: Comparison) -> None:
    # lower is better: none is best in one path, worst in the other
    base = holding(plain, [[4.0] * 4, [3.0] * 4, [5.0, 5.0, 5.0, 5.0]])
    other = holding(plain, [[4.0] * 4, [6.0, 6.0, 6.0, 3.0], [5.0] * 4])
    found = rank_stability({"base": base, "other": other}, "rate", 2020)
    assert (found.paths, found.scenarios) == (("base", "other"), ("actual", "none", "more"))
    np.testing.assert_allclose(found.mean, [[0, -1, 1], [0, 1.25, 1]])
    np.testing.assert_array_equal(found.ranks, [[2, 1, 3], [1, 3, 2]])
    # rank sums 3, 4, 5: squares about 4 sum to 2; W = 12 * 2 / (4 * (27 - 3))
    assert found.concordance == pytest.approx(0.25)
    # three draws of four change actual-none and none-more: six pairs of twelve
    np.testing.assert_allclose(found.reversed, [0.0, 0.5])


def test_where_all_paths_agree_w_is_one_and_nothing_changes_places(plain: Comparison) -> None:
    one = holding(plain, [[4.0] * 4, [3.0] * 4, [5.0] * 4])
    two = holding(plain, [[9.0] * 4, [1.0] * 4, [11.0] * 4])
    found = rank_stability({"a": one, "b": two, "c": one}, "rate", 2020)
    assert found.concordance == pytest.approx(1.0)
    np.testing.assert_array_equal(found.reversed, [0, 0, 0])


def test_differences_below_the_relevance_do_not_count_as_reversals(plain: Comparison) -> None:
    base = holding(plain, [[4.0] * 4, [4.01] * 4, [9.0] * 4], relevance=0.05)
    other = holding(plain, [[4.0] * 4, [3.99] * 4, [9.0] * 4], relevance=0.05)
    np.testing.assert_array_equal(rank_stability({"a": base, "b": other}, "rate", 2020).reversed, [0, 0])
    same = holding(plain, [[4.0] * 4] * 3)
    found = rank_stability({"a": same, "b": same}, "rate", 2020)
    assert np.isnan(found.concordance)
    assert np.isnan(found.reversed).all()
    np.testing.assert_array_equal(found.ranks, np.full((2, 3), 2.0))


def test_a_draw_that_fails_under_one_path_counts_under_none(plain: Comparison) -> None:
    base = holding(plain, [[4.0] * 4, [3.0, 3.0, 3.0, 99.0], [5.0] * 4])
    failed = replace(base, failures=(Failure("none", 3, "rate", 0.0),))
    found = rank_stability({"a": base, "b": failed}, "rate", 2020)
    np.testing.assert_allclose(found.mean, [[0, -1, 1]] * 2)


def test_other_scenarios_or_outcomes_without_a_direction_are_refused(plain: Comparison) -> None:
    fewer = replace(plain, scenarios=plain.scenarios[:2])
    with pytest.raises(RunError, match="'b' was run with other scenarios or draws"):
        rank_stability({"a": plain, "b": fewer}, "rate", 2020)
    neutral = replace(plain, outputs=tuple(replace(item, better="neutral") for item in plain.outputs))
    with pytest.raises(RunError, match="neither better nor worse"):
        rank_stability({"a": neutral}, "rate", 2020)


def test_over_several_years_outcomes_are_added_up(plain: Comparison) -> None:
    found = rank_stability({"a": holding(plain, [[4.0] * 4, [3.0] * 4, [5.0] * 4])}, "rate", 2020, 2021)
    np.testing.assert_allclose(found.mean, [[0, -2, 2]])
    assert found.years == (2020, 2021)


def test_years_the_wrong_way_round_and_draws_that_all_failed_are_refused(plain: Comparison) -> None:
    with pytest.raises(RunError, match="2020 comes before 2021"):
        rank_stability({"base": plain}, "rate", 2021, 2020)
    bad = tuple(Failure("none", int(member), "rate", 70.0) for member in plain.member)
    with pytest.raises(RunError, match="no draw is finite in every scenario"):
        rank_stability({"base": replace(plain, failures=bad)}, "rate", 2020)
