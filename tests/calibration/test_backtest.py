"""Forecasts from earlier months, of a small study whose later figures are known here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.calibration.forecasts.benchmarks import last_value
from sd_covid.calibration.validity.backtest import backtest, by_series, summary
from sd_covid.calibration.workflow import load_predictor
from sd_covid.errors import RunError

from .analytic import decay
from .test_validity_study import write_draws
from .test_workflow import write_study

ORIGIN = "2017-06"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = write_study(tmp_path_factory.mktemp("study"))
    write_draws(found)
    return found


@pytest.fixture(scope="module")
def found(path: Path) -> pd.DataFrame:
    return backtest(load_predictor(path, simulator=decay()), [ORIGIN])


def test_only_figures_after_the_origin_are_forecast_and_all_of_them(found: pd.DataFrame, path: Path) -> None:
    predictor = load_predictor(path, simulator=decay())
    for name, rows in found.groupby("observableId"):
        target = predictor.targets[str(name)]
        later = (target.ends > 30) & ~np.isnan(target.figures)
        assert rows["figure"].tolist() == target.figures[later].tolist()
        known = ~np.isnan(target.figures) & ~later
        assert set(rows["last value"]) == {target.figures[known][-1]}
        assert (rows["known"] == known.sum()).all()


def test_figures_after_the_origin_do_not_change_a_forecast(found: pd.DataFrame, path: Path) -> None:
    predictor = load_predictor(path, simulator=decay())
    for target in predictor.targets.values():
        target.figures[target.ends > 30] *= 3.0
    changed = backtest(predictor, [ORIGIN])
    pd.testing.assert_series_equal(found["median"], changed["median"])
    later = predictor.paths("driver").path[:, predictor.targets["driver"].ends == 36]
    assert np.median(later) > 2 * found[found["observableId"] == "driver"]["figure"].iloc[5]


def test_months_after_which_no_series_goes_on_are_refused(path: Path) -> None:
    with pytest.raises(RunError, match="no series goes on after these months"):
        backtest(load_predictor(path, simulator=decay()), ["2035-01"])


def test_scores_are_those_written_out_by_hand(found: pd.DataFrame) -> None:
    scores = by_series(found)
    rows = found[found["observableId"] == "driver"]
    row = scores.loc[(ORIGIN, "driver")]
    figures = rows["figure"].to_numpy()
    error = np.mean(np.abs(rows["median"].to_numpy() - figures))
    naive = np.mean(np.abs(rows["last value"].to_numpy() - figures))
    seasonal = np.mean(np.abs(rows["seasonal naive"].to_numpy() - figures))
    assert row["error"] == pytest.approx(error, rel=1e-12)
    assert row["ratio"] == pytest.approx(error / min(naive, seasonal), rel=1e-12)
    assert row["beats"] == float(error < min(naive, seasonal))
    inside = (rows["q05"].to_numpy() <= figures) & (figures <= rows["q95"].to_numpy())
    assert row["covered 90"] == pytest.approx(inside.mean())
    total = summary(scores, ["by"])
    assert total["series"].sum() == len(scores)
    assert total.loc["history", "beats"] == scores[scores["by"] == "history"]["beats"].mean()


def test_the_walk_beside_it_has_the_score_of_its_draws(found: pd.DataFrame, path: Path) -> None:
    rows = found[found["observableId"] == "driver"]
    target = load_predictor(path, simulator=decay()).targets["driver"]
    known = ~np.isnan(target.figures) & (target.ends <= 30)
    spread = np.sqrt(np.mean(np.diff(target.figures[known]) ** 2 / np.diff(target.ends[known])))
    z = np.random.default_rng(0).standard_normal(200_000)
    last = last_value(target.ends[known], target.figures[known], rows["ahead"].to_numpy(), 1.0)
    for place in (0, len(rows) - 1):
        walk = last[place] + spread * np.sqrt(rows["ahead"].iloc[place]) * z
        expected = np.mean(np.abs(walk - rows["figure"].iloc[place])) - 0.5 * np.mean(
            np.abs(walk - np.roll(walk, 1))
        )
        # the score of 200,000 draws has a standard error of a few thousandths
        assert rows["crps walk"].iloc[place] == pytest.approx(expected, rel=0.02)
