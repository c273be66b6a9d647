"""A run that stops and is carried on gives the bits of a run in one go."""

import numpy as np
import pandas as pd
import pytest

from sd_covid.errors import RunError

MODEL = (
    """
rate = 0.3 ~~|
delay = 1.5 ~~|
Group: g1, g2, g3 ~~|
late = DELAY FIXED(size, delay, 7) ~~|
kept = SAMPLE IF TRUE(MODULO(Time, 2) < 0.3, size, 1) ~~|
slow = SMOOTH3(size + Time, 2) ~~|
size[Group] = INTEG(rate * (late[Group] - size[Group]) + SIN(Time), ELMCOUNT(Group) + Group) ~~|
late[Group] = DELAY FIXED(size[Group], delay, 7) ~~|
total = SUM(size[Group!]) ~~|
""".replace("late = DELAY FIXED(size, delay, 7) ~~|\n", "")
    .replace("size, 1", "total, 1")
    .replace("size + Time", "total + Time")
)
OUTPUTS = ["size", "late", "kept", "slow"]
FRAME = pd.DataFrame({"rate": np.linspace(0.1, 0.5, 11), "delay": np.linspace(0.5, 3, 11)})


@pytest.mark.parametrize("rk4", [False, True])
@pytest.mark.parametrize("parameters", [None, {"rate": 0.2}, FRAME], ids=["defaults", "mapping", "frame"])
def test_carrying_on_gives_the_same_bits(simulate, rk4, parameters):
    model = simulate(MODEL, final=8, step=0.25, rk4=rk4)
    whole = model.run(parameters, OUTPUTS)
    middle = model.snapshot(parameters, at=3.25)
    later = model.snapshot(parameters, at=5, start=middle)
    first = model.run(parameters, OUTPUTS, until=3.25)
    last = model.run(parameters, OUTPUTS, start=later)
    between = model.run(parameters, OUTPUTS, start=middle, until=5)
    for name in OUTPUTS:
        for part, window in ((first, slice(0, 3.25)), (between, slice(3.25, 5)), (last, slice(5, 8))):
            np.testing.assert_array_equal(part[name], whole[name].sel(time=window))


def test_random_numbers_go_on_where_they_were(simulate):
    model = simulate("x = RANDOM UNIFORM(0, 1, 3) ~~|\ns = INTEG(x, x) ~~|", final=6)
    frame = pd.DataFrame({"TIME STEP": [0.25] * 5})
    whole = model.run(frame, ["x", "s"], seed=9, first_member=3)
    start = model.snapshot(frame, at=2, seed=9, first_member=3)
    again = model.run(frame, ["x", "s"], seed=9, first_member=3, start=start)
    np.testing.assert_array_equal(again["s"], whole["s"].sel(time=slice(2, None)))
    np.testing.assert_array_equal(again["x"], whole["x"].sel(time=slice(2, None)))


def test_states_may_be_changed_before_going_on(simulate):
    """As data assimilation does: a stock that is halved decays from there."""
    model = simulate("k = 0.5 ~~|\ns = INTEG(-k * s, 64) ~~|", final=6, step=1)
    start = model.snapshot(at=2)
    assert start.time == 2
    start.stock("S")[:] /= 2
    np.testing.assert_array_equal(model.run(start=start)["s"], [8, 4, 2, 1, 0.5])


def test_one_snapshot_can_serve_many_members(simulate):
    model = simulate("k = 0.5 ~~|\ns = INTEG(-k * s, 64) ~~|", final=4, step=1)
    frame = pd.DataFrame({"k": [0.0, 0.5, 1.0]})
    found = model.run(frame, ["s"], start=model.snapshot(at=2))
    np.testing.assert_array_equal(found["s"], [[16, 16, 16], [16, 8, 4], [16, 0, 0]])


def test_errors_say_what_is_wrong(simulate):
    model = simulate(MODEL, final=8, step=0.25)
    with pytest.raises(RunError, match="not an instant"):
        model.snapshot(at=3.3)
    with pytest.raises(RunError, match="before the snapshot"):
        model.run(start=model.snapshot(at=3), until=2)
    with pytest.raises(RunError, match="11 members"):
        model.run(FRAME[:5], ["size"], start=model.snapshot(FRAME, at=3))
    with pytest.raises(RunError, match="longer"):
        model.run({"delay": 30}, ["late"], start=model.snapshot(at=3))
    with pytest.raises(RunError, match="has no state"):
        model.snapshot(at=3).stock("total")
