"""The JSON Schema of a study's scenario files, for editors: made of the rows by which their reader goes.

In come the study's levers and assumptions; out comes the schema. An editor then completes the names of keys, levers and
assumptions, shows what they mean, and marks what is no value. What only the model knows, such as whether a constant
exists or a date lies within the run, is left to the reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.levers import WORKS_BY, Catalogue, Delivery, Group, Lever
from sd_covid.policy.files import keys
from sd_covid.policy.files.keys import Key

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema(catalogue: Catalogue, assumptions: Mapping[str, Assumption]) -> dict[str, Any]:
    """The schema of a scenario file.

    Parameters
    ----------
    catalogue : Catalogue
    assumptions : mapping of str to Assumption

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    return {
        "$schema": DIALECT,
        "title": "Scenario",
        "description": "What a government does, and what is assumed, on top of another scenario.",
        **_mapping(keys.SCENARIO),
        "$defs": _forms() | {"levers": _levers(catalogue), "assumptions": _assumptions(assumptions)},
    }


def schema_text(schema: Mapping[str, Any]) -> str:
    """A schema as the text of a file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _mapping(rows: Iterable[Key]) -> dict[str, Any]:
    """A mapping that has these keys and no others."""
    rows = tuple(rows)
    found: dict[str, Any] = {
        "type": "object",
        "properties": {row.name: {**row.form, "description": row.means} for row in rows},
        "additionalProperties": False,
    }
    required = [row.name for row in rows if row.required]
    return found | ({"required": required} if required else {})


def _forms() -> dict[str, Any]:
    """The forms of values that are the same in every study."""
    number, date = {"type": "number"}, {"type": "string", "pattern": f"^{keys.DATE}$"}
    months = {"type": "string", "pattern": f"^{keys.MONTHS}$"}
    text = {"type": "string", "minLength": 1}
    either = {"oneOf": [{"required": ["value"]}, {"required": ["factor"]}]}
    return {
        "text": _mapping((Key("nl", "In Dutch.", text, True), Key("en", "In English.", text, True))),
        "date": date,
        "months": months,
        "trigger": {
            **_mapping(keys.TRIGGER),
            "oneOf": [{"required": ["above"]}, {"required": ["below"]}],
        },
        "names": {"type": "array", "items": text},
        "packages": {"type": "array", "items": {"oneOf": [text, _mapping(keys.PACKAGE)]}},
        "shift": {"oneOf": [months, _mapping(keys.SHIFT)]},
        "budget": {"oneOf": [{"type": "number", "minimum": 0}, _mapping(keys.BUDGET)]},
        "group": {"enum": list(get_args(Group))},
        "target": {"oneOf": [{"$ref": "#/$defs/group"}, _mapping(keys.TARGET)]},
        "constants": {
            "type": "object",
            "additionalProperties": {"oneOf": [number, _list({**_mapping(keys.CONSTANT_STEP), **either})]},
        },
    }


def _list(item: dict[str, Any]) -> dict[str, Any]:
    """A list of at least one."""
    return {"type": "array", "minItems": 1, "items": item}


def _levers(catalogue: Catalogue) -> dict[str, Any]:
    """The levers of a study, each with the parts that it has."""
    return {
        "type": "object",
        "properties": {name: _lever(lever) for name, lever in catalogue.levers.items()},
        "additionalProperties": False,
    }


def _lever(lever: Lever) -> dict[str, Any]:
    """What may be set of one lever: one setting, or a list of periods."""
    level = {"type": "number", "minimum": lever.low, "maximum": lever.high}
    steps = _list(_of_lever(keys.LEVEL_STEP, lever, {"level": level}))
    setting = _of_lever(keys.LEVER, lever, {"level": {"oneOf": [level, steps]}})
    period = _of_lever(keys.PERIOD, lever, {"level": level})
    if "budget" in lever.constants:
        period["required"] = [*period["required"], "budget"]
    return {
        "description": f"{lever.title.en}. {lever.meaning.en}",
        "oneOf": [{**setting, "minProperties": 1}, _list(period)],
    }


def _of_lever(rows: tuple[Key, ...], lever: Lever, forms: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping of those keys that a lever has, some in a form of its own."""
    own = {**forms, "delivery": {"enum": list(get_args(Delivery))}, "target": {"enum": list(lever.targets)}}
    has = {"from", *WORKS_BY, *(["budget"] if "budget" in lever.constants else [])}
    has |= {"delivery"} if "municipal" in lever.constants else set()
    has |= {"target"} if lever.targets else set()
    has |= {"trigger"} if lever.cost.rule != "budget" else set()
    return _mapping(
        Key(row.name, row.means, own.get(row.name, row.form), row.required) for row in rows if row.name in has
    )


def _assumptions(assumptions: Mapping[str, Assumption]) -> dict[str, Any]:
    """The assumptions of a study; beyond its range is allowed, so that the range is only told."""
    told = {name: {"type": "number", "description": _told(item)} for name, item in assumptions.items()}
    return {"type": "object", "properties": told, "additionalProperties": False}


def _told(item: Assumption) -> str:
    """What an assumption is, and its range."""
    low, middle, high = (f"{value:g}" for value in (item.range.low, item.range.central, item.range.high))
    return f"{item.title.en}: {middle} ({low} to {high}) {item.unit}"
