"""What rests on an assumption is told first, outcomes stand under themes. Expected: the numbers behind the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from lxml import html

from sd_covid.data.text import Text
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.catalogue.outputs import WELFARE, Output
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.comparison.long_run import LongRun, LongRunPlan
from sd_covid.policy.paths import AssumptionPath
from sd_covid.report import write_report
from sd_covid.report.comparison.effects import cell_of
from sd_covid.report.comparison.evidence import assumption_rows
from sd_covid.report.comparison.packages import package_rows
from sd_covid.report.words.texts import Texts, all_texts
from sd_covid.report.words.wording import welfare_word

PLAN = LongRunPlan(
    Text("Alles rust op littekens.", "All of it rests on scars."),
    Text("met littekens", "with scars"),
    AssumptionPath(
        "no-scarring", Text("Zonder littekens", "Without scars"), Text("a", "b"), assumptions={"scar": 0.0}
    ),
    (2030, 2035),
)
THEMES = {
    "unemployment rate": ("work and income", "arbeid en vrije tijd", "figures"),
    "households in problem debt": ("housing and debt", "materiële welvaart", "partly assumption"),
    "jobs": ("housing and debt", "arbeid en vrije tijd", "figures"),
    "problem debt share by group[vulnerable]": ("housing and debt", "wonen", "assumption"),
}


def themed(output: Output) -> Output:
    theme, welfare, basis = THEMES[output.name]
    return replace(output, theme=theme, welfare=welfare, basis=basis)


@pytest.fixture(scope="module")
def found(build) -> LongRun:
    """Scars raise debt by 5 thousand from 2025 on, in every scenario alike, and leave unemployment alone."""
    assumed = build.comparison()
    assumed = replace(assumed, outputs=tuple(map(themed, assumed.outputs)))
    levels = dict(assumed.levels)
    levels["households in problem debt"] = levels["households in problem debt"] - 5.0 * (assumed.time >= 120)
    return LongRun(PLAN, assumed, replace(assumed, levels=levels))


@pytest.fixture(scope="module", params=["nl", "en"])
def page(request, found, tmp_path_factory):
    """The report of it in one language."""
    file = tmp_path_factory.mktemp("themes") / "r.html"
    write_report(found.assumed, None, None, file, request.param, long_run=found)
    parsed = html.fromstring(file.read_text(encoding="utf-8"))
    return request.param, parsed


def text(node) -> str:
    return " ".join(node.text_content().split())


def test_the_answer_says_itself_what_the_long_run_rests_on(page):
    language, parsed = page
    first, second = list(parsed.iter("section"))[:2]
    assert ["answer", "long-run"] == [first.get("id"), second.get("id")]
    warned = first.xpath("p[@class='warning']")[0]
    assert text(warned).startswith(PLAN.said.in_language(language))
    assert ["#long-run"] == warned.xpath("a/@href")


def test_both_results_stand_side_by_side_with_their_paired_difference(page, found):
    _, parsed = page
    rows = parsed.xpath("//table[contains(@class,'both')]/tbody/tr")
    assert 1 == len(rows)
    # Shifted by 5 exactly, up to the rounding of a subtraction of numbers near 700.
    assert [5.0, 5.0] == pytest.approx([float(cell) for cell in rows[0].xpath("td/@data-median")], rel=1e-12)
    levels = [text(cell) for cell in rows[0].xpath("td[@class='value']")]
    for position, year in enumerate((2030, 2035)):
        rests = found.rests("households in problem debt", "actual", year)
        shown = [float(level.replace(",", ".")) for level in levels[2 * position : 2 * position + 2]]
        assert shown == pytest.approx([rests.level.median, rests.reference_level.median], abs=0.5)


def test_what_does_not_rest_on_it_is_named_and_so_is_that_packages_do_not(page):
    language, parsed = page
    said = text(parsed.get_element_by_id("long-run"))
    assert all_texts()["longrun.packages_same"].in_language(language) in said
    assert ("werkloosheid" if language == "nl" else "unemployment") in said


def test_a_package_whose_effect_depends_on_it_is_told(found):
    from sd_covid.report.comparison.long_run import long_run_view

    levels = dict(found.bare.levels)
    moved = levels["households in problem debt"].copy()
    moved[1, :, 120:] -= 9.0
    levels["households in problem debt"] = moved
    view = long_run_view(replace(found, bare=replace(found.bare, levels=levels)), Texts("en"))
    assert "households in problem debt" in view.packages


def test_outcomes_stand_under_the_theme_of_the_dashboard_and_say_when_they_rest_on_assumption(page):
    language, parsed = page
    tables = parsed.xpath("//section[@id='differences']//table")
    heads = [text(row) for row in tables[0].xpath("tbody/tr[@class='theme']")]
    words = all_texts()
    expected = ["theme.work and income", "theme.housing and debt"]
    assert [words[name].in_language(language) for name in expected] == heads
    marks = [text(mark) for mark in parsed.xpath("//section[@id='side']//span[@class='basis']")]
    assert words["basis.assumption"].in_language(language) in marks


def test_every_theme_of_well_being_is_there_also_those_that_are_not_modelled(page):
    language, parsed = page
    section = parsed.get_element_by_id("welfare")
    words = all_texts()
    titles = [text(cell) for cell in section.xpath(".//tbody//th")]
    assert [words[f"welfare.{theme}"].in_language(language) for theme in WELFARE] == titles
    missing = [
        row
        for row in section.xpath(".//tbody/tr")
        if words["welfare.none"].in_language(language) in text(row)
    ]
    # Three of the eight have outcomes; that of housing is of a group only.
    assert 6 == len(missing)


def test_an_outcome_that_rests_on_assumption_has_a_hollow_arrow_whatever_the_package(found):
    difference = found.rests("households in problem debt", "actual", 2030)
    assert "▲" == cell_of(difference, "A", Texts("en")).arrow
    guessed = replace(difference, output=replace(difference.output, basis="assumption"))
    assert "△" == cell_of(guessed, "A", Texts("en")).arrow


def test_a_neutral_outcome_goes_up_or_down_and_is_neither_good_nor_bad(found):
    difference = found.rests("households in problem debt", "actual", 2030)
    neutral = replace(difference, output=replace(difference.output, better="neutral"))
    assert "word.higher" == welfare_word(neutral)
    assert "neutral" == cell_of(neutral, "A", Texts("en")).tone
    assert "word.probably_lower" == welfare_word(replace(neutral, verdict="probably lowers"))


def test_assumptions_that_the_study_does_not_name_stand_apart(found):
    range_ = Range(0.0, 1.0, 0.5, "uniform")
    other = Assumption("relapse-rate", Text("relapse rate", "relapse rate"), "relapse rate", "1/Month", range_,
                       Text("b", "a"), "D", listed=False)  # fmt: skip
    comparison = replace(found.assumed, assumptions=found.assumed.assumptions | {"relapse-rate": other})
    assert ["Speed of finding a job"] == [row.title for row in assumption_rows(comparison, Texts("en"))]
    assert ["relapse rate"] == [row.title for row in assumption_rows(comparison, Texts("en"), listed=False)]


def test_a_budget_and_a_delivery_that_differ_are_said(found):
    null, package, *_ = found.assumed.scenarios
    lever = found.assumed.levers["now"]
    actual = LeverSetting(1.0, date(2020, 3, 1), date(2022, 4, 1), 100.0, "national")
    changed = replace(actual, budget=25.5, delivery="municipal")
    comparison = replace(
        found.assumed,
        scenarios=(replace(null, levers={"now": actual}), replace(package, levers={"now": changed})),
        levers={"now": replace(lever, actual=actual)},
    )
    (row,) = package_rows(comparison, Texts("en"))
    assert "as it was, from 1 March 2020 to 1 April 2022" == row.settings[0][0]
    assert row.settings[1][0].endswith("; budget 25.5 million euro; delivered by municipalities")


def test_a_package_says_under_which_path_of_assumptions_it_runs(found, tmp_path):
    null, *others = found.assumed.scenarios
    comparison = replace(found.assumed, scenarios=(replace(null, path=PLAN.without), *others))
    file = write_report(comparison, None, None, tmp_path / "r.html", "en")
    said = text(html.fromstring(file.read_text(encoding="utf-8")).get_element_by_id("packages"))
    assert 1 == said.count("Under the path ‘Without scars’. b")


def test_a_difference_that_never_matters_has_no_chart_but_a_sentence(found, tmp_path):
    outputs = tuple(replace(output, relevance=1e6) for output in found.assumed.outputs)
    file = write_report(replace(found.assumed, outputs=outputs), None, None, tmp_path / "r.html", "en")
    parsed = html.fromstring(file.read_text(encoding="utf-8"))
    assert 2 == len(parsed.xpath("//section[@id='paths']//figure"))
    assert "No difference that matters in any year" in text(parsed.get_element_by_id("paths"))
    assert np.isfinite(found.assumed.levels["unemployment rate"]).all()
