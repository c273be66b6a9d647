"""Depth, recovery and area of a loss. Expected values: closed forms of an exponential and of a triangle."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sd_covid.errors import RunError, ScenarioError
from sd_covid.policy.appraisal.resilience import (
    Phases,
    Recovery,
    area,
    depth,
    read_phases,
    recovery,
    resilience,
)
from sd_covid.policy.comparison.scenarios import Comparison
from tests.policy.ledgers import compared

STUDY = Path(__file__).parents[2] / "scenarios" / "phases.yaml"
TIME = np.linspace(0.0, 20.0, 2001)
STEP = TIME[1]


@pytest.mark.parametrize(("size", "tau"), [(8.0, 2.0), (0.5, 4.0)])
def test_an_exponential_recovery_has_known_depth_time_and_area(size: float, tau: float) -> None:
    loss = size * np.exp(-TIME / tau)[None, :]
    assert depth(loss)[0] == size
    # Straight between points: an exponential lies below its chord by at most step² / (8 τ²) of its value, which at the
    # bound moves the time by that over the slope 1/τ.
    np.testing.assert_allclose(tau * np.log(10.0), recovery(TIME, loss, 0.1), atol=STEP**2 / (8 * tau))
    # The trapezium rule errs by step²/12 × (f'(end) - f'(0)) ≤ step²/12 × size/τ.
    exact = size * tau * (1 - np.exp(-TIME[-1] / tau))
    np.testing.assert_allclose(exact, area(TIME, loss), atol=STEP**2 / 12 * size / tau * 1.01)


def test_a_loss_that_is_still_there_at_the_horizon_is_censored() -> None:
    loss = 5.0 * np.exp(-TIME / 10.0)[None, :]  # a tenth only after 23 years
    assert np.isinf(recovery(TIME, loss, 0.1)).all()
    found = Recovery.of(np.array([1.0, 2.0, np.inf, np.inf]))
    assert 0.5 == found.share
    assert (1.0, np.inf) == (found.quantiles[0], found.quantiles[-1])


def test_where_people_are_better_off_nothing_is_lost() -> None:
    loss = -np.ones((1, TIME.size))
    assert (0.0, 0.0, 0.0) == (depth(loss)[0], recovery(TIME, loss, 0.1)[0], area(TIME, loss)[0])


def test_only_the_part_of_an_interval_in_which_people_are_worse_off_counts() -> None:
    # Down from 2 to -1 over three years, and up from -1 to 2: triangles of base 2 and height 2.
    time = np.array([0.0, 3.0, 6.0])
    np.testing.assert_allclose([4.0], area(time, np.array([[2.0, -1.0, 2.0]])))
    # Recovered when a tenth of 2 is left: at (2 - 0.2) / 3 of the interval of 3 years.
    np.testing.assert_allclose([1.8], recovery(time, np.array([[2.0, -1.0, 2.0]]), 0.1))


@given(
    loss=arrays(np.float64, (3, 9), elements=st.floats(-100, 100)),
    cut=st.integers(1, 7),
    factor=st.floats(0.1, 10),
)
def test_areas_of_phases_add_up_and_scale_with_the_loss(loss: np.ndarray, cut: int, factor: float) -> None:
    time = np.arange(9.0)
    whole = area(time, loss)
    parts = area(time[: cut + 1], loss[:, : cut + 1]) + area(time[cut:], loss[:, cut:])
    np.testing.assert_allclose(whole, parts, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(factor * whole, area(time, factor * loss), rtol=1e-12, atol=1e-10)
    assert (whole >= 0).all()
    assert (whole <= 8 * depth(loss) + 1e-9).all()


def crisis(*, better: str = "lower", name: str = "no-crisis") -> tuple[Comparison, Phases]:
    """Saved by month from 2020: 4 % without a crisis; with it a jump of 2 in April 2020 that halves every year."""
    months = np.arange(12 * 15 + 1)
    null = np.full((2, months.size), 4.0)
    since = np.maximum(0.0, (months - 3) / 12.0)
    sign = 1.0 if better == "lower" else -1.0
    path = null + sign * np.array([[2.0], [4.0]]) * np.where(months >= 3, 0.5**since, 0.0)
    found = compared({"a": np.zeros((1, 1))}, {}, {"rate": (null, path)})
    [output] = found.outputs
    found = replace(found, outputs=(replace(output, better=better, told=True),))
    scenarios = tuple(replace(entry, id=entry.id.replace("null", name)) for entry in found.scenarios)
    return replace(found, scenarios=scenarios, reference=name), read_phases(STUDY)


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_loss_is_counted_from_the_path_without_the_crisis(better: str) -> None:
    comparison, phases = crisis(better=better)
    found = resilience(comparison, "rate", "package", replace(phases, path="no-crisis"))
    assert "no-crisis" == found.against
    assert 3.0 == found.depth.mean  # of 2 and 4
    # A tenth is left after log₂ 10 years; a month differs by a day or two from a twelfth of a year.
    np.testing.assert_allclose(np.log2(10.0), found.recovery.quantiles[3], atol=0.01)
    assert 1.0 == found.recovery.share
    np.testing.assert_allclose(31 / 365.25, found.deepest.quantiles[3])  # 1 April, counted from 1 March
    np.testing.assert_allclose(
        found.area.mean, sum(item.mean for item in found.phase_area.values()), rtol=1e-12
    )
    # The path without the crisis is the null alternative here, and loses nothing.
    assert found.area == found.area_difference
    assert 0.0 == resilience(comparison, "rate", "no-crisis", replace(phases, path="no-crisis")).area.mean
    # Deepest in the first wave; on 1 October, half a year later, 2^-½ of it is left.
    np.testing.assert_allclose(3.0 / np.sqrt(2.0), found.phase_depth["second-wave"].mean, rtol=1e-12)


def test_without_such_a_path_loss_is_counted_from_the_level_before() -> None:
    comparison, phases = crisis(name="actual")
    found = resilience(comparison, "rate", "package", phases)
    assert "" == found.against
    assert 3.0 == found.depth.mean


def test_what_a_package_loses_more_is_counted_draw_by_draw() -> None:
    # The null alternative loses 2 and 4 for good; the package half of either: paired 1 and 2 less a year.
    months = np.arange(12 * 2 + 1)
    after = np.where(months >= 2, 1.0, 0.0)  # the crisis starts on 1 March
    null, package = np.array([[2.0], [4.0]]) * after, np.array([[1.0], [2.0]]) * after
    comparison = compared({"a": np.zeros((1, 1))}, {}, {"rate": (null, package)})
    phases = replace(read_phases(STUDY), path="none", phases=read_phases(STUDY).phases[:1])
    found = resilience(comparison, "rate", "package", phases)
    # From the level on 1 March itself, which has the loss already, nothing more is lost.
    assert (0.0, 0.0) == (found.area.mean, found.area_difference.mean)
    before = replace(phases, phases=(replace(phases.phases[0], start=date(2020, 2, 1)),))
    found = resilience(comparison, "rate", "package", before)
    # One month of rise and 22 months at the full loss, in years of 365.25 days.
    span = (29 / 2 + 671) / 365.25  # 29 days of February; 1 March 2020 to 1 January 2022 is 671 days
    np.testing.assert_allclose(1.5 * span, found.area.mean, rtol=1e-12)
    np.testing.assert_allclose((-1.95 * span, -1.05 * span), found.area_difference.interval, rtol=1e-12)


def test_an_outcome_without_a_direction_has_no_loss() -> None:
    comparison, phases = crisis(better="neutral")
    with pytest.raises(RunError, match="neither good nor bad"):
        resilience(comparison, "rate", "package", phases)


def test_the_phases_of_the_study_follow_one_another() -> None:
    phases = read_phases(STUDY)
    starts = [phase.start for phase in phases.phases]
    assert starts == sorted(starts)
    assert all(phase.source.nl and phase.source.en for phase in phases.phases)


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("start: 2020-10", "start: 2019-10", "is not after"),
        ("start: 2020-10", "start: 2020-10-13", "is not the first day of a month"),
        ("recovered: 0.1", "recovered: 1", "is not between"),
        ("start: 2020-03", "begin: 2020-03", "'begin' is not a key"),
    ],
)
def test_a_fault_in_the_phases_names_file_and_line(
    tmp_path: Path, was: str, becomes: str, reason: str
) -> None:
    text = STUDY.read_text(encoding="utf-8").replace(was, becomes, 1)
    text = "\n".join(line for line in text.splitlines() if "references:" not in line)
    (tmp_path / "phases.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=reason) as caught:
        read_phases(tmp_path / "phases.yaml")
    assert text.splitlines()[(caught.value.line or 0) - 1].strip() == becomes
