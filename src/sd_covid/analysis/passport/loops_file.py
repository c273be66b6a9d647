"""The named feedback loops of a model: ``loops.yaml`` beside it, read strictly.

::

    of: netherlands.yaml
    moment: 78
    horizon: 120
    by: group
    loops:
      R1:
        title: {nl: Schuldenspiraal, en: Debt spiral}
        polarity: reinforcing
        through: [unemployment rate, problem debt share, distress]

Each is named by variables that it leads through, in order; `sd_covid.analysis.passport.loops` finds the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from sd_covid.analysis.passport.declarations import Known, beside, is_about
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.policy.reading import read_number, read_text

FILE = "loops.yaml"
Polarity = Literal["reinforcing", "balancing"]


@dataclass(frozen=True, slots=True)
class NamedLoop:
    """A loop as it is named.

    Attributes
    ----------
    id : str
    title : Text
    polarity : {'reinforcing', 'balancing'}
    through : tuple of str
        Keys of variables that it leads through, in order; it closes from the last to the first.
    moment : float or None
        When its gain is worked out, where that is not when those of the others are.
    when : dict
        Constants that are set while its gain is worked out: a switch that is off by default.
    """

    id: str
    title: Text
    polarity: Polarity
    through: tuple[str, ...]
    when: dict[str, float] = field(default_factory=dict)
    moment: float | None = None


@dataclass(frozen=True, slots=True)
class LoopsFile:
    """The loops of a model.

    Attributes
    ----------
    moment : float
        Model time at which gains are worked out.
    horizon : float
        How long stocks are given to respond.
    by : str
        The dimension by whose elements gains are told apart; empty for none.
    loops : tuple of NamedLoop
    """

    moment: float
    horizon: float
    by: str
    loops: tuple[NamedLoop, ...]


def read_loops(model: Model) -> LoopsFile | None:
    """The named loops of a model.

    Returns
    -------
    LoopsFile or None
        None when there is no such file beside it. For a model that is a part of the one that the file is about, only
        loops that lie in it.

    Raises
    ------
    DataError
        When the file says something it cannot, with file, line and key.
    """
    path = beside(model, FILE)
    if path is None:
        return None
    found = read_yaml(path).fields(("of", "moment", "horizon", "loops"), ("by",))
    names = Known(model, strict=is_about(model, found["of"]))
    by = found["by"].text() if "by" in found else ""
    if by and key(by) not in model.dimensions:
        if names.strict:
            known = [item.name for item in model.dimensions.values()]
            raise found["by"].error(
                f"'{by}' is no dimension of {model.name}", suggest(by, known) or "name a dimension"
            )
        by = ""
    loops = [_loop(name, node, names) for name, node in found["loops"].entries()]
    return LoopsFile(
        read_number(found["moment"]),
        read_number(found["horizon"], 0.0),
        by,
        tuple(loop for loop in loops if loop is not None),
    )


def _loop(name: str, node: Node, names: Known) -> NamedLoop | None:
    """One loop; None when it leads through another part of the study."""
    found = node.fields(("title", "polarity", "through"), ("when", "moment"))
    title = read_text(found["title"])
    polarity = cast(Polarity, found["polarity"].choice(("reinforcing", "balancing")))
    items = list(found["through"].items())
    if not items:
        raise found["through"].error("a loop needs a variable", "name one that it leads through")
    there = [names.has(item.text(), item) for item in items]
    when = dict(found["when"].entries()) if "when" in found else {}
    there += [names.has(item, value) for item, value in when.items()]
    if not all(there):
        return None
    _refuse_elements(items)
    through = tuple(key(item.text()) for item in items)
    if len(set(through)) < len(through):
        raise found["through"].error("a variable is named twice", "name it once")
    return NamedLoop(
        name,
        title,
        polarity,
        through,
        {item: read_number(value) for item, value in when.items()},
        read_number(found["moment"]) if "moment" in found else None,
    )


def _refuse_elements(waypoints: Sequence[Node]) -> None:
    """Refuse a waypoint with an element: a path is one of whole variables, and gains are told apart by group."""
    for item in waypoints:
        name, bracket, _ = item.text().partition("[")
        if bracket:
            reason = f"'{item.text()}' names an element, and a loop leads through whole variables"
            raise item.error(reason, f"write '{name.strip()}'; 'by' tells gains apart by element")
