"""What is wrong with the input ends with exit code 2, one line that says where and what to do, and no file."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sd_covid.policy.comparison.scenarios import Failure
from tests.cli.conftest import STUDY, Answer, Call


def refused(answer: Answer, *said: str) -> None:
    """Assert one useful line on standard error and nothing on standard output."""
    assert 2 == answer.code
    assert "" == answer.out
    assert "Traceback" not in answer.err
    assert answer.last.startswith("error: ")
    for text in said:
        assert text in answer.last


def at_line(answer: Answer, path: Path, text: str) -> None:
    """Assert that the place named is the line of the file that holds a text."""
    lines = path.read_text().splitlines()
    place = re.match(r"error: (.+?):(\d+): ", answer.last)
    assert place is not None, answer.last
    assert path.resolve() == Path(place[1]).resolve()
    assert text in lines[int(place[2]) - 1]


def test_a_missing_model(call: Call, tmp_path: Path) -> None:
    refused(call("run", tmp_path / "nothing.mdl", "-o", tmp_path / "out.csv"), "nothing.mdl")
    assert [] == list(tmp_path.iterdir())


def test_a_broken_equation(call: Call, drain: Path, tmp_path: Path) -> None:
    drain.write_text(drain.read_text().replace("rate * level", "rate * (level"))
    answer = call("run", drain, "-o", tmp_path / "out.csv")
    refused(answer)
    at_line(answer, drain, "rate * (level")
    assert [drain] == list(tmp_path.iterdir())


def test_a_variable_that_is_not_defined(call: Call, drain: Path) -> None:
    drain.write_text(drain.read_text().replace("rate * level", "rates * level"))
    answer = call("run", drain)
    refused(answer, "'rates'", "did you mean 'rate'?")
    at_line(answer, drain, "rates * level")


def test_a_misspelt_parameter(call: Call, drain: Path) -> None:
    refused(call("run", drain, "-p", "raet=1"), "'raet'", "did you mean 'rate'")


@pytest.mark.parametrize("text", ["rate", "=1", "rate=", "rate=half", "rate=nan", "rate=inf"])
def test_a_parameter_without_a_number(call: Call, drain: Path, text: str) -> None:
    refused(call("run", drain, "-p", text), "rate" if text != "=1" else "NAME=VALUE")


def test_a_parameter_that_is_given_twice(call: Call, drain: Path) -> None:
    refused(call("run", drain, "-p", "final time=1", "-p", "Final_Time=2"), "twice")


def test_a_misspelt_column(call: Call, drain: Path) -> None:
    refused(call("run", drain, "--columns", "levl"), "'levl'", "did you mean 'level'")


def test_a_run_of_too_many_steps_is_refused_before_it_starts(call: Call, drain: Path) -> None:
    refused(call("run", drain, "-p", "TIME STEP=1e-9", "-p", "FINAL TIME=1"), "steps")
    refused(call("run", drain, "--max-steps", "1"), "--max-steps")


def test_a_place_that_cannot_be_written_to(call: Call, drain: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(call("run", drain, "-o", tmp_path / "file" / "out.csv"), "file")


def test_a_date_outside_the_run(call: Call, study: Path, tmp_path: Path) -> None:
    scenario = study / "scenarios" / "late.yaml"
    scenario.write_text(
        "title: {nl: Laat, en: Late}\nrationale: {nl: Laat, en: Late}\n"
        "extends: actual\nlevers:\n  now: {end: 2051-01-01}\n"
    )
    answer = call("run", study / "models" / "netherlands.yaml", "-s", scenario, "-o", tmp_path / "late.csv")
    refused(answer, "2051-01-01")
    at_line(answer, scenario, "2051")
    assert not (tmp_path / "late.csv").exists()


def test_a_missing_scenario(call: Call, study: Path) -> None:
    refused(call("run", study / "models" / "netherlands.yaml", "-s", study / "none.yaml"), "none.yaml")


def test_a_wrong_unit(call: Call, study: Path) -> None:
    figures = study / "calibration" / "series" / "labour.csv"
    text = figures.read_text()
    first = text.splitlines()[1]
    figures.write_text(
        text.replace(first, first.replace("thousand persons", "persons").replace("%", "per mille"), 1)
    )
    assert text != figures.read_text()
    answer = call("data", "status", study / "calibration" / "series")
    refused(answer, "unit")
    at_line(answer, figures, first.split(",")[0])


def test_an_unknown_theme(call: Call, study: Path) -> None:
    refused(
        call("data", "status", study / "calibration" / "series", "--theme", "labor"), "did you mean 'labour'?"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["rnu"],
        ["run"],
        ["run", "model.mdl", "--max-steps", "many"],
        ["run", "model.mdl", "--colums", "x"],
        ["run", "model.mdl", "-o", "out.xls"],
        ["run", "model.mdl", "-s", "a.yaml", "-s", "b.yaml"],
        ["compare", "a.yaml", "-o", "report.html", "--language", "fr"],
        ["compare", "a.yaml", "b.yaml", "-o", "report.html", "--level", "expert"],
        ["compare", "a.yaml", "b.yaml", "-o", "report.docx"],
        ["compare", "a.yaml", "b.yaml", "-o", "report.html", "-o", "report.html"],
        ["predict", "problem.yaml", "-o", "out.txt"],
    ],
)
def test_misuse_of_the_command_line(call: Call, arguments: list[str]) -> None:
    refused(call(*arguments))


def test_the_program_itself_leaves_with_code_2_and_no_traceback(tmp_path: Path) -> None:
    program = [
        sys.executable,
        "-c",
        "from sd_covid.cli import main; main()",
        "run",
        str(tmp_path / "none.mdl"),
    ]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    refused(Answer(done.returncode, done.stdout, done.stderr), "none.mdl")


def test_too_few_chains_are_refused_before_the_fit(call: Call, tmp_path: Path) -> None:
    """Before anything is read: a fit takes minutes."""
    answer = call("calibrate", tmp_path / "problem.yaml", "--method", "lanes", "--chains", "7")
    refused(answer, "7 chains are too few", "the method nuts")


def test_a_sampler_that_there_is_not(call: Call, tmp_path: Path) -> None:
    answer = call("calibrate", tmp_path / "problem.yaml", "--method", "hmc")
    assert 2 == answer.code
    assert "lanes" in answer.err


def test_a_folder_in_place_of_a_report_leaves_no_figures(call: Call, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    refused(call("compare", "a.yaml", "b.yaml", "-o", tmp_path / "report.html"), "is a folder")
    assert [tmp_path / "report.html"] == list(tmp_path.iterdir())


def test_a_pdf_without_a_browser_is_refused_before_anything_runs(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_COVID_BROWSER", "no-such-browser")
    refused(
        call("compare", "a.yaml", "b.yaml", "-o", tmp_path / "report.pdf"),
        "SD_COVID_BROWSER names no program",
    )
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--path", "base"), "the path 'base' is run anyway"),
        (("--path", "no-scarring", "--path", "no-scarring"), "the path 'no-scarring' is named twice"),
        (
            ("--path", "no-scarring", "--year", "2030", "--until", "2025"),
            "--until 2025 comes before --year 2030",
        ),
        (("--path", "no-scaring"), "did you mean 'no-scarring'?"),
    ],
)
def test_paths_and_years_of_a_ranking_are_looked_at_before_it_runs(
    call: Call, words: tuple[str, ...], said: str
) -> None:
    scenarios = (
        Path(__file__).parents[2] / "scenarios" / f"{name}.yaml" for name in ("actual", "delayed", "x")
    )
    refused(call("ranks", *scenarios, *words), said)


def test_a_list_without_end_is_refused_and_does_not_end_the_process(call: Call, tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("model: " + "[" * 100_000)
    refused(call("sweep", tmp_path / "deep.yaml", "-o", tmp_path / "out.zarr"), "nested more than 100 deep")


@pytest.mark.parametrize(
    ("words", "said", "advice"),
    [
        ("calibrate {study}/calibration/problem.yaml --check --identify", "are two things", "give one"),
        ("check {drain} --loop R1 --save", "one loop, which is no passport", "leave out --loop or --save"),
        ("check {drain} --loop R1 --html {folder}/p.html", "one loop, which has no page", "leave out --loop"),
        ("document {drain} -o {file}", "is a file, and the pages need a folder", "another name"),
        (
            "dashboard {study}/calibration/problem.yaml -o {folder}/taken.html",
            "is a folder",
            "choose a file name",
        ),
        (
            "loops {drain} --between actual none --of level --scenario {file}",
            "names the two",
            "leave out --scenario",
        ),
        ("loops {drain} --scenario {file} --scenario {drain}", "told of one run", "two with --between"),
    ],
)
def test_what_does_not_go_together_is_refused_before_any_work(
    call: Call, drain: Path, tmp_path: Path, words: str, said: str, advice: str
) -> None:
    (tmp_path / "taken.html").mkdir()
    (tmp_path / "file.yaml").write_text("")
    before = sorted(tmp_path.rglob("*"))
    places = {"study": STUDY, "drain": drain, "folder": tmp_path, "file": tmp_path / "file.yaml"}
    refused(call(*(word.format(**places) for word in words.split())), said, advice)
    assert before == sorted(tmp_path.rglob("*"))


def test_runs_that_failed_are_told_when_the_report_cannot_be_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs themselves are left out: what stands in for them is one that was not finite."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    failures = [Failure("delayed", 3, "unemployment rate", 61.0)]
    run = SimpleNamespace(
        comparison=SimpleNamespace(failures=failures), draws=None, assessment=None, study=None
    )
    monkeypatch.setattr("sd_covid.cli.compare.run", lambda *_: run)
    monkeypatch.setattr("sd_covid.cli.compare_written.write", full)
    scenarios = [Path(__file__).parents[2] / "scenarios" / f"{name}.yaml" for name in ("actual", "delayed")]
    answer = call("compare", *scenarios, "-o", tmp_path / "report.html")
    assert answer.code == 2
    assert "No space left on device" in answer.err
    assert "1 runs are not finite and left out; the first is draw 3 of 'delayed'" in answer.err
    assert not list(tmp_path.iterdir())
