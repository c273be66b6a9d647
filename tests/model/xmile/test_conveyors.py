"""Conveyors of XMILE files: inflows that are spread, leaks of whole units and in zones, and what is refused.

A steady conveyor holds what flows in times how long it stays (J. D. C. Little, 1961): that is what most expected values
are made of. What is laid on slat i, counted from 0 at the exit, leaves after i + 1 steps.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sd_covid
from sd_covid.errors import ModelError

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" '
    'xmlns:isee="http://iseesystems.com/XMILE">\n'
    "<sim_specs><start>0</start><stop>{stop}</stop><dt>0.5</dt></sim_specs>{before}\n<model><variables>\n"
)
STEP = 0.5

Run = Callable[..., xr.Dataset]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes variables, which begin on line 5, as a model."""

    def writer(variables: str, *, stop: float = 20, before: str = "", after: str = "") -> Path:
        path = tmp_path / "m.stmx"
        head = HEAD.format(stop=stop, before=before)
        path.write_text(f"{head}{variables}</variables></model>{after}</xmile>", "utf-8")
        return path

    return writer


@pytest.fixture
def run(write: Callable[..., Path]) -> Run:
    """What variables give."""
    return lambda variables, **rest: sd_covid.load(write(variables, **rest)).run()


def belt(name: str, length: float, inflow: str, *leaks: str, initial: str = "0", options: str = "") -> str:
    """A conveyor with one inflow, which has an equation of its own, and its outflow."""
    outflows = "".join(f"<outflow>{leak}</outflow>" for leak in leaks)
    return (
        f"<stock name='{name}'><eqn>{initial}</eqn><inflow>{inflow}</inflow><outflow>{name} out</outflow>{outflows}"
        f"<conveyor{options}><len>{length}</len></conveyor></stock><flow name='{name} out'/>"
    )


def inflow(name: str, way: str, equation: str = "10", more: str = "") -> str:
    """An inflow that is spread."""
    return f"<flow name='{name}' isee:spreadflow='{way}'><eqn>{equation}</eqn>{more}</flow>"


def test_an_even_inflow_stays_half_as_long(run: Run):
    """Over 8 slats: 1 to 8 steps, 4.5 on average."""
    found = run(belt("s", 4, "f") + inflow("f", "even"))
    assert float(found["s"][-1]) == pytest.approx(10 * 4.5 * STEP, rel=1e-14)
    np.testing.assert_allclose(found["s out"][[0, 1, 2]], [0, 10 / 8, 20 / 8], rtol=1e-14)


def test_an_inflow_after_what_is_there_keeps_its_shape(run: Run):
    """Contents 1 to 4, from the exit; the first leaves, and 9 more are laid on 2, 3 and 4 in proportion."""
    found = run(belt("s", 2, "f", initial="1,2,3,4") + inflow("f", "dest", "18 - STEP(18, 0.5)"))
    np.testing.assert_allclose(found["s out"][:5] * STEP, [1, 4, 6, 8, 0], rtol=1e-14)


def test_an_inflow_without_anything_to_go_by_enters_at_the_beginning(run: Run):
    found = run(belt("s", 2, "f") + inflow("f", "dest", "PULSE(8, 0)"))
    np.testing.assert_allclose(found["s out"][:6] * STEP, [0, 0, 0, 0, 8, 0], rtol=1e-14)


def test_a_profile_runs_over_the_time_that_is_left(run: Run):
    """Weights rise from the exit: twice the place of the middle of each of 8 slats; mean stay 0.5 Σ w (i + 1) / Σ w."""
    graph = "<gf name='p'><xscale min='0' max='1'/><ypts>0,2</ypts></gf>"
    more = "<isee:distrib_eq>p</isee:distrib_eq>"
    found = run(belt("s", 4, "f") + inflow("f", "dist", more=more) + graph)
    weights, steps = np.arange(8) + 0.5, np.arange(1, 9)
    stay = STEP * (weights @ steps) / weights.sum()
    assert float(found["s"][-1]) == pytest.approx(10 * stay, rel=1e-14)


