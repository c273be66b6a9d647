"""A finding on the terminal: its table, as far as there is room, and its sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.cli.console import say, table

if TYPE_CHECKING:
    from sd_covid.report.finding.statement import Finding
    from sd_covid.report.words.texts import Texts

_ROWS = 20
_ARROW = " → "


def show(finding: Finding, texts: Texts) -> None:
    """Print a finding: its table, as far as there is room, and its sentences, numbers in the spelling of the language.

    Of a table over time rows are left out evenly, of another those at its end; how many is said.
    """
    from sd_covid.report.finding.statement import cells_as_read

    numbers = [k for k, kind in enumerate(finding.table.dtypes) if kind.kind in "fiu"]
    over_time = finding.table.dtypes.iloc[0].kind in "fiuM"
    step = max(1, -(-len(finding.table) // _ROWS)) if over_time else 1
    rows = [
        [cell if k in numbers else _shortened(cell) for k, cell in enumerate(row)]
        for row in cells_as_read(finding, texts)[::step][:_ROWS]
    ]
    table(finding.title, _headings([str(name) for name in finding.table.columns]), rows, numbers=numbers)
    if len(rows) < len(finding.table):
        say(texts("finding.rows", shown=len(rows), all=len(finding.table)))
    for sentence in (*finding.sentences, finding.caution):
        say(sentence)


def _headings(names: list[str]) -> list[str]:
    """Headings as a screen has room for them: of paths as in the legend of their figure, so that each is another."""
    from sd_covid.report.loops.words import legend

    paths = [name for name in names if _ARROW in name]
    numbers = map(str, range(1, len(paths) + 1))
    told = dict(zip(paths, legend(numbers, [path.split(_ARROW) for path in paths]), strict=True))
    return [told.get(name, name) for name in names]


def _shortened(path: str) -> str:
    """A path as a screen has room for it: where it begins and ends."""
    names = path.split(_ARROW)
    return path if len(names) < 6 else _ARROW.join([*names[:2], "…", *names[-2:]])
