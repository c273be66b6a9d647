"""Seasonal terms of a series that the model, which knows no seasons, does not have.

In: a mapping from season to a number or a parameter. Out: for a figure the formula of its term. The terms of a year
add to zero, so that they move no level: one season may be left out, and is then what the others leave.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sd_covid.calibration.formula import Apply, Constant, Formula, Symbol

SEASONS = {
    "month": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "quarter": ("Q1", "Q2", "Q3", "Q4"),
    "half-year": ("H1", "H2"),
}
ROUNDING = 1e-9  # terms are written in decimals, whose sum misses zero by a rounding


@dataclass(frozen=True, slots=True)
class Seasonal:
    """Seasonal terms.

    Attributes
    ----------
    by : str
        ``month``, ``quarter`` or ``half-year``.
    terms : dict
        Parameter id or number by season, at most one season left out.
    """

    by: str
    terms: Mapping[str, str | float]

    @property
    def parameters(self) -> list[str]:
        """Ids of the parameters among the terms."""
        return [item for item in self.terms.values() if isinstance(item, str)]

    def fault(self) -> str | None:
        """Why these terms do not add to zero, or None."""
        missing = len(SEASONS[self.by]) - len(self.terms)
        if missing > 1:
            return f"{missing} seasons are left out"
        if missing == 1:
            return None
        if self.parameters:
            return "with a parameter among them the terms add to zero only if one season is left out"
        total = math.fsum(float(item) for item in self.terms.values())
        return None if abs(total) <= ROUNDING else f"the terms add to {total:.6g}, not to zero"

    def season(self, end: float) -> str:
        """The season in which a period's last month lies; ``end`` in months since a January."""
        names = SEASONS[self.by]
        month = int(math.ceil(end - 1e-6) - 1) % 12  # a period may end within a month
        return names[month * len(names) // 12]

    def term(self, season: str) -> Formula:
        """What a season adds, as a formula of the parameters."""
        if season in self.terms:
            return _atom(self.terms[season])
        total: Formula = Constant(0.0)
        for item in self.terms.values():
            total = Apply("subtract", (total, _atom(item)))
        return total


def _atom(item: str | float) -> Formula:
    return Symbol(item) if isinstance(item, str) else Constant(float(item))


def with_season(formula: Formula, term: Formula, *, logarithmic: bool) -> Formula:
    """A formula with a seasonal term added to it, or to its logarithm."""
    if logarithmic:
        return Apply("multiply", (formula, Apply("exp", (term,))))
    return Apply("add", (formula, term))
