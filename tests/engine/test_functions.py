"""Functions against outside truths: scipy and numpy, examples of Vensim's reference manual, closed forms.

Graph algebra and the reference differ by rounding only, so 1e-12 of the value unless a reason for more stands there.
"""

import math

import numpy as np
import pytest
from scipy import special
from scipy.optimize import brentq
from scipy.stats import norm

from sd_covid.errors import ModelError

NA = -(2.0**109)
TABLES = "look((0,0),(1,1),(3,2)) ~~|\nheld((0,1),(1,1),(2,2)) ~~|\n"


def value(simulate, expression: str, more: str = "") -> float:
    """An expression of no time."""
    return float(simulate(f"{more}x = {expression} ~~|", final=1, step=1).run({}, ["x"])["x"][0])


def vector(simulate, equations: str, name: str = "y") -> np.ndarray:
    """An array at the start."""
    return simulate(equations, final=1, step=1).run({}, [name])[name].isel(time=0).to_numpy()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("ABS", abs), ("EXP", math.exp), ("LN", math.log), ("SQRT", math.sqrt), ("SIN", math.sin), ("COS", math.cos),
        ("TAN", math.tan), ("ARCSIN", math.asin), ("ARCCOS", math.acos), ("ARCTAN", math.atan), ("SINH", math.sinh),
        ("COSH", math.cosh), ("TANH", math.tanh), ("INTEGER", math.trunc),
    ],
)  # fmt: skip
def test_functions_of_one_number_agree_with_python(simulate, function, expected):
    """Of a constant that is folded, and of one that is given: the vector code is within some roundings."""
    given = simulate(f"k = 0.5 ~~|\nx = {function}(k) ~~|", final=1, step=1).run({"k": 0.7}, ["x"])["x"][0]
    assert float(given) == pytest.approx(expected(0.7), rel=1e-15)
    assert value(simulate, f"{function}(0.7)") == pytest.approx(expected(0.7), rel=1e-15)


@pytest.mark.parametrize(("number", "truth"), [(0.0, False), (1.0, True), (-2.0, True), (0.25, True)])
def test_a_number_but_zero_is_true(simulate, number, truth):
    model = simulate(
        "k = 5 ~~|\nx = IF THEN ELSE(k, 10, 20) ~~|\ny = IF THEN ELSE(:NOT: k, 10, 20) ~~|", final=1, step=1
    )
    found = model.run({"k": number}, ["x", "y"])
    assert (float(found["x"][0]), float(found["y"][0])) == ((10.0, 20.0) if truth else (20.0, 10.0))


def test_functions_of_two_numbers_agree_with_python(simulate):
    assert value(simulate, "POWER(2.5, 1.7)") == pytest.approx(2.5**1.7, rel=1e-15)
    assert value(simulate, "LOG(7, 3)") == pytest.approx(math.log(7, 3), rel=1e-15)
    assert value(simulate, "MIN(2, -3) + MAX(5, 4)") == 2.0


@pytest.mark.parametrize("x", [1e-3, 0.5, 1.0, 2.0, 9.99, 10.0, 171.5, 1e6])
def test_gamma_ln_agrees_with_scipy(simulate, x):
    expected = special.gammaln(x)
    assert value(simulate, f"GAMMA LN({x})") == pytest.approx(expected, rel=1e-14, abs=1e-14)


