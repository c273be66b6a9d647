"""What the page of a sector is written from: the sector, its pictures, what lies beside the model, and the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sd_covid.document.citations import Citations
from sd_covid.document.companions import Notes
from sd_covid.document.pictures import Picture, Round
from sd_covid.document.readable import Notation
from sd_covid.document.sources import Compared, Sector, Study
from sd_covid.document.texts import Texts
from sd_covid.model.structure import Kind


@dataclass(frozen=True, slots=True)
class Drawn:
    """The pictures of a sector, and the figures that were compared for them."""

    stocks: Sequence[Picture]
    compared: Sequence[Compared]
    charts: Mapping[tuple[str, ...], str]
    loops: Sequence[Round] = ()


class PageSource:
    """What every section of a page draws on; the citations grow as sections are written."""

    def __init__(self, study: Study, sector: Sector, drawn: Drawn, texts: Texts) -> None:
        self.study, self.sector, self.drawn, self.texts = study, sector, drawn, texts
        self.model, self.anatomy = sector.model, sector.anatomy
        self.notes = study.beside.notes.get(sector.stem, Notes())
        lookups = [
            name for name, item in self.model.variables.items() if item.equations[0].kind is Kind.LOOKUP
        ]
        self.notation = Notation(texts.words(), lookups)
        self.citations = Citations(study.beside.references)
