"""Units that are not stated, solved from the equations they stand in.

An unknown is a word of its own in the algebra. Two units agree when their ratio is dimensionless; where the ratio holds
an unknown, that gives the unknown. This is Gauss elimination on the exponents, so it is exact, and its order does not
matter for what can be known.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

from pint.util import UnitsContainer

from sd_covid.model.units.text import ONE, exponent_of, power, product

_MARK = "\0"  # no word of a model holds it
_FRESH = "\0\0"


class Solver:
    """What is known of unknown units."""

    def __init__(self) -> None:
        self._found: dict[str, UnitsContainer] = {}
        self._named: dict[str, UnitsContainer] = {}
        self._counter = itertools.count()

    def unknown(self, name: str) -> UnitsContainer:
        """The units of something named, not stated; the same each time."""
        found = self._named.get(name)
        if found is None:
            found = self._named[name] = product({_MARK + name: 1})
        return found

    def fresh(self) -> UnitsContainer:
        """Units about which nothing is known yet."""
        return product({f"{_FRESH}{next(self._counter)}": 1})

    def resolve(self, units: UnitsContainer) -> UnitsContainer:
        """Units with what is known put in the place of unknowns."""
        for word in units:
            if word in self._found:  # keep chains short
                self._found[word] = self._substitute(self._found[word])
        return self._substitute(units)

    def agree(self, first: UnitsContainer, second: UnitsContainer) -> bool:
        """Take two units as equal; False when they cannot be."""
        if first == second:
            return True
        ratio = self.resolve(first / second)
        unknowns = [word for word in ratio if word.startswith(_MARK)]
        if not unknowns:
            return ratio == ONE
        chosen = next((word for word in unknowns if word.startswith(_FRESH)), unknowns[0])
        exponent = exponent_of(ratio, chosen)
        inverse = -exponent if exponent in (1, -1) else Fraction(-1) / exponent
        self._found[chosen] = power(ratio.remove([chosen]), inverse)
        return True

    def _substitute(self, units: UnitsContainer) -> UnitsContainer:
        while True:
            solved = next((word for word in units if word in self._found), None)
            if solved is None:
                return units
            units = units.remove([solved]) * power(self._found[solved], exponent_of(units, solved))


def is_known(units: UnitsContainer) -> bool:
    """Whether units hold no unknown."""
    return not any(word.startswith(_MARK) for word in units)


def is_fresh(units: UnitsContainer) -> bool:
    """Whether units are one unknown without a name, about which nothing is known."""
    return len(units) == 1 and next(iter(units)).startswith(_FRESH)


def unknowns(units: UnitsContainer) -> list[str]:
    """Names of the unknowns in units."""
    return [
        word.removeprefix(_MARK) for word in units if word.startswith(_MARK) and not word.startswith(_FRESH)
    ]
