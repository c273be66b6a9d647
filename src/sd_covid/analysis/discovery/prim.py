"""PRIM, the patient rule induction method: a box with many failures, found by peeling a little at a time.

In come cases, numbers and names, and which of them failed; out comes the trajectory of boxes from all cases to the last
peel, and then the pastes. After Friedman and Fisher (Statistics and Computing 9, 1999), with the criterion of gain in
density per case removed that Kwakkel and Jaxa-Rozen (Environmental Modelling & Software 79, 2016) give for numbers and
names together. The order of equally good peels is that of the EMA workbench, with which the tests compare it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.discovery.box import Box, Cases, Flags, Limit
from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

Rows = NDArray[np.int64]


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

    def moved(self, place: int, side: str, edge: float, held: Flags) -> _State:
        """The box with another limit of a number."""
        low, high = self.low.copy(), self.high.copy()
        (low if side == "low" else high)[place] = edge
        return _State(low, high, self.kept, held)

    def renamed(self, name: str, names: frozenset[str], held: Flags) -> _State:
        """The box with other names kept."""
        return _State(self.low, self.high, {**self.kept, name: names}, held)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Steps that might be taken: what the box would hold after each, shape (step,), and how each is made."""

    cases: NDArray[np.int64]
    failures: NDArray[np.int64]
    make: Callable[[int], _State]


class _Search:
    """The cases as arrays, and the steps from one box to the next."""

    def __init__(self, cases: Cases, patience: Patience) -> None:
        self.failed, self.patience = cases.failed, patience
        columns = cases.columns
        self.numbers = [name for name, column in columns.items() if column.dtype.kind == "f"]
        self.names = {name: column for name, column in columns.items() if column.dtype.kind != "f"}
        self.values = np.array([columns[name] for name in self.numbers]).reshape(-1, len(self.failed))
        low, high = self.values.min(axis=1), self.values.max(axis=1)
        kept = {name: frozenset(column.tolist()) for name, column in self.names.items()}
        self.first = _State(low, high, kept, np.ones(len(self.failed), dtype=np.bool_))

    def limits(self, state: _State) -> tuple[Limit, ...]:
        """What the box restricts, in the order of the columns."""
        found = []
        for place in np.flatnonzero(self._moved(state)).tolist():
            name = self.numbers[place]
            if state.low[place] != self.first.low[place]:
                found.append(Limit(name, "low", float(state.low[place])))
            if state.high[place] != self.first.high[place]:
                found.append(Limit(name, "high", float(state.high[place])))
        found += [Limit(name, "kept", names=state.kept[name]) for name in self._narrowed(state)]
        return tuple(found)

    def _moved(self, state: _State) -> Flags:
        """Which numbers the box restricts, shape (number,)."""
        return np.asarray((state.low != self.first.low) | (state.high != self.first.high))

    def _narrowed(self, state: _State) -> list[str]:
        """The columns of names that the box restricts."""
        return [name for name, names in state.kept.items() if names != self.first.kept[name]]

    def restricted(self, state: _State) -> int:
        """How many columns the box restricts."""
        return int(np.count_nonzero(self._moved(state))) + len(self._narrowed(state))

    def peeled(self, least: float) -> Iterator[_State]:
        """Ever smaller boxes, from that of all cases on, as long as a peel gains and leaves enough cases."""
        state, size = self.first, len(self.failed)
        # Each number's cases in the order of its values; a peel takes cases away and leaves the order as it is.
        order = np.argsort(self.values, axis=1, kind="stable")
        while True:
            yield state
            step = self.best(state, self.peels(state, order))
            if step is None or step[0] <= 0:
                return
            left = int(np.count_nonzero(step[1].held))
            if not least <= left < size:
                return
            state, size = step[1], left
            order = order[state.held[order]].reshape(len(order), size)

    def peels(self, state: _State, order: Rows) -> _Steps:
        """Boxes without a slice of this one: for each number without its top and its bottom, for names without one.

        `order` holds the box's cases in the order of each number, shape (number, case).
        """
        values = np.take_along_axis(self.values, order, axis=1)
        size = int(np.count_nonzero(state.held))
        tops, bottoms = (_edges(values, share) for share in (1 - self.patience.peel, self.patience.peel))
        below = np.count_nonzero(values <= tops[:, None], axis=1)
        under = np.count_nonzero(values < bottoms[:, None], axis=1)
        failing = np.zeros((len(order), size + 1), dtype=np.int64)
        np.cumsum(self.failed[order], axis=1, out=failing[:, 1:])
        each = np.arange(len(order))
        cases, failures = [below, size - under], [failing[each, below], failing[:, -1] - failing[each, under]]
        of_numbers = [np.stack(pair, axis=1).ravel() for pair in (cases, failures)]
        named = [
            (name, left_out)
            for name, names in state.kept.items()
            for left_out in (sorted(names) if len(names) > 1 else ())
        ]
        helds = [state.held & (self.names[name] != left_out) for name, left_out in named]

        def make(step: int) -> _State:
            if step >= 2 * len(order):
                name, left_out = named[step - 2 * len(order)]
                return state.renamed(name, state.kept[name] - {left_out}, helds[step - 2 * len(order)])
            place, bottom = divmod(step, 2)
            column = self.values[place]
            if bottom:
                edge = float(bottoms[place])
                return state.moved(place, "low", edge, state.held & (column >= edge))
            edge = float(tops[place])
            return state.moved(place, "high", edge, state.held & (column <= edge))

        return _Steps(
            np.append(of_numbers[0], [np.count_nonzero(held) for held in helds]).astype(np.int64),
            np.append(of_numbers[1], [np.count_nonzero(held & self.failed) for held in helds]).astype(
                np.int64
            ),
            make,
        )

    def pasted(self, state: _State, least: float) -> Iterator[_State]:
        """Ever larger boxes after this one, as long as a paste gains."""
        size = int(np.count_nonzero(state.held))
        while True:
            step = self.best(state, self.pastes(state))
            if step is None or step[0] <= 0:
                return
            held = int(np.count_nonzero(step[1].held))
            if held <= max(size, least - 1):
                return
            state, size = step[1], held
            yield state

    def pastes(self, state: _State) -> _Steps:
        """Boxes with a slice more, along the columns that this one restricts."""
        moved, names = np.flatnonzero(self._moved(state)).tolist(), self._narrowed(state)
        within = [self._within(state, place) for place in moved]
        within += [np.isin(self.names[name], list(state.kept[name])) for name in names]
        many = np.sum(within, axis=0) if within else np.empty(0)
        found = []
        for place, mine in zip(moved, within, strict=False):
            # Within the limits of all other columns.
            beside = many - mine == len(within) - 1
            found += self._wider(state, place, beside)
        for name, mine in zip(names, within[len(moved) :], strict=True):
            beside = many - mine == len(within) - 1
            for added in sorted(self.first.kept[name] - state.kept[name]):
                wider = state.kept[name] | {added}
                found.append(state.renamed(name, wider, beside & np.isin(self.names[name], list(wider))))
        cases = [np.count_nonzero(item.held) for item in found]
        failures = [np.count_nonzero(item.held & self.failed) for item in found]
        return _Steps(np.array(cases, dtype=np.int64), np.array(failures, dtype=np.int64), found.__getitem__)

    def _within(self, state: _State, place: int) -> Flags:
        """Cases within the limits of a number."""
        column = self.values[place]
        return np.asarray((column >= state.low[place]) & (column <= state.high[place]))

    def _wider(self, state: _State, place: int, beside: Flags) -> list[_State]:
        """The box with a slice more below and one above, of cases that are within all other limits."""
        column, low, high = self.values[place], state.low[place], state.high[place]
        under, above = np.sort(column[beside & (column <= low)]), np.sort(column[beside & (column >= high)])
        share = self.patience.paste
        bottom = _edge(under, 1 - share) if under.size else float(self.first.low[place])
        top = _edge(above, share) if above.size else float(self.first.high[place])
        return [
            state.moved(place, "low", bottom, beside & (column >= bottom) & (column <= high)),
            state.moved(place, "high", top, beside & (column >= low) & (column <= top)),
        ]

    def best(self, state: _State, steps: _Steps) -> tuple[float, _State] | None:
        """The step with the largest gain in density per case; of equal ones that with fewer restricted columns."""
        if not steps.cases.size:
            return None
        size = int(np.count_nonzero(state.held))
        density = int(np.count_nonzero(state.held & self.failed)) / size
        gain = steps.failures / np.maximum(steps.cases, 1) - density
        moved = np.abs(steps.cases - size)
        worth = np.where(moved > 0, gain / np.maximum(moved, 1), 0.0)
        made = [steps.make(int(step)) for step in np.flatnonzero(worth == worth.max())]
        return float(worth.max()), min(made, key=self.restricted)


