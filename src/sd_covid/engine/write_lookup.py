"""Writes lookups: hold x within the points, find the segment of each lane, read its intercept and slope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph import LookupTable
from sd_covid.engine.llvm import Body, constant

MANY = 24  # segments beyond which a search takes fewer operations than counting the borders passed


def write_lookup(body: Body, kind: str, table: LookupTable, x: str) -> str:
    """A table at x: hold x within the points, find the segment, read its intercept and slope."""
    module = body.module
    vector, truth = module.vector, module.truth
    first, last = body.number(table.x[0]), body.number(table.x[-1])
    low = body.do(f"fcmp olt {vector} {x}, {first}")  # ordered: NaN passes through to the result
    held = body.do(f"select {truth} {low}, {vector} {first}, {vector} {x}")
    high = body.do(f"fcmp ogt {vector} {held}, {last}")
    held = body.do(f"select {truth} {high}, {vector} {last}, {vector} {held}")
    intercepts, slopes, count = module.table(table)
    segment = _segment(body, table, held)
    slope = _pick(body, slopes, count, segment)
    if kind == "lookup slope":
        above = body.do(f"fcmp ogt {vector} {x}, {first}")
        below = body.do(f"fcmp olt {vector} {x}, {last}")
        inside = body.do(f"and {truth} {above}, {below}")
        return body.do(f"select {truth} {inside}, {vector} {slope}, {vector} {body.number(0.0)}")
    rise = body.arithmetic("fmul", slope, held)
    return body.arithmetic("fadd", _pick(body, intercepts, count, segment), rise)


def _segment(body: Body, table: LookupTable, held: str) -> str:
    """The segment of each lane: by division where the points are evenly spaced, else by counting borders passed."""
    module = body.module
    kind, truth = module.integers, module.truth
    border, _, slope = table.segments()
    many = len(slope)
    if many == 1:
        return module.many("i64", "0")
    edges = np.array([table.x[0], *border, table.x[-1]])
    if _evenly_spaced(edges) and many > 2:
        away = body.do(f"fsub {module.vector} {held}, {body.number(edges[0])}")
        share = body.do(f"fmul {module.vector} {away}, {body.number(1.0 / (edges[1] - edges[0]))}")
        last = body.number(float(many - 1))
        below = body.do(
            f"fcmp olt {module.vector} {share}, {last}"
        )  # not for NaN: its index must be valid too
        share = body.do(f"select {truth} {below}, {module.vector} {share}, {module.vector} {last}")
        short = kind.replace("i64", "i32")  # processors without AVX-512 convert to 32 bits only
        return body.do(f"sext {short} {body.do(f'fptosi {module.vector} {share} to {short}')} to {kind}")
    if many > MANY:
        return _search(body, border, held)
    index = module.many("i64", "0")
    for edge in border:
        passed = body.do(f"fcmp oge {module.vector} {held}, {body.number(float(edge))}")
        one = body.do(f"sext {truth} {passed} to {kind}")  # a mask is -1
        index = body.do(f"sub {kind} {index}, {one}")
    return index


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


def _evenly_spaced(edges: NDArray[np.float64]) -> bool:
    """Whether a point is found by one multiplication without error: spacing and edges must be exact in binary."""
    width = np.diff(edges)
    mantissa, _ = np.frexp(width[0])
    return bool(
        (width == width[0]).all()
        and mantissa == 0.5
        and (edges / width[0] == np.round(edges / width[0])).all()
    )


def _pick(body: Body, name: str, count: int, index: str) -> str:
    """One value of a global array for each lane."""
    module = body.module
    if module.permute == module.width == 8 and count <= 16:
        return _permute(body, name, count, index)
    if module.permute == module.width == 4 and count <= 16:
        return _permute_pairs(body, name, count, index)
    return _gather(body, name, index)


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


def _permute(body: Body, name: str, count: int, index: str) -> str:
    """Up to 16 values by one permutation of one or two AVX-512 registers."""
    module = body.module
    vector, kind = module.vector, module.integers
    low = body.do(f"load {vector}, ptr {name}, align 64")
    if count <= 8:
        module.declare(f"declare {vector} @llvm.x86.avx512.permvar.df.512({vector}, {kind})")
        return body.do(f"call {vector} @llvm.x86.avx512.permvar.df.512({vector} {low}, {kind} {index})")
    address = body.do(f"getelementptr inbounds double, ptr {name}, i64 8")
    high = body.do(f"load {vector}, ptr {address}, align 64")
    module.declare(f"declare {vector} @llvm.x86.avx512.vpermi2var.pd.512({vector}, {kind}, {vector})")
    pair = f"{vector} {low}, {kind} {index}, {vector} {high}"
    return body.do(f"call {vector} @llvm.x86.avx512.vpermi2var.pd.512({pair})")


def _permute_pairs(body: Body, name: str, count: int, index: str) -> str:
    """Up to 16 values, four to an AVX2 register, which permutes halves of doubles: value k is halves 2k and 2k + 1."""
    vector, halves = "<4 x double>", "<8 x i32>"
    body.module.declare("declare <8 x float> @llvm.x86.avx2.permps(<8 x float>, <8 x i32>)")
    low = body.do(f"shl <4 x i64> {index}, {body.module.many('i64', '1')}")
    odd = body.do(f"or <4 x i64> {low}, {body.module.many('i64', '1')}")
    high = body.do(f"shl <4 x i64> {odd}, {body.module.many('i64', '32')}")
    where = body.do(f"bitcast <4 x i64> {body.do(f'or <4 x i64> {low}, {high}')} to {halves}")
    found = ""
    for first in range(0, count, 4):  # the instruction looks at three bits of an index: k modulo 4
        address = body.do(f"getelementptr inbounds double, ptr {name}, i64 {first}")
        four = body.do(f"load <8 x float>, ptr {address}, align 32")
        taken = body.do(f"call <8 x float> @llvm.x86.avx2.permps(<8 x float> {four}, {halves} {where})")
        value = body.do(f"bitcast <8 x float> {taken} to {vector}")
        if first:
            beyond = body.do(f"icmp sge <4 x i64> {index}, {body.module.many('i64', str(first))}")
            value = body.do(f"select <4 x i1> {beyond}, {vector} {value}, {vector} {found}")
        found = value
    return found
