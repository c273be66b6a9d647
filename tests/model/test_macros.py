"""Macros written out: what a call means is worked out by hand from the macro's own equations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ModelError
from sd_covid.model import Model, write_mdl
from sd_covid.model import read as read_model
from sd_covid.model.vensim import macros
from tests.model.conftest import CONTROL, Reader

CLIP = ":MACRO: CLIPPED(x, low, high)\nCLIPPED = MIN(high, MAX(low, x)) ~ x ~ |\n:END OF MACRO:\n"
TRACK = (
    ":MACRO: TRACK(input, lag)\nTRACK = INTEG(gap / lag, start) ~ input ~ |\n"
    "gap = input - TRACK ~ input ~ |\nstart = 1 ~~|\n:END OF MACRO:\n"
)
SPREAD = (
    ":MACRO: SPREAD(a, b : lower, upper)\nSPREAD = upper - lower~~|\n"
    "lower = MIN(a, b)~~|\nupper = MAX(a, b)~~|\n:END OF MACRO:\n"
)


def values(model: Model, name: str) -> np.ndarray:
    """All values of a variable over time, subscripts last."""
    return np.asarray(Simulation(model).run(outputs=[name])[name])


@pytest.fixture
def read_text(read_text: Reader) -> Reader:
    """Reads entries as a model with a time step of 1."""
    return lambda entries: read_text(entries, control=CONTROL.replace("0.5", "1"))


@pytest.fixture(autouse=True)
def _without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")


def final(model: Model, name: str) -> np.ndarray:
    return values(model, name)[-1]


def test_a_call_stands_for_the_macro_s_own_equation(read_text: Reader):
    model = read_text(CLIP + "y = 10 + CLIPPED(Time * 2 - 3, -1, Time)~~|\n")
    assert_allclose(values(model, "y"), [9, 9, 11, 13, 14, 15, 16, 17, 18, 19, 20])


def test_a_macro_may_be_defined_behind_its_use_and_among_groups(read_text: Reader):
    text = f"y = CLIPPED(5, 0, 2)~~|\n****\n.Group\n****~\n|\n{CLIP}\n{SPREAD}\nz = SPREAD(3, y)~~|\n"
    model = read_text(text)
    assert (final(model, "y"), final(model, "z")) == (2, 1)
    assert model.variable("z").group == "Group"


def test_a_stock_in_a_macro_starts_and_moves_by_itself_for_each_call(read_text: Reader):
    model = read_text(TRACK + "y = TRACK(4, 2) + TRACK(0, 4)~~|\n")
    assert_allclose(values(model, "y")[:3], [2, 2.5 + 0.75, 3.25 + 0.5625])


def test_variables_of_a_call_are_named_and_out_of_the_way(read_text: Reader):
    model = read_text(TRACK + "y = TRACK(4, 2) + TRACK(0 * y0, 4)~~|\ny0 = 1~~|\n")
    local = [variable.name for variable in model.variables.values() if variable.local]
    calls = [["y.TRACK", "y.TRACK.gap", "y.TRACK.start"], ["y.TRACK 2", "y.TRACK 2.gap", "y.TRACK 2.start"]]
    assert local == [*calls[0], "y.TRACK 2.input", *calls[1]]
    sim = Simulation(model)
    assert not any("TRACK" in str(name) for name in sim.run().data_vars)
    assert_allclose(sim.run(outputs=["y.TRACK.gap"])["y.TRACK.gap"][0], 3)


def test_outputs_behind_the_colon_are_variables_of_the_model(read_text: Reader):
    model = read_text(SPREAD + "y = 2 * SPREAD(7, 2 : least, most)~~|\nz = most - least~~|\n")
    assert [final(model, name) for name in ("y", "least", "most", "z")] == [10, 2, 7, 5]
    assert not model.variable("least").local
    assert final(read_text(SPREAD + "y = SPREAD(7, 2 : least)~~|\n"), "least") == 2


def test_a_call_in_an_equation_for_an_array_is_a_call_for_each_element(read_text: Reader):
    model = read_text(
        TRACK + SPREAD + "D: a, b, c~~|\nx[D] = 1, 3, 5~~|\ny[D] = TRACK(x[D] + 0, 2)~~|\n"
        "w[D] = SPREAD(x[D], 3 : low[D])~~|\nv[a] = SPREAD(x[b], 0)~~|\nv[b] = SPREAD(x[c], 0)~~|\n"
    )
    assert_allclose(values(model, "y")[1], [1, 2, 3])
    assert_allclose(final(model, "w"), [2, 0, 2])
    assert_allclose(final(model, "low"), [1, 3, 3])
    assert_allclose(final(model, "v")[:2], [3, 5])


def test_a_call_within_a_sum_is_a_call_for_each_term(read_text: Reader):
    model = read_text(
        CLIP + "D: a, b, c~~|\nE: p, q~~|\nx[D] = 1, 3, 5~~|\nk[E] = 2, 4~~|\n"
        "y[E] = SUM(CLIPPED(x[D!], 0, k[E]))~~|\nz = CLIPPED(SUM(x[D!]), 0, 7)~~|\n"
    )
    assert_allclose(final(model, "y"), [1 + 2 + 2, 1 + 3 + 4])
    assert final(model, "z") == 7


def test_exceptions_hold_for_the_variables_of_a_call(read_text: Reader):
    model = read_text(
        CLIP + "D: a, b, c~~|\nx[a] = 9~~|\nx[b] = 1~~|\n"
        "y[D] :EXCEPT: [c] = CLIPPED(x[D], 0, 5)~~|\ny[c] = -1~~|\n"
    )
    assert_allclose(final(model, "y"), [5, 1, -1])


def test_macros_call_one_another_and_arguments_hold_calls(read_text: Reader):
    twice = ":MACRO: TWICE(x)\nTWICE = CLIPPED(x, 0, half) + half~~|\nhalf = x / 2~~|\n:END OF MACRO:\n"
    model = read_text(twice + CLIP + "y = CLIPPED(TWICE(8), 0, TWICE(TWICE(3)))~~|\n")
    assert final(model, "y") == 3
    assert "y.twice.clipped" in model.variables


def test_a_dollar_sign_means_the_model_s_variable(read_text: Reader):
    text = (
        ":MACRO: SCALED(x)\nSCALED = x * factor$ * shape$(TIME STEP $) + factor + TIME STEP~~|\n"
        "factor = Time$~~|\n:END OF MACRO:\n"
        "factor = 3~~|\nshape((0,0),(10,100))~~|\ny = SCALED(2)~~|\n"
    )
    assert_allclose(values(read_text(text), "y")[:2], [61, 62])


def test_names_in_a_macro_hide_those_of_the_model(read_text: Reader):
    text = (
        ":MACRO: SHADOW(x, time step)\nSHADOW = x / time step + y~~|\ny = 100~~|\n:END OF MACRO:\n"
        "x = 1000~~|\ny = SHADOW(z, 4)~~|\nz = 8~~|\n"
    )
    assert final(read_text(text), "y") == 102


def test_a_macro_hides_the_function_of_its_name(read_text: Reader):
    text = ":MACRO: STEP(height, at)\nSTEP = height * 2 + at~~|\n:END OF MACRO:\ny = STEP(3, 1)~~|\n"
    assert final(read_text(text), "y") == 7


def test_a_lookup_may_be_an_argument_or_stand_in_the_macro(read_text: Reader):
    text = (
        ":MACRO: THROUGH(table, x)\nTHROUGH = table(x) + own(x)~~|\nown((0,0),(1,10))~~|\n:END OF MACRO:\n"
        "D: a, b~~|\nf[a]((0,0),(1,1))~~|\nf[b]((0,0),(1,2))~~|\ng((0,5),(1,5))~~|\n"
        "y[D] = THROUGH(f[D], 0.5)~~|\nz = THROUGH(g, 0.5)~~|\n"
    )
    model = read_text(text)
    assert_allclose(final(model, "y"), [5.5, 6])
    assert final(model, "z") == 10


def test_an_array_may_be_an_argument(read_text: Reader):
    text = ":MACRO: TOTAL(x)\nTOTAL = SUM(x[D!])~~|\n:END OF MACRO:\nD: a, b~~|\nq[D] = 2, 3~~|\ny = TOTAL(q)~~|\n"
    assert final(read_text(text), "y") == 5


def test_an_array_in_a_macro_has_the_caller_s_subscripts_too(read_text: Reader):
    text = (
        ":MACRO: WEIGHTED(x)\nWEIGHTED = SUM(weight[E!]) * x~~|\nweight[E] = 2, 3~~|\n:END OF MACRO:\n"
        "D: a, b~~|\nE: p, q~~|\nz[D] = 1, 10~~|\ny[D] = WEIGHTED(z[D])~~|\n"
    )
    assert_allclose(final(read_text(text), "y"), [5, 50])


def test_units_named_after_an_argument_are_the_argument_s(read_text: Reader):
    model = read_text(
        TRACK + "y = TRACK(p, 2) ~ person ~|\np = 3 ~ person/Month ~|\nz = TRACK(p + 0, 2)~~|\n"
    )
    assert model.variable("y.TRACK.gap").units == "(person/Month)"
    assert model.variable("z.TRACK.gap").units == ""


def test_a_data_equation_in_a_macro_reads_the_points_of_its_argument(read_text: Reader, tmp_path: Path):
    (tmp_path / "f.csv").write_text("Time,x\n0,5\n2,7\n")
    text = (
        ":MACRO: KNOWN(history)\nKNOWN = IF THEN ELSE(points = :NA:, -1, points)~~|\n"
        "points :RAW: := history~~|\n:END OF MACRO:\n"
        "x := GET DIRECT DATA('f.csv', ',', 'A', 'B2')~~|\ny = KNOWN(x)~~|\n"
    )
    assert_allclose(values(read_text(text), "y")[:4], [5, -1, 7, -1])


def test_what_is_written_without_macros_runs_to_the_same_numbers(read_text: Reader, tmp_path: Path):
    model = read_text(TRACK + "D: a, b~~|\nx[D] = 1, 3~~|\ny[D] = TRACK(x[D] * 2, 2)~~|\n")
    write_mdl(model, tmp_path / "flat.mdl")
    assert_allclose(values(read_model(tmp_path / "flat.mdl"), "y"), values(model, "y"), rtol=0)


def test_a_macro_that_nothing_calls_leaves_no_trace(read_text: Reader):
    assert (
        "trace" not in read_text(":MACRO: NO(x)\nNO = x + trace~~|\ntrace = 1~~|\n:END OF MACRO:\n").variables
    )


CASES = {
    "recursion": (":MACRO: F(x)\nF = F(x - 1)~~|\n:END OF MACRO:\ny = F(3)~~|\n", 2, "F", "calls itself: F -> F"),
    "recursion over another": (
        ":MACRO: F(x)\nF = G(x)~~|\n:END OF MACRO:\n:MACRO: G(x)\nG = F(x)~~|\n:END OF MACRO:\n",
        2, "F", "F -> G -> F",
    ),
    "too few arguments": (CLIP + "y = CLIPPED(1, 2)~~|\n", 5, "y", "takes 3 arguments, not 2"),
    "too many outputs": (SPREAD + "y = SPREAD(1, 2 : a, b, c)~~|\n", 7, "y", "has 2 outputs, not 3"),
    "output defined elsewhere": (SPREAD + "a = 1~~|\ny = SPREAD(1, 2 : a)~~|\n", 8, "a", "defined here and elsewhere"),
    "unknown name": (":MACRO: F(x)\nF = y~~|\n:END OF MACRO:\ny = F(1)~~|\n", 3, "F", "not defined in macro F"),
    "no value": (":MACRO: F(x)\nG = x~~|\n:END OF MACRO:\n", 2, "F", "'F' is not defined in the macro"),
    "no output": (":MACRO: F(x : z)\nF = x~~|\n:END OF MACRO:\n", 2, "F", "'z' is not defined in the macro"),
    "argument defined": (":MACRO: F(x)\nF = x~~|\nx = 1~~|\n:END OF MACRO:\n", 2, "F", "argument of the macro, and"),
    "argument twice": (":MACRO: F(x, X)\nF = x~~|\n:END OF MACRO:\n", 2, "F", "'X' stands twice"),
    "defined twice": (CLIP + CLIP, 5, "CLIPPED", "defined twice, first on line 2"),
    "not closed": (":MACRO: F(x)\nF = x~~|\n", 2, "F", "not closed"),
    "within another": (":MACRO: F(x)\n:MACRO: G(x)\n", 3, "G", "within macro F"),
    "end of nothing": ("y = 1~~|\n:END OF MACRO:\n", 3, None, "ends no macro"),
    "no arguments": (":MACRO: F\nF = 1~~|\n:END OF MACRO:\n", 2, None, "no list of arguments"),
    "outputs of a function": ("y = MAX(1, 2 : a)~~|\n", 2, "y", "no macro"),
    "expression as table": (
        ":MACRO: F(t)\nF = t(1)~~|\n:END OF MACRO:\ny = F(1)~~|\n", 5, "y", "uses its argument 't' as a table",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_macro_is_said_with_its_place(read_text: Reader, case: str):
    text, line, variable, reason = CASES[case]
    with pytest.raises(ModelError) as caught:
        read_text(text)
    assert reason in caught.value.reason
    assert caught.value.line == line
    assert variable is None or caught.value.variable == variable


def test_macros_that_double_at_each_call_are_refused(read_text: Reader, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(macros, "MAX_LOCALS", 500)
    text = ":MACRO: M0(x)\nM0 = x + 1~~|\n:END OF MACRO:\n"
    for n in range(1, 40):
        text += f":MACRO: M{n}(x)\nM{n} = M{n - 1}(x) + M{n - 1}(x + 1)~~|\n:END OF MACRO:\n"
    with pytest.raises(ModelError, match="more than"):
        read_text(text + "y = M39(1)~~|\n")
