"""Scenarios compared on the same draws. Expected values: the toy model's closed form (tests/policy/conftest.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sd_covid.data import Text
from sd_covid.errors import RunError, ScenarioError, UnknownNameError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.appraisal.effectiveness import cost_per_unit, cost_totals
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.run import overruled, run_scenarios
from sd_covid.policy.comparison.scenarios import Comparison

HEAD = "title: {nl: a, en: b}\nrationale: {nl: a, en: b}\n"
DRAWS = pd.DataFrame({"slope": [1.0, 2.0, 3.0, 4.0], "rise": [6.0, 12.0, 18.0, 24.0]})
#: Sums and quotients of a few numbers of double precision.
ROUNDING = 1e-12


def compared(
    folder: Path, toy: Any, draws: pd.DataFrame = DRAWS, *, none: str = "{level: 0}", **options: Any
) -> Comparison:
    (folder / "none.yaml").write_text(f"{HEAD}levers: {{subsidy: {none}}}\n", encoding="utf-8")
    (folder / "more.yaml").write_text(f"{HEAD}levers: {{help: {{level: 1}}}}\n", encoding="utf-8")
    study = Study.beside(folder / "actual.yaml", toy)
    scenarios = [
        read_scenario(folder / f"{name}.yaml", toy, study=study) for name in ("actual", "none", "more")
    ]
    outputs = [Output("rate", Text("a", "b"), reading="mean"), "debt"]
    return run_scenarios(toy, scenarios, draws, outputs, study=study, **options)


def test_paired_differences_are_exact_draw_by_draw(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy)
    assert "actual" == comparison.reference
    assert ["none", "more"] == [scenario.id for scenario in comparison.alternatives]
    expected = DRAWS["rise"].to_numpy()[:, None] * np.maximum(0, comparison.time - 60) / 12
    np.testing.assert_allclose(comparison.differences("debt", "none"), expected, rtol=ROUNDING, atol=1e-10)
    np.testing.assert_array_equal(comparison.differences("debt", "more"), np.zeros_like(expected))
    assert np.datetime64("2020-03-01") == comparison.date[62]
    assert ("slope", "rise") == comparison.varied


def test_a_rate_is_read_as_its_mean_and_a_stock_on_the_last_day(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy)
    # 2020: the rate is slope higher at the saved points 62 … 72 of 60 … 72, so by the trapezium rule 10.5 months of 12.
    rate = comparison.in_year("rate", "none", 2020)
    np.testing.assert_allclose(2.5 * 10.5 / 12, rate.difference.mean, rtol=ROUNDING)
    # End of 2021 is time 84, two years after 60: twice the rise.
    debt = comparison.in_year("debt", "none", 2021)
    np.testing.assert_allclose(
        np.quantile([12, 24, 36, 48], 0.95), debt.difference.interval[1], rtol=ROUNDING
    )
    np.testing.assert_allclose(600.0, debt.reference_level.median, rtol=ROUNDING)
    assert ("raises", "thousand households") == (debt.verdict, debt.output.units)


def test_the_peak_is_that_of_each_member(study_folder: Path, toy: Any) -> None:
    peak = compared(study_folder, toy).peak("rate", "none", (2020, 2021))
    assert (2.5, 6.5, 4.0) == (peak.difference.mean, peak.level.mean, peak.reference_level.mean)


def test_a_total_is_in_units_times_years(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy)
    # The difference is rise × years since 2020: over 2020 and 2021 its integral is rise × (1/2 + 3/2).
    mine, theirs = comparison.pairs("debt", "none", "total", (2020, 2021))
    np.testing.assert_allclose(
        DRAWS["rise"] * 2, mine - theirs, rtol=1e-11
    )  # a difference of two totals near 1,200
    discounted = comparison.total("debt", "none", (2020, 2021), discounted=True).difference.mean
    np.testing.assert_allclose(15 * (0.5 + 1.5 / 1.0225), discounted, rtol=ROUNDING)


def test_a_year_outside_the_run_is_refused(study_folder: Path, toy: Any) -> None:
    with pytest.raises(RunError, match="2026"):
        compared(study_folder, toy).in_year("debt", "none", 2025)


def test_failed_members_are_located_and_left_out_of_both_sides(study_folder: Path, toy: Any) -> None:
    draws = DRAWS.assign(fragility=[0.0, 1.0, 0.0, 0.0])
    comparison = compared(study_folder, toy, draws)
    [failure] = comparison.failures
    assert ("none", 1, "debt", 70.0) == (failure.scenario, failure.member, failure.output, failure.time)
    np.testing.assert_array_equal([True, False, True, True], comparison.sound("none"))
    assert (3, 4) == (
        comparison.in_year("debt", "none", 2021).difference.members,
        len(comparison.differences("debt", "more")),
    )
    # Members 0, 2 and 3 alone: the mean of 6, 18 and 24, two years on.
    np.testing.assert_allclose(32.0, comparison.in_year("debt", "none", 2021).difference.mean, rtol=ROUNDING)
    assert np.isfinite(comparison.bands("debt", "none")).all()
    assert 3 == len(comparison.against("none").differences("debt", "actual"))


def test_a_scenario_in_which_every_member_fails_has_no_statistics(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy, DRAWS.assign(fragility=1.0))
    difference = comparison.in_year("debt", "none", 2021)
    assert 0 == difference.difference.members
    assert np.isnan(difference.difference.mean)
    assert "cannot tell" == difference.verdict
    assert np.isnan(comparison.difference_bands("debt", "none")).all()


def test_the_reference_can_be_changed_without_running_again(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy)
    turned = comparison.against("none")
    np.testing.assert_array_equal(
        -comparison.differences("debt", "none"), turned.differences("debt", "actual")
    )
    with pytest.raises(UnknownNameError) as caught:
        comparison.against("nune")
    assert "'none'" in str(caught.value.advice)


def test_costs_follow_the_levers_of_each_scenario(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy, none="{end: 2020-10-01}")
    totals = {total.line.lever: total for total in cost_totals(comparison, "none")}
    # One million a day: 365 days in the actual package, 214 until 1 October 2020.
    np.testing.assert_allclose(
        [214.0, -151.0], [totals["subsidy"].nominal.mean, totals["subsidy"].nominal_difference.mean]
    )
    saved = -92 - 59 * (100 / 102) / 1.0225  # 92 days in 2020; 59 in 2021, deflated and discounted
    np.testing.assert_allclose(saved, totals["subsidy"].present_value_difference.mean, rtol=ROUNDING)
    assert not totals["pause"].line.priced
    more = {total.line.lever: total for total in cost_totals(comparison, "more")}
    # 48 million euro over two years, as the model counts it.
    np.testing.assert_allclose(48.0, more["help"].nominal.mean, rtol=ROUNDING)


def test_cost_per_unit_is_the_ratio_of_means(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy).against("none")
    result = cost_per_unit(comparison, "actual", "debt", (2020, 2021))
    cost = 306 + 59 * (100 / 102) / 1.0225  # million euro
    avoided = DRAWS["rise"].to_numpy() * (0.5 + 1.5 / 1.0225)  # thousand household-years
    assert ("costs more, does more", ()) == (result.quadrant, result.unpriced)
    np.testing.assert_allclose(1000 * cost / avoided.mean(), result.ratio, rtol=ROUNDING)
    assert abs(result.ratio - 1000 * np.mean(cost / avoided)) > 1000  # the mean of ratios is another number
    np.testing.assert_allclose(
        (1000 * cost / avoided.max(), 1000 * cost / avoided.min()), result.interval, rtol=ROUNDING
    )
    np.testing.assert_allclose(30.0, result.undiscounted.mean, rtol=ROUNDING)


def test_the_interval_of_cost_per_unit_is_where_the_acceptability_curve_is_5_and_95_percent(
    study_folder: Path, toy: Any
) -> None:
    # One draw in fifty has the wrong sign: no value of a household-year makes the package worth its money there.
    rise = np.concatenate([np.linspace(5.0, 25.0, 98), [-1.0, -2.0]])
    comparison = compared(study_folder, toy, pd.DataFrame({"rise": rise, "slope": 2.0})).against("none")
    result = cost_per_unit(comparison, "actual", "debt", (2020, 2021))
    cost = 306 + 59 * (100 / 102) / 1.0225
    avoided = rise * (0.5 + 1.5 / 1.0225)
    for value, share in zip(result.interval, (0.05, 0.95), strict=True):
        accepted = [np.mean(value * nudge / 1000 * avoided > cost) for nudge in (1 - 1e-6, 1 + 1e-6)]
        assert accepted[0] < share <= accepted[1] + 1e-12


def test_cost_per_unit_is_the_same_seen_from_the_other_side(study_folder: Path, toy: Any) -> None:
    comparison = compared(study_folder, toy)
    saving = cost_per_unit(comparison, "none", "debt", (2020, 2021))
    spending = cost_per_unit(comparison.against("none"), "actual", "debt", (2020, 2021))
    assert "saves, does less" == saving.quadrant
    np.testing.assert_allclose(
        (spending.ratio, *spending.interval), (saving.ratio, *saving.interval), rtol=ROUNDING
    )


def test_cost_per_unit_is_not_defined_when_the_effect_may_have_either_sign(
    study_folder: Path, toy: Any
) -> None:
    comparison = compared(study_folder, toy, DRAWS.assign(rise=[-6.0, 12.0, -18.0, 24.0]))
    result = cost_per_unit(comparison, "none", "debt", (2020, 2021))
    assert "not defined" == result.quadrant
    assert np.isnan([result.ratio, *result.interval]).all()


def test_an_unpriced_lever_that_differs_is_named(study_folder: Path, toy: Any) -> None:
    text = f"{HEAD}levers: {{subsidy: {{level: 0}}, pause: {{level: 0}}}}\n"
    (study_folder / "bare.yaml").write_text(text, encoding="utf-8")
    study = Study.beside(study_folder / "actual.yaml", toy)
    scenarios = [
        read_scenario(study_folder / f"{name}.yaml", toy, study=study) for name in ("actual", "bare")
    ]
    comparison = run_scenarios(toy, scenarios, DRAWS, ["debt"], study=study)
    assert ("pause",) == cost_per_unit(comparison, "bare", "debt", (2020, 2021)).unpriced


def test_arrays_are_kept_by_element_in_the_models_spelling(study_folder: Path, toy: Any) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    scenarios = [read_scenario(study_folder / "actual.yaml", toy, study=study)]
    one = run_scenarios(toy, scenarios, DRAWS, ["help spending[ Vulnerable ]"], study=study)
    assert ["help spending[vulnerable]"] == [output.name for output in one.outputs]
    assert ["help spending[regular]", "help spending[vulnerable]"] == list(
        run_scenarios(toy, scenarios, DRAWS, ["help spending"], study=study).levels
    )
    with pytest.raises(UnknownNameError, match="no element 'vulnerble'"):
        run_scenarios(toy, scenarios, DRAWS, ["help spending[vulnerble]"], study=study)


def test_of_what_is_only_counted_the_yearly_means_are_kept(study_folder: Path, toy: Any) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    (study_folder / "more.yaml").write_text(f"{HEAD}levers: {{subsidy: {{level: 0}}}}\n", encoding="utf-8")
    scenarios = [
        read_scenario(study_folder / f"{name}.yaml", toy, study=study) for name in ("actual", "more")
    ]
    draws = DRAWS.assign(fragility=[0.0, 1.0, 0.0, 0.0])
    outputs = [
        Output("rate", Text("a", "b")),
        *(Output(name, Text(), told=False) for name in ("debt", "rate")),
    ]
    kept = run_scenarios(toy, scenarios, draws, outputs, study=study)
    whole = run_scenarios(toy, scenarios, draws, ["rate", "debt"], study=study)
    assert (["rate"], ["debt"]) == (list(kept.levels), list(kept.means))
    assert (2, 4, 10) == kept.means["debt"].shape
    assert ("rate",) == tuple(output.name for output in kept.told().outputs)
    for name in ("debt", "rate"):
        means = [item.by_year(name, "more", (2019, 2021), paired_with="actual") for item in (kept, whole)]
        np.testing.assert_allclose(*means, rtol=ROUNDING)
    # What fails in a variable of which only means are kept is located in time all the same.
    assert whole.failures == kept.failures
    assert 70.0 == kept.failures[0].time


def test_chunks_give_the_same_bits_as_one_call_and_progress_reaches_the_end(
    study_folder: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, seen = compared(study_folder, toy), []
    monkeypatch.setattr("sd_covid.policy.comparison.run._CHUNK", 3)
    parts = compared(study_folder, toy, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(whole.levels["debt"], parts.levels["debt"])
    assert [(3, 12), (4, 12), (7, 12), (8, 12), (11, 12), (12, 12)] == seen
    assert whole.provenance == parts.provenance
    assert {"sd-covid": "0", "numpy": "2"} == whole.provenance.versions


def test_what_a_scenario_sets_overrules_the_draws() -> None:
    draws = pd.DataFrame({"Slope": [1.0, 2.0], "weight[old]": [1.0, 2.0], "rise": [3.0, 4.0]})
    frame = overruled(draws, {"slope": 9.0, "weight": 7.0})
    pd.testing.assert_frame_equal(
        pd.DataFrame({"rise": [3.0, 4.0], "slope": [9.0, 9.0], "weight": [7.0, 7.0]}), frame
    )
    with pytest.raises(RunError, match="the draws set 'weight', the scenario 'weight"):
        overruled(pd.DataFrame({"weight": [1.0]}), {"weight[old]": 2.0})


def test_what_makes_no_comparison_is_refused(study_folder: Path, toy: Any) -> None:
    study = Study.beside(study_folder / "actual.yaml", toy)
    actual = read_scenario(study_folder / "actual.yaml", toy, study=study)
    with pytest.raises(RunError, match="needs scenarios"):
        run_scenarios(toy, [], DRAWS, ["debt"], study=study)
    with pytest.raises(ScenarioError, match="two scenarios are called 'actual'"):
        run_scenarios(toy, [actual, actual], DRAWS, ["debt"], study=study)
    with pytest.raises(ScenarioError, match="'nothing' is not among them"):
        run_scenarios(toy, [actual], DRAWS, ["debt"], study=study, reference="nothing")
