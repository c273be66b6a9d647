"""The charts of the report in their places: drawn, saved, described, and with the sentence that goes with them.

In go a comparison and a sensitivity analysis; out come panels for the page, and PNG files in a folder. How a chart
looks is `charts`, what it says to a reader who does not see it is `spoken`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_covid.analysis.sensitivity import Factor, Sensitivity
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.comparison.effects import SEPARATE, quoted
from sd_covid.report.comparison.inputs import Background
from sd_covid.report.comparison.spoken import describe_difference, describe_levels, describe_sensitivity
from sd_covid.report.drawing.charts import Bar, difference_chart, levels_chart, sensitivity_chart
from sd_covid.report.drawing.draw import Chart, Draw
from sd_covid.report.drawing.multiples import differences_chart
from sd_covid.report.drawing.observed import ObservedSeries, points_of
from sd_covid.report.words.depends import Share, depends_on, factors, within
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from sd_covid.data import Registry

#: A total-order index below this is not drawn.
_SMALLEST_INDEX = 0.01


@dataclass(frozen=True, slots=True)
class Panel:
    """The charts of one outcome, or of one sensitivity, with a heading and a sentence; `wide` where one holds many."""

    title: str
    charts: tuple[Chart, ...]
    sentence: str = ""
    note: str = ""
    wide: bool = False


def path_panels(
    comparison: Comparison,
    background: Background,
    years: Sequence[int],
    draw: Draw,
    texts: Texts,
    *,
    only: Collection[str] | None = None,
    packages: Collection[str] | None = None,
) -> list[Panel]:
    """Charts of every outcome that leads or has published figures: levels, then the difference of each package.

    A difference that matters in no year has no chart; a sentence says so. Many packages are in one chart. With `only`
    and `packages`, just these outputs are shown and the differences of these.
    """
    asked = [entry.id for entry in comparison.alternatives if packages is None or entry.id in packages]
    wide = len(asked) > SEPARATE
    panels = []
    for output in comparison.outputs:
        observed = points_of(list(background.observed), output.name)
        if output.name not in only if only is not None else not (output.headline or observed):
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
        shown = [name for name in asked if matters(comparison, output, name)]
        charts += _differences(comparison, output, shown, years, draw, texts, together=wide)
        same = [quoted(comparison, name, texts) for name in asked if name not in shown]
        told = [_figures_note(observed, background.registry, texts)]
        told += [texts("paths.same", packages=texts.listed(same))] if same else []
        panels.append(Panel(title, tuple(charts), note=" ".join(filter(None, told)), wide=wide))
    return panels


def _differences(
    comparison: Comparison,
    output: Output,
    scenarios: Sequence[str],
    years: Sequence[int],
    draw: Draw,
    texts: Texts,
    *,
    together: bool,
) -> list[Chart]:
    """The differences of packages: a chart each, or one for all."""
    title = texts.of(output.title)
    spoken = [describe_difference(comparison, output, name, years, texts) for name in scenarios]
    if together:
        if not scenarios:
            return []
        figure = differences_chart(comparison, output, scenarios, texts)
        return [draw(figure, f"{output.name}-differences", title, " ".join(spoken))]
    return [
        draw(difference_chart(comparison, output, name, texts), f"{output.name}-{name}", title, said)
        for name, said in zip(scenarios, spoken, strict=True)
    ]


def matters(comparison: Comparison, output: Output, scenario: str) -> bool:
    """Whether the 90 % interval of a difference reaches the output's relevance at any time."""
    return comparison.matters(output.name, scenario)


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
