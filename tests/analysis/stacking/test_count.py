"""What a run becomes: margins of the model, national ratios at the start, bands, households, tables and figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sd_covid
from sd_covid.analysis.stacking.association import by_number, has, pairs
from sd_covid.analysis.stacking.count import Given, Stacking, count, variables
from sd_covid.analysis.stacking.definition import (
    Association,
    Definition,
    read_associations,
    read_definition,
)
from sd_covid.analysis.stacking.figures import computed, read_figures
from sd_covid.analysis.stacking.present import basis, frame, year_mean
from sd_covid.errors import RunError
from sd_covid.policy.calendar import Calendar
from tests.analysis.stacking.conftest import pair_ratio


@pytest.fixture
def definition(study: Path) -> Definition:
    return read_definition(study.parents[1] / "scenarios" / "stacking.yaml")


@pytest.fixture
def associations(study: Path, definition: Definition) -> list[Association]:
    return read_associations(study.parent / "associations.csv", definition.problems)


@pytest.fixture
def run(study: Path) -> xr.Dataset:
    return sd_covid.load(study).run()


@pytest.fixture
def found(run: xr.Dataset, definition: Definition, associations: list[Association]) -> Stacking:
    return count(run, definition, associations, draws=30)


def test_shares_are_those_of_the_model(found: Stacking, run: xr.Dataset):
    """Persons: debt by the persons in a household in debt, unemployment over all of 12 and over."""
    unit = found.units["persons"]
    expected = {
        "problem debt": run["problem debt share by group"] / 100 * 0.904,
        "unemployment": run["unemployed by age and group"].sum("age") / run["population"].sum("age") * 0.833,
        "distress": run["distress prevalence by group"] / 100,
        "loneliness": run["strongly lonely by group"] / 100,
    }
    for at, name in enumerate(unit.problems):
        inside = unit.table[..., has(4)[at]].sum(axis=-1)
        values = expected[name].transpose("time", "group").values
        np.testing.assert_allclose(inside, values, atol=1e-10)


def test_a_household_has_what_at_least_one_independent_member_has(found: Stacking, run: xr.Dataset):
    unit = found.units["households"]
    at = unit.problems.index("loneliness")
    alone = run["strongly lonely by group"].transpose("time", "group").values / 100
    inside = unit.table[..., has(4)[at]].sum(axis=-1)
    np.testing.assert_allclose(inside, 1 - (1 - alone) ** 1.7, atol=1e-10)
    debt = unit.table[..., has(4)[unit.problems.index("problem debt")]].sum(axis=-1)
    np.testing.assert_allclose(debt, run["problem debt share by group"] / 100, atol=1e-10)


def test_the_whole_population_has_the_given_odds_ratios_at_the_start(
    found: Stacking, associations: list[Association]
):
    given = {frozenset((item.first, item.second)): item.ratio for item in associations}
    for unit in found.units.values():
        start = unit.whole(unit.table)[0]
        for at, (i, j) in enumerate(pairs(4)):
            expected = given[frozenset((unit.problems[i], unit.problems[j]))]
            assert float(pair_ratio(start, i, j)) == pytest.approx(expected, rel=1e-7)
            assert unit.within[at] < expected  # the groups explain the rest


def test_groups_add_up(found: Stacking):
    for unit in found.units.values():
        persons = unit.table * unit.thousands[..., None]
        whole = unit.whole(unit.table) * unit.thousands.sum(axis=-1)[:, None]
        np.testing.assert_allclose(persons.sum(axis=1), whole, rtol=1e-12)
        np.testing.assert_allclose(unit.table.sum(axis=-1), 1, rtol=1e-12)


def test_problems_that_go_together_stack_more_than_chance(found: Stacking):
    assert (found.units["persons"].index() > 1.2).all()


def test_without_associations_and_groups_nothing_stacks(
    study: Path, definition: Definition, associations: list[Association]
):
    """One group only and ratios of one: the index is one, and the share with none is a product."""
    run = sd_covid.load(study).run().isel(group=[0])
    flat = [replace(item, ratio=1.0, low=1.0, high=1.0) for item in associations]
    unit = count(run, definition, flat, draws=0).units["persons"]
    np.testing.assert_allclose(unit.index(), 1, rtol=1e-9)
    none = np.prod(1 - unit.shares(unit.table), axis=-1)
    np.testing.assert_allclose(unit.table[..., 0], none, rtol=1e-9)


def test_bands_hold_what_is_drawn_and_go_with_the_seed(
    run: xr.Dataset, definition: Definition, associations: list[Association], found: Stacking
):
    unit = found.units["households"]
    assert unit.drawn.shape == (30, *unit.table.shape)
    again = count(run, definition, associations, draws=30).units["households"]
    np.testing.assert_array_equal(unit.drawn, again.drawn)
    other = count(run, definition, associations, draws=30, seed=2).units["households"]
    assert not np.array_equal(unit.drawn, other.drawn)
    two = by_number(unit.whole(unit.drawn), 2)[..., 2]
    assert (two.min(axis=0) < by_number(unit.whole(unit.table), 2)[..., 2]).all()
    assert (two.max(axis=0) > by_number(unit.whole(unit.table), 2)[..., 2]).all()


def test_what_is_assumed_is_said(found: Stacking):
    said = basis(found.units["households"], "nl")
    assert said.startswith("berust op aannames: problematische schulden – werkloosheid")
    assert "huisgenoten" in said
    assert "huisgenoten" not in basis(found.units["persons"], "nl")
    assert basis(replace(found.units["persons"], assumed=()), "en") == "associations from sources"


def test_a_table_may_give_odds_ratios_of_another_moment(
    run: xr.Dataset, definition: Definition, associations: list[Association]
):
    other = Association("problem debt", "distress", 5.0, 5.0, 5.0, "a table", "B")
    found = count(run, definition, associations, draws=5, given={"persons": Given((other,), 24.0)})
    i, j = (found.units["persons"].problems.index(name) for name in ("problem debt", "distress"))
    for name, when, expected in (("persons", 24, 5.0), ("households", 0, 3.24)):
        unit = found.units[name]
        assert float(pair_ratio(unit.whole(unit.table)[when], i, j)) == pytest.approx(expected, rel=1e-7)
    drawn = found.units["persons"].drawn
    unit = found.units["persons"]
    np.testing.assert_allclose(pair_ratio(unit.whole(drawn)[:, 24], i, j), 5.0, rtol=1e-7)


def test_problems_that_a_model_lacks_are_left_out(
    run: xr.Dataset, definition: Definition, associations: list[Association]
):
    found = count(run.drop_vars("strongly lonely by group"), definition, associations, draws=0)
    assert found.left_out == ("loneliness",)
    assert found.units["persons"].problems == ("problem debt", "unemployment", "distress")
    few = run[["problem debt share by group", "population by group", "households"]]
    with pytest.raises(RunError, match="fewer than two problems") as caught:
        count(few, definition, associations, draws=0)
    assert "distress prevalence by group" in str(caught.value)


def test_a_unit_that_cannot_be_counted_is_an_error(run: xr.Dataset, definition: Definition):
    with pytest.raises(RunError, match="'households', by which units are counted"):
        variables(definition, dict.fromkeys(map(str, run.drop_vars("households").data_vars)))


def test_what_is_not_by_group_is_an_error(
    run: xr.Dataset, definition: Definition, associations: list[Association]
):
    flat = run.assign({"strongly lonely by group": run["strongly lonely by group"].sum("group")})
    with pytest.raises(RunError, match="is not by group"):
        count(flat, definition, associations, draws=0)


def test_the_table_of_results_adds_up(found: Stacking, study: Path):
    calendar = Calendar.of(sd_covid.load(study).model)
    table = frame(found, calendar)
    assert set(table["year"]) == {2015, 2016, 2017, 2018}  # January 2019 alone is no year
    for kind in ("number", "combination"):
        sums = table[table["kind"] == kind].groupby(["unit", "group", "year"])["share"].sum()
        np.testing.assert_allclose(sums, 100, rtol=1e-9)
    several = table[(table["kind"] == "number") & (table["group"] != "all")].groupby(
        ["unit", "year", "problems"]
    )
    whole = table[(table["kind"] == "number") & (table["group"] == "all")]
    both = whole.set_index(["unit", "year", "problems"])["thousands"].sort_index()
    np.testing.assert_allclose(several["thousands"].sum().sort_index(), both, rtol=1e-9)
    assert set(table["problems_nl"]) >= {"geen probleem", "problematische schulden + psychische klachten"}
    # the central value is not drawn, so it may lie outside the central 90 %; low and high keep their order
    assert (table["share_low"] <= table["share_high"]).all()


def test_a_mean_over_a_year_is_over_its_months(study: Path):
    calendar = Calendar.of(sd_covid.load(study).model)
    time = np.arange(24.0)
    band = year_mean(time, np.stack([time - 1, time + 1]), time, calendar, 2016)
    assert band is not None
    assert band.value == pytest.approx(np.arange(12, 24).mean())
    assert band.value - 1 <= band.low < band.value < band.high <= band.value + 1
    assert year_mean(time, np.empty((0, 24)), time, calendar, 2030) is None


def test_published_figures_are_read_and_computed(found: Stacking, study: Path, definition: Definition):
    calendar = Calendar.of(sd_covid.load(study).model)
    values = {
        item.id: value
        for item, value in computed(
            read_figures(study.parent / "stacking_figures.csv", definition), found, calendar
        )
    }
    unit = found.units["persons"]
    table = unit.whole(unit.table)[36:48]  # 2018
    present = has(4)
    debt, distress = (present[unit.problems.index(name)] for name in ("problem debt", "distress"))
    ratio = (table[:, debt & distress].sum(1) / table[:, debt].sum(1)) / (
        table[:, ~debt & distress].sum(1) / table[:, ~debt].sum(1)
    )
    assert values["F02"] is not None
    assert values["F02"].value == pytest.approx(ratio.mean(), rel=1e-9)
    assert values["F03"] is not None
    assert values["F03"].value == pytest.approx(100 * table[:, debt].sum(1).mean(), rel=1e-9)
    assert values["F04"] is None  # 2021 is not in this run
