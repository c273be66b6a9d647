"""The passport of the coupled model: extremes, loop gains and the sign of every link, and no red light unexplained.

T4, T6 and T10 of the design. One passport is made for all tests here; PySD is compared elsewhere.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import pytest

import sd_covid
from sd_covid.analysis.passport.assemble import make_passport
from sd_covid.analysis.passport.light import Light, Passport
from sd_covid.analysis.passport.reference_modes import FILE as MODES
from sd_covid.report.passport.record import read_record, record_file
from tests.models_nl.conftest import MODELS
from tests.passport.conftest import TESTS

#: Loops of the design; a letter marks a second way that a loop takes.
NAMED = {*(f"R{k}" for k in range(1, 13)), *(f"B{k}" for k in range(1, 9))}


@pytest.fixture(scope="module")
def passport(netherlands: sd_covid.Simulation) -> Passport:
    """The passport of the coupled model."""
    return make_passport(netherlands, second_engine=False)[1]


@dataclass(frozen=True)
class Loop:
    """A named loop as the passport tells it."""

    verdict: str
    path: str
    gains: dict[str, float]

    @property
    def gain(self) -> float:
        """The gain in all."""
        return self.gains[""]


@pytest.fixture(scope="module")
def loops(passport: Passport) -> dict[str, Loop]:
    """The named loops with their gains."""
    (table,) = passport.row("loops").tables
    found = {}
    for row in table.rows:
        told = dict(zip(table.columns, row, strict=True))
        gains = {
            name.removeprefix("gain").removeprefix(" of "): float(str(value))
            for name, value in told.items()
            if name.startswith("gain") and value is not None
        }
        found[str(told["loop"])] = Loop(str(told["verdict"]), str(told["path"]), gains)
    return found


@pytest.mark.parametrize(
    "test",
    [
        "units",
        "integration",
        "finite",
        "extremes",
        "conservation",
        "non-negativity",
        "equilibrium",
        "parameters",
        "structure",
        "loops",
        "links",
        "reproducibility",
    ],
)
def test_no_light_is_red_or_grey(passport: Passport, test: str) -> None:
    row = passport.row(test)
    assert row.light in (Light.GREEN, Light.AMBER), [(table.key, table.rows[:5]) for table in row.tables]
    assert not row.failed


def test_extreme_conditions_try_every_range_and_every_sector(passport: Passport) -> None:
    values = passport.row("extremes").said[0].values
    assert int(str(values["conditions"])) >= 12
    assert int(str(values["runs"])) > 1000


def test_behaviour_is_compared_for_every_figure_alone_and_coupled(passport: Passport) -> None:
    with (MODELS / MODES).open(encoding="utf-8") as file:
        figures = len(list(csv.DictReader(file)))
    assert 2 * figures == passport.row("behaviour").said[0].values["figures"]


def test_every_loop_of_the_design_is_found_by_its_name(loops: dict[str, Loop]) -> None:
    assert set(loops) >= NAMED
    assert {name.rstrip("abc") for name in loops} == NAMED
    for name, item in loops.items():
        assert item.verdict == "loop.found", (name, item.path)
        assert {"", "regular", "vulnerable"} >= set(item.gains), name


def test_no_loop_drives_itself_in_any_group(loops: dict[str, Loop]) -> None:
    for name, item in loops.items():
        for group, gain in item.gains.items():
            assert gain < 1, (name, group)


def test_spirals_of_unemployment_and_distress_are_as_weak_as_the_evidence_says(
    loops: dict[str, Loop],
) -> None:
    # The design reckons 0.005 with point estimates, and 0.08 with the upper bound of its strongest study.
    assert 1e-5 < loops["R1b"].gain < 0.08
    assert loops["R1"].gain < loops["R1b"].gain  # the leg by way of debt adds less than 0.001
    assert loops["R1"].gain < 1e-3
    # Slow stocks, not spirals: only queues and debts that come back have a gain worth the name.
    assert {name for name, item in loops.items() if item.gain > 0.1} <= {"R3b", "R4", "R5b"}


def test_spirals_are_stronger_where_problems_gather(loops: dict[str, Loop]) -> None:
    for name in ("R1", "R1b", "R6", "R7", "R8", "R9", "R12"):
        gains = loops[name].gains
        assert gains["vulnerable"] > gains["regular"] > 0, name


def test_the_lights_that_reports_show_are_those_of_the_model_as_it_stands(
    netherlands: sd_covid.Simulation,
) -> None:
    """Otherwise make them again: ``sd-covid check models/netherlands.yaml --save``."""
    record = read_record(record_file(netherlands))
    assert record is not None
    assert record.is_of(netherlands)
    assert tuple(row.test for row in record.rows) == TESTS
