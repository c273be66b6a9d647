"""From when on a parameter can change anything, proven on the graphs of a program.

Values are followed as intervals, for all parameters of a box at once and at every instant of the grid; states are
unknown. Where the interval of an operation is one point it depends on nothing, and where a condition is sure only the
branch that is taken counts (Moore, Kearfott & Cloud 2009, Introduction to Interval Analysis). What is unknown may be
anything, but is taken to be finite: a run in which something is infinite or no number has failed already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import TRUTHS
from sd_covid.engine.graph.program import Program, Update
from sd_covid.engine.time.scheme import SCHEMES
from sd_covid.engine.time.timegrid import TimeGrid, sample_drivers

Array = NDArray[Any]
_NEAR = 1e-14  # share by which exponentials and the like of another library may differ


@dataclass(frozen=True, slots=True)
class _Span:
    """What a node can be and on what it depends, at each instant or at all.

    Attributes
    ----------
    low, high : ndarray, shape (instant,) or (1,)
        Without finite ends it can be anything.
    moved : ndarray of bool, shape (parameter asked, instant or 1)
    """

    low: Array
    high: Array
    moved: Array

    @property
    def sure(self) -> Array:
        """Where it is one value."""
        return np.equal(self.low, self.high)

    @property
    def known(self) -> Array:
        """Where its ends are finite."""
        return np.isfinite(self.low) & np.isfinite(self.high)


def first_effects(
    program: Program, outputs: Sequence[int], grid: TimeGrid, box: Array, asked: Sequence[int]
) -> list[int]:
    """The first step at which each parameter can change an output or a state.

    Parameters
    ----------
    program : Program
        Without moving time bounds.
    outputs : sequence of int
        Nodes of the step graph.
    grid : TimeGrid
    box : ndarray, shape (2, parameter)
        The lowest and highest value of each parameter; NaN for one that can be anything.
    asked : sequence of int
        Parameters.

    Returns
    -------
    list of int
        ``grid.steps + 1`` for one that changes nothing. Each is sound as long as all parameters are within the box.
    """
    none = np.zeros((len(asked), 1), dtype=bool)
    places = {parameter: k for k, parameter in enumerate(asked)}

    def parameter(_: str, number: int) -> _Span:
        moved = none.copy()
        if number in places:
            moved[places[number]] = True
        return _Span(box[:1, number], box[1:, number], moved)

    rings = [s.steps for s in program.states if s.update is Update.RING]
    begun = [*(s.initial for s in program.states), *rings]
    initial = _follow(program.init, [*program.constants, *begun], parameter, none)
    scheme = SCHEMES[program.method]
    each = scheme.per_step
    time = grid.samples(program.method)
    rows = sample_drivers(program, grid)

    def leaf(kind: str, number: int) -> _Span:
        if kind == "constant":
            return initial[program.constants[number]]
        if kind == "time":
            return _Span(time, time, none)
        if kind == "driver":
            return _Span(rows[number], rows[number], none)
        return _anything(none)

    ends = [*(s.next for s in program.states), *outputs]
    found = _follow(program.step, ends, leaf, none)
    touched = np.zeros((len(asked), len(time)), dtype=bool)
    for node in dict.fromkeys(ends):
        touched |= found[node].moved
    for node in dict.fromkeys(begun):
        touched |= initial[node].moved
    first = np.where(touched.any(axis=1), touched.argmax(axis=1), each * (grid.steps + 1))
    back = 1 in scheme.reaches  # a step looks at the instant of the next one too
    return [int(max((instant - back) // each, 0)) for instant in first]


def _anything(none: Array) -> _Span:
    return _Span(np.array([-np.inf]), np.array([np.inf]), none)


def _follow(
    graph: Graph, ends: Sequence[int], leaf: Callable[[str, int], _Span], none: Array
) -> dict[int, _Span]:
    """The spans of some nodes and of all that they need."""
    spans: dict[int, _Span] = {}
    with np.errstate(all="ignore"):
        for node in graph.order(ends):
            kind, *rest = graph.nodes[node]
            arguments = [spans[a] for a in graph.operands[node]]
            if kind == "number":
                value = np.array([float(rest[0])])
                spans[node] = _Span(value, value, none)
            elif not arguments:
                spans[node] = leaf(kind, int(rest[0]))
            elif kind == "select":
                spans[node] = _select(*arguments)
            else:
                low, high = _ends(graph, kind, rest, arguments)
                spans[node] = _Span(low, high, _moved(kind, arguments) & (low != high))
    return spans


def _select(condition: _Span, yes: _Span, no: _Span) -> _Span:
    always, never = condition.low > 0, condition.high == 0
    low = np.where(always, yes.low, np.where(never, no.low, np.minimum(yes.low, no.low)))
    high = np.where(always, yes.high, np.where(never, no.high, np.maximum(yes.high, no.high)))
    moved = condition.moved | (yes.moved & ~never) | (no.moved & ~always)
    return _Span(low, high, moved & (low != high))


def _moved(kind: str, arguments: list[_Span]) -> Array:
    """What an operation depends on, as far as its interval does not tell."""
    first, *others = arguments
    if kind == "fma":  # of a product with nothing only what is added is left
        a, b, c = arguments
        return np.logical_or((a.moved | b.moved) & ~(_nothing(a) | _nothing(b)), c.moved)
    if kind in ("min", "max"):
        (other,) = others
        known = first.known & other.known
        below, above = known & (first.high <= other.low), known & (first.low >= other.high)
        if kind == "max":
            below, above = above, below
        return (first.moved & ~above) | (other.moved & ~below)
    moved = first.moved
    for other in others:
        moved = moved | other.moved
    return moved


def _nothing(span: _Span) -> Array:
    return span.sure & np.equal(span.low, 0.0)


def _ends(graph: Graph, kind: str, rest: list[Any], arguments: list[_Span]) -> tuple[Array, Array]:
    """The interval of an operation, infinite where it is not known."""
    known = arguments[0].known
    for other in arguments[1:]:
        known = known & other.known
    if kind in TRUTHS:
        low, high = _truth(kind, arguments)
        return np.where(known, low, 0.0), np.where(known, high, 1.0)
    if kind == "lookup":
        (x,) = arguments
        table = graph.tables[int(rest[0])]
        value = table.value(np.where(known, x.low, 0.0))
        low, high = np.where(x.sure, value, min(table.y)), np.where(x.sure, value, max(table.y))
    elif kind in _BOUNDS:
        low, high = _BOUNDS[kind](*((span.low, span.high) for span in arguments))
    else:
        known = known & False
        low = high = np.zeros(1)
    known = known & np.isfinite(low) & np.isfinite(high)
    if kind == "mul":  # whatever the other is
        known = known | _nothing(arguments[0]) | _nothing(arguments[1])
        low, high = np.nan_to_num(low), np.nan_to_num(high)
    if kind == "fma":
        a, b, c = arguments
        left = (_nothing(a) | _nothing(b)) & c.known
        known, low, high = known | left, np.where(left, c.low, low), np.where(left, c.high, high)
    return np.where(known, low, -np.inf), np.where(known, high, np.inf)


def _truth(kind: str, arguments: list[_Span]) -> tuple[Array, Array]:
    """Whether something is surely true, and whether it can be."""
    a = arguments[0]
    if kind == "not":
        return 1.0 - a.high, 1.0 - a.low
    b = arguments[1]
    if kind in ("gt", "ge"):
        kind, a, b = {"gt": "lt", "ge": "le"}[kind], b, a
    surely, possibly = _HOLDS[kind](a, b)
    return surely.astype(float), possibly.astype(float)


def _apart(a: _Span, b: _Span) -> Array:
    return np.logical_or(a.high < b.low, b.high < a.low)


def _same(a: _Span, b: _Span) -> Array:
    return a.sure & b.sure & np.equal(a.low, b.low)


_HOLDS: dict[str, Callable[[_Span, _Span], tuple[Array, Array]]] = {
    "lt": lambda a, b: (np.less(a.high, b.low), np.less(a.low, b.high)),
    "le": lambda a, b: (np.less_equal(a.high, b.low), np.less_equal(a.low, b.high)),
    "eq": lambda a, b: (_same(a, b), ~_apart(a, b)),
    "ne": lambda a, b: (_apart(a, b), ~_same(a, b)),
    "and": lambda a, b: (np.minimum(a.low, b.low), np.minimum(a.high, b.high)),
    "or": lambda a, b: (np.maximum(a.low, b.low), np.maximum(a.high, b.high)),
}

_Pair = tuple[Array, Array]


def _of_corners(operation: Callable[[Array, Array], Array]) -> Callable[[_Pair, _Pair], _Pair]:
    def bounds(a: _Pair, b: _Pair) -> _Pair:
        corners = [operation(x, y) for x in a for y in b]
        return np.minimum.reduce(np.broadcast_arrays(*corners)), np.maximum.reduce(
            np.broadcast_arrays(*corners)
        )

    return bounds


def _quotient(a: _Pair, b: _Pair) -> _Pair:
    low, high = _of_corners(np.divide)(a, b)
    apart = (b[0] > 0) | (b[1] < 0)
    return np.where(apart, low, np.nan), np.where(apart, high, np.nan)


def _magnitude(a: _Pair) -> _Pair:
    ends = np.abs(a[0]), np.abs(a[1])
    return np.where((a[0] <= 0) & (a[1] >= 0), 0.0, np.minimum(*ends)), np.maximum(*ends)


def _rising(function: Callable[[Array], Array]) -> Callable[[_Pair], _Pair]:
    """Of a function that rises, as another library may round it."""

    def bounds(a: _Pair) -> _Pair:
        low, high = function(a[0]), function(a[1])
        return low - _NEAR * np.abs(low), high + _NEAR * np.abs(high)

    return bounds


_product = _of_corners(np.multiply)
_BOUNDS: dict[str, Callable[..., _Pair]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "neg": lambda a: (-a[1], -a[0]),
    "mul": _product,
    "fma": lambda a, b, c: tuple(p + q for p, q in zip(_product(a, b), c, strict=True)),
    "div": _quotient,
    "min": lambda a, b: (np.minimum(a[0], b[0]), np.minimum(a[1], b[1])),
    "max": lambda a, b: (np.maximum(a[0], b[0]), np.maximum(a[1], b[1])),
    "abs": _magnitude,
    "trunc": lambda a: (np.trunc(a[0]), np.trunc(a[1])),
    "sqrt": _rising(np.sqrt),
    "exp": _rising(np.exp),
    "ln": _rising(np.log),
}
