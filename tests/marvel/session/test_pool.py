"""Pooled judgements against hand calculation, and a session of twelve forms whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sd_covid import figures
from sd_covid.errors import DiagramError, RunError
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.run import Runs
from sd_covid.marvel.scores import score_all
from sd_covid.marvel.session.answers import Form, Judgement, Session, ends_of
from sd_covid.marvel.session.pool import pool
from sd_covid.marvel.session.pooled_diagram import pooled_diagram
from sd_covid.marvel.session.read import read_session
from sd_covid.marvel.session.seeds import read_seeds
from sd_covid.marvel.session.words import classes_of
from sd_covid.marvel.write import write_diagram
from sd_covid.report.session.answers import answer_findings
from sd_covid.report.session.findings import pooled_finding
from sd_covid.report.words.texts import Texts

from .mock import PARTICIPANTS, ROGUE, write_forms

TOWN = read_diagram(Path(__file__).parents[1] / "town")
STARTER = Path(__file__).parents[3] / "models" / "marvel" / "corona"
ENDS = ("jobs", "unemployment")
WEAK, AVERAGE = TOWN.classes.strength["weak"], TOWN.classes.strength["average"]
YEAR = TOWN.classes.speed["average"]
# A cell of the scale of strength is 0.006 wide, and a triangle is even within it: half of a cell at most.
CELL = 0.006


def session(*judged: Judgement | None) -> Session:
    """A session in which each said one thing of one link; None does not know."""
    forms = [
        Form(
            f"p{k}",
            Path("f.xlsx"),
            {} if item is None else {ENDS: item},
            frozenset([ENDS]) if item is None else frozenset(),
        )
        for k, item in enumerate(judged)
    ]
    return Session(TOWN, (), tuple(forms))


def test_one_judgement_is_the_triangle_of_its_class():
    (found,) = pool(session(Judgement(1, AVERAGE, YEAR))).links
    low, middle, high = found.effect.quantiles()
    # Triangle 0.2, 0.5, 1: F(x) = (x - 0.2)² / (0.8 · 0.3) up to 0.5, which has 3/8; 1 - (1 - x)² / (0.8 · 0.5) beyond.
    assert low == pytest.approx(0.2 + np.sqrt(0.05 * 0.8 * 0.3), abs=CELL)
    assert middle == pytest.approx(1 - np.sqrt(0.5 * 0.8 * 0.5), abs=CELL)
    assert high == pytest.approx(1 - np.sqrt(0.05 * 0.8 * 0.5), abs=CELL)
    assert found.chances == pytest.approx((1, 0, 0), abs=1e-12)
    # Delay of a year, from a half to three: the median is 3 - sqrt(0.5 · 2.5 · 2) by the same formula.
    assert found.delay.quantile(0.5) == pytest.approx(3 - np.sqrt(0.5 * 2.5 * 2), rel=0.02)


def test_who_is_unsure_of_a_weak_effect_leaves_room_for_the_other_direction():
    (found,) = pool(session(Judgement(1, WEAK, YEAR, sure=2.0))).links
    # Triangle -0.2, 0.2, 0.8: below zero lie 0.2² / (1 · 0.4) = 0.1.
    assert found.effect.below(0.0) == pytest.approx(0.1, abs=CELL)
    (sure,) = pool(session(Judgement(1, WEAK, YEAR, sure=0.5))).links
    assert sure.chances[1] == 0.0
    assert np.ptp(sure.effect.quantiles()) < np.ptp(found.effect.quantiles()) / 2


def test_linear_pool_is_the_mixture_and_who_does_not_know_does_not_count():
    answers = [Judgement(1, AVERAGE, YEAR)] * 3 + [Judgement(-1, AVERAGE, YEAR), Judgement(0), None]
    (found,) = pool(session(*answers)).links
    assert found.chances == pytest.approx((3 / 5, 1 / 5, 1 / 5), abs=1e-9)
    assert (found.answers, found.unknown, found.missing) == (5, 1, 0)
    assert found.counts == (0, 0, 1, 0, 1, 0, 3, 0, 0)
    (turned,) = pool(session(*(replace(item, sign=-item.sign) if item else None for item in answers))).links
    np.testing.assert_allclose(turned.effect.mass, found.effect.mass[::-1], atol=1e-12)


def test_log_pool_is_the_geometric_mean():
    (alone,) = pool(session(Judgement(1, AVERAGE, YEAR)), "log").links
    (twice,) = pool(session(*[Judgement(1, AVERAGE, YEAR)] * 4), "log").links
    np.testing.assert_allclose(twice.effect.mass, alone.effect.mass, rtol=1e-10)
    parts = [pool(session(Judgement(1, item, YEAR)), "log").links[0].effect.mass for item in (WEAK, AVERAGE)]
    (both,) = pool(session(Judgement(1, WEAK, YEAR), Judgement(1, AVERAGE, YEAR)), "log").links
    product = np.sqrt(parts[0] * parts[1])
    np.testing.assert_allclose(both.effect.mass, product / product.sum(), rtol=1e-10)
    # Opposite camps: mixing keeps both apart, the geometric mean falls back on the hundredth that each keeps even.
    camps = session(Judgement(1, AVERAGE, YEAR), Judgement(-1, AVERAGE, YEAR))
    mixed, geometric = (pool(camps, method).links[0].effect for method in ("linear", "log"))
    at_zero = len(mixed.mass) // 2
    assert mixed.mass[at_zero - 10 : at_zero + 10].sum() == 0
    assert geometric.mass[at_zero - 10 : at_zero + 10].sum() > 0


def test_performance_needs_seed_questions():
    with pytest.raises(DiagramError, match="no seed questions"):
        pool(session(Judgement(1, AVERAGE, YEAR)), "performance")


@pytest.fixture(scope="module")
def truth() -> dict:
    """For every third link of the starter diagram a class of strength and of speed, at random."""
    diagram = read_diagram(STARTER)
    random = np.random.default_rng(5)
    names = {
        kind: [item.label for item in classes_of(diagram.classes, kind)] for kind in ("strength", "speed")
    }
    return {
        ends_of(link): (link.sign, *(str(random.choice(names[kind])) for kind in ("strength", "speed")))
        for link in diagram.links[::3]
    }


@pytest.fixture(scope="module")
def twelve(tmp_path_factory, truth) -> Session:
    """Twelve filled-in forms, one of them of somebody who says the opposite of everything."""
    diagram, questions = read_diagram(STARTER), read_seeds(STARTER / "seeds.csv")
    folder = tmp_path_factory.mktemp("forms")
    write_forms(folder, diagram, questions, truth, seed=1)
    return read_session(diagram, questions, [folder])


def test_pooling_recovers_the_truth_of_a_session_and_seed_questions_silence_the_rogue(twelve, truth):
    pooled = {method: pool(twelve, method) for method in ("linear", "log", "performance")}
    rogue = [form.participant for form in twelve.forms].index(ROGUE)
    found = pooled["performance"].performance
    assert found.calibration[rogue] < 1e-6
    assert found.weights[rogue] == 0
    assert found.weights[np.arange(PARTICIPANTS) != rogue].min() > 0
    known = twelve.diagram.classes.strength
    true = [truth[ends_of(item.link)] for item in pooled["linear"].links]
    values = np.array([sign * known[strength].value for sign, strength, _ in true])
    errors = {}
    for method, result in pooled.items():
        assert len(result.links) == len(truth)
        low, middle, high = np.array([item.effect.quantiles() for item in result.links]).T
        assert np.mean((low <= values) & (values <= high)) >= 0.9, method
        errors[method] = np.abs(middle - values).mean()
        # The direction of all links, though one of twelve says the opposite.
        more, less, _ = np.array([item.chances for item in result.links]).T
        np.testing.assert_array_equal(more > less, values > 0)
    # A class reaches to its neighbours, so a median within a quarter is the right class.
    assert errors["performance"] < 0.25
    assert errors["performance"] < errors["linear"]
    wrong = {method: max(min(item.chances[:2]) for item in result.links) for method, result in pooled.items()}
    assert wrong["linear"] == pytest.approx(1 / 12, abs=0.005)
    assert wrong["performance"] < 0.01


@pytest.mark.parametrize("language", ["nl", "en"])
def test_findings_name_who_differs(twelve, language):
    texts = Texts(language)
    answers, agreed, performed = answer_findings(pool(twelve, "performance"), texts)
    assert ROGUE in answers.sentences[1]
    assert (agreed.table.iloc[:, -1] == ROGUE).mean() > 0.8
    assert agreed.table.iloc[:, 1].between(0.3, 1).all()
    assert performed.table.iloc[-1, 3] == 0
    told = pooled_finding(pool(twelve, "performance"), texts)
    for item in (answers, agreed, performed, told):
        assert item.caution
        assert all("{" not in sentence for sentence in item.sentences)
    pooled = pool(twelve, "performance")
    drawn = [
        make(pooled, language=language)
        for make in (figures.session_answers, figures.session_weights, figures.session_strengths)
    ]
    assert [item.get_suptitle() for item in drawn] == [item.title for item in (agreed, performed, told)]
    assert max(bar.get_width() for bar in drawn[1].axes[0].patches) == pytest.approx(
        100 * pooled.performance.weights.max()
    )
    without = pool(replace(twelve, questions=()), "linear")
    with pytest.raises(RunError, match="no seed questions"):
        figures.session_weights(without)


@pytest.mark.parametrize(("language", "alike"), [("nl", "iedereen gelijk"), ("en", "everybody counts alike")])
def test_where_everybody_counts_alike_no_weights_are_shown(twelve, language, alike):
    texts = Texts(language)
    performed = answer_findings(pool(twelve, "linear"), texts)[2]
    assert texts("session.column.weight") not in performed.table
    assert performed.figure is None
    assert alike in performed.sentences[0]
    assert performed.table.iloc[:, 1].min() < 0.05  # the rogue's calibration is told all the same
    with pytest.raises(RunError, match="everybody counts alike"):
        figures.session_weights(pool(twelve, "linear"))


def test_pooled_diagram_is_written_read_and_run(twelve, tmp_path):
    made = pooled_diagram(pool(twelve, "performance"), "trial, 2026-11-26")
    write_diagram(made, tmp_path / "pooled.xlsx")
    again = read_diagram(tmp_path / "pooled.xlsx")
    assert again.links == made.links
    assert sum("expert judgement: trial" in link.source for link in made.links) == len(twelve.links)
    found = score_all(Runs(again, clipping=True, horizon=2.0), 5)
    assert np.isfinite(found.scores).all()
