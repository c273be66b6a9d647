"""``.sd`` of a Dataset. Expected: numpy on the same arrays, and the closed form of a year's mean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sd_covid
from sd_covid.errors import SdCovidError

MEMBERS = pd.DataFrame({"rate": [0.1, 0.2, 0.4]})


def test_importing_the_package_registers_it_and_imports_nothing_heavy() -> None:
    program = (
        "import sys, sd_covid\n"
        "print([n for n in ('xarray', 'numpy', 'tempfile') if n in sys.modules])\n"
        "import xarray\n"
        "print(xarray.Dataset({'x': 1}).sd.units, type(xarray.__spec__.loader).__name__)\n"
        "print([f for f in sys.meta_path if type(f).__module__.startswith('sd_covid')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ["[]", "{'x': ''} SourceFileLoader", "[]"] == done.stdout.splitlines()


def test_units_are_those_of_the_model(decay: sd_covid.Simulation) -> None:
    assert {"stock": "person", "outflow": "person/Month"} == decay.run(outputs=["stock", "outflow"]).sd.units


def test_years_are_those_that_lie_in_the_run_as_a_whole(dated: sd_covid.Simulation) -> None:
    run = dated.run(outputs=["stock", "outflow"])
    run["outflow"].attrs["reading"] = "mean"
    found = run.sd.to_year()
    assert [2020, 2021] == found["year"].to_numpy().tolist()
    stock, outflow = run["stock"].to_numpy(), run["outflow"].to_numpy()
    assert [stock[13], stock[25]] == found["stock"].to_numpy().tolist()  # January 2020 is month 1
    np.testing.assert_allclose(found["outflow"], [outflow[1:13].mean(), outflow[13:25].mean()], rtol=1e-15)
    assert "person" == found.sd.units["stock"]


def test_a_difference_is_paired_by_member(decay: sd_covid.Simulation) -> None:
    base = decay.run(MEMBERS, ["stock"])
    other = decay.run(MEMBERS.assign(start=90.0), ["stock"])
    found = other.sd.difference(base)
    assert np.array_equal(other["stock"].to_numpy() - base["stock"].to_numpy(), found["stock"].to_numpy())
    both = xr.concat([base, other], pd.Index(["none", "more"], name="scenario"), combine_attrs="override")
    within = both.sd.difference("none")
    assert ["more"] == within["scenario"].to_numpy().tolist()
    assert np.array_equal(found["stock"].to_numpy(), within["stock"].to_numpy()[0])
    assert {"stock": "person"} == within.sd.units


def test_bands_are_quantiles_over_all_that_is_uncertain(decay: sd_covid.Simulation) -> None:
    run = decay.run(MEMBERS, ["stock"])
    found = run.sd.bands([0.25, 0.5])["stock"]
    assert ("quantile", "time") == found.dims
    np.testing.assert_allclose(found, np.quantile(run["stock"].to_numpy(), [0.25, 0.5], axis=0), rtol=1e-15)
    swept = run.rename(member="draw").expand_dims(assumption=[0, 1])
    np.testing.assert_allclose(swept.sd.bands([0.5])["stock"].squeeze(), found[1], rtol=1e-15)


def test_a_fan_shows_draws_and_assumptions_as_members(decay: sd_covid.Simulation) -> None:
    run = decay.run(MEMBERS, ["stock"])
    swept = run.rename(member="draw").expand_dims(assumption=[0])
    one, two = run.sd.fan("stock", language="nl"), swept.sd.fan("stock", language="nl")
    lines = [line.get_ydata() for figure in (one, two) for line in figure.axes[0].lines]
    assert len(lines) == 2
    np.testing.assert_array_equal(*lines)


def test_what_cannot_be_asked_is_refused(decay: sd_covid.Simulation) -> None:
    run, batch = decay.run(outputs=["stock"]), decay.run(MEMBERS, ["stock"])
    refused = {
        "there are no dates; give the model a calendar": lambda: run.sd.to_year(),
        "a single run has no bands": lambda: run.sd.bands(),
        "there is no scenario 'none'; choose of results with scenarios": lambda: run.sd.difference("none"),
        "has another 'member'": lambda: batch.sd.difference(run),
        "with another seed": lambda: batch.sd.difference(decay.run(MEMBERS, ["stock"], seed=1)),
    }
    for told, ask in refused.items():
        with pytest.raises(SdCovidError, match=told):
            ask()


def test_what_was_written_and_read_back_has_it_too(decay: sd_covid.Simulation, tmp_path: Path) -> None:
    decay.run(outputs=["stock"]).to_netcdf(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as found:
        assert {"stock": "person"} == found.sd.units
