"""What a calibration keeps and what rewrites a registry, on a disk that is full and in a process that is killed.

Whatever happens, a file is what it was or what it was to be, and doing it again ends where it would have ended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.optimisation.journal import Journal
from sd_covid.cache_files import keep
from sd_covid.calibration.fitting.starts import MOST, KeptStarts
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.problem.petab_write import write_problem
from sd_covid.calibration.results import StartRow, read_report, write_report
from sd_covid.calibration.sbc.file import read_study
from sd_covid.calibration.sbc.file import write_study as write_ranks
from sd_covid.calibration.stored.store import Posterior, read_posterior, write_posterior
from sd_covid.cli.app import execute
from sd_covid.data import prepare, read_registry
from sd_covid.data.refresh import Request, refresh
from sd_covid.errors import SdCovidError
from sd_covid.whole_files import write_whole
from tests.calibration.test_workflow import write_study
from tests.cli.conftest import Call
from tests.cli.test_new_figures import made as made_with_new_figures
from tests.data.conftest import FIGURES, REGISTRY
from tests.data.test_monitor import DESCRIPTION
from tests.data.test_monitor import FIGURES as MONITOR
from tests.data.test_refresh import RATE, RATES
from tests.hostile.faults import killed_at, small_disk

STUDY = Path(__file__).parents[2]
FIT = STUDY / "calibration" / "fit.json"
RANKS = STUDY / "tests" / "calibration" / "ranks" / "memory.json"
TODAY = date(2026, 11, 29)

behind = made_with_new_figures  # a study whose draws have not seen its newest figures

Work = Callable[[Path], object]


def a_posterior(folder: Path) -> None:
    frame = pd.DataFrame({"chain": 0, "draw": range(500), "log_posterior": 0.0, "ease": np.arange(500.0)})
    write_posterior(Posterior(frame, {"seed": 1}), folder / "posterior.parquet")


def a_report(folder: Path) -> None:
    write_report(replace(read_report(FIT), draws=12345), folder / "fit.json")


def ranks(folder: Path) -> None:
    write_ranks(read_study(RANKS), None, folder / "ranks.json")


def a_problem(folder: Path) -> None:
    write_problem(read_problem(folder / "small" / "calibration" / "problem.yaml"), folder / "copy")


def a_journal(folder: Path) -> None:
    journal = Journal(folder / "journal.jsonl", "inputs")
    for package in ("a", "b"):
        journal.add({package: [1.0] * 9})


def an_addition(folder: Path) -> None:
    for name, text in (("mine.csv", MONITOR), ("mine.yaml", DESCRIPTION)):
        if not (folder / name).exists():
            write_whole(folder / name, text)
    prepare(folder / "mine.csv", folder / "series").write()


def a_refresh(folder: Path, today: date = TODAY) -> None:
    (folder / "series" / ".refresh.lock").unlink(
        missing_ok=True
    )  # as the refusal of a second refresh advises
    found = refresh(folder / "series", today, ["rate"], Request(place=str(folder / "new"), apply=True))
    assert [item.state for item in found] in (["changed"], ["as stored"])


STORES: dict[str, Work] = {
    "posterior": a_posterior,
    "report": a_report,
    "ranks": ranks,
    "problem": a_problem,
    "addition": an_addition,
    "refresh": a_refresh,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with earlier results, and series with a source."""
    found = tmp_path / "found"
    head, tail = REGISTRY.split("  number:\n")
    files = {
        "posterior.parquet": "earlier draws",
        "fit.json": "earlier report",
        "ranks.json": "earlier ranks",
        "series/registry.yaml": head + RATE + "  number:\n" + tail,
        "series/labour.csv": FIGURES,
        "new/rates.csv": RATES,
    }
    for name, text in files.items():
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_text(text, encoding="utf-8")
    write_study(found / "small")
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but those under hidden names, which no reader takes for results."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    shown = {
        name: path for name, path in files.items() if not any(part.startswith(".") for part in name.parts)
    }
    return {str(name): path.read_bytes() for name, path in shown.items()}


