"""Long-run effects with and without the assumption on which they rest. Expected: closed forms of the toy study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sd_covid.data.text import Text
from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.long_run import LongRun, read_long_run, without
from sd_covid.policy.comparison.run import run_scenarios

HEAD = "title: {nl: Proef, en: Trial}\nrationale: {nl: Waarom, en: Why}\n"
PLAN = """\
said: {nl: Rust op de helling, en: Rests on the slope}
called: {nl: met helling, en: with slope}
without: flat
years: [2020, 2022, 2040]
"""
#: Slopes of the members; without the assumption the slope is 0.5, and what a lower rise does is the same in both.
DRAWS = pd.DataFrame({"slope": [1.0, 2.0, 3.0], "rise": [6.0, 12.0, 18.0]})
OUTPUTS = (
    Output("rate", Text("Graad", "Rate"), reading="mean", relevance=0.1),
    Output("debt", Text("Schuld", "Debt"), relevance=0.1),
)


@pytest.fixture
def found(study_folder: Path, toy: Any) -> LongRun:
    (study_folder / "paths").mkdir()
    (study_folder / "paths" / "flat.yaml").write_text(HEAD + "assumptions: {slope: 0.5}\n", encoding="utf-8")
    (study_folder / "long-run.yaml").write_text(PLAN, encoding="utf-8")
    (study_folder / "none.yaml").write_text(HEAD + "levers: {subsidy: {level: 0}}\n", encoding="utf-8")
    study = Study.beside(study_folder / "actual.yaml", toy)
    scenarios = [
        read_scenario(study_folder / f"{name}.yaml", toy, study=study) for name in ("actual", "none")
    ]
    plan = read_long_run(study_folder / "long-run.yaml", study)
    assert plan.tells(scenarios)
    assert not plan.tells(without(scenarios, plan, study))
    assumed, bare = (
        run_scenarios(toy, chosen, DRAWS, OUTPUTS, study=study)
        for chosen in (scenarios, without(scenarios, plan, study))
    )
    return LongRun(plan, assumed, bare)


def test_what_the_assumption_does_is_paired_draw_by_draw(found: LongRun) -> None:
    # rate = 4 + slope from March 2020 for a year where the subsidy is withheld: ten months of 2020, and half of the one
    # before by the trapezium rule. Mean slope 2 with the assumption, 0.5 without.
    rests = found.rests("rate", "none", 2020)
    np.testing.assert_allclose(rests.difference.mean, (2.0 - 0.5) * 10.5 / 12, rtol=1e-12)
    np.testing.assert_allclose(
        rests.level.mean - rests.reference_level.mean, rests.difference.mean, rtol=1e-12
    )
    assert "raises" == rests.verdict
    assert 0.0 == found.rests("rate", "actual", 2020).difference.mean
    assert "no difference that matters" == found.rests("debt", "none", 2022).verdict


def test_a_package_is_compared_under_both_and_its_dependence_told(found: LongRun) -> None:
    assumed, bare = found.package("rate", "none", 2020)
    np.testing.assert_allclose(
        4.0, assumed.difference.mean / bare.difference.mean, rtol=1e-12
    )  # mean slope 2 over 0.5
    assert "raises" == found.moved("rate", "none", 2020)
    assert "no difference that matters" == found.moved("debt", "none", 2022)


def test_only_years_that_the_run_covers_are_told_and_headline_outputs_unless_named(found: LongRun) -> None:
    assert (2020, 2022) == found.covered
    assert ["rate", "debt"] == [output.name for output in found.outputs]
    named = replace(found, plan=replace(found.plan, outputs=("DEBT",)))
    assert ["debt"] == [output.name for output in named.outputs]


def test_a_member_that_fails_in_either_is_left_out_of_both(found: LongRun) -> None:
    levels = {name: paths.copy() for name, paths in found.bare.levels.items()}
    fault = replace(found.bare, levels=levels)
    from sd_covid.policy.comparison.scenarios import Failure

    broken = replace(found, bare=replace(fault, failures=(Failure("none", 2, "rate", 70.0),)))
    assert 2 == broken.rests("rate", "none", 2020).difference.members
    np.testing.assert_allclose(
        broken.rests("rate", "none", 2020).difference.mean
        / found.rests("rate", "none", 2020).difference.mean,
        (1.5 - 0.5) / (2.0 - 0.5),
        rtol=1e-12,
    )


def test_a_path_that_is_not_there_is_named(study_folder: Path, toy: Any) -> None:
    (study_folder / "long-run.yaml").write_text(PLAN, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_long_run(study_folder / "long-run.yaml", Study.beside(study_folder / "actual.yaml", toy))
    assert (3, "without") == (caught.value.line, caught.value.variable)
    assert "no path 'flat'" in caught.value.reason
