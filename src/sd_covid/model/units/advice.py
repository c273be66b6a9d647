"""What to do about units that differ, from how they differ."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher, get_close_matches

from pint.util import UnitsContainer

from sd_covid.model.names import key
from sd_covid.model.units.text import ONE, Vocabulary, factors, power, singular

_ALIKE = 0.7
_MISSPELT = 0.8
_CLOCK = frozenset({"second", "minute", "hour", "day", "week", "month", "quarter", "year"})


def advice(
    words: Vocabulary, computed: UnitsContainer, expected: UnitsContainer, time: UnitsContainer
) -> str:
    """Advice about an expression that computes other units than it should; empty when there is none.

    Parameters
    ----------
    words : Vocabulary
    computed, expected, time : UnitsContainer
        Without unknowns.
    """
    ratio = computed / expected
    joined = next((word for word in ratio if _is_joined(words, word, ratio)), None)
    if joined is not None:
        return f"'{words.spelled(joined)}' is one word: write '{words.spelled(joined).replace(' ', '*')}' for a product"
    if time != ONE and ratio == time:
        return f"a rate 1/{words.format(time)} or a division by a time constant may be missing"
    if time != ONE and ratio == power(time, -1):
        return f"a factor in {words.format(time)} may be missing, or one rate too many"
    if sorted(factors(ratio).values()) == [-1, 1]:
        return _two_words(words, ratio)
    if len(ratio) == 1 and abs(next(iter(factors(ratio).values()))) == 1:
        return f"a constant in {words.format(power(ratio, -1))} may be missing"
    return ""


def _is_joined(words: Vocabulary, word: str, ratio: UnitsContainer) -> bool:
    """Whether a word of several parts stands against the product of its parts, as ``Person Hours``."""
    parts = words.spelled(word).split()
    exponents = factors(ratio)
    others = [words.word(part, note=False) for part in parts]
    return len(parts) > 1 and all(
        exponents.get(other, 0) == -exponents[word] for units in others for other in units
    )


def _two_words(words: Vocabulary, ratio: UnitsContainer) -> str:
    """Two units where one should be."""
    over = next(word for word, exponent in factors(ratio).items() if exponent > 0)
    under = next(word for word, exponent in factors(ratio).items() if exponent < 0)
    factor = words.format(power(ratio, -1))
    if {over, under} <= _CLOCK:
        return f"convert with a constant in {factor}"
    if alike(over, under):
        return f"declare '{words.spelled(over)}' and '{words.spelled(under)}' equivalent if they are one unit"
    return f"a conversion constant in {factor} may be missing"


def alike(first: str, second: str) -> bool:
    """Whether two words may be one unit, spelled twice."""
    return singular(first) == singular(second) or SequenceMatcher(None, first, second).ratio() >= _ALIKE


def nearest(word: str, uses: Mapping[str, int]) -> str | None:
    """The word used more than once that a word used once may be a slip of; None when there is none."""
    others = [other for other, count in uses.items() if count > 1 and other != word]
    near = get_close_matches(key(word), others, n=1, cutoff=_MISSPELT)
    return near[0] if near else None
