"""Everything that can be wrong with what a user gives us, as data.

An error holds where it lies (file, line, variable), what is wrong and what to do. The command line, a notebook and the
model passport each make their own text from the same fields. All of these mean "the input is wrong": exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

_LONGEST = 200  # characters of a name for which near ones are looked for
_MEAN = {"en": ("did you mean ", " or "), "nl": ("bedoelt u ", " of ")}


class SdCovidError(Exception):
    """The input cannot be used as it stands.

    Parameters
    ----------
    reason : str
        What is wrong: expected and found.
    advice : str, optional
        What to do about it.
    file : path, optional
        The file in which the fault lies.
    line : int, optional
        Its line in that file, from 1.
    variable : str, optional
        The variable, column or key concerned, as the user spelled it.
    """

    def __init__(
        self,
        reason: str,
        *,
        advice: str | None = None,
        file: str | Path | None = None,
        line: int | None = None,
        variable: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.file = None if file is None else str(file)
        self.line = line
        self.variable = variable

    def __str__(self) -> str:
        """One line: ``FILE:LINE: 'variable': reason; advice``."""
        place = "" if self.file is None else self.file + ("" if self.line is None else f":{self.line}") + ": "
        named = self.variable is not None and f"'{self.variable}'" not in self.reason
        subject = f"'{self.variable}': " if named else ""
        advice = "" if not self.advice else f"; {self.advice}"
        return " ".join(f"{place}{subject}{self.reason}{advice}".split())


class ModelError(SdCovidError):
    """A model file that cannot be read, or means nothing."""


class MissingDataError(ModelError):
    """A series that a model reads and that is not there."""


class UnknownNameError(SdCovidError):
    """A name that the model, the registry or the scenario does not have."""


class DataError(SdCovidError):
    """A series or data file that cannot be used."""


class SourceError(SdCovidError):
    """A source of figures that is out of reach, or answers with something else than asked."""


class ProblemError(SdCovidError):
    """A calibration problem whose tables contradict one another."""


class ScenarioError(SdCovidError):
    """A scenario file that cannot be used."""


class DiagramError(SdCovidError):
    """A causal diagram that cannot be used."""


class RunError(SdCovidError):
    """A run that cannot be made as asked."""


def suggest(name: str, known: Iterable[str], language: str = "en") -> str | None:
    """Advice naming the known names nearest to a misspelt one.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names there are.
    language : {'en', 'nl'}
        Of the advice.

    Returns
    -------
    str or None
        ``"did you mean 'x' or 'y'?"``, or None when nothing is near.
    """
    if len(name) > _LONGEST:  # comparing takes the square of the length
        return None
    by_fold = {item.replace("_", " ").casefold(): item for item in known if len(item) <= _LONGEST}
    near = difflib.get_close_matches(name.replace("_", " ").casefold(), list(by_fold), n=3, cutoff=0.6)
    if not near:
        return None
    mean, other = _MEAN[language]
    return mean + other.join(f"'{by_fold[item]}'" for item in near) + "?"
