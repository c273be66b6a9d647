"""Conveyors: stocks in which material travels for a transit time, and the flows that they drive.

A conveyor is a row of slats, one for each step of travel; slat 0 is the exit. At every step its leaks take their share,
the exit slat leaves as the outflow, all others move on, and what is let in is laid on the slat as far from the exit as
the transit time says. Leaks, capacity, inflow limit, sampling and arrest follow section 3.7.2 of the XMILE standard
and, where it is silent, isee systems' description of the conveyor. Each slat is a state that is assigned; conveyors run
with Euler's method.

The number of slats is fixed when a model is lowered: twice what the transit time in the file needs (four times, when it
changes in the run). A member whose transit time needs more has no result: its conveyor is not a number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.functions.conveyor_spread import laid
from sd_covid.engine.functions.conveyor_step import NEAR, Leak, Moment, Rules, sum_of
from sd_covid.engine.functions.xmile import floor_of
from sd_covid.engine.graph.program import Program, Update
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression, Number, Reference
from sd_covid.model.names import key
from sd_covid.model.structure import Method

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering

MAX_SLATS = 20_000
#: Functions that say where an inflow is laid.
SPREADS = frozenset(
    f"xmile conveyor {way}" for way in ("at beginning", "evenly", "as content", "by profile", "by source")
)
_LEAKS = 11  # arguments of ``XMILE CONVEYOR`` before the leaks, of which each has four, and then the spreads


class _Defaults:
    """The constants of a model file as a batch of one."""

    count, first, seed = 1, 0, 0

    def __init__(self, program: Program) -> None:
        self.values = program.defaults

    def __getitem__(self, parameter: int) -> NDArray[np.float64]:
        """The value of a constant."""
        return np.asarray(self.values[parameter])


class Belt:
    """One conveyor while a model is lowered: its states, and what flows in and out of it.

    Parameters
    ----------
    here : Context
        Where its stock is defined, in the step graph.
    call : Call
        ``XMILE CONVEYOR(...)``, the stock's equation.
    """

    known: ClassVar[WeakKeyDictionary[Lowering, dict[Cell, Belt]]] = WeakKeyDictionary()

    def __init__(self, here: Context, call: Call) -> None:
        refuse_within_steps(here, call, "a conveyor")
        self.here, self.start, self.call = here, here.at_start(), call
        self.rules = _rules(call)
        transit = self.start.value(self.rules.transit)
        first_depth = self._depth_of(self.start, transit)
        self.slats = self._count(first_depth)
        self.first = Moment(self.rules, self.start, [], [], first_depth)
        self.first.contents = self._filled()
        self.first.bases = self._first_bases()
        self.contents = [
            here.remember(Update.ASSIGN, initial, self._next_content(i))
            for i, initial in enumerate(self.first.contents)
        ]
        self.bases = [
            [here.remember(Update.ASSIGN, initial, self._next_basis(k, i)) for i, initial in enumerate(row)]
            for k, row in enumerate(self.first.bases)
        ]

    @classmethod
    def of(cls, here: Context, reference: Expression) -> Belt:
        """The conveyor that a reference names."""
        return cls._at(*call_of_stock(here, reference, "xmile conveyor"))

    @classmethod
    def at(cls, here: Context, call: Call) -> Belt:
        """The conveyor whose equation is being lowered."""
        definitions = here.lowering.subscripts.definitions(here.variable)
        for elements, definition in definitions.items():
            if definition.equation.expression is call and definition.binding == here.binding:
                stock = Context(here.lowering, True, here.variable, here.binding)
                return cls._at(Cell(here.variable.key, elements), stock, call)
        raise here.error("a conveyor is a whole equation", call.place)

    @classmethod
    def _at(cls, cell: Cell, here: Context, call: Call) -> Belt:
        belts = cls.known.setdefault(here.lowering, {})
        if cell not in belts:
            belts[cell] = cls(here, call)
        return belts[cell]

    def moment(self, here: Context) -> Moment:
        """The conveyor as a context sees it: now, or at the start."""
        return self.now if here.step else self.first

    @cached_property
    def now(self) -> Moment:
        """The conveyor at a step."""
        return Moment(self.rules, self.here, self.contents, self.bases, self._depth())

    # --- slats --------------------

    def _depth_of(self, context: Context, transit: int) -> int:
        """The number of slats that a transit time takes, at least one."""
        steps = context.add("div", transit, context.held(self.here.lowering.out.control["time step"]))
        rounded = floor_of(context, context.add("add", steps, context.number(0.5 + NEAR)))
        return context.add("max", rounded, context.number(1.0))

    def _count(self, first_depth: int) -> int:
        """How many slats to lay out: from the constants of the file."""
        from sd_covid.engine.interpret import at_start

        program = self.here.lowering.out
        needed = float(at_start(program, _Defaults(program), [first_depth])[0, 0])
        transit = self.here.value(self.rules.transit)
        fixed = program.step.nodes[transit][0] in {"number", "constant"}
        if not needed <= MAX_SLATS:
            reason = (
                f"the conveyor needs {needed:g} steps of travel, more than the {MAX_SLATS} that can be run"
            )
            raise self.here.error(reason, self.call.place, "shorten its transit time, or lengthen the step")
        return int(needed) * (2 if fixed else 4)

    def _depth(self) -> int:
        """How many slats from the exit material enters: of the transit time when it was last sampled."""
        here, sample = self.here, self.rules.sample
        transit = here.value(self.rules.transit)
        if isinstance(sample, Number) and sample.value != 0:
            return self._depth_of(here, transit)
        start = self.start.value(self.rules.transit)
        kept = here.remember(Update.ASSIGN, start, lambda later, _: now)
        taken = here.add("and", here.truth(sample), here.add("not", here.truth(self.rules.arrest)))
        now = here.add("select", taken, transit, kept)
        return self._depth_of(here, now)

    def _next_content(self, i: int) -> Callable[[Context, int], int]:
        def following(later: Context, me: int) -> int:
            moved = self.now.left[i + 1] if i + 1 < self.slats else later.number(0.0)
            total = later.add("add", moved, self._laid_on(later, i))
            return later.add("select", self.now.arrested, me, total)

        return following

    @cached_property
    def _laid(self) -> list[int]:
        return laid(self)

    def _laid_on(self, later: Context, i: int) -> int:
        """What is laid on slat i; beyond the last slat it is not a number."""
        if i + 1 < self.slats:
            return self._laid[i]
        beyond = later.add("gt", self.now.depth, later.number(float(self.slats)))
        return later.add("select", beyond, later.number(float("nan")), self._laid[i])

    def _next_basis(self, k: int, i: int) -> Callable[[Context, int], int]:
        def following(later: Context, me: int) -> int:
            moved = self.bases[k][i + 1] if i + 1 < self.slats else later.number(0.0)
            share = later.add("mul", self._laid_on(later, i), self.now.share(k, self.slats))
            return later.add("select", self.now.arrested, me, later.add("add", moved, share))

        return following

    # --- the start --------------------

    def _filled(self) -> list[int]:
        """What each slat holds at the start: as given in a row, or as a steady inflow would leave it."""
        row = _row_of(self.rules.initial)
        if row is not None:
            return self._row(row)
        profile = self._profile()
        unit = self._unit(profile)
        return [self.start.add("mul", unit, part) for part in profile]

    def _unit(self, profile: list[int]) -> int:
        """What enters at every step of a steady conveyor that holds the initial value."""
        start = self.start
        return start.add("div", start.value(self.rules.initial), sum_of(start, profile))

    def _profile(self) -> list[int]:
        """What each slat holds of a unit that enters at every step."""
        start, zero = self.start, self.start.number(0.0)
        kept, inside = [zero] * self.slats, zero
        for i in range(self.slats - 1, -1, -1):
            enters = start.add("eq", self.first.depth, start.number(i + 1.0))
            kept[i] = start.add("select", enters, start.number(1.0), inside)
            inside = start.add("max", start.add("sub", kept[i], self._lost(i, kept[i])), zero)
        if not self.rules.discrete:
            return kept
        return [start.add("mul", part, self._begins(i)) for i, part in enumerate(kept)]

    def _begins(self, i: int) -> int:
        """1 for the slat that a unit of time ends on, the last one included: there discrete material stands."""
        start = self.start
        step = start.held(self.here.lowering.out.control["time step"])
        unit, following = (
            floor_of(start, start.add("mul", start.number(number + NEAR), step)) for number in (i, i + 1)
        )
        last = start.add("eq", self.first.depth, start.number(i + 1.0))
        ends = start.add("or", last, start.add("gt", following, unit))
        return start.add("select", ends, start.number(1.0), start.number(0.0))

    def _lost(self, i: int, content: int) -> int:
        """What a slat of a steady conveyor loses in one step of a unit that entered."""
        start, lost = self.start, self.start.number(0.0)
        for k in range(len(self.rules.leaks)):
            if self.rules.exponential:
                base = start.add("mul", content, self.first.step)
            else:
                base = self.first.share(k, self.slats)
            zone, inside = self.first.in_zone(k, i), self.first.laid(i)
            inside = inside if zone is None else start.add("and", inside, zone)
            part = start.add("mul", self.first.fraction(k), base)
            lost = start.add("add", lost, start.add("select", inside, part, start.number(0.0)))
        return start.add("min", lost, content)

    def _first_bases(self) -> list[list[int]]:
        """What each slat leaks at the start, per step and unit of fraction."""
        if self.rules.exponential or not self.rules.leaks:
            return []
        start, zero = self.start, self.start.number(0.0)
        steady = self._unit(self._profile()) if _row_of(self.rules.initial) is None else None
        rows = []
        for k in range(len(self.rules.leaks)):
            share = self.first.share(k, self.slats)
            row = []
            for i, content in enumerate(self.first.contents):
                basis = start.add("mul", content if steady is None else steady, share)
                row.append(start.add("select", self.first.laid(i), basis, zero))
            rows.append(row)
        return rows

    def _row(self, row: Call) -> list[int]:
        """A row of numbers: one for each slat when there are as many, else one for each unit of time."""
        start = self.start
        step = self.first.step
        values = [start.value(item) for item in row.arguments]
        each = start.add("eq", self.first.depth, start.number(float(len(values))))
        part = self._begins if self.rules.discrete else lambda _: start.add("min", step, start.number(1.0))
        found = []
        for i in range(self.slats):
            unit = floor_of(start, start.add("mul", start.number(i + NEAR), step))
            spread = values[-1]
            for number, value in reversed(list(enumerate(values[:-1]))):
                at = start.add("eq", unit, start.number(float(number)))
                spread = start.add("select", at, value, spread)
            own = values[min(i, len(values) - 1)]
            value = start.add("select", each, own, start.add("mul", spread, part(i)))
            found.append(start.add("select", self.first.laid(i), value, start.number(0.0)))
        return found


def refuse_within_steps(here: Context, call: Call, what: str) -> None:
    """Material moves once a step: a method that looks at flows within it would take from a stock what is not let in."""
    method = here.lowering.out.method
    if method is not Method.EULER:
        raise here.error(f"{what} runs with Euler's method, not {method}", call.place, "choose Euler")


def call_of_stock(here: Context, reference: Expression, function: str) -> tuple[Cell, Context, Call]:
    """A stock that a reference names: its cell, where it is defined, and the call of a function that it is."""
    lowering = here.lowering
    word = function.removeprefix("xmile ")
    if not isinstance(reference, Reference):
        raise here.error(f"a {word}'s flow takes the name of the {word}", here.variable.place)
    elements = lowering.subscripts.resolve(reference.subscripts, here.binding, reference.place)
    variable = lowering.model.variables[key(reference.name)]
    definition = lowering.subscripts.definitions(variable)[elements]
    call = definition.equation.expression
    if not isinstance(call, Call) or key(call.function) != function:
        raise here.error(f"'{variable.name}' is not a {word}", reference.place)
    return Cell(variable.key, elements), Context(lowering, True, variable, definition.binding), call


def _rules(call: Call) -> Rules:
    discrete, exponential = (literal(item) != 0 for item in call.arguments[_LEAKS - 2 : _LEAKS])
    rest = call.arguments[_LEAKS:]
    spreads = tuple(item for item in rest if isinstance(item, Call) and key(item.function) in SPREADS)
    rest = rest[: len(rest) - len(spreads)]
    leaks = tuple(
        Leak(rest[k], literal(rest[k + 1]), literal(rest[k + 2]), literal(rest[k + 3]) != 0)
        for k in range(0, len(rest), 4)
    )
    transit, initial, capacity, limit, sample, arrest, driven, fed, requested = call.arguments[: _LEAKS - 2]
    return Rules(
        transit,
        initial,
        capacity,
        limit,
        sample,
        arrest,
        driven,
        fed,
        requested,
        discrete,
        exponential,
        leaks,
        spreads,
    )


def _row_of(initial: Expression) -> Call | None:
    return initial if isinstance(initial, Call) and key(initial.function) == "xmile row" else None


def literal(expression: Expression) -> float:
    """The number that an expression is; 0 for any other."""
    return expression.value if isinstance(expression, Number) else 0.0


# --- functions --------------------


def _conveyor(here: Context, call: Call) -> int:
    """The stock: all that is on the belt; at the start as it says, before its leaks are known, which may ask for it."""
    rules = _rules(call)
    if not here.step and _row_of(rules.initial) is None:
        return here.value(rules.initial)
    return Belt.at(here, call).moment(here).total


def _outflow(here: Context, call: Call) -> int:
    return Belt.of(here, call.arguments[0]).moment(here).outflow


def _leak(here: Context, call: Call) -> int:
    return Belt.of(here, call.arguments[0]).moment(here).leak(int(literal(call.arguments[1])))


def _inflow(here: Context, call: Call) -> int:
    """An inflow with an equation: what is let in, after what inflows listed before it were given."""
    admitted = Belt.of(here, call.arguments[0]).moment(here).admitted
    before, own = (here.value(argument) for argument in call.arguments[1:])
    rest = here.add("max", here.add("sub", admitted, before), here.number(0.0))
    return here.add("min", rest, here.add("max", own, here.number(0.0)))


def _whole_inflow(here: Context, call: Call) -> int:
    """The only inflow with an equation."""
    return Belt.of(here, call.arguments[0]).moment(here).admitted


def _room(here: Context, call: Call) -> int:
    """What a queue may bring, per unit of time."""
    moment = Belt.of(here, call.arguments[0]).moment(here)
    return moment.running(moment.room)


def _container(of: Callable[[Moment], int]) -> Callable[[Context, Call], int]:
    """A function of what stands on the slats."""
    return lambda here, call: of(Belt.of(here, call.arguments[0]).moment(here))


def _slat(here: Context, call: Call) -> int:
    number = floor_of(here, here.value(call.arguments[1]))
    return Belt.of(here, call.arguments[0]).moment(here).slat(number)


def _part_alone(here: Context, call: Call) -> int:
    raise here.error(f"{call.function} is a part of a conveyor only", call.place)


FUNCTIONS: dict[str, Callable[[Context, Call], int]] = {
    "xmile conveyor": _conveyor,
    "xmile conveyor outflow": _outflow,
    "xmile conveyor leak": _leak,
    "xmile conveyor inflow": _inflow,
    "xmile conveyor whole inflow": _whole_inflow,
    "xmile conveyor room": _room,
    "xmile conveyor size": _container(lambda moment: moment.depth),
    "xmile conveyor min": _container(Moment.least),
    "xmile conveyor max": _container(Moment.most),
    "xmile conveyor stddev": _container(Moment.deviation),
    "xmile conveyor slat": _slat,
    "xmile row": _part_alone,
    **dict.fromkeys(sorted(SPREADS), _part_alone),
}
