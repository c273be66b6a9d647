"""Scripts written for PySD, run in PySD and here: the same calls, names, shapes and numbers."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sd_covid import pysd as ours

MODELS = Path(__file__).parents[1] / "models"
# Both add the same floating-point numbers, in an order of their own: some rounding errors of a double, 1e-16 each, over
# a few hundred steps.
CLOSE = 1e-12


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """PySD warns of much, and so does the facade where PySD does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

    return pysd


@pytest.fixture
def both(theirs: ModuleType, tmp_path: Path) -> Callable[[str], tuple[Any, Any]]:
    """A model read by PySD and by the facade."""

    def read(name: str) -> tuple[Any, Any]:
        file = Path(shutil.copy(MODELS / name, tmp_path))  # PySD writes beside it
        return theirs.read_vensim(file), ours.read_vensim(file)

    return read


def same(expected: pd.DataFrame, found: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns)
    assert found.index.name == expected.index.name
    np.testing.assert_allclose(found.index, expected.index, rtol=CLOSE)
    np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float), rtol=CLOSE, atol=1e-12)


# What PySD's documentation shows under "getting started" and "advanced usage", call by call.
CALLS: dict[str, Callable[[Any], pd.DataFrame]] = {
    "all columns": lambda m: m.run(),
    "times": lambda m: m.run(return_timestamps=[0, 1, 3, 7, 9.5, 13, 21, 25, 30]),
    "one time": lambda m: m.run(return_timestamps=10),
    "a range of times": lambda m: m.run(return_timestamps=range(5)),
    "times between steps": lambda m: m.run(return_timestamps=[1.06, 2]),
    "columns": lambda m: m.run(return_columns=["teacup temperature", "room_temperature"]),
    "columns that move": lambda m: m.run(return_columns="step"),
    "bounds": lambda m: m.run(final_time=5, time_step=0.25, saveper=0.5),
    "bounds are kept": lambda m: [m.run(final_time=5), m.run()][1],
    "a constant": lambda m: m.run(params={"room_temperature": 20}),
    "a constant is kept": lambda m: [m.run(params={"Room Temperature": 20}), m.run()][1],
    "reloaded": lambda m: [m.run(params={"Room Temperature": 20}), m.run(reload=True)][1],
    "a series": lambda m: m.run(params={"room_temperature": pd.Series(range(20, 80, 2), range(30))}),
    "a calculated one held": lambda m: m.run(params={"heat loss to room": 3}),
    "set beforehand": lambda m: [m.set_components({"Room Temperature": 11}), m.run()][1],
    "set as an attribute": lambda m: [setattr(m.components, "room_temperature", 12), m.run()][1],
    "an initial condition": lambda m: m.run(initial_condition=(3, {"Teacup Temperature": 33})),
    "carried on": lambda m: [
        m.run(return_timestamps=[5]),
        m.run(initial_condition="current", return_timestamps=range(6, 9)),
    ][1],
    "carried on with another constant": lambda m: [
        m.run(return_timestamps=[5]),
        m.run(initial_condition="c", final_time=10, params={"Room Temperature": 10}),
    ][1],
    "carried on with a series": lambda m: [
        m.run(final_time=5),
        m.run(
            initial_condition="current",
            final_time=9,
            params={"Room Temperature": pd.Series([0.0, 50.0], [5.0, 9.0])},
        ),
    ][1],
    "a condition set beforehand": lambda m: [
        m.set_initial_condition((10, {"teacup_temperature": 50})),
        m.run(initial_condition="current", final_time=12),
    ][1],
    "the original again": lambda m: [m.run(initial_condition=(3, {"Teacup Temperature": 33})), m.run()][1],
    "a copy": lambda m: [m.set_components({"Room Temperature": 11}), m.copy().run()][1],
    "a fresh copy": lambda m: [m.set_components({"Room Temperature": 11}), m.copy(reload=True).run()][1],
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_of_its_documentation(both: Callable[[str], tuple[Any, Any]], name: str) -> None:
    theirs, here = both("teacup.mdl")
    same(CALLS[name](theirs), CALLS[name](here))


def test_states_are_carried_on_to_a_model_that_has_fewer_of_them(
    both: Callable[[str], tuple[Any, Any]],
) -> None:
    """A delay that is given from outside has no state of its own; those of the others stand elsewhere then."""
    wanted = ["smoothed", "third order from 5", "fifth order", "as stock", "in an expression"]
    found = []
    for model in both("smooth.mdl"):
        model.run(final_time=5)
        given = {"third order": 4.0, "smoothed from 5": 1.0}
        found.append(
            model.run(initial_condition="current", final_time=9, params=given, return_columns=wanted)
        )
    same(*found)


def test_what_it_tells_of_a_model(both: Callable[[str], tuple[Any, Any]]) -> None:
    theirs, here = both("teacup.mdl")
    assert here.namespace == theirs.namespace
    columns = ["Real Name", "Py Name", "Units", "Type", "Subtype", "Comment"]
    told, expected = (m.doc[columns].fillna("").map(str.strip) for m in (here, theirs))
    pd.testing.assert_frame_equal(told, expected, check_dtype=False)
    for model in (theirs, here):
        model.run(params={"Room Temperature": 20}, final_time=5)
    for name in ("Teacup Temperature", "room_temperature", "heat loss to room"):
        assert here[name] == pytest.approx(theirs[name], rel=CLOSE)
    assert here.components.room_temperature() == theirs.components.room_temperature() == 20
    assert here.time() == theirs.time() == 5


@pytest.mark.parametrize(
    "model", ["subscripts.mdl", "sir.mdl", "exponential_growth.mdl", "trend_forecast.mdl", "loops_world.mdl"]
)
def test_other_models(both: Callable[[str], tuple[Any, Any]], model: str) -> None:
    theirs, here = both(model)
    expected, found = theirs.run(), here.run()
    same(expected, found[list(expected.columns)])
    assert {item: here.namespace[item] for item in theirs.namespace} == theirs.namespace


def test_arrays_are_set_and_returned_whole_or_by_element(both: Callable[[str], tuple[Any, Any]]) -> None:
    theirs, here = both("subscripts.mdl")
    expected = theirs.run(flatten_output=False)
    found = here.run(flatten_output=False)
    for name in expected.columns:
        first, other = expected[name].iloc[-1], found[name].iloc[-1]
        if isinstance(first, xr.DataArray):
            xr.testing.assert_allclose(other, first.transpose(*other.dims), rtol=CLOSE)
    names = [name for name in here.namespace if here.get_coords(name)]
    assert names
    for name in names:
        assert here.get_coords(name) == theirs.get_coords(name)


def test_results_in_a_file(both: Callable[[str], tuple[Any, Any]], tmp_path: Path) -> None:
    theirs, here = both("teacup.mdl")
    for suffix, sep in ((".csv", ","), (".tab", "\t")):
        theirs.run(output_file=tmp_path / f"theirs{suffix}")
        here.run(output_file=tmp_path / f"ours{suffix}")
        tables = [pd.read_csv(tmp_path / f"{name}{suffix}", sep=sep) for name in ("theirs", "ours")]
        pd.testing.assert_frame_equal(*tables, check_dtype=False, rtol=CLOSE)
