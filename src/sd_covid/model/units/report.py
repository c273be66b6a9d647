"""What a check of units found, as data: each finding with its place, what was computed, what was stated, what to do.

A finding is an error when stated units contradict one another, and a warning where a habit hides units: a bare number,
a spelling. The command line and the passport make their own text from the same fields.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Severity(StrEnum):
    """How much a finding matters: only an error makes a model fail."""

    ERROR = "error"
    WARNING = "warning"


class Fault(StrEnum):
    """What kind of fault."""

    UNREADABLE = "unreadable"  # a unit text that is no product of words
    MISMATCH = "mismatch"  # two sides of an equation, sum, comparison or argument
    POWER = "power"  # a power with units whose exponent is no number
    TIME = "time"  # time bounds in several units
    AXIS = "axis"  # a lookup applied to several units
    BARE_NUMBER = "bare number"  # a number without units where units are needed
    SPELLING = "spelling"  # a singular and a plural, a word used once


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault.

    Attributes
    ----------
    severity : Severity
    fault : Fault
    variable : str
        The variable in whose equation or units it lies.
    reason, advice : str
        What is wrong, and what to do about it.
    file : Path or None
    line : int or None
    computed, expected : str
        Units that came and units that should have; empty where it is not about two units.
    """

    severity: Severity
    fault: Fault
    variable: str
    reason: str
    advice: str = ""
    file: Path | None = None
    line: int | None = None
    computed: str = ""
    expected: str = ""

    def __str__(self) -> str:
        """One line: ``FILE:LINE: 'variable' reason; advice``."""
        place = (
            ""
            if self.file is None
            else f"{self.file}" + ("" if self.line is None else f":{self.line}") + ": "
        )
        return f"{place}'{self.variable}' {self.reason}" + (f"; {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True)
class UnitsReport:
    """What came of checking a model's units.

    Attributes
    ----------
    time : str
        The unit of time; empty when the model states none.
    equations : int
        Number of equations looked at.
    stated : int
        Number of variables that state units.
    findings : tuple of Finding
        In the order of the file, errors first.
    inferred : dict of str to str
        Units of variables that state none, where the equations give them.
    unknown : tuple of str
        Variables that state no units and whose equations do not give them.
    unchecked : tuple of str
        Functions about whose units nothing is known, so that their results can be anything.
    """

    time: str
    equations: int
    stated: int
    findings: tuple[Finding, ...] = ()
    inferred: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make it fail."""
        return tuple(item for item in self.findings if item.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The other findings."""
        return tuple(item for item in self.findings if item.severity is Severity.WARNING)

    @property
    def passed(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    def as_data(self) -> dict[str, Any]:
        """Everything, in types that JSON knows."""
        found = asdict(self)
        found["findings"] = [
            {**asdict(item), "file": None if item.file is None else str(item.file)} for item in self.findings
        ]
        return {"passed": self.passed, **found}
