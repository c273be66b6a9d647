"""Squared rank correlations against their closed form for normal variables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.attribution import rank_shares


def test_the_share_is_that_of_a_normal_sum() -> None:
    # y = 3 a + 2 b + c: Pearson's r is 3/√14 and so on, Spearman's is 6/π asin(r/2) (Kruskal 1958).
    rng = np.random.default_rng(5)
    draws = pd.DataFrame(rng.standard_normal((20_000, 4)), columns=["c", "a", "b", "idle"])
    found = rank_shares((3 * draws["a"] + 2 * draws["b"] + draws["c"]).to_numpy(), draws)
    assert ["a", "b", "c", "idle"] == [name for name, _ in found]
    for (_, share), weight in zip(found, (3, 2, 1, 0), strict=True):
        expected = (6 / math.pi * math.asin(weight / math.sqrt(14) / 2)) ** 2
        # Three times the sampling error of a squared correlation from 20,000 draws, 2 r (1 - r²) / √n at most 0.0055.
        assert expected == pytest.approx(share, abs=0.017)


def test_a_rank_does_not_depend_on_the_scale() -> None:
    draws = pd.DataFrame({"a": [0.1, 0.2, 0.4, 0.8]})
    assert (("a", 1.0),) == rank_shares(np.exp(-9 * draws["a"].to_numpy()), draws)


def test_what_does_not_vary_has_no_share() -> None:
    draws = pd.DataFrame({"a": [1.0, 2.0, 3.0], "fixed": [1.0, 1.0, 1.0]})
    assert ["a"] == [name for name, _ in rank_shares(np.array([3.0, 1.0, 2.0]), draws)]
    assert () == rank_shares(np.array([1e6, 1e6, 1e6 + 1e-8]), draws)
    assert () == rank_shares(np.array([1.0, 2.0, 3.0]), draws[["fixed"]])
