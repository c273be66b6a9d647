"""Social cohesion against published figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.models_nl.conftest import MODELS


def _months(period: str) -> tuple[int, int]:
    """First and last time of a year, a quarter or a month, in months since January 2015."""
    start = 12 * (int(period[:4]) - 2015)
    if "Q" in period:
        return start + 3 * int(period[-1]) - 3, start + 3 * int(period[-1])
    if len(period) == 7:
        return start + int(period[5:]) - 1, start + int(period[5:])
    return start, start + 12


def _mean(series: xr.DataArray, period: str) -> float:
    """Mean over the period, of values that are linear within a month."""
    values = series.sel(time=slice(*_months(period))).values
    return float((values[:-1] + values[1:]).mean() / 2)


def _error(series: xr.DataArray, figures: dict[str, float]) -> float:
    """Root mean squared error."""
    return math.sqrt(np.mean([(_mean(series, period) - figure) ** 2 for period, figure in figures.items()]))


TRUST = {  # CBS news 2023/19, by quarter from 2018-Q1 to 2022-Q2
    f"{2018 + i // 4}-Q{i % 4 + 1}": figure
    for i, figure in enumerate(
        [
            42.2,
            45.1,
            41.0,
            40.2,
            39.4,
            42.1,
            41.4,
            37.8,
            43.7,
            58.3,
            52.4,
            58.3,
            53.3,
            41.0,
            39.9,
            35.3,
            36.6,
            31.3,
        ]
    )
}
RULES = ["2020-10", "2020-11", "2020-12", "2021-01", "2021-02", "2021-03", "2021-04"]
FIGURES = {  # the tolerance is the error of the five-sector prototype, in points, and what rounding adds
    "trust in parliament": (TRUST, 2.6),
    "strongly lonely": ({"2019": 8.7, "2021": 11.0, "2022": 10.7, "2023": 10.0, "2024": 10.0}, 0.25),
    "adherence": (dict(zip(RULES, [60.34, 60.63, 61.91, 61.65, 58.09, 58.29, 59.5], strict=True)), 1.1),
    "support": (dict(zip(RULES, [88.02, 86.2, 87.54, 87.49, 83.34, 81.46, 80.12], strict=True)), 1.0),
    "volunteering": ({"2020": 44.0, "2021": 39.0, "2022": 41.2}, 1.0),
    # CBS, trust in people: whole per cents; a mode of the survey changed in 2020-21
    "social trust": (
        {"2015": 60, "2016": 60, "2017": 62, "2018": 62, "2020": 63, "2021": 66, "2022": 66},
        1.0,
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_comes_as_near_to_the_figures_as_the_prototype(name: str, as_it_was: xr.Dataset) -> None:
    figures, tolerance = FIGURES[name]
    assert _error(as_it_was[name], figures) < tolerance


def test_does_better_than_the_mean_of_the_figures(as_it_was: xr.Dataset) -> None:
    for name in ("trust in parliament", "strongly lonely", "support", "volunteering", "social trust"):
        figures, _ = FIGURES[name]
        assert _error(as_it_was[name], figures) < 0.6 * np.std(list(figures.values())), name


def test_young_persons_are_loneliest_after_the_lockdowns(as_it_was: xr.Dataset) -> None:
    young = as_it_was["strongly lonely by life stage"].sel({"life stage": "young"})
    assert _mean(young, "2019") == pytest.approx(
        9.0, abs=0.5
    )  # CBS, 15 to 24 years; sampling of one age group
    assert _mean(young, "2022") == pytest.approx(12.1, abs=0.5)


def test_recorded_suspects_and_unsafe_feeling_are_of_the_same_size(as_it_was: xr.Dataset) -> None:
    """Plausibility only: suspects are detected, and the question on safety changed between 2019 and 2021."""
    suspects = {"2016": 16.9, "2018": 13.7, "2019": 15.5, "2020": 13.5, "2021": 13.0, "2022": 14.4}  # WODC
    assert _error(as_it_was["young offenders per thousand"], suspects) < 3  # a sixth of the level of 2015
    unsafe = {"2019": 32, "2021": 33, "2023": 35}  # Veiligheidsmonitor
    assert _error(as_it_was["unsafe feeling"], unsafe) < 3  # they differ by 3 among themselves


def test_meets_its_reference_modes(as_it_was: xr.Dataset) -> None:
    modes = pd.read_csv(MODELS / "reference_modes.csv", dtype={"period": str})
    own = modes[modes["sector"] == "social_cohesion"]
    assert set(own["mode"]) == {4, 8, 10}
    for row in own.itertuples():
        name, _, element = str(row.variable).rstrip("]").partition("[")
        series = as_it_was[name]
        if element:
            series = series.sel({series.dims[-1] if series.dims[0] == "time" else series.dims[0]: element})
        assert abs(_mean(series, row.period) - row.value) <= row.tolerance, f"{row.variable} {row.period}"
