"""The Dutch study of robustness fits its model; running it takes minutes and is no test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.analysis.robustness.plan import RobustPlan
from sd_covid.analysis.robustness.plan_file import read_plan
from sd_covid.policy.comparison.draws import joint_draws
from sd_covid.policy.reading import named_model

FILE = Path(__file__).parents[3] / "scenarios" / "robust.yaml"


@pytest.fixture(scope="module")
def plan() -> RobustPlan:
    return read_plan(FILE, sd_covid.load(named_model(FILE)))


def test_it_holds_every_package_of_the_study_and_no_world_among_them(plan: RobustPlan) -> None:
    ids = [item.stem for item in plan.scenarios]
    assert ids[0] == "actual"
    assert {"no-support", "early-withdrawal", "catch-up", "debt-relief", "youth-mental-health"} < set(ids)
    assert {"integrated", "targeted", "delayed", "austerity"} < set(ids)
    assert not {"no-corona", "new-wave"} & set(ids)


def test_paths_and_structures_are_told_apart(plan: RobustPlan) -> None:
    kinds = {item.world.id: item.world.kind for item in plan.worlds}
    assert kinds["base"] == "path"
    assert kinds["new-wave-2027"] == "path"
    assert kinds["no-scars"] == "structure"
    refitted = next(item for item in plan.worlds if item.posterior is not None)
    assert not refitted.world.paired
    assert refitted.constants["survey break on"] == 0.0


def test_every_draw_of_a_structure_has_what_it_sets(plan: RobustPlan) -> None:
    # A constant that a variant sets is a column of its own posterior, or none: it is never drawn as well.
    for item in plan.worlds:
        if item.posterior is not None:
            drawn = joint_draws(item.posterior, plan.study.assumptions, plan.study.names, 12, 1)
            assert np.isfinite(drawn.to_numpy()).all()
            assert len(drawn.columns) == len(set(drawn.columns))