# Each example of the manual that is right for the table it is given with, and what holds by definition.
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("LOOKUP INVERT(look, -1)", NA),
        ("LOOKUP INVERT(look, 0.5)", 0.5),
        ("LOOKUP INVERT(look, 1.5)", 2.0),
        ("LOOKUP AREA(held, 0, 1)", 1.0),
        ("LOOKUP AREA(held, 2, 4)", 4.0),
        ("LOOKUP AREA(held, 0.5, 2.5)", 3.0),
        ("LOOKUP SLOPE(look, -1, -1)", NA),
        ("LOOKUP SLOPE(look, -1, 0)", 0.0),
        ("LOOKUP SLOPE(look, -1, 1)", 1.0),
        ("LOOKUP SLOPE(look, 1, 0)", 0.75),
        ("LOOKUP SLOPE(look, 0.5, 0)", 1.0),
        ("LOOKUP SLOPE(look, 1.5, 0)", 0.5),
        ("LOOKUP FORWARD(look, 1)", 1.0),
        ("LOOKUP FORWARD(look, 1.01)", 2.0),
        ("LOOKUP FORWARD(look, 9)", 2.0),
        ("LOOKUP BACKWARD(look, 2.99)", 1.0),
        ("LOOKUP BACKWARD(look, 3)", 2.0),
        ("LOOKUP BACKWARD(look, -1)", 0.0),
        ("LOOKUP EXTRAPOLATE(look, 5)", 3.0),
        ("LOOKUP EXTRAPOLATE(look, -2)", -2.0),
        ("MODULO(-5, 3)", -2.0),
        ("INTEGER(-1.5)", -1.0),
        ("QUANTUM(-1.5, 1)", -1.0),
        ("QUANTUM(1.9, 0)", 1.9),
        ("QUANTUM(2.5e-6, 1e-6)", 2e-6),  # what is taken for zero is smaller
        ("ZIDZ(1, 1e-6)", 1e6),
        (
            "(2 >= 2) + 10 * (2 <= 2) + 100 * (2 > 2) + 1000 * (2 < 2) + 1e4 * (2 = 2) + 1e5 * (2 <> 2)",
            10011.0,
        ),
        ("MIN(3, 1, 2)", 1.0),
        ("MAX(7)", 7.0),
        ("IF MISSING(:NA:, 4)", 4.0),
        ("X IF MISSING(3, 4)", 3.0),
        ("TIME BASE(1970, 2)", 1970.0),
    ],
)
def test_value_of_a_function(simulate, expression, expected):
    assert value(simulate, expression, TABLES) == pytest.approx(expected, rel=1e-12, abs=1e-12)


# As Vensim computes them: the last pulse of a train begins at its end and is cut there (the model `pulsetrain` of
# climateinteractive/SDEverywhere with its output), and pulses longer than their repeat fill the time until the end
# (Vensim's manual, and the output of `Query_file` in SDXorg/test-models).
@pytest.mark.parametrize(
    ("train", "instants"),
    [
        ("PULSE TRAIN(1, 0.5, 2, 7)", [1, 1.25, 3, 3.25, 5, 5.25, 7]),
        ("PULSE TRAIN(1, 0, 3, 8)", [1, 4, 7]),
        ("PULSE TRAIN(6, 4, 0, 7)", [6, 6.25, 6.5, 6.75, 7]),
        ("PULSE TRAIN(6, 2, 1, 6.5)", [6, 6.25, 6.5]),
    ],
)
def test_a_train_of_pulses_runs_until_its_end(simulate, train, instants):
    run = simulate(f"x = {train} ~~|", final=9).run()
    np.testing.assert_array_equal(run["time"][run["x"] > 0], instants)


@pytest.mark.parametrize("pulse", ["PULSE(2, 0)", "PULSE TRAIN(2, 0, 99, 99)"])
def test_a_pulse_does_not_change_within_a_step_of_runge_kutta(simulate, pulse):
    """Vensim's manual: so all of it arrives in its own step."""
    run = simulate(f"x = INTEG({pulse}, 0) ~~|", rk4=True).run()
    expected = np.where(run["time"] > 2, 0.25, 0)
    np.testing.assert_allclose(run["x"], expected, rtol=1e-15)


def test_vectors_are_sorted_ranked_and_put_in_order(simulate):
    """VECTOR RANK of 5000, 3000, 8000 is 2, 1, 3 in Vensim's manual; its order is 1, 0, 2 as numpy's argsort."""
    text = "D: a, b, c ~~|\nv[D] = 5000, 3000, 8000 ~~|\no[D] = VECTOR SORT ORDER(v[D], {way}) ~~|\n"
    text += "r[D] = VECTOR RANK(v[D], {way}) ~~|\ny[D] = VECTOR REORDER(v[D], o[D]) ~~|\n"
    up, down = text.format(way=1), text.format(way=0)
    np.testing.assert_array_equal(vector(simulate, up, "o"), [1, 0, 2])
    np.testing.assert_array_equal(vector(simulate, up, "r"), [2, 1, 3])
    np.testing.assert_array_equal(vector(simulate, up), [3000, 5000, 8000])
    np.testing.assert_array_equal(vector(simulate, down), [8000, 5000, 3000])
    np.testing.assert_array_equal(vector(simulate, down, "r"), [2, 3, 1])


def test_a_hundred_elements_are_sorted_as_numpy_sorts_them(simulate):
    numbers = np.random.default_rng(1).integers(0, 50, 100)  # with equal ones, which keep their places
    text = f"D: (e1-e100) ~~|\nv[D] = {', '.join(map(str, numbers))} ~~|\ny[D] = VECTOR SORT ORDER(v[D], 1) ~~|\n"
    np.testing.assert_array_equal(vector(simulate, text), np.argsort(numbers, kind="stable"))


