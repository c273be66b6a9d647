"""Macros: each call written out, with variables of its own.

A macro without variables is its equation, with what is given in place of its parameters. One with variables gets
its own set of them for each call, ``caller.MACRO.variable`` (``caller.MACRO 2.variable`` for the second), over the
dimensions of the equation that calls.
"""

from __future__ import annotations

from dataclasses import replace

from sd_covid.model.expression import Call, Expression, Reference, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Variable
from sd_covid.model.xmile.definition import Definition, ElementDefinition, Macro
from sd_covid.model.xmile.modules import Scope, rebuild, rename, renamed
from sd_covid.model.xmile.site import Site

MAX_MADE = 100_000
MAX_CALLS = 20_000


def expand(site: Site, call: Call, macros: list[Macro]) -> Expression:
    """What a call of a macro becomes.

    Raises
    ------
    ModelError
        For a number of arguments that no macro of the name takes, or a macro that calls itself.
    """
    macro = _chosen(site, call, macros)
    name = key(macro.name)
    if name in site.world.recursive:
        reason = f"macro {macro.name} calls itself, which is not supported"
        raise site.error(call.place, reason, "write its loop with a stock, or for each case")
    site.world.expanded += 1
    if site.world.expanded > MAX_CALLS:
        raise site.error(
            call.place, f"macros are called more than {MAX_CALLS} times, calls within them counted"
        )
    given = _arguments(macro, call)
    if not macro.definitions:
        return site.value(_put_in(macro.equation, given))
    if site.reducing:
        reason = f"macro {macro.name} has variables of its own, so it cannot take whole arrays"
        raise site.error(call.place, reason, "call it in a variable over the dimension, and sum that")
    return site.value(_instance(site, call, macro, given))


def recursive(macros: dict[str, list[Macro]]) -> frozenset[str]:
    """Keys of the macros that call themselves, at once or through others."""
    calls = {
        name: frozenset(item for macro in named for item in _called(macro)) for name, named in macros.items()
    }
    found = set()
    for name in calls:
        reached: set[str] = set()
        new = set(calls[name])
        while new:
            reached |= new
            new = {below for item in new for below in calls.get(item, frozenset())} - reached
        if name in reached:
            found.add(name)
    return frozenset(found)


def _called(macro: Macro) -> set[str]:
    """Keys of the functions that a macro calls."""
    expressions = [macro.equation, *(default for _, default in macro.parameters if default is not None)]
    for item in macro.definitions:
        parts: list[Definition | ElementDefinition] = [item, *item.elements]
        for part in parts:
            expressions += [*part.row, *part.initial, *([part.equation] if part.equation is not None else [])]
    return {
        key(node.function)
        for expression in expressions
        for node in walk(expression)
        if isinstance(node, Call)
    }


def _chosen(site: Site, call: Call, macros: list[Macro]) -> Macro:
    count = len(call.arguments)
    for macro in macros:
        least = sum(1 for _, default in macro.parameters if default is None)
        if least <= count <= len(macro.parameters):
            return macro
    names = ", ".join(name for name, _ in macros[0].parameters)
    reason = f"macro {macros[0].name} does not take {count} arguments"
    raise site.error(call.place, reason, f"write {macros[0].name}({names})")


def _arguments(macro: Macro, call: Call) -> dict[str, Expression]:
    """What each parameter stands for, by key; a default may use the parameters before it."""
    given: dict[str, Expression] = {}
    for position, (name, default) in enumerate(macro.parameters):
        if position < len(call.arguments):
            given[key(name)] = call.arguments[position]
        elif default is not None:
            given[key(name)] = _put_in(default, given)
    return given


def _put_in(node: Expression, given: dict[str, Expression]) -> Expression:
    """An expression with what is given in place of the parameters."""

    def leaf(reference: Reference) -> Expression:
        return given.get(key(reference.name), reference)

    def function(name: str) -> str:
        found = given.get(key(name))
        return found.name if isinstance(found, Reference) else name

    return rebuild(node, leaf, function)


def _instance(site: Site, call: Call, macro: Macro, given: dict[str, Expression]) -> Expression:
    """The macro's variables, made for one call; gives its equation in their names."""
    caller = site.definition.name
    count = site.world.calls.get((key(caller), key(macro.name)), 0) + 1
    site.world.calls[key(caller), key(macro.name)] = count
    prefix = f"{caller}.{macro.name}{f' {count}' if count > 1 else ''}."
    parameters = [name for name, _ in macro.parameters]
    scope = Scope(prefix, [*parameters, *(item.name for item in macro.definitions)])
    dimensions = site.left if site.elements is None else ()
    for name in parameters:
        _parameter(site, prefix + name, dimensions, given[key(name)])
    for item in macro.definitions:
        made = renamed(item, scope)
        made.dimensions = (*dimensions, *item.dimensions)
        made.elements = tuple(
            replace(part, subscripts=(*dimensions, *part.subscripts)) for part in made.elements
        )
        made.local, made.place = True, call.place
        unknown = [name for name in item.dimensions if key(name) not in site.world.dimensions]
        if unknown:
            raise site.error(call.place, f"dimension '{unknown[0]}' of macro {macro.name} is not defined")
        site.world.definitions[key(made.name)] = made
        site.world.made.append(made)
    if len(site.world.definitions) > MAX_MADE:
        raise site.error(call.place, f"macros make more than {MAX_MADE} variables")
    return rename(macro.equation, scope)


def _parameter(site: Site, name: str, dimensions: tuple[str, ...], given: Expression) -> None:
    """A variable that holds what a parameter is given."""
    place = site.definition.place
    definition = Definition("aux", name, place, dimensions=dimensions, local=True)
    equation = Equation(Kind.EQUATION, dimensions, expression=site.whole(given), place=place)
    site.world.definitions[key(name)] = definition
    site.world.ready.append(Variable(name, [equation], place=place, local=True))
