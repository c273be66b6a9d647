"""A study of one small model with calendar, lever, assumption, array and noise, and sweeps of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.policy.reading import named_model
from sd_covid.policy.sweep import SweepPlan, read_sweep
from tests.policy.conftest import ASSUMPTIONS, LEVERS

# Months 60 to 84 since 2015: 2020 and 2021. While the subsidy is withheld,
# in months 62 to 74, rate = 4 + slope; else 4.
# Each step of half a month adds half the rate to a stock, so without subsidy total[G] comes to
# weight[G] * (4 * 24 + slope * 12). strain is no number once slope * (Time - 60) > 80.
TOWN = """{UTF-8}
Group: young, old ~~|
subsidy level = 1 ~ Dmnl ~ |
subsidy start = 62 ~ Month ~ |
subsidy end = 74 ~ Month ~ |
slope = 2 ~ percent ~ |
ease = 1 ~ Dmnl ~ |
weight[Group] = 1, 2 ~ Dmnl ~ |
withheld = IF THEN ELSE(Time >= subsidy start :AND: Time < subsidy end, 1 - subsidy level, 0) ~ Dmnl ~ |
rate = (4 + slope * withheld) * ease ~ percent ~ What is withheld raises it. |
total[Group] = INTEG(weight[Group] * rate, 0) ~ percent*Month ~ |
strain = SQRT(80 - slope * (Time - 60)) ~ Dmnl ~ |
noise = RANDOM UNIFORM(0, 1, 7) ~ Dmnl ~ |
INITIAL TIME = 60 ~ Month ~ |
FINAL TIME = 84 ~ Month ~ |
TIME STEP = 0.5 ~ Month ~ |
SAVEPER = 1 ~ Month ~ |
"""

SCENARIO = "title: {{nl: {0}, en: {0}}}\nrationale: {{nl: Proef, en: Trial}}\n"

Swept = Callable[..., SweepPlan]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A study with scenarios actual, same (which comes to the same) and none (without subsidy)."""
    for folder in ("models", "scenarios"):
        (tmp_path / "town" / folder).mkdir(parents=True)
    files = {
        "models/town.mdl": TOWN,
        "models/town.yaml": "name: town\ncalendar: {origin: 2015-01, unit: month}\nsectors: {town: town.mdl}\n",
        "scenarios/levers.yaml": LEVERS,
        "scenarios/assumptions.yaml": ASSUMPTIONS,
        "scenarios/actual.yaml": SCENARIO.format("Actual"),
        "scenarios/same.yaml": SCENARIO.format("Same") + "levers: {subsidy: {level: 1}}\n",
        "scenarios/none.yaml": SCENARIO.format("None") + "levers: {subsidy: {level: 0}}\n",
    }
    for name, text in files.items():
        (tmp_path / "town" / name).write_text(text)
    return tmp_path / "town"


@pytest.fixture
def swept(town: Path) -> Swept:
    """Write a sweep of the town and read it."""

    def read(text: str, model: str = "town.yaml") -> SweepPlan:
        file = town / "scenarios" / "sweep.yaml"
        file.write_text(f"model: ../models/{model}\n{text}")
        return read_sweep(file, sd_covid.load(named_model(file)))

    return read


def contents(store: Path) -> dict[str, bytes]:
    """Every file of a store, but for the order in which blocks came."""
    files = {str(file.relative_to(store)): file for file in store.rglob("*") if file.is_file()}
    found = {name: file.read_bytes() for name, file in files.items()}
    found[".sweep/blocks"] = b"\n".join(sorted(found[".sweep/blocks"].splitlines()))
    return found


def some(values: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Numbers as doubles."""
    return np.asarray(values, dtype=np.float64)
