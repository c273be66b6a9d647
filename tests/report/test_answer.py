"""Question, answer and headline table, against quantiles of the raw paths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sd_covid.report.comparison.answer import answer_view, headline_view
from sd_covid.report.words.texts import Texts

YEARS = (2020, 2030)


def moved(comparison, shift):
    """The comparison in which 'no-support' differs by a shift a member, and nothing else differs."""
    levels = {name: np.stack([paths[0]] * 3) for name, paths in comparison.levels.items()}
    levels["households in problem debt"][1] += shift[:, None]
    return replace(comparison, levels=levels, failures=())


def spread(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, 200)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (
            -30.0,
            -10.0,
            "‘No support’ lowers ‘Households in problem debt’ by 11 to 29 thousand households on average",
        ),
        (
            10.0,
            30.0,
            "‘No support’ raises ‘Households in problem debt’ by 11 to 29 thousand households on average",
        ),
        (-2.0, 10.0, "‘No support’ probably raises ‘Households in problem debt’"),
        (-9.0, 10.0, "the model cannot tell which way any headline outcome goes"),
        (-0.1, 0.1, "makes no difference that matters to any headline outcome"),
    ],
)
def test_the_answer_says_what_its_interval_allows(comparison, low, high, said):
    answer = answer_view(moved(comparison, spread(low, high)), YEARS, "no-support", None, None, Texts("en"))
    assert said in answer.sentences[0]
    assert "over 2020–2030" in answer.sentences[0]
    assert "‘No support’ and ‘Early withdrawal’" in answer.question
    assert "compared with ‘Actual package’?" in answer.question


def test_the_other_outcomes_are_counted_and_none_is_left_out(comparison):
    shifted = moved(comparison, spread(10.0, 20.0))
    shifted.levels["unemployment rate"][1] += 1.0
    answer = answer_view(shifted, YEARS, "no-support", None, None, Texts("en"))
    # Two headline outcomes: the one told moves by 15 / 0.5 times what matters, the other by 1 / 0.05.
    assert "; of the 1 other headline outcomes, 1 (probably) get worse" in answer.sentences[0]


def test_the_headline_table_holds_every_headline_outcome_of_every_package(comparison):
    view = headline_view(comparison, YEARS, None, Texts("nl"))
    assert ("Geen steun", "Vroeg afbouwen") == view.columns
    assert ["Werkloosheid", "Huishoudens met problematische schulden"] == [row.title for row in view.rows]
    paths = comparison.levels["unemployment rate"]
    sound = np.arange(200) != 3
    apart = (paths[1] - paths[0])[sound][:, 60:193]
    mean = (apart[:, :-1] + apart[:, 1:]).sum(axis=1) / 2 / 132
    # To the rounding of a sum of 132 numbers.
    assert view.rows[0].cells[0].numbers == pytest.approx(np.quantile(mean, [0.5, 0.05, 0.95]), rel=1e-9)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "‘No support’ raises ‘Unemployment’ by 2.25 to 4.25 percentage points (mean of 2021)."),
        ("nl", "‘Geen steun’ verhoogt ‘Werkloosheid’ gemiddeld in 2021 met 2,25 tot 4,25 procentpunt."),
    ],
)
def test_what_is_over_soon_is_told_in_its_own_year(comparison, language, said):
    # In 2021 alone 2 to 4.5 points more: a median of 0.3 over eleven years, yet the largest difference there is. The
    # other outcome moves less, measured by what matters, in every year.
    shifted = moved(comparison, spread(2.0, 3.0))
    extra = spread(2.1, 4.4)[:, None]
    at = np.flatnonzero(comparison.date.astype("datetime64[Y]") == np.datetime64("2021"))
    shifted.levels["unemployment rate"][1][:, [*at, at[-1] + 1]] += extra
    answer = answer_view(shifted, YEARS, "early-withdrawal", None, None, Texts(language))
    assert len(answer.sentences) == 2
    assert answer.sentences[1].endswith(said)
