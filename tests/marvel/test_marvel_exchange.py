"""Diagrams to other programs and back, and files as those programs write them.

The Kumu blueprint has the form of docs.kumu.io, "JSON / Blueprints"; the GraphML that of graphml.graphdrawing.org.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.errors import DiagramError
from sd_covid.marvel.exchange import sheets_in, tables_of, write_exchange
from sd_covid.marvel.lower import model_of
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.sketch import skeleton, write_sketch
from sd_covid.model import write_mdl

TOWN = Path(__file__).parent / "town"
MODELS = Path(__file__).parents[1] / "models"


def links_of(path: Path) -> set[tuple[object, ...]]:
    sheets = {sheet.name: sheet for sheet in sheets_in(tables_of(path))}
    return {(row["src"], row["dst"], row["sign"]) for row in sheets["links"].rows}


@pytest.mark.parametrize("suffix", [".graphml", ".json"])
def test_diagram_survives_another_program(tmp_path, suffix):
    file = tmp_path / f"town{suffix}"
    write_exchange(tables_of(TOWN), file)
    town, again = read_diagram(TOWN), read_diagram(file)
    assert set(again.variables) == set(town.variables)
    assert set(again.links) == set(town.links)
    assert again.interventions == town.interventions


def test_kumu_blueprint_by_labels(tmp_path):
    file = tmp_path / "map.json"
    file.write_text(
        '{"elements": [{"label": "Births (per year)", "type": "Flow"}, {"_id": "elem-9", "label": "People"}],'
        ' "connections": [{"from": "People", "to": "Births (per year)", "type": "+"},'
        ' {"from": "Births (per year)", "to": "People", "attributes": {"polarity": "negative"}}]}'
    )
    assert links_of(file) == {("People", "Births per year", "+"), ("Births per year", "People", "-")}
    with pytest.raises(DiagramError, match="from 'People' to 'Births per year' has no strength"):
        read_diagram(file)


def test_kumu_csv(tmp_path):
    (tmp_path / "elements.csv").write_text("Label,Type\nDebt,\nStress,\n")
    (tmp_path / "connections.csv").write_text("From,To,Type,Strength,Speed\nDebt,Stress,same,average,high\n")
    read_back = read_diagram(tmp_path)
    assert [(x.src, x.dst, x.sign, x.strength.label) for x in read_back.links] == [
        ("Debt", "Stress", 1, "average")
    ]


def test_graphml_of_a_drawing_program(tmp_path):
    file = tmp_path / "drawn.graphml"
    file.write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        '<key id="a" for="node" attr.name="label" attr.type="string"/>'
        '<key id="b" for="edge" attr.name="polarity" attr.type="string"/>'
        '<graph edgedefault="directed"><node id="n0"><data key="a">Work</data></node>'
        '<node id="n1"><data key="a">2nd income</data></node>'
        '<edge source="n0" target="n1"><data key="b">+</data></edge></graph></graphml>'
    )
    assert links_of(file) == {("Work", "v 2nd income", "+")}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.graphml", '<!DOCTYPE x [<!ENTITY a "b">]><graphml/>', "defines entities"),
        ("a.graphml", "<graphml", "is no GraphML"),
        ("a.json", "{", "is no JSON"),
        ("a.json", "[" * 100_000, "is no JSON that can be read"),
        ("a.json", "9" * 5_000, "is no JSON that can be read"),
        (
            "a.json",
            '{"elements": [], "connections": [], "classes": "%s"}' % ("[" * 100_000),
            "classes are no JSON",
        ),
        ("a.json", "[1]", "has no elements and connections"),
        ("a.json", '{"elements": [1], "connections": []}', "has no elements and connections"),
        ("a.txt", "", "no kind of diagram"),
    ],
)
def test_strange_files_are_refused(tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(DiagramError, match=reason):
        read_diagram(tmp_path / name)


def test_causal_part_of_a_model_has_its_links_and_signs():
    # Lotka and Volterra, read by hand: births and deaths rise with who is there; no sign is told of the invariant.
    rising = [
        *[("hare", "hare births"), ("hare", "hare deaths"), ("lynx", "hare deaths"), ("hare", "lynx births")],
        *[("lynx", "lynx births"), ("lynx", "lynx deaths"), ("hare births", "hare"), ("lynx births", "lynx")],
    ]
    falling = [("hare deaths", "hare"), ("lynx deaths", "lynx")]
    untold = [("hare", "invariant"), ("lynx", "invariant")]
    assert links_of(MODELS / "predator_prey.mdl") == {
        *((*pair, "+") for pair in rising),
        *((*pair, "-") for pair in falling),
        *((*pair, "") for pair in untold),
    }


def test_causal_loop_diagram_of_vensim_with_functions_still_to_write(tmp_path):
    file = tmp_path / "cld.mdl"
    file.write_text(
        "{UTF-8}\nDebt = A FUNCTION OF( Income, -Help )\n\t~\t\n\t~\t|\n"
        "Income = A FUNCTION OF( -Debt )\n\t~\t\n\t~\t|\n"
        "Help = A FUNCTION OF( )\n\t~\t\n\t~\t|\n",
        encoding="utf-8",
    )
    assert links_of(file) == {("Income", "Debt", "+"), ("Help", "Debt", "-"), ("Debt", "Income", "-")}


def test_skeleton_has_a_stock_for_each_effect_and_comes_to_rest_where_it_starts(tmp_path):
    town = read_diagram(TOWN)
    made = skeleton(town)
    stocks = {link.dst for link in town.links}
    for item in town.variables:
        expression = made.variable(item.id).equations[0].expression
        assert (getattr(expression, "function", "") == "INTEG") == (item.id in stocks)
        assert "TO FILL IN" in made.variable(item.id).documentation
    write_sketch(town, tmp_path / "town.mdl")
    from sd_covid import load

    run = load(tmp_path / "town.mdl").run(outputs=["distress"])
    assert abs(run["distress"].to_numpy() - 0.4).max() < 1e-15


def test_skeleton_gives_back_the_diagram(tmp_path):
    # Its stocks, targets and times between them: along those, the links and signs of the diagram.
    town = read_diagram(TOWN)
    write_sketch(town, tmp_path / "town.mdl")
    found = links_of(tmp_path / "town.mdl")
    stocks = {link.dst for link in town.links}
    targets = {(src, dst.removeprefix("target of ")) for src, dst, _ in found if dst.startswith("target of ")}
    # What nothing acts on is a number there, and no variable that a model tells from its constants.
    assert targets == {(link.src, link.dst) for link in town.links if link.src in stocks}


def test_lowered_diagram_is_a_model_that_vensim_text_holds(tmp_path):
    town = read_diagram(TOWN)
    write_mdl(model_of(town), tmp_path / "town.mdl")
    from sd_covid import load

    run = load(tmp_path / "town.mdl").run({"doing more_help": 1.0}, outputs=["problem_debt"])
    assert run["problem_debt"].to_numpy()[-1] < 0.2
