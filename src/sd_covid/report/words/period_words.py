"""Periods of published figures in words: ``2024-Q3`` is ``derde kwartaal van 2024``."""

from __future__ import annotations

from datetime import date

from sd_covid.data import Frequency, parse_period
from sd_covid.report.words.texts import Texts


def period_words(period: str, frequency: Frequency, texts: Texts, *, article: bool = False) -> str:
    """A period in words.

    Parameters
    ----------
    period : str
        Spelled as in the series files.
    frequency : str
        One of `sd_covid.data.FREQUENCIES`.
    texts : Texts
    article : bool
        For within a sentence: ``het derde kwartaal van 2024``.
    """
    found = parse_period(period, frequency)
    if frequency == "year":
        return period
    if frequency == "school year":
        return texts("period.school", first=found.year - 1, last=f"{found.year % 100:02d}")
    if frequency in ("month", "instant"):
        return texts.month(date(found.year, found.month, 1))
    place = found.quarter if frequency == "quarter" else 1 + (found.month > 6)
    ordinal = texts("period.ordinals").split()[place - 1]
    kind = "period.quarter" if frequency == "quarter" else "period.half"
    told = texts(kind, ordinal=ordinal, year=found.year)
    return texts("period.the", period=told) if article else told


def day_words(day: date, texts: Texts) -> str:
    """A day in words: ``3 maart 2020``."""
    month = texts("date.months").split()[day.month - 1]
    return texts("date.day", day=day.day, month=month, year=day.year)
