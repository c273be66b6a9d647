"""Stacking of the Dutch model: national odds ratios, published shares, and the smaller variant."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sd_covid
from sd_covid.analysis.stacking.association import by_number, pairs
from sd_covid.analysis.stacking.count import Stacking, count, variables
from sd_covid.analysis.stacking.definition import read_associations, read_definition
from sd_covid.analysis.stacking.figures import computed, read_figures
from sd_covid.policy.calendar import Calendar
from tests.analysis.stacking.conftest import pair_ratio
from tests.models_nl.conftest import MODELS

DEFINITION = read_definition(MODELS.parent / "scenarios" / "stacking.yaml")
ASSOCIATIONS = read_associations(MODELS / "associations.csv", DEFINITION.problems)


@pytest.fixture(scope="module")
def stacked(history: xr.Dataset) -> Stacking:
    """Of the run with everything as it was, without bands."""
    return count(history, DEFINITION, ASSOCIATIONS, draws=0)


def test_the_model_counts_every_problem(netherlands: sd_covid.Simulation, stacked: Stacking) -> None:
    _, left_out = variables(DEFINITION, netherlands.model.variables)
    assert left_out == []
    assert set(stacked.units) == {"persons", "households"}


def test_the_country_has_the_odds_ratios_of_the_literature_in_january_2015(stacked: Stacking) -> None:
    given = {frozenset((item.first, item.second)): item.ratio for item in ASSOCIATIONS}
    for unit in stacked.units.values():
        start = unit.whole(unit.table)[0]
        for i, j in pairs(len(unit.problems)):
            expected = given[frozenset((unit.problems[i], unit.problems[j]))]
            assert float(pair_ratio(start, i, j)) == pytest.approx(expected, rel=1e-7)


def test_national_odds_ratios_stay_near_those_of_the_start(stacked: Stacking) -> None:
    """Ratios within groups are kept; those of the country move as the groups grow apart, which is a tenth at most."""
    for unit in stacked.units.values():
        whole = unit.whole(unit.table)
        for i, j in pairs(len(unit.problems)):
            ratio = pair_ratio(whole, i, j)
            assert np.abs(ratio / ratio[0] - 1).max() < 0.1


def test_shares_of_each_problem_are_the_national_ones(stacked: Stacking, history: xr.Dataset) -> None:
    """Distress and loneliness of persons are what the sectors report, debt of households what is registered."""
    persons, households = stacked.units["persons"], stacked.units["households"]
    shares = persons.shares(persons.whole(persons.table))
    for name, variable in (("distress", "distress prevalence"), ("loneliness", "strongly lonely")):
        mine = 100 * shares[:, persons.problems.index(name)]
        # the groups are weighted by persons of 12 and over in both, whatever their age: no difference but rounding
        np.testing.assert_allclose(mine, history[variable], rtol=1e-6)
    debt = households.shares(households.whole(households.table))[:, households.problems.index("problem debt")]
    np.testing.assert_allclose(100 * debt, history["problem debt share"], rtol=1e-9)


def test_the_crisis_stacks_problems(stacked: Stacking) -> None:
    """More persons with two or more in 2021 than in 2019, by distress and loneliness; fewer again by 2025."""
    unit = stacked.units["persons"]
    several = by_number(unit.whole(unit.table), 2)[:, 2]
    mean = {year: several[12 * (year - 2015) : 12 * (year - 2014)].mean() for year in (2019, 2021, 2025)}
    assert mean[2021] > 1.1 * mean[2019]
    assert mean[2025] < mean[2021]


def test_published_ratios_are_of_the_same_order(stacked: Stacking, netherlands: sd_covid.Simulation) -> None:
    """Where a figure is near enough to compare: within a third of its range, as definitions differ (see its reason)."""
    calendar = Calendar.of(netherlands.model)
    compared = 0
    for item, value in computed(read_figures(MODELS / "stacking_figures.csv", DEFINITION), stacked, calendar):
        assert value is not None, item.id
        if item.comparable == "roughly":
            assert item.low / 1.34 <= value.value <= item.high * 1.34, item.id
            compared += 1
    assert compared >= 3


def test_one_group_stacks_as_much_in_the_country(stacked: Stacking) -> None:
    """The smaller variant has the same national shares and ratios at the start, so nearly the same stacking."""
    simulation = sd_covid.load(MODELS / "netherlands-lite.yaml")
    wanted, _ = variables(DEFINITION, simulation.model.variables)
    lite = count(simulation.run(outputs=wanted), DEFINITION, ASSOCIATIONS, draws=0)
    for name, unit in lite.units.items():
        assert unit.groups == ("everyone",)
        mine = by_number(unit.whole(unit.table), 3)[0]
        full = stacked.units[name]
        theirs = by_number(full.whole(full.table), 3)[0]
        # what is left are interactions of three that groups bring about
        np.testing.assert_allclose(mine, theirs, rtol=0.12)
