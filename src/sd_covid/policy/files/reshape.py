"""A layer moved in time, scaled to a budget, or kept for a group.

In comes a `Layer` and what is asked for; out comes another. Each may be done before layers are joined or after, but for
a budget, which is a sum over what is in the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise

from sd_covid.data.keyed_yaml import Node
from sd_covid.errors import suggest
from sd_covid.policy.catalogue.levers import Lever, Step
from sd_covid.policy.files.layers import Later, Layer, Part, Placed, Value, join, levers_of

#: A day and where it was written -> the day to which it moves.
Move = Callable[[date, Node], date]


def shifted(layer: Layer, move: Move, node: Node, without: Collection[str] = ()) -> Layer:
    """A layer with its dates moved.

    Parameters
    ----------
    layer : Layer
    move : Move
    node : Node
        Where the move is asked for.
    without : collection of str
        Levers whose dates stay where they are.

    Raises
    ------
    DataError
        A lever of which the layer sets no date: its dates are those of the base and would stay where they are. A name
        in `without` that is none of its levers.
    """
    _refuse_others(without, layer, node)
    rest = {part: placed for part, placed in layer.items() if part.kind == "lever" and part.name in without}
    layer = {part: placed for part, placed in layer.items() if part not in rest}
    moved = {
        part: Placed(_moved(placed.value, placed.node, move), placed.node) for part, placed in layer.items()
    }
    dated = {part.name for part, placed in layer.items() if _is_dated(placed.value)}
    if not dated and not levers_of(layer):
        raise node.error("there is no date here that can move", "leave the shift out")
    for part, placed in moved.items():
        _check_order(part, placed, node)
    for name in levers_of(layer):
        if name not in dated:
            raise node.error(
                f"'{name}' has no date of its own that can move", "give it a start and an end in the package"
            )
        _move_first(name, layer, moved)
    return moved | rest


def _check_order(part: Part, placed: Placed, node: Node) -> None:
    """See that the steps of a constant come one after another; those of a lever are looked at with its period."""
    if part.kind == "constant" and isinstance(placed.value, tuple):
        days = [item.day for item in placed.value if isinstance(item, Step)]
        if any(after <= before for before, after in pairwise(days)):
            told = ", ".join(map(str, days))
            raise node.error(
                f"the days of {part} are no longer in order: {told}", "move all of them, or by less"
            )


def _is_dated(value: Value) -> bool:
    """Whether a value is a day, or changes on days."""
    return isinstance(value, date) or (
        isinstance(value, tuple) and any(not isinstance(item, float) for item in value)
    )


def _moved(value: Value, node: Node, move: Move) -> Value:
    """A value with its dates moved."""
    if isinstance(value, date):
        return move(value, node)
    if not isinstance(value, tuple):
        return value
    return tuple(
        replace(item, day=move(item.day, node))
        if isinstance(item, Step)
        else _moved_whole(item, node, move)
        if isinstance(item, Later)
        else item
        for item in value
    )


def _moved_whole(period: Later, node: Node, move: Move) -> Later:
    """A period that moves as a whole where its start does."""
    start = move(period.start, node)
    return period if start == period.start else replace(period, start=start, end=move(period.end, node))


def _move_first(name: str, layer: Layer, moved: dict[Part, Placed]) -> None:
    """Of several periods the first moves as a whole too."""
    start, end, later = (Part("lever", name, part) for part in ("start", "end", "later"))
    if later in layer and moved[start].value == layer[start].value:
        moved[end] = layer[end]


def scaled(layer: Layer, total: float, without: Collection[str], node: Node) -> Layer:
    """A layer with the budgets of its levers scaled in proportion, so that they add up.

    Parameters
    ----------
    layer : Layer
    total : float
        Million euro.
    without : collection of str
        Levers that are left as they are.
    node : Node
        Where the sum is asked for.

    Raises
    ------
    DataError
        A lever of which the layer sets no budget, a name in `without` that is none of its levers, budgets that are nil.
    """
    _refuse_others(without, layer, node)
    budgets: dict[Part, tuple[float, ...]] = {}
    for name in levers_of(layer):
        if name in without:
            continue
        first = layer.get(Part("lever", name, "budget"))
        if first is None or not isinstance(first.value, float):
            raise node.error(
                f"'{name}' has no budget here, so the budgets cannot be scaled to {total:g}",
                f"give it one in the package, or write '{{total: {total:g}, without: [{name}]}}'",
            )
        budgets[Part("lever", name, "budget")] = (first.value,)
        later = layer.get(Part("lever", name, "later"))
        if later is not None and isinstance(later.value, tuple):
            amounts = tuple(item.budget or 0.0 for item in later.value if isinstance(item, Later))
            budgets[Part("lever", name, "later")] = amounts
    whole = sum(amount for amounts in budgets.values() for amount in amounts)
    if not whole > 0:
        raise node.error("the budgets add up to nil, so they have no proportion", "give one lever a budget")
    return dict(layer) | {part: _scaled(layer[part], total / whole) for part in budgets}


def _scaled(placed: Placed, factor: float) -> Placed:
    """A budget, or the budgets of later periods, times a factor."""
    if isinstance(placed.value, float):
        return Placed(placed.value * factor, placed.node)
    assert isinstance(placed.value, tuple)
    items = (
        replace(item, budget=(item.budget or 0.0) * factor) if isinstance(item, Later) else item
        for item in placed.value
    )
    return Placed(tuple(items), placed.node)


def targeted(
    layer: Layer,
    group: str,
    known: Mapping[str, Lever],
    node: Node,
    only: Collection[str] | None = None,
    after: date = date.min,
) -> Layer:
    """A layer of which levers reach one group alone.

    Parameters
    ----------
    layer : Layer
    group : str
    known : mapping
        The catalogue of levers.
    node : Node
        Where that is asked for.
    only : collection of str, optional
        Which of its levers; by default all of them.
    after : date
        A period that starts earlier reaches whom it reached.

    Raises
    ------
    DataError
        A lever that cannot be kept for the group; names those that can.
    """
    _refuse_others(only or (), layer, node)
    check_group(group, known, node)
    names = levers_of(layer) if only is None else only
    if not names:
        raise node.error("there is no lever here to keep for a group", "name levers, or leave the target out")
    aimed: dict[Part, Placed] = {}
    rest = dict(layer)
    for name in names:
        check_target(group, known[name], known, node, levers_of(layer))
        if _starts(name, layer, after, node):
            aimed[Part("lever", name, "target")] = Placed(group, node)
        part = Part("lever", name, "later")
        if part in layer:
            rest[part] = _aimed(layer[part], group, after, node)
    return join([rest, aimed])


def _starts(name: str, layer: Layer, after: date, node: Node) -> bool:
    """Whether the first period of a lever starts on or after a day."""
    if after == date.min:
        return True
    start = layer.get(Part("lever", name, "start"))
    if start is None or not isinstance(start.value, date):
        raise node.error(f"'{name}' has no start of its own to look at", "give it a start in the package")
    return start.value >= after


def _aimed(later: Placed, group: str, after: date, node: Node) -> Placed:
    """Later periods, kept for a group."""
    assert isinstance(later.value, tuple)
    for item in later.value:
        if isinstance(item, Later) and item.target not in (None, group):
            raise node.error(
                f"the period from {item.start} is for '{item.target}'", "leave one of the two out"
            )
    items = (
        replace(item, target=group) if isinstance(item, Later) and item.start >= after else item
        for item in later.value
    )
    return Placed(tuple(items), later.node)


def check_group(group: str, known: Mapping[str, Lever], node: Node) -> None:
    """See that some lever can be kept for a group.

    Raises
    ------
    DataError
        Where none can; names the groups.
    """
    groups = sorted({name for item in known.values() for name in item.targets})
    if group not in groups:
        raise node.error(
            f"there is no group '{group}' to target",
            suggest(group, groups) or f"use {', '.join(groups) or 'none'}",
        )


def check_target(
    group: str, lever: Lever, known: Mapping[str, Lever], node: Node, among: Collection[str] = ()
) -> None:
    """See that a lever can be kept for a group.

    Raises
    ------
    DataError
        Where it cannot; names the groups, or the levers that can.
    """
    if group in lever.targets:
        return
    check_group(group, known, node)
    able = [item.id for item in known.values() if group in item.targets]
    here = [name for name in among if name in able]
    advice = f"levers: [{', '.join(here)}]" if here else f"those that can: {', '.join(able)}"
    written = f"write '{{group: {group}, {advice}}}'" if here else advice
    raise node.error(f"'{lever.id}' cannot be kept for the group '{group}'", written)


def _refuse_others(names: Iterable[str], layer: Layer, node: Node) -> None:
    """Names that are no levers of a layer."""
    here = levers_of(layer)
    for name in names:
        if name not in here:
            raise node.error(
                f"'{name}' is no lever of this package", suggest(name, here) or f"use {', '.join(here)}"
            )
