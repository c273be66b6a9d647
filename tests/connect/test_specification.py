"""SALib's ProblemSpec on the kernel. Expected: the closed form of a product, and this package's own indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from SALib import ProblemSpec

import sd_covid
from sd_covid.analysis.sensitivity.designs import design
from sd_covid.analysis.sensitivity.factors import parameters, range_factor
from sd_covid.analysis.sensitivity.indices import COVERAGE
from sd_covid.analysis.sensitivity.sobol import sobol_indices
from sd_covid.connect import problem_spec
from sd_covid.errors import SdCovidError
from sd_covid.policy.catalogue.ranges import Range
from tests.connect.conftest import END

SPANS = {"rate": Range(0.1, 0.5, 0.2, "log-uniform"), "start": Range(50.0, 100.0, 80.0, "triangular")}


def test_the_kernel_s_own_sobol_indices_come_out_of_salib(decay: sd_covid.Simulation) -> None:
    seed = 3
    spec = problem_spec(decay, SPANS, ["stock", "lost"])
    spec.sample_sobol(128, calc_second_order=False, seed=np.random.default_rng(seed)).evaluate(decay)
    spec.analyze_sobol(calc_second_order=False, seed=seed, num_resamples=50, conf_level=COVERAGE)

    own = design("sobol", list(SPANS), 128, seed)
    frame = parameters([range_factor(*item) for item in SPANS.items()], own.points)
    found = decay.run(frame, ["stock", "lost"], over_time=["final"])
    values = np.column_stack([found[name].to_numpy()[:, 0] for name in ("stock", "lost")])
    every = np.ones(own.blocks, dtype=bool)
    expected = sobol_indices(own, values, every, np.zeros(2), seed=seed, resamples=50)
    # the same sums in another order, of points that scipy's quantiles give to a few units in the last place
    for place, output in enumerate(("stock", "lost")):
        told = spec.analysis[output]
        np.testing.assert_allclose(told["S1"], expected.values["first"][:, place], atol=1e-9)
        np.testing.assert_allclose(told["ST"], expected.values["total"][:, place], atol=1e-9)
        np.testing.assert_allclose(told["ST_conf"], expected.half_widths["total"][:, place], atol=1e-9)


def test_indices_are_those_of_a_product_of_independent_factors(decay: sd_covid.Simulation) -> None:
    """stock(T) = start exp(-rate T): with means m and variances v, V = v1 v2 + v1 m2² + m1² v2, and S1 = v1 m2² / V."""
    spec = problem_spec(decay, ["rate", "start"], ["stock"])
    spec.sample_sobol(1024, calc_second_order=False, seed=1).evaluate().analyze_sobol(
        calc_second_order=False, num_resamples=2
    )
    a, b = 0.1 * END, 0.5 * END
    mean, square = ((np.exp(-k * a) - np.exp(-k * b)) / (k * (b - a)) for k in (1, 2))
    spread = square - mean**2
    start, variance = 75.0, 50.0**2 / 12
    whole = spread * variance + spread * start**2 + variance * mean**2
    expected = [spread * start**2 / whole, variance * mean**2 / whole]
    # a scrambled Sobol sequence of 1,024 points errs by less than a tenth of what 1,024 random ones would
    np.testing.assert_allclose(spec.analysis["S1"], expected, atol=0.1 * 3 / np.sqrt(1024))
    assert isinstance(spec, ProblemSpec)


def test_other_methods_and_functions_of_salib_work_as_ever(decay: sd_covid.Simulation) -> None:
    spec = problem_spec(decay, ["rate", "start"], ["stock"], over_time="max")
    spec.sample_morris(20, seed=1).evaluate(decay).analyze_morris()
    # the most there is, is what there is at the start
    assert spec.analysis["mu_star"][0] == 0.0
    assert spec.analysis["mu_star"][1] == pytest.approx(50.0)  # over the whole range of the factor
    spec.sample_latin(50, seed=1).evaluate(lambda rows: rows.sum(axis=1))
    assert np.array_equal(spec.results, spec.samples.sum(axis=1))


@pytest.mark.parametrize(
    "span",
    [
        Range(0.1, 0.5, 0.2, "uniform"),
        *SPANS.values(),
        Range(0.1, 0.5, 0.3, "normal"),
        Range(0.1, 0.5, 0.3, "normal", cut=(0.1, 0.5)),
        Range(0.1, 0.5, 0.2, "log-normal"),
    ],
)
def test_salib_samples_the_ranges_of_the_evidence(decay: sd_covid.Simulation, span: Range) -> None:
    from SALib.sample import sobol

    unit = problem_spec(decay, {"rate": (0.0, 1.0), "start": (0.0, 1.0)}, ["stock"])
    spec = problem_spec(decay, {"rate": span, "start": (0.0, 1.0)}, ["stock"])
    points = sobol.sample(unit, 8, seed=1)[:, 0]
    np.testing.assert_allclose(sobol.sample(spec, 8, seed=1)[:, 0], span.quantile(points), rtol=1e-9)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((["rat"], ["stock"]), "did you mean 'rate'"),
        (([], ["stock"]), "nothing varies"),
        ((["rate"], ["stok"]), "did you mean 'stock'"),
        (
            ({"rate": Range(-3.0, -1.0, -2.0, "triangular")}, ["stock"]),
            "triangular from -3 to -1; give its low",
        ),
    ],
)
def test_what_cannot_be_sampled_is_refused(decay: sd_covid.Simulation, asked: Any, told: str) -> None:
    with pytest.raises(SdCovidError, match=told):
        problem_spec(decay, *asked)


def test_a_run_that_fails_is_no_number_among_others(decay: sd_covid.Simulation) -> None:
    spec = problem_spec(decay, {"rate": (-1e300, 0.1), "start": (50, 100)}, ["stock"])
    with pytest.raises(SdCovidError, match="there is no sample yet"):
        spec.evaluate(decay)
    with pytest.raises(SdCovidError, match="of 8 runs do not stay finite, the first with rate = -"):
        spec.sample_latin(8, seed=1).evaluate(decay)
