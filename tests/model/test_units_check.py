"""The check of units, on small models whose faults are known because they were put there."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.model import read
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.units.check import check_units
from sd_covid.model.units.report import Fault, Severity, UnitsReport
from sd_covid.model.units.rules import LOOKUP_RULES, RULES
from tests.model.conftest import Reader

STUDY = Path(__file__).parents[2] / "models"
POPULATION = """population = INTEG(births - deaths, 100) ~ person ~|
births = population * birth rate ~ person/Month ~|
deaths = population / lifetime ~ person/Month ~|
birth rate = 0.03 ~ 1/Month ~|
lifetime = 80 ~ Month ~|
"""


def told(report: UnitsReport) -> list[str]:
    """The findings without their files."""
    return [f"{item.line}: '{item.variable}' {item.reason}" for item in report.findings]


def test_a_model_whose_units_agree_has_no_findings(read_text: Reader) -> None:
    report = check_units(read_text(POPULATION))
    assert (True, (), "Month") == (report.passed, report.findings, report.time)


def test_a_missing_rate_is_named_with_its_line_and_what_may_be_missing(read_text: Reader) -> None:
    report = check_units(read_text(POPULATION.replace("population * birth rate", "population")))
    (finding,) = report.errors
    assert "'births' computes person, declared person/Month" in str(finding)
    assert str(finding).endswith("a rate 1/Month or a division by a time constant may be missing")
    assert (3, "person", "person/Month") == (finding.line, finding.computed, finding.expected)
    assert finding.file is not None
    assert "model.mdl" == finding.file.name


def test_the_rate_of_a_stock_must_be_its_units_over_time(read_text: Reader) -> None:
    report = check_units(read_text(POPULATION.replace("births - deaths", "births * lifetime")))
    assert ["2: 'population' is a stock in person, so its rate must be person/Month, not person"] == told(
        report
    )


@pytest.mark.parametrize(
    ("equation", "reason"),
    [
        ("x = population + births ~ person ~|", "joins person and person/Month in 'population + births'"),
        ("x = IF THEN ELSE(population > lifetime, 1, 0) ~ Dmnl ~|", "joins person and Month"),
        ("x = MAX(population, births) ~ person ~|", "'births' in person/Month as argument 2 of MAX"),
        (
            "x = SMOOTH(births, birth rate) ~ person/Month ~|",
            "'birth rate' in 1/Month as argument 2 of SMOOTH",
        ),
        (
            "x = LN(population) ~ Dmnl ~|",
            "'population' in person as argument 1 of LN, which must be dimensionless",
        ),
        ("x = population ^ (1/2) ~ person ~|", "computes person^(1/2), declared person"),
        ("x = population ^ (births/births) ~ person ~|", "raises 'population' in person to a power"),
        ("x = RAMP(population, lifetime, lifetime) ~ person ~|", "computes Month*person, declared person"),
        ("x = ZIDZ(population, births) ~ Dmnl ~|", "computes Month, declared dimensionless"),
        ("x = XIDZ(population, births, lifetime * 2) ~ person ~|", "computes Month, declared person"),
        ("x = TREND(population, lifetime, 0) ~ Dmnl ~|", "computes 1/Month, declared dimensionless"),
        ("x = DELAY FIXED(births, population, 0) ~ person/Month ~|", "'population' in person as argument 2"),
        ("x = SQRT(population * population) ~ person*person ~|", "computes person, declared person*person"),
        ("x = 3 ~ person//Month ~|", "states units 'person//Month' cannot be read"),
    ],
)
def test_what_does_not_agree_is_an_error(read_text: Reader, equation: str, reason: str) -> None:
    report = check_units(read_text(f"{equation}\n{POPULATION}"))
    (finding,) = report.errors
    assert reason in finding.reason
    assert (2, "x", False) == (finding.line, finding.variable, report.passed)


@pytest.mark.parametrize(
    "equation",
    [
        "x = MAX(population, 0) ~ person ~|",
        "x = IF THEN ELSE(population = 0, 0, births) ~ person/Month ~|",
        "x = -population * 2 / 3 ~ persons ~|",
        "x = population ^ 2 / population ~ People ~|",
        "x = RAMP(births, lifetime, Time) * STEP(1, lifetime) ~ person ~|",
        "x = PULSE(lifetime, TIME STEP) / TIME STEP ~ 1/Month ~|",
        "x = WITH LOOKUP(population / lifetime, ((0,0),(1,1))) ~ hare ~|",
        "x = EXP(-Time / lifetime) + LN(population / population) ~ fraction ~|",
        "x = SMOOTH3I(births, lifetime, 0) + DELAY3(births, lifetime) ~ person/Month ~|",
        "x = SAMPLE IF TRUE(Time > lifetime, population, :NA:) ~ person ~|",
        "x = MAX(WITH LOOKUP(population / lifetime, ((0,0),(1,1))), 5) ~ hare ~|",
        "x = 1000 ~ $/hare ~|",
        "x = 1/12 ~ Year/Month ~|",
    ],
)
def test_what_agrees_is_not_told(read_text: Reader, equation: str) -> None:
    assert () == check_units(read_text(f"{equation}\n{POPULATION}")).findings


@pytest.mark.parametrize(
    ("equation", "reason"),
    [
        ("x = population + 5 ~ person ~|", "has the bare number 5 where person is needed"),
        ("x = IF THEN ELSE(Time > 3, 1, 0) ~ Dmnl ~|", "has the bare number 3 where Month is needed"),
        ("x = SMOOTH(births, 4) ~ person/Month ~|", "has the bare number 4 where Month is needed"),
        ("x = RAMP(7, lifetime, lifetime) ~ Dmnl ~|", "has the bare number 7 where 1/Month is needed"),
        ("x = XIDZ(1, 1, population) ~ person ~|", "has the bare number 1 where person is needed"),
        ("x = STEP(7, lifetime) ~ person ~|", "is a bare number by its equation, declared person"),
    ],
)
def test_a_bare_number_where_units_are_needed_is_a_warning(
    read_text: Reader, equation: str, reason: str
) -> None:
    report = check_units(read_text(f"{equation}\n{POPULATION}"))
    (finding,) = report.findings
    assert (Severity.WARNING, Fault.BARE_NUMBER, reason) == (finding.severity, finding.fault, finding.reason)
    assert report.passed


def test_a_lookups_axes_are_checked_both_ways(read_text: Reader) -> None:
    tables = "tab((0,0),(9,1)) ~ hare ~|\nx = tab(population) ~ hare ~|\ny = tab(lifetime) ~ Dmnl ~|\n"
    assert [
        "4: 'y' computes hare, declared dimensionless",
        "4: 'y' applies lookup 'tab' to Month, but elsewhere it is applied to person",
    ] == sorted(told(check_units(read_text(tables + POPULATION))), key=len)


def test_units_that_are_not_stated_are_worked_out_and_their_contradictions_are_warnings(
    read_text: Reader,
) -> None:
    text = POPULATION.replace("0.03 ~ 1/Month", "0.03 ~").replace("80 ~ Month", "80 ~")
    report = check_units(read_text(text + "free = 3 ~~|\n"))
    assert ((), {"birth rate": "1/Month", "lifetime": "Month", "SAVEPER": "Month"}, ("free",)) == (
        report.findings,
        {**report.inferred, "SAVEPER": "Month"},
        report.unknown,
    )
    (finding,) = check_units(read_text(text + "odd = birth rate * 2 ~ person ~|\n")).findings
    assert (Severity.WARNING, "computes 1/Month, declared person") == (finding.severity, finding.reason)
    assert "'birth rate' states no units, other equations make it 1/Month" in finding.advice


def test_a_model_without_units_passes_and_says_what_it_lacks(read_text: Reader) -> None:
    bare = "INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\n"
    report = check_units(read_text("a = b + 1 ~~|\nb = Time ~~|\n", control=bare))
    assert (True, (), "", 0) == (report.passed, report.findings, report.time, report.stated)
    assert {"a", "b"} <= set(report.unknown)


def test_the_units_of_time_bounds_must_agree(read_text: Reader) -> None:
    control = "INITIAL TIME = 0 ~ Month ~|\nFINAL TIME = 1 ~ Year ~|\nTIME STEP = 1 ~ Months ~|\n"
    assert ["4: 'FINAL TIME' is in Year, but TIME STEP in Month"] == told(
        check_units(read_text("a = 1 ~ Dmnl ~|\n", control=control.replace("Months", "Month")))
    )


def test_the_callers_time_in_the_units_of_a_macro_is_the_models_unit_of_time(read_text: Reader) -> None:
    text = "a = b / TIME STEP ~ person/Time$ ~|\nb = 1 ~ person ~|\nc = TIME STEP ~ time$ ~|\n"
    assert () == check_units(read_text(text)).findings


def test_a_plural_is_taken_as_its_singular_and_a_slip_is_asked_about(read_text: Reader) -> None:
    text = "a = b ~ widgets ~|\nb = 1 ~ widget ~|\nc = b ~ widgets ~|\nd = 5 ~ wigdets ~|\n"
    report = check_units(read_text(text))
    assert [
        "3: 'b' is in 'widget', elsewhere it is 'widgets': taken as one unit",
        "5: 'd' alone has the unit 'wigdets'",
    ] == told(report)
    assert "did you mean 'widgets'?" == report.findings[1].advice
    assert report.passed


def test_equivalences_of_the_model_are_used_and_two_units_that_look_alike_are_explained(
    read_text: Reader,
) -> None:
    text = "a = b ~ household ~|\nb = 1 ~ houshold ~|\n"
    (finding,) = check_units(read_text(text)).errors
    assert "declare 'houshold' and 'household' equivalent if they are one unit" in finding.advice
    model = read_text(text)
    model.settings.unit_equivalences.append(("household", "houshold"))
    assert () == check_units(model).findings


def test_time_units_are_to_be_converted_by_a_constant(read_text: Reader) -> None:
    (finding,) = check_units(read_text("a = b ~ Month ~|\nb = 1 ~ Year ~|\n")).errors
    assert "convert with a constant in Month/Year" == finding.advice


def test_an_array_is_checked_equation_by_equation(read_text: Reader) -> None:
    text = """D: d1, d2 ~~|
