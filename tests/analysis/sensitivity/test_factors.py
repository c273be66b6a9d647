"""Factors: what varies, and the constants that they set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.sensitivity.factors import (
    assumption_factor,
    parameters,
    posterior_factor,
    range_factor,
)
from sd_covid.analysis.sensitivity.plan_file import read_plan
from sd_covid.errors import ScenarioError
from sd_covid.policy.catalogue.ranges import Range
from tests.analysis.sensitivity.conftest import Toy


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


def test_what_is_held_stays_at_its_central_value() -> None:
    held = range_factor("gain", Range(0.0, 4.0, 1.0, "uniform"))
    frame = parameters(
        [range_factor("slope", Range(0, 1, 0.5, "uniform"))], np.array([[0.25], [0.75]]), [held]
    )
    assert [0.25, 0.75] == frame["slope"].tolist()
    assert [1.0, 1.0] == frame["gain"].tolist()
