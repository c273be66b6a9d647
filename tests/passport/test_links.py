"""Links tried by nudging, against changes that the equations give by hand."""

from __future__ import annotations

import math

import pytest

import sd_covid
from sd_covid.analysis.passport.handles import Hold, nudge_of, with_holds, with_nudges
from sd_covid.analysis.passport.links import Raised, Trial, Tried, read_links
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import DataError
from tests.passport.conftest import LINKS, ROOMS, Study

HEADER = LINKS.splitlines()[0]

# What a cause does after its lag; the cause falls from 10, so that its deviation is negative; a constant input.
MODEL = """{UTF-8}
side: north, south ~~|
fall = 0.1 ~ 1/Month ~ |
cause[side] = 10 * EXP(-fall * Time) ~ unit ~ |
strength = 2 ~ Dmnl ~ |
lag = 3 ~ Month ~ |
off = 0 ~ Dmnl ~ |
effect[side] = 100 + strength * (cause[side] - INITIAL(cause[side])) * (1 + off) ~ unit ~ |
opposite[side] = 50 - effect[side] ~ unit ~ |
level[side] = INTEG((effect[side] - level[side]) / lag, 100) ~ unit ~ |
input[side] = 0 ~ unit ~ |
reader[side] = 7 + 3 * input[side] ~ unit ~ |
split[north] = effect[north] ~~|
split[south] = -effect[south] ~ unit ~ |
"""


def tried(simulation: sd_covid.Simulation, rows: str) -> tuple[list[Tried], list[Raised]]:
    path = simulation.model.path
    assert path is not None
    (path.parent / "links.csv").write_text(f"{HEADER}\n{rows}\n")
    links = read_links(path.parent / "links.csv", simulation.model)
    return Trial(simulation, links, 6, 12).run()


def test_a_nudge_moves_the_effect_by_its_slope_and_sign(study: Study) -> None:
    ((link,), _) = tried(study(MODEL), "1,cause,effect,+,,0,rooms,modelled,")
    # At time 6 the cause is 10 exp(-.6) at most; a hundredth of it is nudged, times 2, over the effect's size of then.
    size = 100 + 2 * 10 * (math.exp(-0.6) - 1)
    assert "as stated" == link.verdict
    assert link.elasticity == pytest.approx(2 * 10 * math.exp(-0.6) / size, rel=1e-9)
    ((link,), _) = tried(study(MODEL), "1,cause,opposite,+,,0,rooms,modelled,")
    assert ("other way", ("north", "south")) == (link.verdict, link.against)


def test_a_nudge_of_a_stock_moves_it_by_a_hundredth_within_one_unit_of_time(study: Study) -> None:
    model = "{UTF-8}\nside: a, b ~~|\nlevel = INTEG(0 * Time, 80) ~ unit ~ |\nread = 2 * level ~ unit ~ |\n"
    ((link,), _) = tried(study(model), "1,level,read,+,,0,rooms,modelled,")
    assert link.elasticity == pytest.approx(1, rel=1e-9)


def test_a_lagged_effect_is_found_later(study: Study) -> None:
    ((link,), _) = tried(study(MODEL), "1,cause,level,+,lag,3,rooms,modelled,")
    assert ("as stated", 18.0) == (link.verdict, link.time)


def test_an_input_that_is_constant_and_zero_can_be_nudged(study: Study) -> None:
    ((link,), _) = tried(study(MODEL), "1,input,reader,+,,0,rooms,modelled,")
    assert link.elasticity == pytest.approx(3 / 7, rel=1e-9)


def test_elements_that_move_the_other_way_are_named(study: Study) -> None:
    ((link,), _) = tried(study(MODEL), "1,cause,split,+,,0,rooms,modelled,")
    # North and south are of equal size: in all nothing moves.
    assert ("still", ("south",)) == (link.verdict, link.against)


