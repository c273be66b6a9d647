"""The EMA workbench on this engine, with the workbench itself. Expected values: the closed form in conftest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ema_workbench import (
    CategoricalParameter,
    Model,
    Policy,
    RealParameter,
    Samplers,
    ScalarOutcome,
    Scenario,
    SequentialEvaluator,
)
from ema_workbench.analysis import prim

import sd_covid
from sd_covid.connect import KernelEvaluator, KernelModel
from sd_covid.errors import SdCovidError
from sd_covid.policy.catalogue.ranges import Range
from tests.connect.conftest import RK4, left


def last(values: np.ndarray) -> float:
    return float(values[-1])


@pytest.fixture
def model(decay: sd_covid.Simulation) -> KernelModel:
    outcomes = ["TIME", "stock", ScalarOutcome("end", variable_name="stock", function=last)]
    return KernelModel(decay, uncertainties=["rate"], levers={"start": (60, 90)}, outcomes=outcomes)


def experiments(model: KernelModel, **asked: Any) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    with KernelEvaluator(model) as evaluator:
        found: tuple[pd.DataFrame, dict[str, np.ndarray]] = evaluator.perform_experiments(**asked)
        return found


def test_experiments_are_one_batch_and_have_the_closed_form(
    model: KernelModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = []
    run = sd_covid.Simulation.run

    def counted(self: sd_covid.Simulation, frame: pd.DataFrame, *arguments: Any, **options: Any) -> Any:
        members.append(len(frame))
        return run(self, frame, *arguments, **options)

    monkeypatch.setattr(sd_covid.Simulation, "run", counted)
    table, outcomes = experiments(model, scenarios=40, policies=5)
    assert [200] == members
    rate, start = table["rate"].to_numpy(), table["start"].to_numpy()
    assert np.array_equal(outcomes["TIME"], np.tile(np.arange(11.0), (200, 1)))
    np.testing.assert_allclose(
        outcomes["stock"], left(rate[:, None], start[:, None], np.arange(11.0)), rtol=0, atol=RK4
    )
    assert np.array_equal(outcomes["end"], outcomes["stock"][:, -1])
    assert 0.1 <= rate.min() < 0.12  # the model file's own range, filled by the hypercube
    assert 0.48 < rate.max() <= 0.5


def test_the_workbench_s_own_evaluator_gives_the_same_numbers(model: KernelModel) -> None:
    scenarios = [Scenario(str(rate), rate=rate) for rate in (0.15, 0.4)]
    policies = [Policy("as it is"), Policy("more", start=90.0)]
    batch, outcomes = experiments(model, scenarios=scenarios, policies=policies)
    with SequentialEvaluator(model) as evaluator:
        one_by_one, expected = evaluator.perform_experiments(scenarios=scenarios, policies=policies)
    pd.testing.assert_frame_equal(one_by_one, batch)
    for name, values in expected.items():
        assert np.array_equal(values, outcomes[name])
    # a policy that does not set a lever leaves it at the model's own value
    np.testing.assert_allclose(left(np.array([0.15, 0.4]), 80.0), outcomes["end"][:2], atol=RK4)


def test_prim_of_the_workbench_finds_the_box(model: KernelModel) -> None:
    table, outcomes = experiments(model, scenarios=300, uncertainty_sampling=Samplers.LHS)
    slow = left(0.25, 80.0)  # more is left exactly when the rate is below 0.25
    found = prim.Prim(table[["rate"]], outcomes["end"] > slow, threshold=0.8, peel_alpha=0.05).find_box()
    assert found.density == 1.0
    low, high = found.box_lims[-1]["rate"]
    assert low == pytest.approx(table["rate"].min())
    # peeling stops at the last experiment inside, or before it within a twentieth of those that are left
    assert 0.22 < high < 0.26


def test_the_workbench_s_search_runs_generations_on_the_kernel(decay: sd_covid.Simulation) -> None:
    """Least is left with the highest rate."""
    kind = ScalarOutcome.MINIMIZE
    outcomes = [ScalarOutcome("end", kind, variable_name="stock", function=last)]
    model = KernelModel(decay, levers=["rate"], outcomes=outcomes)
    with KernelEvaluator(model) as evaluator:
        best = evaluator.optimize(nfe=200, searchover="levers", epsilons=[0.01], population_size=20)
    assert best["rate"].max() == pytest.approx(0.5, abs=0.02)


def test_experiments_that_fail_are_masked(model: KernelModel) -> None:
    scenarios = [Scenario("good", rate=0.2), Scenario("never ends", rate=-1e300)]
    _, outcomes = experiments(model, scenarios=scenarios)
    assert [False, True] == outcomes["end"].mask.tolist()


def test_the_workbench_s_own_parameters_and_names_for_constants(decay: sd_covid.Simulation) -> None:
    model = KernelModel(decay, outcomes=["lost"])
    model.uncertainties = [RealParameter("speed", 0.1, 0.2, variable_name="rate")]
    model.levers = [CategoricalParameter("size", [50, 100], variable_name="start")]
    table, outcomes = experiments(model, scenarios=3, policies=2)
    rate, start = table["speed"].to_numpy(), table["size"].astype(float).to_numpy()
    np.testing.assert_allclose(start - left(rate, start), outcomes["lost"][:, -1], atol=RK4)


@pytest.mark.parametrize(
    "span",
    [
        Range(0.1, 0.5, 0.2, "log-uniform"),
        Range(0.1, 0.5, 0.2, "triangular"),
        Range(0.1, 0.5, 0.3, "normal"),
        Range(0.1, 0.5, 0.3, "normal", cut=(0.1, 0.5)),
        Range(0.1, 0.5, 0.2, "log-normal"),
    ],
)
def test_ranges_of_the_evidence_are_the_same_distribution(decay: sd_covid.Simulation, span: Range) -> None:
    model = KernelModel(decay, uncertainties={"rate": span}, outcomes=["stock"])
    p = np.array([0.01, 0.2, 0.5, 0.9])
    # 1e-9: quantiles of scipy's truncated normal are found to about as much
    np.testing.assert_allclose(model.uncertainties["rate"].dist.ppf(p), span.quantile(p), rtol=1e-9)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"uncertainties": ["rat"]}, "'rat' is not a constant of the model; did you mean 'rate'"),
        ({"levers": ["unbounded"]}, "declares no range of 'unbounded'; give one"),
        ({"levers": {"rate": (3, 1)}}, "low 3 is not below high 1"),
        ({"outcomes": ["stok"]}, "did you mean 'stock'"),
        ({"uncertainties": {"rate": Range(0.1, 0.5, 0.2, "logit-normal")}}, "logit-normal; give its low"),
    ],
)
def test_what_the_model_does_not_have_is_refused(
    decay: sd_covid.Simulation, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(SdCovidError, match=told):
        KernelModel(decay, **asked)


def test_a_model_of_another_kind_is_refused(decay_file: Path) -> None:
    other = Model("other", function=dict)
    with (
        pytest.raises(SdCovidError, match="'other' is not a KernelModel"),
        KernelEvaluator(other) as evaluator,
    ):
        evaluator.perform_experiments(scenarios=[Scenario("a", x=1)])
    assert "decay" == KernelModel(decay_file, outcomes=["stock"]).name
