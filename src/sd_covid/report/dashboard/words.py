"""How a newest figure and what was expected of it are told, in one language.

In go an `Outlook` and texts; out come titles, numbers and sentences. Figures are printed as they were published, bands
to two digits of their width, and never so that the two seem to tell of another side than they do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sd_covid.calibration.newest.outlook import Expected, Outlook, expected_outside, side_of
from sd_covid.calibration.validity.report import Point
from sd_covid.data import Series
from sd_covid.report.words.period_words import day_words, period_words
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, round_to

ARROWS = {"above": "▲", "on": "●", "below": "▼"}
_MOST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Counts:
    """How many newest figures lie where, of series that count; and how many would lie outside by chance."""

    count: int
    on: int
    above: int
    below: int

    @property
    def chance(self) -> float:
        """Expected number outside bands that are right."""
        return expected_outside(self.count)


def counts_of(items: Iterable[Expected]) -> Counts:
    """The counts of some series; those that tell the same as another are left out."""
    sides = [item.side for item in items if item.counts]
    return Counts(len(sides), sides.count("on"), sides.count("above"), sides.count("below"))


@dataclass(frozen=True, slots=True)
class DashboardWords:
    """Titles, numbers and sentences of an outlook.

    Attributes
    ----------
    found : Outlook
    texts : Texts
    """

    found: Outlook
    texts: Texts

    @property
    def numbers(self) -> Numbers:
        """Numbers in the language."""
        return Numbers(self.texts.language)

    def series(self, item: Expected) -> Series:
        """The series in the registry."""
        return self.found.registry.series(item.series)

    def title(self, series: str) -> str:
        """What a series is called."""
        return self.texts.of(self.found.registry.series(series).title)

    def unit(self, series: str) -> str:
        """The unit of a series."""
        registry = self.found.registry
        return self.texts.of(registry.units[registry.series(series).unit])

    def heading(self, heading: str) -> str:
        """What a heading is called; a theme without one has its own name."""
        known = self.found.registry.headings
        return self.texts.of(known[heading]) if heading in known else heading

    def period(self, item: Expected, period: str, *, article: bool = False) -> str:
        """A period of a series in words."""
        return period_words(period, self.series(item).frequency, self.texts, article=article)

    def figure(self, value: float) -> str:
        """A published figure with the decimals that it has."""
        decimals = next(
            (d for d in range(_MOST_DECIMALS) if abs(round(value, d) - value) <= 1e-9 * max(1.0, abs(value))),
            _MOST_DECIMALS,
        )
        return self.numbers.exact(value, decimals)

    def band(self, point: Point) -> tuple[str, str]:
        """The ends of a band, to two digits of its width; to more where else the figure would seem to lie elsewhere."""
        width = point.high_90 - point.low_90
        step = 10.0 ** (math.floor(math.log10(width)) - 1) if width > 0 else 1e-6
        while step > 1e-9 and not self._tells(point, step):
            step /= 10
        return self.numbers.stepped(point.low_90, step), self.numbers.stepped(point.high_90, step)

    @staticmethod
    def _tells(point: Point, step: float) -> bool:
        """Whether the ends, rounded to a step, leave the figure on its side."""
        if math.isnan(point.figure):
            return True
        low, high = round_to(point.low_90, step), round_to(point.high_90, step)
        seems = "above" if point.figure > high else "below" if point.figure < low else "on"
        return seems == side_of(point)

    def side(self, side: str) -> str:
        """A side in a word."""
        return self.texts(f"dash.side.{side}")

    def said(self, item: Expected) -> str:
        """The newest figure beside what was expected, and since when it lies outside."""
        low, high = self.band(item.newest)
        period = self.period(item, item.newest.period, article=True)
        told = self.texts(
            f"dash.said.{item.side}",
            figure=self.figure(item.newest.figure),
            period=period,
            low=low,
            high=high,
        )
        told = told[:1].upper() + told[1:]
        return f"{told} {self.since(item)}".rstrip()

    def since(self, item: Expected) -> str:
        """Since when a series lies outside; nothing when only its newest figure does."""
        if item.side == "on" or item.since == item.newest.period:
            return ""
        return self.texts("dash.since", period=self.period(item, item.since, article=True))

    def coming(self, item: Expected, *, cell: bool = False) -> str:
        """When the next figure comes, and what is expected of it; short for the cell of a table."""
        prefix = "dash.next.cell" if cell else "dash.next"
        following = item.next
        if following.due is None or following.point is None:
            return self.texts(f"{prefix}.none")
        if self.series(item).sensitive is not None:  # nobody is served by a forecast of it
            period, day = self.period(item, following.period), day_words(following.due, self.texts)
            return self.texts("dash.next.only", period=period, day=day)
        low, high = self.band(following.point)
        return self.texts(
            f"{prefix}.{'overdue' if following.overdue else 'coming'}",
            period=self.period(item, following.period, article=not cell),
            day=day_words(following.due, self.texts),
            low=low,
            high=high,
        )

    def counted(self, key: str, counts: Counts) -> str:
        """Counts in a sentence."""
        return self.texts(
            key,
            count=counts.count,
            on=counts.on,
            above=counts.above,
            below=counts.below,
            chance=self.chance(counts),
        )

    def chance(self, counts: Counts) -> str:
        """How many lie outside by chance: to a half where there are few."""
        value = counts.chance
        return self.numbers.plain(value, 2) if value < 10 else self.numbers.exact(value, 0)