def trajectory(cases: Cases, patience: Patience | None = None) -> tuple[Box, ...]:
    """Peel and paste.

    Parameters
    ----------
    cases : Cases
        Numbers, and columns of names; without missing values.
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
    if not cases.failed.size or not cases.columns:
        raise RunError("there is nothing in which to look for a box", advice="name what is uncertain")
    search = _Search(cases, patience or Patience())
    least = search.patience.least * len(cases.failed)
    path = list(search.peeled(least))
    path += search.pasted(path[-1], least)
    return tuple(cases.box(search.limits(state)) for state in path)


def _edges(ordered: Floats, share: float) -> Floats:
    """Where a slice of each number ends, shape (number,), of ordered values, shape (number, case).

    Midway between two neighbours at a quantile, going on inwards while these are equal.
    """
    cases = ordered.shape[1]
    at = (cases - 1) * share
    below, above = ordered[:, math.floor(at)], ordered[:, math.ceil(at)]
    (equal,) = np.nonzero(below == above)
    if equal.size:
        same = ordered[equal]
        if share > 0.5:
            inwards = np.maximum(np.count_nonzero(same < above[equal, None], axis=1) - 1, 0)
            below = below.copy()
            below[equal] = same[np.arange(equal.size), inwards]
        else:
            inwards = np.minimum(np.count_nonzero(same <= below[equal, None], axis=1), cases - 1)
            above = above.copy()
            above[equal] = same[np.arange(equal.size), inwards]
    return np.asarray((below + above) / 2, dtype=np.float64)


def _edge(ordered: Floats, share: float) -> float:
    """Where a slice of one number ends."""
    return float(_edges(ordered[None, :], share)[0])
