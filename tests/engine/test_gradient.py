"""Reverse mode against central differences, which are exact to (h²/6) f''' + rounding / h."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sd_covid
from sd_covid.engine.gradients import sweep
from sd_covid.engine.run.compile import Code, target
from sd_covid.errors import RunError, UnknownNameError

# With h = 1e-5 relative and outputs of size one: truncation about 1e-10, rounding about 1e-11, so 1e-6 is safe.
TOLERANCE = 1e-6
RICH = """
group : one, two ~ ~ |
beta = 0.4 ~ ~ |
weights[group] = 0.7, 1.3 ~ ~ |
half time = 3.1 ~ ~ |
power = 1.4 ~ ~ |
x[group] = INTEG(inflow[group] - x[group] / half time, weights[group] * 5) ~ ~ |
inflow[group] = beta * effect(x[group]) + 0.1 * SMOOTH3(total, half time) / (1 + x[group] ^ power) ~ ~ |
total = SUM(x[group!]) ~ ~ |
effect( (0,1),(2,3),(5,3.5),(9,1) ) ~ ~ |
seen = IF THEN ELSE(total > 9, LN(total), SQRT(total)) + EXP(-total / 10) * MIN(x[one], beta * 12) ~ ~ |
late = DELAY FIXED(total * beta, 2.6, 4 * beta) ~ ~ |
kept = SAMPLE IF TRUE(MODULO(Time, 2) < 0.1, total, beta) ~ ~ |
material = DELAY3(total, half time) + TREND(total, half time, beta) + ABS(beta - x[two]) ~ ~ |
"""
OUTPUTS = ["seen", "late", "kept", "material", "x[two]", "total"]
PARAMETERS = ["beta", "weights[one]", "weights[two]", "half time", "power"]


@pytest.mark.parametrize("rk4", [False, True])
def test_gradient_agrees_with_central_differences(simulate, rk4):
    model = simulate(RICH, rk4=rk4)
    function = model.differentiable(OUTPUTS, PARAMETERS)
    point = np.array([model.constants[name] for name in PARAMETERS])
    seed = np.random.default_rng(1).normal(size=function.values(point).shape)
    exact = function.gradient(seed)
    for k, value in enumerate(point):
        step = 1e-5 * value * np.eye(len(point))[k]
        change = ((function.values(point + step) - function.values(point - step)) * seed).sum()
        assert exact[k] == pytest.approx(change / (2e-5 * value), rel=TOLERANCE, abs=TOLERANCE)


def test_a_branch_not_taken_leaves_the_gradient_finite(simulate):
    """a / x with x = 0 guarded by IF THEN ELSE or ZIDZ: the derivative is that of the branch taken."""
    text = (
        "a = 2 ~ ~ |\nx = 0 ~ ~ |\n"
        "guarded = IF THEN ELSE(x = 0, 3 * a, a / x + LN(x)) ~ ~ |\nsafe = ZIDZ(a, x) + a ~ ~ |\n"
    )
    function = simulate(text).differentiable(["guarded", "safe"], ["a", "x"])
    values = function.values(np.array([2.0, 0.0]))
    seed = np.zeros_like(values)
    seed[:, -1] = 1
    np.testing.assert_array_equal(function.gradient(seed), [4, 0])


def test_least_squares_is_half_the_sum_of_squares_with_its_gradient(simulate):
    """x_n = x_0 (1 - r dt)^n, so d/dr of half the squared residuals is known in closed form."""
    model = simulate("x = INTEG(-r * x, 100) ~ ~ |\nr = 0.3 ~ ~ |\n")
    n = np.array([4, 8, 40])
    observed = pd.DataFrame({"x": [80.0, np.nan, 5.0]}, index=n * 0.25)
    value, gradient = model.value_and_gradient(sd_covid.LeastSquares(observed, sd=2.0), {"r": 0.2})
    base = 1 - 0.2 * 0.25
    residual = (100 * base**n - np.array([80.0, np.nan, 5.0])) / 2
    slope = -100 * n * base ** (n - 1) * 0.25 / 2
    assert value == pytest.approx(0.5 * np.nansum(residual**2), rel=1e-13)
    assert gradient["r"] == pytest.approx(np.nansum(residual * slope), rel=1e-12)


def test_copies_do_not_disturb_each_other(simulate):
    function = simulate(RICH).differentiable(OUTPUTS, PARAMETERS)
    point = np.array([0.4, 0.7, 1.3, 3.1, 1.4])
    seed = np.ones_like(function.values(point))
    expected = function.gradient(seed)
    other = function.copy()
    other.values(point * 2)
    np.testing.assert_array_equal(function.gradient(seed), expected)


def test_the_way_back_is_compiled_once_and_only_for_who_asks_for_a_gradient(simulate, monkeypatch):
    compiled = []

    def watched(text, optimise):
        compiled.append("back" if "void @reverse(" in text else "there")
        return Code(text, optimise)

    monkeypatch.setattr(sweep, "Code", watched)
    batch = simulate(RICH).differentiable(OUTPUTS, PARAMETERS).batch(threads=2)
    values = batch.values(np.tile([0.4, 0.7, 1.3, 3.1, 1.4], (3 * target().width, 1)))
    assert compiled == ["there", "there"]  # for one point, and for many
    for _ in range(2):  # by two threads at once
        batch.gradient(np.ones_like(values))
    assert compiled == ["there", "there", "back"]


def test_what_has_no_gradient_is_refused(simulate):
    model = simulate(RICH)
    with pytest.raises(RunError) as time:
        model.differentiable(["seen"], ["TIME STEP"])
    assert time.value.variable == "TIME STEP"
    with pytest.raises(RunError, match="2 elements") as array:
        model.differentiable(["x"], ["beta"])
    assert array.value.advice == "name one, such as 'x[one]'"
    with pytest.raises(UnknownNameError) as name:
        model.differentiable(["seen"], ["betta"])
    assert name.value.advice == "did you mean 'beta'?"
    with pytest.raises(RunError, match="before the model was run"):
        model.differentiable(["seen"], ["beta"]).gradient(np.zeros((1, 41)))


@pytest.mark.parametrize("rk4", [False, True])
def test_a_gradient_in_little_memory_has_the_same_bits(simulate, rk4):
    """Parts of the run are run again from the states at their borders, delays and samples included."""
    model = simulate(RICH, rk4=rk4)
    point = np.array([model.constants[name] for name in PARAMETERS])
    whole, parts = (model.differentiable(OUTPUTS, PARAMETERS, memory=size) for size in (2**26, 100))
    assert len(parts._sweep._parts) > 5
    np.testing.assert_array_equal(parts.values(point), whole.values(point))
    for _ in range(2):
        seed = np.random.default_rng(3).normal(size=whole.values(point).shape)
        np.testing.assert_array_equal(parts.gradient(seed), whole.gradient(seed))


@pytest.mark.parametrize("rk4", [False, True])
def test_a_batch_of_gradients_is_that_of_each_point(simulate, rk4):
    """To 1e-12: vector and scalar code may fuse otherwise. Delays and switches differ between the members."""
    model = simulate(RICH, rk4=rk4, final=6)
    function = model.differentiable(OUTPUTS, PARAMETERS)
    rng = np.random.default_rng(5)
    points = np.array([model.constants[name] for name in PARAMETERS]) * rng.uniform(0.8, 1.2, size=(11, 5))
    batch = function.batch()
    values = batch.values(points)
    seed = rng.normal(size=values.shape)
    gradients = batch.gradient(seed)
    assert gradients.shape == points.shape
    for k, point in enumerate(points):
        np.testing.assert_allclose(values[:, k], function.values(point), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(gradients[k], function.gradient(seed[:, k]), rtol=1e-12, atol=1e-10)
    for memory, threads in (
        (2**26, 1),
        (2**26, 3),
        (30_000, 2),
        (100, 2),
        (100, 1),
    ):  # all kept; run twice; in parts
        other = model.differentiable(OUTPUTS, PARAMETERS, memory=memory).batch(threads)
        np.testing.assert_array_equal(other.values(points), values)
        np.testing.assert_array_equal(other.gradient(seed), gradients)
        np.testing.assert_array_equal(other.values(points[:2]), values[:, :2])
        np.testing.assert_array_equal(other.gradient(seed[:, :2]), gradients[:2])


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_members_of_a_batch_differ_in_the_length_of_a_delay(simulate, monkeypatch, width):
    """What a delay of n steps gives is the input n steps before, so its slope is the input's."""
    monkeypatch.setattr(sweep, "target", lambda: replace(target(), width=width))
    model = simulate("late = DELAY FIXED(a * Time, wait, 7 * a) ~ ~ |\na = 1 ~ ~ |\nwait = 1 ~ ~ |\n", step=1)
    batch = model.differentiable(["late"], ["a", "wait"]).batch()
    waits = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
    values = batch.values(np.stack([np.full(5, 2.0), waits], axis=1))
    seed = np.ones_like(values)
    slopes = [sum(t - w if t >= w else 7 for t in range(11)) for w in waits]
    np.testing.assert_array_equal(batch.gradient(seed), [[slope, 0] for slope in slopes])


