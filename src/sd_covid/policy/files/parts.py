"""The parts of levers and constants as a scenario file writes them, and the setting of a lever that they come to.

In comes a `Node`; out come parts of a `Layer`, and at the end the `LeverSetting` of a base with a layer on top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import cast, get_args

from sd_covid.data.keyed_yaml import Node
from sd_covid.errors import suggest
from sd_covid.policy.catalogue.levers import WORKS_BY, Delivery, Lever, LeverSetting, Step
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.catalogue.triggers import Trigger
from sd_covid.policy.files.dates import read_day, read_months
from sd_covid.policy.files.keys import CONSTANT_STEP, LEVEL_STEP, LEVER, PERIOD, TRIGGER, fields
from sd_covid.policy.files.layers import Later, Layer, Part, Placed, Value, join
from sd_covid.policy.files.reshape import check_target
from sd_covid.policy.reading import read_number
from sd_covid.policy.study import Study, settable


def read_levers(node: Node, study: Study) -> Layer:
    """What a file sets of levers.

    Raises
    ------
    DataError
        An unknown lever, or a setting that is none; with the nearest name.
    """
    known, layer = study.catalogue.levers, dict[Part, Placed]()
    for name, entry in node.entries():
        if name not in known:
            raise entry.error(
                f"there is no lever '{name}'", suggest(name, known) or f"use {', '.join(known)}"
            )
        works_by = [known[name].constants[part] for part in WORKS_BY]
        missing = [item for item in works_by if item not in study.names]
        if 0 < len(missing) < len(WORKS_BY):
            raise entry.error(f"the model has no constant '{missing[0]}' of this lever", "mend levers.yaml")
        for part, placed in _lever(entry, known[name], study):
            layer[Part("lever", name, part)] = placed
    return layer


def _lever(node: Node, lever: Lever, study: Study) -> Iterator[tuple[str, Placed]]:
    """The parts of one lever."""
    if node.is_list:
        yield from _periods(node, lever, study)
        return
    found = fields(node, LEVER)
    if not found:
        parts = ", ".join(key.name for key in LEVER[:-1])
        raise node.error("nothing is set", f"give one of {parts} or {LEVER[-1].name}, or leave the lever out")
    if "level" in found and found["level"].is_list:
        yield from _sequence(found, lever, study)
    elif "level" in found:
        yield "level", Placed((read_number(found["level"], lever.low, lever.high),), found["level"])
    yield from _lever_parts(found, lever, study)


def _lever_parts(found: dict[str, Node], lever: Lever, study: Study) -> Iterator[tuple[str, Placed]]:
    """The parts other than the level."""
    for part in ("start", "end"):
        if part in found:
            yield part, Placed(read_day(found[part], study), found[part])
    if "budget" in found:
        node = _has(found["budget"], "budget", lever, study)
        yield "budget", Placed(read_number(node, low=0.0), node)
    if "delivery" in found:
        node = _has(found["delivery"], "municipal", lever, study)
        yield "delivery", Placed(node.choice(get_args(Delivery)), node)
    if "target" in found:
        check_target(found["target"].text(), lever, study.catalogue.levers, found["target"])
        yield "target", Placed(found["target"].text(), found["target"])
    if "trigger" in found:
        yield "trigger", Placed(read_trigger(found["trigger"], lever, study), found["trigger"])


def read_trigger(node: Node, lever: Lever, study: Study) -> Trigger:
    """What switches a lever on.

    Raises
    ------
    DataError
        A variable that the model does not have, both or none of above and below, a length that is none; a lever whose
        cost follows its dates, and which can therefore not wait.
    """
    found = fields(node, TRIGGER)
    if ("above" in found) == ("below" in found):
        raise node.error("a threshold is expected", "write one of 'above' and 'below'")
    refuse_waiting(lever, study, node)
    return Trigger(
        indicator=study.variable(found["when"]),
        threshold=read_number(found["above"] if "above" in found else found["below"]),
        wait=float(read_months(found["for"])),
        lasts=float(read_months(found["lasts"])),
        above="above" in found,
    )


def refuse_waiting(lever: Lever, study: Study, node: Node) -> None:
    """See that a lever can wait for a trigger.

    Raises
    ------
    DataError
        Where its cost follows its dates; names the levers that can.
    """
    if lever.cost.rule == "budget":
        able = [item.id for item in study.catalogue.levers.values() if item.cost.rule != "budget"]
        raise node.error(
            f"the cost of '{lever.id}' follows its dates, so it cannot wait for a trigger",
            f"levers that can: {', '.join(able) or 'none'}",
        )


def _sequence(found: dict[str, Node], lever: Lever, study: Study) -> Iterator[tuple[str, Placed]]:
    """A dated sequence of levels: the first day is the start of the lever."""
    if "start" in found:
        raise found["start"].error("a sequence starts on its first day", "leave out 'start'")
    steps = []
    for item in found["level"].items():
        step = fields(item, LEVEL_STEP)
        level = read_number(step["level"], lever.low, lever.high)
        steps.append((Step(read_day(step["from"], study), level), step["from"]))
    _in_order(found["level"], steps)
    yield "start", Placed(steps[0][0].day, steps[0][1])
    first = steps[0][0].value or 0.0
    yield "level", Placed((first, *(step for step, _ in steps[1:])), found["level"])


def _periods(node: Node, lever: Lever, study: Study) -> Iterator[tuple[str, Placed]]:
    """A list of periods, each in force by itself."""
    periods = [(_period(item, lever, study), item) for item in node.items()]
    if not periods:
        raise node.error("the list of periods is empty", "write '- {start: …, end: …, level: …}' items")
    for (before, _), (period, item) in pairwise(periods):
        if period.start < before.end:
            raise item.error(
                f"the period from {period.start} starts before the last one ends, on {before.end}",
                "put the periods in order, one after another",
            )
    first, place = periods[0]
    yield "level", Placed((first.level,), place)
    for part in ("start", "end", "budget", "delivery", "target"):
        value = getattr(first, part)
        if value is not None:
            yield part, Placed(value, place)
    yield "later", Placed(tuple(period for period, _ in periods[1:]), node)


def _period(node: Node, lever: Lever, study: Study) -> Later:
    """One period of a lever."""
    found = fields(node, PERIOD)
    if "budget" in lever.constants and "budget" not in found:
        raise node.error("the key 'budget' is missing", "each period has a budget of its own: add 'budget:'")
    parts = {part: placed.value for part, placed in _lever_parts(found, lever, study)}
    start, end = parts["start"], parts["end"]
    if end <= start:  # type: ignore[operator]
        raise found["end"].error(
            f"the end, {end}, is not after the start, {start}", "mend one of the two dates"
        )
    level = read_number(found["level"], lever.low, lever.high)
    rest = (parts.get(part) for part in ("budget", "delivery", "target"))
    return Later(start, end, level, *rest)  # type: ignore[arg-type]


def _in_order(node: Node, steps: list[tuple[Step, Node]]) -> None:
    """Days that come one after another."""
    if not steps:
        raise node.error("the sequence is empty", "write '- {from: 2020-03-01, …}' items")
    for (before, _), (step, place) in pairwise(steps):
        if step.day <= before.day:
            raise place.error(f"{step.day} does not come after {before.day}", "put the days in order")


def _has(node: Node, part: str, lever: Lever, study: Study) -> Node:
    """A part that not every lever has, where lever and model have it."""
    word = "budget" if part == "budget" else "delivery"
    if part not in lever.constants:
        others = [item.id for item in study.catalogue.levers.values() if part in item.constants]
        advice = f"leave it out; levers that have one: {', '.join(others) or 'none'}"
        raise node.error(f"the {word} of '{lever.id}' cannot be set", advice)
    if lever.constants["level"] in study.names and lever.constants[part] not in study.names:
        raise node.error(f"the model has no constant '{lever.constants[part]}'", "leave it out")
    return node


def read_changes(node: Node, study: Study) -> Layer:
    """What a file sets of constants directly: a number, or a dated sequence, which a data series may follow too.

    Raises
    ------
    DataError
        A constant that the model does not have or that belongs to a lever or an assumption, a value that is none.
    """
    layers: list[Layer] = []
    for name, entry in node.entries():
        value: Value
        if entry.is_list:
            spelled, value = _stepping(name, entry, study), _steps(entry, study)
            if any(step.value is not None for step in value if isinstance(step, Step)):
                owner = study.owner(name)
                if owner is not None:
                    raise entry.error(
                        f"the value of '{name}' is an assumption", "write a factor in place of it"
                    )
        else:
            spelled, value = settable(name, entry, study), read_number(entry)
        layers.append({Part("constant", spelled): Placed(value, entry)})
    return join(layers)  # one constant may be spelled in two ways


def _stepping(name: str, entry: Node, study: Study) -> str:
    """The model's spelling of a constant or data series that changes on given days."""
    of_lever = study.of_lever(name)
    if of_lever is not None:
        raise entry.error(f"'{name}' is not set here", f"write it as '{of_lever}'")
    if name in study.names:
        return study.names.spelling(name)
    series = ConstantNames(study.series)
    if name in series:
        return series.spelling(name)
    advice = suggest(name, [*study.series]) or study.names.advice(name)
    raise entry.error(f"the model has no constant or data series '{name}'", advice)