def test_a_profile_may_be_the_input_of_a_module(run: Run):
    before = "<dimensions/>"
    inner = (
        "<model name='m'><variables>"
        + belt("s", 4, "f")
        + inflow("f", "dist", more="<isee:distrib_eq>given</isee:distrib_eq>")
        + "<aux name='given' access='input'><eqn>0</eqn><gf><xscale min='0' max='1'/><ypts>1,0</ypts></gf></aux>"
        "<aux name='middle'><eqn>LOOKUPMEAN(given)</eqn></aux></variables></model>"
    )
    outer = (
        "<aux name='p'><eqn>0</eqn><gf><xscale min='0' max='1'/><ypts>1,1</ypts></gf></aux>"
        "<module name='m'><connect to='m.given' from='p'/></module>"
    )
    found = run(outer, before=before, after=inner)
    assert float(found["m.middle"][0]) == 0.5
    assert float(found["m.s"][-1]) == pytest.approx(10 * 4.5 * STEP, rel=1e-14)  # evenly


def test_a_leak_lands_as_far_along_as_it_was(run: Run):
    """A quarter leaks evenly over 8 slats; what leaks off slat i leaves the other conveyor i + 1 steps later."""
    leak = "<flow name='l' isee:spreadflow='source'><eqn>0.25</eqn><leak/></flow>"
    found = run(belt("s", 4, "f", "l") + inflow("f", "beginning") + belt("t", 4, "l") + leak)
    assert float(found["l"][-1]) == pytest.approx(2.5, rel=1e-14)
    assert float(found["t"][-1]) == pytest.approx(2.5 * 4.5 * STEP, rel=1e-13)


