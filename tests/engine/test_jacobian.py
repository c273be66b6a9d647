"""Forward mode against central differences, and against the reverse mode, which shares nothing but the rules."""

import numpy as np
import pandas as pd
import pytest

from sd_covid.errors import RunError

RICH = """
group : one, two ~ ~ |
beta = 0.4 ~ ~ |
weights[group] = 0.7, 1.3 ~ ~ |
half time = 3.1 ~ ~ |
power = 1.4 ~ ~ |
unused = 2 ~ ~ |
x[group] = INTEG(inflow[group] - x[group] / half time, weights[group] * 5) ~ ~ |
inflow[group] = beta * effect(x[group]) + 0.1 * SMOOTH3(total, half time) / (1 + x[group] ^ power) ~ ~ |
total = SUM(x[group!]) ~ ~ |
effect( (0,1),(2,3),(5,3.5),(9,1) ) ~ ~ |
seen = IF THEN ELSE(total > 9, LN(total), SQRT(total)) + EXP(-total / 10) * MIN(x[one], beta * 12) ~ ~ |
late = DELAY FIXED(total * beta, 2.6, 4 * beta) ~ ~ |
kept = SAMPLE IF TRUE(MODULO(Time, 2) < 0.1, total, beta) ~ ~ |
guarded = IF THEN ELSE(total > 0, beta * total, total / (beta - beta)) ~ ~ |
alone = COS(Time) ~ ~ |
"""
OUTPUTS = ["seen", "late", "kept", "guarded", "x[two]", "total", "alone"]
PARAMETERS = ["beta", "weights[one]", "weights[two]", "half time", "power", "unused"]


@pytest.mark.parametrize("rk4", [False, True])
def test_jacobian_agrees_with_central_differences(simulate, rk4):
    """With a relative step of 1e-5: truncation about 1e-10, rounding about 1e-11, so 1e-6 is safe."""
    model = simulate(RICH, rk4=rk4)
    point = {name: model.constants[name] for name in PARAMETERS}
    found = model.jacobian(OUTPUTS, point)
    assert found["seen"].dims == ("time", "parameter")
    for name, value in point.items():
        up, down = (model.run({**point, name: value * factor}, OUTPUTS) for factor in (1 + 1e-5, 1 - 1e-5))
        for output in OUTPUTS:
            change = (up[output] - down[output]) / (2e-5 * value)
            np.testing.assert_allclose(found[output].sel(parameter=name), change, rtol=1e-6, atol=1e-6)


def test_rows_of_the_jacobian_are_what_the_reverse_mode_gives(simulate):
    """To 1e-10: both are exact, and add in another order."""
    model = simulate(RICH, final=6)
    function = model.differentiable(OUTPUTS, PARAMETERS)
    point = np.array([model.constants[name] for name in PARAMETERS])
    values = function.values(point)
    found = model.jacobian(OUTPUTS, dict(zip(PARAMETERS, point, strict=True)))
    seed = np.random.default_rng(2).normal(size=values.shape)
    pulled = sum((found[name].to_numpy() * seed[k][:, None]).sum(axis=0) for k, name in enumerate(OUTPUTS))
    np.testing.assert_allclose(pulled, function.gradient(seed), rtol=1e-10, atol=1e-10)


def test_a_batch_has_a_jacobian_for_each_row_and_arrays_keep_their_dimensions(simulate):
    model = simulate(RICH, final=4)
    frame = pd.DataFrame({"beta": [0.3, 0.4, 0.5], "weights": [1.03, 1.1, 0.9]})
    found = model.jacobian(["x", "total"], frame, constants={"power": 2})
    assert found["x"].dims == ("member", "time", "parameter", "group")
    for k in range(3):
        single = model.jacobian(["x", "total"], frame.iloc[k], constants={"power": 2})
        np.testing.assert_allclose(found["x"][k], single["x"], rtol=1e-12)
    step = 1e-6
    up, down = (model.run({"beta": 0.3, "weights": 1.03 + h, "power": 2}, ["total"]) for h in (step, -step))
    change = (up["total"] - down["total"]) / (2 * step)
    np.testing.assert_allclose(found["total"][0].sel(parameter="weights"), change, rtol=1e-6, atol=1e-6)


