"""Derivatives of every function, forward and backward, by every method of integration, against central differences.

The inputs keep away from points where a function has a corner or a jump, but for those that have nothing else: there
the derivative is that of the branch taken, and so is the difference over a step that stays within it.
"""

from pathlib import Path

import numpy as np
import pytest

from sd_covid.engine.functions.table import names
from sd_covid.engine.simulation import load
from tests.engine.test_functions_backends import MODELS as OTHERS

FOLDER = Path(__file__).parents[1] / "models"

# In all: k and w are the constants, u and v smooth inputs that depend on them, d an array and m a matrix.
COMMON = """
row: a, b, c ~~|
column: g1, g2, g3 ~~|
k = 1.3 ~~|
w = 0.7 ~~|
u = 1 + 0.3 * SIN(Time * w + k) ~~|
v = 0.4 + 0.05 * k * COS(Time) * w ~~|
d[a] = 3 * k + w ~~|
d[b] = 1.1 * u ~~|
d[c] = 2 * k * v ~~|
look((0,0),(1,2),(2,1),(4,5)) ~~|
rise((0,0),(0.9,1.1),(2.3,3),(4,3.5)) ~~|
"""
ELEMENTARY = """
ABS(v - u) + ABS(u)
EXP(-u * w)
LN(u + k)
LOG(u + k, 2 + w)
POWER(u, k) + u ^ 2 + v ^ w + (-1.5) ^ 2 * k + w ^ 0.5 / u
SQRT(u * k)
SIN(u) + COS(u * k) + TAN(v)
ARCSIN(v) + ARCCOS(v * w) + ARCTAN(u)
SINH(v) + COSH(u * w) + TANH(k * v)
GAMMA LN(u * k)
INTEGER(u * 0.01) + k
MODULO(u + 5 * k, 2.9) * w
QUANTUM(k * 0.01, 5) * u + w
MIN(u, v) + MIN(9, k * u, w) - k / w
MAX(u, v) + MAX(-9, k, w)
IF THEN ELSE(u > 0, u * k, v / (u - u)) + IF THEN ELSE(u < 0 :OR: :NOT: v > 9, w, 0)
ZIDZ(u, v) + ZIDZ(k, 0 * w)
XIDZ(u, v, k) + XIDZ(k, 0 * w, w * u)
IF MISSING(u, k) + IF MISSING(:NA:, w)
X IF MISSING(:NA:, w * u)
GAME(k * u)
XMILE INT(u * 0.01) + w
XMILE ROUND(u * 0.01) + w
XMILE MODULO(u - 9 * k, 2.3) * w
XMILE SAFEDIV(u, v, k) + XMILE SAFEDIV(k, 0 * w, w * u)
"""
TIMES = """
STEP(u * k, 2.1)
PULSE(1.1, 2) * k
PULSE TRAIN(1.1, 1, 2, 5) * w * u
RAMP(k * w, 1.1, 4.6) + RAMP(u, 2.1)
TIME BASE(k, w)
GET TIME VALUE(0, 0, 0) * k
XMILE PULSE(k * u, 1.1, 2)
INITIAL(u * k) + REINITIAL(w * k)
ACTIVE INITIAL(k * u, w)
SAMPLE IF TRUE(MODULO(Time, 2) < 0.1, u * k, w)
SAMPLE UNTIL(3.1, u * k, w)
XMILE PREVIOUS(u * k, w)
NPV(u, v * w, k, w)
NPVE(u, v * w, k, w)
"""
STOCKS = """
INTEG(u - w * y, k * 3)
SINTEG(k * u, w, :NA:, 9 * k, :NA:, :NA:, :NA:)
INTEG NON NEGATIVE(u - k, 2 * w)
SMOOTH(u * k, 2 + w)
SMOOTHI(u * k, 2 + w, k)
SMOOTH3(u * k, 2 + w)
SMOOTH3I(u * k, 2 + w, k)
SMOOTH N(u * k, 2 + w, k, 4)
DELAY1(u * k, 2 + w)
DELAY1I(u * k, 2 + w, k)
DELAY3(u * k, 2 + w)
DELAY3I(u * k, 2 + w, k)
DELAY N(u * k, 2 + w + v, k, 3)
DELAY FIXED(u * k, 1.6, w * k)
DELAY FIXED(u * w, k + 0.05, w)
DELAY MATERIAL(u * k, 1 + STEP(1, 2.1), w * k, k)
DELAY INFORMATION(u * k, 1 + STEP(1, 2.1), w * k)
TREND(u * k, 2 + w, v)
FORECAST(u * k, 2 + w, k)
FORECAST(u * k, 2 + w, k, v)
"""
TABLES = """
look(u) + look(k) + look(9 * k) + look(-k) + w
WITH LOOKUP(u * w, ((0,0),(1,2),(2,1),(4,5)))
WITH LOOKUP(u, ((0,0),(0.5,2),(0.9,1),(1.05,1.5),(1.25,5)))
LOOKUP EXTRAPOLATE(look, 5 * u * k)
LOOKUP FORWARD(look, 0.1 * u) + k
LOOKUP BACKWARD(look, 0.1 * u) + w
LOOKUP INVERT(rise, u * k)
LOOKUP AREA(look, v, u * k)
LOOKUP SLOPE(look, u * 0.1, 0) * w
"""
ARRAYS = """
SUM(d[row!]) * k
PROD(d[row!])
VMIN(d[row!]) + w
VMAX(d[row!]) + w
ELMCOUNT(row) * k
VECTOR SELECT(d[row!], d[row!], 0, 0, 0)
VECTOR SELECT(d[row!], d[row!], 0, 1, 0)
VECTOR SELECT(d[row!], d[row!], 0, 4, 0) + VECTOR SELECT(d[row!], d[row!], 0, 5, 0)
VECTOR ELM MAP(d[a], 1) * w
VECTOR LOOKUP(d[a], u, 0, 2, 0)
VECTOR LOOKUP(d[a], k * u, 0.5, 2.5, 4)
XMILE RANK(d[row!], 2) + k
"""
ARRAY_EQUATIONS = """
n[row,column] = IF THEN ELSE(row = column, 3, 0) + d[row] * 0.3 + column * row * w ~~|
inverse[row,column] = INVERT MATRIX(n[row,column], 3) ~~|
order[row] = VECTOR SORT ORDER(d[row], 1) ~~|
sorted[row] = VECTOR REORDER(d[row], order[row]) * w ~~|
rank[row] = VECTOR RANK(d[row], 0) + k ~~|
"""
MARKETS = """
curve: ptype, ppriority, pwidth, pextra ~~|
q[a] = 3 * k ~~|
q[b] = 2 * w ~~|
q[c] = 4 + v ~~|
p[row,ptype] = 3 ~~|
p[row,ppriority] = row * k ~~|
p[row,pwidth] = 2 + w ~~|
p[row,pextra] = 0 ~~|
e[row,ptype] = 4 ~~|
e[row,ppriority] = row * w ~~|
e[row,pwidth] = 2 + k ~~|
e[row,pextra] = 0 ~~|
o[row,ptype] = 2 ~~|
o[row,ppriority] = row * w ~~|
o[row,pwidth] = 5 + k ~~|
o[row,pextra] = 0 ~~|
share[row] = ALLOCATE AVAILABLE(q[row], p[row,ptype], k * (0.5 + 0.3 * u)) ~~|
other[row] = ALLOCATE AVAILABLE(q[row], e[row,ptype], k * (0.5 + 0.3 * u)) ~~|
third[row] = ALLOCATE AVAILABLE(q[row], o[row,ptype], k * (0.5 + 0.3 * u)) ~~|
turn[row] = ALLOCATE BY PRIORITY(q[row], p[row,ppriority], 3, 2.5 + w, k * (0.5 + 0.3 * u)) ~~|
price = FIND MARKET PRICE(q[a], p[a,ptype], d[a], e[a,ptype]) ~~|
ask[row] = DEMAND AT PRICE(q[row], p[row,ptype], price) ~~|
all in two = MARKETP(q[a], p[a,ppriority], 3, 2.5 + w, k * (0.5 + 0.3 * u)) ~~|
second[row] = ALLOC P(q[row], p[row,ppriority], 2.5 + w, all in two) ~~|
give[row] = SUPPLY AT PRICE(d[row], e[row,ptype], price) ~~|
"""
DRAWS = """
RANDOM 0 1() * k
RANDOM UNIFORM(w, k * u, 0)
RANDOM NORMAL(-9, 9, k, w * u, 0)
RANDOM EXPONENTIAL(0, 99, k, w, 0)
RANDOM LOGNORMAL(0, 99, k, w, 0)
RANDOM TRIANGULAR(-9, 9, 0, k, 3 * k + w, 0)
RANDOM WEIBULL(0, 99, 1 + k, w, k, 0)
RANDOM PINK NOISE(k, w, 2 + w, 0)
RANDOM LOOKUP(look, 0, 3 + k, w, k, 0)
"""
REJECTIONS = """
RANDOM GAMMA(0, 99, 1 + k, w, 2 * w, 0)
RANDOM BETA(-9, 99, 1 + k, 2 + w, w, k, 0)
RANDOM POISSON(0, 99, 3 * k, w, k, 0)
RANDOM BINOMIAL(0, 99, 0.3 * k, 10, w, k, 0)
RANDOM NEGATIVE BINOMIAL(0, 99, 0.3 * k, 3, w, k, 0)
"""
FIGURES = """
GET DATA AT TIME(series, 2) * k
GET DATA BETWEEN TIMES(series, Time, 0) * w
GET DATA FIRST TIME(series) + GET DATA LAST TIME(series) * k
GET DATA MIN(series, 0, 4) * k + GET DATA MAX(series, 0, 4) * w
GET DATA MEAN(series, 0, 4) * k + GET DATA MEDIAN(series, 0, 4) * w
GET DATA STDV(series, 0, 4) * k + GET DATA TOTAL POINTS(series) * w
TIME SHIFT(series, 1) * k
series * k * w
"""


