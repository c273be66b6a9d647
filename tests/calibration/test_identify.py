"""Information, evidence and profiles on a straight line with normal priors: all of them have closed forms.

With y = X b + noise of known sd, prior b ~ N(m, D) and L the Cholesky factor of D (here its roots), the whitened
information is H = L' X'X L / sd^2, posterior and profile are normal with covariance (D^-1 + X'X/sd^2)^-1, the
likelihood's own covariance is (X'X/sd^2)^-1, and the figures are normal with mean X m and covariance X D X' + sd^2 I.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.whitened import Whitened
from sd_covid.calibration.fitting.fit import fit
from sd_covid.calibration.fitting.identify import identify
from sd_covid.calibration.fitting.profile import DROP, profile
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.results import FitReport, StartRow, read_report, write_report
from sd_covid.errors import UnknownNameError

from .analytic import AnalyticModel, line
from .test_posterior import PRIOR_MEAN, PRIOR_SD, SD, TIMES, closed_form, line_problem

DESIGN = np.column_stack([np.ones_like(TIMES), TIMES])
Z95 = 1.959963984540054  # 97.5 % quantile of the normal


@pytest.fixture
def figures() -> np.ndarray:
    return 0.7 + 0.12 * TIMES + SD * np.random.default_rng(1).standard_normal(len(TIMES))


@pytest.fixture
def objective(tmp_path: Path, figures: np.ndarray) -> Objective:
    return Objective(read_problem(line_problem(tmp_path, figures)), line())


def information() -> np.ndarray:
    scaled = DESIGN * PRIOR_SD / SD
    return scaled.T @ scaled


def test_spectrum_effective_parameters_and_contraction_are_those_of_the_closed_form(
    objective: Objective, figures: np.ndarray
) -> None:
    best, covariance = closed_form(figures)
    found = identify(objective, best)
    values = np.linalg.eigvalsh(information())[::-1]
    # central differences of a linear gradient: exact up to rounding over a step of 1e-4
    np.testing.assert_allclose(found.spectrum, values, rtol=1e-7)
    assert found.effective_parameters == pytest.approx(float(np.sum(values / (values + 1))), rel=1e-9)
    expected = 1 - np.diag(covariance) / PRIOR_SD**2
    assert [row.expected for row in found.parameters] == pytest.approx(expected.tolist(), rel=1e-7)
    assert all(math.isnan(row.contraction) for row in found.parameters)
    assert found.uninformed == found.sloppy == ()


def test_the_evidence_is_the_density_of_the_figures(objective: Objective, figures: np.ndarray) -> None:
    spread = DESIGN @ np.diag(PRIOR_SD**2) @ DESIGN.T + SD**2 * np.eye(len(TIMES))
    expected = stats.multivariate_normal(DESIGN @ PRIOR_MEAN, spread).logpdf(figures)
    # Laplace's approximation is exact for a normal posterior; the climb stops within 1e-9 of its top
    assert identify(objective, PRIOR_MEAN).log_evidence == pytest.approx(expected, abs=1e-7)


def test_contraction_of_draws_compares_their_variance_with_the_priors(
    objective: Objective, figures: np.ndarray
) -> None:
    best, _ = closed_form(figures)
    draws = best + np.array([[1.0, -0.1], [-1.0, 0.1]])  # variances 2 and 0.02
    found = identify(objective, best, draws)
    # a prior's sd is that of 4,001 equally spaced quantiles
    expected = [1 - 2.0 / PRIOR_SD[0] ** 2, 1 - 0.02 / PRIOR_SD[1] ** 2]
    assert [row.contraction for row in found.parameters] == pytest.approx(expected, abs=2e-3)


def test_both_profiles_end_where_the_closed_forms_do(objective: Objective, figures: np.ndarray) -> None:
    best, covariance = closed_form(figures)
    alone = np.linalg.inv(DESIGN.T @ DESIGN / SD**2)
    least_squares = alone @ DESIGN.T @ figures / SD**2
    kinds = [("posterior", best, covariance), ("likelihood", least_squares, alone)]
    for index in range(2):  # without its own prior: that of the other counts
        other = np.diag(np.where(np.arange(2) == index, 0.0, PRIOR_SD**-2.0))
        spread = np.linalg.inv(other + DESIGN.T @ DESIGN / SD**2)
        kinds.append(("others", spread @ (other @ PRIOR_MEAN + DESIGN.T @ figures / SD**2), spread))
    for place, (kind, centre, spread) in enumerate(kinds):
        for index, name in enumerate(("start", "slope")):
            if kind == "others" and index != place - 2:
                continue
            found = profile(objective, best, name, kind=kind)  # type: ignore[arg-type]
            sd = math.sqrt(spread[index, index])
            # the optimiser stops a relative 1e-11 below a top of order 10: 1e-4 in the root of the drop is plenty
            assert found.low == pytest.approx(centre[index] - Z95 * sd, abs=1e-3 * sd)
            assert found.high == pytest.approx(centre[index] + Z95 * sd, abs=1e-3 * sd)
            np.testing.assert_allclose(
                found.drops, 0.5 * ((found.values - centre[index]) / sd) ** 2, atol=1e-6
            )
            assert found.better == 0.0
            assert found.verdict.startswith("bounded by the figures")


def test_a_profile_that_starts_off_the_top_climbs_to_it_first(
    objective: Objective, figures: np.ndarray
) -> None:
    best, _ = closed_form(figures)
    found = profile(objective, best + 0.5, "slope")
    assert found.best == pytest.approx(best[1], abs=1e-4)


def test_a_profile_of_an_unknown_parameter_names_the_nearest(objective: Objective) -> None:
    with pytest.raises(UnknownNameError, match="'slop' is not estimated") as caught:
        profile(objective, PRIOR_MEAN, "slop")
    assert "'slope'" in (caught.value.advice or "")


@pytest.fixture
def twins(tmp_path: Path, figures: np.ndarray) -> Objective:
    """The line's start is the sum of two parameters that nothing else tells apart; a third does nothing at all."""
    path = line_problem(tmp_path, figures)
    table = tmp_path / "p.tsv"
    table.write_text(
        table.read_text() + "extra\ttrue\t-inf\tinf\tnormal\t0;4\nlater\ttrue\t0\t9\tlog-normal\t0;1\n"
    )
    (tmp_path / "o.tsv").write_text(
        f"observableId\tobservableFormula\tnoiseFormula\nobs\theight + extra\t{SD}\n"
    )
    (tmp_path / "map.tsv").write_text("petabEntityId\tmodelEntityId\nlater\tlater step\n")
    path.write_text(path.read_text() + "mapping_files: [map.tsv]\n")
    model = AnalyticModel("line", {"start": 0.0, "slope": 0.0, "later step": 1.0}, dict(line().outputs))
    return Objective(read_problem(path), model)


