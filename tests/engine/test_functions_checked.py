"""Functions one by one against the same done in numpy, scipy or the calendar of Python."""

import datetime as dt

import numpy as np
import pytest
from scipy.integrate import quad

from sd_covid.engine.simulation import load

NA = -(2.0**109)


def courses(simulate, equations, *names, **settings):
    """The courses of some variables."""
    run = simulate(equations, **settings).run({}, list(names))
    return [run[name].to_numpy() for name in names]


# --- trends --------------------


def test_a_trend_is_that_of_vensims_equations(simulate):
    """Those of its manual, step by step; the average begins where an input that has grown by 5 % a month has it."""
    x, trend = courses(simulate, "x = 3 + SIN(Time) ~~|\ny = TREND(x, 4, 0.05) ~~|\n", "x", "y")
    average = x[0] / (1 + 0.05 * 4)
    for n in range(len(x)):
        assert trend[n] == pytest.approx((x[n] - average) / (4 * abs(average)) if n else 0.05, rel=1e-12)
        average += 0.25 * (x[n] - average) / 4


def test_a_steady_growth_is_its_own_trend(simulate):
    """By Euler's method x grows by 3 % of itself a month: then x / average = 1 + 0.03 * 5 for ever."""
    (trend,) = courses(simulate, "x = INTEG(0.03 * x, 8) ~~|\ny = TREND(x, 5, 0.03) ~~|\n", "y")
    np.testing.assert_allclose(trend, 0.03, rtol=1e-11)


def test_a_forecast_carries_the_trend_on(simulate):
    x, plain, told = courses(
        simulate,
        "x = 3 + SIN(Time) ~~|\ny = FORECAST(x, 4, 2) ~~|\nz = FORECAST(x, 4, 2, 0.05) ~~|\n",
        "x",
        "y",
        "z",
    )
    for found, average in ((plain, x[0]), (told, x[0] / 1.2)):
        for n in range(len(x)):
            expected = x[n] * (1 + 2 * (x[n] - average) / (4 * average))
            assert found[n] == pytest.approx(expected, rel=1e-12)
            average += 0.25 * (x[n] - average) / 4


# --- initial values --------------------


def test_the_initial_equation_counts_for_initial_values_only(simulate):
    """The example of Vensim's manual: the capacity begins at 100, its target at once with the active equation."""
    text = """
    capacity = INTEG((target - capacity) / 5, target) ~~|
    target = ACTIVE INITIAL(capacity * 1.2, 100) ~~|
    first = INITIAL(target) ~~|
    again = REINITIAL(target + Time) ~~|
    """
    capacity, target, first, again = courses(simulate, text, "capacity", "target", "first", "again")
    np.testing.assert_allclose(capacity, 100 * 1.01 ** np.arange(len(capacity)), rtol=1e-12)
    np.testing.assert_allclose(target, 1.2 * capacity, rtol=1e-12)
    assert set(first) == set(again) == {100.0}


def test_a_restricted_stock_is_drawn_to_its_special_value(simulate):
    """Within 0.3 of 2 it is 2, and stays there for ever at a rate of 0.25 a step; from 1.5 on it is at least 1.5."""
    text = (
        "x = SINTEG(1, 0, :NA:, :NA:, :NA:, 2, 0.3) ~~|\ny = SINTEG(-1, 9, 1.5, :NA:, :NA:, :NA:, :NA:) ~~|\n"
    )
    x, y = courses(simulate, text, "x", "y")
    np.testing.assert_allclose(x, [*np.arange(0, 1.75, 0.25), *[2.0] * (len(x) - 7)])
    np.testing.assert_allclose(y, np.maximum(9 - np.arange(len(y)) * 0.25, 1.5))


# --- arrays --------------------


