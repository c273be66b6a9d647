"""The charts of the report in their places: drawn, saved, described, and with the sentence that goes with them.

In go a comparison and a sensitivity analysis; out come panels for the page, and PNG files in a folder. How a chart
looks is `charts`, what it says to a reader who does not see it is `spoken`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.sensitivity import Factor, Sensitivity
from sd_covid.policy.comparison import Comparison
from sd_covid.policy.outputs import Output
from sd_covid.report.charts import Bar, difference_chart, levels_chart, sensitivity_chart
from sd_covid.report.depends import Share, depends_on, factors, within
from sd_covid.report.draw import Chart, Draw
from sd_covid.report.effects import quoted
from sd_covid.report.glossary import Glossary
from sd_covid.report.inputs import Background
from sd_covid.report.observed import ObservedSeries, points_of
from sd_covid.report.spoken import describe_difference, describe_levels, describe_sensitivity
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers

if TYPE_CHECKING:
    from sd_covid.data import Registry

#: A total-order index below this is not drawn.
_SMALLEST_INDEX = 0.01


@dataclass(frozen=True, slots=True)
class Panel:
    """The charts of one outcome, or of one sensitivity, with a heading and a sentence."""

    title: str
    charts: tuple[Chart, ...]
    sentence: str = ""
    note: str = ""


def path_panels(
    comparison: Comparison, background: Background, years: Sequence[int], draw: Draw, texts: Texts
) -> list[Panel]:
    """Charts of every outcome that leads or has published figures: levels, then the difference of each package.

    A difference that matters in no year has no chart; a sentence says so.
    """
    panels = []
    for output in comparison.outputs:
        observed = points_of(list(background.observed), output.name)
        if not (output.headline or observed):
            continue
        title = texts.of(output.title)
        charts = [
            draw(
                levels_chart(comparison, output, observed, texts),
                f"{output.name}-levels",
                title,
                describe_levels(comparison, output, texts),
            )
        ]
        charts += [
            draw(
                difference_chart(comparison, output, entry.id, texts),
                f"{output.name}-{entry.id}",
                title,
                describe_difference(comparison, output, entry.id, years, texts),
            )
            for entry in comparison.alternatives
            if matters(comparison, output, entry.id)
        ]
        same = [
            quoted(comparison, entry.id, texts)
            for entry in comparison.alternatives
            if not matters(comparison, output, entry.id)
        ]
        told = [_figures_note(observed, background.registry, texts)]
        told += [texts("paths.same", packages=texts.listed(same))] if same else []
        panels.append(Panel(title, tuple(charts), note=" ".join(filter(None, told))))
    return panels


def matters(comparison: Comparison, output: Output, scenario: str) -> bool:
    """Whether the 90 % interval of a difference reaches the output's relevance at any time."""
    bands = comparison.difference_bands(output.name, scenario)
    return bool(np.abs(bands).max() >= output.relevance) if output.relevance > 0 else bool(bands.any())


def _figures_note(observed: Sequence[ObservedSeries], registry: Registry | None, texts: Texts) -> str:
    """Which published figures a chart shows, and whether any was moved to the model's definition."""
    if not observed:
        return ""
    names = [
        texts.of(registry.series(item.series).title) if registry and item.series in registry else item.series
        for item in observed
    ]
    note = texts("paths.figures", series="; ".join(dict.fromkeys(names)))
    return f"{note} {texts('paths.shifted')}" if any(item.shifted for item in observed) else note


def sensitivity_panels(sensitivity: Sensitivity, glossary: Glossary, draw: Draw, texts: Texts) -> list[Panel]:
    """For each outcome the bars of its factors, and a sentence that names the ones that matter most."""
    panels = []
    for item in sensitivity.outcomes:
        ranked = factors(sensitivity, item.outcome.id, texts)
        title = texts.of(item.outcome.title)
        if not ranked:
            panels.append(Panel(title, (), texts("sensitivity.no_spread")))
            continue
        shown = [row for row in ranked if row[1].share >= _SMALLEST_INDEX] or ranked[:1]
        bars = _bars(shown, within(item, glossary, texts, most=3), texts)
        chart = draw(
            sensitivity_chart(bars, texts("sens.measure.total"), texts),
            f"sensitivity-{item.outcome.id}",
            title,
            describe_sensitivity(title, [bar.name for bar in bars], [bar.share for bar in bars], texts),
        )
        sentence = depends_on(sensitivity, item.outcome.id, glossary, texts)
        panels.append(Panel(title, (chart,), sentence, _sensitivity_note(item.drift, texts)))
    return panels


def _bars(shown: Sequence[tuple[Factor, Share]], inside: Sequence[Share], texts: Texts) -> list[Bar]:
    """Bars of factors, those of calibrated parameters below the factor that holds them."""
    bars = []
    for factor, share in shown:
        title = texts.of(factor.title)
        name = texts("depends.graded", name=title, grade=factor.grade) if factor.grade else title
        bars.append(Bar(name, share.share, share.half_width))
        if factor.kind == "posterior":
            # As long as their part of the bar that they are within.
            bars += [
                Bar(
                    texts("sensitivity.inside", name=entry.graded(texts)),
                    entry.share * share.share,
                    entry.half_width * share.share,
                    inner=True,
                )
                for entry in inside
            ]
    return bars


def design_note(sensitivity: Sensitivity, texts: Texts) -> str:
    """What was varied, and how many blocks of the design the indices rest on."""
    numbers = Numbers(texts.language)
    kept, samples = (numbers.exact(float(count), 0) for count in (sensitivity.kept, sensitivity.samples))
    names = "; ".join(texts.inside(factor.title) for factor in sensitivity.factors)
    return texts("sensitivity.members", kept=kept, samples=samples, names=names)


def _sensitivity_note(drift: float, texts: Texts) -> str:
    """How far the indices have converged."""
    if math.isnan(drift):
        return ""
    return texts("sensitivity.drift", drift=Numbers(texts.language).exact(drift, 2))
