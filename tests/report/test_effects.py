"""What a report says of differences. Expected: by hand, from comparisons that are changed for the purpose."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from sd_covid.policy.catalogue.levers import LeverSetting, Step
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.report.comparison.amounts import amount
from sd_covid.report.comparison.effects import findings, package_grade
from sd_covid.report.comparison.money import cost_tables
from sd_covid.report.comparison.packages import package_rows
from sd_covid.report.words.texts import Texts

EN = Texts("en")


def of_package(comparison: Comparison, **fields: object) -> Comparison:
    """The comparison with another first package."""
    null, package, *others = comparison.scenarios
    return replace(comparison, scenarios=(null, replace(package, **fields), *others))


@pytest.mark.parametrize(
    "fields",
    [
        {"constants": {"x": 1.0}},
        {"assumptions": {"matching": 0.2}},
        {"changes": {"x": (Step(date(2025, 1, 1), factor=0.9),)}},
    ],
)
def test_what_is_set_directly_has_the_lowest_grade(comparison: Comparison, fields: dict[str, object]) -> None:
    now = {"now": comparison.levers["now"].actual}
    strong = replace(comparison, levers=dict.fromkeys(comparison.levers, comparison.levers["now"]))
    graded = of_package(strong, levers={**comparison.scenarios[1].levers, **now})
    assert package_grade(graded, "no-support") < "D"
    assert "D" == package_grade(of_package(graded, **fields), "no-support")


def test_a_lever_that_is_off_in_both_does_not_differ(comparison: Comparison) -> None:
    off = dict.fromkeys(comparison.levers, LeverSetting(0.0, date(2020, 1, 1), date(2021, 1, 1)))
    later = dict.fromkeys(comparison.levers, LeverSetting(0.0, date(2021, 1, 1), date(2022, 1, 1)))
    null, package, *_ = comparison.scenarios
    found = replace(comparison, scenarios=(replace(null, levers=off), replace(package, levers=later)))
    assert {(("not used", False), ("not used", False))} == {row.settings for row in package_rows(found, EN)}


def test_a_package_that_comes_later_is_told_in_the_first_year_in_which_it_matters(
    comparison: Comparison,
) -> None:
    name = "households in problem debt"
    levels = comparison.levels[name].copy()
    late = comparison.date >= np.datetime64("2025-06-01")
    levels[1] = levels[0] + np.where(late, np.linspace(10.0, 20.0, levels.shape[1])[:, None], 0.0)
    moved = replace(comparison, levels=comparison.levels | {name: levels})
    told, *_ = next(
        item.said
        for item in findings(moved, 2022, (2020, 2024), EN, later=(2025, 2030))
        if item.place.startswith("Households")
    )
    first, _, after = told.sentence.partition(" Later there is, end of 2025: ")
    assert first.startswith("No difference between ‘No support’")
    assert "‘No support’ raises this by" in after


def test_what_rounding_leaves_of_a_sum_is_nil_and_has_no_colour(comparison: Comparison) -> None:
    """0.3 - (0.1 + 0.2) is -5.6e-17 a year: no amount of money, and neither good nor bad."""
    spent = {"actual": 0.1 + 0.2, "no-support": 0.3}
    costs = tuple(
        replace(line, nominal=np.full_like(line.nominal, spent.get(line.scenario, 0.0)))
        if line.priced
        else line
        for line in comparison.costs
    )
    same = replace(comparison, costs=costs)
    rows = cost_tables(same, "households in problem debt", (2020, 2030), EN)[0].rows
    assert {"0", "PM"} == {row.difference for row in rows}
    tiny = amount(Spread.of(np.array([-2e-5, -1e-5])), EN, finest=0.01, toned=True)
    assert ("0", "neutral") == (tiny.mean, tiny.tone)
    small = amount(Spread.of(np.array([-2.0, -1.0])), EN, finest=0.01, toned=True)
    assert "bad" == small.tone
