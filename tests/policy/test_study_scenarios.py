"""The study's own scenarios in its own model. Expected: what a lever must and must not do (domain design, tests T6–T9).

Draws come from the independent ranges of the evidence, which reach wider than any posterior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sd_covid
from sd_covid.analysis.sensitivity_file import model_of, read_plan
from sd_covid.policy import Scenario, Study, read_scenario
from sd_covid.policy.comparison import Comparison
from sd_covid.policy.draws import evidence_ranges, sample_ranges
from sd_covid.policy.effectiveness import cost_per_unit, cost_totals
from sd_covid.policy.outputs import read_outputs
from sd_covid.policy.run import run_scenarios

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
    draws = sample_ranges(evidence_ranges(STUDY / "models" / "evidence.csv", simulation), MEMBERS, seed=1)
    comparison = run_scenarios(
        simulation, scenarios, draws, read_outputs(FOLDER / "outputs.yaml"), study=study
    )
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


def test_switching_now_off_raises_the_peak_of_unemployment_in_every_draw(ran: Ran) -> None:
    years = (2020, 2022)
    none, actual = ran.comparison.pairs("unemployment rate", "no-now", "peak", years)
    half, _ = ran.comparison.pairs("unemployment rate", "half-now", "peak", years)
    assert (none > half).all()
    assert (half > actual).all()


def test_without_support_more_households_are_in_problem_debt_in_every_draw(ran: Ran) -> None:
    for year in (2022, 2025):
        none, actual = ran.comparison.pairs("households in problem debt", "no-support", "year", (year, year))
        assert (none > actual).all()


@pytest.mark.parametrize(
    ("scenario", "first"), [("no-support", "2020-03-01"), ("early-withdrawal", "2020-10-01")]
)
def test_a_lever_changes_nothing_before_its_date(ran: Ran, scenario: str, first: str) -> None:
    # NOW and Tozo act on flows, so a stock can differ only after the date on which a setting does.
    before = ran.comparison.date <= np.datetime64(first)
    difference = ran.comparison.differences("households in problem debt", scenario)
    np.testing.assert_array_equal(np.zeros_like(difference[:, before]), difference[:, before])
    assert (difference[:, ~before] != 0).any(axis=1).all()


def test_early_withdrawal_costs_less_than_the_package_and_more_than_none(ran: Ran) -> None:
    def spent(scenario: str) -> float:
        return sum(total.nominal.mean for total in cost_totals(ran.comparison, scenario) if total.line.priced)

    assert 22_200.0 == pytest.approx(spent("actual"), rel=1e-12)  # 18.7 and 3.5 billion euro
    assert 0.0 == spent("no-support") < spent("early-withdrawal") < spent("actual")


def test_the_cost_of_a_household_year_names_the_lever_that_has_no_price(ran: Ran) -> None:
    result = cost_per_unit(
        ran.comparison.against("no-support"), "actual", "households in problem debt", (2020, 2035)
    )
    assert "costs more, does more" == result.quadrant
    assert ("collection-pause",) == result.unpriced
    assert result.interval[0] < result.ratio < result.interval[1]


@pytest.mark.parametrize(
    ("lever", "level", "price", "reach", "stocks", "inflows"),
    [
        # Prices and reach as in levers.yaml and models/evidence.csv (L39): one buys 0.1 of guidance, 1 of signals.
        (
            "job-guidance",
            0.2,
            2 * 5000.0,
            {"regular": 0.3, "vulnerable": 0.5},
            ["short term unemployed", "long term unemployed"],
            ["job loss", "start of search"],
        ),
        ("early-signalling", 0.5, 0.5 * 250.0, {}, ["arrears"], ["falling into arrears"]),
    ],
)
def test_guidance_and_signalling_cost_what_those_reached_cost(
    ran: Ran,
    lever: str,
    level: float,
    price: float,
    reach: dict[str, float],
    stocks: list[str],
    inflows: list[str],
) -> None:
    actual = read_scenario(FOLDER / "actual.yaml", ran.simulation, study=ran.study)
    item = ran.study.catalogue.levers[lever]
    package = replace(
        actual,
        id="package",
        levers=actual.levers | {lever: replace(item.actual, level=level)},
        settings=actual.settings | {item.constants["level"]: level},
    )
    found = run_scenarios(
        ran.simulation, [actual, package], pd.DataFrame({"TIME STEP": [0.125]}), ["jobs"], study=ran.study
    )
    line = next(line for line in found.costs if (line.scenario, line.lever) == ("package", lever))
    # Counted again step by step, as Euler's method moves them: 2025 to 2029, prices of 2025 on for all.
    steps = ran.simulation.run(package.settings | {"SAVEPER": 0.125}, [*stocks, *inflows])
    steps = steps.sel(time=slice(120.0, 179.9))
    weight = xr.DataArray(list(reach.values()) or [1.0, 1.0], {"group": ["regular", "vulnerable"]})
    there = sum(float((steps[name].isel(time=0) * weight).sum()) for name in stocks)
    came = sum(0.125 * float((steps[name] * weight).sum()) for name in inflows)
    expected = (there + came) * price / 1000.0 * 100.0 / 79.94  # consumer prices of 2025 over those of 2020
    # 0.2 %: the trapezium rule over months, for flows that drift by a few per cent a year.
    np.testing.assert_allclose(line.nominal.sum(), expected, rtol=2e-3)
    assert [0.0] * len(line.years) == next(
        other.nominal[0].tolist()
        for other in found.costs
        if (other.scenario, other.lever) == ("actual", lever)
    )


def test_the_studys_sensitivity_plan_fits_its_model(ran: Ran) -> None:
    file = FOLDER / "sensitivity.yaml"
    assert STUDY / "models" / "netherlands.yaml" == model_of(file)
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
