"""A model that was pickled is the model that was read: what it says, and where each part of it stands."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from sd_covid.model import Model, read
from sd_covid.model.expression import Call, Expression, Place, Reference, walk
from sd_covid.model.structure import Equation, Kind

Kept = TypeVar("Kept")
ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "tests/models").iterdir() if path.suffix in {".mdl", ".xmile"})
ABOUT = {"checks.yaml", "loops.yaml", "titles.yaml"}  # what is said of the models, and no model
STUDIES = sorted(path for path in (ROOT / "models").glob("*.yaml") if path.name not in ABOUT)


def nodes(model: Model) -> list[Expression]:
    """Every node of every expression, the outputs of calls among them."""
    found: list[Expression] = []
    for variable in model.variables.values():
        for equation in variable.equations:
            for node in walk(equation.expression) if equation.expression is not None else ():
                found += [node, *(node.outputs if isinstance(node, Call) else ())]
    return found


def places(model: Model) -> list[Place]:
    """Where each node, equation and variable stands."""
    variables = list(model.variables.values())
    equations = [equation.place for variable in variables for equation in variable.equations]
    return [*(node.place for node in nodes(model)), *equations, *(variable.place for variable in variables)]


def pickled(what: Kept) -> Kept:
    again: Kept = pickle.loads(pickle.dumps(what))  # noqa: S301 - our own
    return again


@pytest.mark.parametrize("path", FILES + STUDIES, ids=lambda path: path.name)
def test_a_model_is_the_same_after_pickling(path: Path):
    model = read(path)
    again = pickled(model)
    assert repr(again) == repr(model)  # a NaN equals itself there
    assert places(again) == places(model)


def test_a_long_sum_and_a_deep_call_are_the_same_after_pickling(read_text: Callable[[str], Model]):
    terms, deep = " + ".join(["Time"] * 5000), "ABS(" * 200 + "Time" + ")" * 200
    model = read_text(f"y = {terms}~~|\nz = {deep}~~|\n")
    again = pickled(model)
    assert [type(node) for node in nodes(again)] == [type(node) for node in nodes(model)]
    assert places(again) == places(model)


def test_a_node_from_another_file_keeps_it():
    here, there = Place(Path("a.mdl"), 1, 2), Place(Path("b.mdl"), 3, 4)
    call = Call("f", (Reference("x", place=there),), place=here, outputs=(Reference("y", place=there),))
    again = pickled(Equation(Kind.EQUATION, expression=call, place=here)).expression
    assert again == call
    assert isinstance(again, Call)
    assert [again.place, again.arguments[0].place, again.outputs[0].place] == [here, there, there]
