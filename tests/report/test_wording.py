"""What may be said follows from the interval alone, and numbers carry no more digits than it does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sd_covid.data.text import Text
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Difference
from sd_covid.policy.comparison.spread import Spread
from sd_covid.report.words.texts import Texts, all_texts
from sd_covid.report.words.wording import (
    Numbers,
    arrow,
    output_step,
    printed,
    round_to,
    rounded,
    rounding_step,
    sentence,
    welfare_word,
)

LABOUR_FORCE = Text("% van de beroepsbevolking", "% of the labour force")
HOUSEHOLDS = Text("duizend huishoudens", "thousand households")
PERSONS = Text("duizend personen", "thousand persons")
RATE = Output("rate", Text("Werkloosheid", "Unemployment"), unit_title=LABOUR_FORCE, relevance=0.05)
DEBT = Output("debt", Text("Schulden", "Debts"), unit_title=HOUSEHOLDS, relevance=0.5)
JOBS = Output("jobs", Text("Banen", "Jobs"), unit_title=PERSONS, better="higher", relevance=1.0)


def difference(output: Output, *quantiles: float) -> Difference:
    """A difference with these seven quantiles."""
    spread = Spread(quantiles[3], quantiles, 1000)
    return Difference(
        output, "b", "a", (2022, 2022), spread, spread, spread, spread.verdict(output.relevance)
    )


SIZED = "‘B’ {} this by {} to {} {} (90 of 100 draws), compared with ‘A’."
PROBABLE = (
    "‘B’ probably {} this: in 90 of 100 draws the difference from ‘A’ lies between {} and {} "
    + "thousand households."
)
UNCLEAR = (
    "The model cannot tell whether ‘B’ raises or lowers this: in 90 of 100 draws the difference from ‘A’ lies "
    "between −8 and 6 thousand households."
)
SMALL = "No difference that matters between ‘B’ and ‘A’: in 90 of 100 draws below 0.50 thousand households."
DEBTS, POINTS = "thousand households", "percentage points"

CASES = {
    "raises": (DEBT, (4.2, 5, 6, 7, 8, 9, 11.4), SIZED.format("raises", "4", "11", DEBTS)),
    "lowers": (DEBT, (-11.4, -9, -8, -7, -6, -5, -4.2), SIZED.format("lowers", "4", "11", DEBTS)),
    "probably raises": (DEBT, (-1.2, 1, 2, 3, 4, 5, 8.3), PROBABLE.format("raises", "−1", "8")),
    "probably lowers": (DEBT, (-8.3, -5, -4, -3, -2, -1, 1.2), PROBABLE.format("lowers", "−8", "1")),
    "cannot tell": (DEBT, (-8.3, -5, -4, -1, 2, 3, 6.1), UNCLEAR),
    "no difference that matters": (DEBT, (-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4), SMALL),
    "quarter points": (
        RATE,
        (0.71, 0.9, 1, 1.1, 1.2, 1.3, 1.46),
        SIZED.format("raises", "0.75", "1.5", POINTS),
    ),
    "finer than quarters": (
        RATE,
        (0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12),
        SIZED.format("raises", "0.06", "0.12", POINTS),
    ),
    "no difference at all": (RATE, (0, 0, 0, 0, 0, 0, 0), "No difference between ‘B’ and ‘A’."),
}


@pytest.mark.parametrize("case", CASES)
def test_the_sentence_follows_from_the_interval(case):
    output, quantiles, expected = CASES[case]
    assert sentence(difference(output, *quantiles), "‘B’", "‘A’", Texts("en")) == expected


def test_the_sentence_in_dutch():
    output, quantiles, _ = CASES["quarter points"]
    said = sentence(difference(output, *quantiles), "‘B’", "‘A’", Texts("nl"))
    assert (
        said
        == "‘B’ verhoogt dit met 0,75 tot 1,5 procentpunt (90 van de 100 trekkingen), vergeleken met ‘A’."
    )


@pytest.mark.parametrize(
    ("output", "quantiles", "grade", "word", "sign"),
    [
        (DEBT, (4, 5, 6, 7, 8, 9, 11), "B", "word.worse", "▲"),
        (DEBT, (4, 5, 6, 7, 8, 9, 11), "C", "word.worse", "△"),
        (DEBT, (-11, -9, -8, -7, -6, -5, -4), "A", "word.better", "▼"),
        (JOBS, (4, 5, 6, 7, 8, 9, 11), "B", "word.better", "▲"),
        (JOBS, (-8, -5, -4, -3, -2, -1, 1.2), "D", "word.probably_worse", "▽"),
        (DEBT, (-8, -5, -4, -1, 2, 3, 6), "A", "word.cannot_tell", "?"),
        (DEBT, (-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4), "A", "word.no_difference", "="),
    ],
)
def test_word_and_arrow_tell_welfare_and_direction_apart(output, quantiles, grade, word, sign):
    found = difference(output, *quantiles)
    assert welfare_word(found) == word
    assert arrow(found, grade) == sign


@pytest.mark.parametrize(
    ("values", "floor", "finest", "step"),
    [
        ((4.2, 11.4), 0.0, 0.0, 1.0),
        ((132.0, 181.0), 1.0, 0.0, 10.0),
        ((0.71, 1.46), 0.25, 0.0, 0.25),
        ((0.06, 0.12), 0.25, 0.01, 0.01),  # quarters would make both zero
        ((1.2, 1.7, 2.3), 1.0, 0.1, 0.1),  # whole thousands would make the median an end
        ((1e-9, 2e-9), 0.25, 0.01, 0.01),  # no digit finer than what matters
        ((0.0, 0.0), 0.25, 0.01, 0.25),
    ],
)
def test_rounding_keeps_two_digits_and_tells_numbers_apart(values, floor, finest, step):
    assert rounding_step(values, floor, finest) == pytest.approx(step)


def test_an_end_is_not_printed_as_zero_when_the_interval_excludes_it():
    said = sentence(
        difference(RATE, -0.21, -0.2, -0.15, -0.1, -0.05, -0.02, -0.004), "‘B’", "‘A’", Texts("en")
    )
    assert said == SIZED.format("lowers", "0.004", "0.21", POINTS)
    # Where the interval holds zero, or nothing in it matters, no digit is finer than the relevance.
    assert printed(RATE, (-0.004, 0.21), Numbers("en")) == ["0", "0.21"]
    assert printed(RATE, (0.001, 0.004), Numbers("en")) == ["0", "0"]


def test_halves_round_away_from_zero_and_zero_has_no_sign():
    assert [round_to(value, 1.0) for value in (0.5, 1.5, -0.5, -1.5)] == [1.0, 2.0, -1.0, -2.0]
    assert math.copysign(1.0, round_to(-0.2, 1.0)) == 1.0
    assert round_to(0.15, 0.1) == 0.2


@pytest.mark.parametrize(
    ("value", "decimals", "dutch", "english"),
    [
        (-1234.5, 1, "−1.234,5", "−1,234.5"),
        (0.04, 1, "0,0", "0.0"),
        (-0.04, 1, "0,0", "0.0"),
        (math.nan, 2, "–", "–"),
        (math.inf, 0, "∞", "∞"),
    ],
)
def test_numbers_are_spelled_in_the_language(value, decimals, dutch, english):
    assert Numbers("nl").exact(value, decimals) == dutch
    assert Numbers("en").exact(value, decimals) == english


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.0, "1"), (0.1, "0.1"), (2.25, "2.25"), (18700.0, "18,700"), (100.0, "100"), (0.0, "0")],
)
def test_a_setting_is_written_as_by_hand(value, written):
    assert Numbers("en").plain(value) == written


def test_median_and_interval_are_rounded_alike():
    sample = np.array([1.21, 1.5, 1.6, 1.74, 1.8, 2.0, 2.28])
    spread = Spread(1.7, tuple(sample), 100)
    found = rounded(spread, DEBT, Numbers("nl"))
    assert (found.median, found.low, found.high) == ("1,7", "1,2", "2,3")
    assert output_step(DEBT, 12.0, 17.0, 22.0) == 1.0


def test_both_languages_have_every_text_with_the_same_braces():
    import string

    for name, text in all_texts().items():
        fields = [
            {field for _, field, _, _ in string.Formatter().parse(text.in_language(language)) if field}
            for language in ("nl", "en")
        ]
        assert fields[0] == fields[1], name
