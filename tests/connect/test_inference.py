"""A stored posterior in ArviZ. Expected: scipy's densities of the closed form in conftest, and our own loo."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import sd_covid
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.results import FitReport
from sd_covid.calibration.stored.store import Posterior
from sd_covid.calibration.weigh import StoredFit, leave_one_out
from sd_covid.connect import inference_data, inference_tree
from sd_covid.errors import DataError
from tests.connect.conftest import RK4, left

CHAINS, DRAWS = 2, 150
TIMES, FIGURES = np.array([1.0, 2.0, 4.0, 7.0]), np.array([66.0, 53.1, 36.5, 19.0])
FILES = {
    "problem.yaml": (
        "format_version: 2.0.0\nid: decay\n"
        "model_files: {decay: {location: decay.mdl, language: vensim}}\n"
        "parameter_files: [parameters.tsv]\nobservable_files: [observables.tsv]\n"
        "measurement_files: [measurements.tsv]\n"
        "extensions: {sd_covid: {version: '1.0', required: true, observations: {\n"
        "  obs_stock: {aggregation: end, period: 1},\n"
        "  obs_lost: {aggregation: end, period: 1, autocorrelation: rho}}}}\n"
    ),
    "parameters.tsv": (
        "parameterId\tparameterName\testimate\tlowerBound\tupperBound\tnominalValue\tunit\n"
        "rate\tHow fast\ttrue\t0.1\t0.5\t0.2\t1/Month\n"
        "sd\t\ttrue\t0.01\t10\t1\tperson\nrho\t\ttrue\t0\t1\t0.5\t1\n"
    ),
    "observables.tsv": (
        "observableId\tobservableFormula\tnoiseFormula\tunit\n"
        "obs_stock\tstock\tsd\tperson\nobs_lost\tlost\tsd\tperson\n"
    ),
    "measurements.tsv": "observableId\texperimentId\tmeasurement\ttime\tsplit\tperiod\n"
    + "".join(
        f"obs_stock\t\t{figure!r}\t{time!r}\t{'holdout' if time > 5 else 'fit'}\t2020-{int(time):02d}\n"
        for time, figure in zip(TIMES.tolist(), FIGURES.tolist(), strict=True)
    )
    + "obs_lost\t\t15.0\t1\tfit\t\nobs_lost\t\t43.0\t4\tfit\t\n",
}


@pytest.fixture(scope="module")
def fit(decay: sd_covid.Simulation, decay_file: Path, tmp_path_factory: pytest.TempPathFactory) -> StoredFit:
    folder = tmp_path_factory.mktemp("fit")
    for name, text in {**FILES, "decay.mdl": decay_file.read_text()}.items():
        (folder / name).write_text(text)
    rng = np.random.default_rng(1)
    count = CHAINS * DRAWS
    frame = pd.DataFrame(
        {
            "chain": np.repeat(np.arange(CHAINS), DRAWS),
            "draw": np.tile(np.arange(DRAWS), CHAINS),
            "log_posterior": rng.normal(size=count),
            "rate": rng.normal(0.2, 0.003, count),
            "sd": rng.uniform(0.8, 1.2, count),
            "rho": rng.uniform(0.3, 0.6, count),
        }
    )
    stored = Posterior(frame, {"method": "lanes", "model_hash": "0", "data_hash": "0"})
    report = cast(FitReport, None)  # the groups are of the draws alone
    return StoredFit("decay", read_problem(folder / "problem.yaml"), decay, stored, report)


@pytest.fixture(scope="module")
def data(fit: StoredFit) -> az.InferenceData:
    return inference_data(fit)


def test_groups_and_coordinates_are_named(data: az.InferenceData) -> None:
    groups = ["posterior", "posterior_predictive", "log_likelihood", "sample_stats", "observed_data"]
    assert {*groups, "constant_data"} == set(data.groups())
    assert {"rate", "sd", "rho"} == set(data.posterior.data_vars)
    assert {"units": "1/Month", "long_name": "How fast"} == data.posterior["rate"].attrs
    assert ["2020-01", "2020-02", "2020-04", "2020-07"] == data.observed_data[
        "obs_stock_figure"
    ].to_numpy().tolist()
    assert np.array_equal(TIMES, data.observed_data["obs_stock_time"])
    assert np.array_equal(FIGURES, data.observed_data["obs_stock"])
    assert [False, False, False, True] == data.constant_data["obs_stock_holdout"].to_numpy().tolist()
    assert ("chain", "draw", "obs_lost_figure") == data.posterior_predictive["obs_lost"].dims
    assert "lanes" == data.attrs["method"]


def test_the_summary_is_of_the_draws(data: az.InferenceData, fit: StoredFit) -> None:
    found = az.summary(data, var_names=["rate", "sd"], round_to="none")
    expected = fit.posterior.frame[["rate", "sd"]]
    np.testing.assert_allclose(found["mean"], expected.mean(), rtol=1e-12)
    np.testing.assert_allclose(found["sd"], expected.std(), rtol=1e-12)


def test_densities_are_scipy_s_of_the_closed_form(data: az.InferenceData, fit: StoredFit) -> None:
    draws = fit.posterior.frame
    median = left(draws["rate"].to_numpy()[:, None], 80.0, TIMES)
    expected = stats.norm(median, draws["sd"].to_numpy()[:, None]).logpdf(FIGURES)
    found = data.log_likelihood["obs_stock"].to_numpy().reshape(-1, len(TIMES))
    # an error of RK4 times the steepest slope: four standard deviations from the median over the smallest sd
    np.testing.assert_allclose(found, expected, atol=4 / 0.8 * RK4)


def test_leaving_one_out_is_ours_and_that_of_both_observables(data: az.InferenceData, fit: StoredFit) -> None:
    ours = leave_one_out(fit).pointwise
    found = [
        az.loo(data, var_name=name, pointwise=True, reff=1.0).loo_i.to_numpy()
        for name in ("obs_stock", "obs_lost")
    ]
    np.testing.assert_allclose(np.concatenate(found), ours, rtol=1e-9)  # the same weights, summed elsewhere


def test_predictions_are_figures_anew(data: az.InferenceData, fit: StoredFit) -> None:
    found = data.posterior_predictive["obs_stock"].to_numpy().reshape(-1, len(TIMES))
    median = left(fit.posterior.frame["rate"].to_numpy()[:, None], 80.0, TIMES)
    standard = (found - median) / fit.posterior.frame["sd"].to_numpy()[:, None]
    # 1,200 standard normal numbers: a chance of one in a thousand below this
    assert stats.kstest(standard.ravel(), "norm").pvalue > 1e-3
    again = inference_tree(fit, seed=0)["posterior_predictive"]["obs_stock"]
    assert np.array_equal(again, data.posterior_predictive["obs_stock"])  # the same seed, the same noise


def test_the_tree_is_written_and_read_back(fit: StoredFit, tmp_path: Path) -> None:
    tree = inference_tree(fit)
    tree.to_netcdf(tmp_path / "fit.nc")
    found = az.from_netcdf(tmp_path / "fit.nc")
    xr.testing.assert_equal(found.posterior, tree["posterior"].to_dataset())


def test_fewer_draws_are_spread_over_all(fit: StoredFit, data: az.InferenceData) -> None:
    found = inference_tree(fit, draws=3)
    assert [0, 74, 149] == found["posterior"]["draw"].to_numpy().tolist()
    for group in ("posterior", "log_likelihood", "sample_stats"):
        xr.testing.assert_equal(found[group].to_dataset(), data[group].sel(draw=[0, 74, 149]))


def test_a_draw_at_which_the_model_fails_is_told(fit: StoredFit) -> None:
    frame = fit.posterior.frame.assign(sd=-1.0)
    broken = StoredFit(
        "decay", fit.problem, fit.simulator, Posterior(frame, fit.posterior.provenance), fit.report
    )
    with pytest.raises(DataError, match="the model fails at a stored draw"):
        inference_tree(broken)
