"""What packages do in the year in which they differ most: an effect that is over soon is small in a mean of ten years.

In goes a comparison; out comes a sentence by the rules of `wording`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sd_covid.policy.comparison.scenarios import Comparison, Difference
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, difference_unit, period, printed

#: Verdicts that are sure which way.
_SURE = ("lowers", "raises")
_DECIDED = (*_SURE, "probably lowers", "probably raises")


def peaks_sentence(
    comparison: Comparison, packages: Sequence[str], years: tuple[int, int], texts: Texts
) -> str:
    """The largest difference in a single year for the better, and that for the worse, each with its package.

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
        Empty where of no headline outcome that has a direction it can be said which way it goes.
    """
    found = [item for name in packages for item in _decided(comparison, name, years)]
    parts = []
    for key, good in (("answer.better_part", True), ("answer.worse_part", False)):
        those = [item for item in found if is_good(item) == good]
        sure = [item for item in those if item.verdict in _SURE] or those
        if sure:
            parts.append(texts(key, part=_part(comparison, max(sure, key=size), texts)))
    reference = quoted(comparison, comparison.reference, texts)
    return texts("answer.peaks", reference=reference, parts="; ".join(parts)) if parts else ""


def _decided(comparison: Comparison, package: str, years: tuple[int, int]) -> list[Difference]:
    """The differences of a package that have a direction, each in the year in which its median is largest."""
    found = []
    for output in comparison.outputs:
        if output.headline and output.better != "neutral":
            medians = []
            for year in range(years[0], years[1] + 1):
                mine, theirs = comparison.pairs(output.name, package, "year", (year, year))
                medians.append(abs(float(np.median(mine - theirs))))
            found.append(comparison.in_year(output.name, package, years[0] + int(np.argmax(medians))))
    return [item for item in found if item.verdict in _DECIDED]


def is_good(item: Difference) -> bool:
    """Whether a difference with a direction, in an outcome that has one, is one for the better."""
    return item.verdict.endswith("lowers") == (item.output.better == "lower")


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
