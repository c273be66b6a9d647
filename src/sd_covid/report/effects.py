"""Findings and tables of differences, ready to be set: cells of text beside the numbers they were made from.

In goes a comparison; out come, for each package, one sentence per headline outcome, and rows of medians and intervals
for years and for the peak, each with an arrow, a word and the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.policy.comparison import Comparison, Difference
from sd_covid.policy.outputs import Output
from sd_covid.report.texts import Texts
from sd_covid.report.wording import (
    Numbers,
    arrow,
    difference_unit,
    period,
    rounded,
    sentence,
    welfare_word,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One paired difference in a table.

    Attributes
    ----------
    median, low, high : str
        Rounded, in the language of the reader.
    arrow, word, tone : str
        Sign, what it means for welfare, and ``good``, ``bad`` or ``neutral``.
    numbers : tuple of float
        Median and 90 % interval before rounding.
    """

    median: str
    low: str
    high: str
    arrow: str
    word: str
    tone: str
    numbers: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome: its title, the unit of its differences, and its cells, that of the peak possibly missing."""

    title: str
    unit: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class EffectTable:
    """Differences of one package.

    Attributes
    ----------
    package, caption : str
    columns : tuple of str
        Years, and the span of the peak.
    rows : tuple of Row
    """

    package: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What comes out for one outcome: where, and a sentence for each package."""

    place: str
    sentences: tuple[str, ...]


def covered(comparison: Comparison, years: Sequence[int]) -> tuple[int, ...]:
    """The years that the run covers to their last day."""

    def first_day(year: int) -> np.datetime64:
        return np.datetime64(f"{year:04d}-01-01")

    start, end = comparison.date[0], comparison.date[-1]
    return tuple(year for year in years if start <= first_day(year) and first_day(year + 1) <= end)


def quoted(comparison: Comparison, scenario: str, texts: Texts) -> str:
    """A scenario's title in quotation marks."""
    return f"‘{texts.of(comparison.scenario(scenario).title)}’"


def package_grade(comparison: Comparison, scenario: str) -> str:
    """Weakest evidence grade among the levers that the package sets otherwise than the reference."""
    mine, theirs = comparison.scenario(scenario).levers, comparison.scenario(comparison.reference).levers
    grades = [comparison.levers[name].grade for name in mine if mine[name] != theirs.get(name)]
    return max(grades, default="D")


def findings(comparison: Comparison, year: int, peak: tuple[int, int], texts: Texts) -> list[Finding]:
    """One sentence for each headline outcome and package: at the peak of a rate, and in a year.

    Parameters
    ----------
    comparison : Comparison
    year : int
    peak : tuple of int
        First and last year in which the highest level is sought.
    texts : Texts
    """
    span = texts("peak.label", first=str(peak[0]), last=str(peak[1]))
    found = []
    for output in comparison.outputs:
        if not output.headline:
            continue
        title = texts.of(output.title)
        # A rate moves with the crisis and is back before any year of the table; a stock carries on.
        if output.reading == "mean" and output.better == "lower":
            at_peak = [comparison.peak(output.name, entry.id, peak) for entry in comparison.alternatives]
            place = texts("finding.place", output=title, period=span)
            found.append(Finding(place, _sentences(comparison, at_peak, texts)))
        in_year = [comparison.in_year(output.name, entry.id, year) for entry in comparison.alternatives]
        place = texts("finding.place", output=title, period=period(output, year, texts))
        found.append(Finding(place, _sentences(comparison, in_year, texts)))
    return found


def _sentences(comparison: Comparison, differences: Sequence[Difference], texts: Texts) -> tuple[str, ...]:
    """What may be said of each difference."""
    reference = quoted(comparison, comparison.reference, texts)
    return tuple(
        sentence(item, quoted(comparison, item.scenario, texts), reference, texts) for item in differences
    )


def effect_tables(
    comparison: Comparison,
    outputs: Sequence[Output],
    years: Sequence[int],
    peak: tuple[int, int],
    texts: Texts,
) -> list[EffectTable]:
    """A table for each package: outcomes by year, and the change in their highest level.

    Parameters
    ----------
    comparison : Comparison
    outputs : sequence of Output
    years : sequence of int
    peak : tuple of int
        First and last year in which the highest level is sought; only for outcomes of which less is better.
    texts : Texts
    """
    columns = (*(str(year) for year in years), texts("peak.label", first=str(peak[0]), last=str(peak[1])))
    tables = []
    for entry in comparison.alternatives:
        grade = package_grade(comparison, entry.id)
        rows = tuple(_row(comparison, output, entry.id, years, peak, grade, texts) for output in outputs)
        caption = texts(
            "differences.caption",
            package=quoted(comparison, entry.id, texts),
            reference=quoted(comparison, comparison.reference, texts),
        )
        tables.append(EffectTable(texts.of(entry.title), caption, columns, rows))
    return tables


def _row(
    comparison: Comparison,
    output: Output,
    scenario: str,
    years: Sequence[int],
    peak: tuple[int, int],
    grade: str,
    texts: Texts,
) -> Row:
    """The differences of one outcome."""
    found = [comparison.in_year(output.name, scenario, year) for year in years]
    # The highest level is worth a column where it is the worst one.
    if output.better == "lower":
        found.append(comparison.peak(output.name, scenario, peak))
    cells = tuple(_cell(difference, grade, texts) for difference in found)
    return Row(texts.of(output.title), difference_unit(output, texts), cells)


def _cell(difference: Difference, grade: str, texts: Texts) -> Cell:
    """One difference, rounded and judged."""
    spread = difference.difference
    printed = rounded(spread, difference.output, Numbers(texts.language))
    word = welfare_word(difference)
    tone = "good" if word.endswith("better") else "bad" if word.endswith("worse") else "neutral"
    numbers = (spread.median, *spread.interval)
    return Cell(
        printed.median, printed.low, printed.high, arrow(difference, grade), texts(word), tone, numbers
    )
