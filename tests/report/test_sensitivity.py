"""A sensitivity analysis as findings. Expected: what the toy study makes certain, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid import figures
from sd_covid.analysis.sensitivity import Method, Sensitivity, analyse, read_plan
from sd_covid.errors import RunError, UnknownNameError
from sd_covid.report.figures.parts import figure_of
from sd_covid.report.finding.files import write_findings
from sd_covid.report.sensitivity.findings import provenance, sensitivity_findings, subtitle
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from tests.analysis.sensitivity.conftest import Toy, changed, plan_file  # noqa: F401 - a fixture
from tests.report.drawing import check_public, saved

OVER_TIME = "over_time: {scenario: none, outputs: [turning rate]}\noutcomes:\n"


@pytest.fixture
def analysed(plan_file: Path) -> Sensitivity:  # noqa: F811
    changed(plan_file, "outcomes:\n", "screening: {trajectories: 8}\n" + OVER_TIME)
    rng = np.random.default_rng(3)
    draws = pd.DataFrame({"gain": rng.uniform(0, 0.99, 60), "noise": rng.uniform(0, 0.1, 60)})
    text = "  ranges:\n    gain: {low: 0, high: 1, central: 0.5, distribution: uniform}\n"
    changed(plan_file, text, "")
    return analyse(replace(read_plan(plan_file, Toy(), posterior=draws), samples=256))


def test_each_outcome_and_path_says_what_it_depends_on(analysed: Sensitivity) -> None:
    findings = {item.id: item for item in sensitivity_findings(analysed, Glossary(), Texts("en"))}
    assert ["peak", "late", "time-turning-rate", "within-calibrated", "screening", "convergence"] == list(
        findings
    )
    first = findings["late"].sentences[0]
    assert first.startswith("The spread depends most on ")
    assert "slope (evidence\N{NO-BREAK SPACE}D) (0.5" in first
    assert "‘b’ compared with ‘b’, mean of 2016: 3" in findings["late"].sentences[2]
    # The turning rate is all gain at first and all slope at the end, and as wide at both.
    leads = findings["time-turning-rate"].sentences[0]
    assert (
        "calibrated parameters together (2015) and slope (evidence\N{NO-BREAK SPACE}D) (2016–2017)" in leads
    )
    assert "set aside 1 of 3 quantities" in findings["screening"].sentences[0]
    assert "explains 1.00 to 1.00 of that variance" in findings["within-calibrated"].sentences[1]
    assert "256 of 256 blocks" in findings["convergence"].sentences[1]


def test_the_table_holds_what_the_chart_shows_in_full(analysed: Sensitivity) -> None:
    findings = {item.id: item for item in sensitivity_findings(analysed, Glossary(), Texts("en"))}
    table = findings["late"].table
    late = next(item for item in analysed.outcomes if item.outcome.id == "late")
    assert sorted(table["total-order index"]) == sorted(late.indices.leading)
    path = findings["time-turning-rate"].table
    assert 25 == len(path)
    np.testing.assert_array_equal(
        path["Slope (evidence\N{NO-BREAK SPACE}D)"], analysed.paths[0].indices.leading[1]
    )


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_needs_nothing_else(analysed: Sensitivity, language: str, tmp_path: Path) -> None:
    texts = Texts(language)
    write_findings(
        sensitivity_findings(analysed, Glossary(), texts),
        tmp_path / "page.html",
        texts,
        title=texts("sens.title"),
        subtitle=subtitle(analysed, texts),
        provenance=provenance(analysed, "sd-covid sensitivity", texts),
    )
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 6
    assert texts("sens.path.title", output="Turning rate" if language == "en" else "Draaiende graad") in page


@pytest.mark.parametrize("last", [(0.1, 0.2), (4e-4, 1e-7)], ids=["chance", "nil"])
def test_only_pairs_beyond_chance_and_nil_are_named(plan_file: Path, last: tuple[float, float]) -> None:  # noqa: F811
    plan = replace(read_plan(plan_file, Toy()), second_order=True, samples=64, resamples=20)
    found = analyse(replace(plan, outcomes=plan.outcomes[:1]))
    pairs, halves = np.full((2, 3, 3), np.nan)
    pairs[np.triu_indices(3, 1)], halves[np.triu_indices(3, 1)] = [0.04, 0.3, last[0]], [0.05, 0.1, last[1]]
    item = found.outcomes[0]
    indices = replace(item.indices, pairs=pairs, pair_half_widths=halves)
    found = replace(found, outcomes=(replace(item, indices=indices),))
    told = {item.id: item for item in sensitivity_findings(found, Glossary(), Texts("en"))}["pairs"]
    assert [0.3] == told.table["second-order index"].tolist()
    assert "Slope" in told.sentences[0]
    assert "× gain" in told.sentences[0]
    assert "(0.30 of the variance, with 90 % between 0.20 and 0.40)" in told.sentences[0]
    assert saved(figures.sensitivity_pairs(found)) == saved(figure_of(told, None))


@pytest.mark.parametrize("method", ["morris", "pawn", "fast", "rbd-fast", "regional", "delta"])
def test_every_method_has_its_words(plan_file: Path, method: Method) -> None:  # noqa: F811
    plan = replace(read_plan(plan_file, Toy()), method=method, samples=128, resamples=10)
    found = analyse(replace(plan, outcomes=plan.outcomes[:1]))
    for language in ("nl", "en"):
        first, last = sensitivity_findings(found, Glossary(), Texts(language))
        assert 3 == len(first.sentences)
        assert first.figure is not None
        assert "idle" not in first.sentences[0].lower()
        assert "convergence" == last.id
        assert "–" != first.table.iloc[0, 3]


def test_the_public_figures_draw_the_indices(analysed: Sensitivity) -> None:
    path = analysed.paths[0]
    upper = figures.sensitivity_over_time(analysed, "Turning_Rate").axes[0]
    layers = [layer.get_paths()[0].vertices[:, 1].max() for layer in upper.collections]
    known = np.isfinite(path.indices.leading).all(axis=0)
    assert max(layers) == pytest.approx(path.indices.leading[:, known].clip(min=0).sum(axis=0).max())
    bars = figures.sensitivity(analysed, "late", language="nl").axes[0].patches
    late = next(item for item in analysed.outcomes if item.outcome.id == "late")
    assert max(bar.get_width() for bar in bars) == pytest.approx(float(np.nanmax(late.indices.leading)))
    assert figures.sensitivity_convergence(analysed).axes[0].lines
    with pytest.raises(UnknownNameError, match="'turning rate'"):
        figures.sensitivity_over_time(analysed, "turning rat")


def test_every_finding_of_an_analysis_has_its_public_figure(analysed: Sensitivity) -> None:
    makers = (
        figures.sensitivity_convergence,
        figures.sensitivity_within,
        figures.sensitivity_screening,
    )
    check_public(
        lambda texts: sensitivity_findings(analysed, Glossary(), texts),
        lambda language: [
            *(
                figures.sensitivity(analysed, item.outcome.id, language=language)
                for item in analysed.outcomes
            ),
            figures.sensitivity_over_time(analysed, "turning rate", language=language),
            *(make(analysed, language=language) for make in makers),
        ],
    )


def test_a_figure_of_what_was_not_analysed_is_refused(analysed: Sensitivity) -> None:
    bare = replace(
        analysed, screened=None, outcomes=tuple(replace(item, within=None) for item in analysed.outcomes)
    )
    bare = replace(bare, paths=())
    for make, said in (
        (figures.sensitivity_pairs, "pairs of factors were not told apart"),
        (figures.sensitivity_within, "no posterior is among the factors"),
        (figures.sensitivity_screening, "no factors were screened"),
    ):
        with pytest.raises(RunError, match=said):
            make(bare)
