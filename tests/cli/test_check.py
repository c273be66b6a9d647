"""``sd-covid check``: PySD runs the same model in a process of its own."""

from __future__ import annotations

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


def test_a_small_step_passes(call: Call, drain: Path) -> None:
    """Euler's error is at most step / 2 * largest second derivative (0.5² * 100) * span (2): 0.2 of at most 100."""
    drain.write_text(drain.read_text().replace("TIME STEP = 1", "TIME STEP = 0.0078125"))
    answer = call("check", drain)
    assert (0, "drain: passed") == (answer.code, answer.out.splitlines()[-1])


def test_a_variable_that_is_not_finite_is_named(call: Call, drain: Path) -> None:
    drain.write_text(drain.read_text() + "share = 1 / (1 - Time) ~ 1 ~ |\n")
    answer = call("check", drain)
    assert 1 == answer.code
    assert "failed: finite: share" in answer.out.splitlines()