def test_the_misfits_of_a_batch_come_with_their_gradients_and_failures_stay_apart(simulate):
    """Each row is what that point alone gives; a run that overflows has no gradient, and takes none from the others."""
    model = simulate("x = INTEG(-r * x * x ^ p, 100) ~ ~ |\nr = 0.3 ~ ~ |\np = 0 ~ ~ |\n")
    misfit = sd_covid.LeastSquares(pd.DataFrame({"x": [80.0, np.nan, 5.0]}, index=[1, 2, 10]), sd=2.0)
    frame = pd.DataFrame(
        {"r": [0.2, 0.3, -90.0, 0.1, 0.25, 0.3], "p": [0, 0.1, 9, 0, 0.05, 0]}, index=list("abcdef")
    )
    value, gradient = model.value_and_gradient(misfit, frame, threads=2)
    assert list(value.index) == list(gradient.index) == list("abcdef")
    assert list(gradient.columns) == ["r", "p"]
    assert not np.isfinite(value["c"])
    for name in "abdef":
        alone = model.value_and_gradient(misfit, frame.loc[name])
        assert value[name] == pytest.approx(alone[0], rel=1e-12)
        np.testing.assert_allclose(gradient.loc[name], alone[1], rtol=1e-11)


def test_a_large_batch_is_worked_through_in_portions(simulate, monkeypatch):
    """Portions give the same bits as all at once, members with the random numbers that `run` gives them."""
    from sd_covid.engine.gradients import objective

    model = simulate(
        "x = INTEG(RANDOM NORMAL(-9, 9, k, 1, 0) - r * x, 1) ~ ~ |\nk = 1 ~ ~ |\nr = 0.3 ~ ~ |\n", final=4
    )
    misfit = sd_covid.LeastSquares(pd.DataFrame({"x": [1.0, 2.0]}, index=[2, 4]))
    frame = pd.DataFrame({"k": np.linspace(0.5, 1.5, 37), "r": 0.3})
    value, gradient = model.value_and_gradient(misfit, frame)
    monkeypatch.setattr(objective, "VALUES", 1)
    again = model.value_and_gradient(misfit, frame, threads=1)
    np.testing.assert_array_equal(again[0], value)
    np.testing.assert_array_equal(again[1], gradient)
    other, _ = model.value_and_gradient(misfit, frame, seed=3)
    found = model.run(frame, ["x"], seed=3)["x"].sel(time=[2, 4])
    np.testing.assert_allclose(other, 0.5 * ((found - [1, 2]) ** 2).sum("time"), rtol=1e-12)
    found = model.run(frame, ["x"])["x"].sel(time=[2, 4])
    np.testing.assert_allclose(value, 0.5 * ((found - [1, 2]) ** 2).sum("time"), rtol=1e-12)


def test_what_a_batch_cannot_take_is_refused(simulate):
    batch = simulate("a = 1 ~ ~ |\ny = a * 2 ~ ~ |\n").differentiable(["y"], ["a"]).batch()
    with pytest.raises(RunError, match="before the model was run"):
        batch.gradient(np.zeros((1, 1, 41)))
    with pytest.raises(RunError, match=r"\(member, 1\)"):
        batch.values(np.zeros(3))
    batch.values(np.zeros((3, 1)))
    with pytest.raises(RunError, match="seed") as seed:
        batch.gradient(np.zeros((1, 41)))
    assert seed.value.advice == "give one of shape (1, 3, 41), as values() does"
