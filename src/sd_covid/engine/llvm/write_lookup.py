"""Writes lookups: hold x within the points, find the segment of each lane, read its intercept and slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.llvm.text import Body, constant

REGISTERS = 16  # values that two AVX-512 registers hold
MANY = 24  # segments beyond which a search takes fewer operations than counting the borders passed
# Rounding may move a border by this share of the largest |x| among the points: a few units in the last place.
EVEN = 8 * np.finfo(float).eps


@dataclass(frozen=True, slots=True)
class _Segment:
    """The number of each lane's segment: a register of ``i32`` (from a conversion) or ``i64`` (from comparisons)."""

    register: str
    bits: int


def write_lookup(body: Body, kind: str, table: LookupTable, x: str) -> str:
    """A table at x: hold x within the points, find the segment, read its intercept and slope."""
    module = body.module
    vector, truth = module.vector, module.truth
    first, last = body.number(table.least), body.number(table.x[-1])
    low = body.do(f"fcmp olt {vector} {x}, {first}")  # ordered: NaN passes through to the result
    held = body.do(f"select {truth} {low}, {vector} {first}, {vector} {x}")
    high = body.do(f"fcmp ogt {vector} {held}, {last}")
    held = body.do(f"select {truth} {high}, {vector} {last}, {vector} {held}")
    if kind == "lookup":
        intercept, slope = _line(body, table, _segment(body, table, held, exact=_jumps(table)))
        return body.multiply_add(slope, held, intercept)
    _, slope = _line(body, table, _segment(body, table, held, exact=True))
    above = body.do(f"fcmp ogt {vector} {x}, {first}")
    below = body.do(f"fcmp olt {vector} {x}, {last}")
    inside = body.do(f"and {truth} {above}, {below}")
    return body.do(f"select {truth} {inside}, {vector} {slope}, {vector} {body.number(0.0)}")


def _jumps(table: LookupTable) -> bool:
    """Whether the table has a jump, so that a point at a border must fall on the right side of it."""
    return len(set(table.x)) < len(table.x)


def _segment(body: Body, table: LookupTable, held: str, *, exact: bool) -> _Segment:
    """The segment of each lane: by division where the points are evenly spaced, else by counting borders passed.

    Unless ``exact``, a point within rounding of a border may fall in either of the segments that meet there.
    """
    module = body.module
    kind, truth = module.integers, module.truth
    border, _, slope = table.segments()
    many = len(slope)
    edges = np.array([table.least, *border, table.x[-1]])
    if many > 2 and (_exactly_even(edges) or (not exact and _evenly_spaced(edges))):
        away = body.do(f"fsub {module.vector} {held}, {body.number(edges[0])}")
        share = body.do(f"fmul {module.vector} {away}, {body.number(many / (edges[-1] - edges[0]))}")
        last = body.number(float(many - 1))
        below = body.do(
            f"fcmp olt {module.vector} {share}, {last}"
        )  # not for NaN: its index must be valid too
        share = body.do(f"select {truth} {below}, {module.vector} {share}, {module.vector} {last}")
        # processors without AVX-512 convert to 32 bits only
        return _Segment(
            body.do(f"fptosi {module.vector} {share} to {module.integers.replace('i64', 'i32')}"), 32
        )
    if many > MANY:
        return _Segment(_search(body, border, held), 64)
    index = module.many("i64", "0")
    for edge in border:
        passed = body.do(f"fcmp oge {module.vector} {held}, {body.number(float(edge))}")
        one = body.do(f"sext {truth} {passed} to {kind}")  # a mask is -1
        index = body.do(f"sub {kind} {index}, {one}")
    return _Segment(index, 64)


def _search(body: Body, border: NDArray[np.float64], held: str) -> str:
    """The number of borders passed, by halving: the borders are padded with infinities to a power of two."""
    module = body.module
    kind, size = module.integers, 1 << len(border).bit_length()
    name = module.array("double", [constant(float(v)) for v in [*border, *[np.inf] * (size - len(border))]])
    index = module.many("i64", "0")
    step = size // 2
    while step:
        further = body.do(f"add {kind} {index}, {module.many('i64', str(step))}")
        edge = _gather(body, name, body.do(f"sub {kind} {further}, {module.many('i64', '1')}"))
        passed = body.do(f"fcmp oge {module.vector} {held}, {edge}")
        index = body.do(f"select {module.truth} {passed}, {kind} {further}, {kind} {index}")
        step //= 2
    return index


def _gather(body: Body, name: str, index: str) -> str:
    """One value of a global array for each lane, from memory."""
    module = body.module
    if module.width == 1:
        return body.scalar(name, index)
    pointers = f"<{module.width} x ptr>"
    address = body.do(f"getelementptr inbounds double, ptr {name}, {module.integers} {index}")
    gather = f"@llvm.masked.gather.v{module.width}f64.v{module.width}p0"
    module.declare(f"declare {module.vector} {gather}({pointers}, i32, {module.truth}, {module.vector})")
    mask = f"{module.truth} {module.many('i1', 'true')}"
    return body.do(
        f"call {module.vector} {gather}({pointers} {address}, i32 8, {mask}, {module.vector} poison)"
    )


