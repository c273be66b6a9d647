"""Every light of the passport: green where all is well, grey where nothing is declared, red where a model is wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sd_covid
from sd_covid.analysis.passport.assemble import make_passport
from sd_covid.analysis.passport.light import Light, Row
from sd_covid.analysis.passport.rows import engine_row
from sd_covid.analysis.verification import verify
from tests.passport.conftest import CHECKS, EVIDENCE, LINKS, LOOPS, MODES, ROOMS, STUDY, TESTS, Study


def light(simulation: sd_covid.Simulation, test: str) -> Row:
    """One row of a passport."""
    return make_passport(simulation, second_engine=False)[1].row(test)


def test_a_sound_model_with_all_its_files_has_no_red_or_grey_light(whole: sd_covid.Simulation) -> None:
    _, passport = make_passport(whole)
    assert TESTS == tuple(row.test for row in passport.rows)
    assert {row.test: "green" for row in passport.rows} == {row.test: str(row.light) for row in passport.rows}


def test_without_files_what_rests_on_them_is_grey_and_never_green(study: Study) -> None:
    _, passport = make_passport(study(), second_engine=False)
    grey = {row.test for row in passport.rows if row.light is Light.GREY}
    declared = {"extremes", "conservation", "non-negativity", "equilibrium", "parameters", "structure"}
    assert grey == declared | {"behaviour", "loops", "links", "second engine"}
    assert all(row.said for row in passport.rows)


def test_units_that_disagree_are_red(study: Study) -> None:
    wrong = ROOMS.replace("/ stay * (1 + drift) ~ person/Month", "* stay * (1 + drift) ~ person/Month")
    row = light(study(wrong), "units")
    assert (Light.RED, ("leaving",)) == (row.light, row.failed)


def test_a_step_that_is_too_large_is_red_and_euler_is_of_order_one(study: Study) -> None:
    coarse = study().model.path
    assert coarse is not None
    coarse.write_text(
        "{UTF-8}\nlevel = INTEG(-level / 2, 100) ~ person ~ |\n"
        "INITIAL TIME = 0 ~ Month ~ |\nFINAL TIME = 2 ~ Month ~ |\nTIME STEP = 1 ~ Month ~ |\nSAVEPER = 1 ~ Month ~ |\n"
    )
    row = light(sd_covid.load(coarse), "integration")
    assert (Light.RED, ("level",)) == (row.light, row.failed)


@pytest.mark.parametrize(("method", "order"), [("euler", 1.0), ("midpoint", 2.0), ("rk2", 2.0), ("rk4", 4.0)])
def test_the_order_of_convergence_is_that_of_the_method(study: Study, method: str, order: float) -> None:
    fast = ROOMS.replace("start[side] * travel / stay)", "0)").replace("travel = 5", "travel = 0.5")
    away_from_rest = study(fast).integrated(method)
    step = verify(away_from_rest, second_engine=False).step_size
    assert step is not None
    assert step.order == pytest.approx(order, abs=0.15)  # the next term is the step times 2.1 a month


def test_a_variable_that_is_not_finite_is_red(study: Study) -> None:
    row = light(study(ROOMS + "pole = 1 / (Time - 3) ~ 1/Month ~ |\n"), "finite")
    assert (Light.RED, ("pole",)) == (row.light, row.failed)


def test_a_second_engine_that_differs_is_red(study: Study) -> None:
    found = verify(study(), second_engine=False)
    table = pd.DataFrame(
        {"difference": [0.0, 2e-9], "time": [0.0, 7.0]}, index=["home[north]", "away[north]"]
    )
    row = engine_row(replace(found, second_engine=table))
    assert (Light.RED, ("away[north]",)) == (row.light, row.failed)


def test_a_broken_promise_is_red_with_the_time_at_which_it_breaks(study: Study) -> None:
    promise = CHECKS.replace('"SUM(home[side!]) >= 0"', "cumulative visits < 100")
    row = light(study(checks_yaml=promise), "extremes")
    assert (Light.RED, ("everyone leaves at once",)) == (row.light, row.failed)
    ((run, what, name, time, _),) = row.tables[0].rows
    assert ("everyone leaves at once", "what.broken", "cumulative visits < 100") == (run, what, name)
    # Home empties as 100/(1 + r) of all 150 at hazard (9/10 + 1/5): 9 a month per person at first.
    assert time == 2.0


def test_a_variable_held_for_a_time_lets_a_stock_fall_below_zero(study: Study) -> None:
    held = CHECKS.replace("when: {drift: 8}", "when: {leaving: 50}\n    from: 3\n    until: 5")
    row = light(study(checks_yaml=held), "extremes")
    negative = [line for line in row.tables[0].rows if line[1] == "what.negative"]
    assert {"home"} == {line[2] for line in negative}
    # 6 a month leave the north (4 the south) but for two months 50: 40 start there, so they are lowest at time 5
    ((_, _, _, time, value),) = negative
    assert time == 5.0
    assert value == pytest.approx(40 - 2 * 46 + 17, abs=2)  # 17: those more away return at a fifth a month


def test_a_constant_at_the_end_of_its_range_that_breaks_the_model_is_red(study: Study) -> None:
    wide = EVIDENCE.replace("A2,stay,rooms,10,5,20", "A2,stay,rooms,10,-5,20")
    row = light(study(checks_yaml=CHECKS, evidence_csv=wide), "extremes")
    assert row.light is Light.RED
    assert {"stay = -5", "all at low"} <= set(row.failed)
    assert "stay = 20" not in row.failed


def test_a_leak_is_red_for_the_total_and_for_the_net_flow(study: Study) -> None:
    leaking = ROOMS.replace("INTEG(leaving[side] -", "INTEG(0.99 * leaving[side] -")
    row = light(study(leaking, checks_yaml=CHECKS), "conservation")
    assert (Light.RED, ("persons", "persons by flow")) == (row.light, row.failed)
    # One in a hundred leavers is lost: at first 0.1 of 150 a month.
    deviations = [line[2] for line in row.tables[0].rows]
    assert deviations == pytest.approx([0.015, 0.015], rel=0.1)


def test_a_negative_stock_is_red_unless_it_has_no_sign(study: Study) -> None:
    falling = ROOMS + "warmth = INTEG(-start[north] / stay / 10, 1) ~ person ~ Falls. |\n"
    row = light(study(falling, checks_yaml=CHECKS), "non-negativity")
    assert (Light.RED, ("warmth",)) == (row.light, row.failed)
    told = study(falling, checks_yaml=CHECKS + "may be negative: {warmth: a temperature}\n")
    assert light(told, "non-negativity").light is Light.GREEN


@pytest.mark.parametrize(("drift", "expected"), [(0.0, "green"), (1e-4, "amber"), (0.5, "red")])
def test_a_model_that_is_not_at_rest_drifts(study: Study, drift: float, expected: str) -> None:
    row = light(
        study(checks_yaml=CHECKS.replace("at rest: {drift: 0}", f"at rest: {{drift: {drift}}}")),
        "equilibrium",
    )
    assert expected == row.light
    # Both rooms settle at travel (1 + drift) / stay per person at home, at a rate of 0.3 a month: within two years.
    home = -2 / 3 * 0.5 * drift / (1 + drift / 3) / 2
    if drift:
        found = {line[0]: line[1] for line in row.tables[0].rows}
        assert found["home"] == pytest.approx(abs(home), rel=0.05)


def test_an_equilibrium_that_holds_for_the_written_constants_only_is_red(study: Study) -> None:
    by_chance = ROOMS.replace("start[side] * travel / stay)", "start[side] / 2)")
    assert light(study(by_chance, checks_yaml=CHECKS), "equilibrium").light is Light.GREEN
    assert (
        light(study(by_chance, checks_yaml=CHECKS, evidence_csv=EVIDENCE), "equilibrium").light is Light.RED
    )


def test_a_constant_without_evidence_is_red(study: Study) -> None:
    gone = "\n".join(line for line in EVIDENCE.splitlines() if not line.startswith("A4[south]"))
    row = light(study(evidence_csv=gone), "parameters")
    assert (Light.RED, ("start[south]",)) == (row.light, row.failed)


def test_what_numbers_rest_on_is_listed_once_in_full(study: Study) -> None:
    references = "key,author,year,title,container,address_or_doi,kind,read,note\n"
    references += "b-2001,B,2001,Rooms,,,report,full text,\na-2000,A,2000,Stays,,,article,abstract,\n"
    table = list(csv.DictReader(io.StringIO(EVIDENCE)))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*table[0], "references"], lineterminator="\n")
    writer.writeheader()
    for number, cells in enumerate(table):
        writer.writerow(cells | {"references": "a-2000;b-2001" if number == 0 else "b-2001" * (number == 1)})
    row = light(study(evidence_csv=text.getvalue(), references_csv=references), "parameters")
    assert row.light is light(study(evidence_csv=EVIDENCE), "parameters").light
    (listed,) = [item for item in row.tables if item.key == "references"]
    assert (("A (2000). Stays.", 1), ("B (2001). Rooms.", 2)) == listed.rows


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("A2,stay,rooms,10,5,20,uniform,Month", "A2,stay,rooms,11,5,20,uniform,Month", "fault.value"),
        ("A2,stay,rooms,10,5,20,uniform,Month", "A2,stay,rooms,10,5,20,uniform,Year", "fault.unit"),
        ("A2,stay,rooms,10,5,20", "A2,stay,rooms,10,12,20", "fault.range"),
        ("A register of stays", "?", "fault.source"),
        ("A2,stay", "A9,stay", "fault.id"),
    ],
)
def test_evidence_that_does_not_fit_is_red(study: Study, old: str, new: str, fault: str) -> None:
    row = light(study(evidence_csv=EVIDENCE.replace(old, new)), "parameters")
    assert (Light.RED, ("stay",)) == (row.light, row.failed)
    assert fault in {cell for table in row.tables for line in table.rows for cell in line}


def test_an_assumption_that_nobody_varies_is_amber(study: Study) -> None:
    row = light(study(evidence_csv=EVIDENCE.replace("0,0,0.5,uniform", "0,0,0.5,fixed")), "parameters")
    assert row.light is Light.AMBER
    assert {"A": 2, "B": 2, "C": 0, "D": 1} == {grade: row.said[0].values[grade] for grade in "ABCD"}


def test_what_is_defined_or_chosen_is_counted_apart_and_never_on_a_bound(study: Study) -> None:
    lever = EVIDENCE.replace(
        "10,5,20,uniform,Month,A register of stays,B", "10,5,10,lever,Month,Of a scenario,-"
    )
    (said, *_) = light(study(evidence_csv=lever), "parameters").said
    # Time bounds are four definitions; drift, at the low end of its range, is the only estimate on a bound.
    assert (4, 1, 1) == tuple(said.values[name] for name in ("defined", "chosen", "bound"))


def test_a_count_above_its_limit_is_red(study: Study) -> None:
    plain = ROOMS.replace("~ Persons that leave. |", "~ |").replace("/ travel ~", "/ travel / 2 * 2 ~")
    row = light(study(plain, checks_yaml=CHECKS), "structure")
    assert (Light.RED, ("undocumented", "embedded constants")) == (row.light, row.failed)


def test_a_figure_outside_its_tolerance_is_red(study: Study) -> None:
    wrong = MODES.replace("mean,2015,60,", "mean,2015,61,")
    row = light(study(reference_modes_csv=wrong, study_yaml=STUDY), "behaviour")
    assert (Light.RED, ("home[north] 2015 (alone)",)) == (row.light, row.failed)


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("balancing", "reinforcing", "loop.polarity"),
        ("[home, leaving]", "[stay, leaving]", "loop.missing"),
    ],
)
def test_a_loop_that_is_not_as_named_is_red(study: Study, old: str, new: str, verdict: str) -> None:
    row = light(study(loops_yaml=LOOPS.replace(old, new)), "loops")
    assert (Light.RED, ("B1",)) == (row.light, row.failed)
    assert verdict in row.tables[0].rows[0]


def test_a_loop_that_feeds_itself_more_than_it_got_is_red(study: Study) -> None:
    growing = ROOMS.replace("away[side] / travel ~", "away[side] / travel + home[side] / 2 ~")
    named = LOOPS.replace("balancing", "reinforcing").replace("[home, leaving]", "[home, returning]")
    row = light(study(growing, loops_yaml=named), "loops")
    assert (Light.RED, ("B1",)) == (row.light, row.failed)
    assert "loop.runs away" in row.tables[0].rows[0]


def test_a_loop_that_does_nothing_is_amber(study: Study) -> None:
    off = ROOMS.replace("away[side] / travel ~", "away[side] / travel + drift * home[side] ~")
    named = LOOPS.replace("balancing", "reinforcing").replace("[home, leaving]", "[home, returning]")
    assert light(study(off, loops_yaml=named), "loops").light is Light.AMBER


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("leaving,away,+", "leaving,away,-", "link.other way"),
        ("home,leaving,+", "home,everyone,+", "link.still"),
    ],
)
def test_a_link_that_is_not_as_stated_is_red(study: Study, old: str, new: str, verdict: str) -> None:
    row = light(study(checks_yaml=CHECKS, links_csv=LINKS.replace(old, new)), "links")
    assert row.light is Light.RED
    assert verdict in {line[6] for line in row.tables[0].rows}


def test_a_constant_that_does_nothing_is_amber_unless_its_makers_say_why(study: Study) -> None:
    model = ROOMS + "idle = 1 ~ Dmnl ~ Moves nothing. |\n"
    rows = LINKS.replace("leaving,away,+,stay,", "leaving,away,+,idle,")
    assert light(study(model, checks_yaml=CHECKS, links_csv=rows), "links").light is Light.AMBER
    told = CHECKS + "constants: {idle: there to be told of}\n"
    assert light(study(model, checks_yaml=told, links_csv=rows), "links").light is Light.GREEN


def test_a_model_that_is_not_what_its_file_says_is_red(whole: sd_covid.Simulation, study: Study) -> None:
    study(ROOMS.replace("away[side] / travel ~", "away[side] / travel * 0.9 ~"))
    row = light(whole, "reproducibility")
    assert row.light is Light.RED
    assert {"model_hash", "home", "away"} <= set(row.failed)
    assert np.all([name not in row.failed for name in ("stay", "everyone")])
