"""Allocation of a scarce quantity: ALLOCATE AVAILABLE, ALLOCATE BY PRIORITY, and markets.

Every requester has a curve: the part of its request that it still gets at a price. The price is where what all get is
what there is. It is found by halving an interval with curves read from tables, then by Newton's method with the curves
themselves; the last of Newton's steps also carries the exact derivative of the price.

Curves, with z = (price - priority) / width (Vensim's manual, "Specifying the curves"): 0 all of it at any price;
1 rectangular, from z = -1/2 to 1/2; 2 triangular, likewise; 3 normal, width its standard deviation; 4 exponential,
exp(-|z|) / 2 from either end; 5 constant elasticity, 1 up to the price (1 - width) priority, then
(price / that price) ^ -extra. Add 10 for whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sd_covid.engine.functions.elementary import Lower, fold
from sd_covid.engine.functions.memory import by_default
from sd_covid.engine.functions.slots import counted
from sd_covid.engine.functions.special import normal_cdf
from sd_covid.engine.graph.graph import LookupTable
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import Axis, along, at_cell, axis_of, from_element
from sd_covid.model.expression import Call, Expression, Reference
from sd_covid.model.names import key

HALVINGS = 26  # of a range of prices, to 1e-8 of it
STEPS = 3  # of Newton's method: each doubles the three digits that the tables give
KINDS = 6
MAX_ASKING = 10_000
REACH = (
    0.0,
    0.5,
    0.5,
    8.5,
    37.0,
    0.0,
)  # in widths: how far from its middle a curve of each kind still changes


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity, the four numbers of its priority profile, and the kinds that it may be of."""

    quantity: int
    kind: int
    priority: int
    width: int
    extra: int
    kinds: tuple[int, ...]


def _z_table(kind: int) -> LookupTable:
    """The part at z, as a table: 1 on the left, 0 on the right."""
    z = {2: np.linspace(-0.5, 0.5, 41), 3: np.linspace(-8.5, 8.5, 171), 4: _spread(37.0)}[kind]
    if kind == 3:
        return LookupTable(tuple(map(float, z)), tuple(0.5 * math.erfc(x * math.sqrt(0.5)) for x in z))
    tail = 2 * (0.5 - np.abs(z)) ** 2 if kind == 2 else 0.5 * np.exp(-np.abs(z))
    return LookupTable(tuple(map(float, z)), tuple(map(float, np.where(z < 0, 1 - tail, tail))))


