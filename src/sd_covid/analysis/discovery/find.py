"""The box that is told: chosen from PRIM's trajectory by a stated rule, and how firmly the cases support it.

In come cases and failures; out comes a `Discovery`: the trajectory, the chosen box, how it fares on resampled cases and
on cases that it has not seen, and beside it the regions of a tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.discovery.box import Box, Cases, Flags, Limit, Places
from sd_covid.analysis.discovery.cart import Tree, grow
from sd_covid.analysis.discovery.prim import Patience, trajectory
from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

Rows = NDArray[np.int64]

#: Fewer failures, or fewer cases that do not fail, tell of no region.
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """How a box is chosen.

    Attributes
    ----------
    columns : int
        Restricted columns that a sentence holds at most.
    level : float
        A limit with a larger quasi-p-value is dropped (Bryant and Lempert 2010).
    screened : int
        Of more columns, those that differ most in rank between failures and others; chosen in each resample anew.
    often : float
        Share of resamples in which a column must be restricted to be one in which the told box is looked for: among
        hundreds of columns some pass any single test by chance.
    """

    columns: int = 3
    level: float = 0.05
    screened: int = 25
    often: float = 0.5


@dataclass(frozen=True, slots=True)
class Support:
    """How often resamples restrict a column on a side.

    Attributes
    ----------
    limit : Limit
        Of the chosen box.
    share : float
        Of the resamples.
    low, high : float
        Central 90 % of the limit's value in them; NaN for names, and where none has it.
    """

    limit: Limit
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """In which cases something fails.

    Attributes
    ----------
    cases, failures : int
    columns : int
        That were offered.
    often : tuple of (str, float)
        Columns that resamples restrict, with the share of them that does, the most frequent first.
    path : tuple of Box
        From all cases on, in the columns that are restricted often enough.
    chosen : Box
        Without limits where nothing sets the failures apart.
    support : tuple of Support
        Of each limit of the chosen box.
    unseen : tuple of float
        Mean coverage and density, in cases left out of a resample, of the box chosen in it among those columns; NaN
        without resamples.
    resamples : int
    tree : Tree or None
        Regions of a tree in the same columns, which may be several; None where no column is restricted often enough.
    """

    cases: int
    failures: int
    columns: int
    often: tuple[tuple[str, float], ...]
    path: tuple[Box, ...]
    chosen: Box
    support: tuple[Support, ...]
    unseen: tuple[float, float]
    resamples: int
    tree: Tree | None = None

    @property
    def rate(self) -> float:
        """Share of all cases that fail."""
        return self.failures / self.cases


def discover(
    cases: pd.DataFrame,
    failed: Flags,
    *,
    groups: Sequence[int] | None = None,
    rule: Rule | None = None,
    patience: Patience | None = None,
    resamples: int = 50,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Find the box that is told.

    Parameters
    ----------
    cases : DataFrame, shape (case, column)
    failed : ndarray of bool, shape (case,)
    groups : sequence of int, optional
        Cases of one group, such as one draw under several paths, are resampled together: they are not independent.
    rule : Rule, optional
    patience : Patience, optional
    resamples : int
        Bootstrap samples.
    seed : int
    progress : callable, optional
        Called with resamples done and all.

    Returns
    -------
    Discovery

    Raises
    ------
    RunError
        Hardly any failure, or hardly anything else.
    """
    rule, patience = rule or Rule(), patience or Patience()
    failed = np.asarray(failed, dtype=np.bool_)
    few = min(int(failed.sum()), int((~failed).sum()))
    if few < FEWEST:
        kind = "failures" if failed.sum() == few else "cases without failure"
        advice = "choose another target, or more draws"
        raise RunError(f"{few} {kind} among {len(cases)} cases tell of no region", advice=advice)
    rows = _resampled(len(cases), groups, resamples, seed)
    offered = Cases(cases, failed)
    often = _restricted(offered, rows, rule, patience, progress)
    firm = {name for name, share in often if share >= rule.often}
    looked_at = offered.of(firm) if resamples else offered
    size = len(cases), int(failed.sum()), cases.shape[1]
    if not looked_at.columns:
        everything = offered.box(())
        return Discovery(*size, often, (everything,), everything, (), (nan, nan), resamples)
    path, chosen = _told(looked_at, rule, patience)
    boxes, unseen = _again(looked_at, rows, rule, patience)
    support = tuple(_support(limit, boxes) for limit in chosen.limits)
    tree = grow(cases[list(looked_at.columns)], failed, groups=groups, seed=seed)
    return Discovery(*size, often, path, chosen, support, _means(unseen), resamples, tree)


