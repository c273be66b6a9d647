"""What goes into a sector and comes out of it, on its page: exchange with other sectors, drivers, levers, outputs.

In goes what a page is written from; out come lines of Markdown.
"""

from __future__ import annotations

from sd_covid.document.lines import comment, title_of
from sd_covid.document.markdown import said, table
from sd_covid.document.page_equations import values_of
from sd_covid.document.page_source import PageSource
from sd_covid.document.structure import is_constant
from sd_covid.model.names import key

OUTPUTS = "outputs"  # the group of a model that holds them


def exchange_lines(page: PageSource) -> list[str]:
    """What is taken from other sectors and given to them."""
    if not page.study.given:
        return []
    texts, me = page.texts, page.sector.id
    taken = [item for item in page.study.given if me in item.takers]
    lines = [texts("inputs.lead"), ""] if taken else [texts("inputs.none"), ""]
    rows = []
    for item in taken:
        variable = page.model.variable(item.input)
        giver = page.study.of(item.giver)
        rows.append(
            (
                said(variable.name),
                said(variable.units),
                f"[{said(title_of(page.study, giver, texts))}]({giver.stem}.md): {said(item.source)}",
                said(", ".join(_link_ids(page, item.input)) or item.note),
                said(comment(variable)),
            )
        )
    if rows:
        heads = ("input", "unit", "from", "links", "meaning")
        lines += table([texts(f"column.{head}") for head in heads], rows)
    given = [item for item in page.study.given if item.giver == me]
    if given:
        lines += [texts("inputs.gives"), ""]
        rows_given = [
            (
                said(item.source),
                said(page.model.variable(item.source).units),
                ", ".join(
                    f"[{said(title_of(page.study, taker, texts))}]({taker.stem}.md)"
                    for taker in map(page.study.of, item.takers)
                ),
                said(comment(page.model.variable(item.source))),
            )
            for item in given
        ]
        names = ("name", "unit", "to", "meaning")
        lines += table([texts(f"column.{head}") for head in names], rows_given)
    return lines


def _link_ids(page: PageSource, name: str) -> list[str]:
    """The links that begin at a variable of this sector."""
    rows = page.study.links(page.sector)
    return list(dict.fromkeys(row["id"] for row in rows if key(row["from"]) == key(name)))


def driver_lines(page: PageSource) -> list[str]:
    """The figures that drive the sector."""
    texts = page.texts
    if not page.anatomy.drivers:
        return [texts("drivers.none"), ""]
    rows = []
    for name in page.anatomy.drivers:
        variable = page.model.variables[name]
        known = [row for row in page.study.beside.drivers if f"{key(row['variable'])} data" == name]
        source = page.citations.of(known[0]) if known else ""
        columns = ("transformation", "last_observed", "quality")
        cells = [said(known[0][column]) if known else "" for column in columns]
        rows.append((said(variable.name), said(variable.units), source, *cells))
    heads = ("name", "unit", "source", "transformation", "observed", "quality")
    return [texts("drivers.lead"), "", *table([texts(f"column.{head}") for head in heads], rows)]


def lever_lines(page: PageSource) -> list[str]:
    """What a government sets: constants called level, start, end, budget and unit cost of one thing."""
    texts, rows = page.texts, []
    for variable in page.model.variables.values():
        name = variable.name.removesuffix(" level")
        dated = all(key(f"{name} {part}") in page.model.variables for part in ("start", "end"))
        if name == variable.name or not dated:
            continue
        cells = [
            _constant(page, f"{name} {part}") for part in ("level", "start", "end", "budget", "unit cost")
        ]
        dates = [_date(page, cell) for cell in cells[1:3]]
        cost = page.model.variables.get(key(f"{name} unit cost"))
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


def _constant(page: PageSource, name: str) -> str:
    """The number of a constant; nothing when there is none."""
    variable = page.model.variables.get(key(name))
    return "" if variable is None or not is_constant(variable) else values_of(page, variable)


def _date(page: PageSource, time: str) -> str:
    """A model time as year and month, where the study gives it a date."""
    origin = page.study.origin
    if origin is None or not time or not time.replace(".", "", 1).isdigit():
        return time
    month = origin[0] * 12 + origin[1] - 1 + int(float(time))
    return f"{month // 12}-{month % 12 + 1:02}"


def output_lines(page: PageSource) -> list[str]:
    """What the sector says of itself."""
    found = [
        item
        for item in page.model.variables.values()
        if key(item.group) == OUTPUTS and not is_constant(item) and item.key not in page.anatomy.counters
    ]
    if not found:
        return []
    rows = [(said(item.name), said(item.units), said(comment(item))) for item in found]
    return table([page.texts(f"column.{head}") for head in ("output", "unit", "meaning")], rows)
