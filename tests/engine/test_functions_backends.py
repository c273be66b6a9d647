"""The functions in every back end, and their derivatives: one model of each kind, as `test_backends`."""

import numpy as np
import pytest

from sd_covid.engine import interpret
from sd_covid.engine.run.kernel import Kernel, Members

LOOKUPS = """
look((0,0),(1,2),(2,1),(4,5)) ~~|
k = 0.4 ~~|
at = k * Time + 0.03 ~~|
extrapolated = LOOKUP EXTRAPOLATE(look, 3 * at) ~~|
inverse = LOOKUP INVERT(look, at) ~~|
area = LOOKUP AREA(look, 0, 3 * at) ~~|
slope = LOOKUP SLOPE(look, at, 0) ~~|
ahead = LOOKUP FORWARD(look, at) ~~|
logarithm = GAMMA LN(at) ~~|
worth = NPV(at, k, 1, 2) ~~|
share = XMILE NORMAL SHARE(-1, at, k, 2) ~~|
quantile = XMILE NORMAL QUANTILE(k) ~~|
"""
VECTORS = """
D: a, b, c ~~|
G: g1, g2, g3 ~~|
k = 1.3 ~~|
v[D] = 3, 1, 2 ~~|
w[D] = v[D] * k + SIN(Time + v[D]) ~~|
m[D,G] = IF THEN ELSE(D = G, 3, 0) + w[D] * k + G * D ~~|
inverse[D,G] = INVERT MATRIX(m[D,G], 3) ~~|
order[D] = VECTOR SORT ORDER(w[D], 1) ~~|
sorted[D] = VECTOR REORDER(w[D], order[D]) ~~|
rank[D] = VECTOR RANK(w[D], 0) ~~|
best = VECTOR SELECT(v[D!], w[D!], 0, 3, 0) ~~|
moved[D] = VECTOR ELM MAP(w[a], 3 - D) ~~|
even = VECTOR LOOKUP(w[a], k, 0, 3, 0) ~~|
"""
ALLOCATION = """
D: a, b, c ~~|
F: ptype, ppriority, pwidth, pextra ~~|
k = 1.7 ~~|
q[D] = 3, 2, 4 ~~|
p[D,ptype] = 3 ~~|
p[D,ppriority] = D * k ~~|
p[D,pwidth] = 2 ~~|
p[D,pextra] = 0 ~~|
share[D] = ALLOCATE AVAILABLE(q[D], p[D,ptype], k * (0.5 + Time)) ~~|
order[D] = ALLOCATE BY PRIORITY(q[D], p[D,ppriority], 3, 2.5, k * (0.5 + Time)) ~~|
"""
RANDOM = """
k = 0.7 ~~|
normal = RANDOM NORMAL(-1, 3, k, 2, 0) ~~|
weibull = RANDOM WEIBULL(0, 9, 2, 0, k, 1) ~~|
gamma = RANDOM GAMMA(0, 99, 2.5, 0, k, 0) ~~|
poisson = RANDOM POISSON(0, 99, 3 * k, 0, 1, 0) ~~|
pink = RANDOM PINK NOISE(1, k, 2, 3) ~~|
"""
DELAYS = """
k = 3.1 ~~|
changing = DELAY N(SIN(Time), k + STEP(1, 2), 0.5, 3) ~~|
smooth = SMOOTH N(SIN(Time), k, 0.5, 4) ~~|
until = SAMPLE UNTIL(2, k * Time, 9) ~~|
history = XMILE HISTORY(k * SIN(Time), Time / 2) ~~|
bounded = SINTEG(k, 0, :NA:, 5, :NA:, :NA:, :NA:) ~~|
"""
UNDER_WAY = """
flat((0,1),(1,1)) ~~|
fall((0,2),(1,0.5)) ~~|
k = 1.7 ~~|
x = k + SIN(Time) ~~|
steady = DELAY CONVEYOR(x, 1.5 * k, 0.1 * k, fall, k, 1.5) ~~|
moving = DELAY CONVEYOR(x, 2 + 0.1 * k * Time, 0.1, flat, k, 2) ~~|
batches = DELAY BATCH(x, 1.3, 0.8, k, 1, 0) ~~|
spread = DELAY PROFILE(fall, x, 1.4, k, 0.1) ~~|
"""
QUEUES = """
flat((0,1),(1,1)) ~~|
k = 1.7 ~~|
q = QUEUE FIFO(k + SIN(Time), 0.8 * k, flat, 3, 2) ~~|
mean = QUEUE AGE AVERAGE(q, 0) ~~|
first = QUEUE AGE AVERAGE(q, k) ~~|
r = QUEUE FIFO ATTRIB(2, gone, k * Time + 1, 0.1, flat, flat, 4, k, 2) ~~|
gone = QUEUE ATTRIB QUANTITY(r, 2) ~~|
look = QUEUE ATTRIB AVERAGE(r, -1) ~~|
most = QUEUE ATTRIB MAX(r) ~~|
"""
MONEY = """
D: a, b, c ~~|
k = 1.7 ~~|
s[D] = 3, 2, 1 ~~|
none = 0 ~~|
x = k * (2 + SIN(Time)) ~~|
line = DEPRECIATE STRAIGHTLINE(x, 3, 1, k) ~~|
by table = DEPRECIATE BY SCHEDULE(x, s[a], none, 3, 0) ~~|
earns = INTERNAL RATE OF RETURN(x, 1, -5, 0) ~~|
stock[D] = INTEG(k - 0.2 * stock[D], D) ~~|
moved = SHIFT IF TRUE(stock[a], Time = 1, 3, 0, k) ~~|
"""
SOLVED = """
D: a, b ~~|
k = 1.7 ~~|
busy = SIMULTANEOUS(k * calls / (10 + Time), 0.5) ~~|
calls = 8 / (1 + busy ^ 2) ~~|
one[D] = 1 ~~|
x[D] = FIND ZERO(one[D], z[D], one[D], first[D], ELMCOUNT(D), 0, 1e-6, 100, 1) ~~|
first[D] = 1, 2 ~~|
z[a] = x[a] ^ 2 + x[b] - k * (2 + Time) ~~|
z[b] = x[a] - x[b] + busy ~~|
stock = INTEG(x[a] - busy, calls) ~~|
"""
MODELS = {
    "solved": SOLVED,
    "under way": UNDER_WAY,
    "queues": QUEUES,
    "money": MONEY,
    "lookups": LOOKUPS,
    "vectors": VECTORS,
    "allocation": ALLOCATION,
    "random": RANDOM,
    "delays": DELAYS,
}
CONTROL = ("initial time", "final time", "time step", "saveper")
# `z` is what rounding leaves of 0; `order` and `rank` step from one whole number to the next, `slope` and `ahead` from
# one value to another.
JUMPS = ("z", "slope", "ahead", "poisson", "gamma")


