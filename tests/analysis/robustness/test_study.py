"""A study of robustness from its file to its findings, on a town whose answers are known in closed form."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import sd_covid
from sd_covid import figures
from sd_covid.analysis.robustness import read_plan
from sd_covid.analysis.robustness.pipeline import PATH, Robust, cases_of, judge, judge_comparison
from sd_covid.analysis.robustness.runs import run_worlds
from sd_covid.cli.app import execute
from sd_covid.errors import RunError, ScenarioError, UnknownNameError
from sd_covid.policy.comparison.draws import joint_draws
from sd_covid.policy.titles import read_titles
from sd_covid.report.robust.findings import findings
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.study_folder import study_folder
from tests.report.drawing import check_public, words

from .conftest import ROBUST, plan_of


def test_outcomes_scores_and_reversals_are_those_of_the_closed_form(judged: Robust) -> None:
    found, plan = judged, judged.plan
    drawn = joint_draws(plan.posterior, plan.study.assumptions, plan.study.names, 50, 1)
    ease, slope = drawn["ease"].to_numpy(), drawn["slope"].to_numpy()
    rise = 0.875 * ease * slope
    values = found.outcomes.values  # (objective, world, package, draw); packages actual, none, half
    usual, falling, easier = values[0]
    np.testing.assert_allclose(usual, [0 * rise, rise, rise / 2], rtol=1e-12)
    np.testing.assert_allclose(falling[1], -2 * 0.875 * ease, rtol=1e-12)
    np.testing.assert_allclose(easier[1], 0.875 * 0.5 * slope, rtol=1e-12)
    # 2021 has two and a half months of it: to month 74, where it has ended, and half of the one before
    np.testing.assert_allclose(
        values[1, 0, 1] - values[1, 0, 0], ease * slope * (10.5 + 1.5) / 12, rtol=1e-12
    )
    # 365 million of subsidy, of 2020 and two months of 2021, is saved or half of it
    assert (values[2, 0, 1] < values[2, 0, 2]).all()
    np.testing.assert_allclose(values[2, 0, 1], 2 * values[2, 0, 2], rtol=1e-12)

    rate = found.scores[0]
    np.testing.assert_allclose(rate.best_by_world, [[1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(rate.best, [0.5, 0.5, 0])
    np.testing.assert_allclose(
        rate.regret[2], [1.75 * ease.max(), rise.max(), max(rise.max() / 2, 0.875 * ease.max())], rtol=1e-12
    )
    assert rate.worst_world[:2] == ("falling", "usual")
    draws, path, structure = found.reversals[0].rows
    assert (draws.share, draws.pairs) == (0.0, 3)
    assert (path.world, path.turned, path.share) == ("falling", 3, 1.0)
    assert (structure.world, structure.turned, structure.share) == ("easier", 0, 0.0)
    # targets: a rise of 0.8 at most, and no extra cost; the actual package always meets both
    met = np.mean(np.concatenate([rise <= 0.8, np.ones(50, bool)]))
    np.testing.assert_allclose(found.together, [1, met, np.mean([*(rise / 2 <= 0.8), *[True] * 50])])


@pytest.mark.parametrize(("language", "one", "several"), [("nl", "haalt", "halen"), ("en", "meets", "meet")])
def test_packages_that_come_first_together_are_told_in_the_plural(
    judged: Robust, language: str, one: str, several: str
) -> None:
    def told(together: list[float]) -> str:
        made = findings(replace(judged, together=np.array(together)), Glossary(), Texts(language))
        return next(item for item in made if item.id == "together").sentences[0]

    assert f" {one} " in told([0.5, 0.9, 0.2])
    assert f" {several} " in told([0.9, 0.9, 0.2])


def test_failure_is_found_where_it_is_planted(judged: Robust) -> None:
    # A rise of more than 0.8 is a slope of more than 0.6 at least: never under the falling path, whose slope is -2.
    found = judged.boxes[0].found
    assert found is not None
    assert {limit.name for limit in found.chosen.limits} <= {PATH, "slope", "ease"}
    assert "slope" in found.chosen.columns or PATH in found.chosen.columns
    assert found.chosen.density > 0.9


def test_value_of_information_and_of_figures(judged: Robust) -> None:
    # Among three packages of which the null is best in every draw of the first path, nothing is worth knowing.
    learnt = judged.learnt
    assert learnt is not None
    assert learnt.value.everything.raw == 0.0
    assert set(learnt.value.parts) == {"ease", "slope", "all"}
    assert all(item.corrected == pytest.approx(0, abs=1e-9) for item in learnt.value.parts.values())
    # The rate under the null alternative is 4 ease: seeing it tells ease, and nothing of slope.
    assert learnt.tellers["ease"][0].share > 0.99
    assert learnt.tellers["slope"][0].share < 0.2


def test_value_for_money(judged: Robust) -> None:
    found = judged.worth["both"]
    # Fewer points cost subsidy: without, while a point-year is worth little; with all of it, when much. Half is on the
    # line between the two, and never leads alone.
    assert [lead.package for lead in found.leads] == [1, 0]
    assert found.effect[1] == pytest.approx(2 * found.effect[2])
    turn = found.leads[1].low
    assert turn == pytest.approx(found.cost[1] / found.effect[1])


@pytest.mark.parametrize("language", ["nl", "en"])
def test_findings_say_it_in_words_without_names_of_parameters(judged: Robust, language: str) -> None:
    glossary = Glossary(named=read_titles(study_folder(judged.plan.file)))
    told = findings(judged, glossary, Texts(language))
    assert len({item.id for item in told}) == len(told)
    for item in told:
        assert all(re.fullmatch(r"[A-ZÀ-Ž‘].*[.:]", sentence, re.S) for sentence in item.sentences), (
            item.sentences
        )
        assert "{" not in " ".join(
            (*item.sentences, item.caution, item.described, *map(str, item.table.columns))
        )
        assert item.figure is not None
        assert len(item.table)
        assert 2 <= len(item.sentences) <= 4
        assert item.caution
    box = next(item for item in told if item.id.startswith("box"))
    said = " ".join(box.sentences)
    # Points added up over two years are no points.
    both = next(item for item in told if item.id == "regret-both")
    assert {"nl": "procentpunt × jaar", "en": "percentage points × years"}[language] in both.sentences[0]
    assert {"nl": "‘helling’ boven", "en": "‘slope’ is above"}[language] in said
    assert {"nl": "dekt", "en": "covers"}[language] in said
    reversal = next(item for item in told if item.id == "reversals")
    assert "Falling" in reversal.sentences[1]
    assert "100" in reversal.sentences[1]


def test_every_finding_of_a_study_has_its_public_figure(judged: Robust) -> None:
    def public(language: str) -> list[Figure]:
        objectives = [item.objective.id for item in judged.scores]
        return [
            *(
                make(judged, one, language=language)
                for make in (figures.metric_ranks, figures.regret)
                for one in objectives
            ),
            figures.targets(judged, language=language),
            figures.reversals(judged, language=language),
            figures.failure_box(judged, language=language),
            *(
                figures.failure_regions(judged, language=language)
                for _ in range(judged.boxes[0].found.tree is not None)
            ),
            figures.best_buy(judged, "both", language=language),
            figures.information(judged, language=language),
        ]

    check_public(lambda texts: findings(judged, Glossary(), texts), public)


def test_a_figure_of_what_was_not_asked_is_refused(judged: Robust) -> None:
    shares = [text for text in words(figures.best_shares(judged)) if text in ("0", "50", "100")]
    assert len(shares) == judged.outcomes.values.shape[0] * 3
    assert shares[:3] == ["50", "50", "0"]  # of the rate: the null under one path, no support under the other
    for make in (figures.failure_box, figures.failure_regions):
        with pytest.raises(RunError, match="1 searches for failure, counted from 0"):
            make(judged, 1)
    plan = replace(
        judged.plan, objectives=tuple(replace(item, target=None) for item in judged.plan.objectives)
    )
    with pytest.raises(RunError, match="no targets"):
        figures.targets(replace(judged, plan=plan))


@pytest.mark.parametrize(("language", "few"), [("nl", "te weinig"), ("en", "too few")])
def test_without_failures_that_is_what_is_said(town: Path, language: str, few: str) -> None:
    file = town / "scenarios" / "robust.yaml"
    file.write_text(
        ROBUST.replace("target: 0.8", "target: 99").split("worth:")[0]
        + "discovery:\n  - {scenario: none, objective: rate}\n"
    )
    told = findings(judge(plan_of(town)), Glossary(), Texts(language))
    box = next(item for item in told if item.id.startswith("box"))
    assert few in box.sentences[0]
    assert "0 " in box.sentences[0]
    # What there is to show is how often it fails under each path.
    assert box.figure is not None
    assert box.table.iloc[:, 1:].to_numpy().tolist() == [[50, 0, 0], [50, 0, 0]]


def test_a_sweep_is_judged_as_what_was_run(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = town / "scenarios" / "sweep.yaml"
    sweep.write_text(
        "model: ../models/town.yaml\nscenarios: [actual, none, half]\noutputs: [rate]\ndtype: float64\n"
        "assumptions: {design: lhs, size: 50, seed: 1, over: [slope]}\n"
    )
    store = town / "town.zarr"
    assert execute(["sweep", str(sweep), "-o", str(store)]) == 0
    file = town / "scenarios" / "robust.yaml"
    text = ROBUST.replace("paths: [usual, falling]\n", "").split("variants:")[0] + "objectives:\n  rate:"
    body = ROBUST.split("objectives:\n  rate:")[1].split("  both:")[0]
    file.write_text(
        text + body + "discovery: [{scenario: none, objective: rate, resamples: 2, over: [slope]}]\n"
    )
    file.write_text(file.read_text().replace("target: 0.8", "target: 1.8"))
    from sd_covid.policy.scenario import read_scenario
    from sd_covid.policy.sweep.compared import comparison_of

    plan = plan_of(town)
    scenarios = [read_scenario(item, plan.simulation, study=plan.study) for item in plan.scenarios]
    comparison, varied = comparison_of(sd_covid.open(store), scenarios, plan.outputs, plan.study)
    found = judge_comparison(plan, comparison, varied)
    slope = varied["slope"].to_numpy()
    np.testing.assert_allclose(found.outcomes.values[0, 0, 1], 0.875 * slope, rtol=1e-12)
    box = found.boxes[0].found
    assert box is not None
    assert [limit.name for limit in box.chosen.limits] == ["slope"]
    # fails above 1.8 / 0.875; the limit lies between two of fifty values that are 0.04 apart, or within a peel of it
    assert box.chosen.limits[0].value == pytest.approx(1.8 / 0.875, abs=0.1)
    capsys.readouterr()
    command = ["robust", str(file), "--store", str(store), "-l", "en"]
    assert execute(command) == 0
    assert "Regret: Rate in 2020" in capsys.readouterr().out
    assert "'rate' of the store cannot be read: " in _told_of(command, _first_chunk(store), b"spoilt", capsys)
    about = store / "zarr.json"
    assert about.read_bytes().count(b'"outputs": "[') > 0
    damaged = about.read_bytes().replace(b'"outputs": "[', b'"outputs": "{')
    assert "the store does not say which outputs its failures are of: " in _told_of(
        command, about, damaged, capsys
    )


def _first_chunk(store: Path) -> Path:
    return sorted(item for item in (store / "rate" / "c").rglob("*") if item.is_file())[0]


def _told_of(command: list[str], file: Path, damage: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says of a file that was damaged, which is put back."""
    whole = file.read_bytes()
    file.write_bytes(damage)
    code = execute(command)
    told = capsys.readouterr().err
    file.write_bytes(whole)
    assert code == 2
    assert "Traceback" not in told
    return told


