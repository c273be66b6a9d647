"""Social cohesion at extreme inputs and constants."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid
from tests.models_nl.conftest import MODELS
from tests.models_nl.social_cohesion.conftest import FILE, HEADLINES, STOCKS


def test_no_stock_goes_negative_at_extreme_inputs(tmp_path: Path) -> None:
    drivers = pd.read_csv(MODELS / "drivers.csv")
    late = drivers["Time"] >= 60
    for name, value in {
        "restrictions": 1.0,
        "unemployment rate": 60.0,
        "youth unemployment rate": 90.0,
        "problem debt share": 40.0,
        "distress": 80.0,
        "hospital admissions": 1e5,
    }.items():
        drivers.loc[late, name] = value
    drivers.to_csv(tmp_path / "drivers.csv", index=False)
    shutil.copy(FILE, tmp_path)
    results = sd_covid.load(tmp_path / FILE.name).run()
    for name in (*STOCKS, *HEADLINES):
        assert np.isfinite(results[name]).all(), name
        assert results[name].min() >= 0, name
    for name in ("trust in parliament by group", "strongly lonely by group", "adherence", "unsafe feeling"):
        assert results[name].max() <= 100, name


@pytest.mark.parametrize("end", ["low", "high"])
def test_no_stock_goes_negative_with_every_constant_at_an_end_of_its_range(
    end: str, cohesion: sd_covid.Simulation
) -> None:
    table = pd.read_csv(MODELS / "evidence.csv", keep_default_na=False)
    own = table[table["model"].str.split().map(lambda names: "social_cohesion" in names)]
    keep = ~own["id"].str.match(r"[DT]\d") & ~own["constant"].str.contains(" start$| end$")
    results = cohesion.run(dict(zip(own["constant"][keep], own[end][keep].astype(float), strict=True)))
    for name in (*STOCKS, *HEADLINES):
        assert np.isfinite(results[name]).all(), name
        assert results[name].min() >= 0, name
