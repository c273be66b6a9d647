"""Along which ways a difference between two runs moves through a model.

A way is the variables from one that was set otherwise, none twice; a variable stands for all its elements. At each
quantity at the end of a way there is an amount: the part of the quantity's difference that has come along this way. An
amount moves on in proportion to it. What comes to a variable that the way has passed is added to the amount there, so
that feedback counts to the way that it strengthens or weakens. A stock adds up what its net flow passes on.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.loops.shares import Shares
from sd_covid.analysis.loops.transfer import Floats, Path, Transfer

Edge = tuple[int, int, int]  # from a node, to a node, along a link


class Ways:
    """The ways of a difference to an outcome, and the amounts along them.

    Parameters
    ----------
    shared : Shares
    outcome : sequence of int
        Quantities of one variable.

    Attributes
    ----------
    labels : dict
        Each way, with its nodes by the quantity they stand for.
    """

    def __init__(self, shared: Shares, outcome: Sequence[int]) -> None:
        self.labels: dict[Path, dict[int, int]] = {}
        self._shared, self._outcome = shared, list(outcome)
        self._items = shared.equations.quantities
        self._by = Transfer(shared, outcome)
        self._weighted = self._by.weights()
        self._quantity: list[int] = []
        self._amounts: list[Floats] = []

    def grow(self, follow: float, most: int) -> None:
        """Find the ways, that which carries most first, while one carries a given share of the outcome's difference.

        What a way carries to the outcome, along whatever it goes on along, is its amount times the weight of where it
        has come. Amounts are worked out as they come along the way, without what comes back.

        Parameters
        ----------
        follow : float
        most : int
            No more ways than this.
        """
        weights = self._weighted
        whole = float(np.abs(self._shared.differences[self._outcome].sum(axis=0)).sum())
        waiting: list[tuple[float, int, Path]] = []
        begins: list[Path] = [(name,) for name in self._by.members if self._by.is_set(name)]
        while begins:
            for label in begins:
                self._add(label)
                carries = self._carries(label, weights) / whole if whole else 0.0
                if carries < follow and len(label) > 1:
                    self._drop(label)
                else:
                    heapq.heappush(waiting, (-carries, len(self.labels), label))
            begins = []
            while waiting and not begins and len(self.labels) < most:
                label = heapq.heappop(waiting)[2]
                begins = [(*label, name) for name in self._by.onward.get(label[-1], ()) if name not in label]

    def settle(self) -> None:
        """Work out the amounts with all that comes back, step by step."""
        edges = [edge for label in self.labels for edge in (*self._into(label), *self._back(label))]
        into = np.array([self._quantity[end] for _, end, _ in edges], dtype=np.int64)
        found = np.array(edges, dtype=np.int64).reshape(len(edges), 3)
        kept = self._by.is_state(into)
        late, at_once = found[kept], found[~kept]
        ranks = self._by.rank[into[~kept]]
        order = np.argsort(ranks, kind="stable")
        levels = np.split(at_once[order], np.flatnonzero(np.diff(ranks[order])) + 1) if len(order) else []
        states = np.flatnonzero(self._by.is_state(np.array(self._quantity, dtype=np.int64)))
        keeps, scale = self._by.keeping([self._quantity[n] for n in states])
        fixed = self._set_otherwise()
        amounts = np.zeros((len(self._quantity), self._by.steps))
        factors = np.array(self._by.factors).reshape(len(self._by.factors), self._by.steps)
        for t in range(self._by.steps):
            now = amounts[:, t]
            if t:
                before = amounts[:, t - 1]
                brought = np.zeros(len(now))
                np.add.at(brought, late[:, 1], before[late[:, 0]] * factors[late[:, 2], t - 1])
                now[states] = keeps * before[states] + scale * (brought[states] + fixed[states, t - 1])
            else:
                now[states] = self._at_start(states)
            others = np.ones(len(now), dtype=bool)
            others[states] = False
            now[others] = fixed[others, t]
            for level in levels:
                np.add.at(now, level[:, 1], now[level[:, 0]] * factors[level[:, 2], t])
        self._amounts = list(amounts)

    def carried(self) -> list[tuple[Path, Floats]]:
        """The ways that end at the outcome, with what they carry at every step."""
        name = self._items[self._outcome[0]].cell.variable
        return [
            (label, np.sum([self._amounts[nodes[k]] for k in self._outcome], axis=0))
            for label, nodes in self.labels.items()
            if label[-1] == name
        ]

    # --- the ways --------------------

    def _add(self, label: Path) -> None:
        nodes = self.labels[label] = {}
        for k in self._by.members[label[-1]]:
            nodes[k] = len(self._quantity)
            self._quantity.append(k)

    def _into(self, label: Path) -> Iterator[Edge]:
        """What comes to the end of a way along it, and from other elements of the same variable."""
        nodes, name = self.labels[label], label[-1]
        for cause, k, link in self._by.local(label):
            yield nodes[cause], nodes[k], link
        for cause, k in self._by.onward.get(name, {}).get(name, ()):
            if self._items[cause].state is None or self._items[k].state is None:
                yield nodes[cause], nodes[k], self._by.link[cause, k]
        if len(label) > 1:
            before = self.labels[label[:-1]]
            for cause, k in self._by.onward[label[-2]][name]:
                yield before[cause], nodes[k], self._by.link[cause, k]

    def _back(self, label: Path) -> Iterator[Edge]:
        """What goes from the end of a way back to variables that it has passed, but for what `_local` tells."""
        nodes = self.labels[label]
        onward = self._by.onward.get(label[-1], {})
        for place, name in enumerate(label[:-1]):
            at_once = not any(self._by.remembers(passed) for passed in label[place + 1 :])
            for cause, k in onward.get(name, ()):
                if at_once and self._by.remembers(name) and self._items[k].state is not None:
                    continue
                yield nodes[cause], self.labels[label[: place + 1]][k], self._by.link[cause, k]

    def _set_otherwise(self) -> Floats:
        """What settings bring at each node; only at the begin of a way. Shape (node, step)."""
        fixed = np.zeros((len(self._quantity), self._by.steps))
        for label, nodes in self.labels.items():
            if len(label) == 1:
                for k, node in nodes.items():
                    fixed[node] = self._shared.settings[k]
        return fixed

    def _at_start(self, nodes: NDArray[np.int64]) -> Floats:
        """The amounts of states at the begin of the run: where initial values were set otherwise."""
        first = {node for label, those in self.labels.items() if len(label) == 1 for node in those.values()}
        return np.array(
            [self._shared.differences[self._quantity[n], 0] if n in first else 0.0 for n in nodes]
        )

    def _carries(self, label: Path, weights: Floats) -> float:
        """The size of what a way carries to the outcome, over all steps: of a stock, what comes to it."""
        brought = self._estimate(label)
        total = np.zeros(self._by.steps)
        for k, node in self.labels[label].items():
            if self._items[k].state is None:
                total += weights[k] * self._amounts[node]
            else:
                total[1:] += weights[k, 1:] * brought[node][:-1] * float(self._by.keeping([k])[1][0])
                total[0] += weights[k, 0] * self._amounts[node][0]
        return float(np.abs(total).sum())

    def _drop(self, label: Path) -> None:
        """Take the way added last away again."""
        gone = len(self.labels.pop(label))
        del self._quantity[-gone:], self._amounts[-gone:]

    def _estimate(self, label: Path) -> dict[int, Floats]:
        """Amounts of a new way, from those of the way that it goes on from; gives what comes to each of its nodes."""
        own: list[Edge] = []
        nodes = self.labels[label]
        brought = {node: np.zeros(self._by.steps) for node in nodes.values()}
        if len(label) == 1:
            for k, node in nodes.items():
                brought[node] = brought[node] + self._shared.settings[k]
        inside = set(nodes.values())
        for source, end, link in self._into(label):
            if source in inside:
                own.append((source, end, link))
            else:
                brought[end] = brought[end] + self._by.factors[link] * self._amounts[source]
        self._amounts += self._alone(brought, own)
        return brought

    def _alone(self, brought: dict[int, Floats], own: list[Edge]) -> list[Floats]:
        """Amounts at the end of one way, from what is brought to it and what its elements give each other."""
        nodes = sorted(brought, key=lambda node: int(self._by.rank[self._quantity[node]]))
        place = {node: k for k, node in enumerate(nodes)}
        given = np.array([brought[node] for node in nodes])
        states = self._by.is_state(np.array([self._quantity[node] for node in nodes]))
        stepped = states.any() or own
        found = self._stepped(nodes, place, given, states, own) if stepped else given
        return [found[place[node]] for node in brought]

    def _stepped(
        self,
        nodes: list[int],
        place: dict[int, int],
        given: Floats,
        states: NDArray[np.bool_],
        own: list[Edge],
    ) -> Floats:
        keeps, scale = self._by.keeping([self._quantity[n] for n in nodes])
        at_start = self._at_start(np.array(nodes))
        # What passes between the elements, as a matrix for each step; elements of a variable are few.
        size = len(nodes)
        within = np.zeros((self._by.steps, size, size))
        for source, end, link in own:
            within[:, place[end], place[source]] += self._by.factors[link]
        found = np.zeros((size, self._by.steps))
        for t in range(self._by.steps):
            if t:
                passed = within[t - 1] @ found[:, t - 1] + given[:, t - 1]
                found[states, t] = (keeps * found[:, t - 1] + scale * passed)[states]
            else:
                found[states, 0] = at_start[states]
            for k in np.flatnonzero(~states):  # in the order of an instant
                found[k, t] = given[k, t] + within[t, k] @ found[:, t]
        return found
