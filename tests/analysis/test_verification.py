"""Differences between two runs, on tables whose differences are known by construction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.differences import largest_difference
from sd_covid.errors import RunError


def a_table(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=[0.0, 1.0, 2.0])


def test_difference_is_a_share_of_the_largest_value_and_has_its_time() -> None:
    found = largest_difference(a_table(x=[0.0, 50.0, 100.0]), a_table(x=[0.0, 49.0, 100.0]))
    assert [(0.01, 1.0)] == list(found.loc[["x"]].itertuples(index=False, name=None))


def test_columns_are_matched_as_names_in_a_model_are() -> None:
    ours = pd.DataFrame({"Rate_of Change[Youth,At Risk]": [1.0]}, index=[0.0])
    theirs = pd.DataFrame({"rate of change[youth, at_risk]": [1.5], "more": [0.0]}, index=[0.0])
    assert {"Rate_of Change[Youth,At Risk]": 0.5} == largest_difference(ours, theirs)["difference"].to_dict()


def test_nan_and_infinity_are_equal_to_themselves_only() -> None:
    ours = a_table(same=[1.0, np.nan, np.inf], nan=[1.0, np.nan, 1.0], sign=[1.0, 1.0, np.inf])
    theirs = a_table(same=[1.0, np.nan, np.inf], nan=[1.0, 1.0, 1.0], sign=[1.0, 1.0, -np.inf])
    found = largest_difference(ours, theirs)
    assert {"same": 0.0, "nan": np.inf, "sign": np.inf} == found["difference"].to_dict()
    assert {"nan": 1.0, "sign": 2.0} == found["time"][["nan", "sign"]].to_dict()


def test_a_run_saved_more_often_is_compared_at_our_times() -> None:
    often = pd.DataFrame({"x": np.arange(0.0, 21.0)}, index=np.arange(21) / 10)
    assert [0.0] == largest_difference(a_table(x=[0.0, 10.0, 20.0]), often)["difference"].tolist()


def test_a_run_that_lacks_our_times_is_refused() -> None:
    with pytest.raises(RunError, match="not saved at the same times"):
        largest_difference(a_table(x=[0.0, 1.0, 2.0]), pd.DataFrame({"x": [0.0, 1.5]}, index=[0.0, 1.5]))