def test_many_parameters_share_a_pass_and_agree_with_each_alone(simulate):
    """23 parameters take several directions with a lane left over; one of them reaches nothing. To 1e-13: rounding."""
    names = [f"r{k}" for k in range(22)]
    text = "".join(f"{name} = {0.1 + 0.01 * k} ~ ~ |\n" for k, name in enumerate(names)) + "idle = 1 ~ ~ |\n"
    rates = " + ".join(f"{name} * x ^ {1 - 0.02 * k}" for k, name in enumerate(names))
    model = simulate(text + f"x = INTEG(({rates}) / 9 - x * r3 / (1 + r4), r0 * 7) ~ ~ |\n", final=3)
    point = {name: model.constants[name] for name in ("r20", "idle", *names[:20], "r21")}
    together = model.jacobian(["x"], point)["x"]
    for name, value in point.items():
        alone = model.jacobian(["x"], {name: value})["x"].sel(parameter=name)
        np.testing.assert_allclose(together.sel(parameter=name), alone, rtol=1e-13, atol=1e-13)
    assert not together.sel(parameter="idle").any()
    frame = pd.DataFrame([point, {**point, "r7": 0.5}, {**point, "r0": 0.3}])
    batch = model.jacobian(["x"], frame)["x"]
    for k in range(3):
        np.testing.assert_allclose(
            batch[k], model.jacobian(["x"], frame.iloc[k])["x"], rtol=1e-13, atol=1e-13
        )


def test_a_steep_slope_is_no_fault_of_what_does_not_move(simulate):
    """The root of a rises vertically at a = 0, and x / a has no value there; neither touches the slope along b."""
    text = (
        "a = 0 ~ ~ |\nb = 2 ~ ~ |\n"
        "root = SQRT(a) + a ^ 0.5 + 3 * b ~ ~ |\n"
        "guarded = IF THEN ELSE(a > 0, b / a + LN(a), b * b) + MIN(5 * b, 9999 + 1 / (a + b)) ~ ~ |\n"
    )
    model = simulate(text)
    found = model.jacobian(["root", "guarded"], {"a": 0, "b": 2}).isel(time=-1)
    np.testing.assert_array_equal(found["root"], [np.inf, 3])
    np.testing.assert_array_equal(found["guarded"], [0, 9])
    function = model.differentiable(["root", "guarded"], ["a", "b"])
    for k, slope in enumerate(([np.inf, 3], [0, 9])):
        seed = np.zeros_like(function.values(np.array([0.0, 2.0])))
        seed[k, -1] = 1
        np.testing.assert_array_equal(function.gradient(seed), slope)


def test_a_constant_that_is_also_a_parameter_has_the_parameters_value(simulate):
    model = simulate("a = 2 ~ ~ |\ny = a * a ~ ~ |\n")
    for point in ({"a": 3}, pd.DataFrame({"a": [3.0]})):
        found = model.jacobian(["y"], point, constants={"A": 9})["y"]
        np.testing.assert_array_equal(found.isel(time=-1).squeeze(), 6)


def test_all_columns_have_the_random_numbers_of_the_run(simulate):
    """x is linear in k and w, so its slopes are what remains of it without the other: a run tells both, to rounding."""
    text = "k = 2 ~ ~ |\nw = 3 ~ ~ |\nx = INTEG(k * RANDOM UNIFORM(0, 1, 7) + w * RANDOM 0 1(), 0) ~ ~ |\n"
    model = simulate(text, final=4)
    frame = pd.DataFrame({"k": [2.0, 1.0, 5.0], "w": [3.0, 3.0, 0.5]})
    found = model.jacobian(["x"], frame, seed=4)["x"]
    for name, other in (("k", "w"), ("w", "k")):
        alone = model.run(frame.assign(**{name: 1.0, other: 0.0}), ["x"], seed=4)["x"]
        np.testing.assert_allclose(found.sel(parameter=name), alone, rtol=1e-13)


def test_a_jacobian_beyond_memory_is_refused(simulate, monkeypatch):
    model = simulate(RICH, final=4)
    monkeypatch.setattr("sd_covid.engine.gradients.derivatives.memory_limit", lambda _: 500.0)
    with pytest.raises(RunError, match="more than the limit"):
        model.jacobian(["x", "total"], {"beta": 0.3, "power": 2})  # 3 cells, 17 instants, 2 constants


def test_errors_say_what_cannot_be_differentiated(simulate):
    model = simulate(RICH)
    with pytest.raises(RunError, match="TIME STEP"):
        model.jacobian(["total"], {"TIME STEP": 0.5})
    with pytest.raises(RunError, match="same constant"):
        model.jacobian(["total"], {"weights": 1, "weights[one]": 2})
