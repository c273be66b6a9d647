"""Models without dimensions of one element: the same values, under shorter names that can be made long again."""

from __future__ import annotations

import numpy as np

from sd_covid.engine.simulation import Simulation
from sd_covid.model.check import check
from sd_covid.model.single import Flattened
from tests.model.conftest import Reader

MODEL = """\
group: everyone~~|
age: young, old~~|
older: old~~|
few[group] = -3~~|
rate[age,group] = 0.1,0.2; ~ 1/Month ~ |
level[age,group] = INTEG(-level[age,group] * rate[age,group] + few[group] / 10, 7) ~ person ~ |
whole = SUM(level[age!,group!]) ~ person ~ |
part = SUM(level[old,group!] * 2) ~ person ~ |
mine[group] = VMAX(few[group!]) + ELMCOUNT(group) + group~~|
late[older] = level[older,everyone] * 2~~|
kept[age,group] :EXCEPT: [old,everyone] = 5~~|
kept[old,everyone] = 6~~|
"""


def test_values_are_the_same_and_names_come_back(read_text: Reader):
    model = read_text(MODEL)
    flat = Flattened(model)
    check(flat.model)
    assert set(flat.model.dimensions) == {"age", "older"}
    mine, theirs = Simulation(model).run(), Simulation(flat.model).run()
    for name in theirs.data_vars:
        np.testing.assert_array_equal(
            theirs[name].values.squeeze(), mine[name].values.squeeze(), err_msg=name
        )
    assert flat.spelled("whole") == "whole"
    assert flat.spelled("few") == "few[everyone]"
    assert flat.spelled("level[young]") == "level[young,everyone]"
    assert flat.spelled("late[old]") == "late[old]"


def test_a_model_without_such_dimensions_is_left_alone(read_text: Reader):
    model = read_text("age: young, old~~|\nolder: old~~|\nx[age] = 1,2~~|\ny[older] = x[older]~~|\n")
    flat = Flattened(model)
    assert flat.model is model
    assert flat.spelled("x[young]") == "x[young]"
