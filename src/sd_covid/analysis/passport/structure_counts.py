"""What a model consists of, counted: variables by kind, loops, and what makes it hard to read.

In goes a model; out come counts, and the names behind those that a reader may want to mend. Elements of arrays count
one by one where it says so. The number of independent loops is that of Oliva (2004, doi 10.1002/sdr.306): in a set of
variables that all depend on one another, links - variables + 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_covid.analysis.passport.dependencies import causes, strong_components
from sd_covid.model.expression import Call, Number, Reference, Table, walk
from sd_covid.model.layout.parts import CONTROL, flows_of, is_stock
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model, Variable

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

_BRANCHES = frozenset({"if then else", "min", "max"})
_PLAIN = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Structure:
    """Counts of a model.

    Attributes
    ----------
    kinds : dict of str to (int, int)
        Variables of a kind, and elements of them: stocks, flows, auxiliaries, constants, data, lookups.
    components : tuple of int
        Sizes of the sets of variables that all depend on one another, largest first.
    loops : int
        Independent feedback loops.
    branches : dict of str to int
        Calls of IF THEN ELSE, MIN and MAX.
    undocumented, without_unit, unused : tuple of str
    embedded : tuple of (str, float)
        Numbers other than 0 and 1 that stand in an equation, with its variable.
    not_monotone : tuple of str
        Lookups that both rise and fall.
    """

    kinds: dict[str, tuple[int, int]]
    components: tuple[int, ...]
    loops: int
    branches: dict[str, int]
    undocumented: tuple[str, ...]
    without_unit: tuple[str, ...]
    unused: tuple[str, ...]
    embedded: tuple[tuple[str, float], ...]
    not_monotone: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """What may be limited, by the names of `sd_covid.analysis.passport.declarations.LIMITS`."""
        return {
            "undocumented": len(self.undocumented),
            "unused": len(self.unused),
            "without unit": len(self.without_unit),
            "embedded constants": len(self.embedded),
            "branches": sum(self.branches.values()),
            "lookups not monotone": len(self.not_monotone),
        }


def count(simulation: Simulation, outputs: Collection[str] = ()) -> Structure:
    """Count what a model consists of.

    Parameters
    ----------
    simulation : Simulation
    outputs : collection of str
        Variables that are there to be read by people: nothing in the model need use them. Those of a group called
        ``Outputs`` are known to be.
    """
    model = simulation.model
    shown = [v for v in model.variables.values() if v.key not in CONTROL and not v.local]
    graph = causes(model)
    components = strong_components(graph)
    loops = 0
    for component in components:
        inside = set(component)
        loops += sum(cause in inside for name in component for cause in graph[name]) - len(component) + 1
    return Structure(
        kinds=_kinds(simulation, shown),
        components=tuple(sorted(map(len, components), reverse=True)),
        loops=loops,
        branches=_branches(shown),
        undocumented=tuple(v.name for v in shown if not v.documentation.strip()),
        without_unit=tuple(v.name for v in shown if not v.units.strip()),
        unused=tuple(_unused(model, shown, set(map(key, outputs)))),
        embedded=tuple(_embedded(shown)),
        not_monotone=tuple(_not_monotone(shown)),
    )


def _kinds(simulation: Simulation, shown: list[Variable]) -> dict[str, tuple[int, int]]:
    flows = {flow.name for flow in flows_of(simulation.model)}
    found = dict.fromkeys(("stocks", "flows", "auxiliaries", "constants", "data", "lookups"), (0, 0))
    for variable in shown:
        kind = _kind(variable, flows)
        variables, cells = found[kind]
        size = len(simulation.subscripts.definitions(variable))
        found[kind] = (variables + 1, cells + size)
    return found


def _kind(variable: Variable, flows: set[str]) -> str:
    first = variable.equations[0]
    if is_stock(variable):
        return "stocks"
    if first.kind in (Kind.LOOKUP, Kind.DATA):
        return "lookups" if first.kind is Kind.LOOKUP else "data"
    if is_constant(variable):
        return "constants"
    return "flows" if variable.key in flows else "auxiliaries"


def is_constant(variable: Variable) -> bool:
    """Whether a variable is a number, or an array of numbers."""
    return all(e.kind is Kind.ARRAY or isinstance(e.expression, Number) for e in variable.equations)


def _branches(shown: list[Variable]) -> dict[str, int]:
    found = dict.fromkeys(("IF THEN ELSE", "MIN", "MAX"), 0)
    for variable in shown:
        for equation in variable.equations:
            for node in walk(equation.expression) if equation.expression is not None else ():
                if isinstance(node, Call) and key(node.function) in _BRANCHES:
                    found[key(node.function).upper()] += 1
    return found


def read_in(model: Model) -> set[str]:
    """Keys of what the equations of a model use."""
    read: set[str] = set()
    for variable in model.variables.values():
        for equation in variable.equations:
            for node in walk(equation.expression) if equation.expression is not None else ():
                if isinstance(node, Reference):
                    read.add(key(node.name))
                elif isinstance(node, Call):
                    read.add(key(node.function))
    return read


def _unused(model: Model, shown: list[Variable], outputs: set[str]) -> list[str]:
    read = read_in(model)
    return [
        v.name
        for v in shown
        if v.key not in read
        and v.key not in outputs
        and not is_stock(v)
        and not v.supplementary
        and not key(v.group).strip(".").endswith("outputs")
    ]


def _embedded(shown: list[Variable]) -> list[tuple[str, float]]:
    found = []
    for variable in shown:
        for equation in variable.equations:
            if equation.kind is not Kind.EQUATION or isinstance(equation.expression, Number | Table):
                continue
            nodes = walk(equation.expression) if equation.expression is not None else ()
            numbers = [node.value for node in nodes if isinstance(node, Number)]
            found += [(variable.name, value) for value in numbers if value not in _PLAIN]
    return found


def _not_monotone(shown: list[Variable]) -> list[str]:
    found = []
    for variable in shown:
        for equation in variable.equations:
            for node in walk(equation.expression) if equation.expression is not None else ():
                if isinstance(node, Table):
                    values = [y for _, y in node.points]
                    rises = [b - a for a, b in itertools.pairwise(values)]
                    if any(rise > 0 for rise in rises) and any(rise < 0 for rise in rises):
                        found.append(variable.name)
    return list(dict.fromkeys(found))
