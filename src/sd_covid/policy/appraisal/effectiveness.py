"""What a package costs, and what that is per unit of effect: by ratio of means and net monetary benefit.

In comes a `Comparison`; out go cost totals against its reference by lever and payer, and cost per avoided
unit. Ratios are never averaged over draws: their distribution has no mean where the effect can be zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sd_covid.policy.appraisal.ledger import ledger
from sd_covid.policy.catalogue.costs import CostLine
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.types import Floats

Quadrant = Literal[
    "costs more, does more", "saves, does less", "costs more, does less", "saves, does more", "not defined"
]


@dataclass(frozen=True, slots=True)
class CostTotal:
    """What a scenario spends on one lever, and how much more that is than in the reference.

    Attributes
    ----------
    line : CostLine
        Lever, payer and source; its path is that of the scenario.
    nominal, nominal_difference : Spread
        Sum over years, million euro in prices of each year; NaN when unpriced.
    present_value, present_value_difference : Spread
        Million euro, deflated and discounted as `Comparison.prices` says.
    """

    line: CostLine
    nominal: Spread
    nominal_difference: Spread
    present_value: Spread
    present_value_difference: Spread


@dataclass(frozen=True, slots=True)
class CostPerUnit:
    """Cost per avoided unit times year, such as a household-year in problem debt.

    Attributes
    ----------
    output : Output
    scenario, reference : str
    years : tuple of int
        First and last year of the effect.
    cost : Spread
        Extra cost against the reference, present value in million euro; negative when the scenario saves.
    avoided : Spread
        Units times years avoided (discounted like the cost); negative when the scenario has more of them.
    undiscounted : Spread
        The same, not discounted: the physical effect.
    ratio : float
        Mean cost over mean effect, in euro per single unit-year (an output in thousands is taken apart); NaN
        when not defined.
    interval : tuple of float
        Values of a unit-year between which 90 of 100 draws change their mind on which of the two has the
        higher net monetary benefit; infinite where more than 5 in 100 never do.
    quadrant : Quadrant
        Where the cloud lies in the cost-effectiveness plane; ``not defined`` when the 90 % interval of cost
        or effect holds zero: then there is no ratio.
    unpriced : tuple of str
        Levers that differ between the two and have no price: the cost leaves them out.
    """

    output: Output
    scenario: str
    reference: str
    years: tuple[int, int]
    cost: Spread
    avoided: Spread
    undiscounted: Spread
    ratio: float
    interval: tuple[float, float]
    quadrant: Quadrant
    unpriced: tuple[str, ...]


def cost_totals(comparison: Comparison, scenario: str) -> tuple[CostTotal, ...]:
    """What a scenario spends on each lever, beside the reference, in the order of the catalogue."""
    sound = comparison.sound(scenario, comparison.reference)
    reference = {line.lever: line for line in comparison.costs if line.scenario == comparison.reference}
    totals = []
    for line in comparison.costs:
        if line.scenario == scenario:
            mine, theirs = line.of_members(sound), reference[line.lever].of_members(sound)
            real, null = (comparison.prices.present_value(path, line.years) for path in (mine, theirs))
            totals.append(
                CostTotal(
                    line=line,
                    nominal=Spread.of(mine.sum(axis=1)),
                    nominal_difference=Spread.of((mine - theirs).sum(axis=1)),
                    present_value=Spread.of(real),
                    present_value_difference=Spread.of(real - null),
                )
            )
    return tuple(totals)


def extra_cost(comparison: Comparison, scenario: str) -> tuple[Floats, tuple[str, ...]]:
    """Extra cost of a scenario against the reference for every sound pair of draws.

    Returns
    -------
    cost : ndarray, shape (member,)
        Present value, million euro, of the priced levers.
    unpriced : tuple of str
        Ids of the levers without a price whose setting differs between the two.
    """
    book = ledger(comparison, scenario)
    return book.present.sum(axis=0), book.unpriced


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two amounts that are both uncertain.

    Attributes
    ----------
    value : float
        Mean over mean; NaN when not defined.
    interval : tuple of float
        Values between which 90 of 100 draws change the sign of ``value * denominator - numerator``; infinite where more
        than 5 in 100 never do; NaN when not defined.
    quadrant : Quadrant
        Where the cloud lies, the numerator being a cost and the denominator an effect.
    """

    value: float
    interval: tuple[float, float]
    quadrant: Quadrant

    @classmethod
    def of(cls, numerator: Floats, denominator: Floats) -> Ratio:
        """The ratio of two paired samples of shape (member,).

        It is defined where the 90 % intervals of both exclude zero and both means have one sign. Ratios of draws are
        never averaged: their distribution has no mean where the denominator can be zero.
        """
        quadrant = _quadrant(Spread.of(numerator), Spread.of(denominator))
        if quadrant not in ("costs more, does more", "saves, does less"):
            return cls(float("nan"), (float("nan"), float("nan")), quadrant)
        turns = _thresholds(numerator, denominator)
        low, high = np.quantile(turns, (0.05, 0.95), method="inverted_cdf").tolist()
        return cls(float(numerator.mean() / denominator.mean()), (low, high), quadrant)


