"""Regions of a tree against what was planted, and against the leaves that scikit-learn itself assigns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from sd_covid.analysis.discovery.box import inside
from sd_covid.analysis.discovery.cart import _leaves, _numbers, grow


def cases(count: int = 1500, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = pd.DataFrame(rng.uniform(size=(count, 4)), columns=list("abcd"))
    return numbers.assign(path=rng.choice(["base", "shock", "wave"], count))


def test_two_planted_regions_are_both_told() -> None:
    """One box cannot hold both: failures where a is high under a shock, and where b is low."""
    of = cases()
    first = ((of["a"] > 0.7) & (of["path"] == "shock")).to_numpy()
    second = (of["b"] < 0.25).to_numpy()
    tree = grow(of, first | second, seed=1)
    assert tree.coverage > 0.95
    assert tree.density > 0.95
    assert min(tree.unseen) > 0.9
    assert {limit.name for box in tree.regions for limit in box.limits} == {"a", "b", "path"}
    held = [inside(of, box.limits) for box in tree.regions]
    assert np.max(np.sum(held, axis=0)) == 1  # they do not overlap
    for region in (first & ~second, second):
        assert np.any(held, axis=0)[region].mean() > 0.9


def test_where_chance_alone_fails_there_is_no_tree() -> None:
    of = cases()
    failed = np.random.default_rng(5).uniform(size=len(of)) < 0.3
    tree = grow(of, failed, seed=1)
    assert tree.leaves == 1
    assert tree.regions == ()


def test_copies_of_a_draw_are_left_out_together() -> None:
    """Every draw stands there five times. Copies left in would tell of it: a tree would learn draws by heart."""
    rng = np.random.default_rng(8)
    few = pd.DataFrame(rng.uniform(size=(80, 3)), columns=list("abc"))
    failed = np.tile(rng.uniform(size=80) < 0.4, 5)
    many = pd.concat([few] * 5, ignore_index=True)
    assert grow(many, failed, groups=np.tile(np.arange(80), 5).tolist()).leaves == 1
    assert grow(many, failed).leaves > 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), depth=st.integers(1, 5))
def test_limits_part_the_cases_as_the_tree_does(seed: int, depth: int) -> None:
    of = cases(300, seed)
    rng = np.random.default_rng(seed)
    failed = rng.uniform(size=300) < of["a"] * (of["path"] == "wave") + of["b"] / 3
    x, columns = _numbers(of)
    fitted = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(x, failed)
    leaves = _leaves(fitted, columns, of)
    assigned = fitted.apply(x)
    held = np.array([inside(of, limits) for limits in leaves])
    assert np.all(held.sum(axis=0) == 1)
    parts = {frozenset(np.flatnonzero(row).tolist()) for row in held if row.any()}
    assert parts == {frozenset(np.flatnonzero(assigned == leaf).tolist()) for leaf in np.unique(assigned)}


def test_by_hand() -> None:
    """Twenty in a hundred fail, all of them above 0.8 of one column."""
    of = pd.DataFrame({"a": np.arange(100) / 100})
    failed = (of["a"] >= 0.8).to_numpy()
    tree = grow(of, failed)
    (box,) = tree.regions
    (limit,) = box.limits
    assert (limit.name, limit.side) == ("a", "low")
    assert limit.value == pytest.approx(0.795)  # midway between the last that holds and the first that fails
    assert (tree.leaves, tree.coverage, tree.density, box.cases) == (2, 1.0, 1.0, 20)


def test_a_large_level_with_a_small_spread_is_parted_exactly() -> None:
    """Single precision has steps of a half at eight million: draws from 0 to 1 above it would become three values."""
    of = cases(600)
    failed = (of["a"] > 0.6).to_numpy()
    tree = grow(of.assign(a=of["a"] + 8e6), failed)
    assert (tree.coverage, tree.density) == (1.0, 1.0)
    (region,) = tree.regions
    (limit,) = region.limits
    assert limit.value == pytest.approx(8e6 + 0.6, abs=0.02)  # between two of six hundred values


def test_neighbours_are_one_region() -> None:
    """Failures grow rarer along one column: leaves that lie side by side are told as one."""
    of = cases()
    rates = np.select([of["a"] < 0.3, of["a"] < 0.6], [0.95, 0.6], 0.02)
    tree = grow(of, np.random.default_rng(2).uniform(size=len(of)) < rates, seed=1)
    assert tree.leaves > 2
    (box,) = tree.regions
    assert [(limit.name, limit.side) for limit in box.limits] == [("a", "high")]
    assert box.limits[0].value == pytest.approx(
        0.6, abs=0.02
    )  # 1,500 cases lie 0.0007 apart; a few may be wrong
    assert (box.coverage, box.density) == (tree.coverage, tree.density)
