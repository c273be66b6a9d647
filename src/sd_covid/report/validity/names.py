"""What series and parameters are called on the validation page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sd_covid.calibration.validity.report import SeriesValidity, ValidityReport
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from sd_covid.data import Registry


@dataclass(frozen=True, slots=True)
class Names:
    """Titles in one language, and numbers as it spells them.

    Attributes
    ----------
    texts : Texts
    glossary : Glossary
        What parameters are called.
    registry : Registry or None
        Titles and units of the series.
    series : dict
        What a report calls a series -> the series.
    """

    texts: Texts
    glossary: Glossary
    registry: Registry | None
    series: dict[str, SeriesValidity] = field(default_factory=dict)

    @property
    def numbers(self) -> Numbers:
        """Numbers in the reader's language."""
        return Numbers(self.texts.language)

    def of(self, label: str) -> tuple[str, str]:
        """Title and unit of a series, by what a report calls it; a soft fact's own name."""
        if label not in self.series:
            return self.texts.of(self.glossary.title(label, label)), ""
        item = self.series[label]
        behind = f" ({item.experiment})" if item.experiment else ""
        if self.registry is None or item.series not in self.registry:
            title = self.glossary.title(item.observable, item.name or item.observable)
            return self.texts.of(title) + behind, self.texts.unit(item.unit)
        known = self.registry.series(item.series)
        return self.texts.of(known.title) + behind, self.texts.of(self.registry.units[known.unit])

    def parameter(self, name: str) -> str:
        """Title of a parameter."""
        return self.texts.of(self.glossary.title(name, name))

    def share(self, value: float) -> str:
        """A share as a percentage; a dash without one."""
        return "–" if value != value else f"{self.numbers.exact(100 * value, 0)} %"


def names_of(report: ValidityReport, texts: Texts, glossary: Glossary, registry: Registry | None) -> Names:
    """The names that a page in some language needs."""
    series = {
        item.observable if not item.experiment else f"{item.observable} ({item.experiment})": item
        for item in report.series
    }
    return Names(texts, glossary, registry, series)
