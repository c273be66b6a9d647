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

from sd_covid.engine.llvm.text import Body
from sd_covid.errors import RunError

BINS = 2048
LANES = 4  # instants at a time: the counts of more would not fit the nearest cache
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
    shares = shares_of(statistics)
    pilot, failed = part(0, min(count, PILOT))
    bins = bins_of(pilot, failed, shares)
    del pilot
    found = _gather(part, count, size, bins, threads, counting=bool(shares))
    if not found.members:
        raise RunError("every member of the batch failed", advice="run one member to see where")
    wider = wider_bins(found, bins, shares)
    if wider is not None:
        bins, found = wider, _gather(part, count, size, wider, threads, counting=True)
    return statistics_of(found, bins, statistics), found.failed


def shares_of(statistics: Sequence[float | str]) -> list[float]:
    """The quantiles among statistics, in order."""
    return sorted({float(item) for item in statistics if not isinstance(item, str)})


@dataclass(frozen=True, slots=True)
class Bins:
    """What values are compared with, each of shape (output, time).

    Attributes
    ----------
    low, high : ndarray
        Bounds of the bins.
    middle : ndarray
        About the mean: sums of squares of what lies near zero lose nothing.
    """

    low: Array
    high: Array
    middle: Array


@dataclass(slots=True)
class Gathered:
    """Sums over members, each of shape (output, time); counts of shape (output, time, bin).

    Attributes
    ----------
    members, failed : int
        Those that are in the sums, and those left out.
    mean : ndarray
    squares : ndarray
        Sum of squares of deviations from the mean.
    low, high : ndarray
    counts : ndarray of uint32
    """

    members: int
    failed: int
    mean: Array
    squares: Array
    low: Array
    high: Array
    counts: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, dtype=np.uint32))


def bins_of(pilot: Array, failed: NDArray[np.bool_], shares: Sequence[float]) -> Bins:
    """Bins for a batch, from a first part of it.

    Parameters
    ----------
    pilot : ndarray, shape (output, member, time)
    failed : ndarray of bool, shape (member,)
        Members that are left out.
    shares : sequence of float
        Quantiles that are asked for.
    """
    values = pilot[:, ~failed] if failed.any() else pilot
    if not values.shape[1]:
        shape = (values.shape[0], values.shape[2])
        return Bins(np.zeros(shape), np.ones(shape), np.zeros(shape))
    middle = values.mean(axis=1)
    if not shares:
        return Bins(np.zeros_like(middle), np.ones_like(middle), middle)
    reach = [max(0.0, min(shares) - BEYOND), min(1.0, max(shares) + BEYOND)]
    low, high = np.quantile(values, reach, axis=1)
    beyond = BEYOND * (high - low)
    return Bins(low - beyond, _above(np.maximum(high + beyond, low)), middle)


def wider_bins(found: Gathered, bins: Bins, shares: Sequence[float]) -> Bins | None:
    """Bins that hold the quantiles for sure, where these do not; None where they do, or where every member failed."""
    if not found.members:
        return None
    outside = _quantiles(found, bins, shares)[1]
    if not outside.any():
        return None
    low, high = np.where(outside, found.low, bins.low), np.where(outside, _above(found.high), bins.high)
    return Bins(low, high, bins.middle)


def statistics_of(found: Gathered, bins: Bins, statistics: Sequence[float | str]) -> Array:
    """Statistics of what was gathered, shape (output, statistic, time)."""
    shares = shares_of(statistics)
    quantiles, _ = _quantiles(found, bins, shares)
    moments = {
        "mean": found.mean,
        "sd": np.sqrt(found.squares / max(found.members - 1, 1)),
        "min": found.low,
        "max": found.high,
    }
    rows = [moments[s] if isinstance(s, str) else quantiles[shares.index(float(s))] for s in statistics]
    return np.stack(rows, axis=1)


def _above(high: Array) -> Array:
    """A bound just above, so that bins have a width where all members are equal."""
    return high + 1e-12 * np.abs(high) + 1e-300


def _gather(part: Part, count: int, size: int, bins: Bins, threads: int, counting: bool) -> Gathered:
    local, tables = threading.local(), list[NDArray[np.uint32]]()

    def work(first: int) -> Gathered:
        values, failed = part(first, min(first + size, count))
        if counting and not hasattr(local, "counts"):
            local.counts = np.zeros((*bins.low.shape, BINS), dtype=np.uint32)
            tables.append(local.counts)
        return add_up(values, failed, bins, local.counts if counting else None)

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(work, range(0, count, size)))
    total = functools.reduce(together, parts)
    if counting:
        for table in tables[1:]:
            tables[0] += table
        total.counts = tables[0]
    return total


