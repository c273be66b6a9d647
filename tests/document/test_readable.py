"""Equations for people say all that the model says: every name and number, and the same value when read back."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.document.readable import Notation, Words, number, plain
from sd_covid.model.expression import Binary, Call, Expression, Number, Reference, Subscript, Unary, walk
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.vensim.parse import parse_expression

NAMES = {"arrears": 3.0, "cure rate": 0.25, "Tozo ratio": 7.0, "x": 11.0}
ARITHMETIC = ("+", "-", "*", "/")
EVERY = (*ARITHMETIC, "^", "=", "<>", "<", "<=", ">", ">=", ":AND:", ":OR:")

numbers = st.floats(0, 1e9, allow_nan=False).map(Number) | st.integers(0, 999).map(float).map(Number)
subscripts = st.lists(
    st.tuples(st.sampled_from(["age", "group", "youth"]), st.booleans()).map(lambda part: Subscript(*part)),
    max_size=2,
).map(tuple)
references = st.builds(Reference, st.sampled_from(list(NAMES)), subscripts)


def _grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    names = [item.name for item in FUNCTIONS.values() if not item.name.lower().startswith("get ")]
    calls = st.builds(Call, st.sampled_from(names), st.lists(inner, min_size=1, max_size=3).map(tuple))
    signs = st.builds(Unary, st.sampled_from(["-", "+", ":NOT:"]), inner)
    return calls | signs | st.builds(Binary, st.sampled_from(EVERY), inner, inner)


expressions = st.recursive(numbers | references, _grown, max_leaves=12)
plain_terms = st.integers(1, 9).map(float).map(Number) | st.sampled_from(list(NAMES)).map(Reference)
arithmetic = st.recursive(
    plain_terms,
    lambda inner: (
        st.builds(Unary, st.sampled_from(["-", "+"]), inner)
        | st.builds(Binary, st.sampled_from(ARITHMETIC), inner, inner)
    ),
    max_leaves=12,
)


@given(expressions)
@settings(max_examples=300, deadline=None)
def test_every_name_and_number_of_an_expression_is_written(node: Expression) -> None:
    html = Notation(Words()).expression(node, ("group",))
    text = plain(html)
    for below in walk(node):
        if isinstance(below, Reference):
            assert " ".join(below.name.replace("_", " ").split()) in text
            shown = [item for item in below.subscripts if not item.reduced and item.name != "group"]
            assert all(item.name in text for item in shown)
        if isinstance(below, Number):
            assert plain(number(below.value)) in text
    for tag in ("sub", "sup"):
        assert html.count(f"<{tag}>") == html.count(f"</{tag}>")
    assert not re.search(r"(?<!&#92;)[*_`|$]", re.sub(r"&#\d+;", "", html))


@given(arithmetic)
@settings(max_examples=300, deadline=None)
def test_what_is_written_has_the_value_of_the_expression(node: Expression) -> None:
    expected = _value(node)
    assert _read_back(Notation(Words()).expression(node)) == expected


def _value(node: Expression) -> Fraction | None:
    """The exact value, from the tree; None where it divides by zero."""
    match node:
        case Number(value=value):
            return Fraction(value)
        case Reference(name=name):
            return Fraction(NAMES[name])
        case Unary(operator=sign, operand=operand):
            inner = _value(operand)
            return None if inner is None else (-inner if sign == "-" else inner)
        case Binary(operator=operator, left=left, right=right):
            first, second = _value(left), _value(right)
            if first is None or second is None or (operator == "/" and second == 0):
                return None
            match operator:
                case "+":
                    return first + second
                case "-":
                    return first - second
                case "*":
                    return first * second
            return first / second
    raise AssertionError(node)


def _read_back(html: str) -> Fraction | None:
    """The value of the text, as the model's own parser understands it."""
    stroke = re.compile(r"<sup>((?:(?!<sup>|</sup>).)*)</sup>⁄<sub>((?:(?!<sub>|</sub>).)*)</sub>")
    while stroke.search(html):
        html = stroke.sub(r"((\1)/(\2))", html)
    return _value(parse_expression(plain(html).replace("×", "*").replace("−", "-")))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a / b", "a⁄b"),
        ("a / b / c", "a⁄b / c"),
        ("a - (b - c)", "a − (b − c)"),
        ("EXP(- a * b)", "exp(−a × b)"),
        ("SUM(p[age!,group!])", "Σage, group p"),
        ("SUM(p[group!]) * q[group]", "(Σgroup p) × q"),
        ("SUM(p[group!] * q[group])", "Σgroup p × qown group"),
        ("p[youth]", "pyouth"),
        ("IF THEN ELSE(a > 1, b, 0)", "{ b if a > 1; otherwise 0 }"),
        ("MIN(a, MAX(b, 0.5))", "min(a; max(b; 0.5))"),
        ("SMOOTH3(a, 6)", "smooth₃(a; 6)"),
        ("INITIAL(a)", "astart"),
        ("a ^ (- b)", "a−b"),
        ("(a > 1) :AND: (b < 2)", "a > 1 and b < 2"),
    ],
)
def test_equations_read_as_in_a_textbook(written: str, read: str) -> None:
    node = parse_expression(written)
    assert plain(Notation(Words()).expression(node, ("age", "group"))) == read


def test_a_small_number_keeps_its_digits() -> None:
    assert plain(number(1.25e-7)) == "1.25×10−7"
    assert number(math.pi) == repr(math.pi)
    assert number(1000.0) == "1000"
