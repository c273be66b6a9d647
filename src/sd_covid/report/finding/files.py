"""Findings as a file: a page, a workbook, tables or JSON.

In go `Finding`s of one language; out comes a file that holds them, with what made them.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.errors import RunError
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.draw import Chart, Draw, publish, slug
from sd_covid.report.finding.statement import Finding, is_day, shown_finding
from sd_covid.report.markup import render
from sd_covid.report.words.texts import Texts
from sd_covid.whole_files import folder_beside

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.worksheet.worksheet import Worksheet

FORMATS = (".html", ".xlsx", ".json", ".csv")
_TAB = 31  # signs that the name of a sheet may have


def write_findings(
    findings: Sequence[Finding],
    path: str | Path,
    texts: Texts,
    *,
    title: str,
    subtitle: str,
    provenance: Mapping[str, str],
) -> list[Path]:
    """Write findings in the form that a suffix names.

    Parameters
    ----------
    findings : sequence of Finding
    path : path
        ``.html``: one page that needs nothing else, and its charts as PNG in ``<stem>-figures``. ``.xlsx``: a sheet for
        each table, below its sentences. ``.json``: everything but the charts. ``.csv``: a file for each table, with the
        finding's id after the stem; of a single one, the file itself.
    texts : Texts
        Of the language of the findings.
    title, subtitle : str
        Of the page.
    provenance : mapping
        What made them: command, model, draws, seed, in the order of the page.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    RunError
        For another suffix.
    """
    path, findings = Path(path), _named(findings)
    refuse_format(path)
    # Everything is made aside and then moved into place, so that a file is whole or not there.
    with folder_beside(path) as folder:
        made = folder / path.name
        match path.suffix.lower():
            case ".html":
                page = _page(findings, folder, path, texts, title, subtitle, provenance)
                made.write_text(page, encoding="utf-8")
                publish(folder, path.with_name(f"{path.stem}-figures"))
            case ".xlsx":
                _workbook(findings, made, texts, provenance)
            case ".json":
                made.write_text(_json(findings, texts, title, provenance), encoding="utf-8")
            case _:
                return _tables(findings, folder, path)
        made.replace(path)
    return [path]


def _named(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with ids that can name a file, a sheet and a place in a page: a study's names may hold any sign."""
    taken, named = {"findings", "made"}, []
    for finding in findings:
        stem = slug(finding.id) or "finding"
        numbered = (stem if number == 1 else f"{stem}-{number}" for number in itertools.count(1))
        name = next(name for name in numbered if name not in taken)
        taken.add(name)
        named.append(replace(finding, id=name))
    return named


def refuse_format(path: Path) -> None:
    """Raise a RunError unless findings can be written to a path; for a command to ask before it begins."""
    if path.suffix.lower() not in FORMATS:
        reason = f"cannot write findings as '{path.suffix}'"
        raise RunError(reason, advice=f"use one of {', '.join(FORMATS)}", file=path)


def _page(
    findings: Sequence[Finding],
    folder: Path,
    path: Path,
    texts: Texts,
    title: str,
    subtitle: str,
    provenance: Mapping[str, str],
) -> str:
    draw = Draw(folder)
    shown = []
    for finding in findings:
        chart: Chart | None = None
        if finding.figure is not None:
            with chart_style():
                chart = draw(finding.figure(), finding.id, finding.title, finding.described)
        shown.append(shown_finding(finding, chart, texts))
    content = {
        "language": texts.language,
        "title": title,
        "subtitle": subtitle,
        "findings": shown,
        "contents": [(name, list(those)) for name, those in itertools.groupby(findings, lambda f: f.group)],
        "provenance": provenance,
        "figures": f"{path.stem}-figures",
    }
    return render("finding/page.html.j2", ("report.css",), texts, content)


def _workbook(findings: Sequence[Finding], path: Path, texts: Texts, provenance: Mapping[str, str]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for number, finding in enumerate(findings, start=1):
        # What is cut may be all that tells two names apart; a number then does.
        name = finding.id if len(finding.id) <= _TAB else f"{number}-{finding.id}"[:_TAB]
        sheet = book.create_sheet(name)
        _row(sheet, [finding.title])
        for sentence in (*finding.sentences, finding.caution):
            _row(sheet, [sentence])
        _row(sheet, [])
        _row(sheet, [str(name) for name in finding.table.columns])
        for values in finding.table.itertuples(index=False, name=None):
            _row(sheet, list(values))
    made = book.create_sheet(texts("finding.made")[:_TAB])
    for pair in provenance.items():
        _row(made, list(pair))
    book.save(path)


def _row(sheet: Worksheet, values: list[Any]) -> None:
    """A row; a text stays a text though it begins like a formula, and what is no number is left empty."""
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    plain = [value.date() if isinstance(value, datetime) else value for value in plain]
    sheet.append(
        [None if isinstance(value, float) and not math.isfinite(value) else value for value in plain]
    )
    for cell in sheet[sheet.max_row] if plain else ():
        if isinstance(cell.value, str):
            cell.data_type = "s"


def _json(findings: Sequence[Finding], texts: Texts, title: str, provenance: Mapping[str, str]) -> str:
    told = [
        {
            "id": finding.id,
            "title": finding.title,
            "sentences": list(finding.sentences),
            "caution": finding.caution,
            "table": json.loads(_filed(finding.table).to_json(orient="records", double_precision=15)),
        }
        for finding in findings
    ]
    whole = {"title": title, "language": texts.language, "findings": told, "made_with": dict(provenance)}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _tables(findings: Sequence[Finding], folder: Path, path: Path) -> list[Path]:
    single = len(findings) == 1
    names = [path.name if single else f"{path.stem}-{finding.id}{path.suffix}" for finding in findings]
    for name, finding in zip(names, findings, strict=True):
        _filed(finding.table).to_csv(folder / name, index=False, na_rep="nan", lineterminator="\n")
    for name in names:
        (folder / name).replace(path.with_name(name))
    return [path.with_name(name) for name in names]


def _filed(table: pd.DataFrame) -> pd.DataFrame:
    """A table as a file holds it, days as ``2020-07-01``."""
    days = [name for name in table.columns if is_day(table[name])]
    return table.assign(**{str(name): table[name].dt.strftime("%Y-%m-%d") for name in days})
