"""Simulation-based calibration, held against exact posteriors, exact wrong ones, and simulated ranks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from arviz.stats.ecdf_utils import ecdf_confidence_band

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.samplers.posterior import Samples
from sd_covid.calibration.sbc import study as sbc
from sd_covid.calibration.sbc.file import read_study, resumed, write_study
from sd_covid.calibration.sbc.study import Bench, Replicate, Study, ranks
from sd_covid.calibration.sbc.synthetic import figures_at, prior_truth
from sd_covid.calibration.sbc.uniformity import RANKS, envelope, uniformity
from sd_covid.calibration.sbc.verdict import verdict
from sd_covid.errors import DataError, RunError

from .analytic import line
from .test_posterior import closed_form, line_problem

KEPT = Path(__file__).parent / "ranks"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    path = line_problem(tmp_path_factory.mktemp("line"), np.zeros(20))
    sizes = {"chains": 8, "draws": 20, "tune": 40}
    return Bench(path, "prior", simulator=line(), method="lanes", starts=1, **sizes)


def by_exact_draws(bench: Bench, count: int, *, width: float = 1.0, shift: float = 0.0) -> Study:
    """A study in which fit and sampler are replaced by the closed form, its spread and place spoilt on request."""
    study, objective = bench.empty, bench.objective
    for number in range(count):
        rng = np.random.default_rng([8, number])
        truth = prior_truth(objective, rng).values
        ((_, figures),) = figures_at(objective, truth, rng).items()
        mean, covariance = closed_form(figures)
        root = np.linalg.cholesky(covariance)
        drawn = (
            mean + width * rng.standard_normal((1, 200, 2)) @ root.T + shift * np.sqrt(np.diag(covariance))
        )
        found = ranks(Samples(drawn, tuple(objective.names), 0, "lanes"), truth)
        whole = {"ranks": tuple(found.tolist()), "r_hat": 1.0, "ess": 200.0}
        study = study.adding(Replicate(number, tuple(truth.tolist()), **whole))
    return study


def test_exact_posterior_draws_have_uniform_ranks_and_right_coverage(bench: Bench) -> None:
    found = verdict(by_exact_draws(bench, 300))
    assert found.uniform  # refused once in a hundred seeds
    assert found.sound
    # of 600 intervals, correlated by twos: four standard errors of 300 shares
    assert found.coverage_90 == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 300))
    assert found.coverage_50 == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 300))
    assert found.error_90 == pytest.approx(np.sqrt(0.09 / 600), rel=0.6)


@pytest.mark.parametrize(("width", "shift"), [(0.5, 0.0), (1.6, 0.0), (1.0, 0.8)])
def test_a_posterior_of_another_spread_or_place_is_refused(bench: Bench, width: float, shift: float) -> None:
    found = verdict(by_exact_draws(bench, 100, width=width, shift=shift))
    assert [row.uniform for row in found.rows] == [False, False]
    if shift:
        assert all(row.mean < 0.45 for row in found.rows)  # draws lie above the truth
    else:
        assert (found.coverage_90 < 0.8) == (width < 1)


def test_uniform_ranks_are_refused_as_often_as_said() -> None:
    rng = np.random.default_rng(3)
    found = np.array([uniformity(rng.integers(0, RANKS + 1, 60)) for _ in range(150)])
    for level in (0.05, 0.2, 0.5):
        # counts are whole, so that a level may be met from below; four standard errors of a share above it
        assert np.mean(found <= level) < level + 4 * np.sqrt(level * (1 - level) / 150)
        assert np.mean(found <= level) > 0.5 * level


def test_the_envelope_is_that_of_arviz_and_holds_simulated_ranks() -> None:
    places = np.arange(1, RANKS + 1) / (RANKS + 1)
    lower, upper = envelope(200, 0.9)
    theirs = ecdf_confidence_band(200, places, places, prob=0.9)
    # by steps of one rank in 200: theirs is the nearest to 90 %, ours the first that reaches it
    np.testing.assert_allclose(lower, theirs[0], atol=1.01 / 200)
    np.testing.assert_allclose(upper, theirs[1], atol=1.01 / 200)
    drawn = np.sort(np.random.default_rng(1).integers(0, RANKS + 1, (2000, 200)), axis=1)
    below = np.array([np.searchsorted(row, np.arange(1, RANKS + 1)) for row in drawn]) / 200
    inside = np.mean(np.all((below >= lower - 1e-12) & (below <= upper + 1e-12), axis=1))
    assert inside == pytest.approx(0.9, abs=0.01 + 4 * np.sqrt(0.09 / 2000))  # steps, and simulation


def test_ranks_outside_the_draws_are_no_ranks() -> None:
    with pytest.raises(ValueError, match="from 0 to 99"):
        uniformity(np.array([3, 100]))


def test_a_replicate_is_the_same_whatever_came_before(bench: Bench) -> None:
    first, second = bench.replicates(2)
    (alone,) = bench.replicates(2, done={0})
    assert replace(alone, seconds=second.seconds) == second
    assert first.truth != second.truth
    assert len(first.ranks) == 2
    assert first.uninformed == ()


def test_what_is_kept_comes_back_and_another_plan_is_refused(bench: Bench, tmp_path: Path) -> None:
    study = by_exact_draws(bench, 3).adding(Replicate(3, (0.1, 0.2), fault="the model fails at all 1 starts"))
    file = tmp_path / "ranks.json"
    write_study(study, verdict(study), file)
    found = resumed(bench.empty, file)
    assert [item.ranks for item in found.replicates] == [item.ranks for item in study.replicates]
    assert found.replicates[3].fault == "the model fails at all 1 starts"
    assert json.loads(file.read_text())["verdict"]["ranked"] == 3
    other = replace(bench.empty, plan=replace(bench.plan, draws=21))
    with pytest.raises(DataError, match="draws was 20, not 21"):
        resumed(other, file)
    with pytest.raises(DataError, match="another model"):
        resumed(replace(bench.empty, plan=replace(bench.plan, model_hash="x")), file)
    file.write_text("{}")
    with pytest.raises(DataError, match="holds no ranks"):
        read_study(file)


def test_a_fit_that_fails_is_counted_and_its_reason_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RunError("the model fails at all 1 starts of the fit")

    monkeypatch.setattr(sbc, "fit", failing)
    study = bench.empty.adding(bench.replicate(0)).adding(bench.replicate(1))
    found = verdict(study)
    assert found.faults == {"the model fails at all 1 starts of the fit": 2}
    assert (found.replicates, found.ranked, found.converged) == (2, 0, 0)
    assert not found.sound


def test_replicates_that_did_not_converge_count_and_too_many_say_nothing(bench: Bench) -> None:
    study = by_exact_draws(bench, 10)
    spoilt = replace(
        study, replicates=tuple(replace(i, r_hat=1.2) for i in study.replicates[:2]) + study.replicates[2:]
    )
    found = verdict(spoilt)
    assert (found.ranked, found.converged) == (10, 8)
    assert not found.sound
    assert verdict(study).sound


def test_too_few_draws_to_rank_among_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="64 draws are fewer than the 99"):
        Bench(
            line_problem(tmp_path, np.zeros(20)), "prior", simulator=line(), method="lanes", draws=8, chains=8
        )


def test_truths_from_a_posterior_need_stored_draws(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no posterior draws"):
        Bench(line_problem(tmp_path, np.zeros(20)), "posterior", simulator=line())


@pytest.mark.parametrize("file", sorted(KEPT.glob("*.json")), ids=lambda file: file.stem)
def test_kept_ranks_say_what_the_page_says(file: Path) -> None:
    """The ranks of the studies in docs/calibration-check.md, judged anew."""
    study = read_study(file)
    found = verdict(study)
    assert found.uniform
    assert found.sound
    assert found.replicates >= 100
    assert json.loads(file.read_text())["verdict"]["coverage_90"] == pytest.approx(found.coverage_90)


def test_kept_truths_of_the_dutch_problem_are_recovered() -> None:
    """Those of `sd-covid recover` in docs/calibration-check.md, judged anew."""
    study = read_study(KEPT / "truths" / "netherlands.json")
    assert all(item.r_hat <= 1.01 and not item.fault for item in study.replicates)
    found = verdict(study)
    assert found.replicates == 5
    assert 0.85 <= found.coverage_90 <= 0.95


def test_an_objective_observing_other_figures_is_that_of_tables_with_them(
    bench: Bench, tmp_path: Path
) -> None:
    objective, truth = bench.objective, np.array([1.0, 0.1])
    drawn = figures_at(objective, truth, np.random.default_rng(1))
    ((_, figures),) = drawn.items()
    direct = Objective(read_problem(line_problem(tmp_path, figures)), line())
    assert objective.observing(drawn).log_posterior(truth)[0] == direct.log_posterior(truth)[0]
    assert objective.log_posterior(truth)[0] != direct.log_posterior(truth)[0]
