"""The units that a model states: read, singulars and plurals joined, slips of spelling noticed.

In goes a model; out come the units of each variable that states some, and what is odd about how they are spelled.
"""

from __future__ import annotations

from collections import Counter

from pint.util import UnitsContainer

from sd_covid.errors import ModelError
from sd_covid.model.structure import Model, Variable
from sd_covid.model.units.advice import nearest
from sd_covid.model.units.report import Fault, Finding, Severity
from sd_covid.model.units.text import ONE, Vocabulary, singular, without_comments

#: What modellers put where units are still to be stated.
_UNSTATED = frozenset({"", "?", "??", "???"})
#: Comparing every word with every other takes the square of their number; people use some tens.
_MANY_WORDS = 500
_CALLERS_TIME = "time$"
TIME_BOUNDS = ("time step", "initial time", "final time", "saveper")


class StatedUnits:
    """Units as the model states them.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    words : Vocabulary
    units : dict of str to UnitsContainer
        By key of the variable; one whose text cannot be read is not there.
    time : UnitsContainer or None
        Of TIME STEP, or else of another time bound.
    findings : list of Finding
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.findings: list[Finding] = []
        self.words = Vocabulary()
        self._equivalences()
        self.units = self._read()
        joined, named = self._join_plurals(), self._name_time()
        if joined or named:
            self.units = self._read(again=True)
        self._notice_slips()
        bounds = {name: self.units[name] for name in TIME_BOUNDS if name in self.units}
        self.time: UnitsContainer | None = next(iter(bounds.values()), None)
        self._compare_bounds(bounds)

    def _equivalences(self) -> None:
        """Take the model's groups of equivalent units, leaving out one that is no list of units."""
        groups = []
        for group in self.model.settings.unit_equivalences:
            try:
                Vocabulary([group])
            except ModelError as error:
                reason = f"is no group of units: {error.reason}"
                self.findings.append(
                    Finding(
                        Severity.ERROR,
                        Fault.UNREADABLE,
                        ",".join(group),
                        reason,
                        error.advice or "",
                        self.model.path,
                    )
                )
            else:
                groups.append(group)
        self.words = Vocabulary(groups)

    def _read(self, again: bool = False) -> dict[str, UnitsContainer]:
        found: dict[str, UnitsContainer] = {}
        texts: dict[str, UnitsContainer] = {}  # most variables share their units with others
        for name, variable in self.model.variables.items():
            text = variable.units
            if " ".join(text.split()) in _UNSTATED:
                continue
            try:
                found[name] = texts[text] = texts[text] if text in texts else self.words.parse(text)
            except ModelError as error:
                if not again:
                    self._find(
                        variable,
                        Fault.UNREADABLE,
                        f"states {error.reason}",
                        error.advice or "",
                        Severity.ERROR,
                    )
        return found

    def _join_plurals(self) -> bool:
        """Take a singular and its plural as one unit, saying so; whether there were any."""
        groups: dict[str, list[str]] = {}
        for word in dict.fromkeys(word for units in self.units.values() for word in units):
            groups.setdefault(singular(word), []).append(word)
        pairs = [words for words in groups.values() if len(words) > 1]
        for words in pairs:
            spelled = [self.words.spelled(word) for word in words]
            user = self._first_user(words[1])
            self._find(
                user,
                Fault.SPELLING,
                f"is in '{spelled[1]}', elsewhere it is '{spelled[0]}': taken as one unit",
                f"spell them alike, or declare them equivalent ({','.join(spelled)}), for Vensim takes them as two",
            )
            self.words.declare(words)
        return bool(pairs)

    def _name_time(self) -> bool:
        """Let ``Time$``, the unit of the caller's Time in a macro, be the unit of time; whether any unit uses it."""
        bound = next((name for name in TIME_BOUNDS if name in self.units), None)
        if bound is None or not any(_CALLERS_TIME in units for units in self.units.values()):
            return False
        self.words.declare((without_comments(self.model.variables[bound].units), _CALLERS_TIME))
        return True

    def _notice_slips(self) -> None:
        """Ask about a word that one variable uses and that is nearly one that several use."""
        uses = Counter(word for units in self.units.values() for word in units)
        if len(uses) > _MANY_WORDS:
            return
        for word, count in uses.items():
            other = nearest(word, uses) if count == 1 else None
            if other is not None:
                self._find(
                    self._first_user(word),
                    Fault.SPELLING,
                    f"alone has the unit '{self.words.spelled(word)}'",
                    f"did you mean '{self.words.spelled(other)}'?",
                )

    def _compare_bounds(self, bounds: dict[str, UnitsContainer]) -> None:
        for name, units in bounds.items():
            if self.time is not None and units != self.time:
                first = self.model.variables[next(iter(bounds))].name
                reason = f"is in {self.words.format(units)}, but {first} in {self.words.format(self.time)}"
                advice = "state all time bounds in one unit"
                self._find(self.model.variables[name], Fault.TIME, reason, advice, Severity.ERROR)

    def _first_user(self, word: str) -> Variable:
        return next(self.model.variables[name] for name, units in self.units.items() if word in units)

    def _find(
        self,
        variable: Variable,
        fault: Fault,
        reason: str,
        advice: str,
        severity: Severity = Severity.WARNING,
    ) -> None:
        place = variable.place
        self.findings.append(
            Finding(severity, fault, variable.name, reason, advice, place.file or self.model.path, place.line)
        )


def spell(words: Vocabulary, units: UnitsContainer) -> str:
    """Units for a message: ``Dmnl`` is said in full."""
    return "dimensionless" if units == ONE else words.format(units)