def _steps(node: Node, study: Study) -> tuple[Step, ...]:
    """The steps of a constant."""
    steps = []
    for item in node.items():
        found = fields(item, CONSTANT_STEP)
        if ("value" in found) == ("factor" in found):
            raise item.error("a value or a factor is expected", "write one of the two")
        value = read_number(found["value"]) if "value" in found else None
        factor = read_number(found["factor"]) if "factor" in found else 1.0
        steps.append((Step(read_day(found["from"], study), value, factor), found["from"]))
    _in_order(node, steps)
    return tuple(step for step, _ in steps)


def on_top(base: LeverSetting, name: str, layer: Layer) -> LeverSetting:
    """The setting of a lever, with what a layer sets of it in place of the base's.

    Raises
    ------
    DataError
        An end that is not after the start, a step of the sequence that is not between the two.
    """
    own = {part.part: placed for part, placed in layer.items() if (part.kind, part.name) == ("lever", name)}
    place = next((own[part].node for part in _OF_A_PERIOD if part in own), None)
    if base.later and place is not None and "later" not in own:
        raise place.error(
            f"'{name}' has {len(base.all_periods)} periods in what this extends",
            "write the list of periods anew",
        )
    if "later" in own:  # a list of periods says of each whom it reaches
        base = replace(base, target=None)
    values = {part: placed.value for part, placed in own.items() if part not in ("level", "later")}
    if "level" in own:
        level = cast("tuple[float | Step, ...]", own["level"].value)
        values["level"], values["then"] = cast("float", level[0]), level[1:]
    setting = replace(base, **values)  # type: ignore[arg-type]
    if "later" in own:
        periods = cast("tuple[Later, ...]", own["later"].value)
        setting = replace(setting, later=tuple(_later(setting, item) for item in periods))
    if place is None:
        return setting
    _check_dates(setting, place)
    if setting.trigger is not None and (setting.then or setting.later):
        raise place.error(
            f"'{name}' has a trigger and a sequence or several periods", "leave one of the two out"
        )
    return setting


