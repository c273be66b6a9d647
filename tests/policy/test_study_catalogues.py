"""The study's own levers, assumptions and outputs against the published series and the models' evidence.

Outside truths: ``calibration/series`` (figures as published) and ``models/evidence.csv`` (constants with sources).
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.calibration.density.objective import model_names
from sd_covid.calibration.workflow import load_problem
from sd_covid.model.names import key
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.catalogue.assumptions import Assumption, read_assumptions
from sd_covid.policy.catalogue.costs import Tranche, budget_path
from sd_covid.policy.catalogue.levers import Catalogue, read_levers
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.comparison.draws import sample_assumptions

STUDY = Path(__file__).parents[2]
CALENDAR = Calendar(date(2015, 1, 1))
#: Assumptions that are a path's to set because the posterior speaks of them: it has a break of any size, none included.
OF_POSTERIOR = {key("survey break on")}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_levers(STUDY / "scenarios" / "levers.yaml")


@pytest.fixture(scope="module")
def evidence() -> dict[str, dict[str, str]]:
    with (STUDY / "models" / "evidence.csv").open(encoding="utf-8", newline="") as file:
        return {key(row["constant"]): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def series() -> dict[str, dict[str, float]]:
    tables = [
        pd.read_csv(STUDY / "calibration" / "series" / f"{name}.csv") for name in ("support", "drivers")
    ]
    return {
        str(name): dict(zip(rows["period"], rows["value"], strict=True))
        for name, rows in pd.concat(tables).groupby("series")
    }


def month_after(period: str, months: int) -> date:
    return CALENDAR.date(CALENDAR.time(date(int(period[:4]), int(period[5:7]), 1)) + months)


def test_the_cost_of_now_is_shared_out_as_its_advances_were(
    catalogue: Catalogue, series: dict[str, dict[str, float]]
) -> None:
    cost = catalogue.levers["now"].cost
    advances = series["now_advances_by_tranche"]
    # Months of the subsidy periods: NOW 1 3, NOW 2 4, NOW 3.1–4 3 each, NOW 5 2 (November and December 2021), NOW 6 3.
    months = [3, 4, 3, 3, 3, 3, 2, 3]
    expected = tuple(
        Tranche(month_after(period, 0), month_after(period, length), weight)
        for (period, weight), length in zip(sorted(advances.items()), months, strict=True)
    )
    assert expected == cost.tranches
    assert 1000 * series["now_final_cost_total"]["2024-06"] == cost.total


def test_the_cost_of_tozo_is_shared_out_by_firm_months(
    catalogue: Catalogue, series: dict[str, dict[str, float]]
) -> None:
    cost = catalogue.levers["tozo"].cost
    firms = series["tozo_firms_by_tranche"]
    assert sorted(firms) == [tranche.start.isoformat()[:7] for tranche in cost.tranches]
    for tranche in cost.tranches:
        months = CALENDAR.time(tranche.end) - CALENDAR.time(tranche.start)
        # Half a unit of the second decimal, to which the weights are written.
        assert abs(firms[tranche.start.isoformat()[:7]] * months - tranche.weight) <= 0.005
    assert 1000 * series["tozo_total_cost"]["2021"] == cost.total


@pytest.mark.parametrize(("lever", "expected"), [("now", 18_700.0), ("tozo", 3_500.0)])
def test_the_actual_package_costs_what_was_spent_and_early_withdrawal_keeps_the_first_tranches(
    catalogue: Catalogue, lever: str, expected: float
) -> None:
    item = catalogue.levers[lever]
    years = tuple(range(2015, 2036))
    spent = budget_path(item.cost, item.actual.level, item.actual.start, item.actual.end, years)
    np.testing.assert_allclose(expected, spent.sum(), rtol=1e-12)
    early = budget_path(item.cost, 1.0, item.actual.start, date(2020, 10, 1), years).sum()
    whole = sum(tranche.weight for tranche in item.cost.tranches)
    first = sum(tranche.weight for tranche in item.cost.tranches if tranche.end <= date(2020, 10, 1))
    np.testing.assert_allclose(expected * first / whole, early, rtol=1e-12)


def test_the_price_index_is_the_yearly_mean_of_the_published_one(
    catalogue: Catalogue, series: dict[str, dict[str, float]]
) -> None:
    monthly = series["EX_CPI_INDEX_M"]
    for year, index in catalogue.prices.index.items():
        of_year = [value for period, value in monthly.items() if period.startswith(str(year))]
        assert 12 == len(of_year)
        # Half a unit of the second decimal, to which the index is written.
        assert abs(np.mean(of_year) - index) <= 0.005 + 1e-9


def test_the_actual_package_is_what_the_models_have_by_default(
    catalogue: Catalogue, evidence: dict[str, dict[str, str]]
) -> None:
    for lever in catalogue.levers.values():
        values = {part: float(evidence[key(name)]["value"]) for part, name in lever.constants.items()}
        assert values["level"] == lever.actual.level, lever.id
        assert values["start"] == CALENDAR.time(lever.actual.start), lever.id
        assert values["end"] == CALENDAR.time(lever.actual.end), lever.id
        assert values.get("budget") == lever.actual.budget, lever.id
        delivery = {1.0: "municipal", 0.0: "national", None: lever.delivery}
        assert delivery[values.get("municipal")] == lever.delivery, lever.id
        row = evidence[key(lever.constants["level"])]
        assert float(row["low"]) <= lever.low <= lever.high <= float(row["high"]), lever.id
        assert {"lever"} == {evidence[key(name)]["distribution"] for name in lever.constants.values()}


def test_what_keeps_a_lever_for_a_group_is_a_reach_that_the_models_have(
    catalogue: Catalogue, evidence: dict[str, dict[str, str]]
) -> None:
    for lever in catalogue.levers.values():
        for group, constants in lever.targets.items():
            assert "vulnerable" == group
            for name, value in constants.items():
                row = evidence[key(name)]
                assert "lever" != row["distribution"], name
                # Of others none is reached: a share of 0, all of the shares, or a million chances to one.
                assert value == (1_000_000 if name.endswith("weight") else float("[regular]" not in name)), (
                    name
                )


def test_every_constant_that_a_scenario_sets_belongs_to_a_lever_or_to_a_path(
    catalogue: Catalogue, assumptions: dict[str, Assumption], evidence: dict[str, dict[str, str]]
) -> None:
    pulled = {key(name) for lever in catalogue.levers.values() for name in lever.constants.values()}
    of_paths = {key(item.constant) for item in assumptions.values() if not item.swept} - OF_POSTERIOR
    assert pulled | of_paths == {name for name, row in evidence.items() if row["distribution"] == "lever"}


@pytest.fixture(scope="module")
def assumptions() -> dict[str, Assumption]:
    return read_assumptions(STUDY / "scenarios" / "assumptions.yaml", STUDY / "models" / "evidence.csv")


def test_every_number_that_rests_on_an_assumption_alone_is_varied(
    assumptions: dict[str, Assumption], evidence: dict[str, dict[str, str]]
) -> None:
    swept = {key(item.constant) for item in assumptions.values() if item.swept}
    assert not swept & OF_POSTERIOR
    for name, row in evidence.items():
        if row["grade"] == "D" and row["distribution"] not in ("fixed", "lever"):
            assert name in swept | OF_POSTERIOR, row["id"]
    # What is held is a date, a definition, or a share by which every stock is split at the start.
    held = {row["id"] for row in evidence.values() if row["grade"] == "D" and row["distribution"] == "fixed"}
    assert {"B04", "H04", "L01", "W04", "W05", "P14", "K15"} == held


def test_an_assumption_of_one_standard_deviation_reaches_as_far_in_its_sample(
    assumptions: dict[str, Assumption], evidence: dict[str, dict[str, str]]
) -> None:
    # Half of the range is a standard deviation (models/PROVENANCE.md): of the number, its logarithm or its log-odds.
    to_normal = {
        "normal": lambda x: x,
        "lognormal": np.log,
        "logitnormal": lambda x: np.log(x / (1 - x)),
    }
    # A standard deviation below the middle, the middle, one above, in what is left from the 5th to the 95th percentile.
    probability = (np.array([0.158655, 0.5, 0.841345]) - 0.05) / 0.9
    for item in assumptions.values():
        row = evidence[key(item.constant)]
        low, high = float(row["low"]), float(row["high"])
        assert float(row["value"]) == item.range.central
        assert item.source.en.endswith(f"Evidence {row['id']}")
        assert item.source.nl.endswith(f"Bewijs {row['id']}")
        if row["distribution"] in to_normal and item.range.cut == (item.range.low, item.range.high):
            scale = to_normal[row["distribution"]]
            middle, width = (scale(low) + scale(high)) / 2, (scale(high) - scale(low)) / 2
            expected = [middle - width, middle, middle + width]
            # 1e-5: the probabilities are written to six digits.
            np.testing.assert_allclose(
                scale(item.range.quantile(probability)), expected, rtol=1e-5, atol=1e-5
            )
        elif row["distribution"] == "uniform":
            np.testing.assert_allclose(item.range.quantile(np.array([0.0, 1.0])), [low, high])


def test_what_the_calibration_estimates_is_not_varied_a_second_time(
    assumptions: dict[str, Assumption],
) -> None:
    problem, simulation = load_problem(STUDY / "calibration" / "problem.yaml")
    names = model_names(problem, simulation)
    found = [names.constant(item.id) for item in problem.estimated]
    fitted = [name for name in found if name is not None]
    drawn = sample_assumptions(assumptions, ConstantNames(simulation.constants), fitted, 2, seed=1)
    varied = {key(str(name)) for name in drawn}
    swept = {key(item.constant) for item in assumptions.values() if item.swept}
    assert key("homeless duration") in swept - varied
    assert not varied & {key(name) for name in fitted}
    assert not varied & {key(name.partition("[")[0]) for name in fitted}  # nor a whole array that holds one
    assert len(fitted) > 150
