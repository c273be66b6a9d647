"""What nobody knows and no lever sets: assumptions, with their range, source and grade.

In comes ``scenarios/assumptions.yaml``; out come `Assumption` objects. Levers stand in another file
(`sd_covid.policy.levers`): a scenario may set both, a sweep of the one never moves the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.policy.ranges import SHAPES, Range, Shape
from sd_covid.policy.reading import read_number, read_source, read_text, scenario_faults


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that nobody knows.

    Attributes
    ----------
    id : str
    title : Text
    constant : str
        Name of the model's constant.
    unit : str
    range : Range
        Its central value is the one used when nothing is varied.
    source : Text
        Where the range comes from.
    grade : str
        Evidence grade A–D.
    """

    id: str
    title: Text
    constant: str
    unit: str
    range: Range
    source: Text
    grade: str


def read_assumptions(path: str | Path) -> dict[str, Assumption]:
    """Read the assumptions of a study, by id.

    Raises
    ------
    ScenarioError
        With file, line and key, when the file is missing or says something it cannot.
    """
    with scenario_faults():
        return {name: _read_assumption(name, node) for name, node in read_yaml(Path(path)).entries()}


def _read_assumption(name: str, node: Node) -> Assumption:
    """One entry of the file."""
    keys = ("title", "constant", "unit", "default", "low", "high", "distribution", "source", "grade")
    found = node.fields(keys)
    low, high, central = (read_number(found[part]) for part in ("low", "high", "default"))
    spread = Range(low, high, central, cast("Shape", found["distribution"].choice(SHAPES)))
    fault = spread.fault()
    if fault is not None:
        raise found["default"].error(fault, "mend low, high, default or distribution")
    return Assumption(
        id=name,
        title=read_text(found["title"]),
        constant=found["constant"].text(),
        unit=found["unit"].text(),
        range=spread,
        source=read_source(found["source"]),
        grade=found["grade"].choice(("A", "B", "C", "D")),
    )
