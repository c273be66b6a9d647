"""How a reader is told of times, variables and scenarios in findings about loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.loops.links import Floats
from sd_covid.data.text import Text
from sd_covid.model.structure import Model
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.titles import Titles
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import ARROW


@dataclass(frozen=True, slots=True)
class Times:
    """Model times as a reader knows them: as months of the calendar where the model counts them from a date."""

    model: Model

    @property
    def dated(self) -> bool:
        """Whether they have a date."""
        return self.model.calendar is not None and self.model.calendar[1] == "month"

    @property
    def _calendar(self) -> Calendar:
        return Calendar.of(self.model)

    def axis(self, times: Floats) -> Floats:
        """Times on an axis: years, where they have a date."""
        if not self.dated:
            return times
        origin = self._calendar.origin
        return np.asarray(origin.year + (origin.month - 1 + times) / 12)

    def column(self, times: Floats) -> NDArray[Any]:
        """Times in a table: days, where they have a date."""
        if not self.dated:
            return times
        return np.array([self._calendar.date(time) for time in times.tolist()], dtype="datetime64[s]")

    def heading(self, texts: Texts) -> str:
        """What heads them in a table."""
        return texts("loops.column.month" if self.dated else "loops.column.time")

    def label(self, texts: Texts) -> str:
        """What stands below an axis of them: nothing below years."""
        return "" if self.dated else self.heading(texts)

    def spelled(self, time: float, texts: Texts) -> str:
        """A time by itself: ``July 2020``, or its number."""
        if self.dated:
            return texts.month(self._calendar.date(time))
        return f"{time:g}" if texts.language == "en" else f"{time:g}".replace(".", ",")

    def when(self, time: float, texts: Texts) -> str:
        """A time in a sentence: ``in July 2020``, or ``at time 12``."""
        return texts("when.month" if self.dated else "when.time", time=self.spelled(time, texts))


@dataclass(frozen=True, slots=True)
class Told:
    """What variables and scenarios are called: by their titles where they have any.

    Attributes
    ----------
    model : Model
    texts : Texts
    titles : Titles
        Of the study's variables and constants.
    scenarios : dict
        Titles of scenarios, by id.
    """

    model: Model
    texts: Texts
    titles: Titles = field(default_factory=Titles)
    scenarios: Mapping[str, Text] = field(default_factory=dict)

    @property
    def times(self) -> Times:
        """Its times."""
        return Times(self.model)

    def name(self, variable: str) -> str:
        """A variable or constant, or an element of one; without a title as the model calls it."""
        title = self.titles.of(variable)
        return variable if title is None else self.texts.inside(title)

    def path(self, variables: Iterable[str]) -> str:
        """Variables in order of effect."""
        return ARROW.join(map(self.name, variables))

    def listed(self, variables: Sequence[str]) -> str:
        """Variables in a sentence."""
        return self.texts.listed([self.name(item) for item in variables])

    def scenario(self, name: str) -> str:
        """A scenario, in quotes where it has a title."""
        title = self.scenarios.get(name)
        return name if title is None else f"‘{self.texts.of(title)}’"

    def unit(self, variable: str) -> str:
        """The unit of a variable."""
        return self.texts.unit(self.model.variable(variable.partition("[")[0]).units)


def legend(heads: Iterable[str], paths: Sequence[Sequence[str]]) -> list[str]:
    """Paths for a legend: what each is headed by, where it begins, and from where no other goes with it.

    Parameters
    ----------
    heads : iterable of str
        One for each path.
    paths : sequence of sequence of str
        Their variables as a reader knows them, in order of effect.
    """
    return [f"{head}: {_apart(place, paths)}" for place, head in enumerate(heads)]


def _apart(place: int, paths: Sequence[Sequence[str]]) -> str:
    """Four variables of a path at most: the first, and those from which no other goes with it."""
    path, others = paths[place], (other for at, other in enumerate(paths) if at != place)
    shared = max((_together_until(path, other) for other in others), default=0)
    start = max(1, min(shared, len(path) - 2)) if shared > 2 else 1
    names = [path[0], *(["…"] if start > 1 else []), *path[start : start + 3]]
    return ARROW.join([*names, *(["…"] if start + 3 < len(path) else [])])


def _together_until(path: Sequence[str], other: Sequence[str]) -> int:
    """How many variables two paths have in common from their begin."""
    pairs = zip(path, other, strict=False)
    return next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(path), len(other)))
