"""What a chart says to a reader who does not see it.

In goes what the chart was drawn from; out comes its alternative text, with the numbers that carry its message.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, rounded


def describe_levels(comparison: Comparison, output: Output, texts: Texts) -> str:
    """Start, end and highest median of the null alternative."""
    numbers = Numbers(texts.language)
    median = comparison.bands(output.name, comparison.reference)[3]
    top = int(np.argmax(median))
    return texts(
        "alt.levels",
        output=texts.of(output.title),
        reference=quoted(comparison, comparison.reference, texts),
        first=numbers.significant(float(median[0])),
        year0=str(comparison.date[0])[:4],
        last=numbers.significant(float(median[-1])),
        year1=str(comparison.date[-1])[:4],
        peak=numbers.significant(float(median[top])),
        peakyear=str(comparison.date[top])[:4],
        unit=texts.of(output.unit_title),
    )


def describe_difference(
    comparison: Comparison, output: Output, scenario: str, years: Sequence[int], texts: Texts
) -> str:
    """Median and 90 % interval of the difference in the years of the report."""
    numbers = Numbers(texts.language)
    values = []
    for year in years:
        found = rounded(comparison.in_year(output.name, scenario, year).difference, output, numbers)
        values.append(
            texts("alt.difference_value", year=str(year), median=found.median, low=found.low, high=found.high)
        )
    return texts(
        "alt.difference",
        output=texts.of(output.title),
        package=quoted(comparison, scenario, texts),
        reference=quoted(comparison, comparison.reference, texts),
        values=", ".join(values),
    )


def describe_sensitivity(title: str, names: Sequence[str], total: Sequence[float], texts: Texts) -> str:
    """Every bar with its index."""
    numbers = Numbers(texts.language)
    bars = zip(names, total, strict=True)
    values = ", ".join(f"{name} {numbers.exact(value, 2)}" for name, value in bars)
    return texts("alt.sensitivity", output=title, values=values)
