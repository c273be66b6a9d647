"""Outcomes beyond the themes of the dashboard: what the model has of them is what their names say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.policy.catalogue.outputs import Output, outputs_in, read_outputs
from sd_covid.report.words.texts import Texts

ROOT = Path(__file__).parents[2]
BEYOND = ("equal opportunities", "livelihood security", "healthy living")


@pytest.fixture(scope="module")
def beyond() -> tuple[Output, ...]:
    return tuple(item for item in read_outputs(ROOT / "scenarios" / "outputs.yaml") if item.theme in BEYOND)


def test_every_theme_has_outcomes_that_the_model_has(beyond):
    simulation = sd_covid.load(ROOT / "models" / "netherlands.yaml")
    assert outputs_in(beyond, simulation.model.variables) == beyond
    assert {item.theme for item in beyond} == set(BEYOND)
    # No figure by group is published: whatever compares groups says that it rests on assumption.
    assert all(item.basis != "figures" for item in beyond if "gap" in item.name or "[" in item.name)
    for language in ("nl", "en"):
        titles = [Texts(language)(f"theme.{name}") for name in BEYOND]
        assert len(set(titles)) == len(BEYOND)


def test_gaps_are_differences_between_the_groups():
    names = {
        "gap of unemployment": "unemployment rate by group",
        "gap of problem debt": "problem debt share by group",
        "distress gap": "distress prevalence by group",
    }
    run = sd_covid.load(ROOT / "models" / "netherlands.yaml").run(outputs=[*names, *names.values()])
    for gap, by_group in names.items():
        groups = run[by_group]
        apart = groups.sel(group="vulnerable") - groups.sel(group="regular")
        # Relative to levels of a few per cent: rounding of the slope over the groups.
        np.testing.assert_allclose(run[gap], apart, rtol=1e-9)
