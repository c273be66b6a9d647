"""Several regions of failure, by a classification tree: what one box cannot say when a package fails in two ways.

In come cases and failures; out comes a `Tree`: its leaves as boxes that do not overlap, and which of them are told. The
tree is scikit-learn's (CART; Breiman, Friedman, Olshen and Stone 1984); it is pruned to what groups of cases that were
left out bear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.discovery.box import Box, Flags, Limit, box_of, inside
from sd_covid.policy.types import Floats

#: Parts of the cases that are left out in turn, and the least share of the cases that a leaf holds.
_FOLDS, _SMALLEST = 5, 0.05


@dataclass(frozen=True, slots=True)
class Tree:
    """A pruned tree.

    Attributes
    ----------
    leaves : int
        One is no tree: nothing that comes back sets failures apart.
    regions : tuple of Box
        Leaves that are told, the densest first; they do not overlap.
    coverage, density : float
        Of the regions together.
    unseen : tuple of float
        Coverage and density, in cases that a tree has not seen, of the regions told of it.
    """

    leaves: int
    regions: tuple[Box, ...]
    coverage: float
    density: float
    unseen: tuple[float, float]


def grow(cases: pd.DataFrame, failed: Flags, *, groups: Sequence[int] | None = None, seed: int = 0) -> Tree:
    """Grow a tree and prune it.

    Parameters
    ----------
    cases : DataFrame, shape (case, column)
    failed : ndarray of bool, shape (case,)
        At least one is true.
    groups : sequence of int, optional
        Cases of one group are left out together.
    seed : int
        Of the parts that are left out.

    Returns
    -------
    Tree

    Notes
    -----
    Pruned by cost and complexity: the smallest tree whose squared error on cases left out is within a standard error of
    the least. Told are the densest leaves, as many as give the largest harmonic mean of coverage and density.
    """
    from sklearn.model_selection import GroupKFold

    x, columns = _numbers(cases)
    of = np.arange(len(cases)) if groups is None else np.asarray(groups)
    parts = list(GroupKFold(_FOLDS, shuffle=True, random_state=seed).split(x, failed, of))
    alpha = _pruning(x, failed, parts)
    leaves = _leaves(_fitted(x, failed, alpha), columns, cases)
    told = _told(cases, failed, leaves)
    coverage, density = _together(cases, failed, told)
    unseen = np.array([_fresh(cases, x, failed, columns, alpha, *part) for part in parts])
    merged = [box_of(cases, failed, limits) for limits in _merged(told)]
    regions = tuple(sorted(merged, key=lambda box: -box.density))
    mean = np.nanmean(unseen, axis=0) if np.isfinite(unseen).any(axis=0).all() else np.full(2, math.nan)
    return Tree(len(leaves), regions, coverage, density, (float(mean[0]), float(mean[1])))


def _numbers(cases: pd.DataFrame) -> tuple[Floats, list[tuple[str, str | None]]]:
    """Cases as whole numbers: places in the order of a column's values, and for each name of a column of names a flag.

    A tree asks for the order only, and scikit-learn keeps numbers in single precision, in which places are exact and
    values that differ little from each other are one. With column and name of each.
    """
    parts: list[Floats] = []
    columns: list[tuple[str, str | None]] = []
    for column in map(str, cases):
        if cases[column].dtype.kind in "fiu":
            parts.append(np.unique(cases[column].to_numpy(), return_inverse=True)[1].astype(np.float64))
            columns.append((column, None))
            continue
        for name in sorted(map(str, cases[column].unique())):
            parts.append(np.asarray(cases[column] == name, dtype=np.float64))
            columns.append((column, name))
    return np.column_stack(parts), columns


def _fitted(x: Floats, failed: Flags, alpha: float) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(min_samples_leaf=_SMALLEST, ccp_alpha=alpha, random_state=0)
    return tree.fit(x, failed)


def _pruning(x: Floats, failed: Flags, parts: Sequence[Any]) -> float:
    """The price of a leaf: the largest with which cases left out are foretold within a standard error of the best."""
    path = _fitted(x, failed, 0.0).cost_complexity_pruning_path(x, failed).ccp_alphas
    prices = np.append(
        np.sqrt(path[:-1] * path[1:]), path[-1] * 1.001
    )  # between those at which the tree changes
    errors = np.empty((len(prices), len(parts)))
    for place, price in enumerate(prices.tolist()):
        for part, (seen, left) in enumerate(parts):
            tree = _fitted(x[seen], failed[seen], price)
            rates = (
                tree.predict_proba(x[left])[:, list(tree.classes_).index(True)] if failed[seen].any() else 0.0
            )
            errors[place, part] = np.mean((rates - failed[left]) ** 2)
    mean = errors.mean(axis=1)
    best = int(np.argmin(mean))
    bearable = mean[best] + errors[best].std(ddof=1) / math.sqrt(len(parts))
    return float(prices[np.flatnonzero(mean <= bearable)[-1]])


def _leaves(
    fitted: Any, columns: Sequence[tuple[str, str | None]], cases: pd.DataFrame
) -> list[tuple[Limit, ...]]:
    """The limits of every leaf."""
    tree, found = fitted.tree_, []

    def walk(node: int, ranges: dict[int, tuple[float, float]]) -> None:
        if tree.children_left[node] == tree.children_right[node]:
            found.append(_limits(ranges, columns, cases))
            return
        column, at = int(tree.feature[node]), float(tree.threshold[node])
        low, high = ranges.get(column, (-math.inf, math.inf))
        walk(tree.children_left[node], ranges | {column: (low, min(high, at))})
        walk(tree.children_right[node], ranges | {column: (max(low, at), high)})

    walk(0, {})
    return found


def _limits(
    ranges: dict[int, tuple[float, float]], columns: Sequence[tuple[str, str | None]], cases: pd.DataFrame
) -> tuple[Limit, ...]:
    """Ranges of columns of numbers as limits of the cases' own columns."""
    limits: list[Limit] = []
    kept: dict[str, frozenset[str]] = {}
    for place, (low, high) in ranges.items():
        column, name = columns[place]
        if name is not None:
            names = kept.setdefault(column, frozenset(map(str, cases[column].unique())))
            kept[column] = names & {name} if low > 0 else names - {name}
            continue
        if low > -math.inf:
            edge = math.nextafter(_between(cases[column], low), math.inf)  # leaves do not share a border
            limits.append(Limit(column, "low", edge))
        if high < math.inf:
            limits.append(Limit(column, "high", _between(cases[column], high)))
    return (*limits, *(Limit(column, "kept", names=names) for column, names in kept.items()))