def cost_per_unit(comparison: Comparison, scenario: str, output: str, years: tuple[int, int]) -> CostPerUnit:
    """Cost per avoided unit-year of an output of which less is better.

    Parameters
    ----------
    comparison : Comparison
    scenario : str
        Scenario id; set against ``comparison.reference``.
    output : str
        A stock, such as ``households in problem debt``.
    years : tuple of int
        First and last year over which the effect is added up.

    Returns
    -------
    CostPerUnit

    Raises
    ------
    UnknownNameError, RunError
        When the output was not kept, or the run does not cover the years.

    Notes
    -----
    Net monetary benefit at a value ``v`` of a unit-year is ``v * avoided - cost`` on paired draws. Effect and
    cost are discounted at the same rate, so that postponing both alike leaves their ratio as it is.
    """
    item = comparison.output(output)
    mine, theirs = comparison.pairs(output, scenario, "discounted total", years)
    avoided = theirs - mine
    cost, unpriced = extra_cost(comparison, scenario)
    plain = comparison.pairs(output, scenario, "total", years)
    found = Ratio.of(cost, avoided)
    to_euro = 1e6 / (1000.0 if item.units.casefold().startswith("thousand") else 1.0)
    return CostPerUnit(
        output=item,
        scenario=scenario,
        reference=comparison.reference,
        years=years,
        cost=Spread.of(cost),
        avoided=Spread.of(avoided),
        undiscounted=Spread.of(plain[1] - plain[0]),
        ratio=found.value * to_euro,
        interval=(found.interval[0] * to_euro, found.interval[1] * to_euro),
        quadrant=found.quadrant,
        unpriced=unpriced,
    )


def _thresholds(cost: Floats, avoided: Floats) -> Floats:
    """The value of a unit-year at which each draw's net monetary benefit changes sign, shape (member,).

    Infinite for a draw in another quadrant than the cloud: no value changes its sign. The share of thresholds
    below ``v`` is the cost-effectiveness acceptability curve at ``v``, so its quantiles are the interval.
    """
    changes = np.sign(avoided) * np.sign(cost.mean()) > 0
    return np.where(changes, cost / np.where(changes, avoided, 1.0), np.inf)


def _quadrant(cost: Spread, avoided: Spread) -> Quadrant:
    """Where the cloud lies, judged by the 90 % intervals of cost and of effect."""
    if not (_certain(cost) and _certain(avoided)):
        return "not defined"
    if cost.mean > 0:
        return "costs more, does more" if avoided.mean > 0 else "costs more, does less"
    return "saves, does more" if avoided.mean > 0 else "saves, does less"


def _certain(spread: Spread) -> bool:
    """Whether the 90 % interval excludes zero."""
    low, high = spread.interval
    return bool(low > 0 or high < 0)
