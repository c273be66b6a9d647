"""Value for money over a range of values of a unit: who leads, how surely, and what a wrong choice costs.

In come effects and costs of packages on the same draws; out come net monetary benefit and the curves that are drawn of
it. No value of a unit is assumed: `leading` gives the ranges of it over which each package leads, exactly, and the
curves span them. Forms after Briggs, Claxton and Sculpher (2006) and Alarid-Escudero and others (Value in Health 22,
2019, expected loss curves).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.analysis.robustness.scores import share_best
from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

#: Values at which curves are drawn, spaced by ratio; how far beyond the changes of leader they reach.
_POINTS, _BEYOND = 201, 5.0


@dataclass(frozen=True, slots=True)
class Lead:
    """A range of values of a unit over which a package has the highest expected net monetary benefit.

    Attributes
    ----------
    package : int
        Its place.
    low, high : float
        Million euro a unit; the last range has no end.
    """

    package: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Worth:
    """Value for money of packages.

    Attributes
    ----------
    values : ndarray, shape (value,)
        Million euro a unit: 0, and then spaced by ratio around the values at which the leader changes.
    acceptable : ndarray, shape (value, package)
        Cost-effectiveness acceptability curves: share of draws in which it has the highest net monetary benefit.
    frontier : ndarray of int, shape (value,)
        The package with the highest expected net monetary benefit; its acceptability is the frontier (CEAF).
    loss : ndarray, shape (value, package)
        Expected loss: net monetary benefit forgone on average by choosing it, million euro. Its lower envelope is the
        expected value of perfect information.
    leads : tuple of Lead
        In order of the value of a unit.
    effect, cost : ndarray, shape (package,)
        Means: units gained, and extra cost in million euro.
    """

    values: Floats
    acceptable: Floats
    frontier: np.ndarray[tuple[int], np.dtype[np.int64]]
    loss: Floats
    leads: tuple[Lead, ...]
    effect: Floats
    cost: Floats


def net_benefit(effect: Floats, cost: Floats, value: float) -> Floats:
    """Net monetary benefit at a value of a unit, draw by draw, shape (package, draw), million euro."""
    return value * effect - cost


def worth(effect: Floats, cost: Floats, values: Floats | None = None) -> Worth:
    """Value for money over a range of values of a unit.

    Parameters
    ----------
    effect : ndarray, shape (package, draw)
        Units gained against the null alternative.
    cost : ndarray, shape (package, draw)
        Extra cost on the same draws, million euro.
    values : ndarray, shape (value,), optional
        Values of a unit; by default 0, and values from a fifth of the first change of leader to five times the last.

    Returns
    -------
    Worth

    Raises
    ------
    RunError
        No draws.
    """
    if effect.shape[1] == 0:
        raise RunError("no draw is left in which every package ran", advice="see which runs failed")
    leads = leading(effect.mean(axis=1), cost.mean(axis=1))
    if values is None:
        turns = [lead.low for lead in leads if lead.low > 0] or [_scale(effect, cost)]
        values = np.concatenate([[0.0], np.geomspace(turns[0] / _BEYOND, turns[-1] * _BEYOND, _POINTS)])
    acceptable = np.empty((len(values), len(effect)))
    loss = np.empty_like(acceptable)
    for place, value in enumerate(values.tolist()):
        benefit = net_benefit(effect, cost, value)
        acceptable[place] = share_best(benefit)
        loss[place] = (benefit.max(axis=0) - benefit).mean(axis=1)
    frontier = loss.argmin(axis=1).astype(
        np.int64
    )  # the lowest expected loss is the highest expected benefit
    return Worth(values, acceptable, frontier, loss, leads, effect.mean(axis=1), cost.mean(axis=1))


def leading(effect: Floats, cost: Floats) -> tuple[Lead, ...]:
    """The ranges of the value of a unit over which each package leads: the upper envelope of the benefit lines.

    Parameters
    ----------
    effect, cost : ndarray, shape (package,)
        Means.

    Returns
    -------
    tuple of Lead
        From 0 up. A package that never leads is dominated, or dominated by extension. Of equal ones the first leads.
    """
    # At 0 the cheapest leads, and of equally cheap ones that with more effect, since it leads just above 0.
    now = min(range(len(effect)), key=lambda item: (cost[item], -effect[item], item))
    start = 0.0
    found: list[Lead] = []
    while True:
        steeper = [item for item in range(len(effect)) if effect[item] > effect[now]]
        crossings = [
            (float((cost[item] - cost[now]) / (effect[item] - effect[now])), item) for item in steeper
        ]
        if not crossings:
            return (*found, Lead(now, start, float("inf")))
        end = min(value for value, _ in crossings)
        following = max((item for value, item in crossings if value == end), key=lambda item: effect[item])
        found.append(Lead(now, start, end))
        now, start = following, end


def _scale(effect: Floats, cost: Floats) -> float:
    """A value of a unit that matters where the leader never changes: the largest cost over the largest effect."""
    units, money = float(np.abs(effect).max()), float(np.abs(cost).max())
    return money / units if units > 0 and money > 0 else 1.0
