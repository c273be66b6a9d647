"""Results in pyam, with pyam itself: run it in an environment that has pyam, which holds with pandas below 3.

    pip install . pytest pyam-iamc "sqlalchemy<2.1"
    pytest tests/connect/with_pyam.py -W default

What pyam rests on warns of things of its own, hence the option. The file's name keeps it out of the suite, whose locked
pandas is newer than pyam allows.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyam

import sd_covid
from sd_covid.connect import to_pyam


def test_pyam_reads_it_writes_a_workbook_and_reads_it_back(
    dated: sd_covid.Simulation, tmp_path: Path
) -> None:
    run = dated.run(pd.DataFrame({"rate": [0.1, 0.2]}), ["stock", "lost"])
    found = to_pyam(run, scenario="actual")
    assert ["Netherlands"] == found.region
    assert ["lost", "stock"] == found.variable
    assert ["draw"] == found.extra_cols
    found.to_excel(tmp_path / "out.xlsx")
    assert pyam.IamDataFrame(tmp_path / "out.xlsx").equals(found)
    sd_covid.to_iamc(run, yearly=True, scenario="actual").to_excel(
        tmp_path / "data.xlsx", sheet_name="data", index=False
    )
    assert pyam.IamDataFrame(tmp_path / "data.xlsx").equals(found)
    assert "datetime" == to_pyam(run, yearly=False).time_domain
