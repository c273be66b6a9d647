"""Names and expressions as XMILE spells them.

In goes an expression with the place it stands in; out comes text with the same value. Functions that XMILE has under
another name get that; the others keep Vensim's, behind ``vensim.``, which `sd_covid.model.xmile` reads back and other
programs know for what it is. Variables around the expressions are for `sd_covid.model.write.xmile`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sd_covid.errors import ModelError
from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Reference,
    Subscript,
    Table,
    Text,
    Unary,
    walk,
)
from sd_covid.model.functions import FUNCTIONS, Role
from sd_covid.model.layout.parts import INTEGRALS
from sd_covid.model.mappings import Mappings
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model, Variable

_PLAIN = re.compile(r"(?!(?:if|then|else|and|or|not|mod)$)[^\W\d]\w*", re.IGNORECASE)
_BINDING = {":OR:": 1, ":AND:": 2, "+": 5, "-": 5, "*": 6, "/": 6, "^": 8}
_ROWS = (5, 6)  # what is computed from the left: sums and products
_COMPARISON = 4
_ATOM = 9
_WORDS = {":OR:": "OR", ":AND:": "AND", ":NOT:": "NOT"}
_NOT_AVAILABLE = -(2.0**109)
_TIMES = {"time": "TIME", "time step": "DT", "initial time": "STARTTIME", "final time": "STOPTIME"}
#: Names that no other variable can have: the time bound that each stands for.
RESERVED = {name.lower(): bound for bound, name in _TIMES.items()}
_SAME = (
    *("abs", "exp", "ln", "sqrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
    *("min", "max", "step", "ramp", "trend", "sum", "prod", "delay1", "delay3"),
)
#: Functions of the engine that XMILE has, by key; those not in Vensim were read from XMILE.
_NAMES = {
    **{name: name.upper() for name in _SAME},
    "vmin": "MIN",
    "vmax": "MAX",
    "initial": "INIT",
    "smooth": "SMTH1",
    "smoothi": "SMTH1",
    "smooth3": "SMTH3",
    "smooth3i": "SMTH3",
    "delay1i": "DELAY1",
    "delay3i": "DELAY3",
    "delay fixed": "DELAY",
    "random uniform": "UNIFORM",
    "xmile pulse": "PULSE",
    "xmile round": "ROUND",
    "xmile previous": "PREVIOUS",
    "xmile rank": "RANK",
    "xmile history": "HISTORY",
    "xmile normal share": "NORMALCDF",
    "xmile normal quantile": "INVNORM",
}
#: The same for functions that have two meanings: that of a model which came from Vensim, and XMILE's own.
_FROM_VENSIM = {"integer": "INT", "modulo": "MOD", "zidz": "SAFEDIV", "xidz": "SAFEDIV"}
_FROM_XMILE = {"xmile int": "INT", "xmile modulo": "MOD", "xmile safediv": "SAFEDIV"}


def is_from_vensim(model: Model) -> bool:
    """Whether INT, MOD and SAFEDIV are to mean what Vensim's functions do: nothing in the model means XMILE's."""
    return not any(
        isinstance(node, Call) and key(node.function) in _FROM_XMILE
        for variable in model.variables.values()
        for equation in variable.equations
        if equation.expression is not None
        for node in walk(equation.expression)
    )


def name_in_text(name: str) -> str:
    """A name as equations write it: blanks as ``_``, in double quotes where it needs them."""
    joined = "_".join(name.split())
    if _PLAIN.fullmatch(joined):
        return joined
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def number_in_text(value: float) -> str:
    """A number that is not negative, exactly."""
    if not math.isfinite(value):
        return "NAN" if math.isnan(value) else "INF"
    return str(int(value)) if value == int(value) and value < 1e15 else repr(value)


@dataclass(slots=True)
class TextWriter:
    """Writes the expressions of a model.

    Parameters
    ----------
    model : Model
    axes : mapping of str to tuple of str
        For each variable, by key, the name of the dimension of each subscript.

    Attributes
    ----------
    graphs : list of (str, Table)
        Tables written out within expressions, under the names given to them.
    """

    model: Model
    axes: Mapping[str, tuple[str, ...]]
    graphs: list[tuple[str, Table]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    mappings: Mappings = field(init=False)

    def __post_init__(self) -> None:
        self.mappings = Mappings(self.model.dimensions)
        self.names = dict(_NAMES) | (_FROM_VENSIM if is_from_vensim(self.model) else _FROM_XMILE)

    def text(self, variable: Variable, node: Expression, binding: Mapping[str, str] | None = None) -> str:
        """An expression.

        Parameters
        ----------
        variable : Variable
            Whose equation it is; for messages, and for the names of graphs.
        node : Expression
        binding : mapping, optional
            The element that each dimension of the left side stands for, by keys, when the equation is for one element;
            None when it is for all.

        Raises
        ------
        ModelError
            For what XMILE cannot say.
        """
        return _Text(self, variable, binding).of(node)

    def is_for_all(self, node: Expression, left: Sequence[str]) -> bool:
        """Whether an expression means the same for all elements of a left side, its dimensions given by key."""
        allowed = {key(name) for name in left}
        stack: list[Expression] = [node]
        while stack:
            item = stack.pop()
            if (
                isinstance(item, Reference)
                and self._is_subscript(item.name)
                and key(item.name) not in allowed
            ):
                return False
            if isinstance(item, Reference | Call):
                for one in item.subscripts:
                    if (
                        not one.reduced
                        and key(one.name) in self.model.dimensions
                        and key(one.name) not in allowed
                    ):
                        return False
            stack += _evaluated(item)
        return True

    def _is_subscript(self, name: str) -> bool:
        """Whether a name that stands as a number is a dimension or an element."""
        if key(name) in self.model.variables or key(name) in _TIMES:
            return False
        return key(name) in self.model.dimensions or self.position(key(name)) is not None

    def position(self, element: str) -> int | None:
        """The number of an element, as the engine counts: from 1 in the largest dimension that holds it."""
        holding = [members for members in self.mappings.elements.values() if element in members]
        return max(holding, key=len).index(element) + 1 if holding else None


def _evaluated(node: Expression) -> list[Expression]:
    """What is below a node, without whole arrays that a function takes."""
    match node:
        case Call(function=function, arguments=arguments):
            known = FUNCTIONS.get(key(function))
            roles = known.roles if known is not None else []
            free = {Role.VECTOR, Role.DIMENSION}
            return [item for at, item in enumerate(arguments) if at >= len(roles) or roles[at] not in free]
        case Unary(operand=operand):
            return [operand]
        case Binary(left=left, right=right):
            return [left, right]
        case _:
            return []


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of one equation."""

    writer: TextWriter
    variable: Variable
    binding: Mapping[str, str] | None

    def of(self, node: Expression) -> str:
        """An expression that stands alone, or is an argument."""
        match node:
            case Number(value=value):
                return number_in_text(value)
            case NotAvailable():
                return f"(-{-_NOT_AVAILABLE!r})"
            case Reference(name=name, subscripts=subscripts):
                return self.reference(name, subscripts)
            case Call():
                return self.call(node)
            case Unary(operator=operator, operand=operand):
                return f"{_WORDS.get(operator, operator)}{' ' * (operator in _WORDS)}{self.operand(operand, _ATOM)}"
            case Binary():
                return self.binary(node)
            case Text(value=value):
                raise self.error(f"XMILE cannot hold the text '{value}'")
            case Table():
                raise self.error("XMILE cannot hold a table outside WITH LOOKUP", "make it a lookup variable")

    def error(self, reason: str, advice: str | None = None) -> ModelError:
        """An error in this equation, for the caller to raise."""
        place = self.variable.place
        return ModelError(
            reason, advice=advice, file=place.file, line=place.line, variable=self.variable.name
        )

    def binary(self, node: Binary) -> str:
        """Two operands; a row of a thousand is written without recursion."""
        binding = _BINDING.get(node.operator, _COMPARISON)
        links = [node]
        while isinstance(links[-1].left, Binary) and _BINDING.get(links[-1].left.operator) == binding:
            links.append(links[-1].left)
        if binding in _ROWS:
            parts = [self.operand(links[-1].left, binding)]
            parts += [f" {link.operator} {self.operand(link.right, binding + 1)}" for link in reversed(links)]
            return "".join(parts)
        sign = _WORDS.get(node.operator, node.operator)
        if node.operator == "^":
            return f"{self.operand(node.left, _ATOM)} ^ {self.operand(node.right, _ATOM)}"
        least = binding if node.operator in _WORDS else binding + 1
        return f"{self.operand(node.left, least)} {sign} {self.operand(node.right, binding + 1)}"

    def operand(self, node: Expression, binding: int) -> str:
        """An operand, in parentheses when it binds less, or is a sign."""
        text = self.of(node)
        if isinstance(node, Binary):
            bare = _BINDING.get(node.operator, _COMPARISON) >= binding and node.operator not in _WORDS
        else:
            bare = not isinstance(node, Unary)
        return text if bare else f"({text})"

    # --- references --------------------

    def reference(self, name: str, subscripts: Sequence[Subscript]) -> str:
        """A variable, a time, or the number of an element."""
        known = self.writer.model.variables
        if key(name) in _TIMES:
            return _TIMES[key(name)]
        if key(name) not in known:
            return self.number_of(name)
        return name_in_text(known[key(name)].name) + self.subscripts(name, subscripts)

    def number_of(self, name: str) -> str:
        """A dimension or element that stands for its number."""
        dimension = self.writer.model.dimensions.get(key(name))
        if dimension is not None and self.binding is None:
            return name_in_text(dimension.name)
        element = key(name) if dimension is None else self.element(key(name))
        number = None if element is None else self.writer.position(element)
        if number is None:
            raise self.error(f"'{name}' is used but not defined")
        return str(number)

    def element(self, dimension: str) -> str | None:
        """The element that a dimension stands for in an equation for one element."""
        binding = self.binding or {}
        return binding.get(dimension) or self.writer.mappings.element(binding, dimension)

    def subscripts(self, name: str, items: Sequence[Subscript]) -> str:
        """``[a, *]``, or nothing."""
        axes = self.writer.axes.get(key(name), ())
        if not items:
            return ""
        return f"[{', '.join(self.subscript(item, axis) for item, axis in zip(items, axes, strict=True))}]"

    def subscript(self, item: Subscript, axis: str) -> str:
        """One subscript of a variable whose dimension there is given."""
        dimension = self.writer.model.dimensions.get(key(item.name))
        if item.reduced and dimension is not None:
            return "*" if dimension.key == key(axis) else f"*:{name_in_text(dimension.name)}"
        if dimension is None:
            return name_in_text(item.name)
        element = self.element(dimension.key) if self.binding is not None else None
        return name_in_text(dimension.name if element is None else self.spelled(element))

    def spelled(self, element: str) -> str:
        """An element as the model spells it."""
        for dimension in self.writer.model.dimensions.values():
            for name in dimension.elements:
                if key(name) == element:
                    return name
        return element

    # --- calls --------------------

    def call(self, node: Call) -> str:
        """A function, or a lookup applied to its argument."""
        name = key(node.function)
        variable = self.writer.model.variables.get(name)
        if variable is not None and variable.equations[0].kind is Kind.LOOKUP:
            graph = name_in_text(variable.name) + self.subscripts(node.function, node.subscripts)
            return f"LOOKUP({graph}, {self.of(node.arguments[0])})"
        match name, node.arguments:
            case "if then else", (condition, yes, no):
                return f"(IF {self.of(condition)} THEN {self.of(yes)} ELSE {self.of(no)})"
            case "with lookup", (x, Table() as table):
                return f"LOOKUP({name_in_text(self.graph(table))}, {self.of(x)})"
            case "power", (base, exponent):
                return f"({self.operand(base, _ATOM)} ^ {self.operand(exponent, _ATOM)})"
            case "log", (x, Number(value=10.0)):
                return f"LOG10({self.of(x)})"
            case "game", (x,):
                return f"({self.of(x)})"
            case "elmcount", (Reference(name=dimension),):
                return f"SIZE({name_in_text(dimension)})"
            case (("smooth n" | "delay n"), (x, time, initial, order)):
                arguments = ", ".join(self.of(item) for item in (x, time, order, initial))
                return f"{'SMTHN' if name == 'smooth n' else 'DELAYN'}({arguments})"
            case "random normal", (low, high, mean, deviation, seed):
                arguments = ", ".join(self.of(item) for item in (mean, deviation, seed, low, high))
                return f"NORMAL({arguments})"
        return self.named(node, name)

    def named(self, node: Call, name: str) -> str:
        """A function under XMILE's name, or Vensim's."""
        known = FUNCTIONS.get(name)
        arguments = [self.of(item) for item in node.arguments]
        spelled = self.writer.names.get(name)
        if spelled == "MOD":
            return f"({self.operand(node.arguments[0], _ATOM)} MOD {self.operand(node.arguments[1], _ATOM)})"
        if spelled is None:
            if name.startswith(("xmile conveyor", "xmile queue")):
                reason = f"a {name.split()[1]} is read from XMILE, and not written back"
                raise self.error(reason, "keep the file that it was read from, or write a stock with INTEG")
            if known is None or name in INTEGRALS or name.startswith("xmile "):
                raise self.error(f"XMILE has no function '{node.function}'", "write it out with others")
            spelled = "vensim." + known.name.replace(" ", "_")
        return f"{spelled}({', '.join(arguments)})"

    def graph(self, table: Table) -> str:
        """The name of a graph made of a table within an expression."""
        taken = {key(name) for name, _ in self.writer.graphs} | set(self.writer.model.variables)
        base = f"{self.variable.name} graph"
        name, count = base, 1
        while key(name) in taken:
            count += 1
            name = f"{base} {count}"
        self.writer.graphs.append((name, table))
        return name
