"""Expected values with their intervals, as the tables of costs and benefits print them.

In goes a `Spread`; out comes ``1.200 (900 – 1.500)``. Means are printed, since means add up over rows and medians do
not; the interval is the central 90 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sd_covid.policy.appraisal.benefits import Effect
from sd_covid.policy.appraisal.effectiveness import Ratio
from sd_covid.policy.comparison.spread import Spread
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, rounding_step

#: Costs are told in whole millions, counts of thousands in tens of persons at the finest.
MILLION = 1.0
TENS = 0.01
#: Two numbers nearer to each other than this part of their size are one.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it is printed, and the number it was made from.

    Attributes
    ----------
    mean, interval : str
        The interval is empty when the amount does not vary.
    number : float
        The mean before rounding.
    tone : str
        ``good`` or ``bad`` when the 90 % interval excludes nil and the mean is not printed as nil, else ``neutral``.
    ends : tuple of float
        Of the interval before rounding; NaN where it is empty.
    """

    mean: str
    interval: str
    number: float
    tone: str = "neutral"
    ends: tuple[float, float] = (math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class AmountRow:
    """One row, with a cell for each package.

    Attributes
    ----------
    title, unit, note : str
        `note` says in which row or why not it is monetised.
    cells : tuple of Amount
    kind : str
        ``row``, ``sum`` or ``minor``.
    """

    title: str
    unit: str
    note: str
    cells: tuple[Amount, ...]
    kind: str = "row"


@dataclass(frozen=True, slots=True)
class AmountTable:
    """A table of amounts of one package."""

    scenario: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[AmountRow, ...]


def amount_row(
    title: str, cells: tuple[Amount, ...], *, unit: str = "", note: str = "", kind: str = "row"
) -> AmountRow:
    """A row; its unit is million euro where none is given."""
    return AmountRow(title, unit, note, cells, kind)


def amount(
    spread: Spread, texts: Texts, *, scale: float = 1.0, finest: float = 0.0, toned: bool = False
) -> Amount:
    """An expected value with its interval, rounded alike.

    Parameters
    ----------
    spread : Spread
    texts : Texts
    scale : float
        By which it is multiplied.
    finest : float
        A step below which no digit matters.
    toned : bool
        Whether more is good and less is bad.
    """
    numbers = Numbers(texts.language)
    mean, (low, high) = spread.mean * scale, (end * scale for end in spread.interval)
    if math.isnan(mean):
        return Amount("–", "", mean)
    if high - low <= _SAME * max(abs(low), abs(high), 1.0):
        shown = _plain(mean, numbers, finest)
        return Amount(shown, "", mean, _tone(low, high, toned and shown != "0"))
    step = rounding_step((low, high, mean), finest=finest)
    ends = [numbers.stepped(end, step) for end in (low, high)]
    told = texts("value.interval", low=ends[0], high=ends[1]) if ends[0] != ends[1] else ""
    shown = numbers.stepped(mean, step)
    within = (low, high) if told else (math.nan, math.nan)
    return Amount(shown, told, mean, _tone(low, high, toned and shown != "0"), within)


def ratio(found: Ratio, texts: Texts, *, scale: float = 1.0) -> Amount:
    """A ratio of means with the interval of values at which draws change their mind; a dash where there is none."""
    numbers = Numbers(texts.language)
    value = abs(found.value * scale)
    if math.isnan(value):
        return Amount("–", "", value)
    ends = abs(found.interval[0] * scale), abs(found.interval[1] * scale)
    low, high = (_end(end, numbers, texts) for end in ends)
    told = texts("value.interval", low=low, high=high)
    return Amount(numbers.significant(value), told, value, ends=ends)


def share(found: Ratio, texts: Texts) -> Amount:
    """A part of a whole, in per cent."""
    return ratio(found, texts, scale=100.0)


def _plain(value: float, numbers: Numbers, finest: float) -> str:
    """A number that does not vary, to three digits."""
    if abs(value) < max(finest / 2, 1e-12):
        return "0"
    step = max(10.0 ** (math.floor(math.log10(abs(value))) - 2), finest)
    return numbers.stepped(value, step)


def _end(value: float, numbers: Numbers, texts: Texts) -> str:
    """An end of an interval, in words when it has none."""
    return texts("unitcost.never") if math.isinf(value) else numbers.significant(value)


def _tone(low: float, high: float, toned: bool) -> str:
    """Good or bad where the interval excludes nil."""
    if not toned or low <= 0 <= high:
        return "neutral"
    return "good" if low > 0 else "bad"


def cells_of(spreads: Iterable[Spread], texts: Texts, *, toned: bool = False) -> tuple[Amount, ...]:
    """Amounts in million euro, in whole millions."""
    return tuple(amount(spread, texts, finest=MILLION, toned=toned) for spread in spreads)


def gained(effect: Effect, texts: Texts) -> str:
    """An effect as something that is avoided or gained."""
    key = "mkba.avoided" if effect.better == "lower" else "mkba.gained"
    return texts(key, title=texts.of(effect.title))


def thousand(effect: Effect, texts: Texts) -> str:
    """The unit in which an effect is told."""
    return texts("mkba.thousand", unit=texts.of(effect.unit))
