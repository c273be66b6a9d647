"""Resilience, ready to be set: depth, time to recovery and area of the loss, by theme, outcome and scenario.

In goes an `Assessment`; out come rows of text. What has not recovered at the horizon says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sd_covid.policy.appraisal.assessment import Assessment
from sd_covid.policy.appraisal.resilience import Phases, Recovery, Resilience
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.report.comparison.amounts import Amount, amount
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, difference_unit

#: Shorter times are told in months, in years.
_YEAR = 2.0


@dataclass(frozen=True, slots=True)
class ResilienceRow:
    """An outcome in one scenario.

    Attributes
    ----------
    scenario : str
    depth, area, difference : Amount
    deepest, recovery : str
    phases : tuple of Amount
        Area by phase. `difference` is the paired difference of the whole area from the null alternative.
    """

    scenario: str
    depth: Amount
    deepest: str
    recovery: str
    area: Amount
    difference: Amount
    phases: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class ResilienceGroup:
    """The scenarios of one outcome."""

    title: str
    unit: str
    theme: str
    rows: tuple[ResilienceRow, ...]


@dataclass(frozen=True, slots=True)
class ResilienceView:
    """The section on resilience."""

    lead: str
    caption: str
    phases: tuple[str, ...]
    leading: tuple[ResilienceGroup, ...]
    by_group: tuple[ResilienceGroup, ...]
    none: str
    sources: tuple[tuple[str, str], ...]


def resilience_view(found: Assessment, texts: Texts) -> ResilienceView | None:
    """The section on resilience; None where the run does not cover the crisis."""
    phases = found.catalogues.phases
    if phases is None or not found.resilience:
        return None
    leading: list[ResilienceGroup] = []
    by_group: list[ResilienceGroup] = []
    none = []
    for output in {item.output.name: item.output for item in found.resilience}.values():
        items = [item for item in found.resilience if item.output is output or item.output == output]
        if all(item.depth.median <= output.relevance for item in items):
            none.append(texts.inside(output.title))
        else:
            (leading if output.headline else by_group).append(_group(output, items, found, texts))
    first = found.resilience[0]
    percent = Numbers(texts.language).plain(100 * phases.recovered)
    return ResilienceView(
        lead=_lead(first, found, phases, percent, texts),
        caption=texts("resilience.caption"),
        phases=tuple(texts.of(phase.title) for phase in phases.phases),
        leading=tuple(leading),
        by_group=tuple(by_group),
        none=texts("resilience.none", names=texts.listed(none)) if none else "",
        sources=tuple((texts.of(phase.title), texts.of(phase.source)) for phase in phases.phases),
    )


def _lead(first: Resilience, found: Assessment, phases: Phases, percent: str, texts: Texts) -> str:
    """From what the loss is counted, and when something counts as recovered."""
    start = phases.phases[0].start
    against = (
        texts("resilience.against_path", path=quoted(found.whole, first.against, texts))
        if first.against
        else texts("resilience.against_level", date=texts.month(start))
    )
    horizon = texts.month(first.horizon)
    return texts("resilience.lead", against=against, percent=percent, horizon=horizon)


def _group(output: Output, items: list[Resilience], found: Assessment, texts: Texts) -> ResilienceGroup:
    """One outcome."""
    return ResilienceGroup(
        title=texts.of(output.title),
        unit=difference_unit(output, texts),
        theme=texts(f"theme.{output.theme}") if output.theme else "",
        rows=tuple(_row(item, found, texts) for item in items),
    )


def _row(item: Resilience, found: Assessment, texts: Texts) -> ResilienceRow:
    """One scenario."""
    relevance = item.output.relevance
    finest = 10.0 ** math.floor(math.log10(relevance)) if relevance > 0 else 0.0
    return ResilienceRow(
        scenario=texts.of(found.comparison.scenario(item.scenario).title),
        depth=amount(item.depth, texts, finest=finest),
        deepest=_deepest(item, found, texts),
        recovery=_recovery(item.recovery, item.horizon.year, texts),
        area=amount(item.area, texts, finest=finest),
        difference=_difference(item, found, texts, finest),
        phases=tuple(amount(spread, texts, finest=finest) for spread in item.phase_area.values()),
    )


def _difference(item: Resilience, found: Assessment, texts: Texts, finest: float) -> Amount:
    """How much less is lost than in the null alternative, draw by draw; a dash for itself."""
    if item.scenario == found.comparison.reference:
        return Amount("–", "", float("nan"))
    told = amount(item.area_difference, texts, finest=finest, toned=True)
    # A loss that grows is bad.
    tones = {"good": "bad", "bad": "good", "neutral": "neutral"}
    return replace(told, tone=tones[told.tone])


def _deepest(item: Resilience, found: Assessment, texts: Texts) -> str:
    """The month in which the loss is deepest, in the median of the draws."""
    phases = found.catalogues.phases
    years = item.deepest.quantiles[len(item.deepest.quantiles) // 2]
    if phases is None or not math.isfinite(years):
        return "–"
    start = phases.phases[0].start
    months = start.year * 12 + start.month - 1 + round(12 * years)
    return texts.month(start.replace(year=months // 12, month=months % 12 + 1))


def _recovery(found: Recovery, horizon: int, texts: Texts) -> str:
    """Median time with its interval; which part of the draws has not recovered at the horizon."""
    low, middle, high = (found.quantiles[at] for at in (0, len(found.quantiles) // 2, -1))
    numbers = Numbers(texts.language)
    share = numbers.exact(100 * (1 - found.share), 0)
    censored = texts("resilience.censored", share=share, year=str(horizon))
    if math.isinf(middle):
        return censored
    months = middle < _YEAR
    unit = texts("resilience.months" if months else "resilience.years")
    said = [numbers.exact(12 * time, 0) if months else numbers.exact(time, 1) for time in (low, middle, high)]
    if math.isinf(high):
        return f"{texts('resilience.at_least', middle=said[1], low=said[0], unit=unit)}; {censored}"
    told = texts("resilience.span", low=said[0], middle=said[1], high=said[2], unit=unit)
    return told if found.share == 1 else f"{told}; {censored}"
