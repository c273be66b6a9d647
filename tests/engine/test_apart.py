"""What a program is taken apart into: by hand, for equations of which each belongs to one kind."""

import pytest

from sd_covid.engine.graph.apart import parameters_of, take_apart
from sd_covid.engine.graph.trim import trim

#: `level` is the same for all members, `size` is not.
TEXT = """
level = 3 ~~| size = 2 ~~|
on = IF THEN ELSE(Time >= 4, level, 0) ~~|
ramp = MAX(0, Time - level) ~~|
package = on * size ~~|
growing = ramp * size ~~|
stock = INTEG(package + growing - stock * level, size) ~~|
"""


@pytest.fixture
def apart(simulate):
    """Take the model apart with some constants varying; gives the names of what each part computes too."""

    def take(*varying: str):
        model = simulate(TEXT)
        names = list(model.constants)
        node = {cell.variable: number for cell, number in model.program.cells.items()}
        part, chosen = trim(model.program, [node["stock"]])
        found = take_apart(part, chosen, [names.index(name) for name in varying])
        return found, [names[k] for k in parameters_of(found.common)]

    return take


def kinds(graph, goals) -> list[str]:
    return sorted(graph.nodes[n][0] for n in graph.order(goals) if graph.operands[n])


def test_what_is_alike_is_computed_once_and_what_is_switched_is_held(apart):
    found, reads = apart("size")
    # for all members: whether it is on by now, what is on, and the ramp
    assert kinds(found.common.step, found.series) == ["ge", "max", "select", "sub"]
    assert reads == ["level"]
    assert found.watched == 1  # the switch, not the ramp
    assert kinds(found.own.step, found.own.held) == ["mul"]  # the package, between switches
    following = [state.next for state in found.own.states]
    # what is held, and growing, and the outflow with its sign
    assert kinds(found.own.step, following) == ["fma", "fma", "neg"]
    assert found.own.given == 2 + 1  # the series, and whether one that is watched has changed


def test_what_differs_is_common_to_nobody(apart):
    found, reads = apart("size", "level")
    assert reads == []
    assert kinds(found.common.step, found.series) == ["ge", "select"]  # of time alone, as 1 or 0
    assert kinds(found.own.step, found.own.held) == ["mul", "ne", "select"]


def test_where_all_are_alike_only_states_are_left(apart):
    found, _ = apart()
    assert found.own.held == []
    assert kinds(found.own.step, [state.next for state in found.own.states]) == ["fma", "neg"]
    assert found.own.given == len(found.series)
