"""``sd-covid run``. Expected numbers are the closed form of the model in conftest: level * (1 - rate) a step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from tests.cli.conftest import Call


def test_without_output_the_csv_goes_to_standard_output(call: Call, drain: Path) -> None:
    answer = call("run", drain)
    expected = (
        "Time,rate,level,outflow,INITIAL TIME,FINAL TIME,TIME STEP,SAVEPER\n"
        "0,0.5,100,50,0,2,1,1\n"
        "1,0.5,50,25,0,2,1,1\n"
        "2,0.5,25,12.5,0,2,1,1\n"
    )
    assert (0, expected, "") == (answer.code, answer.out, answer.err)


def test_parameters_are_set_by_names_as_vensim_matches_them(call: Call, drain: Path) -> None:
    answer = call("run", drain, "-p", "RATE=0.25", "-p", "final_time=1", "--columns", "level")
    assert "Time,level\n0,100\n1,75\n" == answer.out


def test_columns_carry_the_spelling_asked_for_in_the_order_asked_for(call: Call, drain: Path) -> None:
    answer = call("run", drain, "--columns", "Outflow, LEVEL", "--columns", "rate")
    assert "Time,Outflow,LEVEL,rate" == answer.out.splitlines()[0]


@pytest.mark.parametrize("name", ["run.csv", "run.nc", "run.zarr", "run.parquet"])
def test_every_format_holds_the_same_numbers(call: Call, drain: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "new folder" / name
    assert 0 == call("run", drain, "-o", path).code
    if name.endswith("csv"):
        found = pd.read_csv(path)["level"]
    elif name.endswith("parquet"):
        found = pd.read_parquet(path)["level"]
    else:
        with xr.open_dataset(path, engine="zarr" if name.endswith("zarr") else "netcdf4") as run:
            assert "person" == run["level"].attrs["units"]
            assert "What is left." == run["level"].attrs["documentation"]
            found = run["level"].load().to_series()
    assert [100.0, 50.0, 25.0] == found.tolist()


def test_what_is_not_finite_is_written_with_a_warning_and_exit_code_0(call: Call, drain: Path) -> None:
    drain.write_text(drain.read_text() + "share = 1 / (2 - Time) ~ 1 ~ |\nsame = LN(-1) ~ 1 ~ |\n")
    answer = call("run", drain, "--columns", "share,same")
    assert "Time,share,same\n0,0.5,nan\n1,1,nan\n2,inf,nan\n" == answer.out
    assert 0 == answer.code
    assert "warning: 'same' is not finite from Time 0, and 1 other variables" == answer.last


def test_a_reader_that_stops_early_is_no_fault(drain: Path) -> None:
    drain.write_text(drain.read_text().replace("FINAL TIME = 2", "FINAL TIME = 100000"))
    program = f"{sys.executable} -c 'from sd_covid.cli import main; main()' run {drain} | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert ("Time,rate,level,outflow,INITIAL TIME,FINAL TIME,TIME STEP,SAVEPER\n", "") == (
        done.stdout,
        done.stderr,
    )


def test_scenarios_are_written_one_file_each(call: Call, study: Path, tmp_path: Path) -> None:
    scenarios = [study / "scenarios" / f"{name}.yaml" for name in ("actual", "no-support")]
    options = ("-s", scenarios[0], "-s", scenarios[1], "--columns", "NOW level,Tozo level")
    assert 0 == call("run", study / "models" / "netherlands.yaml", *options, "-o", tmp_path / "runs").code
    levels = {path.stem: pd.read_csv(path).iloc[0, 1:].tolist() for path in (tmp_path / "runs").iterdir()}
    assert {"actual": [1.0, 1.0], "no-support": [0.0, 0.0]} == levels


def test_scenarios_share_one_array_and_the_command_line_overrules_them(
    call: Call, study: Path, tmp_path: Path
) -> None:
    scenarios = [study / "scenarios" / f"{name}.yaml" for name in ("actual", "no-support")]
    options = (
        "-s",
        scenarios[0],
        "-s",
        scenarios[1],
        "-p",
        "tozo_level=0.5",
        "--columns",
        "NOW level,Tozo level",
    )
    path = tmp_path / "runs.zarr"
    assert 0 == call("run", study / "models" / "netherlands.yaml", *options, "-o", path).code
    with xr.open_dataset(path, engine="zarr") as runs:
        assert [1.0, 0.0] == runs["NOW level"].sel(scenario=["actual", "no-support"]).isel(
            time=0
        ).values.tolist()
        assert [0.5, 0.5] == runs["Tozo level"].isel(time=0).values.tolist()
