"""From the command line: known truths ranked and recovered, and what cannot be fitted refused in one line.

The study is the exponential decay of tests/calibration, with a model that the engine runs.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sd_covid.calibration.sbc.study import Bench
from sd_covid.cli.app import execute
from tests.calibration.test_workflow import write_study
from tests.cli.conftest import Call
from tests.cli.test_fits import MODEL, arguments
from tests.cli.test_refusals import at_line, refused

QUICK = ("--method", "lanes", "--chains", "8", "--draws", "13", "--tune", "40", "--starts", "1")
FIT = ("--starts", "1", "--method", "lanes", "--chains", "8", "--draws", "15", "--tune", "40")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decay")
    problem = write_study(folder)
    (folder / "decay.mdl").write_text(MODEL)
    assert execute(arguments("calibrate", problem, *FIT)) == 1  # so few draws do not converge
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(made, tmp_path / "study")
    return tmp_path / "study" / "calibration"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def ranks(path: Path) -> list[list[int]]:
    return [item["ranks"] for item in json.loads(path.read_text())["replicates"]]


def test_an_interrupted_study_goes_on_to_the_same_ranks(
    call: Call, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, part, figure = tmp_path / "whole.json", tmp_path / "part.json", tmp_path / "ranks.svg"
    problem = study / "problem.yaml"
    answer = call("sbc", problem, "-n", "3", *QUICK, "-o", whole, "--figure", figure)
    assert answer.code in (0, 1)  # three replicates of short chains may not converge
    assert "coverage over all parameters" in answer.out
    assert "<svg" in figure.read_text()
    made = Bench.replicate

    def interrupted(bench: Bench, number: int, threads: int = 1) -> object:
        if number == 2:
            raise KeyboardInterrupt
        return made(bench, number, threads)

    with monkeypatch.context() as during:
        during.setattr(Bench, "replicate", interrupted)
        stopped = call("sbc", problem, "-n", "3", *QUICK, "-o", part)
    assert stopped.code == 130
    assert "2 replicates are in" in stopped.err
    assert ranks(part) == ranks(whole)[:2]
    resumed = call("sbc", problem, "-n", "3", *QUICK, "-o", part, "--resume")
    assert "2 of 3 replicates come from" in resumed.err
    assert ranks(part) == ranks(whole)
    other = call("sbc", problem, "-n", "3", *QUICK, "--seed", "1", "-o", part, "--resume")
    refused(other, "seed was 0, not 1", "without --resume")


def test_known_truths_are_recovered_or_not_and_the_table_says_of_which(
    call: Call, study: Path, tmp_path: Path
) -> None:
    file = tmp_path / "truths.json"
    answer = call("recover", study / "problem.yaml", "-n", "2", *QUICK, "-o", file)
    assert answer.code == 1
    assert "not converged: 2 of 2 truths" in answer.out  # by the bars of a calibration: 104 draws are too few
    kept = json.loads(file.read_text())
    assert kept["plan"]["source"] == "posterior"
    stored = execute(arguments("recover", study / "problem.yaml", "-n", "2", *QUICK, "-o", file, "--resume"))
    assert stored == 1


def test_what_cannot_be_used_is_refused_before_the_work(call: Call, study: Path, tmp_path: Path) -> None:
    problem = study / "problem.yaml"
    refused(call("sbc", problem, "--resume"), "-o FILE.json")
    refused(call("sbc", problem, "-o", tmp_path / "ranks.csv"), ".json")
    refused(call("sbc", problem, "--figure", tmp_path / "ranks.jpg"), ".svg")
    refused(call("sbc", problem, "--draws", "4"), "64 draws are fewer than the 99")
    (study / "posterior.parquet").unlink()
    refused(call("recover", problem), "no posterior draws", "sd-covid calibrate")


# file, old text, new text, text of the line that is at fault, part of the message
P, M, B = "parameters.tsv", "measurements.tsv", "observables.tsv"
LEVEL = "sd\tpersons\tlevel_m"
FAULTS = [
    (P, "\t0.001\t0.5\t", "\t0.5\t0.001\t", "rate\t", "not below the upper bound"),
    (P, "\t0.001\t0.5\t0.03", "\t0.001\t0.5\t0.7", "rate\t", "lies outside"),
    (P, "-4.5;0.5", "45;0.1", "rate\t", "no probability between its bounds"),
    (P, "1/month", "1/Year", "rate\t", "'1/Year' is not the unit of the constant 'decay rate'"),
    (M, "obs_level\t\t", "obs_levl\t\t", "obs_levl", "did you mean 'obs_level'"),
    (B, LEVEL, "sd\tpersons/Month\tlevel_m", "obs_level\t", "unit of series 'level_m'"),
    (B, LEVEL, "sd\tpersons/Month\t", "obs_level\t", "output 'level' in the model"),
]


@pytest.mark.parametrize("command", ["calibrate", "sbc"])
@pytest.mark.parametrize(
    ("file", "old", "new", "line", "said"), FAULTS, ids=[item[4][:30] for item in FAULTS]
)
def test_tables_that_contradict_are_refused_where_they_do(
    call: Call, study: Path, command: str, file: str, old: str, new: str, line: str, said: str
) -> None:
    replace(study / file, old, new)
    before = sorted(study.iterdir())
    answer = call(command, study / "problem.yaml")
    refused(answer, said)
    at_line(answer, study / file, line)
    assert sorted(study.iterdir()) == before


CONSTANT = "observableId\texperimentId\tmeasurement\ttime\n" + "".join(
    f"obs_level\t\t50\t{t}\n" for t in range(1, 9)
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "sd\ttrue\t0.01\t5\t0.3\tlog-normal\t0;0.7",
            "sd\ttrue\t0\t5\t0.3\tuniform\t0;5",
            "'sd' may go to zero",
        ),
        ("rho\ttrue\t0\t0.99", "rho\ttrue\t0\t1", "'rho' may go to 1"),
    ],
)
def test_a_constant_series_whose_noise_may_vanish_is_refused(
    call: Call, study: Path, old: str, new: str, said: str
) -> None:
    (study / "measurements.tsv").write_text(CONSTANT)
    replace(study / "parameters.tsv", old, new)
    answer = call("calibrate", study / "problem.yaml", *FIT)
    refused(answer, said, "the 8 figures of 'obs_level' are all 50", "grows without end")
    at_line(answer, study / "parameters.tsv", new.split("\t")[0] + "\t")


def test_a_constant_series_whose_noise_is_bounded_is_fitted(call: Call, study: Path) -> None:
    (study / "measurements.tsv").write_text(CONSTANT)
    assert call("calibrate", study / "problem.yaml", *FIT).code in (0, 1)


def test_a_model_that_divides_by_zero_ends_in_one_line(call: Call, study: Path) -> None:
    model = study.parent / "decay.mdl"
    replace(model, "decay rate * level ~", "decay rate * level / (decay rate - decay rate) ~")
    refused(
        call("calibrate", study / "problem.yaml", *FIT), "the model fails at all 1 starts", "sd-covid run"
    )
    refused(call("sbc", study / "problem.yaml", *QUICK), "can be a truth", "narrow bounds")


def test_a_model_that_fails_at_some_parameters_is_fitted_where_it_runs(call: Call, study: Path) -> None:
    """Below half the rate of the figures there is no run; the sampler turns away from there."""
    model = study.parent / "decay.mdl"
    replace(
        model,
        "decay rate * level ~",
        "decay rate * level * SQRT(decay rate - 0.005) / SQRT(decay rate - 0.005) ~",
    )
    answer = call("calibrate", study / "problem.yaml", *FIT)
    assert answer.code in (0, 1)
    assert "Traceback" not in answer.err


def test_chains_that_did_not_converge_leave_with_code_1_and_name_the_parameters(
    call: Call, study: Path
) -> None:
    answer = call("calibrate", study / "problem.yaml", *FIT)
    assert answer.code == 1
    assert answer.out.splitlines()[-1].startswith("not converged: ")
    assert "try more --draws or --tune" in answer.out
