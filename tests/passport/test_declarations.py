"""The files beside a model, read strictly: every fault says where, and a part of a study sees what is its own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sd_covid.analysis.passport.declarations import read_declarations
from sd_covid.analysis.passport.reference_modes import Compared, errors, read_figures
from sd_covid.analysis.passport.structure_counts import count
from sd_covid.errors import DataError
from sd_covid.policy.catalogue.evidence import read_evidence
from tests.passport.conftest import CHECKS, EVIDENCE, MODES, ROOMS, STUDY, Study


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("at rest:", "at ease:", 2, "did you mean 'at rest'"),
        ("{drift: 0}", "{drft: 0}", 2, "'drft' is not a variable of rooms; did you mean 'drift'"),
        ("{drift: 0}", "{drift: nothing}", 2, "'nothing' is not a number"),
        ("[cumulative *]", "[cumulated *]", 3, "no variable is called 'cumulated *'"),
        ("[home, away]", "[home, awy]", 5, "'awy' is not a variable of rooms"),
        ("total: everyone", "totals: everyone", 5, "'totals' is not a key here; did you mean 'total'"),
        (
            "total: everyone",
            "total: everyone, net flow: leaving",
            5,
            "one of 'total' and 'net flow' is expected",
        ),
        ("{drift: 8}", "{home: 8}", 9, "'home' is a stock, which cannot be held"),
        ("SUM(home[side!]) >= 0", "SUM(home[side!] >= 0", 10, "is no expression"),
        ("undocumented: 0", "undocumentd: 0", 11, "did you mean 'undocumented'"),
        ("of: rooms.mdl\n", "", 1, "the key 'of' is missing"),
    ],
)
def test_a_declaration_that_cannot_be_read_says_where(
    study: Study, old: str, new: str, line: int, reason: str
) -> None:
    with pytest.raises(DataError) as fault:
        read_declarations(study(checks_yaml=CHECKS.replace(old, new, 1)).model)
    assert reason in str(fault.value)
    assert line == fault.value.line


def test_for_a_part_of_a_study_what_is_not_its_own_is_left_out(study: Study) -> None:
    of_another = CHECKS.replace("of: rooms.mdl", "of: study.yaml").replace(
        "[cumulative *]", "[cumulative *, queue]"
    )
    of_another += "may be negative: {queue: of another sector}\n"
    found = read_declarations(study(checks_yaml=of_another, study_yaml=STUDY).model)
    assert found is not None
    assert (("cumulative visits",), {}, {}) == (found.accumulators, found.may_be_negative, found.limits)
    assert 2 == len(found.conserved)


def test_a_model_that_a_file_says_nothing_of_has_no_declarations(study: Study) -> None:
    other = "of: study.yaml\nat rest: {shock: 0}\nlinks: {moment: 1, horizon: 2}\n"
    assert read_declarations(study(checks_yaml=other, study_yaml=STUDY).model) is None


def test_counts_are_those_of_the_file(study: Study) -> None:
    more = "peak = WITH LOOKUP(drift, ((0,0),(1,2),(2,1))) ~ Dmnl ~ |\nidle = MIN(3, stay / travel) ~ ~ |\n"
    found = count(study(ROOMS + more))
    assert {"stocks": (4, 7), "flows": (2, 4), "constants": (4, 5), "auxiliaries": (2, 2)} == {
        name: found.kinds[name] for name in ("stocks", "flows", "constants", "auxiliaries")
    }
    # home -> leaving -> home, away -> returning -> away, and round through both.
    assert ((4,), 3) == (found.components, found.loops)
    assert (("peak", "idle"), ("idle",), ("peak", "idle")) == (
        found.undocumented,
        found.without_unit,
        found.unused,
    )
    assert (("idle", 3.0),) == found.embedded
    assert {"IF THEN ELSE": 0, "MIN": 1, "MAX": 0} == found.branches
    assert ("peak",) == found.not_monotone


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("A1,drift,rooms,0,", "A1,drift,rooms,none,", "evidence.csv:2: 'drift': 'none' is not a number"),
        ("nobody knows,D", "nobody knows,E", "evidence.csv:2: 'drift': the grade 'E' is not known"),
        ("id,constant", "ID,constant", "evidence.csv:1: the column 'id' is missing; did you mean 'ID'"),
    ],
)
def test_evidence_that_cannot_be_read_says_where(study: Study, old: str, new: str, reason: str) -> None:
    path = study(evidence_csv=EVIDENCE.replace(old, new)).model.path
    assert path is not None
    with pytest.raises(DataError) as fault:
        read_evidence(path.parent / "evidence.csv")
    assert reason in str(fault.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("mean,2015,60", "mean,2015-Q5,60", "'2015-Q5' is no period"),
        ("mean,2015,60", "mean,2015/17,60", "'2015/17' is no school year"),
        ("mean,2015,60", "median,2015,60", "'median' is not known here"),
        (",0.001,rounding,", ",-1,rounding,", "a tolerance is not negative"),
        (",rounding,", ",,", "is empty"),
        ("\n1,", "\n²,", "is no number of a mode"),
        ("\n1,", f"\n{'1' * 5000},", "is no number of a mode"),
    ],
)
def test_figures_that_cannot_be_read_say_where(study: Study, old: str, new: str, reason: str) -> None:
    path = study(reference_modes_csv=MODES.replace(old, new, 1)).model.path
    assert path is not None
    with pytest.raises(DataError, match=r"reference_modes.csv:2") as fault:
        read_figures(path.parent / "reference_modes.csv")
    assert reason in str(fault.value)


def test_theil_shares_are_those_worked_out_by_hand(study: Study) -> None:
    path = study(reference_modes_csv=MODES).model.path
    assert path is not None
    (figure, _) = read_figures(path.parent / "reference_modes.csv")
    data, model = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 6.0, 8.0])
    from dataclasses import replace

    found = errors([Compared(replace(figure, value=d), "alone", m) for d, m in zip(data, model, strict=True)])
    assert found is not None
    # Errors 1, 2, 3, 4: mean square 7.5, of which 2.5² is bias and (2 - 1)² var(data) = 1.25 is variation.
    assert (math.sqrt(7.5), 1.0) == (found.rmse, found.mae_over_mean)
    shares = (found.bias, found.variation, found.covariation)
    assert shares == pytest.approx((6.25 / 7.5, 1.25 / 7.5, 0.0), abs=1e-12)
    assert errors([Compared(figure, "alone", 1.0)] * 3) is None
