"""A study of one small model whose answers are known: the town of the sweeps, with draws, paths and packages.

rate = (4 + slope while subsidy is withheld, months 62 to 74) * ease, so that its mean over 2020 (months 60 to 72, by
the trapezium rule: ten months and half of the one before) is ease * (4 + 0.875 slope) without subsidy, and of the half
subsidy half of that rise. Stored draws give ease; slope is an assumption, uniform from 1 to 3.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid
from sd_covid.analysis.robustness.pipeline import Robust, judge
from sd_covid.analysis.robustness.plan import RobustPlan
from sd_covid.analysis.robustness.plan_file import read_plan
from sd_covid.calibration.stored.store import Posterior, write_posterior
from sd_covid.policy.reading import named_model
from tests.policy.conftest import ASSUMPTIONS, LEVERS, SCENARIO, TOWN

STORED = 60

PATH = "title: {{nl: {0}, en: {0}}}\nrationale: {{nl: Proef, en: Trial}}\nassumptions: {{slope: {1}}}\n"

OUTPUTS = """\
rate:
  title: {nl: Graad, en: Rate}
  unit: {nl: "% van de stad", en: "% of the town"}
  reading: mean
  better: lower
  relevance: 0.1
  headline: true
strain:
  title: {nl: Druk, en: Strain}
  unit: {nl: punten, en: points}
  reading: mean
  better: neutral
  relevance: 0.1
  headline: false
"""

ROBUST = """\
model: ../models/town.yaml
scenarios: [actual, none, half]
outputs: outputs.yaml
draws: {posterior: ../calibration/posterior.parquet, size: 50, seed: 1}
paths: [usual, falling]
variants:
  easier: {title: {nl: makkelijker, en: easier}, constants: {ease: 0.5}}
objectives:
  rate:
    title: {nl: Graad in 2020, en: Rate in 2020}
    output: rate
    measure: year
    years: [2020]
    difference: true
    target: 0.8
  both:
    title: {nl: Graad 2020 en 2021, en: Rate of 2020 and 2021}
    output: rate
    measure: total
    years: [2020, 2021]
  cost: {title: {nl: Kosten, en: Costs}, amount: cost, target: 0}
worth:
  - {objective: both, one: {nl: puntjaar, en: point-year}}
discovery:
  - {scenario: none, objective: rate, resamples: 4}
information:
  objective: rate
  groups: {all: {title: {nl: alles samen, en: all together}, constants: [slope, ease]}}
  figures: [rate]
  years: [2020, 2021]
  resamples: 20
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """The study; its robust.yaml may be overwritten."""
    return made(tmp_path / "town")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Robust:
    """The study as it stands, judged once."""
    return judge(plan_of(made(tmp_path_factory.mktemp("judged") / "town")))


def made(folder: Path) -> Path:
    """Write the study into a folder."""
    for name in ("models", "scenarios/paths", "calibration"):
        (folder / name).mkdir(parents=True)
    files = {
        "models/town.mdl": TOWN,
        "models/town.yaml": "name: town\ncalendar: {origin: 2015-01, unit: month}\nsectors: {town: town.mdl}\n",
        "scenarios/levers.yaml": LEVERS,
        "scenarios/assumptions.yaml": ASSUMPTIONS,
        "scenarios/outputs.yaml": OUTPUTS,
        "scenarios/paths/usual.yaml": PATH.format("Usual", 2).replace("assumptions: {slope: 2}\n", ""),
        "scenarios/paths/falling.yaml": PATH.format("Falling", -2),
        "scenarios/actual.yaml": SCENARIO.format("Actual"),
        "scenarios/none.yaml": SCENARIO.format("None") + "levers: {subsidy: {level: 0}}\n",
        "scenarios/half.yaml": SCENARIO.format("Half") + "levers: {subsidy: {level: 0.5}}\n",
        "scenarios/robust.yaml": ROBUST,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    ease = np.random.default_rng(1).uniform(0.5, 1.5, STORED)
    frame = pd.DataFrame({"chain": 0, "draw": range(STORED), "log_posterior": 0.0, "ease": ease})
    about = {"constants": {"ease": "ease"}, "best": {"ease": 1.0}, "seed": 0}
    write_posterior(Posterior(frame, about), folder / "calibration" / "posterior.parquet")
    return folder


def plan_of(town: Path) -> RobustPlan:
    """The plan of the study's robust.yaml."""
    file = town / "scenarios" / "robust.yaml"
    return read_plan(file, sd_covid.load(named_model(file)))
