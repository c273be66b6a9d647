"""Predictions of the next release, and their scores, on an exponential decay with remembering noise.

With parameters known, the next figure is normal: mean level + rho residual, sd times sqrt(1 - rho^2).
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sd_covid.calibration.newest.nowcast import (
    LEVELS,
    Nowcast,
    log_file,
    nowcasts,
    quantile_crps,
    read_log,
    scored,
    tallies,
    upcoming,
    with_new,
)
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.stored.store import Posterior, write_posterior
from sd_covid.data import read_registry
from sd_covid.errors import DataError

from .analytic import decay
from .test_workflow import MONTHS, RATE, RHO, SD, START, truth, write_study

TODAY = date(2019, 1, 20)  # the figure of December 2018 is the last; that of January comes on 2 March


def store(path: Path, draws: int = 500) -> None:
    """Draws that all are the truth."""
    names = {"start": START, "rate": RATE, "sd": SD, "rho": RHO}
    frame = pd.DataFrame({name: np.full(draws, value) for name, value in names.items()})
    frame.insert(0, "chain", np.repeat(np.arange(2), draws // 2))
    frame.insert(1, "draw", np.tile(np.arange(draws // 2), 2))
    frame.insert(2, "log_posterior", np.zeros(draws))
    told = {"constants": {"start": "initial level", "rate": "decay rate"}, "best": names}
    write_posterior(Posterior(frame, told), path.parent / "posterior.parquet")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = write_study(tmp_path)
    store(path)
    return path


def of(found: list[Nowcast], name: str) -> Nowcast:
    return next(item for item in found if item.observable == name)


def add_figure(path: Path, series: str, period: str, value: float, vintage: str = "") -> None:
    file = path.parent / "series" / "things.csv"
    lines = file.read_text().splitlines()
    last = max(k for k, line in enumerate(lines) if line.startswith(f"{series},"))
    lines.insert(last + 1, f"{series},{period},{value!r},persons,measured,plain,{vintage},drawn,here,")
    file.write_text("\n".join(lines) + "\n")


def test_the_next_release_is_the_first_that_lies_ahead(study: Path) -> None:
    series = read_registry(study.parent / "series").series("level_m")
    # thirty days after the end of January is 2 March; on that day the figure may be known
    for today, expected in (
        (date(2019, 1, 20), "2019-01"),
        (date(2019, 3, 1), "2019-01"),
        (date(2019, 3, 2), "2019-02"),
    ):
        found = upcoming(series, today)
        assert found is not None
        period, day = found
        assert str(period) == expected
        assert day == period.end_time.date() + timedelta(days=30)
        assert day > today


def test_a_prediction_is_the_normal_that_the_noise_makes_it(study: Path) -> None:
    found = nowcasts(study, TODAY, simulator=decay(), seed=1)
    item = of(found, "obs_level")
    assert (item.series, item.period, item.last_period) == ("level_m", "2019-01", "2018-12")
    assert item.last == truth()[-1]
    level = START * math.exp(-RATE * (MONTHS + 1))
    residual = truth()[-1] - START * math.exp(-RATE * MONTHS)
    mean, sd = level + RHO * residual, SD * math.sqrt(1 - RHO**2)
    # 2,000 paths: 0.022 sd of a mean, 0.047 sd of the outer quantiles; four of these
    assert item.mean == pytest.approx(mean, abs=0.09 * sd)
    assert item.q05 == pytest.approx(mean - 1.645 * sd, abs=0.19 * sd)
    assert item.q95 == pytest.approx(mean + 1.645 * sd, abs=0.19 * sd)
    assert {one.observable for one in found} == {"obs_level", "obs_again", "quarterly", "driver"}
    assert of(found, "quarterly").period == "2018-Q4"  # expected on 30 January


def test_the_score_of_a_normal_prediction_is_the_closed_one() -> None:
    """Gneiting and Raftery (2007, equation 21); fifty quantiles are within one per cent, or 0.002 sd."""
    quantiles = 3.0 + 2.0 * stats.norm.ppf(LEVELS)
    for figure in (-2.0, 1.5, 3.0, 6.0, 12.0):
        z = (figure - 3.0) / 2.0
        score = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi)
        assert quantile_crps(figure, quantiles) == pytest.approx(2.0 * score, rel=0.01, abs=0.004)


def test_the_log_keeps_one_row_for_a_figure_and_its_draws(study: Path) -> None:
    file = log_file(read_problem(study))
    assert file == study.parent / "nowcasts.csv"
    found = nowcasts(study, TODAY, simulator=decay())
    log = with_new(read_log(file), found)
    log.to_csv(file, index=False)
    again = with_new(read_log(file), nowcasts(study, TODAY + timedelta(days=2), simulator=decay()))
    pd.testing.assert_frame_equal(again, read_log(file))
    store(study, draws=400)
    assert len(with_new(again, nowcasts(study, TODAY, simulator=decay()))) == 2 * len(found)


def test_a_figure_that_comes_is_scored_and_stays_so(study: Path) -> None:
    log = with_new(read_log(study.parent / "none.csv"), nowcasts(study, TODAY, simulator=decay(), seed=1))
    registry = read_registry(study.parent / "series")
    same, late = scored(log, registry, TODAY)
    assert late == 0
    assert same.equals(log)
    add_figure(study, "level_m", "2019-01", 61.0, "2019-03-02")
    arrived, late = scored(log, read_registry(study.parent / "series"), date(2019, 3, 5))
    assert late == 0
    row = arrived[arrived["observable"] == "obs_level"].iloc[0]
    said = log[log["observable"] == "obs_level"].iloc[0]
    assert float(row["figure"]) == 61.0
    assert row["scored"] == "2019-03-05"
    sd = SD * math.sqrt(1 - RHO**2)
    z = (61.0 - float(said["mean"])) / sd
    exact = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert float(row["crps"]) == pytest.approx(exact, abs=0.1 * sd)  # of 2,000 paths
    assert row["inside_90"] == str(int(float(said["q05"]) <= 61.0 <= float(said["q95"])))
    assert float(row["error_last"]) == pytest.approx(61.0 - truth()[-1])
    (tally,) = tallies(arrived, registry)
    assert (tally.theme, tally.scored) == ("things", 1)
    spread = (float(said["q75"]) - float(said["q25"])) / 1.349
    assert tally.crps == pytest.approx(float(row["crps"]) / spread)
    assert tally.against_last == pytest.approx(float(row["crps"]) / abs(61.0 - truth()[-1]))
    file = study.parent / "series" / "things.csv"
    file.write_text(file.read_text().replace("2019-01,61.0", "2019-01,55.0"))
    kept, _ = scored(arrived, read_registry(study.parent / "series"), date(2019, 4, 1))
    assert kept.equals(arrived)


@pytest.mark.parametrize(
    ("made", "vintage"),
    [("2019-03-02", ""), ("2019-03-20", ""), ("2019-02-10", "2019-02-10"), ("2019-02-10", "2019-02-01")],
)
def test_what_might_have_been_known_is_never_scored(study: Path, made: str, vintage: str) -> None:
    log = with_new(read_log(study.parent / "none.csv"), nowcasts(study, TODAY, simulator=decay()))
    log = log[log["observable"] == "obs_level"].assign(made=made).reset_index(drop=True)
    add_figure(study, "level_m", "2019-01", 61.0, vintage)
    found, late = scored(log, read_registry(study.parent / "series"), date(2019, 4, 1))
    assert late == 1
    assert found.equals(log)
    assert tallies(found, read_registry(study.parent / "series")) == []


def test_another_table_is_no_log(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("made,observable\n2019-01-01,x\n")
    with pytest.raises(DataError, match="column 'series' is missing"):
        read_log(file)