a[d1] = 3 ~~|
a[d2] = b * 2 ~ person ~|
b = SUM(c[D!]) ~ Month ~|
c[D] = 1, 2 ~ Month ~|
"""
    assert ["4: 'a' computes Month, declared person"] == told(check_units(read_text(text)))


def test_units_in_a_macro_may_name_its_parameters(read_text: Reader) -> None:
    macro = """:MACRO: CHOOSE(this, that, a, b)
CHOOSE = IF THEN ELSE(a >= b, this, that) ~ this ~|
:END OF MACRO:
"""
    agree = "x = CHOOSE(population, population, births, deaths) ~ person ~|\n"
    assert () == check_units(read_text(macro + agree + POPULATION)).findings
    (finding,) = check_units(read_text(macro + agree.replace("deaths", "lifetime") + POPULATION)).errors
    assert finding.reason.startswith("joins person/Month and Month in ")
    assert 3 == finding.line


XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>none</vendor><product version="1">none</product></header>
<sim_specs time_units="Months"><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>
<model_units><unit name="head"><alias>person</alias></unit></model_units>
<model><variables>
<stock name="level"><eqn>100</eqn><inflow>filling</inflow><units>head</units></stock>
<flow name="filling"><eqn>level / delay</eqn><units>people/month</units></flow>
<aux name="delay"><eqn>4</eqn><units>months</units></aux>
</variables></model></xmile>
"""


