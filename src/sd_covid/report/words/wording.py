"""How a number and its uncertainty are said: rounding, and the sentence that the interval allows.

In goes a paired difference; out come rounded numbers in the reader's language and a sentence whose strength follows
from the interval alone. The rules are those of the study's page on policy forms, section 9: intervals and not standard
deviations, two significant digits at most, labour-force percentages to quarter points, no decimals on thousands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Difference
from sd_covid.policy.comparison.spread import Spread, Verdict
from sd_covid.report.words.texts import Texts

#: Between a cause and its effect.
ARROW = " → "

_KEYS: dict[Verdict, str] = {
    "lowers": "verdict.lowers",
    "raises": "verdict.raises",
    "probably lowers": "verdict.probably_lowers",
    "probably raises": "verdict.probably_raises",
    "cannot tell": "verdict.cannot_tell",
    "no difference that matters": "verdict.no_difference",
}


def rounding_step(values: Sequence[float], floor: float = 0.0, finest: float = 0.0) -> float:
    """The step to which the numbers of an interval are rounded alike.

    Parameters
    ----------
    values : sequence of float
        The ends of the interval, and its median where that is printed too.
    floor : float
        The step that the unit deserves, such as 0.25 for a labour-force percentage; it gives way when it would make a
        number zero, or two different numbers the same.
    finest : float
        A step below which no digit matters; it does not give way.

    Returns
    -------
    float
        A power of ten that leaves the largest number two significant digits at most, or the floor.
    """
    largest = max(abs(value) for value in values)
    if largest == 0 or not math.isfinite(largest):
        return max(floor, finest) or 1.0
    step = max(10.0 ** (math.floor(math.log10(largest)) - 1), finest)
    if floor <= step:
        return step
    shown = [round_to(value, floor) for value in values]
    lost = len(set(shown)) < len(set(values)) or any(
        new == 0 != old for new, old in zip(shown, values, strict=True)
    )
    return step if lost else floor


def round_to(value: float, step: float) -> float:
    """The multiple of a step nearest to a value, halves away from zero; never minus zero."""
    units = (Decimal(repr(float(value))) / Decimal(repr(float(step)))).quantize(
        Decimal(1), rounding=ROUND_HALF_UP
    )
    return float(units * Decimal(repr(float(step)))) + 0.0


def output_step(output: Output, *values: float) -> float:
    """The step for differences in an output.

    Quarter points of the labour force and whole thousands where they tell the numbers apart, and no digit finer than
    the output's relevance.
    """
    unit = output.unit_title.en
    floor = 0.25 if unit.startswith("% of the labour force") else 1.0 if unit.startswith("thousand") else 0.0
    finest = 10.0 ** math.floor(math.log10(output.relevance)) if output.relevance > 0 else 0.0
    return rounding_step(values, floor, finest)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers in the spelling of a language: ``−1.234,5`` in Dutch, ``−1,234.5`` in English."""

    language: str

    def exact(self, value: float, decimals: int) -> str:
        """A number with that many decimals; a true minus sign; a dash when there is no number."""
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        text = f"{abs(round_to(value, 10.0**-decimals)):,.{decimals}f}"
        if self.language == "nl":
            text = text.translate(str.maketrans(",.", ".,"))
        return ("−" if round_to(value, 10.0**-decimals) < 0 else "") + text

    def stepped(self, value: float, step: float) -> str:
        """A number rounded to a step."""
        if not math.isfinite(value):
            return self.exact(value, 0)
        rounded = round_to(value, step)
        if rounded == 0:
            return "0"
        exponent = Decimal(repr(float(step))).normalize().as_tuple().exponent
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
        # A quarter point needs two decimals, a half one: 0.5 rather than 0.50.
        while decimals > 0 and step == 0.25 and round_to(rounded, 10.0 ** (1 - decimals)) == rounded:
            decimals -= 1
        return self.exact(rounded, decimals)

    def significant(self, value: float, digits: int = 2) -> str:
        """A number to so many significant digits."""
        if value == 0 or not math.isfinite(value):
            return self.exact(value, 0)
        return self.stepped(value, 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits))

    def plain(self, value: float, digits: int = 4) -> str:
        """A number as one writes it by hand: to so many significant digits, without zeros at its end."""
        text = self.significant(value, digits)
        point = "," if self.language == "nl" else "."
        return text.rstrip("0").rstrip(point) if point in text and abs(value) < 1000 else text


