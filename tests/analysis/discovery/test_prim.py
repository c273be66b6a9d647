"""PRIM beside the EMA workbench, and a planted box that is found.

The recorded trajectory is that of `ema_workbench` 2.5.3 (analysis/prim.py, `Prim(x, y).find_box()` with its defaults:
peel and paste 0.05, least mass 0.05, criterion "lenient1") on the cases that `planted` makes. It was run apart, as it
brings many packages along. On the published example of Bryant and Lempert (2010), which the workbench carries (882
cases, nine columns, peel 0.1 and 0.05), all 28 and 52 boxes with limits and quasi-p-values were the same too; that
table is not ours to copy. So were limits and sizes of all 48 and 29 boxes on 600 runs of its example of influenza
(`flu_example.py`, after Pruyt and Hamarat 2010; the worst fifth of deaths in region 1, peel 0.05 and 0.1).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.analysis.discovery.box import Box, Cases, Limit, box_of, inside
from sd_covid.analysis.discovery.find import FEWEST, Rule, choose, discover, screened
from sd_covid.analysis.discovery.prim import Patience, trajectory
from sd_covid.errors import RunError

CASES = [
    400,
    271,
    257,
    244,
    231,
    219,
    208,
    197,
    187,
    177,
    168,
    159,
    151,
    143,
    135,
    128,
    121,
    114,
    108,
    102,
    96,
    91,
    86,
]
CASES += [81, 76, 72, 68, 64, 60, 34, 32, 30]
FAILURES = [
    83,
    73,
    73,
    73,
    72,
    71,
    69,
    69,
    68,
    68,
    66,
    65,
    64,
    64,
    62,
    61,
    59,
    57,
    57,
    57,
    56,
    55,
    55,
    55,
    55,
    54,
    54,
]
FAILURES += [52, 51, 30, 29, 28]
COLUMNS = [0, 1, 2, 2, 2] + [3] * 12 + [4] * 15
LAST = {
    ("inflow", "low"): (9.936887312102838, 1.2284281714183553e-05),
    ("reach", "low"): (0.023355978407304412, 0.6767837825286245),
    ("reach", "high"): (0.4226268913745548, 0.0008465403656127483),
    ("noise", "low"): (-1.9032628575119268, 0.6767837825286245),
    ("path", "kept"): (frozenset({"wave"}), 0.002223289181770903),
}


def planted() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(20)
    n = 400
    x = pd.DataFrame(
        {
            "inflow": rng.uniform(4, 14, n),
            "reach": rng.uniform(0, 1, n),
            "noise": rng.normal(0, 1, n),
            "path": rng.choice(["base", "wave", "shock"], n),
        }
    )
    chance = np.where((x["inflow"] > 9) & (x["reach"] < 0.5) & (x["path"] != "base"), 0.9, 0.08)
    return x, rng.uniform(size=n) < chance


def test_every_box_is_that_of_the_workbench() -> None:
    boxes = trajectory(Cases(*planted()))
    assert [box.cases for box in boxes] == CASES
    assert [box.failures for box in boxes] == FAILURES
    assert [len(box.columns) for box in boxes] == COLUMNS
    last = {
        (limit.name, limit.side): (limit.names or limit.value, chance)
        for limit, chance in zip(boxes[-1].limits, boxes[-1].quasi_p, strict=True)
    }
    assert {name: value for name, (value, _) in last.items()} == {
        name: value for name, (value, _) in LAST.items()
    }
    for name, (_, chance) in LAST.items():
        assert last[name][1] == pytest.approx(chance, rel=1e-9)  # the binomial tail, summed in another order


def test_the_told_box_is_the_planted_one_without_the_idle_limit() -> None:
    cases, failed = planted()
    found = discover(cases, failed, resamples=20, seed=1)
    sides = {(limit.name, limit.side): limit for limit in found.chosen.limits}
    assert set(sides) == {("inflow", "low"), ("reach", "high"), ("path", "kept")}
    assert sides["path", "kept"].names == {"wave", "shock"}
    assert sides["inflow", "low"].value == pytest.approx(
        9, abs=0.5
    )  # a peel takes a twentieth of what is left
    assert sides["reach", "high"].value == pytest.approx(0.5, abs=0.1)
    assert max(found.chosen.quasi_p) <= 0.05
    assert min(item.share for item in found.support) > 0.5
    # 0.9 fail in the planted region and a fifth of all: unseen cases lie between, well above the latter
    assert 0.45 < found.unseen[1] < 0.95


def test_coverage_density_and_quasi_p_by_hand() -> None:
    # Eight cases, four failures. x <= 4 holds cases 1 to 4, of which 3 fail: coverage 3/4, density 3/4.
    cases = pd.DataFrame({"x": np.arange(1.0, 9.0), "z": ["u", "v"] * 4})
    failed = np.array([True, True, True, False, True, False, False, False])
    box = box_of(cases, failed, (Limit("x", "high", 4.0),))
    assert (box.cases, box.failures, box.coverage, box.density) == (4, 3, 0.75, 0.75)
    # Without the limit half of all fail: 3 or 4 of 4 happen with (4 + 1) / 16.
    assert box.quasi_p == pytest.approx((5 / 16,))
    assert box.balance == pytest.approx(0.75)
    assert Cases(cases, failed).without_idle(box) == box_of(cases, failed, ())
    kept = Limit("z", "kept", names=frozenset({"u"}))
    assert inside(cases, (kept, Limit("x", "low", 3.0))).tolist() == [
        False,
        False,
        True,
        False,
        True,
        False,
        True,
        False,
    ]


def test_the_rule_weighs_coverage_against_density_and_counts_columns() -> None:
    def box(coverage: float, density: float, names: str) -> Box:
        return Box(tuple(Limit(name, "low") for name in names), 10, 5, coverage, density, (0.0,) * len(names))

    boxes = [box(1.0, 0.2, ""), box(0.8, 0.6, "ab"), box(0.6, 0.9, "abc"), box(0.7, 0.95, "abcd")]
    assert choose(boxes, 3) is boxes[2]
    assert choose(boxes, 2) is boxes[1]
    assert choose(boxes, 4) is boxes[3]


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.floats(0.25, 0.5), st.floats(0.25, 0.5)),
    st.tuples(st.booleans(), st.booleans()),
)
def test_a_planted_box_without_noise_is_found(
    seed: int, size: tuple[float, float], top: tuple[bool, bool]
) -> None:
    # A corner of two columns among six; every case in it fails, and no other. Each side ends within a peel, a twentieth
    # of the box, of where it should; a peel of another column on the way is dropped as idle.
    rng = np.random.default_rng(seed)
    cases = pd.DataFrame(rng.uniform(size=(600, 6)), columns=list("abcdef"))
    failed = np.ones(600, dtype=bool)
    for name, share, upper in zip("ce", size, top, strict=True):
        failed &= (cases[name] > 1 - share if upper else cases[name] < share).to_numpy()
    box = discover(cases, failed, rule=Rule(columns=2), resamples=0).chosen
    assert set(box.columns) == {"c", "e"}
    assert box.density > 0.9
    assert box.coverage > 0.9


def test_where_nothing_sets_failures_apart_hardly_a_limit_stays() -> None:
    rng = np.random.default_rng(4)
    cases = pd.DataFrame(rng.uniform(size=(400, 5)), columns=list("abcde"))
    found = discover(cases, rng.uniform(size=400) < 0.3, resamples=15, seed=2)
    # of the columns that chance offers none comes back in most resamples, or the box does not hold in unseen cases
    assert not found.chosen.limits or abs(found.unseen[1] - found.rate) < 0.12


def test_among_many_idle_columns_the_two_that_matter_are_told() -> None:
    rng = np.random.default_rng(17)
    cases = pd.DataFrame(rng.uniform(size=(500, 120)), columns=[f"c{place}" for place in range(120)])
    failed = (cases["c3"] > 0.6).to_numpy() & (cases["c70"] < 0.5).to_numpy() & (rng.uniform(size=500) < 0.8)
    failed |= rng.uniform(size=500) < 0.05
    found = discover(cases, failed, resamples=10, seed=1)
    assert set(found.chosen.columns) == {"c3", "c70"}
    assert {name for name, share in found.often if share >= 0.5} == {"c3", "c70"}
    assert found.unseen[0] > 0.6
    assert found.unseen[1] > 0.6


def test_the_same_seed_gives_the_same_answer_and_groups_stay_together() -> None:
    cases, failed = planted()
    twice = pd.concat([cases, cases], ignore_index=True)
    groups = np.tile(np.arange(len(cases)), 2)
    one, other = (discover(twice, np.tile(failed, 2), groups=groups, resamples=5, seed=3) for _ in range(2))
    assert one == other
    # a copy of every case is no news: left out together, so unseen density is no better than that of single cases
    alone = discover(cases, failed, resamples=5, seed=3)
    assert one.unseen[1] == pytest.approx(alone.unseen[1], abs=0.1)


def test_screening_keeps_what_differs_and_all_names() -> None:
    cases, failed = planted()
    arrays = Cases(cases, failed)
    assert list(screened(arrays, 2).columns) == ["inflow", "reach", "path"]
    assert list(screened(arrays, 3).columns) == list(cases)


def test_too_few_failures_tell_of_no_region() -> None:
    cases, failed = planted()
    few = failed & (np.cumsum(failed) < FEWEST)
    with pytest.raises(RunError, match=f"{FEWEST - 1} failures among 400 cases tell of no region"):
        discover(cases, few)
    with pytest.raises(RunError, match="0 cases without failure"):
        discover(cases, np.ones(400, dtype=bool))
    with pytest.raises(RunError, match="nothing in which to look"):
        trajectory(Cases(cases[[]], failed))


def test_patience_and_rule_are_kept_to() -> None:
    cases, failed = planted()
    boxes = trajectory(Cases(cases, failed), Patience(least=0.25))
    assert min(box.cases for box in boxes) >= 100
    assert len(discover(cases, failed, rule=Rule(columns=1), resamples=0).chosen.columns) == 1
