"""What a compiled model cannot do is said, with what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sd_covid import pysd
from sd_covid.errors import SdCovidError

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture
def teacup() -> pysd.Model:
    return pysd.read_vensim(MODELS / "teacup.mdl")


REFUSED: dict[str, Callable[[Any], Any]] = {
    "'rom temperature' is not a component": lambda m: m.run(params={"rom temperature": 3}),
    "'tea' is not a component": lambda m: m.run(return_columns=["tea"]),
    "'Time' is no variable": lambda m: m.set_components({"Time": 3}),
    "is given a function": lambda m: m.set_components({"room temperature": lambda: 3}),
    "is given a bare array": lambda m: m.run(params={"room temperature": np.ones(3)}),
    "params is given 'list' that names no variables; give a mapping": lambda m: m.run(params=[1]),
    "params is given 'dict' that names no variables": lambda m: m.set_components({3: 1}),
    "initial_condition is given 'float'": lambda m: m.run(initial_condition=(0, 3.0)),
    "return_columns holds 3": lambda m: m.run(return_columns=[3]),
    "has no dimension 'region'": lambda m: m.run(
        params={"room temperature": xr.DataArray([1.0], {"region": ["a"]}, ["region"])}
    ),
    "INITIAL|stock": lambda m: m.run(initial_condition=(0, {"room temperature": 3})),
    "is no initial condition": lambda m: m.run(initial_condition="state.pic"),
    "final time": lambda m: m.run(final_time=lambda: 3),
    "none of the times": lambda m: m.run(return_timestamps=[0.01]),
    "is no choice of columns": lambda m: m.run(return_columns="all"),
    "model.step is not there": lambda m: m.step(),
    "model.select_submodel is not there": lambda m: m.select_submodel(vars=["x"]),
    "neither a lookup nor a data series": lambda m: m.get_series_data("room temperature"),
}


@pytest.mark.parametrize("told", REFUSED)
@pytest.mark.filterwarnings("ignore:time .* is no instant:UserWarning")
def test_what_cannot_be_done_is_told_and_changes_nothing(teacup: pysd.Model, told: str) -> None:
    before = teacup.run()
    with pytest.raises(SdCovidError, match=told):
        REFUSED[told](teacup)
    teacup.reload()
    pd.testing.assert_frame_equal(teacup.run(), before)


@pytest.mark.parametrize(("name", "told"), [("out.xlsx", "no known form"), ("none/out.csv", "its folder")])
def test_a_file_that_cannot_be_written_is_refused_before_the_run(
    teacup: pysd.Model, tmp_path: Path, name: str, told: str
) -> None:
    with pytest.raises(SdCovidError, match=told):
        teacup.run(final_time=3, output_file=tmp_path / name)
    assert teacup.time() == 0
    assert teacup.run().index[-1] == 30  # the final time of the file: what was refused is not kept either


def test_a_translated_model_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "teacup.py").write_text("raise SystemExit('run')")
    with pytest.raises(SdCovidError, match=r"give the \.mdl"):
        pysd.load(tmp_path / "teacup.py")


def test_a_change_of_kind_warns(teacup: pysd.Model) -> None:
    with pytest.warns(UserWarning, match="calculated; it is now held"):
        teacup.run(params={"heat loss to room": 3})
    with pytest.warns(UserWarning, match="now follows a series"):
        teacup.run(params={"room temperature": pd.Series([1.0, 2.0], [0, 10])})


def test_an_unknown_attribute_is_python_s_own_error(teacup: pysd.Model) -> None:
    with pytest.raises(AttributeError):
        _ = teacup.nothing_of_the_kind
