"""What two problems share: closed forms of a straight line with normal priors, and intervals set by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.shared import Interval, Marginals, Shared, by_laplace, of_draws, shared

from .analytic import line
from .test_posterior import PRIOR_MEAN, SD, TIMES, closed_form, line_problem
from .test_weigh import DESIGN, stored

FIGURES = 0.7 + 0.03 * TIMES + SD * np.random.default_rng(1).standard_normal(len(TIMES))


def test_laplace_is_exact_where_the_posterior_is_normal(tmp_path: Path) -> None:
    problem = read_problem(line_problem(tmp_path, FIGURES))
    found = by_laplace(Objective(problem, line()), PRIOR_MEAN)
    mean, covariance = closed_form(FIGURES)
    sd = np.sqrt(np.diag(covariance))
    assert found.source == "Laplace"
    for index, (name, got) in enumerate(found.intervals.items()):
        assert name == Objective(problem, line()).names[index]
        expected = stats.norm(mean[index], sd[index]).ppf([0.05, 0.5, 0.95])
        # curvature by differences of exact gradients over 1e-4, and an optimiser that stops at a slope of 1e-6
        np.testing.assert_allclose([got.low, got.median, got.high], expected, atol=1e-5 * sd[index])


def test_draws_give_the_same_within_their_noise(tmp_path: Path) -> None:
    fit = stored(line_problem(tmp_path, FIGURES), DESIGN, FIGURES)
    mean, covariance = closed_form(FIGURES)
    sd = np.sqrt(np.diag(covariance))
    found = of_draws(fit)
    assert found.source == "draws"
    for index, got in enumerate(found.intervals.values()):
        expected = stats.norm(mean[index], sd[index]).ppf([0.05, 0.5, 0.95])
        # the standard error of a 5 % quantile of 4,000 draws is 0.033 sd; four times that
        np.testing.assert_allclose([got.low, got.median, got.high], expected, atol=0.14 * sd[index])


def test_a_bounded_parameter_that_no_figure_tells_of_keeps_its_prior(tmp_path: Path) -> None:
    path = line_problem(tmp_path, FIGURES)
    with (tmp_path / "p.tsv").open("a") as table:
        table.write("idle\ttrue\t0.5\tinf\tlog-normal\t0;1\n")
    observables = tmp_path / "o.tsv"
    observables.write_text(observables.read_text().replace("\theight\t", "\theight + 0*idle\t"))
    problem = read_problem(path)
    found = by_laplace(Objective(problem, line()), np.array([*PRIOR_MEAN, 1.0])).intervals["idle"]
    normal = stats.norm()
    below = normal.cdf(math.log(0.5))  # the log-normal prior cut off at its bound
    expected = np.exp(normal.ppf(below + np.array([0.05, 0.5, 0.95]) * (1 - below)))
    # the probabilities are exact; the mode is found to a slope of 1e-6
    np.testing.assert_allclose([found.low, found.median, found.high], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("one", "other", "verdict", "shift"),
    [
        ((0, 1, 2), (1.5, 3, 4.5), "overlap", 2 * 2 / 3),
        ((0, 1, 2), (0.9, 3, 5.1), "agree", 2 * 2 / 4.2),  # 1 lies in the other
        ((0, 1, 2), (1.9, 1.95, 2.1), "agree", 0.95),  # 1.95 lies in the one
        ((0, 1, 2), (-3, -2, -0.5), "apart", -2 * 3 / 2.5),
        ((1, 1, 1), (1, 1, 1), "agree", math.nan),
    ],
)
def test_two_intervals_agree_overlap_or_lie_apart(
    one: tuple[float, ...], other: tuple[float, ...], verdict: str, shift: float
) -> None:
    found = Shared("p", "1", Interval(*one), Interval(*other))
    assert found.verdict == verdict
    assert found.shift == pytest.approx(shift, rel=1e-12, nan_ok=True)
    assert Shared("p", "1", Interval(*other), Interval(*one)).verdict == verdict


def test_only_parameters_of_both_are_shared_the_most_shifted_first() -> None:
    def of(**centres: float) -> Marginals:
        intervals = {name: Interval(x - 1, x, x + 1) for name, x in centres.items()}
        return Marginals("m", "draws", dict.fromkeys(centres, "1"), intervals)

    found = shared(of(a=0.0, b=0.0, c=0.0, d=0.0), of(c=-3.0, b=1.0, e=0.0, a=2.0))
    assert [(item.id, item.shift) for item in found] == [("c", -3.0), ("a", 2.0), ("b", 1.0)]
