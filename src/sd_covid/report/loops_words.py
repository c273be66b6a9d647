"""How a reader is told of times, variables and scenarios in findings about loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sd_covid.analysis.loops.links import Floats
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.report.texts import Texts

ARROW = " → "


@dataclass(frozen=True, slots=True)
class Times:
    """Model times as a reader knows them: as years where the model counts months from a date."""

    model: Model

    @property
    def dated(self) -> bool:
        """Whether they are years."""
        return self.model.calendar is not None and self.model.calendar[1] == "month"

    def values(self, times: Floats) -> Floats:
        """Times on an axis."""
        if self.model.calendar is None or not self.dated:
            return times
        year, month = self.model.calendar[0].split("-")[:2]
        return np.asarray(int(year) + (int(month) - 1 + times) / 12)

    def heading(self, texts: Texts) -> str:
        """What heads them in a table."""
        return texts("loops.column.year" if self.dated else "loops.column.time")

    def spelled(self, time: float, texts: Texts) -> str:
        """A time in a sentence."""
        value = float(self.values(np.array([time]))[0])
        told = f"{value:.1f}" if self.dated else f"{value:g}"
        return told if texts.language == "en" else told.replace(".", ",")


def capital(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Told:
    """What variables and scenarios are called: by their titles where they have any.

    Attributes
    ----------
    model : Model
    texts : Texts
    titles : dict
        Of variables of the model, by canonical name, as the study's outputs give them.
    scenarios : dict
        Titles of scenarios, by id.
    """

    model: Model
    texts: Texts
    titles: Mapping[str, Text] = field(default_factory=dict)
    scenarios: Mapping[str, Text] = field(default_factory=dict)

    @property
    def times(self) -> Times:
        """Its times."""
        return Times(self.model)

    def name(self, variable: str) -> str:
        """A variable, or an element of one; without a title as the model calls it."""
        title = self.titles.get(key(variable))
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
