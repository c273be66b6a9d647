"""A soft fact as data: a quantity of the model, and the distribution it is said to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sd_covid.calibration.facts.distribution import Distribution
from sd_covid.calibration.formula import Formula, symbols

WINDOWS = ("mean", "sum", "change", "maximum", "minimum")


@dataclass(frozen=True, slots=True)
class Term:
    """One number taken from a run.

    Attributes
    ----------
    formula : Formula
        Of outputs and parameters, at each saved time.
    take : str
        ``value`` (at ``end``), or of the window one of `WINDOWS`: ``mean`` and ``sum`` (integral) by the trapezoid rule
        over the saved points, ``change`` from its start to its end, ``maximum`` or ``minimum`` of the saved points.
    start, end : float
        The window, in model time.
    """

    formula: Formula
    take: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SoftFact:
    """A soft fact.

    Attributes
    ----------
    id : str
    terms : dict
        `Term` by name.
    formula : Formula
        The quantity, of the terms and parameters.
    distribution : Distribution
    unit, source : str
    experiment : str
        The run it is about; empty for the model as it stands.
    holdout : bool
        Whether it is kept apart in the validation.
    """

    id: str
    terms: Mapping[str, Term]
    formula: Formula
    distribution: Distribution
    unit: str = ""
    source: str = ""
    experiment: str = ""
    holdout: bool = False

    @property
    def end(self) -> float:
        """The last moment it looks at, in model time."""
        return max(term.end for term in self.terms.values())

    @property
    def inside(self) -> list[str]:
        """Every name that the formulas of its terms use: outputs, parameters, ``time``."""
        return list(dict.fromkeys(name for term in self.terms.values() for name in symbols(term.formula)))

    @property
    def names(self) -> list[str]:
        """Every name that it uses, its own terms left out."""
        own = [name for name in symbols(self.formula) if name not in self.terms]
        return list(dict.fromkeys([*self.inside, *own]))
