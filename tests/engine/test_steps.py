"""Constants and data that change on given times. Expected: the same model with IF THEN ELSE, and closed forms."""

import numpy as np
import pandas as pd
import pytest

from sd_covid import LeastSquares
from sd_covid.engine.lower.steps import step_names, steps_among
from sd_covid.engine.simulation import load
from sd_covid.errors import RunError, UnknownNameError

MODEL = """
group: a, b ~~|
level = {level} ~~|
weight[group] = 1, 2 ~~|
stock[group] = INTEG(level * weight[group] - stock[group] / 4, level) ~~|
memory = SMOOTH(level, 3) ~~|
pulled = MAX(0, MIN(1, level)) + weight[b] ~~|
"""
TWO = {"level(step 1 from)": 2.0, "level(step 1)": 3.0, "level(step 2 from)": 5.25, "level(step 2)": 0.5}
#: The same as equations of the model; `level` is then no constant.
WRITTEN = "IF THEN ELSE(Time >= 5.25, 0.5, IF THEN ELSE(Time >= 2, 3, 1))"


def stepping(simulate, *, level="1", method="euler", step=0.25):
    model = simulate(MODEL.format(level=level), final=8, step=step).integrated(method)
    return model.stepping(TWO) if level == "1" else model


@pytest.mark.parametrize("method", ["euler", "midpoint", "rk2", "rk4"])
def test_steps_do_what_the_same_equation_does(simulate, method):
    found = stepping(simulate, method=method).run(TWO)
    written = stepping(simulate, level=WRITTEN, method=method).run()
    for name in ("level", "stock", "memory", "pulled"):
        # 1e-14: where products enter sums may differ between the two programs, by a rounding a step.
        np.testing.assert_allclose(found[name], written[name], rtol=1e-14)


def test_a_step_holds_from_the_first_instant_that_is_not_before_it(simulate):
    level = stepping(simulate).run({"level(step 1 from)": 2.1, "level(step 1)": 3.0})["level"]
    np.testing.assert_array_equal(level, np.where(level["time"] >= 2.25, 3.0, 1.0))


def test_a_stock_follows_the_closed_form_of_its_pieces(simulate):
    found = stepping(simulate, method="rk4", step=1 / 64).run(TWO)["stock"].sel(group="b")
    end = 8.0 + (1.0 - 8.0) * np.exp(-2 / 4)  # dS/dt = 2 L - S / 4: towards 8 L; from 1 with L = 1 up to 2
    end = 24.0 + (end - 24.0) * np.exp(-3.25 / 4)
    end = 4.0 + (end - 4.0) * np.exp(-2.75 / 4)
    # Exact but for the half-step stages of RK4 beside a jump: up to step / 6 of a flow that jumps by 4 and 5.
    np.testing.assert_allclose(found[-1], end, atol=9 / 6 / 64)


def test_a_kernel_without_steps_in_use_gives_the_same_as_one_at_equal_values(simulate):
    model = stepping(simulate)
    same = {"level(step 1 from)": 2.0, "level(step 1)": 1.0, "level(step 2 from)": 5.25}
    for name in ("stock", "memory"):
        np.testing.assert_array_equal(model.run()[name], model.run(same)[name])


def test_members_differ_in_how_many_steps_they_take_and_agree_with_single_runs(simulate):
    model = stepping(simulate)
    never = model.constants["level(step 2 from)"]
    assert np.isinf(never)
    rows = [TWO, {**TWO, "level(step 2 from)": 1e9}, {**TWO, "level(step 1)": 7.0}]
    found = model.run(pd.DataFrame(rows), ["stock"])["stock"]
    for member, row in enumerate(rows):
        # 1e-12: single runs have a kernel of their own.
        np.testing.assert_allclose(found[member], model.run(row)["stock"], rtol=1e-12)
    one = {name: value for name, value in TWO.items() if "2" not in name}
    np.testing.assert_array_equal(found[1], model.run(pd.DataFrame([one]), ["stock"])["stock"][0])


def test_a_factor_multiplies_the_value_that_a_member_has_of_its_own(simulate):
    model = stepping(simulate)
    frame = pd.DataFrame({"level": [1.0, 4.0], "level(step 1 from)": 2.0, "level(step 1 factor)": 0.75})
    level = model.run(frame, ["level"])["level"]
    np.testing.assert_array_equal(level.sel(time=[1, 2]), [[1.0, 0.75], [4.0, 3.0]])


def test_one_element_of_an_array_steps(simulate):
    model = stepping(simulate).stepping(["weight(step 1)[b]"])
    names = step_names("weight[b]", 1)
    weight = model.run({names.since: 4.0, names.value: 5.0})["weight"]
    np.testing.assert_array_equal(weight.sel(time=[3, 4]), [[1, 2], [1, 5]])
    assert "level(step 2)" in model.constants


