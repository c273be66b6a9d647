"""Calls of Vensim's macros written out: each call becomes variables of its own, and the model is flat.

In goes a model as read, and the macros of its file; the model comes out without a call of any. The variables of the
first call of ``M`` by ``x`` are called ``x.M`` (its value) and ``x.M.name``, those of its second call ``x.M 2`` and so
on. They carry the subscripts of the left side of the equation that calls, so that a call in an equation for an array is
a call for each of its elements. ``name$`` in a macro is a variable of the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from sd_covid.errors import ModelError, suggest
from sd_covid.model.definition import MacroDefinition
from sd_covid.model.expression import (
    Call,
    Expression,
    NotAvailable,
    Number,
    Place,
    Reference,
    Subscript,
    Table,
    Text,
    Unary,
    rebuilt,
    walk,
)
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Model, Variable

#: More variables than any model's macros make; macros that call macros could otherwise double without end.
MAX_LOCALS = 20_000
_LONGEST_NAME = 2_000  # characters: each call within a call adds its own
_OF_MODEL = frozenset({"time", "initial time", "final time", "time step", "saveper"})
_UNIT_WORD = re.compile(r"[^/*()^\s][^/*()^]*")


def expand_macros(model: Model, macros: dict[str, MacroDefinition]) -> None:
    """Write out every call of a macro.

    Parameters
    ----------
    model : Model
        As read; its dimensions are known.
    macros : dict of str to MacroDefinition
        By key.

    Raises
    ------
    ModelError
        When a macro calls itself, a call does not fit, or a macro uses what neither it nor the model defines.
    """
    if macros:
        _refuse_recursion(macros)
        expansion = _Expansion(model, macros)
        while expansion.pending:
            expansion.variable(expansion.pending.pop())


def _refuse_recursion(macros: dict[str, MacroDefinition]) -> None:
    calls = {
        name: [item for item in dict.fromkeys(_called(macro.variables.values())) if item in macros]
        for name, macro in macros.items()
    }
    done: set[str] = set()
    for start in macros:
        path: list[str] = []
        stack = [(start, iter(calls[start]))]
        path.append(start)
        while stack:
            name, rest = stack[-1]
            following = next((item for item in rest if item not in done), None)
            if following is None:
                done.add(name)
                path.pop()
                stack.pop()
            elif following in path:
                chain = [macros[item].name for item in (*path[path.index(following) :], following)]
                reason = "the macro calls itself: " + " -> ".join(chain)
                place = macros[following].place
                raise _error(place, reason, macros[following].name, "write the loop out with a stock")
            else:
                path.append(following)
                stack.append((following, iter(calls[following])))


def _called(variables: Iterable[Variable]) -> Iterable[str]:
    for variable in variables:
        for equation in variable.equations:
            if equation.expression is not None:
                yield from (key(n.function) for n in walk(equation.expression) if isinstance(n, Call))


@dataclass(frozen=True, slots=True)
class _Site:
    """One call: what its variables are called, and the subscripts that they all carry."""

    owner: Variable
    call: Call
    macro: MacroDefinition
    prefix: str
    subscripts: tuple[str, ...]
    excluded: tuple[tuple[str, ...], ...]
    arguments: dict[str, Expression]

    @property
    def uses(self) -> tuple[Subscript, ...]:
        """The subscripts, as one variable of the call refers to another."""
        return tuple(map(Subscript, self.subscripts))

    def name(self, local: str) -> str:
        """What a variable of the macro is called here."""
        return self.prefix if key(local) == key(self.macro.name) else f"{self.prefix}.{local}"


class _Expansion:
    """The work of expanding one model; `expand_macros` is the way in."""

    def __init__(self, model: Model, macros: dict[str, MacroDefinition]) -> None:
        self.model = model
        self.macros = macros
        self.made = 0
        self.pending = list(model.variables.values())[::-1]
        self.outputs: set[str] = set()  # keys of the variables that calls name behind their ':'
        self.subscripts = {
            key(name) for item in model.dimensions.values() for name in (item.name, *item.elements)
        }

    def variable(self, variable: Variable) -> None:
        """Expand the calls in all equations of a variable."""
        for index, equation in enumerate(variable.equations):
            if equation.expression is None or not any(
                isinstance(node, Call) and key(node.function) in self.macros
                for node in walk(equation.expression)
            ):
                continue

            def change(node: Reference | Call, equation: Equation = equation) -> Expression:
                if isinstance(node, Call) and key(node.function) in self.macros:
                    return self.call(variable, equation, node)
                return node

            variable.equations[index] = replace(equation, expression=rebuilt(equation.expression, change))

    def call(self, owner: Variable, equation: Equation, call: Call) -> Reference:
        """Make the variables of one call; gives its value."""
        macro = self.macros[key(call.function)]
        self._check(owner, macro, call)
        reduced = _reduced(call.arguments)
        site = _Site(
            owner,
            call,
            macro,
            self._prefix(owner, macro),
            (*equation.subscripts, *reduced),
            tuple((*clause, *reduced) for clause in equation.excluded),
            {},
        )
        for parameter, argument in zip(macro.parameters, call.arguments, strict=True):
            site.arguments[key(parameter)] = self._argument(site, parameter, _unmarked(argument))
        made = [self._local(site, local) for local in macro.variables.values()]
        for given, output in zip(call.outputs, macro.outputs, strict=False):
            self._output(site, given, macro.variables[key(output)])
        self.pending += made[::-1]
        marks = len(equation.subscripts)
        value = tuple(Subscript(name, at >= marks) for at, name in enumerate(site.subscripts))
        return Reference(site.prefix, value, call.place)

    def _check(self, owner: Variable, macro: MacroDefinition, call: Call) -> None:
        form = f"{macro.name}({', '.join(macro.parameters)})"
        if call.subscripts:
            raise _error(call.place, f"macro {macro.name} takes no subscripts", owner.name, f"write {form}")
        if len(call.arguments) != len(macro.parameters):
            count = len(macro.parameters)
            reason = (
                f"macro {macro.name} takes {count} argument{'s' * (count != 1)}, not {len(call.arguments)}"
            )
            raise _error(call.place, reason, owner.name, f"write {form}")
        if len(call.outputs) > len(macro.outputs):
            reason = f"macro {macro.name} has {len(macro.outputs)} outputs, not {len(call.outputs)}"
            raise _error(call.place, reason, owner.name, "name fewer behind the ':'")

    def _prefix(self, owner: Variable, macro: MacroDefinition) -> str:
        if len(owner.name) > _LONGEST_NAME:
            reason = "macros call one another too deeply"
            raise _error(macro.place, reason, macro.name, "write some of them out")
        prefix, number = f"{owner.name}.{macro.name}", 1
        while key(prefix) in self.model.variables:
            number += 1
            prefix = f"{owner.name}.{macro.name} {number}"
        return prefix

    def _add(self, site: _Site, variable: Variable) -> None:
        self.made += 1
        if self.made > MAX_LOCALS:
            reason = f"the calls of macros make more than {MAX_LOCALS} variables"
            raise _error(site.call.place, reason, site.owner.name, "call fewer macros from macros")
        if variable.key in self.model.variables:
            reason = f"'{variable.name}' is defined here and elsewhere"
            raise _error(site.call.place, reason, variable.name, "rename one of the two")
        self.model.variables[variable.key] = variable

    def _argument(self, site: _Site, parameter: str, argument: Expression) -> Expression:
        """What stands for a parameter: the argument itself, or a variable that holds it."""
        plain = argument.operand if isinstance(argument, Unary) else argument
        if isinstance(argument, Reference | Text) or isinstance(plain, Number | NotAvailable):
            return argument
        kind = Kind.LOOKUP if isinstance(argument, Table) else Kind.EQUATION
        place = site.call.place
        equation = Equation(kind, site.subscripts, site.excluded, argument, place=place)
        name = f"{site.prefix}.{parameter}"
        group = site.owner.group
        variable = Variable(name, [equation], group=group, place=place, local=True)
        self._add(site, variable)
        return Reference(name, site.uses, place)

    def _local(self, site: _Site, local: Variable) -> Variable:
        """One variable of the macro, for this call."""
        variable = replace(
            local,
            name=site.name(local.name),
            equations=[self._equation(site, equation) for equation in local.equations],
            units=self._units(site, local.units),
            group=site.owner.group,
            local=True,
        )
        self._add(site, variable)
        return variable

    def _equation(self, site: _Site, equation: Equation) -> Equation:
        excluded = [(*clause, *site.subscripts) for clause in equation.excluded]
        excluded += [(*equation.subscripts, *clause) for clause in site.excluded]
        sizes = [
            len(self.model.dimensions[key(name)].elements)
            for name in site.subscripts
            if key(name) in self.model.dimensions
        ]
        expression = equation.expression
        if expression is not None:
            expression = rebuilt(expression, lambda node: self._resolve(site, node))
        return replace(
            equation,
            subscripts=(*equation.subscripts, *site.subscripts),
            excluded=tuple(excluded),
            expression=expression,
            values=tuple(value for value in equation.values for _ in range(prod(sizes))),
        )

    def _resolve(self, site: _Site, node: Reference | Call) -> Expression:
        """A name in the macro, as the model has it."""
        name = node.name if isinstance(node, Reference) else node.function
        found = key(name)
        argument = site.arguments.get(found)
        if argument is not None:
            return self._put(site, node, argument)
        if found in site.macro.variables and (isinstance(node, Reference) or found not in self.macros):
            return _renamed(node, site.name(site.macro.variables[found].name), (*node.subscripts, *site.uses))
        if found.endswith("$"):
            return _renamed(node, name.rstrip().removesuffix("$").rstrip(), node.subscripts)
        if isinstance(node, Reference) and found not in _OF_MODEL and found not in self.subscripts:
            known = [*site.macro.parameters, *(item.name for item in site.macro.variables.values())]
            advice = suggest(name, known) or f"write {name}$ for a variable of the model"
            reason = f"'{name}' is not defined in macro {site.macro.name}"
            raise _error(node.place, reason, site.macro.name, advice)
        return node

    def _put(self, site: _Site, node: Reference | Call, argument: Expression) -> Expression:
        """A parameter replaced by its argument."""
        if isinstance(node, Reference) and not node.subscripts:
            return argument
        name = node.name if isinstance(node, Reference) else node.function
        if not isinstance(argument, Reference):
            reason = f"macro {site.macro.name} uses its argument '{name}' as a table or array"
            raise _error(site.call.place, reason, site.owner.name, "give it the name of one")
        if node.subscripts and argument.subscripts:
            reason = f"macro {site.macro.name} gives subscripts to its argument '{name}'"
            raise _error(site.call.place, reason, site.owner.name, f"write '{argument.name}' without its own")
        return _renamed(node, argument.name, node.subscripts or argument.subscripts)

    def _output(self, site: _Site, given: Reference, local: Variable) -> None:
        """A variable of the model that a call names behind its ``:``."""
        given_names = tuple(item.name for item in given.subscripts) or site.subscripts
        same = list(map(key, given_names)) == list(map(key, site.subscripts))
        equation = Equation(
            Kind.EQUATION,
            given_names,
            site.excluded if same else (),
            Reference(site.name(local.name), site.uses, given.place),
            place=given.place,
        )
        there = self.model.variables.get(key(given.name))
        if there is not None and there.key in self.outputs:
            there.equations.append(equation)
            return
        units = self._units(site, local.units)
        made = Variable(
            given.name,
            [equation],
            units=units,
            documentation=local.documentation,
            group=site.owner.group,
            place=given.place,
        )
        self._add(site, made)
        self.outputs.add(made.key)

    def _units(self, site: _Site, units: str) -> str:
        """Units of a variable of the macro, which may name parameters; none when those of an argument are not known."""
        unknown = False

        def unit(found: re.Match[str]) -> str:
            nonlocal unknown
            word = found[0]
            argument = site.arguments.get(key(word))
            if argument is None:
                return word
            variable = (
                self.model.variables.get(key(argument.name)) if isinstance(argument, Reference) else None
            )
            unknown = unknown or variable is None or not variable.units
            return f"({variable.units})" if variable is not None else ""

        replaced = _UNIT_WORD.sub(unit, units)
        return "" if unknown else replaced


def _renamed(node: Reference | Call, name: str, subscripts: tuple[Subscript, ...]) -> Expression:
    if isinstance(node, Reference):
        return Reference(name, subscripts, node.place)
    return replace(node, function=name, subscripts=subscripts)


def _reduced(arguments: Iterable[Expression]) -> tuple[str, ...]:
    """Dimensions marked ``!`` in the arguments of a call that stands within a reduction."""
    marked: dict[str, None] = {}

    def note(node: Reference | Call) -> Expression:
        marked.update((item.name, None) for item in node.subscripts if item.reduced)
        return node

    for argument in arguments:
        rebuilt(argument, note, _reduces)
    return tuple(marked)


def _reduces(call: Call) -> bool:
    """Whether the marks in a call are its own."""
    function = FUNCTIONS.get(key(call.function))
    return function is not None and function.reduces


def _unmarked(argument: Expression) -> Expression:
    """An argument as its own equation has it, with the dimensions of `_reduced` on its left side."""

    def change(node: Reference | Call) -> Expression:
        plain = tuple(replace(item, reduced=False) for item in node.subscripts)
        return replace(node, subscripts=plain)

    return rebuilt(argument, change, _reduces) if _reduced([argument]) else argument


def _error(place: Place, reason: str, name: str, advice: str | None = None) -> ModelError:
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=name)
