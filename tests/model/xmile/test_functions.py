"""Stella's functions beyond the standard: their values, and what is said about those that cannot be run.

Meanings are those of isee systems' help, "Builtins"; values follow from the definitions beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import sd_covid
from sd_covid.errors import ModelError

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">\n'
    "<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>\n"
    "<dimensions><dim name='X' size='2'/><dim name='Y' size='3'/></dimensions><model><variables>\n"
)
#: 0 at 0, 2 at 1 and 2, 1 at 3, 5 at 4; and a line through (1, 1) and (2, 3) that goes on.
GRAPHS = (
    "<gf name='g'><xscale min='0' max='4'/><ypts>0,2,2,1,5</ypts></gf>"
    "<gf name='e' type='extrapolate'><xscale min='1' max='2'/><ypts>1,3</ypts></gf>"
    "<gf name='d' type='discrete'><xscale min='0' max='2'/><ypts>1,3,7</ypts></gf>\n"
)

Run = Callable[..., np.ndarray]


@pytest.fixture
def series(tmp_path: Path) -> Run:
    """What an equation gives at each step; ``dimensions`` are those of its variable."""

    def runner(equation: str, dimensions: str = "", others: str = "") -> np.ndarray:
        path = tmp_path / "m.xmile"
        axes = "".join(f"<dim name='{name}'/>" for name in dimensions)
        variable = f"<aux name='value'><dimensions>{axes}</dimensions><eqn>{equation}</eqn></aux>"
        path.write_text(f"{HEAD}{GRAPHS}{variable}{others}</variables></model></xmile>", "utf-8")
        return sd_covid.load(path).run()["value"].to_numpy()

    return runner


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        # a loan of 10,000 at 1 % a month, paid off in 36
        ("PMT(0.01, 36, 10000, 0)", -10000 * 0.01 * 1.01**36 / (1.01**36 - 1)),
        ("PV(0.01, 36, PMT(0.01, 36, 10000))", 10000),
        ("FV(0.01, 36, -100, -50)", 100 * (1.01**36 - 1) / 0.01 + 50 * 1.01**36),
        ("PV(0, 36, -100)", 3600),
        ("PMT(0.02, 10, 500, FV(0.02, 10, -40, 500))", -40),
        ("NORMALCDF(-1, 2)", stats.norm.cdf(2) - stats.norm.cdf(-1)),
        ("NORMALCDF(8, 11, 10, 3)", stats.norm.cdf(1 / 3) - stats.norm.cdf(-2 / 3)),
        ("INVNORM(0.9)", stats.norm.ppf(0.9)),
        ("LOOKUPAREA(g)", 1 + 2 + 1.5 + 3),
        ("LOOKUPAREA(g, 1)", 1),
        ("LOOKUPAREA(g, 3, 5)", 3),  # nothing beyond 4
        ("LOOKUPAREA(g, 5, 3)", 3),
        ("LOOKUPAREA(d)", 4),
        ("LOOKUPAREA(e, 3)", 6),  # 2 x - 1 from 1 to 3
        ("LOOKUPAREA(e, 0, 4)", 12),
        ("LOOKUPMEAN(e)", (14 / 3 - 1.5) / 2),  # x (2 x - 1) from 1 to 2, over the area of 2
        ("LOOKUPMEAN(g, 2)", (2 / 3 + 3) / 3),
        ("LOOKUPINV(g, 1.5)", 0.75),  # the first of three
        ("LOOKUPINV(g, 2)", 1),
        ("LOOKUPINV(g, 9)", 4),
        ("LOOKUPINV(e, 7)", 4),
        ("PULSE(3)", 6),
    ],
)
def test_values(series: Run, equation: str, expected: float):
    np.testing.assert_allclose(series(equation), expected, rtol=1e-12)  # roots and powers of a few units


def test_history_reads_what_was_at_a_time_that_moves(series: Run):
    """TIME^2 is kept at 0, 0.5, … 4; a time between two steps lies in the first of them."""
    np.testing.assert_array_equal(
        series("HISTORY(TIME^2, TIME / 2)"), [0, 0, 0.25, 0.25, 1, 1, 2.25, 2.25, 4]
    )
    np.testing.assert_array_equal(series("HISTORY(TIME^2 + 1, MIN(TIME, 3))")[-3:], [10, 10, 10])
    np.testing.assert_array_equal(series("HISTORY(5, TIME + 1)"), 0)
    np.testing.assert_array_equal(series("HISTORY(5, TIME * 2 - 4)")[:4], 0)


def test_a_ramp_without_a_start_begins_with_the_run(series: Run):
    np.testing.assert_array_equal(series("RAMP(2)"), np.arange(9.0))


def test_interpolate_runs_between_elements(series: Run):
    """10 x + y, which interpolation along both keeps; outside 0 to 1 the first or last element."""
    grid = "<aux name='m'><dimensions><dim name='X'/><dim name='Y'/></dimensions><eqn>10 * X + Y</eqn></aux>"
    assert series("INTERPOLATE(m, 0.25, 0.75)", others=grid)[0] == pytest.approx(10 * 1.25 + 2.5, rel=1e-14)
    assert series("INTERPOLATE(m[2, *], 7)", others=grid)[0] == 23
    assert series("INTERPOLATE(m, -1, 2)", others=grid)[0] == 13


def test_an_array_takes_a_number_that_counts_its_elements_row_by_row(series: Run):
    """Section 3.3.2: of 2 rows of 3, the fifth is in the middle of the second; beyond the sixth there is 0."""
    grid = "<aux name='m'><dimensions><dim name='X'/><dim name='Y'/></dimensions><eqn>10 * X + Y</eqn></aux>"
    assert series("m(5)", others=grid)[0] == 22
    assert series("m(RANK(m, 6))", others=grid)[0] == 23
    np.testing.assert_array_equal(series("m(TIME * 2 + 1)", others=grid)[[0, 1, 5, 6, 7]], [11, 12, 23, 0, 0])


def test_a_dimension_that_comes_twice_is_taken_in_its_order(series: Run):
    square = "<aux name='m'><dimensions><dim name='X'/><dim name='X'/></dimensions>" + "".join(
        f"<element subscript='{i},{j}'><eqn>{10 * i + j}</eqn></element>" for i in (1, 2) for j in (1, 2)
    )
    for equation in ("m", "m[X, X]", "m[@1, @2]"):
        np.testing.assert_array_equal(series(equation, "XX", square + "</aux>")[0], [[11, 12], [21, 22]])
    for equation in ("m'", "m[@2, @1]"):
        np.testing.assert_array_equal(series(equation, "XX", square + "</aux>")[0], [[11, 21], [12, 22]])


def test_an_apostrophe_may_be_part_of_a_name(series: Run):
    others = '<aux name="don\'t"><eqn>3</eqn></aux><aux name="owners\' share"><eqn>4</eqn></aux>'
    assert series("don't * owners'_share", others=others)[0] == 12


def test_nan_stands_for_an_equation_that_is_not_written_yet(series: Run):
    others = "<aux name='a'><eqn>1</eqn></aux><aux name='b'><eqn>2</eqn></aux>"
    assert np.isnan(series("NAN(a, b)", others=others))[0]
    assert series("IF TIME &gt; 9 THEN NAN ELSE 2")[0] == 2


@pytest.mark.parametrize(
    ("equation", "reason", "advice"),
    [
        ("CTMEAN(g)", "asks how long material was under way", "transit time"),
        ("CLOCKTIME", "the time of the day", "a constant"),
        ("RUNCOUNT + 1", "counts the runs", "a constant"),
        ("NPV(3, 0.1)", "left open by its description", "a stock with the inflow"),
        ("IRR(g)", "a search over a whole run", "in a sweep"),
        ("LOOKUPMEAN(g, TIME)", "ends of LOOKUPMEAN are to be numbers", "write them out"),
        ("LOOKUPINV(d, 2)", "this has steps", None),
        ("INTERPOLATE(3, 0.5)", "takes an array with 1 dimensions", "INTERPOLATE(array[*], place)"),
    ],
)
def test_functions_that_cannot_be_run_say_what_to_do(
    series: Run, equation: str, reason: str, advice: str | None
):
    with pytest.raises(ModelError) as caught:
        series(equation)
    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.variable) == (6, "value")
    assert advice is None or advice in (caught.value.advice or "")
