"""How a page counts what levers cost, as plain objects for ``costs.js``.

The rules are those of `sd_covid.policy.catalogue.costs`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sd_covid.engine.simulation import Simulation
from sd_covid.policy.catalogue.costs import Cost
from sd_covid.policy.study import Study
from sd_covid.report.words.texts import Texts


def cost_of(cost: Cost, simulation: Simulation, texts: Texts) -> dict[str, Any]:
    """How the cost of a lever follows from its setting; days are counted from 1970, as JavaScript does."""
    total = sum(tranche.weight for tranche in cost.tranches)
    return {
        "rule": cost.rule,
        "total": cost.total,
        "tranches": [[_day(item.start), _day(item.end), item.weight / total] for item in cost.tranches],
        "variables": [
            name
            for variable in cost.variables
            for name in map(simulation.names.spell, simulation.names.cells(variable))
        ],
        "grade": cost.grade,
        "source": texts.of(cost.source),
        "note": texts.of(cost.note),
    }


def prices_of(study: Study, texts: Texts) -> dict[str, Any]:
    """What an amount of each year of the run is worth at the base year, in prices of the level year."""
    prices = study.catalogue.prices
    first, last = study.first.year, (study.last - timedelta(days=1)).year
    years = range(first, last + 1)
    return {
        "first": first,
        "weights": [prices.deflator(year) * prices.discount_factor(year) for year in years],
        "level": prices.level_year,
        "base": prices.base_year,
        "rate": prices.discount_rate,
        "source": texts.of(prices.source),
    }


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days