def equations(expressions):
    """A variable y0, y1 … for each line; y in it is the variable itself."""
    lines = [line for line in expressions.strip().splitlines() if line]
    names = [f"y{n}" for n in range(len(lines))]
    return "".join(
        f"{n} = {e.replace(' y)', f' {n})').replace('* y,', f'* {n},')} ~~|\n"
        for n, e in zip(names, lines, strict=True)
    )


MODELS = {
    "elementary": equations(ELEMENTARY),
    "times": equations(TIMES),
    "stocks": equations(STOCKS),
    "tables": equations(TABLES),
    "arrays": equations(ARRAYS) + ARRAY_EQUATIONS,
    "markets": MARKETS,
    "draws": equations(DRAWS),
    "rejections": equations(REJECTIONS),
    "figures": "series := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\n" + equations(FIGURES),
}
# Parts of a queue that is differentiated, and sums of data.
WITHOUT = {
    "queue age in range",
    "queue age oldest",
    "queue attrib in range",
    "queue attrib min",
    "cumulate",
    "cumulatef",
}
CONTROL = ("initial time", "final time", "time step", "saveper")


def check(model, constants, scale=1.0):
    """Both modes to 1e-6 of a variable's largest value or derivative: the differences are good to 1e-8 of those.

    A step of 1e-5 of the constant makes an error of 1e-10 f''' in truncation and 1e-11 f in rounding.
    """
    cells = [c for c in model.program.cells if c.variable not in CONTROL]
    outputs = [model.names.spell(c) for c in cells]
    point = {name: model.constants[name] * scale for name in constants}
    found = model.jacobian(outputs, point)
    function = model.differentiable(outputs, constants)
    values = function.values(np.array(list(point.values())))
    assert np.isfinite(values).all(), [
        o for o, v in zip(outputs, values, strict=True) if not np.isfinite(v).all()
    ]
    seed = np.random.default_rng(4).normal(size=values.shape)
    wrong = {}
    for name, value in point.items():
        step = 1e-5 * (abs(value) or 1.0)
        up, down = (model.run({**point, name: value + h}, outputs) for h in (step, -step))
        for output in outputs:
            change = (up[output] - down[output]).to_numpy() / (2 * step)
            exact = found[output].sel(parameter=name).to_numpy()
            room = 1e-6 * max(np.abs(change).max(), np.abs(up[output]).max(), 1.0)
            if not np.abs(exact - change).max() <= room:
                wrong[output, name] = exact, change
    assert not wrong, wrong
    pulled = function.gradient(seed)
    forward = sum(found[name].to_numpy().T * seed[n] for n, name in enumerate(outputs)).sum(axis=1)
    size = sum(np.abs(found[name].to_numpy().T * seed[n]) for n, name in enumerate(outputs)).sum(axis=1)
    np.testing.assert_allclose(pulled, forward, rtol=0, atol=1e-11 * size.max())


