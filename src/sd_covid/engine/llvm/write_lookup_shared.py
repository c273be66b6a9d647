"""Writes lookups of a single member as calls: a tenth of the code, for a few nanoseconds at each step.

All tables of as many segments share a function that reads their points from memory. It does what
`sd_covid.engine.llvm.write_lookup` writes for one table, operation by operation, so both give the same bits.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.llvm.text import Body, Module, constant
from sd_covid.engine.llvm.write_lookup import MANY, _evenly_spaced, _exactly_even, _jumps

ATTRIBUTES = "nounwind willreturn alwaysinline memory(argmem: read)"


def write_shared_lookup(body: Body, kind: str, table: LookupTable, x: str) -> str | None:
    """A table at x, as a call; None for one with so many segments that it is searched in another way."""
    border, intercept, slope = table.segments()
    edges, count = np.array([table.least, *border, table.x[-1]]), len(slope)
    even = _even(tuple(edges.tolist()), kind == "lookup slope" or _jumps(table))
    if count > MANY and not even:
        return None
    name = f"@{kind.replace(' ', '_')}_{'even' if even else 'any'}_{count}"
    body.module.once(name, partial(_write_function, name=name, kind=kind, count=count, even=even))
    scale = count / (edges[-1] - edges[0]) if even else 0.0
    lines = np.stack([intercept, slope], axis=1).ravel()
    points = body.module.numbers(np.concatenate([edges, [scale], lines]))
    return body.do(f"call double {name}(ptr {points}, double {x})")


@lru_cache(maxsize=4096)  # most tables of a model lie over a few grids of points
def _even(edges: tuple[float, ...], exact: bool) -> bool:
    """Whether a segment is found by multiplication."""
    found = np.array(edges)
    return len(edges) > 3 and (_exactly_even(found) or (not exact and _evenly_spaced(found)))


def _write_function(module: Module, *, name: str, kind: str, count: int, even: bool) -> None:
    """The function of all tables with a number of segments: their edges, a scale, intercepts and slopes in memory."""
    body = Body(module)
    first, last = body.scalar("%points", "0"), body.scalar("%points", str(count))
    low = body.do(f"fcmp olt double %x, {first}")
    held = body.do(f"select i1 {low}, double {first}, double %x")
    high = body.do(f"fcmp ogt double {held}, {last}")
    held = body.do(f"select i1 {high}, double {last}, double {held}")
    segment = _even_segment(body, count, first, held) if even else _counted_segment(body, count, held)
    at = body.do(f"add i64 {body.do(f'shl i64 {segment}, 1')}, {count + 2}")
    slope = body.scalar("%points", body.do(f"add i64 {at}, 1"))
    if kind == "lookup":
        result = body.multiply_add(slope, held, body.scalar("%points", at))
    else:
        above = body.do(f"fcmp ogt double %x, {first}")
        below = body.do(f"fcmp olt double %x, {last}")
        inside = body.do(f"and i1 {above}, {below}")
        result = body.do(f"select i1 {inside}, double {slope}, double {constant(0.0)}")
    body.act(f"ret double {result}")
    module.functions.append(body.function(f"internal double {name}(ptr %points, double %x)", ATTRIBUTES))


def _even_segment(body: Body, count: int, first: str, held: str) -> str:
    """The segment of evenly spaced points, by multiplication."""
    away = body.do(f"fsub double {held}, {first}")
    share = body.do(f"fmul double {away}, {body.scalar('%points', str(count + 1))}")
    last = constant(float(count - 1))
    below = body.do(f"fcmp olt double {share}, {last}")  # not for NaN: its index must be valid too
    share = body.do(f"select i1 {below}, double {share}, double {last}")
    return body.do(f"fptosi double {share} to i64")


def _counted_segment(body: Body, count: int, held: str) -> str:
    """The segment as the number of inner borders passed."""
    index = "0"
    for k in range(1, count):
        passed = body.do(f"fcmp oge double {held}, {body.scalar('%points', str(k))}")
        index = body.do(f"add i64 {index}, {body.do(f'zext i1 {passed} to i64')}")
    return index
