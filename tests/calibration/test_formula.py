"""Formulas: values against Python's own arithmetic, derivatives against central differences."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from sd_covid.calibration.formula import FormulaSyntaxError, derivative, evaluate, parse, symbols

VALUES = {"a": 1.3, "b": 0.7, "time": 5.0}
FORMULAS = {
    "a + b*2 - 3/b": lambda a, b, t: a + b * 2 - 3 / b,
    "-a^2": lambda a, b, t: -(a**2),
    "a^b^2": lambda a, b, t: a ** (b**2),
    "a - b - 1": lambda a, b, t: a - b - 1,
    "a / b / 2": lambda a, b, t: a / b / 2,
    "2^-a": lambda a, b, t: 2 ** (-a),
    "exp(a*b) + log(a) - ln(b)": lambda a, b, t: math.exp(a * b) + math.log(a) - math.log(b),
    "log10(a) + log2(b) + sqrt(a*b)": lambda a, b, t: math.log10(a) + math.log2(b) + math.sqrt(a * b),
    "7.1*cos(2*pi*time/12) + a*sin(b)": lambda a, b, t: (
        7.1 * math.cos(2 * math.pi * t / 12) + a * math.sin(b)
    ),
    "max(a, b)*min(a, 2*b) + abs(b - a)": lambda a, b, t: max(a, b) * min(a, 2 * b) + abs(b - a),
    "pow(a, b)*sign(a)": lambda a, b, t: a**b,
    "1e-3*a": lambda a, b, t: 1e-3 * a,
    "log(b, a) + tan(b)": lambda a, b, t: math.log(b) / math.log(a) + math.tan(b),
    "sinh(a) + cosh(b) + tanh(a*b)": lambda a, b, t: math.sinh(a) + math.cosh(b) + math.tanh(a * b),
    "arcsin(b) + arccos(b/2) + arctan(a)": lambda a, b, t: math.asin(b) + math.acos(b / 2) + math.atan(a),
    "arcsinh(a) + arccosh(a) + arctanh(b)": lambda a, b, t: math.asinh(a) + math.acosh(a) + math.atanh(b),
    "cot(a) + sec(b) + csc(a)": lambda a, b, t: 1 / math.tan(a) + 1 / math.cos(b) + 1 / math.sin(a),
    "coth(a) + sech(b) + csch(a)": lambda a, b, t: 1 / math.tanh(a) + 1 / math.cosh(b) + 1 / math.sinh(a),
    "arccot(a) + arcsec(a) + arccsc(a)": lambda a, b, t: (
        math.atan(1 / a) + math.acos(1 / a) + math.asin(1 / a)
    ),
    "arccoth(a) + arcsech(b) + arccsch(a)": lambda a, b, t: (
        math.atanh(1 / a) + math.acosh(1 / b) + math.asinh(1 / a)
    ),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_has_the_value_of_the_same_python(text: str) -> None:
    expected = FORMULAS[text](*VALUES.values())
    np.testing.assert_allclose(evaluate(parse(text), VALUES), expected, rtol=1e-15)


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("text", FORMULAS)
def test_a_derivative_agrees_with_central_differences(text: str, name: str) -> None:
    step = 1e-6
    ahead, behind = ({**VALUES, name: VALUES[name] + sign * step} for sign in (1, -1))
    expected = (evaluate(parse(text), ahead) - evaluate(parse(text), behind)) / (2 * step)
    # error of the central difference: f'''/6 * 1e-12 + 1e-16/1e-6, times values up to about 10
    np.testing.assert_allclose(
        evaluate(derivative(parse(text), name), VALUES), expected, rtol=1e-8, atol=1e-8
    )


def test_names_are_found_in_order_and_pi_is_no_name() -> None:
    assert list(symbols(parse("b*cos(pi*time) + a + b"))) == ["b", "time", "a", "b"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a +", "its end"),
        ("a $ b", "column 3"),
        ("__import__('os')", "column 12"),
        ("open(a)", "'open'"),
        ("exp(a, b)", "takes 1 argument"),
        ("a.b", "column 2"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, part: str) -> None:
    with pytest.raises(FormulaSyntaxError, match=re.escape(part)):
        parse(text)


@pytest.mark.parametrize(
    "text", ["-" * 250 + "a", "a" + "^a" * 250, "exp(" * 250 + "a" + ")" * 250, "a" + "+a" * 250]
)
def test_a_formula_that_is_too_deep_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(FormulaSyntaxError, match="holds operations 200 deep") as found:
        parse(text)
    assert len(str(found.value)) < 160


def test_a_formula_of_many_terms_is_evaluated_and_differentiated() -> None:
    """Of a sum each term is an operation deeper."""
    formula = parse("a" + "*a" * 150 + "+a" * 40)
    assert float(evaluate(formula, {"a": np.float64(1.0)})) == 41.0
    assert float(evaluate(derivative(formula, "a"), {"a": np.float64(1.0)})) == 191.0
