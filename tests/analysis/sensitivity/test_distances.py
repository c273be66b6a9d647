"""Distances of given data for all factors at once: equal to SALib's one by one, with intervals that hold replicates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from SALib.analyze import pawn, rsa

from sd_covid.analysis.sensitivity.designs import design
from sd_covid.analysis.sensitivity.distances import Floats, between_regions, half_widths, within_slices
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.indices import Method
from tests.analysis.sensitivity.conftest import ishigami

FACTORS = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}


@pytest.mark.parametrize("ties", [False, True])
def test_distances_are_those_of_salib(ties: bool) -> None:
    x = np.random.default_rng(3).random((300, 3))
    y = ishigami(x)
    if ties:  # as in a resample, and in a quantity that takes few values
        rows = np.random.default_rng(4).integers(0, 300, size=300)
        x, y = np.round(x[rows], 2), np.round(y[rows])
    sliced, regions = within_slices(x, y), between_regions(x, y, 5)
    by_slice = pawn.analyze(FACTORS, x, y)
    for name, reduce in (
        ("minimum", np.nanmin),
        ("mean", np.nanmean),
        ("median", np.nanmedian),
        ("maximum", np.nanmax),
    ):
        np.testing.assert_allclose(reduce(sliced, axis=0), by_slice[name], rtol=1e-12)
    by_region = rsa.analyze(FACTORS, x, y, bins=5, target="Y")
    # Squares of ranks up to 300³ are added before what is nearly as large is taken off.
    np.testing.assert_allclose(
        regions, np.stack([by_region[n] for n in "abc"], axis=1), rtol=1e-8, atol=1e-10
    )


def test_slices_and_regions_without_rows_have_no_distance() -> None:
    x, y = np.zeros((20, 1)), np.arange(20.0)
    assert np.isnan(within_slices(x, y)).all()  # all rows on the edge that belongs to no slice
    assert np.isnan(between_regions(x, np.zeros(20), 5)).all()  # every region is the whole


@pytest.mark.parametrize("distances", [within_slices, lambda x, y: between_regions(x, y, 5)])
def test_intervals_are_as_wide_as_samples_are_apart(
    distances: Callable[[Floats, Floats], Floats],
) -> None:
    """The spread over samples drawn anew is what an interval stands for."""

    def measured(x: Floats, y: Floats) -> dict[str, Floats]:
        return {"largest": distances(x, y).max(axis=0)}

    apart, told = [], []
    for seed in range(30):
        x = np.random.default_rng(seed).random((300, 3))
        y = ishigami(x)
        apart.append(measured(x, y)["largest"])
        told.append(half_widths(measured, x, y, resamples=25, coverage=0.9, seed=seed)["largest"])
    # 90 % of a normal distribution. A deviation of 30 samples is known to 13 %, and resamples are a little further
    # apart: rows that come twice make distributions coarser.
    ratio = np.mean(told, axis=0) / (1.645 * np.std(apart, axis=0, ddof=1))
    assert (ratio > 0.7).all(), ratio
    assert (ratio < 1.6).all(), ratio


@pytest.mark.parametrize("method", ["pawn", "regional"])
def test_without_resamples_there_are_no_intervals(method: Method) -> None:
    points = design(method, ["a", "b", "c"], 128, seed=1)
    found = estimate(points, ishigami(points.points)[:, None], np.ones(128, bool), np.zeros(1), seed=1).of(0)
    assert np.isnan(found.leading_half_width).all()
    assert np.isfinite(found.leading).all()
