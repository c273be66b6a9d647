"""``sd-covid run``. Expected numbers are the closed form of the model in conftest: level * (1 - rate) a step."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def test_a_figure_has_the_course_of_the_variable(call: Call, drain: Path, tmp_path: Path) -> None:
    """100, 50, 25: the second fall is half of the first, on paper too, to the six decimals of an SVG."""
    file = tmp_path / "new" / "level.svg"
    answer = call("run", drain, "--columns", "level", "--figure", file)
    assert (0, "", f"wrote {file}") == (answer.code, answer.out, answer.last)
    paths = re.findall(r'd="M ([\d. ]+) \nL ([\d. ]+) \nL ([\d. ]+) \n"', file.read_text())
    (falls,) = [np.diff([float(point.split()[1]) for point in path]) for path in paths]
    np.testing.assert_allclose(falls[0], 2 * falls[1], atol=3e-6)


def test_a_figure_says_what_it_is_a_run_of(call: Call, tmp_path: Path) -> None:
    root, file = Path(__file__).parents[2], tmp_path / "rate.svg"
    options = ("-s", root / "scenarios" / "catch-up.yaml", "--path", "no-scarring", "--figure", file)
    answer = call("run", root / "models" / "netherlands.yaml", *options, "--columns", "unemployment rate")
    assert answer.code == 0
    shown = " ".join(re.findall(r"<text[^>]*>(.*?)</text>", file.read_text()))
    assert "Catch-up programme: Without scars" in shown
    assert "unemployment rate" in shown


def test_a_figure_goes_with_a_table(call: Call, drain: Path, tmp_path: Path) -> None:
    table, figure = tmp_path / "level.csv", tmp_path / "level.png"
    assert 0 == call("run", drain, "--columns", "level", "-o", table, "--figure", figure).code
    assert "Time,level\n0,100\n1,50\n2,25\n" == table.read_text()
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "7 variables of 1 runs"),
        (("--columns", "level,rate"), "2 variables of 1 runs"),
        (("-o", "run.nc"), "not all of them"),
        (("--columns", "level", "--figure", "level.gif"), "is no .png, .svg or .pdf"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_it_runs(
    call: Call,
    drain: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call("run", drain, "--figure", "level.svg", *options)
    assert 2 == answer.code
    assert said in answer.last
    assert [drain] == list(tmp_path.iterdir())


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


def test_a_path_of_assumptions_lies_on_top_of_a_scenario_and_the_long_run_is_told_first(
    call: Call, study: Path, tmp_path: Path
) -> None:
    model, scenarios = study / "models" / "netherlands.yaml", study / "scenarios"
    wave = scenarios / "paths" / "new-wave-2027.yaml"
    options = (
        "-s",
        scenarios / "actual.yaml",
        "--path",
        wave,
        "--columns",
        "new wave level,distress prevalence",
    )
    answer = call("run", model, *options, "-o", tmp_path / "run.nc")
    assert 0 == answer.code
    assert answer.err.startswith("long run: What the model leaves of the crisis in mental distress")
    assert "rests largely on one assumption" in answer.err
    assert re.search(
        r"actual: Mental distress.*: 2030 [\d.]+ with scars, [\d.]+ without scars; 2035 ", answer.err
    )
    with xr.open_dataset(tmp_path / "run.nc") as run:
        assert 0.74 == run["new wave level"].isel(scenario=0, time=0)
        told = json.loads(run.attrs["long_run"])
        year = (
            run["distress prevalence"].isel(scenario=0).sel(time=slice(180, 192)).to_numpy()
        )  # 2030, to 1 January 2031
        with_scars, without = told["values"]["actual"]["distress prevalence"]["2030"]
        # The mean over the year by the trapezium rule, as "in 2030" is read of a rate.
        assert float(np.trapezoid(year) / 12) == pytest.approx(with_scars, rel=1e-12)
        assert without < with_scars


def test_a_run_without_the_assumption_says_so_and_one_that_ends_before_it_only_says_what_it_is(
    call: Call, study: Path, tmp_path: Path
) -> None:
    sector, paths = study / "models" / "mental_health.mdl", study / "scenarios" / "paths"
    options = ("--columns", "distress prevalence", "-o", tmp_path / "run.csv")
    bare = call("run", sector, "--path", paths / "no-scarring.yaml", *options)
    assert bare.err.startswith("long run: Without scars. The crisis leaves no scars")
    short = call("run", sector, "--path", paths / "base.yaml", "-p", "FINAL TIME=120", *options)
    assert (0, 1) == (short.code, len(short.err.splitlines()))
    assert short.err.startswith("one run, at the constants as they stand")


def test_a_path_also_lies_on_the_model_as_it_stands_and_says_when_it_changes_nothing(
    call: Call, study: Path, tmp_path: Path
) -> None:
    paths = study / "scenarios" / "paths"
    options = ("--columns", "inflation shock", "-o", tmp_path / "run.csv")
    shock = call(
        "run", study / "models" / "debt.mdl", "--path", paths / "cost-of-living-shock.yaml", *options
    )
    assert 0 == shock.code
    assert 6.0 == pd.read_csv(tmp_path / "run.csv")["inflation shock"].iloc[0]
    other = call("run", study / "models" / "debt.mdl", "--path", paths / "no-scarring.yaml", *options)
    assert "warning: the path 'no-scarring' changes nothing in this model" in other.err


def test_a_path_that_pulls_a_lever_is_refused(call: Call, study: Path, tmp_path: Path) -> None:
    path = study / "scenarios" / "paths" / "base.yaml"
    path.write_text(path.read_text() + "levers: {now: {level: 0}}\n")
    answer = call("run", study / "models" / "debt.mdl", "--path", path, "-o", tmp_path / "run.csv")
    assert 2 == answer.code
    assert "a path of assumptions has no 'levers'" in answer.last
    assert not (tmp_path / "run.csv").exists()


def test_a_path_is_given_by_its_file_or_by_its_bare_name(call: Call, study: Path, tmp_path: Path) -> None:
    sector = study / "models" / "debt.mdl"
    options = ("--columns", "inflation shock", "-o", tmp_path / "run.csv")
    for given in ("cost-of-living-shock", "cost-of-living-shock.yaml"):
        assert 0 == call("run", sector, "--path", given, *options).code
        assert 6.0 == pd.read_csv(tmp_path / "run.csv")["inflation shock"].iloc[0]


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (
            "cost-of-living-shok",
            "error: there is no path 'cost-of-living-shok'; did you mean 'cost-of-living-",
        ),
        ("zzz", "use one of base, cost-of-living-shock, "),
        ("STUDY/scenarios/paths/no-scaring.yaml", "did you mean 'no-scarring'?"),
    ],
)
def test_a_path_that_is_not_there_names_the_nearest(
    call: Call, study: Path, tmp_path: Path, given: str, advice: str
) -> None:
    given = given.replace("STUDY", str(study))
    answer = call("run", study / "models" / "debt.mdl", "--path", given, "-o", tmp_path / "run.csv")
    assert 2 == answer.code
    assert advice in answer.last
    assert not (tmp_path / "run.csv").exists()