def test_an_element_is_found_by_its_distance(simulate):
    """Vensim's manual: task skill = 0,1,1 picks brawn, brain, brain; beyond the variable it is :NA:."""
    text = "T: dig, build, test ~~|\nS: brawn, brain ~~|\nskill[S] = 10, 20 ~~|\nof[T] = 0, 1, {last} ~~|\n"
    text += "y[T] = VECTOR ELM MAP(skill[brawn], of[T]) ~~|\n"
    np.testing.assert_array_equal(vector(simulate, text.format(last=1)), [10, 20, 20])
    np.testing.assert_array_equal(vector(simulate, text.format(last=2)), [10, 20, NA])


@pytest.mark.parametrize(
    ("what", "expected"), [(0, 14.0), (1, 24.0), (2, 2.0), (3, 12.0), (4, 7.0), (6, 8.0), (7, 12.0), (9, 6.0)]
)
def test_selected_elements_are_brought_together(simulate, what, expected):
    text = f"D: a, b, c ~~|\ns[D] = 1, 0, 2 ~~|\nv[D] = 2, 5, 6 ~~|\nk = {what} ~~|\n"
    assert value(simulate, "VECTOR SELECT(s[D!], v[D!], -1, k, 0)", text) == expected


def test_vector_lookup_is_a_table_of_an_array(simulate):
    text = "D: a, b, c ~~|\nv[D] = 0, 2, 3 ~~|\n"
    forms = {0: 1.0, 1: 0.25, 2: 0.0, 4: 2.0, 5: 0.25, 6: 2.0}
    for mode, expected in forms.items():
        assert value(simulate, f"VECTOR LOOKUP(v[a], 0.5, 0, 2, {mode})", text) == expected
    assert value(simulate, "VECTOR LOOKUP(v[a], 3, 0, 2, 0)", text) == 3
    assert value(simulate, "VECTOR LOOKUP(v[a], 3, 0, 2, 3)", text) == 4


def test_matrix_is_inverted_as_numpy_inverts_it(simulate):
    matrix = np.array([[0.0, 2.0, 1.0], [1.0, -1.0, 3.0], [4.0, 0.5, -2.0]])  # the first pivot is 0
    rows = "; ".join(", ".join(map(str, row)) for row in matrix)
    text = f"R: a, b, c ~~|\nK: d, e, f ~~|\nm[R,K] = {rows}; ~~|\ny[R,K] = INVERT MATRIX(m[R,K], 3) ~~|\n"
    np.testing.assert_allclose(vector(simulate, text), np.linalg.inv(matrix), rtol=1e-13, atol=1e-15)


def test_a_matrix_over_two_ranges_of_the_same_elements_is_named_by_one_of_them(simulate):
    """As large models name it: only the left side then says what are rows and what columns."""
    matrix = np.array([[2.0, 1.0], [5.0, 4.0]])
    text = "R: a, b ~~|\nfrom R: a, b ~~|\nto R: a, b ~~|\nm[from R,to R] = 2, 1; 5, 4; ~~|\n"
    text += "y[from R,to R] = INVERT MATRIX(m[from R,from R], ELMCOUNT(R)) ~~|\n"
    np.testing.assert_allclose(vector(simulate, text).reshape(2, 2), np.linalg.inv(matrix), rtol=1e-14)


CURVES = {
    1: lambda z: np.clip(0.5 - z, 0, 1),
    2: lambda z: np.where(z < 0, 1 - 2 * np.clip(z + 0.5, 0, 1) ** 2, 2 * np.clip(0.5 - z, 0, 1) ** 2),
    3: lambda z: norm.cdf(-z),
    4: lambda z: np.where(z < 0, 1 - 0.5 * np.exp(-abs(z)), 0.5 * np.exp(-abs(z))),
}


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("available", [0.5, 4.0, 8.5])
def test_what_is_scarce_goes_by_the_curves(simulate, kind, available):
    """The price is found by scipy's root finder; a share to 1e-9 of what there is."""
    request, priority, width = np.array([3.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]), 2.5

    def shares(price: float) -> np.ndarray:
        return request * CURVES[kind]((price - priority) / width)

    price = brentq(lambda p: shares(p).sum() - available, -200, 200, xtol=1e-14)
    text = "D: a, b, c ~~|\nF: ptype, ppriority, pwidth, pextra ~~|\nq[D] = 3, 2, 4 ~~|\n"
    rows = "; ".join(f"{kind}, {p}, {width}, 0" for p in priority)
    text += f"p[D,F] = {rows}; ~~|\ny[D] = ALLOCATE AVAILABLE(q[D], p[D,ptype], {available}) ~~|\n"
    np.testing.assert_allclose(vector(simulate, text), shares(price), atol=1e-9 * available)


