"""The shipped figures agree with one another where publishers say that they must."""

from __future__ import annotations

import re

import pandas as pd


def test_every_series_names_units_source_and_terms(study):
    assert len(study) > 100
    for series in study:
        assert series.unit in study.units
        assert study.licences[series.licence].terms
        assert series.title.nl
        assert series.title.en
        assert series.title.nl != series.title.en
        assert (series.rows["source_title"].str.len() > 0).all()


def test_every_unit_and_definition_is_used(study):
    assert set(study.units) == {series.unit for series in study}
    used = {definition for series in study for definition in series.rows["definition"]}
    assert set(study.definitions) == used


def test_no_figure_names_a_place_on_somebodys_machine(study):
    for series in study:
        for column in ("source", "source_title", "note"):
            assert not series.rows[column].str.contains(r"(?:^|\s)(?:/home/|/work/|/tmp/|[A-Z]:\\)").any()


def test_a_vintage_is_a_date_a_week_or_a_first_print(study):
    spelled = re.compile(r"|20\d\d(-\d\d(-\d\d)?|-W\d\d)|first print")
    for series in study:
        assert all(spelled.fullmatch(vintage) for vintage in series.rows["vintage"]), series.id


def test_unemployment_benefits_close_as_stock_and_flows(study):
    # UWV prints stock and flows in tenths of a thousand, so a balance of three figures closes within 0.15.
    stock = study.series("ww_endstock_a").values
    inflow, outflow = study.series("ww_inflow_a").values, study.series("ww_outflow_a").values
    residual = stock.diff().iloc[1:] - (inflow - outflow).iloc[1:]
    assert residual.abs().max() < 0.151
    assert len(residual) == 13


def test_employed_and_unemployed_make_the_labour_force(study):
    # Each is rounded to a thousand, so the sum of two may differ from the third by one and a half.
    force = study.series("labour_force_cbs_new_q").values
    parts = study.series("employed_cbs_new_q").values + study.series("unemp_number_cbs_new_q").values
    assert (force - parts).abs().max() <= 1.5
    assert force.index.equals(parts.index)


def test_labour_force_and_inactive_make_the_population(study):
    whole = study.series("pop_15_75_cbs_new_q").values
    parts = study.series("labour_force_cbs_new_q").values + study.series("inactive_cbs_new_q").values
    assert (whole - parts).abs().max() <= 1.5


def test_short_and_long_make_all_unemployed(study):
    whole = study.series("unemp_number_cbs_new_q").values
    parts = study.series("unemp_short_cbs_new_q").values + study.series("unemp_long_cbs_new_q").values
    assert (whole - parts).abs().max() <= 1.5


def test_rate_and_numbers_agree(study):
    force = study.series("labour_force_cbs_new_q").values
    rate = 100 * study.series("unemp_number_cbs_new_q").values / force
    # Printed to a tenth, from numbers that are themselves rounded to a thousand in about nine million.
    assert (rate - study.series("unemp_rate_cbs_new_q").values).abs().max() < 0.06


def test_two_statistical_offices_print_the_same_unemployment(study):
    eurostat = study.series("unemp_rate_eurostat_m").values
    cbs = study.series("unemp_rate_cbs_statline_m").values
    shared = eurostat.index.intersection(cbs.index)
    assert len(shared) == 108
    assert (eurostat[shared] - cbs[shared]).abs().max() < 0.051


def test_two_counts_of_unemployment_benefits_agree(study):
    uwv, cbs = study.series("ww_stock_m").values, study.series("ww_benefits_cbs_nsa_m").values
    shared = uwv.index.intersection(cbs.index)
    # CBS prints tenths of a thousand, the press whole thousands: half a thousand, and a tenth for its own rounding.
    assert (uwv[shared] - cbs[shared]).abs().max() <= 0.6


def test_benefits_are_fewer_than_persons_on_social_assistance(study):
    persons = study.series("bijstand_persons_q").values
    benefits = study.series("bijstand_benefits_cbs_m").values
    for period, value in persons.items():
        month = period.asfreq("M", how="end")
        if month in benefits.index:
            assert 0.8 < benefits[month] / value < 0.95


def test_the_old_survey_lies_a_level_below_the_new_one(study):
    old, new = study.series("unemp_number_cbs_old_q"), study.series("unemp_number_cbs_new_q")
    gap = (new.values - old.values).dropna()
    assert gap.between(100, 125).all()
    assert set(old.rows["definition"]).isdisjoint(new.rows["definition"])


def test_age_groups_make_the_population(study):
    groups = ("pop_0_20_jan1", "pop_20_40_jan1", "pop_40_65_jan1", "pop_65_80_jan1", "pop_80p_jan1")
    total = pd.concat([study.series(name).values for name in groups], axis=1).sum(axis=1)
    assert (total - study.series("pop_total_jan1").values).dropna().abs().max() == 0


def test_the_main_series_have_no_gaps(study):
    for name in (
        "unemp_rate_eurostat_m",
        "ww_benefits_cbs_nsa_m",
        "bijstand_benefits_cbs_m",
        "vacancy_rate_eurostat_q",
    ):
        assert study.series(name).gaps == [], name