def _evenly_spaced(edges: NDArray[np.float64]) -> bool:
    """Whether the borders lie where equal spacing puts them, to rounding."""
    even = np.linspace(edges[0], edges[-1], len(edges))
    return bool((np.abs(edges - even) <= EVEN * np.abs(edges).max()).all())


def _exactly_even(edges: NDArray[np.float64]) -> bool:
    """Whether a point is found by one multiplication without error: spacing and edges must be exact in binary."""
    width = np.diff(edges)
    mantissa, _ = np.frexp(width[0])
    return bool(
        (width == width[0]).all()
        and mantissa == 0.5
        and (edges / width[0] == np.round(edges / width[0])).all()
    )


def _line(body: Body, table: LookupTable, segment: _Segment) -> tuple[str, str]:
    """Intercept and slope of each lane's segment."""
    _, intercept, slope = table.segments()
    if len(slope) == 1:
        return body.number(float(intercept[0])), body.number(float(slope[0]))
    if body.module.permute and body.module.width == 8 and len(slope) <= REGISTERS:
        index = segment.register
        if segment.bits == 32:
            index = body.do(f"sext <8 x i32> {index} to <8 x i64>")
        return _permuted(body, intercept, index), _permuted(body, slope, index)
    return _pairs(body, np.stack([intercept, slope], axis=1).ravel(), segment)


def _permuted(body: Body, values: NDArray[np.float64], index: str) -> str:
    """Up to 16 values by one permutation of one or two AVX-512 registers."""
    module = body.module
    vector, kind = module.vector, module.integers
    padded = [*values, *[0.0] * (REGISTERS - len(values))]
    name = module.array("double", [constant(float(v)) for v in padded])
    low = body.do(f"load {vector}, ptr {name}, align 64")
    if len(values) <= 8:
        module.declare(f"declare {vector} @llvm.x86.avx512.permvar.df.512({vector}, {kind})")
        return body.do(f"call {vector} @llvm.x86.avx512.permvar.df.512({vector} {low}, {kind} {index})")
    address = body.do(f"getelementptr inbounds double, ptr {name}, i64 8")
    high = body.do(f"load {vector}, ptr {address}, align 64")
    module.declare(f"declare {vector} @llvm.x86.avx512.vpermi2var.pd.512({vector}, {kind}, {vector})")
    pair = f"{vector} {low}, {kind} {index}, {vector} {high}"
    return body.do(f"call {vector} @llvm.x86.avx512.vpermi2var.pd.512({pair})")


def _pairs(body: Body, values: NDArray[np.float64], segment: _Segment) -> tuple[str, str]:
    """Intercepts and slopes from memory, where they stand in pairs: one read for each lane, then a transposition.

    On processors without AVX-512 that is quicker than two gathers, and than permuting registers of four.
    """
    module, width = body.module, body.module.width
    name = module.array("double", [constant(float(v)) for v in values])
    places = [body.do(f"getelementptr inbounds i8, ptr {name}, i64 {o}") for o in _offsets(body, segment)]
    if width == 1:
        slope = body.do(f"getelementptr inbounds i8, ptr {places[0]}, i64 8")
        return body.do(f"load double, ptr {places[0]}, align 16"), body.do(
            f"load double, ptr {slope}, align 8"
        )
    pairs = [body.do(f"load <2 x double>, ptr {place}, align 16") for place in places]
    even, odd = _joined(body, pairs[::2]), _joined(body, pairs[1::2])
    found = []
    for part in (0, 1):
        lanes = ", ".join(f"i32 {2 * (k // 2) + part + width * (k % 2)}" for k in range(width))
        found.append(
            body.do(f"shufflevector {module.vector} {even}, {module.vector} {odd}, <{width} x i32> <{lanes}>")
        )
    return found[0], found[1]


def _offsets(body: Body, segment: _Segment) -> list[str]:
    """Where each lane's pair begins, in bytes: scalars of 64 bits."""
    width, bits = body.module.width, segment.bits
    if width == 1:
        offset = body.do(f"shl i{bits} {segment.register}, 4")
        return [body.do(f"zext i32 {offset} to i64") if bits == 32 else offset]
    kind = f"<{width} x i{bits}>"
    offset = body.do(f"shl {kind} {segment.register}, {body.module.many(f'i{bits}', '4')}")
    if bits == 64:
        return [body.do(f"extractelement {kind} {offset}, i64 {lane}") for lane in range(width)]
    halves = f"<{width // 2} x i64>"  # two lanes leave the vector registers at once
    both, found = body.do(f"bitcast {kind} {offset} to {halves}"), []
    for half in range(width // 2):
        two = body.do(f"extractelement {halves} {both}, i64 {half}")
        found += [body.do(f"and i64 {two}, {2**32 - 1}"), body.do(f"lshr i64 {two}, 32")]
    return found


def _joined(body: Body, parts: list[str]) -> str:
    """Registers of two side by side in one."""
    size = 2
    while len(parts) > 1:
        kind, lanes = f"<{size} x double>", ", ".join(f"i32 {k}" for k in range(2 * size))
        parts = [
            body.do(f"shufflevector {kind} {a}, {kind} {b}, <{2 * size} x i32> <{lanes}>")
            for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
        size *= 2
    return parts[0]
