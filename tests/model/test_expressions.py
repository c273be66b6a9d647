"""Expressions, by the order of operations in Vensim's manual (vensim.com/documentation/22030.html)."""

from __future__ import annotations

import pytest

from sd_covid.errors import ModelError
from sd_covid.model.expression import (
    Binary,
    Call,
    NotAvailable,
    Number,
    Place,
    Reference,
    Subscript,
    Table,
    Text,
    Unary,
    chain,
)
from sd_covid.model.vensim.parse import MAX_DEPTH, parse_expression

A, B, C = Reference("a"), Reference("b"), Reference("c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b - c", Binary("-", Binary("-", A, B), C)),
        ("a / b / c", Binary("/", Binary("/", A, B), C)),
        ("a + b * c", Binary("+", A, Binary("*", B, C))),
        ("a ^ b ^ c", Binary("^", A, Binary("^", B, C))),
        ("-a^2", Unary("-", Binary("^", A, Number(2)))),
        ("(-a)^2", Binary("^", Unary("-", A), Number(2))),
        ("-3^2", Unary("-", Binary("^", Number(3), Number(2)))),
        ("(-3)^2", Binary("^", Unary("-", Number(3)), Number(2))),
        ("a^-b^c", Binary("^", A, Unary("-", Binary("^", B, C)))),
        ("-a * b", Binary("*", Unary("-", A), B)),
        ("a - -b", Binary("-", A, Unary("-", B))),
        ("a + b > c", Binary(">", Binary("+", A, B), C)),
        ("a :AND: b :OR: c", Binary(":OR:", Binary(":AND:", A, B), C)),
        ("a :or: b :and: c", Binary(":OR:", A, Binary(":AND:", B, C))),
        (":NOT: a = b", Unary(":NOT:", Binary("=", A, B))),
        (":not: a :And: b", Binary(":AND:", Unary(":NOT:", A), B)),
        ("a <> b", Binary("<>", A, B)),
        ("a<=b", Binary("<=", A, B)),
        ("((a))", A),
        (":NA:", NotAvailable()),
        (":na:", NotAvailable()),
    ],
)
def test_operations_bind_as_in_vensim(text, expected):
    assert expected == parse_expression(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1e-3", 0.001), (".5", 0.5), ("2.", 2.0), ("1.5E+3", 1500.0), ("0012", 12.0), ("1e5", 1e5)],
)
def test_numbers_have_all_their_forms(text, expected):
    assert Number(expected) == parse_expression(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("net birth rate", "net birth rate"),
        ("net_birth_rate", "net_birth_rate"),
        ("net   birth\n\trate", "net birth rate"),
        ("people's share$ 2", "people's share$ 2"),
        ("initial 'available' forest", "initial 'available' forest"),
        ("1st wave", "1st wave"),
        ("€ cost", "€ cost"),
        ("a.b", "a.b"),
        ("naïve_Ærø", "naïve_Ærø"),
        ("人口", "人口"),
        ('"a & b ~ | = c"', "a & b ~ | = c"),
        (r'"say \"x\""', r"say \"x\""),
    ],
)
def test_names_keep_their_spelling(text, name):
    assert Reference(name) == parse_expression(text)


def test_a_name_with_an_exponent_is_not_a_number():
    assert Reference("1e5x") == parse_expression("1e5x")


def test_subscripts_and_calls():
    expected = Call(
        "SUM",
        (Binary("*", Reference("x", (Subscript("D", reduced=True), Subscript("e1"))), Reference("y")),),
    )
    assert expected == parse_expression("SUM(x[D!, e1] * y)")
    assert Call("table", (A,), (Subscript("D"),)) == parse_expression("table[D](a)")


def test_texts_are_arguments():
    expected = Call("GET DIRECT DATA", (Text("a b.csv"), Text(","), Text("A"), Text("B2*")))
    assert expected == parse_expression("GET DIRECT DATA('a b.csv', ',' , 'A','B2*')")


def test_only_the_first_two_pairs_in_brackets_are_limits():
    found = parse_expression("WITH LOOKUP(a, ([(0,-1)-(10,10),(1,1),(2,2)], (0,0), (1,-1.5)))")
    expected = Table(((0.0, 0.0), (1.0, -1.5)), ((0.0, -1.0), (10.0, 10.0)))
    assert Call("WITH LOOKUP", (A, expected)) == found


def test_points_come_in_order_of_x():
    found = parse_expression("WITH LOOKUP(a, ((3,1),(1,2),(3,0)))")
    assert isinstance(found, Call)
    assert Table(((1.0, 2.0), (3.0, 1.0), (3.0, 0.0))) == found.arguments[1]


def test_every_node_keeps_its_place():
    found = parse_expression("a +\n  MAX(b, 2)")
    assert isinstance(found, Binary)
    assert Place(None, 2, 3) == found.right.place
    assert isinstance(found.right, Call)
    assert Place(None, 2, 10) == found.right.arguments[1].place


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("MIN(1 2)", "missing before '2'"),
        ("MAX(3, 4, )", "an argument is missing"),
        ("MAX(, 4)", "an argument is missing"),
        ("a = b = c", "did not expect '='"),
        ("x & y", "'&' has no meaning"),
        ("a b (", "not closed"),
        ("(a + b", "not closed"),
        ("a + b)", "closes nothing"),
        ("a +", "where something should follow"),
        ("a * * b", "did not expect '*'"),
        ('a + "b', "double quote is not closed"),
        ("f('x)", "single quote is not closed"),
        ("1e999", "too large"),
        ('""', "is not a name"),
        ("[a]", "did not expect"),
        ("WITH LOOKUP(a, ([f()],(0,0)))", "did not expect"),
        ("WITH LOOKUP(a, (0,1,2))", "not as many"),
        ("", "where something should follow"),
        ("\x00", "U+0000"),
    ],
)
def test_broken_expressions_are_refused_in_words(text, reason):
    with pytest.raises(ModelError) as caught:
        parse_expression(text)
    assert reason in caught.value.reason
    assert caught.value.line == 1


@pytest.mark.parametrize("text", ["-" * 5000 + "1", "^".join(["a"] * 5000), "ABS(" * 5000 + "1" + ")" * 5000])
def test_depth_is_an_error_not_a_crash(text):
    with pytest.raises(ModelError, match=f"nested more than {MAX_DEPTH} deep"):
        parse_expression(text)


def test_parentheses_alone_leave_nothing_behind():
    assert Number(1) == parse_expression("(" * 5000 + "1" + ")" * 5000)


def test_a_sum_of_a_hundred_thousand_terms_is_read():
    first, links = chain(parse_expression(" + ".join(["a", *["b * c"] * 100_000])))
    assert first == A
    assert [link.right for link in links] == [Binary("*", B, C)] * 100_000


def test_a_long_sum_within_the_depth_is_read():
    assert parse_expression(" + ".join(["a"] * (MAX_DEPTH - 1)))
