"""Sobol indices against closed forms, and number for number against SALib.

Ishigami & Homma 1990; Sobol's G, prod (|4 x - 2| + a) / (1 + a), whose partial variances are 1/3 / (1 + a)² (Saltelli &
Sobol 1995); SALib one quantity at a time.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from SALib.analyze import sobol as salib

from sd_covid.analysis.sensitivity.convergence import converged
from sd_covid.analysis.sensitivity.designs import Design, design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.indices import COVERAGE, Indices
from sd_covid.errors import RunError
from tests.analysis.sensitivity.conftest import FIRST, TOTAL, V1, V2, V13, ishigami

G = np.array([0.0, 1.0, 4.5, 9.0, 99.0])


def sobol_g(points: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4 * points - 2) + G) / (1 + G), axis=1)


def made(factors: int, samples: int, seed: int = 1, *, second_order: bool = False) -> Design:
    return design("sobol", [f"f{k}" for k in range(factors)], samples, seed, second_order=second_order)


def found(
    points: Design, values: np.ndarray, kept: np.ndarray | None = None, resamples: int = 100
) -> Indices:
    values = values if values.ndim == 2 else values[:, None]
    kept = np.ones(points.blocks, bool) if kept is None else kept
    noise = 1e-12 * np.abs(np.nan_to_num(values)).max(axis=0)
    return estimate(points, values, kept, noise, seed=1, resamples=resamples)


def test_ishigami_lies_within_its_limits() -> None:
    points = made(3, 2048)
    indices = found(points, ishigami(points.points)).of(0)
    # A Sobol design beats a random one, so a 90 % interval for random blocks holds the truth with room to spare.
    assert (np.abs(indices.values["first"] - FIRST) < indices.half_widths["first"] + 1e-3).all()
    assert (np.abs(indices.values["total"] - TOTAL) < indices.half_widths["total"] + 1e-3).all()
    assert (indices.half_widths["total"] < 0.06).all()
    np.testing.assert_allclose(V1 + V2 + V13, indices.variance, rtol=0.02)


def test_sobol_g_lies_within_its_limits() -> None:
    points = made(5, 2048)
    indices = found(points, sobol_g(points.points)).of(0)
    part = 1 / 3 / (1 + G) ** 2
    whole = np.prod(1 + part) - 1
    total = part * np.array([np.prod(1 + np.delete(part, k)) for k in range(5)]) / whole
    assert (np.abs(indices.values["first"] - part / whole) < indices.half_widths["first"] + 1e-3).all()
    assert (np.abs(indices.values["total"] - total) < indices.half_widths["total"] + 1e-3).all()


def test_the_second_order_of_ishigami_is_its_one_interaction() -> None:
    points = made(3, 2048, second_order=True)
    indices = found(points, ishigami(points.points)).of(0)
    assert indices.pairs is not None
    assert indices.pair_half_widths is not None
    upper = np.triu_indices(3, 1)
    exact = np.array([0.0, V13 / (V1 + V2 + V13), 0.0])
    assert (np.abs(indices.pairs[upper] - exact) < indices.pair_half_widths[upper] + 1e-3).all()
    assert np.isnan(indices.pairs[np.tril_indices(3)]).all()


@pytest.mark.parametrize("second_order", [False, True])
def test_every_number_is_salibs(second_order: bool) -> None:
    points = made(3, 256, second_order=second_order)
    rng = np.random.default_rng(0)
    # Forty quantities, with levels a thousand times their spread among them.
    values = ishigami(points.points)[:, None] * rng.uniform(0.1, 3, 40) + points.points @ rng.normal(
        size=(3, 40)
    )
    values += np.where(np.arange(40) % 2, 1e3, 0.0)
    indices = found(points, values, resamples=50)
    for quantity in range(0, 40, 7):
        told = salib.analyze(
            points.problem, values[:, quantity].copy(), calc_second_order=second_order, num_resamples=50,
            conf_level=COVERAGE, seed=2,
        )  # fmt: skip
        mine = indices.of(quantity)
        for name, key in (("first", "S1"), ("total", "ST")):
            # Rounding of levels a thousand times the spread, squared, leaves eleven digits.
            np.testing.assert_allclose(mine.values[name], told[key], rtol=1e-10, atol=1e-10)
            np.testing.assert_allclose(mine.half_widths[name], told[f"{key}_conf"], rtol=1e-9, atol=1e-10)
        if second_order:
            np.testing.assert_allclose(mine.pairs, told["S2"], rtol=1e-9, atol=1e-10)
            np.testing.assert_allclose(mine.pair_half_widths, told["S2_conf"], rtol=1e-9, atol=1e-10)


def test_groups_are_salibs_too() -> None:
    points = design("sobol", ["a", "b", "a", "c"], 128, 3)
    values = ishigami(points.points[:, [0, 1, 3]]) + points.points[:, 2]
    indices = found(points, values).of(0)
    told = salib.analyze(
        points.problem, values, calc_second_order=False, num_resamples=100, conf_level=COVERAGE, seed=2
    )
    assert (3,) == indices.leading.shape
    np.testing.assert_allclose(indices.values["total"], told["ST"], rtol=1e-10)
    np.testing.assert_allclose(indices.half_widths["first"], told["S1_conf"], rtol=1e-9)


def test_single_precision_from_a_value_nearby_is_fine_enough() -> None:
    points = made(3, 512)
    values = ishigami(points.points)
    near = (values - values[0]).astype(np.float32)
    one, two = found(points, values).of(0), found(points, near[:, None]).of(0)
    # 2⁻²⁴ of the range, against a spread a few times smaller.
    np.testing.assert_allclose(one.leading, two.leading, atol=1e-6)


def test_a_failed_run_takes_its_block_out_where_salib_alone_would_answer_nothing() -> None:
    points = made(3, 1024)
    values = ishigami(points.points)
    values[[7, 5 * 100 + 2, 5 * 100 + 3]] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = salib.analyze(points.problem, values.copy(), calc_second_order=False, seed=2)
    # Zeros, with intervals of zero, or NaN: SALib does not say that anything is wrong.
    assert not np.nan_to_num(
        np.concatenate([alone["S1"], alone["ST"], alone["S1_conf"], alone["ST_conf"]])
    ).any()
    kept = points.sound(np.isfinite(values))
    assert [1, 100] == np.flatnonzero(~kept).tolist()
    indices = found(points, values, kept)
    assert 1022 == indices.blocks
    np.testing.assert_allclose(TOTAL, indices.leading[:, 0], atol=0.04)
    whole = values.reshape(-1, 5)[kept].ravel()
    without = salib.analyze(
        points.problem, whole, calc_second_order=False, num_resamples=100, conf_level=COVERAGE, seed=2
    )
    np.testing.assert_allclose(indices.leading[:, 0], without["ST"], rtol=1e-10)


def test_what_does_not_vary_has_no_indices() -> None:
    points = made(2, 64)
    values = np.stack([np.full(256, 3.0), 1e6 + 1e-7 * points.points[:, 0], points.points[:, 0]], axis=1)
    indices = found(points, values)
    assert np.isnan(indices.leading[:, :2]).all()
    assert np.isnan(indices.half_widths["first"][:, :2]).all()
    np.testing.assert_allclose(indices.leading[:, 2], [1.0, 0.0], atol=0.02)


def test_the_bits_do_not_depend_on_the_parts_or_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    points = made(3, 64)
    values = ishigami(points.points)[:, None] * np.arange(1.0, 9.0) + points.points @ np.ones((3, 8))
    whole = found(points, values)
    monkeypatch.setenv("SD_COVID_THREADS", "2")
    again = found(points, values)
    np.testing.assert_array_equal(whole.leading, again.leading)
    np.testing.assert_array_equal(whole.leading_half_width, again.leading_half_width)
    monkeypatch.setattr("sd_covid.analysis.sensitivity.sobol._PART", 64 * 5 * 3)
    # A product of other shape may add in another order.
    np.testing.assert_allclose(whole.leading, found(points, values).leading, rtol=1e-12)


def test_convergence_sets_parts_beside_the_whole() -> None:
    points = made(3, 512)
    values = ishigami(points.points)[:, None]
    kept = np.ones(512, bool)
    whole = found(points, values)
    steps = converged(points, values, kept, np.zeros(1), whole, seed=1)
    assert (32, 64, 128, 256, 512) == steps.blocks
    smaller = made(3, 512).points.reshape(512, 5, 3)[:256].reshape(-1, 3)
    half = salib.analyze(points.problem, ishigami(smaller), calc_second_order=False, seed=2)
    np.testing.assert_allclose(steps.leading[3, :, 0], half["ST"], rtol=1e-10)
    np.testing.assert_allclose(steps.drift, [np.abs(half["ST"] - whole.leading[:, 0]).max()], rtol=1e-9)


def test_too_little_to_estimate_from_is_refused() -> None:
    points = made(2, 4)
    with pytest.raises(RunError, match="fewer than two blocks"):
        found(points, np.zeros(16), np.array([True, False, False, False]))
