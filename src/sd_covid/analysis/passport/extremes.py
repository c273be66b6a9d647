"""A model under conditions that it will hardly meet: it must stay finite, its stocks must not fall below zero.

In go the declared conditions, and the ranges of the evidence; out comes what broke. A condition holds variables at a
value for a time. Ranges are tried with every constant at its low end, every
one at its high end, and each one alone at either end, the others as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.passport.declarations import Extreme
from sd_covid.analysis.passport.handles import Hold, with_conditions, with_holds
from sd_covid.analysis.passport.links import batch_of
from sd_covid.errors import UnknownNameError
from sd_covid.model.layout.parts import CONTROL, is_stock
from sd_covid.model.names import key
from sd_covid.model.vensim.parse import parse_expression
from sd_covid.policy.catalogue.evidence import EvidenceRow

if TYPE_CHECKING:
    import xarray as xr

    from sd_covid.engine.simulation import Simulation

#: A stock is negative below this share of its size: less is rounding.
NEGATIVE = 1e-9
ALL_LOW, ALL_HIGH = "all at low", "all at high"


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that broke in an extreme run.

    Attributes
    ----------
    run : str
        The condition, or the constant and the end of its range.
    what : str
        ``not finite``, ``negative``, or ``broken``: a condition that does not hold.
    name : str
        The variable, or the condition.
    time : float or None
    value : float or None
    """

    run: str
    what: str
    name: str
    time: float | None = None
    value: float | None = None


def stocks_of(simulation: Simulation) -> list[str]:
    """Names of the stocks of a model."""
    return [v.name for v in simulation.model.variables.values() if is_stock(v) and not v.local]


def try_conditions(
    simulation: Simulation, extremes: Sequence[Extreme], may_be_negative: Collection[str]
) -> list[Broken]:
    """Run a model under its declared conditions.

    Parameters
    ----------
    simulation : Simulation
    extremes : sequence of Extreme
    may_be_negative : collection of str
        Stocks that have no sign.

    Returns
    -------
    list of Broken
    """
    if not extremes:
        return []
    from sd_covid.engine.simulation import Simulation

    plain = set(map(key, simulation.constants)) | {key(n.partition("[")[0]) for n in simulation.constants}
    held = {
        name.partition("[")[0]
        for extreme in extremes
        for name in extreme.when
        if key(name.partition("[")[0]) not in plain or extreme.start is not None or extreme.end is not None
    }
    conditions = {
        f"condition {k}.{j}": text
        for k, extreme in enumerate(extremes)
        for j, text in enumerate(extreme.then)
    }
    model = with_holds(simulation.model, held)
    model = with_conditions(model, conditions, [parse_expression(text) for text in conditions.values()])
    handled = Simulation(model)
    folded = set(map(key, held))
    broken = []
    for number, extreme in enumerate(extremes):
        # one by one: for a dozen runs of all variables, code for one member at a time is made and run sooner
        run = handled.run(_settings(simulation, extreme, folded))
        broken += _not_finite(run, extreme.name, conditions)
        broken += _negative(run, extreme.name, simulation, may_be_negative)
        for j, text in enumerate(extreme.then):
            course = np.asarray(run[f"condition {number}.{j}"])
            if not (course == 1).all():
                time = float(run["time"][int((course != 1).argmax())])
                broken.append(Broken(extreme.name, "broken", text, time))
    return broken


