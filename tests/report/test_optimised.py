"""The findings of a search. Expected: the arrays that they are made of, and texts in both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sd_covid import figures
from sd_covid.analysis.optimisation.optimise import Optimised, optimise
from sd_covid.errors import RunError
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.finding.statement import Finding
from sd_covid.report.optimised.findings import findings, provenance
from sd_covid.report.words.texts import Texts
from tests.analysis.optimisation.test_evaluate import planned
from tests.analysis.optimisation.town import PLAN
from tests.report.drawing import check_public, words


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Optimised:
    return optimise(planned(tmp_path_factory.mktemp("town")))


def by_id(made: list[Finding]) -> dict[str, Finding]:
    return {item.id: item for item in made}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_finding_says_what_it_does_not_say_and_draws_what_it_shows(
    found: Optimised, language: str
) -> None:
    made = findings(found, Texts(language))
    assert ["front", "frontier", "content", "own-cost", "left-of-the-search"] == [item.id for item in made]
    for item in made:
        assert item.caution
        assert all("{" not in text for text in (item.title, *item.sentences, item.caution))
        if item.figure is not None:
            with chart_style():
                item.figure().draw_without_rendering()
            assert item.described
    assert all(provenance(found, "sd-covid optimise", Texts(language)).values())


def test_tables_hold_the_numbers_of_the_fresh_draws(found: Optimised) -> None:
    texts = Texts("en")
    table = by_id(findings(found, texts))["front"].table
    shown = [*found.shown, *(rival.scenario for rival in found.rivals)]
    cost = [item.cost.mean() for item in shown]
    np.testing.assert_array_equal(cost, table["Cost (million euro, present value)"])
    name = "Unemployment (percent, mean over 2020 to 2024)"
    np.testing.assert_array_equal([item.differences[1].mean() for item in shown], table[name])
    low = [np.quantile(item.differences[1], 0.05) for item in shown]
    np.testing.assert_array_equal(low, table["Unemployment: 5 %"])
    assert 1 == (table["Kind"] == "found, knee").sum()


def test_the_difference_between_search_and_fresh_draws_is_told(found: Optimised) -> None:
    table = by_id(findings(found, Texts("en")))["left-of-the-search"].table
    searched = [item.searched[1] for item in found.shown]
    fresh = [item.fresh[1] for item in found.shown]
    rows = table[table["Objective"].str.startswith("Unemployment")]
    np.testing.assert_array_equal(np.subtract(fresh, searched), rows["Difference"])
    assert (rows["Difference"] != 0).any()


def test_a_measure_without_a_price_is_named_in_the_caution(tmp_path: Path) -> None:
    pause = "levers:\n  pause: {level: [0, 1], start: 2020-01-01, months: 24}\n"
    found = optimise(planned(tmp_path, PLAN.replace("levers:\n", pause, 1)))
    assert any("pause" in item.levers for item in found.shown)
    assert (
        "Without a price, and therefore too cheap: pause"
        in by_id(findings(found, Texts("en")))["front"].caution
    )


def test_where_no_package_keeps_the_limits_that_is_said(tmp_path: Path) -> None:
    # Guidance cannot be left out, and what it spends is more than may be spent.
    text = PLAN.replace("{level: [0, 1], start: [2020", "{level: 1, start: [2020") + "limits: {spent: 5}\n"
    found = optimise(planned(tmp_path, text))
    made = by_id(findings(found, Texts("en")))
    assert not found.shown
    assert "None of the" in made["front"].sentences[0]


def test_the_public_figure_puts_packages_at_cost_and_effect_on_fresh_draws(found: Optimised) -> None:
    drawn = figures.pareto(found, language="nl", size=(9.0, 4.0))
    effects = [place for place, item in enumerate(found.plan.objectives) if item.output is not None]
    shown = [axes for axes in drawn.axes if axes.get_visible()]
    assert len(shown) == len(effects)
    expected = [(item.cost.mean(), item.fresh[effects[0]]) for item in found.shown]
    points = [dots.get_offsets() for dots in shown[0].collections]
    assert any(np.array_equal(item, expected) for item in points)
    assert tuple(drawn.get_size_inches()) == (9.0, 4.0)
    lines = figures.packages(found).axes[0].lines
    assert len(lines) >= len(found.found.front) + len(found.shown)


def test_every_finding_of_a_search_has_its_public_figure(found: Optimised) -> None:
    makers = (
        figures.packages,
        figures.pareto,
        figures.package_contents,
        figures.package_rivals,
        figures.optimisers_curse,
    )
    check_public(
        lambda texts: findings(found, texts),
        lambda language: [make(found, language=language) for make in makers],
    )


def test_the_public_figures_show_contents_and_what_is_left(found: Optimised) -> None:
    told = [item for item in found.shown if item.levers]
    dots = [text for text in words(figures.package_contents(found)) if text == "●"]
    assert len(dots) == sum(len(item.levers) for item in told)
    effects = [place for place, item in enumerate(found.plan.objectives) if item.output is not None]
    gaps = []
    for place in effects:
        searched, fresh = (
            np.array([getattr(item, name)[place] for item in found.shown]) for name in ("searched", "fresh")
        )
        gaps.append(100 * (fresh - searched).mean() / np.abs(searched).mean())
    bars = figures.optimisers_curse(found, language="nl").axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx(gaps)


def test_a_search_without_packages_or_scenarios_has_no_such_figure(found: Optimised) -> None:
    none = replace(found, shown=())
    for make in (figures.packages, figures.pareto, figures.package_contents, figures.optimisers_curse):
        with pytest.raises(RunError, match="no package keeps the limits"):
            make(none)
    with pytest.raises(RunError, match="no scenarios beside the packages"):
        figures.package_rivals(replace(found, rivals=()))
