"""Adaptive steps against closed forms, a stiff model, and small fixed steps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from sd_covid.engine.simulation import load
from sd_covid.errors import ModelError, RunError, UnknownNameError

OSCILLATOR = "x = INTEG(v, 1) ~~|\nv = INTEG(-w * w * x, 0) ~~|\nw = 2 ~~|\n"
STIFF = """
a = INTEG(-0.04 * a + 10000 * b * c, 1) ~~|
b = INTEG(0.04 * a - 10000 * b * c - 30000000 * b * b, 0) ~~|
c = INTEG(30000000 * b * b, 0) ~~|
"""


def test_follows_the_closed_form_within_the_tolerance(simulate):
    """cos(2 t): errors of steps of 1e-8 add up to some 1e-6 over 20 time units; Euler's error is beyond 1."""
    model = simulate(OSCILLATOR, final=20, step=0.25)
    found = model.integrated("adaptive", 1e-8).run()
    np.testing.assert_allclose(found["x"], np.cos(2 * found["time"]), atol=2e-5)
    assert found.attrs["integration"] == "adaptive"
    assert np.abs(model.run()["x"] - np.cos(2 * found["time"])).max() > 1


def test_runs_a_stiff_model_in_long_steps(simulate):
    """Robertson's chemical reactions: an explicit method needs steps below 0.001; scipy's BDF is the second opinion."""
    found = simulate(STIFF, final=40, step=1).integrated("adaptive", 1e-8).run()

    def flow(_, y):
        fast, slow = 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return [-0.04 * y[0] + fast, 0.04 * y[0] - fast - slow, slow]

    expected = solve_ivp(flow, (0, 40), [1, 0, 0], method="BDF", rtol=1e-10, atol=1e-14).y[:, -1]
    for name, value in zip("abc", expected, strict=True):
        assert float(found[name][-1]) == pytest.approx(value, rel=2e-5)


def test_members_differ_and_agree_with_small_fixed_steps(simulate):
    """RK4 with steps of 1/64 errs by 1e-7 here; data, delays and samples change at multiples of TIME STEP."""
    text = OSCILLATOR + (
        "late = DELAY FIXED(x, 1, 0.5) ~~|\nkept = SAMPLE IF TRUE(MODULO(Time, 2) < 0.1, x, 0) ~~|\n"
        "s = INTEG(STEP(1, 3) - s / 2, 0) ~~|\n"  # a jump within the run: 2 (1 - exp(-(t - 3) / 2)) after it
    )
    frame = pd.DataFrame({"w": [1.0, 2.0, 3.0]})
    coarse = simulate(text, final=8, step=0.5).integrated("adaptive", 1e-8)
    fine = simulate(text.replace("< 0.1", "< 0.001"), final=8, step=1 / 64).integrated("rk4")
    after = np.maximum(coarse.run(frame, ["s"])["time"] - 3, 0)
    np.testing.assert_allclose(coarse.run(frame, ["s"])["s"][0], 2 * (1 - np.exp(-after / 2)), atol=2e-6)
    for name in ("x", "late"):
        found = coarse.run(frame, [name])[name]
        expected = fine.run(frame, [name])[name].sel(time=found["time"])
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_random_numbers_are_those_of_a_fixed_step(simulate):
    model = simulate("x = RANDOM UNIFORM(0, 1, 3) ~~|\ns = INTEG(x, x) ~~|", final=3, step=0.5)
    adaptive, euler = (model.integrated(m).run(seed=5) for m in ("adaptive", "euler"))
    np.testing.assert_array_equal(adaptive["x"], euler["x"])
    np.testing.assert_allclose(adaptive["s"], euler["s"], rtol=1e-12)


def test_a_run_that_fails_is_a_failed_member(simulate):
    """x' = x² from 1 is infinite at 1/x0."""
    model = simulate("x = INTEG(x * x, start) ~~|\nstart = 1 ~~|", final=3, step=0.25).integrated("adaptive")
    found = model.run(pd.DataFrame({"start": [0.1, 1.0]}), ["x"])
    assert found.attrs["failed_members"] == 1
    np.testing.assert_allclose(found["x"][0], 1 / (10 - found["time"]), rtol=1e-5)


def test_errors_say_what_cannot_be_done(simulate):
    model = simulate(OSCILLATOR)
    with pytest.raises(UnknownNameError, match="rk4"):
        model.integrated("rk44")
    with pytest.raises(RunError, match="tolerance"):
        model.integrated("adaptive", 2)
    adaptive = model.integrated("adaptive")
    with pytest.raises(RunError, match="no derivatives"):
        adaptive.jacobian(["x"], {"w": 2})
    with pytest.raises(RunError, match="fixed step"):
        adaptive.snapshot(at=2)


@pytest.mark.parametrize("method", ["midpoint", "rk2"])
def test_methods_of_two_stages_are_of_second_order(simulate, method):
    """Halving the step divides the error by four, to a tenth."""
    errors = []
    for step in (1 / 32, 1 / 64):
        found = simulate(OSCILLATOR, final=4, step=step).integrated(method).run()
        errors.append(float(np.abs(found["x"] - np.cos(2 * found["time"])).max()))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("method", ["midpoint", "rk2", "rk4", "adaptive"])
@pytest.mark.parametrize("file", ["xmile_conveyor", "xmile_queue"])
def test_what_moves_once_a_step_is_refused_within_steps(file, method):
    model = load(Path(__file__).parents[1] / "models" / f"{file}.xmile")
    with pytest.raises(ModelError, match=f"a (conveyor|queue) runs with Euler's method, not {method}"):
        model.integrated(method)