def test_constants_tell_why_they_do_not_go_along(study: Study) -> None:
    rows = "1,cause,effect,+,strength; fall; off,0,rooms,modelled,\n2,cause,level,+,lag,3,rooms,modelled,"
    _, raised = tried(study(MODEL), rows)
    # The cause lies below its start: more strength means less effect, and falling faster too. Off is zero.
    assert {"strength": "deviation", "fall": "deviation", "off": "zero"} == {
        item.constant: item.reason for item in raised if item.link.id == "1"
    }
    # A longer lag means a later fall: more, as stated. Of the opposite sign it has no direction.
    _, ((lag),) = tried(
        study(MODEL.replace("-fall * Time", "fall * Time")), "1,cause,level,+,lag,3,rooms,modelled,"
    )
    assert "duration" == lag.reason


def test_constants_of_a_cause_at_rest_are_tried_with_the_cause_nudged(study: Study) -> None:
    model = MODEL.replace("3 * input[side]", "strength * input[side] / (1 + lag)")
    _, raised = tried(study(model), "1,input,reader,+,strength; lag; fall,0,rooms,modelled,")
    assert {"strength": "nudged", "lag": "duration", "fall": "still"} == {
        item.constant: item.reason for item in raised
    }
    # The nudge is a hundredth; strength and (1 + lag) of 2 and 4: a tenth more of the one is 0.0005 of 7 and a bit.
    strength = next(item for item in raised if item.constant == "strength")
    assert strength.change == pytest.approx(0.1 * 0.01 * 2 / 4 / 7, rel=1e-9)


def test_handles_do_nothing_until_they_are_set(study: Study) -> None:
    plain = study(ROOMS)
    handled = Simulation(with_holds(with_nudges(plain.model, ["home", "leaving", "start"]), ["returning"]))
    ours, theirs = plain.run(), handled.run()
    for name in ours.data_vars:
        assert (ours[name] == theirs[name]).all(), name


def test_a_handle_of_one_element_leaves_the_others_alone(study: Study) -> None:
    plain = study(ROOMS)
    handled = Simulation(with_holds(with_nudges(plain.model, ["away"]), ["leaving"]))
    hold = Hold.of("leaving")
    settings = {f"{hold.on}[north]": 1.0, f"{hold.value}[north]": 9.0, hold.start: 3.0, hold.end: 5.0}
    run = handled.run({**settings, f"{nudge_of('away')}[south]": 2.0, "nudge start": 1.0, "nudge end": 2.0})
    north = run["leaving"].sel(side="north")
    assert [9.0, 9.0] == [float(north.sel(time=t)) for t in (3, 4)]
    assert 6.0 == float(north.sel(time=2))
    south = run["away"].sel(side="south") + run["home"].sel(side="south")
    assert [60.0, 60.0, 62.0, 62.0] == [round(float(south.sel(time=t)), 9) for t in (0, 1, 2, 24)]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("1,leavin,away,+,,0,rooms,modelled,", "from", "did you mean 'leaving'"),
        ("1,leaving,awa,+,,0,rooms,modelled,", "to", "did you mean 'away'"),
        ("1,leaving,away,x,,0,rooms,modelled,", "sign", "use one of +, -"),
        ("1,leaving,away,+,tray,0,rooms,modelled,", "constants", "'tray' is not a variable of rooms"),
        ("1,leaving,away,+,,0,rooms,mostly,", "status", "'mostly' is not known here"),
        ("1,leaving,away,+,,0,rooms,left out,", "note", "needs a reason"),
    ],
)
def test_a_link_that_cannot_be_read_says_where(study: Study, row: str, column: str, reason: str) -> None:
    with pytest.raises(DataError, match=r"links\.csv:2") as fault:
        tried(study(ROOMS), row)
    assert reason in str(fault.value)
    assert column == fault.value.variable


def test_a_constant_of_a_link_that_is_worked_out_is_refused(study: Study) -> None:
    with pytest.raises(DataError, match=r"links.csv:2: 'constants': 'home' is calculated"):
        tried(study(ROOMS), "1,leaving,away,+,home,0,rooms,modelled,")
    with pytest.raises(DataError, match=r"1 fields, where 9 are expected"):
        tried(study(ROOMS), "1")
