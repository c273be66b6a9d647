"""Small models, right or wrong on purpose, with the files that declare what must hold of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import sd_covid

#: The rows of a passport, in order.
TESTS = (
    "units",
    "integration",
    "finite",
    "second engine",
    "extremes",
    "conservation",
    "non-negativity",
    "equilibrium",
    "parameters",
    "structure",
    "behaviour",
    "loops",
    "links",
    "reproducibility",
)

CONTROL = """
INITIAL TIME = 0 ~ Month ~ Start. |
FINAL TIME = 24 ~ Month ~ End. |
TIME STEP = 0.0625 ~ Month ~ Step. |
SAVEPER = 1 ~ Month ~ Saved every month. |
"""

# Persons move between home and away; visits count events. At rest both flows are equal, whatever the constants.
ROOMS = """{UTF-8}
side: north, south ~~|
drift = 0 ~ Dmnl ~ Share by which leaving differs from its equilibrium. Evidence: A1. |
stay = 10 ~ Month ~ Mean stay at home. Evidence: A2. |
travel = 5 ~ Month ~ Mean stay away. Evidence: A3. |
start[side] = 60, 40 ~ person ~ Persons at home at the start. Evidence: A4. |
leaving[side] = home[side] / stay * (1 + drift) ~ person/Month ~ Persons that leave. |
returning[side] = away[side] / travel ~ person/Month ~ Persons that return. |
home[side] = INTEG(returning[side] - leaving[side], start[side]) ~ person ~ Persons at home. |
away[side] = INTEG(leaving[side] - returning[side], start[side] * travel / stay) ~ person ~ Persons away. |
everyone[side] = INTEG(0 * leaving[side], start[side] * (1 + travel / stay)) ~ person ~ The books. |
cumulative visits = INTEG(SUM(leaving[side!]), 0) ~ person ~ Visits so far. |
"""

CHECKS = """of: rooms.mdl
at rest: {drift: 0}
accumulators: [cumulative *]
conserved:
  persons: {stocks: [home, away], total: everyone}
  persons by flow: {stocks: [home, away], net flow: 0 * leaving}
extremes:
  everyone leaves at once:
    when: {drift: 8}
    then: "SUM(home[side!]) >= 0"
limits: {undocumented: 0, embedded constants: 0}
links: {moment: 6, horizon: 12}
"""

EVIDENCE = """id,constant,model,value,low,high,distribution,unit,source,grade,note
A1,drift,rooms,0,0,0.5,uniform,Dmnl,ASSUMPTION: nobody knows,D,
A2,stay,rooms,10,5,20,uniform,Month,A register of stays,B,
A3,travel,rooms,5,2,10,uniform,Month,A register of travel,B,
A4[north],start[north],rooms,60,60,60,fixed,person,A count,A,
A4[south],start[south],rooms,40,40,40,fixed,person,A count,A,
T1,INITIAL TIME,rooms,0,0,0,fixed,Month,Definition of the model,-,
T2,FINAL TIME,rooms,24,24,24,fixed,Month,Definition of the model,-,
T3,TIME STEP,rooms,0.0625,0.0625,0.0625,fixed,Month,Definition of the model,-,
T4,SAVEPER,rooms,1,1,1,fixed,Month,Definition of the model,-,
"""

LOOPS = """of: rooms.mdl
moment: 6
horizon: 12
by: side
loops:
  B1:
    title: {nl: Leegloop, en: Draining}
    polarity: balancing
    through: [home, leaving]
"""

LINKS = """id,from,to,sign,constants,delay,sector,status,note
1,leaving,away,+,stay,0,rooms,modelled,
2,home,leaving,+,,0,rooms,modelled,
3,weather,leaving,-,,0,rooms,left out,no figures of the weather
"""

MODES = """mode,sector,variable,aggregation,period,value,unit,tolerance,reason,source
1,rooms,home[north],mean,2015,60,person,0.001,rounding,A count
1,rooms,cumulative visits,change,2015-Q2,30,person,0.001,rounding,A count
"""
STUDY = "calendar: {origin: 2015-01, unit: month}\nsectors: {rooms: rooms.mdl}\n"

Study = Callable[..., sd_covid.Simulation]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Write a model as ``rooms.mdl`` with files beside it, and load it."""

    def write(model: str = ROOMS, **files: str) -> sd_covid.Simulation:
        (tmp_path / "rooms.mdl").write_text(model + CONTROL, encoding="utf-8")
        for name, text in files.items():
            stem, _, suffix = name.rpartition("_")
            (tmp_path / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
        return sd_covid.load(tmp_path / "rooms.mdl")

    return write


@pytest.fixture
def whole(study: Study) -> sd_covid.Simulation:
    """The model with every file, in which all is well."""
    return study(
        checks_yaml=CHECKS,
        evidence_csv=EVIDENCE,
        loops_yaml=LOOPS,
        links_csv=LINKS,
        reference_modes_csv=MODES,
        study_yaml=STUDY,
    )
