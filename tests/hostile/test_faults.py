"""A full disk, a kill at any write, a cache that cannot be used: never half a file, and the same answer afterwards.

How they are made is in `faults`. A kill is tried at every change on the disk, so that every state in between is looked
at.
"""

from __future__ import annotations

import os
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


def test_runs_beside_one_another_share_a_cache(town: Path, tmp_path: Path, cache: Path) -> None:
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            code = 99
            try:
                code = execute(words(town, "out.csv", tmp_path / f"{number}.csv"))
            finally:
                os._exit(code)
        children.append(child)
    assert [0, 0, 0] == [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert 1 == len({(tmp_path / f"{number}.csv").read_bytes() for number in range(3)})
    assert [] == list(cache.rglob("tmp*"))
