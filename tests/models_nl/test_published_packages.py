"""Scenarios beside published models: does their order hold, and is their effect of that size? (T11, T12)"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.catalogue.outputs import outputs_in, read_outputs
from sd_covid.policy.comparison.draws import choose_draws, read_posterior
from sd_covid.policy.comparison.ranking import rank_stability
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.paths import read_path

STUDY = Path(__file__).parents[2]
SCENARIOS = STUDY / "scenarios"
PROGRAMMES = ("catch-up", "debt-relief", "youth-mental-health", "integrated", "targeted", "austerity")
PATHS = ("base", "cost-of-living-shock", "new-wave-2027", "slack-labour-market")
DRAWS = 24


@pytest.fixture(scope="module")
def draws(netherlands: sd_covid.Simulation) -> pd.DataFrame:
    stored = read_posterior(STUDY / "calibration" / "posterior.parquet", netherlands)
    return choose_draws(stored, DRAWS, 1)


@pytest.fixture(scope="module")
def study(netherlands: sd_covid.Simulation) -> Study:
    return Study.beside(SCENARIOS / "actual.yaml", netherlands)


def test_programmes_keep_their_order_under_four_paths_of_the_drivers(
    netherlands: sd_covid.Simulation, study: Study, draws: pd.DataFrame
) -> None:
    """As Occhipinti and others (2022) found under four trajectories of distress: T11."""
    known = read_outputs(SCENARIOS / "outputs.yaml")
    kept = [
        item
        for item in outputs_in(known, netherlands.model.variables)
        if item.headline and item.better != "neutral"
    ]
    comparisons: dict[str, Comparison] = {}
    for name in PATHS:
        path = read_path(SCENARIOS / "paths" / f"{name}.yaml", study)
        read = [
            read_scenario(SCENARIOS / f"{item}.yaml", netherlands, study=study, assume=path)
            for item in ("actual", *PROGRAMMES)
        ]
        comparisons[name] = run_scenarios(netherlands, read, draws, kept, study=study)
    for item in kept:
        found = rank_stability(comparisons, item.name, 2021, 2034)
        assert found.concordance > 0.9, item.name
        assert np.all(np.nan_to_num(found.reversed) < 0.05), item.name


def test_the_integrated_package_is_smaller_than_published_ones(
    netherlands: sd_covid.Simulation, study: Study, draws: pd.DataFrame
) -> None:
    """T12 asks for 15 to 40 % of the severe tail, or an explanation: docs/scenarios.md says why it is 2 to 7 %."""
    read = [
        read_scenario(SCENARIOS / f"{item}.yaml", netherlands, study=study)
        for item in ("actual", "integrated")
    ]
    found = run_scenarios(netherlands, read, draws, ["severe distress", "waiting"], study=study)
    total = np.sum(list(found.levels.values()), axis=0)
    fall = 100 * (1 - total[1] / total[0])
    for year, low, high in ((2025, 3, 6), (2027, 5, 9), (2035, 1, 3)):
        mean = float(fall[:, int(np.argmin(np.abs(found.time - 12 * (year - 2015))))].mean())
        assert low < mean < high, year
    assert fall.max() < 15
