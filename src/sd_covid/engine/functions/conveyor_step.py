"""What happens on a conveyor in one step: what leaks, what leaves, how much is let in.

The same rules hold at every step and, for initial values, at the start; `Moment` is either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sd_covid.engine.functions.xmile import floor_of
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression, Number

NEAR = 1e-9  # relative: a slat's middle this near to the border of a zone is on it, a sum this near to a whole is one


@dataclass(frozen=True, slots=True)
class Leak:
    """A leakage: its fraction, its zone in parts of the length from the inflow, and whether it takes whole units."""

    fraction: Expression
    start: float
    end: float
    integers: bool

    @property
    def whole(self) -> bool:
        """Whether it leaks over the whole length."""
        return self.start <= 0 and self.end >= 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a conveyor is told: expressions of section 4.2.1 of the standard, and its inflows by kind.

    ``driven`` is what other conveyors bring, ``fed`` what queues bring, ``requested`` what has an equation. ``spreads``
    says where inflows are laid, when they do not all enter at the beginning.
    """

    transit: Expression
    initial: Expression
    capacity: Expression
    limit: Expression
    sample: Expression
    arrest: Expression
    driven: Expression
    fed: Expression
    requested: Expression
    discrete: bool
    exponential: bool
    leaks: tuple[Leak, ...]
    spreads: tuple[Call, ...]

    @property
    def limited(self) -> bool:
        """Whether anything can keep an inflow out."""
        free = all(isinstance(e, Number) and np.isinf(e.value) for e in (self.capacity, self.limit))
        return self.discrete or not (free and isinstance(self.arrest, Number) and self.arrest.value == 0)


