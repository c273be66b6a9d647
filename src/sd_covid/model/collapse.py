"""A smaller variant of a model: dimensions with fewer elements, some constants with other values.

In goes a model and a `Variant`, from a YAML file such as::

    extends: netherlands.yaml
    collapse: {group: {everyone: regular}}
    constants: {vulnerable share: 0}
    fixed: {share of the budget for the vulnerable: 0}
    without: [gap between groups]

Out comes a model. Equations and numbers of elements that a dimension does not keep are gone, elements may get another
name, and constants (called as the smaller model calls them) other values; a computed variable that is fixed becomes a
constant. Nothing is averaged: what a kept element
stands for is for the constants to say. An expression that uses what is gone is an error with its file and line. A sum
(or product, minimum, maximum) over a dimension of one element is written as that element, which other programs read
more readily.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from sd_covid.errors import ModelError, suggest
from sd_covid.model.definition import SERIES
from sd_covid.model.expression import (
    Call,
    Expression,
    Number,
    Place,
    Reference,
    Subscript,
    Table,
    Unary,
    children,
    rebuilt,
    walk,
)
from sd_covid.model.functions import FUNCTIONS, Role
from sd_covid.model.names import key
from sd_covid.model.single import reduces
from sd_covid.model.structure import Dimension, Equation, Kind, Model, Variable
from sd_covid.model.study_file import Kept, Left, Setting, Variant
from sd_covid.model.symbols import Symbols


def collapse(model: Model, variant: Variant) -> Model:
    """Make a variant of a model.

    Parameters
    ----------
    model : Model
        As read and checked; it is not changed.
    variant : Variant

    Returns
    -------
    Model
        Not yet checked.

    Raises
    ------
    ModelError
        When the variant names what the model does not have, or what is gone is still used; names file, line and
        variable.
    """
    without = _without(model, variant.without)
    made = _Collapsing(_fixed(model, variant.fixed), variant, without).model()
    for setting in variant.constants:
        _set(made, setting)
    return made


class _Collapsing:
    """A model, and the elements that its variant keeps.

    Attributes
    ----------
    dropped : set of str
        Keys of elements that are gone.
    renamed : dict of str to str
        Key of an element -> its name in the variant.
    emptied : set of str
        Keys of ranges of which no element is kept.
    moved : set of str
        Keys of ranges and elements whose number as an index is another one, or gone.
    """

    def __init__(self, model: Model, variant: Variant, without: dict[str, Place]) -> None:
        self.old = model
        self.symbols = Symbols(model)
        self.without = without
        self.path = variant.path
        self.dropped: set[str] = set()
        self.renamed: dict[str, str] = {}
        for kept in variant.collapse:
            self._keep(kept)
        self.emptied = {
            name for name, elements in self.symbols.elements.items() if set(elements) <= self.dropped
        }
        self.moved: set[str] = set()
        for name, elements in self.symbols.elements.items():
            left = [element for element in elements if element not in self.dropped]
            if left != list(elements[: len(left)]):
                self.moved |= {name, *elements}

    def _keep(self, kept: Kept) -> None:
        """Take note of what one dimension keeps."""
        dimension = self.old.dimensions.get(key(kept.dimension))
        if dimension is None:
            near = suggest(kept.dimension, [item.name for item in self.old.dimensions.values()])
            raise _error(kept.place, f"'{kept.dimension}' is not a dimension", kept.dimension, near)
        elements = {key(element): element for element in dimension.elements}
        chosen = {key(old): new for old, new in kept.elements.items()}
        for name in kept.elements:
            if key(name) not in elements:
                near = suggest(name, elements.values()) or f"it has {', '.join(elements.values())}"
                raise _error(kept.place, f"'{name}' is not an element of '{dimension.name}'", name, near)
            if key(name) in self.dropped:
                reason = f"'{name}' is gone already, with another dimension"
                raise _error(kept.place, reason, name, "keep it there too")
        taken = {key(new): new for old, new in chosen.items() if key(new) != old}
        for new in taken:
            if new in self.symbols.spelling or new in self.old.variables or new in self.symbols.elements:
                reason = f"'{taken[new]}' is already a name in the model"
                raise _error(kept.place, reason, taken[new], "choose another name")
        self.dropped |= elements.keys() - chosen.keys()
        self.renamed |= {old: new for old, new in chosen.items() if key(new) != old}

    def model(self) -> Model:
        """The model with what is kept."""
        made = replace(self.old, variables={}, dimensions={}, series={}, notes=list(self.old.notes))
        for name, dimension in self.old.dimensions.items():
            if name not in self.emptied:
                made.dimensions[name] = self._dimension(dimension)
        for name, variable in self.old.variables.items():
            equations = [
                self._equation(variable, equation)
                for equation in variable.equations
                if name not in self.without and not self._gone(equation.subscripts)
            ]
            if equations:
                made.variables[name] = replace(variable, equations=equations)
        for cell, points in self.old.series.items():
            if cell[0] in made.variables and not self.dropped & set(cell[1:]):
                elements = (key(self.renamed.get(item, item)) for item in cell[1:])
                made.series[(cell[0], *elements)] = points
        return made

    def _gone(self, subscripts: Iterable[str]) -> bool:
        """Whether a left side stands for nothing that is kept."""
        return any(key(name) in self.dropped or key(name) in self.emptied for name in subscripts)

    def _named(self, name: str) -> str:
        return self.renamed.get(key(name), name)

    def _dimension(self, dimension: Dimension) -> Dimension:
        at = [n for n, element in enumerate(dimension.elements) if key(element) not in self.dropped]
        mappings = {
            other: tuple(self._named(names[n]) for n in at)
            for other, names in dimension.mappings.items()
            if other not in self.emptied
        }
        for names in mappings.values():
            for name in names:
                if key(name) in self.dropped | self.emptied:
                    reason = f"'{dimension.name}' is mapped to '{name}', which {self.path} does not keep"
                    raise _error(dimension.place, reason, dimension.name, "keep both, or neither")
        elements = tuple(self._named(dimension.elements[n]) for n in at)
        return replace(dimension, elements=elements, mappings=mappings)

    def _equation(self, variable: Variable, equation: Equation) -> Equation:
        """An equation for what is kept of its left side."""
        kept = self._ranks(equation.subscripts)
        expression = equation.expression
        if expression is not None and not isinstance(expression, Table):
            self._refuse_use(variable, equation, expression)
            series = isinstance(expression, Call) and key(expression.function) in SERIES
            if series and kept != list(range(len(kept))):
                reason = f"its series lie side by side, and {self.path} does not keep the first of them"
                advice = "write one equation for each element"
                raise _error(equation.place, reason, variable.name, advice)
            expression = rebuilt(expression, self._renamed_in)
        return replace(
            equation,
            subscripts=tuple(map(self._named, equation.subscripts)),
            excluded=tuple(
                tuple(map(self._named, clause)) for clause in equation.excluded if not self._gone(clause)
            ),
            expression=expression,
            values=tuple(equation.values[n] for n in kept) if equation.values else (),
        )

    def _ranks(self, subscripts: tuple[str, ...]) -> list[int]:
        """Which of the elements of a left side are kept, by their place among all, last subscript fastest."""
        members = [self.symbols.members(name) or () for name in subscripts]
        return [n for n, cell in enumerate(product(*members)) if not self.dropped & set(cell)]

    def _renamed_in(self, node: Reference | Call) -> Expression:
        named = tuple(Subscript(self._named(item.name), item.reduced) for item in node.subscripts)
        if isinstance(node, Call):
            return self._reduction(replace(node, subscripts=named))
        bare = not named and key(node.name) not in self.old.variables
        return replace(node, name=self._named(node.name) if bare else node.name, subscripts=named)

    def _reduction(self, call: Call) -> Expression:
        """A call, its arguments renamed already, without reductions over what is one element now."""
        function = FUNCTIONS.get(key(call.function))
        if function is None or not function.reduces:
            return call
        arguments = tuple(rebuilt(item, self._single) for item in call.arguments)
        left = reduces(arguments)
        if not left and set(function.roles) == {Role.REDUCED} and len(arguments) == 1:
            return arguments[0]
        return replace(call, arguments=arguments) if left else call

    def _single(self, node: Reference | Call) -> Expression:
        """A use with the element in place of each range of one element that is reduced over."""
        found = []
        for item in node.subscripts:
            kept = [
                element
                for element in self.symbols.elements.get(key(item.name), ())
                if element not in self.dropped
            ]
            single = item.reduced and len(kept) == 1
            found.append(Subscript(self._named(self.symbols.spelling[kept[0]])) if single else item)
        return replace(node, subscripts=tuple(found))

    def _refuse_use(self, variable: Variable, equation: Equation, expression: Expression) -> None:
        """Refuse an expression that uses what is not there any more."""
        for node in walk(expression):
            if not isinstance(node, Reference | Call):
                continue
            place = node.place if node.place.line is not None else equation.place
            name = node.name if isinstance(node, Reference) else node.function
            if key(name) in self.without:
                at = self.without[key(name)]
                reason = f"uses '{name}', which {at.file}:{at.line} does without"
                advice = f"do without '{variable.name}' too, or keep '{name}'"
                raise _error(place, reason, variable.name, advice)
            for item in node.subscripts:
                if key(item.name) in self.dropped | self.emptied:
                    inside = ",".join(other.name for other in node.subscripts)
                    reason = f"uses '{name}[{inside}]', and {self.path} does not keep '{item.name}'"
                    advice = f"keep '{item.name}', or add '{variable.name}' to 'without'"
                    raise _error(place, reason, variable.name, advice)
        for reference in _numbers(expression):
            if key(reference.name) in self.moved - self.old.variables.keys():
                reason = f"uses '{reference.name}' as a number, which {self.path} changes"
                raise _error(equation.place, reason, variable.name, "keep the first elements of it")


def _numbers(expression: Expression) -> Iterator[Reference]:
    """References without subscripts, but those that only name a dimension of which the elements are counted."""
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Reference) and not node.subscripts:
            yield node
        if isinstance(node, Call):
            function = FUNCTIONS.get(key(node.function))
            if function is not None and Role.DIMENSION in function.roles:
                continue
        stack.extend(children(node))


def _without(model: Model, left: Iterable[Left]) -> dict[str, Place]:
    """Variables that are taken out, and where that is said."""
    found = {}
    for item in left:
        if key(item.name) not in model.variables:
            near = suggest(item.name, [variable.name for variable in model.variables.values()])
            raise _error(item.place, f"'{item.name}' is not a variable of the model", item.name, near)
        found[key(item.name)] = item.place
    return found


def _fixed(model: Model, settings: Iterable[Setting]) -> Model:
    """The model with some computed variables as constants."""
    variables = dict(model.variables)
    for setting in settings:
        variable = variables.get(key(setting.name))
        if variable is None:
            near = suggest(setting.name, [item.name for item in variables.values()])
            raise _error(
                setting.place, f"'{setting.name}' is not a variable of the model", setting.name, near
            )
        if variable.equations[0].kind is Kind.LOOKUP:
            raise _error(setting.place, "a lookup cannot be a number", setting.name, "fix what it gives")
        if _constant(variable):
            advice = "set it under 'constants'"
            raise _error(setting.place, f"'{variable.name}' is a constant already", setting.name, advice)
        number = _signed(setting)
        equations = [
            replace(item, kind=Kind.EQUATION, expression=number, values=(), mode=None)
            for item in variable.equations
        ]
        variables[key(setting.name)] = replace(variable, equations=equations)
    return replace(model, variables=variables)


def _set(model: Model, setting: Setting) -> None:
    """Give a constant its value, or those of its elements that are named."""
    base, bracket, inside = setting.name.partition("[")
    variable = model.variables.get(key(base))
    if variable is None:
        near = suggest(base.strip(), [item.name for item in model.variables.values() if _constant(item)])
        raise _error(setting.place, f"'{base.strip()}' is not a variable of the model", setting.name, near)
    if not _constant(variable):
        reason = f"'{variable.name}' is computed, so it cannot be set"
        advice = "set a constant that it is computed from, or make it one under 'fixed'"
        raise _error(setting.place, reason, setting.name, advice)
    symbols = Symbols(model)
    axes = symbols.axes(variable)
    if not bracket:
        wanted = axes
    else:
        parts = [part.strip() for part in inside.rstrip().removesuffix("]").split(",")]
        wanted = tuple(frozenset(symbols.members(part) or ()) for part in parts)
        fits = len(parts) == len(axes) and all(
            chosen and chosen <= axis for chosen, axis in zip(wanted, axes, strict=True)
        )
        if not fits:
            known = ", ".join(symbols.spelling[item] for axis in axes for item in sorted(axis))
            reason = f"'{inside.removesuffix(']')}' names no element of '{variable.name}'"
            advice = f"its elements are {known}" if known else "it has no subscripts"
            raise _error(setting.place, reason, setting.name, advice)
    variable.equations = [_with_value(symbols, item, wanted, setting) for item in variable.equations]


def _signed(setting: Setting) -> Expression:
    """The number of a setting; a sign is an operation."""
    number = Number(abs(setting.value), setting.place)
    return Unary("-", number, setting.place) if setting.value < 0 else number


def _constant(variable: Variable) -> bool:
    """Whether all equations of a variable are numbers."""
    return all(
        equation.kind is Kind.ARRAY
        or (
            equation.kind in (Kind.EQUATION, Kind.UNCHANGEABLE)
            and equation.expression is not None
            and _number(equation.expression) is not None
        )
        for equation in variable.equations
    )


def _number(expression: Expression) -> float | None:
    """The number that an expression is; None for any other."""
    match expression:
        case Number(value=value):
            return value
        case Unary(operator="-" | "+" as sign, operand=Number(value=value)):
            return -value if sign == "-" else value
        case _:
            return None


def _with_value(
    symbols: Symbols, equation: Equation, wanted: tuple[frozenset[str], ...], setting: Setting
) -> Equation:
    """A constant's equation with a value for some of its elements."""
    members = [symbols.members(name) or () for name in equation.subscripts]
    cells = list(product(*members))
    chosen = [all(element in side for element, side in zip(cell, wanted, strict=True)) for cell in cells]
    if not any(chosen):
        return equation
    if all(chosen):
        return replace(equation, kind=Kind.EQUATION, expression=_signed(setting), values=())
    if equation.excluded:
        reason = f"'{setting.name}' is one part of an equation with :EXCEPT:"
        raise _error(setting.place, reason, setting.name, "set all of it")
    before = equation.values
    if not before and equation.expression is not None:
        before = (_number(equation.expression) or 0.0,) * len(cells)
    values = tuple(setting.value if yes else value for yes, value in zip(chosen, before, strict=True))
    return replace(equation, kind=Kind.ARRAY, expression=None, values=values)


def _error(place: Place, reason: str, name: str, advice: str | None = None) -> ModelError:
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=name)
