"""A model of a few lines whose answers are known, a study folder with its levers and assumptions, and a whole study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sd_covid.model.structure import Model

LEVERS = """\
prices:
  level_year: 2020
  base_year: 2020
  discount_rate: 0.0225
  index: {2015: 95.0, 2016: 95.0, 2017: 95.0, 2018: 95.0, 2019: 98.0, 2020: 100.0, 2021: 102.0, 2022: 110.0}
  source: invented for this test
levers:
  subsidy:
    title: {nl: Subsidie, en: Subsidy}
    meaning: {nl: 1 is vol, en: 1 is all of it}
    constants: {level: subsidy level, start: subsidy start, end: subsidy end}
    actual: {level: 1, start: 2020-03-01, end: 2021-03-01}
    range: [0, 1]
    purpose: business
    target: {nl: Bedrijven, en: Firms}
    payer: {nl: Rijk, en: State}
    delivery: national
    source: invented
    grade: C
    cost:
      rule: budget
      total: 365
      tranches:
        - {start: 2020-03-01, end: 2021-03-01, weight: 2}
      source: invented
      grade: C
      note: one million euro a day
  help:
    title: {nl: Hulp, en: Help}
    meaning: {nl: 1 verdubbelt, en: 1 doubles}
    constants: {level: help level, start: help start, end: help end, budget: help budget, municipal: help municipal}
    actual: {level: 0, start: 2021-01-01, end: 2023-01-01, budget: 48}
    range: [0, 2]
    purpose: social
    target: {nl: Huishoudens, en: Households}
    targets: {vulnerable: {"weight[old]": 0}}
    payer: {nl: Gemeenten, en: Municipalities}
    delivery: municipal
    source: invented
    grade: D
    cost:
      rule: spent
      spending: help spending
      source: invented
      grade: D
      note: none
  pause:
    title: {nl: Pauze, en: Pause}
    meaning: {nl: 1 is aan, en: 1 is on}
    constants: {level: pause level, start: pause start, end: pause end}
    actual: {level: 1, start: 2020-03-01, end: 2021-03-01}
    range: [0, 1]
    purpose: social
    target: {nl: Huishoudens, en: Households}
    payer: {nl: Schuldeisers, en: Creditors}
    delivery: national
    source: invented
    grade: D
    cost: {rule: unpriced, source: none found, grade: D, note: not published}
"""

ASSUMPTIONS = """\
slope:
  title: {nl: Helling, en: Slope}
  constant: slope
  unit: percent
  default: 2
  low: 1
  high: 3
  distribution: uniform
  source: invented
  grade: D
"""

ACTUAL = """\
title: {nl: Feitelijk, en: Actual}
rationale: {nl: Zoals het was, en: As it was}
"""


class Toy:
    """Closed form: rate = 4 + slope in the months in which the subsidy would be in force but is withheld.

    debt = 600 + rise * (1 - subsidy level) * max(0, Time - 60) / 12, thousand households;
    help spending grows by level times budget over 24 months in each group alike while help is in force (72 to 96).
    """

    constants: Mapping[str, float] = {
        "INITIAL TIME": 0.0,
        "FINAL TIME": 120.0,
        "TIME STEP": 0.5,
        "SAVEPER": 1.0,
        "subsidy level": 1.0,
        "subsidy start": 62.0,
        "subsidy end": 74.0,
        "help level": 0.0,
        "help start": 72.0,
        "help end": 96.0,
        "help budget": 48.0,
        "help municipal": 1.0,
        "pause level": 1.0,
        "pause start": 62.0,
        "pause end": 74.0,
        "slope": 2.0,
        "rise": 6.0,
        "fragility": 0.0,
        "weight[young]": 1.0,
        "weight[old]": 2.0,
    }
    model = Model("toy", calendar=("2015-01", "month"))

    def run(
        self,
        parameters: Mapping[str, float] | pd.DataFrame | None = None,
        outputs: Sequence[str] | None = None,
        *,
        seed: int = 0,
        first_member: int = 0,
        threads: int | None = None,
    ) -> xr.Dataset:
        assert isinstance(parameters, pd.DataFrame)
        frame = parameters.reset_index(drop=True)
        time = np.arange(0.0, 121.0)

        def value(name: str) -> np.ndarray:
            column = frame[name] if name in frame else pd.Series(self.constants[name], index=frame.index)
            return column.to_numpy(dtype=float)[:, None]

        withheld = (value("subsidy level") == 0) | (time >= value("subsidy end"))
        rate = 4 + value("slope") * (withheld & (time >= 62) & (time < 74))
        debt = 600 + value("rise") * (1 - value("subsidy level")) * np.maximum(0, time - 60) / 12
        # A fragile member breaks down when nothing holds it up, from month 70.
        broken = (value("fragility") > 0) & (value("subsidy level") == 0) & (time >= 70)
        months = np.clip(time - value("help start"), 0, value("help end") - value("help start"))
        spent = value("help level") * value("help budget") * months / 24
        both = np.stack([spent / 2, spent / 2], axis=-1)
        results = {
            "rate": (("member", "time"), rate, {"units": "percent"}),
            "debt": (("member", "time"), np.where(broken, np.nan, debt), {"units": "thousand households"}),
            "help spending": (("member", "time", "group"), both, {"units": "million euro"}),
        }
        return xr.Dataset(
            {name: results[name] for name in outputs or results},
            coords={
                "time": time,
                "member": first_member + np.arange(len(frame)),
                "group": ["regular", "vulnerable"],
            },
            attrs={"model": "toy", "model_hash": "abc", "versions": "sd-covid 0 numpy 2"},
        )


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    """A folder ``scenarios`` with levers, assumptions and the actual package."""
    folder = tmp_path / "scenarios"
    (tmp_path / "models").mkdir()
    folder.mkdir()
    (folder / "levers.yaml").write_text(LEVERS, encoding="utf-8")
    (folder / "assumptions.yaml").write_text(ASSUMPTIONS, encoding="utf-8")
    (folder / "actual.yaml").write_text(ACTUAL, encoding="utf-8")
    return folder


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


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A study of one small model; scenarios actual, same (which comes to the same) and none (without subsidy)."""
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
