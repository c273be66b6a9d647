"""Findings and tables of differences, ready to be set: cells of text beside the numbers they were made from.

In goes a comparison; out come, for each package, one sentence per headline outcome, and rows of medians and intervals
for years and for the peak, each with an arrow, a word and the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sd_covid.analysis.sensitivity import Sensitivity
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison, Difference, Measure
from sd_covid.policy.comparison.spread import Verdict
from sd_covid.report.words.depends import depends_of
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import (
    Numbers,
    Rounded,
    arrow,
    difference_unit,
    period,
    rounded,
    sentence,
    welfare_word,
)

_NONE: Verdict = "no difference that matters"
#: Of more packages what is alike is told together: those that make no difference in a sentence, differences in a chart;
#: and of tables of one package each only that of the main one is open.
SEPARATE = 3
_TONES = ("good", "bad")


@dataclass(frozen=True, slots=True)
class Cell:
    """One paired difference in a table.

    Attributes
    ----------
    median, low, high : str
        Rounded, in the language of the reader; the ends are empty when they are as the median.
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
    """One outcome.

    Attributes
    ----------
    title, unit : str
        The unit is that of its differences.
    cells : tuple of Cell
        That of the peak is missing where it means nothing.
    theme : str
        Under which it is set; empty where the study has no themes.
    basis : str
        That it rests on assumption, in words; empty where it rests on figures.
    """

    title: str
    unit: str
    cells: tuple[Cell, ...]
    theme: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class EffectTable:
    """Differences of one package.

    Attributes
    ----------
    scenario, caption : str
    columns : tuple of str
        Years, and the span of the peak.
    rows : tuple of Row
    counted : str
        How many outcomes are better and worse at some time, in words.
    """

    scenario: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    counted: str


@dataclass(frozen=True, slots=True)
class Said:
    """What may be said of one difference, and on what it depends most (empty when that was not analysed)."""

    sentence: str
    depends: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What comes out for one outcome: where, under which theme, on what basis, and a sentence for each package."""

    place: str
    said: tuple[Said, ...]
    theme: str = ""
    basis: str = ""


def quoted(comparison: Comparison, scenario: str, texts: Texts) -> str:
    """A scenario's title in quotation marks."""
    return f"‘{texts.of(comparison.scenario(scenario).title)}’"


def package_grade(comparison: Comparison, scenario: str) -> str:
    """Weakest evidence grade among the levers that the package sets otherwise than the reference.

    Where it sets constants or assumptions otherwise too, the effect rests on those as well: then the lowest.
    """
    mine, theirs = comparison.scenario(scenario), comparison.scenario(comparison.reference)
    for part in ("constants", "changes", "assumptions"):
        if getattr(mine, part) != getattr(theirs, part):
            return "D"
    grades = [
        comparison.levers[name].grade
        for name, setting in mine.levers.items()
        if setting.differs(theirs.levers.get(name))
    ]
    return max(grades, default="D")


def findings(
    comparison: Comparison,
    year: int,
    peak: tuple[int, int],
    texts: Texts,
    *,
    later: Sequence[int] = (),
    sensitivity: Sensitivity | None = None,
    glossary: Glossary | None = None,
) -> list[Finding]:
    """One sentence for each headline outcome and package: at the peak of a rate, and in a year.

    Parameters
    ----------
    comparison : Comparison
    year : int
    peak : tuple of int
        First and last year in which the highest level is sought.
    texts : Texts
    later : sequence of int
        Years after `year`: of a package that makes no difference yet, the first of these in which it does is told too.
    sensitivity : Sensitivity, optional
        Of these differences: then each says what it depends on.
    glossary : Glossary, optional
        What the calibrated parameters are called.
    """
    span = texts("peak.label", first=str(peak[0]), last=str(peak[1]))
    many = len(comparison.alternatives) > SEPARATE
    found = []

    def add(output: Output, measure: Measure, years: tuple[int, int], when: str) -> None:
        place = texts("finding.place", output=texts.of(output.title), period=when)
        said, same = [], []
        for entry in comparison.alternatives:
            difference = comparison.measured(output.name, entry.id, measure, years)
            depends = depends_of(
                sensitivity, entry.id, output.name, measure, years, glossary or Glossary(), texts
            )
            told = _sentence(comparison, difference, texts)
            if difference.verdict == _NONE:
                whole = _with_later(comparison, told, difference, later if measure == "year" else (), texts)
                if whole == told and many:
                    same.append(entry.id)
                    continue
                told = whole
            said.append(Said(told, depends))
        if same:
            said.append(Said(_same(comparison, output, same, texts), ""))
        found.append(Finding(place, tuple(said), theme_of(output, texts), basis_of(output, texts)))

    for output in comparison.outputs:
        if not output.headline:
            continue
        # A rate moves with the crisis and is back before any year of the table; a stock carries on.
        if output.peaks and output.reading == "mean" and output.better == "lower":
            add(output, "peak", peak, span)
        add(output, "year", (year, year), period(output, year, texts))
    return found


