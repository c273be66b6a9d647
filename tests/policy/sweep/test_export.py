"""What a sweep came to as tables. Expected values: the closed form of the town in conftest; columns: pyam's pages.

pyam reads a table with the columns model, scenario, region, variable, unit, and year or time, with value; all others
are further dimensions of its index (https://pyam-iamc.readthedocs.io/en/stable/data.html).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr

import sd_covid
from sd_covid.errors import RunError
from sd_covid.policy.sweep import run_sweep
from tests.policy.sweep.conftest import Swept

OUTPUTS = """\
rate:
  title: {nl: Graad, en: Rate}
  unit: {nl: procent, en: percent}
  reading: mean
  better: lower
  relevance: 0
  headline: true
"""


@pytest.fixture
def results(swept: Swept, town: Path, tmp_path: Path) -> xr.Dataset:
    """Rate and total of two scenarios under slopes 2 and 6; rate is read as the mean over a year."""
    (town / "scenarios/outputs.yaml").write_text(OUTPUTS)
    plan = swept(
        "scenarios: [actual, none]\noutputs: [rate, total]\ndtype: float64\n"
        "assumptions: {design: factorial, values: {slope: [2, 6]}}\nkeep: [course, final]\n"
    )
    run_sweep(plan, tmp_path / "out.zarr")
    return sd_covid.open(tmp_path / "out.zarr")


def test_the_yearly_iamc_table_has_pyams_columns_and_the_years_that_are_whole(results: xr.Dataset) -> None:
    found = sd_covid.to_iamc(results[["rate", "total"]], yearly=True)
    columns = ["model", "scenario", "region", "variable", "unit", "year", "assumption", "value"]
    assert columns == list(found)
    assert {"sd-covid town"} == set(found["model"])
    assert {"rate", "total|young", "total|old"} == set(found["variable"])
    assert 2 * 2 * 3 * 2 == len(found) == len(found.drop_duplicates(columns[:-1]))

    def value(scenario: str, variable: str, year: int, assumption: int) -> float:
        row = found.query(
            "scenario == @scenario and variable == @variable and year == @year and assumption == @assumption"
        )
        return float(row["value"].item())

    # months 62 to 71 of 2020 and 72 and 73 of 2021 are without subsidy; total is read at the end of the year
    assert 4 + 6 * 10 / 12 == value("none", "rate", 2020, 1)
    assert 4 + 2 * 2 / 12 == pytest.approx(value("none", "rate", 2021, 0), rel=1e-15)
    assert 4.0 == value("actual", "rate", 2021, 1)
    assert 12 * 4 + 10 * 2 == value("none", "total|young", 2020, 0)
    assert 2 * (24 * 4 + 12 * 6) == value("none", "total|old", 2021, 1)


def test_the_iamc_table_has_every_saved_date(results: xr.Dataset) -> None:
    found = sd_covid.to_iamc(results[["rate"]].sel(assumption=[0]))
    assert ["model", "scenario", "region", "variable", "unit", "time", "value"] == list(found)
    assert 2 * 25 == len(found)
    assert pd.Timestamp("2020-01-01") == found["time"].min()
    assert {"percent"} == set(found["unit"])


def test_quantiles_over_draws_become_a_column(results: xr.Dataset) -> None:
    both = results[["rate"]].quantile([0.0, 1.0], "assumption", keep_attrs=True)
    found = sd_covid.to_iamc(both, yearly=True).query("scenario == 'none' and year == 2020")
    assert [0.0, 1.0] == found["quantile"].tolist()
    np.testing.assert_allclose(found["value"], [4 + 2 * 10 / 12, 4 + 6 * 10 / 12], rtol=1e-15)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.xlsx"])
def test_every_format_holds_the_same_numbers(results: xr.Dataset, tmp_path: Path, name: str) -> None:
    file = tmp_path / "new" / name
    sd_covid.write_table(results[["rate", "total"]], file)
    readers = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".xlsx": partial(pd.read_excel, engine="openpyxl"),
    }
    found = readers[file.suffix](file)
    expected = ["scenario", "draw", "assumption", "time", "date", "rate", "total[young]", "total[old]"]
    assert expected == list(found)
    assert 2 * 2 * 25 == len(found)
    last = found[(found["scenario"] == "none") & (found["assumption"] == 1) & (found["time"] == 84)]
    assert [4.0, 24 * 4 + 12 * 6, 2 * (24 * 4 + 12 * 6)] == last.iloc[0, -3:].tolist()
    assert [file] == list(file.parent.iterdir())


def test_a_workbook_has_units_notes_and_what_made_it(results: xr.Dataset, tmp_path: Path) -> None:
    sd_covid.write_table(results[["rate"]], tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx", read_only=True)
    assert ["results", "units and notes", "made with"] == book.sheetnames
    notes = [[cell.value for cell in row] for row in book["units and notes"].rows]
    assert ["rate", "percent", "Graad", "Rate", "course", "What is withheld raises it."] == notes[1]
    made = dict([cell.value for cell in row] for row in book["made with"].rows)
    assert results.attrs["model_hash"] == made["model_hash"]
    book.close()


def test_sums_are_a_table_of_their_own(results: xr.Dataset) -> None:
    table = sd_covid.to_table(results[["total (final)"]])
    assert ["scenario", "draw", "assumption", "total (final)[young]", "total (final)[old]"] == list(table)
    with pytest.raises(RunError, match="some variables have a course and others do not"):
        sd_covid.to_table(results)
    with pytest.raises(RunError, match="the IAMC format needs courses with dates"):
        sd_covid.to_iamc(results[["total (final)"]])


def test_an_unknown_format_or_too_many_rows_are_refused(
    results: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        RunError, match=r"out\.ods: cannot write a '\.ods' file; use one of \.csv, \.parquet, \.xlsx"
    ):
        sd_covid.write_table(results[["rate"]], tmp_path / "out.ods")
    monkeypatch.setattr("sd_covid.policy.sweep.export._ROWS", 99)
    with pytest.raises(RunError, match="100 rows are more than the 99 of a sheet"):
        sd_covid.write_table(results[["rate"]], tmp_path / "out.xlsx")
    assert [] == [file for file in tmp_path.iterdir() if file.suffix in (".xlsx", ".ods")]
