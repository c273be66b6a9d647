"""How a difference between two runs moves from one quantity of a model to the next.

In goes what each equation takes of its inputs' differences; out come links, each with what an effect takes of a unit of
its cause at every step, and the weight of every quantity for an outcome. A variable stands for all its elements.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.loops.shares import Shares
from sd_covid.engine.graph.program import Update

Floats = NDArray[np.float64]
Path = tuple[str, ...]


class Transfer:
    """The links along which a difference moves to an outcome.

    Parameters
    ----------
    shared : Shares
    outcome : sequence of int
        Quantities of one variable.

    Attributes
    ----------
    steps : int
    members : dict
        Variables that lead to the outcome and differ -> their quantities.
    onward : dict
        Variable -> variables that it acts on -> the pairs of quantities, cause and effect.
    link : dict
        Pair of quantities, cause and effect -> number of the link.
    factors : list of ndarray, shape (step,)
        What an effect takes of each unit of a cause, by number of the link.
    rank : ndarray of int, shape (quantity,)
        Order within an instant.
    """

    def __init__(self, shared: Shares, outcome: Sequence[int]) -> None:
        self.steps = shared.differences.shape[1]
        self.members: dict[str, list[int]] = {}
        self.link: dict[tuple[int, int], int] = {}
        self.onward: dict[str, dict[str, list[tuple[int, int]]]] = {}
        self.rank = np.array(shared.equations.ranks)
        self._shared, self._outcome = shared, list(outcome)
        self._items = shared.equations.quantities
        self._inner: dict[tuple[int, frozenset[str]], list[tuple[int, int, int]]] = {}
        self._answers: dict[int, frozenset[str]] = {}
        for k in sorted(self._leading()):
            self.members.setdefault(self._items[k].cell.variable, []).append(k)
        self.factors = self._links()

    def is_state(self, quantities: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some quantities are states."""
        return np.array([self._items[k].state is not None for k in quantities], dtype=bool)

    def remembers(self, name: str) -> bool:
        """Whether a variable has a state."""
        return any(self._items[k].state is not None for k in self.members[name])

    def is_set(self, name: str) -> bool:
        """Whether something was set otherwise in the equations of a variable."""
        return any(
            self._shared.settings[k].any()
            or (self._items[k].state is not None and self._shared.differences[k, 0] != 0)
            for k in self.members[name]
        )

    def keeping(self, quantities: Sequence[int] | NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Of states, what share they keep from step to step, and by what their net flow or next value is multiplied."""
        states = self._shared.equations.program.states
        flows = np.array([states[self._items[k].state or 0].update is Update.FLOW for k in quantities])
        return np.where(flows, 1.0, 0.0), np.where(flows, self._shared.step, 1.0)

    def local(self, label: Path) -> list[tuple[int, int, int]]:
        """What states of a variable bring to one another through all that answers at once, as further links.

        So a stock drains as it does, whichever ways are followed. What goes through a variable that the way has
        passed is left out: it is told as coming back there.
        """
        found = []
        states = [k for k in self.members[label[-1]] if self._items[k].state is not None]
        for cause in states:
            avoided = frozenset(label[:-1]) & self._answering(cause)
            if (cause, avoided) not in self._inner:
                self._inner[cause, avoided] = []
                for effect, factor in self._at_once(cause, set(states), avoided).items():
                    self._inner[cause, avoided].append((cause, effect, len(self.factors)))
                    self.factors.append(factor)
            found += self._inner[cause, avoided]
        return found

    def weights(self) -> Floats:
        """What a unit of each quantity at each step brings to the outcome, by its sign summed over all steps.

        The adjoint of how differences move. Shape (quantity, step).
        """
        found = np.zeros_like(self._shared.differences)
        factors = np.array(self.factors).reshape(len(self.factors), self.steps)
        wanted = np.sign(self._shared.differences[self._outcome].sum(axis=0))
        links = np.array([*self.link], dtype=np.int64).reshape(len(self.link), 2)
        late = self.is_state(links[:, 1])
        states = np.flatnonzero([item.state is not None for item in self._items])
        keeps, scale = self.keeping(states)
        by_step = np.zeros(len(self._items))
        by_step[states] = scale
        numbers = np.arange(len(links))
        ranks = np.where(late, -1, self.rank[links[:, 1]])
        levels = [numbers[ranks == rank] for rank in sorted({*ranks[~late].tolist()}, reverse=True)]
        slow = numbers[late]
        for t in range(self.steps - 1, -1, -1):
            now = found[:, t]
            now[self._outcome] += wanted[t]
            if t + 1 < self.steps:
                after = found[:, t + 1]
                now[states] += keeps * after[states]
                ends = links[slow, 1]
                np.add.at(now, links[slow, 0], factors[slow, t] * by_step[ends] * after[ends])
            for level in levels:
                np.add.at(now, links[level, 0], factors[level, t] * now[links[level, 1]])
        return found

    def _answering(self, state: int) -> frozenset[str]:
        """The variables that answer to a state within an instant."""
        if state not in self._answers:
            seen, todo = {state}, [state]
            while todo:
                for effect in self._shared.equations.effects[todo.pop()]:
                    if effect not in seen and self._items[effect].state is None:
                        seen.add(effect)
                        todo.append(effect)
            self._answers[state] = frozenset(self._items[k].cell.variable for k in seen - {state})
        return self._answers[state]

    def _at_once(self, state: int, ends: set[int], avoided: frozenset[str]) -> dict[int, Floats]:
        """What a unit of a state brings to some states within an instant, past some variables; of shape (step,)."""
        moved: dict[int, Floats] = {state: np.ones(self.steps)}
        found: dict[int, Floats] = {}
        waiting, queued = [(0, state)], {state}
        while waiting:
            k = heapq.heappop(waiting)[1]
            for effect in self._shared.equations.effects[k]:
                link = self.link.get((k, effect))
                if link is None:
                    continue
                part = self.factors[link] * moved[k]
                if effect in ends:
                    found[effect] = found[effect] + part if effect in found else part
                elif self._items[effect].state is None and self._items[effect].cell.variable not in avoided:
                    moved[effect] = moved[effect] + part if effect in moved else part
                    if effect not in queued:
                        queued.add(effect)
                        heapq.heappush(waiting, (int(self.rank[effect]), effect))
        return found

    def _leading(self) -> set[int]:
        """The quantities that lead to the outcome and differ."""
        found, todo = set(self._outcome), list(self._outcome)
        while todo:
            for cause in self._items[todo.pop()].inputs:
                if cause not in found and self._shared.differences[cause].any():
                    found.add(cause)
                    todo.append(cause)
        return found

    def _links(self) -> list[Floats]:
        """What an effect takes of each unit of a cause, for each link of shape (step,)."""
        rows: list[Floats] = []
        for name, members in self.members.items():
            for k in members:
                for place, cause in enumerate(self._items[k].inputs):
                    source = self._items[cause].cell.variable
                    if cause not in self.members.get(source, ()) or not self._shared.shares[k][place].any():
                        continue
                    self.link[cause, k] = len(rows)
                    self.onward.setdefault(source, {}).setdefault(name, []).append((cause, k))
                    of = self._shared.differences[cause]
                    rows.append(
                        np.divide(self._shared.shares[k][place], of, out=np.zeros(self.steps), where=of != 0)
                    )
        return rows
