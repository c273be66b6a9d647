"""A full disk, a kill at any write, a cache that cannot be used: never half a file, and the same answer afterwards.

How they are made is in `faults`. A kill is tried at every change on the disk, so that every state in between is looked
at.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from sd_covid.cli.app import execute
from tests.cli.conftest import Call
from tests.hostile.faults import killed_at, small_disk
from tests.policy.sweep.conftest import contents

#: What is written -> the words of a command; OUT is where.
WRITES: dict[str, Sequence[str]] = {
    "out.csv": ["run", "models/town.mdl", "-o", "OUT"],
    "out.nc": ["run", "models/town.mdl", "-o", "OUT"],
    "out.parquet": ["run", "models/town.mdl", "-o", "OUT"],
    "out.zarr": ["run", "models/town.mdl", "-o", "OUT"],
    "out.xmile": ["convert", "models/town.mdl", "-o", "OUT"],
    "page.html": ["check", "models/town.mdl", "--no-pysd", "--html", "OUT"],
    "all.json": ["check", "models/town.mdl", "--no-pysd", "--json", "OUT"],
    "sweep.zarr": ["sweep", "scenarios/sweep.yaml", "-o", "OUT"],
}
SWEEP = """\
model: ../models/town.yaml
scenarios: [actual, none]
outputs: [rate]
block: 4
draws: {posterior: ../calibration/posterior.parquet, size: 8, seed: 1}
"""


@pytest.fixture
def town(town: Path) -> Path:
    (town / "scenarios" / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    return town


def words(town: Path, name: str, out: Path) -> list[str]:
    return [str(out) if word == "OUT" else str(town / word) if "/" in word else word for word in WRITES[name]]


@pytest.mark.parametrize("name", [name for name in WRITES if name != "sweep.zarr"])
def test_a_full_disk_leaves_nothing_half_written(call: Call, town: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with small_disk(100):
        answer = call(*words(town, name, folder / name))
    assert 2 == answer.code, answer
    assert answer.last.startswith("error: ")
    assert [] == list(folder.rglob("*"))


@pytest.mark.parametrize("name", ["out.csv", "out.xmile"])
def test_a_kill_at_any_write_leaves_the_file_as_it_was_or_whole(
    call: Call, town: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_COVID_THREADS", "1")
    out = tmp_path / "out" / name
    assert 0 == call(*words(town, name, out)).code
    expected = out.read_bytes()
    out.write_bytes(b"as it was")
    number = 0
    while killed_at(number, partial(execute, words(town, name, out))):
        assert out.read_bytes() in (b"as it was", expected), number
        number += 1
    assert 2 <= number
    assert expected == out.read_bytes()


def test_a_sweep_killed_at_any_write_is_carried_on_to_the_same_bytes(
    call: Call, town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_COVID_THREADS", "1")
    whole, parts = tmp_path / "whole.zarr", tmp_path / "parts.zarr"
    assert 0 == call(*words(town, "sweep.zarr", whole)).code
    # Each kill falls three writes further on than the last, from where that one left the store.
    for number in (0, 3, 6, 9, 12, 15):
        killed_at(number, partial(execute, [*words(town, "sweep.zarr", parts), "--resume"]))
    assert 0 == call(*words(town, "sweep.zarr", parts), "--resume").code
    assert contents(whole) == contents(parts)


# --- the cache ---


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def answer_of(town: Path, out: Path) -> bytes:
    assert 0 == execute(words(town, "out.csv", out))
    return out.read_bytes()


@pytest.mark.parametrize("harm", ["cut", "other", "empty", "folder", "future"])
def test_what_is_wrong_with_a_cache_changes_no_answer(
    town: Path, tmp_path: Path, cache: Path, harm: str
) -> None:
    expected = answer_of(town, tmp_path / "first.csv")
    entries = [path for path in cache.rglob("*") if path.is_file()]
    assert entries
    for entry in entries:
        match harm:
            case "cut":  # as by a kill midway, had it been written in place
                entry.write_bytes(entry.read_bytes()[:-40])
            case "other":  # a bit fell over
                content = bytearray(entry.read_bytes())
                content[len(content) // 2] ^= 4
                entry.write_bytes(content)
            case "empty":
                entry.write_bytes(b"")
            case "folder":
                entry.unlink()
                entry.mkdir()
            case _:  # the clock has gone back since
                os.utime(entry, (4e9, 4e9))
    assert expected == answer_of(town, tmp_path / "again.csv")


@pytest.mark.parametrize("hindrance", ["a file in its place", "a full disk"])
def test_a_cache_that_cannot_be_written_changes_no_answer(
    town: Path, tmp_path: Path, cache: Path, hindrance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answer_of(town, tmp_path / "first.csv")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    if hindrance == "a file in its place":
        (tmp_path / "other").touch()
        found = answer_of(town, tmp_path / "again.csv")
    else:
        with small_disk(len(expected) + 100):
            found = answer_of(town, tmp_path / "again.csv")
        assert [] == [path for path in (tmp_path / "other").rglob("*") if path.is_file()]
    assert expected == found


#: Runs the models named on the command line a few times, in a cache that keeps so many codes and models.
BESIDE = """
import sys, sd_covid.engine.run.compile, sd_covid.model.cache
from sd_covid.cli.app import execute
most, out, *models = sys.argv[1:]
sd_covid.engine.run.compile.MOST = sd_covid.model.cache.MOST = int(most)
sd_covid.model.cache.WORTHWHILE = 0
for turn in range(3):
    for model in models:
        if execute(["run", model, "-o", f"{out}/{turn}-{model.rpartition('/')[2]}.csv"]):
            sys.exit(1)
"""


@pytest.mark.parametrize("most", [1000, 1], ids=["roomy", "each pushes out what others keep"])
def test_processes_beside_one_another_share_a_cache(
    town: Path, tmp_path: Path, cache: Path, most: int
) -> None:
    models = [town / "models" / name for name in ("town.mdl", "town.yaml", "other.mdl")]
    models[2].write_text(models[0].read_text().replace("slope = 2", "slope = 2.5"))
    for model in models:
        assert 0 == execute(["run", str(model), "-o", str(tmp_path / "expected" / f"{model.name}.csv")])
    shutil.rmtree(cache)
    folders = [tmp_path / f"{number}" for number in range(2)]
    beside = [
        subprocess.Popen(
            [sys.executable, "-c", BESIDE, "2", str(folder), *map(str, models)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    for process in beside:
        _, said = process.communicate()
        assert (0, "") == (process.returncode, said)
    for folder in folders:
        for file in sorted(folder.iterdir()):
            assert file.read_bytes() == (tmp_path / "expected" / file.name.partition("-")[2]).read_bytes()
    assert {9} == {len(list(folder.iterdir())) for folder in folders}
    assert [] == list(cache.rglob("tmp*"))