@pytest.mark.parametrize(
    ("requests", "expected"),
    [((200, 300), (40, 60)), ((200, 50), (80, 20)), ((20, 30), (20, 30)), ((40, 60), (40, 60))],
)
def test_requests_that_no_price_makes_smaller_share_in_proportion(simulate, requests, expected):
    """SDEverywhere's output of Vensim for priority curves of type 0, with 100 available (its model allocate_ptype)."""
    text = (
        "D: a, b ~~|\nF: ptype, ppriority, pwidth, pextra ~~|\np[D,F] = 0, 0.1, 0.5, 0; 0, 0.9, 0.5, 0; ~~|\n"
    )
    text += f"q[D] = {requests[0]}, {requests[1]} ~~|\ny[D] = ALLOCATE AVAILABLE(q[D], p[D,ptype], 100) ~~|\n"
    np.testing.assert_allclose(vector(simulate, text), expected, rtol=1e-15)  # one division and one product


def test_what_is_left_by_them_goes_by_the_curves_of_the_others(simulate):
    """Of 5 the fixed one takes 3; of 2 it gets all, and the other nothing."""
    for available, expected in ((5, (3, 2)), (2, (2, 0))):
        text = "D: a, b ~~|\nF: ptype, ppriority, pwidth, pextra ~~|\np[D,F] = 0, 1, 1, 0; 1, 5, 1, 0; ~~|\n"
        text += f"q[D] = 3, 4 ~~|\ny[D] = ALLOCATE AVAILABLE(q[D], p[D,ptype], {available}) ~~|\n"
        np.testing.assert_allclose(vector(simulate, text), expected, atol=1e-9)  # the price is solved to 1e-9


def test_market_price_is_where_demand_is_supply(simulate):
    text = "D: a, b ~~|\nU: s, t ~~|\nF: ptype, ppriority, pwidth, pextra ~~|\n"
    text += "q[D] = 500, 300 ~~|\nc[U] = 200, 300 ~~|\n"
    text += "dp[D,F] = 3, 5, 2, 0; 3, 7, 4, 0; ~~|\nsp[U,F] = 3, 1, 2, 0; 3, 3, 4, 0; ~~|\n"
    text += "price = FIND MARKET PRICE(q[a], dp[a,ptype], c[s], sp[s,ptype]) ~~|\n"
    text += "ask[D] = DEMAND AT PRICE(q[D], dp[D,ptype], price) ~~|\n"
    text += "give[U] = SUPPLY AT PRICE(c[U], sp[U,ptype], price) ~~|\n"
    found = simulate(text, final=1, step=1).run({}, ["price", "ask", "give"]).isel(time=0)
    demand = lambda p: 500 * norm.cdf((5 - p) / 2) + 300 * norm.cdf((7 - p) / 4)  # noqa: E731
    supply = lambda p: 200 * norm.cdf((p - 1) / 2) + 300 * norm.cdf((p - 3) / 4)  # noqa: E731
    price = brentq(lambda p: demand(p) - supply(p), -50, 50, xtol=1e-13)
    assert float(found["price"]) == pytest.approx(price, rel=1e-10)
    assert float(found["ask"].sum()) == pytest.approx(float(found["give"].sum()), rel=1e-10)


def test_net_present_value_of_a_constant_stream(simulate):
    """The sum of 1 / (1 + r dt)^n dt, a geometric series."""
    model = simulate("x = NPV(2, 0.1, 5, 3) ~~|\ny = NPVE(2, 0.1, 5, 3) ~~|", final=4, step=0.5)
    found = model.run({}, ["x", "y"])
    discount = 1.05 ** -np.arange(9)
    np.testing.assert_allclose(found["x"], 3 * (5 + np.cumsum(2 * 0.5 * discount)), rtol=1e-13)
    np.testing.assert_allclose(found["y"], 3 * (5 + np.cumsum(2 * 0.5 * discount / 1.05)), rtol=1e-13)


def test_restricted_stock_stays_within_its_bounds(simulate):
    model = simulate(
        "x = SINTEG(1, 0, :NA:, 2.2, :NA:, :NA:, :NA:) ~~|\ny = SINTEG(0.4, 0, 0, 9, 1, :NA:, :NA:) ~~|", 4, 1
    )
    found = model.run({}, ["x", "y"])
    np.testing.assert_array_equal(found["x"], [0, 1, 2, 2.2, 2.2])
    np.testing.assert_array_equal(found["y"], [0, 0, 0, 0, 0])  # a part of a quantum is lost, as Vensim warns


