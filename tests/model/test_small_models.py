"""The models of ``tests/models``: each has its line in PROVENANCE.md, and gives the values that it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import sd_covid

FOLDER = Path(__file__).parents[1] / "models"
MODELS = sorted(FOLDER.glob("*.mdl"))
_VALUE = re.compile(r"Value: (-?[\d.]*\d)\.(?:\s|$)")
#: Where a documented value is rounded, by at most a few units in the last place.
ROUNDING = 1e-14


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_values_are_those_of_the_documentation(path: Path):
    simulation = sd_covid.load(path)
    run = simulation.run()
    for variable in simulation.model.variables.values():
        assert variable.documentation, f"{variable.name} says nothing"
        said = _VALUE.search(variable.documentation)
        if said is not None:
            values = run[variable.name].to_numpy()
            expected = np.full(values.shape, float(said[1]))
            np.testing.assert_allclose(values, expected, rtol=ROUNDING, atol=0, err_msg=variable.name)


def test_every_file_has_its_provenance():
    told = set(re.findall(r"`(\w+\.(?:mdl|csv))`", (FOLDER / "PROVENANCE.md").read_text("utf-8")))
    assert told == {path.name for path in FOLDER.iterdir() if path.suffix in {".mdl", ".csv"}}


def test_enough_values_are_documented():
    texts = [path.read_text("utf-8") for path in MODELS]
    assert sum(len(_VALUE.findall(text)) for text in texts) >= 70
