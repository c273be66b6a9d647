"""What a run or a batch is summed up in agrees with what numpy makes of all its values."""

import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.run.over_members import over_members
from sd_covid.errors import RunError, UnknownNameError

MODEL = """
rate = 0.3 ~~|
capacity = 100 ~~|
Group: g1, g2 ~~|
growth = rate * size * (1 - size / capacity) * (1 + 0.5 * SIN(2 * Time)) ~~|
size = INTEG(growth, 5) ~~|
part[Group] = INTEG(growth - part[Group] / 5, 0) ~~|
"""
FRAME = pd.DataFrame(
    {"rate": np.random.default_rng(0).uniform(0.1, 0.6, 3001), "capacity": np.linspace(50, 200, 3001)}
)


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
@pytest.mark.parametrize("rk4", [False, True])
def test_over_time_is_what_the_saved_values_come_to(simulate, monkeypatch, engine, rk4):
    monkeypatch.setenv("SD_COVID_ENGINE", engine)
    model = simulate(MODEL, final=10, step=0.125, rk4=rk4)
    names = ["final", "integral", "mean", "min", "max"]
    whole = model.run(FRAME[:40], ["growth", "part"])
    found = model.run(FRAME[:40], ["growth", "part"], over_time=names)
    assert found["part"].dims == ("member", "over_time", "Group")
    for name in ("growth", "part"):
        values = whole[name].to_numpy()
        expected = {"final": values[:, -1], "min": values.min(axis=1), "max": values.max(axis=1)}
        if not rk4:  # Euler's method adds up the values at the beginning of each step
            expected["integral"] = 0.125 * values[:, :-1].sum(axis=1)
            expected["mean"] = values[:, :-1].mean(axis=1)
        for item, value in expected.items():
            np.testing.assert_allclose(found[name].sel(over_time=item), value, rtol=1e-12)
    if rk4:  # the integral of a flow is what its stock gained, whatever the method
        gained = model.run(FRAME[:40], ["size"])["size"]
        integral = found["growth"].sel(over_time="integral")
        np.testing.assert_allclose(integral, gained[:, -1] - gained[:, 0], rtol=1e-12)


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_over_time_by_some_times_is_that_of_a_run_that_stops_there(simulate, monkeypatch, engine):
    monkeypatch.setenv("SD_COVID_ENGINE", engine)
    model = simulate(MODEL, final=10, step=0.125)
    names = ["final", "integral", "mean", "min", "max"]
    found = model.run(FRAME[:40], ["growth", "part"], over_time=names, at=[0, 2.5, 10])
    assert found["part"].dims == ("member", "time", "over_time", "Group")
    for name in ("growth", "part"):
        assert np.isnan(found[name].sel(time=0, over_time="mean")).all()
        assert (found[name].sel(time=0, over_time="integral") == 0).all()
        for time in (2.5, 10):
            stopped = model.run(FRAME[:40], [name], over_time=names, until=time)
            np.testing.assert_array_equal(found[name].sel(time=time), stopped[name])


def test_over_members_is_what_numpy_finds_in_all_values(simulate):
    """Quantiles to the width of a bin, a 2,000th of the distance between the outermost; moments to rounding."""
    model = simulate(MODEL, final=10)
    outputs, shares = ["size", "part"], [0.05, 0.5, 0.95]
    whole = model.run(FRAME, outputs)
    found = model.run(FRAME, outputs, over_members=[*shares, "mean", "sd", "min", "max"])
    assert found["part"].dims == ("over_members", "time", "Group")
    assert list(found["over_members"].values) == ["0.05", "0.5", "0.95", "mean", "sd", "min", "max"]
    for name in outputs:
        values = whole[name].to_numpy()
        expected = np.quantile(values, shares, axis=0)
        width = 1.3 * (np.quantile(values, 1, axis=0) - np.quantile(values, 0, axis=0)) / 2000
        assert (np.abs(found[name].to_numpy()[:3] - expected) <= width + 1e-9).all()
        for k, function in enumerate(
            (np.mean, lambda v, axis: np.std(v, axis=axis, ddof=1), np.min, np.max), 3
        ):
            np.testing.assert_allclose(
                found[name].to_numpy()[k], function(values, axis=0), rtol=1e-10, atol=1e-12
            )


def test_statistics_do_not_depend_on_threads(simulate):
    model = simulate(MODEL, final=5)
    one, two = (
        model.run(FRAME, ["size"], over_members=[0.1, "mean", "sd"], threads=threads) for threads in (1, 2)
    )
    np.testing.assert_array_equal(one["size"], two["size"])


def test_time_and_members_can_both_be_summed_up(simulate):
    model = simulate(MODEL, final=5)
    found = model.run(FRAME, ["size", "part"], over_time=["max", "final"], over_members=[0.5, "mean"])
    assert found["size"].dims == ("over_members", "over_time")
    peaks = model.run(FRAME, ["size"], over_time=["max"])["size"].to_numpy()[:, 0]
    assert float(found["size"][1, 0]) == pytest.approx(peaks.mean(), rel=1e-12)


def test_a_quantile_outside_the_first_bounds_is_found_in_a_second_run():
    """The first part of the batch, from which the bounds come, is unlike the rest."""
    values = np.concatenate([np.zeros(1024), np.linspace(100, 200, 5000)])

    def part(first, last):
        return np.ascontiguousarray(values[None, first:last, None]), np.zeros(last - first, dtype=bool)

    found, _ = over_members(part, len(values), 1000, [0.25, 0.9], 2)
    np.testing.assert_allclose(found[0, :, 0], np.quantile(values, [0.25, 0.9]), atol=200 / 2000)


def test_failed_members_are_left_out_and_counted(simulate):
    model = simulate("k = 1 ~~|\nx = 10 / k ~~|\ny = x * k ~~|", final=2)
    frame = pd.DataFrame({"k": [1.0, 0.0, 2.0, 4.0, 0.0]})
    found = model.run(frame, ["x"], over_members=["mean", "max", 0.5])
    assert found.attrs["failed_members"] == 2
    np.testing.assert_allclose(found["x"][:, 0], [(10 + 5 + 2.5) / 3, 10, 5], rtol=1e-3)
    with pytest.raises(RunError, match="every member"):
        model.run(frame.iloc[[1, 4]], ["x"], over_members=["mean"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"over_time": ["maximum"]}, "'max'"),
        ({"over_members": ["median"]}, "share between 0 and 1"),
        ({"over_members": [1.5]}, "share between 0 and 1"),
        ({"over_members": [0.5], "max_memory": 1000}, "GiB"),
    ],
)
def test_errors_say_what_can_be_asked(simulate, options, says):
    with pytest.raises((RunError, UnknownNameError), match=says):
        simulate(MODEL).run(FRAME[:10], ["size"], **options)


def test_statistics_need_a_batch(simulate):
    with pytest.raises(RunError, match="DataFrame"):
        simulate(MODEL).run({"rate": 0.2}, ["size"], over_members=[0.5])
