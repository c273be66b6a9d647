"""Statistics over the members of a batch, worked out as it runs, so that memory does not grow with the members.

Quantiles come from counts in 2,046 bins of even width, and two for what lies outside. A first part of the batch gives
the bounds: a little beyond the outermost quantiles that are asked for. A quantile is placed within its bin by linear
interpolation, so it is off by less than a bin's width. Where one falls outside the bounds, the batch is run once more.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError

BINS = 2048
PILOT = 1024  # members that the bounds come from
BEYOND = 0.05  # how far beyond the outermost shares the bounds lie, as a share of the pilot's members
MOMENTS = ("mean", "sd", "min", "max")

Array = NDArray[np.float64]
Part = Callable[[int, int], tuple[Array, NDArray[np.bool_]]]
"""Runs members ``first`` to ``last``: values of shape (output, member, time), and which of them failed."""


def check_statistics(statistics: Sequence[float | str]) -> None:
    """Refuse what is no statistic.

    Raises
    ------
    RunError
    """
    for item in statistics:
        if not (item in MOMENTS if isinstance(item, str) else 0 <= float(item) <= 1):
            raise RunError(
                f"'{item}' is no statistic over members",
                advice=f"give a share between 0 and 1 for a quantile, or one of {', '.join(MOMENTS)}",
            )


def over_members(
    part: Part, count: int, size: int, statistics: Sequence[float | str], threads: int
) -> tuple[Array, int]:
    """Run a batch in parts and keep statistics only.

    Parameters
    ----------
    part : callable
    count : int
        Members.
    size : int
        Members of a part. Sums are added part by part, so that they do not depend on the threads.
    statistics : sequence
        Quantiles as shares, and names of `MOMENTS`.
    threads : int

    Returns
    -------
    values : ndarray, shape (output, statistic, time)
        Of the members that did not fail.
    failed : int
        Members with a value that is not finite.

    Raises
    ------
    RunError
        When every member failed.
    """
    check_statistics(statistics)
    shares = sorted({float(item) for item in statistics if not isinstance(item, str)})
    pilot, failed = part(0, min(count, PILOT))
    low, high = _bounds(pilot[:, ~failed] if failed.any() else pilot, shares)
    del pilot
    found = _gather(part, count, size, low, high, threads, counting=bool(shares))
    if not found.members:
        raise RunError("every member of the batch failed", advice="run one member to see where")
    quantiles, outside = _quantiles(found, low, high, shares)
    if outside.any():
        low, high = np.where(outside, found.low, low), np.where(outside, _above(found.high), high)
        found = _gather(part, count, size, low, high, threads, counting=True)
        quantiles, _ = _quantiles(found, low, high, shares)
    moments = {
        "mean": found.mean,
        "sd": np.sqrt(found.squares / max(found.members - 1, 1)),
        "min": found.low,
        "max": found.high,
    }
    rows = [moments[s] if isinstance(s, str) else quantiles[shares.index(float(s))] for s in statistics]
    return np.stack(rows, axis=1), found.failed


@dataclass(slots=True)
class _Gathered:
    """Sums over members, each of shape (output, time); counts of shape (output, time, bin)."""

    members: int
    failed: int
    mean: Array
    squares: Array  # of deviations from the mean
    low: Array
    high: Array
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def _bounds(values: Array, shares: Sequence[float]) -> tuple[Array, Array]:
    """Lower and upper bounds of the bins, shape (output, time)."""
    if not values.shape[1] or not shares:
        shape = (values.shape[0], values.shape[2])
        return np.zeros(shape), np.ones(shape)
    reach = [max(0.0, min(shares) - BEYOND), min(1.0, max(shares) + BEYOND)]
    low, high = np.quantile(values, reach, axis=1)
    beyond = BEYOND * (high - low)
    return low - beyond, _above(np.maximum(high + beyond, low))


def _above(high: Array) -> Array:
    """A bound just above, so that bins have a width where all members are equal."""
    return high + 1e-12 * np.abs(high) + 1e-300


def _gather(
    part: Part, count: int, size: int, low: Array, high: Array, threads: int, counting: bool
) -> _Gathered:
    local, tables = threading.local(), list[NDArray[np.uint32]]()
    scale = (BINS - 2) / (high - low)

    def work(first: int) -> _Gathered:
        values, failed = part(first, min(first + size, count))
        if counting:
            if not hasattr(local, "counts"):
                local.counts = np.zeros((*low.shape, BINS), dtype=np.uint32)
                tables.append(local.counts)
            _count(values, failed, low, scale, local.counts)
        good = values[:, ~failed] if failed.any() else values
        if not good.shape[1]:
            return _Gathered(0, len(failed), low * 0, low * 0, low * 0 + np.inf, low * 0 - np.inf)
        mean = good.mean(axis=1)
        squares = ((good - mean[:, None]) ** 2).sum(axis=1)
        return _Gathered(good.shape[1], int(failed.sum()), mean, squares, good.min(axis=1), good.max(axis=1))

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(work, range(0, count, size)))
    total = functools.reduce(_together, parts)
    if counting:
        total.counts = np.sum(tables, axis=0, dtype=np.int64)
    return total


def _together(a: _Gathered, b: _Gathered) -> _Gathered:
    """Two parts as one (Chan, Golub and LeVeque, 1979, for the squares)."""
    members = a.members + b.members
    share = b.members / members if members else 0.0
    apart = b.mean - a.mean
    return _Gathered(
        members,
        a.failed + b.failed,
        a.mean + share * apart,
        a.squares + b.squares + share * a.members * apart**2,
        np.minimum(a.low, b.low),
        np.maximum(a.high, b.high),
    )


def _quantiles(
    found: _Gathered, low: Array, high: Array, shares: Sequence[float]
) -> tuple[Array, NDArray[np.bool_]]:
    """Quantiles, shape (share, output, time), and where one lies outside the bounds."""
    outside = np.zeros(low.shape, dtype=bool)
    result = np.empty((len(shares), *low.shape))
    if not shares:
        return result, outside
    below = found.counts.cumsum(axis=2)
    width = (high - low) / (BINS - 2)
    for k, share in enumerate(shares):
        rank = share * (found.members - 1) + 0.5  # members stand in the middle of their place in the row
        at = np.minimum((below < rank).sum(axis=2), BINS - 1)
        before = np.take_along_axis(below - found.counts, at[..., None], axis=2)[..., 0]
        inside = np.take_along_axis(found.counts, at[..., None], axis=2)[..., 0]
        place = (rank - before) / np.maximum(inside, 1)
        result[k] = np.clip(low + (at - 1 + place) * width, found.low, found.high)
        outside |= (at == 0) | (at == BINS - 1)
    return result, outside


def _count(
    values: Array, failed: NDArray[np.bool_], low: Array, scale: Array, counts: NDArray[np.uint32]
) -> None:
    """Add the values of the members that did not fail to the counts."""
    outputs, members, times = values.shape
    if values.strides[2] != 8:  # the loop runs along the instants of a member
        values = np.ascontiguousarray(values)
    skip = np.ascontiguousarray(failed, dtype=np.uint8)
    low, scale = np.ascontiguousarray(low), np.ascontiguousarray(scale)
    plane, row = values.strides[0] // 8, values.strides[1] // 8
    pointers = (values.ctypes.data, skip.ctypes.data, low.ctypes.data, scale.ctypes.data, counts.ctypes.data)
    _counter()(*pointers, outputs, members, times, plane, row)


@functools.cache
def _counter() -> Callable[..., None]:
    """The compiled loop of `_count`."""
    from sd_covid.engine.compile import Code
    from sd_covid.engine.llvm import Body, Module, constant

    body = Body(Module(1))
    with body.loop("%outputs") as k, body.loop("%members") as m:
        skip = body.do(f"load i8, ptr {body.do(f'getelementptr inbounds i8, ptr %skip, i64 {m}')}")
        with body.when(body.do(f"icmp eq i8 {skip}, 0")):
            at = body.do(f"add i64 {body.do(f'mul i64 {k}, %plane')}, {body.do(f'mul i64 {m}, %row')}")
            first = body.do(f"mul i64 {k}, %times")
            with body.loop("%times") as t:
                value = body.scalar("%values", body.do(f"add i64 {at}, {t}"))
                cell = body.do(f"add i64 {first}, {t}")
                away = body.do(f"fsub double {value}, {body.scalar('%low', cell)}")
                place = body.do(f"fmul double {away}, {body.scalar('%scale', cell)}")
                place = body.do(f"fadd double {place}, {constant(1.0)}")
                for predicate, bound in (("ogt", 0.0), ("olt", BINS - 1.0)):
                    keep = body.do(f"fcmp {predicate} double {place}, {constant(bound)}")
                    place = body.do(f"select i1 {keep}, double {place}, double {constant(bound)}")
                number = body.do(f"fptosi double {place} to i64")
                slot = body.do(f"add i64 {body.do(f'mul i64 {cell}, {BINS}')}, {number}")
                address = body.do(f"getelementptr inbounds i32, ptr %counts, i64 {slot}")
                one_more = body.do(f"add i32 {body.do(f'load i32, ptr {address}')}, 1")
                body.act(f"store i32 {one_more}, ptr {address}")
    body.act("ret void")
    names = ("values", "skip", "low", "scale", "counts")
    sizes = ("outputs", "members", "times", "plane", "row")
    formal = ", ".join([f"ptr noalias %{n}" for n in names] + [f"i64 %{n}" for n in sizes])
    code = Code(body.function(f"void @count({formal})", "#0") + "\nattributes #0 = { nounwind }\n")
    found = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, *[ctypes.c_int64] * 5)(code.address("count"))

    def call(*arguments: int) -> None:
        found(*arguments)
        code.address("count")  # the code lives as long as this function

    return call