def _spread(reach: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    half = np.concatenate([np.linspace(0, 4, 41), np.linspace(4, reach, 67)[1:]])
    return np.concatenate([-half[:0:-1], half])


class Market:
    """Curves, and what they say at a price."""

    def __init__(self, here: Context, demand: list[Curve], supply: list[Curve]) -> None:
        self.here, self.demand, self.supply = here, demand, supply
        kinds = {kind for curve in (*demand, *supply) for kind in curve.kinds}
        self.tables = {kind: _z_table(kind) for kind in kinds if kind in (2, 3, 4)}

    def z(self, curve: Curve, price: int) -> int:
        """Where a price lies on a curve, in widths from its middle."""
        here = self.here
        return here.add("div", here.add("sub", price, curve.priority), curve.width)

    def part(self, curve: Curve, price: int, kind: int, exact: bool) -> int:
        """The part of its request that a curve of a kind gets at a price."""
        here, add, number = self.here, self.here.add, self.here.number
        z = self.z(curve, price)
        if kind in self.tables and not exact:
            return here.look_up(self.tables[kind], z)
        low, high = number(-0.5), number(0.5)
        match kind:
            case 0:
                return number(1.0)
            case 1:
                return add("max", number(0.0), add("min", number(1.0), add("sub", high, z)))
            case 2:
                held = add("max", low, add("min", high, z))
                upper, lower = add("add", held, high), add("sub", high, held)
                rising = add("sub", number(1.0), add("mul", number(2.0), add("mul", upper, upper)))
                falling = add("mul", number(2.0), add("mul", lower, lower))
                return add("select", add("lt", held, number(0.0)), rising, falling)
            case 3:
                return normal_cdf(here, add("neg", z))
            case 4:
                tail = add("mul", high, add("exp", add("neg", add("abs", z))))
                return add("select", add("lt", z, number(0.0)), add("sub", number(1.0), tail), tail)
            case _:
                knee = add("mul", curve.priority, add("sub", number(1.0), curve.width))
                ratio = add("max", number(1.0), add("div", price, knee))
                return add("pow", ratio, add("neg", curve.extra))

    def slope(self, curve: Curve, price: int, kind: int) -> int:
        """The derivative of the part by the price, never positive."""
        add, number = self.here.add, self.here.number
        z = self.z(curve, price)
        inverse = add("div", number(-1.0), curve.width)
        size = add("abs", z)
        match kind:
            case 0:
                return number(0.0)
            case 1:
                found = add("select", add("lt", size, number(0.5)), number(1.0), number(0.0))
            case 2:
                found = add("max", number(0.0), add("sub", number(2.0), add("mul", number(4.0), size)))
            case 3:
                bell = add("exp", add("mul", number(-0.5), add("mul", z, z)))
                found = add("mul", number(1 / math.sqrt(2 * math.pi)), bell)
            case 4:
                found = add("mul", number(0.5), add("exp", add("neg", size)))
            case _:
                part = self.part(curve, price, kind, True)
                falls = add("lt", part, number(1.0))
                steep = add("div", add("mul", add("neg", curve.extra), part), price)
                return add("select", falls, steep, number(0.0))
        return add("mul", inverse, found)

    def chosen(self, curve: Curve, make: Callable[[Curve, int], int]) -> int:
        """One of the kinds, by the curve's own."""
        if len(curve.kinds) == 1:
            return make(curve, curve.kinds[0])
        modulo = _without_ten(self.here, curve.kind)
        found = self.here.number(math.nan)
        for kind in curve.kinds:
            same = self.here.add("eq", modulo, self.here.number(float(kind)))
            found = self.here.add("select", same, make(curve, kind), found)
        return found

    def quantity(self, curve: Curve, price: int, exact: bool = True, supply: bool = False) -> int:
        """What a curve gets, or gives, at a price."""
        part = self.chosen(curve, lambda c, kind: self.part(c, price, kind, exact))
        if supply:
            part = self.here.add("sub", self.here.number(1.0), part)
        return self.here.add("mul", curve.quantity, part)

    def excess(self, price: int, available: int | None, exact: bool) -> int:
        """What is asked for beyond what there is, falling with the price."""
        asked = fold(self.here, "add", [self.quantity(c, price, exact) for c in self.demand])
        offered = [self.quantity(c, price, exact, supply=True) for c in self.supply]
        there = fold(self.here, "add", offered) if available is None else available
        return self.here.add("sub", asked, there)

    def steepness(self, price: int) -> int:
        """How fast the excess falls with the price."""
        terms = []
        for curve in (*self.demand, *self.supply):
            slope = self.chosen(curve, lambda c, kind: self.slope(c, price, kind))
            terms.append(self.here.add("mul", curve.quantity, slope))
        return fold(self.here, "add", terms)

    def edge(self, curve: Curve, kind: int, upper: bool) -> int:
        """The price beyond which a curve changes no more; of constant elasticity it is 10,000 times its middle."""
        add, number = self.here.add, self.here.number
        if kind == 5:
            return add("mul", number(1e4 if upper else 0.0), add("abs", curve.priority))
        far = add("mul", number(REACH[kind]), curve.width)
        return add("add" if upper else "sub", curve.priority, far)

    def bounds(self) -> tuple[int, int]:
        """Prices below and above which no curve changes any more."""
        curves = (*self.demand, *self.supply)
        lows = [self.chosen(curve, lambda c, kind: self.edge(c, kind, False)) for curve in curves]
        highs = [self.chosen(curve, lambda c, kind: self.edge(c, kind, True)) for curve in curves]
        return fold(self.here, "min", lows), fold(self.here, "max", highs)

    def price(self, available: int | None = None) -> int:
        """The price at which nothing is short and nothing left."""
        add, number = self.here.add, self.here.number
        low, high = bounds = self.bounds()
        for _ in range(HALVINGS):
            middle = add("mul", number(0.5), add("add", low, high))
            short = add("gt", self.excess(middle, available, False), number(0.0))
            low, high = add("select", short, middle, low), add("select", short, high, middle)
        found = add("mul", number(0.5), add("add", low, high))
        for _ in range(STEPS):
            slope = self.steepness(found)
            flat = add("gt", slope, number(-1e-290))
            change = add("div", self.excess(found, available, True), add("select", flat, number(-1.0), slope))
            moved = add("select", flat, found, add("sub", found, change))
            found = add("max", bounds[0], add("min", bounds[1], moved))
        return found


def _without_ten(here: Context, kind: int) -> int:
    """The kind of a curve: 10 is added to it for whole numbers."""
    tens = here.add("mul", here.number(10.0), here.add("trunc", here.add("mul", kind, here.number(0.1))))
    return here.add("sub", kind, tens)


def _curve(here: Context, quantity: int, profile: tuple[int, int, int, int]) -> Curve:
    """A curve from its numbers.

    A type that is constant in the model decides what is computed; where a run gives it another value the result is NaN.
    """
    kind = profile[0]
    leaf = here.lowering.graph(here.step).nodes[kind]
    if leaf[0] not in ("number", "constant") or not here.step:
        return Curve(quantity, *profile, kinds=tuple(range(KINDS)))
    value = float(leaf[1])
    if leaf[0] == "constant":
        value = by_default(here, here.lowering.out.constants[int(leaf[1])])
    as_read = here.add("eq", kind, here.number(value))
    checked = here.add("select", as_read, quantity, here.number(math.nan))
    known = (int(value % 10),) if value % 10 in range(KINDS) else tuple(range(KINDS))
    return Curve(checked, *profile, kinds=known)


# --- reading the arguments --------------------


def _profile(here: Context, call: Call, argument: Expression) -> tuple[int, int, int, int]:
    """The four numbers of a priority profile, from the first of them."""
    cells = from_element(here, call, argument, 4)
    kind, priority, width, extra = (at_cell(here, cell, call) for cell in cells)
    return kind, priority, width, extra


def _curves(here: Context, call: Call, quantity: Expression, profile: Expression, axis: Axis) -> list[Curve]:
    places = [here.bound({**axis.binding, axis.dimension: element}) for element in axis.elements]
    return [_curve(here, place.value(quantity), _profile(place, call, profile)) for place in places]


def _listed(here: Context, call: Call, quantity: Expression, profile: Expression) -> list[Curve]:
    """The curves of all elements from the first one named: how FIND MARKET PRICE is called."""
    amounts = [at_cell(here, cell, call) for cell in from_element(here, call, quantity)]
    if not isinstance(profile, Reference) or len(profile.subscripts) < 2:
        raise here.error(f"{call.function} needs a profile with two subscripts", call.place)
    variable = here.lowering.model.variables[key(profile.name)]
    subscripts = here.lowering.subscripts
    family = subscripts.elements[subscripts.dimensions(variable)[-2]]
    name = key(profile.subscripts[-2].name)
    first = name if name in family else here.binding.get(name, family[0])
    found = []
    for element, amount in zip(family[family.index(first) :], amounts, strict=False):
        subscript = type(profile.subscripts[-2])(element)
        moved = Reference(
            profile.name, (*profile.subscripts[:-2], subscript, profile.subscripts[-1]), profile.place
        )
        found.append(_curve(here, amount, _profile(here, call, moved)))
    return found


# --- the functions --------------------


def _allocate_available(here: Context, call: Call) -> int:
    """ALLOCATE AVAILABLE(request[D], priority[D, first of the profile], available)."""
    request, profile, available = call.arguments
    axis = _requesters(here, call, request, profile)
    curves = _curves(here, call, request, profile, axis)
    supply = here.value(available)
    inputs = [n for c in curves for n in (c.quantity, c.kind, c.priority, c.width, c.extra)]
    shares = here.once("available", [*inputs, supply], lambda: _shares(here, curves, supply))
    return shares[axis.position]


def _requesters(here: Context, call: Call, request: Expression, profile: Expression) -> Axis:
    """The dimension of those who ask: the last subscript of the request."""
    if isinstance(request, Reference) and request.subscripts:
        name = key(request.subscripts[-1].name)
        elements = here.lowering.subscripts.elements
        if name in here.binding and name in elements and not _follows(request, profile, name):
            position = elements[name].index(here.binding[name])
            return Axis(name, elements[name], position, here.binding)
    return axis_of(here, call, request)


def _follows(request: Reference, profile: Expression, name: str) -> bool:
    """Whether the request has a dimension of its own that the profile runs along instead."""
    if not isinstance(profile, Reference) or len(profile.subscripts) < 2:
        return False
    return key(profile.subscripts[-2].name) != name and any(
        key(item.name) == key(profile.subscripts[-2].name) for item in request.subscripts
    )


def _shares(here: Context, curves: list[Curve], available: int) -> list[int]:
    market = Market(here, curves, [])
    total = fold(here, "add", [curve.quantity for curve in curves])
    enough = here.add("ge", available, total)
    nothing = here.add("le", available, here.number(0.0))
    price = market.price(available)
    fixed = _fixed(here, curves)
    found = []
    for curve, is_fixed in zip(curves, fixed, strict=True):
        share = market.quantity(curve, price)
        if is_fixed is not None:
            share = here.add("select", is_fixed, _rationed(here, curve, curves, fixed, available), share)
        whole = here.add("ge", curve.kind, here.number(9.5))
        share = here.add("select", whole, here.add("trunc", share), share)
        share = here.add("select", nothing, here.number(0.0), share)
        found.append(here.add("select", enough, curve.quantity, share))
    return found


def _fixed(here: Context, curves: list[Curve]) -> list[int | None]:
    """Of each curve whether it is of type 0, which no price makes smaller; None where it cannot be."""
    return [
        here.add("eq", _without_ten(here, curve.kind), here.number(0.0)) if 0 in curve.kinds else None
        for curve in curves
    ]


def _rationed(
    here: Context, curve: Curve, curves: list[Curve], fixed: list[int | None], available: int
) -> int:
    """What a curve of type 0 gets: all, or, where there is less than those of type 0 ask for, in proportion to that."""
    none = here.number(0.0)
    asked = [
        here.add("select", is_fixed, other.quantity, none)
        for other, is_fixed in zip(curves, fixed, strict=True)
        if is_fixed is not None
    ]
    total = fold(here, "add", asked)
    part = here.add(
        "select", here.add("gt", total, available), here.add("div", available, total), here.number(1.0)
    )
    return here.add("mul", curve.quantity, part)


def _allocate_by_priority(here: Context, call: Call) -> int:
    """ALLOCATE BY PRIORITY(request[D], priority[D], size, width, supply).

    Who has a priority of p gets min(1, (p - price) / width) of what is asked for: higher priorities first, and together
    where they are closer than the width.
    """
    request, priority, _, width, supply = call.arguments
    axis = _requesters(here, call, request, priority)
    amounts, ranks = along(here, request, axis), along(here, priority, axis)
    wide, there = here.value(width), here.value(supply)

    def shares() -> list[int]:
        return _shares(here, _by_rank(here, amounts, ranks, wide), there)

    return here.once("by priority", [*amounts, *ranks, wide, there], shares)[axis.position]


def _by_rank(here: Context, amounts: list[int], ranks: list[int], width: int) -> list[Curve]:
    """The curves of ALLOCATE BY PRIORITY."""
    half = here.add("mul", here.number(0.5), width)
    one, none = here.number(1.0), here.number(0.0)
    return [
        Curve(amount, one, here.add("sub", rank, half), width, none, kinds=(1,))
        for amount, rank in zip(amounts, ranks, strict=True)
    ]


def _market_priority(here: Context, call: Call) -> int:
    """MARKETP(request[first], priority[first], size, width, supply): the priority up to which nothing is given."""
    request, priority, size, width, supply = call.arguments
    count = counted(here, call, here.at_start().value(size), MAX_ASKING, "requests")
    rows = [
        [at_cell(here, cell, call) for cell in from_element(here, call, array, count)]
        for array in (request, priority)
    ]
    return Market(here, _by_rank(here, rows[0], rows[1], here.value(width)), []).price(here.value(supply))


def _by_market_priority(here: Context, call: Call) -> int:
    """ALLOC P(request, priority, width, market priority): what each gets of its request, as ALLOCATE BY PRIORITY."""
    amount, rank, width, price = (here.value(argument) for argument in call.arguments)
    market = Market(here, [], [])
    return market.quantity(_by_rank(here, [amount], [rank], width)[0], price)


def _at_price(supply: bool) -> Lower:
    def lower(here: Context, call: Call) -> int:
        quantity, profile, price = call.arguments
        curve = _curve(here, here.value(quantity), _profile(here, call, profile))
        market = Market(here, [curve], [])
        return market.quantity(curve, here.value(price), supply=supply)

    return lower


def _find_market_price(here: Context, call: Call) -> int:
    demand = _listed(here, call, call.arguments[0], call.arguments[1])
    supply = _listed(here, call, call.arguments[2], call.arguments[3])
    return Market(here, demand, supply).price()


FUNCTIONS: dict[str, Lower] = {
    "allocate available": _allocate_available,
    "allocate by priority": _allocate_by_priority,
    "demand at price": _at_price(supply=False),
    "supply at price": _at_price(supply=True),
    "find market price": _find_market_price,
    "marketp": _market_priority,
    "alloc p": _by_market_priority,
}
