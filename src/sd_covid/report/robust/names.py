"""What a study of robustness calls things, for its reader: packages, worlds, targets, and what varies.

In go a plan and a glossary; out come titles and units in one language. A parameter goes by its name only where it has
no title.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

from sd_covid.analysis.robustness.outcomes import Objective
from sd_covid.analysis.robustness.pipeline import Robust
from sd_covid.model.names import key
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


@dataclass(frozen=True, slots=True)
class RobustNames:
    """Names of what is in a study of robustness.

    Attributes
    ----------
    robust : Robust
    glossary : Glossary
    texts : Texts
    contraction : mapping
        Parameter id -> share of its prior variance that the figures so far have taken away, where a fit told it.
    """

    robust: Robust
    glossary: Glossary
    texts: Texts
    contraction: Mapping[str, float] = field(default_factory=dict)

    @property
    def numbers(self) -> Numbers:
        """Numbers in the language."""
        return Numbers(self.texts.language)

    @property
    def states(self) -> str:
        """That states are counted alike, and how many draws are kept out."""
        failed = self.robust.outcomes.failed
        kept_out = f" {self.texts('robust.failed', failed=failed)}" if failed else ""
        return self.texts("robust.states") + kept_out

    def package(self, name: str) -> str:
        """The title of a package."""
        return self.texts.of(self.robust.outcomes.titles[name])

    @property
    def packages(self) -> list[str]:
        """The titles of all packages."""
        return [self.package(name) for name in self.robust.outcomes.packages]

    def quoted(self, name: str) -> str:
        """The title of a package within a sentence."""
        return self.texts("robust.quoted", name=self.package(name))

    def at(self, places: tuple[int, ...]) -> str:
        """The packages at some places, in a sentence."""
        return self.texts.listed([self.quoted(self.robust.outcomes.packages[place]) for place in places])

    def world(self, name: str) -> str:
        """The title of a path or structure."""
        return self.texts.of(next(item.title for item in self.robust.outcomes.worlds if item.id == name))

    def objective(self, objective: Objective) -> str:
        """The title of an objective."""
        return self.texts.of(objective.title)

    def inside(self, objective: Objective) -> str:
        """The title of an objective within a sentence."""
        return self.texts.inside(objective.title)

    def unit(self, objective: Objective) -> str:
        """The unit of a difference in an objective: percentage points for a percentage, times years where added up."""
        if not objective.unit.en.startswith("%"):
            return self.texts.of(objective.unit)
        return self.texts("unit.point_years" if "total" in objective.measure else "unit.points")

    def target(self, objective: Objective) -> str:
        """The target of an objective in words; empty without one."""
        if objective.target is None:
            return ""
        way = "low" if objective.better == "lower" else "high"
        compared = objective.difference
        said = self.texts(
            f"together.target_{way}",
            objective=self.texts.inside(objective.title),
            value=self.numbers.plain(objective.target),
            unit=self.unit(objective) if compared else self.texts.of(objective.unit),
        )
        if not compared:
            return said
        reference = self.quoted(self.robust.outcomes.packages[0])
        return self.texts("together.target_difference", target=said, reference=reference)

    def lever(self, name: str) -> str:
        """The title of a lever."""
        return self.texts.of(self.robust.plan.study.catalogue.levers[name].title)

    def constant(self, name: str) -> str:
        """The title of a constant that varies; its name where it has none."""
        return self.texts.inside(self.glossary.constant(name)[0])

    def titled(self, name: str) -> bool:
        """Whether a constant has a title for its reader."""
        return self.glossary.has(name)

    def known_already(self, name: str) -> float:
        """How much of what was unknown of a constant the figures so far have told, in per cent; NaN if no fit says."""
        return 100 * self.contraction.get(self.glossary.ids.get(key(name), ""), nan)

    def constant_unit(self, name: str) -> str:
        """The unit of a constant, in words; empty without one."""
        variable = self.robust.plan.simulation.model.variables.get(key(name.partition("[")[0]))
        return "" if variable is None else self.texts.unit(str(variable.units))

    def amount(self, name: str, value: float) -> str:
        """A value of a constant with its unit."""
        digits = 3 if abs(value) >= 100 else 2  # a month of a date has three
        return f"{self.numbers.plain(value, digits)} {self.constant_unit(name)}".rstrip()
