"""A diagram's runs against closed forms: a chain, a loop, and the linear algebra of the whole.

Expectations: with gain 0.5 and delay 1 a step of 0.2 in A gives B = B0 + 0.1 (1 - e^-t) and
C = C0 + 0.05 (1 - (1 + t) e^-t); a loop of gain g ends at 1 / (1 - g); a lasting push u ends at (I - G)^-1 u.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sd_covid import figures
from sd_covid.data.text import Text
from sd_covid.marvel.diagram import SHORTEST, Diagram, Intervention, Kind, Link, Range, Variable
from sd_covid.marvel.explain import loops_of, strongest_paths, whole_effect
from sd_covid.marvel.lower import time_step
from sd_covid.marvel.read import default_classes, read_diagram
from sd_covid.marvel.run import Runs, combinations, superposed
from sd_covid.marvel.sample import sample
from sd_covid.marvel.scores import better, memberships, reversal, score, score_all, symbol
from sd_covid.marvel.stability import gains, stability, unstable_samples

TOWN = Path(__file__).parent / "town"
NAME = Text("naam", "name")
FINE = 1 / 64  # RK4: (1/64)^4 / 120 = 5e-10 of what moves, a fifth of one at most here


def link(src: str, dst: str, gain: float, delay: float = 1.0, order: int = 1) -> Link:
    size = abs(gain)
    sign = -1 if gain < 0 else 1
    return Link(src, dst, sign, Range(size, size, size), Range(delay, delay, delay), order)


def variable(name: str, **more: object) -> Variable:
    return Variable(name, NAME, role="performance", **more)  # type: ignore[arg-type]


def push(name: str, kind: Kind = "additive", level: float = 0.2, **more: float) -> Intervention:
    return Intervention(f"push {name}", NAME, name, kind, level, **more)


def diagram(names: str, links: list[Link], interventions: list[Intervention]) -> Diagram:
    variables = tuple(variable(name) for name in names)
    return Diagram("small", variables, tuple(links), tuple(interventions), default_classes())


CHAIN = diagram("ABC", [link("A", "B", 0.5), link("B", "C", 0.5)], [push("A")])
ON = np.array([[True]])


def test_chain_follows_its_closed_form():
    runs = Runs(CHAIN, step=FINE)
    a, b, c = runs.paths(ON)[0, 0]
    t = runs.times
    np.testing.assert_array_equal(a, 0.7)
    np.testing.assert_allclose(b, 0.5 + 0.1 * (1 - np.exp(-t)), rtol=0, atol=1e-9)
    np.testing.assert_allclose(c, 0.5 + 0.05 * (1 - (1 + t) * np.exp(-t)), rtol=0, atol=1e-9)


def test_order_two_is_an_erlang_delay():
    runs = Runs(diagram("AB", [link("A", "B", 0.5, order=2)], [push("A")]), step=FINE / 2)
    rate = 2 * runs.times
    expected = 0.5 + 0.1 * (1 - (1 + rate) * np.exp(-rate))
    np.testing.assert_allclose(runs.paths(ON)[0, 0, 1], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.5), (0.5, -0.5), (-0.9, -0.9)])
def test_loop_ends_at_its_closed_gain(first, second):
    loop = diagram("AB", [link("A", "B", first), link("B", "A", second)], [push("A")])
    a, b = Runs(loop, horizon=400).paths(ON)[0, 0, :, -1]
    gain = first * second
    np.testing.assert_allclose(a, 0.5 + 0.2 / (1 - gain), rtol=0, atol=1e-9)
    np.testing.assert_allclose(b, 0.5 + 0.2 * first / (1 - gain), rtol=0, atol=1e-9)
    assert stability(loop).radius == pytest.approx(abs(gain) ** 0.5, rel=1e-12)


def test_control_settles_where_it_aims_and_imposed_stays_there():
    for kind in ("control", "imposed"):
        steered = replace(CHAIN, interventions=(push("A", kind, 0.8),))
        runs = Runs(steered, step=FINE, horizon=60)
        a, b, _ = runs.paths(ON)[0, 0]
        way = 0.3 * (1 - np.exp(-runs.times)) if kind == "control" else 0.3
        np.testing.assert_allclose(a, 0.5 + way, rtol=0, atol=1e-9)
        assert b[-1] == pytest.approx(0.65, abs=1e-9)


def test_imposing_cuts_what_acts_on_it_and_lets_go():
    # A is pushed at once; B is held at 0.4 for two years and then is what A makes of it.
    both = replace(CHAIN, interventions=(push("A"), push("B", "imposed", 0.4, end=2.0)))
    runs = Runs(both, step=FINE)
    b = runs.paths(np.array([[True, True]]))[0, 0, 1]
    early = runs.times < 2
    np.testing.assert_allclose(b[early], 0.4, rtol=0, atol=1e-15)
    np.testing.assert_allclose(b[~early], 0.5 + 0.1 * (1 - np.exp(-runs.times[~early])), rtol=0, atol=1e-9)


def test_ramp_and_end_of_an_additive_one():
    ramped = replace(CHAIN, interventions=(push("A", start=1.0, end=4.0, ramp=2.0),))
    runs = Runs(ramped)
    expected = np.where(runs.times < 4, 0.5 + 0.2 * np.clip((runs.times - 1) / 2, 0, 1), 0.5)
    np.testing.assert_allclose(runs.paths(ON)[0, 0, 0], expected, rtol=0, atol=1e-15)


def test_clipping_keeps_bounds_and_changes_what_follows():
    strong = replace(CHAIN, interventions=(push("A", level=0.9),))
    free, held = (Runs(strong, clip).paths(ON)[0, 0] for clip in (False, True))
    assert free[0, -1] == pytest.approx(1.4)
    assert held[0].max() == 1.0
    assert held[1, -1] == pytest.approx(0.75, abs=1e-4)


def test_everything_stands_still_when_nothing_is_done():
    town = read_diagram(TOWN)
    paths = Runs(town).paths(np.zeros((1, 4), dtype=bool), outputs=[item.id for item in town.variables])
    start = np.array([item.start for item in town.variables])[:, None]
    np.testing.assert_allclose(paths[0, 0] - start, 0, rtol=0, atol=1e-15)


def test_town_settles_where_linear_algebra_says():
    town = read_diagram(TOWN)
    lasting = replace(town, interventions=(push("debt_help"), push("contact", level=0.1)))
    ends = Runs(lasting, horizon=100).paths(np.eye(2, dtype=bool))[0, :, :, -1]
    for number, item in enumerate(lasting.interventions):
        for place, goal in enumerate(lasting.performances):
            expected = goal.start + item.level * whole_effect(town, item.variable, goal.id)
            assert ends[number, place] == pytest.approx(expected, abs=1e-9)


def test_superposition_equals_runs_of_every_combination():
    town = read_diagram(TOWN)
    runs = Runs(town)
    assert runs.superposes
    start = np.array([item.start for item in town.performances])[:, None]
    added = start + superposed(runs.paths(runs.singles())[0] - start)
    np.testing.assert_allclose(added, runs.paths(combinations(4))[0], rtol=0, atol=1e-13)  # sums of 1e-16
    assert not Runs(town, clipping=True).superposes


def test_samples_superpose_too_and_the_same_seed_gives_the_same_bits():
    town = read_diagram(TOWN)
    drawn = sample(town, 9, 3)
    found = score_all(Runs(town), 9, 3)
    again = score_all(Runs(town), 9, 3)
    np.testing.assert_array_equal(found.by_sample, again.by_sample)
    runs = Runs(town)
    direct = score(town, runs.paths(combinations(4), drawn), runs.times)
    np.testing.assert_allclose(found.by_sample, direct, rtol=0, atol=1e-13)
    reach = zip(*map(town.reach, town.links), strict=True)
    for values, ranges in zip((drawn.strength, drawn.delay), reach, strict=True):
        low, high = (np.array([getattr(item, at) for item in ranges]) for at in ("low", "high"))
        assert ((values >= low) & (values <= high)).all()


def test_confidence_halves_or_doubles_the_reach_of_a_class_and_leaves_what_was_written():
    town = read_diagram(TOWN)
    average, sure, unsure = town.links[5], town.links[0], town.links[12]
    assert [item.confidence for item in (average, sure, unsure)] == ["average", "high", "low"]
    assert town.reach(average)[0] == average.strength == Range(0.5, 0.2, 1.0, "average")
    assert town.reach(sure)[0] == Range(0.5, 0.35, 0.75, "average")
    assert town.reach(unsure)[0] == Range(0.2, 0.0, 0.8, "weak")  # 0.2 - 2 * 0.2 would turn the sign
    assert town.reach(unsure)[1] == Range(1.0, SHORTEST, 5.0, "average")  # 1 - 2 * 0.5 is no delay
    written = replace(sure, strength=Range(0.5, 0.1, 2.0, "average"))
    assert town.reach(written)[0] == written.strength
    drawn = sample(town, 4000, 1).strength
    # A triangle (a, m, b) has variance (a² + b² + m² - ab - am - bm) / 18; 4,000 draws know it to some per cent.
    low, high = 0.35, 0.75
    variance = (low**2 + high**2 + 0.5**2 - low * high - low * 0.5 - high * 0.5) / 18
    np.testing.assert_allclose(drawn[:, 0].var(), variance, rtol=0.08)


def test_controls_are_run_in_every_combination():
    town = read_diagram(TOWN)
    steered = replace(town, interventions=(push("distress", "control", 0.2), push("stress", "control", 0.2)))
    runs = Runs(steered)
    found = score_all(runs, 5, 0)
    assert not found.added
    paths = runs.paths(combinations(2))[0]
    np.testing.assert_array_equal(found.scores, score(steered, paths, runs.times))
    assert abs(paths[3] - paths[1] - paths[2] + paths[0]).max() > 1e-3  # they do not add up


def test_score_is_the_weighted_mean_over_time():
    pair = diagram("AB", [link("A", "B", 0.5)], [push("A")])
    pair = replace(pair, variables=(variable("A", weight=3.0), variable("B", desired=-1, high=2.0)))
    times = np.array([0.0, 1.0, 3.0])
    paths = np.array([[0.0, 1.0, 1.0], [0.5, 3.0, 1.0]])
    np.testing.assert_array_equal(memberships(pair, paths), [[0, 1, 1], [0.75, 0, 0.5]])
    # By hand: A (0.5 + 2) / 3, B (0.375 + 0.5) / 3, weights 3 and 1.
    assert score(pair, paths, times) == pytest.approx((3 * 2.5 + 0.875) / 3 / 4)


def test_reversal_counts_samples_that_turn_the_order():
    scores = np.array([3.0, 2.0])
    by_sample = np.array([[3.0, 2.0], [1.0, 2.0], [2.0, 2.0], [5.0, 1.0]])
    assert better(by_sample)[0, 1] == 0.625  # a tie counts half
    assert reversal(scores, by_sample)[0, 1] == reversal(scores, by_sample)[1, 0] == 0.375


@pytest.mark.parametrize(
    ("change", "expected"), [(0.019, "0"), (0.02, "+"), (-0.02, "-"), (0.1, "++"), (-0.3, "--")]
)
def test_symbols(change, expected):
    assert symbol(change) == expected


def test_paths_and_loops_equal_enumeration():
    town = read_diagram(TOWN)
    strengths = {(x.src, x.dst): x.sign * x.strength.value for x in town.links}
    names = ["unemployment", "distress", "jobs", "dropout", "contact", "loneliness", "waiting"]
    products = []
    for length in range(4):
        for middle in itertools.permutations([n for n in names if n not in ("distress", "jobs")], length):
            path = ("distress", *middle, "jobs")
            pairs = list(itertools.pairwise(path))
            if all(pair in strengths for pair in pairs):
                products.append(np.prod([strengths[pair] for pair in pairs]))
    found = strongest_paths(town, "distress", "jobs", longest=4, most=50)
    assert sorted(way.gain for way in found) == pytest.approx(sorted(products))
    # Each loop's gain is a term of det(I - G), whose disjoint loops multiply (Mason 1956).
    loops = loops_of(town)
    assert loops.complete
    sets = [
        chosen
        for size in range(len(loops.loops) + 1)
        for chosen in itertools.combinations(loops.loops, size)
        if all(not set(a.variables) & set(b.variables) for a, b in itertools.combinations(chosen, 2))
    ]
    expected = sum(np.prod([-way.gain for way in chosen]) for chosen in sets)
    strength = np.array([x.strength.value for x in town.links])
    matrix = np.eye(20) - gains(town, strength).toarray()
    assert np.linalg.det(matrix) == pytest.approx(expected, rel=1e-12)


def test_stability_agrees_with_runs_and_flags_samples():
    def loop(gain: float) -> Diagram:
        return diagram("AB", [link("A", "B", gain), link("B", "A", gain)], [push("A")])

    # Two equal lags in a loop: eigenvalues -1 ± gain.
    assert stability(loop(0.9)).growth == pytest.approx(-0.1)
    assert stability(loop(1.1)).growth == pytest.approx(0.1)
    paths = Runs(loop(1.1), horizon=40).paths(ON)[0, 0, 0]
    assert np.log((paths[-1] - paths[-5]) / (paths[-5] - paths[-9])) == pytest.approx(0.1, abs=1e-3)
    strength = np.array([[0.9, 0.9], [1.1, 1.1], [1.5, 0.5]])
    assert unstable_samples(loop(0.9), strength, np.ones((3, 2))).tolist() == [False, True, False]


def test_negative_loop_of_three_lags_turns_unstable_at_eight():
    # Three equal first-order lags in a loop of negative gain oscillate without end at a gain of 8 (Routh-Hurwitz).
    def ring(gain: float) -> Diagram:
        each = gain ** (1 / 3)
        return diagram(
            "ABC", [link("A", "B", each), link("B", "C", each), link("C", "A", -each)], [push("A")]
        )

    assert stability(ring(7.99)).stable
    assert not stability(ring(8.01)).stable


def test_step_follows_the_quickest_stage():
    assert time_step(CHAIN) == 1 / 16
    assert time_step(diagram("AB", [link("A", "B", 0.5, 0.25, order=2)], [])) == 1 / 32


def test_the_public_figures_show_every_intervention():
    runs = Runs(read_diagram(TOWN))
    scores = score_all(runs, 10)
    labels = [item.label.en for item in runs.diagram.interventions]
    effects = figures.diagram_effects(runs, scores).axes[0]
    assert [item.get_text() for item in effects.get_yticklabels()] == labels
    bars = figures.diagram_scores(runs, scores, language="nl").axes[0].patches
    assert len(bars) > len(labels)
