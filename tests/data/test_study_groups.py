"""Groups of the shipped series add up to their whole, and series that tell the same agree.

The truth outside is the publishers': two publications of one figure, or parts and whole counted apart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sd_covid
from sd_covid.data import Registry, Series, model_time

MODEL = Path(__file__).parents[2] / "models" / "netherlands.yaml"
Values = Callable[[str], "pd.Series[float]"]


@pytest.fixture
def values(study: Registry) -> Values:
    """The figures of a series."""
    return lambda name: study.series(name).values


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    """The model at its defaults."""
    return sd_covid.load(MODEL).run()


def by_year(figures: pd.Series[float], periods: int) -> pd.core.groupby.SeriesGroupBy:
    """Figures grouped by year, of the years that have them all."""
    years = figures.index.year
    complete = pd.Series(years).value_counts().loc[lambda count: count == periods].index
    kept = figures[years.isin(complete)]
    return kept.groupby(kept.index.year)


def annual(figures: pd.Series[float]) -> pd.Series[float]:
    """Annual figures by the number of their year."""
    return pd.Series(figures.to_numpy(), index=figures.index.year)


def test_five_themes_and_the_background_hold_every_series(study):
    assert set(study.headings) == {"work", "youth", "resilience", "cohesion", "behaviour", "background"}
    assert {one.theme for one in study} == set(study.heading_of)
    assert set(study.heading_of.values()) == set(study.headings)


def test_every_unit_has_bounds_and_every_figure_a_publisher_and_terms(study):
    assert set(study.measures) == set(study.units)
    assert {one.publisher for one in study} == set(study.publishers)
    assert {one.licence for one in study} == set(study.licences)
    for one in study:
        assert one.source
        assert one.values.index.is_monotonic_increasing
        assert one.values.index.is_unique


def test_every_series_lies_near_the_model_output_it_names(study, run):
    """At the defaults, which are rounded by hand: a scale that is wrong by ten, or a count for a share, shows."""
    for one in study:
        if one.comparison is None:
            continue
        name, _, element = one.comparison.output.partition("[")
        path = run[name]
        if element:
            (dimension,) = set(path.dims) - {"time"}
            path = path.sel({dimension: element.rstrip("]")})
        assert path.dims == ("time",), one.id
        level = one.comparison.scale * seen(path.to_series(), one)
        ratio = float((one.values / level).median())
        # Offsets of a method reach a factor of two (opt-in panels of youth); without one, defaults are a tenth off.
        low, high = (1 / 2.3, 2.3) if one.comparison.offset else (0.65, 1.2)
        assert low < ratio < high or level.isna().all(), (one.id, ratio)


def seen(path: pd.Series[float], one: Series) -> pd.Series[float]:
    """An output as a series shows it: at the start or end of a period, its mean or its change; NaN outside the run."""
    spans = [model_time(period, one.frequency) for period in one.rows.index]

    def at(time: float) -> float:
        return float(np.interp(time, path.index, path, left=np.nan, right=np.nan))

    shown = {
        "start": lambda start, end: at(start),
        "end": lambda start, end: at(end),
        "flow": lambda start, end: at(end) - at(start),
        "mean": lambda start, end: float(np.mean([at(time) for time in np.linspace(start, end, 13)])),
    }[one.kind]
    return pd.Series([shown(*span) for span in spans], index=one.rows.index)


def test_a_flow_is_compared_with_a_cumulative_output(study):
    for one in study:
        if one.comparison is not None:
            assert (one.kind == "flow") == one.comparison.output.startswith("cumulative"), one.id


def test_equivalent_series_in_one_unit_agree_where_both_have_a_figure(study):
    compared = 0
    for one in study:
        for other in map(study.series, one.equivalent_to):
            if (one.unit, one.frequency) == (other.unit, other.frequency):
                # Half of the last digit that the coarser prints: half a thousand benefits.
                assert (one.values - other.values).abs().max() <= 0.5, one.id
                compared += 1
    assert compared >= 5


@pytest.mark.parametrize(
    ("year", "quarter"),
    [
        ("SC_TRUST_PARLIAMENT_A", "SC_TRUST_PARLIAMENT_Q"),
        ("SC_TRUST_POLITICIANS_A", "SC_TRUST_POLITICIANS_Q"),
        ("SC_TRUST_PEOPLE_A", "SC_TRUST_PEOPLE_Q"),
        ("MH_MHI5_UNHEALTHY_12P_A", "MH_MHI5_UNHEALTHY_12P_Q"),
    ],
)
def test_a_year_is_about_the_mean_of_its_quarters(values, year, quarter):
    difference = (annual(values(year)) - by_year(values(quarter), 4).mean()).dropna()
    # Quarters weigh equally here, by respondents there; one of the series is rounded to whole per cents.
    assert len(difference) >= 2
    assert difference.abs().max() < 0.35


def test_permanent_flexible_and_self_employed_make_the_employed(values):
    parts = sum(
        values(f"{part}_cbs_new_q") for part in ("employees_permanent", "employees_flex", "selfemployed")
    )
    # Three parts and their whole, each rounded to a thousand.
    assert (values("employed_cbs_new_q") - parts).abs().max() <= 2
    assert len(parts.dropna()) == 44


def test_full_time_and_part_time_make_the_employed(values):
    parts = values("employed_fulltime_cbs_new_q") + values("employed_parttime_cbs_new_q")
    assert (values("employed_cbs_new_q") - parts).abs().max() <= 1.5
    assert len(parts.dropna()) == 44


@pytest.mark.parametrize("age", ["15_25", "25_45", "45_75"])
def test_labour_positions_make_the_population_of_an_age(values, age):
    parts = sum(values(f"lf_{part}_{age}_q") for part in ("employed", "unemployed", "inactive"))
    assert (values(f"lf_pop_{age}_q") - parts).abs().max() <= 2


def test_half_years_make_the_year_of_child_protection(values):
    halves = by_year(values("YC_CHILDPROTECTION_INFLOW_H"), 2).sum()
    years = annual(values("YC_CHILDPROTECTION_INFLOW_A"))
    # Second half-years were made as year less first half, so that this holds exactly.
    assert (halves - years).abs().max() == 0
    assert len(years) == 7


def test_half_years_make_the_year_of_reports_to_veilig_thuis(values):
    halves = by_year(values("SC_VEILIGTHUIS_REPORTS_H"), 2).sum()
    years = annual(values("SC_VEILIGTHUIS_REPORTS_A"))
    # The halves of 2021 are rounded to a thousand and derived from a change in per cent.
    assert (halves - years).dropna().abs().max() < 500


def test_ages_make_the_suicides_of_those_under_20(values):
    parts = values("MH_SUICIDES_10_15_A") + values("MH_SUICIDES_15_20_A")
    difference = (values("MH_SUICIDES_U20_A") - parts).dropna()
    assert len(difference) == 6
    assert difference.abs().max() == 0


def test_bankruptcies_with_sole_proprietorships_are_those_without_and_theirs(values):
    parts = values("bankruptcies_excl_soleprops_m") + values("bankruptcies_soleprops_m")
    difference = (values("bankruptcies_incl_soleprops_m") - parts).dropna()
    # The two tables are of different vintages up to April 2023.
    assert difference.abs().max() <= 3
    assert len(difference) == 34


def test_registered_crimes_and_their_rate_agree(values):
    population = annual(values("pop_total_jan1"))
    rate = 1000 * annual(values("SC_CRIME_REGISTERED_A")) / population
    # Rates are whole; CBS divides by its population of the year.
    assert (rate - annual(values("SC_CRIME_REGISTERED_PER1000_A"))).abs().max() < 0.6


def test_suicides_and_their_rate_agree(values):
    population = annual(values("pop_total_jan1"))
    rate = 1e5 * annual(values("MH_SUICIDES_A")) / population
    # The rate is printed to a tenth; the population of January is up to one per cent below that of the year.
    assert (rate - annual(values("MH_SUICIDE_RATE_A"))).dropna().abs().max() < 0.16


def test_births_deaths_and_migration_make_the_growth_of_the_population(values):
    growth = values("births_a") - values("deaths_a") + values("immigration_a") - values("emigration_a")
    population = annual(values("pop_total_jan1"))
    difference = (population.diff().shift(-1) - annual(growth)).dropna()
    # What is left are administrative corrections, below a thousand persons a year.
    assert difference.abs().max() < 1000
    assert len(difference) == 12


def test_answers_on_vaccination_add_up(values):
    whole = sum(values(f"BE_VACCWILL_VACC_{answer}") for answer in ("YES", "NO", "DK"))
    # Three shares of a tenth each, or the mean of two waves of them.
    assert (whole - 100).abs().max() < 0.2


@pytest.mark.parametrize("kind", ["ADHERE", "SUPPORT"])
def test_the_eight_rules_make_their_mean(values, kind):
    rules = [
        "STAYHOME_SYMPT",
        "TEST_SYMPT",
        "COUGH",
        "DISTANCE15",
        "MAXVISITORS",
        "AVOIDCROWDS",
        "HANDWASH",
        "WFH",
    ]
    mean = sum(values(f"BE_{kind}_{rule}") for rule in rules) / len(rules)
    difference = (mean - values(f"BE_{kind}_COMPOSITE8")).dropna()
    assert len(difference) == 7
    assert difference.abs().max() < 0.0051  # the mean is printed to a hundredth


def test_men_and_women_make_the_share_in_distress(values):
    sexes = (values("MH_MHI5_UNHEALTHY_MEN12P_A") + values("MH_MHI5_UNHEALTHY_WOMEN12P_A")) / 2
    difference = (sexes - values("MH_MHI5_UNHEALTHY_12P_A")).dropna()
    # Half of the population each; three figures of a tenth.
    assert difference.abs().max() <= 0.11
    assert len(difference) == 5


def test_suspects_of_12_to_18_lie_between_their_two_halves(values):
    young, whole, old = (values(f"SC_YOUTH_SUSPECTS_{age}_A") for age in ("12_16", "12_18", "16_18"))
    assert ((young < whole) & (whole < old)).all()


def test_registered_less_expected_deaths_are_the_excess(values):
    excess = values("EX_CBS_DEATHS_OBS_WK") - values("EX_CBS_DEATHS_EXP_WK")
    assert (excess - values("EX_CBS_EXCESS_WK")).dropna().abs().max() < 0.16


def test_the_reference_modes_of_the_model_are_figures_of_the_series(study, values):
    """What the model's reference modes quote of yearly and quarterly figures stands in the series, the same."""
    modes = pd.read_csv(MODEL.parent / "reference_modes.csv", dtype={"period": str})
    for variable, series, scale in (
        ("cumulative early school leavers", "ED_VSV_NEW_A", 1000),
        ("strongly lonely", "SC_LONELY_STRONG_A", 1),
        ("trust in parliament", "SC_TRUST_PARLIAMENT_Q", 1),
    ):
        rows = modes[modes["variable"] == variable]
        figures = {str(period).replace("Q", "-Q"): value for period, value in values(series).items()}
        found = 0
        for period, value in zip(rows["period"], rows["value"], strict=True):
            year = f"20{period[-2:]}" if "/" in period else period
            if year in figures:
                assert value * scale == pytest.approx(figures[year]), (variable, period)
                found += 1
        assert found >= 3, variable
