"""Gains of loops against closed forms: products of hazards, and the amplification that they cause."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sd_covid.analysis.passport.dependencies import causes, effects, shortest_path, strong_components
from sd_covid.analysis.passport.loops import LoopSearch, MeasuredLoop
from sd_covid.analysis.passport.loops_file import LoopsFile, NamedLoop, read_loops
from sd_covid.analysis.passport.slopes import Slopes
from sd_covid.data.text import Text
from sd_covid.errors import DataError
from tests.passport.conftest import LOOPS, Study

# Worry and debt feed each other by k and k: their gain is k k, and a lasting push p comes to p / (1 - k k).
PAIR = """{UTF-8}
side: north, south ~~|
push = 1 ~ unit ~ A lasting push. |
by debt[side] = 0.5, 0.8 ~ Dmnl ~ Worry per debt. |
by worry[side] = 0.2, 0.9 ~ Dmnl ~ Debt per worry. |
worry lag = 4 ~ Month ~ Lag. |
debt lag = 9 ~ Month ~ Lag. |
worry level[side] = push + by debt[side] * debt[side] ~ unit ~ What worry comes to. |
worry[side] = INTEG((worry level[side] - worry[side]) / worry lag, 0) ~ unit ~ Worry. |
debt[side] = INTEG((by worry[side] * worry[side] - debt[side]) / debt lag, 0) ~ unit ~ Debt. |
mean worry = SUM(worry[side!]) / 2 ~ unit ~ Mean of both sides. |
"""
H = 7.0


def named(*through: str, **when: float) -> NamedLoop:
    return NamedLoop("X", Text("x", "x"), "reinforcing", through, when)


def measured(simulation: object, loop: NamedLoop, horizon: float = H, moment: float = 12) -> MeasuredLoop:
    file = LoopsFile(moment, horizon, "side", (loop,))
    (found,) = LoopSearch(simulation).measure([loop], file)  # type: ignore[arg-type]
    return found


def test_the_gain_of_a_loop_through_two_stocks_is_the_product_of_what_they_keep(study: Study) -> None:
    found = measured(study(PAIR), named("worry", "debt"))
    assert ("worry", "debt", "worry level") == found.path
    kept = (1 - math.exp(-H / 4)) * (1 - math.exp(-H / 9))
    expected = {"": 0.72 * kept, "north": 0.1 * kept, "south": 0.72 * kept}
    assert found.gains == pytest.approx(expected, rel=1e-7)
    assert [1, 1, 1] == [step.sign for step in found.steps]
    assert [9.0, None, 4.0] == [step.mean_stay and round(step.mean_stay, 6) for step in found.steps]


def test_the_gain_at_a_far_horizon_is_the_amplification_of_a_lasting_push(study: Study) -> None:
    simulation = study(PAIR)
    gains = measured(simulation, named("worry", "debt"), horizon=1e4).gains
    final = simulation.run({"FINAL TIME": 2000}, outputs=["worry"])["worry"].isel(time=-1)
    for side in ("north", "south"):
        assert float(final.sel(side=side)) == pytest.approx(1 / (1 - gains[side]), rel=1e-6)


def test_a_loop_through_a_mean_has_the_gain_of_both_groups_together(study: Study) -> None:
    joined = PAIR.replace("by worry[side] * worry[side]", "by worry[side] * mean worry")
    found = measured(study(joined), named("worry", "mean worry", "debt"))
    kept = (1 - math.exp(-H / 4)) * (1 - math.exp(-H / 9)) / 2
    assert found.gains == pytest.approx(
        {"": 0.82 * kept, "north": 0.1 * kept, "south": 0.72 * kept}, rel=1e-7
    )


def test_a_stock_without_outflow_keeps_all_that_flows_in(study: Study) -> None:
    model = "{UTF-8}\nlevel = INTEG(growth, 1) ~ unit ~ |\ngrowth = 0.01 * level ~ unit/Month ~ |\n"
    found = measured(
        study("{UTF-8}\nside: north, south ~~|\n" + model.removeprefix("{UTF-8}\n")), named("level", "growth")
    )
    # The loop is the stock's own growth: it keeps (exp(0.01 H) - 1) / 0.01 of a flow.
    assert found.gains == pytest.approx({"": math.expm1(0.01 * H)}, rel=1e-7)


def test_what_ages_from_one_element_to_the_next_is_kept_in_the_stock(study: Study) -> None:
    model = """{UTF-8}
