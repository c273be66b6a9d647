"""From the command line: a fit that is interrupted and resumed, its profiles, and a variant weighed against it.

The study is the exponential decay of tests/calibration, with a model that the engine runs.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from sd_covid.calibration.fitting import fit as fitting
from sd_covid.cli.app import execute
from tests.calibration.test_workflow import write_study
from tests.cli.conftest import Call

MODEL = """{UTF-8}
initial level = 100 ~ person ~ |
decay rate = 0.01 ~ 1/Month ~ |
level = INTEG(-outflow, initial level) ~ person ~ |
outflow = decay rate * level ~ person/Month ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 60 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
SAVEPER = 1 ~ Month ~ |
"""
OPTIONS = ("--starts", "3", "--draws", "80", "--tune", "100", "--chains", "8", "--seed", "1")


def arguments(*items: object) -> list[str]:
    return [str(item) for item in items]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decay")
    problem = write_study(folder)
    (folder / "decay.mdl").write_text(MODEL)
    (problem.parent / "variants").mkdir()
    alone = problem.parent / "variants" / "independent.yaml"
    alone.write_text("extends: ../problem.yaml\ndescription: noise that forgets\nfixed: {rho: 0}\n")
    for path in (problem, alone):
        assert execute(arguments("calibrate", path, *OPTIONS)) in (
            0,
            1,
        )  # a handful of draws may not converge
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(made, tmp_path / "study")
    return tmp_path / "study" / "calibration"


def test_an_interrupted_fit_goes_on_to_the_same_files(
    call: Call, study: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    climb, done = fitting.maximise, [0]

    def interrupted(*items: object, **options: object) -> object:
        done[0] += 1
        if done[0] == 3:
            raise KeyboardInterrupt
        return climb(*items, **options)  # type: ignore[arg-type]

    monkeypatch.setenv("SD_COVID_THREADS", "1")
    with monkeypatch.context() as during:
        during.setattr(fitting, "maximise", interrupted)
        stopped = call("calibrate", study / "problem.yaml", *OPTIONS)
    assert stopped.code == 130
    assert "--resume goes on from them" in stopped.err
    resumed = call("calibrate", study / "problem.yaml", *OPTIONS, "--resume")
    assert "2 of 3 starts came from the interrupted fit" in resumed.err
    for name in ("fit.json", "posterior.parquet"):
        assert (study / name).read_bytes() == (made / "calibration" / name).read_bytes()


def test_the_summary_says_how_many_starts_agree_and_what_the_figures_determine(
    call: Call, study: Path
) -> None:
    before = (study / "fit.json").read_text()
    answer = call("calibrate", study / "problem.yaml", "--identify")
    assert answer.code == 0
    assert "3 of 3 starts reached the best fit" in answer.out
    assert "of 4 parameters" in answer.out
    found = json.loads((study / "fit.json").read_text())
    assert 2 < found["identifiability"]["effective_parameters"] < 4
    del found["identifiability"]
    assert found == {k: v for k, v in json.loads(before).items() if k != "identifiability"}


def test_profiles_are_shown_written_and_drawn(call: Call, study: Path, tmp_path: Path) -> None:
    table, figure = tmp_path / "points.csv", tmp_path / "profiles.svg"
    where = ("-o", table, "--figure", figure)
    answer = call("profile", study / "problem.yaml", "rate", "start", *where, "--figures-alone")
    assert answer.code == 0
    assert "rate: bounded by the figures\n" in answer.out
    points = pd.read_csv(table)
    assert points.groupby(["parameter", "density"])["drop"].min().tolist() == [0.0] * 6
    assert "<svg" in figure.read_text()


def test_a_profile_of_what_is_not_estimated_names_the_nearest(call: Call, study: Path) -> None:
    answer = call("profile", study / "problem.yaml", "rat")
    assert answer.code == 2
    assert "'rat' is not estimated; did you mean 'rate'?" in answer.last


def test_variants_are_shown_with_evidence_weights_and_what_they_share(call: Call, study: Path) -> None:
    told = study / "fits.json"
    answer = call("fits", study / "problem.yaml", study / "variants" / "independent.yaml", "--json", told)
    assert answer.code == 0
    assert "evidence by Laplace, left-out figures by PSIS-LOO" in answer.out
    (line,) = [line for line in answer.out.splitlines() if line.strip().startswith("calibration ")]
    one, other = json.loads(told.read_text())["variants"]
    assert one["evidence_weight"] > 0.9  # the figures were drawn with noise that remembers
    assert one["evidence_weight"] + other["evidence_weight"] == pytest.approx(1.0)
    # noise that forgets is one value of noise that remembers, whose prior is uniform from 0 to 1: its density adds 0
    assert one["log_posterior"] > other["log_posterior"]
    assert float(line.split()[1]) == pytest.approx(one["log_posterior"], abs=0.005)  # two decimals
    assert "shared parameters of calibration and independent agree" in answer.out


def test_a_part_shares_parameters_and_is_not_weighed(call: Call, study: Path) -> None:
    part = study / "variants" / "part.yaml"
    part.write_text("extends: ../problem.yaml\nmeasurement_files: [more.tsv]\n")
    (part.parent / "more.tsv").write_text(
        "observableId\texperimentId\tmeasurement\ttime\nobs_level\t\t55\t60\n"
    )
    few = ("--starts", "1", "--draws", "10", "--tune", "50", "--chains", "8")
    assert call("calibrate", part, *few).code == 1  # so few draws do not converge
    answer = call("fits", study / "problem.yaml", part)
    assert answer.code == 0
    assert "part lacks 0 figures of calibration and has 1 others" in answer.err
    assert "weight" not in answer.out
    assert "of 4 shared parameters of calibration and part agree" in answer.out


def test_what_has_no_draws_is_fitted_for_the_parameters_that_it_shares(
    call: Call, study: Path, tmp_path: Path
) -> None:
    part = study / "variants" / "part.yaml"
    part.write_text("extends: ../problem.yaml\nfixed: {rho: 0}\n")  # as independent.yaml, which has draws
    stored, told = study / "variants" / "independent.yaml", tmp_path / "told.json"
    before = sorted(path.name for path in part.parent.iterdir())
    answer = call("fits", "--shared", stored, part, study / "problem.yaml", "--starts", "2", "--json", told)
    assert answer.code == 0
    assert "fitting part, which has no stored draws" in answer.err
    assert "fitting independent" not in answer.err
    assert sorted(path.name for path in part.parent.iterdir()) == before
    assert "log density" not in answer.out
    found = json.loads(told.read_text())
    assert found["variants"] is None
    first, second = found["shared"]
    assert [first["one"]["source"].split(",")[0], first["other"]["source"]] == ["draws", "Laplace"]
    assert second["other"]["source"].startswith("draws")
    assert {item["id"] for item in first["parameters"]} == {"start", "rate", "sd"}
    for item in first["parameters"]:
        # the same posterior: 640 dependent draws and a Gaussian approximation are within a third of its half width
        assert (item["verdict"], abs(item["shift"]) < 0.35) == ("agree", True)


def test_predictions_mix_variants_by_weights_that_are_told(call: Call, study: Path, tmp_path: Path) -> None:
    problem, other = study / "problem.yaml", study / "variants" / "independent.yaml"
    tables = {}
    for name, options in {
        "one": (problem,),
        "other": (other,),
        "all of one": (problem, "--with", other, "--weights", "1,0"),
        "half": (problem, "--with", other, "--weights", "equal"),
    }.items():
        path = tmp_path / f"{name}.csv"
        answer = call("predict", *options, "-o", path)
        assert answer.code == 0
        tables[name] = pd.read_csv(path).set_index(["observableId", "period"])
    assert "weights (equal): calibration 0.500" in answer.err
    pd.testing.assert_frame_equal(tables["all of one"], tables["one"])
    assert not tables["half"].equals(tables["one"])
    assert not tables["half"].equals(tables["other"])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--weights", "equal"), "--with and --weights belong together"),
        (("--with", "variants/independent.yaml", "--weights", "0.5,0.6"), "do not add up to 1"),
        (("--with", "variants/independent.yaml", "--weights", "0.5"), "1 weights for 2 variants"),
        (("--with", "variants/independent.yaml", "--weights", "most"), "'most' are no weights"),
    ],
)
def test_weights_that_are_none_are_refused(
    call: Call, study: Path, tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    given = [study / item if item.endswith(".yaml") else item for item in options]
    answer = call("predict", study / "problem.yaml", *given, "-o", tmp_path / "out.csv")
    assert answer.code == 2
    assert reason in answer.last
    assert not (tmp_path / "out.csv").exists()


def test_draws_of_another_model_are_not_weighed(call: Call, study: Path) -> None:
    (study.parent / "decay.mdl").write_text(MODEL.replace("TIME STEP = 1", "TIME STEP = 0.5"))
    answer = call("fits", study / "problem.yaml", study / "variants" / "independent.yaml")
    assert answer.code == 2
    assert "the draws were made with another model" in answer.last


def test_one_fit_is_no_comparison(call: Call, study: Path) -> None:
    answer = call("fits", study / "problem.yaml")
    assert (answer.code, "one fit is no comparison" in answer.last) == (2, True)
