"""What the levers do, against what evaluations of them say, and what coupling adds."""

from __future__ import annotations

import pytest
import xarray as xr

import sd_covid

APRIL_2020, DECEMBER_2020 = 63, 71
NO_SUPPORT = {"NOW level": 0, "Tozo level": 0}


def _change(
    sim: sd_covid.Simulation, settings: dict[str, float], history: xr.Dataset, name: str
) -> xr.DataArray:
    return sim.run(settings, outputs=[name])[name] - history[name]


def test_without_wage_subsidy_unemployment_peaks_higher(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    crisis = slice(62, 90)
    without = netherlands.run({"NOW level": 0})
    for name in ("unemployment rate", "youth unemployment rate"):
        assert without[name].sel(time=crisis).max() > history[name].sel(time=crisis).max(), name


def test_support_saved_as_many_jobs_in_2020_as_the_cpb_found(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    lost = -_change(netherlands, NO_SUPPORT, history, "jobs").sel(time=slice(APRIL_2020, DECEMBER_2020))
    assert 65 < float(lost.mean()) < 180  # CPB: 65,000 to 180,000


def test_early_withdrawal_lies_between_all_and_no_support(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    early = netherlands.run({"NOW end": 69, "Tozo end": 69})["unemployment rate"]
    none = netherlands.run(NO_SUPPORT)["unemployment rate"]
    assert (early.sel(time=slice(0, 69)) == history["unemployment rate"].sel(time=slice(0, 69))).all()
    assert history["unemployment rate"].sel(time=75) < early.sel(time=75) < none.sel(time=75)


def test_separations_averted_exceed_the_jobs_saved_at_any_time(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    saved = -_change(netherlands, NO_SUPPORT, history, "jobs").min()
    assert history["cumulative averted job loss"].isel(time=-1) > saved > 0


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"job guidance level": 0.1}, "unemployment rate"),
        ({"debt assistance level": 1}, "households in problem debt"),
        ({"early signalling level": 1}, "households in problem debt"),
    ],
    ids=["job guidance", "debt assistance", "early signalling"],
)
def test_a_lever_of_2025_works_from_its_start_and_not_before(
    settings: dict[str, float], name: str, netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    change = _change(netherlands, settings, history, name)
    assert abs(change.sel(time=slice(0, 120))).max() == 0
    assert change.sel(time=180) < 0


def test_the_collection_pause_kept_households_out_of_registered_debt(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    change = _change(netherlands, {"collection pause level": 0}, history, "households in problem debt")
    assert change.sel(time=78) > 5  # thousand households
    assert 0 < change.sel(time=252) < 0.1 * change.max()  # what remains fades


def test_a_pause_that_ends_before_it_starts_is_none(debt: sd_covid.Simulation) -> None:
    none = debt.run({"collection pause level": 0})["households in problem debt"]
    empty = debt.run({"collection pause end": 63})["households in problem debt"]
    assert (none == empty).all()


def test_the_vulnerable_lose_more_work_in_the_crisis(history: xr.Dataset) -> None:
    rate = history["unemployment rate by group"]
    rise = rate.sel(time=slice(62, 80)).max("time") - rate.sel(time=60)
    assert rise.sel(group="vulnerable") > rise.sel(group="regular")


def test_unemployment_raises_debt_and_debt_lowers_job_finding_only_when_coupled(
    labour: sd_covid.Simulation, netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    debts = _change(netherlands, NO_SUPPORT, history, "households in problem debt")
    assert debts.sel(time=96) > 1
    alone = labour.run(outputs=["unemployment rate"])["unemployment rate"]
    coupled = history["unemployment rate"]
    assert 0 < abs(coupled - alone).max() < 0.1  # a weak loop: its gain is about .005
    broken = netherlands.run({"debt finding loss": 0})["unemployment rate"]
    assert abs(broken - labour.run({"debt finding loss": 0})["unemployment rate"]).max() < 1e-12


def test_matching_innovations_move_unemployment_from_their_half_year_on(
    netherlands: sd_covid.Simulation,
) -> None:
    base = netherlands.run(outputs=["unemployment rate"])["unemployment rate"]
    better = netherlands.run({"matching innovation[h11]": 1}, outputs=["unemployment rate"])[
        "unemployment rate"
    ]
    change = better - base
    assert abs(change.sel(time=slice(0, 60))).max() == 0
    assert change.sel(time=66) < 0


def test_vacancy_innovations_only_touch_the_forecast(netherlands: sd_covid.Simulation) -> None:
    base = netherlands.run(outputs=["vacancy rate"])["vacancy rate"]
    high = netherlands.run({"vacancy innovation": 1}, outputs=["vacancy rate"])["vacancy rate"]
    assert abs(high - base).sel(time=slice(0, 114)).max() == 0
    assert (high > base).sel(time=slice(115, 252)).all()
