"""Random numbers: the published words of Philox, the same bits however a batch is cut, and spread as they should be."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sd_covid.engine import interpret
from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.program import Program
from sd_covid.engine.llvm.philox import DRAWS, call_number, philox, uniform
from sd_covid.engine.run.kernel import Kernel, Members
from sd_covid.engine.time.timegrid import TimeGrid


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # kat_vectors of Random123 1.14 for philox4x32 10
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_gives_the_published_words(counter, key, words):
    found = philox(tuple(np.array([word], dtype=np.uint64) for word in counter), key)
    assert [f"{int(word[0]):08x}" for word in found] == words.split()


def test_vector_code_draws_the_same_bits_as_the_reference():
    program = Program()
    seed_argument = program.step.number(5.0)
    numbers = [DRAWS * call_number(f"call {k}") + draw for k in range(3) for draw in range(4)]
    nodes = [program.step.uniform(number, seed_argument) for number in numbers]
    grid = TimeGrid(0.0, 1.0, 6, 1)
    expected = interpret.run(program, Members(np.empty(0), {}, 5, 1, seed=2**40 + 3, first=7), nodes, grid)
    for width in (1, 2, 4, 8):
        members = Members(np.empty(0), {}, 5, width, seed=2**40 + 3, first=7)
        found, _ = Kernel(program, nodes, width).run(members, grid)
        np.testing.assert_array_equal(found, expected)


def test_numbers_are_spread_evenly_and_do_not_go_together():
    """Kolmogorov-Smirnov and correlations of 40,000 numbers; with this seed the p-values are known to exceed 1 %."""
    members, call = np.arange(20_000), call_number("x")
    argument = np.array(0.0)
    columns = [
        uniform(1, members, 0, DRAWS * call, argument),
        uniform(1, members, 1, DRAWS * call, argument),
        uniform(1, members, 0, DRAWS * call + 1, argument),
        uniform(1, members, 0, DRAWS * call + 2, argument),
        uniform(2, members, 0, DRAWS * call, argument),
        uniform(1, members, 0, DRAWS * call, np.array(1.0)),
        uniform(1, members, 0, DRAWS * call_number("y"), argument),
    ]
    for column in columns:
        assert column.min() > 0
        assert column.max() < 1
        assert stats.kstest(column, "uniform").pvalue > 0.01
    correlations = np.corrcoef(columns)[np.triu_indices(len(columns), 1)]
    assert np.abs(correlations).max() < 3.5 / np.sqrt(len(members))  # 3.5 standard errors, 21 of them


def test_a_graph_never_folds_a_random_number():
    graph = Graph()
    assert graph.nodes[graph.uniform(3, graph.number(0.0))][0] == "uniform"


def test_parts_of_a_batch_give_the_bits_of_the_whole(simulate):
    model = simulate("x = RANDOM UNIFORM(0, 1, 0) ~~|\nk = 1 ~~|\ns = INTEG(x * k, x) ~~|", final=3)
    frame = pd.DataFrame({"k": np.linspace(1, 2, 23)})
    whole = model.run(frame, ["x", "s"], seed=4, threads=1)
    again = model.run(frame, ["x", "s"], seed=4, threads=2)
    parts = [
        model.run(frame.iloc[a:b], ["x", "s"], seed=4, first_member=a) for a, b in ((0, 9), (9, 10), (10, 23))
    ]
    for name in ("x", "s"):
        np.testing.assert_array_equal(whole[name], again[name])
        np.testing.assert_array_equal(whole[name], np.concatenate([part[name] for part in parts]))
    assert len(np.unique(whole["x"])) == whole["x"].size
    np.testing.assert_array_equal(whole["s"].isel(time=0), whole["x"].isel(time=0))  # init and step agree
