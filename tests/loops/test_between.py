"""What a difference goes along, and what a link does: against hand calculation, closed forms and the runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.loops.knockout import knock_out, link_between
from sd_covid.analysis.loops.paths import explain, outcome_of
from sd_covid.analysis.loops.shares import share_out
from sd_covid.engine.separate.course import record
from sd_covid.engine.separate.equations import separate
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError, UnknownNameError
from tests.loops.conftest import Written, model

PAIRS = [
    ("loops_bass", {"contact rate": 80.0}, "adopters"),
    ("loops_yeast", {"division time": 18.0, "lifetime": 28.0}, "alcohol"),
    ("loops_smooth", {"perception time": 4.0, "sensitivity": 0.018}, "price"),
    ("loops_inventory", {"time to hire or fire": 5.0}, "inventory"),
    ("sir", {}, "infectious"),
]


def _explained(simulation: Simulation, settings: dict[str, float], output: str, **more: float):
    equations = separate(simulation)
    first, second = record(simulation, equations), record(simulation, equations, settings)
    return explain(first, second, outcome_of(simulation, equations, output), **more)


@pytest.mark.parametrize(("name", "settings", "output"), PAIRS)
def test_the_paths_add_up_to_the_difference(name: str, settings: dict[str, float], output: str) -> None:
    simulation = model(name)
    settings = settings or {next(iter(simulation.constants)): 1.1 * next(iter(simulation.constants.values()))}
    found = _explained(simulation, settings, output, follow=0.0)
    expected = (
        simulation.run(settings, outputs=[output])[output] - simulation.run(outputs=[output])[output]
    ).to_numpy()
    together = np.sum([item.values for item in found.paths], axis=0)
    # Nothing is left over when every path is followed; a difference of sums loses a few digits.
    size = np.abs(simulation.run(outputs=[output])[output]).max().item()
    np.testing.assert_allclose(together, expected, atol=1e-11 * size)
    assert np.abs(expected).max() > 1e-6 * size


def test_a_path_that_is_not_followed_is_left_in_the_others() -> None:
    simulation = model("loops_smooth")
    settings = {"perception time": 4.0, "sensitivity": 0.018}
    few = _explained(simulation, settings, "price", follow=0.9)
    together = np.sum([item.values for item in few.paths], axis=0) + few.other
    np.testing.assert_allclose(together, few.difference, atol=1e-12)
    assert np.abs(few.other).max() > 1e-3 * np.abs(few.difference).max()


def test_what_two_paths_carry_by_hand(written: Written) -> None:
    # cost = 3 lever + lever, by two ways; level adds up 2 cost a month; no feedback.
    simulation = written(
        "lever = 1 ~~| doubled = 3 * moved ~~| moved = lever * Time ~~| cost = doubled + moved ~~|"
        "level = INTEG(2 * cost, 0) ~~|",
        end=4,
        step=1,
    )
    found = _explained(simulation, {"lever": 2.0}, "level", follow=0.0)
    time = np.array([0, 0, 1, 3, 6])  # the sum of Time before
    expected = {("moved", "doubled", "cost", "level"): 6 * time, ("moved", "cost", "level"): 2 * time}
    assert expected.keys() == {item.path for item in found.paths}
    for item in found.paths:
        np.testing.assert_allclose(item.values, expected[item.path])
    assert {"moved": ("lever",)} == {
        name: tuple(c.variable for c in cells) for name, cells in found.settings.items()
    }


def test_feedback_counts_to_the_path_that_it_strengthens(written: Written) -> None:
    # level' = lever - rate level: the one path carries all, drained as the level is.
    simulation = written(
        "lever = 1 ~~| inflow = lever + 0 * Time ~~| out = 0.1 * level ~~| level = INTEG(inflow - out, 0) ~~|"
    )
    found = _explained(simulation, {"lever": 2.0}, "level", follow=0.0)
    (path,) = found.paths
    assert ("inflow", "level") == path.path
    np.testing.assert_allclose(path.values, (1 - (1 - 0.1 * 0.25) ** np.arange(len(path.values))) / 0.1)


def test_an_initial_value_carries_too(written: Written) -> None:
    simulation = written("first = 1 ~~| level = INTEG(-0.1 * level, first) ~~|")
    found = _explained(simulation, {"first": 2.0}, "level", follow=0.0)
    (path,) = found.paths
    np.testing.assert_allclose(path.values, (1 - 0.1 * 0.25) ** np.arange(len(path.values)))


def test_shares_of_a_product_are_those_of_shapley_and_of_a_jump_add_up(written: Written) -> None:
    simulation = written(
        "p = 1 ~~| q = 1 ~~| x = p * Time ~~| y = q + Time ~~| z = x * y ~~|"
        "jump = IF THEN ELSE(x > 1.5, 10, 0) + IF THEN ELSE(x * y > 7, 1, 0) * y ~~| level = INTEG(z + jump, 0) ~~|",
        end=3,
        step=1,
    )
    equations = separate(simulation)
    first, second = record(simulation, equations), record(simulation, equations, {"p": 2.0, "q": 3.0})
    shared = share_out(first, second)
    names = [item.cell.variable for item in equations.quantities]
    number = names.index("z")
    t = first.times
    by = dict(
        zip([names[k] for k in equations.quantities[number].inputs], shared.shares[number], strict=True)
    )
    np.testing.assert_allclose(by["x"], t * ((1 + t) + (3 + t)) / 2)  # dx times the mean of y
    np.testing.assert_allclose(by["y"], 2 * (t + 2 * t) / 2)  # dy times the mean of x
    for k in range(len(names)):
        whole = second.computed(k, np.arange(len(t))) - first.computed(k, np.arange(len(t)))
        np.testing.assert_allclose(shared.shares[k].sum(axis=0) + shared.settings[k], whole, atol=1e-12)


def test_paths_need_steps_that_are_sums() -> None:
    simulation = model("predator_prey")
    with pytest.raises(RunError, match="rk4"):
        _explained(
            simulation,
            {"hare birth fraction": 1.0} if "hare birth fraction" in simulation.constants else {},
            "hare",
        )


def test_without_its_saturation_adoption_grows_exponentially() -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    links = link_between(
        simulation, equations, "probability of contact with potentials", "potentials contacts with adopters"
    )
    found = knock_out(simulation, equations, links, "adopters")
    rate = 100 * 0.015 * (1e6 - 1) / 1e6  # the probability as it was at the start
    expected = (1 + rate * 0.0625) ** np.arange(found.cut.shape[1])
    np.testing.assert_allclose(found.cut[0], expected, rtol=1e-10)  # 240 steps, each rounded
    np.testing.assert_array_equal(found.effect, found.cut - found.whole)


def test_a_link_held_on_the_path_of_the_same_run_changes_nothing() -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    links = link_between(simulation, equations, "adopters", "adopter contacts")
    same = knock_out(
        simulation, equations, links, "adopters", {"contact rate": 90.0}, against={"contact rate": 90.0}
    )
    np.testing.assert_array_equal(same.cut, same.whole)
    other = knock_out(simulation, equations, links, "adopters", {"contact rate": 90.0}, against={})
    reference = simulation.run(outputs=["adopters"])["adopters"].to_numpy()
    np.testing.assert_allclose(other.reference[0], reference, rtol=1e-12)  # type: ignore[index]
    assert not np.allclose(other.cut, other.whole)


def test_draws_are_paired_and_failed_ones_are_counted() -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    links = link_between(simulation, equations, "adopters", "adopter contacts")
    draws = pd.DataFrame({"contact rate": [80.0, 100.0, 90.0], "market size": [1e6, 0.0, 2e6]})
    found = knock_out(simulation, equations, links, "adopters", draws)
    assert (2, 1) == (len(found.whole), found.failed)  # a market of nobody is 0 / 0
    alone = knock_out(simulation, equations, links, "adopters", draws.iloc[2].to_dict())
    np.testing.assert_allclose(found.effect[1], alone.effect[0], rtol=1e-9)


def test_a_link_that_is_not_there_names_what_is() -> None:
    simulation = model("loops_bass")
    equations = separate(simulation)
    with pytest.raises(UnknownNameError, match=r"does not use 'adopters'.*adoption from word of mouth"):
        link_between(simulation, equations, "adopters", "adopting")
