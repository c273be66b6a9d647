"""Named loops: the shortest way round through the names that declare them, drawn without crossing itself."""

from __future__ import annotations

from itertools import pairwise, permutations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.analysis.passport.dependencies import way_round
from sd_covid.document.loops import draw_loop
from sd_covid.document.strokes import Names

links = st.sets(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")).filter(lambda pair: pair[0] != pair[1])
)


@given(links)
@settings(max_examples=200, deadline=None)
def test_the_way_through_one_name_is_the_shortest_circle(pairs: set[tuple[str, str]]) -> None:
    effects: dict[str, list[str]] = {name: [] for name in "abcdef"}
    for cause, effect in sorted(pairs):
        effects[cause].append(effect)
    circles = [
        (first, *rest)
        for size in range(1, 6)
        for rest in permutations("bcdef", size)
        for first in "a"
        if all(pair in pairs for pair in pairwise([first, *rest, first]))
    ]
    found, missing = way_round(effects, ["a"])
    assert missing == (None if found else ("a", "a"))
    assert len(found) == min(map(len, circles), default=0)
    if found:
        assert tuple(found) in circles


def test_a_way_leads_through_all_names_in_order_and_no_name_twice() -> None:
    effects = {"a": ["b", "x"], "x": ["c"], "b": ["c", "a"], "c": ["b", "d"], "d": ["a"]}
    assert way_round(effects, ["a", "c"]) == (["a", "b", "c", "d"], None)
    assert way_round(effects, ["a", "x", "c"]) == (["a", "x", "c", "b"], None)
    assert way_round({"c": ["x"], "x": []}, ["c", "x"]) == ([], ("x", "c"))


@pytest.mark.parametrize("count", range(2, 31))
def test_a_drawn_loop_has_each_name_once_and_boxes_apart(count: int) -> None:
    path = [f"variable {at}" for at in range(count)]
    names = Names({name: name for name in path}, {}, {path[0]: 1}, {(path[0], path[1]): "-"})
    root = ElementTree.fromstring(draw_loop("loop", "R1", path, names, {}))
    boxes = [item for item in root.iter() if item.tag.endswith("rect")][1:]
    assert len(boxes) == count
    found = [tuple(float(item.get(part, "nan")) for part in ("x", "y", "width", "height")) for item in boxes]
    for at, (x, y, wide, high) in enumerate(found):
        for a, b, c, d in found[:at]:
            assert x + wide < a or a + c < x or y + high < b or b + d < y
    words = [text for text in root.itertext() if text.startswith("variable")]
    assert sorted(words) == sorted(path)
    dashed = [item for item in root.iter() if item.tag.endswith("line") and item.get("stroke-dasharray")]
    assert len(dashed) == 1