side: north, south ~~|
year: first, second ~~|
after = 5 ~ Month ~ |
into = 1 ~ unit/Month ~ |
inflow = into + 0.02 * last ~ unit/Month ~ |
ageing[year] = debt[year] / after ~ unit/Month ~ |
debt[first] = INTEG(inflow - ageing[first], 0) ~~|
debt[second] = INTEG(ageing[first] - ageing[second], 0) ~ unit ~ |
last = debt[second] ~ unit ~ |
"""
    found = measured(study(model), named("inflow", "debt", "last"))
    # Of a lasting inflow the second year holds 5 (1 - exp(-H/5) (1 + H/5)): two stages of five months.
    kept = 5 * (1 - math.exp(-H / 5) * (1 + H / 5))
    assert found.gains == pytest.approx({"": 0.02 * kept}, rel=1e-7)


def test_a_loop_may_have_a_moment_of_its_own(study: Study) -> None:
    model = "{UTF-8}\nside: a, b ~~|\nlevel = INTEG(flow, 1) ~ unit ~ |\nflow = level / (1 + Time) ~ unit/Month ~ |\n"
    simulation = study(model)
    early = NamedLoop("X", Text("x", "x"), "reinforcing", ("level", "flow"), {}, 3)
    found = measured(simulation, early)
    assert found.gains == pytest.approx({"": math.expm1(H / 4)}, rel=1e-7)


def test_a_switch_that_is_off_by_default_is_on_while_a_loop_is_measured(study: Study) -> None:
    off = PAIR.replace("by debt[side] = 0.5, 0.8", "by debt[side] = 0, 0")
    assert measured(study(off), named("worry", "debt")).polarity is None
    on = measured(study(off), named("worry", "debt", **{"by debt[south]": -0.8}))
    assert ("balancing", True) == (on.polarity, on.gains["north"] == 0)
    assert -on.gain == pytest.approx(0.72 * (1 - math.exp(-H / 4)) * (1 - math.exp(-H / 9)), rel=1e-7)


def test_a_path_takes_the_shortest_way_between_its_waypoints_and_none_twice(study: Study) -> None:
    simulation = study(PAIR)
    search = LoopSearch(simulation)
    assert (["worry level", "worry", "debt"], ()) == search.path(named("worry level"))
    assert (["debt"], ()) == search.path(named("debt"))  # its own outflow
    path, missing = search.path(named("mean worry", "debt"))
    assert ([], ("mean worry", "debt")) == (path, missing)


def test_what_only_sets_a_start_is_no_cause() -> None:
    # No model is needed: a graph of names.
    graph = {"a": ("b",), "b": ("c", "a"), "c": (), "d": ("d",)}
    assert ["a", "b"] == sorted(strong_components(graph)[0])
    assert [["d"]] == [item for item in strong_components(graph) if "d" in item]
    assert ["c", "b", "a"] == shortest_path(effects(graph), "c", "a")
    assert shortest_path(effects(graph), "a", "c") is None


def test_initial_values_data_and_lookups_are_no_causes_of_a_course(study: Study) -> None:
    model = """{UTF-8}
table((0,0),(10,5)) ~ unit ~ |
size = 3 ~ unit ~ |
x = INTEG(INITIAL(size) / delay, size) ~ unit ~ |
delay = 2 ~ Month ~ |
y = table(x) + SMOOTHI(x, delay, size) ~ unit ~ |
"""
    found = causes(study(model).model)
    assert {"x": ("delay",), "y": ("table", "x", "delay")} == {name: found[name] for name in ("x", "y")}


def test_slopes_are_those_of_the_equations_with_memory_and_start_held(study: Study) -> None:
    model = """{UTF-8}
side: north, south ~~|
table((0,0),(10,5),(20,25)) ~ unit ~ |
rise = 1 ~ unit/Month ~ |
x[side] = INTEG(rise, 3) ~ unit ~ |
y[side] = SMOOTH(x[side] * x[side], 5) + INITIAL(x[side]) * x[side] + table(x[side]) ~ unit ~ |
z = SUM(y[side!]) + MAX(0, x[north]) ~ unit ~ |
"""
    slopes = Slopes(study(model), 12, [("x", "y"), ("y", "z"), ("x", "z")])
    x = 3 + 12  # where the table rises by 2
    np.testing.assert_allclose(slopes.matrix("x", "y"), np.eye(2) * (2 * x + 3 + 2), rtol=1e-7)
    np.testing.assert_allclose(slopes.matrix("y", "z"), [[1, 1]], rtol=1e-7)
    np.testing.assert_allclose(slopes.matrix("x", "z"), [[1, 0]], rtol=1e-7)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("leaving]", "leavin]", 9, "'leavin' is not a variable of rooms; did you mean 'leaving'"),
        ("polarity: balancing", "polarity: balanced", 8, "did you mean 'balancing'"),
        ("moment: 6", "moment: soon", 2, "'soon' is not a number"),
        ("by: side", "by: sid", 4, "'sid' is no dimension of rooms; did you mean 'side'"),
        ("of: rooms.mdl", "of: room.mdl", 1, "did you mean 'rooms.mdl'"),
        ("[home, leaving]", "[home, home]", 9, "a variable is named twice"),
        ("horizon: 12\n", "", 1, "the key 'horizon' is missing"),
        ("[home, leaving]", "[home, 'leaving[north]']", 9, "'leaving[north]' names an element"),
    ],
)
def test_a_loop_that_cannot_be_read_says_where(
    study: Study, old: str, new: str, line: int, reason: str
) -> None:
    simulation = study(loops_yaml=LOOPS.replace(old, new))
    with pytest.raises(DataError) as fault:
        read_loops(simulation.model)
    assert reason in str(fault.value)
    assert line == fault.value.line
