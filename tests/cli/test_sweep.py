"""``sd-covid sweep``. Expected values: the closed form of the model in conftest, level = 100 * (1 - rate) ** Time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sd_covid
from tests.cli.conftest import Call

SWEEP = """\
model: drain.mdl
outputs: [level]
assumptions: {design: factorial, values: {rate: [0, 0.5, 1]}}
"""


@pytest.fixture
def sweep(drain: Path) -> Path:
    """A sweep of the model that drains, under three rates."""
    path = drain.with_name("sweep.yaml")
    path.write_text(SWEEP)
    return path


def test_a_sweep_is_run_told_and_opened(call: Call, sweep: Path, tmp_path: Path) -> None:
    answer = call("sweep", sweep, "-o", tmp_path / "out.zarr")
    assert 0 == answer.code
    assert f"{tmp_path / 'out.zarr'}\n" == answer.out
    assert "3 runs in the store, 3 of them new" == answer.last
    found = sd_covid.open(tmp_path / "out.zarr")
    np.testing.assert_array_equal(found["level"].values[0, 0], [[100, 100, 100], [100, 50, 25], [100, 0, 0]])


def test_what_is_there_is_not_run_again(call: Call, sweep: Path, tmp_path: Path) -> None:
    answer = call("sweep", sweep, "-o", tmp_path / "out.zarr", "--resume")
    assert f"{tmp_path / 'out.zarr'} is not there yet: the sweep begins" in answer.err
    assert (
        "3 runs in the store, 0 of them new"
        == call("sweep", sweep, "-o", tmp_path / "out.zarr", "--resume").last
    )
    answer = call("sweep", sweep, "-o", tmp_path / "out.zarr")
    assert (2, True) == (
        answer.code,
        answer.last.startswith(f"error: {tmp_path / 'out.zarr'}: is there already"),
    )


def test_runs_that_fail_are_told(call: Call, sweep: Path, tmp_path: Path) -> None:
    model = sweep.with_name("drain.mdl")
    model.write_text(model.read_text() + "share = LN(0.7 - rate) ~ 1 ~ |\n")
    sweep.write_text(SWEEP.replace("[level]", "[level, share]"))
    answer = call("sweep", sweep, "-o", tmp_path / "out.zarr")
    assert 0 == answer.code
    assert "warning: 1 of 3 runs did not stay finite: see failed_time and failed_output" in answer.err


def test_an_interruption_says_how_to_go_on(
    call: Call, sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sd_covid.policy.sweep.work.Work.run", interrupt)
    answer = call("sweep", sweep, "-o", tmp_path / "out.zarr")
    assert 130 == answer.code
    assert (
        f"the blocks that are done are kept in {tmp_path / 'out.zarr'}: --resume goes on from there"
        in answer.err
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("outputs: [level]", "outputs: [lavel]", "sweep.yaml:2: 'outputs[0]': 'lavel'"),
        ("model: drain.mdl", "model: gone.mdl", "sweep.yaml:1: 'model': the file 'gone.mdl' does not exist"),
        (
            "model: drain.mdl",
            "model: ../out.mdl",
            "sweep.yaml:1: 'model': '../out.mdl' lies outside the study",
        ),
        ("model: drain.mdl", "modal: drain.mdl", "the key 'model' is missing"),
    ],
)
def test_a_fault_in_the_file_is_one_line(
    call: Call, sweep: Path, tmp_path: Path, old: str, new: str, told: str
) -> None:
    sweep.write_text(SWEEP.replace(old, new))
    answer = call("sweep", sweep, "-o", tmp_path / "out.zarr")
    assert 2 == answer.code
    assert told in answer.last
    assert answer.last.startswith("error: ")
    assert not (tmp_path / "out.zarr").exists()


def test_misuse_is_refused(call: Call, sweep: Path, tmp_path: Path) -> None:
    answer = call("sweep", sweep, "-o", tmp_path / "out.csv")
    assert (2, True) == (answer.code, "the result is a .zarr file" in answer.last)
    answer = call(
        "sweep", sweep, "-o", tmp_path / "a.zarr", "--scheduler", "tcp://127.0.0.1:1", "--workers", 2
    )
    assert (2, True) == (answer.code, "--scheduler and --workers are two ways to do it" in answer.last)


def test_workers_of_this_machine_give_the_same(call: Call, sweep: Path, tmp_path: Path) -> None:
    assert 0 == call("sweep", sweep, "-o", tmp_path / "here.zarr").code
    assert 0 == call("sweep", sweep, "-o", tmp_path / "there.zarr", "--workers", 1).code
    here, there = (sd_covid.open(tmp_path / name) for name in ("here.zarr", "there.zarr"))
    np.testing.assert_array_equal(here["level"], there["level"])
