"""What is counted together: problems, units, conversions and the associations of pairs, read strictly.

In go ``scenarios/stacking.yaml`` and ``models/associations.csv`` of a study; out come a `Definition` and a list of
`Association`. Every fault is a `DataError` with file and line. What a model's run makes of them is for
`sd_covid.analysis.stacking.count`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.analysis.stacking.rows import Row, read_rows
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import COLUMN, Reference, references_beside
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest
from sd_covid.policy.reading import read_number, read_source, read_text

GRADES = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A number that turns one share into another, with what is known of it."""

    name: str
    title: Text
    value: float
    low: float
    high: float
    source: Text
    grade: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a problem's share becomes one of a unit: multiplied by `times`, then at least one of `members`."""

    times: str = ""
    members: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that a person or household has or has not.

    Attributes
    ----------
    name : str
    title : Text
    share : str
        The model's variable.
    of : str or float
        What it is divided by.
    units : dict of str to Reading
        By unit; a unit that is not named does not count this problem.
    """

    name: str
    title: Text
    share: str
    of: str | float
    units: dict[str, Reading]


@dataclass(frozen=True, slots=True)
class Unit:
    """Persons or households: the variable that counts them by group, and how many thousands one of it is."""

    name: str
    title: Text
    weight: str
    thousands: float


@dataclass(frozen=True, slots=True)
class Definition:
    """All that ``stacking.yaml`` says.

    `assumed` says what of the groups is an assumption; empty when nothing is.
    """

    file: Path
    dimension: str
    assumed: Text = field(default_factory=Text)
    groups: dict[str, Text] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    conversions: dict[str, Conversion] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Association:
    """The odds ratio of two problems in the whole population, whatever other problems there are."""

    first: str
    second: str
    ratio: float
    low: float
    high: float
    source: Text
    grade: str

    @property
    def assumed(self) -> bool:
        """Whether it rests on an assumption."""
        return self.grade == "D"


def read_definition(file: Path) -> Definition:
    """Read what is counted together.

    Raises
    ------
    DataError
        With file, line and key.
    """
    top = read_yaml(file).fields(("dimension", "units", "conversions", "problems"), ("groups", "assumed"))
    groups = {name: read_text(node) for name, node in top["groups"].entries()} if "groups" in top else {}
    units = {name: _unit(name, node) for name, node in top["units"].entries()}
    conversions = {name: _conversion(name, node) for name, node in top["conversions"].entries()}
    problems = {name: _problem(name, node, units, conversions) for name, node in top["problems"].entries()}
    if len(problems) < 2:
        raise top["problems"].error("one problem does not stack", "define at least two")
    assumed = read_text(top["assumed"]) if "assumed" in top else Text()
    return Definition(file, top["dimension"].text(), assumed, groups, units, conversions, problems)


def read_associations(file: Path, problems: Sequence[str] | Mapping[str, object]) -> list[Association]:
    """Read the odds ratios of pairs.

    Parameters
    ----------
    file : Path
        Columns ``first``, ``second``, ``odds_ratio``, ``low``, ``high``, ``source_nl``, ``source_en``,
        ``grade``.
    problems : sequence or mapping of str
        The problems that there are.

    Raises
    ------
    DataError
        With file, line and column; also when a pair is missing or there twice.
    """
    needed = ("first", "second", "odds_ratio", "low", "high", "source_nl", "source_en", "grade")
    found: dict[frozenset[str], Association] = {}
    known = references_beside(file)
    for row in read_rows(file, needed, ("id", COLUMN, "note")):
        names = [row.choice(column, problems) for column in ("first", "second")]
        pair = frozenset(names)
        if len(pair) < 2:
            raise row.error("second", f"'{names[0]}' is paired with itself", "name another problem")
        if pair in found:
            raise row.error("second", f"{names[0]} and {names[1]} are there twice", "keep one of the two")
        found[pair] = _association(row, names, known)
    ordered = list(problems)
    for at, first in enumerate(ordered):
        for second in ordered[at + 1 :]:
            if frozenset((first, second)) not in found:
                reason = f"there is no row for {first} and {second}"
                raise DataError(reason, advice="add it; 1 means no association", file=file, variable=second)
    return list(found.values())


def _association(row: Row, names: list[str], known: Mapping[str, Reference]) -> Association:
    ratio, low, high = (row.number(column, positive=True) for column in ("odds_ratio", "low", "high"))
    grade = row.choice("grade", GRADES)
    if not low <= ratio <= high:
        raise row.error("odds_ratio", f"{ratio:g} is not between {low:g} and {high:g}", "mend the range")
    if grade == "D" and low == high:
        raise row.error("low", "an assumption has a range", "give low and high")
    return Association(names[0], names[1], ratio, low, high, row.source(known), grade)


def _unit(name: str, node: Node) -> Unit:
    found = node.fields(("title", "weight", "thousands"))
    return Unit(
        name, read_text(found["title"]), found["weight"].text(), read_number(found["thousands"], low=0.0)
    )


def _conversion(name: str, node: Node) -> Conversion:
    found = node.fields(("title", "value", "low", "high", "source", "grade"))
    value, low, high = (read_number(found[part], low=0.0) for part in ("value", "low", "high"))
    grade = found["grade"].choice(GRADES)
    if not low <= value <= high:
        raise found["value"].error(f"{value:g} is not between {low:g} and {high:g}", "mend the range")
    if grade == "D" and low == high:
        raise found["low"].error("an assumption has a range", "give low and high")
    return Conversion(name, read_text(found["title"]), value, low, high, read_source(found["source"]), grade)


def _problem(
    name: str, node: Node, units: Mapping[str, Unit], conversions: Mapping[str, Conversion]
) -> Problem:
    found = node.fields(("title", "share", "of"), tuple(units))
    text = found["of"].text()
    try:
        of: str | float = float(text)
    except ValueError:
        of = text
    if isinstance(of, float) and not (math.isfinite(of) and of > 0):
        raise found["of"].error(f"'{text}' is nothing to divide by", "write a number above 0, or a variable")
    readings = {unit: _reading(found[unit], conversions) for unit in units if unit in found}
    return Problem(name, read_text(found["title"]), found["share"].text(), of, readings)


def _reading(node: Node, conversions: Mapping[str, Conversion]) -> Reading:
    found = node.fields((), ("times", "members"))
    named = {}
    for part, item in found.items():
        text = item.text()
        if text not in conversions:
            advice = suggest(text, conversions) or f"define it under conversions: {', '.join(conversions)}"
            raise item.error(f"'{text}' is not a conversion", advice)
        named[part] = text
    return Reading(**named)
