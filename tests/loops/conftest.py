"""Models for the tests of feedback loops: files of `tests/models`, or equations in a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import sd_covid
from sd_covid.engine.separate.course import Course, record
from sd_covid.engine.separate.equations import separate
from sd_covid.engine.simulation import Simulation

MODELS = Path(__file__).parent.parent / "models"
CONTROL = """
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = {end} ~ Month ~ |
TIME STEP = {step} ~ Month ~ |
SAVEPER = TIME STEP ~ Month ~ |
"""

Written = Callable[..., Simulation]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A model from its equations."""

    def make(text: str, end: float = 20, step: float = 0.25) -> Simulation:
        path = tmp_path / "model.mdl"
        path.write_text("{UTF-8}\n" + text + CONTROL.format(end=end, step=step), encoding="utf-8")
        return sd_covid.load(path)

    return make


def model(name: str) -> Simulation:
    """A model of `tests/models`."""
    return sd_covid.load(MODELS / f"{name}.mdl")


def course_of(
    simulation: Simulation, parameters: dict[str, float] | None = None, *, every: int = 0
) -> Course:
    """Its course; every step where that is asked for."""
    found = record(simulation, separate(simulation), parameters)
    return replace(found, every=every) if every else found
