"""Models of XMILE, written and run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import sd_covid
from tests.model.xmile.files import SPECS, STANDARD, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes variables, which begin on line 5, as a file that is otherwise complete."""

    def writer(
        variables: str, *, specs: str = SPECS, before: str = "", after: str = "", name: str = "m.xmile"
    ) -> Path:
        path = tmp_path / name
        path.write_text(
            f'<?xml version="1.0" encoding="utf-8"?>\n<xmile version="1.0" xmlns="{STANDARD}">\n'
            f"{specs}{before}\n<model><variables>\n{variables}\n</variables></model>{after}</xmile>\n",
            encoding="utf-8",
        )
        return path

    return writer


@pytest.fixture
def value(write: Write) -> Callable[[str], float]:
    """Gives what an equation is at the start."""

    def evaluate(equation: str, **parts: str) -> float:
        run = sd_covid.load(write(f"<aux name='x'><eqn>{equation}</eqn></aux>", **parts)).run()
        return float(run["x"][0])

    return evaluate