@pytest.mark.parametrize("length", [2, 8])
def test_a_leak_lands_in_proportion_when_the_other_conveyor_has_another_length(run: Run, length: int):
    """As far along, in parts of the length: two slats of 8 meet on one of 4, and land on every other of 16."""
    leak = "<flow name='l' isee:spreadflow='source'><eqn>0.25</eqn><leak/></flow>"
    found = run(belt("s", 4, "f", "l") + inflow("f", "beginning") + belt("t", length, "l") + leak, stop=40)
    slats = [(i // 2 if length == 2 else 2 * i) + 1 for i in range(8)]
    assert float(found["t"][-1]) == pytest.approx(2.5 * np.mean(slats) * STEP, rel=1e-13)


def test_what_is_spread_leaks_for_the_time_that_is_left_to_it(run: Run):
    """Of what is laid on slat i of 8, i + 1 eighths of the fraction leak: 4.5 / 8 on average."""
    leak = "<flow name='l'><eqn>0.4</eqn><leak/></flow>"
    found = run(belt("s", 4, "f", "l") + inflow("f", "even") + leak)
    assert float(found["l"][-1]) == pytest.approx(10 * 0.4 * 4.5 / 8, rel=1e-13)
    assert float(found["s out"][-1]) == pytest.approx(10 * (1 - 0.4 * 4.5 / 8), rel=1e-13)


def test_whole_units_leak_and_the_rest_is_carried_over(run: Run):
    """0.37 of 5 a month: never more than a unit behind what leaks evenly, and in whole units."""
    leaks = "".join(
        f"<flow name='{name}' leak_end='0.5'><eqn>0.37</eqn><leak/>{more}</flow>"
        for name, more in (("l", "<leak_integers/>"), ("m", ""))
    )
    both = belt("s", 4, "f", "l", initial="20") + belt("t", 4, "g", "m", initial="20") + leaks
    found = run(both + inflow("f", "", "5") + inflow("g", "", "5"))
    units, smooth = (np.cumsum(found[name].to_numpy()) * STEP for name in ("l", "m"))
    np.testing.assert_allclose(units, np.round(units), atol=1e-12)  # sums of twenty units
    assert ((smooth - units > -1e-9) & (smooth - units < 1)).all()
    total = found["s"] + np.concatenate([[0], np.cumsum(found["s out"] + found["l"])[:-1]]) * STEP
    np.testing.assert_allclose(total, 20 + 5 * found["time"], rtol=1e-12)  # nothing is lost


@pytest.mark.parametrize(("start", "end"), [(1, 1), (0.95, 1), (0, 0), (0.49, 0.51)])
def test_a_zone_shorter_than_a_slat_leaks_all_of_its_fraction(run: Run, start: float, end: float):
    leak = f"<flow name='l' leak_start='{start}' leak_end='{end}'><eqn>0.3</eqn><leak/></flow>"
    found = run(belt("s", 2, "f", "l") + inflow("f", "") + leak, stop=8)
    np.testing.assert_allclose([found["l"][-1], found["s out"][-1]], [3, 7], rtol=1e-14)


def test_a_leak_may_depend_on_what_the_conveyor_holds(run: Run):
    """At the start too, where the leak decides how the conveyor is filled and not how much it holds."""
    leak = "<flow name='l'><eqn>s / 100</eqn><leak/></flow>"
    found = run(belt("s", 2, "f", "l", initial="40") + inflow("f", "") + leak)
    assert float(found["s"][0]) == pytest.approx(40, rel=1e-15)
    assert float(found["l"][0]) == pytest.approx(_linear_leak(40, 0.4), rel=1e-14)


def _linear_leak(total: float, fraction: float) -> float:
    """What a steady conveyor of 4 slats leaks per unit of time: slat k from the start holds E (1 - f k / 4)."""
    entered = total / sum(1 - fraction * k / 4 for k in range(4))
    return entered * fraction / STEP


def test_an_inflow_limit_is_met_once(run: Run):
    """Whole units of what was let in: by the limit of 3 a month, 3 come in each month, two of them in one step."""
    options = " discrete='true'"
    text = belt("s", 1, "f", options=options).replace("</len>", "</len><in_limit>3</in_limit>")
    found = run(text + inflow("f", "", "9"), stop=6)
    monthly = found["f"].to_numpy()[:-1].reshape(-1, 2).sum(axis=1) * STEP
    np.testing.assert_array_equal(monthly, 3)


def test_figures_of_another_engine(run: Run):
    """pysimlin 0.8.5 (Bobby Powers), on this model: after 0.5, 1.5, 4 and 8 months."""
    variables = (
        "<stock name='even'><eqn>12</eqn><inflow>a</inflow><inflow>b</inflow><outflow>even out</outflow>"
        "<outflow>l</outflow><conveyor><len>3</len></conveyor></stock><flow name='even out'/>"
        "<flow name='a' isee:spreadflow='even'><eqn>6 + TIME</eqn></flow><flow name='b'><eqn>2</eqn></flow>"
        "<flow name='l' isee:spreadflow='source'><eqn>0.3</eqn><leak/></flow>"
        + belt("after", 3, "c", "m", initial="1,2,3,4,5,6", options=" exponential_leak='true'")
        + inflow("c", "dest", "4")
        + "<flow name='m' leak_start='0.5'><eqn>0.1</eqn><leak/></flow>"
        + belt("source", 3, "l")
        + belt("whole", 4, "d", "n", initial="20")
        + "<flow name='d'><eqn>5</eqn></flow>"
        "<flow name='n' leak_end='0.5'><eqn>0.37</eqn><leak/><leak_integers/></flow>"
    )
    found = run(variables, stop=8)
    expected = {
        "even": [13.714285714285715, 16.208630952380954, 19.25, 25.66666666666668],
        "after": [21.75, 19.454617026699225, 6.0, 9.6],
        "source": [0.6857142857142858, 1.9339285714285714, 2.8583333333333334, 3.791666666666667],
        "whole": [19.387678122380553, 18.16303436714166, 15.999999999999996, 15.999999999999996],
        "l": [1.5428571428571427, 1.806547619047619, 2.1166666666666663, 2.816666666666666],
        "n": [2.0, 2.0, 2.0, 2.0],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name][[1, 3, 8, 16]], values, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("way", "more", "reason", "advice"),
    [
        ("sideways", "", "a way that is not known: 'sideways'", None),
        ("dist", "", "by a profile that is no graphical function", "distrib_eq"),
        (
            "dist",
            "<isee:distrib_eq>q</isee:distrib_eq>",
            "spread by 'q', which runs from 0 to 14",
            "from 0 to 1",
        ),
        ("source", "", "is no leak of a conveyor", "evenly"),
    ],
)
def test_ways_that_mean_nothing_are_refused(
    write: Callable[..., Path], way: str, more: str, reason: str, advice: str | None
):
    graph = "<gf name='q'><xscale min='0' max='14'/><ypts>0,2</ypts></gf>"
    path = write(belt("s", 4, "f") + inflow("f", way, more=more) + graph)
    with pytest.raises(ModelError) as caught:
        sd_covid.load(path)
    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.variable) == (5, "f")
    assert advice is None or advice in (caught.value.advice or "")


