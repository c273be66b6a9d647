"""Each sector alone, driven by published figures for the others, and the coupled five meet the reference modes.

The modes, with tolerances and reasons, stand in ``models/reference_modes.csv``, one figure a row; the model passport
reads a run as these tests do.
"""

from __future__ import annotations

from functools import cache

import pytest

import sd_covid
from sd_covid.analysis.passport.reference_modes import FILE, Figure, compare, read_figures
from sd_covid.analysis.passport.study import calendar_of
from tests.models_nl.conftest import MODELS, SECTORS

FIGURES = read_figures(MODELS / FILE)


@cache
def _simulation(name: str) -> sd_covid.Simulation:
    return sd_covid.load(MODELS / name)


@pytest.mark.parametrize("run", ["alone", "coupled"])
@pytest.mark.parametrize(
    "figure",
    [pytest.param(f, id=f"{f.mode}-{f.variable}-{f.aggregation}-{f.period}") for f in FIGURES],
)
def test_a_figure_is_met(figure: Figure, run: str) -> None:
    model = _simulation(f"{figure.sector}.mdl" if run == "alone" else "netherlands.yaml")
    calendar = calendar_of(_simulation("netherlands.yaml").model)
    assert calendar is not None
    (found,) = compare(model, [figure], calendar, run)
    assert found.within, f"{found.model:.4g} for {figure.value} +/- {figure.tolerance}"


def test_all_ten_modes_are_there_and_all_sectors() -> None:
    assert {figure.mode for figure in FIGURES} == set(range(1, 11))
    assert {figure.sector for figure in FIGURES} == set(SECTORS)
    read = [(figure.sector, figure.variable, figure.aggregation, figure.period) for figure in FIGURES]
    assert len(set(read)) == len(read)
