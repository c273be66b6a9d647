"""The study's own scenarios in its own model. Expected: what a lever must and must not do (domain design, tests T6–T9).

Draws come from the independent ranges of the evidence, which reach wider than any posterior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid
from sd_covid.analysis.sensitivity import read_plan
from sd_covid.policy import Scenario, Study, read_scenario
from sd_covid.policy.appraisal.effectiveness import cost_per_unit, cost_totals
from sd_covid.policy.catalogue.evidence import read_evidence
from sd_covid.policy.catalogue.levers import Lever
from sd_covid.policy.catalogue.outputs import read_outputs
from sd_covid.policy.comparison.draws import sample_assumptions, sample_ranges
from sd_covid.policy.comparison.long_run import read_long_run
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.paths import read_path
from sd_covid.policy.reading import named_model
from sd_covid.policy.scenario import under

STUDY = Path(__file__).parents[2]
FOLDER = STUDY / "scenarios"
MEMBERS = 32


@dataclass(frozen=True)
class Ran:
    """The study's scenarios, and two variants on NOW, on the same draws."""

    simulation: sd_covid.Simulation
    study: Study
    comparison: Comparison


def variant(actual: Scenario, name: str, level: float) -> Scenario:
    now = replace(actual.levers["now"], level=level)
    return replace(
        actual, id=name, levers=actual.levers | {"now": now}, settings=actual.settings | {"NOW level": level}
    )


@pytest.fixture(scope="module")
def ran() -> Ran:
    simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
    study = Study.beside(FOLDER / "actual.yaml", simulation)
    names = ("actual", "no-support", "early-withdrawal")
    scenarios = [read_scenario(FOLDER / f"{name}.yaml", simulation, study=study) for name in names]
    scenarios += [variant(scenarios[0], "no-now", 0.0), variant(scenarios[0], "half-now", 0.5)]
    assumed = sample_assumptions(study.assumptions, study.names, [], MEMBERS, seed=1)
    taken = {element for name in assumed for element in study.names.elements(str(name))}
    rows = [row for row in read_evidence(STUDY / "models" / "evidence.csv") if row.varies]
    ranges = {name: row.range for row in rows for name in study.names.elements(row.constant)}
    # The bill of fixed costs is its budget: one above it would be covered in full again where support ends early.
    taken |= {"fixed cost support cost as it was"}
    rest = {name: spread for name, spread in ranges.items() if name not in taken}
    draws = pd.concat([sample_ranges(rest, MEMBERS, seed=1), assumed], axis=1)
    outputs = [*read_outputs(FOLDER / "outputs.yaml"), "cumulative job loss"]
    comparison = run_scenarios(simulation, scenarios, draws, outputs, study=study)
    return Ran(simulation, study, comparison)


def test_the_model_has_every_lever_assumption_and_output_and_no_member_fails(ran: Ran) -> None:
    assert set(ran.study.catalogue.levers) == set(ran.comparison.levers)
    assert set(ran.study.assumptions) == set(ran.comparison.assumptions)
    assert all(output.units for output in ran.comparison.outputs)
    assert () == ran.comparison.failures


def test_the_actual_package_is_the_model_as_it_stands(ran: Ran) -> None:
    actual = ran.comparison.scenario("actual")
    outputs = ["unemployment rate", "households in problem debt"]
    plain, set_ = ran.simulation.run(None, outputs), ran.simulation.run(actual.settings, outputs)
    for output in outputs:
        np.testing.assert_array_equal(plain[output], set_[output])


def test_switching_now_off_costs_jobs_in_every_draw_and_raises_the_peak_of_unemployment_in_most(
    ran: Ran,
) -> None:
    none, actual = ran.comparison.pairs("cumulative job loss", "no-now", "year", (2020, 2020))
    half, _ = ran.comparison.pairs("cumulative job loss", "half-now", "year", (2020, 2020))
    assert (none > half).all()
    assert (half > actual).all()
    # Where the NOW is drawn almost without effect, its drag on moves to other work may outweigh it at the peak: in one
    # of ten draws or fewer, of which two standard errors in 32 draws are 0.11.
    peak, with_now = ran.comparison.pairs("unemployment rate", "no-now", "peak", (2020, 2022))
    assert (peak > with_now).mean() >= 0.79