def _same(comparison: Comparison, output: Output, scenarios: Sequence[str], texts: Texts) -> str:
    """That several packages make no difference that matters, in one sentence."""
    known = {
        "packages": texts.listed([quoted(comparison, name, texts) for name in scenarios]),
        "reference": quoted(comparison, comparison.reference, texts),
    }
    if output.relevance == 0:
        return texts("findings.same_at_all", **known)
    bound = Numbers(texts.language).significant(output.relevance)
    return texts("findings.same", **known, relevance=bound, unit=difference_unit(output, texts))


def _with_later(
    comparison: Comparison, told: str, difference: Difference, years: Sequence[int], texts: Texts
) -> str:
    """A sentence that there is no difference, with the first of these years in which there is one."""
    output = difference.output
    for year in years:
        after = comparison.in_year(output.name, difference.scenario, year)
        if after.verdict not in (_NONE, "cannot tell"):
            when = period(output, year, texts)
            return texts(
                "findings.later", sentence=told, period=when, later=_sentence(comparison, after, texts)
            )
    return told


def _sentence(comparison: Comparison, difference: Difference, texts: Texts) -> str:
    """What may be said of a difference."""
    package, reference = (
        quoted(comparison, name, texts) for name in (difference.scenario, comparison.reference)
    )
    return sentence(difference, package, reference, texts)


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
        package, reference = (quoted(comparison, name, texts) for name in (entry.id, comparison.reference))
        caption = texts("differences.caption", package=package, reference=reference)
        tables.append(EffectTable(entry.id, caption, columns, rows, counted(rows, texts)))
    return tables


def counted(rows: Sequence[Row], texts: Texts) -> str:
    """How many outcomes are (probably) better and worse at some time: what a reader sees of a table that is folded."""
    better, worse = (sum(any(cell.tone == tone for cell in row.cells) for row in rows) for tone in _TONES)
    return texts("differences.counted", better=better, worse=worse, count=len(rows))


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
    if output.peaks and output.better == "lower":
        found.append(comparison.peak(output.name, scenario, peak))
    cells = tuple(cell_of(difference, grade, texts) for difference in found)
    return row_of(output, cells, texts)


def row_of(output: Output, cells: Sequence[Cell], texts: Texts) -> Row:
    """A row for an outcome, under its theme."""
    unit = difference_unit(output, texts)
    return Row(texts.of(output.title), unit, tuple(cells), theme_of(output, texts), basis_of(output, texts))


def theme_of(output: Output, texts: Texts) -> str:
    """The theme of the dashboard to which an outcome belongs, in words."""
    return texts(f"theme.{output.theme}") if output.theme else ""


def basis_of(output: Output, texts: Texts) -> str:
    """That an outcome rests on assumption, in words; empty where it rests on figures."""
    return "" if output.basis == "figures" else texts(f"basis.{output.basis}")


def cell_of(difference: Difference, grade: str, texts: Texts) -> Cell:
    """One difference, rounded and judged; an outcome that rests on assumption is evidence of the lowest grade."""
    grade = "D" if difference.output.basis == "assumption" else grade
    spread = difference.difference
    printed = rounded(spread, difference.output, Numbers(texts.language))
    word = welfare_word(difference)
    tone = "good" if word.endswith("better") else "bad" if word.endswith("worse") else "neutral"
    numbers = (spread.median, *spread.interval)
    # Where nothing matters and all three are printed alike, one number says it.
    if word == "word.no_difference" and printed.low == printed.median == printed.high:
        printed = Rounded(printed.median, "", "")
    return Cell(
        printed.median, printed.low, printed.high, arrow(difference, grade), texts(word), tone, numbers
    )