def together(a: Gathered, b: Gathered) -> Gathered:
    """Two parts as one, without counts (Chan, Golub and LeVeque, 1979, for the squares)."""
    members = a.members + b.members
    share = b.members / members if members else 0.0
    apart = b.mean - a.mean
    return Gathered(
        members,
        a.failed + b.failed,
        a.mean + share * apart,
        a.squares + b.squares + share * a.members * apart**2,
        np.minimum(a.low, b.low),
        np.maximum(a.high, b.high),
    )


def _quantiles(found: Gathered, bins: Bins, shares: Sequence[float]) -> tuple[Array, NDArray[np.bool_]]:
    """Quantiles, shape (share, output, time), and where one lies outside the bounds."""
    low, high = bins.low, bins.high
    outside = np.zeros(low.shape, dtype=bool)
    result = np.empty((len(shares), *low.shape))
    for output, counts in enumerate(found.counts if shares else ()):
        below = counts.cumsum(axis=1, dtype=np.int64)
        width = (high[output] - low[output]) / (BINS - 2)
        for k, share in enumerate(shares):
            rank = share * (found.members - 1) + 0.5  # members stand in the middle of their place in the row
            at = np.minimum((below < rank).sum(axis=1), BINS - 1)[:, None]
            inside = np.take_along_axis(counts, at, axis=1)[:, 0]
            before = np.take_along_axis(below, at, axis=1)[:, 0] - inside
            place = at[:, 0] - 1 + (rank - before) / np.maximum(inside, 1)
            result[k, output] = np.clip(low[output] + place * width, found.low[output], found.high[output])
            outside[output] |= (at[:, 0] == 0) | (at[:, 0] == BINS - 1)
    return result, outside


