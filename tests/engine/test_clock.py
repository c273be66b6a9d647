"""Time bounds that move, against sums done by hand, closed forms and central differences."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.simulation import Simulation, load
from sd_covid.errors import ModelError, RunError

METHODS = {"euler": 0, "rk4": 1, "rk2": 3}
TAIL = "\\\\\\---/// Sketch information\nV300\n///---\\\\\\\n:L\x7f<%^E!@\n15:0,0,0,{method},0,0\n"
STEP = "TIME STEP = IF THEN ELSE(Time < 2, 0.5, 0.25)~~|\n"
FINAL = "FINAL TIME = 4~~|\n"
SAVED = "SAVEPER = TIME STEP~~|\n"
BEGIN = "INITIAL TIME = 0~~|\n"
INSTANTS = [0, 0.5, 1, 1.5, 2, *np.arange(2.25, 4.01, 0.25)]


@pytest.fixture
def moving(tmp_path: Path):
    """Give a function that turns equations and time bounds into a simulation."""

    def make(equations: str, bounds: str = BEGIN + FINAL + STEP + SAVED, method: str = "euler") -> Simulation:
        path = tmp_path / "model.mdl"
        path.write_text(
            "{UTF-8}\n" + equations + bounds + TAIL.format(method=METHODS[method]), encoding="utf-8"
        )
        return load(path)

    return make


def test_a_stock_grows_by_the_step_of_each_moment(moving):
    """Euler's method by hand: x' = -x / 3."""
    run = moving("x = INTEG(-x/3, 9)~~|\nstep now = TIME STEP~~|\n").run()
    np.testing.assert_allclose(run["time"], INSTANTS, rtol=0, atol=1e-15)
    lengths = np.diff([*INSTANTS, 4.25])
    np.testing.assert_allclose(run["step now"], lengths, rtol=0, atol=0)
    expected = 9 * np.cumprod([1.0, *(1 - lengths[:-1] / 3)])
    np.testing.assert_allclose(run["x"], expected, rtol=1e-14)


@pytest.mark.parametrize(("method", "power"), [("rk2", 1), ("rk4", 3)])
def test_runge_kutta_is_exact_where_its_rule_is(moving, method, power):
    """The trapezium rule integrates a line exactly, Simpson's a cubic, whatever the steps."""
    run = moving(f"x = INTEG(Time^{power}, 0)~~|\n", method=method).run()
    np.testing.assert_allclose(run["x"], run["time"] ** (power + 1) / (power + 1), rtol=1e-13)


def test_a_run_ends_where_a_stock_says(moving):
    """Ten a month from 0, until it holds 25: the first instant beyond is 2.5."""
    ends = "FINAL TIME = IF THEN ELSE(x >= 25, Time, 100)~~|\nTIME STEP = 0.5~~|\n"
    run = moving("x = INTEG(10, 0)~~|\n", BEGIN + ends + SAVED).run()
    assert float(run["time"][-1]) == 2.5
    assert float(run["x"][-1]) == 25


def test_the_initial_time_may_depend_on_time_which_is_then_0(moving):
    begin = "INITIAL TIME = IF THEN ELSE(Time < 3, 1, 7)~~|\n"
    run = moving("x = Time~~|\n", begin + FINAL + STEP + SAVED).run()
    assert float(run["x"][0]) == 1
    assert float(run["INITIAL TIME"][0]) == 1
    assert float(run["INITIAL TIME"][-1]) == 7
    run = moving("x = Time~~|\n", "INITIAL TIME = 2 * Time + 1~~|\n" + FINAL + STEP + SAVED).run()
    assert float(run["x"][0]) == 1


def test_a_saveper_that_grows_saves_less_often(moving):
    saved = "SAVEPER = IF THEN ELSE(Time < 2, 0.5, 1)~~|\n"
    run = moving("x = Time~~|\n", BEGIN + FINAL + STEP + saved).run()
    np.testing.assert_array_equal(run["time"], [0, 0.5, 1, 1.5, 2, 3, 4])
    np.testing.assert_array_equal(run["x"], run["time"])


def test_data_are_read_at_the_instants(moving, tmp_path):
    (tmp_path / "d.csv").write_text("time,0,4\nd,0,8\n", encoding="utf-8")
    data = "d := GET DIRECT DATA('d.csv', ',', '1', 'B2')~~|\nx = INTEG(d, 0)~~|\n"
    run = moving(data, method="rk2").run()
    np.testing.assert_allclose(run["d"], 2 * run["time"], rtol=1e-15)
    np.testing.assert_allclose(run["x"], run["time"] ** 2, rtol=1e-14)


def test_pulses_last_as_long_as_the_step_and_fixed_delays_as_many_steps(moving):
    run = moving("p = PULSE(2, 0.1)~~|\nd = DELAY FIXED(Time, 1, -1)~~|\n").run()
    np.testing.assert_array_equal(run["time"][run["p"] > 0], [2.0])
    np.testing.assert_array_equal(run["d"], [-1, -1, *INSTANTS[:-2]])


def test_bounds_may_be_worked_out_and_solved_for(moving):
    """Two steps a month until 2, then as many as solve n = 8 - n; a quotient by a constant is made a product."""
    text = """
    per month = SIMULTANEOUS(IF THEN ELSE(Time < 2, 2, 8 - per month), 3)~~|
    whole = 1~~|
    x = INTEG(x / whole, 1)~~|
    TIME STEP = whole / per month~~|
    """
    run = moving(text, BEGIN + FINAL + SAVED).run()
    np.testing.assert_allclose(run["time"], INSTANTS, rtol=1e-14, atol=1e-15)
    lengths = np.diff(INSTANTS)
    np.testing.assert_allclose(run["x"], np.cumprod([1.0, *(1 + lengths)]), rtol=1e-13)


