"""A new study: copied whole out of the package, from a checkout and from a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import STUDY, Call

PARTS = ("models", "scenarios", "calibration", "notebooks")


def _tracked() -> set[str]:
    """The files of the study as they are known to git."""
    listed = subprocess.run(
        ["git", "ls-files", *PARTS], cwd=STUDY, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.splitlines())


def _files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_new_study_has_every_file_byte_for_byte(call: Call, tmp_path: Path) -> None:
    study = tmp_path / "study"
    assert call("init", study).code == 0
    missing = _tracked() - _files(study)
    assert not missing
    assert all((study / name).read_bytes() == (STUDY / name).read_bytes() for name in _tracked())
    assert "sd-covid compare" in (study / "README.md").read_text(encoding="utf-8")


def test_a_new_study_runs_as_the_first_one_does(call: Call, tmp_path: Path) -> None:
    study = tmp_path / "study"
    call("init", study)
    columns = ("--columns", "unemployment rate")
    for folder, out in ((STUDY, "here.csv"), (study, "there.csv")):
        answer = call("run", folder / "models" / "netherlands.yaml", *columns, "-o", tmp_path / out)
        assert answer.code == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "here.csv"), pd.read_csv(tmp_path / "there.csv"), check_exact=True
    )


@pytest.mark.parametrize("kind", ["file", "folder with something in it", "link to nothing"])
def test_what_is_there_already_is_left_alone(call: Call, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "study"
    if kind == "file":
        target.write_text("mine")
    elif kind == "link to nothing":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    answer = call("init", target)
    assert answer.code == 2
    assert answer.last.startswith("error: ")
    assert "choose another name" in answer.last
    assert not (tmp_path / "nowhere").exists()
    assert {file.name for file in tmp_path.rglob("*")} <= {"study", "mine.txt"}


def test_an_empty_folder_becomes_the_study(call: Call, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    assert call("init", tmp_path / "study").code == 0
    assert (tmp_path / "study" / "models" / "netherlands.yaml").is_file()
    assert {file.name for file in tmp_path.iterdir()} == {"study"}


def test_who_stands_in_an_empty_folder_stands_in_the_study(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new folder in the place of the old one would leave a shell in one that is gone."""
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path / "study")
    answer = call("init", ".")
    assert answer.code == 0
    assert "cd " not in answer.out
    assert Path("models", "netherlands.yaml").is_file()
    assert {file.name for file in tmp_path.iterdir()} == {"study"}


def test_the_wheel_works_away_from_the_repository(tmp_path: Path) -> None:
    """Built offline with the locked build tool, unpacked, and run in another folder with nothing of the checkout."""
    source = tmp_path / "source"
    shutil.copytree(STUDY / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for part in PARTS:
        shutil.copytree(STUDY / part, source / part)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(STUDY / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=source,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")  # no part of it is compiled
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    shutil.rmtree(source)

    def called(*arguments: object) -> str:
        program = "import sd_covid.cli; print(sd_covid.__file__); sd_covid.cli.main()"
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert str(installed) in called("init", "study")
    assert _tracked() <= _files(tmp_path / "study")
    called("run", "study/models/netherlands.yaml", "--columns", "unemployment rate", "-o", "rate.csv")
    rate = pd.read_csv(tmp_path / "rate.csv")["unemployment rate"]
    assert rate.between(1, 15).all()  # per cent of the labour force
