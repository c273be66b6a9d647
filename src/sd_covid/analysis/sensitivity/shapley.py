"""Which of the calibrated parameters a difference moves with, where they count as one factor.

In come one outcome a draw and the draws themselves; out come squared rank correlations. The parameters are correlated,
so that a share is not a part of the variance: two that move together both have it. It says where to look.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.policy.types import Floats


def rank_shares(outcome: Floats, draws: pd.DataFrame) -> tuple[tuple[str, float], ...]:
    """Squared Spearman correlation of an outcome with each column, the largest first.

    Parameters
    ----------
    outcome : ndarray, shape (draw,)
    draws : DataFrame, shape (draw, constant)

    Returns
    -------
    tuple of (str, float)
        Name and share, from 0 to 1. Columns that do not vary are left out; empty when the outcome does not vary.
    """
    varying = [name for name in draws if draws[name].nunique() > 1]
    # Differences at the level of rounding have ranks, but no meaning.
    if not varying or np.ptp(outcome) <= 1e-12 * max(1.0, float(np.abs(outcome).max())):
        return ()
    ranks = draws[varying].rank()
    shares = ranks.corrwith(pd.Series(outcome, index=draws.index).rank()) ** 2
    ordered = shares.sort_values(ascending=False, kind="stable")
    return tuple((str(name), float(share)) for name, share in ordered.items())
