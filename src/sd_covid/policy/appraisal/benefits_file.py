"""The catalogue of effects as a study writes it.

In comes ``scenarios/benefits.yaml``; out comes a `Benefits`. What it means is `sd_covid.policy.appraisal.benefits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import Reference, references_beside
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.policy.appraisal.benefits import (
    Benefits,
    Effect,
    Overlap,
    Partition,
    Uncertain,
    UnitValue,
    Unquantified,
    Within,
)
from sd_covid.policy.catalogue.accounts import PAYERS, adds_up, read_shares
from sd_covid.policy.catalogue.evidence import EvidenceRow, read_evidence
from sd_covid.policy.catalogue.ranges import SHAPES, Range, Shape
from sd_covid.policy.reading import read_cited, read_number, read_source, read_text, scenario_faults
from sd_covid.study_folder import is_there, study_folder

_EFFECT = ("title", "unit", "variable", "better")
#: The three ways in which an effect comes into money, of which each effect has one.
_MONEY = ("value", "within", "pm")
_SPREAD = ("low", "high", "distribution")
_SIGNS = ("+PM", "−PM", "PM")
FILE = "benefits.yaml"


def read_benefits(path: str | Path) -> Benefits:
    """Read the catalogue of effects of a study.

    Parameters
    ----------
    path : path
        A YAML file with ``effects``, ``partitions``, ``periods``, ``unquantified`` and ``end_value``. Its
        ``references`` are keys of ``models/references.csv`` of the study, its ``evidence`` constants of
        ``models/evidence.csv``.

    Returns
    -------
    Benefits

    Raises
    ------
    ScenarioError
        With file, line and key, when the file is missing or says something it cannot, such as an effect that is
        monetised twice.
    """
    with scenario_faults():
        top = read_yaml(Path(path)).fields(("effects", "partitions", "periods", "unquantified", "end_value"))
        table = study_folder(path) / "models" / "evidence.csv"
        rows = {key(row.constant): row for row in read_evidence(table)} if is_there(table) else {}
        nodes = dict(top["effects"].entries())
        known = references_beside(table)
        effects = {name: _read_effect(name, node, known, rows) for name, node in nodes.items()}
        for name, effect in effects.items():
            _check_rows(effect, effects, nodes[name])
        return Benefits(
            effects,
            _read_partitions(top["partitions"]),
            tuple(_read_period(node) for node in top["periods"].items()),
            tuple(_read_unquantified(node) for node in top["unquantified"].items()),
            read_text(top["end_value"]),
        )


def _read_effect(
    name: str, node: Node, known: Mapping[str, Reference], rows: Mapping[str, EvidenceRow]
) -> Effect:
    """One effect, with one of value, within and pm."""
    found = node.fields(_EFFECT, ("of", "costed", *_MONEY))
    ways = [way for way in _MONEY if way in found]
    if len(ways) != 1:
        reason = f"'{ways[0]}' and '{ways[1]}' count it twice" if ways else "it is neither priced nor PM"
        raise node.error(reason, f"give one of {', '.join(_MONEY)}")
    return Effect(
        id=name,
        title=read_text(found["title"]),
        unit=read_text(found["unit"]),
        variable=found["variable"].text(),
        of=found["of"].text() if "of" in found else "",
        better=cast("Literal['lower', 'higher']", found["better"].choice(("lower", "higher"))),
        costed=found["costed"].flag() if "costed" in found else False,
        value=_read_value(found["value"], known, rows) if "value" in found else None,
        within=_read_within(found["within"]) if "within" in found else None,
        pm=read_text(found["pm"]) if "pm" in found else None,
    )


def _read_value(node: Node, known: Mapping[str, Reference], rows: Mapping[str, EvidenceRow]) -> UnitValue:
    """A unit value: a constant of the models' evidence, or an amount with a source of its own."""
    by_row = "evidence" in dict(node.entries())
    own = ("evidence",) if by_row else ("amount", "source", "grade")
    optional = ("source",) if by_row else _SPREAD
    found = node.fields(("prices", "gains", "path", *own), ("overlap", "references", *optional))
    gains = read_shares(found["gains"], PAYERS, low=-1.0)
    if not adds_up(gains, 1.0) and not adds_up(gains, 0.0):
        total = sum(gains.values())
        advice = "let them add up to 1, or to 0 where one gains what another loses"
        raise found["gains"].error(f"the shares add up to {total:g}", advice)
    year = found["prices"].whole()
    if year is None or not 1900 <= year <= 2200:
        raise found["prices"].error(f"'{found['prices'].text()}' is not a year", "write for example 2020")
    row = _row(found["evidence"], rows) if by_row else None
    return UnitValue(
        amount=_read_uncertain(found, "amount") if row is None else _of_row(row),
        prices=year,
        gains=gains,
        path=read_text(found["path"]),
        source=read_cited(found, known) if "source" in found or row is None else row.told,
        grade=found["grade"].choice(("A", "B", "C", "D")) if row is None else row.grade,
        overlap=_read_overlap(found["overlap"]) if "overlap" in found else None,
    )