@pytest.mark.parametrize("name", STORES)
def test_a_full_disk_leaves_every_file_as_it_was(folder: Path, name: str) -> None:
    if name == "addition":  # what is added stands there beforehand
        write_whole(folder / "mine.csv", MONITOR)
        write_whole(folder / "mine.yaml", DESCRIPTION)
    before = contents(folder)
    with small_disk(100), pytest.raises((OSError, SdCovidError)):
        STORES[name](folder)
    assert before == contents(folder)
    assert [] == [path for path in folder.rglob(".*") if not path.name.endswith(".lock")]


@pytest.mark.parametrize("name", STORES)
def test_a_kill_at_any_write_leaves_whole_files_and_can_be_repeated(
    folder: Path, tmp_path: Path, name: str
) -> None:
    before = contents(folder)
    whole = shutil.copytree(folder, tmp_path / "whole")
    STORES[name](whole)
    expected = contents(whole)
    assert before != expected
    number = 0
    while True:
        killed = shutil.copytree(folder, tmp_path / f"killed {number}")
        came = killed_at(number, partial(STORES[name], killed))
        for file, content in contents(killed).items():
            assert content in (before.get(file), expected.get(file)), (number, file)
        if expected != contents(killed):  # else it was killed while it tidied up
            STORES[name](killed)
        assert expected == contents(killed), number
        if not came:
            break
        number += 1
    assert number >= 2


def test_a_registry_whose_addition_was_broken_off_is_refused_or_read(folder: Path, tmp_path: Path) -> None:
    """In between the study has figures that its registry does not name: that is told with file and line."""
    number, told = 0, set()
    while True:
        killed = shutil.copytree(folder, tmp_path / f"killed {number}")
        if not killed_at(number, partial(an_addition, killed)):
            break
        try:
            read_registry(killed / "series")
        except SdCovidError as error:
            told.add(str(error).removeprefix(str(killed)))
        number += 1
    assert told == {
        "/series/town.csv:1: no series of the registry has its figures in this file; "
        "describe its series in registry.yaml with 'theme: town', or remove the file"
    }


def test_a_clock_that_went_back_loses_no_vintage(folder: Path) -> None:
    a_refresh(folder)
    first = (folder / "series" / "vintages" / "labour.csv").read_text(encoding="utf-8")
    rates = folder / "new" / "rates.csv"
    rates.write_text(RATES.replace("2021,4.3", "2021,4.4"), encoding="utf-8")
    a_refresh(folder, date(2020, 1, 1))
    after = (folder / "series" / "vintages" / "labour.csv").read_text(encoding="utf-8")
    assert after.startswith(first)
    assert after.endswith(",2020-01-01\n")
    assert [4.4] == read_registry(folder / "series").series("rate").values.tolist()[2:3]


def test_new_figures_on_a_full_disk_are_one_line_and_change_nothing(
    call: Call, behind: Path, tmp_path: Path
) -> None:
    study = shutil.copytree(behind, tmp_path / "study")
    before = contents(study)
    with small_disk(100):
        answer = call("update", study / "calibration" / "problem.yaml", "--from-registry", "--write")
    assert 2 == answer.code
    assert answer.last.startswith("error: ")
    assert "Traceback" not in answer.err
    assert before == contents(study)


def test_new_figures_killed_at_any_write_are_carried_on_to_the_same_draws(
    behind: Path, tmp_path: Path
) -> None:
    def update(study: Path) -> int:
        return execute(["update", str(study / "calibration" / "problem.yaml"), "--from-registry", "--write"])

    whole = shutil.copytree(behind, tmp_path / "whole")
    before = contents(whole)
    assert 0 == update(whole)
    expected = contents(whole)
    number = 0
    while True:
        killed = shutil.copytree(behind, tmp_path / f"killed {number}")
        came = killed_at(number, partial(update, killed))
        found = contents(killed)
        for file, content in found.items():
            assert content in (before.get(file), expected.get(file)), (number, file)
        if not came:
            break
        if found != expected:
            assert 0 == update(killed)
        assert expected == contents(killed), number
        number += 2
    assert number >= 4


# --- what is added to as the work goes on: finished starts, a journal ---


def starts(file: Path, resume: bool = True) -> KeptStarts:
    return KeptStarts(file, resume=resume)


