"""The newest figure beside its band, on an exponential decay with remembering noise and draws that are the truth.

Of a figure all figures before it say: normal, with mean level + rho residual and sd times sqrt(1 - rho^2).
"""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sd_covid.calibration.newest.outlook import Expected, Outlook, expected_outside, outlook
from sd_covid.calibration.newest.outlook_changes import changes_in_files, changes_since, read_look, record
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.stored.seen import record as record_of_figures
from sd_covid.calibration.stored.store import Posterior, read_posterior, write_posterior
from sd_covid.errors import DataError

from .analytic import decay
from .test_nowcast import add_figure, store
from .test_workflow import MONTHS, RATE, RHO, SD, START, truth, write_study

TODAY = date(2019, 1, 20)  # the figure of January 2019 is expected on 2 March


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = write_study(tmp_path)
    store(path)
    file = path.parent / "posterior.parquet"
    stored = read_posterior(file)
    told = stored.provenance | record_of_figures(read_problem(path)) | {"model_hash": "of the decay"}
    write_posterior(Posterior(stored.frame, told), file)
    return path


def looked(study: Path, today: date = TODAY) -> Outlook:
    return outlook(study, today, simulator=decay(), seed=1)


def of(found: Outlook, name: str) -> Expected:
    return next(item for item in found.series if item.observable == name)


def level(month: int) -> float:
    return START * math.exp(-RATE * month)


def band(month: int, before: float) -> tuple[float, float, float]:
    """Exact 5 %, 50 % and 95 % of the figure of a month, given that of the month before."""
    mean, sd = level(month) + RHO * (before - level(month - 1)), SD * math.sqrt(1 - RHO**2)
    return mean - 1.645 * sd, mean, mean + 1.645 * sd


def test_the_band_of_the_newest_and_the_next_is_that_of_the_noise(study: Path) -> None:
    item = of(looked(study), "obs_level")
    figures, new = truth().tolist(), SD * math.sqrt(1 - RHO**2)
    assert (item.newest.period, item.newest.figure, item.next.period) == ("2018-12", figures[-1], "2019-01")
    assert item.next.point is not None
    for point, month, before in (
        (item.newest, MONTHS, figures[-2]),
        (item.next.point, MONTHS + 1, figures[-1]),
    ):
        # 2,000 paths: the outer quantiles are within 0.047 sd, the median within 0.028; four of these
        exact = band(month, before)
        assert (point.low_90, point.high_90) == pytest.approx((exact[0], exact[2]), abs=0.19 * new)
        assert point.median == pytest.approx(exact[1], abs=0.12 * new)
    assert math.isnan(item.next.point.figure)
    assert (item.next.due, item.next.overdue) == (date(2019, 3, 2), False)
    assert of(looked(study, date(2019, 3, 3)), "obs_level").next.overdue


def test_a_figure_that_came_later_is_judged_before_the_draws_see_it(study: Path) -> None:
    """It is in the series and not in the table of measurements, as after a refresh."""
    assert of(looked(study), "obs_level").seen
    exact = band(MONTHS + 1, float(truth()[-1]))
    for value, side in ((exact[2] + SD, "above"), (exact[0] - SD, "below"), (exact[1], "on")):
        figure = round(value, 6)
        add_figure(study, "level_m", "2019-01", figure)
        item = of(looked(study), "obs_level")
        assert (item.newest.period, item.newest.figure) == ("2019-01", figure)
        assert (item.side, item.seen) == (side, False)
        assert item.since == ("" if side == "on" else "2019-01")
        file = study.parent / "series" / "things.csv"
        lines = [line for line in file.read_text().splitlines() if not line.startswith("level_m,2019-01")]
        file.write_text("\n".join(lines) + "\n")


