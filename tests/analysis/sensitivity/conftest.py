"""A study of a few lines, and functions whose indices are known exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from sd_covid.model.structure import Model

LEVERS = """\
prices: {level_year: 2020, base_year: 2020, discount_rate: 0, index: {2015: 100}, source: invented}
levers:
  subsidy:
    title: {nl: Subsidie, en: Subsidy}
    meaning: {nl: 1 is vol, en: 1 is all}
    constants: {level: subsidy level, start: subsidy start, end: subsidy end}
    actual: {level: 1, start: 2015-01-01, end: 2017-01-01}
    range: [0, 1]
    purpose: business
    target: {nl: Bedrijven, en: Firms}
    payer: {nl: Rijk, en: State}
    delivery: national
    source: invented
    grade: D
    cost: {rule: unpriced, source: none, grade: D, note: none}
"""
ASSUMPTIONS = """\
slope:
  {title: {nl: Helling, en: Slope}, constant: slope, unit: percent, default: 2, low: 1, high: 3, distribution: uniform,
   source: invented, grade: D}
idle:
  {title: {nl: Niets, en: Idle}, constant: idle, unit: Dmnl, default: 2, low: 1, high: 3, distribution: uniform,
   source: invented, grade: D}
"""
OUTPUTS = """\
rate:
  {title: {nl: Graad, en: Rate}, unit: {nl: procent, en: percent}, reading: mean, better: lower, relevance: 0,
   headline: true}
turning rate:
  {title: {nl: Draaiende graad, en: Turning rate}, unit: {nl: procent, en: percent}, reading: mean, better: lower,
   relevance: 0, headline: true}
"""
PLAN = """\
model: ../models/toy.mdl
scenarios: [actual, none]
outputs: outputs.yaml
factors:
  assumptions: [slope, idle]
  ranges:
    gain: {low: 0, high: 1, central: 0.5, distribution: uniform}
outcomes:
  peak:
    title: {nl: Piek, en: Peak}
    scenario: none
    output: Rate
    measure: peak
    years: [2015, 2016]
  late:
    title: {nl: Laat, en: Late}
    scenario: none
    output: rate
    measure: year
    years: [2016]
samples: 1024
resamples: 100
seed: 0
"""
HEAD = "title: {nl: a, en: b}\nrationale: {nl: a, en: b}\n"


class Toy:
    constants: Mapping[str, float] = {
        "INITIAL TIME": 0.0,
        "FINAL TIME": 24.0,
        "subsidy level": 1.0,
        "subsidy start": 0.0,
        "subsidy end": 24.0,
        "slope": 2.0,
        "gain": 0.5,
        "idle": 2.0,
        "noise": 0.0,
    }
    model = Model("toy", calendar=("2015-01", "month"))

    def run(
        self,
        parameters: Any = None,
        outputs: Sequence[str] | None = None,
        *,
        seed: int = 0,
        first_member: int = 0,
        threads: Any = None,
    ) -> xr.Dataset:
        frame = parameters.reset_index(drop=True)
        value = {
            name: frame[name].to_numpy() if name in frame else np.full(len(frame), self.constants[name])
            for name in self.constants
        }
        rate = 4 + value["noise"] + (1 - value["subsidy level"]) * (value["slope"] + 2 * value["gain"])
        rate[(value["gain"] > 0.999) & (value["subsidy level"] == 0)] = np.nan
        paths = np.broadcast_to(rate[:, None], (len(frame), 25))
        # Turns from the gain alone to the slope alone.
        share = np.arange(25.0) / 24
        turning = (1 - value["subsidy level"])[:, None] * (
            value["slope"][:, None] * share + 2 * value["gain"][:, None] * (1 - share)
        )
        coords = {"time": np.arange(25.0), "member": first_member + np.arange(len(frame))}
        found = {"rate": paths, "turning rate": turning}
        return xr.Dataset(
            {name: (("member", "time"), path, {"units": "percent"}) for name, path in found.items()},
            coords=coords,
        )


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    folder = tmp_path / "scenarios"
    (tmp_path / "models").mkdir()
    folder.mkdir()
    (tmp_path / "models" / "toy.mdl").write_text("", encoding="utf-8")
    texts = {
        "levers": LEVERS,
        "assumptions": ASSUMPTIONS,
        "outputs": OUTPUTS,
        "actual": HEAD,
        "sensitivity": PLAN,
    }
    for name, text in (texts | {"none": f"{HEAD}levers: {{subsidy: {{level: 0}}}}\n"}).items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "sensitivity.yaml"


def changed(plan_file: Path, old: str, new: str) -> Path:
    """The plan with one text in place of another."""
    text = plan_file.read_text(encoding="utf-8")
    assert old in text
    plan_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return plan_file


def ishigami(points: np.ndarray) -> np.ndarray:
    """Ishigami & Homma 1990 on the unit cube: sin x1 + a sin² x2 + b x3⁴ sin x1 on [-π, π]³, a = 7, b = 0.1."""
    x = np.pi * (2 * points - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


#: Variances of Ishigami's terms (Saltelli et al. 2000, eq. 18), and the indices that follow.
V1, V2, V13 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7.0**2 / 8, 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
FIRST = np.array([V1, V2, 0.0]) / (V1 + V2 + V13)
TOTAL = np.array([V1 + V13, V2, V13]) / (V1 + V2 + V13)
