"""What must not change of itself: sums of what is conserved, and everything when a model is at rest.

In go a run and the declarations; out come the largest deviations.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.passport.declarations import Conserved
from sd_covid.analysis.passport.extremes import settings_of, stocks_of
from sd_covid.analysis.passport.links import batch_of
from sd_covid.model.expression import Binary, Call, Expression, Reference, Subscript, rebuilt
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Variable
from sd_covid.model.vensim.parse import parse_expression

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

#: Sums of a thousand steps round at 1e-13; a flow that leaves one stock and enters none shows far above this.
CONSERVED = 1e-9
#: A model at rest drifts by rounding alone; above this something is out of balance, though it may not matter.
AT_REST = 1e-9
#: Above this share a year its start is no equilibrium: it moves by a percent in ten years.
DRIFTS = 1e-3
_PER_YEAR = {
    "year": 1.0,
    "years": 1.0,
    "quarter": 4.0,
    "month": 12.0,
    "months": 12.0,
    "week": 52.18,
    "day": 365.25,
}


@dataclass(frozen=True, slots=True)
class Balance:
    """A conserved class: the largest deviation of its sum, as a share of what it should be, and when."""

    name: str
    stocks: int
    deviation: float
    time: float


@dataclass(frozen=True, slots=True)
class Drift:
    """A stock of a model at rest: how far it moves in a year, as a share of its start; from zero, its size."""

    stock: str
    a_year: float


def balances(simulation: Simulation, conserved: Sequence[Conserved]) -> list[Balance]:
    """How well conserved classes add up over a run.

    Parameters
    ----------
    simulation : Simulation
    conserved : sequence of Conserved
        A class has the dimensions of the first of its stocks that is named without elements; arrays of as many
        dimensions mean the same elements. A stock may be an expression, as ``SUM(pupils[phase!,group])``.
    """
    if not conserved:
        return []
    from sd_covid.engine.simulation import Simulation

    names = [(f"sum of {item.name}", f"books of {item.name}") for item in conserved]
    checked = Simulation(_with_books(simulation.model, conserved, names))
    run = checked.run(outputs=[name for pair in names for name in pair])
    found = []
    for (sum_of, book), item in zip(names, conserved, strict=True):
        total, should = run[sum_of], run[book]
        if item.net_flow:  # the books are a stock that starts at zero
            should = should + total.isel(time=0)
        gap = abs(total - should) / abs(should).where(abs(should) > 0, 1.0)
        worst = np.asarray(gap.transpose("time", ...)).reshape(gap.sizes["time"], -1).max(axis=1)
        worst = np.where(np.isnan(worst), np.inf, worst)
        at = int(worst.argmax())
        found.append(Balance(item.name, len(item.stocks), float(worst[at]), float(run["time"][at])))
    return found


def _with_books(model: Model, conserved: Sequence[Conserved], names: Sequence[tuple[str, str]]) -> Model:
    """A model with two more variables for each class: its sum, and the total or a stock that takes the net flow."""
    made = replace(model, variables=dict(model.variables))
    for item, (sum_of, book) in zip(conserved, names, strict=True):
        parts = [parse_expression(stock) for stock in item.stocks]
        whole = [part for part in parts if isinstance(part, Reference) and not part.subscripts]
        left = model.variable(whole[0].name).equations[0].subscripts if whole else ()
        total = functools.reduce(lambda one, other: Binary("+", one, other), parts)
        books = parse_expression(item.total or item.net_flow)
        if item.net_flow:
            books = Call("INTEG", (books, Binary("-", books, books)))
        for name, expression in ((sum_of, total), (book, books)):
            equation = Equation(Kind.EQUATION, left, expression=_for_elements(model, expression, left))
            made.variables[key(name)] = Variable(name, [equation])
    return made


def _for_elements(model: Model, expression: Expression, left: tuple[str, ...]) -> Expression:
    """An expression in which arrays that are named without elements have those of the left side."""

    def change(node: Reference | Call) -> Expression:
        known = model.variables.get(key(node.name)) if isinstance(node, Reference) else None
        if not isinstance(node, Reference) or known is None or node.subscripts:
            return node
        array = len(known.equations[0].subscripts) == len(left)
        return replace(node, subscripts=tuple(map(Subscript, left))) if array else node

    return rebuilt(expression, change)


def drifts(
    simulation: Simulation,
    at_rest: Mapping[str, float],
    counters: Collection[str],
    elsewhere: Sequence[Mapping[str, float]] = (),
) -> list[Drift]:
    """How far each stock moves when a model is at rest.

    Parameters
    ----------
    simulation : Simulation
    at_rest : mapping
        Constants with which it is.
    counters : collection of str
        Stocks that count events, and so never stand still.
    elsewhere : sequence of mapping
        Other constants with which it should rest as well. What counts is the largest drift of all runs.
    """
    counting = set(map(key, counters))
    stocks = [stock for stock in stocks_of(simulation) if key(stock) not in counting]
    if not stocks:
        return []
    rest = settings_of(simulation, at_rest)
    rows = [rest, *({**settings_of(simulation, other), **rest} for other in elsewhere)]
    run = simulation.run(batch_of(simulation, rows), outputs=stocks)
    unit = simulation.model.variables["time step"].units.strip().casefold()
    years = float(run["time"][-1] - run["time"][0]) / _PER_YEAR.get(unit, 1.0)
    found = []
    for stock in stocks:
        course = np.asarray(run[stock].transpose("time", ...)).reshape(run.sizes["time"], -1)
        size = np.where(course[0] == 0, 1.0, np.abs(course[0]))
        worst = float((np.abs(course - course[0]).max(axis=0) / size).max())
        found.append(Drift(stock, worst / years if np.isfinite(worst) else np.inf))
    return found