@pytest.mark.parametrize("name", MODELS)
def test_back_ends_agree(simulate, name):
    """To 1e-11 of the largest value: a solved price or matrix multiplies the last bit."""
    model = simulate(MODELS[name], final=4, step=0.5)
    program = model.program
    nodes = list(program.cells.values())
    grid = model._grid(Members(program.defaults, {}, 1, 1), 1e8)
    number = next(n for n, p in enumerate(program.parameters) if p.cell.variable == "k")
    varying = {number: program.parameters[number].default * np.array([1.0, 1.01, 0.99])}
    expected = interpret.run(program, Members(program.defaults, varying, 3, 1), nodes, grid)
    scale = np.maximum(np.abs(expected).max(axis=(1, 2), keepdims=True), 1.0)
    for width in (1, 4):
        found, _ = Kernel(program, nodes, width).run(Members(program.defaults, varying, 3, width), grid)
        assert (np.abs(found - expected) / scale).max() < 1e-11


@pytest.mark.parametrize("name", MODELS)
def test_gradient_agrees_with_central_differences(simulate, name):
    """To 1e-6 of the largest value."""
    model = simulate(MODELS[name], final=4, step=0.5)
    cells = [c for c in model.program.cells if c.variable not in (*CONTROL, *JUMPS)]
    outputs = [model.names.spell(c) for c in cells]
    function = model.differentiable(outputs, ["k"])
    point = np.array([model.constants["k"]])
    values = function.values(point)
    seed = np.random.default_rng(4).normal(size=values.shape)
    exact = function.gradient(seed)[0]
    up, down = function.values(point + 1e-6), function.values(point - 1e-6)
    assert exact == pytest.approx(
        ((up - down) * seed).sum() / 2e-6, rel=1e-6, abs=1e-6 * np.abs(values).max()
    )


def test_fifty_requesters_and_long_delays_are_feasible(simulate):
    """Nodes of the graph, not seconds: what has to be compiled stays below some 10^5."""
    allocation = """
    D: (d1-d50) ~~|
    F: ptype, ppriority, pwidth, pextra ~~|
    p[D,ptype] = 3 ~~|
    p[D,ppriority] = D ~~|
    p[D,pwidth] = 2 ~~|
    p[D,pextra] = 0 ~~|
    q[D] = 1 ~~|
    y[D] = ALLOCATE AVAILABLE(q[D], p[D,ptype], 20 + Time) ~~|
    """
    assert len(simulate(allocation).program.step.nodes) < 50_000
    delays = "D: (d1-d300) ~~|\nt[D] = 9 ~~|\ny[D] = DELAY N(Time * D, t[D], 0, 8) ~~|\n"
    assert len(simulate(delays).program.states) == 2400
