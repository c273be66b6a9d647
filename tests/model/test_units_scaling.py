"""An outside truth about units: what is dimensionally sound does not depend on the units that one measures in.

Random expressions are evaluated twice, the second time with every variable in other units (people in thousands, months
in years). Where the check finds no fault, the value must have changed by the factor of the units that it computed.
"""

from __future__ import annotations

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Unary
from sd_covid.model.structure import Model, Variable
from sd_covid.model.units.expression import Units, Value
from sd_covid.model.units.report import Fault
from sd_covid.model.units.text import factors, product

STATED = {
    "people": product({"person": 1}),
    "delay": product({"month": 1}),
    "flow": product({"person": 1, "month": -1}),
    "share": product({}),
}
VALUES = {"people": 130.0, "delay": 7.0, "flow": 11.0, "share": 0.3}
SCALE = {"person": 1e-3, "month": 1 / 12}
MODEL = Model("random", variables={name: Variable(name) for name in STATED})

leaves = st.one_of(
    st.sampled_from(list(STATED)).map(Reference),
    st.sampled_from([0.0, 1.0, 2.0, 0.5]).map(Number),
)
FUNCTIONS = {
    "MIN": 2,
    "MAX": 2,
    "ZIDZ": 2,
    "XIDZ": 3,
    "SQRT": 1,
    "ABS": 1,
    "EXP": 1,
    "MODULO": 2,
    "QUANTUM": 2,
}


def grown(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Expressions one operation deeper."""
    calls = [
        st.tuples(*[parts] * count).map(lambda arguments, name=name: Call(name, arguments))
        for name, count in FUNCTIONS.items()
    ]
    choice = st.builds(
        lambda operator, a, b, c, d: Call("IF THEN ELSE", (Binary(operator, a, b), c, d)),
        st.sampled_from(["<", ">", "="]),
        *[parts] * 4,
    )
    return st.one_of(
        st.builds(Binary, st.sampled_from("+-*/"), parts, parts),
        st.builds(lambda base, n: Binary("^", base, Number(n)), parts, st.sampled_from([2.0, 0.5])),
        st.builds(Unary, st.just("-"), parts),
        choice,
        *calls,
    )


expressions = st.recursive(leaves, grown, max_leaves=8)


def computed(expression: Expression) -> tuple[Value, list[Fault]]:
    """The units of an expression, and the faults that were told."""
    faults: list[Fault] = []
    units = Units(MODEL, STATED, STATED["delay"], lambda fault, *_: faults.append(fault))
    value = units.of(expression, units.solver.fresh())
    return Value(units.solver.resolve(value.units), value.bare, value.zero), faults


def scale(words: dict[str, float]) -> float:
    """What a change of units makes of one."""
    return math.prod(SCALE[word] ** float(exponent) for word, exponent in words.items())


def evaluate(node: Expression, values: dict[str, float]) -> float:
    """The value of an expression; NaN where it has none."""
    match node:
        case Number(value=value):
            return value
        case Reference(name=name):
            return values[name]
        case Unary(operand=operand):
            return -evaluate(operand, values)
        case Binary(operator=operator, left=left, right=right):
            a, b = evaluate(left, values), evaluate(right, values)
            return operation(operator, a, b)
        case Call(function=function, arguments=arguments):
            return function_of(function, [evaluate(argument, values) for argument in arguments])
    raise AssertionError(node)


def operation(operator: str, a: float, b: float) -> float:
    """One operation on numbers."""
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else math.nan
        case "^":
            return a**b if a >= 0 else math.nan
        case "<":
            return float(a < b)
        case ">":
            return float(a > b)
        case _:
            return float(a == b)


def function_of(name: str, values: list[float]) -> float:
    """One function of numbers; NaN is passed on."""
    if any(math.isnan(value) for value in values):
        return math.nan
    match name:
        case "MIN":
            return min(values)
        case "MAX":
            return max(values)
        case "ZIDZ":
            return values[0] / values[1] if values[1] else 0.0
        case "XIDZ":
            return values[0] / values[1] if values[1] else values[2]
        case "SQRT":
            return math.sqrt(values[0]) if values[0] >= 0 else math.nan
        case "ABS":
            return abs(values[0])
        case "EXP":
            return math.exp(values[0]) if values[0] < 50 else math.nan
        case "MODULO":
            return math.fmod(values[0], values[1]) if values[1] else math.nan
        case "QUANTUM":
            return values[1] * math.trunc(values[0] / values[1]) if values[1] else math.nan
        case _:
            return values[1] if values[0] else values[2]


@given(expressions)
@settings(max_examples=600, deadline=None)
def test_what_has_no_fault_scales_by_the_units_that_were_computed(expression: Expression) -> None:
    value, faults = computed(expression)
    assume(not faults and not any(word.startswith("\0") for word in value.units))
    other = {name: VALUES[name] * scale(factors(STATED[name])) for name in VALUES}
    before, after = evaluate(expression, VALUES), evaluate(expression, other)
    assume(not math.isnan(before) and not math.isnan(after) and abs(before) < 1e12)
    expected = before * scale(factors(value.units))
    # Sums may cancel, so the tolerance is a share of the largest thing added: 1e6 is above what eight leaves make.
    assert math.isclose(expected, after, rel_tol=1e-6, abs_tol=1e-6) or near_a_jump(expression)


def near_a_jump(expression: Expression) -> bool:
    """Whether rounding may tip a remainder, a whole multiple or a comparison to its other side."""
    jumps = [1 - 1e-9, 1 + 1e-9]
    seen = {
        round(evaluate(expression, {name: value * jump for name, value in VALUES.items()}), 6)
        for jump in jumps
    }
    return len(seen) > 1


@given(*[st.integers(-2, 2)] * 4)
def test_two_monomials_add_up_without_a_fault_exactly_when_their_units_agree(
    i: int, j: int, k: int, m: int
) -> None:
    def monomial(first: int, second: int) -> Expression:
        powers = [
            Call("POWER", (Reference(name), Unary("-", Number(-n)) if n < 0 else Number(n)))
            for name, n in (("people", first), ("flow", second))
        ]
        return Binary("*", *powers)

    _, faults = computed(Binary("+", monomial(i, j), monomial(k, m)))
    assert ((i, j) == (k, m)) == (not faults)