def test_without_support_more_households_are_in_problem_debt(ran: Ran) -> None:
    none, actual = ran.comparison.pairs("households in problem debt", "no-support", "year", (2022, 2022))
    assert (none > actual).all()
    # By 2025 the drag of support on moves to other work outweighs it where the pause in collection and the shock to
    # jobs are both drawn almost without effect: in 4 of the 255 that ran (seeds 2 to 9).
    none, actual = ran.comparison.pairs("households in problem debt", "no-support", "year", (2025, 2025))
    assert (none > actual).mean() >= 0.9


@pytest.mark.parametrize(
    ("scenario", "first"), [("no-support", "2020-03-01"), ("early-withdrawal", "2020-10-01")]
)
def test_a_lever_changes_nothing_before_its_date(ran: Ran, scenario: str, first: str) -> None:
    # Levers act on flows, so a stock can differ only after the date on which a setting does.
    before = ran.comparison.date <= np.datetime64(first)
    difference = ran.comparison.differences("households in problem debt", scenario)
    np.testing.assert_array_equal(np.zeros_like(difference[:, before]), difference[:, before])
    assert (difference[:, ~before] != 0).any(axis=1).all()


def test_early_withdrawal_costs_less_than_the_package_and_more_than_none(ran: Ran) -> None:
    def spent(scenario: str, *levers: str) -> float:
        totals = [total for total in cost_totals(ran.comparison, scenario) if total.line.priced]
        return sum(total.nominal.mean for total in totals if not levers or total.line.lever in levers)

    assert 22_200.0 == pytest.approx(spent("actual", "now", "tozo"), rel=1e-12)  # 18.7 and 3.5 billion euro
    assert 0.0 == spent("no-support", "now", "tozo", "fixed-cost-support", "education-programme")
    assert spent("no-support") < spent("early-withdrawal") < spent("actual")


def test_no_lever_spends_more_than_its_budget(ran: Ran) -> None:
    for line in ran.comparison.costs:
        budget = ran.comparison.scenario(line.scenario).levers[line.lever].budget
        if budget is not None:
            # A rounding of sums over years.
            assert (line.nominal.sum(axis=1) <= budget * (1 + 1e-9)).all(), (line.scenario, line.lever)


def test_the_cost_of_a_household_year_names_the_lever_that_has_no_price(ran: Ran) -> None:
    result = cost_per_unit(
        ran.comparison.against("no-support"), "actual", "households in problem debt", (2020, 2035)
    )
    assert "costs more, does more" == result.quadrant
    assert ("collection-pause",) == result.unpriced
    assert result.interval[0] < result.ratio < result.interval[1]


def test_a_lever_whose_budget_is_nil_does_and_costs_nothing(ran: Ran) -> None:
    actual = ran.comparison.scenario("actual")
    budgeted = [item for item in ran.study.catalogue.levers.values() if item.actual.budget is not None]
    assert len(budgeted) > 20

    def setting(item: Lever, **changed: float) -> Scenario:
        constants = {item.constants[part]: value for part, value in changed.items()}
        lever = replace(actual.levers[item.id], **changed)
        name = f"{item.id} {'-'.join(changed)}"
        return replace(
            actual, id=name, levers=actual.levers | {item.id: lever}, settings=actual.settings | constants
        )

    pairs = [(setting(item, level=item.high, budget=0.0), setting(item, level=0.0)) for item in budgeted]
    outputs = [output.name for output in read_outputs(FOLDER / "outputs.yaml") if output.headline]
    found = run_scenarios(
        ran.simulation,
        [scenario for pair in pairs for scenario in pair],
        pd.DataFrame({"TIME STEP": [0.125]}),
        outputs,
        study=ran.study,
    )
    for item, (nil, off) in zip(budgeted, pairs, strict=True):
        for output in found.outputs:
            mine, theirs = (found.trajectories(output.name, scenario.id) for scenario in (nil, off))
            # Equal to a rounding: a zero may be reached by another order of the same operations.
            np.testing.assert_allclose(
                mine, theirs, rtol=1e-9, atol=1e-12, err_msg=f"{item.id}: {output.name}"
            )
        line = next(line for line in found.costs if (line.scenario, line.lever) == (nil.id, item.id))
        np.testing.assert_array_equal(line.nominal, np.zeros_like(line.nominal))


