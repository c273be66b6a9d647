"""Sweeps of the town."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.policy.reading import named_model
from sd_covid.policy.sweep import SweepPlan, read_sweep

Swept = Callable[..., SweepPlan]


@pytest.fixture
def swept(town: Path) -> Swept:
    """Write a sweep of the town and read it."""

    def read(text: str, model: str = "town.yaml") -> SweepPlan:
        file = town / "scenarios" / "sweep.yaml"
        file.write_text(f"model: ../models/{model}\n{text}")
        return read_sweep(file, sd_covid.load(named_model(file)))

    return read


def contents(store: Path) -> dict[str, bytes]:
    """Every file of a store, but for the order in which blocks came."""
    files = {str(file.relative_to(store)): file for file in store.rglob("*") if file.is_file()}
    found = {name: file.read_bytes() for name, file in files.items()}
    found[".sweep/blocks"] = b"\n".join(sorted(found[".sweep/blocks"].splitlines()))
    return found


def some(values: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Numbers as doubles."""
    return np.asarray(values, dtype=np.float64)
