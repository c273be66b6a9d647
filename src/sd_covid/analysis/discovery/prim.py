"""PRIM, the patient rule induction method: a box with many failures, found by peeling a little at a time.

In come cases, numbers and names, and which of them failed; out comes the trajectory of boxes from all cases to the last
peel, and then the pastes. After Friedman and Fisher (Statistics and Computing 9, 1999), with the criterion of gain in
density per case removed that Kwakkel and Jaxa-Rozen (Environmental Modelling & Software 79, 2016) give for numbers and
names together. The order of equally good peels is that of the EMA workbench, with which the tests compare it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from sd_covid.analysis.discovery.box import Box, Flags, Limit, box_of
from sd_covid.errors import RunError
from sd_covid.policy.types import Floats


@dataclass(frozen=True, slots=True)
class Patience:
    """How PRIM goes about it.

    Attributes
    ----------
    peel, paste : float
        Share of the box's cases that a step takes off or adds.
    least : float
        Smallest box, as a share of all cases.
    """

    peel: float = 0.05
    paste: float = 0.05
    least: float = 0.05


@dataclass(frozen=True, slots=True)
class _State:
    """A box while it is worked on: limits of the numbers, names kept, and which cases it holds."""

    low: Floats
    high: Floats
    kept: Mapping[str, frozenset[str]]
    held: Flags


@dataclass(frozen=True, slots=True)
class _Step:
    """A step that might be taken: what the box would hold, and how it is made."""

    cases: int
    failures: int
    make: Callable[[], _State]

    @classmethod
    def of(cls, held: Flags, failed: Flags, make: Callable[[], _State]) -> _Step:
        return cls(int(np.count_nonzero(held)), int(np.count_nonzero(held & failed)), make)


class _Search:
    """The cases as arrays, and the steps from one box to the next."""

    def __init__(self, cases: pd.DataFrame, failed: Flags, patience: Patience) -> None:
        self.failed, self.patience = failed, patience
        self.numbers = [str(name) for name in cases if cases[name].dtype.kind in "fiu"]
        self.values = np.asfortranarray(cases[self.numbers].to_numpy(dtype=np.float64))
        self.order = np.argsort(self.values, axis=0, kind="stable")
        self.names = {
            str(name): cases[name].astype(str).to_numpy() for name in cases if name not in self.numbers
        }
        low, high = (
            (self.values.min(axis=0), self.values.max(axis=0)) if self.numbers else (np.empty(0), np.empty(0))
        )
        kept = {name: frozenset(column.tolist()) for name, column in self.names.items()}
        self.first = _State(low, high, kept, np.ones(len(cases), dtype=np.bool_))

    def limits(self, state: _State) -> tuple[Limit, ...]:
        """What the box restricts, in the order of the columns."""
        found = []
        for place, name in enumerate(self.numbers):
            if state.low[place] != self.first.low[place]:
                found.append(Limit(name, "low", float(state.low[place])))
            if state.high[place] != self.first.high[place]:
                found.append(Limit(name, "high", float(state.high[place])))
        for name, names in state.kept.items():
            if names != self.first.kept[name]:
                found.append(Limit(name, "kept", names=names))
        return tuple(found)

    def restricted(self, state: _State) -> set[str]:
        """The columns that the box restricts."""
        return {limit.name for limit in self.limits(state)}

    def peels(self, state: _State) -> Iterator[_Step]:
        """Boxes without a slice of this one: for each number without its top and its bottom, for names without one."""
        rows = np.flatnonzero(state.held)
        failed = self.failed[rows]
        for place in range(len(self.numbers)):
            column, order = self.values[rows, place], self.order[:, place]
            ordered = self.values[order[state.held[order]], place]
            edge = _edge(ordered, 1 - self.patience.peel)
            yield _Step.of(column <= edge, failed, partial(self._moved, state, place, "high", edge))
            edge = _edge(ordered, self.patience.peel)
            yield _Step.of(column >= edge, failed, partial(self._moved, state, place, "low", edge))
        for name, names in state.kept.items():
            for left_out in sorted(names) if len(names) > 1 else ():
                kept = self.names[name][rows] != left_out
                yield _Step.of(kept, failed, partial(self._renamed, state, name, names - {left_out}))

    def pastes(self, state: _State) -> Iterator[_Step]:
        """Boxes with a slice more, along the columns that this one restricts."""
        restricted = self.restricted(state)
        for place, name in enumerate(self.numbers):
            if name not in restricted:
                continue
            column = self.values[:, place]
            beside = self._held(state, without=name)
            for side, beyond, share in (
                ("low", column <= state.low[place], 1 - self.patience.paste),
                ("high", column >= state.high[place], self.patience.paste),
            ):
                found = np.sort(column[beside & beyond])
                first = self.first.low if side == "low" else self.first.high
                edge = _edge(found, share) if found.size else float(first[place])
                low, high = (edge, state.high[place]) if side == "low" else (state.low[place], edge)
                held = beside & (column >= low) & (column <= high)
                yield _Step.of(held, self.failed, partial(self._moved, state, place, side, edge))
        for name, names in state.kept.items():
            for added in sorted(self.first.kept[name] - names):
                wider = names | {added}
                held = self._held(state, without=name) & np.isin(self.names[name], list(wider))
                yield _Step.of(held, self.failed, partial(self._renamed, state, name, wider))

    def _held(self, state: _State, without: str = "") -> Flags:
        """Cases within all limits, or all but those of one column."""
        held = np.ones(len(self.failed), dtype=np.bool_)
        for place, name in enumerate(self.numbers):
            low, high = state.low[place], state.high[place]
            if name != without and (low != self.first.low[place] or high != self.first.high[place]):
                column = self.values[:, place]
                held &= (column >= low) & (column <= high)
        for name, names in state.kept.items():
            if name != without and names != self.first.kept[name]:
                held &= np.isin(self.names[name], list(names))
        return held

    def _moved(self, state: _State, place: int, side: str, edge: float) -> _State:
        """The box with another limit of a number."""
        low, high = state.low.copy(), state.high.copy()
        (low if side == "low" else high)[place] = edge
        return self._with_cases(_State(low, high, state.kept, state.held))

    def _renamed(self, state: _State, name: str, names: frozenset[str]) -> _State:
        """The box with other names kept."""
        return self._with_cases(_State(state.low, state.high, {**state.kept, name: names}, state.held))

    def _with_cases(self, state: _State) -> _State:
        return replace(state, held=self._held(state))

    def best(self, state: _State, steps: Iterator[_Step]) -> tuple[float, _State] | None:
        """The step with the largest gain in density per case; of equal ones that with fewer restricted columns."""
        size, failures = int(state.held.sum()), int(self.failed[state.held].sum())
        density, found = failures / size, None
        most = (-math.inf, -math.inf)
        for step in steps:
            gain = step.failures / step.cases - density if step.cases else -density
            worth = gain / abs(step.cases - size) if step.cases != size else 0.0
            if worth < most[0]:
                continue
            box = step.make()
            rank = (worth, -float(len(self.restricted(box))))
            if rank > most:
                most, found = rank, box
        return None if found is None else (most[0], found)


def trajectory(cases: pd.DataFrame, failed: Flags, patience: Patience | None = None) -> tuple[Box, ...]:
    """Peel and paste.

    Parameters
    ----------
    cases : DataFrame, shape (case, column)
        Numbers, and columns of names; without missing values.
    failed : ndarray of bool, shape (case,)
    patience : Patience, optional

    Returns
    -------
    tuple of Box
        From all cases on; the last is the end of pasting.

    Raises
    ------
    RunError
        No case, or no column.
    """
    if not len(cases) or not cases.shape[1]:
        raise RunError("there is nothing in which to look for a box", advice="name what is uncertain")
    search = _Search(cases, np.asarray(failed, dtype=np.bool_), patience or Patience())
    state, path = search.first, [search.first]
    least = search.patience.least * len(cases)
    while True:
        step = search.best(state, search.peels(state))
        if step is None or step[0] <= 0 or not least <= step[1].held.sum() < state.held.sum():
            break
        state = step[1]
        path.append(state)
    while True:
        step = search.best(state, search.pastes(state))
        grows = step is not None and step[0] > 0 and step[1].held.sum() > max(state.held.sum(), least - 1)
        if step is None or not grows:
            break
        state = step[1]
        path.append(state)
    return tuple(box_of(cases, search.failed, search.limits(item)) for item in path)


def _edge(ordered: Floats, share: float) -> float:
    """Where a slice ends: midway between two neighbours at a quantile, going on inwards while these are equal."""
    at = (len(ordered) - 1) * share
    below, above = math.floor(at), math.ceil(at)
    if ordered[below] == ordered[above]:
        if share > 0.5:
            below = max(int(np.searchsorted(ordered, ordered[above], "left")) - 1, 0)
        else:
            above = min(int(np.searchsorted(ordered, ordered[below], "right")), len(ordered) - 1)
    return float((ordered[below] + ordered[above]) / 2)
