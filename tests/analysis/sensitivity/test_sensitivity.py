"""What differences between scenarios depend on. Expected values: closed forms of the toy model below.

Withholding the lever adds ``slope + 2 * gain`` to the rate and nothing else. With slope uniform on [1, 3], gain uniform
on [0, 1] and an idle factor, both terms have variance 1/3, so each total-order index is 1/2, and the idle one's 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sd_covid.analysis.factors import assumption_factor, parameters, posterior_factor, range_factor
from sd_covid.analysis.sensitivity import analyse
from sd_covid.analysis.sensitivity_file import read_plan
from sd_covid.errors import ScenarioError
from sd_covid.model.structure import Model
from sd_covid.policy.ranges import Range
from sd_covid.policy.reading import named_model

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
        coords = {"time": np.arange(25.0), "member": first_member + np.arange(len(frame))}
        return xr.Dataset({"rate": (("member", "time"), paths, {"units": "percent"})}, coords=coords)


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
    text = plan_file.read_text(encoding="utf-8")
    assert old in text
    plan_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return plan_file


def test_the_indices_of_an_additive_difference_are_its_shares_of_variance(plan_file: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = analyse(read_plan(plan_file, Toy()), progress=lambda done, total: seen.append((done, total)))
    assert ["slope", "idle", "gain"] == [factor.id for factor in result.factors]
    assert (1024 * 5 * 2, 1024 * 5 * 2) == seen[-1]
    assert result.runs == 1024 * 5 * 2
    for outcome in result.outcomes:
        # 0.03: the bootstrap half width at 1,024 blocks; failures above gain 0.999 move the exact indices by 0.001.
        np.testing.assert_allclose([0.5, 0.0, 0.5], outcome.indices.total, atol=0.03)
        np.testing.assert_allclose([0.5, 0.0, 0.5], outcome.indices.first, atol=0.06)
        assert "percent" == outcome.output.units
        assert outcome.drift < 0.05
        np.testing.assert_allclose(3.0, outcome.spread.mean, atol=0.01)
    ranked = result.ranked("peak")
    assert "idle" == ranked[-1][0].id


def test_failed_runs_are_counted_and_their_blocks_left_out(plan_file: Path) -> None:
    plan = read_plan(plan_file, Toy())
    result = analyse(plan)
    assert {"none"} == {failure.scenario for failure in result.failures}
    blocks = {failure.member // 5 for failure in result.failures}
    assert 0 < len(blocks)
    assert result.kept == 1024 - len(blocks)
    assert all(np.isfinite(outcome.indices.total).all() for outcome in result.outcomes)


def test_the_posterior_is_one_factor_that_picks_whole_draws(plan_file: Path) -> None:
    # Draws in which slope and gain cancel: slope + 2 gain is 3 in each, so that the difference depends on nothing at
    # all, which independent sampling of the two would miss.
    gain = np.linspace(0.1, 0.9, 64)
    draws = pd.DataFrame({"slope": 3 - 2 * gain, "gain": gain})
    text = "  ranges:\n    gain: {low: 0, high: 1, central: 0.5, distribution: uniform}\n"
    changed(plan_file, text, "")
    changed(plan_file, "[slope, idle]", "[idle]")
    plan = read_plan(plan_file, Toy(), posterior=draws)
    assert ["posterior", "assumption"] == [factor.kind for factor in plan.factors]
    result = analyse(plan)
    np.testing.assert_allclose(3.0, result.outcomes[0].spread.median, rtol=1e-12)
    assert np.isnan(result.outcomes[0].indices.total).all()
    assert np.isnan(result.outcomes[0].drift)


def test_a_posterior_factor_keeps_every_draw_once_in_the_order_of_its_first_component() -> None:
    draws = pd.DataFrame({"slope": [3.0, 1.0, 2.0, 4.0], "gain": [30.0, 10.0, 20.0, 40.0]})
    factor = posterior_factor(draws)
    frame = parameters([factor], np.array([[0.1], [0.3], [0.6], [0.9]]))
    assert frame["slope"].tolist() in ([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0])
    np.testing.assert_array_equal(frame["slope"] * 10, frame["gain"])


def test_two_factors_that_move_one_constant_are_refused(plan_file: Path) -> None:
    study = read_plan(plan_file, Toy()).study
    factors = [
        assumption_factor(study.assumptions["slope"]),
        range_factor("Slope", Range(0, 1, 0.5, "uniform")),
    ]
    with pytest.raises(ScenarioError, match="'slope' and 'Slope' both vary"):
        parameters(factors, np.full((1, 2), 0.5))


def test_the_file_names_its_model(plan_file: Path) -> None:
    assert (plan_file.parent.parent / "models" / "toy.mdl").resolve() == named_model(plan_file)


@pytest.mark.parametrize(
    ("old", "new", "line", "variable", "reason"),
    [
        ("samples: 1024", "sampels: 1024", 21, "sampels", "not a key"),
        ("samples: 1024\n", "", 1, "", "'samples' is missing"),
        ("samples: 1024", "samples: 1000", 21, "samples", "not a power of two"),
        ("[actual, none]", "[actual]", 2, "scenarios", "two scenarios"),
        ("[actual, none]", "[actual, nun]", 2, "scenarios[1]", "no scenario 'nun'"),
        ("[slope, idle]", "[slop]", 5, "factors.assumptions[0]", "no assumption 'slop'"),
        ("gain: {low", "gian: {low", 7, "factors.ranges.gian", "no constant 'gian'"),
        ("low: 0, high", "low: 2, high", 7, "factors.ranges.gain", "not below"),
        ("outputs.yaml", "output.yaml", 3, "outputs", "does not exist"),
        ("outputs.yaml", "../../outputs.yaml", 3, "outputs", "outside the study"),
        ("measure: peak", "measure: pike", 13, "outcomes.peak.measure", "'pike' is not known"),
        ("output: Rate", "output: Raet", 12, "outcomes.peak.output", "not among the outputs"),
        ("[2015, 2016]", "[2016, 2015]", 14, "outcomes.peak.years", "a first and a last year"),
        ("scenario: none", "scenario: actual", 11, "outcomes.peak.scenario", "'actual' is not known"),
    ],
)
def test_a_fault_in_the_file_names_line_and_key(
    plan_file: Path, old: str, new: str, line: int, variable: str, reason: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_plan(changed(plan_file, old, new), Toy())
    assert (str(plan_file), line, variable) == (caught.value.file, caught.value.line, caught.value.variable)
    assert reason in caught.value.reason
    assert caught.value.advice
