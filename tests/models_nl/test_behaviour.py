"""What the levers do, against what evaluations of them say, and what coupling adds."""

from __future__ import annotations

import pytest
import xarray as xr

import sd_covid
from tests.models_nl.conftest import LEVERS, MODELS

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


def test_unemployment_raises_debt_and_debt_lowers_job_finding(
    netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    debts = _change(netherlands, NO_SUPPORT, history, "households in problem debt")
    assert debts.sel(time=96) > 1
    without = _change(netherlands, {"debt finding loss": 0}, history, "unemployment rate")
    assert 0 < abs(without).max() < 0.1  # a weak loop: its gain is about .005


def test_matching_innovations_move_unemployment_from_their_quarter_on(
    netherlands: sd_covid.Simulation,
) -> None:
    base = netherlands.run(outputs=["unemployment rate"])["unemployment rate"]
    better = netherlands.run({"matching innovation[q21]": 1}, outputs=["unemployment rate"])[
        "unemployment rate"
    ]
    change = better - base
    assert abs(change.sel(time=slice(0, 60))).max() == 0
    assert change.sel(time=63) < 0


def test_vacancy_innovations_only_touch_the_forecast(netherlands: sd_covid.Simulation) -> None:
    base = netherlands.run(outputs=["vacancy rate"])["vacancy rate"]
    high = netherlands.run({"vacancy innovation": 1}, outputs=["vacancy rate"])["vacancy rate"]
    assert abs(high - base).sel(time=slice(0, 114)).max() == 0
    assert (high > base).sel(time=slice(115, 252)).all()


@pytest.mark.parametrize(
    ("file", "lever"), [(file, lever) for file, names in LEVERS.items() for lever in names]
)
def test_no_lever_has_an_effect_when_its_budget_is_nil(file: str, lever: str) -> None:
    sim = sd_covid.load(MODELS / file)
    level = 0.2 if lever == "job guidance" else 1
    none = sim.run({f"{lever} level": 0})
    nil = sim.run({f"{lever} level": level, f"{lever} budget": 0})
    works = sim.run({f"{lever} level": level})
    names = ["jobs", "unemployed"] if file == "unemployment.mdl" else ["households in problem debt"]
    for name in names:
        assert (nil[name] == none[name]).all(), name
    assert any((works[name] != none[name]).any() for name in names)


@pytest.mark.parametrize(("lever", "budget"), [("NOW", 18700), ("Tozo", 3500), ("fixed cost support", 10000)])
def test_support_of_business_cost_what_it_cost_and_is_nothing_without_money(
    lever: str, budget: float, labour: sd_covid.Simulation
) -> None:
    spent = labour.run(outputs=[f"{lever} spending"])[f"{lever} spending"]
    assert float(spent.isel(time=-1)) == pytest.approx(budget, rel=1e-3)
    none = labour.run({f"{lever} level": 0})["unemployment rate"]
    nil = labour.run({f"{lever} budget": 0})["unemployment rate"]
    assert (nil == none).all()
    assert (
        none.sel(time=slice(62, 78)).max() > labour.run()["unemployment rate"].sel(time=slice(62, 78)).max()
    )


@pytest.mark.parametrize(
    ("file", "helped", "eligible", "settings"),
    [
        ("unemployment.mdl", "guided jobseekers", "unemployed by age and group", {"job guidance level": 0.2}),
        (
            "unemployment.mdl",
            "guided jobseekers",
            "unemployed by age and group",
            {"social package guidance level": 1},
        ),
        ("unemployment.mdl", "IPS clients", "inactive", {"IPS level": 1}),
        ("debt.mdl", "signalled households", "arrears", {"early signalling level": 1}),
        ("debt.mdl", "households on credit", "assisted", {"debt relief credit level": 1}),
        ("debt.mdl", "supported households", "no debt", {"income gap support level": 1}),
    ],
)
def test_money_without_end_helps_no_more_than_are_eligible(
    file: str, helped: str, eligible: str, settings: dict[str, float]
) -> None:
    sim = sd_covid.load(MODELS / file)
    (level,) = settings
    lever = level.removesuffix(" level")
    results = sim.run({**settings, f"{lever} budget": 1e7})
    whole = results[eligible]
    if helped == "IPS clients":
        whole = whole.sum("age") * results["IPS eligible share"]
    reached = results[helped].sum([dim for dim in results[helped].dims if dim == "programme"])
    assert reached.max() > 0
    assert (reached <= whole * (1 + 1e-9)).all()


def test_municipal_delivery_starts_later_and_reaches_more_of_the_vulnerable(
    labour: sd_covid.Simulation,
) -> None:
    rich = {"job guidance level": 0.1, "job guidance budget": 1e6}
    national, municipal = (
        labour.run({**rich, "job guidance municipal": delivery})["guided jobseekers"]
        .sel(programme="programme to come")
        .sum("age")
        for delivery in (0, 1)
    )
    assert (municipal.sel(time=123) < national.sel(time=123)).all()
    share = [
        run.sel(time=180, group="vulnerable") / run.sel(time=180).sum("group")
        for run in (national, municipal)
    ]
    assert share[1] > share[0]


def test_two_programmes_at_once_guide_no_more_jobseekers_than_one_can_reach(
    labour: sd_covid.Simulation,
) -> None:
    """Those in guidance are not eligible for more of it: at a time, as many as the reach of guidance, not twice."""
    rich = {"job guidance level": 0.2, "job guidance start": 72, "job guidance end": 96}
    rich |= {"job guidance budget": 1e6, "social package guidance budget": 1e6}
    results = labour.run(rich)
    guided = results["guided jobseekers"].sel(time=96)
    assert (guided.sum(["age", "group"]) > 0).all()
    bound = results["unemployed by age and group"].sel(time=96) * results["job guidance reach"]
    assert (guided.sum("programme") <= bound * (1 + 1e-9)).all()


def test_the_share_for_poverty_is_spent_and_helps_nobody_in_debt(debt: sd_covid.Simulation) -> None:
    none = debt.run({"social package debt level": 0})
    poverty = debt.run({"social package debt share": 0})
    assert (poverty["households in problem debt"] == none["households in problem debt"]).all()
    # 1e-12: the sum of 192 steps of equal size.
    assert float(poverty["social package debt spending"].isel(time=-1)) == pytest.approx(150, rel=1e-12)


@pytest.mark.parametrize(
    ("sector", "lever"),
    [
        ("unemployment", "NOW"),
        ("unemployment", "Tozo"),
        ("unemployment", "fixed cost support"),
        ("unemployment", "social package guidance"),
        ("unemployment", "youth work approach"),
        ("unemployment", "practical learning"),
        ("unemployment", "IPS"),
        ("debt", "collection pause"),
        ("debt", "collection costs"),
        ("debt", "early signalling"),
        ("debt", "social package debt"),
        ("debt", "income gap support"),
        ("debt", "debt relief credit"),
        ("debt", "homeless places"),
        ("mental_health", "wellbeing package"),
        ("mental_health", "care capacity"),
        ("mental_health", "care awareness"),
        ("social_cohesion", "loneliness programme"),
        ("social_cohesion", "violence shelter"),
        ("youth_development", "education programme"),
        ("youth_development", "tutoring"),
        ("youth_development", "catch up programme"),
        ("youth_development", "youth care capacity"),
        ("youth_development", "childcare compensation"),
        ("youth_development", "lenient progression"),
    ],
)
def test_a_level_or_budget_that_cannot_be_acts_as_the_nearest_that_can(sector: str, lever: str) -> None:
    sim = sd_covid.load(MODELS / f"{sector}.mdl")
    level, budget = f"{lever} level", f"{lever} budget"
    pairs = [({level: 7}, {level: 1}), ({level: -1}, {level: 0})]
    if budget in sim.constants:
        pairs.append(({level: 1, budget: -5}, {level: 1, budget: 0}))
    for impossible, nearest in pairs:
        one, other = sim.run(impossible), sim.run(nearest)
        for name in one.data_vars:
            assert name in impossible or (one[name] == other[name]).all(), (name, impossible)


@pytest.mark.parametrize(
    ("file", "lever"), [("unemployment.mdl", "job guidance"), ("debt.mdl", "debt assistance")]
)
def test_an_intensity_may_exceed_one_but_spending_not_its_budget(file: str, lever: str) -> None:
    sim = sd_covid.load(MODELS / file)
    spending, stock = f"{lever} spending", "unemployed" if file == "unemployment.mdl" else "chronic debt"
    strong = sim.run({f"{lever} level": 7})
    assert 0 < float(strong[spending].isel(time=-1)) <= sim.constants[f"{lever} budget"] * (1 + 1e-9)
    none, below = sim.run({f"{lever} level": 0}), sim.run({f"{lever} level": -1})
    assert (none[stock] == below[stock]).all()
    assert float(below[spending].isel(time=-1)) == 0
    poor = sim.run({f"{lever} level": 1, f"{lever} budget": -5})
    assert (poor[stock] == none[stock]).all()
    assert float(poor[spending].isel(time=-1)) == 0


def test_no_more_households_get_help_than_capacity_of_debt_assistance(debt: sd_covid.Simulation) -> None:
    results = debt.run({"debt assistance level": 2, "debt assistance budget": 1e5})
    intake = results["intake of assistance"].sum("group")
    assert (intake <= results["debt help capacity"] * (1 + 1e-12)).all()
    rise = results["debt help capacity"].sel(time=[126, 150, 174]).values
    assert rise[0] < rise[1] < rise[2]  # capacity follows what is asked for, late


def test_a_debt_relief_credit_frees_households_sooner(debt: sd_covid.Simulation) -> None:
    rich = {"debt relief credit level": 1, "debt relief credit budget": 1e4}
    change = debt.run(rich)["households in problem debt"] - debt.run()["households in problem debt"]
    assert change.sel(time=180) < -1


def test_costs_of_collection_hold_households_in_arrears(debt: sd_covid.Simulation) -> None:
    none = debt.run({"collection costs level": 0})
    plain = debt.run()
    for name in ("households in arrears", "households in problem debt"):
        assert (none[name] == plain[name]).sel(time=slice(0, 120)).all()
        assert none[name].sel(time=180) < plain[name].sel(time=180), name


def test_a_new_wave_costs_jobs_from_its_start(labour: sd_covid.Simulation) -> None:
    plain, wave = (labour.run({"new wave level": level}) for level in (0, 1))
    change = wave["unemployment rate"] - plain["unemployment rate"]
    assert (change.sel(time=slice(0, 144)) == 0).all()
    assert change.sel(time=slice(144, 156)).max() > 0.1
    assert float(wave["restrictions"].sel(time=145)) == 1
    assert abs(change.sel(time=240)) < 0.05 * change.max()  # nothing in the labour market keeps it


def test_dearer_living_raises_arrears_debt_and_homelessness(debt: sd_covid.Simulation) -> None:
    plain, dear = (debt.run({"inflation shock": shock}) for shock in (0, 10))
    for name in ("households in arrears", "households in problem debt", "homelessness change"):
        change = dear[name] - plain[name]
        assert (change.sel(time=slice(0, 144)) == 0).all(), name
        assert change.sel(time=168) > 0, name


def test_less_compliance_lengthens_restrictions_only_where_that_is_switched_on(
    labour: sd_covid.Simulation,
) -> None:
    plain = labour.run()["restrictions"]
    assert (labour.run({"noncompliance input": 0.2})["restrictions"] == plain).all()
    stricter = labour.run({"noncompliance input": 0.2, "compliance feedback": 1})["restrictions"]
    assert (stricter >= plain).all()
    assert stricter.max() <= 1
    assert stricter.sel(time=75) == pytest.approx(1.2 * float(plain.sel(time=75)))


def test_those_who_lose_work_by_waiting_for_care_become_inactive(labour: sd_covid.Simulation) -> None:
    plain, waiting = (labour.run({"care job loss input": flow}) for flow in (0, 0.1))
    assert float(waiting["cumulative exits by waiting for care"].sel(time=120)) == pytest.approx(
        0.1 * 2 * 120
    )
    more = (waiting["outside the labour force"] - plain["outside the labour force"]).sel(time=120)
    assert 5 < more < 0.1 * 2 * 120  # thousand persons: some have found work again


def test_the_scar_of_entry_fades_as_published(labour: sd_covid.Simulation) -> None:
    """Van den Berge: vocational 6 % at entry and 1 % after eight years, academic gone after six."""
    slump = {"youth unemployment reference": 5}  # so that every youth rate counts as a slump
    wave = labour.run({**slump, "new wave level": 1})
    scar = wave["entry scar"] - labour.run(slump)["entry scar"]
    largest = scar.max("time")
    left = scar.sel(time=252) / largest  # eight and a half years after the wave's peak of unemployment
    assert float(left.sel(group="vulnerable")) == pytest.approx(
        1 / 6, abs=0.06
    )  # the slump itself lasts a year
    assert left.sel(group="regular") < 0.05
    assert (labour.run({"scarring of entrants": 0})["earnings loss by slump"] == 0).all()


def test_learning_deficits_cost_pay_by_the_published_share(labour: sd_covid.Simulation) -> None:
    """A deficit of 0.1 SD that every entrant of ten years has: 0.1 x 22.5 % of the pay of ten year-classes."""
    deficit = labour.run({"learning deficit input": 0.1, "career length": 1e9})
    found = float(deficit["earnings loss by learning deficit"].sel(time=120).sum("group"))
    assert found == pytest.approx(0.1 * 0.225 * 10 * 208, rel=1e-3)


def test_a_school_year_longer_in_education_takes_youth_out_of_unemployment(
    labour: sd_covid.Simulation,
) -> None:
    plain, more = (labour.run({"enrolment input": extra}) for extra in (0, 0.05))
    assert more["youth unemployment rate"].sel(time=60) < plain["youth unemployment rate"].sel(time=60)
    assert more["unemployed"].sel(time=60) < plain["unemployed"].sel(time=60)


def test_trust_brings_more_to_debt_assistance(debt: sd_covid.Simulation) -> None:
    plain, shy = (debt.run({"assistance per trust": size}) for size in (0.2, 0))
    rally = slice(66, 72)  # trust in parliament was 18 to 24 points above that of 2015
    assert (
        (plain["cumulative intake"].diff("time") > shy["cumulative intake"].diff("time"))
        .sel(time=rally)
        .all()
    )


@pytest.mark.parametrize(("duration", "success", "sign"), [(17, 0.6, -1), (36, 0.5, 1)])
def test_more_assistance_lowers_debt_only_where_failures_leave_early(
    duration: float, success: float, sign: int, debt: sd_covid.Simulation
) -> None:
    stay = {"assistance duration": duration, "assistance success": success}
    more = debt.run({**stay, "debt assistance level": 1, "debt assistance budget": 1e5})
    change = (more["problem debt share"] - debt.run(stay)["problem debt share"]).sel(time=180)
    assert sign * change > 0.05
