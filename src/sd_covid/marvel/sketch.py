"""From diagram to stock and flow: a Vensim skeleton with stocks, flows and units to fill in.

Every variable that others act on becomes a stock that goes where the diagram puts it: one flow, with a time to adjust;
the links into it give its target. So the skeleton runs, and comes to rest where the diagram does; the numbers are still
those of classes, and each unit and equation waits for one that means something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path

from sd_covid.errors import DiagramError
from sd_covid.marvel.diagram import Diagram, Link, Variable
from sd_covid.marvel.lower import delay_name, strength_name
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Unary
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Settings
from sd_covid.model.structure import Variable as Quantity

_TO_FILL = "TO FILL IN: unit and equation."


def skeleton(diagram: Diagram, horizon: float = 10.0) -> Model:
    """A stock-and-flow skeleton of a diagram.

    Parameters
    ----------
    diagram : Diagram
    horizon : float
        Years.

    Returns
    -------
    Model
        In years, on the diagram's scale. The delays of the links into a stock become one mean time to adjust.
    """
    made = _Skeleton({key(item.id): item.start for item in diagram.variables})
    times = {"INITIAL TIME": 0.0, "FINAL TIME": horizon, "TIME STEP": 0.0625, "SAVEPER": 0.25}
    for name, value in times.items():
        made.add(name, Number(value), "Year", "")
    for variable in diagram.variables:
        links = [link for link in diagram.links if key(link.dst) == key(variable.id)]
        if links:
            made.stock(variable, links)
        else:
            note = f"{_told(variable)} From outside. {_TO_FILL}"
            made.add(variable.id, _number(variable.start), "Dmnl", note, variable.theme)
    return Model(diagram.name, diagram.path, made.variables, settings=Settings())


class _Skeleton:
    """The variables of a skeleton as they are made."""

    def __init__(self, start: Mapping[str, float]) -> None:
        self._start = start
        self.variables: dict[str, Quantity] = {}

    def add(self, name: str, expression: Expression, units: str, note: str, group: str = "") -> Reference:
        equation = Equation(Kind.EQUATION, expression=expression)
        item = Quantity(name, [equation], units, documentation=note, group=group)
        self.variables[item.key] = item
        return Reference(name)

    def stock(self, variable: Variable, links: Sequence[Link]) -> None:
        """A stock, its flow, its target and its time to adjust."""
        name, theme = variable.id, variable.theme
        target, delays = _number(variable.start), list[Expression]()
        for link in links:
            note = f"Class: {link.strength.label or 'a number'}. Source: {link.source or 'none'}. {_TO_FILL}"
            strength = self.add(strength_name(link), Number(link.strength.value), "Dmnl", note, theme)
            delays.append(self.add(delay_name(link), Number(link.delay.value), "Year", note, theme))
            moved = Binary("-", Reference(link.src), _number(self._start[key(link.src)]))
            target = Binary("+" if link.sign > 0 else "-", target, Binary("*", strength, moved))
        goal = self.add(f"target of {name}", target, "Dmnl", f"What acts on it. {_TO_FILL}", theme)
        total = reduce(lambda left, right: Binary("+", left, right), delays)
        mean = Binary("/", total, Number(float(len(links))))
        note = f"The mean of the delays of its links. {_TO_FILL}"
        pace = self.add(f"time to adjust {name}", mean, "Year", note, theme)
        rate = Binary("/", Binary("-", goal, Reference(name)), pace)
        change = self.add(f"change of {name}", rate, "1/Year", f"Its flow. {_TO_FILL}", theme)
        stock = Call("INTEG", (change, _number(variable.start)))
        self.add(name, stock, "Dmnl", f"{_told(variable)} {_TO_FILL}", theme)


def write_sketch(diagram: Diagram, path: Path) -> None:
    """Write the skeleton as Vensim text with a diagram.

    Raises
    ------
    DiagramError
        A path that does not end in ``.mdl``.
    """
    from sd_covid.model import write_mdl

    if path.suffix.lower() != ".mdl":
        raise DiagramError(f"cannot write a sketch as '{path.suffix}'", advice="use .mdl", file=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mdl(skeleton(diagram), path)


def _told(variable: Variable) -> str:
    return f"{variable.label.en} ({variable.label.nl})."


def _number(value: float) -> Expression:
    return Unary("-", Number(-value)) if value < 0 else Number(value)