def add_up(
    values: Array, failed: NDArray[np.bool_], bins: Bins, counts: NDArray[np.uint32] | None
) -> Gathered:
    """Sums over the members of a part that did not fail.

    Parameters
    ----------
    values : ndarray, shape (output, member, time)
    failed : ndarray of bool, shape (member,)
        Members that are left out.
    bins : Bins
    counts : ndarray of uint32, shape (output, time, bin), or None
        To which their values are added.

    Returns
    -------
    Gathered
        Without counts.
    """
    if values.strides[2] != 8:  # the loop reads instants of a member side by side
        values = np.ascontiguousarray(values)
    outputs, members, times = values.shape
    skip = np.ascontiguousarray(failed, dtype=np.uint8)
    scale = (BINS - 2) / (bins.high - bins.low)
    compared = [np.ascontiguousarray(array) for array in (bins.low, scale, bins.middle)]
    sums = np.zeros((2, outputs, times))
    low, high = np.full((outputs, times), np.inf), np.full((outputs, times), -np.inf)
    arrays = (skip, *compared, *sums, low, high)
    table = None if counts is None else counts.ctypes.data
    sizes = (outputs, members, times, values.strides[0] // 8, values.strides[1] // 8)
    even = times // LANES * LANES
    for width, first, last in ((LANES, 0, even), (1, even, times)):
        _adder(width)(values.ctypes.data, *(a.ctypes.data for a in arrays), table, *sizes, first, last)
    good = members - int(failed.sum())
    away = sums[0] / max(good, 1)
    return Gathered(good, members - good, bins.middle + away, sums[1] - good * away**2, low, high)


@functools.cache
def _adder(width: int) -> Callable[..., None]:
    """The compiled loop of `add_up`, for so many instants at a time.

    All members are taken before the next few instants: the counts of these then stay in the nearest cache.
    """
    from sd_covid.engine.llvm.text import Module
    from sd_covid.engine.run.compile import Code, target
    from sd_covid.engine.run.kernel import ATTRIBUTES

    module = Module(width, fused=target().fused)
    body = Body(module)
    length = body.do("sub i64 %last, %first")
    blocks = body.do(f"sdiv i64 {length}, {width}")
    with body.loop("%outputs") as k, body.loop(blocks) as b:
        time = body.do(f"add i64 {body.do(f'mul i64 {b}, {width}')}, %first")
        cell = body.do(f"add i64 {body.do(f'mul i64 {k}, %times')}, {time}")
        low, scale, middle = (_read(body, name, cell) for name in ("low", "scale", "middle"))
        start = body.do(f"add i64 {body.do(f'mul i64 {k}, %plane')}, {time}")
        held = {name: body.hold(_read(body, name, cell)) for name in _SUMS}
        with body.loop("%members") as m:
            skip = body.do(f"load i8, ptr {body.do(f'getelementptr inbounds i8, ptr %skip, i64 {m}')}")
            with body.when(body.do(f"icmp eq i8 {skip}, 0")):
                value = _read(body, "values", body.do(f"add i64 {body.do(f'mul i64 {m}, %row')}, {start}"))
                _write_sums(body, held, value, middle)
                with body.when(body.do("icmp ne ptr %counts, null")):
                    _write_count(body, cell, value, low, scale)
        for name, place in held.items():
            result = body.do(f"load {module.vector}, ptr {place}")
            body.act(f"store {module.vector} {result}, ptr {_address(body, name, cell)}, align 8")
    body.act("ret void")
    formal = ", ".join([f"ptr noalias %{n}" for n in _ARRAYS] + [f"i64 %{n}" for n in _SIZES])
    module.functions.append(body.function(f"void @add({formal})", "#0"))
    code = Code(module.text(ATTRIBUTES))
    pointers, numbers = [ctypes.c_void_p] * len(_ARRAYS), [ctypes.c_int64] * len(_SIZES)
    found = ctypes.CFUNCTYPE(None, *pointers, *numbers)(code.address("add"))

    def call(*arguments: int | None) -> None:
        found(*arguments)
        code.address("add")  # the code lives as long as this function

    return call


_SUMS = ("sum", "squares", "least", "most")
_ARRAYS = ("values", "skip", "low", "scale", "middle", *_SUMS, "counts")
_SIZES = ("outputs", "members", "times", "plane", "row", "first", "last")


def _address(body: Body, name: str, number: str) -> str:
    return body.do(f"getelementptr inbounds double, ptr %{name}, i64 {number}")


def _read(body: Body, name: str, number: str) -> str:
    return body.do(f"load {body.module.vector}, ptr {_address(body, name, number)}, align 8")


def _write_sums(body: Body, held: dict[str, str], value: str, middle: str) -> None:
    """Sums, sums of squares, least and most of some instants' values."""
    vector, truth = body.module.vector, body.module.truth
    old = {name: body.do(f"load {vector}, ptr {place}") for name, place in held.items()}
    away = body.arithmetic("fsub", value, middle)
    new = {
        "sum": body.arithmetic("fadd", old["sum"], away),
        "squares": body.multiply_add(away, away, old["squares"]),
    }
    for name, predicate in (("least", "olt"), ("most", "ogt")):
        beyond = body.do(f"fcmp {predicate} {vector} {value}, {old[name]}")
        new[name] = body.do(f"select {truth} {beyond}, {vector} {value}, {vector} {old[name]}")
    for name, result in new.items():
        body.act(f"store {vector} {result}, ptr {held[name]}")


def _write_count(body: Body, cell: str, value: str, low: str, scale: str) -> None:
    """One more in the bin of each instant's value."""
    module = body.module
    place = body.arithmetic("fmul", body.arithmetic("fsub", value, low), scale)
    place = body.arithmetic("fadd", place, body.number(1.0))
    for predicate, bound in (("ogt", 0.0), ("olt", BINS - 1.0)):
        keep = body.do(f"fcmp {predicate} {module.vector} {place}, {body.number(bound)}")
        chosen = f"{module.vector} {place}, {module.vector} {body.number(bound)}"
        place = body.do(f"select {module.truth} {keep}, {chosen}")
    short = module.integers.replace("i64", "i32")
    numbers = body.do(f"fptosi {module.vector} {place} to {short}")
    for lane in range(module.width):
        number = body.do(f"sext i32 {body.lane(numbers, lane, 'i32')} to i64")
        table = body.do(f"mul i64 {body.do(f'add i64 {cell}, {lane}')}, {BINS}")
        slot = body.do(f"add i64 {table}, {number}")
        address = body.do(f"getelementptr inbounds i32, ptr %counts, i64 {slot}")
        one_more = body.do(f"add i32 {body.do(f'load i32, ptr {address}, align 4')}, 1")
        body.act(f"store i32 {one_more}, ptr {address}, align 4")
