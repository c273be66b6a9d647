"""Queues: stocks that know how long what they hold has waited, and, for queues with an attribute, what it is like.

A queue is a row of entries, one for each step in which something came; all grow older by one at every step, and what
leaves is taken from the oldest. Meanings are those of Vensim's manual: a queue that goes negative has one entry, of the
step before. Queues change from step to step only, whatever the method of integration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from sd_covid.engine.functions.conveyor_step import sum_of
from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.functions.lookups import named_table
from sd_covid.engine.functions.slots import NEAR, checked, density, run_steps, share_before, slots_of
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.graph.operations import NOT_AVAILABLE
from sd_covid.engine.graph.program import Update
from sd_covid.engine.graph.subscripts import Cell
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Expression, Reference
from sd_covid.model.names import key

if TYPE_CHECKING:
    from sd_covid.engine.lower.model import Lowering

RESIDUE = 1e-12  # of all that a queue holds
_PLAIN, _WITH_ATTRIBUTE = "queue fifo", "queue fifo attrib"


@dataclass
class Moment:
    """A queue at one time: how much each step brought, from the newest on, and its attribute where it has one."""

    here: Context
    amounts: list[int]
    attributes: list[int]

    @cached_property
    def total(self) -> int:
        """All that it holds."""
        return sum_of(self.here, self.amounts)

    @cached_property
    def residue(self) -> int:
        """An amount that is left by rounding, and so nothing."""
        return self.here.add("mul", self.here.number(RESIDUE), self.here.add("abs", self.total))

    @cached_property
    def ages(self) -> list[int]:
        """How long each has waited: what came in the step before, one TIME STEP."""
        step = time_step(self.here)
        return [self.here.add("mul", self.here.number(k + 1.0), step) for k in range(len(self.amounts))]

    def oldest(self, quantity: int, weights: list[int] | None = None) -> list[int]:
        """What of each is among the oldest that make up a quantity; with weights, a quantity of amount times weight."""
        here, zero = self.here, self.here.number(0.0)
        found, left = [], quantity
        for k in reversed(range(len(self.amounts))):
            amount = self.amounts[k]
            weighed = amount if weights is None else here.add("mul", amount, weights[k])
            taken = here.add("max", zero, here.add("min", weighed, left))
            left = here.add("sub", left, taken)
            found.append(taken if weights is None else self._unweighed(taken, weighed, amount))
        return found[::-1]

    def _unweighed(self, taken: int, weighed: int, amount: int) -> int:
        """The amount that a part of its weight stands for; all of what weighs nothing."""
        here, one = self.here, self.here.number(1.0)
        some = here.add("gt", weighed, here.number(0.0))
        part = here.add("div", taken, here.add("select", some, weighed, one))
        return here.add("mul", amount, here.add("select", some, part, one))

    def mean(self, of: list[int], quantity: int) -> int:
        """The mean of something over the oldest of a quantity; over all where that is not positive, or more."""
        here, zero = self.here, self.here.number(0.0)
        some = here.add("gt", quantity, zero)
        some = here.add("and", some, here.add("lt", quantity, self.total))
        parts = [
            here.add("select", some, part, amount)
            for part, amount in zip(self.oldest(quantity), self.amounts, strict=True)
        ]
        weight = sum_of(here, parts)
        total = sum_of(here, [here.add("mul", a, b) for a, b in zip(parts, of, strict=True)])
        none = here.add("eq", weight, zero)
        quotient = here.add("div", total, here.add("select", none, here.number(1.0), weight))
        return here.add("select", none, zero, quotient)

    def within(self, of: list[int], low: int, high: int, near: int) -> int:
        """The amount of which something lies in a range, both ends included; an end that is :NA: is none."""
        here, zero, missing = self.here, self.here.number(0.0), self.here.number(NOT_AVAILABLE)
        open_below, open_above = (here.add("eq", end, missing) for end in (low, high))
        found = []
        for amount, value in zip(self.amounts, of, strict=True):
            above = here.add("ge", value, here.add("sub", low, near))
            below = here.add("le", value, here.add("add", high, near))
            inside = here.add("and", here.add("or", open_below, above), here.add("or", open_above, below))
            found.append(here.add("select", inside, amount, zero))
        return sum_of(here, found)

    def extreme(self, of: list[int], operation: str) -> int:
        """The smallest or largest of something; 0 for an empty queue."""
        here, zero = self.here, self.here.number(0.0)
        outer = here.number(math.inf if operation == "min" else -math.inf)
        found = outer
        for amount, value in zip(self.amounts, of, strict=True):
            there = here.add("gt", here.add("abs", amount), self.residue)
            found = here.add(operation, found, here.add("select", there, value, outer))
        return here.add("select", here.add("eq", found, outer), zero, found)


class Queue:
    """One queue while a model is lowered.

    Parameters
    ----------
    here : Context
        Where its stock is defined, in the step graph.
    call : Call
        ``QUEUE FIFO(...)`` or ``QUEUE FIFO ATTRIB(...)``, the stock's equation.
    """

    known: ClassVar[WeakKeyDictionary[Lowering, dict[Cell, Queue]]] = WeakKeyDictionary()

    def __init__(self, here: Context, call: Call) -> None:
        self.here, self.call = here, call
        self.has_attribute = key(call.function) == _WITH_ATTRIBUTE
        start = here.at_start()
        span = slots_of(here, start.value(call.arguments[-1]))
        self.count = checked(here, call, run_steps(here, call) + span)
        self.first = Moment(start, self._filled(start), self._first_attributes(start))
        self.now = Moment(here, [], [])
        for k in range(self.count):
            self.now.amounts.append(here.remember(Update.ASSIGN, self.first.amounts[k], self._older(k)))
            if self.has_attribute:
                first = self.first.attributes[k]
                self.now.attributes.append(here.remember(Update.ASSIGN, first, self._changed(k)))

    @classmethod
    def of(cls, here: Context, call: Call, attribute: bool = False) -> Queue:
        """The queue that a call names as its first argument."""
        lowering, named = here.lowering, call.arguments[0]
        found = cls._call(here, named)
        wanted = (_WITH_ATTRIBUTE,) if attribute else (_PLAIN, _WITH_ATTRIBUTE)
        if found is None or not isinstance(named, Reference) or key(found[2].function) not in wanted:
            names = " or ".join(name.upper() for name in wanted)
            raise here.error(
                f"{call.function} takes the name of a queue", call.place, f"define one with {names}"
            )
        cell, context, equation = found
        queues = cls.known.setdefault(lowering, {})
        if cell not in queues:
            queues[cell] = cls(context, equation)
        return queues[cell]

    @staticmethod
    def _call(here: Context, named: Expression) -> tuple[Cell, Context, Call] | None:
        """The cell that a reference names, where it is defined, and the call that its equation is."""
        if not isinstance(named, Reference):
            return None
        lowering = here.lowering
        variable = lowering.model.variables[key(named.name)]
        elements = lowering.subscripts.resolve(named.subscripts, here.binding, named.place)
        definition = lowering.subscripts.definitions(variable)[elements]
        call = definition.equation.expression
        if not isinstance(call, Call):
            return None
        return Cell(variable.key, elements), Context(lowering, True, variable, definition.binding), call

    def moment(self, here: Context) -> Moment:
        """The queue as a context sees it: now, or at the start."""
        return self.now if here.step else self.first

    # --- from one step to the next --------------------

    @cached_property
    def _flows(self) -> tuple[int, int]:
        """What comes in this step, and what goes; a negative flow is one the other way."""
        here, zero = self.here, self.here.number(0.0)
        step = time_step(here)
        flows = [here.add("mul", here.value(argument), step) for argument in self.call.arguments[:2]]
        there = [here.add("max", flow, zero) for flow in flows]
        back = [here.add("max", here.add("neg", flow), zero) for flow in flows]
        return here.add("add", there[0], back[1]), here.add("add", there[1], back[0])

    @cached_property
    def _left(self) -> tuple[list[int], int]:
        """What is left of each once the oldest have gone, and what was asked for beyond all that there is."""
        here, zero = self.here, self.here.number(0.0)
        going = self._flows[1]
        short = here.add("sub", self.now.total, going)
        some = here.add("gt", short, zero)
        left = [
            here.add("select", some, here.add("sub", amount, taken), zero)
            for amount, taken in zip(self.now.amounts, self.now.oldest(going), strict=True)
        ]
        return left, here.add("min", short, zero)

    def _older(self, k: int) -> Callable[[Context, int], int]:
        """The amounts one step later; one that is older than there are entries for is not a number."""

        def following(later: Context, me: int) -> int:
            left, missing = self._left
            if k == 0:
                return later.add("add", self._flows[0], missing)
            if k < self.count - 1:
                return left[k - 1]
            lost = later.add("gt", left[k], self.now.residue)
            return later.add("select", lost, later.number(math.nan), left[k - 1])

        return following

    def _changed(self, k: int) -> Callable[[Context, int], int]:
        """The attributes one step later: all have changed, that of what came too."""

        def following(later: Context, me: int) -> int:
            rate = later.add("mul", later.value(self.call.arguments[3]), time_step(later))
            before = self.now.attributes[k - 1] if k else later.value(self.call.arguments[2])
            return later.add("add", before, rate)

        return following

    # --- the start --------------------

    def _parts(self, start: Context) -> list[int]:
        """Where the border of each entry lies at the start, as a part of the age range."""
        span = start.value(self.call.arguments[-1])
        ages = [start.add("mul", start.number(float(k)), time_step(start)) for k in range(self.count + 1)]
        return [start.add("div", age, span) for age in ages]

    def _filled(self, start: Context) -> list[int]:
        """The initial value, spread over the age range as the profile says."""
        table = density(start, self.call, 4 if self.has_attribute else 2)
        initial = start.value(self.call.arguments[6 if self.has_attribute else 3])
        before = [share_before(start, table, part) for part in self._parts(start)]
        return [
            start.add("mul", initial, start.add("sub", before[k + 1], before[k])) for k in range(self.count)
        ]

    def _first_attributes(self, start: Context) -> list[int]:
        """The initial attribute times its profile, stretched to the age range, in the middle of each entry."""
        if not self.has_attribute:
            return []
        table = named_table(start, self.call, 5)
        initial, parts, found = start.value(self.call.arguments[7]), self._parts(start), []
        for before, after in pairwise(parts):
            middle = start.add("mul", start.number(0.5), start.add("add", before, after))
            x = start.add("mul", middle, start.number(table.x[-1] - table.x[0]))
            x = start.add("add", start.number(table.x[0]), x)
            found.append(start.add("mul", initial, start.look_up(table, x)))
        return found


def _queue(here: Context, call: Call) -> int:
    """QUEUE FIFO(inflow, outflow, profile, initial value, age range), and QUEUE FIFO ATTRIB: what it holds."""
    definitions = here.lowering.subscripts.definitions(here.variable)
    for elements, definition in definitions.items():
        if definition.equation.expression is call and definition.binding == here.binding:
            stock = Context(here.lowering, True, here.variable, here.binding)
            queues = Queue.known.setdefault(here.lowering, {})
            cell = Cell(here.variable.key, elements)
            if cell not in queues:
                queues[cell] = Queue(stock, call)
            return queues[cell].moment(here).total
    raise here.error(f"{call.function} must be a whole equation", call.place)


def _age_average(here: Context, call: Call) -> int:
    queue = Queue.of(here, call).moment(here)
    return queue.mean(queue.ages, here.value(call.arguments[1]))


def _age_in_range(here: Context, call: Call) -> int:
    queue = Queue.of(here, call).moment(here)
    low, high = (here.value(argument) for argument in call.arguments[1:])
    near = here.add("mul", here.number(NEAR), time_step(here))
    return queue.within(queue.ages, low, high, near)


def _age_oldest(here: Context, call: Call) -> int:
    queue = Queue.of(here, call).moment(here)
    return queue.extreme(queue.ages, "max")


def _attribute_average(here: Context, call: Call) -> int:
    queue = Queue.of(here, call, attribute=True).moment(here)
    return queue.mean(queue.attributes, here.value(call.arguments[1]))


def _attribute_in_range(here: Context, call: Call) -> int:
    queue = Queue.of(here, call, attribute=True).moment(here)
    low, high = (here.value(argument) for argument in call.arguments[1:])
    return queue.within(queue.attributes, low, high, here.number(0.0))


def _attribute_extreme(operation: str) -> Lower:
    def lower(here: Context, call: Call) -> int:
        queue = Queue.of(here, call, attribute=True).moment(here)
        return queue.extreme(queue.attributes, operation)

    return lower


def _attribute_quantity(here: Context, call: Call) -> int:
    """How many of the oldest have attributes that add up to a quantity; all where they have less."""
    queue = Queue.of(here, call, attribute=True).moment(here)
    return sum_of(here, queue.oldest(here.value(call.arguments[1]), queue.attributes))


FUNCTIONS: dict[str, Lower] = {
    _PLAIN: _queue,
    _WITH_ATTRIBUTE: _queue,
    "queue age average": _age_average,
    "queue age in range": _age_in_range,
    "queue age oldest": _age_oldest,
    "queue attrib average": _attribute_average,
    "queue attrib in range": _attribute_in_range,
    "queue attrib max": _attribute_extreme("max"),
    "queue attrib min": _attribute_extreme("min"),
    "queue attrib quantity": _attribute_quantity,
}