def test_a_run_outside_is_told_from_where_it_began(study: Path) -> None:
    """Residuals of 10 and 12 sd: the first is over rho / (1 + rho^2) of its neighbours, the second over rho of it."""
    for month, period, residual in ((1, "2019-01", 10.0), (2, "2019-02", 12.0)):
        add_figure(study, "level_m", period, level(MONTHS + month) + residual * SD)
    assert RHO / (1 + RHO**2) * 12.0 + 2.0 < 10.0
    assert RHO * 10.0 + 2.0 < 12.0
    item = of(looked(study), "obs_level")
    assert (item.side, item.newest.period, item.since) == ("above", "2019-02", "2019-01")


def test_series_that_tell_the_same_do_not_count_and_chance_is_a_tenth(study: Path) -> None:
    found = looked(study)
    assert of(found, "obs_again").same_as == ("level_m",)
    assert [item.observable for item in found.series if not item.counts] == ["obs_again"]
    assert {item.basis for item in found.series if item.observable in ("quarterly", "driver")} == {"history"}
    assert expected_outside(40) == pytest.approx(4.0)


def test_what_changed_since_an_earlier_look(study: Path, tmp_path: Path) -> None:
    before = looked(study)
    file = tmp_path / "before.json"
    file.write_text(json.dumps(record(before), allow_nan=False))
    nothing = changes_since(before, read_look(file))
    assert (nothing.added, nothing.revised, nothing.moved, nothing.refitted) == ((), (), (), False)
    add_figure(study, "level_m", "2019-01", float(truth()[-1]) + 20 * SD)
    things = study.parent / "series" / "things.csv"
    old = next(line for line in things.read_text().splitlines() if line.startswith("driver_m,2018-04,"))
    things.write_text(things.read_text().replace(old, old.replace(old.split(",")[2], "5.125")))
    found = changes_since(looked(study), read_look(file))
    assert [(item.series, item.period, math.isnan(item.was)) for item in found.added] == [
        ("level_m", "2019-01", True)
    ]
    (revised,) = found.revised
    assert (revised.series, revised.period, revised.figure) == ("driver_m", "2018-04", 5.125)
    assert revised.was == float(old.split(",")[2])
    assert of(before, "obs_level").side != "above"
    assert ("level_m", of(before, "obs_level").side, "above") in [
        (item.series, item.was, item.side) for item in found.moved
    ]
    assert (found.since, found.looked) == (TODAY, True)


def test_files_tell_of_the_last_day_on_which_they_took_figures_in(study: Path) -> None:
    assert changes_in_files(looked(study)) is None
    add_figure(study, "level_m", "2019-01", 60.0, "2019-01-15")
    add_figure(study, "driver_m", "2018-05", 5.5, "2019-01-10")
    found = changes_in_files(looked(study))
    assert found is not None
    assert (found.since, found.looked) == (date(2019, 1, 15), False)
    assert [(item.series, item.period) for item in found.added] == [("level_m", "2019-01")]
    kept = study.parent / "series" / "vintages" / "things.csv"
    kept.parent.mkdir()
    head = "series,period,value,unit,quality,definition,vintage,source_title,source,note,replaced"
    kept.write_text(f"{head}\nlevel_m,2019-01,61.5,persons,measured,plain,,drawn,here,,2019-01-15\n")
    found = changes_in_files(looked(study))
    assert found is not None
    assert [(item.period, item.was, item.figure) for item in found.revised] == [("2019-01", 61.5, 60.0)]
    assert found.added == ()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"made": "2019-01-01"}', '{"made": "x", "posterior": "y", "series": []}']
)
def test_another_file_is_no_earlier_look(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(DataError, match=r"no earlier look|not JSON"):
        read_look(file)


def test_a_folder_or_no_file_is_no_earlier_look(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(DataError, match="cannot be read"):
            read_look(file)


def test_the_record_holds_every_number_of_the_bands(study: Path) -> None:
    found = looked(study)
    told = json.loads(json.dumps(record(found)))
    for item, written in zip(found.series, told["series"], strict=True):
        assert [point["low_90"] for point in written["figures"]] == [point.low_90 for point in item.points]
        assert written["side"] == item.side
    assert np.isfinite([point["figure"] for item in told["series"] for point in item["figures"]]).all()
