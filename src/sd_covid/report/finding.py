"""Ready-made statements, each a table, a figure, two or three sentences and what these do not say.

In go `Finding`s, which each analysis makes of what it found; out comes a page, a workbook or a table. A finding is in
one language; a file holds several, with what made them.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.errors import RunError
from sd_covid.report.charts import chart_style
from sd_covid.report.draw import Chart, Draw, publish, slug
from sd_covid.report.markup import render
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers
from sd_covid.whole_files import folder_beside

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from openpyxl.worksheet.worksheet import Worksheet

FORMATS = (".html", ".xlsx", ".json", ".csv")
_DIGITS = 3  # significant, of a number whose column asks for nothing else
_TAB = 31  # signs that the name of a sheet may have


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement of an analysis, in one language.

    Attributes
    ----------
    id : str
        In a file it is spelled in letters, digits and hyphens, and numbered where another is spelled alike.
    title : str
    sentences : tuple of str
        Two or three, each with direction, size, interval, period and reference.
    caution : str
        What this does not say.
    table : DataFrame
        What the figure shows, in full precision; headings carry their unit. Columns of text are on the left. Days
        are ``datetime64``: a reader sees months where all are the first of one, a file has days.
    decimals : mapping of str to int
        By heading; other numbers get `digits`.
    figure : callable, optional
        Makes the figure; called once, within the style of the charts.
    described : str
        The figure for a reader who does not see it.
    times : frozenset of str
        Headings of years and other times, which have no thousands; whole ones are never rounded.
    group, short : str
        In the contents, findings of one group that follow one another stand behind its name, each by its short title.
    digits : int
        Significant digits of a number whose heading has no decimals.
    """

    id: str
    title: str
    sentences: tuple[str, ...]
    caution: str
    table: pd.DataFrame
    decimals: Mapping[str, int] = field(default_factory=dict)
    figure: Callable[[], Figure] | None = None
    described: str = ""
    times: frozenset[str] = frozenset()
    group: str = ""
    short: str = ""
    digits: int = _DIGITS

    def __post_init__(self) -> None:
        """Tell headings apart that a study spells alike: a second one is numbered."""
        if not self.table.columns.is_unique:
            object.__setattr__(
                self, "table", self.table.set_axis(_told_apart(self.table.columns), axis="columns")
            )


def _told_apart(names: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for name in map(str, names):
        number, distinct = 1, name
        while distinct in found:
            number += 1
            distinct = f"{name} ({number})"
        found.append(distinct)
    return found


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
    return render("finding.html.j2", ("report.css",), texts, content)


@dataclass(frozen=True, slots=True)
class Told:
    """A cell of a table as it is read, and the number it was made from; NaN where it is no number."""

    text: str
    number: float


def shown_finding(finding: Finding, chart: Chart | None, texts: Texts) -> dict[str, Any]:
    """A finding as the macro of that name sets it in a page, with its chart where it was drawn.

    The table has headings with whether they head text, and cells as they are read.
    """
    table = finding.table
    columns = [str(name) for name in table.columns]
    texty = [not _is_number(table[name]) for name in table.columns]
    rows = [
        [
            Told(text, math.nan if words else float(value))
            for text, value, words in zip(read, values, texty, strict=True)
        ]
        for read, values in zip(
            cells_as_read(finding, texts), table.itertuples(index=False, name=None), strict=True
        )
    ]
    shown = {"columns": list(zip(columns, texty, strict=True)), "rows": rows}
    return {"finding": finding, "chart": chart, "table": shown}


def cells_as_read(finding: Finding, texts: Texts) -> list[list[str]]:
    """The cells of a table as they are read: rounded, in the spelling of the language; times without thousands."""
    table, numbers = finding.table, Numbers(texts.language)
    columns = [str(name) for name in table.columns]
    texty = [not _is_number(table[name]) for name in table.columns]
    thousands = "." if texts.language == "nl" else ","
    months = {name: bool((table[name].dt.day == 1).all()) for name in columns if _is_day(table[name])}

    def cell(value: Any, name: str, words: bool) -> str:
        if isinstance(value, date):
            return texts.month(value) if months[name] else texts.day(value)
        if words:
            return str(value)
        # Significant digits would make one year of ten.
        whole = name in finding.times and float(value).is_integer()
        told = _number(value, finding.decimals.get(name, 0 if whole else None), finding.digits, numbers)
        return told.replace(thousands, "") if name in finding.times else told

    return [
        [cell(*item) for item in zip(row, columns, texty, strict=True)]
        for row in table.itertuples(index=False, name=None)
    ]


def even_decimals(table: pd.DataFrame, columns: Sequence[str] | None = None) -> dict[str, int]:
    """Decimals by heading, with which the largest number of a column has three significant digits.

    Where the numbers of a column are to be compared, the smallest do not need digits of their own. By default of all
    columns of numbers.
    """
    found = {}
    for name, column in table.items():  # two columns may have one heading
        if (columns is None or name in columns) and _is_number(column):
            found[str(name)] = _enough(float(column.abs().max()))
    return found


def same_decimals(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, int]:
    """Decimals by heading of columns in one unit that are read beside each other: as their largest number needs."""
    return dict.fromkeys(
        columns, _enough(float(np.nanmax(np.abs(table[list(columns)].to_numpy(np.float64)))))
    )


def _enough(largest: float) -> int:
    """Decimals with which a number has three significant digits."""
    if not math.isfinite(largest) or largest <= 0:
        return 0
    return max(0, _DIGITS - 1 - math.floor(math.log10(largest)))


def _is_number(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "fiu"


def _is_day(column: pd.Series[Any]) -> bool:
    return column.dtype.kind == "M"


def _filed(table: pd.DataFrame) -> pd.DataFrame:
    """A table as a file holds it, days as ``2020-07-01``."""
    days = [name for name in table.columns if _is_day(table[name])]
    return table.assign(**{str(name): table[name].dt.strftime("%Y-%m-%d") for name in days})


def _number(value: float, decimals: int | None, digits: int, numbers: Numbers) -> str:
    value = float(value)
    if decimals is not None or not math.isfinite(value):
        return numbers.exact(value, decimals or 0)
    return numbers.plain(value, digits)


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
