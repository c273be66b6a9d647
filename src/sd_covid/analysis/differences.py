"""How far two runs of a model are apart, variable by variable.

In go two tables of results; out comes the largest difference of every variable, as a share of its size, and its time.
What is too far is for `sd_covid.analysis.verification` and `sd_covid.analysis.step_size`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.errors import RunError
from sd_covid.model.names import key


def largest_difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Largest difference of every column that both tables have, at the times of the first.

    Parameters
    ----------
    ours, theirs : DataFrame
        Index: time. Columns are matched as names in a model are.

    Returns
    -------
    DataFrame
        Index: column of `ours`. ``difference``: as a share of its largest finite absolute value there (1 where that is
        0); infinite where one is NaN or infinite and the other is not the same. ``time``: where it is largest.

    Raises
    ------
    RunError
        When `theirs` lacks a time of `ours`.
    """
    times = ours.index.to_numpy(dtype=np.float64)
    rows = _rows(times, theirs.index.to_numpy(dtype=np.float64))
    names = {_plain(column): column for column in theirs}
    found = {}
    for column in ours:
        other = names.get(_plain(column))
        if other is None:
            continue
        mine, yours = ours[column].to_numpy(), theirs[other].to_numpy(dtype=np.float64)[rows]
        size = np.abs(mine[np.isfinite(mine)]).max(initial=0.0) or 1.0
        same = (mine == yours) | (np.isnan(mine) & np.isnan(yours))
        with np.errstate(invalid="ignore"):
            gap = np.where(same, 0.0, np.abs(mine - yours) / size)
        gap = np.where(np.isnan(gap), np.inf, gap)
        found[column] = (float(gap.max()), float(times[gap.argmax()]))
    return pd.DataFrame.from_dict(found, orient="index", columns=["difference", "time"])


def _rows(times: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Positions of times among others, equal but for rounding."""
    rows = np.clip(np.searchsorted(among, times), 0, len(among) - 1)
    before = np.maximum(rows - 1, 0)
    rows = np.where(np.abs(among[before] - times) < np.abs(among[rows] - times), before, rows)
    if not np.allclose(among[rows], times, rtol=1e-9, atol=1e-9):
        raise RunError(
            "the two runs were not saved at the same times", advice="make SAVEPER a multiple of TIME STEP"
        )
    return rows


def _plain(column: object) -> str:
    """Canonical form of ``name[Element A, Element B]``."""
    name, _, elements = str(column).partition("[")
    return "\0".join([key(name), *(key(item) for item in elements.rstrip("]").split(",") if item)])
