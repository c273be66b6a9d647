"""A small study from problem to predictions. Truth: an exponential decay whose figures are drawn here, with noise."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.calibration.forecasts.predict import COLUMNS, predict
from sd_covid.calibration.forecasts.validation import lag_one, theil
from sd_covid.calibration.results import read_report
from sd_covid.calibration.stored.store import read_posterior
from sd_covid.calibration.workflow import CalibrationResult, calibrate, check_stored, load_predictor
from sd_covid.errors import DataError, ProblemError

from .analytic import decay

START, RATE, SD, RHO = 100.0, 0.01, 1.0, 0.6
MONTHS = 48

PROBLEM = """\
format_version: 2.0.0
model_files: {decay: {location: ../decay.mdl, language: vensim}}
parameter_files: [parameters.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
mapping_files: [mapping.tsv]
extensions:
  sd_covid:
    version: "1.0"
    required: true
    observations:
      obs_level: {aggregation: end, period: 1, autocorrelation: rho}
      obs_again: {aggregation: end, period: 1, equivalent_to: obs_level, difference_sd: 0.01}
    processes:
      quarterly: {series: level_q, scale: log, leader: obs_level}
      driver: {series: driver_m}
    origins: ["2017-06", "2018-01"]
    scored: [obs_level]
    observed_drivers: [none]
"""
SERIES = """\
  {id}:
    title: {{nl: "{id}", en: "{id}"}}
    theme: things
    unit: "persons"
    frequency: {frequency}
    kind: {kind}
    definition: plain
    seasonally_adjusted: false
    tier: A
    release_lag: 30
    licence: own
    source: "drawn in the test"
"""
REGISTRY = """\
licences:
  own: {terms: "none", url: ""}
units:
  "persons": {nl: "personen", en: "persons"}
definitions:
  plain: "drawn in the test"
series:
"""


def months(count: int) -> list[str]:
    return [str(p) for p in pd.period_range("2015-01", periods=count, freq="M")]


def truth() -> np.ndarray:
    rng = np.random.default_rng(12)
    noise = np.zeros(MONTHS)
    noise[0] = SD * rng.standard_normal()
    for index in range(1, MONTHS):
        noise[index] = RHO * noise[index - 1] + SD * math.sqrt(1 - RHO**2) * rng.standard_normal()
    return np.round(START * np.exp(-RATE * np.arange(1, MONTHS + 1)) + noise, 6)


def write_study(folder: Path) -> Path:
    figures = truth()
    calibration = folder / "calibration"
    (calibration / "series").mkdir(parents=True)
    (folder / "decay.mdl").write_text("")
    (calibration / "problem.yaml").write_text(PROBLEM)
    (calibration / "parameters.tsv").write_text(
        "parameterId\testimate\tlowerBound\tupperBound\tnominalValue\tpriorDistribution\tpriorParameters\tunit\n"
        "start\ttrue\t1\t1000\t90\tlog-normal\t4.5;0.5\tpersons\nrate\ttrue\t0.001\t0.5\t0.03\tlog-normal\t-4.5;0.5\t1/month\n"
        "sd\ttrue\t0.01\t5\t0.3\tlog-normal\t0;0.7\tpersons\nrho\ttrue\t0\t0.99\t0.5\tnormal\t0.6;0.15\t1\n"
    )
    (calibration / "observables.tsv").write_text(
        "observableId\tobservableFormula\tnoiseFormula\tunit\tseries\n"
        "obs_level\tlevel\tsd\tpersons\tlevel_m\nobs_again\tlevel\tsd\tpersons\tlevel_again_m\n"
    )
    rows = [
        f"obs_level\t\t{value!r}\t{t}\t{'holdout' if t > 39 else 'fit'}\t{period}"
        for t, (value, period) in enumerate(zip(figures.tolist(), months(MONTHS), strict=True), start=1)
    ]
    head = "observableId\texperimentId\tmeasurement\ttime\tsplit\tperiod\n"
    (calibration / "measurements.tsv").write_text(head + "\n".join(rows) + "\n")
    mapping = "petabEntityId\tmodelEntityId\nstart\tinitial level\nrate\tdecay rate\n"
    (calibration / "mapping.tsv").write_text(mapping)
    described = [
        ("level_m", "month", "end"),
        ("level_again_m", "month", "end"),
        ("level_q", "quarter", "mean"),
    ]
    described.append(("driver_m", "month", "mean"))
    texts = [SERIES.format(id=i, frequency=f, kind=k) for i, f, k in described]
    (calibration / "series" / "registry.yaml").write_text(REGISTRY + "".join(texts))
    lines = ["series,period,value,unit,quality,definition,vintage,source_title,source,note"]
    data = {
        "level_m": dict(zip(months(MONTHS), figures, strict=True)),
        "level_again_m": dict(zip(months(MONTHS)[:30], figures[:30], strict=True)),
        "level_q": {
            f"{2015 + q // 4}-Q{q % 4 + 1}": 1000 * figures[3 * q : 3 * q + 3].mean() for q in range(10)
        },
        "driver_m": {p: 5 + math.sin(k) for k, p in enumerate(months(40))},
    }
    for name, values in data.items():
        lines += [
            f"{name},{p},{v!r},persons,measured,plain,,drawn,here,"
            for p, v in ((p, float(v)) for p, v in values.items())
        ]
    (calibration / "series" / "things.csv").write_text("\n".join(lines) + "\n")
    return calibration / "problem.yaml"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CalibrationResult]:
    path = write_study(tmp_path_factory.mktemp("study"))
    return path, calibrate(
        path, simulator=decay(), starts=2, draws=250, tune=150, chains=16, threads=2, seed=1
    )


def test_the_posterior_holds_the_truth_and_says_that_it_converged(
    study: tuple[Path, CalibrationResult],
) -> None:
    _, result = study
    assert result.converged
    assert result.report.not_converged == ()
    truths = {"start": START, "rate": RATE, "sd": SD, "rho": RHO}
    for row in result.report.parameters:
        assert (
            abs(row.mean - truths[row.id]) < 4 * row.sd
        )  # four posterior sds: one seed in 16,000 would fail
        assert row.r_hat <= 1.01
        assert row.ess_bulk >= 400
    assert {row.id: row.constant for row in result.report.parameters}["rate"] == "decay rate"


def test_the_stored_draws_are_small_and_come_back_as_constants_of_the_model(
    study: tuple[Path, CalibrationResult],
) -> None:
    path, result = study
    stored = read_posterior(result.posterior_file)
    assert list(stored.constants.columns) == ["initial level", "decay rate"]
    assert stored.values.shape == (16, 62, 4)
    pd.testing.assert_frame_equal(stored.frame, result.posterior.frame)
    assert result.posterior_file.stat().st_size < 1000 * 7 * 8 + 20_000
    assert path.parent / "posterior.parquet" == result.posterior_file


def test_the_report_comes_back_from_its_file(study: tuple[Path, CalibrationResult]) -> None:
    _, result = study
    found = read_report(result.report_file)
    assert repr(found) == repr(result.report)  # NaN does not equal itself, its text does


def test_hold_out_and_rolling_origins_beat_the_last_value_of_a_decaying_series(
    study: tuple[Path, CalibrationResult],
) -> None:
    _, result = study
    (row,) = result.report.series
    assert (row.points, row.holdout_points) == (48, 9)
    assert row.holdout_rmse < row.holdout_naive
    assert row.theil_bias + row.theil_variance + row.theil_covariance == pytest.approx(1.0)
    (scored,) = result.report.rolling
    assert [item.origin for item in scored.origins] == ["2017-06", "2018-01"]
    assert [len(item.points) for item in scored.origins] == [12, 11]
    assert scored.pooled_rmse < scored.pooled_naive_rmse
    squares = sum((figure - guess) ** 2 for item in scored.origins for _, figure, guess, _ in item.points)
    assert scored.pooled_rmse == pytest.approx(math.sqrt(squares / 23))


def test_stored_draws_match_until_a_figure_changes(study: tuple[Path, CalibrationResult]) -> None:
    path, _ = study
    assert check_stored(path, simulator=decay()).matches
    table = path.parent / "measurements.tsv"
    original = table.read_text()
    first = truth()[0]
    table.write_text(original.replace(repr(first.item()), repr(first.item() + 0.5), 1))
    changed = check_stored(path, simulator=decay())
    table.write_text(original)
    assert not changed.matches
    assert not changed.tables_match
    assert changed.model_matches
    assert changed.largest_difference > 0.1
    assert "tables have changed" in changed.reason


def test_stored_draws_do_not_match_another_model(study: tuple[Path, CalibrationResult]) -> None:
    path, _ = study
    other = decay()
    other.program.drivers = (1.0,)
    found = check_stored(path, simulator=other)
    assert (found.matches, found.tables_match, found.model_matches) == (False, True, False)


def test_predictions_have_a_row_for_every_period_and_ordered_quantiles(
    study: tuple[Path, CalibrationResult],
) -> None:
    path, _ = study
    table = predict(load_predictor(path, simulator=decay()))
    assert tuple(table.columns) == COLUMNS
    assert table.groupby("observableId")["period"].agg(["first", "last", "count"]).to_dict("index") == {
        "obs_level": {"first": "2015-01", "last": "2026-06", "count": 138},
        "obs_again": {"first": "2015-01", "last": "2026-06", "count": 138},
        "quarterly": {"first": "2015-Q1", "last": "2026-Q2", "count": 46},
        "driver": {"first": "2015-01", "last": "2026-06", "count": 138},
    }
    ordered = table[["q05", "q20", "q25", "q35", "median", "q65", "q75", "q80", "q95"]].to_numpy()
    assert np.all(np.diff(ordered, axis=1) >= 0)


def test_forecasts_continue_the_last_residual_and_widen_to_the_stationary_noise(
    study: tuple[Path, CalibrationResult],
) -> None:
    path, result = study
    table = (
        predict(load_predictor(path, simulator=decay()))
        .query("observableId == 'obs_level'")
        .set_index("period")
    )
    best = {row.id: row.mean for row in result.report.parameters}
    last = truth()[-1] - best["start"] * math.exp(-best["rate"] * 48)
    expected = best["start"] * math.exp(-best["rate"] * 49) + best["rho"] * last
    spread = table["q95"] - table["q05"]
    # posterior spread of the mean path and of rho is about a tenth of the noise
    assert table.loc["2019-01", "median"] == pytest.approx(expected, abs=0.3 * SD)
    assert spread["2019-01"] < spread["2019-12"]
    assert spread["2019-12"] == pytest.approx(3.29 * best["sd"], rel=0.25)


def test_equivalent_series_repeat_the_figures_of_their_twin(study: tuple[Path, CalibrationResult]) -> None:
    path, _ = study
    table = (
        predict(load_predictor(path, simulator=decay()))
        .query("observableId == 'obs_again'")
        .set_index("period")
    )
    figure = truth()[40]  # published of the twin only
    assert table.loc["2018-05", "median"] == pytest.approx(figure, abs=0.01)
    assert table.loc["2018-05", "q95"] - table.loc["2018-05", "q05"] == pytest.approx(3.29 * 0.01, rel=0.1)


def test_a_follower_is_known_where_its_leader_is(study: tuple[Path, CalibrationResult]) -> None:
    path, _ = study
    table = (
        predict(load_predictor(path, simulator=decay()))
        .query("observableId == 'quarterly'")
        .set_index("period")
    )
    expected = 1000 * truth()[33:36].mean()  # 2017-Q4, after the follower's own last figure
    assert table.loc["2017-Q4", "median"] == pytest.approx(expected, rel=0.01)


def test_a_series_that_is_not_in_the_registry_is_refused_at_its_row(
    study: tuple[Path, CalibrationResult],
) -> None:
    path, _ = study
    table = path.parent / "observables.tsv"
    original = table.read_text()
    table.write_text(original.replace("level_again_m", "level_agan_m"))
    try:
        with pytest.raises(ProblemError, match="'level_agan_m'") as caught:
            load_predictor(path, simulator=decay())
    finally:
        table.write_text(original)
    assert (Path(caught.value.file or "").name, caught.value.line) == ("observables.tsv", 3)
    assert "'level_again_m'" in (caught.value.advice or "")


def test_without_draws_one_is_told_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run sd-covid calibrate first"):
        check_stored(write_study(tmp_path), simulator=decay())


def test_theil_shares_of_a_pure_shift_are_all_bias() -> None:
    figures = np.array([1.0, 2.0, 4.0, 3.0])
    assert theil(figures, figures + 0.5) == pytest.approx((1.0, 0.0, 0.0))


def test_lag_one_correlation_of_an_alternating_residual_is_near_minus_one() -> None:
    error = np.tile([1.0, -1.0], 50)
    assert lag_one(error) == pytest.approx(-0.99)
