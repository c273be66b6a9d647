"""What differences between scenarios depend on. Expected values: closed forms of the toy model.

Withholding the lever adds ``slope + 2 * gain`` to the rate and nothing else. With slope uniform on [1, 3], gain uniform
on [0, 1] and an idle factor, both terms have variance 1/3, so each total-order index is 1/2, and the idle one's 0. Of
the turning rate, ``slope * t/24 + 2 * gain * (1 - t/24)``, they are as the squares of the two weights.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.sensitivity import analyse, as_frame, read_plan
from sd_covid.errors import RunError
from tests.analysis.sensitivity.conftest import Toy, changed

OVER_TIME = "over_time: {scenario: none, outputs: [turning rate, Rate]}\noutcomes:\n"
GROUPS = "groups:\n  both: {title: {nl: Beide, en: Both}, factors: [gain, slope]}\nsamples:"


def test_the_indices_of_an_additive_difference_are_its_shares_of_variance(plan_file: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = analyse(read_plan(plan_file, Toy()), progress=lambda done, total: seen.append((done, total)))
    assert ["slope", "idle", "gain"] == [factor.id for factor in result.factors]
    assert (1024 * 5 * 2, 1024 * 5 * 2) == seen[-1]
    assert result.runs == 1024 * 5 * 2
    for outcome in result.outcomes:
        # 0.03: the bootstrap half width at 1,024 blocks; failures above gain 0.999 move the exact indices by 0.001.
        np.testing.assert_allclose([0.5, 0.0, 0.5], outcome.indices.values["total"], atol=0.03)
        np.testing.assert_allclose([0.5, 0.0, 0.5], outcome.indices.values["first"], atol=0.06)
        assert "percent" == outcome.output.units
        assert outcome.drift < 0.05
        np.testing.assert_allclose(3.0, outcome.spread.mean, atol=0.01)
    ranked = result.ranked("peak")
    assert "idle" == ranked[-1][0].id


def test_failed_runs_are_counted_and_their_blocks_left_out(plan_file: Path) -> None:
    plan = read_plan(plan_file, Toy())
    result = analyse(plan)
    assert {"none"} == {failure.scenario for failure in result.failures}
    blocks = {failure.member // 5 for failure in result.failures}
    assert 0 < len(blocks)
    assert result.kept == 1024 - len(blocks)
    assert all(np.isfinite(outcome.indices.leading).all() for outcome in result.outcomes)


def test_the_posterior_is_one_factor_that_picks_whole_draws(plan_file: Path) -> None:
    # Draws in which slope and gain cancel: slope + 2 gain is 3 in each, so that the difference depends on nothing at
    # all, which independent sampling of the two would miss.
    gain = np.linspace(0.1, 0.9, 64)
    draws = pd.DataFrame({"slope": 3 - 2 * gain, "gain": gain})
    text = "  ranges:\n    gain: {low: 0, high: 1, central: 0.5, distribution: uniform}\n"
    changed(plan_file, text, "")
    changed(plan_file, "[slope, idle]", "[idle]")
    plan = read_plan(plan_file, Toy(), posterior=draws)
    assert ["posterior", "assumption"] == [factor.kind for factor in plan.factors]
    result = analyse(plan)
    np.testing.assert_allclose(3.0, result.outcomes[0].spread.median, rtol=1e-12)
    assert np.isnan(result.outcomes[0].indices.leading).all()
    assert np.isnan(result.outcomes[0].drift)


def test_over_time_each_moment_has_its_exact_indices(plan_file: Path) -> None:
    result = analyse(read_plan(changed(plan_file, "outcomes:\n", OVER_TIME), Toy()))
    turning, rate = result.paths
    assert ("turning rate", "rate") == (turning.output.name, rate.output.name)
    assert (25,) == turning.time.shape
    share = turning.time / 24
    exact = np.stack([share**2, 0 * share, (1 - share) ** 2]) / (share**2 + (1 - share) ** 2)
    # Four of five intervals hold the truth, and a Sobol design beats the random one that they are for.
    assert (np.abs(turning.indices.leading - exact) < turning.indices.leading_half_width + 2e-3).mean() > 0.9
    np.testing.assert_allclose(exact, turning.indices.leading, atol=0.05)
    np.testing.assert_allclose([2.0] * 25, turning.bands[1], atol=1.01)
    # The rate is one number over time: every moment has the indices of the outcome, in single precision.
    late = next(item for item in result.outcomes if item.outcome.id == "late")
    np.testing.assert_allclose(
        rate.indices.values["total"], late.indices.values["total"][:, None] * np.ones(25), atol=1e-6
    )
    assert 25 == turning.convergence.drift.size


def test_a_level_of_the_reference_alone_can_be_taken_apart_too(plan_file: Path) -> None:
    text = plan_file.read_text()
    start, end = text.index("outcomes:"), text.index("samples:")
    plan_file.write_text(
        text[:start] + "over_time: {scenario: none, outputs: [rate], every: 12}\n" + text[end:]
    )
    changed(plan_file, "[actual, none]", "[none]")
    result = analyse(read_plan(plan_file, Toy()))
    assert 1024 * 5 == result.runs
    assert () == result.outcomes
    assert [0.0, 12.0, 24.0] == result.paths[0].time.tolist()
    np.testing.assert_allclose(result.paths[0].bands[1], 4 + 3.0, atol=0.05)
    np.testing.assert_allclose(result.paths[0].indices.leading[:, 1], [0.5, 0.0, 0.5], atol=0.03)


def test_a_group_has_the_index_of_its_members_together(plan_file: Path) -> None:
    plan = read_plan(changed(plan_file, "samples:", GROUPS), Toy())
    assert ["both", "idle"] == [subject.id for subject in plan.subjects]
    result = analyse(plan)
    assert 1024 * 4 * 2 == result.runs
    np.testing.assert_allclose([1.0, 0.0], result.outcomes[0].indices.leading, atol=0.03)


def test_parts_of_a_design_give_the_bits_of_the_whole(
    plan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(read_plan(changed(plan_file, "outcomes:\n", OVER_TIME), Toy()), samples=64)
    whole = analyse(plan)
    monkeypatch.setattr("sd_covid.analysis.sensitivity.runs._BATCH", 33)
    parts = analyse(plan)
    for one, other in zip(whole.outcomes, parts.outcomes, strict=True):
        np.testing.assert_array_equal(one.indices.leading, other.indices.leading)
    np.testing.assert_array_equal(whole.paths[0].indices.leading, parts.paths[0].indices.leading)
    assert whole.provenance == parts.provenance
    assert whole.failures == parts.failures


def test_screening_sets_aside_what_does_nothing_and_says_so(plan_file: Path) -> None:
    result = analyse(
        read_plan(changed(plan_file, "samples:", "screening: {trajectories: 8}\nsamples:"), Toy())
    )
    assert result.screened is not None
    assert ["idle"] == [factor.id for factor, _ in result.screened.held]
    # Elementary effects of a linear model are exact: slope moves the rate by 2 over its range, gain by 2.
    np.testing.assert_allclose(result.screened.reach, [1.0, 0.0, 1.0], atol=1e-9)
    assert ["slope", "gain"] == [factor.id for factor in result.factors]
    assert 8 * 4 * 2 + 1024 * 4 * 2 == result.runs
    np.testing.assert_allclose([0.5, 0.5], result.outcomes[0].indices.leading, atol=0.03)


def test_the_posterior_divides_over_its_parameters(plan_file: Path) -> None:
    # Independent draws of slope and gain: each a half of the variance; the unrelated third nothing.
    rng = np.random.default_rng(3)
    draws = pd.DataFrame(
        {"slope": rng.uniform(1, 3, 400), "gain": rng.uniform(0, 0.99, 400), "noise": rng.uniform(0, 1, 400)}
    )
    text = "  ranges:\n    gain: {low: 0, high: 1, central: 0.5, distribution: uniform}\n"
    changed(plan_file, text, "")
    changed(plan_file, "[slope, idle]", "[idle]")
    changed(plan_file, "outcomes:\n", "over_time: {scenario: none, outputs: [turning rate]}\noutcomes:\n")
    draws["gain"] /= 2
    plan = replace(read_plan(plan_file, Toy(), posterior=draws), samples=64)
    result = analyse(plan)
    within = result.outcomes[0].within
    assert within is not None
    # A path is told where it is widest: at the end, where it is the slope alone.
    ends = result.paths[0].within
    assert ends is not None
    assert 24 == result.paths[0].widest
    assert "slope" == ends.shares[0][0]
    np.testing.assert_allclose([ends.shares[0][1], ends.explained], 1.0, atol=0.02)
    assert (64 * 4 + 400) * 2 == result.runs
    np.testing.assert_allclose(within.explained, 1.0, atol=1e-6)
    shares = {name: share for name, share, _ in within.shares}
    slope, gain = draws["slope"].var(), 4 * draws["gain"].var()
    # Sample correlations of 1/20 between the columns are shared between them.
    np.testing.assert_allclose(shares["slope"], slope / (slope + gain), atol=0.06)
    np.testing.assert_allclose(shares["noise"], 0.0, atol=0.02)


def test_pairs_are_told_apart_where_asked_and_stand_in_the_table(plan_file: Path) -> None:
    changed(plan_file, "samples: 1024", "second_order: true\nsamples: 512")
    result = analyse(read_plan(changed(plan_file, "outcomes:\n", OVER_TIME), Toy()))
    assert 512 * 8 * 2 == result.runs
    indices = result.outcomes[0].indices
    assert indices.pairs is not None
    # Nothing works together in a sum.
    np.testing.assert_allclose(indices.pairs[np.triu_indices(3, 1)], 0.0, atol=0.05)
    table = as_frame(result)
    # Three factors and three pairs, of two outcomes and of two paths at 25 moments.
    assert 6 * (2 + 2 * 25) == len(table)
    pair = table[(table["outcome"] == "peak") & (table["factor"] == "slope × gain")]
    assert [indices.pairs[0, 2]] == pair["second_order"].tolist()
    moment = table[(table["output"] == "turning rate") & (table["time"] == 24) & (table["factor"] == "slope")]
    assert [result.paths[0].indices.leading[0, 24]] == moment["total_order"].tolist()


def test_paths_that_do_not_fit_the_memory_are_refused(
    plan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_plan(changed(plan_file, "outcomes:\n", OVER_TIME), Toy())
    # 5,120 rows, two outputs and 25 moments of four bytes.
    monkeypatch.setattr("sd_covid.analysis.sensitivity.runs.memory_limit", lambda asked: 1_023_999.0)
    with pytest.raises(RunError, match="the result would take"):
        analyse(plan)