def _check_dates(setting: LeverSetting, place: Node) -> None:
    """Periods one after another, each with its end after its start and the days of its sequence between the two."""
    if setting.end <= setting.start:
        raise place.error(
            f"the end, {setting.end}, is not after the start, {setting.start}", "mend one of the two dates"
        )
    _check_inside(setting.then, setting.start, setting.end, place)
    for before, after in pairwise(setting.all_periods):
        if after.start < before.end:
            raise place.error(
                f"the period from {after.start} starts before the last one ends, on {before.end}",
                "mend the dates of the periods",
            )


#: What belongs to a period, in the order in which a fault of its dates is placed.
_OF_A_PERIOD = ("end", "start", "level", "budget", "delivery", "target", "trigger")


def _later(first: LeverSetting, period: Later) -> LeverSetting:
    """A later period as a setting."""
    delivery = cast("Delivery | None", period.delivery) or first.delivery
    return LeverSetting(period.level, period.start, period.end, period.budget, delivery, target=period.target)


def _check_inside(steps: tuple[Step, ...], start: date, end: date, place: Node) -> None:
    """Steps that come one after another between start and end."""
    for before, after in pairwise([start, *(step.day for step in steps), end]):
        if after <= before:
            raise place.error(
                f"the level changes on {', '.join(str(step.day) for step in steps)}, which is not in order between "
                f"the start, {start}, and the end, {end}",
                "mend the dates of the sequence, or set a level without one",
            )
