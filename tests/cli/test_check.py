"""``sd-covid check``: PySD runs the same model in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Call


def test_a_linear_model_agrees_with_pysd_but_its_step_of_a_month_is_too_large(
    call: Call, drain: Path
) -> None:
    """After two months 25 are left at a step of one, and 100 * 0.75 ** 4 = 31.6 at half of it: 6.6 of at most 100."""
    answer = call("check", drain)
    assert 1 == answer.code
    assert "drain: not passed" == answer.out.splitlines()[-1]
    assert "failed: half step: level" in answer.out
    assert "second engine" not in answer.out
    assert "0.0664" in answer.out
    assert "by half the step, 'level' moves most of all stocks: 6.64% at Time 2" in answer.out


def small_step(drain: Path) -> str:
    """The model at a step so small that Euler's error is at most 0.2 of 100: step / 2 * 0.5² * 100 * 2."""
    drain.write_text(drain.read_text().replace("TIME STEP = 1", "TIME STEP = 0.0078125"))
    return drain.read_text()


def test_a_small_step_passes(call: Call, drain: Path) -> None:
    small_step(drain)
    answer = call("check", drain, "--no-pysd")
    assert (0, "drain: passed (not compared with PySD)") == (answer.code, answer.out.splitlines()[-1])


def test_units_that_disagree_fail_with_file_and_line_in_the_table(call: Call, drain: Path) -> None:
    drain.write_text(small_step(drain).replace("rate * level ~ person/Month", "rate * level ~ person"))
    answer = call("check", drain, "--no-pysd")
    assert (1, "failed: units: level, outflow") == (answer.code, answer.out.splitlines()[-2])
    assert "drain.mdl:4" in answer.out
    assert "'outflow' computes person/Month, declared person" in answer.out
    assert "Units: 2 errors, 0 warnings" in answer.out


def test_everything_found_is_written_for_programs(call: Call, drain: Path, tmp_path: Path) -> None:
    drain.write_text(small_step(drain) + "share = 1 / (1 - Time / (2 * rate ^ -1 / 4)) ~ hare ~ |\n")
    out = tmp_path / "found.json"
    answer = call("check", drain, "--no-pysd", "--json", out)
    told = json.loads(out.read_text())
    assert (1, False, None) == (answer.code, told["passed"], told["second_engine"])
    assert {"units": ["share"], "finite": ["share"]} == told["failed"]
    (finding,) = told["units"]["findings"]
    assert ["error", "mismatch", "share", "dimensionless", "hare"] == [
        finding[name] for name in ("severity", "fault", "variable", "computed", "expected")
    ]
    assert ({"stock": 0.05, "headline": 0.005, "warning": 0.005, "second_engine": 1e-9}) == told["tolerances"]
    assert 1.0 == told["not_finite"][0]["time"]


def test_a_variable_that_is_not_finite_is_named(call: Call, drain: Path) -> None:
    drain.write_text(drain.read_text() + "share = 1 / (1 - Time) ~ 1 ~ |\n")
    answer = call("check", drain, "--no-pysd")
    assert 1 == answer.code
    assert "failed: finite: share" in answer.out.splitlines()


def test_a_run_of_pysd_that_ends_early_is_compared_as_far_as_it_goes(call: Call, drain: Path) -> None:
    small_step(drain)
    answer = call("check", drain, "--until", 0.25)
    assert (0, "drain: passed") == (answer.code, answer.out.splitlines()[-1])


def test_a_model_that_cannot_be_written_for_pysd_is_checked_without(call: Call) -> None:
    answer = call("check", Path(__file__).parents[1] / "models" / "xmile_conveyor.xmile")
    assert "PySD cannot run xmile_conveyor: 'school': an .mdl has no function" in answer.err
    assert "not compared with RK4" in answer.out
    assert 0 == answer.code