def test_every_path_of_assumptions_runs_and_differs_from_the_base_only_after_it_starts(ran: Ran) -> None:
    files = sorted((FOLDER / "paths").glob("*.yaml"))
    names = {file.stem for file in files}
    assert names == {
        "base",
        "cost-of-living-shock",
        "new-wave-2027",
        "tight-labour-market",
        "slack-labour-market",
        "measures-follow-compliance",
        "no-scarring",
        "distress-jump-real",
    }
    actual = ran.comparison.scenario("actual")
    scenarios = [
        replace(under(actual, read_path(file, ran.study), ran.study), id=file.stem) for file in files
    ]
    outputs = ["unemployment rate", "households in problem debt", "distress prevalence", "strongly lonely"]
    outputs += ["learning deficit by phase[secondary]", "earnings loss"]
    found = run_scenarios(
        ran.simulation,
        scenarios,
        pd.DataFrame({"TIME STEP": [0.125]}),
        outputs,
        study=ran.study,
        reference="base",
    )
    assert () == found.failures
    plain = ran.simulation.run(actual.settings, outputs[:1])[outputs[0]].to_numpy()
    np.testing.assert_array_equal(plain, found.trajectories(outputs[0], "base")[0])

    def differs(path: str, output: str) -> np.ndarray:
        return found.differences(output, path)[0] != 0

    # 2027 begins at month 144 of the calendar; the last vacancy rate is of the second quarter of 2024.
    starts = {"cost-of-living-shock": "2027-01-01", "new-wave-2027": "2027-01-01"}
    starts |= {"tight-labour-market": "2024-04-01", "slack-labour-market": "2024-04-01"}
    for path, start in starts.items():
        for output in outputs:
            assert not differs(path, output)[found.date <= np.datetime64(start)].any(), (path, output)
    gain = {
        ("cost-of-living-shock", "households in problem debt"): 1,
        ("new-wave-2027", "unemployment rate"): 1,
        ("new-wave-2027", "learning deficit by phase[secondary]"): 1,
        ("new-wave-2027", "distress prevalence"): 1,
        ("tight-labour-market", "unemployment rate"): -1,
        ("slack-labour-market", "unemployment rate"): 1,
        ("no-scarring", "distress prevalence"): -1,
        ("no-scarring", "strongly lonely"): -1,
        ("no-scarring", "earnings loss"): -1,
    }
    for (path, output), sign in gain.items():
        year = 2030 if path != "new-wave-2027" else 2027
        assert found.in_year(output, path, year).difference.mean * sign > 0, (path, output)
    # Adherence was above that of January 2015 in the rally of 2020: measures would have been milder then.
    less = found.in_year("distress prevalence", "measures-follow-compliance", 2021).difference.mean
    assert less < 0
    # The jump of 2021 was real: more distress then, by what the break no longer takes.
    assert found.in_year("distress prevalence", "distress-jump-real", 2021).difference.mean > 0


def test_what_the_long_run_rests_on_is_the_other_path_and_all_its_outputs_are_in_the_model(ran: Ran) -> None:
    plan = read_long_run(FOLDER / "long-run.yaml", ran.study)
    assert "no-scarring" == plan.without.id
    assert plan.tells([ran.comparison.scenario("actual")])
    assert len(plan.asked(ran.comparison.outputs)) == len(plan.outputs)
    assert {"scarring-of-distress", "scarring-of-loneliness", "scarring-of-entrants"} == set(
        plan.without.assumptions
    )


def test_the_studys_sensitivity_plan_fits_its_model(ran: Ran) -> None:
    file = FOLDER / "sensitivity.yaml"
    assert STUDY / "models" / "netherlands.yaml" == named_model(file)
    draws = sample_ranges(
        {"NOW effectiveness permanent": ran.study.assumptions["debt-hinders-work"].range}, 8, seed=1
    )
    plan = read_plan(file, ran.simulation, posterior=draws)
    listed = {item.id for item in ran.study.assumptions.values() if item.listed}
    assert listed >= {factor.id for factor in plan.factors} - {"posterior"}
    assert "actual" == plan.scenarios[0].id


def test_an_assumption_listed_by_itself_is_not_varied_with_the_posterior_too(ran: Ran) -> None:
    assumption = ran.study.assumptions["vacancy-rate-long-run"]
    other = "NOW effectiveness permanent"
    draws = sample_ranges({assumption.constant: assumption.range, other: assumption.range}, 8, seed=1)
    factors = {
        factor.id: factor
        for factor in read_plan(FOLDER / "sensitivity.yaml", ran.simulation, posterior=draws).factors
    }
    assert (other,) == factors["posterior"].constants
    assert (assumption.constant,) == factors["vacancy-rate-long-run"].constants
