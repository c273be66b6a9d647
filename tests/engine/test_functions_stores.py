"""What is under way, queued, aged or written off: against the same done by hand, parcel by parcel.

Closed sums in another order: 1e-12 of the value unless a reason for more stands there.
"""

from collections import deque

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from sd_covid.errors import ModelError

FLAT = "flat((0,1),(1,1)) ~~|\n"
NA = -(2.0**109)


def course(simulate, equations, *names, final=12.0, step=0.5, **settings):
    """The courses of some variables."""
    run = simulate(FLAT + equations, final=final, step=step, **settings).run({}, list(names))
    found = [run[name].to_numpy() for name in names]
    return found if len(names) > 1 else found[0]


# --- DELAY CONVEYOR --------------------


def test_a_conveyor_of_constant_speed_is_a_fixed_delay_that_leaks(simulate):
    """Four steps of 0.5 on the way, each of which leaves 1 - 0.5 * 0.1; at the start all leaks as long as it stays."""
    out, x = course(
        simulate, "x = 3 + SIN(Time) ~~|\ny = DELAY CONVEYOR(x, 2, 0.1, flat, 8, 2) ~~|\n", "y", "x"
    )
    expected = [4 * 0.95**n for n in range(4)] + list(x[:-4] * 0.95**4)
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_a_profile_says_what_leaves_a_conveyor_at_first(simulate):
    """Twice as much in the second half as in the first; the ends of the table count for nothing but its shape."""
    steps = "steps((7,1),(8,1),(8,2),(9,2)) ~~|\n"
    out = course(simulate, steps + "y = DELAY CONVEYOR(0, 4, 0, steps, 12, 4) ~~|\n", "y", step=1.0)
    np.testing.assert_allclose(out[:6], [2, 2, 4, 4, 0, 0], rtol=1e-12, atol=1e-12)


def test_a_conveyor_whose_speed_changes_against_parcels(simulate):
    """Each step's input as 4,000 parcels side by side: the border between two steps is then known to 1 in 4,000."""
    text = "x = 3 + SIN(2 * Time) ~~|\nt = 2.2 + IF THEN ELSE(Time < 4, 0, 2) - IF THEN ELSE(Time < 8, 0, 3.5) ~~|\n"
    out, x, t = course(simulate, text + "y = DELAY CONVEYOR(x, t, 0.05, flat, 6, 2) ~~|\n", "y", "x", "t")
    many = 4000
    places, sizes = np.arange(1 / many / 4, 1, 1 / many / 2), np.full(2 * many, 3 / many)
    for n in range(len(x)):
        places = places + 0.5 / t[n]
        left = places < 1
        assert out[n] == pytest.approx(sizes[~left].sum() / 0.5, abs=2e-3 * x.max())
        fresh = (np.arange(many) + 0.5) / many * 0.5 / t[n]
        places = np.concatenate([places[left], fresh])
        sizes = np.concatenate([sizes[left], np.full(many, x[n] * 0.5 / many)]) * (1 - 0.5 * 0.05)


def test_what_a_conveyor_leaks_is_what_vensims_manual_says(simulate):
    """Its equations for the total: once nothing comes any more and all has left, nothing is there."""
    text = """
    x = IF THEN ELSE(Time < 3, 2 + Time, 0) ~~|
    y = DELAY CONVEYOR(x, 2 + 0.3 * Time, 0.08, flat, 5, 2.5) ~~|
    leak = (total + TIME STEP * (x - y)) * 0.08 ~~|
    total = INTEG(x - y - leak, 5) ~~|
    """
    total = course(simulate, text, "total")
    assert total[6] > 4
    assert abs(total[-1]) < 1e-12


# --- DELAY BATCH --------------------


