"""Initial values, tables and data series set by member, against models in which they were written otherwise."""

import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.simulation import load
from sd_covid.errors import RunError, UnknownNameError

MODEL = """
group: a, b ~~|
rate = {rate} ~~|
effect( (0,{y0}),(2,{y1}),(2,{y2}),(6,{y3}) ) ~~|
size[group] = INTEG(effect(size[group]) * rate - size[group] / 5, {initial}) ~~|
double[group] = INTEG(-double[group] / 9, size[group] * 2) ~~|
shape = WITH LOOKUP(Time, ((0,1),(5,{z}),(10,2))) ~~|
total = SUM(size[group!]) + SUM(double[group!]) + shape ~~|
"""
WRITTEN = {"rate": 1, "y0": 3, "y1": 2, "y2": 1, "y3": 0.5, "initial": 4, "z": 3}
NAMES = {
    "y0": "effect(0)",
    "y1": "effect(2)",
    "y2": "effect(2,)",
    "y3": "Effect(6)",
    "initial": "INITIAL(size)",
    "z": "shape(5)",
}


def freed(simulate, **written):
    model = simulate(MODEL.format(**{**WRITTEN, **written}), final=8)
    return model.free(initials=["size"], lookups=["effect", "shape"])


def test_freeing_changes_nothing_by_itself(simulate):
    """To 1e-12: a freed table is summed up segment by segment."""
    plain, free = simulate(MODEL.format(**WRITTEN), final=8).run(), freed(simulate).run()
    for name in ("size", "double", "shape", "total"):
        np.testing.assert_allclose(free[name], plain[name], rtol=1e-12)


@pytest.mark.parametrize("name", list(NAMES))
def test_a_freed_part_is_as_if_written_otherwise(simulate, name):
    otherwise = simulate(MODEL.format(**{**WRITTEN, name: 2.75}), final=8).run()
    found = freed(simulate).run({NAMES[name]: 2.75})
    np.testing.assert_allclose(found["total"], otherwise["total"], rtol=1e-12)


def test_freed_parts_differ_between_members_and_elements(simulate):
    model = freed(simulate)
    frame = pd.DataFrame({"INITIAL(size[a])": [1.0]})
    with pytest.raises(UnknownNameError, match="INITIAL"):
        model.run(frame, ["size"])
    frame = pd.DataFrame({"INITIAL(size)[a]": [1.0, 2.0, 4.0], "effect(0)": [3.0, 3.0, 1.0]})
    found = model.run(frame, ["size"])["size"]
    np.testing.assert_array_equal(found.isel(time=0).sel(group="a"), [1, 2, 4])
    np.testing.assert_array_equal(found.isel(time=0).sel(group="b"), [4, 4, 4])
    single = model.run({"INITIAL(size)[a]": 4.0, "effect(0)": 1.0})["size"]
    np.testing.assert_allclose(found[2], single, rtol=1e-12)


def test_freed_parts_have_exact_derivatives(simulate):
    """Central differences with a step of 1e-6: error about 1e-9."""
    model = freed(simulate)
    point = {"INITIAL(size)": 4.3, "effect(0)": 3.0, "effect(6)": 0.5, "shape(5)": 3.0, "rate": 1.0}
    found = model.jacobian(["total"], point)["total"]
    for name, value in point.items():
        up, down = (model.run({**point, name: value + h}, ["total"])["total"] for h in (1e-6, -1e-6))
        np.testing.assert_allclose(found.sel(parameter=name), (up - down) / 2e-6, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("mode", ["", ":HOLD BACKWARD:", ":LOOK FORWARD:", ":INTERPOLATE:"])
def test_a_freed_series_is_as_if_its_file_were_otherwise(tmp_path, mode):
    text = (
        "{UTF-8}\nseries MODE := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\nx = INTEG(series, series) ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 8 ~~|\nTIME STEP = 0.25 ~~|\nSAVEPER = TIME STEP ~~|\n"
    )
    (tmp_path / "m.mdl").write_text(text.replace("MODE", mode))
    rows = {0: 1.0, 2: 4.0, 3: -1.0, 7: 2.0}

    def model(values):
        (tmp_path / "d.csv").write_text("Time,s\n" + "".join(f"{t},{v}\n" for t, v in values.items()))
        return load(tmp_path / "m.mdl")

    free = model(rows).free(data=["series"])
    otherwise = model({**rows, 3: 5.0}).run()
    for name in ("series", "x"):
        np.testing.assert_allclose(
            free.run({"series(3)": 5.0})[name], otherwise[name], rtol=1e-12, atol=1e-12
        )


def test_errors_name_what_can_be_freed(simulate, tmp_path):
    model = simulate(MODEL.format(**WRITTEN))
    with pytest.raises(UnknownNameError, match="size"):
        model.free(initials=["sizes"])
    with pytest.raises(UnknownNameError, match="not a lookup"):
        model.free(lookups=["size"])
    with pytest.raises(UnknownNameError, match=r"effect\(6\)"):
        model.free(lookups=["effect"]).run({"effect(5)": 1})
    with pytest.raises(UnknownNameError, match="not a data series"):
        model.free(data=["size"])
    (tmp_path / "d.csv").write_text("Time,s\n0,1\n")
    (tmp_path / "m.mdl").write_text(
        "{UTF-8}\nseries :RAW: := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 8 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
    )
    with pytest.raises(RunError, match="RAW"):
        load(tmp_path / "m.mdl").free(data=["series"])
