"""Runs against closed forms, derived beside each test."""

import numpy as np
import pytest

from sd_covid.errors import ModelError, RunError

DECAY = "x = INTEG(-rate * x, 100) ~ ~ |\nrate = 0.3 ~ 1/Month ~ |\n"
OSCILLATOR = "x = INTEG(v, 1) ~ ~ |\nv = INTEG(-w * w * x, 0) ~ ~ |\nw = 1.7 ~ ~ |\n"


def test_euler_is_the_exact_solution_of_its_difference_equation(simulate):
    """x_n = x_0 (1 - rate dt)^n; rounding only: 40 steps of one multiplication and one addition each."""
    x = simulate(DECAY).run()["x"].to_numpy()
    np.testing.assert_allclose(x, 100 * (1 - 0.3 * 0.25) ** np.arange(41), rtol=1e-14)


def test_runge_kutta_takes_its_own_polynomial_of_the_exponential(simulate):
    """For x' = -r x one step multiplies by 1 - z + z²/2 - z³/6 + z⁴/24, z = r dt (Hairer, Nørsett & Wanner, II.1)."""
    z = 0.3 * 0.25
    factor = 1 - z + z**2 / 2 - z**3 / 6 + z**4 / 24
    x = simulate(DECAY, rk4=True).run()["x"].to_numpy()
    np.testing.assert_allclose(x, 100 * factor ** np.arange(41), rtol=1e-13)


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_midpoints_take_a_switch_at_a_whole_step_exactly(simulate, engine, monkeypatch):
    """x' = 1 from 3 on gives x = max(0, t - 3), and x' = t gives t²/2: the method integrates both without error."""
    text = "x = INTEG(IF THEN ELSE(Time >= 3, 1, 0), 0) ~~|\ny = INTEG(Time, 0) ~~|\n"
    monkeypatch.setenv("SD_COVID_ENGINE", engine)
    run = simulate(text, step=0.5).integrated("midpoint").run()
    time = run["time"].to_numpy()
    np.testing.assert_allclose(run["x"], np.maximum(time - 3, 0), atol=1e-14)
    np.testing.assert_allclose(run["y"], time**2 / 2, rtol=1e-14)


def test_another_step_is_that_of_the_constant(simulate):
    model = simulate(DECAY)
    other = model.integrated("euler", step=0.125)
    assert other.constants["TIME STEP"] == 0.125
    np.testing.assert_array_equal(other.run()["x"], model.run({"TIME STEP": 0.125})["x"])
    with pytest.raises(RunError, match="goes nowhere"):
        model.integrated("euler", step=0)


@pytest.mark.parametrize(("rk4", "order"), [(False, 1), (True, 4)])
def test_error_falls_with_the_order_of_the_method(simulate, rk4, order):
    """Halving the step divides the error of cos(w t) by 2^order, to within a fifth at these steps."""
    errors = []
    for step in (1 / 64, 1 / 128):
        run = simulate(OSCILLATOR, final=2, step=step, rk4=rk4).run(outputs=["x"])
        errors.append(abs(float(run["x"][-1]) - np.cos(1.7 * 2)))
    assert 2**order * 0.8 < errors[0] / errors[1] < 2**order * 1.2


def test_time_dependent_flow_is_sampled_halfway_by_runge_kutta(simulate):
    """x' = t³ has the solution t⁴/4, which Simpson's rule, and so RK4, integrates without error."""
    run = simulate("x = INTEG(Time * Time * Time, 0) ~ ~ |\n", rk4=True).run()
    np.testing.assert_allclose(run["x"], run["time"].to_numpy() ** 4 / 4, atol=1e-11)


def test_first_order_delay_answers_a_step_with_one_minus_an_exponential(simulate):
    """SMOOTH of a step of height 1 at 0 with time T: 1 - exp(-t/T); RK4 at dt = 1/16: error below (dt/T)⁴."""
    model = simulate("y = SMOOTHI(1, 4, 0) ~ ~ |\n", step=1 / 16, rk4=True)
    run = model.run()
    np.testing.assert_allclose(run["y"], 1 - np.exp(-run["time"].to_numpy() / 4), atol=(1 / 64) ** 4)


def test_third_order_delay_is_an_erlang_distribution(simulate):
    """DELAY3 of a unit step: 1 - e^{-a}(1 + a + a²/2), a = 3 t / T (Sterman 2000, ch. 11)."""
    run = simulate("y = DELAY3I(1, 6, 0) ~ ~ |\n", step=1 / 16, rk4=True).run()
    a = 3 * run["time"].to_numpy() / 6
    np.testing.assert_allclose(run["y"], 1 - np.exp(-a) * (1 + a + a**2 / 2), atol=(1 / 32) ** 4)


def test_fixed_delay_gives_the_input_back_unchanged(simulate):
    """DELAY FIXED of Time by 2.5 months: the initial value before, Time - 2.5 from there on, exactly."""
    run = simulate("y = DELAY FIXED(Time, 2.5, -7) ~ ~ |\n").run()
    t = run["time"].to_numpy()
    np.testing.assert_array_equal(run["y"], np.where(t < 2.5, -7, t - 2.5))


def test_stocks_that_exchange_conserve_their_sum(simulate):
    """Total of two compartments: constant but for rounding, 40 steps of two additions."""
    text = "a = INTEG(-f, 7) ~ ~ |\nb = INTEG(f, 3) ~ ~ |\nf = 0.4 * a - 0.1 * b ~ ~ |\n"
    run = simulate(text).run()
    np.testing.assert_allclose(run["a"] + run["b"], 10, rtol=1e-14)


def test_switches_come_at_their_step_whatever_the_rounding(simulate):
    """Steps of 0.1 add up to 2.9999999999999996 where 3 is meant, so Vensim compares with half a step."""
    text = (
        "s = STEP(1, 3) ~ ~ |\np = PULSE(3, 0.5) ~ ~ |\nr = RAMP(2, 3, 5) ~ ~ |\n"
        "train = PULSE TRAIN(1, 0.2, 2, 8) ~ ~ |\n"
    )
    run = simulate(text, step=0.1).run()
    n = np.arange(101)
    np.testing.assert_array_equal(run["s"], n >= 30)
    np.testing.assert_array_equal(run["p"], (n >= 30) & (n < 35))
    np.testing.assert_array_equal(run["train"], (n >= 10) & (n < 80) & ((n - 10) % 20 < 2))
    np.testing.assert_allclose(run["r"], 2 * (np.clip(n / 10, 3, 5) - 3), atol=1e-12)


def test_a_sample_may_compare_with_what_it_was(simulate):
    """The least value so far, as models write it; in a loop through another variable it stays an error."""
    model = simulate(
        "x = COS(Time) * (10 - Time) ~~|\nleast = SAMPLE IF TRUE(x < least, x, x) ~~|", step=0.25
    )
    found = model.run()
    np.testing.assert_array_equal(found["least"], np.minimum.accumulate(found["x"].to_numpy()))
    with pytest.raises(ModelError, match="simultaneous"):
        simulate("y = least + 1 ~~|\nleast = SAMPLE IF TRUE(y < 3, Time, 1) ~~|")