def test_batches_come_out_one_at_a_time(simulate):
    text = "x = 3 + SIN(Time) ~~|\nt = 2 + STEP(1.5, 6) ~~|\ny = DELAY BATCH(x, 5, t, 2, 1, 4) ~~|\n"
    out, x, t = course(simulate, text, "y", "x", "t", final=20)
    batch, due, backlog, expected = 2.0, 1.0, 4.0, []
    for n, now in enumerate(np.arange(len(x)) * 0.5):
        done = batch > 0 and now >= due
        expected.append(batch / 0.5 if done else 0.0)
        batch = 0.0 if done else batch
        if batch == 0 and backlog >= 5:
            batch, due, backlog = 5.0, now + t[n], backlog - 5
        backlog += 0.5 * x[n]
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    assert len(set(out)) == 3


def test_a_batch_that_is_due_at_the_start_comes_out_then(simulate):
    np.testing.assert_array_equal(
        course(simulate, "y = DELAY BATCH(0, 5, 1, 3, 0, 0) ~~|\n", "y")[:2], [6, 0]
    )


# --- DELAY PROFILE --------------------


@pytest.mark.parametrize("wait", [3.0, 2.1])
def test_a_profile_spreads_a_pulse_as_its_density(simulate, wait):
    """A triangle that falls from 0 to 1: its mean is 1/3, so it is stretched three times the delay."""
    text = (
        f"fall((0,2),(1,0)) ~~|\ny = DELAY PROFILE(fall, IF THEN ELSE(Time < 0.5, 8, 0), {wait}, 0, 0) ~~|\n"
    )
    out = course(simulate, text, "y")
    for n, value in enumerate(out):
        low, high = (0.0 if n == 1 else n * 0.5 - 0.25), n * 0.5 + 0.25
        share = quad(lambda s: max(0.0, 2 * (1 - s / (3 * wait)) / (3 * wait)), low, high)[0] if n else 0.0
        assert value == pytest.approx(8 * share, abs=1e-9)


def test_a_profile_gives_its_initial_value_and_carries_growth_on(simulate):
    """A steady input stays what it is; one that grows by 4 % a month does so from the start on."""
    text = "fall((0,2),(1,0)) ~~|\nsame = DELAY PROFILE(fall, 7, 2, 7, 0) ~~|\n"
    text += "grows = DELAY PROFILE(fall, 0, 2, 5, 0.04) ~~|\n"
    same, grows = course(simulate, text, "same", "grows")
    np.testing.assert_allclose(same, 7, rtol=1e-12)
    assert grows[0] == pytest.approx(5, rel=1e-12)
    density = lambda s: max(0.0, (1 - s / 6) / 3)  # noqa: E731 - of waiting times, mean 2
    shares = [
        quad(density, max(0.0, n * 0.5 - 0.25) if n > 1 else 0.0, n * 0.5 + 0.25)[0] for n in range(1, 14)
    ]
    past = [sum(shares[j + m] * 1.02 ** -(m + 1) for m in range(13 - j)) for j in range(2)]
    assert grows[1] / grows[0] == pytest.approx(past[1] / past[0], rel=1e-9)


# --- queues --------------------

QUEUE = """
new = 4 + 3 * SIN(Time) ~~|
gone = MIN(5 + STEP(4, 7), QUEUE AGE IN RANGE(q, 1.0, :NA:) / TIME STEP) ~~|
q = QUEUE FIFO(new, gone, flat, 12, 2) ~~|
mean = QUEUE AGE AVERAGE(q, 0) ~~|
mean of three = QUEUE AGE AVERAGE(q, 3) ~~|
oldest = QUEUE AGE OLDEST(q) ~~|
middle = QUEUE AGE IN RANGE(q, 1, 1.5) ~~|
"""