EVERYTHING = """
k = 0.3 ~~|
x = INTEG(-k * x + SIN(Time), 2) ~~|
s = SMOOTH3(x, 9 * k) ~~|
d = DELAY FIXED(x * k, 0.5, 1) ~~|
v = NPV(x, k, 0, 1) ~~|
"""


@pytest.mark.parametrize("method", METHODS)
def test_the_back_ends_agree(moving, method, monkeypatch):
    """To rounding: 1e-13, of a few dozen steps."""
    model = moving(EVERYTHING, method=method)
    rows = pd.DataFrame({"k": [0.3, 0.2, 0.4, 0.35, 0.25]})
    names = ["x", "s", "d", "v"]
    one = model.run({"k": 0.2})
    found = model.run(rows, names)
    sums = model.run(rows, names, over_time=["integral", "mean"])
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")
    slow = model.run(rows, names)
    for name in names:
        np.testing.assert_allclose(found[name], slow[name], rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(found[name][1], one[name], rtol=1e-13, atol=1e-15)
    if method == "euler":
        lengths = np.diff(INSTANTS)
        expected = (found["x"].to_numpy()[:, :-1] * lengths).sum(axis=1)
        np.testing.assert_allclose(sums["x"].sel(over_time="integral"), expected, rtol=1e-13)
        np.testing.assert_allclose(sums["x"].sel(over_time="mean"), expected / 4, rtol=1e-13)


@pytest.mark.parametrize("method", METHODS)
def test_derivatives_agree_with_central_differences(moving, method):
    """To 1e-7: of a step of 1e-5 in k both ways the error is of order 1e-10, and rounding of 1e-11."""
    saved = "SAVEPER = IF THEN ELSE(Time < 2, 0.5, 1)~~|\n"
    model = moving(EVERYTHING, BEGIN + FINAL + STEP + saved, method)
    names = ["x", "s", "d", "v"]
    up, down = model.run({"k": 0.3 + 1e-5}), model.run({"k": 0.3 - 1e-5})
    jacobian = model.jacobian(names, {"k": 0.3})
    function = model.differentiable(names, ["k"])
    values = function.values(np.array([0.3]))
    seed = np.random.default_rng(1).normal(size=values.shape)
    np.testing.assert_array_equal(function.time, [0, 0.5, 1, 1.5, 2, 3, 4])
    differences = []
    for name in names:
        difference = (up[name] - down[name]).to_numpy() / 2e-5
        np.testing.assert_allclose(jacobian[name][:, 0], difference, rtol=1e-7, atol=1e-7)
        differences.append(difference)
    assert function.gradient(seed)[0] == pytest.approx((seed * np.array(differences)).sum(), rel=1e-7)


def test_a_run_is_carried_on_to_the_same_bits(moving):
    model = moving(EVERYTHING)
    whole = model.run(outputs=["x", "d", "v"])
    snapshot = model.snapshot(at=2.25)
    assert snapshot.time == 2.25
    rest = model.run(outputs=["x", "d", "v"], start=snapshot)
    for name in ("x", "d", "v"):
        np.testing.assert_array_equal(rest[name], whole[name].sel(time=rest["time"]))
    assert float(model.run(outputs=["x"], until=3)["time"][-1]) == 3


def test_what_makes_no_run_is_refused(moving):
    late = "late = 2~~|\nTIME STEP = IF THEN ELSE(Time < late, 0.5, 0.25)~~|\n"
    model = moving(EVERYTHING, BEGIN + FINAL + late + SAVED)
    with pytest.raises(RunError, match="TIME STEP differs between members"):
        model.run(pd.DataFrame({"late": [2.0, 3.0]}), ["x"])
    with pytest.raises(RunError, match="no derivative with respect to late"):
        model.jacobian(["x"], {"late": 2.0})
    with pytest.raises(RunError, match=r"time 1\.7 is not an instant"):
        model.run(until=1.7)
    with pytest.raises(RunError, match="fixed steps"):
        model.integrated("adaptive").run()
    with pytest.raises(RunError, match=r"time 0\.3 is to be saved, and the steps go past it"):
        moving("x = 1~~|\n", BEGIN + FINAL + STEP + "SAVEPER = 0.3~~|\n").run()
    with pytest.raises(RunError, match="limit of 100 steps"):
        moving("x = 1~~|\n", BEGIN + "FINAL TIME = Time + 1~~|\n" + STEP + SAVED).run(max_steps=100)
    with pytest.raises(RunError, match="TIME STEP 0 make no run"):
        moving("x = 1~~|\n", BEGIN + FINAL + "TIME STEP = MAX(0, 1 - Time)~~|\nSAVEPER = 1~~|\n").run()
    with pytest.raises(ModelError, match="needs time bounds that do not"):
        moving("x = DELAY MATERIAL(1, 1 + Time, 0, 0)~~|\n")


def test_a_derivative_by_what_sets_a_fixed_step_is_refused(moving):
    """TIME STEP = 1 / per month: the derivative of the stock knows nothing of its steps."""
    bounds = BEGIN + FINAL + "per month = 4~~|\nTIME STEP = 1 / per month~~|\n" + SAVED
    with pytest.raises(RunError, match="no derivative with respect to per month"):
        moving("x = INTEG(-x, 1)~~|\n", bounds).jacobian(["x"], {"per month": 4.0})
