"""Names of a model's settable constants, as users spell them.

In comes a name with case, blanks and underscores as they please; out comes the model's spelling, or an error that names
the nearest ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.names import key


class ConstantNames:
    """The constants of a model by canonical name.

    Parameters
    ----------
    constants : iterable of str
        As `Simulation.constants` spells them: ``name``, or ``name[Element A,Element B]``.
    """

    def __init__(self, constants: Iterable[str]) -> None:
        self._spelling: dict[str, str] = {}
        self._elements: dict[str, list[str]] = {}
        for name in constants:
            self._elements.setdefault(_canonical(name.partition("[")[0]), []).append(name)
            self._spelling.setdefault(_canonical(name.partition("[")[0]), name.partition("[")[0].strip())
            self._spelling[_canonical(name)] = name

    def __contains__(self, name: str) -> bool:
        """Whether the model has that constant; an array by its name alone counts."""
        return _canonical(name) in self._spelling

    def spelling(self, name: str) -> str:
        """The model's spelling of a constant; of an array without elements, its name.

        Raises
        ------
        UnknownNameError
            When there is none.
        """
        found = self._spelling.get(_canonical(name))
        if found is None:
            advice = suggest(name, self._spelling.values())
            raise UnknownNameError(f"the model has no constant '{name}'", advice=advice, variable=name)
        return found

    @property
    def all(self) -> list[str]:
        """Every constant in the model's spelling, and every array by its name."""
        return list(self._spelling.values())

    def elements(self, name: str) -> list[str]:
        """The model's constants that a name stands for: every element of an array, or the one constant.

        Raises
        ------
        UnknownNameError
            When there is none.
        """
        spelled = self.spelling(name)
        return [spelled] if "[" in spelled else self._elements[_canonical(spelled)]

    def advice(self, name: str) -> str:
        """Which names are near."""
        return suggest(name, self._spelling.values()) or "name a constant of the model"


def _canonical(name: str) -> str:
    """Canonical name, the elements folded one by one."""
    base, bracket, elements = name.partition("[")
    if not bracket:
        return key(base)
    return key(base) + "[" + ",".join(key(part) for part in elements.rstrip("] \t").split(",")) + "]"
