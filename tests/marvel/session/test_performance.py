"""Scores of experts against hand calculation, and agreement against published values.

The published case with seven experts and ten questions ("Tobacco") was run outside this repository: equal weights give
calibration 0.20 and information 0.45, all with a weight 0.66 and 0.53, the best cutoff 0.69 and 1.06, as EXCALIBUR has
them, and 0.663905907814218 and 0.5276742544199166 as ANDURYL has them to sixteen digits.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sd_covid.errors import DiagramError
from sd_covid.marvel.session.agreement import agreement
from sd_covid.marvel.session.performance import Seeds, group_of, performance


def seeds(quantiles: list[list[list[float]]], truth: list[float], log: bool = False) -> Seeds:
    return Seeds(np.array(quantiles), np.array(truth), np.full(len(truth), log))


def test_scores_are_those_of_a_hand_calculation():
    # Two questions; the truth 5 lies below the middle of the first answer and above that of the second.
    asked = seeds([[[1, 6, 9], [1, 4, 9]], [[4, 4.5, 4.9], [5.1, 5.5, 6]]], [5, 5])
    found = performance(asked, 0.0)
    # Shares (0, 1/2, 1/2, 0) against (0.05, 0.45, 0.45, 0.05): 2 N I = 4 ln(1 / 0.9). Chi-square of 3 degrees by its
    # closed form: erfc(sqrt(x/2)) + sqrt(2x/pi) exp(-x/2).
    x = 4 * math.log(1 / 0.9)
    expected = math.erfc(math.sqrt(x / 2)) + math.sqrt(2 * x / math.pi) * math.exp(-x / 2)
    assert found.calibration[0] == pytest.approx(expected, rel=1e-12)
    # The second: one truth above the 95 %, one below the 5 %: shares (1/2, 0, 0, 1/2), 4 ln(10).
    x = 4 * math.log(10)
    expected = math.erfc(math.sqrt(x / 2)) + math.sqrt(2 * x / math.pi) * math.exp(-x / 2)
    assert found.calibration[1] == pytest.approx(expected, rel=1e-12)
    # All answers and truths lie in 1 to 9, widened by a tenth: 0.2 to 9.8, a width of 9.6. First question, expert 1:
    # bins of 0.8, 5, 3 and 0.8.
    bins = np.array([[0.8, 5, 3, 0.8], [0.8, 3, 5, 0.8]]) / 9.6
    share = np.array([0.05, 0.45, 0.45, 0.05])
    assert found.information[0] == pytest.approx((share * np.log(share / bins)).sum(axis=1).mean(), rel=1e-12)
    raw = found.calibration * found.information
    np.testing.assert_allclose(found.weights, raw / raw.sum(), rtol=1e-12)


def test_a_logarithmic_question_is_scored_on_logarithms():
    answers = [[[1, 10, 100]], [[2, 20, 50]]]
    by_log = performance(seeds(answers, [10.0], log=True), 0.0)
    same = performance(seeds(np.log(np.array(answers)).tolist(), [math.log(10)]), 0.0)
    np.testing.assert_allclose(by_log.information, same.information, rtol=1e-12)


def test_cutoff_and_open_questions_take_weight_away():
    right, wrong = [[1, 5, 9]] * 10, [[20, 21, 22]] * 10
    left_open = [[np.nan] * 3, *[[1, 5, 9]] * 9]
    truth = [2.0, 3.0, 4.0, 4.5, 4.9, 5.1, 6.0, 7.0, 8.0, 8.5]
    found = performance(seeds([right, wrong, left_open], truth))
    np.testing.assert_array_equal(found.weights, [1, 0, 0])
    assert math.isnan(found.calibration[2])
    assert not performance(seeds([wrong], truth)).weights.any()
    with pytest.raises(DiagramError, match="nobody answered all"):
        performance(seeds([left_open], truth))


def test_the_group_is_a_mixture_and_the_best_cutoff_is_no_worse_than_any():
    random = np.random.default_rng(2)
    truth = random.uniform(10, 20, 12)
    middle = truth * np.exp(random.normal(0, 0.3, (5, 12)))
    known = np.array([0.1, 0.3, 0.3, 0.5, 0.03])[:, None]
    quantiles = np.stack([middle * np.exp(side * 1.645 * known) for side in (-1, 0, 1)], axis=2)
    asked = Seeds(quantiles, truth, np.zeros(12, dtype=bool))
    best = performance(asked, None)
    product = best.group_calibration * best.group_information
    for cutoff in performance(asked, 0.0).calibration:
        other = performance(asked, float(cutoff))
        assert product >= other.group_calibration * other.group_information
    # A group of one is that expert.
    alone = np.eye(5)[1]
    scores = performance(asked, 0.0)
    np.testing.assert_allclose(
        group_of(asked, alone), (scores.calibration[1], scores.information[1]), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([0, 12, 0, 0, 0], 1.0),
        ([3, 3, 3, 3, 3], 0.0),
        ([6, 0, 0, 0, 6], -1.0),
        ([30, 40, 210, 130, 530, 50, 10], 0.6113333333333333),  # the example of R's package agrmt
        # Two layers by hand: (1, 1, 0) full of width 2 of 3, one peak: 1 - 1/2; (0, 1, 0): 1. Weights 2/3 and 1/3.
        ([1, 2, 0], 2 / 3 * 0.5 + 1 / 3 * 1.0),
    ],
)
def test_agreement_has_published_values(counts, expected):
    assert agreement(counts) == pytest.approx(expected, abs=1e-12)
    assert agreement(counts[::-1]) == pytest.approx(expected, abs=1e-12)


def test_agreement_needs_a_scale_and_answers():
    with pytest.raises(ValueError, match="three places"):
        agreement([1, 2])
    assert math.isnan(agreement([0, 0, 0]))