def test_a_step_before_the_run_holds_from_its_start_and_in_initial_values(simulate):
    found = stepping(simulate).run({"level(step 1 from)": -3.0, "level(step 1)": 2.0})
    expected = stepping(simulate).run({"level": 2.0})
    for name in ("stock", "memory"):
        np.testing.assert_array_equal(expected[name], found[name])


def test_derivatives_by_the_values_of_steps_are_exact(simulate):
    """Central differences of a model that is linear in level: exact but for rounding of 1e-16 / 1e-3 a value."""
    model = stepping(simulate)
    point = {"level": 1.0, "level(step 1)": 3.0, "level(step 2 factor)": 0.5}
    since = {"level(step 1 from)": 2.0, "level(step 2 from)": 5.25}
    found = model.jacobian(["stock"], point, since)["stock"]
    for name, value in point.items():
        up, down = (model.run({**since, **point, name: value + h}, ["stock"])["stock"] for h in (1e-3, -1e-3))
        np.testing.assert_allclose(found.sel(parameter=name), (up - down) / 2e-3, rtol=1e-9, atol=1e-10)
    seen = pd.DataFrame({"memory": [1.2, 1.4]}, index=[4.0, 8.0])
    misfit = LeastSquares(seen, sd=1.0)
    point = {"level(step 1 from)": 2.0, "level(step 1)": 3.0}
    _, gradient = model.value_and_gradient(misfit, point)
    up, down = (model.value_and_gradient(misfit, {**point, "level(step 1)": v})[0] for v in (3.001, 2.999))
    np.testing.assert_allclose(
        (up - down) / 0.002, gradient["level(step 1)"], rtol=1e-8
    )  # quadratic: no error of order
    assert 0.0 == gradient["level(step 1 from)"]


def test_the_reference_engine_steps_as_compiled_code_does(simulate, monkeypatch):
    model = stepping(simulate)
    compiled = model.run(TWO)["stock"]
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")
    np.testing.assert_allclose(model.run(TWO)["stock"], compiled, rtol=1e-12)


@pytest.mark.parametrize("mode", ["", ":HOLD BACKWARD:", ":RAW:"])
def test_a_data_series_is_held_from_a_day_on(tmp_path, mode):
    (tmp_path / "d.csv").write_text("Time,s\n" + "".join(f"{t},{t * t}\n" for t in range(9)))
    (tmp_path / "m.mdl").write_text(
        f"{{UTF-8}}\nseries {mode} := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\nx = INTEG(series, series) ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 8 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
    )
    model = load(tmp_path / "m.mdl")
    held = model.stepping(["series(step 1)"]).run({"series(step 1 from)": 3.0, "series(step 1)": 4.0})
    np.testing.assert_array_equal([0, 1, 4, 4, 4, 4, 4, 4, 4], held["series"])
    np.testing.assert_array_equal([0, 0, 1, 5, 9, 13, 17, 21, 25], held["x"])
    assert model.fingerprint == model.stepping(["series(step 1)"]).fingerprint


def test_names_of_steps_are_read_back():
    assert {"level": 2, "a b": 1, "LEVEL_": 1} == steps_among(
        [*TWO, "a b(step 1 factor)[x,y]", "level", "level(steps 1)", "LEVEL_(step_1_from)"]
    )


def test_what_cannot_step_is_refused(simulate):
    model = stepping(simulate)
    with pytest.raises(UnknownNameError, match=r"'levle' is not a constant or data series of .*level"):
        model.stepping(["levle(step 1)"])
    with pytest.raises(UnknownNameError, match=r"'stock' is not a constant"):
        model.free(steps={"stock": 1})
    with pytest.raises(RunError, match="TIME STEP cannot take steps"):
        model.stepping(["TIME STEP(step 1)"])
    with pytest.raises(UnknownNameError, match=r"take simulation.stepping\(\['level\(step 3\)'\]\)"):
        model.run({"level(step 3)": 1.0})
    assert model.stepping(["level(step 1)"]) is model


def test_the_same_steps_are_lowered_once_and_others_anew(simulate):
    model = simulate(MODEL.format(level="1"), final=8, step=0.25)
    stepped = model.stepping(TWO)
    assert model.stepping(TWO) is stepped
    assert stepped.stepping(TWO) is stepped
    fewer = model.stepping({"level(step 1)": 3.0})
    assert "level(step 2)" not in fewer.constants
    assert "level(step 2)" in model.stepping(TWO).constants