def try_ranges(
    simulation: Simulation, evidence: Sequence[EvidenceRow], may_be_negative: Collection[str]
) -> tuple[int, list[Broken]]:
    """Run a model at the ends of the ranges of its constants.

    Returns
    -------
    runs : int
    broken : list of Broken
    """
    # members of a batch share their time bounds
    varied = [row for row in evidence if row.low < row.high and key(row.constant) not in CONTROL]
    settings = all_at_once(simulation, varied)
    for row in varied:
        settings[f"{row.constant} = {row.low:g}"] = _elements(simulation, row.constant, row.low)
        settings[f"{row.constant} = {row.high:g}"] = _elements(simulation, row.constant, row.high)
    settings = {name: setting for name, setting in settings.items() if setting}
    if not settings:
        return 0, []
    stocks = stocks_of(simulation)
    rows = [{}, *settings.values()]
    runs = simulation.run(batch_of(simulation, rows), outputs=stocks, over_time=("min", "max", "final"))
    exempt, broken = set(map(key, may_be_negative)), []
    for stock in stocks:
        found = np.asarray(runs[stock].transpose("over_time", "member", ...)).reshape(3, len(rows), -1)
        finite = np.isfinite(found).all(axis=0)
        size = np.abs(found[:2]).max(axis=0)
        negative = finite & (found[0] < -NEGATIVE * np.maximum(size, 1e-300))
        for member, run in enumerate(settings, start=1):
            if not finite[member].all():
                broken.append(Broken(run, "not finite", stock))
            elif negative[member].any() and key(stock) not in exempt:
                broken.append(Broken(run, "negative", stock, None, float(found[0, member].min())))
    return len(settings), broken


def all_at_once(simulation: Simulation, evidence: Sequence[EvidenceRow]) -> dict[str, dict[str, float]]:
    """Every constant at its low end, and every one at its high end."""
    found: dict[str, dict[str, float]] = {ALL_LOW: {}, ALL_HIGH: {}}
    for row in evidence:
        found[ALL_LOW] |= _elements(simulation, row.constant, row.low)
        found[ALL_HIGH] |= _elements(simulation, row.constant, row.high)
    return found


def settings_of(simulation: Simulation, constants: Mapping[str, float]) -> dict[str, float]:
    """Constants with every element of an array by itself."""
    return {
        name: value
        for constant, value in constants.items()
        for name in _elements(simulation, constant, value)
    }


def negative_stocks(
    run: xr.Dataset, simulation: Simulation, may_be_negative: Collection[str]
) -> list[Broken]:
    """Stocks that fall below zero in a run."""
    return _negative(run, "", simulation, may_be_negative)


def _settings(simulation: Simulation, extreme: Extreme, held: set[str]) -> dict[str, float]:
    """What a member sets for a condition."""
    found: dict[str, float] = {}
    for name, value in extreme.when.items():
        base, bracket, elements = name.partition("[")
        if key(base) not in held:
            found |= _elements(simulation, name, value)
            continue
        hold = Hold.of(simulation.model.variable(base).name)
        found[hold.on + bracket + elements] = 1.0
        found[hold.value + bracket + elements] = value
        found[hold.start] = -1e9 if extreme.start is None else extreme.start
        found[hold.end] = 1e9 if extreme.end is None else extreme.end
    return found


def _elements(simulation: Simulation, constant: str, value: float) -> dict[str, float]:
    """Every element of a constant at a value; none for a constant of another model."""
    try:
        cells = simulation.names.constants(constant)
    except UnknownNameError:
        return {}
    return {simulation.names.spell(cell): value for cell in cells}


def _not_finite(run: xr.Dataset, name: str, conditions: Collection[str]) -> list[Broken]:
    times = np.asarray(run["time"], dtype=np.float64)
    first: Broken | None = None  # what comes after it follows from it
    for (
        variable,
        course,
    ) in run.variables.items():  # a data set makes an array of each in more time than this takes
        if variable in conditions or "time" not in course.dims or np.isfinite(course.values).all():
            continue
        bad = ~np.isfinite(course.transpose("time", ...).values).reshape(len(times), -1).all(axis=1)
        time = float(times[int(bad.argmax())])
        if first is None or first.time is None or time < first.time:
            first = Broken(name, "not finite", str(variable), time)
    return [] if first is None else [first]


def _negative(
    run: xr.Dataset, name: str, simulation: Simulation, may_be_negative: Collection[str]
) -> list[Broken]:
    exempt, found = set(map(key, may_be_negative)), []
    for stock in stocks_of(simulation):
        if key(stock) in exempt:
            continue
        course = np.asarray(run.variables[stock].transpose("time", ...)).reshape(run.sizes["time"], -1)
        size = float(np.abs(course[np.isfinite(course)]).max(initial=0.0))
        low = course.min(axis=1)
        below = low < -NEGATIVE * max(size, 1e-300)
        if below.any():
            at = int(low.argmin())
            found.append(Broken(name, "negative", stock, float(run["time"][at]), float(low[at])))
    return found
