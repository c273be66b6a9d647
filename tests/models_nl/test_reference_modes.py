"""Each sector alone, driven by published figures for the others, meets the reference modes at its default constants.

The modes and their tolerances, with reasons, stand in ``models/reference_modes.csv``: one figure a row.
"""

from __future__ import annotations

import re
from functools import cache

import pandas as pd
import pytest
import xarray as xr

import sd_covid
from tests.models_nl.conftest import MODELS

ORIGIN = 2015
COLUMNS = [
    "mode",
    "sector",
    "variable",
    "aggregation",
    "period",
    "value",
    "unit",
    "tolerance",
    "reason",
    "source",
]
MODES = pd.read_csv(MODELS / "reference_modes.csv", dtype={"period": str}, keep_default_na=False)


def _months(period: str) -> tuple[int, int]:
    """First month of a period and the month after its last, counted from January 2015."""
    if found := re.fullmatch(r"(\d{4})/(\d{2})", period):  # a school year: August to July
        start = (int(found[1]) - ORIGIN) * 12 + 7
        assert int(found[2]) == (int(found[1]) + 1) % 100, period
        return start, start + 12
    found = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})))?", period)
    assert found is not None, f"{period} is no year, quarter, month or school year"
    year = (int(found[1]) - ORIGIN) * 12
    if found[2]:
        return year + 3 * int(found[2]) - 3, year + 3 * int(found[2])
    if found[3]:
        return year + int(found[3]) - 1, year + int(found[3])
    return year, year + 12


def _aggregate(values: xr.DataArray, aggregation: str, period: str) -> float:
    """Figure of a period: mean of its months, its start or end, or the change over it."""
    first, after = _months(period)
    ends = {"start": first, "end": after}
    if aggregation in ends:
        return float(values.sel(time=ends[aggregation]))
    if aggregation == "change":
        return float(values.sel(time=after) - values.sel(time=first))
    assert aggregation == "mean", aggregation
    return float(values.sel(time=slice(first, after - 1)).mean())


@cache
def _alone(sector: str) -> xr.Dataset:
    """A sector by itself, with everything as it was."""
    return sd_covid.load(MODELS / f"{sector}.mdl").run()


def _values(sector: str, name: str) -> xr.DataArray:
    """A variable of a sector over time, or one element of it: `name[element,...]`."""
    variable, _, elements = name.rstrip("]").partition("[")
    values = _alone(sector)[variable]
    wanted = [element.strip() for element in elements.split(",") if element]
    for element in wanted:
        (dimension,) = [d for d in values.dims if d != "time" and element in values[d].values]
        values = values.sel({dimension: element})
    assert values.dims == ("time",), f"{name} has elements: name one"
    return values


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{row.mode}-{row.variable}-{row.aggregation}-{row.period}")
        for row in MODES.itertuples()
    ],
)
def test_a_sector_alone_meets_its_reference_modes(row: pd.Series) -> None:
    values = _values(row.sector, row.variable)
    found = _aggregate(values, row.aggregation, row.period)
    assert abs(found - row.value) <= row.tolerance, f"{found:.4g} for {row.value} +/- {row.tolerance}"


def test_the_table_of_reference_modes_is_complete() -> None:
    assert list(MODES.columns) == COLUMNS
    assert set(MODES["mode"]) <= set(range(1, 11))
    assert (MODES["tolerance"] > 0).all()
    assert not MODES.duplicated(["sector", "variable", "aggregation", "period"]).any()
    for column in ("reason", "source", "unit"):
        assert (MODES[column].str.len() > 1).all(), column
    for row in MODES.itertuples():
        assert _values(row.sector, row.variable).attrs["units"] == row.unit, row.variable


@pytest.mark.parametrize(
    ("period", "months"),
    [("2015", (0, 12)), ("2021-Q1", (72, 75)), ("2021-03", (74, 75)), ("2021/22", (79, 91))],
)
def test_a_period_is_read_as_its_months(period: str, months: tuple[int, int]) -> None:
    assert _months(period) == months
