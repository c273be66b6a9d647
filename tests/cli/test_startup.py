"""The command line answers at once: what a command does not use, it does not import."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from sd_covid.cli.app import app
from tests.cli.conftest import Call

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
    "dask",
    "distributed",
    "sd_covid.model.structure",
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


def test_help_lists_every_command_and_looks_up_the_options_of_none(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = []
    real = typer.main.get_params_from_function

    def counted(function: Callable[..., object]) -> dict[str, object]:
        found = real(function)
        looked_up.extend(found)
        return found

    monkeypatch.setattr("typer.main.get_params_from_function", counted)
    answer = call("--help")
    assert [] == looked_up
    whole = typer.main.get_command(app)
    assert isinstance(whole, typer.core.TyperGroup)
    listed = re.findall(r"^│ ([\w-]+)  +\S", answer.out.partition("Commands")[2], re.MULTILINE)
    assert list(whole.commands) == listed
    looked_up.clear()
    assert "--columns" in call("run", "--help").out
    assert "columns" in looked_up
    assert "problem" not in looked_up, "a parameter of others"


def test_a_run_does_not_load_dask_and_workers_do(drain: Path, tmp_path: Path) -> None:
    """xarray would, where it is installed, for every array."""
    (tmp_path / "sweep.yaml").write_text("model: drain.mdl\noutputs: [level]\n")
    program = (
        "import sys, sd_covid.cli\n"
        "try:\n    sd_covid.cli.main()\n"
        "except SystemExit as end:\n    print(end.code, sys.modules.get('dask') is not None)"
    )

    def called(*arguments: object) -> str:
        words = [sys.executable, "-c", program, *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[-1]

    assert "0 False" == called("run", drain, "-o", tmp_path / "out.nc")
    assert "0 False" == called("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "here.zarr")
    assert "0 True" == called("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "there.zarr", "--workers", 1)


@pytest.mark.parametrize("model", ["tests/models/subscripts.mdl", "models/netherlands-lite.yaml"])
def test_a_run_loads_no_library_of_other_arrays(model: str) -> None:
    """xarray looks for them in every array that it is to judge itself; those of Dask take a second."""
    program = (
        "import sys, sd_covid; sd_covid.load(sys.argv[1]).run(); "
        "print([name for name in ('dask.array', 'distributed') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, model], capture_output=True, text=True, check=True, cwd=root
    )
    assert "[]" == done.stdout.splitlines()[-1]
