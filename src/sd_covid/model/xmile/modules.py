"""Models inside a model: every module's variables under the name ``module.variable``, and what is connected.

In go the models of a file; out comes one list of definitions, in whose expressions every name of a variable is the one
it has in the whole. A name that is no variable stays as it is: a function, a dimension, an element, or a mistake, which
the next stage tells apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import Binary, Call, Expression, Place, Reference, Unary, along
from sd_covid.model.names import key
from sd_covid.model.xmile.definition import Conveyor, Definition, ModuleUse, Submodel

MAX_DEPTH = 20
MAX_DEFINITIONS = 200_000
MAX_MODULES = 10_000

Models = dict[str, Submodel]


class Scope:
    """What names mean within one model, where it stands in the whole.

    Parameters
    ----------
    prefix : str
        Its modules' names with periods, such as ``hares.``; empty for the root.
    names : iterable of str
        Its variables.
    root : Scope, optional
        The outermost.
    """

    def __init__(self, prefix: str, names: list[str], root: Scope | None = None) -> None:
        self.prefix = prefix
        self.names = {key(name): name for name in names}
        self.modules: dict[str, Scope] = {}
        self.root = root or self

    def resolve(self, name: str) -> str | None:
        """The name in the whole model of a variable; None when it is none."""
        if name.startswith("."):
            return self.root.resolve(name[1:])
        found = self.names.get(key(name))
        if found is not None:
            return self.prefix + found
        head, _, rest = name.partition(".")
        if rest and key(head) in self.modules:
            return self.modules[key(head)].resolve(rest)
        if name.endswith("'"):  # an array turned round
            turned = self.resolve(name[:-1])
            return None if turned is None else f"{turned}'"
        return self.root.resolve(name) if rest and self.root is not self else None

    def all_names(self) -> list[str]:
        """The names that may be used here, for advice."""
        inner = [f"{head}.{name}" for head, scope in self.modules.items() for name in scope.names.values()]
        return [*self.names.values(), *inner]


def rename(node: Expression, scope: Scope) -> Expression:
    """An expression with every variable under its name in the whole model."""

    def leaf(reference: Reference) -> Expression:
        found = scope.resolve(reference.name)
        return reference if found is None else replace(reference, name=found)

    return rebuild(node, leaf, lambda name: scope.resolve(name) or name)


def rebuild(
    node: Expression, leaf: Callable[[Reference], Expression], function: Callable[[str], str] = str
) -> Expression:
    """An expression with its references, and the names of its functions, replaced."""
    match node:
        case Reference():
            return leaf(node)
        case Unary(operand=operand):
            return replace(node, operand=rebuild(operand, leaf, function))
        case Binary():
            return along(node, lambda item: rebuild(item, leaf, function))
        case Call(arguments=arguments):
            inner = tuple(rebuild(item, leaf, function) for item in arguments)
            return replace(node, function=function(node.function), arguments=inner)
        case _:
            return node


def renamed(definition: Definition, scope: Scope) -> Definition:
    """A definition as it is in the whole model."""

    def fresh(expression: Expression | None) -> Expression | None:
        return None if expression is None else rename(expression, scope)

    def belt(conveyor: Conveyor) -> Conveyor:
        return replace(
            conveyor,
            transit_time=rename(conveyor.transit_time, scope),
            capacity=fresh(conveyor.capacity),
            inflow_limit=fresh(conveyor.inflow_limit),
            sample=fresh(conveyor.sample),
            arrest=fresh(conveyor.arrest),
        )

    found = definition.copy()
    found.name = scope.prefix + definition.name
    found.equation = fresh(definition.equation)
    found.row = tuple(rename(item, scope) for item in definition.row)
    found.initial = tuple(rename(item, scope) for item in definition.initial)
    found.elements = tuple(
        replace(
            item,
            equation=fresh(item.equation),
            row=tuple(rename(part, scope) for part in item.row),
            initial=tuple(rename(start, scope) for start in item.initial),
            transit_time=fresh(item.transit_time),
        )
        for item in definition.elements
    )
    found.inflows = tuple(scope.resolve(name) or name for name in definition.inflows)
    found.outflows = tuple(scope.resolve(name) or name for name in definition.outflows)
    found.profile = fresh(definition.profile)
    found.multiplier = fresh(definition.multiplier)
    found.conveyor = None if definition.conveyor is None else belt(definition.conveyor)
    if definition.leak is not None:
        found.leak = replace(definition.leak, fraction=fresh(definition.leak.fraction))
    return found


def flatten(root: Submodel, models: Models) -> list[Definition]:
    """Every variable of a model, its modules' under ``module.variable``.

    Parameters
    ----------
    root : Submodel
    models : dict of str to Submodel
        The other models, by key.

    Raises
    ------
    ModelError
        For a module without a model, within itself, or a connection between names that are not there.
    """
    scope = Scope("", [item.name for item in root.definitions])
    owned: list[tuple[Definition, Scope]] = []
    links: list[tuple[ModuleUse, Scope]] = []
    _take(root, scope, models, (), owned, links)
    found = [renamed(item, inside) for item, inside in owned]
    by_key = {key(item.name): item for item in found}
    for use, inside in links:
        for target, source, place in _links(use, inside):
            _connect(by_key[key(target)], source, place)
    return found


def _take(
    model: Submodel,
    scope: Scope,
    models: Models,
    above: tuple[str, ...],
    found: list[tuple[Definition, Scope]],
    links: list[tuple[ModuleUse, Scope]],
) -> None:
    inner = [(use, _model_of(use, models, above)) for use in model.modules]
    links += [(use, scope) for use in model.modules]
    if len(links) > MAX_MODULES:
        raise _error(
            model.place, f"has more than {MAX_MODULES} modules, those within them counted", None, None
        )
    for use, submodel in inner:
        names = [item.name for item in submodel.definitions]
        scope.modules[key(use.name)] = Scope(f"{scope.prefix}{use.name}.", names, scope.root)
    for use, submodel in inner:
        below = (*above, key(use.model))
        _take(submodel, scope.modules[key(use.name)], models, below, found, links)
    found += [(item, scope) for item in model.definitions]
    if len(found) > MAX_DEFINITIONS:
        raise _error(
            model.place, f"has more than {MAX_DEFINITIONS} variables, modules written out", None, None
        )


def _model_of(use: ModuleUse, models: Models, above: tuple[str, ...]) -> Submodel:
    found = models.get(key(use.model))
    if found is None:
        reason = f"module '{use.name}' stands for model '{use.model}', which is not there"
        near = suggest(use.model, [model.name for model in models.values()])
        raise _error(use.place, reason, near or "give the file a <model> of that name", use.name)
    if key(use.model) in above or len(above) >= MAX_DEPTH:
        raise _error(use.place, f"module '{use.name}' holds itself", "take it out", use.name)
    return found


def _links(use: ModuleUse, scope: Scope) -> Iterator[tuple[str, str, Place]]:
    inside = scope.modules[key(use.name)]
    for connection in use.connections:
        if not connection.to or not connection.source:
            continue
        target = inside.resolve(connection.to) if not connection.to.startswith(".") else None
        target = target or scope.resolve(connection.to.lstrip(".")) or scope.resolve(connection.to)
        source = scope.resolve(connection.source.lstrip(".")) or scope.resolve(connection.source)
        for name, written in ((target, connection.to), (source, connection.source)):
            if name is None:
                near = suggest(written, [*scope.all_names(), *inside.all_names()])
                raise _error(connection.place, f"'{written}' is connected but not defined", near, use.name)
        if target is not None and source is not None and key(target) != key(source):
            yield target, source, connection.place


def _connect(target: Definition, source: str, place: Place) -> None:
    """A variable that a connection feeds has the value of what it is connected to."""
    target.equation = Reference(source, place=place)
    target.kind = "aux"
    target.elements, target.graph, target.initial, target.row = (), None, (), ()
    target.inflows, target.outflows = (), ()
    target.non_negative, target.conveyor, target.queue, target.leak = False, None, False, None


def _error(place: Place, reason: str, advice: str | None, variable: str | None) -> ModelError:
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=variable)
