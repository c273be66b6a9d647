"""``.cin``: constants that differ from the model's.

In: lines ``name = 1.2``, ``name[Element] = 3``, ``name[Range] = 3,2,7``, and the lines of a ``.voc``, of which the
starting value counts. Out: settings of a run. A later line, or a later file, overrides an earlier one. Lookups and
``:IS:`` texts, which Vensim reads as well, are refused. That a row of values follows the order of the elements, the
last subscript running fastest, is as in an equation; the manual does not say more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.calibration.vensim_setup.control import read_search
from sd_covid.calibration.vensim_setup.lines import Line, parts, read_lines
from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.names import key

if TYPE_CHECKING:
    from sd_covid.engine.graph.subscripts import Cell
    from sd_covid.engine.simulation import Simulation


@dataclass(frozen=True, slots=True)
class NewValue:
    """A constant, or elements of one, and what it is set to."""

    name: str
    values: tuple[float, ...]
    line: Line


def read_changes(path: Path | str) -> list[NewValue]:
    """Read a ``.cin``, or the starting values of a ``.voc``.

    Raises
    ------
    ProblemError
    """
    found = []
    for line in read_lines(path):
        if line.text.startswith(":"):
            continue  # an option of a .voc
        if ":IS:" in line.text.upper():
            raise line.error("texts cannot be changed", "set what the text chooses in the model")
        if "<=" in line.text:
            search = read_search(line)
            if search.start is not None:
                found.append(NewValue(search.constant, (search.start,), line))
            continue
        found.append(_assignment(line))
    return found


def _assignment(line: Line) -> NewValue:
    sides = parts(line.text, "=")
    if len(sides) != 2 or not all(sides):
        if line.text.endswith(")"):
            raise line.error("lookups cannot be changed", "change the table in a copy of the model")
        raise line.error("a constant and its value are expected", "write NAME = 1.2")
    cells = re.split(r"[,;]", sides[1].rstrip(",;"))
    return NewValue(sides[0], tuple(line.number_of(cell, sides[0]) for cell in cells), line)


def settings(changes: Iterable[NewValue], simulation: Simulation) -> dict[str, float]:
    """What the changes set in a model.

    Parameters
    ----------
    changes : iterable of NewValue
        The last counts.
    simulation : Simulation

    Returns
    -------
    dict
        Constant, in the model's spelling -> value.

    Raises
    ------
    ProblemError
        A name that is no constant of the model, or another number of values than it has elements.
    """
    found: dict[str, float] = {}
    for change in changes:
        cells = constant_cells(change.name, change.line, simulation)
        if len(change.values) not in (1, len(cells)):
            reason = f"{len(change.values)} values for {len(cells)} element(s)"
            advice = "give one value, or one for each element"
            raise change.line.error(reason, advice, change.name)
        values = change.values if len(change.values) > 1 else change.values * len(cells)
        found.update(zip(map(simulation.names.spell, cells), values, strict=True))
    return found


def constant_cells(name: str, line: Line, simulation: Simulation) -> list[Cell]:
    """The settable constants that a name stands for; a subscript range stands for its elements.

    Raises
    ------
    ProblemError
    """
    base, _, inside = name.partition("[")
    try:
        cells = simulation.names.constants(base)
    except UnknownNameError as error:
        raise line.placed(error) from error
    if not inside:
        return cells
    wanted = [_elements(item, simulation) for item in inside.rstrip().removesuffix("]").split(",")]
    chosen = [
        cell
        for cell in cells
        if len(cell.elements) == len(wanted)
        and all(element in allowed for element, allowed in zip(cell.elements, wanted, strict=True))
    ]
    if not chosen:
        near = suggest(name, [simulation.names.spell(cell) for cell in cells])
        raise line.error(f"'{name}' has no such element", near or f"write {base.strip()} without brackets")
    return chosen


def _elements(name: str, simulation: Simulation) -> set[str]:
    """Keys of the elements of a subscript range; of an element, itself."""
    return set(simulation.subscripts.elements.get(key(name), (key(name),)))
