"""Robustness in the report of a comparison: its numbers against plain arithmetic on the paired draws, and its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from lxml import html

from sd_covid.analysis.robustness.compared import choices, judge_choices
from sd_covid.data.text import Text
from sd_covid.errors import UnknownNameError
from sd_covid.policy.catalogue.levers import Step
from sd_covid.policy.paths import AssumptionPath
from sd_covid.report import write_report
from sd_covid.report.comparison.inputs import Looked
from sd_covid.report.comparison.sections import LEVELS, SECTIONS, shown
from sd_covid.report.robust.compared import compared_findings
from sd_covid.report.robust.names import RobustNames
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

YEARS = (2020, 2030)


@pytest.fixture(scope="module")
def opened(build):
    """The comparison with debt of 'early-withdrawal' better than nothing where a drawn constant is high, else worse."""
    comparison = build.comparison()
    rng = np.random.default_rng(5)
    draws = pd.DataFrame(rng.random((comparison.member.size, 6)), columns=[f"c{place}" for place in range(6)])
    levels = dict(comparison.levels)
    debt = levels["households in problem debt"].copy()
    debt[2] = debt[0] + np.where(draws["c2"].to_numpy() > 0.6, 8.0, -8.0)[:, None]
    levels["households in problem debt"] = debt
    return replace(comparison, levels=levels), draws


@pytest.fixture(scope="module")
def robust(opened):
    comparison, draws = opened
    simulation = SimpleNamespace(model=SimpleNamespace(variables={}))
    found = judge_choices(
        comparison, draws, simulation=simulation, study=SimpleNamespace(series=()), years=YEARS
    )
    assert found is not None
    return found


def gains(comparison, output: str) -> np.ndarray:
    """Mean over 2020–2030 as a difference, less is better, of the members that ran in every package."""
    paths = np.delete(comparison.levels[output], 3, axis=1)[:, :, 60:193]
    mean = (paths[:, :, 1:] + paths[:, :, :-1]).sum(axis=2) / 2 / 132
    return -(mean - mean[0])


def test_regret_and_chance_of_being_best_are_those_of_the_paired_draws(opened, robust):
    comparison, _ = opened
    for place, output in enumerate(("unemployment rate", "households in problem debt")):
        gained = gains(comparison, output)
        regret = gained.max(axis=0) - gained
        scores = robust.scores[place]
        # To the rounding of sums of 132 numbers below a thousand.
        assert scores.regret[0] == pytest.approx(regret.mean(axis=1), abs=1e-9)
        assert scores.regret[1] == pytest.approx(np.quantile(regret, 0.9, axis=1), abs=1e-9)
        assert scores.best == pytest.approx(
            (gained.argmax(axis=0)[:, None] == np.arange(3)).mean(axis=0), abs=1e-12
        )
        met = (gained >= scores.objective.relevance).mean(axis=1)
        assert scores.shown[[item.id for item in scores.metrics].index("starr")] == pytest.approx(
            met, abs=1e-12
        )


def test_what_must_be_true_is_the_limit_that_was_put_in(robust):
    (search,) = [item for item in robust.boxes if item.search.scenario == "early-withdrawal"]
    assert "households in problem debt" == search.search.objective
    (limit,) = search.found.chosen.limits
    assert ("c2", "low") == (limit.name, limit.side)
    # The box ends at a draw: the first of 199 in the unit interval beyond the threshold.
    assert limit.value == pytest.approx(0.6, abs=0.03)
    # A peel is a twentieth of the box: it may take a failure or two along.
    assert search.found.chosen.coverage > 0.95
    assert search.found.chosen.density > 0.95


def test_what_nobody_chooses_takes_no_part(build):
    comparison = build.comparison()
    null, first, second = comparison.scenarios

    def chosen(**settings):
        return choices(
            replace(comparison, scenarios=(null, replace(first, **settings), second)), ("Restrictions data",)
        )

    everything, others = ("actual", "no-support", "early-withdrawal"), ("actual", "early-withdrawal")
    step = Step(date(2020, 3, 1), 0.0)
    assert everything == chosen()
    assert everything == chosen(changes={"starts per clinician": (step,)})  # a measure without a lever
    assert others == chosen(changes={"restrictions data": (step,)})
    assert others == chosen(assumptions={"inflation": 4.0})
    path = AssumptionPath("wave", Text("golf", "wave"), Text("geen", "none"))
    assert others == chosen(path=path)


def test_too_few_draws_are_not_judged(opened):
    comparison, draws = opened
    few = replace(
        comparison,
        member=comparison.member[:50],
        levels={name: paths[:, :50] for name, paths in comparison.levels.items()},
    )
    study = SimpleNamespace(series=())
    assert judge_choices(few, draws[:50], simulation=None, study=study, years=YEARS) is None


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_tables_name_each_outcome_and_where_the_metrics_disagree(robust, language):
    names = RobustNames(robust, Glossary(), Texts(language))
    best, regret, first = compared_findings(names)
    assert list(best.table.iloc[:, 1:].sum(axis=1).round(9)) == [100.0, 100.0]
    assert [0.05, 0.5] == list(regret.table.iloc[:, 2])  # what matters, by the outputs themselves
    assert 2 == len(first.table)


@pytest.fixture(scope="module")
def pages(opened, robust, tmp_path_factory):
    """The page of each level, without charts over time."""
    comparison, _ = opened
    folder = tmp_path_factory.mktemp("levels")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sd_covid.report.comparison.page.path_panels", lambda *_, **__: []
        )  # drawing takes long
        for level in LEVELS:
            file = write_report(
                comparison,
                None,
                None,
                folder / f"{level}.html",
                "en",
                looked=Looked("early-withdrawal", robust),
                level=level,
            )
            found[level] = html.fromstring(file.read_text(encoding="utf-8"))
    return found


def test_each_level_has_all_that_the_one_below_it_has_in_the_same_order(pages):
    ids = {level: [item.get("id") for item in page.iter("section")] for level, page in pages.items()}
    assert ["answer", "headline", "paths", "must", "lights", "reproduce"] == ids["minister"]
    assert {"robust", "differences", "fit", "assumptions"} <= set(ids["adviser"]) - set(ids["minister"])
    assert "metrics" in set(ids["modeller"]) - set(ids["adviser"])
    for less, more in (("minister", "adviser"), ("adviser", "modeller")):
        assert ids[less] == [name for name in ids[more] if name in ids[less]]


def test_every_level_warns_when_the_state_of_the_model_is_not_known(pages):
    for page in pages.values():
        assert "#lights" in page.xpath("//section[@id='answer']/p[@class='warning']/a/@href")


def test_a_sentence_of_what_must_be_true_has_coverage_and_density_at_every_level(pages):
    for page in pages.values():
        said = " ".join(page.get_element_by_id("must").text_content().split())
        assert "‘Early withdrawal’ misses its target" in said
        assert "this covers 99% of the failures, and of these cases" in said


@pytest.mark.parametrize(("level", "first"), [("adviser", "charts"), ("minister", "looked")])
def test_a_report_looks_further_once_its_charts_are_begun(
    opened, robust, tmp_path, monkeypatch, level, first
):
    comparison, _ = opened
    order: list[str] = []
    monkeypatch.setattr(
        "sd_covid.report.comparison.page.path_panels", lambda *_, **__: order.append("charts") or []
    )

    def look():
        order.append("looked")
        return Looked("early-withdrawal", robust)

    file = tmp_path / "r.html"
    write_report(comparison, None, None, file, "en", looked=look, long_run=lambda: None, level=level)
    assert first == order[0]
    assert {"charts", "looked"} == set(order)
    assert "misses its target" in file.read_text(encoding="utf-8")


def test_every_section_has_its_file_and_title():
    folder = Path(__file__).parents[2] / "src" / "sd_covid" / "report" / "comparison" / "sections"
    assert {f"{item.id}.html.j2" for item in SECTIONS} == {file.name for file in folder.iterdir()}
    assert all(Texts("nl").has(f"section.{item.id}") for item in SECTIONS)
    everything = dict.fromkeys((item.needs for item in SECTIONS), True)
    assert [item.id for item in SECTIONS] == shown("modeller", everything)


def test_another_level_is_refused(comparison, tmp_path):
    with pytest.raises(UnknownNameError, match="'expert'"):
        write_report(comparison, None, None, tmp_path / "r.html", "nl", level="expert")
    assert [] == list(tmp_path.iterdir())
