"""What social cohesion gives to other sectors, and what its files say of it."""

from __future__ import annotations

import csv

import pytest
import xarray as xr

from sd_covid.model import read
from sd_covid.model.names import key
from tests.models_nl.conftest import MODELS
from tests.models_nl.social_cohesion.conftest import FILE, GIVEN

ASSUMED = (
    "polarisation",
    "unsafe feeling",
    "perceived safety",
    "violence at home",
    "households with violence at home",
    "violence at home incidence",
    "violence at home incidence by group",
    "violence at home change",
    "young offenders per thousand",
    "young offenders by group",
    "offending change",
)


@pytest.mark.parametrize("name", GIVEN)
def test_gives_other_sectors_what_they_take(name: str, as_it_was: xr.Dataset) -> None:
    dimensions, unit = GIVEN[name]
    variable = read(FILE).variable(name)
    assert tuple(variable.equations[0].subscripts) == dimensions
    assert variable.units == unit
    assert abs(as_it_was[name].isel(time=0)).max() < 1e-15
    assert abs(as_it_was[name]).max() > 0.01


@pytest.mark.parametrize("name", ASSUMED)
def test_what_rests_on_assumption_says_so(name: str) -> None:
    assert read(FILE).variable(name).documentation.startswith("Driven by assumption")


def test_links_and_reference_modes_name_what_there_is() -> None:
    model = read(FILE)
    for table, columns in (("links.csv", ("from", "to")), ("reference_modes.csv", ("variable",))):
        with (MODELS / table).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["sector"] == "social_cohesion"]
        assert rows, table
        for row in rows:
            if row.get("status") == "left out":
                assert row["note"], row["id"]
                continue
            names = [row[column].split("[")[0] for column in columns]
            names += [name for name in row.get("constants", "").split("; ") if name]
            for name in names:
                assert key(name) in model.variables, f"{table}: {name}"
