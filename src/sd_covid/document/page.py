"""The page of a sector, as Markdown.

In go a sector, its pictures and what lies beside the model; out comes the text of a page in one language. Everything on
it comes from the model and those files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sd_covid.data.text import Text
from sd_covid.document.lines import alternative_lines, figure_lines, is_within, loop_lines, title
from sd_covid.document.markdown import anchor, bullets, said, table
from sd_covid.document.page_equations import constant_lines, equation_lines
from sd_covid.document.page_exchange import driver_lines, exchange_lines, lever_lines, output_lines
from sd_covid.document.page_source import Drawn, PageSource
from sd_covid.document.page_stocks import diagram_lines
from sd_covid.document.pictures import Round, series
from sd_covid.document.sources import Sector, Study
from sd_covid.document.texts import Texts


class SectorPage:
    """Writes one page."""

    def __init__(self, study: Study, sector: Sector, drawn: Drawn, texts: Texts) -> None:
        self.study, self.sector, self.drawn, self.texts = study, sector, drawn, texts
        self.source = PageSource(study, sector, drawn, texts)
        self.model, self.notes, self.citations = self.source.model, self.source.notes, self.source.citations

    def text(self) -> str:
        """The page."""
        texts = self.texts
        sections: list[tuple[str, list[str]]] = [
            (texts("section.purpose"), self._sentences(self.notes.purpose)),
            (
                texts("whole.alternatives"),
                alternative_lines(
                    self.study.alternatives(self.sector.stem),
                    self.study.beside.outputs,
                    texts,
                ),
            ),
            (texts("section.can"), self._list(self.notes.can_say)),
            (texts("section.cannot"), self._list(self.notes.cannot_say)),
            (texts("section.leaves_out"), self._leaves_out()),
            (texts("section.diagrams"), diagram_lines(self.source)),
            (texts("section.inputs"), exchange_lines(self.source)),
            (texts("section.drivers"), driver_lines(self.source)),
            (texts("section.levers"), lever_lines(self.source)),
            (texts("section.outputs"), output_lines(self.source)),
            (texts("section.loops"), self._loops()),
            (texts("section.links"), self._links()),
            (texts("section.modes"), self._modes()),
            (texts("section.equations"), equation_lines(self.source)),
            (texts("section.constants"), constant_lines(self.source)),
            (texts("section.references"), self.citations.lines(texts)),
        ]
        sections = [(heading, lines) for heading, lines in sections if lines]
        lines = [f"# {said(title(self.notes, self.sector, texts))}", ""]
        other = "en" if texts.language == "nl" else "nl"
        lines += [texts("page.made", file=self.sector.path.name), ""]
        page = f"{self.sector.stem}.md"
        links = [texts("page.other", link=f"../{other}/{page}")]
        if self.study.given:
            links.insert(0, texts("page.overview"))
        lines += [" · ".join(links), "", f"**{texts('page.contents')}:** "]
        lines[-1] += " · ".join(f"[{heading}](#{anchor(heading)})" for heading, _ in sections)
        lines.append("")
        for heading, body in sections:
            lines += [f"## {heading}", "", *body]
        return "\n".join(lines).rstrip() + "\n"

    def _sentences(self, items: Iterable[Text]) -> list[str]:
        return [line for item in items for line in (said(self.texts.of(item)), "")]

    def _list(self, items: Sequence[Text]) -> list[str]:
        return bullets(said(self.texts.of(item)) for item in items) if items else []

    def _leaves_out(self) -> list[str]:
        lines = self._list(self.notes.leaves_out)
        rows = [row for row in self.study.links(self.sector) if row["status"] == "left out"]
        if rows:
            lines += [self.texts("leaves_out.links"), ""]
            lines += bullets(
                f"{said(row['id'])}: {said(row['from'])} → {said(row['to'])}. {said(row['note'])}"
                for row in rows
            )
        return lines

    def _loops(self) -> list[str]:
        """The loops that run through the sector, each with its picture."""
        mine = [item for item in self.drawn.loops if self._is_mine(item)]
        if not mine:
            return [self.texts("loops.none"), ""] if self.drawn.loops else []
        own = {name for name in self.model.variables if self.sector in self.study.home(name)}
        return [
            self.texts("loops.lead"),
            "",
            *loop_lines(mine, own, self._model_names(), self.texts),
        ]

    def _is_mine(self, item: Round) -> bool:
        names = item.path or item.loop.through
        return any(self.sector in self.study.home(name) for name in names)

    def _model_names(self) -> dict[str, str]:
        """Names as spelled, of the whole study."""
        return {name: variable.name for name, variable in self.study.model.variables.items()}

    def _links(self) -> list[str]:
        texts = self.texts
        rows = [row for row in self.study.links(self.sector) if row["status"] != "left out"]
        if not rows:
            return []
        columns = ("id", "from", "to", "sign", "delay", "constants", "note")
        cells = [
            [said(row[column]).replace("-", "−" if column == "sign" else "-") for column in columns]
            for row in rows
        ]
        return [texts("links.lead"), "", *table([texts(f"column.{name}") for name in columns], cells)]

    def _modes(self) -> list[str]:
        """Charts of reference modes, each with its figures."""
        texts = self.texts
        rows = self.study.modes(self.sector)
        if not rows:
            return []
        if self.study.origin is None:
            return [texts("modes.no_calendar"), "", *figure_lines(rows, [], self.citations, texts)]
        whole = self.study.given
        within = sum(is_within(item) for item in self.drawn.compared)
        lines = [texts("modes.lead" if whole else "modes.only_alone"), ""]
        lines += [texts("modes.tally", within=within, all=len(self.drawn.compared)), ""]
        for which, file in self.drawn.charts.items():
            found = [item for item in self.drawn.compared if series(item) == which]
            heading = texts("modes.title", mode=which[0], variable=said(which[1]))
            lines += [f"### {heading}", "", f"![{said(which[1])}](../figures/{file})", ""]
            lines += figure_lines([item.figure for item in found], found, self.citations, texts)
        return lines