def test_a_queue_against_one_kept_by_hand(simulate):
    names = ("q", "gone", "new", "mean", "mean of three", "oldest", "middle")
    q, gone, new, mean, three, oldest, middle = course(simulate, QUEUE, *names)
    held = deque([3.0] * 4)  # newest first: ages 0.5, 1, 1.5, 2
    for n in range(len(q)):
        amounts, ages = np.array(held), 0.5 * (1 + np.arange(len(held)))
        assert q[n] == pytest.approx(amounts.sum(), rel=1e-12)
        assert mean[n] == pytest.approx(np.average(ages, weights=amounts), rel=1e-12)
        before = np.concatenate([np.cumsum(amounts[::-1])[::-1][1:], [0]])
        first = np.clip(3 - before, 0, amounts)
        assert three[n] == pytest.approx(np.average(ages, weights=first), rel=1e-12)
        assert oldest[n] == ages[amounts > 1e-9][-1]
        assert middle[n] == pytest.approx(amounts[1:3].sum(), rel=1e-12)
        assert gone[n] == pytest.approx(min(9 if n >= 14 else 5, amounts[1:].sum() / 0.5), rel=1e-12)
        going = 0.5 * gone[n]
        for k in reversed(range(len(held))):
            taken = min(going, held[k])
            held[k] -= taken
            going -= taken
        held.appendleft(0.5 * new[n])


def test_a_queue_with_an_attribute(simulate):
    """The mileage of cars, say: it comes with each, worsens by 0.2 a month, and was 10 and 20 at first."""
    text = """
    rising((0,0.5),(1,2.5)) ~~|
    q = QUEUE FIFO ATTRIB(6, gone, 30 + Time, -0.2, flat, rising, 8, 10, 2) ~~|
    gone = QUEUE ATTRIB QUANTITY(q, 50) / TIME STEP ~~|
    mean = QUEUE ATTRIB AVERAGE(q, -1) ~~|
    most = QUEUE ATTRIB MAX(q) ~~|
    least = QUEUE ATTRIB MIN(q) ~~|
    few = QUEUE ATTRIB IN RANGE(q, 19, 29.95) ~~|
    """
    names = ("q", "gone", "mean", "most", "least", "few")
    q, gone, mean, most, least, few = course(simulate, text, *names, step=1.0)
    held = [[4.0, 10.0], [4.0, 20.0]]  # amount and attribute, newest first: in the middle of each half
    for n in range(len(q)):
        amounts, values = np.array(held).T
        there = amounts > 1e-9
        assert q[n] == pytest.approx(amounts.sum(), rel=1e-12)
        assert mean[n] == pytest.approx(np.average(values, weights=amounts), rel=1e-12)
        assert most[n] == pytest.approx(values[there].max(), rel=1e-12)
        assert least[n] == pytest.approx(values[there].min(), rel=1e-12)
        inside = (values >= 19) & (values <= 29.95)
        assert few[n] == pytest.approx(amounts[inside].sum(), rel=1e-12, abs=1e-9)
        wanted, going = 50.0, 0.0
        for entry in reversed(held):
            taken = min(entry[0], wanted / entry[1])
            entry[0] -= taken
            wanted -= taken * entry[1]
            going += taken
        assert gone[n] == pytest.approx(going, rel=1e-12)
        held = [[6.0, 30 + n - 0.2], *([amount, value - 0.2] for amount, value in held)]


def test_a_queue_that_owes_has_one_entry_of_the_step_before(simulate):
    """As Vensim's manual says; what is sent back comes in, and what is brought back goes."""
    text = "q = QUEUE FIFO(1, IF THEN ELSE(Time < 1, 9, -1), flat, 4, 1) ~~|\n"
    text += "age = QUEUE AGE AVERAGE(q, 0) ~~|\nold = QUEUE AGE OLDEST(q) ~~|\n"
    q, age, old = course(simulate, text, "q", "age", "old")
    np.testing.assert_allclose(q[:6], [4, 0, -4, -3, -2, -1], atol=1e-12)
    np.testing.assert_allclose(age[2:5], 0.5)
    np.testing.assert_allclose(old[2:5], 0.5)