POINTS = [np.array([float(number), 0.1]) for number in range(4)]
ROW = StartRow(-1.5, 7, True)


def test_a_start_cut_off_midway_loses_that_start_alone(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    for point in POINTS[:2]:
        starts(file).add(point, point, ROW)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        finished = whole[:length].count(b"\n")
        assert set(range(finished)) <= set(starts(file).of(POINTS))
        starts(file).add(POINTS[2], POINTS[2], ROW)
        assert {*range(finished), 2} <= set(starts(file).of(POINTS)), length


def test_starts_that_cannot_be_kept_are_told_once_and_end_no_fit(tmp_path: Path) -> None:
    kept = starts(tmp_path / "kept.jsonl")
    kept.add(POINTS[0], POINTS[0], ROW)
    before = (tmp_path / "kept.jsonl").read_bytes()
    with small_disk(len(before)):
        with pytest.warns(UserWarning, match="no longer kept for --resume"):
            kept.add(POINTS[1], POINTS[1], ROW)
        kept.add(POINTS[2], POINTS[2], ROW)  # a second warning would fail this test
    assert {0} == set(starts(tmp_path / "kept.jsonl").of(POINTS))


def test_a_clock_that_went_back_forgets_no_start_of_its_own(tmp_path: Path) -> None:
    for number in range(MOST + 5):
        (tmp_path / f"{number}.jsonl").touch()
        os.utime(tmp_path / f"{number}.jsonl", (4e9, 4e9))
    starts(tmp_path / "own.jsonl").add(POINTS[0], POINTS[0], ROW)
    assert {0} == set(starts(tmp_path / "own.jsonl").of(POINTS))
    assert MOST == len(list(tmp_path.iterdir()))


def test_a_clock_that_went_back_forgets_nothing_that_was_just_kept(tmp_path: Path) -> None:
    for name in "abcde":
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (4e9, 4e9))
    keep(tmp_path / "own", b"own", 5)
    assert (tmp_path / "own").exists()
    assert 5 == len(list(tmp_path.iterdir()))


def test_a_journal_cut_off_anywhere_is_gone_on_with_or_refused(tmp_path: Path) -> None:
    a_journal(tmp_path)
    file = tmp_path / "journal.jsonl"
    whole = file.read_bytes()
    head = whole.index(b"\n") + 1
    for length in range(head, len(whole) + 1):
        file.write_bytes(whole[:length])
        finished = whole[head:length].count(b"\n")
        again = Journal(file, "inputs")
        assert finished == len(again)
        assert whole[:length] == file.read_bytes()  # looking changes nothing
        again.add({"c": [2.0]})
        assert [2.0] == Journal(file, "inputs").get("c")
        assert finished + 1 == len(Journal(file, "inputs"))
    for length in range(head):
        file.write_bytes(whole[:length])
        with pytest.raises(SdCovidError, match="is no journal of a search"):
            Journal(file, "inputs")


def test_a_kill_at_any_write_of_a_journal_leaves_one(tmp_path: Path) -> None:
    number = 0
    while True:
        folder = tmp_path / f"killed {number}"
        folder.mkdir()
        came = killed_at(number, partial(a_journal, folder))
        a_journal(folder)
        assert 2 == len(Journal(folder / "journal.jsonl", "inputs"))
        if not came:
            break
        number += 1
    assert number >= 3


# --- what reads them ---


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_draws_that_are_cut_off_are_refused_in_one_line(call: Call, town: Path, share: float) -> None:
    file = town / "calibration" / "posterior.parquet"
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SdCovidError, match="not a parquet file"):
        read_posterior(file)
    answer = call("robust", town / "scenarios" / "robust.yaml")
    assert 2 == answer.code
    assert answer.last.endswith("run sd-covid calibrate to make it anew")
    assert "Traceback" not in answer.err


def test_a_report_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = FIT.read_bytes()
    for length in np.linspace(0, len(whole) - 3, 40).astype(int).tolist():
        (tmp_path / "fit.json").write_bytes(whole[:length])
        with pytest.raises(SdCovidError, match="make it anew"):
            read_report(tmp_path / "fit.json")
