"""The Dutch models, loaded once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import sd_covid

MODELS = Path(__file__).parents[2] / "models"

#: The sectors there are, in the order in which they depend on one another.
SECTORS = tuple(
    sector
    for sector in ("unemployment", "debt", "youth_development", "mental_health", "social_cohesion")
    if (MODELS / f"{sector}.mdl").exists()
)
PERSONS = (
    "permanent employment",
    "flexible employment",
    "hidden unemployed",
    "short term unemployed",
    "long term unemployed",
    "inactive",
)
HOUSEHOLDS = ("no debt", "arrears", "recent debt", "chronic debt", "assisted", "after relief")
HEADLINES = (
    "unemployment rate",
    "youth unemployment rate",
    "unemployed",
    "jobs",
    "unemployment benefits",
    "social assistance recipients",
    "households in problem debt",
    "problem debt share",
    "unemployment rate by group",
    "problem debt share by group",
    "earnings loss",
    "homeless",
    "social cost of problem debt",
)


LEVERS = {
    "unemployment.mdl": (
        "job guidance",
        "social package guidance",
        "youth work approach",
        "practical learning",
        "IPS",
    ),
    "debt.mdl": (
        "debt assistance",
        "social package debt",
        "early signalling",
        "income gap support",
        "debt relief credit",
    ),
}


def by_group(values: xr.DataArray) -> xr.DataArray:
    """Persons or households by group, and by age where the variable has ages: other dimensions added up."""
    return values.sum([d for d in values.dims if d not in ("time", "group", "age")])


@pytest.fixture(scope="session")
def labour() -> sd_covid.Simulation:
    """The labour sector alone."""
    return sd_covid.load(MODELS / "unemployment.mdl")


@pytest.fixture(scope="session")
def debt() -> sd_covid.Simulation:
    """The debt sector alone."""
    return sd_covid.load(MODELS / "debt.mdl")


@pytest.fixture(scope="session")
def netherlands() -> sd_covid.Simulation:
    """All five sectors, coupled."""
    return sd_covid.load(MODELS / "netherlands.yaml")


@pytest.fixture(scope="session")
def history(netherlands: sd_covid.Simulation) -> xr.Dataset:
    """The coupled models with everything as it was."""
    return netherlands.run()
