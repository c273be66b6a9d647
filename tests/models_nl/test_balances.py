"""What may not change: equilibrium at rest, persons, households, and results at half the step."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sd_covid
from tests.models_nl.conftest import HEADLINES, HOUSEHOLDS, MODELS, PERSONS

AT_REST = {"drivers on": 0, "trends on": 0}


@pytest.mark.parametrize("sector", ["labour", "debt", "netherlands"])
def test_stays_in_equilibrium_with_drivers_and_trends_off(
    sector: str, request: pytest.FixtureRequest
) -> None:
    results = request.getfixturevalue(sector).run(AT_REST)
    for name in (*HEADLINES, *PERSONS, *HOUSEHOLDS, "premium defaulters", "homeless"):
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
        "matching innovation": 1,
        "vacancy innovation": 1,
    }
    results = netherlands.run({**AT_REST, **elsewhere})
    for name in HEADLINES:
        assert abs(results[name] / results[name].isel(time=0) - 1).max() / 21 < 1e-3, name


def test_persons_are_conserved_by_age_and_group(history: xr.Dataset) -> None:
    difference = sum(history[name] for name in PERSONS) - history["population"]
    assert abs(difference / history["population"]).max() < 1e-9


def test_households_are_conserved_by_group(history: xr.Dataset) -> None:
    difference = sum(history[name] for name in HOUSEHOLDS) - history["households"]
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
    for file in ("unemployment.mdl", "debt.mdl", "netherlands.yaml"):
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
