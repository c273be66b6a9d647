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
from sd_covid.engine.program import Update

Floats = NDArray[np.float64]
Path = tuple[str, ...]
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
        self._steps = shared.differences.shape[1]
        self._members: dict[str, list[int]] = {}
        for k in sorted(self._leading()):
            self._members.setdefault(self._items[k].cell.variable, []).append(k)
        self._link: dict[tuple[int, int], int] = {}
        self._onward: dict[str, dict[str, list[tuple[int, int]]]] = {}
        self._factors = self._links()
        self._quantity: list[int] = []
        self._amounts: list[Floats] = []
        self._rank = np.array(shared.equations.ranks)
        self._weighted = self._weights()
        self._inner: dict[tuple[int, frozenset[str]], list[tuple[int, int, int]]] = {}
        self._answers: dict[int, frozenset[str]] = {}

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
        begins: list[Path] = [(name,) for name in self._members if self._is_set(name)]
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
                begins = [(*label, name) for name in self._onward.get(label[-1], ()) if name not in label]

    def settle(self) -> None:
        """Work out the amounts with all that comes back, step by step."""
        edges = [edge for label in self.labels for edge in (*self._into(label), *self._back(label))]
        into = np.array([self._quantity[end] for _, end, _ in edges], dtype=np.int64)
        found = np.array(edges, dtype=np.int64).reshape(len(edges), 3)
        kept = self._is_state(into)
        late, at_once = found[kept], found[~kept]
        ranks = self._rank[into[~kept]]
        order = np.argsort(ranks, kind="stable")
        levels = np.split(at_once[order], np.flatnonzero(np.diff(ranks[order])) + 1) if len(order) else []
        states = np.flatnonzero(self._is_state(np.array(self._quantity, dtype=np.int64)))
        keeps, scale = self._keeping(states)
        fixed = self._set_otherwise()
        amounts = np.zeros((len(self._quantity), self._steps))
        factors = np.array(self._factors).reshape(len(self._factors), self._steps)
        for t in range(self._steps):
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

    # --- the model --------------------

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
        for name, members in self._members.items():
            for k in members:
                for place, cause in enumerate(self._items[k].inputs):
                    source = self._items[cause].cell.variable
                    if cause not in self._members.get(source, ()) or not self._shared.shares[k][place].any():
                        continue
                    self._link[cause, k] = len(rows)
                    self._onward.setdefault(source, {}).setdefault(name, []).append((cause, k))
                    of = self._shared.differences[cause]
                    rows.append(
                        np.divide(self._shared.shares[k][place], of, out=np.zeros(self._steps), where=of != 0)
                    )
        return rows

    def _local(self, label: Path) -> list[tuple[int, int, int]]:
        """What states of a variable bring to one another through all that answers at once, as further links.

        So a stock drains as it does, whichever ways are followed. What goes through a variable that the way has
        passed is left out: it is told as coming back there.
        """
        found = []
        states = [k for k in self._members[label[-1]] if self._items[k].state is not None]
        for cause in states:
            avoided = frozenset(label[:-1]) & self._answering(cause)
            if (cause, avoided) not in self._inner:
                self._inner[cause, avoided] = []
                for effect, factor in self._at_once(cause, set(states), avoided).items():
                    self._inner[cause, avoided].append((cause, effect, len(self._factors)))
                    self._factors.append(factor)
            found += self._inner[cause, avoided]
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
        moved: dict[int, Floats] = {state: np.ones(self._steps)}
        found: dict[int, Floats] = {}
        waiting, queued = [(0, state)], {state}
        while waiting:
            k = heapq.heappop(waiting)[1]
            for effect in self._shared.equations.effects[k]:
                link = self._link.get((k, effect))
                if link is None:
                    continue
                part = self._factors[link] * moved[k]
                if effect in ends:
                    found[effect] = found[effect] + part if effect in found else part
                elif self._items[effect].state is None and self._items[effect].cell.variable not in avoided:
                    moved[effect] = moved[effect] + part if effect in moved else part
                    if effect not in queued:
                        queued.add(effect)
                        heapq.heappush(waiting, (int(self._rank[effect]), effect))
        return found

    def _is_state(self, quantities: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([self._items[k].state is not None for k in quantities], dtype=bool)

    def _remembers(self, name: str) -> bool:
        """Whether a variable has a state."""
        return any(self._items[k].state is not None for k in self._members[name])

    def _keeping(self, nodes: Sequence[int] | NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Of states, what share they keep from step to step, and by what their net flow or next value is multiplied."""
        return self._keeping_of([self._quantity[n] for n in nodes])

    def _keeping_of(self, quantities: Sequence[int] | NDArray[np.int64]) -> tuple[Floats, Floats]:
        states = self._shared.equations.program.states
        flows = np.array([states[self._items[k].state or 0].update is Update.FLOW for k in quantities])
        return np.where(flows, 1.0, 0.0), np.where(flows, self._shared.step, 1.0)

    def _is_set(self, name: str) -> bool:
        """Whether something was set otherwise in the equations of a variable."""
        return any(
            self._shared.settings[k].any()
            or (self._items[k].state is not None and self._shared.differences[k, 0] != 0)
            for k in self._members[name]
        )

    # --- the ways --------------------

    def _add(self, label: Path) -> None:
        nodes = self.labels[label] = {}
        for k in self._members[label[-1]]:
            nodes[k] = len(self._quantity)
            self._quantity.append(k)

    def _into(self, label: Path) -> Iterator[Edge]:
        """What comes to the end of a way along it, and from other elements of the same variable."""
        nodes, name = self.labels[label], label[-1]
        for cause, k, link in self._local(label):
            yield nodes[cause], nodes[k], link
        for cause, k in self._onward.get(name, {}).get(name, ()):
            if self._items[cause].state is None or self._items[k].state is None:
                yield nodes[cause], nodes[k], self._link[cause, k]
        if len(label) > 1:
            before = self.labels[label[:-1]]
            for cause, k in self._onward[label[-2]][name]:
                yield before[cause], nodes[k], self._link[cause, k]

    def _back(self, label: Path) -> Iterator[Edge]:
        """What goes from the end of a way back to variables that it has passed, but for what `_local` tells."""
        nodes = self.labels[label]
        onward = self._onward.get(label[-1], {})
        for place, name in enumerate(label[:-1]):
            at_once = not any(self._remembers(passed) for passed in label[place + 1 :])
            for cause, k in onward.get(name, ()):
                if at_once and self._remembers(name) and self._items[k].state is not None:
                    continue
                yield nodes[cause], self.labels[label[: place + 1]][k], self._link[cause, k]

    def _set_otherwise(self) -> Floats:
        """What settings bring at each node; only at the begin of a way. Shape (node, step)."""
        fixed = np.zeros((len(self._quantity), self._steps))
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

    def _weights(self) -> Floats:
        """What a unit of each quantity at each step brings to the outcome, by its sign summed over all steps.

        The adjoint of how differences move. Shape (quantity, step).
        """
        found = np.zeros_like(self._shared.differences)
        factors = np.array(self._factors).reshape(len(self._factors), self._steps)
        wanted = np.sign(self._shared.differences[self._outcome].sum(axis=0))
        links = np.array([*self._link], dtype=np.int64).reshape(len(self._link), 2)
        late = self._is_state(links[:, 1])
        states = np.flatnonzero([item.state is not None for item in self._items])
        keeps, scale = self._keeping_of(states)
        by_step = np.zeros(len(self._items))
        by_step[states] = scale
        numbers = np.arange(len(links))
        ranks = np.where(late, -1, self._rank[links[:, 1]])
        levels = [numbers[ranks == rank] for rank in sorted({*ranks[~late].tolist()}, reverse=True)]
        slow = numbers[late]
        for t in range(self._steps - 1, -1, -1):
            now = found[:, t]
            now[self._outcome] += wanted[t]
            if t + 1 < self._steps:
                after = found[:, t + 1]
                now[states] += keeps * after[states]
                ends = links[slow, 1]
                np.add.at(now, links[slow, 0], factors[slow, t] * by_step[ends] * after[ends])
            for level in levels:
                np.add.at(now, links[level, 0], factors[level, t] * now[links[level, 1]])
        return found

    def _carries(self, label: Path, weights: Floats) -> float:
        """The size of what a way carries to the outcome, over all steps: of a stock, what comes to it."""
        brought = self._estimate(label)
        total = np.zeros(self._steps)
        for k, node in self.labels[label].items():
            if self._items[k].state is None:
                total += weights[k] * self._amounts[node]
            else:
                total[1:] += weights[k, 1:] * brought[node][:-1] * float(self._keeping_of([k])[1][0])
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
        brought = {node: np.zeros(self._steps) for node in nodes.values()}
        if len(label) == 1:
            for k, node in nodes.items():
                brought[node] = brought[node] + self._shared.settings[k]
        inside = set(nodes.values())
        for source, end, link in self._into(label):
            if source in inside:
                own.append((source, end, link))
            else:
                brought[end] = brought[end] + self._factors[link] * self._amounts[source]
        self._amounts += self._alone(brought, own)
        return brought

    def _alone(self, brought: dict[int, Floats], own: list[Edge]) -> list[Floats]:
        """Amounts at the end of one way, from what is brought to it and what its elements give each other."""
        nodes = sorted(brought, key=lambda node: int(self._rank[self._quantity[node]]))
        place = {node: k for k, node in enumerate(nodes)}
        given = np.array([brought[node] for node in nodes])
        states = self._is_state(np.array([self._quantity[node] for node in nodes]))
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
        keeps, scale = self._keeping(nodes)
        at_start = self._at_start(np.array(nodes))
        # What passes between the elements, as a matrix for each step; elements of a variable are few.
        size = len(nodes)
        within = np.zeros((self._steps, size, size))
        for source, end, link in own:
            within[:, place[end], place[source]] += self._factors[link]
        found = np.zeros((size, self._steps))
        for t in range(self._steps):
            if t:
                passed = within[t - 1] @ found[:, t - 1] + given[:, t - 1]
                found[states, t] = (keeps * found[:, t - 1] + scale * passed)[states]
            else:
                found[states, 0] = at_start[states]
            for k in np.flatnonzero(~states):  # in the order of an instant
                found[k, t] = given[k, t] + within[t, k] @ found[:, t]
        return found
