"""The levers of a search as a file writes them: for each part one value, a list of values, or a range with a step.

In comes a `Node`; out comes a `Decision`. Whether a value is one is for the same readers as in a scenario.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import get_args

import numpy as np

from sd_covid.analysis.optimisation.decisions import Decision, Value
from sd_covid.data.keyed_yaml import Node
from sd_covid.errors import suggest
from sd_covid.policy.catalogue.levers import Delivery, Lever
from sd_covid.policy.files.dates import Shift, read_day, read_months
from sd_covid.policy.files.parts import refuse_waiting
from sd_covid.policy.files.reshape import check_target
from sd_covid.policy.reading import read_number
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study

_MOST = 1000  # values of one part: more are no decision that a reader could tell apart
_EVERYONE = "all"
_KEYS = ("level", "start", "months", "budget", "delivery", "target", "period", "trigger")


def read_decision(name: str, node: Node, base: Scenario, study: Study, earliest: date) -> Decision:
    """What may be decided of one lever.

    Parameters
    ----------
    name : str
        Lever id.
    node : Node
    base : Scenario
    study : Study
    earliest : date
        Before which nothing may start.

    Raises
    ------
    DataError
        A lever that the study or the model does not have, with the nearest name; a range without values; a start before
        the earliest one; a part that the lever does not have.
    """
    levers = study.catalogue.levers
    if name not in levers:
        raise node.error(f"there is no lever '{name}'", suggest(name, levers) or f"use {', '.join(levers)}")
    if name not in base.levers:
        raise node.error(f"the model does not have the lever '{name}'", "leave it out")
    lever, found = levers[name], node.fields((), _KEYS)
    if not found:
        raise node.error("nothing may be decided of this lever", f"give one of {', '.join(_KEYS)}")
    if "start" not in found and base.levers[name].start < earliest:
        raise node.error(
            f"'{name}' starts on {base.levers[name].start} in '{base.id}', before {earliest}, the earliest start",
            "add 'start:'",
        )
    further = "period" in found and found["period"].choice(("further", "instead")) == "further"
    parts: dict[str, tuple[Value, ...]] = {}
    if "level" in found:
        parts["level"] = _numbers(found["level"], lever.low, lever.high)
    if "start" in found:
        parts["start"] = _days(found["start"], study, earliest, base.levers[name].end if further else None)
    if "months" in found:
        parts["months"] = _numbers(found["months"], 1.0, 1200.0, whole=True)
    if "budget" in found:
        _has("budget", lever, found["budget"])
        parts["budget"] = _numbers(found["budget"], 0.0)
    if "delivery" in found:
        _has("municipal", lever, found["delivery"])
        parts["delivery"] = _listed(found["delivery"], lambda item: item.choice(get_args(Delivery)))
    if "target" in found:
        parts["target"] = _listed(found["target"], lambda item: _target(item, lever, study))
    if further:
        if base.levers[name].then or base.levers[name].trigger:
            how = "a dated sequence" if base.levers[name].then else "waiting for a trigger"
            raise node.error(
                f"'{name}' is {how} in '{base.id}', and has no further period",
                "decide it 'instead'",
            )
        _refuse_incomplete(found, lever, node)
    if "trigger" not in found:
        return Decision(name, parts, further)
    if further:
        raise found["trigger"].error("a further period cannot wait for a trigger", "leave one of the two out")
    indicator, numbers = _trigger(found["trigger"], lever, study)
    return Decision(name, parts | numbers, further, indicator)


def _refuse_incomplete(found: dict[str, Node], lever: Lever, node: Node) -> None:
    """A further period has nothing of the base's: it must say everything itself."""
    needed = ["level", "start", "months", *(["budget"] if "budget" in lever.constants else [])]
    for part in needed:
        if part not in found:
            raise node.error(f"a further period of '{lever.id}' has no '{part}'", f"add '{part}:'")