@dataclass
class Moment:
    """A conveyor at one time.

    Attributes
    ----------
    rules : Rules
    here : Context
        Of the step graph, or at the start of the init graph.
    contents : list of int
        Node of what each slat holds; slat 0 is the exit.
    bases : list of list of int
        For each linear leak and slat: what leaks in one step per unit of fraction.
    depth : int
        Node of the number of slats that what enters now has to travel.
    """

    rules: Rules
    here: Context
    contents: list[int]
    bases: list[list[int]]
    depth: int
    _zones: dict[tuple[int, int], int | None] = field(default_factory=dict)
    _leaked: dict[int, int] = field(default_factory=dict)

    @cached_property
    def step(self) -> int:
        """TIME STEP."""
        return self.here.held(self.here.lowering.out.control["time step"])

    @cached_property
    def total(self) -> int:
        """All that the conveyor holds."""
        return sum_of(self.here, self.contents)

    @cached_property
    def arrested(self) -> int:
        """Whether time stands still for the conveyor."""
        return self.here.truth(self.rules.arrest)

    def laid(self, i: int) -> int:
        """Whether slat i lies on the way of what enters now."""
        return self.here.add("lt", self.here.number(float(i)), self.depth)

    # --- as a container --------------------

    def least(self) -> int:
        """The smallest of its slats."""
        return self._extreme("min")

    def most(self) -> int:
        """The largest of its slats."""
        return self._extreme("max")

    def _extreme(self, operation: str) -> int:
        found = self.contents[0]
        for i, content in enumerate(self.contents[1:], 1):
            other = self.here.add(operation, found, content)
            found = self.here.add("select", self.laid(i), other, found)
        return found

    def deviation(self) -> int:
        """The standard deviation of its slats, as a whole population."""
        here = self.here
        middle = here.add("div", self.total, self.depth)
        squares = []
        for i, content in enumerate(self.contents):
            gap = here.add("sub", content, middle)
            square = here.add("mul", gap, gap)
            squares.append(here.add("select", self.laid(i), square, here.number(0.0)))
        return here.add("sqrt", here.add("div", sum_of(here, squares), self.depth))

    def slat(self, number: int) -> int:
        """What the slat holds whose number from the exit, from 1, a node gives; 0 beyond the conveyor."""
        here, found = self.here, self.here.number(0.0)
        for i, content in enumerate(self.contents, 1):
            found = here.add("select", here.add("eq", number, here.number(float(i))), content, found)
        return found

    # --- leaks --------------------

    def in_zone(self, k: int, i: int) -> int | None:
        """Whether slat i lies in the zone of leak k; None when the zone is the whole length."""
        if (k, i) not in self._zones:
            self._zones[k, i] = self._in_zone(k, i)
        return self._zones[k, i]

    def _in_zone(self, k: int, i: int) -> int | None:
        """A slat lies in a zone by its middle; a zone shorter than a slat is the slat that it lies on.

        So a leak that starts at the end of its conveyor leaks there.
        """
        leak, here = self.rules.leaks[k], self.here
        if leak.whole:
            return None
        passed = here.add("sub", here.number(1.0), here.add("div", here.number(i + 0.5), self.depth))
        after = here.add("ge", passed, here.number(leak.start - NEAR))
        inside = here.add("and", after, here.add("le", passed, here.number(leak.end + NEAR)))
        middle = here.number(max((leak.start + leak.end) / 2, 1e-6) - NEAR)
        half = here.add("div", here.number(0.5), self.depth)
        behind = here.add("gt", middle, here.add("sub", passed, half))
        before = here.add("le", middle, here.add("add", passed, half))
        return here.add("or", inside, here.add("and", behind, before))

    def fraction(self, k: int) -> int:
        """The fraction of leak k: not below 0, and no more than 1 when leaks are linear."""
        value = self.here.add("max", self.here.value(self.rules.leaks[k].fraction), self.here.number(0.0))
        return value if self.rules.exponential else self.here.add("min", value, self.here.number(1.0))

    def share(self, k: int, slats: int) -> int:
        """What a unit that enters now leaks per step in the zone of leak k, per unit of fraction."""
        if k not in self._leaked:
            self._leaked[k] = self._share(k, slats)
        return self._leaked[k]

    def _share(self, k: int, slats: int) -> int:
        here, zero = self.here, self.here.number(0.0)
        count = self.depth
        if not self.rules.leaks[k].whole:
            ones = []
            for i in range(slats):
                zone = self.in_zone(k, i)
                both = self.laid(i) if zone is None else here.add("and", zone, self.laid(i))
                ones.append(here.add("select", both, here.number(1.0), zero))
            count = sum_of(here, ones)
        none = here.add("eq", count, zero)
        safe = here.add("select", none, here.number(1.0), count)
        return here.add("select", none, zero, here.add("div", self._reaching(k), safe))

    def _reaching(self, k: int) -> int:
        """The part of what entered that reaches the zone of leak k: earlier zones have taken theirs."""
        here, rest = self.here, self.here.number(1.0)
        own = self.rules.leaks[k]
        for j, leak in enumerate(self.rules.leaks):
            if leak.start < own.start:
                passed = min(1.0, (own.start - leak.start) / max(leak.end - leak.start, 1e-9))
                taken = here.add("mul", self.fraction(j), self._reaching(j))
                rest = here.add("sub", rest, here.add("mul", taken, here.number(passed)))
        return here.add("max", rest, here.number(0.0))

    @cached_property
    def leaking(self) -> tuple[list[list[int]], list[int]]:
        """What each leak takes off each slat in this step, and what they leave there."""
        here, zero = self.here, self.here.number(0.0)
        fractions = [self.fraction(k) for k in range(len(self.rules.leaks))]
        taken: list[list[int]] = [[] for _ in fractions]
        left = []
        for i, content in enumerate(self.contents):
            shares = []
            for k, fraction in enumerate(fractions):
                exponential = self.rules.exponential
                base = here.add("mul", content, self.step) if exponential else self.bases[k][i]
                share, zone = here.add("mul", fraction, base), self.in_zone(k, i)
                shares.append(share if zone is None else here.add("select", zone, share, zero))
            shares, rest = self._fitted(content, shares)
            for k, share in enumerate(shares):
                taken[k].append(share)
            left.append(rest)
        for k, leak in enumerate(self.rules.leaks):
            if leak.integers:
                left = [here.add("add", rest, share) for rest, share in zip(left, taken[k], strict=True)]
                taken[k], left = self._whole(k, sum_of(here, taken[k]), left)
        return taken, left

    def _whole(self, k: int, wanted: int, left: list[int]) -> tuple[list[int], list[int]]:
        """A leak in whole units, off the slats nearest to the exit first; what is left of one is carried over."""
        here, zero = self.here, self.here.number(0.0)
        carried = zero
        if here.step:

            def following(later: Context, me: int) -> int:
                return later.add("select", self.arrested, me, later.add("sub", ready, given))

            carried = here.remember(Update.ASSIGN, here.at_start().number(0.0), following)
        ready = here.add("add", carried, wanted)
        rest = whole = floor_of(here, here.add("add", ready, here.number(NEAR)))
        shares, kept = [], []
        for i, content in enumerate(left):
            zone = self.in_zone(k, i)
            share = here.add("min", content, rest)
            share = share if zone is None else here.add("select", zone, share, zero)
            shares.append(share)
            kept.append(here.add("sub", content, share))
            rest = here.add("sub", rest, share)
        given = here.add("sub", whole, rest)
        return shares, kept

    def _fitted(self, content: int, shares: list[int]) -> tuple[list[int], int]:
        """The shares that a slat can give: linear ones in their order, exponential ones in proportion."""
        here, rest, given = self.here, content, []
        if self.rules.exponential and len(shares) > 1:
            total = sum_of(here, shares)
            over = here.add("gt", total, content)
            part = here.add("div", content, here.add("select", over, total, here.number(1.0)))
            shares = [here.add("select", over, here.add("mul", share, part), share) for share in shares]
        for share in shares:
            fits = here.add("min", share, rest)
            given.append(fits)
            rest = here.add("sub", rest, fits)
        return given, rest

    @property
    def left(self) -> list[int]:
        """What each slat holds after leaking."""
        return self.leaking[1]

    # --- flows --------------------

    def running(self, volume: int) -> int:
        """A volume of this step as a rate; 0 while the conveyor is arrested."""
        rate = self.here.add("div", volume, self.step)
        return self.here.add("select", self.arrested, self.here.number(0.0), rate)

    @cached_property
    def outflow(self) -> int:
        """The flow off the exit."""
        return self.running(self.left[0])

    def leak(self, k: int) -> int:
        """The flow of leak k."""
        return self.running(sum_of(self.here, self.leaking[0][k]))

    @cached_property
    def room(self) -> int:
        """The volume that can be let in: what fits, and what the inflow limit allows."""
        here, zero = self.here, self.here.number(0.0)
        limit = self._limit(self.rules.limit)
        allowed = here.add("sub", limit, self.spent) if self.discrete else here.add("mul", limit, self.step)
        return here.add("max", here.add("min", self._space, allowed), zero)

    @cached_property
    def _space(self) -> int:
        """The volume that fits, after what leaves and what conveyors bring."""
        here = self.here
        stays = sum_of(here, self.left[1:])
        driven = here.add("mul", here.value(self.rules.driven), self.step)
        return here.add("sub", here.add("sub", self._limit(self.rules.capacity), stays), driven)

    def _limit(self, expression: Expression) -> int:
        return self.here.add("max", self.here.value(expression), self.here.number(0.0))

    @property
    def discrete(self) -> bool:
        """Whether whole units are let in, and the limit counts by the unit of time."""
        return self.rules.discrete and self.here.step

    @cached_property
    def _cleared(self) -> int:
        """The volume of inflows with equations that may come in, as a real number."""
        here = self.here
        wanted = here.add("max", here.value(self.rules.requested), here.number(0.0))
        volume = here.add("mul", wanted, self.step)
        fed = here.add("mul", here.value(self.rules.fed), self.step)
        room = here.add("max", here.add("sub", self.room, fed), here.number(0.0))
        cleared = here.add("min", volume, room)
        return here.add("select", self.arrested, here.number(0.0), cleared)

    @cached_property
    def admitted(self) -> int:
        """What of the inflows with equations comes in, per unit of time."""
        if not self.rules.limited:
            return self.here.add("max", self.here.value(self.rules.requested), self.here.number(0.0))
        return self.running(self._units if self.discrete else self._cleared)

    @cached_property
    def _units(self) -> int:
        """The whole units that come in; what is left of one is carried over.

        The inflow limit counts when material is cleared, so that what is carried over has met it.
        """
        here = self.here
        carried = here.remember(Update.ASSIGN, here.at_start().number(0.0), lambda later, _: rest[0])
        ready = here.add("add", carried, self._cleared)
        whole = floor_of(here, here.add("add", ready, here.number(NEAR)))
        room = here.add("max", self._space, here.number(0.0))
        fits = here.add("min", whole, floor_of(here, here.add("add", room, here.number(NEAR))))
        rest = [here.add("sub", ready, fits)]
        return fits

    @cached_property
    def spent(self) -> int:
        """What has been let in since the last whole unit of time."""
        here = self.here

        def following(later: Context, me: int) -> int:
            time = later.add("add", later.lowering.time(True), later.number(NEAR))
            begins = later.add(
                "gt", floor_of(later, later.add("add", time, self.step)), floor_of(later, time)
            )
            fed = later.add("mul", later.value(self.rules.fed), self.step)
            more = later.add("add", later.add("add", me, self._cleared), fed)
            return later.add("select", begins, later.number(0.0), more)

        return here.remember(Update.ASSIGN, here.at_start().number(0.0), following)

    @cached_property
    def entering(self) -> int:
        """The volume that enters in this step."""
        here = self.here
        brought = here.add("add", here.value(self.rules.driven), here.value(self.rules.fed))
        return here.add("mul", here.add("add", brought, self.admitted), self.step)


def sum_of(context: Context, nodes: list[int]) -> int:
    """A sum by pairs, so that its depth and its rounding stay small."""
    if not nodes:
        return context.number(0.0)
    while len(nodes) > 1:
        pairs = [context.add("add", *nodes[k : k + 2]) for k in range(0, len(nodes) - 1, 2)]
        nodes = pairs + nodes[len(nodes) - len(nodes) % 2 :]
    return nodes[0]
