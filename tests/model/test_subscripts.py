"""What subscripts mean, by small arrays whose elements are told apart by their values."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ModelError
from sd_covid.model.mappings import Mappings
from sd_covid.model.structure import Dimension
from tests.model.conftest import Reader

RANGES = """
D: a, b, c ~~|
part: b, c ~~|
E: p, q, r -> D ~~|
F: f1, f2 -> (D: a, part), (G: g1, g2) ~~|
G: g1, g2 ~~|
H <-> D ~~|
N: (n1-n4) ~~|
some: (n2-n3) ~~|
x[D] = 1, 2, 3 ~~|
y[E] = 10, 20, 30 ~~|
z[F] = 100, 200 ~~|
xy[D,E] = 11,12,13;21,22,23;31,32,33; ~~|
"""


@pytest.fixture(autouse=True)
def _without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")


def final(read_text: Reader, entries: str, name: str = "w") -> list[float]:
    """Elements of a variable at the final time, last subscript fastest."""
    run = Simulation(read_text(RANGES + entries)).run(outputs=[name])
    return run[name].to_numpy()[-1].ravel().tolist()


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("w[D] = x[D] * 2~~|", [2, 4, 6]),
        ("w[part] = x[part]~~|", [2, 3]),
        ("w[d] = X[ D ]~~|", [1, 2, 3]),
        ("w[D] = y[E]~~|", [10, 20, 30]),  # E is mapped to D
        ("w[E] = x[D]~~|", [1, 2, 3]),  # and followed backwards
        ("w[part] = y[E]~~|", [20, 30]),  # to a part of what it is mapped to
        ("w[D] = z[F]~~|", [100, 200, 200]),  # one element for two
        ("w[part] = z[F]~~|", [200, 200]),
        ("w[G] = z[F]~~|", [100, 200]),  # the second of two mappings
        ("w[D] = SUM(xy[D,E!])~~|", [36, 66, 96]),
        ("w[E] = SUM(xy[D!,E])~~|", [63, 66, 69]),
        ("w = SUM(xy[D!,E!])~~|", [198]),
        ("w = SUM(xy[b,E!])~~|", [66]),
        ("w = SUM(xy[part!,q])~~|", [54]),
        ("w[D] = SUM(xy[D!,E!] * x[D])~~|", [198, 396, 594]),  # D! apart from D
        ("w[D] = SUM(x[D!])~~|", [6, 6, 6]),
        ("w[D,E] = x[D] * y[E]~~|", [10, 20, 30, 20, 40, 60, 30, 60, 90]),
        ("w[E,D] = xy[D,E]~~|", [11, 21, 31, 12, 22, 32, 13, 23, 33]),
        ("w[H] = x[H] + x[D]~~|", [2, 4, 6]),  # a copy
        ("w[D,H] = x[D] - x[H]~~|", [0, -1, -2, 1, 0, -1, 2, 1, 0]),
        ("s[D,H] = 10 * x[D] + x[H]~~|\nw[D] = s[D,D]~~|", [11, 22, 33]),
        ("w[D] = D~~|", [1, 2, 3]),
        ("w[part] = part~~|", [2, 3]),  # counted in the whole
        ("w[D] = IF THEN ELSE(D = b, 1, 0)~~|", [0, 1, 0]),
        ("w[part] = IF THEN ELSE(part = b, 1, 0)~~|", [1, 0]),
        ("w[D] = E * 10~~|", [10, 20, 30]),  # a mapped range as a number
        ("w = ELMCOUNT(part) + ELMCOUNT(N)~~|", [6]),
        ("w[N] = N~~|", [1, 2, 3, 4]),
        ("w[a] = 5~~|\nw[part] = x[part]~~|", [5, 2, 3]),
        ("w[D] :EXCEPT: [b] = 1~~|\nw[b] = 7~~|", [1, 7, 1]),
        ("w[D] :EXCEPT: [a],[part] = 1~~|\nw[D] :EXCEPT: [part] = 2~~|\nw[part] = 3~~|", [2, 3, 3]),
        ("w[D,F] :EXCEPT: [part,f1],[a,f2] = 1~~|\nw[part,f1] = 2~~|\nw[a,f2] = 3~~|", [1, 3, 2, 1, 2, 1]),
        ("w[D] :EXCEPT: [a] = y[E]~~|\nw[a] = 0~~|", [0, 20, 30]),
        ("v[part] = 8~~|\nw[D] :EXCEPT: [a] = v[D]~~|\nw[a] = 0~~|", [0, 8, 8]),  # v has no a, and needs none
        ("w[a] = 1~~|\nw[part] = w[a] + 1~~|", [1, 2, 2]),
        ("w[b,D] = x[D]~~|\nw[a,D] = 0~~|\nw[c,D] = 1~~|", [0, 0, 0, 1, 2, 3, 1, 1, 1]),
        ("t[D]((0,0),(1,10))~~|\nw[D] = t[D](x[D] / 10)~~|", [1, 2, 3]),
        ("t[a]((0,0),(1,10))~~|\nt[part]((0,0),(1,20))~~|\nw[D] = t[D](x[D] / 10)~~|", [1, 4, 6]),
    ],
)  # fmt: skip
def test_elements(read_text: Reader, entries: str, expected: list[float]):
    assert_allclose(final(read_text, entries + "\n"), expected)


def test_a_recurrence_over_mapped_ranges(read_text: Reader):
    entries = (
        "all: (t1-t4)~~|\nlater: (t2-t4) -> earlier~~|\nearlier: (t1-t3) -> later~~|\n"
        "w[t1] = 1~~|\nw[later] = w[earlier] * 2~~|\n"
    )
    assert_allclose(final(read_text, entries), [1, 2, 4, 8])


def test_an_element_may_stand_twice_in_a_range_that_is_mapped(read_text: Reader):
    """By place: two sources burn the same fuel, as Vensim's manual maps a detailed range to a coarse one."""
    entries = (
        "source: coal plant, gas turbine, gas peaker -> fuel of source ~~|\nfuel: coal, gas, oil ~~|\n"
        "fuel of source: coal, gas, gas -> source ~~|\n"
        "price[fuel] = 1, 2, 3 ~~|\nw[source] = price[fuel of source] ~~|\n"
    )
    assert final(read_text, entries) == [1.0, 2.0, 2.0]
    model = Simulation(read_text(RANGES + entries))
    assert model.run(outputs=["price"])["price"].dims[-1] == "fuel"  # and not the range with an element twice


