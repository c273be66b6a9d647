"""Pictures of stocks, flows and causes show everything once, and nothing runs through a box."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sd_covid.document.causes import chapters, closure
from sd_covid.document.couplings import draw_couplings
from sd_covid.document.lanes import in_lanes
from sd_covid.document.pictures import stock_pictures
from sd_covid.document.sources import Sector
from sd_covid.document.structure import Anatomy, anatomy, diagrams, pipes
from sd_covid.engine.simulation import Simulation
from sd_covid.model import read
from sd_covid.model.names import key

MODELS = Path(__file__).parents[2] / "models"
SECTORS = sorted(path.stem for path in MODELS.glob("*.mdl"))


@pytest.fixture(scope="module", params=SECTORS)
def found(request: pytest.FixtureRequest) -> Anatomy:
    """A Dutch sector, sorted."""
    model = read(MODELS / f"{request.param}.mdl")
    return anatomy(model, [item.name for item in model.variables.values() if item.name.endswith(" input")])


def test_every_stock_that_acts_stands_in_one_diagram(found: Anatomy) -> None:
    shown = [name for diagram in diagrams(found) for name in diagram.parts.stocks]
    assert sorted(shown) == sorted(found.stocks)
    assert not set(found.stocks) & set(found.counters)


def test_a_counter_acts_on_no_stock(found: Anatomy) -> None:
    rates = {name: found.rate_causes(name) for name in (*found.stocks, *found.counters)}
    for counter in found.counters:
        effects, todo = set(), [counter]
        while todo:
            name = todo.pop()
            acted = [other for other, causes in found.causes.items() if name in rates.get(other, causes)]
            todo += [other for other in acted if other not in effects]
            effects |= set(acted)
        assert not effects & set(rates), counter


def test_pipes_in_lanes_run_through_no_box_and_names_cover_none(found: Anatomy) -> None:
    spelled = {name: item.name for name, item in found.model.variables.items()}
    for diagram in diagrams(found):
        if not diagram.parts.flows:
            continue
        view = in_lanes("", diagram.parts.stocks, diagram.parts.flows, spelled)
        boxes = [node.boxes[0] for node in view.nodes if node.role == "stock"]
        assert {node.name for node in view.nodes if node.role == "flow"} == {
            flow.name for flow in diagram.parts.flows
        }
        for pipe in view.pipes:
            valve = view.nodes[pipe.valve]
            way = [*reversed(pipe.to_source), (valve.x, valve.y), *pipe.to_target]
            for start, end in pairwise(way):
                assert start[0] == pytest.approx(end[0]) or start[1] == pytest.approx(end[1])
                for at in range(1, 50):
                    x = start[0] + (end[0] - start[0]) * at / 50
                    y = start[1] + (end[1] - start[1]) * at / 50
                    assert not any(
                        left < x < right and top < y < bottom for left, top, right, bottom in boxes
                    )
            left, top, right, bottom = valve.boxes[1]
            assert all(right <= a or c <= left or bottom <= b or d <= top for a, b, c, d in boxes)


def test_causes_cut_into_pictures_lose_no_link(found: Anatomy) -> None:
    for diagram in diagrams(found):
        flows = [flow.name for flow in diagram.parts.flows]
        shown = [link for chapter in chapters(found, flows) for link in chapter.links]
        assert set(shown) == set(closure(found, flows))
        assert len(shown) == len(set(shown))


def test_pictures_are_svg_with_every_name(found: Anatomy) -> None:
    sector = Sector(found.model.name, Path(f"{found.model.name}.mdl"), found.model, found)
    files: dict[str, str] = {}
    pictures = stock_pictures(sector, Simulation(found.model), files)
    assert {file for item in pictures for file in (item.file, *item.causes)} == set(files)
    words = " ".join(" ".join(ElementTree.fromstring(text).itertext()) for text in files.values())
    words = re.sub(r"\s+", " ", words)
    for name in found.stocks:
        assert found.model.variables[name].name.split()[0] in words


def test_names_between_sectors_cover_no_sector() -> None:
    sectors = {name: name.title() for name in ("work", "debt", "youth", "mind", "trust")}
    given = {(a, b): [f"what {a} gives {b}", "and more"] for a in sectors for b in sectors if a != b}
    root = ElementTree.fromstring(draw_couplings("all", sectors, given))
    assert root.tag.endswith("svg")
    boxes = [item for item in root.iter() if item.tag.endswith("rect") and item.get("rx")]
    names = [_box(item) for item in boxes if item.get("rx") == "3"]
    middles = [_box(item) for item in boxes if item.get("rx") == "8"]
    assert (len(names), len(middles)) == (20, 5)
    for a, b, c, d in names:
        assert all(c <= left or right <= a or d <= top or bottom <= b for left, top, right, bottom in middles)
    text = " ".join(root.itertext())
    assert all(f"what {a} gives {b}" in text for a, b in given)


def _box(item: ElementTree.Element) -> tuple[float, float, float, float]:
    x, y, wide, high = (float(item.get(name, "nan")) for name in ("x", "y", "width", "height"))
    return x, y, x + wide, y + high


def test_an_input_is_looked_at_as_moving_though_it_rests_alone() -> None:
    model = read(MODELS / "debt.mdl")
    rests = anatomy(model)
    given = anatomy(model, ["distress input"])
    assert key("distress input") in given.moving
    assert len(rests.moving) <= len(given.moving)


def test_a_flow_summed_over_ages_leads_from_stock_to_stock(tmp_path: Path) -> None:
    text = """{UTF-8}
age: young, old ~~|
pupils[age] = INTEG(- leaving[age], 10) ~ person ~ |
leaving[age] = pupils[age] / 5 ~ person/Month ~ |
leavers = INTEG(SUM(leaving[age!]) - gone, 0) ~ person ~ |
gone = leavers / 3 ~ person/Month ~ |
INITIAL TIME = 0 ~~|
FINAL TIME = 9 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""
    (tmp_path / "school.mdl").write_text(text, encoding="utf-8")
    flows = {flow.name: (flow.source, flow.target) for flow in pipes(read(tmp_path / "school.mdl"))}
    assert flows == {"leaving": ("pupils", "leavers"), "gone": ("leavers", None)}
