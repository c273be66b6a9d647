"""A library that an extra of the package brings, and is not there, is named with that extra."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from sd_covid.analysis.second_engine import run_in_pysd
from sd_covid.cli.extras import extra_with
from sd_covid.errors import RunError
from sd_covid.model import read
from tests.cli.conftest import STUDY, Call

with (STUDY / "pyproject.toml").open("rb") as file:
    PROJECT = tomllib.load(file)["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


@pytest.fixture(autouse=True)
def _as_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package says of itself what a build of this checkout would say."""
    every = [line for extra, lines in EXTRAS.items() if extra != "all" for line in lines]
    required = [
        *PROJECT["dependencies"],
        *(f"{line}; extra == 'all'" for line in every),
    ]  # taken apart by the builder
    required += [
        f"{line}; extra == '{extra}'" for extra, lines in EXTRAS.items() if extra != "all" for line in lines
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: {"sd-covid": required}[name])


def test_every_library_of_an_extra_is_found_by_the_name_it_is_imported_by() -> None:
    for extra, lines in EXTRAS.items():
        for line in lines if extra != "all" else ():
            name = re.split(r"[<>=!~; ]", line)[0].replace("-", "_")
            assert importlib.util.find_spec(name) is not None, name
            assert extra == extra_with(f"{name}.part")


def test_all_is_all_the_others() -> None:
    assert [f"sd-covid[{','.join(sorted(EXTRAS.keys() - {'all'}))}]"] == EXTRAS["all"]


def test_nothing_else_is_of_an_extra() -> None:
    assert {None} == {extra_with(name) for name in ("numpy", "sd_covid", "no such thing", None)}


def test_a_command_without_its_library_names_the_extra(
    call: Call, drain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("distributed", "sd_covid.policy.sweep.cluster"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    (tmp_path / "sweep.yaml").write_text("model: drain.mdl\noutputs: [level]\n")
    answer = call("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "out.zarr", "--workers", 1)
    assert (2, 1) == (answer.code, len(answer.err.splitlines()))
    assert "error: distributed is not installed; install it: pip install 'sd-covid[cluster]'" == answer.last


def test_without_pysd_the_comparison_with_it_says_so(drain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"PySD is not installed \(pip install 'sd-covid\[pysd\]'\)"):
        run_in_pysd(read(drain))
