"""Resilience, ready to be set: depth, time to recovery and area of the loss, by theme, outcome and scenario.

In goes an `Assessment`; out come rows of text. What has not recovered at the horizon says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sd_covid.policy.assessment import Assessment
from sd_covid.policy.outputs import Output
from sd_covid.policy.resilience import Phases, Recovery, Resilience
from sd_covid.report.amounts import Amount, amount
from sd_covid.report.effects import quoted
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers, difference_unit

#: Less than this part of a year is told in months.
_YEAR = 2.0


@dataclass(frozen=True, slots=True)
class ResilienceRow:
    """An outcome in one scenario.

    Attributes
    ----------
    scenario : str
    depth, area : Amount
    deepest, recovery : str
    phases : tuple of Amount
        Area by phase.
    """

    scenario: str
    depth: Amount
    deepest: str
    recovery: str
    area: Amount
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
    groups: tuple[ResilienceGroup, ...]
    none: str
    sources: tuple[tuple[str, str], ...]


def resilience_view(found: Assessment, texts: Texts) -> ResilienceView | None:
    """The section on resilience; None where the run does not cover the crisis."""
    phases = found.catalogues.phases
    if phases is None or not found.resilience:
        return None
    groups, none = [], []
    for output in {item.output.name: item.output for item in found.resilience}.values():
        items = [item for item in found.resilience if item.output is output or item.output == output]
        if all(item.depth.median <= output.relevance for item in items):
            none.append(texts.inside(output.title))
        else:
            groups.append(_group(output, items, found, texts))
    first = found.resilience[0]
    percent = Numbers(texts.language).plain(100 * phases.recovered)
    return ResilienceView(
        lead=_lead(first, found, phases, percent, texts),
        caption=texts("resilience.caption"),
        phases=tuple(texts.of(phase.title) for phase in phases.phases),
        groups=tuple(groups),
        none=texts("resilience.none", names=texts.listed(none)) if none else "",
        sources=tuple((texts.of(phase.title), texts.of(phase.source)) for phase in phases.phases),
    )


def _lead(first: Resilience, found: Assessment, phases: Phases, percent: str, texts: Texts) -> str:
    """From what the loss is counted, and when something counts as recovered."""
    start = phases.phases[0].start
    against = (
        texts("resilience.against_path", path=quoted(found.comparison, first.against, texts))
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
    return ResilienceRow(
        scenario=texts.of(found.comparison.scenario(item.scenario).title),
        depth=amount(item.depth, texts),
        deepest=_deepest(item, found, texts),
        recovery=_recovery(item.recovery, texts),
        area=amount(item.area, texts),
        phases=tuple(amount(spread, texts) for spread in item.phase_area.values()),
    )


def _deepest(item: Resilience, found: Assessment, texts: Texts) -> str:
    """The month in which the loss is deepest, in the median of the draws."""
    phases = found.catalogues.phases
    years = item.deepest.quantiles[len(item.deepest.quantiles) // 2]
    if phases is None or not math.isfinite(years):
        return "–"
    start = phases.phases[0].start
    months = start.year * 12 + start.month - 1 + round(12 * years)
    return texts.month(start.replace(year=months // 12, month=months % 12 + 1))


def _recovery(found: Recovery, texts: Texts) -> str:
    """Median time with its interval; which part of the draws has not recovered at the horizon."""
    low, middle, high = (_span(found.quantiles[at], texts) for at in (0, len(found.quantiles) // 2, -1))
    told = f"{middle} ({texts('range.to', low=low, high=high)})" if low != high else middle
    if found.share < 1:
        share = Numbers(texts.language).exact(100 * (1 - found.share), 0)
        return f"{told}; {texts('resilience.censored', share=share)}"
    return told


def _span(years: float, texts: Texts) -> str:
    """A time in months or years; in words where the horizon cuts it off."""
    if math.isinf(years):
        return texts("resilience.never")
    numbers = Numbers(texts.language)
    if years < _YEAR:
        return texts("resilience.months", count=numbers.exact(12 * years, 0))
    return texts("resilience.years", count=numbers.exact(years, 1))
