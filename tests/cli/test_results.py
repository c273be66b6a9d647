"""Files of single runs. Expected texts follow the public contract: Time first, the model's names, 17 digits, nan."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sd_covid.cli import results
from sd_covid.errors import RunError


def a_run(shift: float = 0.0, time: tuple[float, ...] = (0.0, 0.5)) -> xr.Dataset:
    steps = len(time)
    rate = shift + np.arange(steps * 4.0).reshape(steps, 2, 2) / 3
    return xr.Dataset(
        {
            "Jobs": ("time", np.full(steps, 0.1) + shift, {"units": "thousand persons"}),
            "rate": (("time", "age", "group"), rate),
            "Delay Time": ((), 3.0),
            "share": ("group", np.array([np.nan, -np.inf])),
        },
        coords={"time": list(time), "age": ["Youth", "Adult"], "group": ["regular", "at risk"]},
        attrs={
            "model": "small",
            "seed": 0,
            "versions": {"sd_covid": "1"},
            "scenario": "",
            "parameters": {"Jobs": 1.0},
        },
    )


def test_csv_has_time_first_then_every_element_of_every_variable_at_every_saved_time() -> None:
    stream = io.StringIO()
    results.write_csv(a_run(), stream)
    expected = (
        'Time,Jobs,"rate[Youth,regular]","rate[Youth,at risk]","rate[Adult,regular]","rate[Adult,at risk]",'
        "Delay Time,share[regular],share[at risk]\n"
        "0,0.10000000000000001,0,0.33333333333333331,0.66666666666666663,1,3,nan,-inf\n"
        "0.5,0.10000000000000001,1.3333333333333333,1.6666666666666667,2,2.3333333333333335,3,nan,-inf\n"
    )
    assert expected == stream.getvalue()


def test_numbers_in_a_csv_read_back_as_the_same_bits(tmp_path: Path) -> None:
    values = np.random.default_rng(1).standard_normal(100) * 10.0 ** np.arange(-50, 50)
    run = xr.Dataset({"x": ("time", values)}, coords={"time": np.arange(100.0)}, attrs={"model": "m"})
    results.write({"": run}, tmp_path / "x.csv", "csv")
    read = [float(line.split(",")[1]) for line in (tmp_path / "x.csv").read_text().splitlines()[1:]]
    assert values.tolist() == read


def test_several_scenarios_as_csv_are_one_file_each_in_a_folder(tmp_path: Path) -> None:
    form = results.form_of(tmp_path / "runs", several=True)
    results.write({"low": a_run(), "high": a_run(1.0)}, tmp_path / "runs", form)
    assert ["high.csv", "low.csv"] == sorted(file.name for file in (tmp_path / "runs").iterdir())
    assert 1.1 == pd.read_csv(tmp_path / "runs" / "high.csv")["Jobs"][0]


@pytest.mark.parametrize("name", ["runs.nc", "runs.zarr"])
def test_datasets_keep_scenarios_units_and_how_they_were_made(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    results.write({"low": a_run(), "high": a_run(1.0)}, path, results.form_of(path, several=True))
    with xr.open_dataset(path, engine="zarr" if name.endswith("zarr") else "netcdf4") as kept:
        assert ("scenario", "time") == kept["Jobs"].dims
        assert ["low", "high"] == kept["scenario"].values.tolist()
        assert "thousand persons" == kept["Jobs"].attrs["units"]
        np.testing.assert_array_equal(a_run(1.0)["rate"], kept["rate"].sel(scenario="high"))
        assert {"low": {"Jobs": 1.0}, "high": {"Jobs": 1.0}} == json.loads(kept.attrs["parameters"])


def test_writing_twice_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    for shift in (0.0, 1.0):
        for name in ("run.zarr", "run.nc", "run.parquet", "run.csv"):
            path = tmp_path / name
            results.write({"": a_run(shift)}, path, results.form_of(path, several=False))
    assert ["run.csv", "run.nc", "run.parquet", "run.zarr"] == sorted(
        file.name for file in tmp_path.iterdir()
    )
    assert 1.1 == pd.read_parquet(tmp_path / "run.parquet")["Jobs"][0]


def test_parquet_has_the_columns_of_the_csv_after_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    results.write({"low": a_run(), "high": a_run(1.0)}, path, "parquet")
    table = pd.read_parquet(path)
    assert ["scenario", "Time", "Jobs", "rate[Youth,regular]"] == table.columns[:4].tolist()
    assert ["low", "low", "high", "high"] == table["scenario"].tolist()


def test_a_result_that_fails_half_way_leaves_the_earlier_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("earlier")
    with pytest.raises(ValueError, match="could not convert"):
        results.write({"": a_run().assign(note=("time", ["not", "a number"]))}, path, "csv")
    assert {"run.csv": "earlier"} == {file.name: file.read_text() for file in tmp_path.iterdir()}


def test_a_folder_that_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run.zarr").mkdir()
    (tmp_path / "run.zarr" / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="not a Zarr store"):
        results.write({"": a_run()}, tmp_path / "run.zarr", "zarr")
    assert ["run.zarr"] == [file.name for file in tmp_path.iterdir()]
    assert "mine" == (tmp_path / "run.zarr" / "thesis.txt").read_text()


def test_scenarios_saved_at_different_times_do_not_become_one_array(tmp_path: Path) -> None:
    runs = {"short": a_run(), "long": a_run(time=(0.0, 0.5, 1.0))}
    with pytest.raises(RunError, match="'long' is saved at other times"):
        results.write(runs, tmp_path / "runs.nc", "nc")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "several", "expected"),
    [
        ("a.csv", False, "csv"),
        ("a.csv", True, "folder"),
        ("a", True, "folder"),
        ("A.NC", True, "nc"),
        ("a.zarr", False, "zarr"),
        ("a.parquet", True, "parquet"),
    ],
)
def test_the_name_decides_the_format(tmp_path: Path, name: str, several: bool, expected: str) -> None:
    assert expected == results.form_of(tmp_path / name, several=several)


def test_an_unknown_format_and_several_scenarios_without_a_place_are_refused() -> None:
    with pytest.raises(RunError, match=r"'\.xls'"):
        results.form_of(Path("a.xls"), several=False)
    with pytest.raises(RunError, match="several scenarios"):
        results.form_of(None, several=True)
