"""Findings about one region: its projections beside the country, and beside the figures there are of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.local.project import Local, refuse_year
from sd_covid.data.local.figures import Figure as LocalFigure
from sd_covid.data.local.figures import Figures
from sd_covid.data.local.regions import Region
from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.comparison.scenarios import Difference
from sd_covid.policy.comparison.spread import QUANTILES, Spread
from sd_covid.policy.types import Floats
from sd_covid.report.finding.statement import Finding
from sd_covid.report.local.charts import Dots, fan_chart
from sd_covid.report.local.facts import figures_finding, profile_finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, printed, rounded, sentence

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def region_findings(
    projections: Sequence[Local],
    region: Region,
    figures: Figures,
    titles: Sequence[Text],
    year: int,
    texts: Texts,
) -> list[Finding]:
    """Everything that is told of a region.

    Parameters
    ----------
    projections : sequence of Local
        One an indicator.
    region : Region
    figures : Figures
    titles : sequence of Text
        Of the scenarios, the null alternative first.
    year : int
        Of which sentences tell.
    texts : Texts
    """
    told = [_Told(item, region, figures, titles, year, texts) for item in projections]
    shown = [pair for item in told for pair in item.figures]
    return [
        *(item.fan() for item in told),
        profile_finding(projections[0].profiles, region, texts),
        figures_finding(shown, region, texts),
    ]


def fan_finding(
    local: Local, region: Region, figures: Figures, titles: Sequence[Text], year: int, texts: Texts
) -> Finding:
    """What is told of one outcome in a region; the parameters are those of `region_findings`.

    Raises
    ------
    RunError
        A year that the runs do not cover, or not a title for each scenario.
    """
    refuse_year(year, local.years, texts.language)
    if len(titles) != len(local.scenarios):
        reason = f"{len(titles)} titles of {len(local.scenarios)} scenarios"
        raise RunError(reason, advice=f"give those of {', '.join(local.scenarios)}")
    return _Told(local, region, figures, titles, year, texts).fan()


@dataclass(frozen=True)
class _Told:
    """One indicator in one region."""

    local: Local
    region: Region
    all_figures: Figures
    titles: Sequence[Text]
    year: int
    texts: Texts

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.texts.language)

    @cached_property
    def here(self) -> Floats:
        return self.local.rate(self.region)

    @cached_property
    def country(self) -> Floats:
        return self.local.rate(self.local.profiles.regions.find("NL"))

    @property
    def at(self) -> int:
        return self.local.years.index(self.year)

    def fan(self) -> Finding:
        """Levels over the years, beside the country."""
        output, texts = self.local.indicator.output, self.texts
        table, decimals = self._table()
        basis = self.local.basis(self.region)
        return Finding(
            output.name,
            f"{texts.of(output.title)}, {texts.of(output.unit_title)}",
            (*self._sentences(), texts(f"local.rests.{basis}")),
            texts("local.caution", note=texts.of(self.local.indicator.note)),
            table,
            decimals,
            self._figure(),
            texts("local.fan.described", region=self.region.name),
            frozenset({texts("local.column.year")}),
        )

    def _table(self) -> tuple[pd.DataFrame, dict[str, int]]:
        texts, rows = self.texts, []
        for place, title in enumerate(self.titles):
            low, median, high = np.quantile(self.here[place], (0.05, 0.5, 0.95), axis=0)
            country = np.median(self.country[place], axis=0)
            for at, year in enumerate(self.local.years):
                rows.append((year, texts.of(title), median[at], low[at], high[at], country[at]))
        names = [
            texts(f"local.column.{name}") for name in ("year", "scenario", "median", "low", "high", "country")
        ]
        return pd.DataFrame(rows, columns=names), dict.fromkeys(names[2:], 1)

    def _sentences(self) -> list[str]:
        texts, output = self.texts, self.local.indicator.output
        now, country = self.here[0, :, self.at], self.country[0, :, self.at]
        level = rounded(Spread.of(now), output, self.numbers)
        first = texts(
            "local.level_told",
            year=self.year,
            region=self.region.name,
            scenario=texts.of(self.titles[0]),
            low=level.low,
            high=level.high,
            median=level.median,
            unit=texts.of(output.unit_title),
            country=self.numbers.significant(float(np.median(country))),
        )
        said = [first]
        if self.region.level != "country":
            gap = Spread.of(now - country)
            verdict = gap.verdict(output.relevance)
            low, high = gap.interval
            if verdict in ("raises", "lowers"):
                low, high = sorted((abs(low), abs(high)))
            ends = printed(output, (low, high), self.numbers)
            said.append(texts(f"local.verdict.{verdict}", low=ends[0], high=ends[1]))
        return [" ".join(said), *self._differences()]

    def _differences(self) -> list[str]:
        """What each other scenario changes here."""
        output, texts = self.local.indicator.output, self.texts
        found = []
        base = self.here[0, :, self.at]
        for place, title in enumerate(self.titles[1:], start=1):
            level, gap = self.here[place, :, self.at], self.here[place, :, self.at] - base
            spread = Spread.of(gap)
            difference = Difference(
                output,
                self.local.scenarios[place],
                self.local.scenarios[0],
                (self.year, self.year),
                Spread.of(level),
                Spread.of(base),
                spread,
                spread.verdict(output.relevance),
            )
            package, reference = (f"‘{texts.of(item)}’" for item in (title, self.titles[0]))
            found.append(sentence(difference, package, reference, texts))
        return found

    @cached_property
    def figures(self) -> list[tuple[LocalFigure, Local]]:
        """Figures of the region itself and of what holds it, of the series of this indicator, and monitors of it."""
        regions = self.local.profiles.regions
        inside = set(regions.within(self.region))
        series = series_of(self.local)
        return [
            (item, self.local)
            for item in self.all_figures.all
            if item.definition.series in series
            and item.region.level != "country"
            and inside <= set(regions.within(item.region))
        ]

    def _figure(self) -> Callable[[], Figure]:
        bands = np.quantile(self.here[0], QUANTILES, axis=0)
        others = [
            (f"{self.region.name}: {self.texts.of(title)}", np.median(self.here[place], axis=0))
            for place, title in enumerate(self.titles)
            if place
        ]
        return partial(
            fan_chart,
            self.local.years,
            bands,
            np.median(self.country[0], axis=0),
            others,
            self._dots(),
            f"{self.region.name}: {self.texts.of(self.titles[0])}",
            self.texts,
        )

    def _dots(self) -> list[Dots]:
        """Figures in the place that the model gives them: their distance from the country's figure, on its run."""
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for item, _ in self.figures:
            kind, label, value = self._dot(item)
            if value == value and self.local.years[0] <= item.when <= self.local.years[-1] + 1:
                found.setdefault((kind, label), []).append((item.when, value))
        return [
            Dots(kind, label, tuple(at for at, _ in points), tuple(value for _, value in points))
            for (kind, label), points in found.items()
        ]

    def _dot(self, item: LocalFigure) -> tuple[str, str, float]:
        texts, definition = self.texts, item.definition
        if definition.own:
            return (
                "monitor",
                texts("local.chart.monitor", source=definition.source, method=definition.method),
                item.value,
            )
        beside = [
            one.value
            for one in self.all_figures.of(definition.series, method=definition.method, level="country")
            if one.period == item.period
        ]
        if not beside or item.year not in self.local.years:
            return "other", "", float("nan")
        country = float(np.median(self.country[0, :, self.local.years.index(item.year)]))
        odds = _odds(country) * _odds(item.value) / _odds(beside[0])
        value = 100 * odds / (1 + odds)
        estimated, regions = self.local.indicator.estimated, self.local.profiles.regions
        own = set(regions.within(item.region)) == set(
            regions.within(self.region)
        )  # a province may be a GGD region
        if estimated is not None and definition.method != estimated.method:
            method = texts.known("local.method", definition.method)
            label = texts("local.chart.other", region=item.region.name, method=method)
            return "other" if own else "other_region", label, value
        kind = "own" if own else "region"
        return kind, texts(f"local.chart.{kind}", region=item.region.name), value


def _odds(percent: float) -> float:
    return percent / (100 - percent)


def series_of(local: Local) -> tuple[str, ...]:
    """The series of figures that belong beside an indicator: that on which it is estimated, and its own name."""
    estimated = local.indicator.estimated
    return (local.indicator.output.name, *(() if estimated is None else (estimated.series,)))