def _restricted(
    cases: Cases,
    rows: Sequence[tuple[Rows, Rows]],
    rule: Rule,
    patience: Patience,
    progress: Callable[[int, int], None] | None,
) -> tuple[tuple[str, float], ...]:
    """Columns that the boxes told of resamples restrict, with the share of the resamples, most frequent first."""
    counts: Counter[str] = Counter()
    for done, (taken, _) in enumerate(rows):
        counts.update(_told(cases.taken(taken), rule, patience)[1].columns)
        if progress is not None:
            progress(done + 1, len(rows))
    return tuple((name, count / len(rows)) for name, count in counts.most_common())


def _again(
    cases: Cases, rows: Sequence[tuple[Rows, Rows]], rule: Rule, patience: Patience
) -> tuple[list[Box], list[tuple[float, float]]]:
    """The box told of each resample, and its coverage and density in the cases left out; NaN where there are none."""
    boxes, unseen = [], []
    for taken, left in rows:
        again = _told(cases.taken(taken), rule, patience)[1]
        fresh = cases.taken(left).box(again.limits)
        boxes.append(again)
        unseen.append(
            (fresh.coverage if cases.failed[left].any() else nan, fresh.density if fresh.cases else nan)
        )
    return boxes, unseen


def _resampled(
    cases: int, groups: Sequence[int] | None, resamples: int, seed: int
) -> list[tuple[Rows, Rows]]:
    """Bootstrap samples, group by group: rows that are taken, some several times, and those left out."""
    of = np.arange(cases) if groups is None else np.asarray(groups)
    members = [np.flatnonzero(of == group) for group in np.unique(of)]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        picked = rng.integers(len(members), size=len(members))
        taken = np.concatenate([members[item] for item in picked])
        drawn.append((taken, np.setdiff1d(np.arange(cases), taken)))
    return drawn


def choose(boxes: Sequence[Box], most: int) -> Box:
    """The box with the largest harmonic mean of coverage and density among those with few enough columns.

    Of equal ones that with fewer columns, then the larger one.
    """
    fitting = [box for box in boxes if len(box.columns) <= most]
    return max(fitting, key=lambda box: (box.balance, -len(box.columns), box.cases))


def screened(cases: Cases, most: int) -> Cases:
    """The columns that differ most in rank between failures and others, with all columns of names.

    Parameters
    ----------
    cases : Cases
    most : int
        Columns of numbers that are kept.
    """
    numbers = cases.numbers
    if len(numbers) <= most:
        return cases
    apart = _apart(cases.places, cases.failed)
    left_out = {numbers[place] for place in np.argsort(-apart, kind="stable")[most:].tolist()}
    return cases.of([name for name in cases.columns if name not in left_out])


def _apart(places: Places, failed: Flags) -> Floats:
    """How far apart the mean ranks of failures and others are, shape (column,), of `Cases.places`.

    Ranks are counted, equal ones sharing theirs: to put hundreds of columns in order for each resample takes ten times
    as long.
    """
    columns, size = len(places), int(places.max()) + 1
    own = places + size * np.arange(columns)[:, None]
    as_many = np.bincount(own.ravel(), minlength=size * columns)
    below = np.cumsum(as_many.reshape(columns, size), axis=1).ravel()
    failures = own[:, failed]
    ranks = (below[failures] - (as_many[failures] - 1) / 2).sum(axis=1)
    all_ranks = failed.size * (failed.size + 1) / 2
    return np.asarray(np.abs(ranks / failed.sum() - (all_ranks - ranks) / (~failed).sum()), dtype=np.float64)


def _told(cases: Cases, rule: Rule, patience: Patience) -> tuple[tuple[Box, ...], Box]:
    """PRIM's trajectory, and the box of it that the rule chooses."""
    looked_at = screened(cases, rule.screened)
    path = trajectory(looked_at, patience)
    return path, choose([looked_at.without_idle(box, rule.level) for box in path], rule.columns)


def _support(limit: Limit, boxes: Sequence[Box]) -> Support:
    """How often resamples have a limit on the same side of the same column, and where."""
    same = [
        other for box in boxes for other in box.limits if (other.name, other.side) == (limit.name, limit.side)
    ]
    values = [other.value for other in same] if limit.side != "kept" else []
    low, high = np.quantile(values, (0.05, 0.95)).tolist() if values else (nan, nan)
    return Support(limit, len(same) / len(boxes) if boxes else nan, low, high)


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Means of coverage and density over the resamples in which they exist."""
    columns = [np.array(column)[np.isfinite(column)] for column in zip(*pairs, strict=True)]
    coverage, density = (
        float(column.mean()) if column.size else nan for column in columns or [np.empty(0)] * 2
    )
    return coverage, density
