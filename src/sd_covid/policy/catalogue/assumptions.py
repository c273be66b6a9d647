"""What nobody knows and no lever sets: assumptions, with their range, source and grade.

In come the models' table of evidence and ``scenarios/assumptions.yaml``; out come `Assumption` objects. Every constant
of grade D that has a distribution is an assumption by itself; the file adds what readers call it, and constants that
only a scenario or path sets. Levers stand in another file (`sd_covid.policy.catalogue.levers`): a scenario may set
both, a sweep of the one never moves the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.evidence import EvidenceRow, read_evidence
from sd_covid.policy.catalogue.ranges import SHAPES, Range, Shape
from sd_covid.policy.reading import read_number, read_source, read_text, scenario_faults

_NUMBERS = ("default", "low", "high", "distribution")
#: What an entry must say itself of a constant that has no row of evidence.
_TOLD = (*_NUMBERS, "unit", "source", "grade")


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that nobody knows.

    Attributes
    ----------
    id : str
    title : Text
    constant : str
        Name of the model's constant, with its element where the evidence tells elements apart.
    unit : str
    range : Range
        Its central value is the one used when nothing is varied.
    source : Text
        Where the range comes from.
    grade : str
        Evidence grade A–D.
    swept : bool
        Whether a comparison varies it; what only a scenario or a path sets is not.
    listed : bool
        Whether ``assumptions.yaml`` names it; the others are called as in the model.
    moment : bool
        Whether it is a moment of the model's time, which readers are told as a month.
    rest_of : tuple of str
        Ids of assumptions with which it adds up to one: where they vary it is what they leave.
    """

    id: str
    title: Text
    constant: str
    unit: str
    range: Range
    source: Text
    grade: str
    swept: bool = True
    listed: bool = True
    moment: bool = False
    rest_of: tuple[str, ...] = ()


def read_assumptions(path: str | Path | None, evidence: str | Path | None = None) -> dict[str, Assumption]:
    """The assumptions of a study, by id: those that its file lists, then every other one of grade D in its evidence.

    Parameters
    ----------
    path : path or None
        A YAML file, id -> entry; None when the study has none.
    evidence : path, optional
        The models' table of evidence (`read_evidence`); without it an entry must say everything itself.

    Returns
    -------
    dict
        The id of one that is not listed is the name of its constant, joined by hyphens.

    Raises
    ------
    ScenarioError
        With file, line and key, when a file is missing or says something it cannot.
    """
    with scenario_faults():
        rows = {} if evidence is None else {key(row.constant): row for row in read_evidence(evidence)}
        listed = {} if path is None else _listed(read_yaml(Path(path)), rows)
        taken = {key(item.constant) for item in listed.values()}
        others = [row for name, row in rows.items() if row.grade == "D" and row.varies and name not in taken]
        return listed | {item.id: item for item in map(_derived, others)}


def _listed(top: Node, rows: Mapping[str, EvidenceRow]) -> dict[str, Assumption]:
    """The entries of the file."""
    found: dict[str, Assumption] = {}
    owners: dict[str, str] = {}
    for name, node in top.entries():
        item = _read_assumption(name, node, rows)
        if key(item.constant) in owners:
            other = owners[key(item.constant)]
            raise node.error(f"'{other}' is about '{item.constant}' already", "leave one of the two out")
        owners[key(item.constant)] = name
        found[name] = item
    for name, item in found.items():
        for other in item.rest_of:
            if other not in found or found[other].rest_of or other == name:
                advice = suggest(other, found) or "name entries of this file that have no 'rest_of'"
                raise top.error(f"'{name}' is the rest of '{other}', which cannot be", advice)
    return found


def _derived(row: EvidenceRow) -> Assumption:
    """A row of evidence as an assumption."""
    title = Text(row.constant, row.constant)
    name = re.sub(r"[^a-z0-9]+", "-", row.constant.lower()).strip("-")
    return Assumption(name, title, row.constant, row.unit, row.range, row.told, row.grade, listed=False)


def _read_assumption(name: str, node: Node, rows: Mapping[str, EvidenceRow]) -> Assumption:
    """One entry of the file; what it does not say is in its row of evidence."""
    found = node.fields(("title", "constant"), (*_TOLD, "swept", "moment", "rest_of"))
    constant = found["constant"].text()
    row = rows.get(key(constant))
    missing = [part for part in _TOLD if part not in found]
    if row is None and missing:
        near = suggest(constant, [item.constant for item in rows.values()])
        raise found["constant"].error(
            f"'{constant}' has no row of evidence, and the key '{missing[0]}' is missing", near or "add it"
        )
    swept = found["swept"].flag() if "swept" in found else True
    return Assumption(
        id=name,
        title=read_text(found["title"]),
        constant=constant,
        unit=found["unit"].text() if "unit" in found or row is None else row.unit,
        range=_range(node, found, row, swept=swept),
        source=read_source(found["source"]) if "source" in found or row is None else row.told,
        grade=found["grade"].choice(("A", "B", "C", "D")) if "grade" in found or row is None else row.grade,
        moment=found["moment"].flag() if "moment" in found else False,
        swept=swept,
        rest_of=tuple(item.text() for item in found["rest_of"].items()) if "rest_of" in found else (),
    )


def _range(node: Node, found: Mapping[str, Node], row: EvidenceRow | None, *, swept: bool) -> Range:
    """The range of an entry: that of the evidence, or all four numbers of its own."""
    own = [part for part in _NUMBERS if part in found]
    if row is not None and not own:
        if swept and not row.varies:
            advice = "give it default, low, high and distribution here, or write 'swept: false'"
            raise node.error(f"'{row.constant}' has no distribution in the evidence", advice)
        return row.range
    for part in _NUMBERS:
        if part not in found:
            raise node.error(f"the key '{part}' is missing", f"give all of {', '.join(_NUMBERS)}")
    low, high, central = (read_number(found[part]) for part in ("low", "high", "default"))
    spread = Range(low, high, central, cast("Shape", found["distribution"].choice(SHAPES)))
    fault = spread.fault()
    if fault is not None:
        raise found["default"].error(fault, "mend low, high, default or distribution")
    return spread
