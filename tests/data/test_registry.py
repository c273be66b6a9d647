"""The registry gives series by id, with what a reader must know of them, and joins no two definitions."""

from __future__ import annotations

import datetime

import pytest

from sd_covid.data import coverage, model_time, parse_period, read_registry, status
from sd_covid.errors import DataError, UnknownNameError


def test_a_series_comes_with_its_figures_by_period(folder):
    series = read_registry(folder).series("number")
    assert series.values.to_dict() == {
        parse_period("2021-01", "month"): 445.0,
        parse_period("2021-04", "month"): 430.0,
    }
    assert series.title.in_language("en") == "Unemployed"
    assert series.unit == "x1000 persons"
    assert series.rows["line"].tolist() == [6, 7]


def test_an_unknown_series_suggests_the_nearest(folder):
    with pytest.raises(UnknownNameError) as caught:
        read_registry(folder).series("nummber")
    assert "did you mean 'number'" in caught.value.advice


def test_gaps_are_reported_and_not_filled(folder):
    series = read_registry(folder).series("number")
    assert [str(gap) for gap in series.gaps] == ["2021-02", "2021-03"]


def test_a_break_changes_the_definition_from_its_period_on(folder):
    series = read_registry(folder).series("rate")
    assert series.definition_at(parse_period("2020", "year")) == "lfs-old"
    assert series.definition_at(parse_period("2021", "year")) == "lfs-new"
    assert series.within("lfs-old").tolist() == [3.4, 3.9]
    with pytest.raises(UnknownNameError, match="no figure of 'rate'"):
        series.within("lfs-odd")


def test_old_and_new_labour_force_survey_are_never_joined(study):
    with pytest.raises(DataError, match="definition lfs-new and lfs-old") as caught:
        study.joined("unemp_rate_eurostat_m", "unemp_rate_cbs_old_m")
    assert "own observable" in caught.value.advice


@pytest.mark.parametrize(
    ("one", "other", "trait"),
    [
        ("problem_debt_hh_share_A", "problem_debt_hh_share_C", "definition"),
        ("bijstand_persons_q", "bijstand_benefits_cbs_m", "definition"),
        ("unemp_rate_cbs_new_q", "unemp_number_cbs_new_q", "unit"),
        ("unemp_rate_cbs_new_q", "unemp_rate_cbs_statline_m", "frequency"),
        ("ww_endstock_a", "ww_inflow_a", "unit|kind"),
        ("youth_unemp_rate_wb_a", "youth_unemp_rate_wb_a", "definition"),
    ],
)
def test_series_that_differ_are_not_joined(study, one, other, trait):
    if one == "ww_endstock_a":
        trait = "kind end and flow"
    with pytest.raises(DataError, match=f"cannot be joined: {trait}"):
        study.joined(one, other)


def test_series_of_one_definition_join_and_the_first_wins(study):
    whole = study.joined("ww_benefits_cbs_nsa_m", "ww_stock_m")
    assert whole.index.is_monotonic_increasing
    assert whole.index.is_unique
    shared = study.series("ww_stock_m").values.index.intersection(
        study.series("ww_benefits_cbs_nsa_m").values.index
    )
    assert (whole[shared] == study.series("ww_benefits_cbs_nsa_m").values[shared]).all()


def test_status_tells_age_gaps_and_the_next_release(folder):
    rate, number = status(folder, datetime.date(2023, 2, 1))
    assert (rate.first, rate.last, rate.count, rate.gaps, rate.breaks) == ("2019", "2021", 3, (), ("2021",))
    # The year 2021 ended 13 months before February 2023; the figure for 2022 comes 45 days after its end.
    assert rate.age == 13
    assert rate.next_release == datetime.date(2023, 2, 14)
    assert not rate.overdue
    assert (number.gaps, number.estimated, number.next_release) == (("2021-02", "2021-03"), 1, None)
    assert status(folder, datetime.date(2023, 2, 15))[0].overdue


def test_a_stock_of_the_first_day_is_due_from_the_start_of_its_period(study):
    row = {item.id: item for item in status(study.folder, datetime.date(2023, 6, 1))}["households_jan1"]
    assert row.last == "2023"
    assert row.next_release == datetime.date(2024, 1, 1) + datetime.timedelta(days=150)


def test_a_first_day_stock_is_read_at_the_start_and_a_flow_over_its_period(study):
    homeless = study.series("homeless_18_65_jan1")
    assert homeless.kind == "start"
    assert model_time(parse_period("2021", "year"), homeless.frequency)[0] == 72.0


def test_a_year_that_its_quarters_tell_does_not_count_twice(study):
    quarters = study.series("SC_TRUST_PARLIAMENT_Q")
    told = {str(year) for year in range(2018, 2022)}  # published by quarter whole; 2022 only its first half
    assert {period.year for period in quarters.values.index} == {2018, 2019, 2020, 2021, 2022}
    years = study.independent("SC_TRUST_PARLIAMENT_A")
    assert told.isdisjoint(map(str, years.index))
    assert [str(year) for year in years.index] == ["2012", "2013", "2014", "2015", "2016", "2017", "2022"]


def test_a_series_without_an_equal_counts_whole(study):
    assert study.independent("unemp_rate_eurostat_m").equals(study.series("unemp_rate_eurostat_m").values)


def test_coverage_sums_the_rows_by_heading(study):
    rows = status(study.folder, datetime.date(2026, 1, 1), {"unemp_rate_eurostat_m": "calibrated"})
    parts = {part.heading: part for part in coverage(rows)}
    assert list(parts) == ["work", "background", *list(parts)[2:]]
    assert set(parts) == set(study.headings)
    assert sum(part.series for part in parts.values()) == len(study)
    assert sum(part.figures for part in parts.values()) == sum(len(one.rows) for one in study)
    assert parts["work"].uses["calibrated"] == 1
    for part in parts.values():
        assert sum(part.uses.values()) == part.series


def test_a_release_day_is_an_estimate_until_its_publisher_states_a_rhythm(folder):
    registry = folder / "registry.yaml"
    text = registry.read_text(encoding="utf-8")
    assert [row.release_estimated for row in status(folder, datetime.date(2023, 2, 1))] == [True, False]
    stated = 'publishers:\n  cbs: {name: "CBS", lag_source: "release calendar"}\n' + text
    registry.write_text(stated.replace("lag: 45", "lag: 45\n    publisher: cbs"), encoding="utf-8")
    rate = status(folder, datetime.date(2023, 2, 1))[0]
    assert (rate.publisher, rate.release_estimated) == ("CBS", False)
