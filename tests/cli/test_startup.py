"""The command line answers at once: what a command does not use, it does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "pysd",
    "matplotlib",
    "scipy",
    "nutpie",
    "SALib",
    "arviz",
    "pandas",
    "xarray",
    "numpy",
    "llvmlite",
    "zarr",
)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run"], ["no-such-command"]])
def test_help_and_misuse_import_no_heavy_library(arguments: list[str]) -> None:
    program = (
        "import sys; from sd_covid.cli.app import execute; execute(sys.argv[1:]); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert "[]" == done.stdout.splitlines()[-1]