def test_an_offset_runs_through_all_subscripts(simulate):
    """Vensim's manual: the last one fastest."""
    text = """
    S: s1, s2 ~~|
    T: t1, t2, t3 ~~|
    G: g1, g2 ~~|
    v[S,T,G] = S * 100 + T * 10 + G ~~|
    w[S,T,G] = VECTOR ELM MAP(v[s1,t1,g1], (S-1) * ELMCOUNT(T) * ELMCOUNT(G) + (T-1) * ELMCOUNT(G) + (G-1)) ~~|
    before[T] = VECTOR ELM MAP(v[s2,T,g1], -1) ~~|
    """
    v, w, before = courses(simulate, text, "v", "w", "before", final=1, step=1)
    np.testing.assert_array_equal(v, w)
    np.testing.assert_array_equal(before[0], [132, 212, 222])


@pytest.mark.parametrize("x", [-1.0, 0.5, 1.0, 2.25, 4.0, 7.0])
def test_a_vector_is_read_in_all_ways_of_a_table(simulate, x):
    """Points 1, 3, 4, 8 at 0, 1.5, 3 and 4.5; outside, the modes without extrapolation hold the first or last value."""
    at, points = np.array([0, 1.5, 3, 4.5]), np.array([1.0, 3, 4, 8])
    rises = np.diff(points) / 1.5

    def line(s: float) -> float:
        k = int(np.clip(s // 1.5, 0, 2))
        return points[k] + rises[k] * (s - at[k])

    def slope(s: float) -> float:
        left, right = int(np.clip(np.ceil(s / 1.5) - 1, 0, 2)), int(np.clip(s // 1.5, 0, 2))
        return 0.5 * (rises[left] + rises[right])

    inside = 0 <= x <= 4.5
    expected = {
        0: np.interp(x, at, points),
        1: quad(lambda s: np.interp(s, at, points), 0, x, points=[0, 1.5, 3, 4.5], limit=200)[0],
        2: points[max(np.searchsorted(at, x, side="right") - 1, 0)],
        3: line(x),
        4: points[min(np.searchsorted(at, x, side="left"), 3)],
        5: np.interp(x, points, at) if 1 <= x <= 8 else NA,
        6: slope(x) if inside else 0.0,
        7: quad(line, 0, x, points=[0, 1.5, 3, 4.5], limit=200)[0],
        8: float(np.interp(x, points, at)) + min(x - 1, 0) / rises[0] + max(x - 8, 0) / rises[2],
        9: slope(x),
    }
    text = "D: a, b, c, e ~~|\nv[D] = 1, 3, 4, 8 ~~|\n"
    text += "".join(f"y{mode} = VECTOR LOOKUP(v[a], {x}, 0, 4.5, {mode}) ~~|\n" for mode in expected)
    found = simulate(text, final=1, step=1).run().isel(time=0)
    for mode, value in expected.items():
        assert float(found[f"y{mode}"]) == pytest.approx(value, rel=1e-9, abs=1e-9), mode


# --- tables --------------------


def test_area_and_slope_of_a_table(simulate):
    points = [(-1.0, 2.0), (0.5, 1.0), (2.0, 4.0), (2.0, 6.0), (5.0, 0.0)]
    table = "look(" + ",".join(f"({x},{y})" for x, y in points) + ") ~~|\n"
    text = table + "area = LOOKUP AREA(look, -2, Time) ~~|\nslope = LOOKUP SLOPE(look, Time - 0.3, 0) ~~|\n"
    area, slope, value = courses(simulate, text + "y = look(Time) ~~|\n", "area", "slope", "y", final=7)
    x = np.array([p[0] for p in points])
    y = np.array([p[1] for p in points])
    times = np.arange(len(area)) * 0.25

    def at(s: float) -> float:
        return float(np.interp(s, x, y)) if s < 2 else float(np.interp(s, x[3:], y[3:]))

    for n, time in enumerate(times):
        exact = quad(at, -2, time, points=[p for p in (-1, 0.5, 2, 5) if p < time], limit=200)[0]
        assert area[n] == pytest.approx(exact, abs=1e-9)
        assert value[n] == pytest.approx(at(time), rel=1e-12)
        s = time - 0.3
        exact = 0.0 if s > 5 else (at(s + 1e-6) - at(s - 1e-6)) / 2e-6
        assert slope[n] == pytest.approx(exact, abs=1e-6)


# --- series --------------------


def test_series_are_read_between_points_as_their_mode_says(simulate, tmp_path):
    """At whole months; TIME SHIFT reads half a month ahead in the same mode."""
    (tmp_path / "d.csv").write_text("time,0,2,3,6\nd,1,5,4,7\n", encoding="utf-8")
    modes = {"line": "", "held": ":HOLD BACKWARD:", "ahead": ":LOOK FORWARD:", "raw": ":RAW:"}
    text = ""
    for name, mode in modes.items():
        text += f"{name} {mode} := GET DIRECT DATA('d.csv', ',', '1', 'B2') ~~|\n"
        text += f"{name} later := TIME SHIFT({name}, 0.5) ~~|\n"
    run = simulate(text, final=7, step=0.5).run()
    at, points = np.array([0.0, 2, 3, 6]), np.array([1.0, 5, 4, 7])
    for shift, suffix in ((0.0, ""), (0.5, " later")):
        time = np.arange(15) * 0.5 + shift
        np.testing.assert_allclose(run[f"line{suffix}"], np.interp(time, at, points), rtol=1e-12)
        before = np.clip(np.searchsorted(at, time, side="right") - 1, 0, 3)
        np.testing.assert_array_equal(run[f"held{suffix}"], points[before])
        after = np.clip(np.searchsorted(at, time, side="left"), 0, 3)
        np.testing.assert_array_equal(run[f"ahead{suffix}"], points[after])
        exact = np.where(np.isin(time, at), points[after], NA)
        np.testing.assert_array_equal(run[f"raw{suffix}"], exact)


# --- the calendar --------------------


def test_dates_are_those_of_the_calendar(tmp_path):
    """Days from 27 February 1999 over four leap years, 2000 among them, and hours of one of them."""
    text = "{UTF-8}\n"
    for measure in range(1, 10):
        text += f"m{measure} = GET TIME VALUE(0, 0.375, {measure}) ~~|\n"
    text += "INITIAL TIME = 0~~|\nFINAL TIME = 4800~~|\nTIME STEP = 1~~|\nSAVEPER = 1~~|\n"
    text += (
        "\\\\\\---/// Sketch\nV300\n///---\\\\\\\n:L\x7f<%^E!@\n15:0,0,0,0,0,0\n37:1999\n38:2\n39:27\n40:4\n"
    )
    (tmp_path / "m.mdl").write_text(text, encoding="utf-8")
    run = load(tmp_path / "m.mdl").run()
    dates = [dt.date(1999, 2, 27) + dt.timedelta(days=n) for n in range(4801)]
    expected = {
        1: [d.year for d in dates],
        2: [(d.month - 1) // 3 + 1 for d in dates],
        3: [d.month for d in dates],
        4: [d.day for d in dates],
        5: [d.isoweekday() % 7 for d in dates],  # 0 for Sunday
        7: [9] * len(dates),  # 0.375 of a day
        8: [0] * len(dates),
    }
    for measure, values in expected.items():
        np.testing.assert_array_equal(run[f"m{measure}"], values, err_msg=str(measure))
    assert set(np.diff(run["m6"])) == {1.0}


# --- noise --------------------


def test_pink_noise_has_its_mean_deviation_and_memory(simulate):
    """A first-order average of white noise: neighbours at a step of dt correlate by 1 - dt / time.

    Of 40,000 values whose memory is 8 steps, some 2,500 are independent: 4 standard errors are 0.08 of a deviation.
    """
    (noise,) = courses(simulate, "y = RANDOM PINK NOISE(5, 2, 4, 7) ~~|\n", "y", final=20000, step=0.5)
    assert noise.mean() == pytest.approx(5, abs=0.16)
    assert noise.std() == pytest.approx(2, rel=0.06)
    parts = noise - noise.mean()
    for lag in (1, 4, 8):
        found = (parts[:-lag] * parts[lag:]).mean() / parts.var()
        assert found == pytest.approx((1 - 0.5 / 4) ** lag, abs=0.05)
