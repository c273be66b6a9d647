"""``update`` and ``nowcast`` on a small study whose series go four months further than its draws have seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sd_covid
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import laplace
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.stored.seen import record
from sd_covid.calibration.stored.store import Posterior, tables_hash, versions, write_posterior
from sd_covid.calibration.workflow import model_hash
from tests.calibration.test_chees import MODEL
from tests.calibration.test_workflow import MONTHS, RATE, RHO, SD, START, write_study
from tests.cli.conftest import Call

BEHIND = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, with draws of the Gaussian approximation in the place of a posterior."""
    path = write_study(tmp_path_factory.mktemp("study"))
    (path.parent.parent / "decay.mdl").write_text(MODEL.replace("FINAL TIME = 24", "FINAL TIME = 150"))
    table = path.parent / "measurements.tsv"
    table.write_text("\n".join(table.read_text().splitlines()[:-BEHIND]) + "\n")
    problem, simulator = read_problem(path), sd_covid.load(path.parent.parent / "decay.mdl")
    objective = Objective(problem, simulator)
    best = np.array([START, RATE, SD, RHO])
    about = laplace(objective, best)
    white = np.random.default_rng(5).standard_normal((400, 4))
    draws = objective.transform.natural(about.mode + white @ about.scale.T)
    frame = pd.DataFrame(draws, columns=objective.names)
    frame.insert(0, "chain", np.repeat(np.arange(4), 100))
    frame.insert(1, "draw", np.tile(np.arange(100), 4))
    frame.insert(2, "log_posterior", objective.log_posteriors(draws)[0])
    told = {
        "constants": {"start": "initial level", "rate": "decay rate"},
        "best": dict(zip(objective.names, objective.transform.natural(about.mode).tolist(), strict=True)),
        "model_hash": model_hash(simulator),
        "data_hash": tables_hash(problem),
        **record(problem),
        "method": "nuts",
        "seed": 0,
        "versions": versions(),
    }
    write_posterior(Posterior(frame, told), path.parent / "posterior.parquet")
    return path.parent.parent


@pytest.fixture
def problem(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "study") / "calibration" / "problem.yaml"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_an_update_shows_what_is_new_and_stores_nothing(call: Call, problem: Path, tmp_path: Path) -> None:
    before = contents(problem.parent)
    page, file = tmp_path / "out" / "moved.html", tmp_path / "out" / "moved.json"
    options = ("--from-registry", "-o", page, "-l", "nl", "-l", "en", "--json", file)
    answer = call("update", problem, *options)
    assert answer.code == 0
    assert "2018-12" in answer.out
    assert "updated: 4 new figures" in answer.out
    assert "add --write" in answer.err
    assert contents(problem.parent) == before
    told = json.loads(file.read_text())
    assert [item["period"] for item in told["arrivals"]] == ["2018-09", "2018-10", "2018-11", "2018-12"]
    assert told["faults"] == []
    for path, title in (
        (page, "Wat nieuwe cijfers verschuiven"),
        (page.with_name("moved-en.html"), "What new figures move"),
    ):
        text = path.read_text()
        assert f"<h1>{title}</h1>" in text
        assert "<svg" in text
        assert "2018-12" in text


def test_what_an_update_stores_belongs_together_and_what_was_is_kept(call: Call, problem: Path) -> None:
    draws = problem.parent / "posterior.parquet"
    before = draws.read_bytes()
    assert call("update", problem, "--from-registry", "--write").code == 0
    rows = (problem.parent / "measurements.tsv").read_text().splitlines()
    assert len(rows) == MONTHS + 1
    (kept,) = (problem.parent / "vintages").iterdir()
    assert kept.read_bytes() == before
    assert draws.read_bytes() != before
    assert call("calibrate", problem, "--check").code == 0
    assert "have seen all figures" in call("update", problem, "--from-registry").out


def test_an_outlier_makes_a_full_fit_due_and_draws_are_not_stored(call: Call, problem: Path) -> None:
    series = problem.parent / "series" / "things.csv"
    lines = series.read_text().splitlines()
    place = next(k for k, line in enumerate(lines) if line.startswith("level_m,2018-12,"))
    lines[place] = "level_m,2018-12,400,persons,measured,plain,,drawn,here,"
    series.write_text("\n".join(lines) + "\n")
    draws = (problem.parent / "posterior.parquet").read_bytes()
    answer = call("update", problem, "--from-registry", "--write")
    assert answer.code == 1
    assert "a full fit is due" in answer.out
    assert "warning: " in answer.err
    assert (problem.parent / "posterior.parquet").read_bytes() == draws
    assert "\t400\t" in (problem.parent / "measurements.tsv").read_text()


def test_a_page_is_html(call: Call, problem: Path, tmp_path: Path) -> None:
    answer = call("update", problem, "-o", tmp_path / "page.pdf")
    assert answer.code == 2
    assert answer.last.startswith("error: ")


def test_predictions_go_to_the_log_once_and_wait_for_their_figure(call: Call, problem: Path) -> None:
    answer = call("nowcast", problem)
    assert answer.code == 0
    log = pd.read_csv(problem.parent / "nowcasts.csv")
    assert set(log["observable"]) == {"obs_level", "obs_again", "quarterly", "driver"}
    assert (log["q05"] < log["q25"]).all()
    assert (log["q75"] < log["q95"]).all()
    assert (log["expected"] > log["made"]).all()
    assert "4 predictions, 0 of them new" in call("nowcast", problem).out
    answer = call("nowcast", problem, "--score")
    assert answer.code == 0
    assert "0 newly scored, 0 in all; 4 wait for their figure" in answer.out


def test_a_dashboard_is_written_in_every_form_and_an_earlier_one_tells_what_changed(
    call: Call, problem: Path, tmp_path: Path
) -> None:
    first, page, table = tmp_path / "first.json", tmp_path / "d.html", tmp_path / "d.csv"
    answer = call("dashboard", problem, "-o", first, "-o", page, "-o", table, "-l", "nl", "-l", "en")
    assert answer.code == 0
    assert "1 series by the model: " in answer.out
    assert "0.1 outside by chance" in answer.out
    assert "Nieuwste cijfers naast de verwachting" in page.read_text()
    assert "Newest figures beside what was expected" in page.with_name("d-en.html").read_text()
    rows = pd.read_csv(table).set_index("observable")
    told = {item["observable"]: item for item in json.loads(first.read_text())["series"]}
    # the series go further than the table of measurements, which the draws have seen
    assert rows.loc["obs_level", "period"] == "2018-12"
    assert told["obs_level"]["seen_by_the_draws"] is False
    assert rows.loc["obs_level", "low_90"] == told["obs_level"]["figures"][-1]["low_90"]
    series = problem.parent / "series" / "things.csv"
    series.write_text(series.read_text() + "driver_m,2018-05,5.5,persons,measured,plain,,drawn,here,\n")
    assert call("dashboard", problem, "-o", page, "--since", first, "-l", "en").code == 0
    assert "1 new figures, 0 revised" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "d.pdf"), "one of .html"),
        (("--since", "no-such.json"), "No such file"),
        (("--since", "posterior.parquet"), "is not in UTF-8"),
    ],
)
def test_a_dashboard_that_cannot_be_is_refused(
    call: Call, problem: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(problem.parent)
    before = contents(problem.parent)
    answer = call("dashboard", problem, *arguments)
    assert answer.code == 2
    assert answer.last.startswith("error: ")
    assert said in answer.last
    assert contents(problem.parent) == before
