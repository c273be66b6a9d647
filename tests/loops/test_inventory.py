"""The inventory against exhaustive enumeration and linear algebra; slopes and delays against closed forms."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from sd_covid.analysis.loops.inventory import partitions, turned
from sd_covid.analysis.loops.links import score_links
from sd_covid.analysis.loops.measures import Measures
from sd_covid.analysis.loops.study import study_loops
from sd_covid.engine.separate.equations import Equations, separate
from sd_covid.errors import RunError
from tests.loops.conftest import Written, course_of, model


def _cycles(equations: Equations) -> set[tuple[int, ...]]:
    """All elementary loops, by trying every order of every set of stocks."""
    edges = {(cause, k) for k, item in enumerate(equations.quantities) for cause in item.inputs}
    nodes = range(len(equations.quantities))
    return {
        turned(order)
        for size in range(1, len(nodes) + 1)
        for order in permutations(nodes, size)
        if all(pair in edges for pair in zip(order, (*order[1:], order[0]), strict=True))
    }


def test_all_loops_are_listed(written: Written) -> None:
    simulation = written(
        "a = INTEG(b + d - a, 1) ~~| b = INTEG(a * c, 1) ~~| c = INTEG(d - b, 1) ~~| d = INTEG(a + c - d, 1) ~~|"
    )
    equations = separate(simulation)
    (part,) = partitions(equations)
    assert part.complete
    assert _cycles(equations) == set(part.loops)


def test_too_many_loops_give_a_shortest_independent_set() -> None:
    equations = separate(model("loops_world"))
    (whole,), (part,) = partitions(equations), partitions(equations, cap=10)
    assert (81, False) == (len(whole.loops), part.complete)
    links = sorted({pair for loop in whole.loops for pair in zip(loop, (*loop[1:], loop[0]), strict=True)})
    assert part.links == len(links)
    rows = np.zeros((len(part.loops), len(links)))
    for row, loop in zip(rows, part.loops, strict=True):
        for pair in zip(loop, (*loop[1:], loop[0]), strict=True):
            row[links.index(pair)] = 1
    # Independent, over every link, and each a loop of the model; no more than links - quantities + 1.
    assert len(part.loops) == np.linalg.matrix_rank(rows) <= part.independent
    assert rows.any(axis=0).all()
    assert set(part.loops) <= set(whole.loops)
    for k, pair in enumerate(
        links
    ):  # a shortest loop through each link is in it, or is one that covers it first
        through = [loop for loop in whole.loops if pair in zip(loop, (*loop[1:], loop[0]), strict=True)]
        kept = [loop for row, loop in zip(rows, part.loops, strict=True) if row[k]]
        assert min(map(len, kept)) == min(map(len, through))


def test_a_loop_within_a_delay_is_no_feedback_of_the_model() -> None:
    study = study_loops(model("loops_smooth"))
    paths = {loop.path for loop in study.loops}
    assert {
        ("price", "ordered", "supplied", "price change"),
        ("price", "perceived", "demanded", "price change"),
    } == paths


def test_gain_polarity_and_delay_in_closed_form(written: Written) -> None:
    simulation = written(
        "worry = INTEG(0.5 * debt - worry / 4, 1) ~~| debt = INTEG(-0.2 * worry - debt / 9, 3) ~~|"
    )
    study = study_loops(simulation)
    found = {loop.path: loop for loop in study.loops}
    both = found["worry", "debt"]
    np.testing.assert_allclose(both.gains, 0.5 * -0.2)
    assert ("balancing", pytest.approx(13.0)) == (both.polarity, both.delay)
    assert ("balancing", pytest.approx(4.0)) == (found["worry",].polarity, found["worry",].delay)


def test_a_stock_drains_through_what_answers_at_once(written: Written) -> None:
    simulation = written("level = INTEG(5 - outflow, 1) ~~| outflow = rate * level ~~| rate = 0.1 ~~|")
    (loop,) = study_loops(simulation).loops
    assert (("level", "outflow"), pytest.approx(10.0)) == (loop.path, loop.delay)


def test_a_loop_that_turns_is_said_to_change(written: Written) -> None:
    simulation = written("level = INTEG(slope * level, 1) ~~| slope = 1 - Time / 10 ~~|", end=20)
    (loop,) = study_loops(simulation).loops
    assert "changing" == loop.polarity


@pytest.mark.parametrize(
    "name", ["loops_world", "loops_yeast", "loops_smooth", "predator_prey", "subscripts"]
)
def test_slopes_are_those_of_central_differences(name: str) -> None:
    course = course_of(model(name))
    at = np.array([len(course.times) // 3, len(course.times) - 1])
    for number, item in enumerate(course.equations.quantities):
        slopes = course.slopes(number, at)
        for place, cause in enumerate(item.inputs):
            size = np.abs(course.values[cause, at]) + 1e-6
            step = 1e-6 * size

            def moved(by: np.ndarray, cause: int = cause, number: int = number) -> np.ndarray:
                def leaf(kind: str, k: int) -> np.ndarray:
                    value = course.leaf(kind, k, at)
                    here = course.equations.holding[k] if kind == "state" else k
                    return value + by if kind in ("quantity", "state") and here == cause else value

                return course.evaluated(number, at, leaf)

            found = (moved(step) - moved(-step)) / (2 * step)
            scale = np.abs(course.computed(number, at)) / size
            # Rounding over the step: 1e-16 / 1e-6, with some digits to spare; a table may bend within the step.
            np.testing.assert_allclose(
                slopes[place], found, atol=float(np.max(1e-8 * scale + 1e-12)), rtol=1e-7
            )


def test_the_equations_together_are_the_model() -> None:
    for name in ("loops_world", "subscripts", "smooth", "delay", "sample_if_true", "initial_values"):
        simulation = model(name)
        course, run = course_of(simulation), simulation.run()
        for number, item in enumerate(course.equations.quantities):
            if not item.hidden:
                series = run[simulation.model.variables[item.cell.variable].name]
                for dim, element in zip(
                    [d for d in series.dims if d != "time"], item.cell.elements, strict=True
                ):
                    series = series.sel({dim: simulation.subscripts.spelling[element]})
                # The same operations; products that are added round once in a run, and twice here.
                expected = series.to_numpy()
                np.testing.assert_allclose(
                    course.values[number, :: course.every],
                    expected,
                    rtol=1e-11,
                    atol=1e-13 * np.abs(expected).max(),
                )


def test_time_bounds_that_move_are_refused(written: Written, tmp_path: object) -> None:
    simulation = written("x = INTEG(x, 1) ~~| level = INTEG(x, 1) ~~|")
    text = simulation.model.path.read_text(encoding="utf-8")  # type: ignore[union-attr]
    text = text.replace("TIME STEP = 0.25", "TIME STEP = IF THEN ELSE(Time < 5, 0.25, 0.5)")
    text = text.replace("SAVEPER = TIME STEP", "SAVEPER = 1")
    simulation.model.path.write_text(text, encoding="utf-8")  # type: ignore[union-attr]
    import sd_covid

    with pytest.raises(RunError, match="TIME STEP of this model changes"):
        separate(sd_covid.load(simulation.model.path))  # type: ignore[arg-type]


def test_measures_of_links_are_kept() -> None:
    links = score_links(course_of(model("loops_bass")))
    (part,) = partitions(links.equations)
    gains = sorted(float(Measures(links).gain(loop)[0]) for loop in part.loops)
    # 100 contacts, of which 0.015 lead to adoption: 1.5 a year for each adopter, and next to nothing of the other.
    assert gains == pytest.approx([0.0, 1.5], abs=1e-4)


def test_a_run_without_a_saveper_has_no_loops_to_tell(written: Written) -> None:
    with pytest.raises(RunError, match="before its first SAVEPER"):
        study_loops(written("stock = INTEG(-stock, 1) ~~|", end=0))


def test_a_model_without_stocks_or_without_change_has_no_loops(written: Written) -> None:
    assert not study_loops(written("constant = 3 ~~| other = constant * 2 ~~|")).partitions
    assert not study_loops(written("ramp = 3 * Time ~~| other = ramp * 2 ~~|")).partitions


def test_a_slope_that_is_no_number_is_no_sign(written: Written) -> None:
    # The root of an empty stock has no slope; from there on it is plain growth.
    study = study_loops(written("stock = INTEG(SQRT(stock) + STEP(1, 5), 0) ~~|"))
    (loop,) = study.loops
    assert "reinforcing" == loop.polarity


def test_a_sample_within_a_net_flow_is_lowered(written: Written) -> None:
    simulation = written("stock = INTEG(SAMPLE IF TRUE(stock > 2, stock, 1), 1) ~~|", end=4, step=1)
    # It holds 1 until the stock is above 2, which is after two steps: 1, 2, 3, 6, 12.
    np.testing.assert_array_equal([1, 2, 3, 6, 12], simulation.run()["stock"])
    assert 3 == study_loops(simulation).times[2]
