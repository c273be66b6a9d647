"""What may not change: equilibrium at rest, persons, households, and results at half the step."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sd_covid
from sd_covid.model.layout.parts import is_stock
from tests.models_nl.conftest import HEADLINES, HOUSEHOLDS, LEVERS, MODELS, PERSONS, SECTORS, by_group

AT_REST = {"drivers on": 0, "trends on": 0}
SLOW = (
    "premium defaulters",
    "fading entry scar",
    "entry scar",
    "buffer",
    "collection costs owed",
    "debt help capacity",
)


@pytest.mark.parametrize("sector", ["labour", "debt", "netherlands"])
def test_stays_in_equilibrium_with_drivers_and_trends_off(
    sector: str, request: pytest.FixtureRequest
) -> None:
    results = request.getfixturevalue(sector).run(AT_REST)
    for name in (*HEADLINES, *PERSONS, *HOUSEHOLDS, *SLOW):
        if name in results and name != "hidden unemployed":  # hidden unemployment starts, and stays, at zero
            values = results[name]
            drift = abs(values / values.isel(time=0) - 1).max() / 21
            assert drift < 1e-3, f"{name} drifts by {float(drift):.2g} a year"
    if "hidden unemployed" in results:
        assert abs(results["hidden unemployed"]).max() == 0


def test_equilibrium_does_not_depend_on_the_constants(netherlands: sd_covid.Simulation) -> None:
    elsewhere = {
        "job finding rate[youth]": 0.3,
        "long term finding ratio": 0.3,
        "inactive share of inflow": 0.4,
        "vulnerable unemployment ratio": 2.4,
        "vulnerable finding ratio": 0.6,
        "unemployment rate at start": 7.5,
        "entry at start": 10,
        "assistance duration": 24,
        "vulnerable share of debt": 0.8,
        "recent share at start": 0.42,
        "assistance success": 0.5,
        "chronic after": 30,
        "buffer at start": 2,
        "spare debt help capacity": 0.05,
        "youth unemployment reference": 10,
        "matching innovation": 1,
        "vacancy innovation": 1,
    }
    results = netherlands.run({**AT_REST, **elsewhere})
    for name in (*HEADLINES, *SLOW):
        assert abs(results[name] / results[name].isel(time=0) - 1).max() / 21 < 1e-3, name


def test_three_years_of_recent_debt_hold_its_share_at_the_start(debt: sd_covid.Simulation) -> None:
    for share in (0.35, 0.385, 0.42):
        start = debt.run({"recent share at start": share}, until=1).isel(time=0)
        recent = start["recent debt"].sum("year of debt")
        unassisted = recent + start["chronic debt"]
        assert abs(recent / unassisted - share).max() < 1e-12
        passed = start["recent debt"].shift({"year of debt": 1}) * start["share staying a year"]
        kept = start["recent debt"].isel({"year of debt": slice(1, None)})
        assert abs(passed.isel({"year of debt": slice(1, None)}) / kept - 1).max() < 1e-12


def test_persons_are_conserved_by_age_and_group(history: xr.Dataset) -> None:
    difference = sum(history[name] for name in PERSONS) - history["population"]
    assert abs(difference / history["population"]).max() < 1e-9


def test_households_are_conserved_by_group(history: xr.Dataset) -> None:
    difference = sum(by_group(history[name]) for name in HOUSEHOLDS) - history["households"]
    assert abs(difference / history["households"]).max() < 1e-9


def test_a_closed_population_keeps_its_number(netherlands: sd_covid.Simulation) -> None:
    results = netherlands.run({"trends on": 0})
    for name in ("population", "households"):
        assert abs(results[name] / results[name].isel(time=0) - 1).max() < 1e-12, name


def test_the_groups_add_up_to_the_levels_of_2015(history: xr.Dataset) -> None:
    start = history.isel(time=0)
    assert float(start["labour force"]) == pytest.approx(1546 + 7631)
    assert float(start["unemployment rate"]) == pytest.approx(8.1)
    assert float(start["youth unemployment rate"]) == pytest.approx(13.5)
    assert float(start["problem debt share"]) == pytest.approx(8.6)
    rates = start["unemployment rate by group"]
    assert float(rates.sel(group="vulnerable")) > 1.9 * float(rates.sel(group="regular"))


def test_half_the_step_changes_no_headline_figure_by_half_a_percent(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    finer = netherlands.run({"TIME STEP": 1 / 16}, outputs=HEADLINES)
    for name in HEADLINES:
        assert abs(finer[name] / history[name] - 1).max() < 5e-3, name


def _with_drivers(folder: Path, **columns: float) -> sd_covid.Simulation:
    """The coupled models with some drivers held at a value from 2020 to the end of their column."""
    drivers = pd.read_csv(MODELS / "drivers.csv")
    for name, value in columns.items():
        drivers.loc[drivers["Time"] >= 60, name.replace("_", " ")] = value
    drivers.to_csv(folder / "drivers.csv", index=False)
    for file in (*(f"{sector}.mdl" for sector in SECTORS), "netherlands.yaml"):
        shutil.copy(MODELS / file, folder)
    return sd_covid.load(folder / "netherlands.yaml")


@pytest.mark.parametrize(
    "drivers",
    [
        {"restrictions": 1.0, "output_gap": 0.5, "wage_subsidy_ratio": 0.0, "Tozo_ratio": 0.0},
        {"vacancy_rate": 0.2, "inflation": 40.0},
        {"vacancy_rate": 15.0, "output_gap": 1.0, "restrictions": 1.0},
    ],
    ids=["lockdown for ever", "no vacancies, hyperinflation", "vacancies everywhere"],
)
def test_no_stock_goes_negative_under_extreme_drivers(drivers: dict[str, float], tmp_path: Path) -> None:
    results = _with_drivers(tmp_path, **drivers).run()
    for name in (*PERSONS, *HOUSEHOLDS, "unemployment benefits", "social assistance recipients", "homeless"):
        assert np.isfinite(results[name]).all(), name
        assert results[name].min() >= 0, name
    assert results["unemployment rate"].max() < 100


SIGNED = ("log matching efficiency", "log vacancy deviation", "cumulative exits by waiting for care")
INPUTS = {
    "unemployment": {
        "care job loss input": 1e4,
        "noncompliance input": 1,
        "compliance feedback": 5,
        "unqualified input": 1,
        "learning deficit input": 3,
        "enrolment input": -1,
        "distress ratio default": 15,
        "problem debt share default": 50,
    },
    "debt": {
        "offending input": 20,
        "flexible income shock input": 1,
        "distress ratio default": 15,
        "unemployment ratio default": 10,
        "inflation shock": 100,
        "inflation shock duration": 120,
    },
}


def _everything(sector: str, low_or_high: str) -> dict[str, float]:
    """Every lever of a sector at nothing, or at once, at its largest and with money without end."""
    evidence = pd.read_csv(MODELS / "evidence.csv", keep_default_na=False)
    levers = evidence[(evidence["distribution"] == "lever") & (evidence["model"] == sector)]
    settings = {}
    for row in levers.itertuples():
        if row.constant.endswith(("level", "budget", "municipal")):
            settings[row.constant] = float(getattr(row, low_or_high))
        if row.constant.endswith("end") and low_or_high == "high":
            settings[row.constant] = 252
    return settings


@pytest.mark.parametrize("levers", ["low", "high"])
@pytest.mark.parametrize("sector", ["unemployment", "debt"])
def test_no_stock_goes_negative_with_extreme_inputs_and_levers(
    sector: str, levers: str, labour: sd_covid.Simulation, debt: sd_covid.Simulation
) -> None:
    sim = labour if sector == "unemployment" else debt
    wave = {"new wave level": 1, "new wave start": 90, "new wave duration": 120, "new wave output gap": 1}
    settings = _everything(sector, levers) | (wave if sector == "unemployment" else {})
    results = sim.run({**settings, **INPUTS[sector]})
    stocks = [variable.name for variable in sim.model.variables.values() if is_stock(variable)]
    assert len(stocks) > 15
    for name in stocks:
        assert np.isfinite(results[name]).all(), name
        assert name in SIGNED or results[name].min() >= 0, name
    persons = PERSONS if sector == "unemployment" else HOUSEHOLDS
    whole = results["population" if sector == "unemployment" else "households"]
    assert abs(sum(by_group(results[name]) for name in persons) / whole - 1).max() < 1e-9


@pytest.mark.parametrize(
    ("file", "lever"), [(file, lever) for file, names in LEVERS.items() for lever in names]
)
def test_no_lever_spends_more_than_its_budget(file: str, lever: str) -> None:
    sim = sd_covid.load(MODELS / file)
    level = {f"{lever} level": 0.2 if lever == "job guidance" else 1}
    for budget in (0.0, 20.0, 1e5):
        results = sim.run({**level, f"{lever} budget": budget})
        spent = results[f"{lever} spending"]
        assert (spent.diff("time") >= 0).all()
        assert spent.isel(time=-1) <= budget * (1 + 1e-9)
    assert spent.isel(time=-1) < 1e5  # at last the eligible are the limit
