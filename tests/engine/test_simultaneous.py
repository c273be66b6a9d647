"""Equations that are solved at every instant, against scipy: both to rounding, which Newton's method reaches."""

import numpy as np
import pytest
from scipy.optimize import brentq, fsolve

from sd_covid.errors import ModelError

#: Vensim's example: people who hear a busy signal call less.
CALLS = """
calls = customers * 0.7 * of quality(quality) ~~|
of quality((0,0),(0.5,0.6),(1,1)) ~~|
quality = 1 / (1 + utilization) ~~|
utilization = SIMULTANEOUS(calls / 10, 0.8) ~~|
customers = INTEG(4 * quality, 20) ~~|
"""


def _table(quality: float) -> float:
    return float(np.interp(quality, [0, 0.5, 1], [0, 0.6, 1]))


def test_a_loop_is_solved_wherever_one_enters_it(simulate):
    run = simulate(CALLS).run()
    for customers, found in zip(run["customers"].to_numpy(), run["utilization"].to_numpy(), strict=True):
        expected = brentq(lambda u, c=customers: c * 0.07 * _table(1 / (1 + u)) - u, 0, 99, xtol=1e-15)
        assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(run["quality"], 1 / (1 + run["utilization"]), rtol=1e-13)
    np.testing.assert_allclose(run["calls"], 10 * run["utilization"], rtol=1e-12)


def test_a_loop_may_decide_an_initial_value(simulate):
    """The stock begins at the solution of x = cos x."""
    run = simulate("x = SIMULTANEOUS(COS(x), 1) ~~|\ny = INTEG(0, 2 * x) ~~|\n").run()
    np.testing.assert_allclose(run["y"], 2 * brentq(lambda x: np.cos(x) - x, 0, 1, xtol=1e-15), rtol=1e-13)


def test_arrays_and_loops_that_follow_one_another_are_solved(simulate):
    text = """
    D: a, b, c ~~|
    x[D] = SIMULTANEOUS(EXP(-x[D] * D), 0.5) ~~|
    y[D] = SIMULTANEOUS(COS(y[D] * x[D]), 0.5) ~~|
    """
    run = simulate(text).run().isel(time=-1)
    for k in range(3):
        x = brentq(lambda x, k=k: np.exp(-x * (k + 1)) - x, 0, 1, xtol=1e-15)
        assert float(run["x"][k]) == pytest.approx(x, rel=1e-12)
        y = brentq(lambda y, x=x: np.cos(y * x) - y, 0, 1, xtol=1e-15)
        assert float(run["y"][k]) == pytest.approx(y, rel=1e-12)


ZERO = """
D: a, b, c ~~|
one[D] = 1 ~~|
x[D] = FIND ZERO(one[D], left[D], one[D], first[D], ELMCOUNT(D), 0, 1e-6, 100, 1) ~~|
first[D] = 1, 1, 1 ~~|
left[a] = x[a] + x[b] * x[c] - 3 - Time ~~|
left[b] = EXP(x[a] / 5) - x[b] ~~|
left[c] = x[c] ^ 3 + x[a] - 4 ~~|
"""


def test_equations_of_an_array_are_solved_together(simulate):
    run = simulate(ZERO, final=2).run()
    for time, found in zip(run["time"].to_numpy(), run["x"].to_numpy(), strict=True):

        def left(x: np.ndarray, time: float = time) -> list[float]:
            return [x[0] + x[1] * x[2] - 3 - time, np.exp(x[0] / 5) - x[1], x[2] ** 3 + x[0] - 4]

        np.testing.assert_allclose(found, fsolve(left, found + 0.01, xtol=1e-14), rtol=1e-11)
        np.testing.assert_allclose(left(found), 0, atol=1e-12)
    assert abs(run["left"]).max() < 1e-12


def test_where_there_is_no_solution_there_is_no_number(simulate):
    """x = x^2 + 0.5 - Time / 8 has one from 2 on."""
    run = simulate("x = SIMULTANEOUS(x ^ 2 + 0.5 - Time / 8, 0.4) ~~|", final=8).run()
    found, time = run["x"].to_numpy(), run["time"].to_numpy()
    assert np.isnan(found[time < 2]).all()
    later = time > 2
    np.testing.assert_allclose(found[later], 0.5 - np.sqrt(time[later] / 8 - 0.25), rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = SIMULTANEOUS(1, 1) + 1 ~~|", "must be the whole right side"),
        ("x = SIMULTANEOUS(y, 1) ~~|\ny = z ~~|\nz = x + y ~~|", "simultaneous equations: y -> z -> y"),
        (ZERO.replace("ELMCOUNT(D), 0", "ELMCOUNT(D), 1"), "none skipped"),
        (ZERO.replace("ELMCOUNT(D)", "2"), "for all 3 elements"),
    ],
)
def test_what_cannot_be_solved_is_refused(simulate, text, reason):
    with pytest.raises(ModelError, match=reason):
        simulate(text)
