"""From when on a constant can matter: by hand, and never later than runs differ."""

import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.graph.trim import trim
from sd_covid.engine.simulation import load
from sd_covid.engine.time.since import first_effects
from sd_covid.engine.time.timegrid import time_grid

CONTROL = "INITIAL TIME = 0 ~~| FINAL TIME = 10 ~~| TIME STEP = 0.5 ~~| SAVEPER = 0.5 ~~|"
GRID = time_grid(0.0, 10.0, 0.5, 0.5)
#: Equations of y, in which p is asked for and q is between 4 and 6; and the first step at which p can matter.
CASES = {
    "IF THEN ELSE(Time < 5, s, s + p)": 10,
    "IF THEN ELSE(Time < q, s, s + p)": 8,
    "s + p * MAX(0, MIN(1, (Time - 3) / (q - 3)))": 7,  # the weight is 0 at 3 still
    "s + p * MAX(0, MIN(1, (Time - 3) / (q - 5)))": 0,  # whose sign is not known
    "MAX(MIN(p, 1), 2) + s": 21,
    "MIN(p, Time - 4) + s": 9,  # p is 0 to 3, so nothing at 4
    "(p - p) * s": 0,
    "s * (q > 7) * p": 21,
    "EXP(0 * p) + s": 21,
    "MAX(s, p)": 0,
    "IF THEN ELSE(s > 1, p, 0) * PULSE(6, 1)": 12,
    "SMOOTH(STEP(p, 4), 2)": 8,
    "INTEG(s, p)": 0,
}


@pytest.mark.parametrize("method", ["euler", "midpoint", "rk2", "rk4"])
def test_the_first_step_is_that_of_hand_calculation(tmp_path, method):
    """Runge-Kutta methods look a whole step ahead, so what changes can matter a step before; midpoints half a step."""
    file = tmp_path / "m.mdl"
    text = "p = 1 ~~| q = 5 ~~| s = INTEG(1, 0) ~~|"
    for k, equation in enumerate(CASES):
        text += f" y{k} = {equation} ~~| z{k} = INTEG(y{k}, 0) ~~|"
    file.write_text(f"{{UTF-8}}\n{text} {CONTROL}\n", encoding="utf-8")
    simulation = load(file).integrated(method)
    names = list(simulation.constants)
    low, high = simulation.program.defaults, simulation.program.defaults
    for name, ends in {"p": (0.0, 3.0), "q": (4.0, 6.0)}.items():
        low[names.index(name)], high[names.index(name)] = ends
    levels = [f"z{k}" for k in range(len(CASES))]
    rows = pd.DataFrame([(p, q) for q in (4.0, 5.0, 6.0) for p in (0.0, 3.0)], columns=["p", "q"])
    runs = simulation.run(rows, levels)
    for level, (equation, step) in zip(levels, CASES.items(), strict=True):
        nodes = [simulation.program.cells[simulation.names.cells(level)[0]]]
        part, chosen = trim(simulation.program, nodes)
        (found,) = first_effects(part, chosen, GRID, np.array([low, high]), [names.index("p")])
        if method != "euler" and "PULSE" in equation:
            step = 0  # a pulse is held by a state within a step
        elif method.startswith("rk") or (method == "midpoint" and "Time -" in equation):
            step -= 1  # what grows with time is there half a step later, what is switched is not
        assert found == max(step, 0), equation
        course = runs[level].to_numpy()[:, : found + 1]  # at a step it holds y of the steps before
        np.testing.assert_array_equal(course[::2], course[1::2], err_msg=equation)
