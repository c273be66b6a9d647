"""Queues whose batches matter, beside a list of batches that is served by hand.

The rules are those of section 3.7.3 of the standard and of isee systems' help, "Queue Computation": what comes in
within one step is a batch; a conveyor takes one batch or as many as fit, split or whole; an overflow takes all that is
left when the outflow before it could not have what it wanted.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.errors import ModelError

STEP, STEPS, SLATS, CAPACITY = 0.5, 24, 3, 7.0
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">\n'
    "<sim_specs><start>0</start><stop>{stop}</stop><dt>0.5</dt></sim_specs>\n<model><variables>\n"
)
ASKED = {
    "number": "SIZE(q)",
    "largest": "IF SIZE(q) &gt; 0 THEN MAX(q) ELSE 0",
    "smallest": "IF SIZE(q) &gt; 0 THEN MIN(q) ELSE 0",
    "mean": "IF SIZE(q) &gt; 0 THEN MEAN(q) ELSE 0",
    "spread": "IF SIZE(q) &gt; 0 THEN STDDEV(q) ELSE 0",
    "second": "q[2]",
    "all": "SUM(q)",
}


def model(
    options: str, overflow: bool, stop: float = STEPS * STEP, arriving: str = "4 + 6 * SIN(3 * TIME)"
) -> str:
    """A queue before a conveyor of three slats, which holds 7."""
    outflow, flow = (
        ("<outflow>balk</outflow>", "<flow name='balk'><overflow/></flow>") if overflow else ("", "")
    )
    asked = "".join(f"<aux name='{name}'><eqn>{equation}</eqn></aux>" for name, equation in ASKED.items())
    return (
        f"{HEAD.format(stop=stop)}<stock name='q'><eqn>3</eqn><inflow>in</inflow><outflow>into</outflow>{outflow}"
        f"<queue/></stock><flow name='in'><eqn>{arriving}</eqn></flow><flow name='into'/>{flow}"
        f"<stock name='c'><eqn>0</eqn><inflow>into</inflow><outflow>out</outflow><conveyor discrete='true' {options}>"
        f"<len>1.5</len><capacity>{CAPACITY}</capacity></conveyor></stock><flow name='out'/>{asked}"
        "</variables></model></xmile>"
    )


def by_hand(one: bool, whole: bool, overflow: bool) -> dict[str, list[float]]:
    """The same with a list of batches and a list of slats."""
    waiting, belt = deque([3.0]), deque([0.0] * SLATS)
    found: dict[str, list[float]] = {name: [] for name in ("q", "c", "into", "balk", *ASKED)}
    for step in range(STEPS + 1):
        batches = np.array(waiting)
        told = (
            [len(batches), batches.max(), batches.min(), batches.mean(), batches.std()]
            if len(batches)
            else [0] * 5
        )
        second = batches[1] if len(batches) > 1 else 0.0
        for name, value in zip(ASKED, (*told, second, batches.sum()), strict=True):
            found[name].append(value)
        found["q"].append(batches.sum())
        found["c"].append(sum(belt))
        arriving = max(0.0, 4 + 6 * np.sin(3 * step * STEP)) * STEP
        if arriving > 0:
            waiting.append(arriving)
        belt.popleft()
        room, served, refused = CAPACITY - sum(belt), 0.0, False
        while waiting:
            fits = waiting[0] <= room - served + 1e-9
            share = waiting[0] if fits else (0.0 if whole else room - served)
            served += share
            waiting[0] -= share
            refused = waiting[0] > 0
            if not refused:
                waiting.popleft()
            if one or not fits:
                break
        belt.append(served)
        drained = sum(waiting) if overflow and refused else 0.0
        if drained:
            waiting.clear()
        found["into"].append(served / STEP)
        found["balk"].append(drained / STEP)
    return found


@pytest.mark.parametrize("overflow", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("one", [False, True])
def test_batches_are_served_in_their_order(tmp_path: Path, one: bool, whole: bool, overflow: bool):
    options = f"one_at_a_time='{str(one).lower()}' batch_integrity='{str(whole).lower()}'"
    path = tmp_path / "m.stmx"
    path.write_text(model(options, overflow), "utf-8")
    run = sd_covid.load(path).run()
    expected = by_hand(one, whole, overflow)
    for name, values in expected.items():
        if name in run:
            # sums of some ten batches, in another order
            np.testing.assert_allclose(run[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_one_batch_a_step_is_what_a_conveyor_takes_when_nothing_is_said(tmp_path: Path):
    """A queue of 3 that gets 1 in each step passes one batch on in each: 3, then 1, 1, …"""
    path = tmp_path / "m.stmx"
    path.write_text(model("", False, arriving="2"), "utf-8")
    run = sd_covid.load(path).run()
    np.testing.assert_array_equal(run["into"][:4] * STEP, [3, 1, 1, 1])
    np.testing.assert_array_equal(run["number"][:4], 1)


def test_each_inflow_brings_a_batch_of_its_own(tmp_path: Path):
    text = model("", False, arriving="2").replace(
        "<inflow>in</inflow>", "<inflow>in</inflow><inflow>too</inflow>"
    )
    text = text.replace("<flow name='in'>", "<flow name='too'><eqn>4</eqn></flow><flow name='in'>")
    path = tmp_path / "m.stmx"
    path.write_text(text, "utf-8")
    run = sd_covid.load(path).run()
    np.testing.assert_array_equal(run["into"][:5] * STEP, [3, 1, 2, 1, 2])
    np.testing.assert_array_equal(run["number"][:4], [1, 2, 3, 4])


def test_two_queues_share_the_room_of_a_conveyor(tmp_path: Path):
    """The inflow that is listed first goes first; 4 fit in each step."""
    queues = "".join(
        f"<stock name='q{k}'><eqn>0</eqn><inflow>in{k}</inflow><outflow>into{k}</outflow><queue/></stock>"
        f"<flow name='in{k}'><eqn>6</eqn></flow><flow name='into{k}'/>"
        for k in (1, 2)
    )
    for options in ("one_at_a_time='false'", ""):
        path = tmp_path / "m.stmx"
        path.write_text(
            f"{HEAD.format(stop=2)}{queues}<stock name='c'><eqn>0</eqn><inflow>into1</inflow><inflow>into2</inflow>"
            f"<outflow>out</outflow><conveyor discrete='true' {options}><len>0.5</len><capacity>4</capacity></conveyor>"
            "</stock><flow name='out'/></variables></model></xmile>",
            "utf-8",
        )
        run = sd_covid.load(path).run()
        np.testing.assert_array_equal(run["into1"] * STEP, 3)
        np.testing.assert_array_equal(run["into2"] * STEP, 1)


def test_what_enters_a_queue_is_not_negative(tmp_path: Path):
    path = tmp_path / "m.stmx"
    path.write_text(model("one_at_a_time='false'", False, arriving="TIME - 2"), "utf-8")
    run = sd_covid.load(path).run()
    np.testing.assert_array_equal(run["in"][:6], [0, 0, 0, 0, 0, 0.5])


def test_a_run_with_too_many_steps_for_batches_is_refused(tmp_path: Path):
    path = tmp_path / "m.stmx"
    path.write_text(model("", False, stop=5000), "utf-8")
    with pytest.raises(ModelError, match="a queue whose batches count would need") as caught:
        sd_covid.load(path)
    assert (caught.value.line, caught.value.variable) == (5, "q")