def test_what_a_store_does_not_hold_is_refused(town: Path) -> None:
    sweep = town / "scenarios" / "sweep.yaml"
    start = "model: ../models/town.yaml\nscenarios: [actual, none, half]\n"
    sweep.write_text(
        start + "outputs: [strain]\nassumptions: {design: lhs, size: 12, seed: 1, over: [slope]}\n"
    )
    assert execute(["sweep", str(sweep), "-o", str(town / "strain.zarr")]) == 0
    file = str(town / "scenarios" / "robust.yaml")
    assert execute(["robust", file, "--store", str(town / "strain.zarr")]) == 2
    sweep.write_text(
        start + "outputs: [rate]\nassumptions: {design: lhs, size: 12, seed: 1, over: [slope]}\n"
    )
    assert execute(["sweep", str(sweep), "-o", str(town / "rate.zarr")]) == 0
    assert execute(["robust", file, "--store", str(town / "rate.zarr")]) == 2  # it asks for costs


def test_the_command_writes_a_page_and_prints_tables(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, page = str(town / "scenarios" / "robust.yaml"), town / "out" / "robust.html"
    short = ROBUST.split("  both:")[0] + "discovery: [{scenario: none, objective: rate, resamples: 2}]\n"
    Path(file).write_text(short)
    assert execute(["robust", file, "-o", str(page), "-l", "en", "-l", "nl", "--draws", "40"]) == 0
    out = capsys.readouterr().out
    assert "Regret: Rate in 2020" in out
    assert [Path(line).name for line in out.splitlines()[-2:]] == ["robust.html", "robust-nl.html"]
    assert "Opdracht" in (page.parent / "robust-nl.html").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == text.count("<figure")
    assert "‘Falling’" in text
    assert execute(["robust", file, "-o", str(page.with_suffix(".txt"))]) == 2
    assert not page.with_suffix(".txt").exists()


def test_a_plan_elsewhere_in_the_study_means_the_scenarios_and_paths_of_the_study(town: Path) -> None:
    beside = plan_of(town)
    (town / "notebooks").mkdir()
    file = town / "notebooks" / "mine.yaml"
    file.write_text(ROBUST.replace("outputs: outputs.yaml", "outputs: ../scenarios/outputs.yaml"))
    mine = read_plan(file, beside.simulation)
    assert [path.resolve() for path in mine.scenarios] == [path.resolve() for path in beside.scenarios]
    assert [plan.assume and plan.assume.id for plan in mine.worlds] == [
        plan.assume and plan.assume.id for plan in beside.worlds
    ]
    file.write_text(file.read_text().replace("[actual, none, half]", "[actual, ../scenarios/none]"))
    with pytest.raises(ScenarioError, match=r"there is no scenario '\.\./scenarios/none'"):
        read_plan(file, beside.simulation)


FAULTS = {
    "scenarios: [actual, none, half]": ("scenarios: [actual, nona]", 2, "there is no scenario 'nona'"),
    "paths: [usual, falling]": (
        "paths: [usual, fallng]",
        5,
        "there is no path 'fallng'; did you mean 'falling'",
    ),
    "ease: 0.5": ("easy: 0.5", 7, "the model has no constant 'easy'"),
    "output: rate\n    measure: year": ("output: strain\n    measure: year", 11, "neither better nor worse"),
    "amount: cost": ("amount: cots", 21, "'cots' is not known here"),
    "years: [2020]": ("years: [2020, 2021]", 13, "'year' is of one year"),
    "{objective: both,": ("{objective: rate,", 23, "not added up over years"),
    "objective: rate, resamples: 4": ("objective: both, resamples: 4", 25, "has no target to fail"),
    "constants: [slope, ease]": ("constants: [slop]", 28, "there is no assumption or constant 'slop'"),
    "  years: [2020, 2021]\n  resamples": ("  resamples", 26, "go together"),
    "size: 50": ("sise: 50", 4, "'sise' is not a key here"),
}


TWICE_OR_NOTHING = [
    ("[actual, none, half]", "[actual, none, none]", 2, "'none' is named twice"),
    ("[usual, falling]", "[usual, falling, usual]", 5, "'usual' is named twice"),
    ("easier: {", "falling: {", 7, "is a path too"),
    ("{ease: 0.5}", "{}", 7, "changes nothing"),
    ("[slope, ease]", "[]", 28, "a group of nothing"),
    ("{all: {", "{slope: {", 28, "'slope' is a constant or assumption"),
    ("figures: [rate]", "figures: [rate, Rate]", 29, "named twice"),
    ("size: 50", "size: 10.5", 4, "not a whole number"),
    ("years: [2020]", "years: [2020.5]", 13, "not a whole number"),
    ("years: [2020]", "years: [2090]", 13, "does not cover 2090: it goes from"),
    (
        "years: [2020, 2021]\n  resamples",
        "years: [2010, 2021]\n  resamples",
        30,
        "does not cover 2010 to 2021",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "reason"), TWICE_OR_NOTHING)
def test_what_would_count_twice_or_not_at_all_is_refused(
    town: Path, old: str, new: str, line: int, reason: str
) -> None:
    file = town / "scenarios" / "robust.yaml"
    assert old in ROBUST
    file.write_text(ROBUST.replace(old, new))
    with pytest.raises(ScenarioError, match=reason) as caught:
        plan_of(town)
    assert (caught.value.file, caught.value.line) == (str(file), line)


@pytest.mark.parametrize("old", FAULTS)
def test_faults_name_file_line_and_what_is_near(town: Path, old: str) -> None:
    new, line, reason = FAULTS[old]
    file = town / "scenarios" / "robust.yaml"
    assert old in ROBUST
    file.write_text(ROBUST.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        plan_of(town)
    assert reason in str(caught.value)
    assert caught.value.line == line
    assert caught.value.file == str(file)


def test_a_lever_is_no_structure_and_what_does_not_vary_no_dimension(town: Path) -> None:
    file = town / "scenarios" / "robust.yaml"
    file.write_text(ROBUST.replace("ease: 0.5", "subsidy level: 0.5"))
    with pytest.raises(ScenarioError, match="levers"):
        plan_of(town)
    file.write_text(ROBUST.replace("resamples: 4", "over: [TIME STEP]"))
    with pytest.raises(RunError, match="does not vary over the draws"):
        judge(plan_of(town))


def test_a_case_holds_what_its_path_sets_and_not_what_was_drawn(town: Path) -> None:
    # Under the falling path the slope is -2 whatever was drawn: the rise, 0.875 ease slope, misses a target of 0
    # nowhere there and everywhere else. Drawn slopes lie between 1 and 3, so that slope alone tells the two apart.
    file = town / "scenarios" / "robust.yaml"
    told = "discovery:\n  - {scenario: none, objective: rate, resamples: 4, over: [slope]}\n"
    file.write_text(ROBUST.replace("target: 0.8", "target: 0").split("worth:")[0] + told)
    found = judge(plan_of(town)).boxes[0].found
    assert found is not None
    by_name = {limit.name: limit for limit in found.chosen.limits}
    assert (found.chosen.coverage, found.chosen.density) == (1.0, 1.0)
    assert set(by_name) <= {"slope", PATH}
    assert found.path[0].cases == 100
    draws = cases_of(run_worlds(plan_of(town), None, lambda *_: None), "none", ["slope"])
    assert (draws.loc[draws[PATH] == "falling", "slope"] == -2).all()
    assert draws.loc[draws[PATH] == "usual", "slope"].between(1, 3).all()


def test_the_public_figures_draw_what_was_judged(judged: Robust) -> None:
    scores = judged.scores[0]
    bars = figures.regret(judged, scores.objective.id, language="nl").axes[1].patches
    np.testing.assert_allclose([bar.get_width() for bar in bars], 100 * scores.best)
    assert len(figures.best_buy(judged, "both").axes) == 2
    assert figures.information(judged).axes[0].patches
    with pytest.raises(UnknownNameError, match="'both'"):
        figures.regret(judged, "boht")
