"""Models of thousands of operations, compiled to brief code for one member: it computes what other code does."""

import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.graph.graph import Graph

GRIDS = {
    "one point": [0.3],
    "one segment": [0.0, 2.0],
    "two": [-1.0, 0.5, 2.0],
    "even": [k / 10 for k in range(-8, 25)],
    "even in binary": [k / 4 for k in range(-4, 9)],
    "uneven": [-0.9, -0.2, 0.0, 0.1, 0.55, 1.3, 1.9],
    "jump": [-1.0, 0.0, 0.5, 0.5, 1.0, 1.5],
    "jump at the end": [-1.0, 0.2, 1.5, 1.5],
    "jump at the start": [-0.5, -0.5, 0.2, 1.5],
    "jump only": [0.2, 0.2],
    "many": [-1 + 3 * (k / 40) ** 1.5 for k in range(41)],
}
START = 1.01371  # so that no place is a point of a table: rounding would choose a side
COUNT = 720  # with three operations each, beyond what is compiled as one function
TIME = np.arange(0, 10.25, 0.25)
NAMES = [f"y{k}" for k in range(COUNT)]


def tables() -> list[tuple[list[float], list[float]]]:
    """Points of `COUNT` tables over the grids in turn."""
    rng = np.random.default_rng(12)
    grids = list(GRIDS.values())
    return [
        (x, np.round(rng.uniform(-2, 2, len(x)), 3).tolist())
        for x in (grids[k % len(grids)] for k in range(COUNT))
    ]


def model() -> str:
    """Tables of `place`, shifted and scaled, and their sum in a stock."""
    lines = ["speed = 0.3 ~~|", f"place = speed * Time - {START} ~~|"]
    for k, (x, y) in enumerate(tables()):
        points = ",".join(f"({a!r},{b!r})" for a, b in zip(x, y, strict=True))
        lines.append(f"y{k} = 0.5 + 2 * WITH LOOKUP(place + {k} * Time / 1024, ({points})) ~~|")
    lines += [f"part{j} = {'+'.join(f'y{k}' for k in range(j, COUNT, 8))} ~~|" for j in range(8)]
    lines.append(f"total = INTEG({'+'.join(f'part{j}' for j in range(8))}, 0) ~~|")
    return "\n".join(lines)


def line(x: list[float], y: list[float], at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A table read by its definition, and its slope there: held outside the points; at a jump the later value holds."""
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, max(len(x) - 2, 0))
    left, right = np.array(x)[k], np.array(x)[np.minimum(k + 1, len(x) - 1)]
    low, high = np.array(y)[k], np.array(y)[np.minimum(k + 1, len(x) - 1)]
    width = np.where(right > left, right - left, 1.0)
    slope = (high - low) / width
    inside = (at > x[0]) & (at < x[-1])
    value = low + slope * (at - left)
    return np.where(at <= x[0], y[0], np.where(at >= x[-1], y[-1], value)), np.where(inside, slope, 0.0)


@pytest.fixture
def large(simulate):
    """The model, and what its tables are read at, shape (table, time)."""
    places = np.array([0.3 * TIME - START + k * TIME / 1024 for k in range(COUNT)])
    for (x, _), at in zip(tables(), places, strict=True):
        assert np.abs(at[:, None] - np.array(x)).min() > 1e-9
    return simulate(model(), final=10, step=0.25), places


def test_tables_of_a_large_model_are_read_by_their_definition(large):
    """Held outside the points, straight between them, jumping where a point is repeated."""
    simulation, places = large
    result = simulation.run(outputs=NAMES)
    for name, (x, y), at in zip(NAMES, tables(), places, strict=True):
        # an intercept is up to a hundred times the value, so that thirteen digits are left
        np.testing.assert_allclose(result[name].values, 0.5 + 2 * line(x, y, at)[0], rtol=0, atol=1e-12)


def test_one_member_of_a_large_model_has_the_bits_that_it_has_in_a_batch(large):
    """Brief code and vector code round alike."""
    simulation, _ = large
    single = simulation.run(outputs=NAMES)
    batch = simulation.run(pd.DataFrame({"speed": [0.3, 0.31]}), outputs=NAMES)
    for name in NAMES:
        np.testing.assert_array_equal(single[name].values, batch[name].values[0])


def test_the_gradient_of_a_large_model_adds_up_the_slopes_of_its_tables(large):
    """By Euler's method, d total / d speed is the sum over steps and tables of dt * 2 * slope * Time."""
    simulation, places = large
    function = simulation.differentiable(["total"], ["speed"])
    seed = np.zeros_like(function.values(np.array([0.3])))
    seed[0, -1] = 1.0
    slopes = np.array([line(x, y, at)[1] for (x, y), at in zip(tables(), places, strict=True)])
    expected = 0.25 * (2 * slopes * TIME)[:, :-1].sum()
    # thirty thousand terms of either sign are added in another order
    assert function.gradient(seed)[0] == pytest.approx(expected, rel=1e-9)


def test_literals_that_differ_in_sign_alone_are_two():
    """0 = -0, but 1 / 0 is not 1 / -0; NaN is one literal though it equals nothing."""
    graph = Graph()
    zero, minus = graph.number(0.0), graph.number(-0.0)
    assert zero != minus
    assert np.signbit(graph.nodes[minus][1])
    assert graph.number(np.nan) == graph.number(np.nan)
