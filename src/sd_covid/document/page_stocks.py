"""The stocks on the page of a sector: its diagrams, and the tables of stocks and counters.

In goes what a page is written from; out come lines of Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sd_covid.document.lines import adds_up, capital, comment
from sd_covid.document.markdown import said, table
from sd_covid.document.page_source import PageSource
from sd_covid.document.structure import count, pipes, without
from sd_covid.document.texts import plain_number


def diagram_lines(page: PageSource) -> list[str]:
    """Pictures, and the table of stocks."""
    texts, found = page.texts, page.anatomy
    if not found.stocks:
        return []
    flows = pipes(without(page.model, found.counters))
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
            cells=sum(count(page.model, name) for name in found.stocks),
            flows=len(flows),
            auxiliaries=len(others),
            constants=len(found.constants),
            counters=len(found.counters),
        ),
        "",
        texts("diagrams.legend"),
        "",
    ]
    for picture in page.drawn.stocks:
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
    return lines + _stock_table(page, found.stocks) + _counters(page)


def _stock_table(page: PageSource, stocks: Sequence[str]) -> list[str]:
    texts = page.texts
    model = without(page.model, page.anatomy.counters)
    flows = pipes(model)
    run = page.study.alone(page.sector).run(
        outputs=[page.model.variables[name].name for name in stocks], until=None
    )
    rows = []
    for name in stocks:
        variable = page.model.variables[name]
        start = float(np.asarray(run[variable.name].isel(time=0), dtype=np.float64).sum())
        into = [model.variables[flow.name].name for flow in flows if flow.target == name]
        out = [model.variables[flow.name].name for flow in flows if flow.source == name]
        cells = count(page.model, name)
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


def _counters(page: PageSource) -> list[str]:
    if not page.anatomy.counters:
        return []
    variables = [page.model.variables[name] for name in page.anatomy.counters]
    rows = [(said(item.name), said(item.units), said(comment(item))) for item in variables]
    heads = [page.texts("diagrams.counters"), page.texts("column.unit"), page.texts("column.meaning")]
    return table(heads, rows)
