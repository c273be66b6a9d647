"""The first lines of the report: on which assumption the long run rests, and the result with it and without it.

In goes a `LongRun`; out come sentences, a table of levels under both assumptions for the null alternative, and tables
of what packages differ from it under both.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.long_run import LongRun
from sd_covid.policy.comparison.scenarios import Difference
from sd_covid.report.comparison.effects import Cell, EffectTable, cell_of, counted, quoted, row_of
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, output_step

_SAME = "no difference that matters"
#: What rests on an assumption is shown as evidence of the lowest grade.
_GRADE = "D"


@dataclass(frozen=True, slots=True)
class Both:
    """A year of an outcome: medians with the assumption and without, and their paired difference."""

    assumed: str
    bare: str
    difference: Cell


@dataclass(frozen=True, slots=True)
class BothRow:
    """An outcome that rests on the assumption: its title and unit, and one `Both` for each year."""

    title: str
    unit: str
    years: tuple[Both, ...]


@dataclass(frozen=True, slots=True)
class LongRunView:
    """What a reader is told first.

    Attributes
    ----------
    said : str
        What the assumption is.
    caption : str
    years : tuple of str
    assumed, bare : str
        What the two are called in the head of the table.
    rows : tuple of BothRow
        The outcomes of the null alternative to which the assumption makes a difference that matters.
    same : str
        The outcomes to which it makes none.
    packages : str
        Whether the differences between packages depend on it.
    tables : tuple of EffectTable
        Each package minus the null alternative, with and without.
    """

    said: str
    caption: str
    years: tuple[str, ...]
    assumed: str
    bare: str
    rows: tuple[BothRow, ...]
    same: str
    packages: str
    tables: tuple[EffectTable, ...]


def long_run_view(found: LongRun, texts: Texts) -> LongRunView:
    """Both results, in words and tables."""
    null = found.assumed.reference
    rows, same = [], []
    for output in found.outputs:
        rests = [found.rests(output.name, null, year) for year in found.covered]
        if all(item.verdict == _SAME for item in rests):
            same.append(texts.inside(output.title))
        else:
            years = tuple(_both(item, texts) for item in rests)
            rows.append(BothRow(texts.of(output.title), texts.of(output.unit_title), years))
    names = [texts.inside(found.plan.called), texts.inside(found.plan.without.title)]
    return LongRunView(
        said=texts.of(found.plan.said),
        caption=texts(
            "longrun.caption", scenario=quoted(found.assumed, null, texts), assumed=names[0], bare=names[1]
        ),
        years=tuple(map(str, found.covered)),
        assumed=names[0],
        bare=names[1],
        rows=tuple(rows),
        same=texts("longrun.same", names=texts.listed(same)) if same else "",
        packages=_packages(found, texts),
        tables=tuple(_package_table(found, entry.id, names, texts) for entry in found.assumed.alternatives),
    )


def _both(difference: Difference, texts: Texts) -> Both:
    """Medians of both, rounded like their difference."""
    numbers, output = Numbers(texts.language), difference.output
    step = output_step(output, difference.difference.median, *difference.difference.interval)
    levels = (difference.level.median, difference.reference_level.median)
    assumed, bare = (numbers.stepped(level, step) for level in levels)
    return Both(assumed, bare, cell_of(difference, _GRADE, texts))


def _packages(found: LongRun, texts: Texts) -> str:
    """Whether what packages do depends on the assumption."""

    def depends(output: Output) -> bool:
        return any(
            found.moved(output.name, entry.id, year) != _SAME
            for entry in found.assumed.alternatives
            for year in found.covered
        )

    names = [texts.inside(output.title) for output in found.outputs if depends(output)]
    return (
        texts("longrun.packages_differ", names=texts.listed(names))
        if names
        else texts("longrun.packages_same")
    )


def _package_table(found: LongRun, scenario: str, names: list[str], texts: Texts) -> EffectTable:
    """A package minus the null alternative under both."""

    def cells(output: Output) -> list[Cell]:
        return [
            cell_of(difference, _GRADE, texts)
            for year in found.covered
            for difference in found.package(output.name, scenario, year)
        ]

    rows = tuple(row_of(output, cells(output), texts) for output in found.outputs)
    columns = tuple(f"{year}, {name}" for year in found.covered for name in names)
    package, reference = (quoted(found.assumed, name, texts) for name in (scenario, found.assumed.reference))
    caption = texts("differences.caption", package=package, reference=reference)
    return EffectTable(scenario, caption, columns, rows, counted(rows, texts))
