"""The page of the coupled whole: its sectors, what they give each other, loops, what rests on assumptions, sources."""

from __future__ import annotations

from collections.abc import Sequence

from sd_covid.data.references import Reference, named_in
from sd_covid.document.citations import full
from sd_covid.document.companions import Notes
from sd_covid.document.couplings import draw_couplings
from sd_covid.document.lines import alternative_lines, loop_lines, title
from sd_covid.document.markdown import anchor, bullets, said, table
from sd_covid.document.pictures import Round, slug
from sd_covid.document.sources import Given, Sector, Study
from sd_covid.document.structure import anatomy, count
from sd_covid.document.texts import Texts
from sd_covid.model.names import key

FIGURE = "couplings"


class WholePage:
    """Writes the page of a study in one language."""

    def __init__(self, study: Study, loops: Sequence[Round], texts: Texts) -> None:
        self.study, self.loops, self.texts = study, loops, texts
        self.notes = study.beside.notes.get(study.path.stem, Notes())

    def titles(self) -> dict[str, str]:
        """What each sector is called."""
        beside = self.study.beside
        return {
            item.id: title(beside.notes.get(item.stem, Notes()), item, self.texts)
            for item in self.study.sectors
        }

    def figure(self) -> tuple[str, str]:
        """Name and text of the causal diagram between sectors; it holds titles, so there is one for each language."""
        pairs: dict[tuple[str, str], list[str]] = {}
        for item in self.study.given:
            for taker in item.takers:
                pairs.setdefault((item.giver, taker), []).append(self._spelled(item))
        name = f"{slug(self.study.name)}-{FIGURE}-{self.texts.language}.svg"
        return name, draw_couplings(self.study.name, self.titles(), pairs)

    def _spelled(self, item: Given) -> str:
        return self.study.of(item.giver).model.variable(item.source).name

    def text(self) -> str:
        """The page."""
        texts = self.texts
        head = texts.of(self.notes.title) or texts("whole.title", name=self.study.name)
        sections: list[tuple[str, list[str]]] = [
            (
                texts("section.purpose"),
                [line for item in self.notes.purpose for line in (said(texts.of(item)), "")],
            ),
            (
                texts("whole.alternatives"),
                alternative_lines(
                    self.study.alternatives(self.study.path.stem), self.study.beside.outputs, texts
                ),
            ),
            (texts("section.can"), bullets(said(texts.of(item)) for item in self.notes.can_say)),
            (texts("section.cannot"), bullets(said(texts.of(item)) for item in self.notes.cannot_say)),
            (texts("section.leaves_out"), bullets(said(texts.of(item)) for item in self.notes.leaves_out)),
            (texts("whole.sectors"), self._sectors()),
            (texts("whole.couplings"), self._couplings()),
            (texts("section.loops"), self._loops()),
            (texts("whole.sources"), self._sources()),
        ]
        sections = [(heading, lines) for heading, lines in sections if any(lines)]
        other = "en" if texts.language == "nl" else "nl"
        lines = [f"# {said(head)}", "", texts("page.made", file=self.study.path.name), ""]
        lines += [texts("page.other", link=f"../{other}/index.md"), ""]
        lines += [
            f"**{texts('page.contents')}:** "
            + " · ".join(f"[{name}](#{anchor(name)})" for name, _ in sections),
            "",
        ]
        for heading, body in sections:
            lines += [f"## {heading}", "", *body]
        return "\n".join(lines).rstrip() + "\n"

    def _sectors(self) -> list[str]:
        texts, titles = self.texts, self.titles()
        rows = [
            (f"[{said(titles[item.id])}]({item.stem}.md)", *self._counts(item)) for item in self.study.sectors
        ]
        whole = anatomy(self.study.model)
        cells = sum(count(self.study.model, name) for name in whole.stocks)
        numbers = (
            f"{len(whole.stocks)} ({cells})",
            str(len(self.study.model.variables)),
            str(len(whole.constants)),
        )
        rows.append((f"**{texts('whole.total')}**", *numbers))
        heads = ("sector", "states", "variables", "constants")
        return [
            *table([texts(f"column.{head}") for head in heads], rows, (1, 2, 3)),
            texts("whole.total_note"),
            "",
        ]

    @staticmethod
    def _counts(sector: Sector) -> tuple[str, ...]:
        found = sector.anatomy
        cells = sum(count(sector.model, name) for name in found.stocks)
        return f"{len(found.stocks)} ({cells})", str(len(sector.model.variables)), str(len(found.constants))

    def _couplings(self) -> list[str]:
        """The picture, the list and the matrix."""
        texts, titles = self.texts, self.titles()
        file, _ = self.figure()
        lines = [texts("whole.couplings_lead"), "", f"![{texts('whole.couplings')}](../figures/{file})", ""]
        rows = []
        for item in self.study.given:
            variable = self.study.of(item.giver).model.variable(item.source)
            takers = [f"{said(titles[name])}{self._links(item, name)}" for name in item.takers]
            rows.append(
                (said(variable.name), said(variable.units), said(titles[item.giver]), "; ".join(takers))
            )
        heads = ("name", "unit", "from", "to")
        lines += table([texts(f"column.{head}") for head in heads], rows)
        lines += [texts("whole.matrix"), ""]
        matrix = [
            [
                f"**{said(titles[giver.id])}**",
                *(self._cell(giver.id, taker.id) for taker in self.study.sectors),
            ]
            for giver in self.study.sectors
        ]
        return lines + table(["", *(said(titles[item.id]) for item in self.study.sectors)], matrix)

    def _links(self, item: Given, taker: str) -> str:
        """The links along which an input works in a sector."""
        rows = self.study.links(self.study.of(taker))
        ids = list(dict.fromkeys(row["id"] for row in rows if key(row["from"]) == key(item.input)))
        return f" ({', '.join(map(said, ids))})" if ids else ""

    def _cell(self, giver: str, taker: str) -> str:
        given = [item for item in self.study.given if item.giver == giver and taker in item.takers]
        return "—" if giver == taker else "<br>".join(said(self._spelled(item)) for item in given)

    def _loops(self) -> list[str]:
        if not self.loops:
            return []
        spelled = {name: variable.name for name, variable in self.study.model.variables.items()}
        return [self.texts("loops.whole"), "", *loop_lines(self.loops, (), spelled, self.texts)]

    def _sources(self) -> list[str]:
        """Every reference once, and every source that names none."""
        texts, beside, assumptions = self.texts, self.study.beside, 0
        named: dict[str, list[str]] = {}
        for row in beside.evidence:
            assumed = not row.references and row.assumed
            assumptions += assumed
            for source in self._cited(row.references, "" if assumed else row.source):
                named.setdefault(source, []).append(row.constant)
        for driver in beside.drivers:
            for source in self._cited(named_in(driver, beside.references), driver["source"]):
                named.setdefault(source, []).append(f"{driver['variable']} data")
        used = {source: names for source, names in named.items() if self._is_of_study(names)}
        if not used:
            return []
        cells = [
            (source, said(", ".join(dict.fromkeys(names))))
            for source, names in sorted(used.items(), key=lambda item: item[0].casefold())
        ]
        lead = texts("whole.sources_lead", assumptions=assumptions)
        return [lead, "", *table([texts("column.source"), texts("column.used")], cells)]

    def _cited(self, references: Sequence[Reference], source: str) -> list[str]:
        """The references in full; without any the source, if there is one."""
        return [full(item, self.texts) for item in references] or ([said(source)] if source else [])

    def _is_of_study(self, names: Sequence[str]) -> bool:
        """Whether a source is used by a variable of the study: the folder may hold other models."""
        return any(key(name.partition("[")[0]) in self.study.model.variables for name in names)
