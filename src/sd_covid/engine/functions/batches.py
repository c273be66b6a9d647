"""Queues that know their batches: what entered in a step, by each inflow, stays together.

Every step of the run has a slot for each inflow, in which its batch stands until it has left; so the oldest comes first
by the number of its slot. In a step the inflows lay their batches down, and then the outflows take from the front, in
the order in which they are listed: all there is, or what a conveyor has room for, one batch or as many as fit, split
or whole. An overflow takes what is left when an outflow before it could not have what it wanted. Section 3.7.3 of the
XMILE standard, and isee systems' help, "Queue Computation".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from sd_covid.engine.functions.conveyor_step import NEAR, sum_of
from sd_covid.engine.functions.conveyors import Belt, call_of_stock, literal, refuse_within_steps
from sd_covid.engine.functions.delays import within_steps
from sd_covid.engine.functions.elementary import one_if
from sd_covid.engine.functions.slots import run_steps
from sd_covid.engine.functions.xmile import step_number
from sd_covid.engine.graph.program import Update
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression
from sd_covid.model.names import key

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering

_WAYS = ("xmile queue to all", "xmile queue to conveyor")


class Line:
    """One queue while a model is lowered: its batches, and what is taken from them.

    Parameters
    ----------
    here : Context
        Where its stock is defined, in the step graph.
    call : Call
        ``XMILE QUEUE(...)``, the stock's equation.
    """

    known: ClassVar[WeakKeyDictionary[Lowering, dict[Cell, Line]]] = WeakKeyDictionary()

    def __init__(self, here: Context, call: Call) -> None:
        refuse_within_steps(here, call, "a queue")
        self.here, self.call = here, call
        rest = call.arguments[1:]
        self.ways = [item for item in rest if isinstance(item, Call) and key(item.function) in _WAYS]
        self.inflows = rest[: len(rest) - len(self.ways)]
        self.steps = (
            run_steps(here, call, "a queue whose batches count") + 1
        )  # the flows at the final time count too
        start = here.at_start()
        zero, initial = start.number(0.0), start.value(call.arguments[0])
        later = [zero] * (self.steps * len(self.inflows))
        self.batches = [
            here.remember(Update.ASSIGN, first, self._next(slot))
            for slot, first in enumerate([initial, *later])
        ]

    @classmethod
    def of(cls, here: Context, reference: Expression) -> Line:
        """The queue that a reference names."""
        return cls._at(*call_of_stock(here, reference, "xmile queue"))

    @classmethod
    def _at(cls, cell: Cell, here: Context, call: Call) -> Line:
        lines = cls.known.setdefault(here.lowering, {})
        if cell not in lines:
            lines[cell] = cls(here, call)
        return lines[cell]

    def _next(self, slot: int) -> Callable[[Context, int], int]:
        return lambda later, _: within_steps(later, self.steps, self.served[1][slot])

    @property
    def total(self) -> int:
        """All that stands in the queue."""
        return sum_of(self.here, self.batches)

    @cached_property
    def served(self) -> tuple[list[int], list[int]]:
        """The volume that each outflow takes in a step, and what it leaves of each batch."""
        here = self.here
        now = step_number(here, here.lowering.time(True))
        standing = [self.batches[0]]
        for step in range(self.steps):
            present = here.add("eq", now, here.number(float(step)))
            for entering in entering_of(here, self.inflows):
                batch = here.add("select", present, entering, here.number(0.0))
                standing.append(here.add("add", self.batches[len(standing)], batch))
        return serve(here, self.ways, standing)

    # --- as a container --------------------

    @cached_property
    def standing(self) -> list[int]:
        """Whether there is anything in each slot, as truth values."""
        zero = self.here.number(0.0)
        return [self.here.add("gt", batch, zero) for batch in self.batches]

    @cached_property
    def size(self) -> int:
        """The number of batches."""
        return sum_of(self.here, [one_if(self.here, there) for there in self.standing])

    def extreme(self, operation: str) -> int:
        """The smallest or largest batch; not a number when there is none."""
        here = self.here
        found = outside = here.number(float("inf") if operation == "min" else float("-inf"))
        for there, batch in zip(self.standing, self.batches, strict=True):
            found = here.add(operation, found, here.add("select", there, batch, outside))
        none = here.add("eq", self.size, here.number(0.0))
        return here.add("select", none, here.number(float("nan")), found)

    def deviation(self) -> int:
        """The standard deviation of the batches, as a whole population."""
        here, zero = self.here, self.here.number(0.0)
        middle = here.add("div", self.total, self.size)
        squares = []
        for there, batch in zip(self.standing, self.batches, strict=True):
            gap = here.add("sub", batch, middle)
            squares.append(here.add("select", there, here.add("mul", gap, gap), zero))
        return here.add("sqrt", here.add("div", sum_of(here, squares), self.size))

    def batch(self, number: int) -> int:
        """The batch whose number from the front, from 1, a node gives; 0 beyond the last."""
        here, zero = self.here, self.here.number(0.0)
        count, found = zero, zero
        for there, batch in zip(self.standing, self.batches, strict=True):
            count = here.add("add", count, one_if(here, there))
            asked = here.add("and", there, here.add("eq", count, number))
            found = here.add("select", asked, batch, found)
        return found


def entering_of(here: Context, inflows: tuple[Expression, ...]) -> list[int]:
    """The volumes that inflows bring in a step."""
    step, zero = here.held(here.lowering.out.control["time step"]), here.number(0.0)
    return [here.add("mul", here.add("max", here.value(flow), zero), step) for flow in inflows]


def serve(here: Context, ways: list[Call], standing: list[int]) -> tuple[list[int], list[int]]:
    """What outflows take from batches, the oldest first: the volume of each, and what they leave."""
    taken = []
    refused = here.as_truth(here.number(0.0))
    for way in ways:
        offered, zero = standing, here.number(0.0)
        if literal(way.arguments[0]):
            offered = [here.add("select", refused, batch, zero) for batch in standing]
        shares = offered if key(way.function) == _WAYS[0] else _to_conveyor(here, way, offered)
        taken.append(sum_of(here, shares))
        standing = [here.add("sub", batch, share) for batch, share in zip(standing, shares, strict=True)]
        if key(way.function) == _WAYS[1]:
            refused = _refused(here, way, offered, shares)
    return taken, standing


def _to_conveyor(here: Context, way: Call, offered: list[int]) -> list[int]:
    """The shares of the batches that a conveyor takes."""
    belt = Belt.of(here, way.arguments[1]).moment(here)
    before = here.add("mul", here.value(way.arguments[2]), belt.step)
    zero = here.number(0.0)
    open_ = here.add("max", zero, here.add("sub", belt.room, before))
    rest = here.add("select", belt.arrested, zero, open_)
    one, whole = (literal(item) != 0 for item in way.arguments[3:])
    going = here.as_truth(here.number(1.0))
    shares = []
    for batch in offered:
        there = here.add("gt", batch, zero)
        fits = here.add("le", batch, here.add("add", rest, here.number(NEAR)))
        share = here.add("select", fits, batch, zero if whole else rest)
        share = here.add("select", going, share, zero)
        shares.append(share)
        rest = here.add("max", zero, here.add("sub", rest, share))
        stays = there if one else here.add("and", there, here.add("not", fits))
        going = here.add("and", going, here.add("not", stays))
    return shares


def _refused(here: Context, way: Call, offered: list[int], shares: list[int]) -> int:
    """Whether a conveyor left of what it would have taken: of the first batch, or of any."""
    one, zero = literal(way.arguments[3]) != 0, here.number(0.0)
    found, seen = here.as_truth(zero), here.as_truth(zero)
    for batch, share in zip(offered, shares, strict=True):
        left = here.add("gt", here.add("sub", batch, share), zero)
        found = here.add("or", found, here.add("and", left, here.add("not", seen)) if one else left)
        seen = here.add("or", seen, here.add("gt", batch, zero)) if one else seen
    return found


# --- functions --------------------


def _queue(here: Context, call: Call) -> int:
    """The stock: all that waits."""
    if not here.step:
        return here.value(call.arguments[0])
    definitions = here.lowering.subscripts.definitions(here.variable)
    for elements, definition in definitions.items():
        if definition.equation.expression is call and definition.binding == here.binding:
            stock = Context(here.lowering, True, here.variable, here.binding)
            return Line._at(Cell(here.variable.key, elements), stock, call).total
    raise here.error("a queue is a whole equation", call.place)


def _outflow(here: Context, call: Call) -> int:
    """What an outflow takes, per unit of time; at the start from the first batch and what comes in."""
    number, step = int(literal(call.arguments[1])), here.held(here.lowering.out.control["time step"])
    if here.step:
        return here.add("div", Line.of(here, call.arguments[0]).served[0][number], step)
    _, there, whole = call_of_stock(here, call.arguments[0], "xmile queue")
    rest = whole.arguments[1:]
    ways = [item for item in rest if isinstance(item, Call) and key(item.function) in _WAYS]
    start = there.at_start()
    standing = [start.value(whole.arguments[0]), *entering_of(start, rest[: len(rest) - len(ways)])]
    return here.add("div", serve(start, ways, standing)[0][number], step)


def _size(here: Context, call: Call) -> int:
    """The number of batches; at the start the initial value is one."""
    if here.step:
        return Line.of(here, call.arguments[0]).size
    return one_if(here, here.add("gt", here.value(call.arguments[0]), here.number(0.0)))


def _extreme(operation: str) -> Callable[[Context, Call], int]:
    def lower(here: Context, call: Call) -> int:
        if here.step:
            return Line.of(here, call.arguments[0]).extreme(operation)
        held = here.value(call.arguments[0])
        some = here.add("gt", held, here.number(0.0))
        return here.add("select", some, held, here.number(float("nan")))

    return lower


def _deviation(here: Context, call: Call) -> int:
    """0 at the start, when there is one batch or none."""
    return Line.of(here, call.arguments[0]).deviation() if here.step else here.number(0.0)


def _batch(here: Context, call: Call) -> int:
    number = here.value(call.arguments[1])
    if here.step:
        return Line.of(here, call.arguments[0]).batch(number)
    first = here.add("eq", number, here.number(1.0))
    return here.add("select", first, here.value(call.arguments[0]), here.number(0.0))


def _part_alone(here: Context, call: Call) -> int:
    raise here.error(f"{call.function} is a part of a queue only", call.place)


FUNCTIONS: dict[str, Callable[[Context, Call], int]] = {
    "xmile queue": _queue,
    "xmile queue outflow": _outflow,
    "xmile queue size": _size,
    "xmile queue min": _extreme("min"),
    "xmile queue max": _extreme("max"),
    "xmile queue stddev": _deviation,
    "xmile queue batch": _batch,
    **dict.fromkeys(_WAYS, _part_alone),
}