def _between(column: pd.Series[Any], place: float) -> float:
    """Midway between the values on both sides of a place in their order."""
    values = np.unique(column.to_numpy(dtype=np.float64))
    below, above = values[math.floor(place)], values[math.floor(place) + 1]
    middle = below + (above - below) / 2
    return float(middle if middle < above else below)


def _told(cases: pd.DataFrame, failed: Flags, leaves: Sequence[tuple[Limit, ...]]) -> list[tuple[Limit, ...]]:
    """The densest leaves, as many as give the largest harmonic mean of coverage and density; none of a bare trunk."""
    if len(leaves) < 2:
        return []
    ranked = sorted(leaves, key=lambda limits: -box_of(cases, failed, limits).density)
    shares = [_together(cases, failed, ranked[: count + 1]) for count in range(len(ranked))]
    means = [2 * one * two / (one + two) if one + two else 0.0 for one, two in shares]
    return ranked[: int(np.argmax(means)) + 1]


def _merged(regions: Sequence[tuple[Limit, ...]]) -> list[tuple[Limit, ...]]:
    """Regions of which no two lie beside one another along one column, and would be one box together."""
    left = list(regions)
    for one, other in permutations(left, 2):
        whole = _joined(one, other)
        if whole is not None:
            return _merged([whole, *(limits for limits in left if limits not in (one, other))])
    return left


def _joined(below: tuple[Limit, ...], above: tuple[Limit, ...]) -> tuple[Limit, ...] | None:
    """Two regions as one box where the second begins, in one column, at the border of the first; None elsewhere."""
    for high in below:
        border = math.nextafter(high.value, math.inf)
        low = Limit(high.name, "low", border)
        if high.side != "high" or low not in above:
            continue
        rest = [{limit for limit in region if limit.name != high.name} for region in (below, above)]
        if rest[0] == rest[1]:
            ends = (
                limit for limit in (*below, *above) if limit.name == high.name and limit not in (high, low)
            )
            return (*ends, *(limit for limit in below if limit.name != high.name))
    return None


def _together(
    cases: pd.DataFrame, failed: Flags, regions: Sequence[tuple[Limit, ...]]
) -> tuple[float, float]:
    """Coverage and density of regions together; NaN where there is nothing to divide by."""
    held: NDArray[np.bool_] = np.zeros(len(cases), dtype=np.bool_)
    for limits in regions:
        held |= inside(cases, limits)
    hits = float((held & failed).sum())
    return (
        hits / float(failed.sum()) if failed.any() else math.nan,
        hits / float(held.sum()) if held.any() else math.nan,
    )


def _fresh(
    cases: pd.DataFrame,
    x: Floats,
    failed: Flags,
    columns: Sequence[tuple[str, str | None]],
    alpha: float,
    seen: NDArray[np.int64],
    left: NDArray[np.int64],
) -> tuple[float, float]:
    """Coverage and density, in cases left out, of the regions of a tree grown without them."""
    known = cases.iloc[seen].reset_index(drop=True)
    leaves = _leaves(_fitted(x[seen], failed[seen], alpha), columns, cases)
    told = _told(known, failed[seen], leaves)
    return _together(cases.iloc[left].reset_index(drop=True), failed[left], told)