def _row(node: Node, rows: Mapping[str, EvidenceRow]) -> EvidenceRow:
    """The row of evidence that a value rests on."""
    name = node.text()
    if key(name) not in rows:
        names = [row.constant for row in rows.values()]
        advice = suggest(name, names) or "name a constant of models/evidence.csv"
        raise node.error(f"there is no evidence of '{name}'", advice)
    return rows[key(name)]


def _of_row(row: EvidenceRow) -> Uncertain:
    """The number of a row of evidence."""
    return Uncertain(row.value, row.range if row.varies else None)


def _read_uncertain(found: Mapping[str, Node], name: str) -> Uncertain:
    """A number, with all of its range or none."""
    given = [part for part in _SPREAD if part in found]
    central = read_number(found[name])
    if not given:
        return Uncertain(central)
    for part in _SPREAD:
        if part not in found:
            raise found[given[0]].error(f"the key '{part}' is missing", f"give all of {', '.join(_SPREAD)}")
    low, high = (read_number(found[part]) for part in ("low", "high"))
    spread = Range(low, high, central, cast("Shape", found["distribution"].choice(SHAPES)))
    fault = spread.fault()
    if fault is not None:
        raise found[name].error(fault, f"mend {name}, low, high or distribution")
    return Uncertain(central, spread)


def _read_overlap(node: Node) -> Overlap:
    """The part that another row holds, ``{effect: …, factor: …, source: …}``."""
    found = node.fields(("effect", "factor", "source"), _SPREAD)
    return Overlap(found["effect"].text(), _read_uncertain(found, "factor"), read_source(found["source"]))


def _read_within(node: Node) -> Within:
    """In which row it counts, ``{effect: …, path: …}``."""
    found = node.fields(("effect", "path"))
    return Within(found["effect"].text(), read_text(found["path"]))


def _check_rows(effect: Effect, effects: Mapping[str, Effect], node: Node) -> None:
    """Refuse a reference to another row that has no value, or that takes this one off in its turn."""
    value = effect.value
    overlap = None if value is None else value.overlap
    named = effect.within.effect if effect.within else overlap.effect if overlap else None
    if named is None:
        return
    other = effects.get(named)
    valued = [name for name, item in effects.items() if item.value is not None and name != effect.id]
    parts = dict(node.entries())
    at = parts["within"] if effect.within else dict(parts["value"].entries())["overlap"]
    if other is None or other.value is None or named == effect.id:
        raise at.error(f"'{named}' is no effect with a value", suggest(named, valued) or f"use {valued}")
    if overlap and other.value.overlap is not None:
        raise at.error(f"'{named}' takes off an overlap itself", "let one of the two take it off")


def _read_partitions(node: Node) -> dict[str, Partition]:
    """Dimensions with the titles of their elements, each element in one of them."""
    found: dict[str, Partition] = {}
    owner: dict[str, str] = {}
    for name, entry in node.entries():
        parts = entry.fields(("title", "elements"), ("target",))
        elements = {label: read_text(text) for label, text in parts["elements"].entries()}
        for label in elements:
            if key(label) in owner:
                raise entry.error(f"'{label}' is an element of '{owner[key(label)]}'", "name it once")
            owner[key(label)] = name
        target = parts["target"].choice(tuple(elements)) if "target" in parts else ""
        found[name] = Partition(read_text(parts["title"]), elements, target)
    return found


def _read_period(node: Node) -> tuple[int, int]:
    """First and last year, ``[2020, 2022]``."""
    years = [item.whole() for item in node.items()]
    if len(years) != 2 or None in years or cast("int", years[1]) < cast("int", years[0]):
        raise node.error("a first and a last year are expected", "write '[2020, 2022]'")
    return cast("int", years[0]), cast("int", years[1])


def _read_unquantified(node: Node) -> Unquantified:
    """A row without number, ``{sign: +PM, nl: …, en: …}``."""
    found = node.fields(("sign", "nl", "en"))
    sign = cast("Literal['+PM', '−PM', 'PM']", found["sign"].choice(_SIGNS))
    return Unquantified(sign, Text(found["nl"].text(), found["en"].text()))
