"""The top of the report: what was asked, the answer in three sentences, and the table of all headline outcomes.

In go a comparison and what was counted from it; out come sentences by the rules of `wording`, and rows of cells. The
outcomes are means over the years that the page is about, so that an effect counts whether it comes early or late; what
is over soon is small in them, and a sentence tells it in its own year (`peaks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.policy.appraisal.assessment import Assessment
from sd_covid.policy.comparison.scenarios import Comparison, Difference
from sd_covid.report.comparison.amounts import AmountRow, amount_row, cells_of
from sd_covid.report.comparison.effects import Row, cell_of, package_grade, quoted, row_of
from sd_covid.report.comparison.peaks import is_good, peaks_sentence, size
from sd_covid.report.comparison.returns import balance_sentence
from sd_covid.report.robust.names import RobustNames
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, difference_unit, printed

#: Packages that a sentence names one by one.
_NAMED = 3
#: A verdict that says which way, and the key of the sentence in which it stands.
_DECIDED = {
    "lowers": "answer.lowers",
    "raises": "answer.raises",
    "probably lowers": "answer.probably_lowers",
    "probably raises": "answer.probably_raises",
}


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The question, and the sentences that answer it."""

    question: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeadlineView:
    """The table of headline outcomes: rows of money first, then outcomes, a column for each package."""

    caption: str
    columns: tuple[str, ...]
    money: tuple[AmountRow, ...]
    rows: tuple[Row, ...]
    note: str


def answer_view(
    comparison: Comparison,
    years: tuple[int, int],
    main: str,
    assessment: Assessment | None,
    names: RobustNames | None,
    texts: Texts,
) -> AnswerView:
    """Question and answer.

    Parameters
    ----------
    comparison : Comparison
    years : tuple of int
        Of which outcomes are the means, first and last.
    main : str
        The package that is told first.
    assessment : Assessment or None
    names : RobustNames or None
        Of the robustness of the packages among which can be chosen: of several it is told which is most often the best.
    texts : Texts
    """
    reference = quoted(comparison, comparison.reference, texts)
    named = [quoted(comparison, entry.id, texts) for entry in comparison.alternatives]
    if len(named) > _NAMED:
        count = str(len(named))
        question = texts("answer.question_many", count=count, reference=reference)
    else:
        question = texts("answer.question", packages=texts.listed(named), reference=reference)
    phases = None if assessment is None else assessment.catalogues.phases
    path = phases.path if phases else ""
    clearest = _clearest(comparison, main, years, texts)
    if names is not None and len(names.packages) > 2:
        chosen = list(names.robust.outcomes.packages[1:])
        sentences = [_most_often(names), clearest, peaks_sentence(comparison, chosen, years, texts)]
    else:
        chosen = [entry.id for entry in comparison.alternatives if entry.id != path]
        sentences = [clearest, peaks_sentence(comparison, chosen, years, texts)]
        if assessment is not None and main in assessment.tables:
            sentences.append(balance_sentence(assessment.tables[main], comparison, path, texts))
    return AnswerView(question, tuple(filter(None, sentences)))


def _most_often(names: RobustNames) -> str:
    """Which package is most often the best by what leads."""
    first = names.robust.scores[0]
    leader = int(first.best.argmax())
    package = names.robust.outcomes.packages[leader]
    return names.texts(
        "answer.best",
        count=len(names.packages),
        package=names.quoted(package),
        objective=names.texts("robust.quoted", name=names.objective(first.objective)),
        share=names.numbers.exact(100 * first.best[leader], 0),
    )


def _clearest(comparison: Comparison, package: str, years: tuple[int, int], texts: Texts) -> str:
    """The headline difference of a package that is largest for what matters, with how the other outcomes go."""
    found = [
        comparison.measured(output.name, package, "mean", years)
        for output in comparison.outputs
        if output.headline
    ]
    decided = [item for item in found if item.verdict in _DECIDED]
    common = {
        "package": quoted(comparison, package, texts),
        "reference": quoted(comparison, comparison.reference, texts),
        "first": str(years[0]),
        "last": str(years[1]),
    }
    if not decided:
        cannot = sum(item.verdict == "cannot tell" for item in found)
        return texts("answer.undecided" if cannot else "answer.nothing", **common, count=cannot)
    clear = [item for item in decided if item.verdict in ("lowers", "raises")] or decided
    most = max(clear, key=size)
    low, high = most.difference.interval
    if most.verdict in ("lowers", "raises"):
        low, high = sorted((abs(low), abs(high)))
    ends = printed(most.output, (low, high), Numbers(texts.language))
    said = texts(
        _DECIDED[most.verdict],
        **common,
        output=texts.of(most.output.title),
        low=ends[0],
        high=ends[1],
        unit=difference_unit(most.output, texts),
    )
    others = _others(found, most, texts)
    return texts("answer.with_others", said=said, others=others) if others else f"{said}."


def _others(found: list[Difference], told: Difference, texts: Texts) -> str:
    """How many of the other headline outcomes go which way; empty where there are none."""
    rest = [item for item in found if item is not told and item.output.better != "neutral"]
    counts = {"better": 0, "worse": 0, "open": 0, "same": 0}
    for item in rest:
        if item.verdict in _DECIDED:
            counts["better" if is_good(item) else "worse"] += 1
        else:
            counts["open" if item.verdict == "cannot tell" else "same"] += 1
    parts = [texts(f"answer.{name}", count=count) for name, count in counts.items() if count]
    return texts("answer.others", count=len(rest), parts=texts.listed(parts)) if parts else ""


def headline_view(
    comparison: Comparison, years: tuple[int, int], assessment: Assessment | None, texts: Texts
) -> HeadlineView:
    """Balance and headline outcomes of every package, against the null alternative.

    Parameters
    ----------
    comparison : Comparison
    years : tuple of int
        Of which outcomes are the means, first and last.
    assessment : Assessment or None
    texts : Texts
    """
    packages = [(entry, package_grade(comparison, entry.id)) for entry in comparison.alternatives]
    rows = tuple(
        row_of(
            output,
            [
                cell_of(comparison.measured(output.name, entry.id, "mean", years), grade, texts)
                for entry, grade in packages
            ],
            texts,
        )
        for output in comparison.outputs
        if output.headline
    )
    money: tuple[AmountRow, ...] = ()
    if assessment is not None:
        tables = [assessment.tables[entry.id] for entry, _ in packages]
        unit = texts("mkba.million")
        money = (
            amount_row(
                texts("mkba.balance"),
                cells_of((table.balance for table in tables), texts, toned=True),
                unit=unit,
            ),
            amount_row(
                texts("mkba.total_costs"), cells_of((table.costs for table in tables), texts), unit=unit
            ),
        )
    span = {"first": str(years[0]), "last": str(years[1])}
    return HeadlineView(
        caption=texts("headline.caption", reference=quoted(comparison, comparison.reference, texts), **span),
        columns=tuple(texts.of(entry.title) for entry, _ in packages),
        money=money,
        rows=rows,
        note=texts("headline.note"),
    )
