"""Value of information against the normal linear case, where it has a closed form.

Two options, nothing and a benefit that is normal with mean m; knowing a part of it with standard deviation s is worth
E max(0, X) - max(0, m), X ~ N(m, s), which is the unit normal loss (Raiffa and Schlaifer, Applied Statistical Decision
Theory, 1961, chapter 5): m Phi(m/s) + s phi(m/s) - max(0, m).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sd_covid.analysis.information.figures import told_by, value_of_figures
from sd_covid.analysis.information.smooth import normal_scores, smoother
from sd_covid.analysis.information.value import chance_level, information, partial, perfect
from sd_covid.errors import RunError

DRAWS, MEAN = 1500, 0.3


def exact(sd: float) -> float:
    return float(MEAN * norm.cdf(MEAN / sd) + sd * norm.pdf(MEAN / sd) - max(0.0, MEAN))


@pytest.fixture(scope="module")
def linear() -> tuple[np.ndarray, np.ndarray]:
    """Three independent standard normals, and benefits: 0, and 0.3 + a + b/2 + 0.8 e."""
    rng = np.random.default_rng(11)
    known = rng.standard_normal((DRAWS, 3))
    gain = MEAN + known[:, 0] + 0.5 * known[:, 1] + 0.8 * rng.standard_normal(DRAWS)
    return known, np.stack([np.zeros(DRAWS), gain], axis=1)


@pytest.mark.parametrize(
    ("columns", "sd"), [([0], 1.0), ([1], 0.5), ([0, 1], np.sqrt(1.25)), ([0, 1, 2], np.sqrt(1.25))]
)
def test_one_parameter_and_groups(
    linear: tuple[np.ndarray, np.ndarray], columns: list[int], sd: float
) -> None:
    known, benefit = linear
    found = partial(benefit, known[:, columns])
    assert found.corrected == pytest.approx(exact(sd), abs=3 * found.error)
    assert 0 < found.error < 0.03  # of the order 1 / sqrt(1500)


def test_everything(linear: tuple[np.ndarray, np.ndarray]) -> None:
    found = perfect(linear[1])
    assert found.corrected == pytest.approx(exact(np.sqrt(1.25 + 0.64)), abs=3 * found.error)
    assert abs(found.bias) < found.error


def test_an_unrelated_parameter_is_worth_no_more_than_chance(linear: tuple[np.ndarray, np.ndarray]) -> None:
    known, benefit = linear
    found = partial(benefit, known[:, [2]])
    assert found.corrected < found.error


def test_what_chance_offers_the_best_of_many_grows_with_their_number(
    linear: tuple[np.ndarray, np.ndarray],
) -> None:
    benefit = linear[1][:400]
    one, many = (chance_level(benefit, number, size=200) for number in (1, 300))
    rng = np.random.default_rng(14)
    above = [partial(benefit, rng.standard_normal((400, 1)), resamples=30).corrected > one for _ in range(80)]
    assert np.mean(above) < 0.05 + 3 * np.sqrt(0.05 / 80)
    assert one <= many < 0.1
    # far beyond what two hundred draws reach: of three hundred more the best is above in one of twenty cases
    assert (
        max(partial(benefit, rng.standard_normal((400, 1)), resamples=30).corrected for _ in range(300))
        < many
    )


def test_standard_errors_are_those_of_repeated_draws() -> None:
    rng, values, errors = np.random.default_rng(2), [], []
    for _ in range(60):
        known = rng.standard_normal(300)
        gain = MEAN + known + 0.8 * rng.standard_normal(300)
        found = partial(np.stack([np.zeros(300), gain], axis=1), known[:, None], resamples=60)
        values.append(found.corrected)
        errors.append(found.error)
    # Sixty repeats know a standard deviation to a tenth; three times that.
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.3)
    assert np.mean(values) == pytest.approx(exact(1.0), abs=3 * np.std(values) / np.sqrt(60))


def test_the_bias_of_many_terms_is_taken_off() -> None:
    # Eight options alike but for noise: whatever a regression on noise finds is bias.
    rng, raw, corrected = np.random.default_rng(8), [], []
    for seed in range(15):
        benefit = rng.standard_normal((200, 8))
        found = partial(benefit, rng.standard_normal((200, 4)), resamples=60, seed=seed)
        raw.append(found.raw)
        corrected.append(found.corrected)
    assert np.mean(corrected) < 0.5 * np.mean(raw)


def test_a_bend_is_followed_where_a_line_would_miss_it() -> None:
    # Benefit z^2 - 1: no slope at all. E max(0, z^2 - 1) = 2 phi(1).
    known = np.random.default_rng(3).standard_normal(DRAWS)
    found = partial(np.stack([np.zeros(DRAWS), known**2 - 1], axis=1), np.exp(known)[:, None])
    assert found.corrected == pytest.approx(2 * norm.pdf(1), abs=0.05)  # standard error of E max is 0.03


def test_two_parameters_that_matter_only_together() -> None:
    # Benefit a b: neither tells anything alone; E max(0, ab) = E|a| E|b| / 2 = 1/pi.
    known = np.random.default_rng(6).standard_normal((DRAWS, 2))
    benefit = np.stack([np.zeros(DRAWS), known[:, 0] * known[:, 1]], axis=1)
    assert partial(benefit, known[:, [0]]).corrected < 0.05
    assert partial(benefit, known).corrected == pytest.approx(1 / np.pi, abs=0.05)


def test_correlated_draws_tell_of_each_other(linear: tuple[np.ndarray, np.ndarray]) -> None:
    known, benefit = linear
    proxy = known[:, 0] + np.random.default_rng(1).standard_normal(DRAWS)  # correlation 1 / sqrt 2
    found = partial(benefit, proxy[:, None])
    assert found.corrected == pytest.approx(exact(np.sqrt(0.5)), abs=3 * found.error)


def test_a_group_of_many_is_ridged_and_stays_below_perfect_information(
    linear: tuple[np.ndarray, np.ndarray],
) -> None:
    known, benefit = linear
    many = np.column_stack([known, np.random.default_rng(9).standard_normal((DRAWS, 150))])
    found = partial(benefit, many)
    assert found.corrected == pytest.approx(exact(np.sqrt(1.25)), abs=3 * found.error)
    assert found.corrected < perfect(benefit).corrected


def test_all_of_it(linear: tuple[np.ndarray, np.ndarray]) -> None:
    known, benefit = linear
    draws = pd.DataFrame(known, columns=["a", "b", "c"]).assign(fixed=1.0)
    found = information(
        benefit, ("nothing", "package"), draws, {"both": ("a", "b")}, resamples=30, unrelated=100
    )
    assert list(found.parts) == ["a", "b", "c", "both"]
    assert (found.chosen, found.draws) == (1, DRAWS)
    assert found.parts["a"].corrected > found.parts["b"].corrected > found.chance
    assert found.parts["both"].corrected > found.parts["a"].corrected
    # put in order first, as of every parameter without equal values, a draw goes to the same benefit
    assert found.parts["a"].raw == pytest.approx(partial(benefit, known[:, [0]]).raw, rel=1e-9)


def test_which_figures_tell_of_a_parameter(linear: tuple[np.ndarray, np.ndarray]) -> None:
    known, benefit = linear
    noise = np.random.default_rng(7).standard_normal((DRAWS, 2))
    # A series that is the parameter with noise of the same spread takes away half of its variance.
    figures = {"idle": noise, "telling": known[:, [0]] + noise[:, [0]]}
    found = told_by(known[:, 0], figures)
    assert [item.series for item in found] == ["telling", "idle"]
    assert found[0].share == pytest.approx(0.5, abs=0.06)  # a squared correlation, standard error 0.02
    assert found[1].share < 0.01
    values = value_of_figures(benefit, figures, resamples=30)
    assert values["telling"].corrected == pytest.approx(exact(np.sqrt(0.5)), abs=0.06)
    assert told_by(np.ones(DRAWS), figures) == ()


def test_normal_scores_and_a_parameter_that_does_not_vary() -> None:
    np.testing.assert_allclose(
        normal_scores(np.array([[3.0], [1.0], [2.0]]))[:, 0], norm.ppf([5 / 6, 1 / 6, 0.5])
    )
    flat = smoother(np.ones((20, 1)), np.arange(20.0)[:, None])
    np.testing.assert_allclose(flat.fit(np.arange(20.0)[:, None]), 9.5)
    assert flat.effective == 1.0


def test_a_handful_of_draws_is_refused() -> None:
    with pytest.raises(RunError, match="5 draws tell nothing"):
        perfect(np.zeros((5, 2)))
