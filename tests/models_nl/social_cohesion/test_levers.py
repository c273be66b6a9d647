"""The levers of social cohesion: what they spend, whom they reach, what they change."""

from __future__ import annotations

import pytest
import xarray as xr

import sd_covid


@pytest.mark.parametrize("level", [0, 0.5, 1])
def test_the_loneliness_programme_spends_no_more_than_its_budget(
    level: float, cohesion: sd_covid.Simulation
) -> None:
    results = cohesion.run({"loneliness programme level": level})
    spent = float(results["loneliness programme spending"].isel(time=-1))
    ramp = 3 / 2 / 40  # a build-up of three of forty months leaves half of it unspent
    assert spent == pytest.approx(40 * level * (1 - ramp), rel=0.01)
    assert float(results["loneliness programme spending"].sel(time=92)) == 0


@pytest.mark.parametrize(
    ("lever", "settings", "outputs"),
    [
        (
            "loneliness programme",
            {},
            ["strongly lonely", "trust in parliament", "loneliness programme spending"],
        ),
        (
            "violence shelter",
            {"violence shelter level": 1},
            ["violence at home incidence", "sheltered households"],
        ),
    ],
)
def test_a_lever_without_budget_or_level_has_no_effect(
    lever: str, settings: dict[str, float], outputs: list[str], cohesion: sd_covid.Simulation
) -> None:
    with_lever = cohesion.run(settings, outputs=outputs)
    no_budget = cohesion.run({**settings, f"{lever} budget": 0}, outputs=outputs)
    no_level = cohesion.run({**settings, f"{lever} level": 0}, outputs=outputs)
    ends_first = cohesion.run({**settings, f"{lever} end": 60}, outputs=outputs)
    for name in outputs:
        assert (no_budget[name] == no_level[name]).all(), name
        assert (no_budget[name] == ends_first[name]).all(), name
    assert not (with_lever[outputs[0]] == no_level[outputs[0]]).all()


def test_levers_lower_what_they_are_for_from_their_start_on(cohesion: sd_covid.Simulation) -> None:
    without = cohesion.run({"loneliness programme level": 0})
    programme = cohesion.run()["strongly lonely"] - without["strongly lonely"]
    assert abs(programme.sel(time=slice(0, 92))).max() == 0
    assert programme.sel(time=slice(94, 200)).max() < 0
    shelter = cohesion.run({"loneliness programme level": 0, "violence shelter level": 1})
    change = (shelter - without)["violence at home incidence"]
    assert abs(change.sel(time=slice(0, 120))).max() == 0
    assert change.sel(time=slice(122, 200)).max() < 0


def test_no_lever_helps_more_than_are_eligible(cohesion: sd_covid.Simulation) -> None:
    boundless = {
        "loneliness programme budget": 1e6,
        "violence shelter level": 1,
        "violence shelter budget": 1e6,
    }
    for lever in ("loneliness programme", "violence shelter"):
        boundless |= {f"{lever} take up": 1, f"{lever} reach[regular]": 1, f"{lever} reach[vulnerable]": 1}
    results = cohesion.run(boundless)
    helped, eligible = results["helped against loneliness"], results["strongly lonely persons"]
    assert (helped <= eligible).all()
    assert float((helped / eligible).max()) > 0.8  # the limit is reached, or the test would say nothing
    assert results["violence at home"].min() > 0
    for group in ("regular", "vulnerable"):
        sheltered = results["sheltered households"].sel(group=group)
        households = results["violence at home"].sel(group=group)
        assert (sheltered <= sheltered + households).all()
    assert results["loneliness programme reached share"].max() <= 1


def test_municipalities_start_later_and_reach_more_of_the_vulnerable(cohesion: sd_covid.Simulation) -> None:
    names = ["helped against loneliness"]
    national = cohesion.run(outputs=names)[names[0]]
    municipal = cohesion.run({"loneliness programme municipal": 1}, outputs=names)[names[0]]
    assert float(municipal.sel(time=94).sum()) < float(national.sel(time=94).sum())

    def share(helped: xr.DataArray) -> float:
        at = helped.sel(time=130)
        return float(at.sel(group="vulnerable") / at.sum())

    assert share(municipal) > share(national) + 0.03