def test_order_of_a_delay_may_be_a_constant(simulate):
    """A member with the order written elsewhere gives the same; one of a higher order than the model's is refused."""
    text = "n = {n} ~~|\nx = DELAY N(STEP(1, 1), 4, 0, n) ~~|\ny = DELAY N(STEP(1, 1), 4, 0, 3) ~~|\n"
    three = simulate(text.format(n=3)).run({}, ["x", "y"])
    np.testing.assert_array_equal(three["x"], three["y"])
    five = simulate(text.format(n=5))
    np.testing.assert_allclose(five.run({"n": 3}, ["x"])["x"], three["y"], rtol=1e-13)
    assert np.isnan(simulate(text.format(n=3)).run({"n": 5}, ["x"])["x"][1:]).all()


def test_delays_with_a_changing_time(simulate):
    """By hand: x = Time; a delay of 3 until time 4, then 1. At 5 arrive 2 (from 2) and 4 (from 4)."""
    text = "t = 3 - STEP(2, 4) ~~|\nm = DELAY MATERIAL(Time, t, 9, -1) ~~|\ni = DELAY INFORMATION(Time, t, 9) ~~|\n"
    found = simulate(text, final=8, step=1).run({}, ["m", "i"])
    np.testing.assert_array_equal(found["m"], [9, 9, 9, 0, 1, 2 + 4, 3 + 5, 6, 7])
    np.testing.assert_array_equal(found["i"], [9, 9, 9, 0, 1, 4, 5, 6, 7])
    text = "t = 1 + STEP(2, 3) ~~|\nm = DELAY MATERIAL(Time, t, 9, -1) ~~|\ni = DELAY INFORMATION(Time, t, 9) ~~|\n"
    found = simulate(text, final=8, step=1).run({}, ["m", "i"])
    np.testing.assert_array_equal(found["m"], [9, 0, 1, 2, -1, -1, 3, 4, 5])
    np.testing.assert_array_equal(found["i"], [9, 0, 1, 2, 2, 2, 3, 4, 5])


def test_figures_of_a_series_at_other_times(simulate, tmp_path):
    (tmp_path / "d.csv").write_text("Time,v\n0,1\n2,5\n4,3\n", encoding="utf-8")
    text = "d := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\n"
    forms = {
        "GET DATA AT TIME(d, 2)": 5.0,
        "GET DATA AT TIME(d, 1)": NA,
        "GET DATA BETWEEN TIMES(d, 3, 0)": 4.0,
        "GET DATA BETWEEN TIMES(d, 3, 1)": 3.0,
        "GET DATA BETWEEN TIMES(d, 3, -1)": 5.0,
        "GET DATA BETWEEN TIMES(d, 5, 0)": NA,
        "GET DATA FIRST TIME(d)": 0.0,
        "GET DATA LAST TIME(d)": 4.0,
        "GET DATA MIN(d, 1, 4)": 3.0,
        "GET DATA MAX(d, 0, 1)": 1.0,
        "GET DATA MEAN(d, 0, 4)": 3.0,
        "GET DATA MEDIAN(d, 2, 4)": 4.0,
        "GET DATA MEDIAN(d, 0, 4)": 3.0,
        "GET DATA STDV(d, 0, 4)": 2.0,
        "GET DATA TOTAL POINTS(d)": 3.0,
    }
    model = simulate(text + "".join(f"x{k} = {form} ~~|\n" for k, form in enumerate(forms)), 4, 1)
    found = model.run({}, [f"x{k}" for k in range(len(forms))]).isel(time=0)
    for k, (form, expected) in enumerate(forms.items()):
        assert float(found[f"x{k}"]) == pytest.approx(expected, rel=1e-14), form


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("MIN()", "MIN takes 1 or more arguments, not 0"),
        ("RAMP(1)", "RAMP takes 2 to 3 arguments, not 1"),
        ("LOOKUP FORWARD(2, 1)", "LOOKUP FORWARD takes the name of a lookup"),
        ("MESSAGE(1)", "function 'MESSAGE' is not supported"),
        ("GET TIME VALUE(2, 0, 1)", "GET TIME VALUE of the computer's clock"),
    ],
)
def test_wrong_call_is_refused(simulate, expression, reason):
    with pytest.raises(ModelError, match=reason.replace("(", r"\(").replace(")", r"\)")) as caught:
        simulate(f"x = {expression} ~~|")
    assert caught.value.line == 2
    assert caught.value.variable == "x"