def test_a_pair_that_the_figures_do_not_tell_apart_is_found_and_named(twins: Objective) -> None:
    found = identify(twins, fit(twins, starts=1).best)
    assert found.uninformed == ("later",)
    (pair,) = found.pairs
    assert (pair.first, pair.second) == ("start", "extra")
    design = np.column_stack([DESIGN, np.ones_like(TIMES)])
    covariance = np.linalg.inv(np.diag([*PRIOR_SD**-2.0, 4.0**-2]) + design.T @ design / SD**2)
    expected = covariance[0, 2] / math.sqrt(covariance[0, 0] * covariance[2, 2])
    assert pair.correlation == pytest.approx(expected, rel=1e-7)
    assert "tell the weighted sum of start and extra" in pair.advice
    assert "fix start" in pair.advice  # of the two its own prior is narrowed least
    (sloppy,) = found.sloppy
    assert sloppy.information == pytest.approx(0.0, abs=1e-6)
    # the null direction of (2, 4)-scaled start + extra is (4, -2)/sqrt(20)
    assert dict(sloppy.carriers) == pytest.approx(
        {"start": 4 / math.sqrt(20), "extra": -2 / math.sqrt(20)}, abs=1e-5
    )


def test_the_likelihood_profile_of_such_a_parameter_is_flat_and_its_posterior_profile_is_not(
    twins: Objective,
) -> None:
    best = fit(twins, starts=1).best
    flat = profile(twins, best, "start", kind="likelihood")
    assert (flat.low, flat.high) == (None, None)
    assert flat.verdict == "not bounded by the figures"
    assert np.max(flat.drops) < 1e-6
    bounded = profile(twins, best, "start")
    assert bounded.low is not None
    assert bounded.high is not None
    assert bounded.verdict == "bounded by the figures and the priors"


