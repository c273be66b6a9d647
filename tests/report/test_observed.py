"""Dots in a chart are published figures, at the moment and on the level that the model means."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sd_covid.calibration.formula import parse
from sd_covid.calibration.settings import Extension, ObservationSetting
from sd_covid.report.drawing.observed import observed_series, points_of


def problem(formula: str, *, aggregation: str = "mean", period: int = 1, equivalent: str | None = None):
    """A problem of one observable with two figures, the second held out."""
    observable = SimpleNamespace(id="obs", formula=parse(formula), series="rate_m")
    setting = ObservationSetting(aggregation=aggregation, period=period, equivalent_to=equivalent)
    figures = [
        SimpleNamespace(observable="obs", time=24.0, value=5.5, holdout=True, overrides=()),
        SimpleNamespace(observable="obs", time=12.0, value=5.0, holdout=False, overrides=()),
    ]
    return SimpleNamespace(
        aliases=[SimpleNamespace(entity="out_rate", model_name="unemployment rate")],
        observables={"obs": observable},
        measurements=figures,
        parameters={"fixed": SimpleNamespace(id="fixed", nominal=0.5)},
        extension=Extension(observations={"obs": setting}),
        path=Path("problem.yaml"),
    )


@pytest.mark.parametrize(("aggregation", "first"), [("mean", 6.0), ("end", 12.0), ("start", 0.0)])
def test_a_figure_is_drawn_at_its_moment(aggregation, first):
    (found,) = observed_series(problem("out_rate", aggregation=aggregation, period=12), {})
    assert (found.output, found.series, found.shifted) == ("unemployment rate", "rate_m", False)
    assert found.time.tolist() == [first, first + 12.0]
    assert found.value.tolist() == [5.0, 5.5]
    assert found.holdout.tolist() == [False, True]


def test_a_figure_of_another_definition_is_moved_by_its_offset():
    (found,) = observed_series(problem("out_rate + offset - fixed"), {"offset": -1.25})
    assert found.shifted
    np.testing.assert_allclose(found.value, [5.0 + 1.75, 5.5 + 1.75])


@pytest.mark.parametrize(
    "formula", ["1000*out_rate", "out_rate*(1 + offset)", "out_rate + out_other", "offset"]
)
def test_a_series_that_is_not_an_output_and_an_offset_is_left_out(formula):
    assert observed_series(problem(formula), {"offset": 0.1}) == []


def test_figures_that_repeat_another_series_are_left_out():
    assert observed_series(problem("out_rate", equivalent="obs_other"), {}) == []


def test_a_flow_over_a_period_is_not_a_point_of_a_stock():
    assert observed_series(problem("out_rate", aggregation="change"), {}) == []


def test_points_are_found_by_the_name_of_the_output_as_names_match():
    found = observed_series(problem("out_rate"), {})
    assert points_of(found, "Unemployment_Rate") == found
    assert points_of(found, "jobs") == []
