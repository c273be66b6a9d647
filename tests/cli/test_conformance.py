"""``sd-covid conformance``: the table, the file for programs, and the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.fixture
def checkout(tmp_path: Path, drain: Path) -> Path:
    """A folder with one model that gives its reference and one without."""
    folder = tmp_path / "checkout"
    for name in ("agrees", "alone"):
        (folder / name).mkdir(parents=True)
        shutil.copy(drain, folder / name / f"{name}.mdl")
    (folder / "agrees/output.tab").write_text("Time\tlevel\n0\t100\n2\t25\n")
    return folder


def test_every_model_is_told_and_all_that_run_pass(call: Call, checkout: Path, tmp_path: Path) -> None:
    answer = call("conformance", checkout, "-j", 1, "--json", tmp_path / "out.json")
    assert 0 == answer.code
    assert ".mdl: 1 of 1 passed, 0 failed, 0 refused, 1 no reference" == answer.out.splitlines()[-1]
    told = {one["model"]: one for one in json.loads((tmp_path / "out.json").read_text())["models"]}
    assert "passed" == told["agrees/agrees.mdl"]["status"]
    assert (1, 0) == (
        told["agrees/agrees.mdl"]["columns_compared"],
        told["agrees/agrees.mdl"]["largest_difference"],
    )
    assert "no reference" == told["alone/alone.mdl"]["status"]


def test_a_failure_is_told_where_and_ends_with_one(
    call: Call, checkout: Path, drain: Path, tmp_path: Path
) -> None:
    (checkout / "agrees/output.tab").write_text("Time\tlevel\n0\t100\n2\t26\n")
    (checkout / "alone/alone.mdl").write_text(drain.read_text() + "x = UNHEARD OF(1) ~~|\n")
    (checkout / "alone/output.tab").write_text("Time\tx\n0\t1\n")
    answer = call("conformance", checkout, "-j", 1, "--format", "MDL", "--json", tmp_path / "out.json")
    assert 1 == answer.code
    assert "level at 2: 25, reference 26" in answer.out
    assert ".mdl: 0 of 2 passed, 1 failed, 1 refused, 0 no reference" == answer.out.splitlines()[-1]
    told = {one["model"]: one for one in json.loads((tmp_path / "out.json").read_text())["models"]}
    assert [{"column": "level", "time": 2, "ours": 25, "reference": 26}] == told["agrees/agrees.mdl"][
        "differences"
    ]
    assert "UNHEARD OF" in told["alone/alone.mdl"]["reason"]


@pytest.mark.parametrize("arguments", [("--format", "docx"), ("--jobs", "0")])
def test_misuse_is_refused(call: Call, checkout: Path, arguments: tuple[str, str]) -> None:
    answer = call("conformance", checkout, *arguments)
    assert 2 == answer.code
    assert answer.last.startswith("error: ")


def test_a_folder_that_is_not_there_is_refused(call: Call, tmp_path: Path) -> None:
    answer = call("conformance", tmp_path / "gone")
    assert (2, True) == (answer.code, answer.last.startswith("error: "))
