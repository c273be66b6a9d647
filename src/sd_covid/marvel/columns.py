"""The sheets of a diagram and their columns."""

from __future__ import annotations

VARIABLES = ("id", "label_nl", "label_en", "theme", "x0", "lo", "hi", "role", "desired", "weight")
LINKS = (
    *("src", "dst", "sign", "strength", "speed", "order", "confidence", "source"),
    *("strength_low", "strength_high", "delay_low", "delay_high"),
)
INTERVENTIONS = (
    *("id", "label_nl", "label_en", "variable", "type", "level"),
    *("start", "end", "ramp", "adjustment", "cost"),
)
CLASSES = ("kind", "class", "value", "low", "high")
#: Sheet -> its columns.
COLUMNS = {
    "variables": VARIABLES,
    "links": LINKS,
    "interventions": INTERVENTIONS,
    "classes": CLASSES,
}
