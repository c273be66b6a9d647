"""Units of an expression, from the units of what it is made of.

Numbers are dimensionless, as in Vensim, but a bare number where units are needed is a smaller fault than two units that
differ, and 0 has any units. After a fault the units of that part can be anything, so that one fault is told once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from pint.util import UnitsContainer

from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Unary, walk
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.model.symbols import TIME
from sd_covid.model.units.report import Fault
from sd_covid.model.units.rules import LOOKUP_RULES, RULES, Rule
from sd_covid.model.units.rules import TIME as TIME_WORD
from sd_covid.model.units.solve import Solver, is_fresh, is_known
from sd_covid.model.units.text import ONE, Exponent, factors, power, product

_MAX_DENOMINATOR = 1000
_MAX_EXPONENT = 100
#: Functions whose result is a stock, so that its units tell what the arguments must have.
_STOCKS = frozenset({"integ", "integ non negative", "sinteg", "xmile conveyor", "xmile queue"})


@dataclass(frozen=True, slots=True)
class Value:
    """Units of a part of an expression.

    Attributes
    ----------
    units : UnitsContainer
    bare : bool
        Whether it is made of numbers only.
    zero : bool
        Whether it is a number that has any units: 0, ``:NA:`` and an infinite bound.
    """

    units: UnitsContainer
    bare: bool = False
    zero: bool = False


class Told(Protocol):
    """Takes a fault: its kind, the part of the expression, and the units found and needed."""

    def __call__(
        self, fault: Fault, node: Expression, found: UnitsContainer, needed: UnitsContainer, what: str
    ) -> None:
        """Take a fault."""


_BARE = Value(ONE, bare=True)


class Units:
    """Works out the units of expressions of one model.

    Parameters
    ----------
    model : Model
    stated : mapping of str to UnitsContainer
        By key of the variable.
    time : UnitsContainer or None
    tell : callable
        Is told of each fault.
    """

    def __init__(
        self,
        model: Model,
        stated: Mapping[str, UnitsContainer],
        time: UnitsContainer | None,
        tell: Told,
    ) -> None:
        self.model = model
        self.stated = stated
        self.solver = Solver()
        self.time = self.solver.unknown(TIME) if time is None else time
        self.tell = tell
        self.unchecked: dict[str, None] = {}
        self._elements = {key(e) for d in model.dimensions.values() for e in d.elements} | set(
            model.dimensions
        )

    def variable(self, name: str) -> UnitsContainer:
        """Units of a variable, by key: as stated, or an unknown."""
        found = self.stated.get(name)
        return self.solver.unknown(name) if found is None else found

    def axis(self, name: str) -> UnitsContainer:
        """Units of the x axis of a lookup variable, by key: what it is applied to."""
        return self.solver.unknown(f"the x axis of {name}")

    def of(self, expression: Expression, target: UnitsContainer) -> Value:
        """Units of the right side of an equation.

        Parameters
        ----------
        expression : Expression
        target : UnitsContainer
            What the left side has; a stock's tells what its rate must be.
        """
        found: dict[int, Value] = {}
        for node in reversed(list(walk(expression))):  # parts before what they are part of, without recursion
            found[id(node)] = self._one(node, found, target if node is expression else None)
        return found[id(expression)]

    def _one(self, node: Expression, found: Mapping[int, Value], target: UnitsContainer | None) -> Value:
        match node:
            case Number(value=value):
                return Value(ONE, bare=True, zero=value == 0 or math.isinf(value))
            case Reference():
                return self._reference(node)
            case Unary(operator=operator, operand=operand):
                return _BARE if operator == ":NOT:" else found[id(operand)]
            case Binary():
                return self._binary(node, found[id(node.left)], found[id(node.right)])
            case Call():
                return self._call(node, [found[id(argument)] for argument in node.arguments], target)
            case _:  # :NA:, a table, a text
                return Value(self.solver.fresh(), bare=True, zero=True)

    def _reference(self, node: Reference) -> Value:
        name = key(node.name)
        if name in self.model.variables:
            return Value(self.variable(name))
        if name == TIME:
            return Value(self.time)
        return _BARE if name in self._elements else Value(self.solver.fresh())

    def _binary(self, node: Binary, left: Value, right: Value) -> Value:
        operator = node.operator
        if operator in ("*", "/"):
            units = left.units * right.units if operator == "*" else left.units / right.units
            return Value(units, left.bare and right.bare)
        if operator == "^":
            return self._power(node, node.left, left, node.right, right)
        if operator in (":AND:", ":OR:"):
            return _BARE
        both = self._together(node, left, right)
        return both if operator in ("+", "-") else _BARE

    def _together(self, node: Binary, left: Value, right: Value) -> Value:
        """Units of two that are added or compared."""
        if left.bare and right.bare:
            return Value(ONE, bare=True)
        if left.bare:
            self._bare_number(node.left, left, right.units)
            return right
        if right.bare:
            self._bare_number(node.right, right, left.units)
            return left
        if self.solver.agree(left.units, right.units):
            return left
        self.tell(Fault.MISMATCH, node, right.units, left.units, "")
        return Value(self.solver.fresh())

    def _bare_number(self, node: Expression, number: Value, needed: UnitsContainer) -> None:
        """Tell of a number, not 0, where units are needed."""
        units = self.solver.resolve(needed)
        if not number.zero and units != ONE and is_known(units):
            self.tell(Fault.BARE_NUMBER, node, ONE, units, "")

    def _power(
        self, node: Expression, base: Expression, left: Value, index: Expression, right: Value
    ) -> Value:
        """Units of a power: to a number, or of something dimensionless to something dimensionless."""
        exponent = _exponent(index)
        if exponent is not None:
            return Value(power(left.units, exponent), left.bare)
        if not right.bare and not self.solver.agree(right.units, ONE):
            self.tell(Fault.MISMATCH, index, right.units, ONE, "the exponent")
        if not left.bare and not self.solver.agree(left.units, ONE):
            self.tell(Fault.POWER, base, left.units, ONE, "")
            return Value(self.solver.fresh())
        return Value(ONE, left.bare and right.bare)

    def _call(self, node: Call, arguments: list[Value], target: UnitsContainer | None) -> Value:
        name = key(node.function)
        if name not in FUNCTIONS and name in self.model.variables:
            return self._lookup(name, [(node.arguments[0], arguments[0])], "lookup forward")
        if name in LOOKUP_RULES and isinstance(node.arguments[0], Reference):
            places = list(zip(node.arguments, arguments, strict=True))[1 : 3 if name == "lookup area" else 2]
            return self._lookup(key(node.arguments[0].name), places, name)
        if name == "sqrt":
            return Value(power(arguments[0].units, Fraction(1, 2)), arguments[0].bare)
        if name == "power":
            return self._power(node, node.arguments[0], arguments[0], node.arguments[1], arguments[1])
        rule = RULES.get(name)
        if rule is None:
            self.unchecked[node.function] = None
            return Value(self.solver.fresh())
        return self._apply(node, rule, arguments, target if name in _STOCKS else None)

    def _lookup(self, name: str, places: list[tuple[Expression, Value]], function: str) -> Value:
        """Units of what a function gives at places on an axis of a lookup variable."""
        axes = {"x": self.axis(name), "y": self.variable(name)}
        along, result = LOOKUP_RULES[function]
        for node, place in places:
            if not place.bare and not self.solver.agree(place.units, axes[along]):
                spelled = self.model.variables[name].name if name in self.model.variables else name
                self.tell(Fault.AXIS, node, place.units, axes[along], spelled)
        upper, operator, lower = result.partition("/") if "/" in result else result.partition("*")
        found = axes[upper]
        if operator:
            found = found / axes[lower] if operator == "/" else found * axes[lower]
        return Value(found)

    def _apply(self, node: Call, rule: Rule, arguments: list[Value], target: UnitsContainer | None) -> Value:
        """Units of a call by its rule: arguments with units first, then the bare numbers."""
        letters: dict[str, UnitsContainer] = {TIME_WORD: self.time}
        if target is not None:
            letters[rule.result] = target
        needed = [self._fill(rule.argument(i), letters) for i in range(len(arguments))]
        clean = True
        for position, (argument, units) in enumerate(zip(arguments, needed, strict=True), start=1):
            if units is None or argument.bare or self.solver.agree(argument.units, units):
                continue
            what = f"argument {position} of {node.function.upper()}"
            self.tell(Fault.MISMATCH, node.arguments[position - 1], argument.units, units, what)
            clean = False
        free = self._free_numbers(arguments, needed)
        if free:
            self._settle(rule, letters, arguments, needed)
        for part, argument, units in zip(node.arguments, arguments, needed, strict=True):
            # A stock's initial value is like a constant's: its units are those of the left side.
            if units is not None and argument.bare and (target is None or units != target):
                self._bare_number(part, argument, units)
        result = self._fill(rule.gives, letters)
        if result is None or not clean:
            return Value(self.solver.fresh())
        plain = all(argument.bare or units is None for argument, units in zip(arguments, needed, strict=True))
        if (free or plain) and self.solver.resolve(result) == ONE:
            return Value(ONE, bare=True, zero=bool(free) and all(value.zero for value in free))
        return Value(result)

    def _free_numbers(self, arguments: list[Value], needed: list[UnitsContainer | None]) -> list[Value]:
        """The bare numbers that stand where units could be anything."""
        return [
            value
            for value, units in zip(arguments, needed, strict=True)
            if units is not None
            and value.bare
            and any(is_fresh(product({word: 1})) for word in self.solver.resolve(units))
        ]

    def _settle(
        self,
        rule: Rule,
        letters: Mapping[str, UnitsContainer],
        arguments: list[Value],
        needed: list[UnitsContainer | None],
    ) -> None:
        """Take as dimensionless what only bare numbers stand for: first numbers other than 0, then the letters left."""
        open_letters = {
            letter
            for position, value in enumerate(arguments)
            if not value.bare and not is_known(self.solver.resolve(value.units))
            for letter in rule.argument(position) or ()
        }
        closed = [units for letter, units in letters.items() if letter not in open_letters]
        numbers = [
            units
            for position, (value, units) in enumerate(zip(arguments, needed, strict=True))
            if units is not None
            and value.bare
            and not value.zero
            and not open_letters & set(rule.argument(position) or ())
        ]
        for units in (*numbers, *closed):
            if is_fresh(self.solver.resolve(units)):
                self.solver.agree(units, ONE)

    def _fill(
        self, pattern: UnitsContainer | None, letters: dict[str, UnitsContainer]
    ) -> UnitsContainer | None:
        """A rule's pattern with the call's units in the place of its letters."""
        if pattern is None:
            return None
        found = ONE
        for letter, exponent in factors(pattern).items():
            if letter not in letters:
                letters[letter] = self.solver.fresh()
            found = found * power(letters[letter], exponent)
        return found


def _exponent(node: Expression) -> Exponent | None:
    """The value of an exponent that is made of numbers only."""
    value = _constant(node)
    if value is None or not abs(value) <= _MAX_EXPONENT:  # nor NaN
        return None
    exact = Fraction(value).limit_denominator(_MAX_DENOMINATOR)
    return int(exact) if exact.denominator == 1 else exact


_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def _constant(node: Expression) -> float | None:
    """The value of a sum or quotient of numbers, such as ``(1/3)``; None for anything else."""
    match node:
        case Number(value=value):
            return value
        case Unary(operator="-" | "+" as sign, operand=Number(value=value)):
            return -value if sign == "-" else value
        case Binary(operator=operator, left=Number(value=a), right=Number(value=b)) if (
            operator in _OPERATIONS
        ):
            return None if operator == "/" and b == 0 else _OPERATIONS[operator](a, b)
        case _:
            return None
