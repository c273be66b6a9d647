"""Diagrams: nothing lies on anything else, everything is shown, and flows join their stocks."""

from __future__ import annotations

from itertools import combinations, pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.model import Equation, Kind, Model, Variable, read
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference
from sd_covid.model.layout.diagram import View, lay_out
from sd_covid.model.layout.grid import Grid
from sd_covid.model.layout.parts import LARGEST_VIEW, parts_of
from tests.model.conftest import Reader

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "models").glob("*.mdl")) + [
    ROOT / "tests/models" / name for name in ("sir.mdl", "predator_prey.mdl", "subscripts.mdl", "lookups.mdl")
]


def overlapping(view: View) -> list[tuple[str, str]]:
    """Pairs of boxes that share some of the page."""
    return [
        (one.name, other.name)
        for one, other in combinations(view.nodes, 2)
        for (left, top, right, bottom), (west, north, east, south) in product(one.boxes, other.boxes)
        if left < east and west < right and top < south and north < bottom
    ]


def check(model: Model) -> list[View]:
    views = lay_out(model)
    shown = [n.name for view in views for n in view.nodes if n.role not in ("cloud", "shadow")]
    control = {"initial time", "final time", "time step", "saveper"}
    assert sorted(shown) == sorted(set(model.variables) - control)
    for view in views:
        assert [] == overlapping(view)
        assert all(min(box) > 0 for node in view.nodes for box in node.boxes)
    return views


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_variable_is_shown_once_and_no_two_boxes_overlap(path: Path):
    check(read(path))


def test_a_large_model_is_split_by_its_groups(read_text: Reader):
    equations = "".join(
        f"****\n\t.{group}\n****~~|\n"
        + "".join(f"{group} {at} = {'stock' if at else at} ~~|\n" for at in range(40))
        for group in ("first", "second")
    )
    views = check(read_text(equations + "****\n\t.first\n****~~|\nstock = INTEG(1, 0) ~~|\n"))
    assert ["first", "second"] == [view.title for view in views]
    shadows = [node.name for view in views for node in view.nodes if node.role == "shadow"]
    assert {"stock"} == set(shadows)


def test_a_large_model_without_groups_is_split_by_its_stocks(read_text: Reader):
    chains = "".join(
        f"stock {at} = INTEG(flow {at}, 1) ~~|\nflow {at} = rate {at} * stock {at} ~~|\nrate {at} = 1 ~~|\n"
        for at in range(LARGEST_VIEW)
    )
    views = check(read_text(chains))
    assert len(views) > 1
    assert max(len(view.nodes) for view in views) < 2 * LARGEST_VIEW


def test_a_flow_runs_from_its_stock_through_its_valve_to_the_next(read_text: Reader):
    model = read_text("a = INTEG(-f, 9) ~~|\nb = INTEG(f - g, 0) ~~|\nf = a ~~|\ng = b ~~|\n")
    (view,) = check(model)
    by_name = {node.name: node for node in view.nodes if node.role != "cloud"}
    pipes = {view.nodes[pipe.valve].name: pipe for pipe in view.pipes}
    assert ["a", "b"] == [view.nodes[end].name for end in (pipes["f"].source, pipes["f"].target)]
    assert "cloud" == view.nodes[pipes["g"].target].role
    assert by_name["a"].x < by_name["f"].x < by_name["b"].x < by_name["g"].x
    assert by_name["a"].x + by_name["a"].width / 2 == pipes["f"].to_source[-1][0]
    assert by_name["b"].x - by_name["b"].width / 2 == pipes["f"].to_target[-1][0]


def test_a_flow_that_leads_back_goes_around(read_text: Reader):
    model = read_text(
        "a = INTEG(back - f, 9) ~~|\nb = INTEG(f - back, 0) ~~|\nf = a ~~|\nback = b ~~|\n", name="loop.mdl"
    )
    (view,) = check(model)
    (back,) = [pipe for pipe in view.pipes if view.nodes[pipe.valve].name == "back"]
    valve = view.nodes[back.valve]
    assert valve.y > max(node.boxes[0][3] for node in view.nodes if node.role == "stock")
    ways = [[(valve.x, valve.y), *way] for way in (back.to_source, back.to_target)]
    assert all(one[0] == two[0] or one[1] == two[1] for way in ways for one, two in pairwise(way))


def test_only_what_a_stock_adds_or_subtracts_as_it_is_is_a_flow(read_text: Reader):
    model = read_text("s = INTEG(a - b + 2 * c, d) ~~|\na = 1 ~~|\nb = 1 ~~|\nc = 1 ~~|\nd = 1 ~~|\n")
    parts = parts_of(model)
    assert [("a", None, "s"), ("b", "s", None)] == [
        (flow.name, flow.source, flow.target) for flow in parts.flows
    ]
    assert [("c", "s"), ("d", "s")] == parts.links


names = st.lists(
    st.text(st.characters(categories=["Ll", "Lo"]), min_size=1, max_size=40).filter(
        lambda name: name != "saveper"  # which is no variable like others
    ),
    min_size=1,
    max_size=30,
    unique=True,
)


@given(names, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_no_two_boxes_overlap_in_any_model(drawn: list[str], random: object):
    """Stocks, flows and auxiliaries that depend on each other at random, with names of any width."""
    model = Model("drawn")
    pick = random.choice  # type: ignore[attr-defined]
    for name in drawn:
        value: Expression = Binary("-", Reference(pick(drawn)), Reference(pick(drawn)))
        if pick([True, False]):
            value = Call("INTEG", (value, Number(1)))
        variable = Variable(name, [Equation(Kind.EQUATION, expression=value)])
        model.variables[variable.key] = variable
    check(model)


def test_a_wide_name_finds_room_beyond_gaps_that_are_too_narrow():
    """Every other cell is taken for nine around, so that nothing of two cells fits there."""
    grid = Grid(1.0, 1.0)
    for row, column in product(range(-9, 10), range(-9, 10, 2)):
        grid.take((row, column))
    row, column = grid.place({"a": ((0, 0), 1)}, {"wide": 2}, [("a", "wide")])["wide"]
    taken = {cell for cell, name in grid.taken.items() if name != "wide"}
    assert not {(row, column), (row, column + 1)} & taken


def test_a_wide_name_is_placed_where_only_single_cells_are_free_nearby():
    """Every other cell around the middle is taken: many are free there, but no two side by side."""
    grid = Grid(100, 50)
    fixed = {
        f"stock {row},{column}": ((row, column), 1) for row in range(-9, 10) for column in range(-8, 9, 2)
    }
    for cell, _ in fixed.values():
        grid.take(cell)
    placed = grid.place(fixed, {"wide": 2}, [(name, "wide") for name in fixed])
    row, column = placed["wide"]
    assert not {(row, column), (row, column + 1)} & {cell for cell, _ in fixed.values()}
