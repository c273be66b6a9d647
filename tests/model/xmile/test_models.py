"""The XMILE models of ``tests/models``: each has its line in PROVENANCE.md, and gives the values that it says.

Where nothing else is said, the values follow from the standard (OASIS XMILE 1.0, sections 3.3, 3.5 and 3.7) by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid

FOLDER = Path(__file__).parents[2] / "models"
MODELS = sorted(FOLDER.glob("xmile_*.xmile"))
_VALUE = re.compile(r"Value: (-?[\d.]*\d)\.(?:\s|$|<)")
#: Sums of a few numbers below 1000, each rounded.
ROUNDING = 1e-12


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_values_are_those_of_the_documentation(path: Path):
    simulation = sd_covid.load(path)
    run = simulation.run()
    for variable in simulation.model.variables.values():
        said = _VALUE.search(variable.documentation)
        if said is not None:
            values = run[variable.name].to_numpy()
            expected = np.full(values.shape, float(said[1]))
            np.testing.assert_allclose(values, expected, rtol=1e-14, atol=ROUNDING, err_msg=variable.name)


def test_every_file_has_its_provenance():
    told = set(re.findall(r"`(\w+\.xmile)`", (FOLDER / "PROVENANCE.md").read_text("utf-8")))
    assert told == {path.name for path in FOLDER.glob("*.xmile")}


def test_enough_values_are_documented():
    assert sum(len(_VALUE.findall(path.read_text("utf-8"))) for path in MODELS) >= 130


def test_the_run_specifications_are_kept():
    simulation = sd_covid.load(FOLDER / "xmile_specs.xmile")
    run = simulation.run()
    assert simulation.constants["TIME STEP"] == 0.25
    np.testing.assert_array_equal(run["time"], np.arange(11.0))
    # Runge-Kutta of order 4 at h = 1/4 over 40 steps: the error per step is (0.1 h)^5 / 120 of the stock
    tolerance = 40 * 0.025**5 / 120 * 1.1
    np.testing.assert_allclose(run["population"], run["exact population"], rtol=tolerance)
    assert np.abs(run["population"] / run["exact population"] - 1).max() > 1e-13  # not Euler's, and not exact


def test_a_pulse_brings_its_magnitude_with_runge_kutta_too():
    run = sd_covid.load(FOLDER / "xmile_specs.xmile").run()
    np.testing.assert_allclose(run["pulsed"].sel(time=[2, 3, 5, 6, 10]), [0, 8, 8, 16, 24], rtol=1e-14)


def conveyor_of(years: str, folder: Path) -> Path:
    """The conveyors' model with a constant for the first transit time."""
    text = (FOLDER / "xmile_conveyor.xmile").read_text("utf-8")
    text = text.replace("<conveyor><len>4</len></conveyor>", "<conveyor><len>years</len></conveyor>", 1)
    text = text.replace("<variables>", f'<variables><aux name="years"><eqn>{years}</eqn></aux>', 1)
    path = folder / "model.xmile"
    path.write_text(text, "utf-8")
    return path


def test_a_conveyor_takes_another_transit_time_for_each_member(tmp_path: Path):
    model = sd_covid.load(conveyor_of("4", tmp_path))
    run = model.run(pd.DataFrame({"years": [2.0, 4.0, 8.0]}), outputs=["leaving"])
    expected = [200.0, 100.0, 50.0]  # 400 spread over the years
    np.testing.assert_allclose(run["leaving"].sel(time=0), expected, rtol=1e-14)


def test_a_transit_time_beyond_what_is_laid_out_gives_no_number(tmp_path: Path):
    model = sd_covid.load(conveyor_of("4", tmp_path))
    run = model.run(pd.DataFrame({"years": [4.0, 80.0]}), outputs=["school"])
    assert np.isfinite(run["school"].sel(member=0)).all()
    assert np.isnan(run["school"].sel(member=1, time=8))
