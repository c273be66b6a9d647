"""Batches: each member is itself, whoever runs beside it; what fails is counted and found."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sd_covid
from sd_covid.errors import RunError, UnknownNameError

SIR = """
contact = 0.5 ~ ~ |
duration = 4 ~ ~ |
late = 2 ~ ~ |
s = INTEG(-new, 990) ~ ~ |
i = INTEG(new - i / duration, 10) ~ ~ |
new = contact * s * i / 1000 ~ ~ |
seen = DELAY FIXED(new, late, 0) + EXP(-i / 100) ^ 0.7 ~ ~ |
"""


def draws(count: int) -> pd.DataFrame:
    """Members with different constants."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "contact": rng.uniform(0.2, 0.9, count),
            "duration": rng.uniform(2, 8, count),
            "late": rng.integers(1, 12, count) / 4,
        }
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.sampled_from([1, 3, 7, 8, 9, 40]), threads=st.integers(1, 3), order=st.randoms())
def test_member_has_the_same_bits_in_any_batch(simulate, count, threads, order):
    model = simulate(SIR)
    frame = draws(40)
    whole = model.run(frame, outputs=["s", "seen"])
    rows = list(range(40))
    order.shuffle(rows)
    part = model.run(frame.iloc[rows[:count]], outputs=["s", "seen"], threads=threads)
    for name in ("s", "seen"):
        np.testing.assert_array_equal(part[name].to_numpy(), whole[name].to_numpy()[rows[:count]])


def test_single_run_agrees_with_the_same_member_of_a_batch(simulate):
    """Scalar and vector code may round differently where operations are fused: 1e-12, as promised."""
    model = simulate(SIR)
    frame = draws(5)
    batch = model.run(frame, outputs=["seen"])
    for k in range(5):
        single = model.run(dict(frame.iloc[k]), outputs=["seen"])
        np.testing.assert_allclose(single["seen"], batch["seen"][k], rtol=1e-12)


def test_members_are_numbered_from_first_member(simulate):
    run = simulate(SIR).run(draws(3), outputs=["s"], first_member=100)
    np.testing.assert_array_equal(run["member"], [100, 101, 102])
    assert run["s"].dims == ("member", "time")


def test_failed_members_are_counted_and_found(simulate):
    """1 / (a - t) is infinite at t = a: member 1 fails at 3, the others never."""
    model = simulate("a = -1 ~ ~ |\ny = 1 / (a - Time) ~ ~ |\nz = a ~ ~ |\n")
    run = model.run(pd.DataFrame({"a": [-1.0, 3.0, -2.0]}), outputs=["y", "z"])
    assert run.attrs["failed_members"] == 1
    found = sd_covid.failed(run)
    assert found.to_dict("records") == [{"member": 1, "variable": "y", "time": 3.0}]


def test_wrong_requests_are_refused(simulate):
    model = simulate(SIR)
    with pytest.raises(RunError, match="what to keep"):
        model.run(draws(2))
    with pytest.raises(RunError, match="outputs is empty"):
        model.run(outputs=[])
    with pytest.raises(RunError, match="without rows"):
        model.run(draws(2).iloc[:0], outputs=["s"])
    with pytest.raises(UnknownNameError) as unknown:
        model.run({"contcat": 1.0})
    assert unknown.value.advice == "did you mean 'contact'?"
    with pytest.raises(UnknownNameError, match="calculated"):
        model.run({"new": 1.0})
    with pytest.raises(RunError) as value:
        model.run({"contact": float("nan")})
    assert value.value.variable == "contact"
    with pytest.raises(RunError, match="differs between members"):
        model.run(pd.DataFrame({"FINAL TIME": [5.0, 6.0]}), outputs=["s"])
    with pytest.raises(RunError, match="exceeds the limit"):
        model.run({"FINAL TIME": 1e12})
    with pytest.raises(RunError, match="GiB"):
        model.run(draws(8), outputs=["s"], max_memory=1000)


def test_threads_are_bounded_by_the_environment(simulate, monkeypatch):
    monkeypatch.setenv("SD_COVID_THREADS", "none")
    with pytest.raises(RunError, match="SD_COVID_THREADS"):
        simulate(SIR).run(draws(9), outputs=["s"])


@pytest.mark.parametrize("rows", [None, 7])
def test_values_at_some_times_are_those_of_the_whole_run(simulate, rows):
    model = simulate(SIR)
    frame = {} if rows is None else draws(rows)
    whole = model.run(frame, ["i", "seen"])
    found = model.run(frame, ["i", "seen"], at=[7.5, 1.25, 10])
    np.testing.assert_array_equal(found["time"], [1.25, 7.5, 10])
    for name in ("i", "seen"):
        np.testing.assert_array_equal(found[name], whole[name].sel(time=[1.25, 7.5, 10]))


def test_statistics_over_members_at_some_times_are_those_of_the_whole_run(simulate):
    model = simulate(SIR)
    whole = model.run(draws(90), ["i"], over_members=[0.1, "mean"])
    found = model.run(draws(90), ["i"], over_members=[0.1, "mean"], at=[3, 6])
    np.testing.assert_array_equal(found["i"], whole["i"].sel(time=[3, 6]))


def test_times_that_are_no_instants_or_come_too_early_are_refused(simulate):
    model = simulate(SIR)
    with pytest.raises(RunError, match=r"time 3\.1 is not an instant of the run"):
        model.run(at=[3, 3.1])
    with pytest.raises(RunError, match="over_members looks at whole runs"):
        model.run(draws(2), ["i"], over_time=["mean"], over_members=[0.5], at=[3])
    snapshot = model.snapshot(at=5)
    with pytest.raises(RunError, match="time 3 lies before the snapshot's 5"):
        model.run(start=snapshot, at=[3, 6])
    np.testing.assert_array_equal(model.run(start=snapshot, at=[6])["i"], model.run()["i"].sel(time=[6]))


def test_few_times_of_many_need_little_memory(simulate):
    """Two instants of 401, for 1,000 members: 16 kB of results, where all would take 3.2 MB."""
    model = simulate(SIR, final=100)
    assert model.run(draws(1000), ["i"], at=[50, 100], max_memory=1e5).sizes["time"] == 2
    with pytest.raises(RunError, match="more than the limit"):
        model.run(draws(1000), ["i"], max_memory=1e5)
