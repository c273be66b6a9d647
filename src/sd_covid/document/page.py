"""The page of a sector, as Markdown.

In go a sector, its pictures and what lies beside the model; out comes the text of a page in one language. Everything on
it comes from the model and those files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.data.text import Text
from sd_covid.document.citations import Citations
from sd_covid.document.companions import Notes
from sd_covid.document.lines import (
    adds_up,
    alternative_lines,
    capital,
    comment,
    figure_lines,
    is_within,
    loop_lines,
    title,
    title_of,
)
from sd_covid.document.markdown import anchor, bullets, said, table
from sd_covid.document.pictures import Picture, Round, series
from sd_covid.document.readable import Notation, number
from sd_covid.document.sources import Compared, Sector, Study
from sd_covid.document.structure import count, is_constant, pipes, without
from sd_covid.document.texts import Texts, plain_number
from sd_covid.model.layout_parts import CONTROL
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Variable
from sd_covid.policy.evidence import GRADES, NO_EVIDENCE

OUTPUTS = "outputs"  # the group of a model that holds them


@dataclass(frozen=True, slots=True)
class Drawn:
    """The pictures of a sector, and the figures that were compared for them."""

    stocks: Sequence[Picture]
    compared: Sequence[Compared]
    charts: Mapping[tuple[str, ...], str]
    loops: Sequence[Round] = ()


class SectorPage:
    """Writes one page."""

    def __init__(self, study: Study, sector: Sector, drawn: Drawn, texts: Texts) -> None:
        self.study, self.sector, self.drawn, self.texts = study, sector, drawn, texts
        self.model, self.anatomy = sector.model, sector.anatomy
        self.notes = study.beside.notes.get(sector.stem, Notes())
        lookups = [
            name for name, item in self.model.variables.items() if item.equations[0].kind is Kind.LOOKUP
        ]
        self.notation = Notation(texts.words(), lookups)
        self.citations = Citations(study.beside.references)

    def text(self) -> str:
        """The page."""
        texts = self.texts
        sections: list[tuple[str, list[str]]] = [
            (texts("section.purpose"), self._sentences(self.notes.purpose)),
            (
                texts("whole.alternatives"),
                alternative_lines(
                    self.study.alternatives(self.sector.stem), self.study.beside.outputs, texts
                ),
            ),
            (texts("section.can"), self._list(self.notes.can_say)),
            (texts("section.cannot"), self._list(self.notes.cannot_say)),
            (texts("section.leaves_out"), self._leaves_out()),
            (texts("section.diagrams"), self._diagrams()),
            (texts("section.inputs"), self._exchange()),
            (texts("section.drivers"), self._drivers()),
            (texts("section.levers"), self._levers()),
            (texts("section.outputs"), self._outputs()),
            (texts("section.loops"), self._loops()),
            (texts("section.links"), self._links()),
            (texts("section.modes"), self._modes()),
            (texts("section.equations"), self._equations()),
            (texts("section.constants"), self._constants()),
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

    def _diagrams(self) -> list[str]:
        """Pictures, and the table of stocks."""
        texts, found = self.texts, self.anatomy
        if not found.stocks:
            return []
        flows = pipes(without(self.model, found.counters))
        flowing = {flow.name for flow in flows}
        others = [
            name
            for name in found.causes
            if name not in (*found.stocks, *found.counters, *found.constants) and name not in flowing
        ]
        lines = [
            texts(
                "diagrams.counts",
                stocks=len(found.stocks),
                cells=sum(count(self.model, name) for name in found.stocks),
                flows=len(flows),
                auxiliaries=len(others),
                constants=len(found.constants),
                counters=len(found.counters),
            ),
            "",
            texts("diagrams.legend"),
            "",
        ]
        for picture in self.drawn.stocks:
            lines += [
                f"### {said(capital(picture.title))}",
                "",
                f"![{said(picture.title)}](../figures/{picture.file})",
                "",
            ]
            if picture.causes:
                lines += [
                    texts("diagrams.causes" if len(picture.causes) > 1 else "diagrams.causes_whole"),
                    "",
                ]
            for file in picture.causes:
                lines += [f"![{said(picture.title)}](../figures/{file})", ""]
        return lines + self._stock_table(found.stocks) + self._counters()

    def _stock_table(self, stocks: Sequence[str]) -> list[str]:
        texts = self.texts
        model = without(self.model, self.anatomy.counters)
        flows = pipes(model)
        run = self.study.alone(self.sector).run(
            outputs=[self.model.variables[name].name for name in stocks], until=None
        )
        rows = []
        for name in stocks:
            variable = self.model.variables[name]
            start = float(np.asarray(run[variable.name].isel(time=0), dtype=np.float64).sum())
            into = [model.variables[flow.name].name for flow in flows if flow.target == name]
            out = [model.variables[flow.name].name for flow in flows if flow.source == name]
            cells = count(self.model, name)
            rows.append(
                (
                    f"**{said(variable.name)}**",
                    str(cells),
                    plain_number(start) if cells == 1 or adds_up(variable) else "",
                    said(variable.units),
                    said(", ".join(into)),
                    said(", ".join(out)),
                    said(comment(variable)),
                )
            )
        heads = ("stock", "cells", "start", "unit", "inflows", "outflows", "meaning")
        return table([texts(f"column.{head}") for head in heads], rows, (1, 2))

    def _counters(self) -> list[str]:
        if not self.anatomy.counters:
            return []
        variables = [self.model.variables[name] for name in self.anatomy.counters]
        rows = [(said(item.name), said(item.units), said(comment(item))) for item in variables]
        heads = [self.texts("diagrams.counters"), self.texts("column.unit"), self.texts("column.meaning")]
        return table(heads, rows)

    def _exchange(self) -> list[str]:
        """What is taken from other sectors and given to them."""
        if not self.study.given:
            return []
        texts, me = self.texts, self.sector.id
        taken = [item for item in self.study.given if me in item.takers]
        lines = [texts("inputs.lead"), ""] if taken else [texts("inputs.none"), ""]
        rows = []
        for item in taken:
            variable = self.model.variable(item.input)
            giver = self.study.of(item.giver)
            rows.append(
                (
                    said(variable.name),
                    said(variable.units),
                    f"[{said(title_of(self.study, giver, texts))}]({giver.stem}.md): {said(item.source)}",
                    said(", ".join(self._link_ids(item.input)) or item.note),
                    said(comment(variable)),
                )
            )
        if rows:
            heads = ("input", "unit", "from", "links", "meaning")
            lines += table([texts(f"column.{head}") for head in heads], rows)
        given = [item for item in self.study.given if item.giver == me]
        if given:
            lines += [texts("inputs.gives"), ""]
            rows_given = [
                (
                    said(item.source),
                    said(self.model.variable(item.source).units),
                    ", ".join(
                        f"[{said(title_of(self.study, taker, texts))}]({taker.stem}.md)"
                        for taker in map(self.study.of, item.takers)
                    ),
                    said(comment(self.model.variable(item.source))),
                )
                for item in given
            ]
            names = ("name", "unit", "to", "meaning")
            lines += table([texts(f"column.{head}") for head in names], rows_given)
        return lines

    def _link_ids(self, name: str) -> list[str]:
        """The links that begin at a variable of this sector."""
        rows = self.study.links(self.sector)
        return list(dict.fromkeys(row["id"] for row in rows if key(row["from"]) == key(name)))

    def _drivers(self) -> list[str]:
        texts = self.texts
        if not self.anatomy.drivers:
            return [texts("drivers.none"), ""]
        rows = []
        for name in self.anatomy.drivers:
            variable = self.model.variables[name]
            known = [row for row in self.study.beside.drivers if f"{key(row['variable'])} data" == name]
            source = self.citations.of(known[0]) if known else ""
            columns = ("transformation", "last_observed", "quality")
            cells = [said(known[0][column]) if known else "" for column in columns]
            rows.append((said(variable.name), said(variable.units), source, *cells))
        heads = ("name", "unit", "source", "transformation", "observed", "quality")
        return [texts("drivers.lead"), "", *table([texts(f"column.{head}") for head in heads], rows)]

    def _levers(self) -> list[str]:
        """What a government sets: constants called level, start, end, budget and unit cost of one thing."""
        texts, rows = self.texts, []
        for variable in self.model.variables.values():
            name = variable.name.removesuffix(" level")
            dated = all(key(f"{name} {part}") in self.model.variables for part in ("start", "end"))
            if name == variable.name or not dated:
                continue
            cells = [
                self._constant(f"{name} {part}") for part in ("level", "start", "end", "budget", "unit cost")
            ]
            dates = [self._date(cell) for cell in cells[1:3]]
            cost = self.model.variables.get(key(f"{name} unit cost"))
            unit = "" if cost is None or not cells[4] else f" {said(cost.units)}"
            rows.append(
                (
                    f"**{said(name)}**",
                    cells[0],
                    *dates,
                    cells[3],
                    f"{cells[4]}{unit}",
                    said(comment(variable)),
                )
            )
        if not rows:
            return []
        heads = ("lever", "level", "begins", "ends", "budget", "cost", "meaning")
        return [
            texts("levers.lead"),
            "",
            *table([texts(f"column.{head}") for head in heads], rows, (1, 4, 5)),
        ]

    def _constant(self, name: str) -> str:
        """The number of a constant; nothing when there is none."""
        variable = self.model.variables.get(key(name))
        return "" if variable is None or not is_constant(variable) else self._values(variable)

    def _date(self, time: str) -> str:
        """A model time as year and month, where the study gives it a date."""
        origin = self.study.origin
        if origin is None or not time or not time.replace(".", "", 1).isdigit():
            return time
        month = origin[0] * 12 + origin[1] - 1 + int(float(time))
        return f"{month // 12}-{month % 12 + 1:02}"

    def _outputs(self) -> list[str]:
        found = [
            item
            for item in self.model.variables.values()
            if key(item.group) == OUTPUTS and not is_constant(item) and item.key not in self.anatomy.counters
        ]
        if not found:
            return []
        rows = [(said(item.name), said(item.units), said(comment(item))) for item in found]
        return table([self.texts(f"column.{head}") for head in ("output", "unit", "meaning")], rows)

    def _loops(self) -> list[str]:
        """The loops that run through the sector, each with its picture."""
        mine = [item for item in self.drawn.loops if self._is_mine(item)]
        if not mine:
            return [self.texts("loops.none"), ""] if self.drawn.loops else []
        own = {name for name in self.model.variables if self.sector in self.study.home(name)}
        return [self.texts("loops.lead"), "", *loop_lines(mine, own, self.model_names(), self.texts)]

    def _is_mine(self, item: Round) -> bool:
        names = item.path or item.loop.through
        return any(self.sector in self.study.home(name) for name in names)

    def model_names(self) -> dict[str, str]:
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

    def _equations(self) -> list[str]:
        """Every equation that is no constant, by group."""
        lines = [self.texts("equations.lead"), ""]
        group = ""
        for variable in self.model.variables.values():
            if variable.key in CONTROL or is_constant(variable):
                continue
            if variable.group != group:
                group = variable.group
                lines += [f"### {said(group)}", ""]
            lines += self._equation(variable)
        return lines

    def _equation(self, variable: Variable) -> list[str]:
        each = self._each(variable.equations)
        unit = "" if variable.units.casefold() in ("", "dmnl") else said(variable.units)
        aside = ", ".join(part for part in (unit, each) if part)
        comment = said(variable.documentation)
        head = (
            f"**{said(variable.name)}**"
            + (f" ({aside})" if aside else "")
            + (f": {comment}" if comment else "")
        )
        written = self.notation.equations(variable)
        body = "<br>".join(written)
        return [head, "", f"> {body}", ""] if body else [head, ""]

    def _each(self, equations: Sequence[Equation]) -> str:
        """Which dimensions an equation holds for each element of."""
        names = [
            name
            for equation in equations
            for name in equation.subscripts
            if key(name) in self.model.dimensions
        ]
        if not names:
            return ""
        joined = self.texts("equations.and").join(map(said, dict.fromkeys(names)))
        return self.texts("equations.each", names=joined)

    def _constants(self) -> list[str]:
        texts = self.texts
        rows, grades = [], Counter[str]()
        for variable in self.model.variables.values():
            if not is_constant(variable):
                continue
            evidence = self.study.beside.evidence_of(variable.name)
            if not evidence:
                source = texts("constants.no_row") if self.study.beside.evidence else ""
                rows.append(
                    (said(variable.name), self._values(variable), "", said(variable.units), "", source)
                )
            for row in evidence:
                grades[row.grade] += 1
                spread = "" if row.low == row.high else f"{number(row.low)} – {number(row.high)}"
                note = f" ({said(row.note)})" if row.note else ""
                rows.append(
                    (
                        said(row.constant),
                        number(row.value),
                        spread,
                        said(row.unit),
                        row.grade if row.graded else "–",
                        f"{said(row.id)}: {self.citations.source(row.source, row.references)}{note}",
                    )
                )
        if not rows:
            return []
        heads = ("name", "value", "range", "unit", "grade", "source")
        lines = [texts("constants.lead"), ""]
        if self.study.beside.evidence:
            counts = {grade.lower(): grades[grade] for grade in GRADES}
            lines += [texts("constants.counts", none=grades[NO_EVIDENCE], **counts), ""]
        return lines + table([texts(f"column.{head}") for head in heads], rows, (1,))

    def _values(self, variable: Variable) -> str:
        """The numbers of a constant that has no row of evidence."""
        found = []
        for equation in variable.equations:
            if equation.values:
                found += [number(value) for value in equation.values]
            elif equation.expression is not None:
                found.append(self.notation.expression(equation.expression))
        return ", ".join(found)