def test_an_xmile_file_is_checked_with_its_own_units_of_time_and_aliases(tmp_path: Path) -> None:
    path = tmp_path / "level.xmile"
    path.write_text(XMILE)
    assert () == check_units(read(path)).findings
    path.write_text(XMILE.replace("level / delay", "level"))
    (finding,) = check_units(read(path)).errors
    assert ("computes head, declared people/month", 8) == (finding.reason, finding.line)


def test_a_deep_sum_takes_no_recursion(read_text: Reader) -> None:
    text = f"a = {' + '.join(['b'] * 200)} ~ person ~|\nb = 1 ~ person ~|\n"
    assert () == check_units(read_text(text)).findings


def test_powers_of_powers_and_absurd_exponents_are_told_and_not_computed(read_text: Reader) -> None:
    chain = "".join(f"x{i} = x{i - 1} ^ 99 ~~|\n" for i in range(1, 2500))
    text = f"x0 = 1 ~ person ~|\n{chain}last = x2499 ~ person ~|\nodd = x0 ^ 1e300 ~ person ~|\n"
    report = check_units(read_text(text))
    assert [
        "2503: 'odd' raises 'x0' in person to a power that is no number",
        "2502: 'last' computes person^(…), declared person",
    ] == told(report)


def test_the_dutch_models_have_clean_units() -> None:
    for name in ("unemployment.mdl", "debt.mdl", "netherlands.yaml"):
        report = check_units(read(STUDY / name))
        assert ((), {}, (), ()) == (report.findings, report.inferred, report.unknown, report.unchecked)


def test_a_wrong_unit_in_a_dutch_model_is_found() -> None:
    """No vacuous pass: the units of every fourth variable are spoilt in turn, and at least 95 % are noticed."""
    model = read(STUDY / "unemployment.mdl")
    used = [v for v in model.variables.values() if v.units not in ("", "Dmnl")][::4]
    noticed = 0
    for variable in used:
        own, variable.units = variable.units, f"{variable.units}*hare"
        noticed += not check_units(model).passed
        variable.units = own
    assert noticed >= 0.95 * len(used)


def test_every_function_has_a_rule_or_is_worked_out_by_itself() -> None:
    assert set() == FUNCTIONS.keys() - RULES.keys() - LOOKUP_RULES.keys() - {"power", "sqrt"}