# What a function computes does not depend on the method; how states and what remembers go on does.
CASES = [(name, "euler") for name in MODELS] + [
    (name, method) for name in ("times", "stocks", "figures") for method in ("midpoint", "rk2", "rk4")
]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_derivatives_of_functions(simulate, tmp_path, name, method):
    (tmp_path / "d.csv").write_text("Time,v\n0,1\n2,5\n4,3\n9,4\n", encoding="utf-8")
    model = simulate(COMMON + MODELS[name], final=6, step=0.5).integrated(method)
    check(model, ["k", "w"])


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("xmile_conveyor", "euler"),
        ("xmile_queue", "euler"),
        ("xmile_functions", "euler"),
        ("xmile_functions", "rk4"),
    ],
)
def test_derivatives_of_conveyors_and_queues(name, method):
    """At 1.7 % above the file's values, which are round: some fill a capacity to the brim, where a derivative jumps."""
    model = load(FOLDER / f"{name}.xmile").integrated(method)
    names = [n for n, v in model.constants.items() if v and n.casefold().replace("_", " ") not in CONTROL]
    check(model, names, scale=1.017)


@pytest.mark.parametrize("method", ["euler", "midpoint", "rk2", "rk4"])
def test_derivatives_of_freed_parts(simulate, tmp_path, method):
    (tmp_path / "d.csv").write_text("Time,v\n0,1\n2,5\n4,3\n9,4\n", encoding="utf-8")
    text = (
        "series := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\n"
        "x = INTEG(series * 0.1 - look(x) * 0.3, 2.3) ~~|\n"
    )
    model = simulate(COMMON + text, final=6, step=0.5).integrated(method)
    model = model.free(initials=["x"], lookups=["look"], data=["series"])
    freed = [n for n in model.constants if n.startswith(("look(", "series("))]
    assert len(freed) == 8
    check(model, [*freed, "k"])
    opened = {"INITIAL(x)": 2.6, "look(1)": 1.9}
    slopes = model.jacobian(["x"], opened)["x"]
    for name, value in opened.items():
        up, down = (model.run({**opened, name: value + h}, ["x"])["x"] for h in (1e-5, -1e-5))
        np.testing.assert_allclose(slopes.sel(parameter=name), (up - down) / 2e-5, rtol=1e-6, atol=1e-7)
    function = model.differentiable(["x"], list(opened))
    seed = np.ones_like(function.values(np.array(list(opened.values()))))
    np.testing.assert_allclose(function.gradient(seed), slopes.sum("time"), rtol=1e-11)