def test_an_interval_that_a_bound_cuts_off_says_so(tmp_path: Path, figures: np.ndarray) -> None:
    path = line_problem(tmp_path, figures)
    table = tmp_path / "p.tsv"
    best, covariance = closed_form(figures)
    bound = float(best[1] + math.sqrt(covariance[1, 1]))  # a drop of 0.5: below chi-square/2
    table.write_text(table.read_text().replace("slope\ttrue\t-inf\tinf", f"slope\ttrue\t-inf\t{bound!r}"))
    found = profile(Objective(read_problem(path), line()), best, "slope")
    assert found.high is None
    assert found.low == pytest.approx(best[1] - Z95 * math.sqrt(covariance[1, 1]), rel=1e-3)
    assert found.reach[1] == pytest.approx(bound)
    assert found.values[-1] == pytest.approx(bound)
    assert found.drops[-1] < DROP
    assert found.verdict == "bounded below only by the figures and the priors"


@pytest.mark.parametrize(
    "row",
    [
        "0\t9\tlog-normal\t0;1",
        "0.2\t3\tlog-normal\t0;1",
        "-1\t2\tnormal\t0;1",
        "0\t5\tuniform\t0;5",
        "0.1\t5\tlog-uniform\t0.1;5",
        "0\tinf\tgamma\t2;0.5",
        "-5\t5\tlaplace\t0;1",
    ],
)
def test_whitened_coordinates_are_normal_scores_of_the_prior(
    tmp_path: Path, figures: np.ndarray, row: str
) -> None:
    path = line_problem(tmp_path, figures)
    table = tmp_path / "p.tsv"
    table.write_text(
        table.read_text().replace("slope\ttrue\t-inf\tinf\tnormal\t0.0;0.3", f"slope\ttrue\t{row}")
    )
    objective = Objective(read_problem(path), line())
    prior = objective.parameters[1].prior
    assert prior is not None
    space = Whitened(objective)
    for score in (-2.5, -0.3, 0.05, 1.1, 2.5):
        z = np.array([0.4, score])
        x, slope = space.natural(z)
        assert x[1] == pytest.approx(float(prior.quantile(np.array([stats.norm.cdf(score)]))[0]), rel=1e-9)
        assert space.coordinates(x) == pytest.approx(z, abs=1e-8)
        h = 1e-5
        step = np.array([0.0, h])
        numeric = (space.natural(z + step)[0][1] - space.natural(z - step)[0][1]) / (2 * h)
        assert slope[1] == pytest.approx(numeric, rel=1e-6)  # error of a central difference: h^2


def test_it_comes_back_from_a_report_and_older_reports_have_none(twins: Objective, tmp_path: Path) -> None:
    found = identify(twins, fit(twins, starts=1).best)
    report = FitReport(True, (), (), (), (StartRow(-1.0, 3, True),), (), (), 0, 0, 0, identifiability=found)
    write_report(report, tmp_path / "fit.json")
    assert repr(read_report(tmp_path / "fit.json")) == repr(
        report
    )  # NaN does not equal itself, its text does
    data = json.loads((tmp_path / "fit.json").read_text())
    del data["identifiability"]
    (tmp_path / "fit.json").write_text(json.dumps(data))
    assert read_report(tmp_path / "fit.json").identifiability is None


def test_starts_that_reached_the_best_are_counted() -> None:
    starts = tuple(StartRow(value, 1, True) for value in (-10.0, -10.05, -10.2, -math.inf))
    assert FitReport(True, (), (), (), starts, (), (), 0, 0, 0).reached == 2