def test_a_mapping_over_a_mapping(read_text: Reader):
    entries = "K: k1, k2 -> L~~|\nL: l1, l2 -> M~~|\nM: m1, m2~~|\nv[K] = 4, 5~~|\nw[M] = v[K]~~|\n"
    assert_allclose(final(read_text, entries), [4, 5])


def test_a_range_may_have_the_elements_of_another(read_text: Reader):
    entries = "from D: D~~|\nto D: D~~|\nw[from D,to D] = x[from D] * 10 + x[to D]~~|\n"
    assert_allclose(final(read_text, entries), [11, 12, 13, 21, 22, 23, 31, 32, 33])


def test_a_subscript_that_stands_twice_has_two_dimensions(read_text: Reader):
    model = read_text(RANGES + "w[a,D] = x[D]~~|\nw[part,D] = 0~~|\n")
    run = Simulation(model).run(outputs=["w"])["w"]
    assert run.shape[1:] == (3, 3)
    assert len(set(run.dims)) == 3


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ("w[N] = x[D]~~|", "not on the left side"),
        ("w[N] = D~~|", "used as a number"),
        ("w[D,D] = 1~~|", "stands twice"),
        ("w[D,H] = y[E]~~|\nv[from] = 1~~|", "neither a dimension"),
        ("w[part] = 1~~|\nv[D] = w[D]~~|", "not defined for 'a'"),
        ("K: k1 -> (D: a, b, part)~~|", "elements are mapped to"),
    ],
)
def test_subscripts_that_mean_nothing_are_errors(read_text: Reader, entries: str, reason: str):
    with pytest.raises(ModelError, match=reason):
        read_text(RANGES + entries + "\n")


def test_the_nearest_of_several_ways_counts():
    ranges = {
        "all": Dimension("all", ("t1", "t2", "t3")),
        "later": Dimension("later", ("t2", "t3"), {"earlier": ("t1", "t2")}),
        "earlier": Dimension("earlier", ("t1", "t2")),
    }
    mappings = Mappings(ranges)
    assert mappings.element({"earlier": "t2"}, "later") == "t3"  # by the mapping, though t2 is in both
    assert mappings.element({"later": "t2"}, "earlier") == "t1"
    assert mappings.element({"all": "t2"}, "later") == "t3"