def _trigger(node: Node, lever: Lever, study: Study) -> tuple[str, dict[str, tuple[Value, ...]]]:
    """What switches the lever on; thresholds and lengths may be decided."""
    found = node.fields(("when", "for", "lasts"), ("above", "below"))
    if ("above" in found) == ("below" in found):
        raise node.error("a threshold is expected", "write one of 'above' and 'below'")
    refuse_waiting(lever, study, node)
    side = "above" if "above" in found else "below"
    parts = {side: _numbers(found[side], -np.inf)}
    for part, key in (("wait", "for"), ("lasts", "lasts")):
        parts[part] = _numbers(found[key], 1.0, 600.0, whole=True)
    return study.variable(found["when"]), parts


def _numbers(node: Node, low: float, high: float = np.inf, *, whole: bool = False) -> tuple[Value, ...]:
    """A number, a list of numbers, or ``{from: 0, to: 2, step: 0.5}``, each between two bounds."""

    def number(item: Node) -> float:
        value = read_number(item, low, high)
        if whole and value != int(value):
            raise item.error(f"{value:g} is not a whole number of months", "write for example 36")
        return value

    if not node.is_mapping:
        return _listed(node, number)
    found = node.fields(("from", "to", "step"))
    first, last = (number(found[part]) for part in ("from", "to"))
    step = read_number(found["step"])
    if whole and step != int(step):
        raise found["step"].error(f"{step:g} is not a whole number of months", "write for example 12")
    if step <= 0 or last < first:
        raise node.error(
            f"there is no value from {first:g} to {last:g} in steps of {step:g}",
            "let 'to' be above 'from', and 'step' above 0",
        )
    count = int(np.floor((last - first) / step + 1e-9)) + 1
    if count > _MOST:
        raise node.error(f"{count} values are too many to choose from", "take a larger step")
    # Rounded, so that 0.1 + 2 × 0.1 is the 0.3 that a reader would write.
    return tuple(round(first + place * step, 12) for place in range(count))


def _days(node: Node, study: Study, earliest: date, after: date | None) -> tuple[Value, ...]:
    """A day, a list of days, or ``{from: 2027-01, to: 2030-01, step: 6 months}``."""
    if node.is_mapping:
        found = node.fields(("from", "to", "step"))
        first, last = read_day(found["from"], study), read_day(found["to"], study)
        months, days = read_months(found["step"]), [first]
        while (day := Shift(months * len(days))(first)) <= last:
            days.append(day)
        if last < first:
            raise node.error(f"there is no day from {first} to {last}", "let 'to' come after 'from'")
    else:
        days = [item for item in _listed(node, lambda item: read_day(item, study)) if isinstance(item, date)]
    if max(days) >= study.last:
        raise node.error(f"{max(days)} is the end of the run", "start earlier")
    if min(days) < earliest:
        raise node.error(f"{min(days)} is before {earliest}, the earliest start", "start later")
    if after is not None and min(days) < after:
        raise node.error(
            f"a further period starts after the first one ends, on {after}, and not on {min(days)}",
            "start later",
        )
    return tuple(days)


def _listed(node: Node, read: Callable[[Node], Value]) -> tuple[Value, ...]:
    """One value or a list of different ones."""
    values = [read(item) for item in node.items()] if node.is_list else [read(node)]
    if not values:
        raise node.error("the list is empty", "give at least one value")
    if len(set(values)) < len(values):
        raise node.error("a value is listed twice", "keep one of the two")
    return tuple(values)


def _target(node: Node, lever: Lever, study: Study) -> str | None:
    """A group, or ``all`` for whom the lever reaches by itself."""
    if node.text() == _EVERYONE:
        return None
    check_target(node.text(), lever, study.catalogue.levers, node)
    return node.text()


def _has(part: str, lever: Lever, node: Node) -> None:
    if part not in lever.constants:
        word = "budget" if part == "budget" else "delivery"
        raise node.error(f"the {word} of '{lever.id}' cannot be set", "leave it out")
