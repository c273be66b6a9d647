"""What packages do in the year in which they differ most: an effect that is over soon is small in a mean of ten years.

In goes a comparison; out comes a sentence by the rules of `wording`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sd_covid.policy.comparison import Comparison, Difference
from sd_covid.report.effects import quoted
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers, difference_unit, period, printed

#: Packages that the sentence names.
_NAMED = 3
#: Verdicts that say which way, those that are sure first.
_SURE = ("lowers", "raises")
_PROBABLE = ("probably lowers", "probably raises")


def peaks_sentence(
    comparison: Comparison, packages: Sequence[str], years: tuple[int, int], texts: Texts
) -> str:
    """The packages that differ most in a single year, each with that outcome and that year.

    Parameters
    ----------
    comparison : Comparison
    packages : sequence of str
        Ids of those that might be told.
    years : tuple of int
        Among which is looked, first and last.
    texts : Texts

    Returns
    -------
    str
        Empty where of no headline outcome it can be said which way it goes.
    """
    found = [peak for name in packages if (peak := largest(comparison, name, years)) is not None]
    told = sorted(found, key=size, reverse=True)[:_NAMED]
    parts = "; ".join(_part(comparison, item, texts) for item in told)
    reference = quoted(comparison, comparison.reference, texts)
    return texts("answer.peaks", reference=reference, parts=parts) if told else ""


def largest(comparison: Comparison, package: str, years: tuple[int, int]) -> Difference | None:
    """The largest difference of a package in a headline outcome and a year, as a multiple of what matters.

    Of one outcome it is the year with the largest median. A difference of which the direction is sure goes before one
    of which it is probable; None where of none it can be told.
    """
    found = []
    for output in comparison.outputs:
        if output.headline:
            medians = [
                float(np.median(mine - theirs))
                for year in range(years[0], years[1] + 1)
                for mine, theirs in (comparison.pairs(output.name, package, "year", (year, year)),)
            ]
            found.append(comparison.in_year(output.name, package, years[0] + int(np.argmax(np.abs(medians)))))
    for verdicts in (_SURE, _PROBABLE):
        decided = [item for item in found if item.verdict in verdicts]
        if decided:
            return max(decided, key=size)
    return None


def size(item: Difference) -> float:
    """A difference as a multiple of the smallest that matters."""
    return abs(item.difference.median) / (item.output.relevance or float(np.finfo(float).tiny))


def _part(comparison: Comparison, item: Difference, texts: Texts) -> str:
    """What a package does in its year."""
    low, high = item.difference.interval
    if item.verdict in _SURE:
        low, high = sorted((abs(low), abs(high)))
    ends = printed(item.output, (low, high), Numbers(texts.language))
    return texts(
        f"answer.peak.{item.verdict.replace(' ', '_')}",
        package=quoted(comparison, item.scenario, texts),
        output=texts.of(item.output.title),
        period=period(item.output, item.years[1], texts),
        low=ends[0],
        high=ends[1],
        unit=difference_unit(item.output, texts),
    )
