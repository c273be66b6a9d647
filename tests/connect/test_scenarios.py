"""Results in pyam. Expected: the closed form in conftest, and what pyam itself reads.

pyam holds with pandas below 3, so it is not among what the tests install, and what it reads is checked by its rules as
its pages give them (https://pyam-iamc.readthedocs.io/en/stable/data.html): the columns, one value for each row of the
index, no gap, and a sheet named ``data``. With pyam itself: ``pytest tests/connect/with_pyam.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid
from tests.connect.conftest import RK4, left

INDEX = ["model", "scenario", "region", "variable", "unit", "year"]


@pytest.fixture(scope="module")
def run(dated: sd_covid.Simulation) -> object:
    return dated.run(pd.DataFrame({"rate": [0.1, 0.2]}), ["stock", "lost"])


def test_a_run_is_a_table_as_pyam_reads_one(run: object, tmp_path: Path) -> None:
    found = sd_covid.to_iamc(run, yearly=True, scenario="actual")
    assert [*INDEX, "draw", "value"] == list(found)
    assert len(found) == 2 * 2 * 2 == len(found.drop_duplicates([*INDEX, "draw"]))
    assert found.notna().all(axis=None)
    assert {("sd-covid town", "actual", "Netherlands", "person")} == set(
        found[["model", "scenario", "region", "unit"]].itertuples(index=False, name=None)
    )
    end = found.query("variable == 'stock' and year == 2021")["value"].to_numpy()  # January 2022 is month 25
    np.testing.assert_allclose(end, left(np.array([0.1, 0.2]), 80.0, 25.0), atol=3 * RK4)
    found.to_excel(tmp_path / "data.xlsx", sheet_name="data", index=False)
    pd.testing.assert_frame_equal(pd.read_excel(tmp_path / "data.xlsx", "data", engine="openpyxl"), found)