def test_a_zone_that_ends_before_it_starts_is_refused(write: Callable[..., Path]):
    leak = "<flow name='l' leak_start='0.6' leak_end='0.5'><eqn>0.3</eqn><leak/></flow>"
    with pytest.raises(ModelError, match="ends before it starts") as caught:
        sd_covid.load(write(belt("s", 2, "f", "l") + inflow("f", "") + leak))
    assert caught.value.variable == "l"


ARRAY = (
    "<stock name='c'><dimensions><dim name='D'/></dimensions>{initial}<inflow>i</inflow><outflow>o</outflow>"
    "<outflow>l</outflow><conveyor><len>2</len></conveyor></stock>"
    "<flow name='i'><dimensions><dim name='D'/></dimensions><eqn>2 * D</eqn></flow>"
    "<flow name='o'><dimensions><dim name='D'/></dimensions></flow>"
    "<flow name='l'><dimensions><dim name='D'/></dimensions>{fraction}<leak/></flow>"
)
DIMENSION = "<dimensions><dim name='D'><elem name='a'/><elem name='b'/></dim></dimensions>"


def test_elements_have_leaks_and_transit_times_of_their_own(run: Run):
    """A leak of a half of 2 and of a quarter of 4; 4 and 8 slats, of which 3 quarters and 7 eighths hold on average."""
    initial = "<element subscript='a'><eqn>0</eqn></element><element subscript='b'><eqn>0</eqn><len>4</len></element>"
    fraction = "".join(
        f"<element subscript='{name}'><eqn>{value}</eqn></element>"
        for name, value in (("a", 0.5), ("b", 0.25))
    )
    found = run(ARRAY.format(initial=initial, fraction=fraction), before=DIMENSION)
    np.testing.assert_allclose(found["l"][-1], [1, 1], rtol=1e-13)
    held = [
        2 * STEP * sum(1 - 0.5 * k / 4 for k in range(4)),
        4 * STEP * sum(1 - 0.25 * k / 8 for k in range(8)),
    ]
    np.testing.assert_allclose(found["c"][-1], held, rtol=1e-13)


def test_an_element_of_an_array_of_conveyors_is_a_container(run: Run):
    """Four slats each, of 4 in all and of 8."""
    asked = {"MAX(c[b])": 2, "SIZE(c[a])": 4, "c[b][1]": 2, "c[a][TIME + 4]": 1, "c[a][5]": 0, "SUM(c[b])": 8}
    asked |= {"MAX(c)": 8, "STDDEV(c[b])": 0}  # an array by its elements
    variables = "".join(f"<aux name='x{k}'><eqn>{equation}</eqn></aux>" for k, equation in enumerate(asked))
    array = ARRAY.format(initial="<eqn>4 * D</eqn>", fraction="<eqn>0</eqn>")
    found = run(array + variables, before=DIMENSION)
    assert [float(found[f"x{k}"][0]) for k in range(len(asked))] == list(asked.values())


@pytest.mark.parametrize("tag", ["non_negative", "conveyor", "leak", "queue"])
def test_what_all_elements_share_is_refused_in_one(write: Callable[..., Path], tag: str):
    variable = (
        "<stock name='c'><dimensions><dim name='D'/></dimensions>\n<element subscript='a'><eqn>1</eqn>\n"
        f"<{tag}/></element></stock>"
    )
    with pytest.raises(ModelError, match="all of an array share it") as caught:
        sd_covid.load(write(variable, before=DIMENSION))
    assert (caught.value.line, caught.value.variable) == (7, "c")
