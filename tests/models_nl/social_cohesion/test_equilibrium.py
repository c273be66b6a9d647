"""Social cohesion at rest, at a finer step, and its groups beside the nation."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sd_covid
from tests.models_nl.social_cohesion.conftest import GIVEN, HEADLINES, STOCKS

AT_REST = {"drivers on": 0, "trends on": 0}


@pytest.mark.parametrize(
    "constants",
    [
        {},
        {
            "vulnerable trust ratio": 0.5,
            "vulnerable loneliness ratio": 3,
            "vulnerable loneliness sensitivity": 1.8,
            "vulnerable share": 0.4,
            "vulnerable share of violence": 0.7,
            "vulnerable offending ratio": 5,
            "trust at start": 60,
            "lonely at start": 20,
            "perceived safety at start": 30,
            "violence at home duration": 5,
            "loneliness fall time": 6,
        },
    ],
    ids=["defaults", "constants elsewhere"],
)
def test_stays_in_equilibrium_whatever_the_constants(
    constants: dict[str, float], cohesion: sd_covid.Simulation
) -> None:
    results = cohesion.run({**AT_REST, **constants})
    for name in (*STOCKS, *HEADLINES, *GIVEN):
        drift = abs(results[name] - results[name].isel(time=0)).max()
        assert drift < 1e-10, name  # round-off: no level exceeds a few hundred


def test_half_the_step_changes_no_headline_figure_by_half_a_percent(
    cohesion: sd_covid.Simulation, as_it_was: xr.Dataset
) -> None:
    finer = cohesion.run({"TIME STEP": 1 / 16}, outputs=HEADLINES)
    for name in HEADLINES:
        assert abs(finer[name] / as_it_was[name] - 1).max() < 5e-3, name


def test_groups_and_life_stages_add_up_to_the_national_levels_of_2015(as_it_was: xr.Dataset) -> None:
    start = as_it_was.isel(time=0)
    assert float(start["trust in parliament"]) == pytest.approx(34.9)
    assert float(start["volunteering"]) == pytest.approx(47.2)
    assert float(start["young offenders per thousand"]) == pytest.approx(18.3)
    assert start["strongly lonely by life stage"].values == pytest.approx([9.0, 8.65, 8.65])
    assert float(start["violence at home"].sum()) == pytest.approx(200)
    shares = xr.DataArray([0.75, 0.25], dims="group", coords={"group": ["regular", "vulnerable"]})
    for total, by_group in (
        ("trust in parliament", "trust in parliament by group"),
        ("strongly lonely", "strongly lonely by group"),
        ("volunteering", "volunteering by group"),
        ("adherence", "adherence by group"),
        ("support", "support by group"),
        ("young offenders per thousand", "young offenders by group"),
    ):
        difference = (as_it_was[by_group] * shares).sum("group") - as_it_was[total]
        assert abs(difference).max() < 1e-10, total


def test_gaps_between_the_groups_are_their_differences(as_it_was: xr.Dataset) -> None:
    for gap, name in (
        ("gap of unemployment", "unemployment rate input"),
        ("gap of problem debt", "problem debt share input"),
        ("gap of distress", "distress input"),
        ("gap of loneliness", "strongly lonely by group"),
    ):
        values = as_it_was[name]
        difference = values.sel(group="vulnerable") - values.sel(group="regular")
        assert abs(as_it_was[gap] - difference).max() < 1e-12, gap


def test_without_a_vulnerable_group_the_nation_starts_the_same_and_nothing_grows_apart(
    cohesion: sd_covid.Simulation, as_it_was: xr.Dataset
) -> None:
    one = cohesion.run({"vulnerable share": 0})
    assert abs(one["inequality of impact"]).max() == 0
    assert (one["loneliness ratio of the groups"] == 1).all()
    for name in ("trust in parliament", "strongly lonely", "volunteering", "young offenders per thousand"):
        start = float(as_it_was[name].isel(time=0))
        assert float(one[name].isel(time=0)) == pytest.approx(start), name
        assert np.isfinite(one[name]).all(), name
