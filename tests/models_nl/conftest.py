"""The Dutch models, loaded once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import sd_covid

MODELS = Path(__file__).parents[2] / "models"

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
)


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
    """Both sectors, coupled."""
    return sd_covid.load(MODELS / "netherlands.yaml")


@pytest.fixture(scope="session")
def history(netherlands: sd_covid.Simulation) -> xr.Dataset:
    """The coupled models with everything as it was."""
    return netherlands.run()
