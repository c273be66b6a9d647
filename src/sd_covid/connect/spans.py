"""How far constants of a model may reach: as given, or as the model file declares.

In go names of constants, with or without a low and a high; out come ranges under the model's own names. Shared by what
samples: the workbench and SALib.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.ranges import Range

Spans: TypeAlias = "Mapping[str, tuple[float, float] | Range] | Iterable[str]"


def spans(simulation: Simulation, given: Spans) -> dict[str, Range]:
    """Ranges by the name of the constant, in the order given.

    Parameters
    ----------
    simulation : Simulation
    given : mapping or iterable of str
        Constants, ``name`` or ``name[Element]``: with a low and a high, which make a uniform range, or with a range of
        a study's evidence; or names alone, whose low and high the model file declares behind their unit, ``[0, 1]``.

    Returns
    -------
    dict of str to Range
        Under the model's spelling.

    Raises
    ------
    UnknownNameError
        For a name that is no constant of the model.
    RunError
        For a low that is not below its high, none declared, or a constant that is there twice.
    """
    known = {key(name): name for name in simulation.constants}
    items = given.items() if isinstance(given, Mapping) else ((name, None) for name in given)
    found: dict[str, Range] = {}
    for asked, span in items:
        name = known.get(key(asked))
        if name is None:
            advice = suggest(asked, known.values())
            raise UnknownNameError(f"'{asked}' is not a constant of the model", advice=advice, variable=asked)
        if name in found:
            raise RunError(f"'{name}' is there twice", advice="leave one out", variable=name)
        found[name] = span if isinstance(span, Range) else _uniform(simulation, name, span)
    if not found:
        raise RunError("nothing varies", advice="name at least one constant")
    return found


def _uniform(simulation: Simulation, name: str, span: tuple[float, float] | None) -> Range:
    """A uniform range, around the constant's own value where that lies within."""
    low, high = _declared(simulation, name) if span is None else map(float, span)
    central = simulation.constants[name]
    found = Range(low, high, central if low <= central <= high else (low + high) / 2, "uniform")
    fault = found.fault()
    if fault is not None:
        raise RunError(fault, advice="give (low, high)", variable=name)
    return found


def _declared(simulation: Simulation, name: str) -> tuple[float, float]:
    low, high, _ = simulation.model.variables[key(name.partition("[")[0])].limits
    if low is None or high is None:
        raise RunError(
            f"the model file declares no range of '{name}'",
            advice=f"give one, {{'{name}': (low, high)}}, or write [low,high] behind its unit in the model",
            variable=name,
        )
    return low, high
