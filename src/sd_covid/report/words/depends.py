"""On what a difference depends, in a sentence: the factors of a sensitivity analysis, with the grade of their evidence.

In goes a sensitivity analysis and which difference is meant; out comes a sentence, or none when it was not analysed or
does not vary. The calibrated parameters are one factor, so the ones it moves with are named beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sd_covid.analysis.sensitivity import Factor, OutcomeSensitivity, Sensitivity
from sd_covid.model.names import key
from sd_covid.policy.comparison.scenarios import Measure
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

#: From this total-order index or Shapley effect on, a quantity is among what matters most.
LEADING = 0.05
#: How many factors, and how many parameters among the calibrated ones, a sentence names.
_FACTORS, _WITHIN = 2, 2


@dataclass(frozen=True, slots=True)
class Share:
    """A factor of an outcome, or a parameter within the calibrated ones.

    Attributes
    ----------
    title, grade : str
        Grade is empty where there is no single one.
    share, half_width : float
        Total-order index with half of its 90 % interval; for a parameter its Shapley effect within the calibrated ones.
    """

    title: str
    grade: str
    share: float
    half_width: float

    def graded(self, texts: Texts) -> str:
        """The title, with the grade in brackets."""
        return texts("depends.graded", name=self.title, grade=self.grade) if self.grade else self.title


def factors(sensitivity: Sensitivity, outcome: str, texts: Texts) -> list[tuple[Factor, Share]]:
    """The factors of an outcome that have an index, the largest first."""
    return [
        (factor, Share(texts.inside(factor.title), factor.grade, total, half))
        for factor, total, half in sensitivity.ranked(outcome)
        if not math.isnan(total)
    ]


def within(item: OutcomeSensitivity, glossary: Glossary, texts: Texts, most: int = _WITHIN) -> list[Share]:
    """The calibrated parameters on which an outcome depends most, by their part of what these explain together."""
    found = []
    for name, share, half in item.within.shares[:most] if item.within else ():
        if share >= LEADING:
            title, grade = glossary.constant(name)
            found.append(Share(texts.inside(title), grade, share, half))
    return found


def depends_on(sensitivity: Sensitivity, outcome: str, glossary: Glossary, texts: Texts) -> str:
    """What an outcome of the analysis depends on most; empty when it does not vary."""
    item = next(item for item in sensitivity.outcomes if item.outcome.id == outcome)
    ranked = factors(sensitivity, outcome, texts)
    leading = [row for row in ranked if row[1].share >= LEADING][:_FACTORS] or ranked[:1]
    if not leading:
        return ""
    return texts("depends.sentence", names="; ".join(_named(*row, item, glossary, texts) for row in leading))


def _named(factor: Factor, share: Share, item: OutcomeSensitivity, glossary: Glossary, texts: Texts) -> str:
    """A factor with its share; for the calibrated parameters also which of them."""
    index = Numbers(texts.language).exact(min(share.share, 1.0), 2)
    if factor.kind != "posterior":
        return texts("depends.factor", name=share.title, share=index, grade=share.grade or "–")
    inside = within(item, glossary, texts)
    if not inside:
        return texts("depends.posterior", share=index)
    return texts("depends.within", share=index, names=texts.listed([entry.graded(texts) for entry in inside]))


def depends_of(
    sensitivity: Sensitivity | None,
    scenario: str,
    output: str,
    measure: Measure,
    years: tuple[int, int],
    glossary: Glossary,
    texts: Texts,
) -> str:
    """What a difference of the report depends on most; empty when exactly that difference was not analysed."""
    if sensitivity is None:
        return ""
    for item in sensitivity.outcomes:
        asked = item.outcome
        same = (asked.scenario, asked.measure, asked.years) == (scenario, measure, years)
        if same and key(asked.output) == key(output):
            return depends_on(sensitivity, asked.id, glossary, texts)
    return ""
