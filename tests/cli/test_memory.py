"""All commands work in two gibibytes of address space, as the public contract promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["run", "compare", "predict"])
def test_a_command_works_in_two_gibibytes_of_address_space(fitted: Path, tmp_path: Path, name: str) -> None:
    resource = pytest.importorskip("resource", reason="the system has no limit of address space")
    scenarios = fitted / "scenarios"
    arguments = {
        "run": [fitted / "models" / "netherlands.yaml", "-o", tmp_path / "run.zarr"],
        "compare": [scenarios / "actual.yaml", scenarios / "no-support.yaml", "-o", tmp_path / "report.html"],
        "predict": [fitted / "calibration" / "problem.yaml", "-o", tmp_path / "figures.csv"],
    }
    done = subprocess.run(
        [sys.executable, "-c", "from sd_covid.cli import main; main()", name, *map(str, arguments[name])],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (
        done.returncode,
        "\n".join(line for line in done.stderr.splitlines() if "error" in line),
    )