def test_an_empty_queue_has_no_age(simulate):
    text = "q = QUEUE FIFO(0, 8, flat, 4, 1) ~~|\nage = QUEUE AGE AVERAGE(q, 0) ~~|\n"
    text += "old = QUEUE AGE OLDEST(q) ~~|\n"
    run = simulate(FLAT + text, final=0.5, step=0.5).run()
    assert (float(run["age"][-1]), float(run["old"][-1])) == (0, 0)


# --- SHIFT IF TRUE --------------------

COHORTS = """
age: young, mid, old ~~|
later: mid, old ~~|
people[young] = INTEG(3 - 0.1 * people[young], 8) ~~|
people[later] = INTEG(-0.1 * people[later], 5) ~~|
moved = SHIFT IF TRUE(people[young], MODULO(Time, 2) = 0, ELMCOUNT(age), {keep}, 1) ~~|
"""


@pytest.mark.parametrize("keep", [0, 1])
def test_cohorts_move_on(simulate, keep):
    people, moved = course(simulate, COHORTS.format(keep=keep), "people", "moved", final=8)
    held = np.array([8.0, 5.0, 5.0])
    for n in range(len(people)):
        np.testing.assert_allclose(people[n], held, rtol=1e-12)
        flows = np.array([3.0, 0, 0]) - 0.1 * held
        due = n % 4 == 0
        assert moved[n] == pytest.approx(held[2] if due and not keep else 0, rel=1e-12)
        if due:
            held = np.array([1.0, held[0], held[1] + (held[2] if keep else 0)])
        held = held + 0.5 * flows


# --- depreciation, and the rate of return --------------------


def test_depreciation_in_equal_parts(simulate):
    """A third of each year's investment in that year and the two after; the life of 3.2 years is cut to 3."""
    text = "x = 12 + STEP(6, 4.5) ~~|\ny = DEPRECIATE STRAIGHTLINE(x, 3.2, 1, 12) ~~|\n"
    y, x = course(simulate, text, "y", "x")
    years = x[:-1].reshape(-1, 2).mean(axis=1)
    past = np.concatenate([[12, 12], years])
    for n in range(len(years)):
        expected = x[2 * n : 2 * n + 2] / 3 + (past[n] + past[n + 1]) / 3
        np.testing.assert_allclose(y[2 * n : 2 * n + 2], expected, rtol=1e-12)


def test_depreciation_by_schedule(simulate):
    """50, 30 and 20 percent of a payment of 10 at 1.5, when the second fiscal year begins."""
    text = """
    D: d1, d2, d3 ~~|
    schedule[D] = 50, 30, 20 ~~|
    none = 0 ~~|
    x = IF THEN ELSE(Time = 1.5, 20, 0) ~~|
    y = DEPRECIATE BY SCHEDULE(x, schedule[d1], none, 3, 0.5) ~~|
    """
    y = course(simulate, text, "y", final=6)
    np.testing.assert_allclose(y, [0, 0, 0, 10, 0, 3, 3, 2, 2, 0, 0, 0, 0], atol=1e-12)


def test_the_rate_of_return_is_where_the_payments_are_worth_nothing(simulate):
    """Of payments at the ends of years of two steps, and 100 at the start of the second year."""
    text = "x = IF THEN ELSE(Time < 2, 0, 60) ~~|\ny = INTERNAL RATE OF RETURN(x, 1, -100, 1) ~~|\n"
    y, x = course(simulate, text, "y", "x", final=8)
    for n in range(len(y)):
        years = [0.5 * x[k : min(k + 2, n + 1)].sum() for k in range(0, n + 1, 2)]

        def worth(rate: float, years: list[float] = years) -> float:
            return -100 / (1 + rate) + sum(v / (1 + rate) ** (k + 1) for k, v in enumerate(years))

        if worth(-0.9) * worth(1) > 0:
            assert y[n] == NA
        else:
            assert y[n] == pytest.approx(brentq(worth, -0.9, 1, xtol=1e-14), abs=1e-11)
    assert y[0] == NA
    assert 0 < y[-1] < 1