def printed(output: Output, values: Sequence[float], numbers: Numbers) -> list[str]:
    """Differences in an output, rounded alike.

    The end of an interval that excludes zero is not printed as zero while anything in the interval matters: it then has
    one significant digit of its own.
    """
    step = output_step(output, *values)
    excludes_zero = min(values) > 0 or max(values) < 0
    keep = excludes_zero and max(abs(value) for value in values) >= output.relevance
    return [
        numbers.significant(value, 1) if keep and round_to(value, step) == 0 else numbers.stepped(value, step)
        for value in values
    ]


@dataclass(frozen=True, slots=True)
class Rounded:
    """A difference as it is printed: median and 90 % interval, rounded alike."""

    median: str
    low: str
    high: str


def rounded(spread: Spread, output: Output, numbers: Numbers) -> Rounded:
    """Median and 90 % interval of a difference, rounded alike to what the interval carries."""
    return Rounded(*printed(output, (spread.median, *spread.interval), numbers))


def difference_unit(output: Output, texts: Texts) -> str:
    """The unit of a difference: percentage points for a percentage."""
    return texts("unit.points") if output.unit_title.en.startswith("%") else texts.of(output.unit_title)


def period(output: Output, year: int, texts: Texts) -> str:
    """What a year means for an output: its mean, or its last day."""
    return texts(f"period.{output.reading}", year=year)


def sentence(difference: Difference, package: str, reference: str, texts: Texts) -> str:
    """What may be said of a difference, with its size, interval and reference.

    Parameters
    ----------
    difference : Difference
    package, reference : str
        Titles, already quoted.
    texts : Texts

    Returns
    -------
    str
        A full sentence; the strength of its verb follows from the verdict.
    """
    numbers = Numbers(texts.language)
    low, high = difference.difference.interval
    unit = difference_unit(difference.output, texts)
    if difference.verdict == "no difference that matters":
        relevance = difference.output.relevance
        if relevance == 0 or low == high == 0:
            return texts("verdict.no_difference_at_all", package=package, reference=reference)
        bound = numbers.significant(relevance)
        return texts(
            "verdict.no_difference", package=package, reference=reference, relevance=bound, unit=unit
        )
    if difference.verdict in ("lowers", "raises"):
        # "lowers by 4 to 11": sizes, the smaller first.
        low, high = sorted((abs(low), abs(high)))
    low_text, high_text = printed(difference.output, (low, high), numbers)
    return texts(
        _KEYS[difference.verdict],
        package=package,
        reference=reference,
        low=low_text,
        high=high_text,
        unit=unit,
    )


def welfare_word(difference: Difference) -> str:
    """Key of the word for welfare: ``better``, ``worse``, their probable forms, or that there is none to give.

    Of an outcome that is neither good nor bad by itself it says which way it goes.
    """
    verdict = difference.verdict
    if verdict in ("cannot tell", "no difference that matters"):
        return "word.cannot_tell" if verdict == "cannot tell" else "word.no_difference"
    prefix = "probably_" if verdict.startswith("probably") else ""
    if difference.output.better == "neutral":
        return f"word.{prefix}{'lower' if verdict.endswith('lowers') else 'higher'}"
    good = verdict.endswith("lowers") == (difference.output.better == "lower")
    return f"word.{prefix}{'better' if good else 'worse'}"


def arrow(difference: Difference, grade: str) -> str:
    """The sign of a difference as an arrow, hollow from evidence grade C down; ``=`` or ``?`` without a sign."""
    verdict = difference.verdict
    if verdict in ("cannot tell", "no difference that matters"):
        return "?" if verdict == "cannot tell" else "="
    filled, hollow = ("▼", "▽") if verdict.endswith("lowers") else ("▲", "△")
    return hollow if grade >= "C" else filled
