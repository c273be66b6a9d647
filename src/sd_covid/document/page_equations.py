"""The equations and constants on the page of a sector.

In goes what a page is written from; out come lines of Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sd_covid.document.markdown import said, table
from sd_covid.document.page_source import PageSource
from sd_covid.document.readable import number
from sd_covid.document.structure import is_constant
from sd_covid.model.layout.parts import CONTROL
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Variable
from sd_covid.policy.catalogue.evidence import GRADES, NO_EVIDENCE


def equation_lines(page: PageSource) -> list[str]:
    """Every equation that is no constant, by group."""
    lines = [page.texts("equations.lead"), ""]
    group = ""
    for variable in page.model.variables.values():
        if variable.key in CONTROL or is_constant(variable):
            continue
        if variable.group != group:
            group = variable.group
            lines += [f"### {said(group)}", ""]
        lines += _equation(page, variable)
    return lines


def _equation(page: PageSource, variable: Variable) -> list[str]:
    each = _each(page, variable.equations)
    unit = "" if variable.units.casefold() in ("", "dmnl") else said(variable.units)
    aside = ", ".join(part for part in (unit, each) if part)
    comment = said(variable.documentation)
    head = (
        f"**{said(variable.name)}**" + (f" ({aside})" if aside else "") + (f": {comment}" if comment else "")
    )
    written = page.notation.equations(variable)
    body = "<br>".join(written)
    return [head, "", f"> {body}", ""] if body else [head, ""]


def _each(page: PageSource, equations: Sequence[Equation]) -> str:
    """Which dimensions an equation holds for each element of."""
    names = [
        name for equation in equations for name in equation.subscripts if key(name) in page.model.dimensions
    ]
    if not names:
        return ""
    joined = page.texts("equations.and").join(map(said, dict.fromkeys(names)))
    return page.texts("equations.each", names=joined)


def constant_lines(page: PageSource) -> list[str]:
    """The constants, each with its range, its grade and where it comes from."""
    texts = page.texts
    rows, grades = [], Counter[str]()
    for variable in page.model.variables.values():
        if not is_constant(variable):
            continue
        evidence = page.study.beside.evidence_of(variable.name)
        if not evidence:
            source = texts("constants.no_row") if page.study.beside.evidence else ""
            rows.append(
                (said(variable.name), values_of(page, variable), "", said(variable.units), "", source)
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
                    f"{said(row.id)}: {page.citations.source(row.source, row.references)}{note}",
                )
            )
    if not rows:
        return []
    heads = ("name", "value", "range", "unit", "grade", "source")
    lines = [texts("constants.lead"), ""]
    if page.study.beside.evidence:
        counts = {grade.lower(): grades[grade] for grade in GRADES}
        lines += [texts("constants.counts", none=grades[NO_EVIDENCE], **counts), ""]
    return lines + table([texts(f"column.{head}") for head in heads], rows, (1,))


def values_of(page: PageSource, variable: Variable) -> str:
    """The numbers of a constant that has no row of evidence."""
    found = []
    for equation in variable.equations:
        if equation.values:
            found += [number(value) for value in equation.values]
        elif equation.expression is not None:
            found.append(page.notation.expression(equation.expression))
    return ", ".join(found)
