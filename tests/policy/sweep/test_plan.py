"""Sweep files: what they come to, and each thing that can be wrong in one. Expected values: read off the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.errors import SdCovidError
from sd_covid.policy.sweep.keep import COURSE, Kept, sums_of, times_of
from tests.policy.sweep.conftest import Swept

OUTPUTS = "outputs: [rate]\n"


def test_scenarios_are_named_or_matched_each_once_and_catalogues_are_none(swept: Swept) -> None:
    assert ["none", "actual", "same"] == [
        item.id for item in swept(OUTPUTS + "scenarios: [none, '*']\n").scenarios
    ]
    assert ["same"] == [item.id for item in swept(OUTPUTS + "scenarios: ['s?me']\n").scenarios]
    assert ["model"] == [item.id for item in swept(OUTPUTS).scenarios]


def test_a_factorial_design_has_every_combination_the_last_fastest(swept: Swept) -> None:
    plan = swept(
        OUTPUTS + "assumptions: {design: factorial, values: {slope: [1, 2], 'weight[old]': [5, 6, 7]}}\n"
    )
    expected = [[1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7]]
    assert expected == plan.sets.table.to_numpy().tolist()
    assert ["slope", "weight[old]"] == list(plan.sets.table)


@pytest.mark.parametrize("design", ["lhs", "sobol"])
def test_a_sample_has_a_value_in_every_part_of_every_range(swept: Swept, design: str) -> None:
    """A Latin hypercube and a Sobol set of 64 points have one in each 64th of each margin."""
    plan = swept(
        OUTPUTS
        + f"assumptions: {{design: {design}, size: 64, seed: 4, over: [slope],\n"
        + "  ranges: {ease: {low: 10, high: 20, distribution: uniform}}}\n"
    )
    slope, ease = plan.sets.table["slope"], plan.sets.table["ease"]  # slope: uniform from 1 to 3
    assert list(range(64)) == sorted(np.floor((slope - 1) / 2 * 64).astype(int))
    assert list(range(64)) == sorted(np.floor((ease - 10) / 10 * 64).astype(int))
    again = swept(plan.text.partition("\n")[2])
    np.testing.assert_array_equal(plan.sets.table, again.sets.table)


def test_all_assumptions_of_the_study_may_be_meant(swept: Swept) -> None:
    plan = swept(OUTPUTS + "assumptions: {design: lhs, size: 8, seed: 1, over: all}\n")
    assert {"slope": "slope"} == plan.sets.labels
    assert plan.sets.table["slope"].between(1, 3).all()


def test_sets_come_from_a_file(swept: Swept, town: Path) -> None:
    (town / "scenarios/sets.csv").write_text("ease,slope\n1.5,2\n2.5,3\n")
    plan = swept(OUTPUTS + "assumptions: {design: file, file: sets.csv}\n")
    assert [[1.5, 2], [2.5, 3]] == plan.sets.table[["ease", "slope"]].to_numpy().tolist()


def test_a_sum_over_a_span_needs_its_two_ends_only() -> None:
    saved = np.arange(0.0, 13.0)
    mean, most = Kept("mean", "mean 3-6", (3.0, 6.0)), Kept("max", "max")
    assert [3, 6] == times_of([mean], saved).tolist()
    assert ("integral",) == sums_of([mean])
    assert [0, 3, 6, 12] == times_of([mean, most], saved).tolist()
    assert () == sums_of([COURSE])
    assert saved.tolist() == times_of([COURSE], saved).tolist()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"sweep.yaml:1: .*the key 'outputs' is missing; add 'outputs:'"),
        (OUTPUTS + "scenario: [actual]\n", r":3: 'scenario' is not a key here; did you mean 'scenarios'\?"),
        (OUTPUTS + "scenarios: [actuol]\n", r":3: .*there is no scenario 'actuol'; did you mean 'actual'\?"),
        (OUTPUTS + "scenarios: ['x*']\n", r":3: .*no scenario is called 'x\*'"),
        (OUTPUTS + "scenarios: []\n", r":3: .*no scenario is named"),
        ("outputs: [rats]\n", r":2: .*'rats'.*; did you mean 'rate'\?"),
        ("outputs: [rate, Rate]\n", r":2: .*'Rate' is named twice"),
        ("outputs: []\n", r":2: .*nothing is kept"),
        (OUTPUTS + "keep: []\n", r":3: .*nothing is kept"),
        (OUTPUTS + "keep: [finale]\n", r":3: .*'finale' is not known here; did you mean 'final'\?"),
        (OUTPUTS + "keep: [max, max]\n", r":3: .*this is kept already"),
        (OUTPUTS + "keep: [max: [2020, 2021]]\n", r":3: .*'mean' or 'integral' over a span is expected"),
        (OUTPUTS + "keep: [mean: [2021, 2020]]\n", r":3: .*the span ends before it begins"),
        (OUTPUTS + "keep: [mean: [0, 1]]\n", r":3: .*0 is not between 1000 and 9998"),
        (OUTPUTS + "keep: [mean: [2020, 999999]]\n", r":3: .*999999 is not between 1000 and 9998"),
        (OUTPUTS + "keep: [mean: [2021, 2022]]\n", r":3: .*lies outside the run, which goes from 60 to 84"),
        (OUTPUTS + "keep: [mean: [2020.5, 2021]]\n", r":3: .*a first and a last year are expected"),
        (OUTPUTS + "statistics: {of: [0.5, meen]}\n", r":3: .*'meen' is no statistic over members"),
        (OUTPUTS + "statistics: {of: [1.5]}\n", r":3: .*'1.5' is no statistic over members"),
        (OUTPUTS + "statistics: {of: []}\n", r":3: .*statistics are expected"),
        (OUTPUTS + "dtype: float16\n", r":3: .*'float16' is not known here"),
        (OUTPUTS + "block: 0\n", r":3: .*0 is not 1 or more"),
        (OUTPUTS + "every: 1e300\n", r":3: .*1e\+300 is more than the whole run, 24"),
        (OUTPUTS + "every: 1e-9\n", r":3: .*1e-09 is less than the step of the model, 0.5"),
        (OUTPUTS + "scenarios: [../scenarios/actual]\n", r":3: .*'../scenarios/actual' is not in the folder"),
        (
            OUTPUTS + "assumptions: {design: lhs, size: 2.5, seed: 1, over: [slope]}\n",
            r"2.5 is not a whole number",
        ),
        (
            OUTPUTS + "assumptions: {design: lhs, size: 1e13, seed: 1, over: [slope]}\n",
            r":3: .*1e\+13 sets of 1 .* GiB, more than",
        ),
        (
            OUTPUTS + "assumptions: {design: file, file: ../../sets.csv}\n",
            r":3: .*'../../sets.csv' lies outside the study",
        ),
        (OUTPUTS + "seed: 1.5\n", r":3: .*1.5 is not a whole number"),
        (
            OUTPUTS + "draws: {posterior: none.parquet, size: 5, seed: 1}\n",
            r":3: .*'none.parquet' does not exist",
        ),
        (OUTPUTS + "assumptions: {}\n", r":3: .*the key 'design' is missing"),
        (
            OUTPUTS + "assumptions: {design: sobol, size: 60, seed: 1, over: all}\n",
            r"60 is not a power of two",
        ),
        (OUTPUTS + "assumptions: {design: lhs, size: 8, seed: 1}\n", r":3: .*nothing is varied"),
        (
            OUTPUTS + "assumptions: {design: lhs, size: 8, seed: 1, over: [slop]}\n",
            r"no assumption 'slop'; did you",
        ),
        (OUTPUTS + "assumptions: {design: factorial, values: {}}\n", r":3: .*no assumption is listed"),
        (OUTPUTS + "assumptions: {design: factorial, values: {ease: []}}\n", r":3: .*no value is listed"),
        (OUTPUTS + "assumptions: {design: factorial, values: {eas: [1]}}\n", r"'eas'; did you mean 'ease'\?"),
        (
            OUTPUTS + "assumptions: {design: factorial, values: {subsidy level: [1]}}\n",
            r"belongs to a lever; set it in",
        ),
        (
            OUTPUTS + "assumptions: {design: factorial, values: {weight: [1], 'weight[old]': [2]}}\n",
            r"sets .* already",
        ),
    ],
)
def test_a_fault_is_told_with_file_line_and_what_to_do(swept: Swept, text: str, told: str) -> None:
    with pytest.raises(SdCovidError, match=told):
        swept(text)


def test_an_assumption_that_a_scenario_sets_cannot_be_varied_too(swept: Swept, town: Path) -> None:
    (town / "scenarios/steep.yaml").write_text(
        "title: {nl: a, en: a}\nrationale: {nl: a, en: a}\nassumptions: {slope: 3}\n"
    )
    varied = "scenarios: [actual, steep]\nassumptions: {design: factorial, values: {slope: [1, 2]}}\n"
    with pytest.raises(SdCovidError, match="'slope' is varied here and set by the scenario 'steep'"):
        swept(OUTPUTS + varied)
    everything = "scenarios: [actual, steep]\nassumptions: {design: lhs, size: 4, seed: 1, over: all}\n"
    assert 4 == len(swept(OUTPUTS + everything).sets.table)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ease\n1\ntwo\n", r"sets.csv:3: 'ease': 'two' is not a number"),
        ("eese\n1\n", r"sets.csv:1: .*there is no assumption or constant 'eese'"),
        ("ease,slope\n1\n", r"sets.csv:2: 1 fields instead of 2"),
        ("ease\n", r"sets.csv:1: there is no set of assumptions in it"),
    ],
)
def test_a_fault_in_a_file_of_sets_is_told_at_its_line(
    swept: Swept, town: Path, text: str, told: str
) -> None:
    (town / "scenarios/sets.csv").write_text(text)
    with pytest.raises(SdCovidError, match=told):
        swept(OUTPUTS + "assumptions: {design: file, file: sets.csv}\n")


def test_a_constant_that_a_scenario_changes_on_a_day_cannot_be_varied_too(swept: Swept, town: Path) -> None:
    head = "title: {nl: a, en: a}\nrationale: {nl: a, en: a}\n"
    (town / "scenarios/to.yaml").write_text(head + "constants: {ease: [{from: 2021-01-01, value: 2}]}\n")
    (town / "scenarios/by.yaml").write_text(head + "constants: {ease: [{from: 2021-01-01, factor: 2}]}\n")
    varied = "assumptions: {design: factorial, values: {ease: [1, 2]}}\n"
    with pytest.raises(SdCovidError, match="'ease' is varied here and set by the scenario 'to'"):
        swept(OUTPUTS + "scenarios: [actual, to]\n" + varied)
    assert 2 == len(swept(OUTPUTS + "scenarios: [actual, by]\n" + varied).sets.table)


def test_a_broken_file_beside_a_scenario_is_no_reason_to_hide_a_slip(swept: Swept, town: Path) -> None:
    (town / "scenarios/broken.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(SdCovidError, match=r":3: .*'actuol'; did you mean 'actual'\?"):
        swept(OUTPUTS + "scenarios: [actuol]\n")