# --- the rest --------------------


def test_allocation_in_two_steps_is_allocation_by_priority(simulate):
    text = """
    D: a, b, c ~~|
    request[D] = 10, 20, 30 ~~|
    priority[D] = 1, 2, 2.5 ~~|
    supply = 8 * Time - 4 ~~|
    market = MARKETP(request[a], priority[a], ELMCOUNT(D), 1.2, supply) ~~|
    two[D] = ALLOC P(request[D], priority[D], 1.2, market) ~~|
    one[D] = ALLOCATE BY PRIORITY(request[D], priority[D], 3, 1.2, supply) ~~|
    """
    two, one = course(simulate, text, "two", "one")
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-9)  # the price is halved to 1e-8, then polished
    assert one[-1].sum() == 60


def test_delayp_is_delay3_and_knows_its_pipeline(simulate):
    """What is in the pipeline has come and not gone: the integral of the difference."""
    text = """
    x = 4 + STEP(2, 3) ~~|
    y = DELAYP(x, 4.5 : pipeline) ~~|
    z = DELAY3(x, 4.5) ~~|
    kept = INTEG(x - y, 4.5 * x) ~~|
    """
    y, z, pipeline, kept = course(simulate, text, "y", "z", "pipeline", "kept")
    np.testing.assert_allclose(y, z, rtol=1e-12)
    np.testing.assert_allclose(pipeline, kept, rtol=1e-12)


def test_series_are_cumulated(simulate, tmp_path):
    (tmp_path / "d.csv").write_text("time,0,2,3\nd,1,4,7\n", encoding="utf-8")
    text = "d := GET DIRECT DATA('d.csv', ',', '1', 'B2') ~~|\nc := CUMULATE(d) ~~|\nf := CUMULATEF(d) ~~|\n"
    c, f = course(simulate, text, "c", "f", final=4, step=1.0)
    np.testing.assert_allclose(c, [1, 3, 5, 12, 12])
    np.testing.assert_allclose(f, 12)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("q = INTEG(1, 0) ~~|\ny = QUEUE AGE OLDEST(q) ~~|", "takes the name of a queue"),
        ("q = QUEUE FIFO(1, 1, flat, 1, 1) ~~|\ny = QUEUE ATTRIB MAX(q) ~~|", "takes the name of a queue"),
        ("down((0,-1),(1,1)) ~~|\ny = DELAY CONVEYOR(1, 2, 0, down, 0, 2) ~~|", "negative somewhere"),
        ("y = DELAY PROFILE(flat, 1, 9e9, 0, 0) ~~|", "more than the 2000"),
        ("y = DELAY PROFILE(flat, 1, -2, 0, 0) ~~|", "make it positive"),
        ("y = DEPRECIATE STRAIGHTLINE(1, 4, 0, 0) ~~|", "fiscal periods"),
        (
            "D: a, b ~~|\ns[D] = 1, 1 ~~|\nn = 3 ~~|\ny = DEPRECIATE BY SCHEDULE(1, s[a], n, 2, 0) ~~|",
            "does not say whether",
        ),
        ("D: a, b ~~|\ns[D] = INTEG(1, 0) ~~|\ny = SHIFT IF TRUE(s[a], 1, 3, 0, 0) ~~|", "too few elements"),
        ("D: a, b ~~|\ns[D] = Time ~~|\ny = SHIFT IF TRUE(s[a], 1, 2, 0, 0) ~~|", "'s' is none"),
    ],
)
def test_what_cannot_be_run_is_refused(simulate, text, reason):
    with pytest.raises(ModelError, match=reason):
        simulate(FLAT + text)


def test_stocks_are_shifted_by_whole_steps_only(simulate):
    with pytest.raises(ModelError, match="choose Euler's method"):
        simulate(COHORTS.format(keep=0), rk4=True)
