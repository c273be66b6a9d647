"""The sign of a link, read from an equation, is the sign of the derivative."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sd_covid.analysis.signs import Sign, range_of, sign_of
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Unary
from sd_covid.model.vensim.parse import parse_expression

RANGES = {"a": (0.5, 2.0), "b": (0.1, 0.9), "c": (-1.0, 3.0), "d": (-4.0, -1.0)}
_FUNCTIONS = {"EXP": math.exp, "MIN": min, "MAX": max, "ABS": abs}

leaves = st.floats(0.1, 3).map(Number) | st.sampled_from(list(RANGES)).map(Reference)
expressions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Unary, st.just("-"), inner)
        | st.builds(Binary, st.sampled_from("+-*/"), inner, inner)
        | st.builds(Call, st.just("EXP"), st.tuples(inner))
        | st.builds(Call, st.just("ABS"), st.tuples(inner))
        | st.builds(Call, st.sampled_from(["MIN", "MAX"]), st.tuples(inner, inner))
    ),
    max_leaves=8,
)
points = st.fixed_dictionaries({name: st.floats(low, high) for name, (low, high) in RANGES.items()})


def _value(node: Expression, at: dict[str, float]) -> float:
    match node:
        case Number(value=value):
            return value
        case Reference(name=name):
            return at[name]
        case Unary(operand=operand):
            return -_value(operand, at)
        case Call(function=name, arguments=arguments):
            return float(_FUNCTIONS[name](*(_value(argument, at) for argument in arguments)))
        case Binary(operator=operator, left=left, right=right):
            first, second = _value(left, at), _value(right, at)
            return {"+": first + second, "-": first - second, "*": first * second}.get(operator) or (
                first / second if operator == "/" else 0.0
            )
    raise AssertionError(node)


@given(expressions, points, st.sampled_from(list(RANGES)), st.floats(0, 1))
@settings(max_examples=500, deadline=None)
def test_a_sign_holds_between_any_two_points_of_the_range(
    node: Expression, at: dict[str, float], cause: str, share: float
) -> None:
    low, high = RANGES[cause]
    other = at | {cause: low + share * (high - low)}
    try:
        first, second = _value(node, at), _value(node, other)
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(math.isfinite(first) and math.isfinite(second))
    rise = (second - first) * (1 if other[cause] >= at[cause] else -1)
    noise = 1e-9 * max(abs(first), abs(second))  # rounding, where terms cancel
    sign = sign_of(node, cause, RANGES)
    assert not (sign == "+" and rise < -noise)
    assert not (sign == "-" and rise > noise)
    assert not (sign == "0" and abs(rise) > noise)
    bounds = range_of(node, RANGES)
    assert bounds[0] - noise <= first <= bounds[1] + noise


@pytest.mark.parametrize(
    ("text", "cause", "sign"),
    [
        ("a * (1 - b)", "b", "-"),
        ("a / (b + 1)", "b", "-"),
        ("EXP(- a * b) * (1 + 2 * c)", "a", "?"),
        ("EXP(- a * b) * (1 + 0.2 * c)", "c", "+"),
        ("EXP(- a * b) * (1 + 0.2 * c)", "b", "-"),
        ("IF THEN ELSE(Time > 3, a, 0)", "a", "+"),
        ("IF THEN ELSE(a > 1, 2, 0)", "a", "?"),
        ("IF THEN ELSE(a > 1, 1 - 1 / a, LN(a))", "a", "+"),
        ("SMOOTH(MAX(0, a - 2) / b, 12)", "a", "+"),
        ("SUM(a[x!] * d)", "a", "-"),
        ("a ^ (- b)", "a", "-"),
        ("ZIDZ(b, a)", "a", "-"),
        ("INITIAL(a)", "a", "0"),
        ("b * c", "a", "0"),
        ("a / c", "c", "?"),
    ],
)
def test_signs_of_links_as_modellers_write_them(text: str, cause: str, sign: Sign) -> None:
    assert sign_of(parse_expression(text), cause, RANGES) == sign


def test_what_moves_together_is_told_apart_better_than_each_range_could() -> None:
    node = parse_expression("(persons[age] - ill[age]) * hazard")
    apart = {"persons": (600.0, 9000.0), "ill": (50.0, 900.0)}
    assert sign_of(node, "hazard", apart) == "?"
    assert sign_of(node, "hazard", apart | {("persons", "ill"): (500.0, 8100.0)}) == "+"
    other = parse_expression("(persons[age] - ill[group]) * hazard")
    assert sign_of(other, "hazard", apart | {("persons", "ill"): (500.0, 8100.0)}) == "?"
