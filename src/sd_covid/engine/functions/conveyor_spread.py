"""Where on a conveyor an inflow is laid, when it does not enter at the beginning: isee's spreading of inputs.

``EVENLY`` lays as much on each slat, ``AS CONTENT`` in proportion to what is there, ``BY PROFILE`` by a graph of the
part of the transit time that is left (0 at the exit, 1 at the beginning), and ``BY SOURCE`` a leak of another conveyor
as far along as it was there. Each share of an inflow leaks as much a step as material that entered whole, for the steps
that are left to it. Where there is nothing to go by, an inflow enters at the beginning.

isee's help, "Spreading Conveyor Inputs", numbers positions by the time that is left; that a profile does so too is
taken from models that divide a mean stay by LOOKUPMEAN of the profile to get the transit time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.engine.functions.conveyor_step import NEAR, Moment, sum_of
from sd_covid.engine.functions.xmile import floor_of
from sd_covid.engine.lower.context import table_of
from sd_covid.model.expression import Call, Table
from sd_covid.model.names import key

if TYPE_CHECKING:
    from sd_covid.engine.functions.conveyors import Belt

MAX_PAIRS = 40_000  # of slats of two conveyors, when their transit times differ


def laid(belt: Belt) -> list[int]:
    """The volume that is laid on each slat in this step, as nodes."""
    moment = belt.now
    rows = [_shares(belt, moment, call) for call in moment.rules.spreads]
    if not rows:
        rows = [_at_beginning(moment, moment.entering)]
    return [sum_of(moment.here, [row[i] for row in rows]) for i in range(belt.slats)]


def _shares(belt: Belt, moment: Moment, call: Call) -> list[int]:
    here, way = moment.here, key(call.function).removeprefix("xmile conveyor ")
    rate = here.add("max", here.value(call.arguments[0]), here.number(0.0))
    volume = here.add("mul", rate, moment.step)
    match way:
        case "at beginning":
            return _at_beginning(moment, volume)
        case "evenly":
            share = here.add("div", volume, moment.depth)
            return [_if_laid(moment, i, share) for i in range(belt.slats)]
        case "as content":
            return _weighted(moment, volume, [*moment.left[1:], here.number(0.0)])
        case "by profile":
            return _weighted(moment, volume, _profile(moment, call))
        case _:
            return _as_in_source(belt, moment, call)


def _at_beginning(moment: Moment, volume: int) -> list[int]:
    here, zero = moment.here, moment.here.number(0.0)
    return [
        here.add("select", here.add("eq", moment.depth, here.number(i + 1.0)), volume, zero)
        for i in range(len(moment.contents))
    ]


def _if_laid(moment: Moment, i: int, share: int) -> int:
    return moment.here.add("select", moment.laid(i), share, moment.here.number(0.0))


def _weighted(moment: Moment, volume: int, weights: list[int]) -> list[int]:
    """Shares in proportion to weights; all at the beginning where there are none."""
    here, zero = moment.here, moment.here.number(0.0)
    total = sum_of(here, weights)
    some = here.add("gt", total, zero)
    scale = here.add("div", volume, here.add("select", some, total, here.number(1.0)))
    first = _at_beginning(moment, volume)
    return [
        here.add("select", some, here.add("mul", scale, weight), alone)
        for weight, alone in zip(weights, first, strict=True)
    ]


def _profile(moment: Moment, call: Call) -> list[int]:
    here, points = moment.here, call.arguments[1]
    if not isinstance(points, Table):
        raise here.error("a profile is a table", call.place)
    table = table_of(points)
    weights = []
    for i in range(len(moment.contents)):
        left = here.add("div", here.number(i + 0.5), moment.depth)
        weight = here.add("max", here.look_up(table, left), here.number(0.0))
        weights.append(_if_laid(moment, i, weight))
    return weights


def _as_in_source(belt: Belt, moment: Moment, call: Call) -> list[int]:
    """What a leak of another conveyor takes off each slat, on the slat here that is as far along."""
    from sd_covid.engine.functions.conveyors import Belt, literal

    here, zero = moment.here, moment.here.number(0.0)
    source = Belt.of(here, call.arguments[1])
    there = source.now
    taken = [
        here.add("select", there.arrested, zero, part)
        for part in there.leaking[0][int(literal(call.arguments[2]))]
    ]
    if here.value(belt.rules.transit) == source.here.value(source.rules.transit):
        return [taken[i] if i < len(taken) else zero for i in range(belt.slats)]
    if len(taken) * belt.slats > MAX_PAIRS:
        reason = f"conveyors of {len(taken)} and {belt.slats} slats are too long to be matched"
        raise here.error(reason, call.place, "give the two one transit time, or lengthen the step")
    found = [zero] * belt.slats
    for j, part in enumerate(taken):
        along = here.add("mul", here.add("div", here.number(j + 0.5), there.depth), moment.depth)
        nearest = here.add("neg", floor_of(here, here.add("sub", here.number(1.0 + NEAR), along)))
        last = here.add("sub", moment.depth, here.number(1.0))
        at = here.add("max", zero, here.add("min", last, nearest))
        for i in range(belt.slats):
            here_laid = here.add("select", here.add("eq", at, here.number(float(i))), part, zero)
            found[i] = here.add("add", found[i], here_laid)
    return found
