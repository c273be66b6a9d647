"""The keys of a scenario file: one table that its reader and its JSON Schema both use.

In comes a `Node`; out come its fields. `sd_covid.policy.files.schema` makes the schema of the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sd_covid.data.keyed_yaml import Node

#: A calendar date or month, and a number of months or years, as patterns of JSON Schema and of Python.
DATE = r"\d{4}-\d{1,2}(-\d{1,2})?"
MONTHS = r"(-?\d+) (months?|years?)"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a mapping may have.

    Attributes
    ----------
    name : str
    means : str
        One sentence, which an editor shows.
    form : dict
        What its value looks like, in JSON Schema; ``{"$ref": "#/$defs/name"}`` for one of
        `sd_covid.policy.files.schema`.
    required : bool
    """

    name: str
    means: str
    form: dict[str, Any]
    required: bool = False


def _as(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


#: `levers` and `assumptions` are those of a study, and a level that of its lever: see `sd_covid.policy.files.schema`.
_TEXT, _DAY, _NAME = _as("text"), _as("date"), {"type": "string", "minLength": 1}

SCENARIO = (
    Key("title", "What readers call it.", _TEXT, required=True),
    Key("rationale", "What it is and why; what it assumes.", _TEXT, required=True),
    Key("references", "What it rests on: keys of models/references.csv.", _as("names")),
    Key("extends", "The scenario on top of which this one lies; without it, the actual package.", _NAME),
    Key("with", "Packages that lie side by side with what this file sets.", _as("packages")),
    Key("shift", "Moves every date that this file and its packages set.", _as("shift")),
    Key("budget", "Scales the budgets of all its levers to this sum, million euro.", _as("budget")),
    Key("target", "The group that all its levers reach.", _as("target")),
    Key("path", "A path of assumptions under which it runs, in paths/ beside it.", _NAME),
    Key("levers", "What a government sets, lever by lever.", _as("levers")),
    Key("assumptions", "What nobody knows, where this scenario takes another value.", _as("assumptions")),
    Key("constants", "Any other constant or data series of the model.", _as("constants")),
)
#: What a package may not set: it is what a government does, on top of any base.
NOT_IN_A_PACKAGE = ("path", "assumptions")

PACKAGE = (
    Key("package", "A scenario file in this folder, by its name.", _NAME, required=True),
    Key("shift", "Moves every date that the package sets.", _as("shift")),
    Key("budget", "Scales the budgets of its levers to this sum, million euro.", _as("budget")),
    Key("target", "The group that its levers reach.", _as("target")),
)

LEVER = (
    Key("level", "How strongly it is pulled, in its own measure; or a dated sequence.", {}),
    Key("start", "The day from which it is in force.", _DAY),
    Key("end", "The day from which it is no longer in force.", _DAY),
    Key("budget", "Million euro over its whole period.", {"type": "number", "minimum": 0}),
    Key("delivery", "Who delivers it.", {"enum": ["national", "municipal"]}),
    Key("target", "The group that it reaches; without it, whom it reached or would reach.", _NAME),
    Key("trigger", "What switches it on between start and end.", _as("trigger")),
)

TRIGGER = (
    Key("when", "The variable of the model that is watched, with its element.", _NAME, required=True),
    Key("above", "The lever is switched on when the variable is above this.", {"type": "number"}),
    Key("below", "The lever is switched on when the variable is below this.", {"type": "number"}),
    Key("for", "For so long in a row.", _as("months"), required=True),
    Key("lasts", "How long the lever is then in force.", _as("months"), required=True),
)

#: Of a list of periods, each in force by itself.
PERIOD = (
    Key("start", "The day from which it is in force.", _DAY, required=True),
    Key("end", "The day from which it is no longer in force.", _DAY, required=True),
    Key("level", "How strongly it is pulled in this period.", {"type": "number"}, required=True),
    Key("budget", "Million euro over this period.", {"type": "number", "minimum": 0}),
    Key("delivery", "Who delivers it.", {"enum": ["national", "municipal"]}),
    Key("target", "The group that it reaches in this period.", _NAME),
)

LEVEL_STEP = (
    Key("from", "The day from which the level holds.", _DAY, required=True),
    Key("level", "In the lever's own measure.", {"type": "number"}, required=True),
)

CONSTANT_STEP = (
    Key("from", "The day from which the value holds.", _DAY, required=True),
    Key("value", "The value from then on.", {"type": "number"}),
    Key("factor", "By which its own value, of the model or of a draw, is multiplied.", {"type": "number"}),
)

SHIFT = (
    Key("by", "Months or years, with a minus for earlier.", _as("months"), required=True),
    Key("after", "Only dates on or after this day move; a period of a list as a whole, by its start.", _DAY),
    Key("without", "Levers whose dates stay where they are.", _as("names")),
)

BUDGET = (
    Key("total", "Million euro that the budgets come to.", {"type": "number", "minimum": 0}, required=True),
    Key("without", "Levers whose budget stays as it is, or that have none.", _as("names")),
)

TARGET = (
    Key("group", "The group.", _as("group"), required=True),
    Key("levers", "The levers that reach it alone; by default all.", _as("names")),
    Key("after", "Only periods that start on or after this day.", _DAY),
)


def fields(node: Node, keys: tuple[Key, ...]) -> dict[str, Node]:
    """The fields of a mapping that has some of these keys.

    Raises
    ------
    DataError
        An unknown key, with the nearest known one; a missing key.
    """
    required = [key.name for key in keys if key.required]
    return node.fields(required, [key.name for key in keys if not key.required])