def test_what_runs_change_with_in_jumps_has_derivative_zero(simulate):
    """As documented: times of switches, what is compared, what is rounded; and the slope of a table at its points."""
    text = (
        "at = 3 ~~|\nz = 1 ~~|\nlook((0,0),(1,2),(2,1)) ~~|\n"
        "switches = STEP(2, at) + PULSE(at, 2) + PULSE TRAIN(at, 1, 2, 9) + DELAY FIXED(Time, at, 0) ~~|\n"
        "compared = IF THEN ELSE(Time > at, 5, 2) + SAMPLE IF TRUE(Time < at, Time, 0) ~~|\n"
        "rounded = INTEGER(at * 1.1) + QUANTUM(at, 2) ~~|\n"
        "middle = look(z) ~~|\nends = look(z - 1) + look(z + 1) ~~|\n"
    )
    model = simulate(text, final=6, step=1)
    outputs = ["switches", "compared", "rounded", "middle", "ends"]
    found = model.jacobian(outputs, {"at": 3, "z": 1})
    function = model.differentiable(outputs, ["at", "z"])
    seed = np.zeros_like(function.values(np.array([3.0, 1.0])))
    for k, (name, slope) in enumerate(zip(outputs, [[0, 0], [0, 0], [0, 0], [0, -1], [0, 0]], strict=True)):
        np.testing.assert_array_equal(found[name], [slope] * 7)
        seed[:] = 0
        seed[k, 4] = 1
        np.testing.assert_array_equal(function.gradient(seed), slope)


@pytest.mark.parametrize("name", ["solved", "under way", "queues", "money"])
def test_derivatives_of_what_has_a_file_of_its_own(simulate, name):
    """Conveyors, queues, depreciation and what is solved for: forward mode too."""
    check(simulate(OTHERS[name], final=4, step=0.5), ["k"])


def test_no_function_is_forgotten():
    text = "".join([*MODELS.values(), *OTHERS.values()])
    conveyors = {name for name in names() if name.startswith(("xmile conveyor", "xmile queue", "xmile row"))}
    missing = {name for name in names() if name.upper() + "(" not in text.upper()}
    assert missing == conveyors | WITHOUT
